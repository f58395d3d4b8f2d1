//go:build unix

package hunt

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// openAtOnce opens a file without waiting for whoever writes to it, if it is a pipe.
func openAtOnce(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}

// private is an error if others than the user may read the file, or wrote it.
func private(info fs.FileInfo) error {
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return fmt.Errorf("others may read it or write to it (mode %04o): run chmod 600 on it", mode)
	}
	if s, ok := info.Sys().(*syscall.Stat_t); !ok || int(s.Uid) != os.Geteuid() {
		return errors.New("it belongs to another user")
	}
	return nil
}
