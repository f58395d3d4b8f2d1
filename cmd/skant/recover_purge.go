package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/skant-dev/skant/internal/incident"
	"github.com/skant-dev/skant/internal/purge"
	"github.com/skant-dev/skant/internal/recovery"
	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/internal/source"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// purgeFlags are those of `recover plan` and `recover purge`.
type purgeFlags struct {
	scanFlags
	remote, work, state string
	yes                 bool
	only                list
}

func newRecoverPlan(a *app) *cobra.Command {
	var f purgeFlags
	cmd := &cobra.Command{
		Use: "plan [REPO]", Short: helpRecoverPlanShort, Long: helpRecoverPlan, Example: exampleRecoverPlan,
		Args: exactly(0, 1, hintPurgeArgs),
		RunE: func(cmd *cobra.Command, args []string) error {
			outs, err := planOutputs(f.outputs)
			if err != nil {
				return err
			}
			return a.withPurge(cmd, &f, args, func(_ context.Context, plan *purge.Plan, rep *scanner.Report) error {
				if err := a.writePlan(outs, plan); err != nil {
					return err
				}
				return failOnNew.outcome(rep)
			})
		},
	}
	f.register(cmd)
	answers := cmd.PreRunE
	cmd.PreRunE = func(cmd *cobra.Command, args []string) error {
		out := cmd.Flags().Lookup("output")
		given := out.Changed
		out.Changed = false // a plan is written, though no report is
		err := answers(cmd, args)
		out.Changed = given
		return err
	}
	cmd.Flags().Lookup("output").Hidden = false
	cmd.Flags().Lookup("output").Usage = helpFlagPlanOutput
	return cmd
}

// planOutputs reads the values of -o.
func planOutputs(specs []string) ([]output, error) {
	outs, err := parseOutputs(specs)
	if err != nil {
		return nil, err
	}
	for _, o := range outs {
		if !slices.Contains([]string{"text", "json", "markdown"}, o.format.name) {
			return nil, withHint(fmt.Errorf("a plan is not written as %s", o.format.name), hintPlanFormats)
		}
	}
	return outs, nil
}

// writePlan writes a plan to every output.
func (a *app) writePlan(outs []output, plan *purge.Plan) error {
	for _, o := range outs {
		write := map[string]func(io.Writer) error{"text": plan.Text, "json": plan.JSON, "markdown": func(w io.Writer) error {
			_, err := io.WriteString(w, plan.Markdown(nil))
			return err
		}}[o.format.name]
		var err error
		if o.path == "" {
			err = a.words(write)
		} else {
			err = writeFile(o.path, write)
		}
		if err != nil {
			return &incompleteError{fmt.Errorf("write %s: %w", o.format.name, err)}
		}
	}
	return nil
}

func newRecoverPurge(a *app) *cobra.Command {
	var f purgeFlags
	cmd := &cobra.Command{
		Use: "purge [REPO]", Short: helpRecoverPurgeShort, Long: helpRecoverPurge, Example: exampleRecoverPurge,
		Args: exactly(0, 1, hintPurgeArgs),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !f.yes {
				return withHint(errors.New("nothing was done: a purge needs --yes"), hintPurgeYes)
			}
			return a.withPurge(cmd, &f, args, func(ctx context.Context, plan *purge.Plan, _ *scanner.Report) error {
				return a.purge(ctx, &f, plan)
			})
		},
	}
	f.register(cmd)
	cmd.Flags().BoolVar(&f.yes, "yes", false, helpFlagPurgeYes)
	cmd.Flags().StringVar(&f.work, "work", "", helpFlagPurgeWork)
	cmd.Flags().StringVar(&f.state, "incident", "", helpFlagPurgeState)
	return cmd
}

func (f *purgeFlags) register(cmd *cobra.Command) {
	f.registerAnswering(cmd)
	cmd.Flags().StringVar(&f.remote, "remote", "", helpFlagPurgeRemote)
	f.only.register(cmd, "only", "", helpFlagPurgeOnly)
}

// withPurge scans a repository, makes the plan of its purge and calls do while the repository is open. A terminal that is closed
// ends it as an interruption does, so that what it has made is taken away.
func (a *app) withPurge(
	cmd *cobra.Command, f *purgeFlags, args []string, do func(ctx context.Context, plan *purge.Plan, rep *scanner.Report) error,
) error {
	ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGHUP)
	defer stop()
	cmd.SetContext(ctx)
	path := "."
	if len(args) == 1 {
		path = args[0]
	}
	f.target = path
	p, err := a.prepare(cmd, &f.scanFlags)
	if err != nil {
		return err
	}
	r, err := a.openRepository(path, p, false)
	if err != nil {
		return err
	}
	src := &everyObject{History: source.NewHistory(r, source.HistoryOptions{MaxSize: p.maxSize})}
	err = a.purgeOf(ctx, cmd, f, p, r, src, do)
	return errors.Join(err, src.Close(), r.Close())
}

func (a *app) purgeOf(
	ctx context.Context, cmd *cobra.Command, f *purgeFlags, p *prepared, r *repo.Repository, src *everyObject,
	do func(ctx context.Context, plan *purge.Plan, rep *scanner.Report) error,
) error {
	rep, err := a.scanAs(cmd, "history", p, targetName(f.target), src)
	if err != nil {
		return err
	}
	if err := f.choose(rep); err != nil {
		return err
	}
	loose, err := scanner.New(p.set, scanner.Options{MinConfidence: rules.LowConfidence, IncludeExamples: true})
	if err != nil {
		return err
	}
	remote, err := f.remoteOf(ctx, r, a.env)
	if err != nil {
		return err
	}
	known, err := f.incident()
	if err != nil {
		return err
	}
	wanted := map[string]bool{}
	for i := range rep.Findings {
		if rep.Findings[i].Suppressed == nil {
			wanted[rep.Findings[i].Fingerprint] = true
		}
	}
	found := slices.DeleteFunc(slices.Clone(src.found), func(f scanner.Finding) bool { return !wanted[f.Fingerprint] })
	plan, err := purge.New(ctx, purge.Input{
		Repo: r, Report: rep, Found: found, Texts: recovery.NewSpellings(found), Hide: recovery.NewSpellings(src.found), Env: a.env, Remote: remote, Ask: f.remote != "", Now: a.now(), Incident: known,
		Work: f.work, Only: f.only,
		Search: func(ctx context.Context, data []byte) ([]scanner.Finding, error) {
			res, err := loose.Scan(ctx, oneText(data), nil)
			if err != nil {
				return nil, err
			}
			return res.Findings, ctx.Err()
		},
		Scan: func(ctx context.Context, path string) ([]scanner.Finding, bool, error) {
			return scanAgain(ctx, loose, path, p.maxSize)
		},
	})
	switch {
	case errors.Is(err, purge.ErrNothing):
		a.say(msgError, a.scrub(err.Error()))
		return failOnNew.outcome(rep)
	case err != nil:
		return &incompleteError{err}
	}
	return do(ctx, plan, rep)
}

// purge runs a plan and says what is left to do.
func (a *app) purge(ctx context.Context, f *purgeFlags, plan *purge.Plan) error {
	if blocked := plan.Blocked(); len(blocked) > 0 {
		for _, c := range blocked {
			a.say(msgPurgeBlock, c.Name, a.scrub(c.Detail))
			if c.Run != "" {
				a.say(msgPurgeRun, a.scrub(c.Run))
			}
		}
		return withHint(&incompleteError{errors.New("not done: something stands in the way")}, hintPurgeBlocked)
	}
	dir, err := plan.Folder(f.work)
	if err != nil {
		return withHint(err, hintPurgeWork)
	}
	res, err := plan.Run(ctx, dir, f.state, func(step string) { a.say(msgPurgeStep, a.scrub(step)) })
	if err != nil {
		return withHint(&incompleteError{fmt.Errorf("not done: %w", err)}, hintPurgeBlocked)
	}
	if len(res.Left) > 0 {
		for _, left := range res.Left {
			a.say(msgPurgeLeft, a.scrub(left))
		}
		a.say(msgHint, hintPurgeLeft)
		return &resultError{exitFindings}
	}
	kept := plan.Keep(res)
	if _, err := fmt.Fprint(a.out, plan.Markdown(res)); err != nil || kept != nil {
		return &incompleteError{errors.Join(kept, err)}
	}
	a.say(msgPurgeDone, dir, filepath.Join(dir, purge.NextFile))
	a.say(msgPurgeState, res.Incident, plan.PurgedList())
	return nil
}

// incident reads the file that the incident is kept in: the one named or, if there is one, that of the current folder.
func (f *purgeFlags) incident() (*incident.File, error) {
	path := f.state
	if path == "" {
		path = incident.DefaultName
	}
	known, err := incident.Load(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && f.state == "":
		return nil, nil //nolint:nilnil // a new incident begins, in the folder of the purge
	case errors.Is(err, fs.ErrNotExist):
		if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
			return nil, withHint(fmt.Errorf("there is no folder for %q", path), hintPurgeState)
		}
		known = nil
	case err != nil:
		return nil, withHint(err, hintPurgeState)
	}
	f.state, err = filepath.Abs(path)
	return known, err
}

// choose drops the findings that are not asked for.
func (f *purgeFlags) choose(rep *scanner.Report) error {
	if len(f.only) == 0 {
		return nil
	}
	rep.Findings = slices.DeleteFunc(rep.Findings, func(found scanner.Finding) bool {
		return !slices.ContainsFunc(f.only, func(want string) bool { return want != "" && strings.HasPrefix(found.Fingerprint, want) })
	})
	if len(rep.Findings) == 0 {
		return withHint(errors.New("no finding of the history has such a fingerprint"), hintPurgeArgs)
	}
	return nil
}

// remoteOf is the remote that is meant: the one named, else origin, else the only one.
func (f *purgeFlags) remoteOf(ctx context.Context, r *repo.Repository, env func(string) string) (string, error) {
	all, err := r.Remotes(ctx, env)
	if err != nil {
		return "", err
	}
	var names []string
	for _, one := range all {
		names = append(names, one.Name)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	switch {
	case f.remote != "" && (strings.HasPrefix(f.remote, "-") || !slices.Contains(names, f.remote)):
		return "", withHint(fmt.Errorf("no remote is called %q", f.remote), hintPurgeRemote)
	case f.remote != "":
		return f.remote, nil
	case slices.Contains(names, "origin"):
		return "origin", nil
	case len(names) == 1 && !strings.HasPrefix(names[0], "-"):
		return names[0], nil
	}
	return "", nil
}

// everyObject is a history that keeps what was found in each object, before versions of a file become one finding.
type everyObject struct {
	*source.History
	found []scanner.Finding
}

// Attribute implements [scanner.Attributor].
func (e *everyObject) Attribute(ctx context.Context, rec *scanner.Recorder, found []scanner.Finding) ([]scanner.Finding, error) {
	e.found = slices.Clone(found)
	return e.History.Attribute(ctx, rec, found)
}

// scanAgain searches a repository for all that any rule makes of it.
func scanAgain(ctx context.Context, s *scanner.Scanner, path string, maxSize int64) (found []scanner.Finding, complete bool, err error) {
	r, err := repo.Open(path, repo.Options{MaxObject: maxSize})
	if err != nil {
		return nil, false, err
	}
	src := &everyObject{History: source.NewHistory(r, source.HistoryOptions{MaxSize: maxSize})}
	res, err := s.Scan(ctx, src, nil)
	if err = errors.Join(err, src.Close(), r.Close()); err != nil {
		return nil, false, err
	}
	return append(src.found, res.Findings...), !slices.ContainsFunc(res.Coverage.Skipped, func(s scanner.Skip) bool {
		return s.Unread && s.What != "LFS objects" // a mirror has none of them: they were searched in the clone, and are not rewritten
	}), ctx.Err()
}

// oneText is a [scanner.Source] of one text.
type oneText []byte

// Walk implements [scanner.Source].
func (t oneText) Walk(_ context.Context, _ *scanner.Recorder, visit func(*scanner.Chunk) error) error {
	return visit(&scanner.Chunk{Data: t, Location: scanner.Location{Kind: scanner.KindCommitContent}})
}
