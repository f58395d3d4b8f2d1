package repo

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/skant-dev/skant/internal/pack"
)

// replay works out from the records of trees which of them lead to what is wanted, without reading a tree. A tree is
// named by the number of its record.
type replay struct {
	t       *TreeRecords
	records []treeRecord
	// recordOf are the records by the number plus one of the tree, 0 where there is none.
	recordOf []uint32
	// blobs are the leaves plus one by the number plus one of the blob; names those by each worker's numbers of names.
	blobs []uint32
	names [][]uint32
	// may says which trees may lead to a leaf.
	may []bool
	// absent are numbers plus one of trees that are named but have no record.
	absent map[uint32]bool
	// hot are the numbers plus one of blobs that are leaves and, in the end, of trees that may lead to one.
	hot numberSet
	// firstName is what has to be added to each worker's numbers of names to tell them apart.
	firstName []uint32
	cone      *cone
}

// numberSet is a set of objects by their numbers.
type numberSet []uint64

func (s numberSet) add(n uint32)      { s[n/64] |= 1 << (n % 64) }
func (s numberSet) has(n uint32) bool { return s[n/64]>>(n%64)&1 != 0 }

// replayRecords is scanTrees from records, and returns the node of each commit's tree, too. It reports false if the
// records do not suffice: if there are none, if a tree that is in the store was not written down, or if there is too
// much to be found.
func (r *Repository) replayRecords(ctx context.Context, a *attribution, t *TreeRecords, gap Gap) (*cone, []uint32, bool) {
	if t == nil || t.check == nil || t.stopped.Load() || t.check.numbers == nil {
		return nil, nil, false
	}
	p := &replay{t: t, records: t.all(), absent: map[uint32]bool{}}
	p.index(a)
	p.reach(len(t.check.workers))
	roots := p.roots(a.reach.graph)
	if !p.complete(r, a.reach, gap) || ctx.Err() != nil || !p.run(len(t.check.workers)) {
		return nil, nil, false
	}
	p.prune()
	p.arrange()
	p.cone.find = func(id pack.ID) (uint32, bool) {
		node := p.recordOf[t.check.numberOf(id)]
		return node, node != 0
	}
	return p.cone, roots, true
}

// numberOf returns the number plus one of an object, 0 if it has none.
func (c *LinkCheck) numberOf(id pack.ID) uint32 {
	if found := c.find([]pack.ID{id}); found[0] != 0 {
		return found[0]
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.loose[id]
}

// index fills in the tables of trees, leaves and names.
func (p *replay) index(a *attribution) {
	check := p.t.check
	size := check.numbers.Len() + len(check.loose) + 1
	p.recordOf, p.blobs = make([]uint32, size), make([]uint32, size)
	for i := range p.records {
		p.recordOf[p.records[i].number] = uint32(i)
	}
	p.hot = make(numberSet, (size+63)/64)
	for i, id := range a.blobs {
		if n := check.numberOf(id); n != 0 {
			p.blobs[n] = uint32(i) + 1
			p.hot.add(n)
		}
	}
	p.names, p.firstName = make([][]uint32, len(check.workers)), make([]uint32, len(check.workers)+1)
	for i, w := range check.workers {
		p.firstName[i+1] = p.firstName[i] + uint32(len(w.texts))
		if len(a.names) == 0 {
			continue
		}
		p.names[i] = make([]uint32, len(w.texts))
		for j, name := range a.names {
			if n, met := w.names[name]; met {
				p.names[i][n] = uint32(len(a.blobs)+j) + 1
			}
		}
	}
}

// treeEdge says that if a tree leads to a leaf, another one may: it has the first one as a folder, or is a delta of it.
type treeEdge struct{ from, to uint32 }

// reach finds the trees that may lead to a leaf: a delta may have lost again what its base has, but it has nothing that
// is neither its base's nor its own. So only these need to be looked at closely.
func (p *replay) reach(workers int) {
	p.may = make([]bool, len(p.records))
	parts := make([][]treeEdge, workers)
	absent := make([]map[uint32]bool, workers)
	share := (len(p.records) + workers - 1) / workers
	var wg sync.WaitGroup
	for i := range workers {
		wg.Go(func() {
			absent[i] = map[uint32]bool{}
			start, end := min(i*share, len(p.records)), min((i+1)*share, len(p.records))
			parts[i] = p.edges(start, end, absent[i])
		})
	}
	wg.Wait()
	first := make([]uint32, len(p.records)+1)
	total := 0
	for i, part := range parts {
		for number := range absent[i] {
			p.absent[number] = true
		}
		total += len(part)
		for _, e := range part {
			first[e.from+1]++
		}
	}
	for i := 1; i < len(first); i++ {
		first[i] += first[i-1]
	}
	to := make([]uint32, total)
	next := slices.Clone(first)
	for _, part := range parts {
		for _, e := range part {
			to[next[e.from]] = e.to
			next[e.from]++
		}
	}
	var open []uint32
	for i, may := range p.may {
		if may {
			open = append(open, uint32(i))
		}
	}
	for len(open) > 0 {
		top := open[len(open)-1]
		open = open[:len(open)-1]
		p.hot.add(p.records[top].number)
		for _, n := range to[first[top]:first[top+1]] {
			if !p.may[n] {
				p.may[n] = true
				open = append(open, n)
			}
		}
	}
}

// edges goes through some of the records once.
func (p *replay) edges(start, end int, absent map[uint32]bool) (edges []treeEdge) {
	for i := max(start, 1); i < end; i++ {
		r := &p.records[i]
		if r.base != 0 {
			edges = append(edges, treeEdge{r.base, uint32(i)})
		}
		names := p.names[r.worker]
		reader := recordReader{rest: r.steps}
		for {
			fresh, _, count, more := reader.step()
			if !more {
				break
			}
			for ; fresh && count > 0; count-- {
				e := reader.entry()
				if names != nil && names[e.name] != 0 {
					p.may[i] = true
				}
				switch e.kind {
				case kindTree:
					if child := p.recordOf[e.number]; child != 0 {
						edges = append(edges, treeEdge{child, uint32(i)})
					} else {
						absent[e.number] = true
					}
				case kindGitlink:
				default:
					p.may[i] = p.may[i] || p.hot.has(e.number)
				}
			}
		}
	}
	return edges
}

// roots returns the nodes of the commits' trees, 0 where there is no record.
func (p *replay) roots(g *Graph) []uint32 {
	numbers := p.t.roots
	if p.t.graph != g {
		numbers = p.t.check.find(g.trees)
	}
	nodes := make([]uint32, len(numbers))
	for i, n := range numbers {
		if n == 0 {
			n = p.t.check.numberOf(g.trees[i])
		}
		if nodes[i] = p.recordOf[n]; nodes[i] == 0 {
			p.absent[n] = true
		}
	}
	return nodes
}

// complete reports whether every tree that is named and in the store was written down. Those that are not in the store
// go to gap.
func (p *replay) complete(r *Repository, x *Reach, gap Gap) bool {
	for _, id := range x.markedObjects() {
		if p.recordOf[p.t.check.numberOf(id)] == 0 && r.isTreeObject(id) {
			return false
		}
	}
	if len(p.absent) == 0 {
		return true
	}
	check := p.t.check
	check.mu.Lock()
	defer check.mu.Unlock()
	var missing []pack.ID
	for id, number := range check.loose {
		if !p.absent[number] {
			continue
		}
		delete(p.absent, number)
		if _, lost := check.missing[id]; lost {
			missing = append(missing, id)
		} else if id != emptyTree(r.Format()) {
			return false
		}
	}
	if len(p.absent) > 0 {
		return false
	}
	for _, id := range missing {
		gap("trees", id.String(), pack.ErrNotFound)
	}
	return true
}

// isTreeObject reports whether the store has a tree of this id.
func (r *Repository) isTreeObject(id pack.ID) bool {
	store, err := r.objects()
	if err != nil {
		return false
	}
	kind, _, err := store.Stat(id)
	return err == nil && kind == pack.Tree
}

// run finds the entries that lead to leaves, tree by tree, bases before their deltas: what a tree has from its base it
// has from there, at another place. It reports false if there are too many. Trees that are not deltas are shared out
// with all that is made from them.
func (p *replay) run(workers int) bool {
	p.cone = &cone{first: make([]uint32, len(p.records)), end: make([]uint32, len(p.records))}
	share := make([]uint8, len(p.records))
	for i := 1; i < len(p.records); i++ {
		if share[i] = uint8(i % min(workers, 256)); p.records[i].base != 0 {
			share[i] = share[p.records[i].base]
		}
	}
	parts := make([]replayPart, min(workers, 256))
	var wg sync.WaitGroup
	for n := range parts {
		wg.Go(func() {
			part := &parts[n]
			part.replay = p
			for i := 1; i < len(p.records) && len(part.found) <= maxTreeHits; i++ {
				if int(share[i]) == n && p.may[i] {
					p.cone.first[i] = uint32(len(part.found))
					part.tree(&p.records[i])
					p.cone.end[i] = uint32(len(part.found))
				}
			}
		})
	}
	wg.Wait()
	starts := make([]uint32, len(parts))
	total := 0
	for n := range parts {
		starts[n] = uint32(total)
		total += len(parts[n].found)
		parts[n].at = nil
	}
	if total > maxTreeHits {
		return false
	}
	p.cone.entries = parts[0].found
	for n := 1; n < len(parts); n++ {
		p.cone.entries = append(p.cone.entries, parts[n].found...)
		parts[n].found = nil
	}
	for i := range p.records {
		p.cone.first[i] += starts[share[i]]
		p.cone.end[i] += starts[share[i]]
	}
	return true
}

// replayPart is one worker's share. found are the entries that lead to leaves, those of a tree one after the other; at is
// where in their tree they are.
type replayPart struct {
	*replay
	found []coneEntry
	at    []uint32
}

func (p *replayPart) tree(r *treeRecord) {
	from, end := p.cone.first[r.base], p.cone.end[r.base]
	next := from
	at := uint32(0)
	names := p.names[r.worker]
	reader := recordReader{rest: r.steps}
	for {
		fresh, start, count, more := reader.step()
		switch {
		case !more:
			return
		case fresh:
			for range count {
				if e := reader.entry(); names != nil || p.hot.has(e.number) {
					p.entry(r.worker, &e, at)
				}
				at++
			}
			continue
		}
		if next > from && p.at[next-1] >= uint32(start) {
			next = from
		}
		if gap := end - next; gap > 8 && p.at[next+8] < uint32(start) {
			n, _ := slices.BinarySearch(p.at[next:end], uint32(start))
			next += uint32(n)
		}
		for next < end && p.at[next] < uint32(start) {
			next++
		}
		for ; next < end && p.at[next] < uint32(start+count); next++ {
			p.found = append(p.found, p.found[next])
			p.at = append(p.at, p.at[next]-uint32(start)+at)
		}
		at += uint32(count)
	}
}

// entry looks at an entry that the base does not have.
func (p *replayPart) entry(worker int, e *recordedEntry, at uint32) {
	add := func(target uint32) {
		p.found = append(p.found, coneEntry{p.firstName[worker] + e.name, target})
		p.at = append(p.at, at)
	}
	if names := p.names[worker]; names != nil && names[e.name] != 0 {
		add(names[e.name] - 1 | leafTarget)
	}
	switch e.kind {
	case kindTree:
		if child := p.recordOf[e.number]; child != 0 && p.may[child] {
			add(child)
		}
	case kindGitlink:
	default:
		if leaf := p.blobs[e.number]; leaf != 0 {
			target := leaf - 1 | leafTarget
			if e.kind == kindSymlink {
				target |= symlinkTarget
			}
			add(target)
		}
	}
}

// prune drops the entries of folders that only seemed to lead to a leaf.
func (p *replay) prune() {
	c := p.cone
	leads := make([]bool, len(p.records))
	for i := range leads {
		leads[i] = slices.ContainsFunc(c.of(uint32(i)), func(e coneEntry) bool { return e.target&leafTarget != 0 })
	}
	leadTo(leads, func(node uint32) []coneEntry { return c.of(node) })
	for i := range leads {
		end := c.first[i]
		for _, e := range c.of(uint32(i)) {
			if e.target&leafTarget != 0 || leads[e.target] {
				c.entries[end] = e
				end++
			}
		}
		c.end[i] = end
	}
}

// arrange gives names numbers in their order, in which the entries of most trees are then, too, and sorts the rest.
func (p *replay) arrange() {
	c := p.cone
	used := make(numberSet, p.firstName[len(p.firstName)-1]/64+1)
	for i := range c.first {
		for _, e := range c.of(uint32(i)) {
			used.add(e.name)
		}
	}
	type usedName struct {
		text string
		old  uint32
	}
	var names []usedName
	for i, w := range p.t.check.workers {
		for n, text := range w.texts {
			if old := p.firstName[i] + uint32(n); used.has(old) {
				names = append(names, usedName{text, old})
			}
		}
	}
	slices.SortFunc(names, func(a, b usedName) int { return cmp.Compare(a.text, b.text) })
	rank := make([]uint32, p.firstName[len(p.firstName)-1])
	for i, name := range names {
		if i == 0 || name.text != names[i-1].text {
			c.names = append(c.names, name.text)
		}
		rank[name.old] = uint32(len(c.names) - 1)
	}
	for i := range c.first {
		entries := c.of(uint32(i))
		sorted := true
		for j := range entries {
			entries[j].name = rank[entries[j].name]
			sorted = sorted && (j == 0 || compareEntries(entries[j-1], entries[j]) < 0)
		}
		if !sorted {
			slices.SortFunc(entries, compareEntries)
			c.end[i] = c.first[i] + uint32(len(slices.Compact(entries)))
		}
	}
}
