package purge

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/internal/repo"
)

// Effect is what a purge changes.
type Effect struct {
	// Total counts the commits that a ref, a stash entry or a detached head reaches, Commits those of them that get a new id, Signed
	// those of these that lose a signature.
	Total, Commits, Signed int
	// Refs are those that change, sorted by name.
	Refs []Ref
	// Blobs counts versions of files in which a text is replaced, Stripped those that are left out.
	Blobs, Stripped int
	// Submodules says that a commit has a submodule in its tree.
	Submodules bool

	touched map[pack.ID]bool
	// first are those of touched that have no parent among them.
	first    map[pack.ID]bool
	boundary []pack.ID
}

// Ref is a ref that changes.
type Ref struct {
	// Name is the full name; Shown is that without a secret in it.
	Name, Shown string
	ID, Commit  pack.ID
	// Tags are the tag objects between the two, the outermost first. SignedTag says that one of them loses a signature.
	Tags      []pack.ID
	SignedTag bool
	// Renamed is the new name, if the name has a secret. Deleted says that there is nothing to be rewritten: it names a blob or a tree that holds one.
	Renamed string
	Deleted bool
}

func (e *Effect) nothing() bool { return len(e.touched) == 0 && len(e.Refs) == 0 }

// effects works out which commits get a new id: those that bring something that is taken away, and all that descend from them.
func (p *Plan) effects(ctx context.Context) error {
	e := &p.Effect
	e.touched, e.first = map[pack.ID]bool{}, map[pack.ID]bool{}
	edge := map[pack.ID]bool{}
	var current pack.ID
	var parents []pack.ID
	settle := func(touched bool) {
		if touched && !current.IsZero() && !e.touched[current] {
			e.touched[current] = true
			if !slices.ContainsFunc(parents, func(id pack.ID) bool { return e.touched[id] }) {
				e.first[current] = true
			}
			for _, parent := range parents {
				if !e.touched[parent] {
					edge[parent] = true
				}
			}
		}
	}
	each := func(line []byte) error {
		switch {
		case len(line) > 0 && line[0] == 1:
			ids := strings.Fields(string(line[1:]))
			parents = parents[:0]
			for i, hex := range ids {
				id, err := pack.ParseID(hex)
				if err != nil {
					return errors.New("git log: a line is malformed")
				}
				if i == 0 {
					current = id
				} else {
					parents = append(parents, id)
				}
			}
			e.Total++
			settle(p.objects.commits[current] || slices.ContainsFunc(parents, func(id pack.ID) bool { return e.touched[id] }))
		case len(line) > 0 && line[0] == ':':
			meta, path, _ := bytes.Cut(line, []byte("\t"))
			fields := strings.Fields(string(meta))
			if len(fields) < 5 {
				return errors.New("git log: a line is malformed")
			}
			id, err := pack.ParseID(fields[len(fields)-2])
			if err != nil {
				return errors.New("git log: a line is malformed")
			}
			e.Submodules = e.Submodules || slices.ContainsFunc(fields, func(f string) bool { return strings.TrimLeft(f, ":") == gitlink })
			// git writes a name with marks in it in quotes, in which the text may look different.
			settle(p.objects.blob(id) || len(p.objects.trees) > 0 && (p.in.Texts.In(path) || bytes.HasPrefix(path, []byte(`"`))))
		}
		return nil
	}
	var tips strings.Builder
	for _, id := range slices.Concat(p.stash, p.detached) {
		tips.WriteString(id.String() + "\n")
	}
	err := p.in.Repo.HistoryLines(ctx, each, strings.NewReader(tips.String()), "-c", "log.showRoot=true", "-c", "log.showSignature=false",
		"log", "--all", "--stdin", "--topo-order", "--reverse", "-c", "--raw", "-r", "--no-abbrev", "--no-renames", "--no-ext-diff", "--no-textconv",
		"--ignore-submodules=none", "--no-show-signature", "--no-color", "--no-notes", "--no-mailmap", "--format=%x01%H %P")
	if err != nil {
		return err
	}
	e.Commits = len(e.touched)
	for id := range edge {
		if !e.touched[id] {
			e.boundary = append(e.boundary, id)
		}
	}
	slices.SortFunc(e.boundary, pack.ID.Compare)
	e.Blobs, e.Stripped = len(p.objects.text), len(p.objects.strip)
	if err := p.signed(ctx); err != nil {
		return err
	}
	return p.refs(ctx)
}

// gitlink is the mode of a submodule in a tree.
const gitlink = "160000"

// signed counts the signatures that are lost: those of commits, and those of tags that a merge has in itself.
func (p *Plan) signed(ctx context.Context) error {
	store, err := p.in.Repo.Objects()
	if err != nil {
		return err
	}
	for id := range p.Effect.touched {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		_, data, err := store.Get(id)
		if err != nil {
			return fmt.Errorf("read commit %s: %w", id, err)
		}
		head, _, _ := bytes.Cut(data, []byte("\n\n"))
		if bytes.Contains(head, []byte("\ngpgsig")) || bytes.Contains(head, []byte("\nmergetag ")) {
			p.Effect.Signed++
		}
	}
	return nil
}

// signatures are the lines with which a signature begins at the end of a tag's message.
var signatures = []string{"-----BEGIN PGP SIGNATURE-----", "-----BEGIN SSH SIGNATURE-----", "-----BEGIN SIGNED MESSAGE-----", "-----BEGIN PGP MESSAGE-----"}

// unsigned cuts the signature off a tag, and tells whether there is one.
func unsigned(data []byte) ([]byte, bool) {
	for _, begin := range signatures {
		if i := bytes.Index(data, []byte("\n"+begin)); i >= 0 {
			return data[:i+1], true
		}
	}
	return data, false
}

// refs lists the refs that change.
func (p *Plan) refs(ctx context.Context) error {
	all, err := p.in.Repo.Refs()
	if err != nil {
		return err
	}
	taken := map[string]bool{}
	for _, r := range all {
		taken[r.Name] = true
	}
	for _, r := range all {
		if !strings.HasPrefix(r.Name, "refs/") || r.Symbolic != "" || r.ID.IsZero() {
			continue
		}
		tip, err := p.in.Repo.PushTip(r.ID)
		if err != nil {
			return fmt.Errorf("read what a ref names: %w", err)
		}
		ref := Ref{Name: r.Name, Shown: p.shown(r.Name), ID: r.ID, Tags: tip.Tags}
		changes := false
		switch tip.Type {
		case pack.Commit:
			ref.Commit = tip.ID
			changes = p.Effect.touched[tip.ID]
		case pack.Blob:
			ref.Deleted = p.objects.blob(tip.ID)
		case pack.Tree:
			set, err := p.in.Repo.TreeFiles(ctx, tip.ID)
			if err != nil {
				return fmt.Errorf("read what %s names: %w", p.shown(r.Name), err)
			}
			ref.Deleted = slices.ContainsFunc(set.Changes, func(c repo.Change) bool { return p.objects.blob(c.ID) || p.in.Texts.In([]byte(c.Path)) })
		default:
		}
		changes = changes || ref.Deleted || slices.ContainsFunc(tip.Tags, func(id pack.ID) bool { return p.objects.tags[id] })
		if p.in.Texts.In([]byte(r.Name)) {
			changes = true
			if !ref.Deleted {
				without := p.in.Texts.Without(r.Name, "REMOVED")
				ref.Renamed = without
				for n := 2; taken[ref.Renamed]; n++ {
					ref.Renamed = fmt.Sprintf("%s-%d", without, n)
				}
				taken[ref.Renamed] = true
			}
		}
		if !changes {
			continue
		}
		for _, id := range tip.Tags {
			data, err := p.in.Repo.TagObject(id)
			if err != nil {
				return fmt.Errorf("read tag %s: %w", id, err)
			}
			_, is := unsigned(data)
			ref.SignedTag = ref.SignedTag || is
		}
		p.Effect.Refs = append(p.Effect.Refs, ref)
	}
	return nil
}
