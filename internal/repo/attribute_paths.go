package repo

import (
	"errors"
	"slices"
	"strings"
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
