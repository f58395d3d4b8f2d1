package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/skant-dev/skant/internal/incident"
	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/internal/proof"
	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// checkRun is one run of `skant recover check`.
type checkRun struct {
	app   *app
	cmd   *cobra.Command
	flags scanFlags
	// report, file and secrets are paths; clones are those beside the first.
	report, file, secrets string
	clones                list
	remote, submodules    bool
	// tryHooks says that hooks which are not this program's own are run, too, to see what they stop.
	tryHooks bool
	// accept says that the word of a person counts like a proof.
	accept bool

	incident *incident.File
	saved    *scanner.Report
	input    *proof.Input
	set      *rules.Set
	// asking is one of the searches, with which providers are asked afterwards.
	asking *prepared
	// found are the findings of the incident's secrets, with their values.
	found []scanner.Finding
	close []func() error
}

func newRecoverCheck(a *app) *cobra.Command {
	r := &checkRun{app: a}
	cmd := &cobra.Command{
		Use: "check [REPO]", Short: helpCheckShort, Long: helpCheck, Example: exampleCheck, Args: exactly(0, 1, hintCheckArgs),
		RunE: func(cmd *cobra.Command, args []string) error {
			r.cmd = cmd
			return r.all(append(args, ".")[0])
		},
	}
	r.flags.register(cmd)
	r.flags.registerAsking(cmd)
	fs := cmd.Flags()
	fs.BoolVar(&r.flags.enabled, "verify", false, helpFlagCheckVerify)
	fs.StringVar(&r.report, "report", "", helpFlagCheckReport)
	fs.StringVar(&r.file, "incident", incident.DefaultName, helpFlagIncident)
	fs.StringVar(&r.secrets, "secret-file", "", helpFlagCheckSecrets)
	fs.BoolVar(&r.remote, "remote", false, helpFlagCheckRemote)
	fs.BoolVar(&r.submodules, "submodules", false, helpFlagSubmodules)
	fs.BoolVar(&r.tryHooks, "try-hooks", false, helpFlagCheckTry)
	fs.BoolVar(&r.accept, "accept-attested", false, helpFlagCheckAccept)
	r.clones.register(cmd, "clone", "", helpFlagCheckClone)
	for _, name := range append(checkForeign(), "min-confidence", "include-examples") {
		cmd.Flags().Lookup(name).Hidden = true
	}
	cmd.PreRunE = func(cmd *cobra.Command, _ []string) error {
		for _, name := range checkForeign() { // without configuration, what it hides would not be seen
			if cmd.Flags().Changed(name) {
				return withHint(fmt.Errorf("--%s has no meaning here", name), fmt.Sprintf(hintFlags, cmd.CommandPath()))
			}
		}
		return nil
	}
	return cmd
}

// checkForeign are flags of a search that a check does not have.
func checkForeign() []string {
	return []string{"show-secrets", "show-suppressed", "no-config", "strict-allow"}
}

// all is the whole command.
func (r *checkRun) all(first string) (err error) {
	outs, err := checkOutputs(r.flags.outputs)
	if err != nil {
		return err
	}
	// Whoever proves that a secret is gone must not pass over it.
	for name, value := range map[string]string{"min-confidence": "low", "include-examples": "true"} {
		if err := r.cmd.Flags().Set(name, value); err != nil {
			return err
		}
	}
	r.flags.noCache = true // what an earlier run knows to be clean proves nothing
	if err := r.open(); err != nil {
		return err
	}
	defer func() {
		for _, done := range slices.Backward(r.close) {
			err = errors.Join(err, done())
		}
	}()
	r.input = &proof.Input{
		File: r.incident, AskRemotes: r.remote, Words: map[string]proof.Word{}, Incident: r.file, Repeat: r.repeat(), Now: r.app.now(),
	}
	var facts []*proof.Facts
	for _, path := range distinctPaths(append([]string{first}, r.clones...)) {
		clone, err := r.clone(path)
		if err != nil {
			return err
		}
		r.input.Clones = append(r.input.Clones, clone)
		facts = append(facts, proof.Look(r.cmd.Context(), clone, r.incident))
	}
	r.input.Scrub = r.asking.scanner.Scrub
	if err := r.readSecrets(); err != nil {
		return err
	}
	r.input.Fingerprint, r.input.KeyHolds, r.input.Searched = r.asking.scanner.Fingerprint, len(r.found) > 0, r.searched
	r.remotes()
	if err := r.ask(); err != nil {
		return err
	}
	if err := r.cmd.Context().Err(); err != nil { // half a check proves nothing
		return &incompleteError{err}
	}
	return r.finish(proof.New(r.input, facts), outs)
}

// open reads the file of the incident, or begins one with a report.
func (r *checkRun) open() error {
	var err error
	if r.report != "" {
		if r.saved, err = r.app.readReport(r.report); err != nil {
			return withHint(fmt.Errorf("read report %q: %w", r.report, err), hintReportFile)
		}
		conceal(r.saved)
	}
	r.incident, err = incident.Load(r.file)
	switch {
	case errors.Is(err, fs.ErrNotExist) && r.saved != nil:
		r.incident = incident.New(r.saved, r.app.now())
	case errors.Is(err, fs.ErrNotExist):
		return withHint(err, hintCheckIncident)
	case err != nil:
		return withHint(err, hintCheckFile)
	case r.saved != nil:
		r.incident.Merge(r.saved)
	}
	r.addCommits(r.saved)
	if len(r.incident.Secrets) == 0 {
		return withHint(errors.New("the incident has no secret"), hintCheckIncident)
	}
	return r.app.wordsHold(r.cmd.Context(), r.incident)
}

// addCommits has the incident know the commits that brought a secret: refs of a remote are followed to them.
func (r *checkRun) addCommits(rep *scanner.Report) {
	if rep == nil {
		return
	}
	var all []incident.Object
	for i := range rep.Findings {
		f := &rep.Findings[i]
		if s := r.incident.Secret(f.Fingerprint); s != nil && f.Location.Commit != nil && f.Location.Submodule == "" &&
			f.Location.Commit.ID != f.Location.Object {
			all = append(all, incident.Object{ID: f.Location.Commit.ID, Type: "commit", Secrets: []int{s.Number}})
		}
	}
	r.incident.AddObjects(all)
}

// finish keeps the claims in the file of the incident and writes them.
func (r *checkRun) finish(result *proof.Result, outs []output) error {
	r.incident.Proofs = result.Proofs()
	for fingerprint, word := range r.input.Words {
		if s := r.incident.Secret(fingerprint); s != nil && !word.At.IsZero() {
			if s.VerifiedAt.After(word.At) { // a word of a day that has not come yet would be the last one for ever
				s.Verdict = scanner.NotAsked
			}
			r.incident.Heard(s, word.Verdict, word.At)
		}
	}
	saved := r.incident.Write(r.file)
	for _, o := range outs {
		write := map[string]func(io.Writer) error{"text": result.Text, "json": result.JSON, "markdown": result.Markdown}[o.format.name]
		var err error
		if o.path == "" {
			err = r.app.words(write)
		} else {
			err = writeFile(o.path, write)
		}
		if err != nil {
			return &incompleteError{fmt.Errorf("write %s: %w", o.format.name, err)}
		}
	}
	if saved != nil {
		return &incompleteError{saved}
	}
	return r.outcome(result)
}

// outcome is the status that stands for a result, with a last line about what rests on the word of a person.
func (r *checkRun) outcome(result *proof.Result) error {
	accepted := result.State == incident.Attested && r.accept
	if words := result.Rests(); words != "" && (r.accept || result.State != incident.Attested) {
		r.app.say(msgCheckRests, words)
	} else if words != "" {
		r.app.say(msgCheckRestsNot, words)
	}
	switch {
	case result.State == incident.Proven || accepted:
		return nil
	case result.State == incident.Open:
		return &resultError{exitFindings}
	default:
		return &resultError{exitIncomplete}
	}
}

// checkOutputs reads the values of -o.
func checkOutputs(specs []string) ([]output, error) {
	outs, err := parseOutputs(specs)
	if err != nil {
		return nil, err
	}
	for _, o := range outs {
		if !slices.Contains([]string{"text", "json", "markdown"}, o.format.name) {
			return nil, withHint(fmt.Errorf("a check is not written as %s", o.format.name), hintCheckFormats)
		}
	}
	return outs, nil
}

// distinctPaths drops paths that are given twice.
func distinctPaths(paths []string) []string {
	var all []string
	for _, p := range paths {
		if p = strings.TrimSpace(p); p != "" && !slices.Contains(all, p) {
			all = append(all, p)
		}
	}
	return all
}

// remotes asks the remotes of the clones, each place once, and looks at those on this machine.
func (r *checkRun) remotes() {
	ctx := r.cmd.Context()
	var known []*repo.Asker
	for _, clone := range slices.Clone(r.input.Clones) {
		all, err := clone.Repo.Remotes(ctx, r.app.env)
		if err != nil {
			r.input.Remotes = append(r.input.Remotes, &proof.RemoteAnswer{Name: "a remote of " + clone.Path, Err: err})
		}
		for _, remote := range all {
			asker, err := repo.NewAsker(ctx, clone.Repo, remote, repo.AskOptions{Env: r.app.env, Timeout: cmp.Or(r.flags.timeout, askTime)})
			if err != nil {
				r.input.Remotes = append(r.input.Remotes, &proof.RemoteAnswer{Name: remote.Name, Address: remote.Address, From: clone.Path, Err: err})
				continue
			}
			if !slices.ContainsFunc(known, asker.Same) {
				known = append(known, asker)
				if asker.Path != "" {
					r.host(asker.Path)
				}
				if r.remote {
					answer := proof.AskRemote(ctx, asker, r.incident)
					answer.From = clone.Path
					r.input.Remotes = append(r.input.Remotes, answer)
				}
			}
			if err := asker.Close(); err != nil { // what was fetched is still there
				r.close = append(r.close, func() error { return err })
			}
		}
	}
}

// searched reports whether a clone that was searched has an object.
func (r *checkRun) searched(hex string) bool {
	id, err := pack.ParseID(hex)
	return err == nil && slices.ContainsFunc(r.input.Clones, func(c *proof.Clone) bool {
		store, err := c.Repo.Objects()
		return err == nil && c.Report != nil && store.Has(id)
	})
}

// askTime is how long asking one remote may take, whose whole history is fetched.
const askTime = 10 * time.Minute
