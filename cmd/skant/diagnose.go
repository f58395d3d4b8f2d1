package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/skant-dev/skant/internal/verify"
	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// grade is what became of a step.
type grade string

const (
	fine    grade = "ok"
	look    grade = "look"
	wrong   grade = "wrong"
	unclear grade = "?"
)

// remark is one thing that a step found out.
type remark struct {
	grade grade
	text  string
}

// step is one of the eight: what is looked at, and what was found.
type step struct {
	title   string
	remarks []remark
}

func (s *step) add(g grade, format string, args ...any) {
	s.remarks = append(s.remarks, remark{g, fmt.Sprintf(format, args...)})
}

// held is a credential that the environment or a file holds.
type held struct {
	// where is the variable or file, with the key in it.
	where, value string
	// header says how clients send what stands there: a header's name, or empty where that is not said.
	header string
	// variable is the variable's name, without the file that sets it.
	variable string
}

// diagnosisRun is one walk through the steps.
type diagnosisRun struct {
	app   *app
	cmd   *verifyRun
	kind  *diagnosisKind
	p     *prepared
	held  []held
	found *scanner.Finding
	rule  *rules.Rule
	// x is the exchange with the provider; nil if there was none.
	x *verify.Exchange
	// sent is when the request was sent, for the clock.
	sent time.Time
}

// diagnosis walks through the steps and prints them.
func (r *verifyRun) diagnosis(provider string) error {
	kind := diagnosisOf(provider)
	if kind == nil {
		return withHint(fmt.Errorf("there is no diagnosis for %q", provider), hintDiagnose)
	}
	p, err := r.prepare()
	if err != nil {
		return err
	}
	d := &diagnosisRun{app: r.app, cmd: r, kind: kind, p: p}
	d.held = kind.held(d)
	first, second, third, fourth := d.set(), step{title: stepShape}, step{title: stepHeader}, step{title: stepHost}
	if len(d.held) > 0 {
		if err := d.shape(&second); err != nil {
			return err
		}
	} else {
		second.add(unclear, diagNoKey)
	}
	kind.header(d, &third)
	d.host(&fourth)
	if err := d.ask(); err != nil {
		return err
	}
	return d.print([]step{first, second, third, fourth, d.clock(), d.region(), d.permission(), d.models()})
}

// set is the first step: which variables and files hold a key, and which of them is taken.
func (d *diagnosisRun) set() step {
	s := step{title: stepSet}
	for i, h := range d.held {
		shown := scanner.NewSecret(strings.TrimSpace(h.value), 0).Redacted()
		switch {
		case i == 0:
			s.add(fine, diagSet, h.where, shown)
		case h.value == d.held[0].value:
			s.add(fine, diagSame, h.where)
		default:
			s.add(look, diagOther, h.where, shown)
		}
	}
	if len(d.held) == 0 {
		s.add(wrong, diagUnset, strings.Join(d.kind.places, ", "))
	}
	for _, v := range d.kind.switches {
		if value := d.app.env(v.name); value != "" && value != "0" && value != "false" {
			s.add(look, "%s", v.means)
		}
	}
	return s
}

// shape is the second step: whether a rule knows the value, and what its checksum says.
func (d *diagnosisRun) shape(s *step) error {
	h := d.held[0]
	if h.value != strings.TrimSpace(h.value) {
		s.add(wrong, diagSpace, h.where)
	}
	if v := strings.TrimSpace(h.value); len(v) > 1 && (v[0] == '"' || v[0] == '\'') && v[len(v)-1] == v[0] {
		s.add(wrong, diagQuoted, h.where)
	}
	found, err := find(d.cmd.cmd.Context(), d.p.scanner, []byte(d.kind.text(d)))
	if err != nil {
		return err
	}
	for i := range found {
		for _, provider := range d.kind.providers {
			rule := d.p.set.Lookup(found[i].RuleID)
			if rule != nil && rule.Provider == provider && d.found == nil {
				d.found, d.rule = &found[i], rule
			}
		}
	}
	switch f := d.found; {
	case f == nil:
		s.add(wrong, diagShapeless, d.kind.title)
	case f.Example:
		s.add(wrong, diagExample, f.Title)
	case f.Confidence == rules.Certain:
		s.add(fine, diagCertain, f.Title, strings.Join(f.Reasons, "; "))
	case len(f.Reasons) > 0:
		s.add(look, diagShape, f.Title, strings.Join(f.Reasons, "; "))
	default:
		s.add(fine, diagKnown, f.Title)
	}
	if d.found != nil && d.found.Verdict == scanner.Expired {
		s.add(wrong, diagExpired)
	}
	return nil
}

// ask asks the provider, if there is something to ask about.
func (d *diagnosisRun) ask() (err error) {
	if d.found == nil {
		return nil
	}
	set, err := d.p.flags.rulesOf(d.cmd.cmd, &scanner.Report{Findings: []scanner.Finding{*d.found}})
	if err != nil {
		return err
	}
	v, done, err := d.app.asker(d.p.flags, set)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	d.sent = d.app.now()
	ctx := d.cmd.cmd.Context()
	x, askErr := v.Ask(ctx, d.found)
	switch {
	case ctx.Err() != nil:
		return &incompleteError{ctx.Err()}
	case d.p.flags.dryRun:
		d.app.say(msgVerifyDry)
	case askErr != nil && x.Result.Verdict == scanner.NotAsked:
		d.app.say(msgVerifyCannot, d.p.scanner.Scrub(askErr.Error()))
	default:
		d.x = &x
	}
	return nil
}

// answer returns a header of the answer; empty if there is none.
func (d *diagnosisRun) answer(name string) string {
	if d.x == nil {
		return ""
	}
	for _, h := range d.x.Headers {
		if strings.EqualFold(h[0], name) {
			return h[1]
		}
	}
	return ""
}

// print writes the steps, and at the end what the provider said and what to do.
func (d *diagnosisRun) print(steps []step) error {
	var b strings.Builder
	worst := fine
	for i, s := range steps {
		fmt.Fprintf(&b, "%d. %s\n", i+1, s.title)
		for _, m := range s.remarks {
			fmt.Fprintf(&b, "   %-5s  %s\n", m.grade, visible.Text(m.text))
			if m.grade == wrong || m.grade == unclear && worst != wrong {
				worst = m.grade
			}
		}
	}
	if d.x != nil {
		b.WriteString("\n")
		if err := writeExchange(&b, d.found, d.x, d.p.scanner.Scrub); err != nil {
			return err
		}
	}
	if _, err := io.WriteString(d.app.out, d.p.scanner.Scrub(b.String())); err != nil {
		return &incompleteError{err}
	}
	switch worst {
	case wrong:
		return &resultError{exitFindings}
	case unclear:
		return &resultError{exitIncomplete}
	default:
		return nil
	}
}
