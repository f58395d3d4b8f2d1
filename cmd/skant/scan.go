package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/internal/source"
	"github.com/skant-dev/skant/scanner"
)

func newScan(a *app) *cobra.Command {
	var f scanFlags
	var noIgnore bool
	cmd := &cobra.Command{
		Use:     "scan [PATH...]",
		Short:   helpScanShort,
		Long:    helpScan,
		Example: exampleScan,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				args = []string{"."}
			}
			f.target = oneFolder(args)
			return a.run(cmd, &f, strings.Join(args, " "), func(p *prepared) (scanner.Source, func() error, error) {
				if err := p.usePolicyAround(args); err != nil {
					return nil, nil, err
				}
				p.root = rootAt(f.target)
				if len(args) == 1 && args[0] == "-" {
					return source.NewStdin(a.in, p.maxSize), nothingToClose, nil
				}
				src, err := source.NewFiles(args, source.FilesOptions{
					MaxSize: p.maxSize, NoIgnore: noIgnore, NoPolicy: p.flags.noConfig, Tracked: trackedFiles,
				})
				if err != nil {
					return nil, nil, withHint(err, hintScanPath)
				}
				return src, nothingToClose, nil
			})
		},
	}
	f.register(cmd)
	f.registerPlain(cmd)
	f.registerStream(cmd)
	f.registerVerify(cmd)
	f.registerAgain(cmd)
	f.registerLineHash(cmd)
	cmd.Flags().BoolVar(&noIgnore, "no-ignore", false, helpFlagNoIgnore)
	return cmd
}

// trackedFiles returns the paths in the index of a work tree.
func trackedFiles(worktree string) (map[string]bool, error) {
	r, err := repo.Open(worktree, repo.Options{})
	if err != nil {
		return nil, err
	}
	entries, err := r.Index()
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	tracked := make(map[string]bool, len(entries))
	for _, e := range entries {
		tracked[e.Path] = true
	}
	return tracked, r.Close()
}

// openRepository opens the repository that a path belongs to. hook says that git may have started the program, so that
// its variables are obeyed.
func (a *app) openRepository(path string, p *prepared, hook bool) (*repo.Repository, error) {
	opt := repo.Options{MaxObject: p.maxSize, Leftovers: !hook}
	if hook {
		opt.Env = a.env
	}
	r, err := repo.Open(path, opt)
	var none *repo.NotRepositoryError
	if errors.As(err, &none) {
		return nil, withHint(err, hintRepository)
	}
	if err != nil {
		return nil, &incompleteError{err}
	}
	p.usePolicyOf(r)
	p.repo = r
	return r, nil
}

// targetName is how a repository is called in reports: the path as it was given, made readable.
func targetName(path string) string {
	if abs, err := filepath.Abs(path); err == nil && path == "." {
		return filepath.Base(abs)
	}
	return path
}

func newStaged(a *app) *cobra.Command {
	var f scanFlags
	cmd := &cobra.Command{
		Use:     "staged",
		Short:   helpStagedShort,
		Long:    helpStaged,
		Example: exampleStaged,
		Args:    exactly(0, 0, hintStagedArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.run(cmd, &f, targetName("."), func(p *prepared) (scanner.Source, func() error, error) {
				r, err := a.openRepository(".", p, true)
				if err != nil {
					return nil, nil, err
				}
				return a.staged(p, r)
			})
		},
	}
	f.register(cmd)
	f.registerPlain(cmd)
	f.registerVerify(cmd)
	f.registerAgain(cmd)
	return cmd
}

// staged is the source of what is staged in an open repository.
func (a *app) staged(p *prepared, r *repo.Repository) (scanner.Source, func() error, error) {
	heads, err := r.Heads() // a commit cannot take lines out of the list for itself
	if err != nil {
		return nil, nil, errors.Join(&incompleteError{err}, r.Close())
	}
	if err := a.useGuard(p, r, heads); err != nil {
		return nil, nil, errors.Join(err, r.Close())
	}
	return source.NewStaged(r, source.StagedOptions{MaxSize: p.maxSize, Guard: &p.guard.Guard}), r.Close, nil
}

func newDiff(a *app) *cobra.Command {
	var f scanFlags
	var path string
	cmd := &cobra.Command{
		Use:     "diff BASE..HEAD",
		Short:   helpDiffShort,
		Long:    helpDiff,
		Example: exampleDiff,
		Args:    exactly(1, 1, hintRange),
		RunE: func(cmd *cobra.Command, args []string) error {
			if path != "." {
				f.target = path
			}
			return a.run(cmd, &f, targetName(path)+" "+args[0], func(p *prepared) (scanner.Source, func() error, error) {
				r, err := a.openRepository(path, p, true)
				if err != nil {
					return nil, nil, err
				}
				spec, err := r.ParseRange(args[0])
				if err != nil {
					return nil, nil, errors.Join(withHint(err, hintRange), r.Close())
				}
				if err := a.useGuard(p, r, spec.Bases); err != nil {
					return nil, nil, errors.Join(err, r.Close())
				}
				return source.NewCommits(r, spec, source.DiffOptions{MaxSize: p.maxSize, Guard: &p.guard.Guard}), r.Close, nil
			})
		},
	}
	f.register(cmd)
	f.registerPlain(cmd)
	f.registerStream(cmd)
	f.registerVerify(cmd)
	f.registerAgain(cmd)
	f.registerLineHash(cmd)
	cmd.Flags().StringVarP(&path, "repo", "C", ".", helpFlagRepo)
	return cmd
}

func newHistory(a *app) *cobra.Command {
	var f scanFlags
	var submodules bool
	cmd := &cobra.Command{
		Use:     "history [REPO]",
		Short:   helpHistoryShort,
		Long:    helpHistory,
		Example: exampleHistory,
		Args:    exactly(0, 1, hintHistoryArgs),
		RunE: func(cmd *cobra.Command, args []string) error {
			path := "."
			if len(args) == 1 {
				path = args[0]
			}
			f.target = path
			return a.run(cmd, &f, targetName(path), func(p *prepared) (scanner.Source, func() error, error) {
				return a.historySource(path, p, submodules)
			})
		},
	}
	f.register(cmd)
	f.registerPlain(cmd)
	f.registerStream(cmd)
	f.registerVerify(cmd)
	f.registerCache(cmd)
	cmd.Flags().BoolVar(&submodules, "submodules", false, helpFlagSubmodules)
	return cmd
}

// manyObjects is from where on what is kept for each object makes up most of the memory.
const manyObjects = 200_000

// tidy has garbage collected seldom while a small store is read, which saves a tenth of the time, and soon where there is
// much to keep: there half as much garbage again is a hundred megabytes. GOGC, where the user has set it, stays.
func (a *app) tidy(objects int64) {
	percent := 200
	if objects >= manyObjects {
		percent = 50
	}
	if a.garbage != nil && a.env("GOGC") == "" {
		a.garbage(percent)
	}
}

// historySource reads everything in a repository's object store and around it.
func (a *app) historySource(path string, p *prepared, submodules bool) (scanner.Source, func() error, error) {
	r, err := a.openRepository(path, p, false)
	if err != nil {
		return nil, nil, err
	}
	store, err := r.Objects()
	if err != nil {
		return nil, nil, &incompleteError{errors.Join(fmt.Errorf("open object store: %w", err), r.Close())}
	}
	opt := source.HistoryOptions{MaxSize: p.maxSize, Submodules: submodules}
	kept, err := a.useCache(p, &opt)
	if err != nil {
		a.say(msgCacheUnused, a.scrub(err.Error()))
	}
	a.tidy(store.Count() + store.EstimateLoose())
	h := source.NewHistory(r, opt)
	return h, func() error {
		a.sayReused(h)
		return errors.Join(h.Close(), r.Close(), kept.Close())
	}, nil
}
