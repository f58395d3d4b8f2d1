package pack

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"os"
	"strconv"

	"github.com/klauspost/compress/zlib"
)

// objectStream is one object that is read piece by piece, because it is too large to be held.
type objectStream struct {
	id   ID
	typ  Type
	size int64
	// wrap says where a fault is.
	wrap func(error) error
	z    io.ReadCloser
	file io.Closer
	left int64
	// hash compares the content with the id, at its end. It is nil if the packed bytes were compared with their checksum.
	hash hash.Hash
	err  error
}

// Open opens an object to be read piece by piece: a large one takes no more memory than a small one, unless it is stored
// as a delta, which is held and bounded by [Options].MaxObject. The content is compared with its id as it is read: the
// reader ends with io.EOF only if every byte was right, and with a [*CorruptError], or what the system says, otherwise.
// If the store has several copies a good one is found beforehand, by reading it. Errors are those of [Store.Get].
func (s *Store) Open(id ID) (t Type, size int64, r io.ReadCloser, err error) {
	sc := s.getScratch()
	defer s.putScratch(sc)
	c, err := s.open(id, sc)
	if err != nil {
		return 0, 0, nil, fmt.Errorf("open object %s: %w", id, err)
	}
	return c.typ, c.size, c, nil
}

// open opens the first good copy of an object.
func (s *Store) open(id ID, sc *scratch) (c *objectStream, err error) {
	err = guard(func() (err error) {
		c, err = s.openCopies(id, sc)
		if errors.Is(err, ErrNotFound) && s.refresh(false) {
			c, err = s.openCopies(id, sc)
		}
		return err
	})
	return c, err
}

func (s *Store) openCopies(id ID, sc *scratch) (*objectStream, error) {
	copies := s.copies(id)
	var first error
	for _, at := range copies {
		c, err := s.openCopy(at, id, sc)
		if err == nil && c != nil && len(copies) > 1 {
			// Another may be good where this one is not.
			if err = errors.Join(c.verify(), c.Close()); err == nil {
				c, err = s.openCopy(at, id, sc)
			}
		}
		if err == nil && c != nil {
			return c, nil
		}
		if !isGone(err) {
			first = firstOf(first, err)
		}
	}
	// What is left are deltas.
	t, data, err := s.readCopies(id, sc, 0, cacheKey{})
	if err != nil {
		return nil, firstOf(first, err)
	}
	return &objectStream{id: id, typ: t, size: int64(len(data)), z: io.NopCloser(bytes.NewReader(data)), left: int64(len(data))}, nil
}

// storedCopy is where an object is stored: in a pack, or in a file of its own.
type storedCopy struct {
	p     *pack
	off   int64
	loose string
}

// copies returns where a store has an object.
func (s *Store) copies(id ID) []storedCopy {
	var all []storedCopy
	if int(id.n) != s.opt.Format.Size() {
		return nil
	}
	for _, p := range s.packList() {
		for lo, hi := p.idx.find(id.b[:id.n]); lo < hi && len(all) < maxTries; lo++ {
			if off, err := p.idx.offset(lo); err == nil {
				all = append(all, storedCopy{p: p, off: off})
			}
		}
	}
	for _, d := range s.dirs {
		path := loosePath(d.path, id)
		if _, err := os.Stat(path); err == nil {
			all = append(all, storedCopy{loose: path})
		}
	}
	return all
}

// openCopy opens one copy. Both results are nil if it is a delta.
func (s *Store) openCopy(at storedCopy, id ID, sc *scratch) (*objectStream, error) {
	if at.p == nil {
		return s.openLoose(at.loose, id)
	}
	h, err := at.p.header(&sc.window, at.off)
	if err != nil {
		return nil, at.p.corrupt(at.off, err)
	}
	if h.isDelta() {
		return nil, nil
	}
	return openEntry(at.p, at.off, at.p.end, &h, id, true)
}

// streamBuffer is how much of a file that is not mapped is read at once, in bytes.
const streamBuffer = 64 << 10

// openEntry opens the entry at off, which is no delta, and which ends before end.
func openEntry(p *pack, off, end int64, h *entryHeader, id ID, check bool) (*objectStream, error) {
	c := &objectStream{
		id: id, typ: Type(h.kind), size: h.size, left: h.size,
		wrap: func(err error) error { return p.corrupt(off, err) },
	}
	return c, c.start(p.section(off+int64(h.n), end), check)
}

// section returns a reader of the bytes from lo to hi.
func (p *pack) section(lo, hi int64) io.Reader {
	lo, hi = min(lo, p.file.size), min(hi, p.file.size)
	if p.file.data != nil {
		return bytes.NewReader(p.file.data[lo:max(lo, hi)])
	}
	return bufio.NewReaderSize(io.NewSectionReader(p.file.f, lo, max(0, hi-lo)), streamBuffer)
}

// start begins the zlib stream in src.
func (c *objectStream) start(src io.Reader, check bool) error {
	if check {
		c.hash = newHash(int(c.id.n))
		c.hash.Write(append(strconv.AppendInt([]byte(c.typ.String()+" "), c.size, 10), 0))
	}
	z, err := zlib.NewReader(src)
	if err != nil {
		return c.wrap(fmt.Errorf("inflate: %w", err))
	}
	c.z = z
	return nil
}

// openLoose opens a loose object.
func (s *Store) openLoose(path string, id ID) (c *objectStream, err error) {
	f, _, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close())
		}
	}()
	corrupt := func(err error) error { return &CorruptError{path, err} }
	z, err := zlib.NewReader(bufio.NewReaderSize(f, streamBuffer))
	if err != nil {
		return nil, corrupt(fmt.Errorf("inflate: %w", err))
	}
	// A byte at a time, so that the content is not begun.
	head := make([]byte, 0, maxLooseHeader)
	for len(head) < maxLooseHeader && bytes.IndexByte(head, 0) < 0 {
		if _, err := io.ReadFull(z, head[len(head):len(head)+1]); err != nil {
			return nil, corrupt(fmt.Errorf("inflate: %w", err))
		}
		head = head[:len(head)+1]
	}
	t, size, _, err := parseLooseHeader(head)
	if err != nil {
		return nil, corrupt(err)
	}
	c = &objectStream{id: id, typ: t, size: size, left: size, wrap: corrupt, z: z, file: f, hash: newHash(int(id.n))}
	c.hash.Write(head)
	return c, nil
}

// Read implements [io.Reader].
func (c *objectStream) Read(p []byte) (n int, err error) {
	if c.err != nil || len(p) == 0 {
		return 0, c.err
	}
	err = guard(func() (err error) {
		n, err = c.read(p)
		return err
	})
	if err != nil && err != io.EOF && c.wrap != nil {
		err = c.wrap(err)
	}
	c.err = err
	return n, err
}

func (c *objectStream) read(p []byte) (int, error) {
	if c.left == 0 {
		return 0, c.end()
	}
	n, err := c.z.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	if c.hash != nil {
		c.hash.Write(p[:n])
	}
	switch {
	case err == nil || err == io.EOF && c.left == 0:
		return n, nil // the end is looked at on its own
	case err == io.EOF:
		return n, errShort
	default:
		return n, fmt.Errorf("inflate: %w", err)
	}
}

// end checks that the stream ends here, with the right checksum and as the right object.
func (c *objectStream) end() error {
	var one [1]byte
	for range 2 {
		n, err := c.z.Read(one[:])
		switch {
		case n > 0:
			return errLong
		case err == io.EOF && c.hash != nil && !bytes.Equal(c.hash.Sum(nil), c.id.b[:c.id.n]):
			return errHash
		case err == io.EOF:
			return io.EOF
		case err != nil:
			return fmt.Errorf("inflate: %w", err)
		}
	}
	return errLong
}

// Close implements [io.Closer].
func (c *objectStream) Close() error {
	err := c.z.Close()
	if c.file != nil {
		err = errors.Join(err, c.file.Close())
	}
	return err
}

// verify reads all of it.
func (c *objectStream) verify() error {
	_, err := io.Copy(io.Discard, c)
	return err
}

// crcOf returns the checksum of stored bytes.
func (p *pack) crcOf(lo, hi int64) (uint32, error) {
	sum := crc32.NewIEEE()
	_, err := io.Copy(sum, p.section(lo, hi))
	return sum.Sum32(), err
}

// streams shows an entry as a stream if it is one of those that are not to be held. It reports whether it has done so.
func (w *walker) streams(pl *plan, f *frame, id ID) bool {
	above := w.r.above
	flags := pl.flags[f.entry]
	if above <= 0 || flags&markWanted == 0 || Type(flags&typeMask) != Blob || pl.base[f.entry] != none {
		return false
	}
	var c *objectStream
	err := guard(func() error {
		at := pl.order[f.entry]
		h, err := pl.p.header(&w.sc.window, at.off)
		if err != nil || h.size <= above || f.next >= 0 && h.size <= w.r.s.opt.MaxObject {
			return err // what deltas are made from has to be held, if it can be
		}
		end := pl.end(f.entry)
		crc, ok := pl.p.idx.crc(int(at.pos))
		if ok && flags&markCheck == 0 {
			sum, err := pl.p.crcOf(at.off, end)
			ok = err == nil && sum == crc
		} else {
			ok = false
		}
		if ok {
			c, err = openEntry(pl.p, at.off, end, &h, id, false)
		}
		if !ok || err != nil {
			w.sc.tries = maxTries
			if c, err = w.r.s.openCopies(id, w.sc); err != nil {
				c = &objectStream{id: id, typ: Blob, size: h.size, err: err}
			}
		}
		return nil
	})
	if err != nil || c == nil {
		return false // reading it as others are read says what is wrong with it
	}
	w.showStream(c)
	return true
}

// streamLarge shows an object as a stream that turned out to be too large to be held.
func (w *walker) streamLarge(id ID, cause error) bool {
	var large *TooLargeError
	if w.r.above <= 0 || !errors.As(cause, &large) {
		return false
	}
	w.sc.tries = maxTries
	c, err := w.r.s.open(id, w.sc)
	if err != nil {
		return false
	}
	if c.typ != Blob {
		_ = c.Close() // nothing was written, and what is wrong with the object is reported
		return false
	}
	w.showStream(c)
	return true
}

// streamLoose shows a loose object as a stream, or what is wrong with it.
func (w *walker) streamLoose(id ID) {
	w.sc.tries = maxTries
	c, err := w.r.s.open(id, w.sc)
	if err != nil {
		c = &objectStream{id: id, err: err}
	}
	w.showStream(c)
}

// showStream passes a stream on, and what turns out to be wrong with it while it is read.
func (w *walker) showStream(c *objectStream) {
	defer w.r.finish()
	w.object = Object{ID: c.id, Type: c.typ, Size: c.size, Reader: c}
	if c.z != nil {
		if err := w.r.visit(w.worker, &w.object); err != nil {
			w.r.fail(err)
		}
		c.err = firstOf(c.err, c.Close())
	}
	w.object = Object{}
	if c.err != nil && c.err != io.EOF {
		w.r.report(Problem{"object", c.id.String(), c.err})
	}
}
