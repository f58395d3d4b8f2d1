package pack

import (
	"bytes"
	"encoding/hex"
	"fmt"
)

// Format is the hash function that names the objects of a repository.
type Format uint8

// The object formats. The zero value is git's default.
const (
	SHA1 Format = iota
	SHA256
)

// Size returns the length of an id in bytes: 20 or 32.
func (f Format) Size() int {
	if f == SHA256 {
		return 32
	}
	return 20
}

// String returns git's name for the format, as in extensions.objectFormat.
func (f Format) String() string {
	if f == SHA256 {
		return "sha256"
	}
	return "sha1"
}

// ID is the id of an object in a SHA-1 (20 bytes) or SHA-256 (32 bytes) repository. It can be compared with == and be
// a map key. The zero value is no id.
type ID struct {
	n uint8
	b [32]byte
}

// ParseID reads an id of 40 or 64 hex digits.
func ParseID(s string) (ID, error) {
	var id ID
	if len(s) != 40 && len(s) != 64 {
		return id, fmt.Errorf("parse object id %q: want 40 or 64 hex digits", clip(s))
	}
	n, err := hex.Decode(id.b[:], []byte(s))
	if err != nil {
		return ID{}, fmt.Errorf("parse object id %q: %w", clip(s), err)
	}
	id.n = uint8(n)
	return id, nil
}

// IDFromBytes makes an id of 20 or 32 raw bytes; it reports false for any other length.
func IDFromBytes(b []byte) (ID, bool) {
	var id ID
	if len(b) != 20 && len(b) != 32 {
		return id, false
	}
	id.n = uint8(copy(id.b[:], b))
	return id, true
}

// String returns the id in hex, or "" for the zero value.
func (id ID) String() string { return hex.EncodeToString(id.b[:id.n]) }

// Bytes returns a copy of the raw bytes.
func (id ID) Bytes() []byte { return bytes.Clone(id.b[:id.n]) }

// IsZero reports whether this is no id at all.
func (id ID) IsZero() bool { return id.n == 0 }

// Compare orders ids by their bytes, as git's indexes do: -1, 0 or 1.
func (id ID) Compare(other ID) int { return bytes.Compare(id.b[:id.n], other.b[:other.n]) }

// clip keeps hostile text in error messages short.
func clip(s string) string {
	if len(s) > 80 {
		return s[:80] + "..."
	}
	return s
}

// Type is the type of a git object.
type Type uint8

// The types of objects, numbered as in a pack. The zero value is no type.
const (
	Commit Type = 1
	Tree   Type = 2
	Blob   Type = 3
	Tag    Type = 4
)

// String returns git's name for the type.
func (t Type) String() string {
	switch t {
	case Commit:
		return "commit"
	case Tree:
		return "tree"
	case Blob:
		return "blob"
	case Tag:
		return "tag"
	}
	return "unknown"
}

// parseType is the inverse of String.
func parseType(name []byte) (Type, bool) {
	switch string(name) {
	case "commit":
		return Commit, true
	case "tree":
		return Tree, true
	case "blob":
		return Blob, true
	case "tag":
		return Tag, true
	}
	return 0, false
}
