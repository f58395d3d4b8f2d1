package source

import (
	"context"
	"fmt"
	"hash/maphash"
	"io"
	"strings"
	"sync"

	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/internal/unpack"
	"github.com/skant-dev/skant/scanner"
)

// archives searches what is inside archives and documents, each member as content of its own whose location is that of
// the archive with the member's path. It belongs to one walk and is safe for concurrent use.
type archives struct {
	ctx   context.Context
	rec   *scanner.Recorder
	visit func(*scanner.Chunk) error
	turn  unpack.Turn
	// hint is what to do first where a gap says to unpack something that is no file; it may be empty.
	hint string
}

func newArchives(ctx context.Context, rec *scanner.Recorder, visit func(*scanner.Chunk) error, hint string) *archives {
	return &archives{ctx: ctx, rec: rec, visit: visit, turn: unpack.NewTurn(), hint: hint}
}

// objectHint is the hint for what is in an object store.
const objectHint = "`git cat-file blob ID` writes it to a file"

// memberLines says which lines of a member are new; nil means all of them.
type memberLines func(member []byte) ([]scanner.LineRange, error)

// search searches what is inside the content of a chunk, which was visited before.
func (a *archives) search(chunk *scanner.Chunk, added memberLines) error {
	if unpack.Kind(chunk.Data) == "" {
		return nil
	}
	return a.inside(chunk, added, func(visit func(unpack.Member) error, gap func(unpack.Gap)) error {
		return unpack.Walk(a.ctx, chunk.Data, unpack.Options{Turn: a.turn}, visit, gap)
	})
}

// searchLarge is search for content that is not held: head is its beginning, and open opens it once more.
func (a *archives) searchLarge(
	chunk *scanner.Chunk, head []byte, size int64, open func() (io.ReadCloser, error), added memberLines,
) error {
	if unpack.Kind(head) == "" {
		return nil
	}
	in, err := open()
	if err != nil {
		a.rec.Unread("archives", clipReason(plainCause(err)), a.name(chunk, ""))
		return nil
	}
	defer in.Close() //nolint:errcheck // Nothing was written, so there is nothing to lose.
	return a.inside(chunk, added, func(visit func(unpack.Member) error, gap func(unpack.Gap)) error {
		return unpack.WalkReader(a.ctx, in, size, unpack.Options{Turn: a.turn}, visit, gap)
	})
}

func (a *archives) inside(
	chunk *scanner.Chunk, added memberLines, walk func(visit func(unpack.Member) error, gap func(unpack.Gap)) error,
) error {
	return walk(func(m unpack.Member) error {
		inner := scanner.Chunk{Data: m.Data, Location: chunk.Location}
		inner.Location.Member = m.Path
		if added != nil {
			inner.Added = func() ([]scanner.LineRange, error) { return added(m.Data) }
		}
		if err := a.visit(&inner); err != nil {
			return err
		}
		a.rec.AddBytes(len(m.Data))
		return nil
	}, func(g unpack.Gap) {
		reason := g.Reason
		if a.hint != "" {
			reason += " (" + a.hint + ")"
		}
		a.rec.Unread("archives", reason, a.name(chunk, g.Member))
	})
}

// name names a member in the coverage.
func (a *archives) name(chunk *scanner.Chunk, member string) string {
	at := chunk.Location
	at.Member = member
	switch {
	case at.Path != "":
	case at.Object != "":
		at.Path = at.Object
	default:
		at.Path = "standard input"
	}
	return at.Place()
}

// Bounds of a comparison with the members of an earlier version of an archive.
const (
	maxOldLines = 1 << 20
	maxOldHeld  = 48 << 20
)

// oldMembers are the lines of all members of the earlier versions of an archive. A line of a new version is new if no
// member had it: members move, as the folder that a release is named after does, and order says nothing in an archive.
// What of an earlier version cannot be read, or is beyond the bound, makes lines new rather than old.
type oldMembers struct {
	// versions are the earlier versions for each change that brings the new one.
	versions func() [][]repo.Version
	open     func(pack.ID) (size int64, content io.ReadCloser, err error)
	ctx      context.Context

	once sync.Once
	seed maphash.Seed
	sets []map[uint64]struct{}
	err  error
}

// added implements [memberLines]. The earlier versions are unpacked once, when the first member has a finding.
func (o *oldMembers) added(member []byte) ([]scanner.LineRange, error) {
	o.once.Do(o.read)
	if o.err != nil {
		return nil, o.err
	}
	lines := splitLines(member)
	return rangesOf(len(lines), func(i int) bool {
		sum := maphash.String(o.seed, lines[i])
		for _, set := range o.sets {
			if _, old := set[sum]; !old {
				return true
			}
		}
		return false
	}), nil
}

func (o *oldMembers) read() {
	o.seed = maphash.MakeSeed()
	for _, versions := range o.versions() {
		set := map[uint64]struct{}{}
		for _, v := range versions {
			if err := o.readVersion(v.ID, set); err != nil {
				o.err = err
				return
			}
		}
		o.sets = append(o.sets, set)
	}
}

func (o *oldMembers) readVersion(id pack.ID, set map[uint64]struct{}) error {
	size, content, err := o.open(id)
	if err != nil {
		return fmt.Errorf("the earlier version %s cannot be read: %w", id, err)
	}
	defer content.Close() //nolint:errcheck // Nothing was written, so there is nothing to lose.
	return unpack.WalkReader(o.ctx, content, size, unpack.Options{MaxHeld: maxOldHeld}, func(m unpack.Member) error {
		for _, line := range splitLines(m.Data) {
			if len(set) < maxOldLines && strings.TrimSpace(line) != "" {
				set[maphash.String(o.seed, line)] = struct{}{}
			}
		}
		return nil
	}, func(unpack.Gap) {})
}
