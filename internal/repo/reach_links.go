package repo

import (
	"bytes"
	"encoding/binary"
	"sync"

	"github.com/skant-dev/skant/internal/pack"
)

// LinkCheck finds what trees, commits and tags name and the store does not have: what a partial clone never fetched, and
// what was lost. It is shown every object of the store while they are read anyway. Its methods may be called by several
// workers at once, each with its own number.
//
// Checking all entries of all trees is cheap, because the versions of a tree follow each other and share nearly all of
// their entries: only what a worker has not seen lately is looked up. On the repository of git itself (382,000 trees,
// 166 million entries) it adds about two seconds of processor time.
type LinkCheck struct {
	repo    *Repository
	idLen   int
	workers []linkWorker
	mu      sync.Mutex
	// missing are ids with what they are, in the plural.
	missing map[pack.ID]string
	more    int64
}

// linkWorker remembers the ids that one worker saw lately.
type linkWorker struct{ recent [recentLinks]pack.ID }

const (
	recentLinks = 1 << 14
	// maxMissing bounds the ids that are remembered as missing, and so told apart.
	maxMissing = 1 << 20
)

// NewLinkCheck returns a check for the given number of workers.
func (r *Repository) NewLinkCheck(workers int) *LinkCheck {
	return &LinkCheck{
		repo: r, idLen: r.Format().Size(), workers: make([]linkWorker, workers), missing: map[pack.ID]string{},
	}
}

// Tree checks the entries of a tree. Malformed ones go to gap.
func (c *LinkCheck) Tree(worker int, o *pack.Object, gap Gap) {
	w := &c.workers[worker]
	for rest := o.Data; len(rest) > 0; {
		end := bytes.IndexByte(rest, 0)
		if end > 0 && rest[0] == '1' && end+c.idLen < len(rest) {
			// A quick look for the most frequent case: an entry that was just seen, in another version of this tree.
			raw := rest[end+1 : end+1+c.idLen]
			id, _ := pack.IDFromBytes(raw)
			if w.recent[binary.BigEndian.Uint32(raw)%recentLinks] == id {
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
		slot := &w.recent[idPrefix(entry.ID)%recentLinks]
		if *slot == entry.ID {
			continue
		}
		what := "blobs"
		switch {
		case IsGitlink(entry.Mode):
			// It is in another repository. Were it remembered, a file with the same id would go unchecked.
			continue
		case IsTree(entry.Mode):
			what = "trees"
		}
		*slot = entry.ID
		c.need(what, entry.ID)
	}
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
