package repo

import (
	"encoding/binary"
	"sync/atomic"

	"github.com/skant-dev/skant/internal/pack"
)

// TreeRecords is what a [LinkCheck] wrote down of all trees, so that [Repository.Introductions] need not read them again:
// of each tree, what it has from the tree that it is a delta of, and its other entries. On git's own repository that
// takes a hundred bytes for each tree.
type TreeRecords struct {
	// count is the number of records so far, bytes the room that they take, limit how much they may take.
	count, bytes atomic.Int64
	limit        int64
	stopped      atomic.Bool
	// graph are the commits that the check was shown, and roots the numbers plus one of their trees.
	graph *Graph
	roots []uint32
	check *LinkCheck
}

// Bounds on the memory of records: a share for each object, and what a small store may take.
const (
	recordShare   = 64
	recordMinimum = 96 << 20
)

func newTreeRecords(objects int64) *TreeRecords {
	return &TreeRecords{limit: recordMinimum + recordShare*objects}
}

// Records returns what was written down. The check must not be shown any more trees.
func (c *LinkCheck) Records() *TreeRecords {
	c.finish()
	c.records.check = c
	return c.records
}

// stop gives up: a part of the records is of no use.
func (t *TreeRecords) stop() { t.stopped.Store(true) }

// recordArena holds the records of one worker, one after the other.
type recordArena struct {
	chunks [][]byte
	last   uint32
	buffer []byte
}

const recordChunk = 256 << 10

// record writes a tree down and returns the number of its record, from 1; 0 if none is kept. It also asks for the ids
// that have to be looked up. A record consists of the tree's own number plus one, in four bytes; then, in
// binary.Uvarint's form, the distance to this worker's record before, the distance to the record of its base or 0, and
// the length in bytes of the steps, which follow. A step with entries of the base is twice their count and, in zigzag,
// the distance from where the last such step ended. A step with fresh entries is twice their count plus one, and for
// each the name's number times four plus the kind, and the object's number plus one in four bytes.
//
// Numbers of records grow from base to delta, since a base is done before its deltas are begun.
func (c *LinkCheck) record(w *linkWorker, o *pack.Object, base *treeState) uint32 {
	a := &w.arena
	if c.records.stopped.Load() {
		a.chunks = nil
		c.askAll(w, o)
		return 0
	}
	steps := a.buffer[:0]
	from := 0
	for _, s := range w.steps {
		if !s.fresh {
			steps = binary.AppendUvarint(steps, uint64(s.count)<<1)
			steps = binary.AppendVarint(steps, int64(s.start-from))
			from = s.start + s.count
			continue
		}
		steps = binary.AppendUvarint(steps, uint64(s.count)<<1|1)
		for i := range w.fresh[s.start : s.start+s.count] {
			e := &w.fresh[s.start+i]
			steps = binary.AppendUvarint(steps, uint64(e.name)<<2|uint64(e.kind))
			e.recorded = len(steps)
			steps = binary.LittleEndian.AppendUint32(steps, e.number)
		}
	}
	a.buffer = steps
	number := uint32(c.records.count.Add(1))
	own := uint32(0)
	if c.numbers != nil {
		own = c.numbers.Own(o)
	}
	var room [4 + 3*binary.MaxVarintLen64]byte
	head := binary.LittleEndian.AppendUint32(room[:0], own)
	head = binary.AppendUvarint(head, uint64(number-a.last))
	if base != nil {
		head = binary.AppendUvarint(head, uint64(number-base.record))
	} else {
		head = append(head, 0)
	}
	head = binary.AppendUvarint(head, uint64(len(steps)))
	a.last = number
	if !c.records.room(a, len(head)+len(steps)) {
		c.askAll(w, o)
		return 0
	}
	last := &a.chunks[len(a.chunks)-1]
	start := len(*last)
	*last = append(append(*last, head...), steps...)
	written := (*last)[start:]
	if own == 0 {
		w.ids = o.ID.AppendTo(w.ids)
		w.asked = append(w.asked, askedID{0, kindOwn, written[:4]})
	}
	written = written[len(head):]
	for i := range w.fresh {
		if e := &w.fresh[i]; e.ask {
			w.ask(o.Data[e.at:e.at+c.idLen], e.name, e.kind, written[e.recorded:e.recorded+4])
		}
	}
	return number
}

// askAll asks for the ids of a tree that is not recorded.
func (c *LinkCheck) askAll(w *linkWorker, o *pack.Object) {
	for i := range w.fresh {
		if e := &w.fresh[i]; e.ask {
			w.ask(o.Data[e.at:e.at+c.idLen], e.name, e.kind, nil)
		}
	}
}

// room sees to it that the last chunk has room for a record; false if the bound is hit.
func (t *TreeRecords) room(a *recordArena, size int) bool {
	if n := len(a.chunks); n > 0 && cap(a.chunks[n-1])-len(a.chunks[n-1]) >= size {
		return true
	}
	size = max(size, recordChunk)
	if t.bytes.Add(int64(size)) > t.limit {
		t.stop()
		return false
	}
	a.chunks = append(a.chunks, make([]byte, 0, size))
	return true
}

// treeRecord is one record, as [LinkCheck.record] wrote it.
type treeRecord struct {
	// number is that of the tree plus one, base the record of its base, 0 if there is none.
	number, base uint32
	worker       int
	steps        []byte
}

// all returns the records by number; 0 stands for none.
func (t *TreeRecords) all() []treeRecord {
	records := make([]treeRecord, t.count.Load()+1)
	for i, w := range t.check.workers {
		number := uint32(0)
		for _, chunk := range w.arena.chunks {
			for len(chunk) > 0 {
				own := binary.LittleEndian.Uint32(chunk)
				chunk = chunk[4:]
				var head [3]uint64
				for j := range head {
					n := 0
					head[j], n = binary.Uvarint(chunk)
					chunk = chunk[n:]
				}
				number += uint32(head[0])
				r := &records[number]
				r.number, r.worker, r.steps = own, i, chunk[:head[2]]
				if head[1] > 0 {
					r.base = number - uint32(head[1])
				}
				chunk = chunk[head[2]:]
			}
		}
	}
	return records
}

// recordedEntry is a fresh entry of a record: name is the worker's number.
type recordedEntry struct {
	name, number uint32
	kind         uint8
}

// recordReader goes through the steps of a record.
type recordReader struct {
	rest []byte
	// from is where the last step with entries of the base ended.
	from int
}

// step returns the next step: count fresh entries, to be read with entry, or count entries of the base from start on.
// It returns false at the end.
func (r *recordReader) step() (fresh bool, start, count int, more bool) {
	if len(r.rest) == 0 {
		return false, 0, 0, false
	}
	head := r.uvarint()
	count = int(head >> 1)
	if head&1 == 1 {
		return true, 0, count, true
	}
	away, n := binary.Varint(r.rest)
	r.rest = r.rest[n:]
	start = r.from + int(away)
	r.from = start + count
	return false, start, count, true
}

func (r *recordReader) entry() recordedEntry {
	head := r.uvarint()
	number := binary.LittleEndian.Uint32(r.rest)
	r.rest = r.rest[4:]
	return recordedEntry{uint32(head >> 2), number, uint8(head & 3)}
}

func (r *recordReader) uvarint() uint64 {
	if b := r.rest; len(b) > 0 && b[0] < 0x80 {
		r.rest = b[1:]
		return uint64(b[0])
	}
	v, n := binary.Uvarint(r.rest)
	r.rest = r.rest[n:]
	return v
}
