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
// object that is in none of the packs, or of which that cannot be read. Many at once take less time than one by one.
func (n *Numbers) Find(ids []byte, out []uint32) {
	out = out[:len(ids)/n.hash]
	clear(out)
	if len(n.packs) == 0 {
		return
	}
	// A fault ends it: what was not found by then is 0, and asking [Store.Has] tells more.
	_ = guard(func() error {
		for len(out) > 0 {
			size := min(len(out), findBatch)
			n.find(ids[:size*n.hash], out[:size])
			ids, out = ids[size*n.hash:], out[size:]
		}
		return nil
	})
}

// findBatch is how many ids are looked for side by side.
const findBatch = 64

// find is Find for a few ids. Nearly all of the time goes by waiting for memory: so it goes to the first guesses of all,
// then to the second ones, for which the processor can wait together.
func (n *Numbers) find(ids []byte, out []uint32) {
	x := n.packs[0].idx
	var guesses [findBatch]int
	var met [findBatch]int64
	for i := range out {
		_, _, guesses[i] = x.guess(ids[i*n.hash:])
		met[i] = x.valueAt(guesses[i])
	}
	for i := range out {
		raw := ids[i*n.hash:]
		lo, hi, _ := x.guess(raw)
		guesses[i] += away(value(raw)-met[i], hi-lo)
		out[i] = uint32(x.valueAt(min(max(guesses[i], lo), hi)))
	}
	for i := range out {
		out[i] = n.number(ids[i*n.hash:(i+1)*n.hash], guesses[i])
	}
}

// number looks for an id in all packs; guess is where it may be in the first one.
func (n *Numbers) number(raw []byte, guess int) uint32 {
	for j, p := range n.packs {
		if j > 0 {
			_, _, guess = p.idx.guess(raw)
		}
		if at, found := p.idx.locate(raw, guess); found {
			return n.first[j] + uint32(at) + 1
		}
	}
	return 0
}

// Own returns the number plus one of an object that is being visited, quickly; 0 if it must be looked for. Of an object
// that a pack has twice it may be a number that [Numbers.Find] does not tell.
func (n *Numbers) Own(o *Object) uint32 {
	if len(n.packs) == 0 || n.packs[0] != o.listed {
		return 0
	}
	return uint32(o.place) + 1
}

// value is what an id is looked for by: what follows the first byte, as a number.
func value(raw []byte) int64 { return int64(binary.BigEndian.Uint32(raw[1:])) }

// away says how many positions two values are apart if size of them are spread evenly.
func away(values int64, size int) int { return int(values * int64(size) >> 32) }

// valueAt is the value at a position; anything where there is none.
func (x *index) valueAt(i int) int64 {
	if i >= x.n {
		return 0
	}
	return value(x.data[x.ids+i*x.idStep:])
}

// guess returns the range in which an id must be, and the place in it where it would be if ids were spread evenly.
func (x *index) guess(raw []byte) (lo, hi, guess int) {
	hi = int(binary.BigEndian.Uint32(x.data[x.fanout+4*int(raw[0]):]))
	if raw[0] > 0 {
		lo = int(binary.BigEndian.Uint32(x.data[x.fanout+4*int(raw[0]-1):]))
	}
	return lo, hi, lo + away(value(raw), hi-lo)
}

// locate returns the first position of an id. Ids are as good as random, so that their bytes say where to look; where
// somebody saw to it that they are not, a plain search ends what a few guesses began.
func (x *index) locate(raw []byte, guess int) (int, bool) {
	const guesses = 4
	lo, hi, _ := x.guess(raw)
	first, size := lo, hi-lo
	for range guesses {
		if lo >= hi {
			return 0, false
		}
		guess = min(max(guess, lo), hi-1)
		at := x.raw(guess)
		step := away(value(raw)-value(at), size)
		switch bytes.Compare(raw, at) {
		case 0:
			if guess > first && bytes.Equal(x.raw(guess-1), raw) {
				guess = first + sort.Search(guess-first, func(i int) bool { return bytes.Compare(x.raw(first+i), raw) >= 0 })
			}
			return guess, true
		case 1:
			lo = guess + 1
			guess += max(step, 1)
		default:
			hi = guess
			guess += min(step, -1)
		}
	}
	lo += sort.Search(hi-lo, func(i int) bool { return bytes.Compare(x.raw(lo+i), raw) >= 0 })
	return lo, lo < hi && bytes.Equal(x.raw(lo), raw)
}

// AppendTo appends the raw bytes of the id to b.
func (id ID) AppendTo(b []byte) []byte { return append(b, id.b[:id.n]...) }
