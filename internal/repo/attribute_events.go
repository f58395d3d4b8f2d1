package repo

import (
	"context"
	"slices"
)

// event says that a commit introduces a key: none of its parents holds it at the path.
type event struct{ commit, path, target, key uint32 }

// drop says that a commit does not hold a key at a path and that one of its parents does. lacks are the parents that do
// not, a bit for each of the first 64.
type drop struct {
	commit, path, key uint32
	lacks             uint64
}

// finder finds what changes from commit to commit.
type finder struct {
	comparer
	graph *Graph
	first *forest
	roots []uint32
	keys  [][]uint32

	// onChange and onDrop are changed and dropped.
	onChange, onDrop func(path uint32, old, fresh []uint32)

	turns  []turn
	events []event
	drops  []drop
	// commit is the one that is looked at, known the drops of it if it is a merge.
	commit uint32
	known  map[keyAt]bool
}

// keyAt is a key at a path.
type keyAt struct{ path, key uint32 }

// commits compares all commits with their parents.
func (w *finder) commits(ctx context.Context) error {
	w.onChange, w.onDrop = w.changed, w.dropped
	checked := int64(0)
	for commit := range w.roots {
		w.commit = uint32(commit)
		if err := w.withParents(); err != nil {
			return err
		}
		if len(w.events)+len(w.drops) > maxIntroduction || len(w.turns) > 4*maxIntroduction {
			return errTooManyPlaces
		}
		if w.steps-checked > 1<<20 {
			checked = w.steps
			if err := ctx.Err(); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// withParents compares a commit with each of its parents. The first one is what its turns are told by.
func (w *finder) withParents() error {
	root := w.roots[w.commit]
	first := w.first.parent[w.commit]
	old := uint32(noRoot)
	if first != noRoot {
		old = w.roots[first]
	}
	if len(w.known) > 0 {
		clear(w.known)
	}
	w.visit = w.onChange
	if err := w.compare(old, root); err != nil {
		return err
	}
	w.visit = w.onDrop
	for _, p := range w.graph.parentsOf(w.commit) {
		if p == first {
			continue
		}
		if err := w.compare(w.roots[p], root); err != nil {
			return err
		}
	}
	return nil
}

// changed notes what is different from the first parent.
func (w *finder) changed(path uint32, old, fresh []uint32) {
	for _, target := range fresh {
		if !hasLeaf(old, target) {
			w.turns = append(w.turns, turn{path, target & leafNumber, w.commit, true})
		}
	}
	for _, target := range old {
		if !hasLeaf(fresh, target) {
			w.turns = append(w.turns, turn{path, target & leafNumber, w.commit, false})
		}
	}
	for i, target := range fresh {
		for _, key := range w.keys[target&leafNumber] {
			if !w.held(old, key) && !w.held(fresh[:i], key) && !w.heldByParent(path, key) {
				w.events = append(w.events, event{w.commit, path, target, key})
			}
		}
	}
	w.dropped(path, old, fresh)
}

// dropped notes which keys of a parent the commit does not have any more.
func (w *finder) dropped(path uint32, old, fresh []uint32) {
	parents := w.graph.parentsOf(w.commit)
	for i, target := range old {
		for _, key := range w.keys[target&leafNumber] {
			if w.held(fresh, key) || w.held(old[:i], key) || w.known[keyAt{path, key}] {
				continue
			}
			d := drop{commit: w.commit, path: path, key: key}
			if len(parents) > 1 {
				w.known[keyAt{path, key}] = true
				for i, p := range parents[:min(len(parents), 64)] {
					if !w.held(w.leavesAt(w.roots[p], path), key) {
						d.lacks |= 1 << i
					}
				}
			}
			w.drops = append(w.drops, d)
		}
	}
}

// heldByParent reports whether a parent other than the first one, which was asked before, holds a key at a path.
func (w *finder) heldByParent(path, key uint32) bool {
	for _, p := range w.graph.parentsOf(w.commit) {
		if p != w.first.parent[w.commit] && w.held(w.leavesAt(w.roots[p], path), key) {
			return true
		}
	}
	return false
}

// held reports whether one of the leaves holds a key.
func (w *finder) held(targets []uint32, key uint32) bool {
	for _, t := range targets {
		if _, found := slices.BinarySearch(w.keys[t&leafNumber], key); found {
			return true
		}
	}
	return false
}

// hasLeaf reports whether a leaf is among others, be it as a link or as a file.
func hasLeaf(targets []uint32, leaf uint32) bool {
	return slices.ContainsFunc(targets, func(t uint32) bool { return t&leafNumber == leaf&leafNumber })
}
