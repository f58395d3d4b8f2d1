package repo

import (
	"context"
	"slices"
)

// comparer finds out in what two trees differ, as far as they lead to leaves.
type comparer struct {
	c     *cone
	paths *pathTable
	// visit is called for each path at which the leaves differ; old and fresh are those of either side, as targets in
	// order, valid during the call.
	visit func(path uint32, old, fresh []uint32)
	// maxPaths bounds the paths that are named.
	maxPaths int64
	steps    int64
	err      error
	tooDeep  bool
	// stack holds the nodes and leaves of the folders that are open.
	stack []uint32
}

// compare compares two roots; noRoot stands for an empty one.
func (w *comparer) compare(old, fresh uint32) error {
	if old == fresh {
		return w.err
	}
	w.stack = w.stack[:0]
	if old != noRoot {
		w.stack = append(w.stack, old)
	}
	middle := len(w.stack)
	if fresh != noRoot {
		w.stack = append(w.stack, fresh)
	}
	w.folders(0, 0, middle, 0)
	return w.err
}

// entries returns what the nodes have together. More than one is a tree that has a name twice, which git never makes.
func (w *comparer) entries(nodes []uint32) []coneEntry {
	switch len(nodes) {
	case 0:
		return nil
	case 1:
		return w.c.of(nodes[0])
	}
	var all []coneEntry
	for _, n := range nodes {
		all = append(all, w.c.of(n)...)
	}
	slices.SortFunc(all, compareEntries)
	return slices.Compact(all)
}

// folders compares a folder: stack[from:middle] are its nodes on the old side, what is above them those on the new one.
func (w *comparer) folders(path uint32, from, middle, depth int) {
	if w.err != nil || slices.Equal(w.stack[from:middle], w.stack[middle:]) {
		return
	}
	if depth > maxTreeDepth {
		w.tooDeep = true
		return
	}
	old, fresh := w.entries(w.stack[from:middle]), w.entries(w.stack[middle:])
	if w.steps += int64(len(old) + len(fresh)); w.steps > maxWalkSteps {
		w.err = errTooManyPlaces
	}
	for len(old) > 0 || len(fresh) > 0 {
		// Most are the same.
		if len(old) > 0 && len(fresh) > 0 && old[0] == fresh[0] && !sameName(old) && !sameName(fresh) {
			old, fresh = old[1:], fresh[1:]
			continue
		}
		name := uint32(0)
		switch {
		case len(fresh) == 0, len(old) > 0 && old[0].name < fresh[0].name:
			name = old[0].name
		default:
			name = fresh[0].name
		}
		i, j := countNamed(old, name), countNamed(fresh, name)
		w.name(path, name, old[:i], fresh[:j], depth)
		if w.err != nil {
			return
		}
		old, fresh = old[i:], fresh[j:]
	}
}

// sameName reports whether the first two entries have the same name: they are compared together.
func sameName(entries []coneEntry) bool {
	return len(entries) > 1 && entries[0].name == entries[1].name
}

// countNamed returns how many entries at the start have a name.
func countNamed(entries []coneEntry, name uint32) int {
	n := 0
	for n < len(entries) && entries[n].name == name {
		n++
	}
	return n
}

// name compares what both sides have under one name.
func (w *comparer) name(path, name uint32, old, fresh []coneEntry, depth int) {
	child := w.paths.child(path, name)
	if int64(len(w.paths.names)) > w.maxPaths {
		w.err = errTooManyPlaces
		return
	}
	base := len(w.stack)
	push := func(entries []coneEntry, leaves bool) int {
		for _, e := range entries {
			if (e.target&leafTarget != 0) == leaves {
				w.stack = append(w.stack, e.target)
			}
		}
		return len(w.stack)
	}
	middle := push(old, true)
	end := push(fresh, true)
	if !slices.Equal(w.stack[base:middle], w.stack[middle:end]) {
		w.visit(child, w.stack[base:middle], w.stack[middle:end])
	}
	w.stack = w.stack[:base]
	middle = push(old, false)
	if push(fresh, false) > base {
		w.folders(child, base, middle, depth+1)
	}
	w.stack = w.stack[:base]
}

// leavesAt returns the leaves, as targets, that a root has at a path.
func (w *comparer) leavesAt(root, path uint32) []uint32 {
	if root == noRoot {
		return nil
	}
	var names []uint32
	for ; path != 0; path = w.paths.parents[path] {
		names = append(names, w.paths.names[path])
	}
	nodes := []uint32{root}
	for i := len(names) - 1; i >= 0; i-- {
		var below []uint32
		for _, node := range nodes {
			for _, e := range w.c.named(node, names[i]) {
				if (e.target&leafTarget != 0) == (i == 0) {
					below = append(below, e.target)
				}
			}
		}
		w.steps += int64(len(nodes))
		slices.Sort(below)
		nodes = slices.Compact(below)
	}
	return nodes
}

// placed is a leaf at a path, as a target.
type placed struct{ path, target uint32 }

// under returns all leaves below a root.
func (a *attribution) under(ctx context.Context, root uint32, gap Gap) ([]placed, error) {
	var all []placed
	w := &comparer{c: a.cone, paths: a.paths, maxPaths: a.maxPlaces}
	w.visit = func(path uint32, _, fresh []uint32) {
		for _, target := range fresh {
			all = append(all, placed{path, target})
		}
	}
	if err := w.compare(noRoot, root); err != nil {
		return nil, err
	}
	if w.tooDeep {
		gap("paths", "", errTooDeep)
	}
	return all, ctx.Err()
}
