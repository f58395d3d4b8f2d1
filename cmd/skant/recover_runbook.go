package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/skant-dev/skant/internal/exposure"
	"github.com/skant-dev/skant/internal/recovery"
	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// runbookFlags are those of the runbook alone.
type runbookFlags struct {
	report string
	remote bool
}

// newRunbook writes the runbook of an incident, from a saved report or from a scan of the history. It is what `recover`
// does by itself, too.
func newRunbook(a *app, use string) *cobra.Command {
	var f scanFlags
	var r runbookFlags
	cmd := &cobra.Command{
		Use:     use,
		Short:   helpRecoverShort,
		Long:    helpRecover,
		Example: exampleRecover,
		Args:    exactly(0, 1, hintRecoverArgs),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(f.outputs) == 0 {
				f.outputs = []string{"markdown"}
			}
			switch {
			case r.report == "" && len(args) == 0:
				args = []string{"."}
			case r.report != "" && (f.enabled || f.dryRun || f.onlyLive):
				return withHint(errors.New("a saved report holds no values that could be asked about"), hintRecoverVerify)
			case r.report != "" && r.remote && len(args) == 0:
				return withHint(errors.New("--remote needs the repository whose remotes are to be asked"), hintRecoverArgs)
			}
			if r.report != "" {
				return a.runbookOfReport(cmd, &f, &r, args)
			}
			return a.runbook(cmd, &f, &r, args[0])
		},
	}
	f.register(cmd)
	f.registerCache(cmd)
	f.registerVerify(cmd)
	cmd.Flags().StringVar(&r.report, "report", "", helpFlagReport)
	cmd.Flags().BoolVar(&r.remote, "remote", false, helpFlagRemote)
	return cmd
}

// runbook scans the history of a repository and asks the repository how far the secrets got.
func (a *app) runbook(cmd *cobra.Command, f *scanFlags, r *runbookFlags, path string) error {
	f.target = path
	p, err := a.prepare(cmd, f)
	if err != nil {
		return err
	}
	src, closeSource, err := a.historySource(path, p, false)
	if err != nil {
		return err
	}
	rep, err := a.scan(cmd, p, targetName(path), src)
	if err = errors.Join(err, closeSource()); err != nil {
		return err
	}
	opt, err := a.surveyed(cmd.Context(), path, rep, r.remote, p.scanner.Scrub)
	if err != nil {
		return err
	}
	opt.Report = savedReport("", p.outs, p.scanner.Scrub)
	withPlan(p.outs, opt)
	return a.finish(cmd, p, rep)
}

// runbookOfReport is runbook for a saved report. Without a repository nothing is known but what the report says.
func (a *app) runbookOfReport(cmd *cobra.Command, f *scanFlags, r *runbookFlags, args []string) error {
	return a.renderWith(cmd, r.report, f, func(rep *scanner.Report, outs []output) error {
		var opt recovery.Options
		if len(args) > 0 {
			var err error
			if opt, err = a.surveyed(cmd.Context(), args[0], rep, r.remote, a.scrub); err != nil {
				return err
			}
		}
		opt.Report = savedReport(r.report, outs, a.scrub)
		withPlan(outs, opt)
		return nil
	})
}

// savedReport is the path of the JSON report that the commands of the runbook may name: the one that it is of, or one that is written along with it.
// Empty if there is none, or if its path has a secret in it.
func savedReport(read string, outs []output, scrub func(string) string) string {
	path := read
	for i := range outs {
		if path == "" && outs[i].format.name == "json" {
			path = outs[i].path
		}
	}
	if path == "" || path == "-" {
		return ""
	}
	if whole, err := filepath.Abs(path); err == nil && scrub(whole) == whole {
		return whole
	}
	return ""
}

// surveyed asks a repository how far the secrets of a report got. What goes wrong on the way is part of the answer: the
// runbook is needed all the same.
func (a *app) surveyed(ctx context.Context, path string, rep *scanner.Report, remote bool, scrub func(string) string) (recovery.Options, error) {
	var opt recovery.Options
	if len(rep.Findings) == 0 {
		return opt, nil
	}
	r, err := repo.Open(path, repo.Options{Leftovers: true})
	var none *repo.NotRepositoryError
	if errors.As(err, &none) {
		return opt, withHint(err, hintRepository)
	}
	if err != nil {
		return opt, &incompleteError{err}
	}
	opt.Exposure, err = exposure.Survey(ctx, r, rep, exposure.Options{Remote: remote, Now: a.now().UTC(), Env: a.env, Scrub: scrub})
	a.nameRemotes(ctx, r, scrub, &opt)
	if err = errors.Join(err, r.Close()); err != nil && ctx.Err() != nil {
		return opt, err
	}
	if err != nil {
		a.say(msgSurveyFailed, scrub(lines(err.Error())))
		if opt.Exposure == nil {
			opt.Exposure = &exposure.Exposure{}
		}
		opt.Exposure.Incomplete = append(opt.Exposure.Incomplete, fmt.Sprintf(msgSurveyGap, scrub(err.Error())))
	}
	top := r.WorkTree()
	if top == "" {
		top = r.GitDir()
	}
	if scrub(top) == top { // a path with a secret in it stays for the reader to fill in
		opt.Repository = top
	}
	opt.Files = projectFiles(top)
	return opt, nil
}

// nameRemotes chooses the remote that the commands of the runbook name: origin where there is one. Where the remotes cannot be told, they name it, too.
func (a *app) nameRemotes(ctx context.Context, r *repo.Repository, scrub func(string) string, opt *recovery.Options) {
	remotes, err := r.Remotes(ctx, a.env)
	var names []string
	for _, one := range remotes {
		named := one.Name != one.Address // the others are addresses that a branch pushes to
		if named && !slices.Contains(names, one.Name) && scrub(one.Name) == one.Name {
			if below := strings.HasPrefix(one.Address, "./") || strings.HasPrefix(one.Address, "../"); len(names) == 0 && below {
				opt.RemotePath = filepath.Join(cmp.Or(r.WorkTree(), r.GitDir()), one.Address)
			}
			names = append(names, one.Name)
		}
	}
	if len(names) > 0 {
		opt.Remote, opt.Others = names[0], names[1:]
	}
	opt.Alone = err == nil && len(remotes) == 0
}

// projectFiles are those of the files that tell where a project is deployed which there are at the top of a work tree.
func projectFiles(top string) []string {
	var out []string
	for _, name := range recovery.ProjectFiles() {
		if _, err := os.Lstat(filepath.Join(top, name)); err == nil {
			out = append(out, name)
		}
	}
	return out
}

// withPlan has the outputs that are made of the plan use what is known besides the report.
func withPlan(outs []output, opt recovery.Options) {
	write := map[string]func(io.Writer, *scanner.Report, *rules.Set) error{
		"markdown": func(w io.Writer, rep *scanner.Report, set *rules.Set) error {
			return recovery.New(rep, set, opt).Markdown(w)
		},
		"html": func(w io.Writer, rep *scanner.Report, set *rules.Set) error {
			return recovery.New(rep, set, opt).HTML(w)
		},
		"json": func(w io.Writer, rep *scanner.Report, set *rules.Set) error {
			plan, err := recovery.New(rep, set, opt).JSON()
			if err != nil {
				return fmt.Errorf("encode plan: %w", err)
			}
			whole := *rep
			whole.Recovery = plan
			return report.JSON(w, &whole, set)
		},
	}
	for i := range outs {
		if f := write[outs[i].format.name]; f != nil {
			outs[i].format.write = func(w io.Writer, rep *scanner.Report, set *rules.Set, _ style) error { return f(w, rep, set) }
		}
	}
}
