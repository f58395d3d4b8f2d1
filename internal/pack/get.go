package pack

import (
	"bytes"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"strconv"
)

// scratch is what reading one object after another reuses. One goroutine at a time has it.
type scratch struct {
	inflate inflater
	window  window
	file    []byte
	head    [maxLooseHeader]byte
	hash    hash.Hash
	sum     []byte
	// tries is how many damaged objects may still be looked for elsewhere. Without a bound the work would double with
	// each base on the way, in a store in which every copy is damaged.
	tries int
	// most is the size in bytes above which the object itself, not one that it is a delta of, is not wanted; 0 means none.
	most int64
	// strict says that bases are compared with their ids too, and that none is taken from the cache.
	strict bool
}

// maxTries bounds the search for other copies, for one object.
const maxTries = 32

// another reports whether one more copy may be looked at after err.
func (sc *scratch) another(err error) bool {
	if err == nil {
		return true
	}
	sc.tries--
	return sc.tries >= 0
}

func (s *Store) getScratch() *scratch {
	sc, ok := s.scratches.Get().(*scratch)
	if !ok {
		sc = &scratch{hash: newHash(s.opt.Format.Size())}
	}
	sc.tries, sc.most = maxTries, 0
	return sc
}

// putScratch keeps a scratch for later, but not what a huge object has left in it.
func (s *Store) putScratch(sc *scratch) {
	if cap(sc.file) > maxPooled || cap(sc.window.buf) > maxPooled {
		return
	}
	sc.window.f = nil
	s.scratches.Put(sc)
}

// Get reads one object and checks its content against its id. If one copy is damaged, others are tried. The content
// belongs to the caller. Errors are, wrapped: [ErrNotFound], a [*TooLargeError], a [*CorruptError], or what the system
// said.
func (s *Store) Get(id ID) (t Type, data []byte, err error) { return s.GetAtMost(id, 0) }

// GetAtMost is [Store.Get] for an object that is not wanted if it has more than limit bytes, unless limit is 0: then it is
// not read, and the error is a [*TooLargeError].
func (s *Store) GetAtMost(id ID, limit int64) (t Type, data []byte, err error) {
	sc := s.getScratch()
	defer s.putScratch(sc)
	sc.most = limit
	err = guard(func() (err error) {
		t, data, err = s.read(id, sc, 0)
		return err
	})
	if err != nil {
		return 0, nil, fmt.Errorf("read object %s: %w", id, err)
	}
	return t, data, nil
}

// Has reports whether the store lists an object of this id. Whether it can be read is not checked.
func (s *Store) Has(id ID) bool {
	has := false
	err := guard(func() error {
		if has = s.lists(id); !has && s.refresh(false) {
			has = s.lists(id)
		}
		return nil
	})
	return err == nil && has
}

func (s *Store) lists(id ID) bool {
	if int(id.n) != s.opt.Format.Size() {
		return false
	}
	for _, p := range s.packList() {
		if lo, hi := p.idx.find(id.b[:id.n]); lo < hi {
			return true
		}
	}
	for _, d := range s.dirs {
		if _, err := os.Stat(loosePath(d.path, id)); err == nil {
			return true
		}
	}
	return false
}

// read is Get for use inside a guard. depth is the number of deltas that wait for this object.
func (s *Store) read(id ID, sc *scratch, depth int) (Type, []byte, error) {
	t, data, err := s.readCopies(id, sc, depth, cacheKey{})
	// Between listing and reading, git may have moved the object from one pack, or from a file, to another pack.
	if errors.Is(err, ErrNotFound) && s.refresh(false) {
		t, data, err = s.readCopies(id, sc, depth, cacheKey{})
	}
	return t, data, err
}

// readCopies reads the first good copy of an object, but not the one that is known to be bad.
func (s *Store) readCopies(id ID, sc *scratch, depth int, bad cacheKey) (Type, []byte, error) {
	if int(id.n) != s.opt.Format.Size() {
		return 0, nil, fmt.Errorf("%w: a %s repository has no such ids", ErrNotFound, s.opt.Format)
	}
	if depth > s.opt.MaxDepth {
		return 0, nil, s.tooDeep()
	}
	var first error
	for _, p := range s.packList() {
		lo, hi := p.idx.find(id.b[:id.n])
		for i := lo; i < hi && sc.another(first); i++ {
			off, err := p.idx.offset(i)
			if err == nil && (cacheKey{p, off}) == bad {
				continue
			}
			if err == nil {
				if err := s.wanted(p, off, sc, depth); err != nil {
					return 0, nil, err
				}
				var t Type
				var data []byte
				if t, data, err = s.unpackChecked(id, p, off, sc, depth); err == nil {
					return t, data, nil
				}
			}
			first = firstOf(first, err)
		}
	}
	limit := s.opt.MaxObject
	if depth == 0 && sc.most > 0 {
		limit = min(limit, sc.most)
	}
	t, data, err := s.readLooseCopies(id, sc, limit)
	if errors.Is(err, ErrNotFound) && first != nil {
		err = first
	}
	return t, data, err
}

// unpackChecked reads the entry at off and compares it with its id. If that fails, a base may be to blame that inflates
// well and is not what it should be; then all bases are checked too.
func (s *Store) unpackChecked(id ID, p *pack, off int64, sc *scratch, depth int) (Type, []byte, error) {
	for {
		t, data, err := s.unpack(p, off, sc, depth)
		if err == nil {
			if err = sc.check(id, t, data); err == nil {
				return t, data, nil
			}
			err = p.corrupt(off, err)
		}
		if sc.strict || !errors.Is(err, errHash) {
			return 0, nil, err
		}
		sc.strict = true
		defer func() { sc.strict = false }()
	}
}

// firstOf returns the first error.
func firstOf(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// wanted tells of an entry that is larger than the object that was asked for may be.
func (s *Store) wanted(p *pack, off int64, sc *scratch, depth int) error {
	if depth > 0 || sc.most <= 0 || sc.most >= s.opt.MaxObject {
		return nil
	}
	if _, size, err := s.statEntry(p, off, sc, depth); err == nil && size > sc.most {
		return &TooLargeError{size, sc.most}
	}
	return nil // what is wrong with it is told when it is read
}

func (s *Store) readLooseCopies(id ID, sc *scratch, limit int64) (Type, []byte, error) {
	var first error
	for _, d := range s.dirs {
		path := loosePath(d.path, id)
		t, _, data, err := readLoose(path, sc, nil, limit, nil)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			if err = sc.check(id, t, data); err == nil {
				return t, data, nil
			}
			err = &CorruptError{path, err}
		}
		first = firstOf(first, err)
	}
	return 0, nil, firstOf(first, ErrNotFound)
}

func (s *Store) tooDeep() error {
	return fmt.Errorf("delta chain is longer than %d, or goes in a circle", s.opt.MaxDepth)
}

var errCircle = errors.New("delta chain goes in a circle")

var errHash = errors.New("content does not match the id")

// check compares the content of an object with its id.
func (sc *scratch) check(id ID, t Type, data []byte) error {
	head := append(sc.head[:0], t.String()...)
	head = append(head, ' ')
	head = strconv.AppendInt(head, int64(len(data)), 10)
	sc.hash.Reset()
	sc.hash.Write(append(head, 0))
	sc.hash.Write(data)
	sc.sum = sc.hash.Sum(sc.sum[:0])
	if !bytes.Equal(sc.sum, id.b[:id.n]) {
		return errHash
	}
	return nil
}

// step is one delta on the way to an object's base.
type step struct {
	off int64
	h   entryHeader
}

// unpack reads the entry at off: down the chain to an object that is no delta, or that is cached, and up again. The
// result belongs to the caller and is not checked against an id.
func (s *Store) unpack(p *pack, off int64, sc *scratch, depth int) (Type, []byte, error) {
	base, steps, err := s.chainBase(p, off, sc, depth)
	if err != nil {
		return 0, nil, err
	}
	t, data := base.typ, base.data
	if len(steps) == 0 {
		return t, bytes.Clone(data), nil
	}
	for i := len(steps) - 1; i >= 0; i-- {
		key := cacheKey{p, steps[i].off}
		next, err := s.applyStep(p, &steps[i], sc, base.typ, data)
		if err != nil && i > 0 {
			var other Type
			if other, next, err = s.elsewhere(key, sc, depth+i, err); err == nil && other != t {
				err = p.corrupt(key.off, fmt.Errorf("base is a %s and a %s", other, t))
			}
		}
		if err != nil {
			return 0, nil, err
		}
		data = next
		if i > 0 || len(data) <= cacheMax {
			s.cache.put(key, cached{t, data})
		}
	}
	if len(data) <= cacheMax {
		data = bytes.Clone(data)
	}
	return t, data, nil
}

// chainBase follows deltas from the entry at off to the first object whose content is at hand. steps are the deltas to
// apply to it, last first. The base's data must not be changed.
func (s *Store) chainBase(p *pack, off int64, sc *scratch, depth int) (base cached, steps []step, err error) {
	for {
		key := cacheKey{p, off}
		if base, ok := s.cache.get(key); ok && !sc.strict {
			return base, steps, nil
		}
		if depth+len(steps) > s.opt.MaxDepth {
			return base, nil, p.corrupt(off, s.tooDeep())
		}
		h, err := p.header(&sc.window, off)
		if err == nil && h.size > s.opt.MaxObject {
			err = &TooLargeError{h.size, s.opt.MaxObject}
		}
		if err == nil && !h.isDelta() {
			base.typ = Type(h.kind)
			base.data, err = p.inflateAt(sc, nil, off, &h)
			if err == nil {
				err = sc.checkBase(p, off, base)
			}
		}
		if err != nil {
			err = p.corrupt(off, err)
			if len(steps) > 0 {
				base.typ, base.data, err = s.elsewhere(key, sc, depth+len(steps), err)
			}
			return base, steps, err
		}
		if !h.isDelta() {
			s.cache.put(key, base)
			return base, steps, nil
		}
		steps = append(steps, step{off, h})
		if h.kind == ofsDelta {
			off -= h.back
			continue
		}
		next, ok := p.findOffset(h.ref)
		if !ok {
			base.typ, base.data, err = s.read(h.ref, sc, depth+len(steps))
			return base, steps, baseFailed(h.ref, err)
		}
		off = next
	}
}

// baseError says which base of a delta cannot be read.
type baseError struct {
	ref ID
	err error
}

func (e *baseError) Error() string { return fmt.Sprintf("read base %s of a delta: %v", e.ref, e.err) }
func (e *baseError) Unwrap() error { return e.err }

// baseFailed wraps an error in reading a base. Of a chain only the last base is named: thousands of bases that fail
// because of each other would make a text of that many lines.
func baseFailed(ref ID, err error) error {
	var inner *baseError
	if err == nil || errors.As(err, &inner) {
		return err
	}
	return &baseError{ref, err}
}

// findOffset returns where the pack has an object.
func (p *pack) findOffset(id ID) (int64, bool) {
	lo, hi := p.idx.find(id.b[:id.n])
	if lo == hi {
		return 0, false
	}
	off, err := p.idx.offset(lo)
	return off, err == nil
}

// applyStep makes the object of a delta.
func (s *Store) applyStep(p *pack, st *step, sc *scratch, t Type, base []byte) ([]byte, error) {
	delta, err := p.inflateAt(sc, nil, st.off, &st.h)
	var data []byte
	if err == nil {
		data, err = applyDelta(nil, base, delta, s.opt.MaxObject, nil)
	}
	if err == nil {
		err = sc.checkBase(p, st.off, cached{t, data})
	}
	if err != nil {
		return nil, p.corrupt(st.off, err)
	}
	return data, nil
}

// checkBase compares an object on the way with its id, if that is asked for. What the index does not list has none.
func (sc *scratch) checkBase(p *pack, off int64, o cached) error {
	if !sc.strict {
		return nil
	}
	if id, ok := p.idAt(off); ok {
		return sc.check(id, o.typ, o.data)
	}
	return nil
}

// elsewhere reads another copy of an entry that is damaged, because of cause.
func (s *Store) elsewhere(bad cacheKey, sc *scratch, depth int, cause error) (Type, []byte, error) {
	id, ok := bad.p.idAt(bad.off)
	if !ok || !sc.another(cause) {
		return 0, nil, cause
	}
	t, data, err := s.readCopies(id, sc, depth, bad)
	if err != nil {
		return 0, nil, cause
	}
	return t, data, nil
}
