package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/skant-dev/skant/internal/hunt"
	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/internal/source"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// huntRun is one run of `skant hunt`.
type huntRun struct {
	app              *app
	flags            scanFlags
	file             string
	hints            list
	null, submodules bool
	hunt             *hunt.Hunt
	scanner          *scanner.Scanner
	rec              *scanner.Recorder
	maxSize          int64
	findings         []scanner.Finding
	// args are the places to search, seen the stores that were, and searched says what that came to.
	args     []string
	seen     map[string]bool
	searched []string
}

func newHunt(a *app) *cobra.Command {
	r := &huntRun{app: a, rec: &scanner.Recorder{}}
	cmd := &cobra.Command{
		Use: "hunt [PATH|REPO...]", Short: helpHuntShort, Long: helpHunt, Example: exampleHunt,
		RunE: func(cmd *cobra.Command, args []string) error { return r.all(cmd, args) },
	}
	fs := cmd.Flags()
	r.flags.outputs.register(cmd, "output", "o", helpFlagOutput)
	completeWords(cmd, "output", formatNames()...)
	fs.StringVar(&r.file, "secret-file", "", helpFlagHuntFile)
	r.hints.register(cmd, "hint", "", helpFlagHuntHint)
	fs.BoolVarP(&r.null, "null", "z", false, helpFlagHuntNull)
	fs.BoolVar(&r.submodules, "submodules", false, helpFlagSubmodules)
	fs.StringVar(&r.flags.maxSize, "max-size", "4GiB", helpFlagMaxSize)
	fs.DurationVar(&r.flags.timeout, "timeout", 0, helpFlagTimeout)
	fs.BoolVar(&r.flags.noProgress, "no-progress", false, helpFlagNoProgress)
	r.flags.registerPlain(cmd)
	return cmd
}

// all is the whole command: read the secrets, search each place, report.
func (r *huntRun) all(cmd *cobra.Command, args []string) error {
	outs, err := parseOutputs(r.flags.outputs)
	if err != nil {
		return err
	}
	if r.maxSize, err = r.flags.bytes(); err != nil {
		return err
	}
	for _, arg := range args {
		if arg == "-" {
			return withHint(errors.New("unexpected argument \"-\""), hintHuntStdin)
		}
	}
	ctx := cmd.Context()
	if r.flags.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, r.flags.timeout)
		defer cancel()
	}
	if err := r.prepare(ctx); err != nil {
		return err
	}
	rep := &scanner.Report{
		SchemaVersion: scanner.SchemaVersion, Tool: tool(), Target: r.target(args), Command: cmd.Name(), StartedAt: r.app.now().UTC(),
	}
	stop := r.app.watch(r.rec, r.flags.still())
	err = r.search(ctx, args)
	stop()
	if err != nil {
		return r.hidden(err)
	}
	rep.Findings, rep.Coverage = r.findings, r.coverage()
	r.flags.layOut(outs, "")
	if err := r.app.write(outs, rep, r.hunt.Report()); err != nil {
		return err
	}
	// "No secrets" would say more than that these are not there.
	r.app.sum(strings.TrimPrefix(report.Summary(rep), "no secrets; "), r.flags.plain)
	r.tell(rep)
	return failOnNew.outcome(rep)
}

// hidden is an error without what it may quote of a secret: somebody may have named one as a path.
func (r *huntRun) hidden(err error) error {
	clean := errors.New(r.hunt.Scrub(err.Error()))
	var incomplete *incompleteError
	var hint *hintError
	switch {
	case errors.As(err, &incomplete):
		return &incompleteError{clean}
	case errors.As(err, &hint):
		return withHint(clean, hint.hint)
	default:
		return clean
	}
}

// prepare reads what is looked for.
func (r *huntRun) prepare(ctx context.Context) error {
	var hints []hunt.Hint
	for i, text := range r.hints {
		h, err := hunt.ParseHint(text)
		if err != nil {
			return withHint(fmt.Errorf("--hint number %d: %w", i+1, err), hintHuntHint)
		}
		hints = append(hints, h)
	}
	text, err := r.read(ctx, len(hints) > 0)
	defer clear(text)
	if err != nil {
		return err
	}
	known, err := hunt.Read(text, r.null)
	if err != nil {
		return withHint(err, hintHuntSecret)
	}
	if r.hunt, err = hunt.New(known, hints); err != nil {
		return withHint(err, hintHuntInput)
	}
	opt := scanner.Options{Now: r.app.now(), Veil: rules.Builtin, Known: r.hunt}
	if key := r.app.env("SKANT_FINGERPRINT_KEY"); key != "" {
		opt.FingerprintKey = []byte(key)
	}
	r.scanner, err = scanner.New(r.hunt.Rules(), opt)
	return err
}

// read returns the text of the secrets, which are in the file that was named or on standard input. With hints there need not be any.
func (r *huntRun) read(ctx context.Context, hinted bool) ([]byte, error) {
	switch {
	case r.file != "" && r.file != "-":
		text, err := hunt.ReadFile(ctx, r.file)
		if err != nil && ctx.Err() != nil {
			return nil, &incompleteError{fmt.Errorf("wait for secrets from the file of --secret-file: %w", ctx.Err())}
		}
		if err != nil {
			return nil, withHint(fmt.Errorf("read secrets from the file of --secret-file: %w", err), hintHuntFile)
		}
		return text, nil
	case r.file == "" && hinted:
		return nil, nil
	}
	if _, ok := r.app.terminal(r.app.in); ok {
		return r.app.readSecret(ctx)
	}
	var text []byte
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		text, err = hunt.ReadFrom(r.app.in)
	}()
	select {
	case <-ctx.Done(): // the program ends while somebody still waits for a line
		return nil, &incompleteError{fmt.Errorf("wait for secrets on standard input: %w", ctx.Err())}
	case <-done:
	}
	if err != nil {
		return nil, withHint(fmt.Errorf("read standard input: %w", err), hintHuntSecret)
	}
	return text, nil
}

// search searches each of the places, or the repository or folder here.
func (r *huntRun) search(ctx context.Context, args []string) error {
	here := len(args) == 0
	if here {
		args = []string{"."}
	}
	r.args, r.seen = args, map[string]bool{}
	// What is wrong with a name is said before anything is searched.
	for _, path := range args {
		if _, err := os.Lstat(path); err != nil {
			return withHint(fmt.Errorf("no repository, folder or file %q", path), hintHuntPath)
		}
	}
	for _, path := range args {
		if err := r.place(ctx, path, here); err != nil {
			return err
		}
	}
	return nil
}

// place searches a repository with its history and its work tree, or a folder or file, with the repositories in it. With around it
// may be a folder in a repository, which then is searched.
func (r *huntRun) place(ctx context.Context, path string, around bool) error {
	re, err := repo.Open(path, repo.Options{MaxObject: r.maxSize, Leftovers: true})
	var none *repo.NotRepositoryError
	if errors.As(err, &none) {
		r.searched = append(r.searched, fmt.Sprintf(msgHuntFiles, r.clean(path)))
		return r.files(ctx, path, path)
	}
	if err != nil {
		r.rec.Unread("repositories", err.Error(), path)
		return nil
	}
	if !around && !isTop(re, path) {
		r.app.say(msgHuntFolder, r.clean(path), r.clean(re.WorkTree()))
		r.searched = append(r.searched, fmt.Sprintf(msgHuntFiles, r.clean(path)))
		return errors.Join(r.files(ctx, path, path), re.Close())
	}
	err = r.history(ctx, re, path)
	top := re.WorkTree()
	if err != nil || re.Bare() || top == "" {
		r.searched = append(r.searched, fmt.Sprintf(msgHuntHistory, r.clean(path)))
		return errors.Join(err, re.Close())
	}
	r.searched = append(r.searched, fmt.Sprintf(msgHuntBoth, r.clean(top)))
	err = r.files(ctx, top, path)
	return errors.Join(err, re.Close())
}

// history searches the store of a repository, once.
func (r *huntRun) history(ctx context.Context, re *repo.Repository, name string) error {
	if r.seen[re.CommonDir()] {
		return nil
	}
	r.seen[re.CommonDir()] = true
	store, err := re.Objects()
	if err != nil {
		r.rec.Unread("repositories", "open object store: "+err.Error(), name)
		return nil
	}
	r.app.tidy(store.Count() + store.EstimateLoose())
	h := source.NewHistory(re, source.HistoryOptions{MaxSize: r.maxSize, Submodules: r.submodules})
	return errors.Join(r.scan(ctx, h, name), h.Close())
}

// inside searches the histories of the repositories below a folder, bare ones among them.
func (r *huntRun) inside(ctx context.Context, folder string) error {
	return filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			r.rec.Unread("repositories", "the search was stopped before they were looked for", folder)
			return fs.SkipAll
		case err != nil:
			return nil //nolint:nilerr // and it says what it cannot read
		case d.Name() == ".git" && path != folder:
			path = filepath.Dir(path)
		case !d.IsDir() || !bareLike(path):
			return nil
		}
		re, err := repo.Open(path, repo.Options{MaxObject: r.maxSize, Leftovers: true})
		if err != nil {
			r.rec.Unread("repositories", err.Error(), path)
			return skipFolder(d)
		}
		if !isTop(re, path) { // git would take the one around it
			r.rec.Unread("repositories", notWholeReason, path)
			if err := re.Close(); err != nil {
				return err
			}
			return skipFolder(d)
		}
		if err := errors.Join(r.history(ctx, re, path), re.Close()); err != nil {
			return err
		}
		return skipFolder(d)
	})
}

// skipFolder has a walk go on behind an entry.
func skipFolder(d fs.DirEntry) error {
	if d.IsDir() {
		return fs.SkipDir
	}
	return nil
}

const notWholeReason = "it is like a git directory, but not a whole one: what is in its objects was not read"

// bareLike reports whether a folder is a git directory, or what is left of one: a copy may lack what git would know it by.
func bareLike(path string) bool {
	is := func(name string, dir bool) bool {
		info, err := os.Lstat(filepath.Join(path, name))
		return err == nil && info.IsDir() == dir
	}
	if !is("objects", true) {
		return false
	}
	if is("HEAD", false) || is("refs", true) || is("packed-refs", false) {
		return true
	}
	entries, err := os.ReadDir(filepath.Join(path, "objects", "pack"))
	return err == nil && slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return strings.HasSuffix(e.Name(), ".pack") })
}

// isTop reports whether a path is the top of a repository: of its work tree, or its git directory.
func isTop(re *repo.Repository, path string) bool {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return false
	}
	for _, top := range []string{re.WorkTree(), re.GitDir(), re.CommonDir()} {
		if other, err := os.Stat(top); top != "" && err == nil && os.SameFile(info, other) {
			return true
		}
	}
	return false
}

// files searches everything below a path, what is ignored among it, and the repositories there. name is how the place was called.
func (r *huntRun) files(ctx context.Context, path, name string) error {
	src, err := source.NewFiles([]string{path}, source.FilesOptions{MaxSize: r.maxSize, NoIgnore: true, NoPolicy: true})
	if err != nil {
		return withHint(err, hintHuntPath)
	}
	if err := r.scan(ctx, src, name); err != nil {
		return err
	}
	return r.inside(ctx, path)
}

// scan searches one source.
func (r *huntRun) scan(ctx context.Context, src scanner.Source, name string) error {
	res, err := r.scanner.Scan(ctx, src, r.rec)
	if err != nil {
		return err
	}
	r.hunt.Settle(r.scanner, res.Findings)
	if !r.only(name) {
		for i := range res.Findings {
			res.Findings[i].Facts["in"] = r.clean(name)
		}
	}
	r.findings = append(r.findings, res.Findings...)
	return nil
}

// only reports whether a name is that of all that is searched.
func (r *huntRun) only(name string) bool { return len(r.args) == 1 && r.args[0] == name }

// coverage is what was read of all places. That git's own folders were not read as files is not told: they were read as what they are.
func (r *huntRun) coverage() scanner.Coverage {
	c := r.rec.Coverage()
	c.Skipped = slices.DeleteFunc(c.Skipped, func(s scanner.Skip) bool {
		return !s.Unread && s.What == "folders" && strings.HasPrefix(s.Reason, "git's own store")
	})
	r.hunt.Coverage(&c)
	for i := range c.Skipped {
		s := &c.Skipped[i]
		s.Reason = r.clean(s.Reason)
		for n := range s.Items {
			s.Items[n] = r.clean(s.Items[n])
		}
	}
	return c
}

// clean is a name without what may be a secret in it.
func (r *huntRun) clean(name string) string { return r.scanner.Scrub(r.hunt.Scrub(name)) }

// target names what is searched, for the report.
func (r *huntRun) target(args []string) string {
	if len(args) == 0 {
		if here, err := filepath.Abs("."); err == nil {
			return r.clean(filepath.Base(here))
		}
		return "."
	}
	return r.clean(strings.Join(args, " "))
}

// tell says of each number what was found of it, and of what is nowhere what that means.
func (r *huntRun) tell(rep *scanner.Report) {
	missing := false
	for _, f := range r.hunt.Tally(rep.Findings) {
		name := fmt.Sprintf(msgHuntSecret, f.Number)
		if f.Hint != "" {
			name = fmt.Sprintf(msgHuntHint, f.Number, f.Hint)
		}
		missing = missing || f.Places == 0
		places := report.Number(int64(f.Places), "place")
		switch {
		case f.Places == 0 && rep.Coverage.Complete:
			r.app.say(msgHuntNowhere, name)
		case f.Places == 0:
			r.app.say(msgHuntUnknown, name)
		case f.Parts == f.Places:
			r.app.say(msgHuntParts, name, places, strings.Join(f.Variants, ", "))
		default:
			if f.Parts > 0 {
				places += fmt.Sprintf(msgHuntSome, f.Parts)
			}
			r.app.say(msgHuntFound, name, places, strings.Join(f.Variants, ", "))
		}
	}
	if missing {
		r.app.say(msgHuntSearched, strings.Join(r.searched, ", "))
		r.app.say(msgHuntLimits)
	}
}
