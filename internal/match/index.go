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

// The width of a gram's hash: with maxHashBits the tables take 128 KiB each, which is more than a core's first-level cache
// but is filled by no 1,500 rules, and text touches little of it. Fewer anchors use a part of the tables, of as many words
// as 32 times their number, because each page that is touched costs a hook a microsecond or two when it starts.
const (
	minHashBits  = 8
	maxHashBits  = 16
	wordsPerText = 32
)

// maxOffset bounds how far inside an anchor the gram stands by which it is recognised, so that a short range can be
// searched without reading far beyond it.
const maxOffset = 12

// Index finds many literals in one pass, with little cost for each byte that depends on how many there are.
//
// Only every second position is looked at: an anchor is entered twice, once by a gram of four bytes at an even offset in
// it and once by one at an odd offset, the rarest of each kind, and one of both stands at a position that is looked at.
// Three bytes of the gram, letters folded to lower case, are hashed to a word of filter, and the fourth selects a bit of
// it. Where that is set, near is asked about the bytes before and after the gram, and only then anchors are compared. The
// first step does not branch on what it sees, and the second hardly: a branch foretold wrong costs as much as twenty bytes.
//
// An index is immutable and safe for concurrent use.
type Index struct{ Tables }

// Tables are all that an [Index] is made of, as data: whoever knows the anchors when a program is compiled can have what
// [NewIndex] would make of them in the program file, and nothing runs to make it when the program starts.
type Tables struct {
	Filter  *Filter
	Near    *Near
	Anchors []Anchor
	// Mask has the bits of a hash that count.
	Mask uint32
	// Heads has, by the hash of a key, the position of the first of its entries; they end where those of the next begin.
	Heads   []int32
	Shift   uint
	Entries []Entry
	// Reach is the greatest offset of an entry.
	Reach int
}

// Filter has a bit for each gram that is one of an anchor. Near has two sets of bytes, by their low four bits: in the low
// half of a word those that may stand before a gram, in the high half those that may stand after it.
type (
	Filter [1 << maxHashBits]uint32
	Near   [1 << maxHashBits]uint32
)

const (
	anyBefore uint32 = 1<<16 - 1
	anyAfter         = anyBefore << 16
)

// Entry is an anchor to compare where a gram was met, as numbers, so that a table of them is short to write:
//
//	0  key: the bytes of the gram that count, folded
//	1  ends: the last bytes of the anchor
//	2  ending: the bits of them that count
//	3  the position of the anchor
//	4  the offset of the gram in the anchor (low half, signed) and the anchor's length (high half)
type Entry [5]uint32

func (e *Entry) key() uint32    { return e[0] }
func (e *Entry) ends() uint32   { return e[1] }
func (e *Entry) ending() uint32 { return e[2] }
func (e *Entry) anchor() int    { return int(e[3]) }
func (e *Entry) off() int       { return int(int16(e[4])) }
func (e *Entry) size() int      { return int(e[4] >> 16) }

// newEntry makes an entry of an anchor, whose ends are compared before the rest of it, which is elsewhere in memory.
func (x *Index) newEntry(key uint32, anchor, off int) Entry {
	text := x.Anchors[anchor].Text
	size := uint16(len(text))
	e := Entry{0: key, 3: uint32(anchor), 4: uint32(uint16(off)) | uint32(size)<<16}
	if int(size) < len(text) {
		return e // it has no ending then
	}
	var ends, ending uint32
	for i := max(0, len(text)-4); i < len(text); i++ {
		ends, ending = ends>>8|uint32(text[i])<<24, ending>>8|0xff<<24
	}
	if x.Anchors[anchor].Fold {
		ending &^= fold4
	}
	e[1], e[2] = ends&ending, ending
	return e
}

// firstThree is the key of a gram of which the last byte does not count, lastThree that of one of which the first does not.
// Both have a last byte that no folded one is.
func firstThree(g uint32) uint32 { return g & 0x00ffffff }
func lastThree(g uint32) uint32  { return g>>8 | 1<<24 }

// fold4 has the bit that tells upper from lower case letters in each of four bytes. Setting it also merges a few other
// bytes, which the comparison afterwards tells apart.
const fold4 = 0x20202020

// The tables of an index without anchors, which every scan has that finds nothing.
var (
	noFilter Filter
	noNear   Near
)

// NewIndex makes an index of anchors. Anchors shorter than [MinLength] are never found.
func NewIndex(anchors []Anchor) *Index {
	if len(anchors) == 0 {
		x := &Index{Tables{Filter: &noFilter, Near: &noNear}}
		x.link(nil)
		return x
	}
	width := min(max(bits.Len(uint(wordsPerText*len(anchors))), minHashBits), maxHashBits)
	x := &Index{Tables{Filter: new(Filter), Near: new(Near), Anchors: anchors, Mask: 1<<width - 1}}
	list := make([]Entry, 0, 2*len(anchors))
	for i, a := range anchors {
		if len(a.Text) < MinLength {
			continue
		}
		best := rarestGrams(a.Text)
		for parity := range 2 {
			list = x.enter(list, i, parity, best[parity])
		}
	}
	x.link(list)
	return x
}

// enter adds an anchor by the rarest of its grams at offsets of one parity, which is at best, or by what it has there if
// it is too short.
func (x *Index) enter(list []Entry, anchor, parity, best int) []Entry {
	text := x.Anchors[anchor].Text
	if best >= 0 {
		g := gram(text[best], text[best+1], text[best+2], text[best+3])
		x.mark(g, 1<<(g>>24&31), anchor, best)
		return append(list, x.newEntry(g, anchor, best))
	}
	if parity+3 <= len(text) { // three of four bytes at offset 1, or all three at offset 0: any byte may follow
		g := gram(text[parity], text[parity+1], text[parity+2], 0)
		x.mark(g, ^uint32(0), anchor, parity)
		return append(list, x.newEntry(firstThree(g), anchor, parity))
	}
	// All three from the second byte of the gram on. Of two first bytes that fold to the same one is enough.
	var g uint32
	for b := range 256 {
		if b&0x20 != 0 {
			g = gram(byte(b), text[0], text[1], text[2])
			x.mark(g, 1<<(g>>24&31), anchor, -1)
		}
	}
	return append(list, x.newEntry(lastThree(g), anchor, -1))
}

// mark enters the gram at an offset of an anchor into both tables, with the bits of its last byte.
func (x *Index) mark(g, last uint32, anchor, off int) {
	h := hash(g, x.Mask)
	near := &x.Near[h]
	a := &x.Anchors[anchor]
	x.Filter[h] |= last
	if off > 0 {
		*near |= 1 << (a.Text[off-1] & 15)
	} else {
		*near |= anyBefore
	}
	if after := off + 4; after < len(a.Text) {
		*near |= 1 << 16 << (a.Text[after] & 15)
	} else {
		*near |= anyAfter
	}
	x.Reach = max(x.Reach, off)
}

// link sorts entries, which keep their order otherwise, by the hash of their keys, with about one for two heads.
func (x *Index) link(list []Entry) {
	width := bits.Len(uint(len(list))) + 1
	x.Shift = uint(32 - width)
	x.Heads = make([]int32, 1<<width+1)
	for i := range list {
		x.Heads[x.head(list[i].key())]++
	}
	sum := int32(0)
	for i, n := range x.Heads {
		sum += n
		x.Heads[i] = sum
	}
	x.Entries = make([]Entry, len(list))
	for i := len(list) - 1; i >= 0; i-- {
		head := &x.Heads[x.head(list[i].key())]
		*head--
		x.Entries[*head] = list[i]
	}
}

// head returns the place in heads of a key.
func (x *Index) head(key uint32) uint32 { return key * 0x9E3779B1 >> x.Shift }

// gram returns four bytes, folded.
func gram(a, b, c, d byte) uint32 {
	return uint32(a) | uint32(b)<<8 | uint32(c)<<16 | uint32(d)<<24 | fold4
}

// hash returns the word of the tables for the first three bytes of a gram. Its value is less than 1 << maxHashBits, which
// the compiler sees.
func hash(g, mask uint32) uint32 { return g << 8 * 0x9E3779B1 >> (32 - maxHashBits) & mask }

// Find appends every occurrence of every anchor in data to hits, sorted by the position of the gram by which it was
// recognised, which is not quite by Pos. It does not allocate beyond growing hits.
func (x *Index) Find(data []byte, hits []Hit) []Hit { return x.FindIn(data, 0, len(data), hits) }

// FindIn does what [Index.Find] does for the occurrences that start at lo or after it and before hi. They may end after
// hi: it is data that they have to be in. A call costs little more than the bytes between lo and hi, however large data is.
func (x *Index) FindIn(data []byte, lo, hi int, hits []Hit) []Hit {
	lo, hi = max(lo, 0), min(hi, len(data))
	if lo >= hi {
		return hits
	}
	end := min(hi+x.Reach, len(data)) // before it are the grams of all that start before hi
	i := lo
	if i == 0 { // there is no byte before the first one, which the blocks below would look at
		hits = x.findAt(data, i, lo, hi, hits)
		i += 2
	}
	var likely [4 * maxBlocks]uint16
	for i+14 <= len(data) && i < end {
		blocks := min(maxBlocks, (len(data)-i-6)/8, (end-i+7)/8)
		n := x.confirm(data[i-1:], x.scan(data[i:i+8*blocks+2]), &likely)
		for _, at := range likely[:n] {
			p := i + int(at)
			hits = x.compare(data, p, binary.LittleEndian.Uint32(data[p:])|fold4, lo, hi, hits)
		}
		i += 8 * blocks
	}
	for ; i < end; i += 2 {
		hits = x.findAt(data, i, lo, hi, hits)
	}
	return hits
}

// maxBlocks is how many blocks of eight bytes are searched in one go: as many as a word has bits.
const maxBlocks = 64

// scan asks the filter about the grams at the first four even positions of each block of eight bytes, the last of which
// reaches two bytes into the next, and returns a bit for each block that has one. There are at most maxBlocks. It is a
// function of its own because then all that it works with stays in registers.
//
//go:noinline
func (x *Index) scan(data []byte) (found uint64) {
	f, mask := x.Filter, x.Mask
	for n := uint(0); len(data) >= 10; n++ {
		v := binary.LittleEndian.Uint64(data) | fold4<<32 | fold4
		v3 := binary.LittleEndian.Uint32(data[6:]) | fold4
		data = data[8:]
		v0, v1, v2 := uint32(v), uint32(v>>16), uint32(v>>32)
		some := f[hash(v0, mask)]>>(v0>>24&31) | f[hash(v1, mask)]>>(v1>>24&31) | f[hash(v2, mask)]>>(v2>>24&31) | f[hash(v3, mask)]>>(v3>>24&31)
		found |= uint64(some&1) << (n & 63)
	}
	return found
}

// confirm writes to likely the offsets of the grams of the found blocks that are in the filter and have neighbours that
// an anchor may have, and returns their number. Data starts with the byte before the first block and has five more than
// the last one.
//
//go:noinline
func (x *Index) confirm(data []byte, found uint64, likely *[4 * maxBlocks]uint16) (n int) {
	f, mask := x.Filter, x.Mask
	for ; found != 0; found &= found - 1 {
		at := 8 * bits.TrailingZeros64(found)
		block := data[at:][:14]
		v := binary.LittleEndian.Uint64(block[1:]) | fold4<<32 | fold4
		v3 := binary.LittleEndian.Uint32(block[7:]) | fold4
		v0, v1, v2 := uint32(v), uint32(v>>16), uint32(v>>32)
		grams := f[hash(v0, mask)]>>(v0>>24&31)&1 | f[hash(v1, mask)]>>(v1>>24&31)&1<<2 | f[hash(v2, mask)]>>(v2>>24&31)&1<<4 | f[hash(v3, mask)]>>(v3>>24&31)&1<<6
		for ; grams != 0; grams &= grams - 1 {
			k := bits.TrailingZeros32(grams)
			v := binary.LittleEndian.Uint64(block[k&7:]) // the byte before, the gram, and the byte after
			near := x.Near[hash(uint32(v>>8)|fold4, mask)]
			likely[n%len(likely)] = uint16(at + k)
			n += int(near >> (v & 15) & (near >> 16 >> (v >> 40 & 15)) & 1)
		}
	}
	return n
}

// findAt appends the anchors that are recognised by the gram at one position, anywhere in data.
func (x *Index) findAt(data []byte, i, lo, hi int, hits []Hit) []Hit {
	var g uint32
	switch len(data) - i {
	case 0, 1, 2:
		return hits
	case 3: // a fourth byte does not count for an anchor that ends here; one that goes on is refused by its length
		g = uint32(data[i]) | uint32(data[i+1])<<8 | uint32(data[i+2])<<16 | fold4
	default:
		g = binary.LittleEndian.Uint32(data[i:]) | fold4
	}
	if x.Filter[hash(g, x.Mask)]>>(g>>24&31)&1 != 0 {
		hits = x.compare(data, i, g, lo, hi, hits)
	}
	return hits
}

// compare appends the anchors that stand in data with the gram g at position i and start from lo to before hi.
func (x *Index) compare(data []byte, i int, g uint32, lo, hi int, hits []Hit) []Hit {
	for _, key := range [...]uint32{g, firstThree(g), lastThree(g)} {
		h := x.head(key)
		for first, end := x.Heads[h], x.Heads[h+1]; first < end; first++ {
			e := &x.Entries[first]
			if e.key() != key {
				continue
			}
			start := i - e.off()
			last := start + e.size()
			if start < lo || start >= hi || last > len(data) {
				continue
			}
			if last >= 4 && binary.LittleEndian.Uint32(data[last-4:])&e.ending() != e.ends() {
				continue
			}
			if a := &x.Anchors[e.anchor()]; a.in(data, start) {
				hits = append(hits, Hit{start, e.anchor()})
			}
		}
	}
	return hits
}

// in reports whether the anchor stands in data at start.
func (a *Anchor) in(data []byte, start int) bool {
	if start+len(a.Text) > len(data) {
		return false
	}
	have := data[start : start+len(a.Text)]
	return string(have) == a.Text || a.Fold && equalFold(have, a.Text)
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
