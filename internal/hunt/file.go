package hunt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// ReadFile reads a file of secrets. It must be a regular file or a pipe that belongs to the user, and that nobody else may read; a
// link counts as what it leads to. Whoever writes to a pipe is waited for until ctx ends. The caller wipes the text.
func ReadFile(ctx context.Context, path string) (text []byte, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, plainCause(err)
	}
	if info.Mode()&fs.ModeNamedPipe == 0 {
		f, err := openAtOnce(path)
		return readOpen(f, err, path)
	}
	type result struct {
		text []byte
		err  error
	}
	done := make(chan result, 1)
	go func() { // opening one waits, too
		f, err := os.Open(path)
		text, err := readOpen(f, err, path)
		done <- result{text, err}
	}()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-done:
		return r.text, r.err
	}
}

// readOpen reads what was opened and closes it.
func readOpen(f *os.File, failed error, path string) (text []byte, err error) {
	if failed != nil {
		return nil, plainCause(failed)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	pipe := info.Mode()&fs.ModeNamedPipe != 0
	if !info.Mode().IsRegular() && !pipe {
		return nil, errors.New("it is no regular file and no pipe")
	}
	// A pipe of the shell's, <(pass show x), has no name that others could open; what rights it shows depends on the system.
	if !pipe || !ofThisProcess(path) {
		if err := private(info); err != nil {
			return nil, err
		}
	}
	return ReadFrom(f)
}

// ofThisProcess reports whether a path names what this process has open.
func ofThisProcess(path string) bool {
	dir, name := filepath.Split(filepath.ToSlash(path))
	return dir == "/dev/fd/" || dir == "/proc/self/fd/" || dir == "/dev/" && name == "stdin"
}

// plainCause is an error without the path, which the caller names.
func plainCause(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

// ReadFrom reads secrets, at most [MaxInput] bytes. They are in memory once when it returns: the caller wipes the text.
func ReadFrom(r io.Reader) ([]byte, error) {
	// One piece of memory from the beginning: what grows leaves copies behind.
	buf := make([]byte, MaxInput+1)
	n, err := io.ReadFull(r, buf)
	switch {
	case err == nil:
		clear(buf)
		return nil, fmt.Errorf("it has more than %d MiB", MaxInput>>20)
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return buf[:n], nil
	default:
		clear(buf)
		return nil, err
	}
}
