package pack

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/klauspost/compress/zlib"
)

// inflater decompresses one zlib stream after another without allocating for each.
type inflater struct {
	src bytes.Reader
	z   io.ReadCloser
	one [1]byte
}

// growStep is what is allocated for a stream on the word of its declared size alone. From there on the buffer doubles,
// so that memory stays in proportion to what the stream has really given.
const growStep = 1 << 20

var (
	errLong  = errors.New("object is longer than its declared size")
	errShort = errors.New("object is shorter than its declared size")
)

// inflate appends to dst the stream that starts at src[0], which must be exactly size bytes inflated and match its
// checksum. Bytes behind the stream are left alone; used is the length of the stream.
func (in *inflater) inflate(dst, src []byte, size int64) (out []byte, used int, err error) {
	if err := in.start(src); err != nil {
		return dst, 0, err
	}
	if dst, err = in.fill(dst, size); err != nil {
		return dst, 0, err
	}
	return dst, len(src) - in.src.Len(), in.finish()
}

// start begins a stream.
func (in *inflater) start(src []byte) (err error) {
	in.src.Reset(src)
	if in.z == nil {
		in.z, err = zlib.NewReader(&in.src)
	} else if z, ok := in.z.(zlib.Resetter); ok {
		err = z.Reset(&in.src, nil)
	}
	if err != nil {
		err = fmt.Errorf("inflate: %w", err)
	}
	return err
}

// fill appends the next size bytes of the stream.
func (in *inflater) fill(dst []byte, size int64) ([]byte, error) {
	for size > 0 {
		if cap(dst) == len(dst) {
			dst = slices.Grow(dst, int(min(size, int64(max(growStep, len(dst))))))
		}
		n, err := in.z.Read(dst[len(dst):min(int64(cap(dst)), int64(len(dst))+size)])
		dst = dst[:len(dst)+n]
		size -= int64(n)
		if err == nil || err == io.EOF && size == 0 {
			continue
		}
		if err == io.EOF {
			return dst, errShort
		}
		return dst, fmt.Errorf("inflate: %w", err)
	}
	return dst, nil
}

// finish checks that the stream ends here and that its checksum is right.
func (in *inflater) finish() error {
	for range 2 {
		n, err := in.z.Read(in.one[:])
		switch {
		case n > 0:
			return errLong
		case err == io.EOF:
			return nil
		case err != nil:
			return fmt.Errorf("inflate: %w", err)
		}
	}
	return errLong
}

// prefix returns up to n bytes of the beginning of a stream, of which src need not hold the rest.
func (in *inflater) prefix(src []byte, n int) ([]byte, error) {
	if err := in.start(src); err != nil {
		return nil, err
	}
	out, err := in.fill(make([]byte, 0, n), int64(n))
	if len(out) > 0 {
		return out, nil
	}
	return nil, err
}
