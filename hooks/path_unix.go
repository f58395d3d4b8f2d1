//go:build unix

package hooks

import "syscall"

// errNotFolder is what the system says of a path below something that is no folder, such as a core.hooksPath of
// /dev/null, which people set to have no hooks.
var errNotFolder error = syscall.ENOTDIR
