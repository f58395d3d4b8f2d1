package repo

import (
	"cmp"
	"math/bits"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/skant-dev/skant/internal/pack"
)

// MaxRemoved is how many commits that removed a key are listed for one introduction.
const MaxRemoved = 5

// removals says for each event which commits took away what it introduced, the earliest first. It follows the key from
// commit to commit, in all directions, as long as they hold it. 64 events take one pass over the graph.
//
// A commit with one parent removes what the parent has and itself has not. A merge that does not have it removes it, too,
// unless a parent that lacks it descends from the commit that introduced it: then it was removed on the way to that parent.
func (x *Reach) removals(events []event, drops []drop) [][]uint32 {
	at := map[keyAt][]drop{}
	for _, d := range drops {
		at[keyAt{d.path, d.key}] = append(at[keyAt{d.path, d.key}], d)
	}
	out := make([][]uint32, len(events))
	var followed []int
	for i, e := range events {
		if len(at[keyAt{e.path, e.key}]) > 0 {
			followed = append(followed, i)
		}
	}
	line := x.graph.line()
	slices.SortFunc(followed, func(i, j int) int { return cmp.Compare(line.at[events[i].commit], line.at[events[j].commit]) })
	inBatches(len(followed), func() func(start, end int) {
		f := newFollower(x.graph, line)
		return func(start, end int) {
			f.begin(events, followed[start:end], at)
			f.run(func(commit uint32, bit int, d *drop) {
				if f.removes(d, bit) {
					n := followed[start+bit]
					out[n] = append(out[n], commit)
				}
			})
		}
	})
	for _, n := range followed {
		slices.SortFunc(out[n], func(a, b uint32) int {
			return cmp.Or(cmp.Compare(x.graph.dates[a], x.graph.dates[b]), x.graph.ids[a].Compare(x.graph.ids[b]))
		})
	}
	return out
}

// line is a graph in the order that puts parents first: commits are named by their place in it.
type line struct {
	// at is the place of each commit.
	at []uint32
	// parents[first[i]:first[i+1]] are the places of the parents of the commit at place i; those on a circle may be later.
	first, parents []uint32
}

func (g *Graph) line() *line {
	l := &line{make([]uint32, g.Len()), make([]uint32, 1, g.Len()+1), make([]uint32, 0, len(g.parents))}
	for i, commit := range g.order {
		l.at[commit] = uint32(i)
	}
	for _, commit := range g.order {
		for _, p := range g.parentsOf(commit) {
			l.parents = append(l.parents, l.at[p])
		}
		l.first = append(l.first, uint32(len(l.parents)))
	}
	return l
}

// inBatches calls what worker returns with ranges of up to 64 of n things, from several goroutines if there are many.
func inBatches(n int, worker func() func(start, end int)) {
	batches := (n + 63) / 64
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(batches, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			do := worker()
			for i := int(next.Add(1)) - 1; i < batches; i = int(next.Add(1)) - 1 {
				do(i*64, min(i*64+64, n))
			}
		})
	}
	wg.Wait()
}

// follower passes sets of 64 events down the graph.
type follower struct {
	g *Graph
	*line
	// sets are what is known at each place.
	sets []followed
	// earliest is the first place where an event is; drops are those of the events, by their bit.
	earliest uint32
	drops    [64][]drop
}

// followed are sets of events at one place: begin are its own, stop those whose key it does not hold, after those that
// it descends from, held those of them whose key was there all the way.
type followed struct{ begin, stop, after, held uint64 }

func newFollower(g *Graph, l *line) *follower {
	return &follower{g: g, line: l, sets: make([]followed, g.Len())}
}

// begin sets out with some of the events.
func (f *follower) begin(events []event, batch []int, drops map[keyAt][]drop) {
	clear(f.sets)
	f.earliest = uint32(len(f.sets))
	for bit, n := range batch {
		e := &events[n]
		at := f.at[e.commit]
		f.sets[at].begin |= 1 << bit
		f.earliest = min(f.earliest, at)
		f.drops[bit] = drops[keyAt{e.path, e.key}]
		for _, d := range f.drops[bit] {
			f.sets[f.at[d.commit]].stop |= 1 << bit
		}
	}
}

// run calls lose with each commit at which an event ends.
func (f *follower) run(lose func(commit uint32, bit int, d *drop)) {
	for i := f.earliest; int(i) < len(f.sets); i++ {
		var after, held uint64
		for _, p := range f.parents[f.first[i]:f.first[i+1]] {
			after |= f.sets[p].after
			held |= f.sets[p].held
		}
		s := &f.sets[i]
		s.after = after | s.begin
		s.held = held&^s.stop | s.begin
		for lost := held & s.stop; lost != 0; lost &= lost - 1 {
			bit := bits.TrailingZeros64(lost)
			commit := f.g.order[i]
			n, _ := slices.BinarySearchFunc(f.drops[bit], commit, func(d drop, c uint32) int { return cmp.Compare(d.commit, c) })
			lose(commit, bit, &f.drops[bit][n])
		}
	}
}

// removes reports whether a drop is a removal of an event's key, and not the result of one.
func (f *follower) removes(d *drop, bit int) bool {
	for i, p := range f.g.parentsOf(d.commit) {
		if i < 64 && d.lacks>>i&1 != 0 && f.sets[f.at[p]].after>>bit&1 != 0 {
			return false
		}
	}
	return true
}

// idsOf returns the ids of the first commits of a list, at most MaxRemoved.
func (g *Graph) idsOf(commits []uint32) []pack.ID {
	var ids []pack.ID
	for _, c := range commits[:min(len(commits), MaxRemoved)] {
		ids = append(ids, g.ids[c])
	}
	return ids
}
