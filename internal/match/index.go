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
type Index struct {
	filter  [1 << maxHashBits]uint32
	near    [1 << maxHashBits]neighbours
	anchors []Anchor
	// mask has the bits of a hash that count.
	mask uint32
	// heads has, by the hash of a key, the position of the first of its entries; they end where those of the next begin.
	heads   []int32
	shift   uint
	entries []entry
	// reach is the greatest offset of an entry.
	reach int
}

// neighbours are sets of bytes, by their low four bits, that may stand before and after a gram.
type neighbours struct{ before, after uint16 }

const anyByte = ^uint16(0)

// entry is an anchor to compare where a gram was met.
type entry struct {
	// key has the bytes of the gram that count, folded.
	key uint32
	// ends has the last bytes of the anchor, ending the bits of them that count.
	ends, ending uint32
	anchor       int32
	// off is the offset of the gram in the anchor, size the anchor's length.
	off  int16
	size uint16
}

// newEntry makes an entry of an anchor, whose ends are compared before the rest of it, which is elsewhere in memory.
func (x *Index) newEntry(key uint32, anchor, off int) entry {
	e := entry{key: key, anchor: int32(anchor), off: int16(off)}
	text := x.anchors[anchor].Text
	if e.size = uint16(len(text)); int(e.size) < len(text) {
		return e // it has no ending then
	}
	for i := max(0, len(text)-4); i < len(text); i++ {
		e.ends, e.ending = e.ends>>8|uint32(text[i])<<24, e.ending>>8|0xff<<24
	}
	if x.anchors[anchor].Fold {
		e.ending &^= fold4
	}
	e.ends &= e.ending
	return e
}

// firstThree is the key of a gram of which the last byte does not count, lastThree that of one of which the first does not.
// Both have a last byte that no folded one is.
func firstThree(g uint32) uint32 { return g & 0x00ffffff }
func lastThree(g uint32) uint32  { return g>>8 | 1<<24 }

// fold4 has the bit that tells upper from lower case letters in each of four bytes. Setting it also merges a few other
// bytes, which the comparison afterwards tells apart.
const fold4 = 0x20202020

// NewIndex makes an index of anchors. Anchors shorter than [MinLength] are never found.
func NewIndex(anchors []Anchor) *Index {
	width := min(max(bits.Len(uint(wordsPerText*len(anchors))), minHashBits), maxHashBits)
	x := &Index{anchors: anchors, mask: 1<<width - 1}
	list := make([]entry, 0, 2*len(anchors))
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
func (x *Index) enter(list []entry, anchor, parity, best int) []entry {
	text := x.anchors[anchor].Text
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
	h := hash(g, x.mask)
	near := &x.near[h]
	a := &x.anchors[anchor]
	x.filter[h] |= last
	if off > 0 {
		near.before |= 1 << (a.Text[off-1] & 15)
	} else {
		near.before = anyByte
	}
	if after := off + 4; after < len(a.Text) {
		near.after |= 1 << (a.Text[after] & 15)
	} else {
		near.after = anyByte
	}
	x.reach = max(x.reach, off)
}

// link sorts entries, which keep their order otherwise, by the hash of their keys, with about one for two heads.
func (x *Index) link(list []entry) {
	width := bits.Len(uint(len(list))) + 1
	x.shift = uint(32 - width)
	x.heads = make([]int32, 1<<width+1)
	for i := range list {
		x.heads[x.head(list[i].key)]++
	}
	sum := int32(0)
	for i, n := range x.heads {
		sum += n
		x.heads[i] = sum
	}
	x.entries = make([]entry, len(list))
	for i := len(list) - 1; i >= 0; i-- {
		head := &x.heads[x.head(list[i].key)]
		*head--
		x.entries[*head] = list[i]
	}
}

// head returns the place in heads of a key.
func (x *Index) head(key uint32) uint32 { return key * 0x9E3779B1 >> x.shift }

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
	end := min(hi+x.reach, len(data)) // before it are the grams of all that start before hi
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
	f, mask := &x.filter, x.mask
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
	f, mask := &x.filter, x.mask
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
			near := &x.near[hash(uint32(v>>8)|fold4, mask)]
			likely[n%len(likely)] = uint16(at + k)
			n += int(near.before >> (v & 15) & (near.after >> (v >> 40 & 15)) & 1)
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
	if x.filter[hash(g, x.mask)]>>(g>>24&31)&1 != 0 {
		hits = x.compare(data, i, g, lo, hi, hits)
	}
	return hits
}

// compare appends the anchors that stand in data with the gram g at position i and start from lo to before hi.
func (x *Index) compare(data []byte, i int, g uint32, lo, hi int, hits []Hit) []Hit {
	for _, key := range [...]uint32{g, firstThree(g), lastThree(g)} {
		h := x.head(key)
		for first, end := x.heads[h], x.heads[h+1]; first < end; first++ {
			e := &x.entries[first]
			if e.key != key {
				continue
			}
			start := i - int(e.off)
			last := start + int(e.size)
			if start < lo || start >= hi || last > len(data) {
				continue
			}
			if last >= 4 && binary.LittleEndian.Uint32(data[last-4:])&e.ending != e.ends {
				continue
			}
			if a := &x.anchors[e.anchor]; a.in(data, start) {
				hits = append(hits, Hit{start, int(e.anchor)})
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
