package cache

import (
	"encoding/binary"
	"io/fs"
	"time"
)

// Identity says which file in which state something was read from. Two that are equal are of one file that nobody has
// changed in between: the time of the last change is the system's, and no program can set it.
type Identity struct {
	device, inode uint64
	size          int64
	mode          fs.FileMode
	// modified can be set by anybody; changed cannot. Both are in nanoseconds since 1970.
	modified, changed int64
}

// Identify returns the identity of a file; ok is false where the system does not tell enough.
func Identify(info fs.FileInfo) (id Identity, ok bool) {
	id = Identity{size: info.Size(), mode: info.Mode(), modified: info.ModTime().UnixNano()}
	id.device, id.inode, id.changed, ok = system(info)
	return id, ok
}

// Append appends the identity to b, always as many bytes.
func (id Identity) Append(b []byte) []byte {
	for _, n := range [...]uint64{id.device, id.inode, uint64(id.size), uint64(id.mode), uint64(id.modified), uint64(id.changed)} {
		b = binary.BigEndian.AppendUint64(b, n)
	}
	return b
}

// Settled reports whether every change to the file after the time at shows in its identity. It does not where the file
// was changed shortly before: the clock that stamps files goes in steps.
func (id Identity) Settled(at time.Time) bool {
	step := 100 * time.Millisecond
	if id.changed%int64(time.Second) == 0 {
		step = 2 * time.Second // a file system that counts whole seconds
	}
	return at.Sub(time.Unix(0, id.changed)) > step
}
