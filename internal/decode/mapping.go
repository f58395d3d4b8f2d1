package decode

import "sort"

// segment maps a stretch of decoded bytes to where they came from. The stretch consists of units: every outUnit decoded
// bytes come from inUnit bytes, one unit after the other. A copied byte is a unit of 1 and 1, a base64 group one of 3 and
// 4, a percent escape one of 1 and 3. A segment ends where the next one begins. With units of 0 it is the only one, and
// every decoded byte comes from all of the in bytes of the input.
type segment struct {
	out, in         uint32
	outUnit, inUnit uint16
}

// mapping is the segments of one step of decoding, in order.
type mapping []segment

// add appends n decoded bytes, starting at out, that came from in on; n is a multiple of outUnit. What goes on as the last
// segment does is merged into it.
func (m mapping) add(out, in, n, outUnit, inUnit int) mapping {
	if n == 0 {
		return m
	}
	if last := len(m) - 1; last >= 0 {
		s := m[last]
		if int(s.outUnit) == outUnit && int(s.inUnit) == inUnit && (out-int(s.out))%outUnit == 0 &&
			int(s.in)+(out-int(s.out))/outUnit*inUnit == in {
			return m
		}
	}
	return append(m, segment{uint32(out), uint32(in), uint16(outUnit), uint16(inUnit)})
}

// wholeMapping maps every decoded byte to all of the n bytes that were decoded.
func wholeMapping(n int) mapping { return mapping{{in: uint32(n)}} }

// find returns the index of the segment that holds the decoded byte at pos.
func (m mapping) find(pos int) int {
	return sort.Search(len(m), func(i int) bool { return int(m[i].out) > pos }) - 1
}

// unit returns where the unit begins and ends that the decoded byte at pos is part of.
func (m mapping) unit(pos int) (lo, hi int) {
	s := m[m.find(pos)]
	if s.outUnit == 0 {
		return 0, int(s.in)
	}
	lo = int(s.in) + (pos-int(s.out))/int(s.outUnit)*int(s.inUnit)
	return lo, lo + int(s.inUnit)
}

// source maps a range of decoded bytes, not an empty one, back by one step. total is how many bytes were decoded.
func (m mapping) source(lo, hi, total int) (inLo, inHi int) {
	if total == 0 {
		return 0, 0
	}
	lo = max(0, min(lo, total-1))
	hi = max(lo+1, min(hi, total))
	inLo, _ = m.unit(lo)
	_, inHi = m.unit(hi - 1)
	return inLo, inHi
}

// copied reports whether all decoded bytes in the range stand in the input as they are.
func (m mapping) copied(lo, hi int) bool {
	for i := m.find(lo); i < len(m) && int(m[i].out) < hi; i++ {
		if m[i].outUnit != 1 || m[i].inUnit != 1 {
			return false
		}
	}
	return true
}
