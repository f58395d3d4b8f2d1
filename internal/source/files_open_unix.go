//go:build unix

package source

import "syscall"

// openFlags keep an open from waiting for a writer if a pipe has taken the place of a file, and from following a link
// that has.
const openFlags = syscall.O_NONBLOCK | syscall.O_NOFOLLOW
