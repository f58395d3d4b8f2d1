//go:build !unix || aix

package cache

import "io/fs"

// supported says that a file's state can be told. It needs a time of change that no program can set.
const supported = false

// system has nothing to say here: what is kept could not be bound to a file in a certain state.
func system(fs.FileInfo) (device, inode uint64, changed int64, ok bool) { return 0, 0, 0, false }

func mine(fs.FileInfo) error { return ErrUnsupported }
