package pack

import (
	"fmt"
	"hash/crc32"
)

// walker reads delta chains for one worker of a run.
type walker struct {
	r      *run
	worker int
	sc     *scratch
	object Object
	stack  []frame
	// low is the number of frames at the bottom of the stack whose content was dropped; live is the memory of the rest.
	low   int
	live  int
	delta []byte
	// copies are those of the entry that was read last, if derived says that they are known.
	copies  []Copy
	derived bool
	// free are buffers to be used again, pooled their size.
	free   [][]byte
	pooled int
}

// frame is an object on the way down a chain, while deltas of it remain to be read.
type frame struct {
	entry int32
	// next is the delta to read next.
	next  int32
	depth int32
	typ   Type
	data  []byte
	// state is what the visitor left for the deltas of this one.
	state any
	// err says why there is no data. dropped says that the data was given up to save memory and has to be read again.
	err     error
	dropped bool
	// own says that the data was made from nothing but the pack.
	own bool
}

// maxPooled bounds the buffers that one worker keeps for later.
const maxPooled = 64 << 20

func (w *walker) run() {
	r := w.r
	plan, first, count := 0, int64(0), int64(0)
	if len(r.plans) > 0 {
		count = r.plans[0].jobs()
	}
	for !r.queue.closed.Load() {
		i := r.next.Add(1) - 1
		for plan < len(r.plans) && i-first >= count {
			first += count
			if plan++; plan < len(r.plans) {
				count = r.plans[plan].jobs()
			}
		}
		switch at := int(i - first); {
		case plan < len(r.plans) && at < len(r.plans[plan].roots):
			pl := r.plans[plan]
			w.chain(job{pl: pl, entry: pl.roots[at], base: frame{depth: -1}})
		case plan < len(r.plans):
			pl := r.plans[plan]
			w.lost(pl, pl.lost[at-len(pl.roots)])
		case at < len(r.loose):
			w.loose(r.loose[at])
		default:
			j, ok := r.queue.take()
			if !ok {
				return
			}
			w.chain(j)
		}
	}
}

// jobs returns the number of things in a plan that workers take one by one.
func (pl *plan) jobs() int64 { return int64(len(pl.roots) + len(pl.lost)) }

// chain reads an entry and everything that is made from it, depth first.
func (w *walker) chain(j job) {
	pl := j.pl
	w.stack, w.low, w.live = w.stack[:0], 0, 0
	w.enter(pl, j.entry, &j.base)
	for len(w.stack) > 0 && !w.r.queue.closed.Load() {
		top := &w.stack[len(w.stack)-1]
		entry := top.next
		top.next = pl.sibling[entry]
		last := top.next < 0
		if top.dropped {
			w.restore(pl, top)
		}
		if !last && w.r.queue.hungry.Load() && w.r.queue.give(job{pl, entry, *top}) {
			continue
		}
		if !last {
			w.enter(pl, entry, top)
			continue
		}
		// The base is not needed after its last delta: a chain without branches takes two buffers, however deep.
		base := *top
		w.pop()
		w.enter(pl, entry, &base)
		w.release(base.data)
	}
	for len(w.stack) > 0 {
		w.release(w.stack[len(w.stack)-1].data)
		w.pop()
	}
}

func (w *walker) pop() {
	w.live -= cap(w.stack[len(w.stack)-1].data)
	w.stack[len(w.stack)-1] = frame{}
	w.stack = w.stack[:len(w.stack)-1]
	w.low = min(w.low, len(w.stack))
}

// enter reads one entry, shows it, and leaves it on the stack if something is made from it.
func (w *walker) enter(pl *plan, entry int32, base *frame) {
	f := frame{entry: entry, next: pl.child[entry], depth: base.depth + 1}
	id := pl.p.idx.id(int(pl.order[entry].pos))
	streamed := w.streams(pl, &f, id)
	if streamed && f.next < 0 {
		return
	}
	err := guard(func() error { return w.read(pl, &f, base, id) })
	if err != nil {
		f.data = nil
		f.err = base.err
		if f.err == nil {
			f.err = err
		}
	}
	if pl.flags[entry]&markWanted != 0 && !streamed {
		w.object = Object{
			ID: id, Type: f.typ, Data: f.data, Deltas: f.next >= 0, listed: pl.p, place: pl.order[entry].pos,
		}
		if w.derived && base.state != nil {
			w.object.BaseState, w.object.Copies = base.state, w.copies
		}
		if f.own {
			w.object.Pack, w.object.Position = pl.number, int(pl.order[entry].pos)
		}
		w.show(err)
		f.state = w.object.State
	}
	if f.next < 0 {
		w.release(f.data)
		return
	}
	w.stack = append(w.stack, f)
	w.live += cap(f.data)
	for ; w.live > w.r.s.maxLive && w.low < len(w.stack)-1; w.low++ {
		bottom := &w.stack[w.low]
		w.live -= cap(bottom.data)
		bottom.dropped = bottom.err == nil
		bottom.data = nil
	}
}

// restore reads the content of a frame again.
func (w *walker) restore(pl *plan, f *frame) {
	err := guard(func() (err error) {
		w.sc.tries = maxTries
		f.typ, f.data, err = w.r.s.read(pl.p.idx.id(int(pl.order[f.entry].pos)), w.sc, 0)
		return err
	})
	if err != nil {
		f.err = err
	}
	f.dropped, f.own = false, false
	w.live += cap(f.data)
	w.low = min(w.low, len(w.stack)-1)
}

// read makes the content of an entry, from its base if it is a delta. If that fails another copy of the object, if there
// is one, takes its place.
func (w *walker) read(pl *plan, f *frame, base *frame, id ID) (err error) {
	s := w.r.s
	w.sc.tries = maxTries
	w.derived = false
	off := pl.order[f.entry].off
	kind := pl.base[f.entry]
	switch {
	case kind == external || kind == broken:
		f.typ, f.data, err = s.read(id, w.sc, 0)
		return err
	case kind == circular:
		err = pl.p.corrupt(off, errCircle)
	case base.err != nil:
		err = fmt.Errorf("read a base of it: %w", base.err)
	case int(f.depth) > s.opt.MaxDepth:
		err = pl.p.corrupt(off, s.tooDeep())
	default:
		if err = w.build(pl, f, base, id); err == nil {
			f.own = kind < 0 || base.own
			return nil
		}
		err = pl.p.corrupt(off, err)
	}
	w.release(f.data)
	f.data, w.derived = nil, false
	t, data, otherErr := s.readCopies(id, w.sc, 0, cacheKey{pl.p, off})
	if otherErr != nil {
		return err
	}
	f.typ, f.data = t, data
	return nil
}

// build makes the content of an entry from the pack.
func (w *walker) build(pl *plan, f *frame, base *frame, id ID) error {
	limit := w.r.s.opt.MaxObject
	at := pl.order[f.entry]
	h, err := pl.p.header(&w.sc.window, at.off)
	if err != nil {
		return err
	}
	if h.size > limit {
		return &TooLargeError{h.size, limit}
	}
	end := pl.end(f.entry)
	packed, err := pl.p.stream(&w.sc.window, at.off, end, h.size)
	if err != nil {
		return err
	}
	// Damage between the entries shows in the checksum too: it covers all bytes up to the next entry.
	crc, ok := pl.p.idx.crc(int(at.pos))
	check := !ok || crc32.ChecksumIEEE(packed) != crc || pl.flags[f.entry]&markCheck != 0
	// Where the packed bytes are right, the checksum of the stream says nothing more.
	inflate := (*inflater).inflateUnchecked
	if check {
		inflate = (*inflater).inflate
	}
	if !h.isDelta() {
		f.typ = Type(h.kind)
		f.data, _, err = inflate(&w.sc.inflate, w.buffer(), packed[h.n:], h.size)
	} else {
		f.typ = base.typ
		w.delta, _, err = inflate(&w.sc.inflate, w.delta[:0], packed[h.n:], h.size)
		if err == nil {
			w.copies = w.copies[:0]
			f.data, err = applyDelta(w.buffer(), base.data, w.delta, limit, &w.copies)
			w.derived = true
		}
		if cap(w.delta) > maxPooled {
			w.delta = nil
		}
	}
	if err == nil && check {
		err = w.sc.check(id, f.typ, f.data)
	}
	return err
}

// lost tries to find elsewhere an object for which the index has no possible offset.
func (w *walker) lost(pl *plan, pos int32) {
	id := pl.p.idx.id(int(pos))
	var t Type
	var data []byte
	err := guard(func() (err error) {
		w.sc.tries = maxTries
		t, data, err = w.r.s.read(id, w.sc, 0)
		return err
	})
	if err != nil {
		err = &CorruptError{pl.p.idxFile.path, fmt.Errorf("offset is outside the pack, and %w", err)}
	}
	w.object = Object{ID: id, Type: t, Data: data}
	w.show(err)
}

// loose reads one loose object. If its file has gone, or is damaged, the object is looked for everywhere.
func (w *walker) loose(o looseObject) {
	types := &w.r.types
	stream := false
	wanted := func(t Type, size int64) bool {
		stream = types[t] && t == Blob && w.r.above > 0 && size > w.r.above
		return types[t] && !stream
	}
	path := loosePath(o.dir.path, o.id)
	t, _, data, err := readLoose(path, w.sc, w.buffer(), w.r.s.opt.MaxObject, wanted)
	if err == nil && stream {
		w.release(data)
		w.streamLoose(o.id)
		return
	}
	if err == nil && types[t] {
		if err = w.sc.check(o.id, t, data); err != nil {
			err = &CorruptError{path, err}
		}
	}
	if err != nil {
		var other Type
		var otherData []byte
		otherErr := guard(func() (err error) {
			w.sc.tries = maxTries
			other, otherData, err = w.r.s.read(o.id, w.sc, 0)
			return err
		})
		if otherErr == nil {
			w.release(data)
			t, data, err, path = other, otherData, nil, ""
		}
	}
	w.object = Object{ID: o.id, Type: t, Data: data, Loose: path}
	w.show(err)
	w.release(data)
}

// show passes the walker's object on, or what is wrong with it.
func (w *walker) show(err error) {
	if err != nil && w.streamLarge(w.object.ID, err) {
		return
	}
	defer w.r.finish()
	w.object.Size = int64(len(w.object.Data))
	if err != nil {
		w.r.report(Problem{"object", w.object.ID.String(), err})
		return
	}
	if !w.r.types[w.object.Type] {
		return
	}
	if err := w.r.visit(w.worker, &w.object); err != nil {
		w.r.fail(err)
	}
}

// buffer returns an empty buffer, perhaps with room.
func (w *walker) buffer() []byte {
	if len(w.free) == 0 {
		return nil
	}
	last := len(w.free) - 1
	b := w.free[last]
	w.free = w.free[:last]
	w.pooled -= cap(b)
	return b[:0]
}

// release takes a buffer back.
func (w *walker) release(b []byte) {
	if cap(b) == 0 || w.pooled+cap(b) > maxPooled {
		return
	}
	w.free = append(w.free, b)
	w.pooled += cap(b)
}
