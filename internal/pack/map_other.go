//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package pack

import (
	"errors"
	"os"
)

// mapFile is not available here: files are read with ReadAt.
func mapFile(*os.File, int) ([]byte, error) { return nil, errors.ErrUnsupported }

func unmapFile([]byte) error { return nil }
