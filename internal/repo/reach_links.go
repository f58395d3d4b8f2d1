package repo

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
	"sync"

	"github.com/skant-dev/skant/internal/pack"
)

// LinkCheck finds what trees, commits and tags name and the store does not have: what a partial clone never fetched, and
// what was lost. It is shown every object of the store while they are read anyway. Its methods may be called by several
// workers at once, each with its own number.
//
// Checking all entries of all trees is affordable, because the versions of a tree follow each other and share nearly all
// of their entries: only what a worker has not seen lately is looked up. On git's own repository (382,000 trees with 166
// million entries) this adds 4 seconds of processor time, for inflating the trees and for checking them, to the 8 that
// reading all else takes. That is why it is always done: a blob that is missing is the one that nobody looked at.
type LinkCheck struct {
	repo    *Repository
	idLen   int
	workers []linkWorker
	keys    [4]uint64
	mu      sync.Mutex
	// missing are ids with what they are, in the plural.
	missing map[pack.ID]string
	more    int64
}

// linkWorker remembers the hashes of the ids that one worker checked lately.
type linkWorker struct{ recent [1 << recentBits]uint64 }

const (
	recentBits = 14
	// maxMissing bounds the ids that are remembered as missing, and so told apart.
	maxMissing = 1 << 20
)

// NewLinkCheck returns a check for the given number of workers.
func (r *Repository) NewLinkCheck(workers int) *LinkCheck {
	c := &LinkCheck{
		repo: r, idLen: r.Format().Size(), workers: make([]linkWorker, workers), missing: map[pack.ID]string{},
	}
	for i := range c.keys {
		c.keys[i] = rand.Uint64() | 1
	}
	return c
}

// hash is that of an id in 64 bits. Its keys are chosen anew for each check, so that nobody can make an id that passes
// for another one.
func (c *LinkCheck) hash(id []byte) uint64 {
	h := binary.LittleEndian.Uint64(id)*c.keys[0] + binary.LittleEndian.Uint64(id[8:])*c.keys[1]
	if len(id) == 32 {
		h += binary.LittleEndian.Uint64(id[16:])*c.keys[2] + binary.LittleEndian.Uint64(id[24:])*c.keys[3]
	} else {
		h += uint64(binary.LittleEndian.Uint32(id[16:])) * c.keys[2]
	}
	// Zero is an empty slot.
	return max(h, 1)
}

// Tree checks the entries of a tree. Malformed ones go to gap.
func (c *LinkCheck) Tree(worker int, o *pack.Object, gap Gap) {
	w := &c.workers[worker]
	for rest := o.Data; len(rest) > 0; {
		var slot *uint64
		hash := uint64(0)
		if end := entryEnd(rest); end >= 0 && end+c.idLen < len(rest) {
			id := rest[end+1 : end+1+c.idLen]
			hash = c.hash(id)
			slot = &w.recent[hash>>(64-recentBits)]
			if *slot == hash {
				rest = rest[end+1+c.idLen:]
				continue
			}
		}
		entry, after, err := cutTreeEntry(rest, c.idLen)
		if err != nil {
			gap("trees", o.ID.String(), err)
		}
		if after == nil {
			return
		}
		rest = after
		what := "blobs"
		switch {
		case IsGitlink(entry.Mode):
			// It is in another repository. Were it remembered, a file with the same id would go unchecked.
			continue
		case IsTree(entry.Mode):
			what = "trees"
		}
		*slot = hash
		c.need(what, entry.ID)
	}
}

// entryEnd returns where the NUL of the first entry of a tree is, or -1. Names are short, so that looking at eight bytes
// at a time is faster than a search made for long texts.
func entryEnd(data []byte) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(data); i += 8 {
		x := binary.LittleEndian.Uint64(data[i:])
		if zero := (x - ones) &^ x & tops; zero != 0 {
			return i + bits.TrailingZeros64(zero)/8
		}
	}
	for ; i < len(data); i++ {
		if data[i] == 0 {
			return i
		}
	}
	return -1
}

// Tag checks what a tag names.
func (c *LinkCheck) Tag(t *Tag) {
	switch t.Type {
	case "commit", "tree", "blob", "tag":
		c.need(t.Type+"s", t.Object)
	default:
		c.need("objects", t.Object)
	}
}

// Graph checks the trees and parents of all commits. Parents that a shallow clone cut off are no loss.
func (c *LinkCheck) Graph(g *Graph) {
	for _, tree := range g.trees {
		c.need("trees", tree)
	}
	for id, child := range g.missing {
		if !c.repo.IsShallow(g.ids[child]) {
			c.need("commits", id)
		}
	}
}

// need notes an id that the store does not have.
func (c *LinkCheck) need(what string, id pack.ID) {
	if c.repo.has(id) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.missing[id]; known {
		return
	}
	if len(c.missing) == maxMissing {
		c.more++
		return
	}
	c.missing[id] = what
}

// Missing reports each missing id once, and returns how many there are. Beyond a million, an id may be counted twice.
func (c *LinkCheck) Missing(gap Gap) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, what := range c.missing {
		gap(what, id.String(), pack.ErrNotFound)
	}
	for range c.more {
		gap("objects", "", pack.ErrNotFound)
	}
	return int64(len(c.missing)) + c.more
}
