package repo

import (
	"context"
	"fmt"
	"math/bits"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/skant-dev/skant/internal/pack"
)

// Tip is where something begins that keeps objects alive, or that an object can still be had by: a ref, an entry of a
// reflog, or a commit that nothing leads to.
type Tip struct {
	// Name is that of the ref; that of an entry of a reflog is "REF@{N}" as git counts, and empty for a lost commit.
	Name string
	// Ref is the ref, nil for a lost commit; Log the entry, nil for a ref itself. Before says that the tip is what the ref was
	// before its oldest entry.
	Ref    *Ref
	Log    *LogEntry
	Before bool
	// Objects are the object that it names and, for a tag, those that the tag leads to in turn.
	Objects []pack.ID
}

// MaxLostTips bounds the commits without a name that [Repository.Tips] lists.
const MaxLostTips = 1 << 16

// Tips lists every ref, every entry of every reflog, and every commit of g that none of them reaches and that is no
// other's parent. What cannot be followed goes to gap.
func (r *Repository) Tips(ctx context.Context, g *Graph, gap Gap) ([]Tip, error) {
	refs, err := r.Refs()
	if err != nil {
		return nil, fmt.Errorf("list what reaches objects: %w", err)
	}
	logs, err := r.Reflogs()
	if err != nil {
		return nil, fmt.Errorf("list what reaches objects: %w", err)
	}
	var tips []Tip
	named := map[string]*Ref{}
	for i := range refs {
		ref := &refs[i]
		named[ref.Name] = ref
		if ref.ID.IsZero() {
			if ref.Problem != "" {
				gap("refs", ref.Name, fmt.Errorf("%s: %w", ref.Problem, ErrMalformed))
			}
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		tips = append(tips, Tip{Name: ref.Name, Ref: ref, Objects: r.chain(g, ref.ID, ref.Name, gap)})
	}
	tips = append(tips, r.logTips(g, logs, named, gap)...)
	lost := g.lost(tips)
	if len(lost) > MaxLostTips {
		gap("commits", "", fmt.Errorf("%d that nothing leads to, of which %d are looked at", len(lost), MaxLostTips))
		lost = lost[:MaxLostTips]
	}
	for _, id := range lost {
		tips = append(tips, Tip{Objects: []pack.ID{id}})
	}
	return tips, ctx.Err()
}

// logTips are the tips of the entries of reflogs, which are sorted by ref and line.
func (r *Repository) logTips(g *Graph, logs []LogEntry, named map[string]*Ref, gap Gap) []Tip {
	var tips []Tip
	for start := 0; start < len(logs); {
		end := start + 1
		for end < len(logs) && logs[end].Ref == logs[start].Ref {
			end++
		}
		ref := named[logs[start].Ref]
		for i := start; i < end; i++ {
			e := &logs[i]
			if e.Problem != "" {
				gap("reflog entries", e.Ref, fmt.Errorf("line %d: %s: %w", e.Line, e.Problem, ErrMalformed))
				continue
			}
			add := func(id pack.ID, back int, before bool) {
				tips = append(tips, Tip{
					Name: fmt.Sprintf("%s@{%d}", e.Ref, back), Ref: ref, Log: e, Before: before, Objects: r.chain(g, id, e.Ref, gap),
				})
			}
			if i == start && !e.Old.IsZero() {
				add(e.Old, end-start, true)
			}
			if !e.New.IsZero() {
				add(e.New, end-1-i, false)
			}
		}
		start = end
	}
	return tips
}

// chain follows tags to what they lead to. An object that is not there ends it.
func (r *Repository) chain(g *Graph, id pack.ID, item string, gap Gap) []pack.ID {
	var all []pack.ID
	for range maxPeel {
		all = append(all, id)
		if g.Has(id) {
			return all
		}
		tag, err := r.tag(id)
		if err != nil && r.has(id) {
			gap("refs", item, err)
		}
		if err != nil || tag == nil {
			return all
		}
		id = tag.Object
	}
	return all
}

// lost lists the commits that no tip reaches and that are no other such commit's parent, in the order of the graph.
func (g *Graph) lost(tips []Tip) []pack.ID {
	reached, parent := make([]bool, g.Len()), make([]bool, g.Len())
	for i := range tips {
		if n, found := g.number(tips[i].Objects[len(tips[i].Objects)-1]); found {
			reached[n] = true
		}
	}
	for _, commit := range slices.Backward(g.order) {
		for _, p := range g.parentsOf(commit) {
			reached[p] = reached[p] || reached[commit]
			parent[p] = true
		}
	}
	var ids []pack.ID
	for _, commit := range g.order {
		if !reached[commit] && !parent[commit] {
			ids = append(ids, g.ids[commit])
		}
	}
	return ids
}

// Descents is what [Graph.Descents] found out about up to 64 sets of commits.
type Descents struct {
	graph *Graph
	line  *line
	masks []uint64
	// First is the number of the first set.
	First int
	// Counts is how many commits each set reaches: those in it and all that descend from them.
	Counts []int
}

// Of returns the sets, as bits from First on, that have the commit or one of its ancestors; 0 for what is no commit.
func (d *Descents) Of(id pack.ID) uint64 {
	if n, found := d.graph.number(id); found {
		return d.masks[d.line.at[n]]
	}
	return 0
}

// Dated calls visit for each commit with this committer's date that is of the given set or descends from it.
func (d *Descents) Dated(set int, date int64, visit func(pack.ID)) {
	for n, at := range d.graph.dates {
		if at == date && d.masks[d.line.at[n]]>>(set-d.First)&1 != 0 {
			visit(d.graph.ids[n])
		}
	}
}

// All calls visit for each commit that is of the given set or descends from it, parents first.
func (d *Descents) All(set int, visit func(pack.ID)) {
	for at, n := range d.graph.order {
		if d.masks[at]>>(set-d.First)&1 != 0 {
			visit(d.graph.ids[n])
		}
	}
}

// Descents works out, for each of the sets of commits, which commits are in it or descend from it, and calls visit for 64 sets
// after the other. What visit is given is good until it returns. Ids that are no commits of the graph are passed over.
func (g *Graph) Descents(ctx context.Context, sets [][]pack.ID, visit func(*Descents) error) error {
	d := &Descents{graph: g, line: g.line(), masks: make([]uint64, g.Len())}
	for d.First = 0; d.First < len(sets); d.First += 64 {
		if err := ctx.Err(); err != nil {
			return err
		}
		batch := sets[d.First:min(d.First+64, len(sets))]
		d.Counts = make([]int, len(batch))
		clear(d.masks)
		for i, set := range batch {
			for _, id := range set {
				if n, found := g.number(id); found {
					d.masks[d.line.at[n]] |= 1 << i
				}
			}
		}
		for at := range d.masks {
			for _, p := range d.line.parents[d.line.first[at]:d.line.first[at+1]] {
				d.masks[at] |= d.masks[p]
			}
			for mask := d.masks[at]; mask != 0; mask &= mask - 1 {
				d.Counts[bits.TrailingZeros64(mask)]++
			}
		}
		if err := visit(d); err != nil {
			return err
		}
	}
	return nil
}

// Ancestors returns a function that reports whether a commit is one of tips or one of their ancestors.
func (g *Graph) Ancestors(tips []pack.ID) func(pack.ID) bool {
	reached := make([]bool, g.Len())
	for _, id := range tips {
		if n, found := g.number(id); found {
			reached[n] = true
		}
	}
	for _, commit := range slices.Backward(g.order) {
		for _, p := range g.parentsOf(commit) {
			reached[p] = reached[p] || reached[commit]
		}
	}
	return func(id pack.ID) bool {
		n, found := g.number(id)
		return found && reached[n]
	}
}

// Date returns the committer's date of a commit in Unix seconds; false if it has none, or is none.
func (g *Graph) Date(id pack.ID) (int64, bool) {
	n, found := g.number(id)
	if !found || g.dates[n] == noDate {
		return 0, false
	}
	return g.dates[n], true
}

// Worktree is one work tree of a repository.
type Worktree struct {
	// Prefix is what the names of its own refs start with: "", "main-worktree/" or "worktrees/NAME/".
	Prefix string
	// Index is the name of its index file, as in [WorktreeIndex].
	Index string
	// Path is the absolute path of its top folder; empty if there is none, or it is not known.
	Path string
}

// Worktrees lists this work tree, the main one, and all linked ones.
func (r *Repository) Worktrees() []Worktree {
	var all []Worktree
	for i, w := range r.worktrees() {
		tree := Worktree{Prefix: w.prefix, Index: r.gitName(filepath.Join(w.dir, "index"))}
		switch {
		case i == 0:
			tree.Path, tree.Index = r.at.workTree, r.gitName(r.at.index)
		case w.dir == r.at.commonDir:
			if !r.settings.bare && filepath.Base(w.dir) == ".git" {
				tree.Path = filepath.Dir(w.dir)
			}
		default:
			tree.Path = linkedTop(w.dir)
		}
		all = append(all, tree)
	}
	return all
}

// linkedTop returns the folder that a linked worktree is checked out in, as its gitdir file says.
func linkedTop(dir string) string {
	text, err := readFile(filepath.Join(dir, "gitdir"), maxRefFile)
	if err != nil {
		return ""
	}
	dotGit := under(dir, strings.TrimRight(string(text), "\r\n"))
	if info, err := os.Lstat(dotGit); err != nil || filepath.Base(dotGit) != ".git" || !info.Mode().IsRegular() {
		return ""
	}
	return filepath.Dir(dotGit)
}
