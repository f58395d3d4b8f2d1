package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/skant-dev/skant/internal/ci"
	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/internal/source"
	"github.com/skant-dev/skant/scanner"
)

// ciFlags are the flags of `skant ci` alone.
type ciFlags struct {
	ci.Override
	scope            string
	deepen, noDeepen bool
	path             string
}

func newCI(a *app) *cobra.Command {
	var f scanFlags
	var c ciFlags
	cmd := &cobra.Command{
		Use: "ci", Short: helpCIShort, Long: helpCI, Example: exampleCI, Args: exactly(0, 0, hintCIEvent),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.ci(cmd, &f, &c) },
	}
	f.register(cmd)
	f.registerVerify(cmd)
	f.registerCache(cmd)
	registerFailOn(cmd)
	f.registerLineHash(cmd)
	f.registerPlain(cmd)
	fs := cmd.Flags()
	fs.StringVar(&c.Event, "event", "auto", helpFlagCIEvent)
	fs.StringVar(&c.Base, "base", "", helpFlagCIBase)
	fs.StringVar(&c.Head, "head", "", helpFlagCIHead)
	fs.StringVar(&c.scope, "scope", "auto", helpFlagCIScope)
	fs.BoolVar(&c.deepen, "deepen", false, helpFlagCIDeepen)
	fs.BoolVar(&c.noDeepen, "no-deepen", false, helpFlagCINoDeepen)
	fs.StringVarP(&c.path, "repo", "C", ".", helpFlagRepo)
	completeWords(cmd, "event", ci.Events()...)
	completeWords(cmd, "scope", ciScopes()...)
	return cmd
}

func ciScopes() []string { return []string{"auto", "range", "tree", "history"} }

// check looks at the flags. An empty value is that of a flag that was not given: an action cannot leave one out.
func (c *ciFlags) check(cmd *cobra.Command) error {
	if c.Event == "" {
		c.Event = "auto"
	}
	if c.scope == "" {
		c.scope = "auto"
	}
	if flag := cmd.Flags().Lookup("fail-on"); flag.Changed && flag.Value.String() == "" {
		flag.Changed = false
		if err := flag.Value.Set(flag.DefValue); err != nil {
			return err
		}
	}
	switch {
	case !slices.Contains(ci.Events(), c.Event):
		return withHint(fmt.Errorf("unknown event %q for --event", c.Event), hintCIEvent)
	case !slices.Contains(ciScopes(), c.scope):
		return withHint(fmt.Errorf("unknown scope %q for --scope", c.scope), hintCIScope)
	case c.deepen && c.noDeepen:
		return withHint(errors.New("--deepen and --no-deepen contradict each other"), hintCIDeepen)
	default:
		return nil
	}
}

// ci is the whole command: plan, find the commits, take the policy from where it can be trusted, search, report.
func (a *app) ci(cmd *cobra.Command, f *scanFlags, c *ciFlags) error {
	if err := c.check(cmd); err != nil {
		return err
	}
	plan, err := ci.Choose(c.Override, a.env, readEvent)
	if err != nil {
		return withHint(err, hintCIEvent)
	}
	a.sayPlan(plan)
	scope := c.scope
	if scope == "auto" {
		scope = map[ci.Scan]string{ci.History: "history"}[plan.Scan]
		if scope == "" {
			scope = "range"
		}
	}
	run := &ciRun{app: a, cmd: cmd, flags: f, plan: plan, scope: scope, path: c.path}
	if scope == "range" && plan.Scan == ci.History {
		return withHint(errors.New("this event brings no range of commits"), hintCIScopeRange)
	}
	r, err := a.openRepository(c.path, &prepared{}, true)
	if err != nil {
		return err
	}
	run.commits = &ciCommits{app: a, plan: plan, repo: r, deepen: c.deepen || !c.noDeepen && ci.InCI(a.env), bound: f.timeout}
	err = run.all()
	return errors.Join(err, run.commits.repo.Close())
}

// readEvent reads the file of an event, which is small.
func readEvent(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, ci.MaxEvent+1)) // more than that is refused by whoever reads it
	return data, errors.Join(err, f.Close())
}

// sayPlan tells what will be searched, and why.
func (a *app) sayPlan(plan ci.Plan) {
	event := plan.Event
	if event == "" {
		event = "no event"
	}
	a.say(msgCIPlan, plan.Provider.Title(), event, a.scrub(lines(plan.Why)))
	a.notes = append(a.notes, fmt.Sprintf("%s, %s: %s", plan.Provider.Title(), event, a.scrub(plan.Why)))
	if plan.Warning != "" {
		a.ciNote(plan.Warning)
	}
}

// ciNote says something about the run, which the summary of the step repeats. It may quote what comes from a repository.
func (a *app) ciNote(text string) {
	text = a.scrub(lines(text))
	a.say(msgCINote, text)
	a.notes = append(a.notes, text)
}

// ciRun is one run of `skant ci`.
type ciRun struct {
	app     *app
	cmd     *cobra.Command
	flags   *scanFlags
	plan    ci.Plan
	scope   string
	path    string
	commits *ciCommits
	// lost says that the commits of a range could not be found.
	lost bool
}

func (r *ciRun) all() error {
	if r.plan.Scan == ci.Nothing && r.scope == "range" {
		return r.nothing()
	}
	ctx := r.cmd.Context()
	if r.plan.Scan == ci.Range && (r.scope == "range" || r.plan.Change) {
		if err := r.commits.settle(ctx); err != nil {
			return r.unknown(err)
		}
	}
	if r.scope == "history" {
		r.unshallow()
	}
	for _, n := range r.commits.notes {
		r.app.ciNote(n)
	}
	p, err := r.prepare()
	if errors.Is(err, pack.ErrNotFound) { // a partial clone without the trees of the base
		return r.unknown(&incompleteError{err})
	}
	if err != nil {
		return err
	}
	r.additionNotes(p)
	// The base of a merge request may be from before the purge: where the histories fork.
	tracked, err := fetched(r.commits.repo)
	if err == nil {
		err = r.app.useGuard(p, r.commits.repo, slices.Concat(r.commits.spec.Bases, tracked))
	}
	if err != nil {
		return r.unknown(err)
	}
	if r.scope != "range" && !p.guard.list.Empty() {
		if err := p.guard.everything(r.commits.repo); err != nil {
			return err
		}
	}
	p.repo = r.commits.repo
	src, closeSource, err := r.source(p)
	if err != nil {
		return err
	}
	name := r.cmd.Name()
	switch {
	case r.scope == "history": // what has to do with everything that there is, as with that command
		name = "history"
	case r.scope == "tree" && !r.plan.Change:
		name = "scan"
	}
	rep, err := r.app.scanAs(r.cmd, name, p, targetName(r.path), src)
	if err = errors.Join(err, closeSource()); err != nil {
		return err
	}
	return r.finish(p, rep)
}

// unshallow completes the clone for a scan of everything. If that fails the scan says what is missing.
func (r *ciRun) unshallow() {
	c := r.commits
	if !c.shallow() {
		return
	}
	if !c.deepen {
		r.app.ciNote(noteCIShallow)
		return
	}
	ctx := r.cmd.Context()
	fetcher, err := c.remote(ctx)
	if err == nil {
		err = fetcher.Whole(ctx, repo.RangeSpec{})
		c.repo = fetcher.Repository()
	}
	if err != nil {
		r.app.ciNote(fmt.Sprintf(noteCINotDeepened, err))
	}
}

// source builds what is searched.
func (r *ciRun) source(p *prepared) (scanner.Source, func() error, error) {
	switch r.scope {
	case "history":
		return r.app.historySource(r.path, p, false)
	case "tree":
		return r.treeSource(p)
	}
	c := r.commits
	head := c.plan.Head.String()
	if len(c.spec.Bases) > 0 {
		r.app.say(msgCIRange, r.app.scrub(lines(head)), c.spec.Bases[0].String()[:12])
	} else {
		r.app.say(msgCITip, r.app.scrub(lines(head)))
	}
	c.repo.KeepApart(p.leavesIgnored())
	diff := source.NewCommits(c.repo, c.spec, source.DiffOptions{MaxSize: p.maxSize, Guard: &p.guard.Guard})
	if !c.tag.IsZero() {
		return source.NewTagged(diff, c.tag), nothingToClose, nil
	}
	return diff, nothingToClose, nil
}

// treeSource reads the files of the checkout. What a pull request says to leave out is read all the same.
func (r *ciRun) treeSource(p *prepared) (scanner.Source, func() error, error) {
	top := r.commits.repo.WorkTree()
	here, err := os.Stat(r.path)
	if err != nil {
		return nil, nil, withHint(err, hintScanPath)
	}
	if at, err := os.Stat(top); err != nil || !os.SameFile(here, at) {
		return nil, nil, withHint(errors.New("this is not the top folder of a work tree"), hintCITop)
	}
	src, err := source.NewFiles([]string{r.path}, source.FilesOptions{MaxSize: p.maxSize, NoPolicy: r.plan.Change || r.flags.noConfig, Tracked: trackedFiles})
	if err != nil {
		return nil, nil, withHint(err, hintScanPath)
	}
	return src, nothingToClose, nil
}

// finish reports, and says what would have the whole history cloned where that is what was missing.
func (r *ciRun) finish(p *prepared, rep *scanner.Report) error {
	r.inlineNotes(rep)
	if c := &rep.Coverage; c.Complete && c.Commits == 0 && r.scope == "range" && len(r.commits.spec.Bases) > 0 {
		r.app.ciNote(noteCIEmpty)
	}
	err := r.app.finish(r.cmd, p, rep)
	if outErr := r.app.gitHubOutput(p.outs, r.scope, rep); outErr != nil {
		r.app.say(msgError, r.app.scrub(lines(fmt.Sprintf("write GITHUB_OUTPUT: %v", outErr))))
		if err == nil {
			err = &resultError{exitIncomplete}
		}
	}
	if !rep.Coverage.Complete && (r.lost || r.commits.short()) {
		r.app.say(msgHint, fmt.Sprintf(hintCIClone, r.plan.Provider.FullClone()))
	}
	return err
}

// nothing ends a run that has nothing to search, with reports that say so.
func (r *ciRun) nothing() error {
	r.app.say(msgCINothing)
	return r.empty(&scanner.Recorder{})
}

// unknown ends a run of which it is not known what to search: incomplete, with reports that say so. What the user named wrongly is an
// error without any.
func (r *ciRun) unknown(err error) error {
	var incomplete *incompleteError
	if !errors.As(err, &incomplete) {
		return err
	}
	r.commits.base = pack.ID{}
	text := r.app.scrub(strings.ReplaceAll(lines(err.Error()), "\n", "; "))
	r.lost = true
	rec := &scanner.Recorder{}
	rec.Unread("commits", text, "")
	return r.empty(rec)
}

// empty writes the reports of a run that read nothing.
func (r *ciRun) empty(rec *scanner.Recorder) error {
	p, err := r.prepare()
	if err != nil {
		return err
	}
	rep := &scanner.Report{
		SchemaVersion: scanner.SchemaVersion, Tool: tool(), Target: p.scanner.Scrub(targetName(r.path)), Command: r.cmd.Name(),
		StartedAt: r.app.now().UTC(), Coverage: rec.Coverage(), Findings: []scanner.Finding{},
	}
	return r.finish(p, rep)
}

// prepare reads the policy: that of the base for a pull request, else that of the work tree or, without one, of HEAD.
func (r *ciRun) prepare() (*prepared, error) {
	c := r.commits
	var base policyFiles
	switch {
	case r.plan.Change && !c.base.IsZero():
		base = commitPolicy(c.repo, c.base)
		r.flags.policy = base
		if !r.flags.noConfig {
			r.app.say(msgCIPolicy, base.origin)
		}
	case r.plan.Change: // nothing is searched without a base
		r.flags.policy = noPolicy()
	case !c.repo.Bare():
		r.flags.policy = worktreePolicy(c.repo.WorkTree())
	default:
		r.flags.policy = headPolicy(c.repo)
	}
	p, err := r.app.prepare(r.cmd, r.flags)
	if err != nil {
		return nil, err
	}
	p.base = base
	if len(r.flags.outputs) == 0 && r.plan.Provider == ci.GitHub {
		if p.outs, err = parseOutputs([]string{"text", formatGitHub}); err != nil {
			return nil, err
		}
	}
	if _, err := parseFailOn(r.flags.conf.FailOn.Is); err != nil {
		return nil, err
	}
	return p, nil
}
