package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/skant-dev/skant/internal/diagnose"
	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/internal/verify"
	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/scanner"
)

// diagnosis walks through the steps of a diagnosis and prints them.
func (r *verifyRun) diagnosis(way string) error {
	if !diagnose.Known(way) {
		return withHint(fmt.Errorf("there is no diagnosis for %q", way), hintDiagnose)
	}
	p, err := r.prepare()
	if err != nil {
		return err
	}
	ctx := r.cmd.Context()
	res, err := diagnose.Run(ctx, diagnose.Input{
		Way: way, Env: r.app.env, Read: readOwn, Endpoints: p.flags.endpointMap(),
		Find: func(ctx context.Context, text string) ([]scanner.Finding, error) {
			return find(ctx, p.scanner, []byte(text))
		},
		Provider: func(ruleID string) string {
			if rule := p.set.Lookup(ruleID); rule != nil {
				return rule.Provider
			}
			return ""
		},
		Ask: func(ctx context.Context, f *scanner.Finding) (*verify.Exchange, string, error) {
			return r.ask(ctx, p, f)
		},
	})
	switch {
	case ctx.Err() != nil:
		return &incompleteError{ctx.Err()}
	case err != nil:
		return err
	}
	return r.printDiagnosis(p, res)
}

// ask asks about the one finding of a diagnosis.
func (r *verifyRun) ask(ctx context.Context, p *prepared, f *scanner.Finding) (x *verify.Exchange, why string, err error) {
	set, err := p.flags.rulesOf(r.cmd, &scanner.Report{Findings: []scanner.Finding{*f}})
	if err != nil {
		return nil, "", err
	}
	v, done, err := r.app.asker(p, set)
	if err != nil {
		return nil, "", err
	}
	defer func() { err = errors.Join(err, done()) }()
	one, askErr := v.Ask(ctx, f)
	switch {
	case ctx.Err() != nil:
		return nil, "", ctx.Err()
	case p.flags.dryRun:
		return nil, msgDiagnoseDry, nil
	case askErr != nil && one.Result.Verdict == scanner.NotAsked:
		return nil, fmt.Sprintf(msgDiagnoseCannot, askErr), nil
	case askErr != nil: // all that failed is to keep the answer
		r.app.say(msgVerdictsUnused, p.scanner.Scrub(askErr.Error()))
	}
	return &one, "", nil
}

// printDiagnosis writes the steps, what was asked and answered, and where to begin.
func (r *verifyRun) printDiagnosis(p *prepared, res *diagnose.Result) error {
	st := r.app.style()
	l := layout{width: readable(st.width), tint: report.NewTint(st.colour), scrub: p.scanner.Scrub}
	for i, s := range res.Steps {
		title := l.tint.Strong(fmt.Sprintf("%d. %s", i+1, s.Title))
		if len(s.Remarks) == 1 && s.Remarks[0].Grade == diagnose.Skipped {
			l.line(title + l.tint.Faint(": "+l.safe(s.Remarks[0].Text)))
			continue
		}
		l.line(title)
		for _, m := range s.Remarks {
			l.hanging("   "+l.grade(m.Grade)+strings.Repeat(" ", 7-len(m.Grade)), strings.Repeat(" ", 10), l.safe(m.Text))
		}
	}
	if res.Exchange != nil && res.Exchange.Asked.URL != "" {
		l.line("")
		l.exchange(res.Exchange)
	}
	worst, step := res.Worst()
	if step > 0 {
		l.line("")
		l.wrapped(fmt.Sprintf(msgDiagnoseBegin[worst], step, res.Steps[step-1].Title), "")
	} else {
		l.line("")
		l.wrapped(msgDiagnoseFine, "")
	}
	if err := r.app.words(func(w io.Writer) error { _, err := io.WriteString(w, l.String()); return err }); err != nil {
		return &incompleteError{err}
	}
	switch worst {
	case diagnose.Wrong:
		return &resultError{exitFindings}
	case diagnose.Unclear:
		return &resultError{exitIncomplete}
	default:
		return nil
	}
}

// grade colours a grade by what it asks for.
func (l *layout) grade(g diagnose.Grade) string {
	switch g {
	case diagnose.Fine:
		return l.tint.Verdict(scanner.Dead, string(g))
	case diagnose.Wrong:
		return l.tint.Verdict(scanner.Live, string(g))
	case diagnose.Skipped:
		return l.tint.Faint(string(g))
	default:
		return l.tint.Verdict(scanner.Unknown, string(g))
	}
}

// safe is a text without secrets, and without what acts on a terminal.
func (l *layout) safe(text string) string { return visible.Text(l.scrub(text)) }
