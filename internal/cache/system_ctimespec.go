//go:build darwin || freebsd || netbsd

package cache

import "syscall"

// changeTime is when a file was changed last, in nanoseconds since 1970.
func changeTime(s *syscall.Stat_t) int64 { return s.Ctimespec.Nano() }
