package repo

import (
	"encoding/binary"
	"math"
	"sync"
	"sync/atomic"

	"github.com/skant-dev/skant/internal/pack"
)

// idTable numbers ids in the order in which they come. It is safe for concurrent use.
type idTable struct {
	count  atomic.Uint32
	shards [64]idShard
}

type idShard struct {
	mu  sync.Mutex
	ids map[pack.ID]uint32
}

func newIDTable() *idTable {
	t := &idTable{}
	for i := range t.shards {
		t.shards[i].ids = map[pack.ID]uint32{}
	}
	return t
}

// number returns the number of id, whose [idPrefix] the caller knows.
func (t *idTable) number(id pack.ID, prefix uint32) uint32 {
	shard := &t.shards[prefix>>26]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	n, found := shard.ids[id]
	if !found {
		n = t.count.Add(1) - 1
		shard.ids[id] = n
	}
	return n
}

func (t *idTable) find(id pack.ID) (uint32, bool) {
	shard := &t.shards[idPrefix(id)>>26]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	n, found := shard.ids[id]
	return n, found
}

func (t *idTable) len() int { return int(t.count.Load()) }

func (t *idTable) each(visit func(pack.ID, uint32)) {
	for i := range t.shards {
		for id, n := range t.shards[i].ids {
			visit(id, n)
		}
	}
}

// idFilter says of most ids quickly that they are not in a set: one bit for each value of an id's leading bits.
type idFilter struct {
	bits []uint64
	mask uint32
}

// newIDFilter returns a filter for n ids: at least 64 bits for each up to 16 MiB in all, and no less than 8 KiB.
func newIDFilter(n int) idFilter {
	size := uint32(1 << 16)
	for size < 1<<27 && int64(size) < 64*int64(min(n, math.MaxInt32)) {
		size <<= 1
	}
	return idFilter{make([]uint64, size/64), size - 1}
}

func (f idFilter) add(id pack.ID) {
	h := idPrefix(id) & f.mask
	f.bits[h/64] |= 1 << (h % 64)
}

// may reports whether an id with this [idPrefix] may have been added.
func (f idFilter) may(prefix uint32) bool {
	h := prefix & f.mask
	return f.bits[h/64]&(1<<(h%64)) != 0
}

// idPrefix returns the first four bytes of an id, which are as good as a hash.
func idPrefix(id pack.ID) uint32 { return binary.BigEndian.Uint32(id.Bytes()) }
