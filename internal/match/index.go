// Package match finds literals in bytes and measures bytes: pure functions that know neither rules nor git.
package match

import (
	"encoding/binary"
	"math/bits"
)

// Anchor is a literal to look for.
type Anchor struct {
	Text string
	// Fold makes ASCII letters match in either case.
	Fold bool
}

// Hit is one occurrence of an anchor.
type Hit struct {
	// Pos is the byte offset of its first byte.
	Pos int
	// Anchor is its position in the list given to [NewIndex].
	Anchor int
}

// MinLength is the least length in bytes of an anchor that [NewIndex] takes.
const MinLength = 3

// hashBits is the width of the filter's hash. The bit set of 2^hashBits bits takes 16 KiB and so stays in a core's
// first-level cache; with 1,500 anchors about one bit in eighty is set.
const hashBits = 17

// Index finds many literals in one pass. Its cost for each byte does not depend on how many there are: each position's
// four bytes, letters folded to lower case, are hashed into a bit set, and only where the bit is set are the literals
// compared that have these four bytes at their rarest place. It is immutable and safe for concurrent use.
type Index struct {
	filter  [1 << hashBits / 64]uint64
	anchors []Anchor
	// heads has, by the first bits of the hash, one more than the position of the first of its entries; 0 means none.
	heads   []int32
	shift   uint
	entries []entry
}

// entry is an anchor to compare where a gram was met.
type entry struct {
	gram   uint32
	anchor int32
	// off is the place of the gram in the anchor.
	off int32
	// next is one more than the position of the next entry with the same head; 0 means none.
	next int32
}

// fold4 has the bit that tells upper from lower case letters in each of four bytes. Setting it also merges a few other
// bytes, which the comparison afterwards tells apart.
const fold4 = 0x20202020

// NewIndex makes an index of anchors. Anchors shorter than [MinLength] are never found.
func NewIndex(anchors []Anchor) *Index {
	count := 0
	for _, a := range anchors {
		if count++; len(a.Text) == MinLength {
			count += 127
		}
	}
	x := &Index{anchors: anchors, entries: make([]entry, 0, count)}
	for i, a := range anchors {
		switch {
		case len(a.Text) < MinLength:
		case len(a.Text) == MinLength:
			// Any fourth byte may follow; of two that fold to the same one is enough.
			for b := range 256 {
				if b&0x20 != 0 {
					x.add(gram([]byte{a.Text[0], a.Text[1], a.Text[2], byte(b)}), i, 0)
				}
			}
		default:
			off := rarestGram(a.Text)
			x.add(gram([]byte(a.Text[off:off+4])), i, off)
		}
	}
	x.link()
	return x
}

func (x *Index) add(g uint32, anchor, off int) {
	h := hash(g)
	x.filter[h>>6] |= 1 << (h & 63)
	x.entries = append(x.entries, entry{gram: g, anchor: int32(anchor), off: int32(off)})
}

// link builds the lists of entries, in their order, with about one entry for two heads.
func (x *Index) link() {
	bits := min(max(bits.Len(uint(len(x.entries)))+1, 4), hashBits)
	x.shift = uint(hashBits - bits)
	x.heads = make([]int32, 1<<bits)
	for i := len(x.entries) - 1; i >= 0; i-- {
		head := &x.heads[hash(x.entries[i].gram)>>x.shift]
		x.entries[i].next = *head
		*head = int32(i + 1)
	}
}

func gram(b []byte) uint32 { return binary.LittleEndian.Uint32(b) | fold4 }

func hash(g uint32) uint32 { return g * 0x9E3779B1 >> (32 - hashBits) }

// Find appends every occurrence of every anchor in data to hits, sorted by the position of the four bytes by which it
// was recognised, which is not quite by Pos. It does not allocate beyond growing hits.
func (x *Index) Find(data []byte, hits []Hit) []Hit {
	i := 0
	for ; i+8 <= len(data); i += 4 {
		v := binary.LittleEndian.Uint64(data[i:]) | fold4<<32 | fold4
		h0, h1, h2, h3 := hash(uint32(v)), hash(uint32(v>>8)), hash(uint32(v>>16)), hash(uint32(v>>24))
		if (x.filter[h0>>6]>>(h0&63)|x.filter[h1>>6]>>(h1&63)|x.filter[h2>>6]>>(h2&63)|x.filter[h3>>6]>>(h3&63))&1 == 0 {
			continue
		}
		for k := range 4 {
			hits = x.compare(data, i+k, uint32(v>>(8*k)), hits)
		}
	}
	for ; i < len(data); i++ { // the last bytes, padded with zeros, which no anchor of 4 bytes matches
		var tail [4]byte
		copy(tail[:], data[i:])
		hits = x.compare(data, i, gram(tail[:]), hits)
	}
	return hits
}

// compare appends the anchors that stand in data with the gram g at position i.
func (x *Index) compare(data []byte, i int, g uint32, hits []Hit) []Hit {
	h := hash(g)
	if x.filter[h>>6]>>(h&63)&1 == 0 {
		return hits
	}
	for at := x.heads[h>>x.shift]; at != 0; {
		e := &x.entries[at-1]
		at = e.next
		if e.gram != g {
			continue
		}
		a := &x.anchors[e.anchor]
		start := i - int(e.off)
		if start < 0 || start+len(a.Text) > len(data) {
			continue
		}
		if have := data[start : start+len(a.Text)]; string(have) == a.Text || a.Fold && equalFold(have, a.Text) {
			hits = append(hits, Hit{start, int(e.anchor)})
		}
	}
	return hits
}

// equalFold compares without regard to the case of ASCII letters. Both have the same length.
func equalFold(b []byte, s string) bool {
	for i, c := range b {
		d := s[i]
		if c == d {
			continue
		}
		if c|0x20 != d|0x20 || c|0x20 < 'a' || c|0x20 > 'z' {
			return false
		}
	}
	return true
}

// rarestGram returns the offset of the four bytes of text that source code has least often, as far as the frequency of
// single bytes tells. Ties go to the first.
func rarestGram(text string) int {
	best, bestCost := 0, 1<<30
	for off := 0; off+4 <= len(text); off++ {
		cost := 1
		for i := off; i < off+4; i++ {
			cost *= 1 + int(commonness[text[i]|0x20])
		}
		if cost < bestCost {
			best, bestCost = off, cost
		}
	}
	return best
}

// commonness says on a scale of 0 to 15 how often a byte, with the bit of fold4 set, stands in source code.
var commonness = [256]uint8{
	'e': 15, 't': 15, ' ': 15,
	'a': 11, 'i': 11, 'n': 11, 'o': 11, 'r': 11, 's': 11,
	'c': 6, 'd': 6, 'l': 6, 'u': 6, 'm': 6, 'p': 6, 'f': 6,
	'b': 3, 'g': 3, 'h': 3, '_' | 0x20: 3, '.': 3, '-': 3, '"': 3, '=': 3, '0': 3, '1': 3, ':': 3, '/': 3,
	'v': 2, 'w': 2, 'y': 2, 'k': 2, 'x': 2, '2': 2, '3': 2,
}
