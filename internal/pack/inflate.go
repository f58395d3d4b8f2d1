package pack

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/adler32"
	"io"
	"math"
	"slices"
)

// inflater decompresses zlib streams that are in memory as a whole, one after another, without allocating for each. It
// is made for the entries of packs: small, of a known size, and so many that half of the time of reading a history is
// spent here.
type inflater struct {
	src []byte
	// in is what is read: src or, near its end, tail, which starts at base of src.
	in   []byte
	base int
	pos  int
	// bits are the next bits of input, of which nb count.
	bits uint64
	nb   uint

	preMask       uint64
	pre           [1 << preBits]uint32
	used          [maxLiterals + maxDistance]coded
	tail          [48]byte
	dynamicTables tables
	fixedTables   *tables
}

// growStep is what is allocated for a stream on the word of its declared size alone. From there on the buffer doubles,
// so that memory stays in proportion to what the stream has really given.
const growStep = 1 << 20

var (
	errLong  = errors.New("object is longer than its declared size")
	errShort = errors.New("object is shorter than its declared size")

	errCut      = io.ErrUnexpectedEOF
	errHead     = errors.New("not a zlib stream")
	errPreset   = errors.New("zlib stream needs a dictionary")
	errBlock    = errors.New("block of an unknown type")
	errStored   = errors.New("stored block with a damaged length")
	errCodes    = errors.New("codes of a block are impossible")
	errCode     = errors.New("code that stands for nothing")
	errFar      = errors.New("match from before the start")
	errChecksum = errors.New("wrong checksum")
)

// inflate appends to dst the stream that starts at src[0], which must be exactly size bytes inflated and match its
// checksum. Bytes behind the stream are left alone; used is the length of the stream.
func (in *inflater) inflate(dst, src []byte, size int64) (out []byte, used int, err error) {
	out, used, err = in.inflateUnchecked(dst, src, size)
	if err == nil && adler32.Checksum(out[len(dst):]) != binary.BigEndian.Uint32(src[used-4:]) {
		err = fmt.Errorf("inflate: %w", errChecksum)
	}
	return out, used, err
}

// inflateUnchecked is inflate without looking at the checksum, for bytes that are checked in another way.
func (in *inflater) inflateUnchecked(dst, src []byte, size int64) (out []byte, used int, err error) {
	start := len(dst)
	in.src, in.in, in.base, in.pos, in.bits, in.nb = src, src, 0, 2, 0, 0
	out = dst
	if err = checkHead(src); err == nil {
		out, err = in.blocks(dst, size)
	}
	n := int64(len(out) - start)
	// Behind the end of the input zeros are read, which may mean anything.
	if err != nil && in.at() > len(src) {
		err = errCut
	}
	switch {
	case err == errLong || err == nil && n > size:
		return out[:start+int(min(n, size))], 0, errLong
	case err != nil:
		return out[:start+int(min(n, size))], 0, fmt.Errorf("inflate: %w", err)
	case n < size:
		return out, 0, errShort
	}
	return out, in.at() + 4, nil
}

// checkHead checks what stands before the first block.
func checkHead(src []byte) error {
	switch {
	case len(src) < 2:
		return errCut
	case src[0]&15 != 8 || src[0]>>4 > 7 || binary.BigEndian.Uint16(src)%31 != 0:
		return errHead
	case src[1]&0x20 != 0:
		return errPreset
	}
	return nil
}

// blocks decodes all blocks.
func (in *inflater) blocks(dst []byte, size int64) ([]byte, error) {
	start, n := len(dst), len(dst)
	out, err := grow(dst, n, start, size)
	if err != nil {
		return out, err
	}
	for last := false; !last; {
		if in.nb < 3 && !in.refill() {
			return out[:n], errCut
		}
		last = in.bits&1 != 0
		kind := in.bits >> 1 & 3
		in.drop(3)
		switch kind {
		case 0:
			out, n, err = in.stored(out, n, start, size)
		case 1:
			if in.fixedTables == nil {
				in.fixedTables = new(tables)
				in.fixedTables.fixed()
			}
			out, n, err = in.block(in.fixedTables, out, n, start, size)
		case 2:
			if err = in.dynamic(&in.dynamicTables); err == nil {
				out, n, err = in.block(&in.dynamicTables, out, n, start, size)
			}
		default:
			err = errBlock
		}
		if err != nil {
			return out[:n], err
		}
	}
	if in.at() > len(in.src)-4 {
		return out[:n], errCut
	}
	return out[:n], nil
}

// grow makes room for what is still to come of size bytes, of which those from start to n are there.
func grow(out []byte, n, start int, size int64) ([]byte, error) {
	size = min(size, math.MaxInt/2)
	left := size - int64(n-start)
	if left < 0 {
		return out, errLong
	}
	most := int64(start) + size + slack
	if int64(cap(out)) < most {
		out = slices.Grow(out[:n], int(min(left, int64(max(growStep, n))))+slack)
	}
	return out[:min(int64(cap(out)), most)], nil
}

// block decodes a compressed block.
func (in *inflater) block(t *tables, out []byte, n, start int, size int64) ([]byte, int, error) {
	for {
		if !in.refill() {
			return out, n, errCut
		}
		var why stop
		var err error
		n, why = in.symbols(t, out, n, start)
		switch why {
		case inputEnd:
			if !in.toTail() {
				err = errCut
			}
		case outputEnd:
			out, err = grow(out, n, start, size)
		case blockEnd:
			return out, n, nil
		case badCode:
			err = errCode
		case badDistance:
			err = errFar
		}
		if err != nil {
			return out, n, err
		}
	}
}

// stored copies a block that is not compressed.
func (in *inflater) stored(out []byte, n, start int, size int64) ([]byte, int, error) {
	at := in.at()
	if at > len(in.src)-4 {
		return out, n, errCut
	}
	length := binary.LittleEndian.Uint16(in.src[at:])
	if length != ^binary.LittleEndian.Uint16(in.src[at+2:]) {
		return out, n, errStored
	}
	at += 4
	from := in.src[at:min(at+int(length), len(in.src))]
	for {
		c := copy(out[n:], from)
		n += c
		if from = from[c:]; len(from) == 0 {
			break
		}
		var err error
		if out, err = grow(out, n, start, size); err != nil {
			return out, n, err
		}
	}
	if at += int(length); at > len(in.src) {
		return out, n, errCut
	}
	in.in, in.base, in.pos, in.bits, in.nb = in.src, 0, at, 0, 0
	return out, n, nil
}

// drop takes n bits.
func (in *inflater) drop(n uint) {
	in.bits >>= n & 63
	in.nb -= n
}

// at returns the offset of the next byte of which no bit was taken.
func (in *inflater) at() int { return in.base + in.pos - int(in.nb>>3) }

// refill makes at least 56 bits count. It fails where the input has ended long ago.
func (in *inflater) refill() bool {
	if in.pos > len(in.in)-8 && !in.toTail() {
		return false
	}
	in.bits |= word(in.in, in.pos) << (in.nb & 63)
	in.pos += int((63 - in.nb) >> 3)
	in.nb |= 56
	return true
}

// toTail goes on with a copy of the last bytes that has zeros behind it, so that they can be read eight at a time.
// Whether bits were taken that are not there is found out at the end of each block.
func (in *inflater) toTail() bool {
	if in.base > 0 {
		return false
	}
	in.tail = [len(in.tail)]byte{}
	copy(in.tail[:], in.src[in.pos:])
	in.in, in.base, in.pos = in.tail[:], in.pos, 0
	return true
}

// prefix returns up to n bytes of the beginning of a stream, of which src need not hold the rest.
func (in *inflater) prefix(src []byte, n int) ([]byte, error) {
	// What was decoded past the end of src is not content.
	out, _, err := in.inflateUnchecked(make([]byte, 0, n+slack), src, int64(n))
	if len(out) > 0 && !errors.Is(err, errCut) {
		return out, nil
	}
	return nil, err
}
