package unpack

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"io"
	"runtime"

	"github.com/ulikunitz/xz/lzma"
)

// The container of an xz file is read here, because the reader of the library gives each block the dictionary that it
// asks for, up to 4 GiB. What is in a block, LZMA2, is left to the library.

var (
	errXZ     = errors.New("no xz stream")
	errFilter = errors.New("a filter of xz that is not read")
)

// xzReader reads the streams of an xz file, one behind the other.
type xzReader struct {
	w    *walker
	path string
	in   *counter
	err  error

	// block decodes the block that is being read; it is nil between blocks. held is its memory.
	block io.Reader
	held  int64
	// last is the memory of dictionaries that may not be collected yet.
	last  int64
	start int64
	sum   hash.Hash
	check byte
	// inStream says that the header of a stream was read and its index was not.
	inStream, first bool
}

func newXZReader(w *walker, path string, r *bufio.Reader) *xzReader {
	return &xzReader{w: w, path: path, in: &counter{r: r}, first: true}
}

func (x *xzReader) Read(p []byte) (int, error) {
	for x.err == nil {
		if x.block == nil {
			x.err = x.next()
			continue
		}
		n, err := x.block.Read(p)
		if x.sum != nil {
			_, _ = x.sum.Write(p[:n]) // a hash never fails
		}
		switch err {
		case nil:
		case io.EOF:
			x.err = x.endBlock()
		default:
			x.err = err
		}
		if n > 0 {
			return n, nil
		}
	}
	x.drop()
	return 0, x.err
}

// drop gives back the memory of a block.
func (x *xzReader) drop() {
	x.w.release(x.held)
	x.held, x.block = 0, nil
}

// next reads on to the start of the next block. io.EOF is the proper end.
func (x *xzReader) next() error {
	if !x.inStream {
		if err := x.streamHeader(); err != nil {
			return err
		}
		x.inStream, x.first = true, false
	}
	size, err := x.byte()
	if err != nil {
		return short(err)
	}
	if size == 0 {
		x.inStream = false
		return x.index()
	}
	return x.blockHeader(size)
}

func (x *xzReader) byte() (byte, error) {
	var b [1]byte
	_, err := io.ReadFull(x.in, b[:])
	return b[0], err
}

// short makes an end in the middle of something an error.
func short(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// streamHeader reads the header of a stream, before which, except for the first, there may be zeros in fours.
func (x *xzReader) streamHeader() error {
	var h [12]byte
	for {
		_, err := io.ReadFull(x.in, h[:4])
		if err == io.EOF && !x.first {
			return io.EOF
		}
		if err != nil {
			return short(err)
		}
		if x.first || binary.LittleEndian.Uint32(h[:4]) != 0 {
			break
		}
	}
	if _, err := io.ReadFull(x.in, h[4:]); err != nil {
		return short(err)
	}
	if string(h[:6]) != "\xfd7zXZ\x00" || h[6] != 0 || binary.LittleEndian.Uint32(h[8:]) != crc32.ChecksumIEEE(h[6:8]) {
		return errXZ
	}
	x.check = h[7] & 15
	return nil
}

// blockHeader reads the rest of a block's header and starts its decoder.
func (x *xzReader) blockHeader(size byte) error {
	x.start = x.in.n - 1
	h := make([]byte, (int(size)+1)*4)
	h[0] = size
	if _, err := io.ReadFull(x.in, h[1:]); err != nil {
		return short(err)
	}
	body := h[:len(h)-4]
	if binary.LittleEndian.Uint32(h[len(h)-4:]) != crc32.ChecksumIEEE(body) {
		return errXZ
	}
	flags, rest := body[1], body[2:]
	full := uint64(maxWindow)
	for _, present := range []byte{0x40, 0x80} {
		if flags&present == 0 {
			continue
		}
		v, n := binary.Uvarint(rest)
		if n <= 0 {
			return errXZ
		}
		rest = rest[n:]
		if present == 0x80 {
			full = v
		}
	}
	if flags&3 != 0 || len(rest) < 3 || rest[0] != 0x21 {
		return errFilter
	}
	if rest[1] != 1 || rest[2] > 40 {
		return errXZ
	}
	// No match reaches farther back than the block is long, so that more than this is never needed.
	dict := min(dictionarySize(rest[2]), maxWindow, int64(min(full, maxWindow)))
	return x.startBlock(max(dict, lzma.MinDictCap))
}

// dictionarySize is what a byte of properties stands for.
func dictionarySize(bits byte) int64 {
	if bits == 40 {
		return 1<<32 - 1
	}
	return int64(2|bits&1) << (bits/2 + 11)
}

func (x *xzReader) startBlock(dict int64) error {
	if err := x.w.hold(dict); err != nil {
		return err
	}
	x.held = dict
	if x.last += dict; x.last > 2*maxWindow {
		// The library cannot use a dictionary again, and the collector lets several pile up before it comes by itself.
		runtime.GC()
		x.last = dict
	}
	// To make a dictionary costs time, too, and a hostile file has many small blocks.
	if err := x.w.spend(x.path, dict/4); err != nil {
		return err
	}
	switch x.check {
	case 1:
		x.sum = crc32.NewIEEE()
	case 4:
		x.sum = crc64.New(crc64.MakeTable(crc64.ECMA))
	case 10:
		x.sum = sha256.New()
	default:
		x.sum = nil
	}
	block, err := lzma.Reader2Config{DictCap: int(dict)}.NewReader2(x.in)
	x.block = block
	return err
}

// endBlock reads the padding and the checksum behind a block.
func (x *xzReader) endBlock() error {
	x.drop()
	for (x.in.n-x.start)%4 != 0 {
		if b, err := x.byte(); err != nil || b != 0 {
			return errXZ
		}
	}
	sizes := [16]int{0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64}
	stored := make([]byte, sizes[x.check])
	if _, err := io.ReadFull(x.in, stored); err != nil {
		return short(err)
	}
	if x.sum == nil {
		return nil // no checksum, or one that nobody knows: the index still tells whether something is missing
	}
	sum := x.sum.Sum(nil)
	for i := range sum {
		j := len(sum) - 1 - i
		if x.check == 10 {
			j = i // only numbers are stored with their last byte first
		}
		if sum[j] != stored[i] {
			return errXZ
		}
	}
	return nil
}

// index reads over the index of a stream and its footer: what they repeat was seen.
func (x *xzReader) index() error {
	start := x.in.n - 1
	records, err := binary.ReadUvarint(x)
	if err != nil {
		return short(err)
	}
	for range min(records, 1<<32) {
		for range 2 {
			if _, err := binary.ReadUvarint(x); err != nil {
				return short(err)
			}
		}
	}
	for (x.in.n-start)%4 != 0 {
		if _, err := x.byte(); err != nil {
			return short(err)
		}
	}
	var rest [16]byte // its checksum, and the footer
	if _, err := io.ReadFull(x.in, rest[:]); err != nil {
		return short(err)
	}
	if string(rest[14:]) != "YZ" {
		return errXZ
	}
	return nil
}

// ReadByte implements [io.ByteReader] for the numbers of the index.
func (x *xzReader) ReadByte() (byte, error) { return x.byte() }
