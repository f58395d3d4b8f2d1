package main

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/internal/suppress"
	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/scanner"
)

func newBaseline(a *app) *cobra.Command {
	return group(&cobra.Command{Use: "baseline", Short: helpBaselineShort, Long: helpBaseline, Example: exampleBaseline},
		newBaselineCreate(a), newBaselineUpdate(a), newBaselinePrune(a), newBaselineImport(a))
}

// baselineFlags are those of the commands that change a baseline.
type baselineFlags struct {
	scanFlags
	owner, reason, expires string
	pathScoped             bool
	from                   string
	// at is a folder in the repository whose baseline it is; empty for the current one.
	at string
}

func (f *baselineFlags) register(cmd *cobra.Command) {
	f.scanFlags.register(cmd)
	f.registerCache(cmd)
	// They write no report, and the policy is what they are about.
	for _, name := range []string{"output", "show-secrets", "show-suppressed", "strict-allow", "no-config"} {
		if flag := cmd.Flags().Lookup(name); flag != nil {
			flag.Hidden = true
		}
	}
	fs := cmd.Flags()
	fs.StringVar(&f.owner, "owner", "", helpFlagOwner)
	fs.StringVar(&f.reason, "reason", "", helpFlagReason)
	fs.StringVar(&f.expires, "expires", "90d", helpFlagExpires)
	fs.BoolVar(&f.pathScoped, "path-scoped", false, helpFlagPathScoped)
	fs.StringVar(&f.from, "from", fromAll, helpFlagFrom)
	completeWords(cmd, "from", fromAll, "history", "scan", "staged", "diff")
}

// terms are those of new entries.
func (f *baselineFlags) terms(a *app) (suppress.Terms, error) {
	expires, err := suppress.ParseExpiry(f.expires, a.now())
	if err != nil {
		return suppress.Terms{}, withHint(fmt.Errorf("invalid --expires %q: %w", f.expires, err), hintBaselineTerms)
	}
	t := suppress.Terms{Owner: f.owner, Reason: f.reason, Expires: expires, PathScoped: f.pathScoped}
	if err := t.Check(); err != nil {
		return t, withHint(err, hintBaselineTerms)
	}
	return t, nil
}

func newBaselineCreate(a *app) *cobra.Command {
	var f baselineFlags
	cmd := &cobra.Command{
		Use: "create [RANGE]", Short: helpBaselineCreateShort, Long: helpBaselineCreate, Example: exampleBaseline, Args: exactly(0, 1, hintBaselineArgs),
		RunE: func(cmd *cobra.Command, args []string) error {
			terms, err := f.terms(a)
			if err != nil {
				return err
			}
			if err := a.settleBaseline(cmd, &f); err != nil {
				return err
			}
			path := f.path()
			if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
				return withHint(fmt.Errorf("there is %s already: it is not overwritten", visible.Text(f.baselineFile)), hintBaselineExists)
			}
			b, err := suppress.NewBaseline(rand.Reader)
			if err != nil {
				return err
			}
			found, err := a.baselineScan(cmd, &f, args)
			if err != nil {
				return err
			}
			change, err := b.Add(found.list, terms, a.now(), true)
			if err != nil {
				return err
			}
			if err := writePolicy(path, b.Format()); err != nil {
				return &incompleteError{err}
			}
			a.say(msgBaselineMade, visible.Text(f.baselineFile), entries(len(b.Entries)), terms.Expires)
			a.sayPathless(change)
			a.sayUnion(f.baselineFile)
			return found.partly()
		},
	}
	f.register(cmd)
	return cmd
}

// sayPathless tells of findings for which no entry can be made that holds at a path.
func (a *app) sayPathless(change suppress.Change) {
	if change.Pathless > 0 {
		a.say(msgBaselinePathless, report.Number(int64(change.Pathless), "finding"))
	}
}

func entries(n int) string {
	if n == 1 {
		return "1 entry"
	}
	return fmt.Sprintf("%d entries", n)
}

// sayUnion says how a baseline is merged without conflicts, unless that is settled.
func (a *app) sayUnion(name string) {
	data, err := worktreePolicy(topAround(".")).read(".gitattributes")
	if err != nil || !bytes.Contains(data, []byte(name)) {
		a.say(msgBaselineUnion, visible.Text(name))
	}
}

func newBaselineUpdate(a *app) *cobra.Command {
	var f baselineFlags
	cmd := &cobra.Command{
		Use: "update [RANGE]", Short: helpBaselineUpdateShort, Long: helpBaselineUpdate, Example: exampleBaseline, Args: exactly(0, 1, hintBaselineArgs),
		RunE: func(cmd *cobra.Command, args []string) error {
			var terms suppress.Terms
			add := f.reason != "" || f.owner != ""
			if add {
				var err error
				if terms, err = f.terms(a); err != nil {
					return err
				}
			}
			b, path, before, err := a.openBaseline(cmd, &f)
			if err != nil {
				return err
			}
			found, err := a.baselineScan(cmd, &f, args)
			if err != nil {
				return err
			}
			was := len(b.Entries)
			change, err := b.Add(found.list, terms, a.now(), add)
			if err != nil {
				return err
			}
			if after := b.Format(); !bytes.Equal(before, after) {
				if err := writePolicy(path, after); err != nil {
					return &incompleteError{err}
				}
			}
			a.say(msgBaselineUpdated, visible.Text(f.baselineFile), len(b.Entries)-was, change.Known, change.Ended)
			a.sayPathless(change)
			if change.Ended > 0 {
				a.say(msgBaselineEnded, report.Number(int64(change.Ended), "finding"))
			}
			if !add && change.Added > 0 {
				a.say(msgBaselineNew, report.Number(int64(change.Added), "finding"), visible.Text(f.baselineFile))
				return &resultError{exitFindings}
			}
			return found.partly()
		},
	}
	f.register(cmd)
	return cmd
}

func newBaselinePrune(a *app) *cobra.Command {
	var f baselineFlags
	cmd := &cobra.Command{
		Use: "prune", Short: helpBaselinePruneShort, Long: helpBaselinePrune, Example: exampleBaseline, Args: exactly(0, 0, hintBaselineArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			b, path, before, err := a.openBaseline(cmd, &f)
			if err != nil {
				return err
			}
			found, err := a.baselineScan(cmd, &f, nil)
			if err != nil {
				return err
			}
			if !found.complete {
				return withHint(&incompleteError{errors.New(msgPartly)}, hintBaselinePartial)
			}
			was := len(b.Entries)
			for _, d := range b.Prune(found.list, a.now()) {
				a.say(msgBaselinePruned, visible.Text(f.baselineFile), d.Why, d.Entry.Line, d.Entry.Rule, visible.Text(d.Entry.Owner))
			}
			if after := b.Format(); !bytes.Equal(before, after) {
				if err := writePolicy(path, after); err != nil {
					return &incompleteError{err}
				}
			}
			a.say(msgBaselineKept, visible.Text(f.baselineFile), len(b.Entries), was)
			return nil
		},
	}
	f.register(cmd)
	for _, name := range []string{"owner", "reason", "expires", "path-scoped", "from"} {
		cmd.Flags().Lookup(name).Hidden = true
	}
	return cmd
}

// settleBaseline has f say which file the baseline is: a flag, a variable or the configuration may name it.
func (a *app) settleBaseline(cmd *cobra.Command, f *baselineFlags) error {
	policy, done, err := a.policyAt(f.at)
	if err != nil {
		return err
	}
	_, err = a.settings(cmd, &f.scanFlags, policy)
	return errors.Join(err, done())
}

// top is the folder that the baseline's path is told from.
func (f *baselineFlags) top() string { return topAround(cmp.Or(f.at, ".")) }

// path is where the baseline is.
func (f *baselineFlags) path() string {
	return filepath.Join(f.top(), filepath.FromSlash(f.baselineFile))
}

// openBaseline reads the baseline that is to be changed.
func (a *app) openBaseline(cmd *cobra.Command, f *baselineFlags) (b *suppress.Baseline, path string, data []byte, err error) {
	if err := a.settleBaseline(cmd, f); err != nil {
		return nil, "", nil, err
	}
	data, err = worktreePolicy(f.top()).read(f.baselineFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, "", nil, withHint(fmt.Errorf("read %s: %w", visible.Text(f.baselineFile), errNoBaseline), hintBaselineMissing)
	case err != nil:
		return nil, "", nil, withHint(err, hintPolicyFile)
	}
	if b, err = suppress.ParseBaseline(data); err == nil && len(b.Keys) == 0 {
		err = errors.New(":1: the head is missing")
	}
	if err != nil {
		return nil, "", nil, withHint(fmt.Errorf("%s%w", f.baselineFile, err), hintPolicyFile)
	}
	return b, f.path(), data, nil
}

// openOrMake is openBaseline, with a new baseline, and no data, where there is none.
func (a *app) openOrMake(cmd *cobra.Command, f *baselineFlags) (b *suppress.Baseline, path string, data []byte, err error) {
	b, path, data, err = a.openBaseline(cmd, f)
	if !errors.Is(err, errNoBaseline) {
		return b, path, data, err
	}
	b, err = suppress.NewBaseline(rand.Reader)
	return b, f.path(), nil, err
}

var errNoBaseline = errors.New("the file is not there")

// writePolicy replaces a file of the work tree as a whole. Who may read it stays as it was.
func writePolicy(path string, data []byte) error {
	mode := fs.FileMode(0o644)
	if info, statErr := os.Lstat(path); statErr == nil {
		if !info.Mode().IsRegular() {
			return fmt.Errorf("write %q: it is no regular file", path)
		}
		mode = info.Mode().Perm()
	}
	err := replaceFile(path, mode, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
	if err != nil {
		return fmt.Errorf("write %q: %w", path, err)
	}
	return nil
}

// rangeOf returns the range of --from diff.
func (f *baselineFlags) rangeOf(args []string) (string, error) {
	switch {
	case f.from == "diff" && len(args) == 1:
		return args[0], nil
	case f.from == "diff":
		return "", withHint(errors.New("--from diff needs a range"), hintBaselineArgs)
	case len(args) > 0:
		return "", withHint(fmt.Errorf("unexpected argument %q", args[0]), hintBaselineArgs)
	case !strings.Contains(" all history scan staged ", " "+f.from+" "):
		return "", withHint(fmt.Errorf("unknown --from %q", f.from), hintBaselineFrom)
	}
	return "", nil
}

// foundFor are the findings that a baseline is made of.
type foundFor struct {
	list     []scanner.Finding
	complete bool
}

func (f *foundFor) partly() error {
	if f.complete {
		return nil
	}
	return &incompleteError{errors.New(msgPartly)}
}
