package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/skant-dev/skant/internal/incident"
	"github.com/skant-dev/skant/internal/recovery"
	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/internal/verify"
	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// leastFingerprint is how much of a fingerprint names a secret that is to die, in characters.
const leastFingerprint = 8

// revokeRun is one run of `skant recover revoke`.
type revokeRun struct {
	app    *app
	cmd    *cobra.Command
	flags  *scanFlags
	report string
	yes    bool
	ask    bool
	only   list
	// waits are how long to wait before each question whether a secret is dead.
	waits []time.Duration

	p        *prepared
	verifier *verify.Verifier
	answers  *bufio.Reader
	// rep is the report that the secrets are of; found are its secrets with their values, as far as they are at hand.
	rep   *scanner.Report
	found []scanner.Finding
	set   *rules.Set
	// plan holds the playbooks, filled in.
	plan *recovery.Plan

	// file is where the incident is kept, incident what is in it, unkept why that could not be written; place is the repository, named are
	// the endpoints of the command line.
	file, place string
	named       list
	incident    *incident.File
	unkept      error
}

// doomed is one secret of the incident and how it is ended.
type doomed struct {
	number int
	first  *scanner.Finding
	places int
	ending *verify.Ending
}

// fate is what came of one secret.
type fate int

const (
	fateDead fate = iota
	fateAlive
	fateUnknown
	fateLeft
)

func newRecoverRevoke(a *app) *cobra.Command {
	var f scanFlags
	r := &revokeRun{app: a, flags: &f, waits: []time.Duration{0, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 15 * time.Second}}
	cmd := &cobra.Command{
		Use: "revoke [REPO]", Short: helpRevokeShort, Long: helpRevoke, Example: exampleRevoke, Args: exactly(0, 1, hintRevokeArgs),
		RunE: func(cmd *cobra.Command, args []string) error {
			r.cmd = cmd
			return r.all(append(args, "")[0])
		},
	}
	f.registerAnswering(cmd)
	f.verifies = true
	f.endpoints.register(cmd, "verify-endpoint", "", helpFlagVerifyEndpoint)
	fs := cmd.Flags()
	fs.StringVar(&r.report, "report", "", helpFlagReport)
	fs.StringVar(&r.file, "incident", "", helpFlagRevokeIncident)
	fs.BoolVar(&r.yes, "yes", false, helpFlagRevokeYes)
	fs.BoolVar(&r.ask, "ask", false, helpFlagRevokeAsk)
	r.only.register(cmd, "only", "", helpFlagRevokeOnly)
	return cmd
}

// check refuses what would end a secret that nobody named.
func (r *revokeRun) check() error {
	_, terminal := r.app.terminal(r.app.in)
	switch {
	case r.yes && r.ask:
		return withHint(errors.New("both --yes and --ask are given"), hintRevokeBoth)
	case r.yes && len(r.only) == 0:
		return withHint(errors.New("--yes needs --only"), hintRevokeYes)
	case r.ask && !terminal:
		return withHint(errors.New("nobody can be asked: standard input is no terminal"), hintRevokeAsk)
	}
	for _, name := range r.only {
		_, ok := numberOf(name)
		switch {
		case ok && r.yes && r.file != "":
			return withHint(fmt.Errorf("--only %s with --yes and --incident may be the number of another secret elsewhere", name), hintRevokeFingerprint)
		case ok && r.yes && r.report == "":
			return withHint(fmt.Errorf("--only %s with --yes is a number of a search that is made anew", name), hintRevokeNumber)
		case !ok && len(name) < leastFingerprint:
			return withHint(fmt.Errorf("--only %q is neither a number nor %d characters of a fingerprint", visible.Text(name), leastFingerprint), hintRevokeOnly)
		}
	}
	return nil
}

// numberOf reads the number of a secret: at most four digits, as fingerprints may consist of digits, too.
func numberOf(name string) (int, bool) {
	n, err := strconv.ParseUint(name, 10, 16)
	return int(n), err == nil && len(name) <= 4 && n > 0
}

func (r *revokeRun) sends() bool { return r.yes || r.ask }

// all finds the secrets, plans, and does what was asked for.
func (r *revokeRun) all(place string) error {
	if err := r.check(); err != nil {
		return err
	}
	r.place, r.named = place, slices.Clone(r.flags.endpoints) // the configuration adds its own, which need not be repeated
	if err := r.collect(place); err != nil {
		return err
	}
	if err := r.openRecord(); err != nil {
		return err
	}
	done := nothingToClose
	list, left, err := r.doomed(&done)
	defer func() { _ = done() }() // only answers for later runs are kept there
	if err != nil {
		return err
	}
	r.answers = bufio.NewReader(r.app.in)
	counts := map[fate]int{}
	for i := range list {
		if err := r.cmd.Context().Err(); err != nil {
			return &incompleteError{err}
		}
		what, err := r.one(&list[i])
		if err != nil {
			return err
		}
		counts[what]++
	}
	return r.conclude(len(list), left, counts)
}

// conclude says what came of all, and ends with the status that stands for it.
func (r *revokeRun) conclude(total, left int, counts map[fate]int) error {
	if total == 0 {
		r.app.say(msgRevokeNone)
	}
	if left > 0 && len(r.only) == 0 {
		r.app.say(msgRevokeLeft, report.Number(int64(left), "secret"))
	}
	if !r.rep.Coverage.Complete {
		r.app.say(msgRevokeIncomplete)
	}
	if !r.sends() {
		if total > 0 {
			r.app.say(msgRevokeDry)
		}
		return failOnNew.outcome(r.rep)
	}
	r.app.say(msgRevokeTotal, report.Number(int64(total), "secret"), counts[fateDead], counts[fateAlive], counts[fateUnknown], counts[fateLeft])
	if total > 0 {
		r.next()
	}
	switch {
	case counts[fateAlive] > 0 || counts[fateLeft] > 0:
		return &resultError{exitFindings}
	case counts[fateUnknown] > 0 || r.unkept != nil || len(r.only) == 0 && !r.rep.Coverage.Complete: // what was not read may be alive
		return &resultError{exitIncomplete}
	default:
		return nil
	}
}

// one shows what is done about a secret, and does it if that was asked for.
func (r *revokeRun) one(d *doomed) (fate, error) {
	ctx := r.cmd.Context()
	if d.ending.Why != "" {
		return fateLeft, r.write(func(l *layout) { r.head(l, d); r.cannot(l, d, d.ending.Why, d.ending.Do) })
	}
	if !r.sends() {
		return fateLeft, r.write(func(l *layout) { r.head(l, d); r.would(l, d); r.how(l, d) })
	}
	before, err := r.liveness(ctx, d)
	if err != nil {
		return fateUnknown, err
	}
	r.record(d, before)
	if err := r.write(func(l *layout) { r.head(l, d); r.verdict(l, labelRevokeBefore, before) }); err != nil {
		return fateUnknown, err
	}
	if dead(before.Verdict) {
		return fateDead, r.write(func(l *layout) { l.wrapped(msgRevokeDead, "  "); l.line("") })
	}
	if d.ending.Way.Finds() && before.Verdict != scanner.Live && before.Verdict != scanner.Restricted {
		// What is looked up by a part of the secret is it only if the provider knows the whole: a made-up one may have the part of another.
		return fateUnknown, r.write(func(l *layout) { r.cannot(l, d, msgRevokeUnaccepted, "") })
	}
	why, err := d.ending.Find(ctx)
	if err != nil {
		return fateUnknown, r.halted(msgRevokeStopped, err)
	}
	if why != "" {
		return fateAlive, r.write(func(l *layout) { r.cannot(l, d, why, "") })
	}
	if err := r.write(func(l *layout) { r.would(l, d) }); err != nil {
		return fateUnknown, err
	}
	if r.ask {
		yes, err := r.confirmed(ctx, d)
		if err != nil {
			return fateUnknown, r.halted(msgRevokeStopped, err)
		}
		if !yes {
			return fateLeft, r.write(func(l *layout) { l.wrapped(msgRevokeNo, "  "); l.line("") })
		}
	}
	return r.end(ctx, d)
}

// end tells the provider, once, and asks whether the secret is dead.
func (r *revokeRun) end(ctx context.Context, d *doomed) (fate, error) {
	said := d.ending.Send(ctx)
	halfway := fmt.Sprintf(msgRevokeHalfway, r.again(d))
	err := r.write(func(l *layout) { r.said(l, &said) })
	if cause := cmp.Or(ctx.Err(), err); cause != nil {
		message := msgRevokeStopped
		if said.Sent {
			message = halfway
		}
		return fateUnknown, r.halted(message, cause)
	}
	waits := r.waits
	if said.Verdict != rules.Revoked { // what was not revoked does not die by waiting
		waits = waits[:1]
	}
	begun := r.app.now()
	var after verify.Result
	for i, wait := range waits {
		if err := pause(ctx, wait); err != nil {
			return fateUnknown, r.halted(halfway, err)
		}
		if after, err = r.liveness(ctx, d); err != nil {
			return fateUnknown, r.halted(halfway, err)
		}
		if dead(after.Verdict) || after.Verdict == scanner.Uncheckable || after.Verdict == scanner.Unknown && i >= 2 {
			break
		}
	}
	r.record(d, after)
	what, message := r.proof(d, &said, after.Verdict, r.app.now().Sub(begun))
	return what, r.write(func(l *layout) {
		r.verdict(l, labelRevokeAfter, after)
		l.wrapped(message, "  ")
		if what == fateDead {
			l.line("")
			return
		}
		r.playbook(l, d)
	})
}

// proof is what is known of a secret in the end, and the sentence that says so.
func (r *revokeRun) proof(d *doomed, said *verify.Answered, after scanner.Verdict, took time.Duration) (fate, string) {
	switch {
	case dead(after):
		return fateDead, msgRevokeProven
	case after == scanner.Live || after == scanner.Restricted:
		return fateAlive, fmt.Sprintf(msgRevokeAlive, took.Round(time.Second), r.again(d))
	case said.Verdict == rules.Revoked && after == scanner.Uncheckable:
		return fateUnknown, msgRevokeUnproven
	case said.Verdict == rules.Revoked:
		return fateUnknown, msgRevokeUnclear
	case said.Verdict == rules.Refused:
		return fateAlive, msgRevokeUnsure
	default:
		return fateUnknown, msgRevokeUnsure
	}
}

func dead(v scanner.Verdict) bool { return v == scanner.Dead || v == scanner.Expired }

// liveness asks whether a secret is alive: with each id that it stands with, as it is dead only if it is with all of them.
func (r *revokeRun) liveness(ctx context.Context, d *doomed) (verify.Result, error) {
	gravity := []scanner.Verdict{scanner.NotAsked, scanner.Dead, scanner.Expired, scanner.Uncheckable, scanner.Unknown, scanner.Restricted, scanner.Live}
	var gravest verify.Result
	var asked []scanner.Finding
	for _, i := range d.ending.Findings {
		f := r.found[i]
		f.Verdict, f.Verification = scanner.NotAsked, nil
		if !f.Secret.Known() || len(withPairing(asked, &f)) == len(asked) {
			continue
		}
		asked = append(asked, f)
		x, err := r.verifier.Ask(ctx, &f)
		if ctx.Err() != nil {
			return gravest, &incompleteError{ctx.Err()}
		}
		if err != nil && x.Result.Verdict == scanner.NotAsked {
			x.Result = verify.Result{Verdict: scanner.Uncheckable, Verification: scanner.Verification{Says: err.Error()}}
		}
		if slices.Index(gravity, x.Result.Verdict) > slices.Index(gravity, gravest.Verdict) {
			gravest = x.Result
		}
	}
	return gravest, nil
}

// confirmed asks for a yes. An error means that ctx ended first.
func (r *revokeRun) confirmed(ctx context.Context, d *doomed) (bool, error) {
	name := visible.Text(d.first.Title) + " " + visible.Text(d.first.Secret.Redacted())
	if _, seen := r.app.terminal(r.app.out); !seen {
		r.app.say(msgRevokeUnseen, visible.Text(d.ending.Way.Dies))
	}
	r.app.prompt(r.p.scanner.Scrub(fmt.Sprintf(msgRevokeQuestion, d.number, name)))
	typed := make(chan string, 1)
	go func() {
		line, err := r.answers.ReadString('\n')
		if err != nil {
			line = ""
		}
		typed <- line
	}()
	select {
	case <-ctx.Done():
		return false, ctx.Err()
	case line := <-typed:
		return strings.TrimSpace(line) == "yes", nil
	}
}

// halted says where a run was interrupted.
func (r *revokeRun) halted(message string, cause error) error {
	r.app.say("\nskant: %s\n", r.app.scrub(message))
	return &incompleteError{cause}
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return ctx.Err()
	}
}

// write prints a part of the output: at once, as what follows may take a while or end something.
func (r *revokeRun) write(part func(l *layout)) error {
	st := r.app.style()
	l := layout{width: readable(st.width), tint: report.NewTint(st.colour), scrub: r.p.scanner.Scrub}
	part(&l)
	err := r.app.words(func(w io.Writer) error {
		_, err := io.WriteString(w, l.String())
		return err
	})
	if err != nil {
		return &incompleteError{err}
	}
	return nil
}
