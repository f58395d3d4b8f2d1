package purge

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/skant-dev/skant/internal/incident"
	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/internal/repo"
)

// Result is a purge that was done, in the mirror alone.
type Result struct {
	// Dir is the folder, Mirror the rewritten repository in it, Bundle what was there before, with its hash.
	Dir, Mirror, Bundle, SHA256 string
	// Commits is how many commits have a new id.
	Commits int
	Moved   []Moved
	// Incident is the path of the incident's file.
	Incident string
	// Left says what was found in the rewritten history all the same; empty after a purge that worked.
	Left []string

	commits map[string]string
	after   map[string]string
}

// Moved is a ref of the mirror that changed. New is empty where it was deleted, Old where it is new.
type Moved struct{ Ref, Old, New string }

// NotDoneError says that the purge was not done, and that nothing is changed.
type NotDoneError struct{ Err error }

func (e *NotDoneError) Error() string { return e.Err.Error() }
func (e *NotDoneError) Unwrap() error { return e.Err }

// scratch are the names of refs that exist only while history is rewritten; keep are those of what has no ref in the clone.
const (
	scratch     = "refs/skant/tag/"
	keepStash   = "refs/skant/stash/"
	keepHead    = "refs/skant/head/"
	keepAll     = "refs/skant/"
	maxArgBytes = 1 << 20
)

// Run rewrites the history in a mirror below dir, which must not exist and is made. Unless it returns a Result, all but
// what was there before is taken away again. state is the path at which the incident will be kept, for the commands; empty
// means in dir. step is told what is being done.
func (p *Plan) Run(ctx context.Context, dir, state string, step func(string)) (_ *Result, err error) {
	if blocked := p.Blocked(); len(blocked) > 0 {
		return nil, &NotDoneError{fmt.Errorf("%s: %s", blocked[0].Name, blocked[0].Detail)}
	}
	w, err := p.in.Repo.NewWorkshop(dir, p.in.Env)
	if err != nil {
		return nil, &NotDoneError{err}
	}
	done, release := false, func() error { return nil }
	defer func() {
		if !done {
			err = &NotDoneError{errors.Join(err, release(), os.RemoveAll(dir))}
		}
	}()
	if release, err = p.markFolder(dir); err != nil {
		release = func() error { return nil }
		return nil, err
	}
	res := &Result{Dir: dir, Mirror: w.Mirror, Bundle: filepath.Join(dir, bundleFile), Incident: state}
	if state == "" {
		res.Incident = filepath.Join(dir, incident.DefaultName)
	}
	step("cloning into " + w.Mirror)
	if err := p.clone(ctx, w); err != nil {
		return nil, err
	}
	step("saving all of it in " + res.Bundle)
	if err := p.backup(ctx, w, res); err != nil {
		return nil, err
	}
	before, err := refsOf(ctx, w)
	if err != nil {
		return nil, err
	}
	step(fmt.Sprintf("rewriting %d of %d commits", p.Effect.Commits, p.Effect.Total))
	if err := p.rewrite(ctx, w, res); err != nil {
		return nil, err
	}
	if err := p.finish(ctx, w, res); err != nil {
		return nil, err
	}
	if res.after, err = refsOf(ctx, w); err != nil {
		return nil, err
	}
	res.moved(before)
	if err := p.unasked(res); err != nil {
		return nil, err
	}
	step("searching the rewritten history")
	if err := p.verify(ctx, res); err != nil {
		return nil, err
	}
	if err := p.write(res); err != nil {
		return nil, err
	}
	if err := release(); err != nil {
		release = func() error { return nil }
		return nil, err
	}
	done = true
	return res, nil
}

// unasked holds that git-filter-repo has made no ref but those that were asked for: some of its versions write one below refs/replace
// for each commit, which tie the new history to the old and would be carried into the clone.
func (p *Plan) unasked(res *Result) error {
	for _, m := range res.Moved {
		if m.Old == "" && !slices.ContainsFunc(p.Effect.Refs, func(r Ref) bool { return r.Renamed == m.Ref }) {
			return fmt.Errorf("git-filter-repo has made %s, which was not asked for", p.shown(m.Ref))
		}
	}
	return nil
}

// clone makes the mirror and holds that it has every ref of the clone.
func (p *Plan) clone(ctx context.Context, w *repo.Workshop) error {
	if err := w.Clone(ctx); err != nil {
		return err
	}
	all, err := p.in.Repo.Refs()
	if err != nil {
		return err
	}
	if err := unalias(ctx, w, all); err != nil {
		return err
	}
	for i, id := range p.stash {
		if err := w.Take(ctx, id, fmt.Sprintf("%s%06d", keepStash, i)); err != nil {
			return err
		}
	}
	for _, id := range p.detached {
		if err := w.Take(ctx, id, keepHead+id.String()); err != nil {
			return err
		}
	}
	have, err := refsOf(ctx, w)
	if err != nil {
		return err
	}
	for _, r := range all {
		if strings.HasPrefix(r.Name, "refs/") && r.Symbolic == "" && !r.ID.IsZero() && have[r.Name] != r.ID.String() {
			return fmt.Errorf("the mirror lacks %s, or it has moved since: do it again", p.shown(r.Name))
		}
	}
	return nil
}

// unalias takes away what only stands for another ref in the clone, such as refs/remotes/origin/HEAD: a mirror has a ref of its own in its
// place, which would keep the old history. So would a HEAD that is detached.
func unalias(ctx context.Context, w *repo.Workshop, all []repo.Ref) error {
	for _, r := range all {
		if !strings.HasPrefix(r.Name, "refs/") || r.Symbolic == "" {
			continue
		}
		if _, err := w.Git(ctx, nil, "update-ref", "--no-deref", "-d", r.Name); err != nil {
			return err
		}
	}
	_, err := w.Git(ctx, nil, "symbolic-ref", "HEAD", keepAll+"none")
	return err
}

// refsOf lists the refs of the mirror that are no symbolic ones.
func refsOf(ctx context.Context, w *repo.Workshop) (map[string]string, error) {
	out, err := w.Git(ctx, nil, "for-each-ref", "--format=%(objectname) %(refname) %(symref)")
	if err != nil {
		return nil, err
	}
	refs := map[string]string{}
	for line := range strings.Lines(string(out)) {
		if f := strings.Fields(line); len(f) == 2 {
			refs[f[1]] = f[0]
		}
	}
	return refs, nil
}

// backup writes the bundle, has git verify it, and holds that it has every ref.
func (p *Plan) backup(ctx context.Context, w *repo.Workshop, res *Result) error {
	if _, err := w.Git(ctx, nil, "bundle", "create", "--quiet", res.Bundle, "--all"); err != nil {
		return err
	}
	if err := os.Chmod(res.Bundle, 0o600); err != nil {
		return err
	}
	if _, err := w.Git(ctx, nil, "bundle", "verify", "--quiet", res.Bundle); err != nil {
		return err
	}
	out, err := w.Git(ctx, nil, "bundle", "list-heads", res.Bundle)
	if err != nil {
		return err
	}
	have := map[string]string{}
	for line := range strings.Lines(string(out)) {
		if f := strings.Fields(line); len(f) == 2 {
			have[f[1]] = f[0]
		}
	}
	refs, err := refsOf(ctx, w)
	if err != nil {
		return err
	}
	for name, id := range refs {
		if have[name] != id {
			return fmt.Errorf("the backup lacks %s", p.shown(name))
		}
	}
	f, err := os.Open(res.Bundle)
	if err != nil {
		return err
	}
	sum := sha256.New()
	_, err = io.Copy(sum, f)
	res.SHA256 = hex.EncodeToString(sum.Sum(nil))
	return errors.Join(err, f.Sync(), f.Close())
}

// moved compares the refs with those before.
func (res *Result) moved(before map[string]string) {
	for name, old := range before {
		if res.after[name] != old {
			res.Moved = append(res.Moved, Moved{name, old, res.after[name]})
		}
	}
	for name, id := range res.after {
		if before[name] == "" {
			res.Moved = append(res.Moved, Moved{name, "", id})
		}
	}
	slices.SortFunc(res.Moved, func(a, b Moved) int { return strings.Compare(a.Ref, b.Ref) })
}

// verify searches the rewritten history with the scanner and for the texts themselves.
func (p *Plan) verify(ctx context.Context, res *Result) error {
	found, complete, err := p.in.Scan(ctx, res.Mirror)
	if err != nil {
		return err
	}
	if !complete {
		res.Left = append(res.Left, "not everything of the rewritten history could be read")
	}
	for i := range found {
		f := &found[i]
		if p.wanted[f.Fingerprint] {
			res.Left = append(res.Left, fmt.Sprintf("%s in %s %s", f.RuleID, f.Location.Kind, f.Location.Object))
		}
	}
	r, err := repo.Open(res.Mirror, repo.Options{})
	if err != nil {
		return err
	}
	o, err := p.survey(ctx, r)
	if err = errors.Join(err, r.Close()); err != nil {
		return err
	}
	for what, list := range map[string]map[pack.ID]bool{"blob": o.text, "blob ": o.strip, "commit": o.commits, "tag": o.tags, "tree": o.trees} {
		for id := range list {
			res.Left = append(res.Left, "the text of a secret in "+strings.TrimSpace(what)+" "+id.String())
		}
	}
	for name := range res.after {
		if p.in.Texts.In([]byte(name)) {
			res.Left = append(res.Left, "the text of a secret in the name of a ref")
		}
	}
	slices.Sort(res.Left)
	res.Left = slices.Compact(res.Left)
	return nil
}

// Record is the incident with what the purge did: the objects that may not come back, the refs that moved and the backup. It
// has no secret in it.
func (p *Plan) Record(res *Result) *incident.File {
	f := p.Incident
	numbers := f.Numbers()
	var list []incident.Object
	for i := range p.in.Found {
		found := &p.in.Found[i]
		if id, err := pack.ParseID(found.Location.Object); err == nil && p.objects.blob(id) {
			list = append(list, incident.Object{ID: id.String(), Type: "blob", Secrets: []int{numbers[found.Fingerprint]}})
		}
	}
	for _, blobs := range []map[pack.ID]bool{p.objects.text, p.objects.strip} {
		for id := range blobs {
			list = append(list, incident.Object{ID: id.String(), Type: "blob"})
		}
	}
	for old := range res.commits {
		list = append(list, incident.Object{ID: old, Type: "commit"})
	}
	for _, r := range p.Effect.Refs {
		for _, id := range r.Tags {
			list = append(list, incident.Object{ID: id.String(), Type: "tag"})
		}
	}
	f.AddObjects(list)
	for _, m := range res.Moved {
		if m.Old == "" || strings.HasPrefix(m.Ref, keepAll) {
			continue
		}
		f.Rewritten = append(f.Rewritten, incident.Rewrite{Ref: p.shown(m.Ref), Old: m.Old, New: m.New})
	}
	f.Backup = &incident.Backup{Path: res.Bundle, SHA256: res.SHA256, At: p.in.Now.UTC()}
	return f
}

// overwrite writes over a file in its place; emptied first, it would be written somewhere else on the disk.
func overwrite(path string, size int) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.Write(bytes.Repeat([]byte("x"), size))
	return errors.Join(err, f.Sync(), f.Close())
}

// secretFile writes a file that holds secrets in clear for the time that git-filter-repo reads it, and returns what takes it away.
func secretFile(dir, name string, data []byte) (path string, remove func() error, err error) {
	path = filepath.Join(dir, name)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", nil, err
	}
	remove = func() error {
		// Written over first: on most file systems that leaves less behind than a deletion alone. The bundle holds the secret, too.
		return errors.Join(overwrite(path, len(data)), os.Remove(path))
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err != nil {
		return "", nil, errors.Join(err, remove())
	}
	return path, remove, nil
}
