package repo

import (
	"math"
	"sync"

	"github.com/skant-dev/skant/internal/pack"
)

// LinkCheck finds what trees, commits and tags name and the store does not have: what a partial clone never fetched, and
// what was lost. It is shown every object of the store while they are read anyway. Its methods may be called by several
// workers at once, each with its own number.
//
// All entries of all trees are checked, but each is parsed only once in a delta chain: what a tree has from the tree that
// it is a delta of was checked with that one. On git's own repository (382,000 trees with 166 million entries) 3 million
// are left. That is why the check is always made: a blob that is missing is the one that nobody looked at.
type LinkCheck struct {
	// Names, if not nil, is called with the names in trees, once or more for each: name is valid during the call only,
	// tree is one that has it, mode its mode there. An error ends [LinkCheck.Tree]. It must be set before the first call
	// of that.
	Names func(worker int, tree pack.ID, name []byte, mode uint32) error

	repo    *Repository
	idLen   int
	workers []*linkWorker
	// numbers tells quickly whether an object is there, and which; nil if there are too many objects.
	numbers *pack.Numbers
	records *TreeRecords

	mu sync.Mutex
	// missing are ids with what they are, in the plural.
	missing map[pack.ID]string
	more    int64
	// loose are the numbers plus one of ids that numbers does not know; missing ones, too.
	loose map[pack.ID]uint32
}

// maxMissing bounds the ids that are remembered as missing, and so told apart; maxLoose those that are in no pack.
const (
	maxMissing = 1 << 20
	maxLoose   = 1 << 20
)

// NewLinkCheck returns a check for the given number of workers.
func (r *Repository) NewLinkCheck(workers int) *LinkCheck {
	c := &LinkCheck{
		repo: r, idLen: r.Format().Size(), workers: make([]*linkWorker, workers),
		missing: map[pack.ID]string{}, loose: map[pack.ID]uint32{},
	}
	for i := range c.workers {
		c.workers[i] = &linkWorker{names: map[string]uint32{}}
	}
	objects := int64(0)
	if store, err := r.objects(); err == nil {
		if numbers, ok := store.Numbers(); ok {
			c.numbers, objects = numbers, int64(numbers.Len())
		}
	}
	c.records = newTreeRecords(objects)
	return c
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
	c.finish()
	roots := c.find(g.trees)
	for i, tree := range g.trees {
		if roots[i] == 0 {
			roots[i] = c.elsewhere(tree, "trees")
		}
		if roots[i] == noNumber {
			c.records.stop()
		}
	}
	c.records.graph, c.records.roots = g, roots
	for id, child := range g.missing {
		if !c.repo.IsShallow(g.ids[child]) {
			c.need("commits", id)
		}
	}
}

// find returns the numbers plus one of objects in packs, 0 for others.
func (c *LinkCheck) find(ids []pack.ID) []uint32 {
	out := make([]uint32, len(ids))
	if c.numbers == nil {
		return out
	}
	const batch = 1 << 12
	var wg sync.WaitGroup
	share := (len(ids) + len(c.workers) - 1) / max(1, len(c.workers))
	for start := 0; start < len(ids); start += share {
		wg.Go(func() {
			var raw []byte
			for at, end := start, min(start+share, len(ids)); at < end; at += batch {
				raw = raw[:0]
				part := ids[at:min(at+batch, end)]
				for _, id := range part {
					raw = id.AppendTo(raw)
				}
				if len(raw) == len(part)*c.idLen {
					c.numbers.Find(raw, out[at:])
				}
			}
		})
	}
	wg.Wait()
	return out
}

// noNumber stands for the number of an object when there are no more numbers.
const noNumber = math.MaxUint32

// elsewhere returns the number plus one, or noNumber, of an object that is in none of the packs that have numbers. Unless
// it is known to be there, what is given, and it is noted if it is missing.
func (c *LinkCheck) elsewhere(id pack.ID, what string) uint32 {
	c.mu.Lock()
	number, known := c.loose[id]
	c.mu.Unlock()
	if known {
		return number
	}
	if what != "" {
		c.need(what, id)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if number, known = c.loose[id]; known {
		return number
	}
	if len(c.loose) == maxLoose || c.numbers == nil {
		return noNumber
	}
	number = uint32(c.numbers.Len() + len(c.loose) + 1)
	c.loose[id] = number
	return number
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
	c.finish()
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
