package repo

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"github.com/skant-dev/skant/internal/pack"
)

// Holding says what wanted blobs hold: opaque keys, one or more for each blob. Two blobs with a key in common are two
// versions of the same thing.
type Holding map[pack.ID][]string

// Sought is what [Repository.Introductions] looks for.
type Sought struct {
	// Blobs are files by their content.
	Blobs Holding
	// Names are names of files and folders, without a slash, with their keys: a path holds the key if its last part is
	// the name, whatever is there.
	Names map[string][]string
	// Records, if not nil, are those of a [LinkCheck] that was shown all trees. Without them, or if they lack a tree that
	// matters, all trees are read again.
	Records *TreeRecords
}

// Introduction says that a commit brought a key to a path: its version of the file holds the key, and no parent's
// version of that path does. A merge introduces what none of its parents has there; a commit without parents introduces
// all that it holds.
//
// A blob or name that no commit holds has an Introduction without a commit for each of its keys: at the index's paths if
// it is a blob that is there, else without a path. So has a blob that a ref leads to directly.
type Introduction struct {
	Key  string
	Path string
	// Blob is the version of the file that Commit has; zero if the key is in the path's last name. Symlink says that it
	// is the target of a symbolic link.
	Blob    pack.ID
	Symlink bool
	// Commit is zero if there is none.
	Commit pack.ID
	// Reached is how the commit, or else the blob, can be reached.
	Reached
	// Removed are the first MaxRemoved commits, the earliest first, that took the key away from the path after Commit
	// had brought it there, on whatever branch: their parent has it and they have not. A merge that drops it is one of
	// them unless it took over what one of its parents, which descends from Commit, had done already. What brings the
	// key back is an Introduction of its own.
	Removed []pack.ID
	// InHead says that HEAD's tree holds the key at the path.
	InHead bool
	// Versions is the number of distinct blobs with the key that any commit has at the path.
	Versions int
	// First and Last are the committers' dates of the oldest and the newest commit that holds the key at the path; zero
	// if there is none.
	First, Last time.Time
	// Blobs are those that Versions counts, sorted; only the first of the introductions of a key at a path has them.
	Blobs []pack.ID
}

// Introductions finds out who introduced the keys, among all commits of the store, and who removed them. The result is
// sorted by key, path and date, and names each key of what is sought at least once. What could not be read goes to gap:
// trees that are missing may hide who was first, so that a later commit seems to introduce. The error is that of ctx, or
// says that there are more places than can be listed.
//
// With records, the cost is one pass over them, and grows with the number of changes to folders that lead to what is
// sought. Without, it is one pass over all trees more.
func (r *Repository) Introductions(
	ctx context.Context, x *Reach, sought Sought, workers int, gap Gap,
) ([]Introduction, error) {
	return r.introductions(ctx, x, sought, attributionOptions{workers, maxTreeEdges, maxTreePlaces}, gap)
}

// attributionOptions bounds the work: goroutines (0 means one per processor), edges between trees that are kept, and
// places (folders and blobs, each once for each path) that are listed.
type attributionOptions struct {
	workers       int
	edges, places int64
}

func (r *Repository) introductions(
	ctx context.Context, x *Reach, sought Sought, opt attributionOptions, gap Gap,
) ([]Introduction, error) {
	a := newAttribution(x, sought)
	a.maxPlaces = opt.places
	if len(a.keysOf) == 0 {
		return nil, ctx.Err()
	}
	noted := func(what, item string, why error) {
		a.uncertain.Store(true)
		gap(what, item, why)
	}
	roots, err := a.findCone(ctx, r, sought.Records, opt, noted)
	if err != nil {
		return nil, fmt.Errorf("find who introduced them: %w", err)
	}
	found, err := a.run(ctx, r, roots, noted)
	if err != nil {
		return nil, fmt.Errorf("find who introduced them: %w", err)
	}
	return found, nil
}

// attribution is the work of one call of [Repository.Introductions]. Leaves (first blobs, then names) and keys are
// numbers.
type attribution struct {
	reach *Reach
	cone  *cone
	paths *pathTable
	blobs []pack.ID
	names []string
	keys  []string
	// keysOf are the keys of each leaf, sorted.
	keysOf [][]uint32
	// maxPlaces bounds the paths that are named.
	maxPlaces int64
	// held says which leaves a commit, a ref or the index holds.
	held []bool
	// uncertain says that there was a gap, so that a blob that no commit seems to hold may have one.
	uncertain atomic.Bool
	out       []Introduction
}

func newAttribution(x *Reach, sought Sought) *attribution {
	a := &attribution{reach: x, paths: newPathTable()}
	numbers := map[string]uint32{}
	leaf := func(keys []string) {
		own := make([]uint32, 0, len(keys))
		for _, key := range keys {
			n, found := numbers[key]
			if !found {
				n = uint32(len(a.keys))
				numbers[key] = n
				a.keys = append(a.keys, key)
			}
			own = append(own, n)
		}
		slices.Sort(own)
		a.keysOf = append(a.keysOf, slices.Compact(own))
	}
	a.blobs = slices.SortedFunc(maps.Keys(sought.Blobs), pack.ID.Compare)
	for _, id := range a.blobs {
		leaf(sought.Blobs[id])
	}
	a.names = slices.Sorted(maps.Keys(sought.Names))
	for _, name := range a.names {
		leaf(sought.Names[name])
	}
	a.held = make([]bool, len(a.keysOf))
	return a
}

// findCone finds the trees that lead to leaves, and returns the node of each commit's tree.
func (a *attribution) findCone(
	ctx context.Context, r *Repository, records *TreeRecords, opt attributionOptions, gap Gap,
) ([]uint32, error) {
	c, roots, ok := r.replayRecords(ctx, a, records, gap)
	if ok {
		a.cone = c
		for i, node := range roots {
			if c.first[node] == c.end[node] {
				roots[i] = noRoot
			}
		}
		return roots, nil
	}
	var err error
	if a.cone, err = r.scanTrees(ctx, a.blobs, a.names, opt, gap); err != nil {
		return nil, err
	}
	return a.roots(r, gap), nil
}

func (a *attribution) run(ctx context.Context, r *Repository, roots []uint32, gap Gap) ([]Introduction, error) {
	g := a.reach.graph
	w := &finder{
		comparer: comparer{c: a.cone, paths: a.paths, maxPaths: a.maxPlaces},
		graph:    g, first: newForest(g), roots: roots, keys: a.keysOf, known: map[keyAt]bool{},
	}
	if err := w.commits(ctx); err != nil {
		return nil, err
	}
	if w.tooDeep {
		gap("paths", "", errTooDeep)
	}
	a.introduced(w)
	if err := a.marked(ctx, gap); err != nil {
		return nil, err
	}
	a.loose(r, gap)
	if err := a.inHead(ctx, roots, gap); err != nil {
		return nil, err
	}
	a.sort()
	return a.out, nil
}

// noRoot is for a commit that holds no leaf.
const noRoot = 1<<32 - 1

// roots returns the node of each commit's tree, and reports the trees that are not there.
func (a *attribution) roots(r *Repository, gap Gap) []uint32 {
	g := a.reach.graph
	roots := make([]uint32, g.Len())
	for i, tree := range g.trees {
		roots[i] = noRoot
		node, met := a.cone.find(tree)
		switch {
		case !met && !r.has(tree):
			gap("trees", tree.String(), pack.ErrNotFound)
		case met && a.cone.first[node] < a.cone.end[node]:
			roots[i] = node
		}
	}
	return roots
}

// history is what is known of one key at one path.
type history struct {
	versions int
	span     span
	// leaves are those that hold it.
	leaves []uint32
}

// introduced makes the events of commits into introductions.
func (a *attribution) introduced(w *finder) {
	histories := map[keyAt]history{}
	for _, e := range w.events {
		histories[keyAt{e.path, e.key}] = history{span: span{noDate, noDate}}
	}
	w.first.spans(w.turns, func(path, leaf uint32, s span) {
		a.held[leaf] = true
		for _, key := range a.keysOf[leaf] {
			if h, wanted := histories[keyAt{path, key}]; wanted {
				histories[keyAt{path, key}] = history{h.versions + 1, h.span.join(s), append(h.leaves, leaf)}
			}
		}
	})
	commits := make([]uint32, len(w.events))
	for i, e := range w.events {
		commits[i] = e.commit
	}
	slices.Sort(commits)
	commits = slices.Compact(commits)
	reached := a.reach.ofCommits(commits)
	removals := a.reach.removals(w.events, w.drops)
	blobs := make(map[keyAt][]pack.ID, len(histories))
	for at, h := range histories {
		blobs[at] = a.blobsOf(h.leaves)
	}
	for i, e := range w.events {
		n, _ := slices.BinarySearch(commits, e.commit)
		h := histories[keyAt{e.path, e.key}]
		a.out = append(a.out, Introduction{
			Key: a.keys[e.key], Path: a.paths.text(e.path, a.cone.names), Blob: a.blob(e.target),
			Symlink: e.target&symlinkTarget != 0, Commit: w.graph.ids[e.commit], Reached: reached[n],
			Removed: w.graph.idsOf(removals[i]), Versions: h.versions, First: unixTime(h.span.first), Last: unixTime(h.span.last),
			Blobs: blobs[keyAt{e.path, e.key}],
		})
	}
}

// blobsOf returns the blobs among leaves, sorted.
func (a *attribution) blobsOf(leaves []uint32) []pack.ID {
	var ids []pack.ID
	slices.Sort(leaves) // as the blobs are
	for _, leaf := range slices.Compact(leaves) {
		if int(leaf) < len(a.blobs) {
			ids = append(ids, a.blobs[leaf])
		}
	}
	return ids
}

// blob returns the blob of a leaf, zero if it is a name.
func (a *attribution) blob(target uint32) pack.ID {
	if n := int(target & leafNumber); n < len(a.blobs) {
		return a.blobs[n]
	}
	return pack.ID{}
}

// marked adds what refs lead to without a commit.
func (a *attribution) marked(ctx context.Context, gap Gap) error {
	for _, id := range a.reach.markedObjects() {
		reached := a.reach.ofMark(id)
		if n, found := slices.BinarySearchFunc(a.blobs, id, pack.ID.Compare); found {
			a.without(uint32(n)|leafTarget, "", reached)
			continue
		}
		root, found := a.cone.root(id)
		if !found {
			continue
		}
		leaves, err := a.under(ctx, root, gap)
		if err != nil {
			return err
		}
		for _, at := range leaves {
			a.without(at.target, a.paths.text(at.path, a.cone.names), reached)
		}
		if len(a.out) > maxIntroduction {
			return errTooManyPlaces
		}
	}
	return nil
}

// without adds an introduction for each key of a leaf that is there without a commit.
func (a *attribution) without(target uint32, path string, reached Reached) {
	a.held[target&leafNumber] = true
	for _, key := range a.keysOf[target&leafNumber] {
		a.out = append(a.out, Introduction{
			Key: a.keys[key], Path: path, Blob: a.blob(target), Symlink: target&symlinkTarget != 0, Reached: reached,
		})
	}
}

// loose adds the leaves that neither a commit nor a ref holds: blobs of the index, and what nothing holds.
func (a *attribution) loose(r *Repository, gap Gap) {
	if !slices.Contains(a.held, false) {
		return
	}
	entries := r.staged(gap)
	access := AccessIndex
	if a.uncertain.Load() {
		access = AccessUnknown
	}
	before := slices.Clone(a.held[:len(a.blobs)])
	for i := range entries {
		n, found := slices.BinarySearchFunc(a.blobs, entries[i].ID, pack.ID.Compare)
		if found && !before[n] && !IsTree(entries[i].Mode) {
			target := uint32(n) | leafTarget
			if IsSymlink(entries[i].Mode) {
				target |= symlinkTarget
			}
			a.without(target, entries[i].Path, Reached{Access: access})
		}
	}
	access = AccessNone
	if a.uncertain.Load() || a.reach.gaps {
		access = AccessUnknown
	}
	for n := range a.held {
		if !a.held[n] {
			a.without(uint32(n)|leafTarget, "", Reached{Access: access})
		}
	}
}

// inHead fills in which of the introductions HEAD still has.
func (a *attribution) inHead(ctx context.Context, roots []uint32, gap Gap) error {
	if a.reach.head < 0 || roots[a.reach.head] == noRoot {
		return nil
	}
	leaves, err := a.under(ctx, roots[a.reach.head], gap)
	if err != nil {
		return err
	}
	type held struct{ path, key string }
	all := make(map[held]bool, len(leaves))
	for _, at := range leaves {
		path := a.paths.text(at.path, a.cone.names)
		for _, key := range a.keysOf[at.target&leafNumber] {
			all[held{path, a.keys[key]}] = true
		}
	}
	for i := range a.out {
		a.out[i].InHead = a.out[i].Path != "" && all[held{a.out[i].Path, a.out[i].Key}]
	}
	return nil
}

// sort puts the introductions into an order that depends on nothing but the repository.
func (a *attribution) sort() {
	date := func(i *Introduction) int64 {
		if n, found := a.reach.graph.number(i.Commit); found {
			return a.reach.graph.dates[n]
		}
		return 1<<63 - 1
	}
	slices.SortFunc(a.out, func(i, j Introduction) int {
		return cmp.Or(cmp.Compare(i.Key, j.Key), cmp.Compare(i.Path, j.Path), cmp.Compare(date(&i), date(&j)),
			i.Commit.Compare(j.Commit), i.Blob.Compare(j.Blob), cmp.Compare(len(i.Refs), len(j.Refs)))
	})
	for i := len(a.out) - 1; i > 0; i-- {
		if a.out[i].Key == a.out[i-1].Key && a.out[i].Path == a.out[i-1].Path {
			a.out[i].Blobs = nil
		}
	}
}
