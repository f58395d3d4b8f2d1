package repo

import (
	"bytes"
	"fmt"
	"path/filepath"

	"github.com/skant-dev/skant/internal/pack"
)

// LimitKind is a way in which a clone is not whole.
type LimitKind uint8

// The kinds of limit.
const (
	// Shallow says that history was cut off: older commits, and what only they hold, are not here.
	Shallow LimitKind = iota + 1
	// Partial says that objects may be missing, to be fetched when they are needed.
	Partial
	// Damaged says that a part of the object store could not be opened.
	Damaged
	// Foreign says that the repository uses a format that this program does not know, or reads only through git.
	Foreign
)

// Limit is one reason for which not everything can be read.
type Limit struct {
	Kind LimitKind
	// What is the sort of thing that may be missing, in the plural.
	What string
	// Reason is a clause that says why, and what to do about it.
	Reason string
	// Item names the thing, for example a pack file; may be empty.
	Item string
}

// maxShallow bounds the shallow file, in bytes.
const maxShallow = 64 << 20

// Limits says what makes this clone less than whole, without looking at every object.
func (r *Repository) Limits() []Limit {
	var limits []Limit
	cut, err := r.shallow()
	if err != nil {
		limits = append(limits, Limit{Shallow, "commits", "the list of shallow commits cannot be read: " + err.Error(), ""})
	}
	if len(cut) > 0 {
		limits = append(limits, Limit{Shallow, "commits", shallowReason, ""})
	}
	if r.partial() {
		limits = append(limits, Limit{Partial, "objects", "partial clone: objects are missing until they are needed; " +
			"fetch everything with `git fetch --refetch --no-filter`", ""})
	}
	for _, name := range r.settings.unknown {
		limits = append(limits, Limit{Foreign, "settings", UnknownSettingReason, name})
	}
	if r.settings.reftable {
		limits = append(limits, Limit{Foreign, "reflogs", "kept in reftables, which are not read; " +
			"`git refs migrate --ref-format=files` makes files of them", ""})
	}
	store, err := r.objects()
	if err != nil {
		return append(limits, Limit{Damaged, "objects", err.Error(), ""})
	}
	for _, p := range store.Problems() {
		limits = append(limits, Limit{Damaged, p.What, fmt.Sprintf("%v; `git fsck` shows more", p.Err), p.Name})
	}
	return limits
}

const shallowReason = "shallow clone: older commits are not here; fetch them with `git fetch --unshallow` " +
	"(in GitHub Actions: actions/checkout with fetch-depth: 0)"

// readShallow lists the commits whose parents are not here although they have some.
func (r *Repository) readShallow() (map[pack.ID]bool, error) {
	data, err := readFile(filepath.Join(r.at.commonDir, "shallow"), maxShallow)
	if absent(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read shallow: %w", err)
	}
	cut := map[pack.ID]bool{}
	for line := range bytes.Lines(data) {
		id, err := pack.ParseID(string(bytes.TrimSpace(line)))
		if err != nil {
			return nil, fmt.Errorf("read shallow: %w", err)
		}
		cut[id] = true
	}
	return cut, nil
}

// IsShallow reports whether the clone was cut off at this commit: its parents are not here although it has some.
func (r *Repository) IsShallow(id pack.ID) bool {
	cut, err := r.shallow()
	return err == nil && cut[id]
}

// UnknownSettingReason says what an unknown setting means for a scan.
const UnknownSettingReason = "the repository asks for a format that is not known here; use a newer version of this program"

// UnknownSettings lists the extensions, and a format version, that this package does not know.
func (r *Repository) UnknownSettings() []string { return r.settings.unknown }
