package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/skant-dev/skant/internal/verify"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// Bounds of what `skant verify` takes on standard input, in bytes, and how many secrets in it are asked about.
const (
	maxVerified       = 1 << 20
	maxVerifiedSecret = 10
)

// verifyRun is one run of `skant verify`.
type verifyRun struct {
	app                   *app
	cmd                   *cobra.Command
	flags                 *scanFlags
	report, rule, finding string
	diagnose              bool
	// plain says that no format was asked for: the exchange is printed, and no report.
	plain bool
	// stop ends the time that --timeout gives.
	stop context.CancelFunc
}

func newVerify(a *app) *cobra.Command {
	var f scanFlags
	r := &verifyRun{app: a, flags: &f}
	cmd := &cobra.Command{
		Use: "verify [PLACE]", Short: helpVerifyShort, Long: helpVerify, Example: exampleVerify, Args: exactly(0, 1, hintVerifyArgs),
		RunE: func(cmd *cobra.Command, args []string) error {
			r.cmd, r.stop = cmd, func() {}
			defer func() { r.stop() }()
			return r.all(append(args, "")[0])
		},
	}
	f.register(cmd)
	f.registerCache(cmd)
	f.registerAsking(cmd)
	f.registerPlain(cmd)
	fs := cmd.Flags()
	fs.BoolVar(&f.dryRun, "verify-dry-run", false, helpFlagVerifyDryRun)
	fs.StringVar(&r.report, "report", "", helpFlagVerifyReport)
	fs.StringVar(&r.rule, "rule", "", helpFlagVerifyRule)
	fs.StringVar(&r.finding, "finding", "", helpFlagVerifyFinding)
	fs.BoolVar(&r.diagnose, "diagnose", false, helpFlagDiagnose)
	return cmd
}

// all chooses what is asked about.
func (r *verifyRun) all(place string) error {
	// Whoever asks about a secret knows that it is one.
	for name, value := range map[string]string{"min-confidence": "low", "include-examples": "true"} {
		if !r.cmd.Flags().Changed(name) {
			if err := r.cmd.Flags().Set(name, value); err != nil {
				return err
			}
		}
	}
	r.plain = !r.cmd.Flags().Changed("output")
	switch {
	case r.diagnose && (r.report != "" || r.rule != "" || r.finding != "" || !r.plain):
		return withHint(errors.New("--diagnose goes with no other way to say what is asked about, and with no output format"), hintDiagnose)
	case r.diagnose:
		return r.diagnosis(place)
	case r.finding != "" && r.report == "":
		return withHint(errors.New("there is no report to find it in"), hintVerifyNoFinding)
	case r.report != "" && r.rule != "":
		return withHint(errors.New("--rule is for a secret on standard input"), hintVerifyArgs)
	case r.report != "":
		return r.saved(place)
	case place != "" && place != "-":
		return withHint(fmt.Errorf("unexpected argument %q", place), hintVerifyArgs)
	default:
		return r.typed()
	}
}

// prepare reads settings and rules. From here on the time runs that --timeout gives.
func (r *verifyRun) prepare() (*prepared, error) {
	r.flags.always = true
	p, err := r.app.prepare(r.cmd, r.flags)
	if err == nil && r.flags.timeout > 0 {
		ctx, stop := context.WithTimeout(r.cmd.Context(), r.flags.timeout)
		r.stop = stop
		r.cmd.SetContext(ctx)
	}
	return p, err
}

// typed asks about what is on standard input.
func (r *verifyRun) typed() error {
	p, err := r.prepare()
	if err != nil {
		return err
	}
	text, err := r.app.readSecret(r.cmd.Context())
	if err != nil {
		return err
	}
	rep, err := r.recognize(p, text)
	if err != nil {
		return err
	}
	return r.answer(p, rep)
}

// readSecret reads standard input. A terminal does not show what is typed, and is as it was before when ctx ends.
func (a *app) readSecret(ctx context.Context) ([]byte, error) {
	read, restore := func() ([]byte, error) { return io.ReadAll(io.LimitReader(a.in, maxVerified+1)) }, func() error { return nil }
	if _, ok := a.terminal(a.in); ok {
		if file, isFile := a.in.(*os.File); isFile {
			fd := int(file.Fd())
			before, err := term.GetState(fd)
			if err != nil {
				return nil, fmt.Errorf("read standard input: %w", err)
			}
			a.prompt(msgVerifyPrompt)
			defer a.say("\n")
			read, restore = func() ([]byte, error) { return term.ReadPassword(fd) }, func() error { return term.Restore(fd, before) }
		}
	}
	var text []byte
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		text, err = read()
	}()
	select {
	case <-ctx.Done(): // the program ends while somebody still waits for a line
		return nil, &incompleteError{errors.Join(ctx.Err(), restore())}
	case <-done:
	}
	if err != nil {
		return nil, fmt.Errorf("read standard input: %w", err)
	}
	if len(text) > maxVerified {
		return nil, withHint(fmt.Errorf("standard input has more than %d MiB", maxVerified>>20), hintVerifySize)
	}
	return text, nil
}

// recognize makes a report of the credentials in a text, or takes all of it for a secret of the rule that was named.
func (r *verifyRun) recognize(p *prepared, text []byte) (*scanner.Report, error) {
	var named *rules.Rule
	if r.rule != "" {
		if named = p.set.Lookup(r.rule); named == nil {
			return nil, withHint(fmt.Errorf("there is no rule %q", r.rule), hintVerifyRule)
		}
	}
	found, err := find(r.cmd.Context(), p.scanner, text)
	if err != nil {
		return nil, err
	}
	rep := &scanner.Report{
		SchemaVersion: scanner.SchemaVersion, Tool: tool(), Target: "-", Command: "verify", StartedAt: r.app.now().UTC(),
		Coverage: scanner.Coverage{Complete: true, Bytes: int64(len(text)), Files: 1},
	}
	pairings := map[string][]scanner.Finding{}
	for i := range found {
		f := &found[i]
		if named != nil && f.RuleID != named.ID {
			continue
		}
		before := pairings[f.Fingerprint]
		if pairings[f.Fingerprint] = withPairing(before, f); len(pairings[f.Fingerprint]) > len(before) {
			rep.Findings = append(rep.Findings, *f)
		}
	}
	secret := string(bytes.TrimSpace(text))
	if len(rep.Findings) == 0 && named != nil && secret != "" && !strings.ContainsAny(secret, " \t\r\n") {
		f := scanner.NewFinding(named.ID, scanner.NewSecret(secret, 0), nil)
		f.Title, f.Severity, f.Confidence, f.Fingerprint = named.Title, named.Severity, rules.LowConfidence, "typed"
		f.Location = scanner.Location{Kind: scanner.KindStdin, StartLine: 1, StartColumn: 1, EndLine: 1, EndColumn: 1}
		f.Excerpt = f.Secret.Redacted()
		rep.Findings = append(rep.Findings, f)
	}
	switch {
	case len(rep.Findings) > 0:
	case secret == "":
		return nil, withHint(errors.New("there is nothing on standard input"), hintVerifyArgs)
	case named != nil:
		return nil, withHint(errors.New("what is on standard input is no single value"), hintVerifyOneValue)
	default:
		return nil, withHint(errors.New("no rule knows a secret in what is on standard input"), hintVerifyNothing)
	}
	return rep, nil
}

// find searches a text for secrets.
func find(ctx context.Context, s *scanner.Scanner, text []byte) ([]scanner.Finding, error) {
	res, err := s.Scan(ctx, contentSource{text, scanner.Location{Kind: scanner.KindStdin}}, nil)
	if err != nil {
		return nil, err
	}
	return res.Findings, nil
}

// answer asks about the findings of a report and prints what came back, or the report where a format was asked for.
func (r *verifyRun) answer(p *prepared, rep *scanner.Report) error {
	if !r.plain {
		p.flags.noCache = true // as without a format: who gives a secret wants to know it now
		if err := r.app.verify(r.cmd.Context(), r.cmd, p, rep); err != nil {
			return err
		}
		set, err := p.flags.rulesOf(r.cmd, rep)
		if err != nil {
			return err
		}
		if err := r.app.write(p.outs, rep, set); err != nil {
			return err
		}
		return verdictOutcome(rep.Findings)
	}
	asked := rep.Findings[:min(len(rep.Findings), maxVerifiedSecret)]
	if err := r.exchanges(p, asked); err != nil {
		return err
	}
	if more := len(rep.Findings) - len(asked); more > 0 {
		r.app.say(msgVerifyMore, more)
	}
	return verdictOutcome(rep.Findings)
}

// exchanges asks about findings one by one and prints each exchange. It writes the verdicts into the findings.
func (r *verifyRun) exchanges(p *prepared, found []scanner.Finding) (err error) {
	set, err := p.flags.rulesOf(r.cmd, &scanner.Report{Findings: found})
	if err != nil {
		return err
	}
	v, done, err := r.app.asker(p, set)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	for i := range found {
		f := &found[i]
		x, err := v.Ask(r.cmd.Context(), f)
		if ctxErr := r.cmd.Context().Err(); ctxErr != nil {
			return &incompleteError{ctxErr}
		}
		if p.flags.dryRun {
			continue
		}
		if i > 0 {
			if _, err := io.WriteString(r.app.out, "\n"); err != nil {
				return err
			}
		}
		if err != nil && x.Result.Verdict == scanner.NotAsked {
			x = verify.Exchange{Result: verify.Result{Verdict: scanner.Uncheckable, Verification: scanner.Verification{Says: err.Error()}}}
		} else if err != nil { // all that failed is to keep the answer
			r.app.say(msgVerdictsUnused, p.scanner.Scrub(err.Error()))
		}
		f.Verdict = x.Result.Verdict
		if err := r.app.words(func(w io.Writer) error { return r.app.writeExchange(w, f, &x, p.scanner.Scrub) }); err != nil {
			return &incompleteError{err}
		}
	}
	if p.flags.dryRun {
		r.app.say(msgVerifyDry)
	}
	return nil
}

// verdictOutcome is the exit code of what was asked about: alive is a finding, and what is not known is not clean.
func verdictOutcome(found []scanner.Finding) error {
	code := exitClean
	for i := range found {
		switch found[i].Verdict {
		case scanner.Live, scanner.Restricted:
			return &resultError{exitFindings}
		case scanner.Dead, scanner.Expired:
		default:
			code = exitIncomplete
		}
	}
	if code == exitClean {
		return nil
	}
	return &resultError{code}
}
