package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	tea "charm.land/bubbletea/v2"
	"github.com/spf13/cobra"

	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/internal/suppress"
	"github.com/skant-dev/skant/internal/triage"
	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/scanner"
)

func newTriage(a *app) *cobra.Command {
	var f baselineFlags
	cmd := &cobra.Command{
		Use: "triage REPORT.json", Short: helpTriageShort, Long: helpTriage, Example: exampleTriage, Args: exactly(1, 1, hintTriageArgs),
		RunE: func(cmd *cobra.Command, args []string) error {
			if args[0] == "-" {
				return withHint(errors.New("the report cannot be read from standard input"), hintTriageStdin)
			}
			if !a.interactive() {
				return withHint(errors.New("there is no terminal to draw on"), hintTriageTerminal)
			}
			return a.triage(cmd, &f, args[0])
		},
	}
	f.scanFlags.registerAnswering(cmd)
	f.registerCache(cmd)
	f.registerAsking(cmd)
	cmd.Flags().StringVar(&f.at, "repo", ".", helpFlagTriageRepo)
	cmd.Flags().StringVar(&f.owner, "owner", "", helpFlagTriageOwner)
	cmd.Flags().StringVar(&f.expires, "expires", "90d", helpFlagTriageExpires)
	return cmd
}

// interactive reports whether somebody can see a screen and press keys.
func (a *app) interactive() bool {
	_, in := a.terminal(a.in)
	_, out := a.terminal(a.out)
	return in && out && a.env("TERM") != "dumb" && a.env("TERM") != ""
}

// triage runs the screen for a saved report until the user leaves it.
func (a *app) triage(cmd *cobra.Command, f *baselineFlags, path string) error {
	rep, err := a.readReport(path)
	if err != nil {
		return withHint(fmt.Errorf("read report %q: %w", path, err), hintReportFile)
	}
	conceal(rep)
	if _, err := os.Stat(f.at); err != nil {
		return withHint(fmt.Errorf("--repo: %w", err), hintTriageRepo)
	}
	r, err := a.newTriageRun(cmd, f, rep)
	if err != nil {
		return err
	}
	expires, err := suppress.ParseExpiry(f.expires, a.now())
	if err != nil {
		return withHint(fmt.Errorf("invalid --expires %q: %w", f.expires, err), hintBaselineTerms)
	}
	ctx, scrub := cmd.Context(), r.p.scanner.Scrub
	model := triage.New(ctx, triage.Options{
		Name: path, Report: rep, Tint: report.NewTint(a.env("NO_COLOR") == ""), Owner: cmp.Or(f.owner, a.env("USER"), a.env("LOGNAME")), Expires: expires,
		Clean: func(s string) string { return visible.Text(scrub(s)) }, Actions: r,
	})
	opts := []tea.ProgramOption{tea.WithContext(ctx), tea.WithInput(a.in), tea.WithOutput(a.out)}
	if a.environ != nil {
		opts = append(opts, tea.WithEnvironment(a.environ()))
	}
	_, err = tea.NewProgram(model, opts...).Run()
	a.say("%s", lines(r.log.take()))
	if n := len(r.written); n > 0 {
		a.say(msgTriageKept, visible.Text(f.baselineFile), entries(n))
	}
	if err := errors.Join(model.Err(), err, ctx.Err()); err != nil {
		return &incompleteError{err}
	}
	a.say(msgSummary, report.Summary(rep))
	return failOnNew.outcome(rep)
}

// triageRun carries out what is asked for on the screen. Its calls come one at a time.
type triageRun struct {
	verifyRun
	base *baselineFlags
	rep  *scanner.Report
	p    *prepared
	// log is what would have been said on standard error, which the screen covers, out what would have been printed.
	log, out *logged
	// values are those of the report's findings, by fingerprint; nil until they were looked up.
	values map[string][]scanner.Finding
	// written are the changes of the baseline that were not undone.
	written []written
}

// written is one change of a file.
type written struct {
	before, after []byte
	existed       bool
}

// newTriageRun reads settings and rules, so that what is wrong with them is told before there is a screen.
func (a *app) newTriageRun(cmd *cobra.Command, f *baselineFlags, rep *scanner.Report) (*triageRun, error) {
	// Whoever looks at a finding wants it found again.
	for name, value := range map[string]string{"min-confidence": "low", "include-examples": "true"} {
		if !cmd.Flags().Changed(name) {
			if err := cmd.Flags().Set(name, value); err != nil {
				return nil, err
			}
		}
	}
	r := &triageRun{base: f, rep: rep, log: &logged{}, out: &logged{}}
	behind := *a
	behind.in, behind.out, behind.err = strings.NewReader(""), r.out, r.log
	behind.terminal = func(to any) (int, bool) {
		width, _ := a.terminal(a.out)
		return width, to == any(r.out)
	}
	behind.env = func(name string) string {
		if name == "NO_COLOR" {
			return "1" // the screen has colours of its own
		}
		return a.env(name)
	}
	r.verifyRun = verifyRun{app: &behind, cmd: cmd, flags: &f.scanFlags, plain: true, stop: func() {}}
	f.noProgress, f.always, f.target = true, true, f.at
	var err error
	r.p, err = behind.prepare(cmd, &f.scanFlags)
	return r, err
}

// logged is a text that is written by several goroutines.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// take returns what was written since it was called last.
func (l *logged) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.text.Reset()
	return l.text.String()
}

// find looks the values of the report's findings up, once, and returns those of one secret: one finding for each set of parts that it
// stands with.
func (r *triageRun) find(ctx context.Context, f *scanner.Finding) ([]scanner.Finding, error) {
	if r.values == nil {
		r.cmd.SetContext(ctx)
		// The report is also read by the screen: the search gets one of its own.
		rep := *r.rep
		rep.Findings = append([]scanner.Finding(nil), r.rep.Findings...)
		p, values, err := r.lookUp(&rep, r.base.at)
		r.stop()
		if err != nil {
			return nil, hinted(err)
		}
		r.p, r.values = p, values
	}
	found := r.values[f.Fingerprint]
	if len(found) == 0 && len(r.values) > 0 && !slices.ContainsFunc(r.rep.Findings, func(f scanner.Finding) bool { return len(r.values[f.Fingerprint]) > 0 }) {
		return nil, hinted(withHint(fmt.Errorf(msgTriageForeign, visible.Text(r.base.top())), hintTriageForeign))
	}
	if len(found) == 0 {
		return nil, hinted(withHint(errors.New(msgTriageMissing), fmt.Sprintf(hintTriagePlace, visible.Text(r.base.at))))
	}
	if found[0].RuleID != f.RuleID { // a fingerprint is that of a rule and a value
		return nil, fmt.Errorf(msgTriageForged, visible.Text(found[0].RuleID))
	}
	return append([]scanner.Finding(nil), found...), nil
}

// hinted is an error with its hint in one text.
func hinted(err error) error {
	var hint *hintError
	if errors.As(err, &hint) {
		return fmt.Errorf("%w\nhint: %s", err, hint.hint)
	}
	return err
}
