package repo

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
	"time"
)

// span is the time between the first and the last commit, in Unix seconds; noDate where no date is known.
type span struct{ first, last int64 }

// join widens s to hold other.
func (s span) join(other span) span {
	if other.first != noDate && (s.first == noDate || other.first < s.first) {
		s.first = other.first
	}
	s.last = max(s.last, other.last)
	return s
}

func unixTime(seconds int64) time.Time {
	if seconds == noDate {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

// forest are the commits with their first parents only, laid out so that each commit comes right before all that
// descend from it. What a commit holds, its descendants hold, too, until one of them lets go of it: so that the commits
// that hold something are a few ranges, however many they are.
type forest struct {
	// parent is the first parent, or noRoot.
	parent []uint32
	// at and end are the range of each commit with its descendants.
	at, end []uint32
	// oldest and newest are the dates of blocks of 1<<forestBlock commits, of two of them, of four and so on.
	dates          []int64
	oldest, newest [][]int64
}

const forestBlock = 5

func newForest(g *Graph) *forest {
	n := g.Len()
	f := &forest{parent: make([]uint32, n), at: make([]uint32, n), end: make([]uint32, n), dates: make([]int64, n)}
	rank := make([]uint32, n)
	for i, commit := range g.order {
		rank[commit] = uint32(i)
	}
	size := f.end
	for i := n - 1; i >= 0; i-- {
		commit := g.order[i]
		f.parent[commit] = noRoot
		size[commit]++
		// A parent that comes later is one on a circle.
		if parents := g.parentsOf(commit); len(parents) > 0 && rank[parents[0]] < uint32(i) {
			f.parent[commit] = parents[0]
			size[parents[0]] += size[commit]
		}
	}
	next := rank
	roots := uint32(0)
	for _, commit := range g.order {
		place := &roots
		if p := f.parent[commit]; p != noRoot {
			place = &next[p]
		}
		at := *place
		*place += size[commit]
		f.at[commit], next[commit], f.end[commit] = at, at+1, at+size[commit]
		f.dates[at] = g.dates[commit]
	}
	f.summarize()
	return f
}

// summarize fills in oldest and newest.
func (f *forest) summarize() {
	var oldest, newest []int64
	for rest := f.dates; len(rest) > 0; rest = rest[min(1<<forestBlock, len(rest)):] {
		s := rangeOf(rest[:min(1<<forestBlock, len(rest))])
		oldest, newest = append(oldest, early(s.first)), append(newest, s.last)
	}
	for width := 1; len(oldest) > 0; width *= 2 {
		f.oldest, f.newest = append(f.oldest, oldest), append(f.newest, newest)
		var o, n []int64
		for i := width; i < len(oldest); i++ {
			o, n = append(o, min(oldest[i-width], oldest[i])), append(n, max(newest[i-width], newest[i]))
		}
		oldest, newest = o, n
	}
}

// early makes a date one that is never the oldest if there is none.
func early(date int64) int64 {
	if date == noDate {
		return math.MaxInt64
	}
	return date
}

func rangeOf(dates []int64) span {
	s := span{noDate, noDate}
	for _, d := range dates {
		s = s.join(span{d, d})
	}
	return s
}

// between returns the dates of a range.
func (f *forest) between(at, end uint32) span {
	first, last := at>>forestBlock+1, end>>forestBlock
	if first >= last {
		return rangeOf(f.dates[at:end])
	}
	s := rangeOf(f.dates[at : first<<forestBlock]).join(rangeOf(f.dates[last<<forestBlock : end]))
	level := bits.Len32(last-first) - 1
	right := last - 1<<level
	whole := span{min(f.oldest[level][first], f.oldest[level][right]), max(f.newest[level][first], f.newest[level][right])}
	if whole.first == math.MaxInt64 {
		whole.first = noDate
	}
	return s.join(whole)
}

// turn says that a commit holds a leaf at a path and its first parent does not, or the other way round.
type turn struct {
	path, leaf uint32
	commit     uint32
	holds      bool
}

// spans calls visit for every leaf at every path, with the dates of all commits that hold it there.
func (f *forest) spans(turns []turn, visit func(path, leaf uint32, s span)) {
	slices.SortFunc(turns, func(a, b turn) int {
		return cmp.Or(cmp.Compare(a.path, b.path), cmp.Compare(a.leaf, b.leaf), cmp.Compare(f.at[a.commit], f.at[b.commit]))
	})
	for start := 0; start < len(turns); {
		end := start
		for end < len(turns) && turns[end].path == turns[start].path && turns[end].leaf == turns[start].leaf {
			end++
		}
		visit(turns[start].path, turns[start].leaf, f.span(turns[start:end]))
		start = end
	}
}

// span returns the dates of the commits that hold one leaf at one path: below each turn, until the next one.
func (f *forest) span(turns []turn) span {
	s := span{noDate, noDate}
	at := uint32(0)
	var open []turn
	// pass goes on to a position; what is between is as the innermost turn has it.
	pass := func(to uint32) {
		if n := len(open); n > 0 && open[n-1].holds && at < to {
			s = s.join(f.between(at, to))
		}
		at = to
	}
	for _, t := range turns {
		for len(open) > 0 && f.end[open[len(open)-1].commit] <= f.at[t.commit] {
			pass(f.end[open[len(open)-1].commit])
			open = open[:len(open)-1]
		}
		pass(f.at[t.commit])
		open = append(open, t)
	}
	for ; len(open) > 0; open = open[:len(open)-1] {
		pass(f.end[open[len(open)-1].commit])
	}
	return s
}
