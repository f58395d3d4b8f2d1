package pack

import "encoding/binary"

// slack is the room that symbols needs behind what it has written: a literal and a match, which it writes in pieces of
// eight bytes.
const slack = 1 + 258 + 24

// stop says why symbols has returned.
type stop uint8

const (
	inputEnd stop = iota
	outputEnd
	blockEnd
	badCode
	badDistance
)

// symbols decodes literals and matches into out[n:] and returns how far it came. Matches reach back to start. At least
// 56 bits count when it is called. Nothing that it returns has been taken in part: it may be called again with more
// input or room.
//
// Everything here serves speed. After each symbol the buffer of bits is filled up with no condition: bits above nb are
// those that follow in the input already, so that or-ing them again changes nothing, and of nb only the low six bits
// mean something. What the next symbol is has been looked up before a match is copied, so that the processor need not
// wait for the one to begin the other.
func (in *inflater) symbols(t *tables, out []byte, n, start int) (int, stop) {
	src, pos, bits, nb := in.in, in.pos, in.bits, uint32(in.nb)
	litMask, distMask := t.litMask, t.distMask
	lastIn, lastOut := len(src)-16, len(out)-slack
	why := inputEnd
	e := t.lit[bits&litMask&(litSize-1)]
	for pos <= lastIn {
		if n > lastOut {
			why = outputEnd
			break
		}
		if e&isLiteral != 0 {
			bits >>= e & 63
			nb -= e
			out[n] = byte(e >> valueShift)
			n++
			e = t.lit[bits&litMask&(litSize-1)]
			bits |= word(src, pos) << (nb & 63)
			pos += int(^nb & 63 >> 3)
			nb |= 56
			continue
		}
		if e&isRare != 0 {
			if e&(isEnd|isInvalid) == 0 {
				e = t.lit[(uint64(e>>valueShift)+bits>>(e&63)&(1<<(e>>codeShift&63)-1))&(litSize-1)]
				continue
			}
			bits >>= e & 63
			nb -= e
			why = badCode
			if e&isEnd != 0 {
				why = blockEnd
			}
			break
		}
		length := int(e>>valueShift) + int(bits&(1<<(e&63)-1)>>(e>>codeShift&63))
		bits >>= e & 63
		nb -= e
		bits |= word(src, pos) << (nb & 63)
		pos += int(^nb & 63 >> 3)
		nb |= 56
		e = t.dist[bits&distMask&(distSize-1)]
		if e&isRareDistance != 0 {
			if e&isInvalidDistance != 0 {
				bits >>= e & 63
				nb -= e
				why = badCode
				break
			}
			e = t.dist[(uint64(e>>valueShift)+bits>>(e&63)&(1<<(e>>codeShift&63)-1))&(distSize-1)]
		}
		distance := int(e>>valueShift) + int(bits&(1<<(e&63)-1)>>(e>>codeShift&63))
		bits >>= e & 63
		nb -= e
		if distance > n-start {
			why = badDistance
			break
		}
		e = t.lit[bits&litMask&(litSize-1)]
		bits |= word(src, pos) << (nb & 63)
		pos += int(^nb & 63 >> 3)
		nb |= 56
		end := n + length
		if distance >= 8 {
			putWord(out, n, word(out, n-distance))
			putWord(out, n+8, word(out, n+8-distance))
			for n += 16; n < end; n += 8 {
				putWord(out, n, word(out, n-distance))
			}
		} else {
			repeatShort(out, n, distance, length)
		}
		n = end
	}
	in.pos, in.bits, in.nb = pos, bits, uint(nb&63)
	return n, why
}

// repeatShort writes a match whose distance is less than eight bytes: what stands there is repeated.
func repeatShort(out []byte, n, distance, length int) {
	v := word(out, n-distance)
	d := uint(distance) * 8
	v &= 1<<d - 1
	v |= v << d
	v |= v << (2 * d)
	v |= v << (4 * d)
	// The largest multiple of the distance that fits in eight bytes.
	step := 8 - 8%distance
	for i := 0; i < length; i += step {
		putWord(out, n+i, v)
	}
}

// word returns eight bytes. The third index spares the compiler to think of a slice with no capacity.
func word(b []byte, i int) uint64 { return binary.LittleEndian.Uint64(b[i : i+8 : i+8]) }

func putWord(b []byte, i int, v uint64) { binary.LittleEndian.PutUint64(b[i:i+8:i+8], v) }
