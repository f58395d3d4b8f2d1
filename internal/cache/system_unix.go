//go:build unix && !aix

package cache

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// supported says that a file's state can be told.
const supported = true

// system returns what [fs.FileInfo] leaves to each system; changed is in nanoseconds since 1970.
func system(info fs.FileInfo) (device, inode uint64, changed int64, ok bool) {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, 0, false
	}
	return uint64(s.Dev), uint64(s.Ino), changeTime(s), true //nolint:unconvert // the types differ by system
}

// mine reports as an error that a file or folder belongs to another user, or that others may write to it.
func mine(info fs.FileInfo) error {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ErrUnsupported
	}
	if uid := os.Geteuid(); int(s.Uid) != uid {
		return fmt.Errorf("it belongs to user %d, not to user %d who runs this", s.Uid, uid)
	}
	if info.Mode().Perm()&0o022 != 0 {
		return errors.New("others may write to it; take that right away with chmod go-w")
	}
	return nil
}
