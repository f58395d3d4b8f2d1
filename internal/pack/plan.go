package pack

import (
	"bytes"
	"container/heap"
	"context"
	"errors"
	"slices"
	"sort"
	"sync"
	"sync/atomic"
)

// plan is the forest of one pack's delta chains. Entries are numbered in the order of the pack.
type plan struct {
	p     *pack
	order []place
	// base is the entry that each is a delta of, or one of the constants below.
	base []int32
	// child and sibling link the needed entries that are deltas of one base; -1 ends a list.
	child, sibling []int32
	// flags are the type, if known, and the marks below.
	flags []uint8
	roots []int32
	// number counts the plans of a run from 1.
	number int
	// lost are positions in the index of wanted objects that have no possible offset.
	lost   []int32
	wanted int64
}

const (
	none     = -1 // no delta
	external = -2 // a delta of something that the index does not list
	broken   = -3 // an unreadable header
	circular = -4 // part of deltas that refer to each other in a circle
	pending  = -5 // being followed; seen only while types are worked out
)

const (
	typeMask = 7
	// markWanted: to be visited. markNeeded: to be read, since it or something made from it is wanted. markCheck: to be
	// compared with its id. markDouble: another copy of the object is visited.
	markWanted = 1 << 3
	markNeeded = 1 << 4
	markCheck  = 1 << 5
	markDouble = 1 << 6
)

// plan links the deltas of all packs and says what is to be read. Of loose it returns those that no pack has.
func (s *Store) plan(ctx context.Context, opt EachOptions, types [8]bool, loose []looseObject) ([]*plan, []looseObject, error) {
	packs := s.packList()
	if opt.Packs != nil {
		opt.Packs(describePacks(packs))
	}
	var marks [][]uint8
	var damaged []bool
	err := guard(func() error {
		marks, damaged = s.markDoubles(packs)
		loose = s.onlyLoose(packs, marks, loose, &opt)
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	plans := make([]*plan, len(packs))
	var tasks []func() error
	for i, p := range packs {
		tasks = append(tasks, func() error {
			plans[i] = newPlan(p, i+1)
			return nil
		}, func() error {
			if err := p.idx.verify(); err != nil {
				damaged[i] = true
				s.addProblem(p, Problem{"index", p.idxFile.path, err})
			}
			return nil
		})
	}
	if err := parallel(ctx, opt.Workers, tasks); err != nil {
		return nil, nil, err
	}
	tasks = nil
	for _, pl := range plans {
		const step = 1 << 14
		for from := 0; from < len(pl.order); from += step {
			// A fault costs the entries behind it: they stay broken and are read, or reported, one by one.
			tasks = append(tasks, func() error {
				_ = guard(func() error { pl.readHeaders(from, min(from+step, len(pl.order))); return nil })
				return nil
			})
		}
	}
	if err := parallel(ctx, opt.Workers, tasks); err != nil {
		return nil, nil, err
	}
	tasks = nil
	for i, pl := range plans {
		tasks = append(tasks, func() error {
			return guard(func() error {
				pl.spreadTypes(s)
				if damaged[i] {
					for k := range marks[i] {
						marks[i][k] |= markCheck
					}
				}
				pl.want(types, marks[i], &opt)
				pl.link()
				return nil
			})
		})
	}
	// Skip must not be called concurrently.
	return plans, loose, parallel(ctx, 1, tasks)
}

// parallel runs tasks on a number of goroutines until one fails or ctx is done.
func parallel(ctx context.Context, workers int, tasks []func() error) error {
	var next atomic.Int64
	var wg sync.WaitGroup
	errs := make([]error, workers)
	for w := range workers {
		wg.Go(func() {
			for errs[w] == nil {
				i := int(next.Add(1)) - 1
				if i >= len(tasks) {
					return
				}
				if errs[w] = ctx.Err(); errs[w] == nil {
					errs[w] = guard(tasks[i])
				}
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// cursor is a position in an index that is being merged with others.
type cursor struct{ pack, pos int }

// merge orders cursors by the id they stand on, then by pack.
type merge struct {
	packs   []*pack
	cursors []cursor
}

func (m *merge) Len() int      { return len(m.cursors) }
func (m *merge) Swap(i, j int) { m.cursors[i], m.cursors[j] = m.cursors[j], m.cursors[i] }
func (m *merge) Less(i, j int) bool {
	a, b := m.cursors[i], m.cursors[j]
	if c := bytes.Compare(m.raw(a), m.raw(b)); c != 0 {
		return c < 0
	}
	return a.pack < b.pack
}
func (m *merge) Push(x any) {}
func (m *merge) Pop() any {
	m.cursors = m.cursors[:len(m.cursors)-1]
	return nil
}
func (m *merge) raw(c cursor) []byte { return m.packs[c.pack].idx.raw(c.pos) }

// markDoubles goes through all indexes at once. Of an id that stands in several places, all but the first are marked as
// doubles, and the first is to be checked: the copies might differ, and the others are not looked at. marks are by pack
// and position in its index. unsorted says in which indexes ids are not in order: they are damaged.
func (s *Store) markDoubles(packs []*pack) (marks [][]uint8, unsorted []bool) {
	m := &merge{packs: packs}
	unsorted = make([]bool, len(packs))
	for i, p := range packs {
		marks = append(marks, make([]uint8, p.idx.n))
		if p.idx.n > 0 {
			m.cursors = append(m.cursors, cursor{i, 0})
		}
	}
	heap.Init(m)
	first := cursor{-1, 0}
	for len(m.cursors) > 0 {
		c := m.cursors[0]
		raw := m.raw(c)
		if first.pack >= 0 && bytes.Equal(m.raw(first), raw) {
			marks[c.pack][c.pos] |= markDouble
			marks[first.pack][first.pos] |= markCheck
		} else {
			first = c
		}
		idx := packs[c.pack].idx
		if c.pos++; c.pos == idx.n {
			heap.Remove(m, 0)
			continue
		}
		if bytes.Compare(idx.raw(c.pos), raw) < 0 {
			unsorted[c.pack] = true
			s.addProblem(packs[c.pack], Problem{"index", packs[c.pack].idxFile.path,
				errors.New("ids are not sorted: an object may be missed, or read twice")})
		}
		m.cursors[0] = c
		heap.Fix(m, 0)
	}
	return marks, unsorted
}

// describePacks tells of packs to whoever asked for it.
func describePacks(packs []*pack) []PackFile {
	files := make([]PackFile, len(packs))
	for i, p := range packs {
		files[i] = PackFile{p.path, p.idx.n, p.file.info, p.idxFile.info, p.opened}
	}
	return files
}

// onlyLoose returns the loose objects that are wanted and that no pack has, each once.
func (s *Store) onlyLoose(packs []*pack, marks [][]uint8, loose []looseObject, opt *EachOptions) []looseObject {
	slices.SortStableFunc(loose, func(a, b looseObject) int { return a.id.Compare(b.id) })
	only := loose[:0] // what is behind is looked at before it is written over
	for i, o := range loose {
		if i > 0 && loose[i-1].id == o.id {
			continue
		}
		packed := false
		for k, p := range packs {
			lo, hi := p.idx.find(o.id.b[:o.id.n])
			for ; lo < hi; lo++ {
				marks[k][lo] |= markCheck
				packed = true
			}
		}
		if packed || opt.Skip != nil && opt.Skip(o.id) ||
			opt.SkipLoose != nil && opt.SkipLoose(o.id, loosePath(o.dir.path, o.id)) {
			continue
		}
		only = append(only, o)
	}
	return only
}

func newPlan(p *pack, number int) *plan {
	pl := &plan{p: p, number: number}
	pl.order, pl.lost = p.places()
	n := len(pl.order)
	pl.base = make([]int32, n)
	for i := range pl.base {
		pl.base[i] = broken
	}
	pl.child, pl.sibling = make([]int32, n), make([]int32, n)
	pl.flags = make([]uint8, n)
	return pl
}

// readHeaders reads the headers of a range of entries and finds their bases.
func (pl *plan) readHeaders(from, to int) {
	var w window
	for i := from; i < to; i++ {
		off := pl.order[i].off
		h, err := pl.p.header(&w, off)
		if err != nil {
			continue
		}
		switch h.kind {
		case ofsDelta:
			pl.base[i] = pl.entryAt(off - h.back)
		case refDelta:
			pl.base[i] = external
			if at, ok := pl.p.findOffset(h.ref); ok {
				pl.base[i] = pl.entryAt(at)
			}
		default:
			pl.base[i] = none
			pl.flags[i] = h.kind
		}
	}
}

// entryAt returns the first entry at an offset, or external.
func (pl *plan) entryAt(off int64) int32 {
	i := sort.Search(len(pl.order), func(i int) bool { return pl.order[i].off >= off })
	if i == len(pl.order) || pl.order[i].off != off {
		return external
	}
	return int32(i)
}

// end returns where the bytes of an entry end: where the next one starts.
func (pl *plan) end(i int32) int64 {
	off := pl.order[i].off
	next := int(i) + 1
	if next < len(pl.order) && pl.order[next].off == off {
		next = sort.Search(len(pl.order), func(i int) bool { return pl.order[i].off > off })
	}
	if next == len(pl.order) {
		return pl.p.end
	}
	return pl.order[next].off
}

// spreadTypes gives every delta the type of the object at the root of its chain, and cuts circles.
func (pl *plan) spreadTypes(s *Store) {
	sc := s.getScratch()
	defer s.putScratch(sc)
	var path, bases []int32
	for i := range pl.base {
		path, bases = path[:0], bases[:0]
		at := int32(i)
		for pl.base[at] >= 0 && pl.flags[at]&typeMask == 0 {
			path, bases = append(path, at), append(bases, pl.base[at])
			pl.base[at], at = pending, pl.base[at]
		}
		if pl.base[at] == external && pl.flags[at]&typeMask == 0 {
			sc.tries = maxTries
			if t, _, err := s.stat(pl.p.idx.id(int(pl.order[at].pos)), sc, 0); err == nil {
				pl.flags[at] |= uint8(t)
			}
		}
		circle := pl.base[at] == pending
		t := pl.flags[at] & typeMask
		for k, e := range path {
			pl.base[e] = bases[k]
			pl.flags[e] |= t
		}
		if circle {
			for e := at; pl.base[e] >= 0; {
				pl.base[e], e = circular, pl.base[e]
			}
		}
	}
}

// want marks the entries to be visited. What is broken is wanted whatever its type, which is not known; so is everything
// made from it.
func (pl *plan) want(types [8]bool, marks []uint8, opt *EachOptions) {
	skip := opt.Skip
	for i := range pl.order {
		pos := pl.order[i].pos
		pl.flags[i] |= marks[pos] & markCheck
		t := pl.flags[i] & typeMask
		if marks[pos]&markDouble != 0 || t != 0 && !types[t] || skip != nil && skip(pl.p.idx.id(int(pos))) {
			continue
		}
		if Type(t) == Blob && opt.SkipBlob != nil && opt.SkipBlob(pl.number, int(pos)) {
			continue
		}
		pl.flags[i] |= markWanted
		pl.wanted++
	}
	all := pl.lost
	pl.lost = nil
	for _, pos := range all {
		if marks[pos]&markDouble == 0 && (skip == nil || !skip(pl.p.idx.id(int(pos)))) {
			pl.lost = append(pl.lost, pos)
			pl.wanted++
		}
	}
}

// link marks what is needed for what is wanted, and links bases to the needed deltas of them, in pack order.
func (pl *plan) link() {
	for i := range pl.order {
		if pl.flags[i]&markWanted == 0 {
			continue
		}
		for at := int32(i); at >= 0 && pl.flags[at]&markNeeded == 0; at = pl.base[at] {
			pl.flags[at] |= markNeeded
		}
	}
	for i := range pl.child {
		pl.child[i], pl.sibling[i] = -1, -1
	}
	for i := len(pl.order) - 1; i >= 0; i-- {
		if pl.flags[i]&markNeeded == 0 {
			continue
		}
		if b := pl.base[i]; b >= 0 {
			pl.sibling[i], pl.child[b] = pl.child[b], int32(i)
		} else {
			pl.roots = append(pl.roots, int32(i))
		}
	}
	slices.Reverse(pl.roots)
}
