package pack

import (
	"bytes"
	"encoding/binary"
	"math"
	"sort"
)

// Numbers gives the objects of the packs that a store had at one moment small numbers, from 0, without any memory of its
// own: they are positions in the packs' indexes. An object that several packs have, or one pack several times, has one
// number. It may be used from several goroutines at once, until the store is closed.
type Numbers struct {
	packs []*pack
	// first are the numbers of each pack's first object.
	first []uint32
	hash  int
	count int
}

// Numbers returns the numbers of all packs that are known by now. It reports false if there are more objects than
// numbers of 31 bits.
func (s *Store) Numbers() (*Numbers, bool) {
	n := &Numbers{packs: s.packList(), hash: s.opt.Format.Size()}
	for _, p := range n.packs {
		n.first = append(n.first, uint32(n.count))
		if n.count += p.idx.n; n.count > math.MaxInt32 {
			return nil, false
		}
	}
	return n, true
}

// Len returns how many numbers there are; some may stand for nothing.
func (n *Numbers) Len() int { return n.count }

// Find puts into out, for each of the raw ids that stand in ids one after the other, its number plus one; 0 for an
// object that is in none of the packs, or of which that cannot be read.
func (n *Numbers) Find(ids []byte, out []uint32) { n.FindNamed(nil, ids, out) }

// FindNamed is Find for ids that an object names, and returns the object's own number plus one, too.
func (n *Numbers) FindNamed(o *Object, ids []byte, out []uint32) (own uint32) {
	out = out[:len(ids)/n.hash]
	clear(out)
	// A fault ends it: what was not found by then is 0, and asking [Store.Has] tells more.
	_ = guard(func() error {
		// Looking at all of them once before comparing lets the processor wait for several of them at a time.
		seen := byte(0)
		for at := 0; at+n.hash <= len(ids) && len(n.packs) > 0; at += n.hash {
			x := n.packs[0].idx
			if _, _, guess := x.guess(ids[at : at+n.hash]); guess < x.n {
				seen |= x.data[x.ids+guess*x.idStep]
			}
		}
		n.find(ids, out, seen)
		if o != nil {
			own = n.own(o)
		}
		return nil
	})
	return own
}

// find is Find inside a guard. The last argument is only there so that it is worked out.
func (n *Numbers) find(ids []byte, out []uint32, _ byte) {
	for i := range out {
		out[i] = n.number(ids[i*n.hash : (i+1)*n.hash])
	}
}

func (n *Numbers) number(raw []byte) uint32 {
	for j, p := range n.packs {
		if at, found := p.idx.locate(raw); found {
			return n.first[j] + uint32(at) + 1
		}
	}
	return 0
}

// own returns the number plus one of an object, for which it seldom has to be looked up.
func (n *Numbers) own(o *Object) uint32 {
	if int(o.ID.n) != n.hash {
		return 0
	}
	if len(n.packs) > 0 && n.packs[0] == o.listed {
		x, at := o.listed.idx, int(o.place)
		if at == 0 || !bytes.Equal(x.raw(at-1), o.ID.b[:n.hash]) {
			return uint32(at) + 1
		}
	}
	return n.number(o.ID.b[:n.hash])
}

// guess returns the range in which an id must be, and the place in it where it would be if ids were spread evenly.
func (x *index) guess(raw []byte) (lo, hi, guess int) {
	hi = int(binary.BigEndian.Uint32(x.data[x.fanout+4*int(raw[0]):]))
	if raw[0] > 0 {
		lo = int(binary.BigEndian.Uint32(x.data[x.fanout+4*int(raw[0]-1):]))
	}
	return lo, hi, lo + int(int64(binary.BigEndian.Uint32(raw[1:]))*int64(hi-lo)>>32)
}

// locate returns the first position of an id. Ids are as good as random, so that their bytes say where to look; where
// somebody saw to it that they are not, a plain search ends what a few guesses began.
func (x *index) locate(raw []byte) (int, bool) {
	const guesses = 4
	lo, hi, guess := x.guess(raw)
	first, size, value := lo, int64(hi-lo), int64(binary.BigEndian.Uint32(raw[1:]))
	for range guesses {
		if lo >= hi {
			return 0, false
		}
		guess = min(max(guess, lo), hi-1)
		at := x.raw(guess)
		away := int((value - int64(binary.BigEndian.Uint32(at[1:]))) * size >> 32)
		switch bytes.Compare(raw, at) {
		case 0:
			if guess > first && bytes.Equal(x.raw(guess-1), raw) {
				guess = first + sort.Search(guess-first, func(i int) bool { return bytes.Compare(x.raw(first+i), raw) >= 0 })
			}
			return guess, true
		case 1:
			lo = guess + 1
			guess += max(away, 1)
		default:
			hi = guess
			guess += min(away, -1)
		}
	}
	lo += sort.Search(hi-lo, func(i int) bool { return bytes.Compare(x.raw(lo+i), raw) >= 0 })
	return lo, lo < hi && bytes.Equal(x.raw(lo), raw)
}

// AppendTo appends the raw bytes of the id to b.
func (id ID) AppendTo(b []byte) []byte { return append(b, id.b[:id.n]...) }
