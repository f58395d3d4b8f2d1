//go:build !unix

package source

// openFlags is empty where a folder holds no pipes.
const openFlags = 0
