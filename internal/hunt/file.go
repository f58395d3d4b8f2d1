package hunt

import (
	"errors"
	"fmt"
	"io"
)

// ReadFile reads a file of secrets. It must be a regular file that belongs to the user, and that nobody else may read.
func ReadFile(path string) (text []byte, err error) {
	f, err := openAtOnce(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is no regular file")
	}
	if err := private(info); err != nil {
		return nil, err
	}
	text, err = io.ReadAll(io.LimitReader(f, MaxInput+1))
	if err == nil && len(text) > MaxInput {
		err = fmt.Errorf("it has more than %d MiB", MaxInput>>20)
	}
	return text, err
}
