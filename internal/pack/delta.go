package pack

import (
	"errors"
	"fmt"
	"slices"
)

var errDelta = errors.New("delta is damaged")

// deltaSizes reads the head of a delta: the size of its base and of its result.
func deltaSizes(delta []byte) (base, result int64, rest []byte, err error) {
	base, rest, ok := deltaSize(delta)
	if !ok {
		return 0, 0, nil, errDelta
	}
	if result, rest, ok = deltaSize(rest); !ok {
		return 0, 0, nil, errDelta
	}
	return base, result, rest, nil
}

// maxDeltaHead is the length of the longest head of a delta.
const maxDeltaHead = 18

func deltaSize(b []byte) (size int64, rest []byte, ok bool) {
	for i, c := range b {
		if i > 8 {
			break
		}
		size |= int64(c&0x7f) << (7 * i)
		if c&0x80 == 0 {
			return size, b[i+1:], true
		}
	}
	return 0, nil, false
}

// applyDelta appends to dst what the delta makes of base. A delta is a list of copies from base and of inserts. A
// result of more than limit bytes is a [TooLargeError]. Unless copies is nil, the copies are appended to it, those that
// continue each other as one.
func applyDelta(dst, base, delta []byte, limit int64, copies *[]Copy) ([]byte, error) {
	baseSize, size, delta, err := deltaSizes(delta)
	if err != nil {
		return dst, err
	}
	if baseSize != int64(len(base)) {
		return dst, fmt.Errorf("delta is for a base of %d bytes, not of %d", baseSize, len(base))
	}
	if size > limit {
		return dst, &TooLargeError{size, limit}
	}
	// A result is seldom longer than base and delta together; if it claims to be, it grows as it proves to be.
	dst = slices.Grow(dst, int(min(size, int64(len(base)+len(delta)))))
	left := int(size)
	for len(delta) > 0 {
		op := delta[0]
		delta = delta[1:]
		if op&0x80 == 0 {
			n := int(op)
			if n == 0 || n > len(delta) || n > left {
				return dst, errDelta
			}
			dst = append(dst, delta[:n]...)
			delta = delta[n:]
			left -= n
			continue
		}
		var off, n uint32
		for bit := range 7 {
			if op>>bit&1 == 0 {
				continue
			}
			if len(delta) == 0 {
				return dst, errDelta
			}
			if bit < 4 {
				off |= uint32(delta[0]) << (8 * bit)
			} else {
				n |= uint32(delta[0]) << (8 * (bit - 4))
			}
			delta = delta[1:]
		}
		if n == 0 {
			n = 0x10000
		}
		if int64(n) > int64(left) || int64(off)+int64(n) > int64(len(base)) {
			return dst, errDelta
		}
		if copies != nil {
			*copies = appendCopy(*copies, Copy{int(off), int(size) - left, int(n)})
		}
		dst = append(dst, base[off:int64(off)+int64(n)]...)
		left -= int(n)
	}
	if left != 0 {
		return dst, errShort
	}
	return dst, nil
}

func appendCopy(list []Copy, c Copy) []Copy {
	if n := len(list); n > 0 {
		if last := &list[n-1]; last.From+last.Len == c.From && last.To+last.Len == c.To {
			last.Len += c.Len
			return list
		}
	}
	return append(list, c)
}
