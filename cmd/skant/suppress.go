package main

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/skant-dev/skant/internal/config"
	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/internal/suppress"
	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/scanner"
)

// suppressFlags say which findings do not count.
type suppressFlags struct {
	baselineFile   string
	compatAllow    bool
	strictAllow    bool
	showSuppressed bool
	// ignoreLines are patterns from the configuration, in the syntax of the ignore file.
	ignoreLines []suppress.Line
}

func (f *suppressFlags) register(cmd *cobra.Command) {
	f.registerBaseline(cmd)
	cmd.Flags().BoolVar(&f.strictAllow, "strict-allow", false, helpFlagStrictAllow)
	f.registerShown(cmd)
}

// registerBaseline adds the flags that decide what is silenced.
func (f *suppressFlags) registerBaseline(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.baselineFile, "baseline", suppress.BaselineName, helpFlagBaseline)
	cmd.Flags().BoolVar(&f.compatAllow, "compat-allow", false, helpFlagCompatAllow)
}

// registerShown adds the flag that concerns only what is written.
func (f *suppressFlags) registerShown(cmd *cobra.Command) {
	if cmd.Flags().Lookup("show-suppressed") == nil {
		cmd.Flags().BoolVar(&f.showSuppressed, "show-suppressed", false, helpFlagShowSuppressed)
	}
}

// take puts what is set into the place of the flags.
func (f *suppressFlags) take(e *config.Effective) {
	f.baselineFile, f.compatAllow, f.strictAllow = e.Baseline.Is, e.CompatAllow.Is, e.StrictAllow.Is
	f.ignoreLines = nil
	for _, item := range e.Ignore {
		f.ignoreLines = append(f.ignoreLines, suppress.Line{Text: item.Text, Where: item.Origin.String()})
	}
}

// loadPolicy makes the policy about findings that do not count. Its files are read only if there is a finding, so that a
// commit without one does not wait for them.
func (a *app) loadPolicy(f *scanFlags) (*suppress.Policy, error) {
	p, err := suppress.Load(suppress.Options{
		Baseline: f.baselineFile, CompatAllow: f.compatAllow, StrictAllow: f.strictAllow, NoPolicy: f.noConfig, Now: a.now(),
		Ignore: f.ignoreLines,
	})
	if err != nil {
		return nil, withHint(err, hintBaselinePath)
	}
	return p, nil
}

// usePolicyOf has the policy read from the repository that is scanned: from its work tree or, if it has none, from HEAD.
// Whoever knows of a better place, such as the base of a pull request, has set it before.
func (p *prepared) usePolicyOf(r *repo.Repository) {
	if p.silence != nil {
		r.KeepApart(p.leavesIgnored())
	}
	if p.policy.read != nil {
		return
	}
	if !r.Bare() && r.WorkTree() != "" {
		p.policy = worktreePolicy(r.WorkTree())
	} else {
		p.policy = headPolicy(r)
	}
}

// leavesIgnored returns whether a file that moves leaves the ignored paths. The policy is read when a file has moved, and not before.
func (p *prepared) leavesIgnored() func(from, to string) bool {
	ready := sync.OnceValue(func() error {
		p.silence.From(p.policy.read, p.policy.origin, nil)
		return p.silence.Check()
	})
	// Where it cannot be read whatever moved counts as new; the error itself is told when the policy is applied.
	return func(from, to string) bool { return ready() != nil || p.silence.Leaves(from, to) }
}

// usePolicyAround is usePolicyOf for a scan of files and folders: the policy is that of the work tree which the one folder, or
// else the current one, is in, or of that folder. Paths in findings are told from its top.
func (p *prepared) usePolicyAround(paths []string) error {
	base, err := filepath.Abs(".")
	if err != nil {
		return err
	}
	if len(paths) == 1 {
		// One folder is the root of what is scanned, and findings are named from there.
		named, err := filepath.EvalSymlinks(paths[0])
		if err == nil {
			named, err = filepath.Abs(named)
		}
		if info, statErr := os.Stat(named); err == nil && statErr == nil && info.IsDir() {
			base = named
		}
	}
	top := topAround(base)
	if p.policy.read == nil {
		p.policy = worktreePolicy(top)
	}
	p.inTop = func(name string) string {
		at := filepath.FromSlash(name)
		if !filepath.IsAbs(at) {
			at = filepath.Join(base, at)
		}
		if rel, err := filepath.Rel(top, at); err == nil && filepath.IsLocal(rel) {
			return filepath.ToSlash(rel)
		}
		return path.Clean(name)
	}
	return nil
}

// topAround returns the top of the work tree that a folder is in, or the folder itself.
func topAround(folder string) string {
	if abs, err := filepath.Abs(folder); err == nil {
		folder = abs
	}
	for at := folder; ; {
		if _, err := os.Lstat(filepath.Join(at, ".git")); err == nil {
			return at
		}
		above := filepath.Dir(at)
		if above == at {
			return folder
		}
		at = above
	}
}

// applyPolicy decides which findings count. A policy that cannot be read is an error, because nobody knows then what would.
func (a *app) applyPolicy(p *prepared, rep *scanner.Report) error {
	rep.ListSuppressed = p.flags.showSuppressed
	p.silence.From(p.policy.read, p.policy.origin, p.inTop)
	if p.base.read != nil {
		p.silence.Against(p.base.read, p.scanner.Allowed)
	}
	whole := rep.Command == "history" && rep.Coverage.Complete
	var err error
	if rep.Command != "staged" {
		err = p.silence.Check()
	}
	if err == nil {
		p.outcome, err = p.silence.Apply(rep, whole)
	}
	if err != nil {
		return withHint(err, hintPolicyFile)
	}
	for i := range rep.Findings {
		// What stands in the files of the policy was not searched: a reason may quote what it is about.
		if s := rep.Findings[i].Suppressed; s != nil && s.By != scanner.ByInline {
			s.Where, s.Reason = p.scanner.Scrub(s.Where), p.scanner.Scrub(s.Reason)
		}
	}
	return nil
}

// maxShown bounds what a message repeats of a file that may say anything, in bytes.
const maxShown = 300

// clipped shortens a text in which secrets are masked already: a piece of one is recognised by no rule.
func clipped(text string) string {
	if len(text) <= maxShown {
		return text
	}
	end := maxShown
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}

// maxNotes bounds the notes of one kind about a policy.
const maxNotes = 5

// sayOutcome tells what does not count, and what of the policy is not obeyed any more.
func (a *app) sayOutcome(p *prepared) {
	o := &p.outcome
	if o.Total() > 0 {
		var parts []string
		for _, part := range []struct {
			n    int
			what string
		}{{o.Baseline, "baseline"}, {o.Inline, "inline"}, {o.IgnoreFile, suppress.IgnoreName}} {
			if part.n > 0 {
				parts = append(parts, fmt.Sprintf("%d %s", part.n, part.what))
			}
		}
		verb := " do not count"
		if o.Total() == 1 {
			verb = " does not count"
		}
		a.say(msgSuppressed, report.Number(int64(o.Total()), "finding")+verb, strings.Join(parts, ", "))
	}
	if o.AddedHere > 0 {
		a.say(msgAddedHere, report.Number(int64(o.AddedHere), "finding"))
	}
	if p.flags.strictAllow && o.Inline > 0 && p.base.read == nil {
		a.say(msgStrictNowhere)
	}
	a.sayNotes(msgRefusedAllow, o.Refused, p)
	a.sayNotes(msgEntryExpired, o.Expired, p)
	a.sayNotes(msgEntryStale, o.Stale, p)
}

func (a *app) sayNotes(format string, notes []suppress.Note, p *prepared) {
	for i, n := range notes {
		if i == maxNotes {
			a.say(msgMoreNotes, len(notes)-i)
			return
		}
		a.say(format, visible.Text(p.scanner.Scrub(n.Where)), visible.Text(p.scanner.Scrub(n.Text)))
	}
}
