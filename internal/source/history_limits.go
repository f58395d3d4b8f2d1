package source

import (
	"context"
	"errors"
	"fmt"

	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/scanner"
)

// finish reads the refs and records what is known to be missing, once all objects were read. It returns the paths of
// submodules.
func (w *historyWalk) finish(ctx context.Context, graph *repo.Graph) (links []string, err error) {
	refs, err := w.h.repo.Refs()
	if err != nil {
		w.rec.Unread("refs", clipReason(err.Error()), "")
	}
	if err := w.refs(refs); err != nil {
		return nil, fmt.Errorf("read history: %w", err)
	}
	w.links.Graph(graph)
	lost := w.links.Missing(w.gap)
	w.limits(lost > 0)
	if w.objects.Load() == 0 {
		w.empty(refs)
	}
	w.countObjects()
	if links, err = w.submodules(ctx, refs); err != nil {
		return nil, fmt.Errorf("read history: %w", err)
	}
	return append(links, w.indexes(ctx)...), nil
}

// refs counts refs, searches their names, and records those that lead nowhere.
func (w *historyWalk) refs(refs []repo.Ref) error {
	w.rec.AddRefs(len(refs))
	for i := range refs {
		ref := &refs[i]
		w.countRef(ref.Name)
		switch {
		case ref.Problem == "":
		case ref.Leftover():
			// ORIG_HEAD and the like keep nothing alive: that git has pruned what they named is no loss.
			w.rec.LeftOut("refs", "left over from an earlier command: "+ref.Problem, ref.Name)
		default:
			w.rec.Unread("refs", ref.Problem+"; `git fsck` shows more", ref.Name)
		}
		chunk := scanner.Chunk{
			Data: []byte(ref.Name), Location: scanner.Location{Object: ref.ID.String(), Kind: scanner.KindRefName},
		}
		w.rec.AddBytes(len(chunk.Data))
		if err := w.visit(&chunk); err != nil {
			return err
		}
	}
	return nil
}

// limits records what makes the clone less than whole. They are asked for late, because reading finds more of them.
func (w *historyWalk) limits(lost bool) {
	for _, l := range w.h.repo.Limits() {
		switch {
		case l.Kind == repo.Partial && !lost:
			// Every link was followed, so that this is known, whatever the configuration says.
			w.rec.LeftOut(l.What, "partial clone, but everything that it names is here", l.Item)
		case l.Kind == repo.Damaged:
			w.rec.Unread(repo.Plural(l.What), l.Reason, l.Item)
		default:
			w.rec.Unread(l.What, l.Reason, l.Item)
		}
	}
}

// empty says that there was nothing to read. It is no reason to doubt the scan only if no ref expects an object.
func (w *historyWalk) empty(refs []repo.Ref) {
	for i := range refs {
		if !refs[i].ID.IsZero() {
			w.rec.Unread("objects", "there are none, but refs name some; `git fsck` shows more", "")
			return
		}
	}
	w.rec.LeftOut("objects", "nothing to read: the repository has no objects", "")
}

// maxHeadTrees bounds the folders of HEAD that are searched for submodules.
const maxHeadTrees = 1 << 20

// submodules returns the paths at which HEAD's tree refers to other repositories.
func (w *historyWalk) submodules(ctx context.Context, refs []repo.Ref) ([]string, error) {
	for i := range refs {
		if refs[i].Name != "HEAD" || refs[i].ID.IsZero() {
			continue
		}
		c, err := w.h.repo.Commit(refs[i].ID)
		if err != nil {
			w.gap("commits", refs[i].ID.String(), err)
			return nil, nil
		}
		return w.gitlinks(ctx, c.Tree)
	}
	return nil, nil
}

// gitlinks looks through a tree. A folder that is there twice is looked at once, or a hostile repository could make
// this last for ever.
func (w *historyWalk) gitlinks(ctx context.Context, root pack.ID) (links []string, err error) {
	type folder struct {
		id   pack.ID
		path string
	}
	seen := map[pack.ID]bool{root: true}
	for open := []folder{{root, ""}}; len(open) > 0; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		f := open[len(open)-1]
		open = open[:len(open)-1]
		data, err := w.h.repo.Tree(f.id)
		if err != nil {
			if !errors.Is(err, pack.ErrNotFound) {
				// Trees that are missing were recorded before.
				w.gap("trees", f.id.String(), err)
			}
			continue
		}
		for e := range repo.ParseTree(data, w.h.repo.Format().Size()) {
			switch {
			case repo.IsGitlink(e.Mode):
				links = append(links, joinName(f.path, string(e.Name)))
			case repo.IsTree(e.Mode) && !seen[e.ID] && len(seen) < maxHeadTrees:
				seen[e.ID] = true
				open = append(open, folder{e.ID, joinName(f.path, string(e.Name))})
			}
		}
	}
	return links, nil
}
