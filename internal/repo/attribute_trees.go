package repo

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"

	"github.com/skant-dev/skant/internal/pack"
)

// A leaf is what is wanted: a blob, or a name. leafTarget marks the number of a leaf, as against that of a tree, and
// symlinkTarget a blob that is a symbolic link's target.
const (
	leafTarget    = 1 << 31
	symlinkTarget = 1 << 30
	leafNumber    = symlinkTarget - 1
)

// coneEntry is a name in a tree that leads to a leaf: target is the leaf's number plus marks, or the node of a tree below
// which there is one.
type coneEntry struct{ name, target uint32 }

func compareEntries(a, b coneEntry) int {
	return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.target, b.target))
}

// cone is the part of the store's trees from which leaves can be reached. Trees are numbered nodes.
type cone struct {
	// find returns the node of a tree; false if the tree was not met.
	find func(pack.ID) (uint32, bool)
	// entries[first[n]:end[n]] are those of node n, sorted by name and then by target. Names are numbers in the order
	// in which they were met, which is all that merging needs.
	entries    []coneEntry
	first, end []uint32
	names      []string
}

func (c *cone) of(node uint32) []coneEntry { return c.entries[c.first[node]:c.end[node]] }

// root returns the node of a tree; false if no leaf is below it.
func (c *cone) root(tree pack.ID) (uint32, bool) {
	node, found := c.find(tree)
	return node, found && c.first[node] < c.end[node]
}

// named returns the entries of node that have the name.
func (c *cone) named(node, name uint32) []coneEntry {
	entries := c.of(node)
	start, _ := slices.BinarySearchFunc(entries, name, func(e coneEntry, n uint32) int { return cmp.Compare(e.name, n) })
	end := start
	for end < len(entries) && entries[end].name == name {
		end++
	}
	return entries[start:end]
}

// Bounds on what one scan of the trees keeps in memory: 8 bytes an edge, 12 a hit. The trees of git's own history have
// about five million edges.
const (
	maxTreeEdges = 48 << 20
	maxTreeHits  = 32 << 20
)

// errTooManyPlaces says that what is looked for stands in too many places to be listed.
var errTooManyPlaces = errors.New("more places hold it than can be listed")

// treeScan reads every tree of the store, in the order in which that is cheapest, and notes which ones name a target
// and which ones name which subtrees. That is much cheaper than going from commit to commit: nothing is read twice.
type treeScan struct {
	has     func(pack.ID) bool
	idLen   int
	round   int
	targets map[pack.ID]uint32
	filter  idFilter
	// names are the leaves that are names; lengths says which lengths they have, modulo 64.
	names   map[string]uint32
	lengths uint64
	nodes   *idTable
	workers []treeWorker
	// edges and hits are what is left of the bounds. Once edges are used up none are kept, and the trees are read again
	// for each level of folders instead.
	edges, hits atomic.Int64
}

// recentTrees is the number of subtrees that a worker remembers.
const recentTrees = 1 << 12

// treeWorker is what one goroutine has noted. Names are numbered by each worker for itself.
type treeWorker struct {
	edges  []coneEntry
	spans  []treeSpan
	hits   []treeHit
	names  map[string]uint32
	recent [recentTrees]recentTree
}

// treeSpan says that a tree's edges start at start and end where those of the next tree start.
type treeSpan struct{ node, start uint32 }

// treeHit is a name in a tree whose id is a target.
type treeHit struct{ node, name, target uint32 }

// recentTree remembers a subtree's node, because neighbouring versions of a tree share most of their subtrees.
type recentTree struct {
	id   pack.ID
	node uint32
}

// scanTrees finds the cone above the blobs and names, which are numbered in this order. Subtrees that are missing go to
// gap.
func (r *Repository) scanTrees(
	ctx context.Context, blobs []pack.ID, names []string, opt attributionOptions, gap Gap,
) (*cone, error) {
	if opt.workers <= 0 {
		opt.workers = runtime.GOMAXPROCS(0)
	}
	s := &treeScan{has: r.has, idLen: r.Format().Size(), nodes: newIDTable(), workers: make([]treeWorker, opt.workers)}
	for i := range s.workers {
		s.workers[i].names = map[string]uint32{}
	}
	s.edges.Store(opt.edges)
	s.hits.Store(maxTreeHits)
	targets := make(map[pack.ID]uint32, len(blobs))
	for i, id := range blobs {
		targets[id] = uint32(i) | leafTarget
	}
	s.names = make(map[string]uint32, len(names))
	for i, name := range names {
		s.names[name] = uint32(len(blobs)+i) | leafTarget
		s.lengths |= 1 << (len(name) % 64)
	}
	for s.round = 1; s.round == 1 && len(names) > 0 || len(targets) > 0; s.round++ {
		s.aim(targets)
		started := s.hitCounts()
		visit := func(worker int, o *pack.Object) error { return s.visit(&s.workers[worker], o, gap) }
		if err := r.each(ctx, pack.Tree, opt.workers, visit, onlyOnce(gap, s.round == 1)); err != nil {
			return nil, fmt.Errorf("read trees: %w", err)
		}
		if s.edges.Load() >= 0 {
			break
		}
		targets = s.found(started)
		for i := range s.workers {
			s.workers[i].edges, s.workers[i].spans = nil, nil
			s.workers[i].recent = [recentTrees]recentTree{}
		}
	}
	return s.cone(gap), nil
}

// onlyOnce drops problems that an earlier round has reported.
func onlyOnce(gap Gap, first bool) Gap {
	if first {
		return gap
	}
	return func(string, string, error) {}
}

// aim sets what is looked for.
func (s *treeScan) aim(targets map[pack.ID]uint32) {
	s.targets = targets
	s.filter = newIDFilter(len(targets))
	for id := range targets {
		s.filter.add(id)
	}
}

func (s *treeScan) hitCounts() []int {
	counts := make([]int, len(s.workers))
	for i := range s.workers {
		counts[i] = len(s.workers[i].hits)
	}
	return counts
}

// found returns the trees that were first found to lead to a target in the round that began with the given counts.
func (s *treeScan) found(started []int) map[pack.ID]uint32 {
	fresh, old := map[uint32]bool{}, map[uint32]bool{}
	for i := range s.workers {
		for j, h := range s.workers[i].hits {
			if j < started[i] {
				old[h.node] = true
			} else {
				fresh[h.node] = true
			}
		}
	}
	targets := map[pack.ID]uint32{}
	s.nodes.each(func(id pack.ID, node uint32) {
		if fresh[node] && !old[node] {
			targets[id] = node
		}
	})
	return targets
}

// visit notes what one tree names. Only the first round keeps edges.
func (s *treeScan) visit(w *treeWorker, o *pack.Object, gap Gap) error {
	node, numbered := uint32(0), false
	number := func() uint32 {
		if !numbered {
			node, numbered = s.nodes.number(o.ID, idPrefix(o.ID)), true
		}
		return node
	}
	keep := s.round == 1 && s.edges.Load() >= 0
	if keep {
		w.spans = append(w.spans, treeSpan{number(), uint32(len(w.edges))})
	}
	kept := len(w.edges)
	for rest := o.Data; len(rest) > 0; {
		// Nearly all entries are files: "100644 name", NUL, id. They are skipped without being parsed.
		prefix := uint32(0)
		if end := entryEnd(rest); end >= 0 && end+s.idLen < len(rest) {
			prefix = binary.BigEndian.Uint32(rest[end+1:])
			if rest[0] == '1' && !s.filter.may(prefix) && !s.mayBeName(rest[:end]) {
				rest = rest[end+1+s.idLen:]
				continue
			}
		}
		entry, after, err := cutTreeEntry(rest, s.idLen)
		if err != nil && s.round == 1 {
			gap("trees", o.ID.String(), err)
		}
		if after == nil {
			break
		}
		rest = after
		tree := IsTree(entry.Mode)
		switch {
		case !tree:
		case keep:
			w.edges = append(w.edges, coneEntry{w.name(entry.Name), s.subtree(w, entry.ID, prefix)})
		case s.round == 2:
			s.check(w, entry.ID, prefix, gap)
		}
		if target, ok := s.targets[entry.ID]; ok && !IsGitlink(entry.Mode) && tree == (target < leafTarget) {
			if IsSymlink(entry.Mode) {
				target |= symlinkTarget
			}
			w.hits = append(w.hits, treeHit{number(), w.name(entry.Name), target})
			if s.hits.Add(-1) < 0 {
				return errTooManyPlaces
			}
		}
		if target, ok := s.names[string(entry.Name)]; ok && s.round == 1 {
			w.hits = append(w.hits, treeHit{number(), w.name(entry.Name), target})
			if s.hits.Add(-1) < 0 {
				return errTooManyPlaces
			}
		}
	}
	if keep {
		s.edges.Add(int64(kept - len(w.edges)))
	}
	return nil
}

// mayBeName reports whether an entry, which ends at its NUL, may have a name that is wanted, by the name's length.
func (s *treeScan) mayBeName(entry []byte) bool {
	return s.lengths != 0 && s.lengths>>((len(entry)-1-bytes.IndexByte(entry, ' '))%64)&1 != 0
}

func (w *treeWorker) name(name []byte) uint32 {
	if n, found := w.names[string(name)]; found {
		return n
	}
	n := uint32(len(w.names))
	w.names[string(name)] = n
	return n
}

// subtree returns the node of a tree that an entry names.
func (s *treeScan) subtree(w *treeWorker, id pack.ID, prefix uint32) uint32 {
	slot := &w.recent[prefix%uint32(len(w.recent))]
	if slot.id != id {
		*slot = recentTree{id, s.nodes.number(id, prefix)}
	}
	return slot.node
}

// check reports a subtree that is missing. With edges that is known without asking.
func (s *treeScan) check(w *treeWorker, id pack.ID, prefix uint32, gap Gap) {
	slot := &w.recent[prefix%uint32(len(w.recent))]
	if slot.id != id {
		*slot = recentTree{id: id}
		if !s.has(id) {
			gap("trees", id.String(), pack.ErrNotFound)
		}
	}
}

// cone puts together what the workers noted. With edges it first works out which trees lead to a hit; after several
// rounds without, all hits lead to one.
func (s *treeScan) cone(gap Gap) *cone {
	c := &cone{find: s.nodes.find}
	size := s.nodes.len()
	renamed := s.nameAll(c)
	var leads []bool
	if s.edges.Load() >= 0 {
		var spans []edgeSpan
		spans, leads = s.closure(size)
		s.nodes.each(func(id pack.ID, node uint32) {
			if !spans[node].read {
				gap("trees", id.String(), pack.ErrNotFound)
			}
		})
	}
	visit := func(use func(node uint32, e coneEntry)) {
		for i := range s.workers {
			w := &s.workers[i]
			for _, h := range w.hits {
				use(h.node, coneEntry{renamed[i][h.name], h.target})
			}
			if leads == nil {
				continue
			}
			for j, span := range w.spans {
				for _, e := range w.edges[span.start:w.spanEnd(j)] {
					if leads[e.target] {
						use(span.node, coneEntry{renamed[i][e.name], e.target})
					}
				}
			}
		}
	}
	c.fill(size, visit)
	return c
}

// fill lays the entries out by node: visit is called twice, to count and to place.
func (c *cone) fill(size int, visit func(use func(node uint32, e coneEntry))) {
	c.first = make([]uint32, size)
	c.end = make([]uint32, size)
	total := uint32(0)
	visit(func(node uint32, _ coneEntry) { c.end[node]++; total++ })
	start := uint32(0)
	for node, count := range c.end {
		c.first[node], c.end[node] = start, start
		start += count
	}
	c.entries = make([]coneEntry, total)
	visit(func(node uint32, e coneEntry) { c.entries[c.end[node]] = e; c.end[node]++ })
	for node := range c.first {
		// A hostile tree may name the same thing twice.
		entries := c.of(uint32(node))
		slices.SortFunc(entries, compareEntries)
		c.end[node] = c.first[node] + uint32(len(slices.Compact(entries)))
	}
}

// nameAll numbers the names of all workers together and returns, for each worker, the new number of each of its own.
func (s *treeScan) nameAll(c *cone) [][]uint32 {
	all := map[string]uint32{}
	renamed := make([][]uint32, len(s.workers))
	for i := range s.workers {
		renamed[i] = make([]uint32, len(s.workers[i].names))
		for name, old := range s.workers[i].names {
			n, found := all[name]
			if !found {
				n = uint32(len(c.names))
				all[name] = n
				c.names = append(c.names, name)
			}
			renamed[i][old] = n
		}
	}
	return renamed
}

func (w *treeWorker) spanEnd(i int) uint32 {
	if i+1 < len(w.spans) {
		return w.spans[i+1].start
	}
	return uint32(len(w.edges))
}

// edgeSpan is where the edges of a node are.
type edgeSpan struct {
	edges []coneEntry
	read  bool
}

// closure returns where each node's edges are, and which nodes lead to a hit.
func (s *treeScan) closure(size int) ([]edgeSpan, []bool) {
	spans := make([]edgeSpan, size)
	leads := make([]bool, size)
	for i := range s.workers {
		w := &s.workers[i]
		for j, span := range w.spans {
			spans[span.node] = edgeSpan{w.edges[span.start:w.spanEnd(j)], true}
		}
		for _, h := range w.hits {
			leads[h.node] = true
		}
	}
	leadTo(leads, func(node uint32) []coneEntry { return spans[node].edges })
	return spans, leads
}

// leadTo marks the nodes below which there is one that is marked. Entries that are leaves do not count.
func leadTo(leads []bool, edges func(node uint32) []coneEntry) {
	// Depth first without recursion: a hostile repository may nest its folders as deep as it likes.
	type frame struct{ node, next uint32 }
	opened := make([]bool, len(leads))
	var stack []frame
	for node := range leads {
		if opened[node] {
			continue
		}
		opened[node] = true
		stack = append(stack[:0], frame{node: uint32(node)})
		for len(stack) > 0 {
			top := &stack[len(stack)-1]
			below := edges(top.node)
			if int(top.next) == len(below) {
				stack = stack[:len(stack)-1]
				if len(stack) > 0 && leads[top.node] {
					leads[stack[len(stack)-1].node] = true
				}
				continue
			}
			child := below[top.next].target
			top.next++
			switch {
			case child&leafTarget != 0:
			case !opened[child]:
				opened[child] = true
				stack = append(stack, frame{node: child})
			case leads[child]:
				leads[top.node] = true
			}
		}
	}
}
