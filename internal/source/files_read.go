package source

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
)

var (
	errTooLarge = errors.New("larger than the bound")
	errReplaced = errors.New("replaced by something else")
)

// readBlock is how many bytes are asked for at once; between two reads the context is looked at.
const readBlock = 1 << 20

// readRegular appends the content of the regular file at path to buf. listed is what the path was when it was listed: if
// it is another file by now (a link or a pipe in its place, say), the error is errReplaced and nothing is read. A file of
// more than maxSize bytes is errTooLarge; its size counts as it is read, because a file grows, and in /proc has no size.
func readRegular(ctx context.Context, path string, listed fs.FileInfo, maxSize int64, buf []byte) ([]byte, error) {
	if listed.Size() > maxSize {
		return buf, errTooLarge
	}
	file, size, err := openRegular(path, listed)
	if err != nil {
		return buf, err
	}
	defer file.Close() //nolint:errcheck // Nothing was written, so there is nothing to lose.
	start := len(buf)
	buf = slices.Grow(buf, int(min(size, maxSize))+1)
	for {
		if err := ctx.Err(); err != nil {
			return buf, err
		}
		if len(buf) == cap(buf) {
			buf = slices.Grow(buf, 512)
		}
		n, err := file.Read(buf[len(buf):min(cap(buf), len(buf)+readBlock)])
		buf = buf[:len(buf)+n]
		switch {
		case int64(len(buf)-start) > maxSize:
			return buf, errTooLarge
		case err == io.EOF:
			return buf, nil
		case err != nil:
			return buf, err
		}
	}
}

// openRegular opens the regular file at path, if it is still the one that was listed.
func openRegular(path string, listed fs.FileInfo) (file *os.File, size int64, err error) {
	if file, err = os.OpenFile(path, os.O_RDONLY|openFlags, 0); err != nil {
		return nil, 0, err
	}
	opened, err := file.Stat()
	if err == nil && (!opened.Mode().IsRegular() || !os.SameFile(listed, opened)) {
		err = errReplaced
	}
	if err != nil {
		_ = file.Close() // nothing was written, so there is nothing to lose
		return nil, 0, err
	}
	return file, opened.Size(), nil
}
