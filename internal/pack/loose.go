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
	// Of a large file the beginning comes first: perhaps the rest is not wanted, or larger than anything acceptable.
	whole := fileSize <= windowSize
	if sc.file, err = readAll(sc.file[:0], f, min(fileSize, windowSize)); err != nil {
		return 0, 0, dst, err
	}
	if !whole {
		wanted := false
		t, size, _, err = sc.parseLoose(nil, limit, true, func(t Type, size int64) bool {
			wanted = want == nil || want(t, size)
			return false
		})
		if err != nil || !wanted {
			return t, size, dst, wrapLoose(path, err)
		}
		if whole = size <= limit; whole {
			rest := min(fileSize, maxStream(size)) - int64(len(sc.file))
			if sc.file, err = readAll(sc.file, f, max(0, rest)); err != nil {
				return 0, 0, dst, err
			}
		}
	}
	t, size, data, err = sc.parseLoose(dst, limit, whole, want)
	return t, size, data, wrapLoose(path, err)
}

// wrapLoose says where the damage is. A size limit is none.
func wrapLoose(path string, err error) error {
	var large *TooLargeError
	if err != nil && !errors.As(err, &large) {
		err = &CorruptError{path, err}
	}
	return err
}

func readAll(dst []byte, f *os.File, size int64) ([]byte, error) {
	b := bytes.NewBuffer(dst)
	_, err := io.Copy(b, io.LimitReader(f, size))
	return b.Bytes(), err
}

// parseLoose inflates the loose object in sc.file.
func (sc *scratch) parseLoose(dst []byte, limit int64, whole bool, want func(Type, int64) bool) (Type, int64, []byte, error) {
	head, err := sc.inflate.prefix(sc.file, maxLooseHeader)
	if err != nil {
		return 0, 0, dst, err
	}
	t, size, n, err := parseLooseHeader(head)
	if err != nil || want != nil && !want(t, size) {
		return t, size, dst, err
	}
	if size > limit || !whole {
		return t, size, dst, &TooLargeError{size, limit}
	}
	start := len(dst)
	if dst, _, err = sc.inflate.inflate(dst, sc.file, int64(n)+size); err != nil {
		return t, size, dst, err
	}
	return t, size, append(dst[:start], dst[start+n:]...), nil
}
