package pack

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"sort"
	"sync"
	"time"
)

// The kinds of entries that are not object types.
const (
	ofsDelta = 6
	refDelta = 7
)

// maxHeader is more than the longest entry header: 10 bytes of size and an id or 10 bytes of distance.
const maxHeader = 48

// pack is one pack with its index.
type pack struct {
	path     string
	file     *file
	idxFile  *file
	idx      *index
	promisor bool
	// problems are what is wrong with a pack that can be read nevertheless; the store's lock guards them.
	problems []Problem
	// end is the offset behind the last entry.
	end int64
	// opened is a time before both files were opened.
	opened time.Time

	orderOnce sync.Once
	order     []place
	badOrder  []int32
}

// place is an entry: where it starts and its position in the index.
type place struct {
	off int64
	pos int32
}

// openPack opens a pack and its index, given the path of the index. The error is set if nothing can be read; the
// problems are what is wrong with a pack that can be read nevertheless.
func openPack(idxPath, packPath string, format Format) (p *pack, problems []Problem, err error) {
	p = &pack{path: packPath, opened: time.Now()}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.close())
		}
	}()
	if p.idxFile, err = openFile(idxPath, true); err != nil {
		return p, nil, err
	}
	if p.idx, err = parseIndex(p.idxFile.data, format); err != nil {
		return p, nil, &CorruptError{idxPath, err}
	}
	if p.file, err = openFile(packPath, false); err != nil {
		return p, nil, err
	}
	hash := int64(format.Size())
	p.end = p.file.size - hash
	var w window
	head, err := w.at(p.file, 0, 12)
	if err != nil || p.end < 12 {
		return p, nil, &CorruptError{packPath, errors.New("pack is cut short")}
	}
	if v := binary.BigEndian.Uint32(head[4:]); string(head[:4]) != "PACK" || v != 2 && v != 3 {
		return p, nil, &CorruptError{packPath, fmt.Errorf("not a pack of version 2 or 3: %q", head[:8])}
	}
	if n := binary.BigEndian.Uint32(head[8:]); int64(n) != int64(p.idx.n) {
		problems = append(problems, Problem{"pack", packPath,
			fmt.Errorf("pack has %d objects, its index %d: run git index-pack on it", n, p.idx.n)})
	}
	sum, err := w.at(p.file, p.end, int(hash))
	if err != nil {
		return p, nil, err
	}
	if !bytes.Equal(sum, p.idx.packSum()) {
		problems = append(problems, Problem{"pack", packPath,
			errors.New("pack does not end with the checksum in its index: it is cut short or not the same pack")})
	}
	return p, problems, nil
}

func (p *pack) close() error {
	var err error
	if p.file != nil {
		err = p.file.close()
	}
	if p.idxFile != nil {
		err = errors.Join(err, p.idxFile.close())
	}
	return err
}

// entryHeader is what stands before the compressed bytes of an entry.
type entryHeader struct {
	// kind is a Type, ofsDelta or refDelta.
	kind uint8
	// n is the length of the header itself.
	n int
	// size is the declared size of what follows, inflated: the object, or the delta.
	size int64
	// back is the distance to the base of an ofsDelta, ref the base of a refDelta.
	back int64
	ref  ID
}

// isDelta reports whether the entry is made from another.
func (h *entryHeader) isDelta() bool { return h.kind == ofsDelta || h.kind == refDelta }

var errHeader = errors.New("entry header is cut short or too long")

// parseHeader reads the header of an entry. hash is the length of an id.
func parseHeader(b []byte, hash int) (h entryHeader, err error) {
	if len(b) == 0 {
		return h, errHeader
	}
	h.kind = b[0] >> 4 & 7
	size, shift, i := uint64(b[0]&15), 4, 1
	for c := b[0]; c&0x80 != 0; i++ {
		if i >= len(b) || shift > 57 {
			return h, errHeader
		}
		c = b[i]
		size |= uint64(c&0x7f) << shift
		shift += 7
	}
	if size > math.MaxInt64 {
		return h, errHeader
	}
	h.size = int64(size)
	switch h.kind {
	case uint8(Commit), uint8(Tree), uint8(Blob), uint8(Tag):
	case ofsDelta:
		if i >= len(b) {
			return h, errHeader
		}
		c := b[i]
		back := int64(c & 0x7f)
		for i++; c&0x80 != 0; i++ {
			if i >= len(b) || back > math.MaxInt64>>8 {
				return h, errHeader
			}
			c = b[i]
			back = (back+1)<<7 | int64(c&0x7f)
		}
		h.back = back
	case refDelta:
		if len(b)-i < hash {
			return h, errHeader
		}
		h.ref.n = uint8(copy(h.ref.b[:], b[i:i+hash]))
		i += hash
	default:
		return h, fmt.Errorf("entry type %d is not known", h.kind)
	}
	h.n = i
	return h, nil
}

// header reads the header of the entry at off.
func (p *pack) header(w *window, off int64) (entryHeader, error) {
	if off < 12 || off >= p.end {
		return entryHeader{}, fmt.Errorf("entry at %d is outside the pack", off)
	}
	b, err := w.at(p.file, off, int(min(maxHeader, p.end-off)))
	if err != nil {
		return entryHeader{}, err
	}
	h, err := parseHeader(b, p.idx.hash)
	if err == nil && h.kind == ofsDelta && (h.back <= 0 || h.back > off-12) {
		err = fmt.Errorf("base of delta is %d bytes back, outside the pack", h.back)
	}
	return h, err
}

// corrupt wraps what is wrong with the entry at off. A size limit, or bytes that could not be read, is no damage.
func (p *pack) corrupt(off int64, err error) error {
	var large *TooLargeError
	if errors.As(err, &large) {
		return err
	}
	return &CorruptError{fmt.Sprintf("%s at %d", p.path, off), err}
}

// places returns the entries in the order of the pack, and the positions of entries whose offset cannot be right. They
// are sorted on first use.
func (p *pack) places() ([]place, []int32) {
	p.orderOnce.Do(func() {
		p.order = make([]place, 0, p.idx.n)
		for i := range p.idx.n {
			off, err := p.idx.offset(i)
			if err != nil || off < 12 || off >= p.end {
				p.badOrder = append(p.badOrder, int32(i))
				continue
			}
			p.order = append(p.order, place{off, int32(i)})
		}
		slices.SortFunc(p.order, func(a, b place) int {
			if a.off != b.off {
				if a.off < b.off {
					return -1
				}
				return 1
			}
			return int(a.pos) - int(b.pos)
		})
	})
	return p.order, p.badOrder
}

// idAt returns the id of the entry that starts at off.
func (p *pack) idAt(off int64) (ID, bool) {
	order, _ := p.places()
	i := sort.Search(len(order), func(i int) bool { return order[i].off >= off })
	if i == len(order) || order[i].off != off {
		return ID{}, false
	}
	return p.idx.id(int(order[i].pos)), true
}

// stream returns the bytes from start to end, which hold the stream of an object or delta of size bytes. A stream takes
// little more than what it inflates to, so that a longer stretch is no entry and is not read.
func (p *pack) stream(w *window, start, end, size int64) ([]byte, error) {
	if start < 0 || end > p.end || start > end {
		return nil, io.ErrUnexpectedEOF
	}
	if most := maxStream(size); end-start > most {
		return nil, fmt.Errorf("entry of %d bytes for an object of %d bytes", end-start, size)
	}
	return w.at(p.file, start, int(end-start))
}

// maxStream is generous: zlib needs 5 bytes for each 16 KiB that it cannot compress.
func maxStream(size int64) int64 { return min(size, math.MaxInt/4)*2 + 1<<16 }

// inflateAt appends the inflated bytes of the entry at off, whose header is h, when nothing is known of the entry's end.
func (p *pack) inflateAt(sc *scratch, dst []byte, off int64, h *entryHeader) ([]byte, error) {
	start := off + int64(h.n)
	end := min(p.end, start+maxStream(h.size))
	if p.file.data == nil {
		// What is not mapped has to be read: a guess first.
		end = min(end, start+h.size+windowSize/2)
	}
	src, err := p.stream(&sc.window, start, end, h.size)
	if err != nil {
		return dst, err
	}
	out, _, err := sc.inflate.inflate(dst, src, h.size)
	if !errors.Is(err, io.ErrUnexpectedEOF) || p.file.data != nil {
		return out, err
	}
	if src, err = p.stream(&sc.window, start, min(p.end, start+maxStream(h.size)), h.size); err != nil {
		return dst, err
	}
	out, _, err = sc.inflate.inflate(dst, src, h.size)
	return out, err
}
