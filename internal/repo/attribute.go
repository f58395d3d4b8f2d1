package repo

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/skant-dev/skant/internal/pack"
)

// Holding says what wanted blobs hold: opaque keys, one or more for each blob. Two blobs with a key in common are two
// versions of the same thing.
type Holding map[pack.ID][]string

// Introduction says that a commit brought a key to a path: its version of the file holds the key, and no parent's
// version of that path does. A merge introduces what none of its parents has there; a commit without parents introduces
// all that it holds.
//
// A blob that no commit holds has an Introduction without a commit for each of its keys: at the index's paths if it is
// there, else without a path. So has a blob that a ref leads to directly.
type Introduction struct {
	Key  string
	Path string
	// Blob is the version of the file that Commit has.
	Blob pack.ID
	// Commit is zero if there is none.
	Commit pack.ID
	// Reached is how the commit, or else the blob, can be reached.
	Reached
	// InHead says that HEAD's tree holds the key at the path.
	InHead bool
	// Versions is the number of distinct blobs with the key that any commit has at the path.
	Versions int
	// First and Last are the committers' dates of the oldest and the newest commit that holds the key at the path; zero
	// if there is none.
	First, Last time.Time
}

// Introductions finds out who introduced the keys, among all commits of the store. The result is sorted by key, path and
// date, and names each key of holding at least once. What could not be read goes to gap: trees that are missing may
// hide who was first, so that a later commit seems to introduce. The error is that of ctx, or says that there are more
// places than can be listed.
//
// The cost is one pass over all trees, and then grows with the number of changes to folders that lead to the blobs.
func (r *Repository) Introductions(
	ctx context.Context, x *Reach, holding Holding, workers int, gap Gap,
) ([]Introduction, error) {
	return r.introductions(ctx, x, holding, attributionOptions{workers, maxTreeEdges, maxTreePlaces}, gap)
}

// attributionOptions bounds the work: goroutines (0 means one per processor), edges between trees that are kept, and
// places (folders and blobs, each once for each path) that are listed.
type attributionOptions struct {
	workers       int
	edges, places int64
}

func (r *Repository) introductions(
	ctx context.Context, x *Reach, holding Holding, opt attributionOptions, gap Gap,
) ([]Introduction, error) {
	a := newAttribution(x, holding)
	a.maxPlaces = opt.places
	noted := func(what, item string, why error) {
		a.uncertain.Store(true)
		gap(what, item, why)
	}
	var err error
	if a.cone, err = r.scanTrees(ctx, a.blobs, opt, noted); err != nil {
		return nil, fmt.Errorf("find who introduced them: %w", err)
	}
	found, err := a.run(ctx, r, noted)
	if err != nil {
		return nil, fmt.Errorf("find who introduced them: %w", err)
	}
	return found, nil
}

// attribution is the work of one call of [Repository.Introductions]. Blobs and keys are numbers.
type attribution struct {
	reach  *Reach
	cone   *cone
	paths  *pathTable
	blobs  []pack.ID
	keys   []string
	keysOf [][]uint32
	// maxPlaces bounds what is listed at once.
	maxPlaces int64
	// seen is when each blob was at each path, over all commits.
	seen map[place]span
	// uncertain says that there was a gap, so that a blob that no commit seems to hold may have one.
	uncertain atomic.Bool
	out       []Introduction
}

func newAttribution(x *Reach, holding Holding) *attribution {
	a := &attribution{reach: x, paths: newPathTable()}
	numbers := map[string]uint32{}
	for id := range holding {
		a.blobs = append(a.blobs, id)
	}
	slices.SortFunc(a.blobs, pack.ID.Compare)
	for _, id := range a.blobs {
		var own []uint32
		for _, key := range holding[id] {
			n, found := numbers[key]
			if !found {
				n = uint32(len(a.keys))
				numbers[key] = n
				a.keys = append(a.keys, key)
			}
			if !slices.Contains(own, n) {
				own = append(own, n)
			}
		}
		a.keysOf = append(a.keysOf, own)
	}
	return a
}

func (a *attribution) run(ctx context.Context, r *Repository, gap Gap) ([]Introduction, error) {
	roots := a.roots(r, gap)
	dates := map[uint32]span{}
	for commit, root := range roots {
		if root == noRoot {
			continue
		}
		date := span{a.reach.graph.dates[commit], a.reach.graph.dates[commit]}
		if old, found := dates[root]; found {
			date = old.join(date)
		}
		dates[root] = date
	}
	var err error
	if a.seen, err = a.place(ctx, dates, gap); err != nil {
		return nil, err
	}
	events, err := a.events(ctx, roots)
	if err != nil {
		return nil, err
	}
	a.introduced(events)
	if err := a.marked(ctx, gap); err != nil {
		return nil, err
	}
	if err := a.loose(r, gap); err != nil {
		return nil, err
	}
	if err := a.inHead(ctx, roots, gap); err != nil {
		return nil, err
	}
	a.sort()
	return a.out, nil
}

// noRoot is for a commit that holds no wanted blob.
const noRoot = 1<<32 - 1

// roots returns the node of each commit's tree, and reports the trees that are not there.
func (a *attribution) roots(r *Repository, gap Gap) []uint32 {
	g := a.reach.graph
	roots := make([]uint32, g.Len())
	for i, tree := range g.trees {
		roots[i] = noRoot
		if node, found := a.cone.root(tree); found {
			roots[i] = node
		} else if !a.cone.met(tree) && !r.has(tree) {
			gap("trees", tree.String(), pack.ErrNotFound)
		}
	}
	return roots
}

// events compares each commit with its parents.
func (a *attribution) events(ctx context.Context, roots []uint32) ([]event, error) {
	w := &introducer{c: a.cone, paths: a.paths, keys: a.keysOf}
	var parents []uint32
	checked := int64(0)
	for commit, root := range roots {
		if root == noRoot {
			continue
		}
		parents = parents[:0]
		for _, p := range a.reach.graph.parentsOf(uint32(commit)) {
			if roots[p] != noRoot {
				parents = append(parents, roots[p])
			}
		}
		if err := w.commit(uint32(commit), root, parents); err != nil {
			return nil, err
		}
		if w.steps-checked > 1<<20 {
			checked = w.steps
			if err := ctx.Err(); err != nil {
				return nil, err
			}
		}
	}
	return w.events, ctx.Err()
}

// history is what is known of one key at one path.
type history struct {
	versions int
	span     span
}

type keyPlace struct{ path, key uint32 }

// introduced makes the events of commits into introductions.
func (a *attribution) introduced(events []event) {
	histories := map[keyPlace]history{}
	for _, e := range events {
		histories[keyPlace{e.path, e.key}] = history{span: span{noDate, noDate}}
	}
	for at, s := range a.seen {
		for _, key := range a.keysOf[at.target&^blobTarget] {
			if h, wanted := histories[keyPlace{at.path, key}]; wanted {
				histories[keyPlace{at.path, key}] = history{h.versions + 1, h.span.join(s)}
			}
		}
	}
	var commits []uint32
	for _, e := range events {
		commits = append(commits, e.commit)
	}
	slices.Sort(commits)
	commits = slices.Compact(commits)
	reached := a.reach.ofCommits(commits)
	for _, e := range events {
		n, _ := slices.BinarySearch(commits, e.commit)
		h := histories[keyPlace{e.path, e.key}]
		a.out = append(a.out, Introduction{
			Key: a.keys[e.key], Path: a.paths.text(e.path, a.cone.names), Blob: a.blobs[e.blob],
			Commit: a.reach.graph.ids[e.commit], Reached: reached[n],
			Versions: h.versions, First: unixTime(h.span.first), Last: unixTime(h.span.last),
		})
	}
}

// marked adds what refs lead to without a commit.
func (a *attribution) marked(ctx context.Context, gap Gap) error {
	for _, id := range a.reach.markedObjects() {
		reached := a.reach.ofMark(id)
		if n, found := slices.BinarySearchFunc(a.blobs, id, pack.ID.Compare); found {
			a.without(uint32(n), "", reached)
			continue
		}
		root, found := a.cone.root(id)
		if !found {
			continue
		}
		blobs, err := a.place(ctx, map[uint32]span{root: {noDate, noDate}}, gap)
		if err != nil {
			return err
		}
		for at := range blobs {
			a.without(at.target&^blobTarget, a.paths.text(at.path, a.cone.names), reached)
		}
		if len(a.out) > maxIntroduction {
			return errTooManyPlaces
		}
	}
	return nil
}

// without adds an introduction for each key of a blob that is there without a commit.
func (a *attribution) without(blob uint32, path string, reached Reached) {
	for _, key := range a.keysOf[blob] {
		a.out = append(a.out, Introduction{Key: a.keys[key], Path: path, Blob: a.blobs[blob], Reached: reached})
	}
}

// loose adds the blobs that neither a commit nor a ref holds: those of the index, and those that nothing holds.
func (a *attribution) loose(r *Repository, gap Gap) error {
	held := make([]bool, len(a.blobs))
	for at := range a.seen {
		held[at.target&^blobTarget] = true
	}
	for _, i := range a.out {
		n, _ := slices.BinarySearchFunc(a.blobs, i.Blob, pack.ID.Compare)
		held[n] = true
	}
	if !slices.Contains(held, false) {
		return nil
	}
	entries, err := r.Index()
	if err != nil {
		gap("index", "", err)
	}
	access := AccessIndex
	if a.uncertain.Load() {
		access = AccessUnknown
	}
	for i := range entries {
		n, found := slices.BinarySearchFunc(a.blobs, entries[i].ID, pack.ID.Compare)
		if found && !held[n] && !IsTree(entries[i].Mode) {
			a.without(uint32(n), entries[i].Path, Reached{Access: access})
		}
	}
	for _, i := range a.out {
		n, _ := slices.BinarySearchFunc(a.blobs, i.Blob, pack.ID.Compare)
		held[n] = true
	}
	access = AccessNone
	if a.uncertain.Load() || a.reach.gaps {
		access = AccessUnknown
	}
	for n := range a.blobs {
		if !held[n] {
			a.without(uint32(n), "", Reached{Access: access})
		}
	}
	return nil
}

// inHead fills in which of the introductions HEAD still has.
func (a *attribution) inHead(ctx context.Context, roots []uint32, gap Gap) error {
	if a.reach.head < 0 || roots[a.reach.head] == noRoot {
		return nil
	}
	root := map[uint32]span{roots[a.reach.head]: {noDate, noDate}}
	blobs, err := a.place(ctx, root, gap)
	if err != nil {
		return err
	}
	type held struct{ path, key string }
	all := make(map[held]bool, len(blobs))
	for at := range blobs {
		path := a.paths.text(at.path, a.cone.names)
		for _, key := range a.keysOf[at.target&^blobTarget] {
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
		if n, found := a.reach.graph.index[i.Commit]; found {
			return a.reach.graph.dates[n]
		}
		return 1<<63 - 1
	}
	slices.SortFunc(a.out, func(i, j Introduction) int {
		return cmp.Or(cmp.Compare(i.Key, j.Key), cmp.Compare(i.Path, j.Path), cmp.Compare(date(&i), date(&j)),
			i.Commit.Compare(j.Commit), i.Blob.Compare(j.Blob), cmp.Compare(len(i.Refs), len(j.Refs)))
	})
}
