package pack

import "sync"

// baseCache keeps objects that were read last, because the next object asked for is often a delta of one of them. It has
// two generations: when the young one is full it becomes the old one, and what was in the old one is forgotten.
type baseCache struct {
	mu         sync.Mutex
	young, old map[cacheKey]cached
	size       int64
}

type cacheKey struct {
	p   *pack
	off int64
}

type cached struct {
	typ  Type
	data []byte
}

// A generation holds cacheSize bytes; an object of more than cacheMax bytes is not kept.
const (
	cacheSize = 24 << 20
	cacheMax  = 4 << 20
)

// get returns an object's content, which must not be changed.
func (c *baseCache) get(k cacheKey) (cached, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, ok := c.young[k]
	if ok {
		return v, true
	}
	if v, ok = c.old[k]; ok {
		c.add(k, v)
	}
	return v, ok
}

// put keeps data, which must not be changed afterwards.
func (c *baseCache) put(k cacheKey, v cached) {
	if len(v.data) > cacheMax {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.young[k]; !ok {
		c.add(k, v)
	}
}

func (c *baseCache) add(k cacheKey, v cached) {
	// The map's own memory counts too, or a million empty objects would be free.
	const overhead = 128
	if c.young == nil || c.size+int64(len(v.data))+overhead > cacheSize {
		c.old, c.young, c.size = c.young, map[cacheKey]cached{}, 0
	}
	c.young[k] = v
	c.size += int64(len(v.data)) + overhead
}

func (c *baseCache) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.young, c.old, c.size = nil, nil, 0
}
