//go:build !unix

package repo

import (
	"io/fs"
	"os"
)

// openRegular opens a file and refuses anything but a regular file.
func openRegular(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "read", Path: path, Err: errIrregular}
	}
	return os.Open(path)
}
