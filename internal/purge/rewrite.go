package purge

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/internal/repo"
)

// rewrite runs git-filter-repo on the commits that hold a secret and on their descendants. Everything older stays as it is, bit
// by bit, with its signatures. Annotated tags are made anew afterwards: git-filter-repo would drop those whose commit stays.
func (p *Plan) rewrite(ctx context.Context, w *repo.Workshop, res *Result) (err error) {
	refs, err := p.prepareRefs(ctx, w)
	if err != nil {
		return err
	}
	if len(p.Effect.touched) == 0 {
		return nil
	}
	// --partial keeps it from moving refs of remotes to branches, from removing a remote and from collecting garbage. The option
	// --sensitive-data-removal of newer versions fetches all refs from the remote first, which is what the plan compares instead.
	args := []string{"--force", "--partial", "--quiet", "--prune-empty=never", "--prune-degenerate=never", "--preserve-commit-encoding",
		"--replace-refs", "update-no-add"}
	files := []struct {
		option, name string
		data         []byte
	}{
		{"--replace-text", "replace.txt", p.in.Texts.Expressions()},
		{"--replace-message", "", nil}, // the same file
		{"--paths-from-file", "paths.txt", nil},
		{"--mailmap", "mailmap.txt", p.mailmap()},
		{"--strip-blobs-with-ids", "blobs.txt", p.stripList()},
	}
	if len(p.objects.trees) > 0 {
		files[2].data = p.in.Texts.Names()
	}
	last := ""
	for _, f := range files {
		if f.option == "--replace-message" && last != "" {
			args = append(args, f.option, last)
			continue
		}
		if len(f.data) == 0 {
			continue
		}
		path, remove, fileErr := secretFile(w.Dir, f.name, f.data)
		if fileErr != nil {
			return fileErr
		}
		defer func() { err = errors.Join(err, remove()) }()
		args, last = append(args, f.option, path), path
	}
	args = append(args, "--refs")
	size := 0
	for _, ref := range refs {
		size += len(ref) + 1
		args = append(args, ref)
	}
	for _, id := range p.Effect.boundary {
		size += 42
		args = append(args, "^"+id.String())
	}
	if size > maxArgBytes {
		return fmt.Errorf("%d refs and %d commits at which to begin are too many for one run of git-filter-repo", len(refs), len(p.Effect.boundary))
	}
	if err := w.Rewrite(ctx, p.program, p.shown, args...); err != nil {
		return err
	}
	return res.readMap(filepath.Join(w.Mirror, "filter-repo", "commit-map"))
}

// prepareRefs renames what is named after a secret, deletes what names nothing but one, and returns the refs to rewrite: for an
// annotated tag one that names its commit.
func (p *Plan) prepareRefs(ctx context.Context, w *repo.Workshop) ([]string, error) {
	var refs []string
	var update strings.Builder
	for i := range p.Effect.Refs {
		r := &p.Effect.Refs[i]
		name := r.Name
		if r.Deleted {
			fmt.Fprintf(&update, "delete %s %s\n", name, r.ID)
			continue
		}
		if r.Renamed != "" {
			fmt.Fprintf(&update, "delete %s %s\ncreate %s %s\n", name, r.ID, r.Renamed, r.ID)
			name = r.Renamed
		}
		if !p.Effect.touched[r.Commit] {
			continue
		}
		if len(r.Tags) > 0 {
			name = fmt.Sprintf("%s%06d", scratch, i)
			fmt.Fprintf(&update, "create %s %s\n", name, r.Commit)
		}
		refs = append(refs, name)
	}
	for i, id := range p.stash {
		if p.Effect.touched[id] {
			refs = append(refs, fmt.Sprintf("%s%06d", keepStash, i))
		}
	}
	for _, id := range p.detached {
		if p.Effect.touched[id] {
			refs = append(refs, keepHead+id.String())
		}
	}
	slices.Sort(refs)
	if update.Len() == 0 {
		return slices.Compact(refs), nil
	}
	if _, err := w.Git(ctx, strings.NewReader(update.String()), "update-ref", "--no-deref", "--stdin"); err != nil {
		return nil, errors.New(p.shown(err.Error()))
	}
	return slices.Compact(refs), nil
}

// mailmap maps each person whose name or address holds a secret to the same without it.
func (p *Plan) mailmap() []byte {
	var b bytes.Buffer
	for who := range p.objects.people {
		fmt.Fprintf(&b, "%s <%s> %s <%s>\n", p.in.Texts.Without(who.name, "REMOVED"), p.in.Texts.Without(who.email, "REMOVED"), who.name, who.email)
	}
	return b.Bytes()
}

func (p *Plan) stripList() []byte {
	var b bytes.Buffer
	for id := range p.objects.strip {
		b.WriteString(id.String() + "\n")
	}
	return b.Bytes()
}

// readMap reads what git-filter-repo wrote of old and new ids of commits.
func (res *Result) readMap(path string) error {
	res.commits = map[string]string{}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		old, id, ok := strings.Cut(lines.Text(), " ")
		if _, err := pack.ParseID(old); ok && err == nil && old != id {
			res.commits[old] = strings.TrimSpace(id)
		}
	}
	res.Commits = len(res.commits)
	return errors.Join(lines.Err(), f.Close())
}

// finish makes the tags anew, gives the notes to the commits' new ids, and has the mirror forget what it was.
func (p *Plan) finish(ctx context.Context, w *repo.Workshop, res *Result) error {
	if err := p.tags(ctx, w, res); err != nil {
		return err
	}
	refs, err := refsOf(ctx, w)
	if err != nil {
		return err
	}
	for name := range refs {
		switch {
		case strings.HasPrefix(name, scratch):
			if _, err := w.Git(ctx, nil, "update-ref", "-d", name); err != nil {
				return err
			}
		case strings.HasPrefix(name, "refs/notes/"):
			if err := res.notes(ctx, w, name); err != nil {
				return err
			}
		}
	}
	for _, args := range [][]string{{"reflog", "expire", "--expire=now", "--expire-unreachable=now", "--all"}, {"gc", "--quiet", "--prune=now"}} {
		if _, err := w.Git(ctx, nil, args...); err != nil {
			return err
		}
	}
	return nil
}

// tags makes the annotated tags of a rewritten commit anew, and those that hold a secret themselves.
func (p *Plan) tags(ctx context.Context, w *repo.Workshop, res *Result) error {
	for _, r := range p.Effect.Refs {
		if len(r.Tags) == 0 || r.Deleted {
			continue
		}
		target := r.Commit.String()
		if id := res.commits[target]; id != "" {
			target = id
		}
		for _, id := range slices.Backward(r.Tags) {
			data, err := p.in.Repo.TagObject(id)
			if err != nil {
				return err
			}
			_, rest, ok := bytes.Cut(data, []byte("\n"))
			if !ok || !bytes.HasPrefix(data, []byte("object ")) {
				return fmt.Errorf("tag %s is malformed", id)
			}
			if r.Commit.IsZero() { // of a tree or a blob, which stays
				target = strings.TrimPrefix(string(data[:len(data)-len(rest)-1]), "object ")
			}
			rest, _ = unsigned(rest)
			made := append([]byte("object "+target+"\n"), p.in.Texts.Clean(rest)...)
			out, err := w.Git(ctx, bytes.NewReader(made), "hash-object", "-t", "tag", "-w", "--stdin")
			if err != nil {
				return err
			}
			target = strings.TrimSpace(string(out))
		}
		name := r.Name
		if r.Renamed != "" {
			name = r.Renamed
		}
		if _, err := w.Git(ctx, strings.NewReader("update "+name+" "+target+"\n"), "update-ref", "--no-deref", "--stdin"); err != nil {
			return err
		}
	}
	return nil
}

// notes gives notes to the new ids of the commits that they are about.
func (res *Result) notes(ctx context.Context, w *repo.Workshop, name string) error {
	out, err := w.Git(ctx, nil, "notes", "--ref="+name, "list")
	if err != nil {
		return err
	}
	var copies, removals strings.Builder
	for line := range strings.Lines(string(out)) {
		_, old, _ := strings.Cut(strings.TrimSpace(line), " ")
		if id := res.commits[old]; id != "" {
			copies.WriteString(old + " " + id + "\n")
			removals.WriteString(old + "\n")
		}
	}
	if copies.Len() == 0 {
		return nil
	}
	if _, err := w.Git(ctx, strings.NewReader(copies.String()), "notes", "--ref="+name, "copy", "--force", "--stdin"); err != nil {
		return err
	}
	_, err = w.Git(ctx, strings.NewReader(removals.String()), "notes", "--ref="+name, "remove", "--ignore-missing", "--stdin")
	return err
}
