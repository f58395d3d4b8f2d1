package unpack

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"math"
	"slices"

	"github.com/klauspost/compress/flate"
)

// The reader of archive/zip lists all entries before the first can be read, which costs some hundred bytes of memory for
// each 46 bytes of a hostile directory, and refuses an archive whose end is missing. So the directory is read here, one
// entry at a time; the decoders are the libraries'.

const (
	zipEndMark       = "PK\x05\x06"
	zipEnd64Mark     = "PK\x06\x06"
	zipLocator64Mark = "PK\x06\x07"
	zipEntryMark     = "PK\x01\x02"
	zipLocalMark     = "PK\x03\x04"

	zipEntrySize = 46
	zipLocalSize = 30
)

// zipDirectory is where the directory of a zip is: bytes start to start+size. base is what has to be added to offsets,
// because something was put before the archive.
type zipDirectory struct {
	start, size, base int64
	entries           int64
}

// findZipEnd finds the directory by the end record; ok is false if there is none that makes sense.
func findZipEnd(data []byte) (dir zipDirectory, ok bool) {
	// Searching forward is what machines do fast: every script is looked at.
	tail := data[max(0, len(data)-zipEndSize-math.MaxUint16):]
	var marks []int
	for at := 0; ; {
		i := bytes.Index(tail[at:], []byte(zipEndMark))
		if i < 0 {
			break
		}
		at += i + 1
		marks = append(marks, len(data)-len(tail)+at-1)
	}
	for _, at := range slices.Backward(marks) {
		if dir, ok := readZipEnd(data, int64(at)); ok {
			return dir, true
		}
	}
	return zipDirectory{}, false
}

func readZipEnd(data []byte, at int64) (dir zipDirectory, ok bool) {
	if at+zipEndSize > int64(len(data)) {
		return dir, false
	}
	end := data[at:]
	dir = zipDirectory{start: le32(end[16:]), size: le32(end[12:]), entries: int64(le16(end[10:]))}
	last := at
	if at >= 20 && string(data[at-20:at-16]) == zipLocator64Mark {
		if pos := binary.LittleEndian.Uint64(data[at-12:]); pos < uint64(len(data)) && int64(pos)+56 <= int64(len(data)) &&
			string(data[pos:pos+4]) == zipEnd64Mark {
			end := data[pos:]
			count, size, start := binary.LittleEndian.Uint64(end[32:]), binary.LittleEndian.Uint64(end[40:]), binary.LittleEndian.Uint64(end[48:])
			if size > uint64(len(data)) || start > uint64(len(data)) || count > uint64(len(data)) {
				return dir, false
			}
			dir, last = zipDirectory{start: int64(start), size: int64(size), entries: int64(count)}, int64(pos)
		}
	}
	if dir.size == 0 {
		return dir, true
	}
	// The directory ends where its end record starts, whatever was put before the archive.
	dir.base = last - dir.size - dir.start
	if dir.base < 0 || dir.start+dir.base+4 > int64(len(data)) || string(data[dir.start+dir.base:][:4]) != zipEntryMark {
		return dir, false
	}
	dir.start += dir.base
	return dir, true
}

// zipEntry is one member of a zip.
type zipEntry struct {
	name          string
	flags, method int
	crc           uint32
	packed, full  int64
	// offset is where its local header is.
	offset int64
}

// zipNext reads the entry at the start of a directory and returns what follows it.
func zipNext(dir []byte) (e zipEntry, rest []byte, ok bool) {
	if len(dir) < zipEntrySize || string(dir[:4]) != zipEntryMark {
		return e, nil, false
	}
	nameLen, extraLen, commentLen := le16(dir[28:]), le16(dir[30:]), le16(dir[32:])
	whole := zipEntrySize + nameLen + extraLen + commentLen
	if whole > len(dir) {
		return e, nil, false
	}
	e = zipEntry{
		name: string(dir[zipEntrySize:][:nameLen]), flags: le16(dir[8:]), method: le16(dir[10:]),
		crc: binary.LittleEndian.Uint32(dir[16:]), packed: le32(dir[20:]), full: le32(dir[24:]), offset: le32(dir[42:]),
	}
	e.wide(dir[zipEntrySize+nameLen:][:extraLen])
	return e, dir[whole:], true
}

// wide takes the numbers that do not fit into 32 bits from the extra field 1.
func (e *zipEntry) wide(extra []byte) {
	for len(extra) >= 4 {
		id, size := le16(extra), le16(extra[2:])
		if 4+size > len(extra) {
			return
		}
		if field := extra[4:][:size]; id == 1 {
			for _, v := range []*int64{&e.full, &e.packed, &e.offset} {
				if *v == math.MaxUint32 && len(field) >= 8 {
					*v = int64(binary.LittleEndian.Uint64(field))
					field = field[8:]
				}
			}
		}
		extra = extra[4+size:]
	}
}

// zip looks into a zip, whose members are then inside depth archives.
func (w *walker) zip(path string, depth int, data []byte) error {
	z := zipReader{w: w, path: path, depth: depth, data: data}
	dir, ok := findZipEnd(data)
	if !ok {
		w.report(path, "damaged (zip): its directory is missing or makes no sense; only what could be unpacked was searched")
		return z.locals(0)
	}
	rest := data[dir.start:min(int64(len(data)), dir.start+dir.size)]
	n := int64(0)
	for ; len(rest) >= 4 && string(rest[:4]) == zipEntryMark; n++ {
		e, next, ok := zipNext(rest)
		if !ok {
			break
		}
		rest = next
		e.offset += dir.base
		if err := z.entry(e); err != nil {
			return err
		}
	}
	if len(rest) >= 4 && string(rest[:4]) == zipEntryMark || n < dir.entries {
		w.report(path, "damaged (zip): its directory is cut short; only what it still lists was searched")
	}
	return w.fatal
}

// zipReader reads the members of one zip.
type zipReader struct {
	w     *walker
	path  string
	depth int
	data  []byte
	buf   *bufio.Reader
	flate io.ReadCloser
}

// entry reads a member that the directory lists. The error ends the walk.
func (z *zipReader) entry(e zipEntry) error {
	path := join(z.path, e.name)
	switch {
	case e.flags&1 != 0 || e.method == 99:
		z.w.report(path, "encrypted (zip): unpack it with its password and scan the folder")
		return z.w.count(path)
	case e.offset < 0 || e.offset+zipLocalSize > int64(len(z.data)) || string(z.data[e.offset:][:4]) != zipLocalMark:
		z.w.report(path, "%s", damaged("zip"))
		return z.w.count(path)
	case e.full == 0 && e.packed == 0:
		return z.w.count(path)
	}
	local := z.data[e.offset:]
	start := e.offset + zipLocalSize + int64(le16(local[26:])) + int64(le16(local[28:]))
	if e.packed < 0 || start > int64(len(z.data)) || e.packed > int64(len(z.data))-start {
		z.w.report(path, "%s", damaged("zip"))
		e.packed = max(0, int64(len(z.data))-start)
	}
	if e.packed == 0 {
		return z.w.count(path)
	}
	_, err := z.member(path, e, z.data[start:start+e.packed])
	return err
}

// member unpacks one member. used is how much of packed its decoder has read.
func (z *zipReader) member(path string, e zipEntry, packed []byte) (used int, err error) {
	src := &input{z.w, bytes.NewReader(packed)}
	if z.buf == nil {
		z.buf = bufio.NewReaderSize(src, 4<<10)
	} else {
		z.buf.Reset(src)
	}
	dec, held, ok := z.decoder(e.method)
	defer func() { z.w.release(held) }()
	if !ok {
		z.w.report(path, "%s", unknownMethod(e.method))
		return 0, z.w.count(path)
	}
	sum := &checked{r: &meter{z.w, dec, path, "zip"}, want: e.crc, known: e.flags&8 == 0 || e.crc != 0}
	err = z.w.look(path, z.depth, sum)
	if err == nil {
		err = sum.drain()
	}
	if errors.Is(err, errBroken) {
		err = nil // of this member only, and reported
	}
	if z.w.fatal != nil {
		return 0, z.w.fatal
	}
	if sum.failed && err == nil {
		z.w.report(path, "%s", damaged("zip"))
	}
	return len(packed) - src.r.Len() - z.buf.Buffered(), z.w.fatal
}

// decoder returns what undoes a method of compression, reading from z.buf, and the memory that it holds.
func (z *zipReader) decoder(method int) (dec io.Reader, held int64, ok bool) {
	switch method {
	case 0:
		return z.buf, 0, true
	case 8:
		if z.flate == nil {
			z.flate = flate.NewReader(z.buf)
		} else if z.flate.(flate.Resetter).Reset(z.buf, nil) != nil {
			return nil, 0, false
		}
		return z.flate, 0, true
	case 12, 93, 95:
		kind := map[int]string{12: "bzip2", 93: "zstd", 95: "xz"}[method]
		dec, held, err := z.w.decoder(z.path, kind, z.buf)
		return dec, held, err == nil
	}
	return nil, 0, false
}

func unknownMethod(method int) string {
	name := map[int]string{
		1: "shrink", 6: "implode", 9: "deflate64", 14: "LZMA", 97: "WavPack", 98: "PPMd",
	}[method]
	if name == "" {
		name = "unknown"
	}
	return "compressed by a method that is not read (zip, " + name + "); unpack it and scan the folder"
}

// checked compares what it reads with a checksum.
type checked struct {
	r           io.Reader
	want, sum   uint32
	known       bool
	failed, end bool
}

func (c *checked) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.sum = crc32.Update(c.sum, crc32.IEEETable, p[:n])
	if err == io.EOF && !c.end {
		c.end = true
		c.failed = c.known && c.sum != c.want
	}
	return n, err
}

// drain reads up to the end what nobody else wanted, if it is little, so that the checksum can be compared.
func (c *checked) drain() error {
	if !c.end {
		if _, err := io.CopyN(io.Discard, c, 64<<10); err != nil && err != io.EOF {
			return err
		}
	}
	return nil
}

// locals reads members by their own headers, one behind the other: the directory is lost.
func (z *zipReader) locals(at int) error {
	for at+zipLocalSize <= len(z.data) {
		i := bytes.Index(z.data[at:], []byte(zipLocalMark))
		if i < 0 {
			break
		}
		at += i
		head := z.data[at:]
		if len(head) < zipLocalSize {
			break
		}
		nameLen, extraLen := le16(head[26:]), le16(head[28:])
		start := at + zipLocalSize + nameLen + extraLen
		if start > len(z.data) {
			break
		}
		e := zipEntry{
			name: string(head[zipLocalSize:][:nameLen]), flags: le16(head[6:]), method: le16(head[8:]),
			crc: binary.LittleEndian.Uint32(head[14:]), packed: le32(head[18:]), full: le32(head[22:]), offset: int64(at),
		}
		e.wide(head[zipLocalSize+nameLen:][:extraLen])
		next, err := z.local(e, start)
		if err != nil {
			return err
		}
		at = max(next, at+4)
	}
	return z.w.fatal
}

// local reads the member whose content starts at start, and returns where to look for the next one.
func (z *zipReader) local(e zipEntry, start int) (next int, err error) {
	sized := e.flags&8 == 0 && e.packed >= 0 && e.packed <= int64(len(z.data)-start)
	switch {
	case e.flags&1 != 0 || sized:
		if err := z.entry(e); err != nil {
			return 0, err
		}
		if !sized {
			return start, nil
		}
		return start + int(e.packed), nil
	case e.method == 0:
		// Stored, and how long it is stands behind it: up to the next mark of any kind.
		end := bytes.Index(z.data[start:], []byte("PK"))
		if end < 0 {
			end = len(z.data) - start
		}
		_, err := z.member(join(z.path, e.name), e, z.data[start:start+end])
		return start + end, err
	default:
		used, err := z.member(join(z.path, e.name), e, z.data[start:])
		return start + used, err
	}
}
