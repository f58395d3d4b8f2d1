//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package pack

import (
	"os"
	"syscall"
)

// mapFile maps a whole file for reading.
func mapFile(f *os.File, size int) ([]byte, error) {
	return syscall.Mmap(int(f.Fd()), 0, size, syscall.PROT_READ, syscall.MAP_SHARED)
}

func unmapFile(data []byte) error { return syscall.Munmap(data) }
