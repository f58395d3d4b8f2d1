package repo

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strconv"

	"github.com/skant-dev/skant/internal/pack"
)

// maxDepth bounds how deep folders may be nested, as git's core.maxTreeDepth does.
const maxDepth = 2048

// cacheTree is what the index knows about one folder: the id of the tree that `git write-tree` would make of it. git
// itself trusts it when it commits, so what it says is what is committed.
type cacheTree struct {
	name string
	// count is the number of entries below the folder; negative if the folder has changed since.
	count int
	id    pack.ID
	subs  []*cacheTree
}

// sub returns the folder of that name, or nil. A nil receiver has none.
func (t *cacheTree) sub(name string) *cacheTree {
	if t == nil {
		return nil
	}
	for _, s := range t.subs {
		if s.name == name {
			return s
		}
	}
	return nil
}

// decodeIndexExtensions looks through what follows the entries. An extension whose name starts with a capital letter
// may be skipped; any other changes what the entries mean.
func decodeIndexExtensions(data []byte, format pack.Format) (tree *cacheTree, undo []IndexEntry, err error) {
	for len(data) > 0 {
		if len(data) < 8 {
			return nil, nil, fmt.Errorf("extension cut short: %w", ErrMalformed)
		}
		name, size := string(data[:4]), int64(binary.BigEndian.Uint32(data[4:]))
		if size > int64(len(data)-8) {
			return nil, nil, fmt.Errorf("extension %q cut short: %w", name, ErrMalformed)
		}
		body := data[8 : 8+size]
		data = data[8+size:]
		switch {
		case name == "TREE":
			d := treeDecoder{data: body, format: format}
			// A cache that does not parse only costs the short cut: git ignores it as well.
			if t, ok := d.decode(0); ok && len(d.data) == 0 {
				tree = t
			}
		case name == "REUC":
			undo = decodeResolveUndo(body, format)
		case name == "link":
			return nil, nil, errSplitIndex
		case name == "sdir", name[0] >= 'A' && name[0] <= 'Z':
		default:
			return nil, nil, fmt.Errorf("index extension %q is not known", name)
		}
	}
	return tree, undo, nil
}

type treeDecoder struct {
	data   []byte
	format pack.Format
}

// decode reads a folder: its name and a NUL, "COUNT SUBFOLDERS\n", the id unless COUNT is negative, its subfolders.
func (d *treeDecoder) decode(depth int) (*cacheTree, bool) {
	name, rest, ok := bytes.Cut(d.data, []byte{0})
	if !ok || depth > maxDepth {
		return nil, false
	}
	line, rest, ok := bytes.Cut(rest, []byte("\n"))
	if !ok || len(line) > 40 {
		return nil, false
	}
	countText, subsText, ok := bytes.Cut(line, []byte(" "))
	count, err := strconv.Atoi(string(countText))
	if !ok || err != nil {
		return nil, false
	}
	subs, err := strconv.Atoi(string(subsText))
	if err != nil || subs < 0 || subs > len(rest) {
		return nil, false
	}
	t := &cacheTree{name: string(name), count: count}
	if count >= 0 {
		if len(rest) < d.format.Size() {
			return nil, false
		}
		t.id, _ = pack.IDFromBytes(rest[:d.format.Size()])
		rest = rest[d.format.Size():]
	}
	d.data = rest
	if subs > 0 {
		t.subs = make([]*cacheTree, 0, min(subs, 1024))
	}
	for range subs {
		s, ok := d.decode(depth + 1)
		if !ok {
			return nil, false
		}
		t.subs = append(t.subs, s)
	}
	return t, true
}
