package source

import (
	"context"
	"fmt"

	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/scanner"
)

// RefUpdate is one ref that a push changes.
type RefUpdate struct {
	// Name is the ref's full name where it is pushed to; any bytes.
	Name string
	// Old is what it names there now, New what it is to name. A zero id is a ref that does not exist: before, so that it is
	// new, or afterwards, so that it is deleted.
	Old, New pack.ID
}

// PushOptions says how a push is read.
type PushOptions struct {
	DiffOptions
	// Known reports which refs of this repository name what the other side of the push has already; nil means none.
	Known func(ref string) bool
}

// Push is a [scanner.Source] of what a push brings: what the commits add that the other side does not have, messages,
// annotated tags, and the names of the refs.
type Push struct {
	repo    *repo.Repository
	updates []RefUpdate
	opt     PushOptions
}

// NewPush returns a source that reads what a push brings. What the other side has is believed of two things alone: the refs
// that opt.Known names, and the old values of the updated refs. A new ref without any of them brings its whole history.
func NewPush(r *repo.Repository, updates []RefUpdate, opt PushOptions) *Push {
	return &Push{r, updates, opt}
}

// Walk visits everything that the push brings. A tip that cannot be read is recorded.
func (p *Push) Walk(ctx context.Context, rec *scanner.Recorder, visit func(*scanner.Chunk) error) error {
	rec.StartPhase("reading refs", int64(len(p.updates)))
	spec := repo.RangeSpec{}
	seen := map[pack.ID]bool{}
	for _, u := range p.updates {
		if err := ctx.Err(); err != nil {
			return err
		}
		rec.Step(1)
		if u.New.IsZero() {
			continue // a deleted ref brings nothing
		}
		if err := p.name(rec, u, visit); err != nil {
			return err
		}
		if seen[u.New] {
			continue
		}
		seen[u.New] = true
		tip, err := p.repo.PushTip(u.New)
		if err != nil {
			rec.Unread("refs", p.repo.Explain(err), u.Name)
		}
		for _, id := range tip.Tags {
			if !seen[id] || id == u.New {
				seen[id] = true
				p.opt.Guard.tag(rec, id)
				if err := visitTag(p.repo, rec, id, visit); err != nil {
					return err
				}
			}
		}
		switch {
		case err != nil:
		case tip.Type == pack.Commit:
			spec.Tips = append(spec.Tips, tip.ID)
		case !seen[tip.ID] || tip.ID == u.New:
			seen[tip.ID] = true
			if err := p.bare(ctx, rec, tip, visit); err != nil {
				return err
			}
		}
	}
	rec.AddRefs(len(p.updates))
	if len(spec.Tips) == 0 {
		noteFormat(rec, p.repo)
		return nil
	}
	var err error
	if spec.Bases, err = p.bases(ctx); err != nil {
		return err
	}
	if err := p.opt.Guard.Reach(ctx, rec, p.repo, spec.Tips); err != nil {
		return err
	}
	return NewCommits(p.repo, spec, p.opt.DiffOptions).Walk(ctx, rec, visit)
}

// name has the name of a ref searched: the other side shows it to everybody.
func (p *Push) name(rec *scanner.Recorder, u RefUpdate, visit func(*scanner.Chunk) error) error {
	rec.AddBytes(len(u.Name))
	return visit(&scanner.Chunk{Data: []byte(u.Name), Location: scanner.Location{Path: u.Name, Kind: scanner.KindRefName}})
}

// Tagged is a [Diff] together with the annotated tag that names its tip.
type Tagged struct {
	*Diff
	tag pack.ID
}

// NewTagged returns a source that reads a tag, the tags that it tags, and the commits of d.
func NewTagged(d *Diff, tag pack.ID) *Tagged { return &Tagged{d, tag} }

// Walk visits the tags, the outermost first, and then the commits. A tag that cannot be read is recorded.
func (t *Tagged) Walk(ctx context.Context, rec *scanner.Recorder, visit func(*scanner.Chunk) error) error {
	tip, err := t.repo.PushTip(t.tag)
	if err != nil {
		rec.Unread("tags", t.repo.Explain(err), t.tag.String())
	}
	for _, id := range tip.Tags {
		t.opt.Guard.tag(rec, id)
		if err := visitTag(t.repo, rec, id, visit); err != nil {
			return err
		}
	}
	return t.Diff.Walk(ctx, rec, visit)
}

// visitTag has an annotated tag searched: its message, who made it, and whatever else a program put there.
func visitTag(r *repo.Repository, rec *scanner.Recorder, id pack.ID, visit func(*scanner.Chunk) error) error {
	data, err := r.TagObject(id)
	if err != nil {
		rec.Unread("tags", r.Explain(err), id.String())
		return nil
	}
	parts := []struct {
		kind scanner.Kind
		text []byte
	}{{scanner.KindTagMessage, data}}
	if t, err := repo.ParseTag(data); err == nil {
		who, extra := splitHeaders(data[:t.MessageOffset], "tag ", "tagger ")
		parts[0].text = t.Message
		parts = append(parts, parts[0], parts[0])
		parts[1].kind, parts[1].text = scanner.KindAuthor, who
		parts[2].text = extra
	}
	for _, part := range parts {
		if len(part.text) == 0 {
			continue
		}
		rec.AddBytes(len(part.text))
		if err := visit(&scanner.Chunk{Data: part.text, Location: scanner.Location{Object: id.String(), Kind: part.kind}}); err != nil {
			return err
		}
	}
	return nil
}

// bare has what a ref names without any commit searched: a tree or a file.
func (p *Push) bare(ctx context.Context, rec *scanner.Recorder, tip repo.PushTip, visit func(*scanner.Chunk) error) error {
	set := &repo.ChangeSet{Changes: []repo.Change{{Version: repo.Version{Mode: repo.ModeRegular, ID: tip.ID}}}}
	if tip.Type == pack.Tree {
		var err error
		if set, err = p.repo.TreeFiles(ctx, tip.ID); err != nil {
			return err
		}
	}
	noteProblems(rec, set.Problems)
	reader := newBlobReader(p.repo, p.opt.MaxSize, newArchives(ctx, rec, visit, objectHint))
	if err := searchNewNames(&nameSet{}, set, scanner.Location{}, visit); err != nil {
		return err
	}
	for i := range set.Changes {
		if err := ctx.Err(); err != nil {
			return err
		}
		change := &set.Changes[i]
		p.opt.Guard.change(rec, change, scanner.KindCommitContent, nil)
		chunk := scanner.Chunk{Location: scanner.Location{Path: change.Path, Object: change.ID.String(), Kind: scanner.KindCommitContent}}
		size, read, err := reader.visit(change, &chunk, visit, nil, func() [][]repo.Version { return [][]repo.Version{nil} })
		if err != nil {
			return err
		}
		if read {
			rec.AddBlob(int(size))
		}
	}
	return nil
}

// bases returns the commits that the other side has. What is not here, or names no commit, excludes nothing.
func (p *Push) bases(ctx context.Context) ([]pack.ID, error) {
	var ids []pack.ID
	for _, u := range p.updates {
		ids = append(ids, u.Old)
	}
	if p.opt.Known != nil {
		refs, err := p.repo.Refs()
		if err != nil {
			return nil, fmt.Errorf("read the refs: %w", err)
		}
		for i := range refs {
			if p.opt.Known(refs[i].Name) {
				ids = append(ids, refs[i].ID)
			}
		}
	}
	seen := map[pack.ID]bool{}
	var bases []pack.ID
	for _, id := range ids {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if id.IsZero() || seen[id] {
			continue
		}
		seen[id] = true
		tip, err := p.repo.PushTip(id)
		if err != nil || tip.Type != pack.Commit || seen[tip.ID] && tip.ID != id {
			continue
		}
		seen[tip.ID] = true
		if _, err := p.repo.Commit(tip.ID); err == nil {
			bases = append(bases, tip.ID)
		}
	}
	return bases, nil
}
