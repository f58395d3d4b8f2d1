package pack

import (
	"errors"
	"fmt"
)

// ErrNotFound is returned, wrapped, for an id that no pack and no loose object has.
var ErrNotFound = errors.New("object not found")

// TooLargeError says that an object, or a base that it is a delta of, is larger than [Options].MaxObject.
type TooLargeError struct {
	// Size is the size in bytes that the object declares, Limit the bound.
	Size, Limit int64
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("object of %d bytes is larger than the limit of %d bytes", e.Size, e.Limit)
}

// CorruptError says that stored bytes are not what git would have written.
type CorruptError struct {
	// Where is the file, and for a pack the offset of the entry, that is damaged.
	Where string
	Err   error
}

func (e *CorruptError) Error() string { return e.Where + ": " + e.Err.Error() }

// Unwrap returns what is wrong with it.
func (e *CorruptError) Unwrap() error { return e.Err }

// Problem is something that the store holds and that could not be read.
type Problem struct {
	// What is the sort of thing: "pack", "index", "alternate", "directory", "object", "loose object".
	What string
	// Name is a path, or the hex id of an object.
	Name string
	Err  error
}
