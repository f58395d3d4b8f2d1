package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/internal/source"
	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/scanner"
)

// newHooksRunFramework is the one entry of .pre-commit-hooks.yaml for everything that the pre-commit framework asks of a
// hook. The framework takes git's arguments and input for itself, so what is to be searched is told by variables.
func newHooksRunFramework(a *app) *cobra.Command {
	var f scanFlags
	cmd := &cobra.Command{
		Use: "framework", Short: helpFrameworkShort, Long: helpFramework, Example: exampleFramework, Args: exactly(0, 0, hintFrameworkArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runFramework(cmd, &f) },
	}
	f.register(cmd)
	f.registerMessage(cmd)
	return cmd
}

// frameworkAsks is what the framework wants to have searched.
type frameworkAsks int

const (
	// askStaged: git makes a commit and runs the framework's hook.
	askStaged frameworkAsks = iota
	// askFiles: somebody runs the framework by hand. With --all-files a hook is told nothing of it, so all files it is.
	askFiles
	// askRange: a push, or --from-ref and --to-ref.
	askRange
)

// frameworkAsks reads from the variables what is asked for. Frameworks hand on those of git, but for some versions of prek,
// which take them away from hooks that it built with Go. Where it cannot be told what is committed, all files are searched:
// that may find more than was asked for, and never less.
func (a *app) frameworkAsks(ctx context.Context, r *repo.Repository) (frameworkAsks, error) {
	for _, name := range []string{"PRE_COMMIT_FROM_REF", "PRE_COMMIT_TO_REF", "PRE_COMMIT_REMOTE_NAME"} {
		if a.env(name) != "" {
			return askRange, nil
		}
	}
	switch {
	case a.env("GIT_INDEX_FILE") != "": // git sets it for the hooks of a commit and of a merge, and nobody else does
		return askStaged, nil
	case a.env("GIT_EXEC_PATH") == "": // git sets it for all that it runs
		return askFiles, nil
	}
	// "git commit -a" and "git commit FILE" build an index of their own, and keep the real one locked meanwhile.
	if _, err := os.Lstat(filepath.Join(r.GitDir(), "index.lock")); !errors.Is(err, fs.ErrNotExist) {
		return askFiles, nil
	}
	set, err := r.StagedChanges(ctx)
	if err != nil {
		return askStaged, &incompleteError{fmt.Errorf("read what is staged: %w", err)}
	}
	if len(set.Changes) == 0 { // an alias of git for the framework, for example
		return askFiles, nil
	}
	return askStaged, nil
}

// runFramework searches what the framework asks for, and reports as the command that would have searched the same.
func (a *app) runFramework(cmd *cobra.Command, f *scanFlags) error {
	return a.run(cmd, f, targetName("."), func(p *prepared) (scanner.Source, func() error, error) {
		r, err := a.openRepository(".", p, true)
		if err != nil {
			return nil, nil, err
		}
		src, err := a.frameworkSource(cmd, r, p)
		if err != nil {
			return nil, nil, errors.Join(err, r.Close())
		}
		return src, r.Close, nil
	})
}

func (a *app) frameworkSource(cmd *cobra.Command, r *repo.Repository, p *prepared) (scanner.Source, error) {
	if r.Bare() {
		return nil, withHint(errors.New("a bare repository has no files"), hintFrameworkBare)
	}
	asks, err := a.frameworkAsks(cmd.Context(), r)
	if err != nil {
		return nil, err
	}
	bases, err := fetched(r)
	if err != nil {
		return nil, err
	}
	if asks == askStaged {
		heads, err := r.Heads()
		if err != nil {
			return nil, &incompleteError{err}
		}
		bases = heads
	}
	if old, err := r.Resolve(a.env("PRE_COMMIT_FROM_REF")); err == nil {
		bases = append(bases, old)
	}
	if err := a.useGuard(p, r, bases); err != nil {
		return nil, err
	}
	switch asks {
	case askStaged:
		cmd.Use = "staged"
		return source.NewStaged(r, source.StagedOptions{MaxSize: p.maxSize, Guard: &p.guard.Guard}), nil
	case askFiles:
		cmd.Use = "scan"
		a.say(msgFrameworkFiles)
		return source.NewFiles([]string{r.WorkTree()}, source.FilesOptions{MaxSize: p.maxSize, NoPolicy: p.flags.noConfig, Tracked: trackedFiles})
	default:
		return a.frameworkRange(cmd, r, p)
	}
}

// frameworkRange is the range of commits that the framework asks for. It has two ends. In a push the first one is missing, if
// nothing that the remote has leads to the second; pre-commit leaves out both then, and only names the branch.
func (a *app) frameworkRange(cmd *cobra.Command, r *repo.Repository, p *prepared) (scanner.Source, error) {
	from, to, remote := a.env("PRE_COMMIT_FROM_REF"), a.env("PRE_COMMIT_TO_REF"), a.env("PRE_COMMIT_REMOTE_NAME")
	branch := a.env("PRE_COMMIT_LOCAL_BRANCH")
	if remote != "" && from == "" && to == "" {
		to = branch
	}
	known := strings.Trim(from, "0") != "" // neither empty nor the id that stands for nothing
	if to == "" || !known && remote == "" {
		return nil, withHint(fmt.Errorf("of the range of commits only a part is known: from %q to %q", from, to), hintFrameworkRange)
	}
	var old pack.ID
	if known {
		var err error
		if old, err = r.Resolve(from); err != nil {
			return nil, withHint(err, hintFrameworkRange)
		}
	}
	tip, err := r.Resolve(to)
	if err != nil {
		return nil, withHint(err, hintFrameworkRange)
	}
	opt := source.DiffOptions{MaxSize: p.maxSize, Guard: &p.guard.Guard}
	if remote == "" {
		cmd.Use = "diff"
		return source.NewCommits(r, repo.RangeSpec{Bases: []pack.ID{old}, Tips: []pack.ID{tip}}, opt), nil
	}
	cmd.Use = "pre-push"
	a.say(msgFrameworkOneRef, lines(branch))
	there, doubted, err := r.RemoteRefs(cmd.Context(), repo.PushRemote{Name: remote, Address: a.env("PRE_COMMIT_REMOTE_URL")})
	if err != nil {
		return nil, &incompleteError{err}
	}
	if doubted {
		a.say(msgHookDoubted, a.scrub(visible.Text(remote)))
		old = pack.ID{} // the framework has it from the same refs
	}
	if id, err := pack.ParseID(to); err == nil {
		tip = id // an annotated tag has a message
	}
	update := source.RefUpdate{Name: a.env("PRE_COMMIT_REMOTE_BRANCH"), Old: old, New: tip}
	return source.NewPush(r, []source.RefUpdate{update}, source.PushOptions{DiffOptions: opt, Known: there}), nil
}
