package repo

import (
	"bytes"
	"strconv"

	"github.com/skant-dev/skant/internal/pack"
)

// maxDepth bounds how deep folders may be nested, as git's core.maxTreeDepth does.
const maxDepth = 2048

// cacheTree is what the index knows about one folder: the id of the tree that `git write-tree` would make of it. git
// itself trusts it when it commits, so what it says is what is committed.
type cacheTree struct {
	name []byte
	// count is the number of entries below the folder; negative if the folder has changed since.
	count int
	id    []byte // nil if count is negative
	// data has the subfolders of this folder, and all that is below them.
	data   []byte
	subs   int
	format pack.Format
}

// newCacheTree reads the extension with the folders. It returns nil if it is malformed anywhere.
func newCacheTree(data []byte, format pack.Format) *cacheTree {
	t := &cacheTree{format: format}
	rest, ok := t.decode(data)
	if !ok {
		return nil
	}
	t.data = rest
	if rest, ok = t.skip(); !ok || len(rest) > 0 {
		return nil
	}
	return t
}

// decode reads a folder: its name and a NUL, "COUNT SUBFOLDERS\n", and the id unless COUNT is negative. Its subfolders
// follow.
func (t *cacheTree) decode(data []byte) (rest []byte, ok bool) {
	end := bytes.IndexByte(data, 0)
	if end < 0 {
		return nil, false
	}
	t.name, rest = data[:end], data[end+1:]
	if t.count, rest, ok = cutNumber(rest, ' '); !ok {
		return nil, false
	}
	if t.subs, rest, ok = cutNumber(rest, '\n'); !ok || t.subs < 0 || t.subs > len(rest) {
		return nil, false
	}
	t.id = nil
	if t.count >= 0 {
		size := t.format.Size()
		if len(rest) < size {
			return nil, false
		}
		t.id, rest = rest[:size], rest[size:]
	}
	return rest, true
}

// cutNumber takes a decimal number and what ends it off the start of data.
func cutNumber(data []byte, ends byte) (n int, rest []byte, ok bool) {
	i := bytes.IndexByte(data[:min(len(data), 20)], ends)
	if i < 0 {
		return 0, nil, false
	}
	n, err := strconv.Atoi(string(data[:i])) // does not allocate
	return n, data[i+1:], err == nil
}

// skip returns what follows the folder's subfolders and all that is below them.
func (t *cacheTree) skip() (rest []byte, ok bool) {
	rest = t.data
	below := cacheTree{format: t.format}
	for left := t.subs; left > 0; left-- {
		if rest, ok = below.decode(rest); !ok {
			return nil, false
		}
		left += below.subs
	}
	return rest, true
}

// folders returns the folder's subfolders by name. A nil receiver has none.
func (t *cacheTree) folders() map[string]*cacheTree {
	if t == nil || t.subs == 0 {
		return nil
	}
	all := make(map[string]*cacheTree, min(t.subs, len(t.data)/5+1))
	rest := t.data
	for range t.subs {
		sub := &cacheTree{format: t.format}
		var ok bool
		if sub.data, ok = sub.decode(rest); !ok {
			return nil // newCacheTree has seen that this cannot be
		}
		if rest, ok = sub.skip(); !ok {
			return nil
		}
		all[string(sub.name)] = sub
	}
	return all
}

// is reports whether the folder has that many entries, and a tree that is one of those.
func (t *cacheTree) is(count int, trees []pack.ID) bool {
	if t == nil || t.count != count {
		return false
	}
	id, ok := pack.IDFromBytes(t.id)
	if !ok {
		return false
	}
	for _, other := range trees {
		if id == other {
			return true
		}
	}
	return false
}
