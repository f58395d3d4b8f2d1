package pack

import (
	"errors"
	"fmt"
)

// Mapped is the content of a regular file that does not change while it is used. It is mapped where the system can do
// that, so that what nobody looks at need not be read; elsewhere it is read.
type Mapped struct{ f *file }

// Map opens a file of at most limit bytes. The error is that of the system, so that one which says that there is no such
// file can be told.
func Map(path string, limit int64) (*Mapped, error) {
	f, info, err := openStat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > limit {
		return nil, errors.Join(fmt.Errorf("read %q: larger than %d bytes", path, limit), f.Close())
	}
	m, err := mapOpen(path, f, info, true)
	if err != nil {
		return nil, err
	}
	return &Mapped{m}, nil
}

// Data returns the content. It may not be changed or used after Close; whoever reads it does so in [Guard].
func (m *Mapped) Data() []byte { return m.f.data }

// Close lets go of the content.
func (m *Mapped) Close() error { return m.f.close() }

// Guard runs f and returns a panic in it as an error: reading a mapping panics if the file was cut short meanwhile, or if
// the disk fails. It does so for this goroutine alone.
func Guard(f func() error) error { return guard(f) }
