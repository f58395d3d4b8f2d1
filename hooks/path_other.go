//go:build !unix

package hooks

import "io/fs"

// errNotFolder is not told from a path that does not exist.
var errNotFolder = fs.ErrNotExist
