package proof

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/skant-dev/skant/internal/exposure"
	"github.com/skant-dev/skant/internal/incident"
	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/internal/repo"
)

// leftover is what an earlier command left behind, such as ORIG_HEAD: git keeps nothing alive for it.
const leftover exposure.HolderKind = "leftover"

// otherIndex is what an index holds that is not this worktree's, or not as an entry.
const otherIndex exposure.HolderKind = "other-index"

// Facts are what is known of one clone.
type Facts struct {
	Clone *Clone
	// Err is why nothing is known; Unsure why objects may be there that were not seen.
	Err    error
	Unsure string
	// Strange says that it has nothing of the history that the purge made, as the clone of another repository would.
	Strange bool
	// Present are the old objects that the clone has, by id.
	Present map[string]bool
	// Holders are what leads to a secret's old objects, by the secret's number; an object that nothing leads to is one, too.
	Holders map[int][]exposure.Holder
	// Bases are rewritten refs from whose old commit a branch can be moved to the new one, by the branch's full name.
	Bases map[string]incident.Rewrite
}

// old is an object of before the purge.
type old struct {
	id   pack.ID
	hex  string
	kind string
}

// oldOf returns the objects of before the purge that belong to a secret.
func oldOf(f *incident.File, number int) []old {
	var all []old
	seen := map[pack.ID]bool{}
	add := func(hex, kind string) {
		if id, err := pack.ParseID(hex); err == nil && !id.IsZero() && !seen[id] {
			seen[id] = true
			all = append(all, old{id, id.String(), kind})
		}
	}
	for _, o := range f.Objects {
		if len(o.Secrets) == 0 || slices.Contains(o.Secrets, number) {
			add(o.ID, o.Type)
		}
	}
	for _, rw := range f.Rewritten {
		// A ref that was deleted may have named something that is still wanted; if not, it is among the objects.
		if rw.New != "" && rw.New != rw.Old {
			add(rw.Old, "")
		}
	}
	return all
}

// Look finds out which old objects a clone has, and what leads to them.
func Look(ctx context.Context, clone *Clone, f *incident.File) *Facts {
	facts := &Facts{Clone: clone, Present: map[string]bool{}, Holders: map[int][]exposure.Holder{}, Bases: map[string]incident.Rewrite{}}
	facts.Err = facts.look(ctx, f)
	return facts
}

func (f *Facts) look(ctx context.Context, file *incident.File) error {
	store, err := f.Clone.Repo.Objects()
	if err != nil {
		return err
	}
	bad := map[int][]pack.ID{}
	found := false
	for i := range file.Secrets {
		number := file.Secrets[i].Number
		for _, o := range oldOf(file, number) {
			if store.Has(o.id) {
				f.Present[o.hex], found = true, true
				bad[number] = append(bad[number], o.id)
			}
		}
		for _, id := range f.holding(file.Secrets[i].Fingerprint) {
			found = true
			bad[number] = append(bad[number], id)
		}
	}
	if found {
		if err := f.holders(ctx, file, bad); err != nil {
			return err
		}
	}
	f.Strange = !found && strange(store.Has, file)
	if problems := store.Problems(); len(problems) > 0 {
		f.Unsure = fmt.Sprintf("%s cannot be read", problems[0].Name)
	}
	return ctx.Err()
}

// strange reports whether a store has none of what a purge moved refs to; false if there was no purge.
func strange(has func(pack.ID) bool, file *incident.File) bool {
	moved := false
	for _, rw := range file.Rewritten {
		if id, err := pack.ParseID(rw.New); err == nil && rw.New != rw.Old {
			if moved = true; has(id) {
				return false
			}
		}
	}
	return moved
}

// holding returns the commits and objects of the repository itself in which the search found a secret.
func (f *Facts) holding(fingerprint string) []pack.ID {
	if f.Clone.Report == nil {
		return nil
	}
	var ids []pack.ID
	for i := range f.Clone.Report.Findings {
		l := &f.Clone.Report.Findings[i].Location
		if f.Clone.Report.Findings[i].Fingerprint != fingerprint || l.Submodule != "" {
			continue
		}
		hexes := []string{l.Object}
		if l.Commit != nil {
			hexes = append(hexes, l.Commit.ID)
		}
		for _, hex := range hexes {
			if id, err := pack.ParseID(hex); err == nil {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// tip is a name for an object, with what it finally names.
type tip struct {
	exposure.Holder
	ids []pack.ID
}

// holders finds what leads to the objects of each secret.
func (f *Facts) holders(ctx context.Context, file *incident.File, bad map[int][]pack.ID) error {
	r := f.Clone.Repo
	graph, err := readCommits(ctx, r)
	if err != nil {
		return err
	}
	tips, err := tipsOf(r)
	if err != nil {
		return err
	}
	var alive []pack.ID
	for _, t := range tips {
		if t.Kind != leftover {
			alive = append(alive, t.ids...)
		}
	}
	kept := graph.below(alive)
	indexes := r.Indexes(ctx, func(_, name string, _ error) { f.Unsure = name + " cannot be read" })
	for number, ids := range bad {
		leads := graph.leading(ids)
		direct := map[pack.ID]bool{}
		for _, id := range ids {
			direct[id] = true
		}
		var all []exposure.Holder
		for _, t := range tips {
			if slices.ContainsFunc(t.ids, func(id pack.ID) bool { return direct[id] || graph.in(leads, id) }) {
				all = append(all, t.Holder)
			}
		}
		for i := range indexes {
			all = append(all, inIndex(&indexes[i], direct, i == 0)...)
		}
		stray := 0
		for _, id := range ids {
			if _, commit := graph.numbers[id]; commit && !graph.in(kept, id) {
				stray++
			}
		}
		if stray > 0 || len(all) == 0 {
			all = append(all, exposure.Holder{Kind: exposure.Unreachable, Name: "objects that nothing leads to"})
		}
		f.Holders[number] = all
	}
	f.bases(graph, tips, file, bad)
	return nil
}

// inIndex returns the entries of an index that name one of some objects. Those of another worktree, and what git keeps of conflicts that were
// resolved, are named with the file: no command run in this worktree takes them out.
func inIndex(idx *repo.WorktreeIndex, direct map[pack.ID]bool, own bool) []exposure.Holder {
	var all []exposure.Holder
	for _, e := range idx.Entries {
		switch {
		case !direct[e.ID]:
		case own:
			all = append(all, exposure.Holder{Kind: exposure.Index, Name: e.Path})
		default:
			all = append(all, exposure.Holder{Kind: otherIndex, Name: idx.Name + " entry " + e.Path})
		}
	}
	for _, e := range idx.Undo {
		if direct[e.ID] {
			all = append(all, exposure.Holder{Kind: otherIndex, Name: idx.Name + " resolved conflict " + e.Path})
		}
	}
	return all
}

// bases finds for each branch the rewritten ref from whose old commit it can be moved to the new one: everything bad in the branch is
// below that commit, and as little as possible is not.
func (f *Facts) bases(graph *commits, tips []tip, file *incident.File, bad map[int][]pack.ID) {
	for _, t := range tips {
		if t.Kind != exposure.Branch {
			continue
		}
		own := graph.below(t.ids)
		least := len(own) + 1
		for _, rw := range file.Rewritten {
			id, err := pack.ParseID(rw.Old)
			if _, known := graph.numbers[id]; err != nil || !known || rw.New == "" || rw.New == rw.Old {
				continue
			}
			before := graph.below([]pack.ID{id})
			if !covers(graph, own, before, id, bad) {
				continue
			}
			if n := extra(own, before); n < least {
				f.Bases[t.Name], least = rw, n
			}
		}
	}
}

// covers reports whether every bad commit of a branch is below the commit from which it is to be moved. Old tips of other refs are no
// fault of the branch's own commits, unless they are among them.
func covers(graph *commits, own, before []bool, base pack.ID, bad map[int][]pack.ID) bool {
	shared := false
	for _, ids := range bad {
		for _, id := range ids {
			if n, known := graph.numbers[id]; known && own[n] {
				if !before[n] {
					return false
				}
				shared = true
			}
		}
	}
	return shared || graph.in(own, base)
}

// extra counts the commits of a branch that are not below another.
func extra(own, before []bool) int {
	n := 0
	for i := range own {
		if own[i] && !before[i] {
			n++
		}
	}
	return n
}

// tipsOf lists everything from which git keeps objects, or that names one: refs, those of all worktrees, and entries of reflogs.
func tipsOf(r *repo.Repository) ([]tip, error) {
	refs, err := r.Refs()
	if err != nil {
		return nil, err
	}
	logs, err := r.Reflogs()
	if err != nil {
		return nil, err
	}
	var tips []tip
	for i := range refs {
		ref := &refs[i]
		if ref.Symbolic != "" && !ref.Leftover() || ref.Name == "refs/stash" { // the ref that it stands for is listed; the stash has a log
			continue
		}
		t := tip{exposure.Holder{Kind: holderKind(ref), Name: ref.Name, Commit: ref.ID.String()}, nil}
		for _, id := range []pack.ID{ref.ID, ref.Peeled} {
			if !id.IsZero() {
				t.ids = append(t.ids, id)
			}
		}
		tips = append(tips, t)
	}
	lines := map[string]int{}
	stashed := false
	for i := range logs {
		lines[logs[i].Ref] = max(lines[logs[i].Ref], logs[i].Line)
	}
	for i := range logs {
		e := &logs[i]
		t := tip{exposure.Holder{Kind: exposure.Reflog, Name: fmt.Sprintf("%s@{%d}", e.Ref, lines[e.Ref]-e.Line), Commit: e.New.String()}, nil}
		if e.Ref == "refs/stash" {
			t.Kind, stashed = exposure.Stash, true
			t.ids = append(t.ids, e.New)
			tips = append(tips, t)
			continue
		}
		for _, id := range []pack.ID{e.Old, e.New} {
			if !id.IsZero() {
				t.ids = append(t.ids, id)
			}
		}
		tips = append(tips, t)
	}
	if i := slices.IndexFunc(refs, func(ref repo.Ref) bool { return ref.Name == "refs/stash" }); i >= 0 && !stashed {
		tips = append(tips, tip{exposure.Holder{Kind: exposure.Stash, Name: "refs/stash", Commit: refs[i].ID.String()}, []pack.ID{refs[i].ID}})
	}
	return tips, nil
}

// holderKind sorts a ref by its name.
func holderKind(ref *repo.Ref) exposure.HolderKind {
	for _, c := range []struct {
		start string
		kind  exposure.HolderKind
	}{
		{"refs/heads/", exposure.Branch}, {"refs/remotes/", exposure.RemoteTracking}, {"refs/tags/", exposure.Tag}, {"refs/notes/", exposure.Note},
		{"refs/pull/", exposure.Pull}, {"refs/merge-requests/", exposure.Pull}, {"refs/", exposure.OtherRef},
	} {
		if strings.HasPrefix(ref.Name, c.start) {
			return c.kind
		}
	}
	switch {
	case ref.Name == "HEAD":
		return exposure.Head
	case strings.HasSuffix(ref.Name, "/HEAD"):
		return exposure.Worktree
	case ref.Leftover():
		return leftover
	}
	return exposure.OtherRef
}
