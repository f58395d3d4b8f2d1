package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/skant-dev/skant/internal/config"
	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/internal/suppress"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// prepared is a scan that is ready to run: flags checked, rules loaded.
type prepared struct {
	flags   *scanFlags
	outs    []output
	set     *rules.Set
	scanner *scanner.Scanner
	maxSize int64
	conf    *config.Effective
	// options are those that scanner was made with, and guard is what may not come back.
	options scanner.Options
	guard   guard

	// policy is where the files that say what does not count are read. Its zero value is decided on when the source is opened.
	// base is the state before the change that is checked; its zero value where that is not known.
	policy, base policyFiles
	// repo is the repository that is searched, while it is open; nil if none is.
	repo *repo.Repository
	// root is the folder that the paths of findings begin at, where no repository says it; empty if that is not known.
	root string
	// inTop turns paths of findings into those of the policy; nil if they are that.
	inTop func(path string) string
	// silence is what does not count, and outcome what came of it.
	silence *suppress.Policy
	outcome suppress.Outcome
}

// prepare checks the flags that all scanning commands share, before anything is opened.
func (a *app) prepare(cmd *cobra.Command, f *scanFlags) (*prepared, error) {
	p := &prepared{flags: f, policy: f.policy}
	policy, done := f.policy, nothingToClose
	var err error
	if policy.read == nil {
		if policy, done, err = a.policyAt(f.target); err != nil {
			return nil, err
		}
	}
	if p.conf, err = a.settings(cmd, f, policy); err != nil {
		return nil, errors.Join(err, done())
	}
	if err := done(); err != nil {
		return nil, err
	}
	if policy.lost != nil {
		p.policy = policy
	}
	if p.outs, err = parseOutputs(f.outputs); err != nil {
		return nil, err
	}
	if p.maxSize, err = f.bytes(); err != nil {
		return nil, err
	}
	if err := a.streams(f, p.outs); err != nil {
		return nil, err
	}
	opt, err := f.options(a, p.outs)
	if err != nil {
		return nil, err
	}
	if p.set, err = f.ruleSet(cmd); err != nil {
		return nil, err
	}
	if err = f.checkVerify(); err != nil {
		return nil, err
	}
	if p.silence, err = a.loadPolicy(f); err != nil {
		return nil, err
	}
	opt.Allow, opt.Purged, opt.Further = p.silence.Allow, p.guard.secret, p.guard.Found
	opt.Found = p.told()
	p.options = opt
	p.scanner, err = scanner.New(p.set, opt)
	return p, err
}

// scan searches a source and makes a report of it.
func (a *app) scan(cmd *cobra.Command, p *prepared, target string, src scanner.Source) (*scanner.Report, error) {
	return a.scanAs(cmd, cmd.Name(), p, target, src)
}

// scanAs is scan with the name of the command that the report is said to be made by.
func (a *app) scanAs(cmd *cobra.Command, name string, p *prepared, target string, src scanner.Source) (*scanner.Report, error) {
	ctx := cmd.Context()
	if p.flags.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, p.flags.timeout)
		defer cancel()
	}
	rep := &scanner.Report{
		SchemaVersion: scanner.SchemaVersion, Tool: tool(), Target: p.scanner.Scrub(target), Command: name,
		StartedAt: a.now().UTC(),
	}
	rec := &scanner.Recorder{}
	if lost := p.flags.confFrom.lost; lost != nil && !p.flags.noConfig {
		rec.Unread("policy files", p.scanner.Scrub(lost.Error()), config.Name)
	}
	stop := a.watch(rec, p.flags.still() || a.onScreen(p.outs))
	if err := p.guard.reach(ctx, rec); err != nil {
		return nil, err
	}
	written := p.startStreams()
	res, err := p.scanner.Scan(ctx, src, rec)
	if err == nil {
		err = p.guard.again(ctx, src, res)
	}
	written()
	stop()
	if err != nil {
		return nil, err
	}
	rep.Coverage, rep.Findings, rep.Hidden = res.Coverage, res.Findings, res.Hidden
	rep.Coverage.Policy = p.flags.policyOf(p.scanner.Scrub)
	a.nameCheckout(ctx, name, p, rep)
	a.hashLines(name, p, rep)
	if err := a.applyPolicy(p, rep); err != nil {
		return rep, err
	}
	return rep, a.verify(ctx, cmd, p, rep)
}

// finish is the end of every scanning command: outputs, the summary, the exit code.
func (a *app) finish(cmd *cobra.Command, p *prepared, rep *scanner.Report) error {
	set := p.set
	if len(rep.Findings) > 0 { // nothing is said about rules otherwise, and reading their texts takes a while
		var err error
		if set, err = p.flags.rulesOf(cmd, rep); err != nil {
			return err
		}
	}
	p.flags.layOut(p.outs, p.rootOf())
	if err := a.write(p.outs, rep, set); err != nil {
		return err
	}
	a.sum(report.Summary(rep), p.flags.plain)
	if rep.Hidden > 0 {
		a.sum(fmt.Sprintf(msgHidden, report.Number(int64(rep.Hidden), "more finding"), p.flags.minConfidence), p.flags.plain)
	}
	a.sayOutcome(p)
	a.sayWeaker(p.conf)
	return a.outcome(p.flags, rep)
}

// run is a whole scanning command: prepare, build the source, scan, finish.
func (a *app) run(cmd *cobra.Command, f *scanFlags, target string, build func(p *prepared) (scanner.Source, func() error, error)) error {
	p, err := a.prepare(cmd, f)
	if err != nil {
		return err
	}
	src, closeSource, err := build(p)
	if err != nil {
		return err
	}
	rep, err := a.scan(cmd, p, target, src)
	err = errors.Join(err, closeSource())
	if err != nil {
		return err
	}
	return a.finish(cmd, p, rep)
}

func nothingToClose() error { return nil }
