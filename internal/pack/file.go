package pack

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"runtime/debug"
)

// file is a read-only file that does not change: a pack or an index. It is mapped where the system can do that, so
// that only what is touched is read and nothing of it is held on the heap.
type file struct {
	path string
	size int64
	info fs.FileInfo
	// data is the whole file, or nil if it has to be read through f.
	data   []byte
	mapped bool
	f      *os.File
}

var errNotRegular = errors.New("not a regular file")

// openRegular opens a file for reading. Opening a named pipe would wait for a writer for ever, so that anything but a
// regular file is refused first.
func openRegular(path string) (*os.File, int64, error) {
	f, fi, err := openStat(path)
	if err != nil {
		return nil, 0, err
	}
	return f, fi.Size(), nil
}

// openStat is openRegular with all that the system says of the file.
func openStat(path string) (*os.File, fs.FileInfo, error) {
	f, err := openAtOnce(path)
	if err != nil {
		return nil, nil, err
	}
	fi, err := f.Stat()
	if err == nil && !fi.Mode().IsRegular() {
		err = &os.PathError{Op: "open", Path: path, Err: errNotRegular}
	}
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return f, fi, nil
}

// openFile opens and maps a file. With whole set, data is there even where nothing can be mapped.
func openFile(path string, whole bool) (*file, error) {
	f, info, err := openStat(path)
	if err != nil {
		return nil, err
	}
	return mapOpen(path, f, info, whole)
}

// mapOpen is openFile for a file that is open already.
func mapOpen(path string, f *os.File, info fs.FileInfo, whole bool) (m *file, err error) {
	size := info.Size()
	m = &file{path: path, size: size, info: info}
	if size > 0 && size <= math.MaxInt {
		if m.data, err = mapFile(f, int(size)); err == nil {
			m.mapped = true
			return m, f.Close()
		}
	}
	if !whole {
		m.f = f
		return m, nil
	}
	m.data, err = io.ReadAll(io.LimitReader(f, size))
	return m, errors.Join(err, f.Close())
}

func (m *file) close() error {
	var err error
	if m.mapped {
		err = unmapFile(m.data)
	}
	if m.f != nil {
		err = errors.Join(err, m.f.Close())
	}
	m.data, m.f, m.mapped = nil, nil, false
	return err
}

// window reads pieces of files. A mapped file is read in place; of any other file a stretch is kept, because the next
// entry that is asked for usually stands behind the last one.
type window struct {
	f   *file
	off int64
	buf []byte
}

// windowSize is how much is read at once from a file that is not mapped.
const windowSize = 64 << 10

// at returns n bytes of a file, valid until the next call. A piece that is not all inside the file is an error.
func (w *window) at(m *file, off int64, n int) ([]byte, error) {
	if off < 0 || n < 0 || off > m.size || int64(n) > m.size-off {
		return nil, io.ErrUnexpectedEOF
	}
	if m.data != nil {
		return m.data[off : off+int64(n) : off+int64(n)], nil
	}
	if w.f != m || off < w.off || off+int64(n) > w.off+int64(len(w.buf)) {
		size := int(min(int64(max(n, windowSize)), m.size-off))
		if cap(w.buf) < size {
			w.buf = make([]byte, size)
		}
		w.f, w.off, w.buf = m, off, w.buf[:size]
		if _, err := m.f.ReadAt(w.buf, off); err != nil {
			w.f = nil
			return nil, err
		}
	}
	start := int(off - w.off)
	return w.buf[start : start+n : start+n], nil
}

// guard runs f and returns a panic in it as an error. Reading a mapping faults if the file was cut short meanwhile or if
// the disk fails; that must cost one object, not the process.
func guard(f func() error) (err error) {
	old := debug.SetPanicOnFault(true)
	defer func() {
		debug.SetPanicOnFault(old)
		if r := recover(); r != nil {
			err = fmt.Errorf("read stored bytes: %v", r)
		}
	}()
	return f()
}
