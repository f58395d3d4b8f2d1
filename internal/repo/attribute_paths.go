package repo

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
)

// Bounds on paths. git's own bound on the depth of a tree is 2048 (core.maxTreeDepth). A hostile repository of a few
// hundred bytes can name a billion paths, so the folders that are looked at are counted.
const (
	maxTreeDepth    = 2048
	maxTreePlaces   = 6 << 20
	maxWalkSteps    = 1 << 31
	maxIntroduction = 4 << 20
)

var errTooDeep = errors.New("a path of more than 2048 folders")

// pathTable numbers paths; number 0 is the top folder.
type pathTable struct {
	parents, names []uint32
	index          map[uint64]uint32
}

func newPathTable() *pathTable {
	return &pathTable{parents: []uint32{0}, names: []uint32{0}, index: map[uint64]uint32{}}
}

// child returns the number of a name in the folder path.
func (t *pathTable) child(path, name uint32) uint32 {
	key := uint64(path)<<32 | uint64(name)
	n, found := t.index[key]
	if !found {
		n = uint32(len(t.names))
		t.index[key] = n
		t.parents = append(t.parents, path)
		t.names = append(t.names, name)
	}
	return n
}

// text returns the path with slashes.
func (t *pathTable) text(path uint32, names []string) string {
	var parts []string
	for ; path != 0; path = t.parents[path] {
		parts = append(parts, names[t.names[path]])
	}
	slices.Reverse(parts)
	return strings.Join(parts, "/")
}

// place is a tree or blob at a path.
type place struct{ path, target uint32 }

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

// place finds every path at which a root holds a wanted blob, and the span of the dates that the roots of that place
// have. It goes through all commits at once, folder level by folder level: a tree is looked at once for each path that it
// is at, however many commits have it there.
func (a *attribution) place(ctx context.Context, roots map[uint32]span, gap Gap) (map[place]span, error) {
	blobs := map[place]span{}
	level := make(map[place]span, len(roots))
	for node, s := range roots {
		level[place{0, node}] = s
	}
	places := int64(0)
	for depth := 0; len(level) > 0; depth++ {
		if depth > maxTreeDepth {
			gap("paths", "", errTooDeep)
			break
		}
		below := map[place]span{}
		for at, s := range level {
			if places++; places%4096 == 0 && ctx.Err() != nil {
				return nil, ctx.Err()
			}
			for _, e := range a.cone.of(at.target) {
				to, next := place{a.paths.child(at.path, e.name), e.target}, below
				if e.target&blobTarget != 0 {
					next = blobs
				}
				if old, found := next[to]; found {
					next[to] = old.join(s)
				} else {
					next[to] = s
				}
			}
			if places+int64(len(below)+len(blobs)) > a.maxPlaces {
				return nil, errTooManyPlaces
			}
		}
		level = below
	}
	return blobs, ctx.Err()
}

// event says that a commit introduces a key: none of its parents holds it at the path.
type event struct{ commit, path, blob, key uint32 }

// introducer finds events, commit by commit.
type introducer struct {
	c      *cone
	paths  *pathTable
	keys   [][]uint32
	events []event
	steps  int64
	// scratch is a stack of the nodes of parents.
	scratch []uint32
}

// commit adds what a commit with the given root introduces against its parents' roots. Parents that hold nothing need
// not be given.
func (w *introducer) commit(commit, root uint32, parents []uint32) error {
	w.scratch = append(w.scratch[:0], parents...)
	w.tree(commit, 0, root, 0, len(parents), 0)
	if w.steps > maxWalkSteps || len(w.events) > maxIntroduction {
		return errTooManyPlaces
	}
	return nil
}

// tree compares one folder with those of the parents, which are scratch[from:to].
func (w *introducer) tree(commit, path, node uint32, from, to, depth int) {
	if slices.Contains(w.scratch[from:to], node) || depth > maxTreeDepth {
		return
	}
	for _, e := range w.c.of(node) {
		if w.steps += int64(1 + to - from); w.steps > maxWalkSteps || len(w.events) > maxIntroduction {
			return
		}
		below := len(w.scratch)
		for i := from; i < to; i++ {
			for _, p := range w.c.named(w.scratch[i], e.name) {
				if p.target&blobTarget == e.target&blobTarget {
					w.scratch = append(w.scratch, p.target)
				}
			}
		}
		child := w.paths.child(path, e.name)
		if e.target&blobTarget != 0 {
			w.blob(commit, child, e.target, w.scratch[below:])
		} else {
			w.tree(commit, child, e.target, below, len(w.scratch), depth+1)
		}
		w.scratch = w.scratch[:below]
	}
}

// blob adds an event for each key of a blob that none of the parents' blobs has.
func (w *introducer) blob(commit, path, target uint32, parents []uint32) {
	if slices.Contains(parents, target) {
		return
	}
	blob := target &^ blobTarget
	for _, key := range w.keys[blob] {
		if !slices.ContainsFunc(parents, func(p uint32) bool { return slices.Contains(w.keys[p&^blobTarget], key) }) {
			w.events = append(w.events, event{commit, path, blob, key})
		}
	}
}
