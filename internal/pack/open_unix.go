//go:build unix

package pack

import (
	"os"
	"syscall"
)

// openAtOnce opens a file without waiting for a writer, should it be a pipe.
func openAtOnce(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}
