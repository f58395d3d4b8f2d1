package pack

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
)

// maxLooseHeader is git's own bound for "type size\x00".
const maxLooseHeader = 32

// loosePath returns where an object directory would keep an object as a file of its own.
func loosePath(dir string, id ID) string {
	hex := id.String()
	return filepath.Join(dir, hex[:2], hex[2:])
}

// parseLooseHeader reads "type size\x00" at the beginning of b; n is its length.
func parseLooseHeader(b []byte) (t Type, size int64, n int, err error) {
	end := bytes.IndexByte(b[:min(len(b), maxLooseHeader)], 0)
	name, digits, ok := bytes.Cut(b[:max(end, 0)], []byte{' '})
	if end < 0 || !ok {
		return 0, 0, 0, errors.New("loose object has no header")
	}
	if t, ok = parseType(name); !ok {
		return 0, 0, 0, fmt.Errorf("loose object is of unknown type %q", name)
	}
	// git writes plain decimals: no sign, no leading zero.
	size, err = strconv.ParseInt(string(digits), 10, 64)
	if err != nil || strconv.FormatInt(size, 10) != string(digits) || size < 0 {
		return 0, 0, 0, fmt.Errorf("loose object has a bad size %q", digits)
	}
	return t, size, end + 1, nil
}

// readLoose reads a loose object; data is appended to dst. With want set, the content is read only if want says so for
// the object's type and size. The content is not checked against the id.
func readLoose(path string, sc *scratch, dst []byte, limit int64, want func(Type, int64) bool) (t Type, size int64, data []byte, err error) {
	f, fileSize, err := openRegular(path)
	if err != nil {
		return 0, 0, dst, err
	}
	defer func() {
		if e := f.Close(); err == nil {
			err = e
		}
	}()
	// A file that is larger than any acceptable object's stream is opened for its header only.
	whole := fileSize <= maxStream(limit)
	if !whole {
		fileSize = windowSize
	}
	if sc.file, err = readAll(sc.file[:0], f, fileSize); err != nil {
		return 0, 0, dst, err
	}
	t, size, data, err = sc.parseLoose(dst, limit, whole, want)
	var large *TooLargeError
	if err != nil && !errors.As(err, &large) {
		err = &CorruptError{path, err}
	}
	return t, size, data, err
}

func readAll(dst []byte, f *os.File, size int64) ([]byte, error) {
	b := bytes.NewBuffer(dst)
	_, err := io.Copy(b, io.LimitReader(f, size))
	return b.Bytes(), err
}

// parseLoose inflates the loose object in sc.file.
func (sc *scratch) parseLoose(dst []byte, limit int64, whole bool, want func(Type, int64) bool) (Type, int64, []byte, error) {
	in := &sc.inflate
	if err := in.start(sc.file); err != nil {
		return 0, 0, dst, err
	}
	head, err := in.fill(sc.head[:0:maxLooseHeader], maxLooseHeader)
	if err != nil && !errors.Is(err, errShort) {
		return 0, 0, dst, err
	}
	t, size, n, err := parseLooseHeader(head)
	if err != nil || want != nil && !want(t, size) {
		return t, size, dst, err
	}
	if size > limit || !whole {
		return t, size, dst, &TooLargeError{size, limit}
	}
	if int64(len(head)-n) > size {
		return t, size, dst, errLong
	}
	dst = append(dst, head[n:]...)
	if dst, err = in.fill(dst, size-int64(len(head)-n)); err != nil {
		return t, size, dst, err
	}
	return t, size, dst, in.finish()
}
