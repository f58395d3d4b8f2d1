package pack

import (
	"errors"
	"fmt"
	"io/fs"
)

// Stat returns the type of an object and its size in bytes. It reads headers only, so that a damaged object may have a
// stat; an object larger than [Options].MaxObject has one too.
func (s *Store) Stat(id ID) (t Type, size int64, err error) {
	sc := s.getScratch()
	defer s.putScratch(sc)
	err = guard(func() (err error) {
		t, size, err = s.stat(id, sc, 0)
		if errors.Is(err, ErrNotFound) && s.refresh(false) {
			t, size, err = s.stat(id, sc, 0)
		}
		return err
	})
	if err != nil {
		return 0, 0, fmt.Errorf("stat object %s: %w", id, err)
	}
	return t, size, nil
}

func (s *Store) stat(id ID, sc *scratch, depth int) (Type, int64, error) {
	if int(id.n) != s.opt.Format.Size() {
		return 0, 0, fmt.Errorf("%w: a %s repository has no such ids", ErrNotFound, s.opt.Format)
	}
	if depth > s.opt.MaxDepth {
		return 0, 0, s.tooDeep()
	}
	var first error
	for _, p := range s.packList() {
		lo, hi := p.idx.find(id.b[:id.n])
		for i := lo; i < hi && sc.another(first); i++ {
			off, err := p.idx.offset(i)
			if err == nil {
				var t Type
				var size int64
				if t, size, err = s.statEntry(p, off, sc, depth); err == nil {
					return t, size, nil
				}
			}
			first = firstOf(first, err)
		}
	}
	for _, d := range s.dirs {
		header := func(Type, int64) bool { return false }
		t, size, _, err := readLoose(loosePath(d.path, id), sc, nil, s.opt.MaxObject, header)
		if err == nil {
			return t, size, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			first = firstOf(first, err)
		}
	}
	return 0, 0, firstOf(first, ErrNotFound)
}

// statEntry reads the size from the entry's own header, or from the head of its delta, and the type from the object at
// the end of the chain.
func (s *Store) statEntry(p *pack, off int64, sc *scratch, depth int) (Type, int64, error) {
	size := int64(-1)
	for ; ; depth++ {
		if depth > s.opt.MaxDepth {
			return 0, 0, p.corrupt(off, s.tooDeep())
		}
		h, err := p.header(&sc.window, off)
		if err == nil && size < 0 {
			size, err = p.resultSize(sc, off, &h)
		}
		if err != nil {
			return 0, 0, p.corrupt(off, err)
		}
		switch h.kind {
		case ofsDelta:
			off -= h.back
		case refDelta:
			next, ok := p.findOffset(h.ref)
			if !ok {
				t, _, err := s.stat(h.ref, sc, depth+1)
				return t, size, baseFailed(h.ref, err)
			}
			off = next
		default:
			return Type(h.kind), size, nil
		}
	}
}

// resultSize returns the size of the object that an entry makes.
func (p *pack) resultSize(sc *scratch, off int64, h *entryHeader) (int64, error) {
	if !h.isDelta() {
		return h.size, nil
	}
	start := off + int64(h.n)
	src, err := p.stream(&sc.window, start, min(p.end, start+maxDeltaHead+1024), maxDeltaHead)
	if err != nil {
		return 0, err
	}
	head, err := sc.inflate.prefix(src, maxDeltaHead)
	if err != nil {
		return 0, err
	}
	_, size, _, err := deltaSizes(head)
	return size, err
}
