package repo

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"time"

	"github.com/skant-dev/skant/internal/pack"
)

// Access says by what an object can be reached, the strongest way first.
type Access uint8

// The ways of access.
const (
	// AccessUnknown is for an object that nothing known reaches, in a repository whose history or refs have gaps.
	AccessUnknown Access = iota
	// AccessRef is a branch, a tag, a remote-tracking branch, a detached HEAD: any ref but the following.
	AccessRef
	// AccessNote is a ref below refs/notes, and no AccessRef.
	AccessNote
	// AccessStash is refs/stash or an entry of its reflog, and neither of the above.
	AccessStash
	// AccessReflog is an entry of a reflog, or a leftover such as ORIG_HEAD, and none of the above.
	AccessReflog
	// AccessIndex is the index, for a blob that no commit holds.
	AccessIndex
	// AccessNone is nothing at all.
	AccessNone
)

// fromX are sets of tips, one bit each, as they are passed down to ancestors.
const (
	fromRef uint8 = 1 << iota
	fromNote
	fromStash
	fromReflog
	fromHead
)

// MaxRefs is how many names of refs are listed for one object.
const MaxRefs = 20

// Reached says how one object can be reached.
type Reached struct {
	Access Access
	// Refs are the first MaxRefs names, sorted, of the refs that reach it; RefCount is the number of all.
	Refs     []string
	RefCount int
}

// Reach answers which refs reach a commit or a tag. It is safe for concurrent use.
type Reach struct {
	graph *Graph
	// names are those of the refs that are listed, sorted; commits the number of the commit that each leads to, or -1.
	names   []string
	commits []int64
	// access are the tips that reach each commit.
	access []uint8
	// marks are the objects other than commits that refs lead to: tags, and trees and blobs that are tagged themselves.
	marks map[pack.ID]*mark
	// head is the number of HEAD's commit, or -1.
	head int64
	// gaps says that a commit which seems unreachable need not be so.
	gaps bool
}

// mark is an object, no commit, that refs lead to.
type mark struct {
	access uint8
	tag    bool
	// refs are the listed ones.
	refs []int
}

// NewReach reads refs and reflogs and works out what they reach in g. Refs whose tags cannot be read go to gap; those
// with a Problem of their own do not.
func (r *Repository) NewReach(ctx context.Context, g *Graph, gap Gap) (*Reach, error) {
	x := &Reach{
		graph: g, access: make([]uint8, g.Len()), marks: map[pack.ID]*mark{}, head: -1,
		gaps: len(g.missing) > 0 || g.circle,
	}
	if g.circle {
		gap("commits", "", fmt.Errorf("some are their own ancestors: %w", ErrMalformed))
	}
	refs, err := r.Refs()
	if err != nil {
		return nil, fmt.Errorf("read what refs reach: %w", err)
	}
	for i := range refs {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		x.addRef(r, &refs[i], gap)
	}
	logs, err := r.Reflogs()
	if err != nil {
		return nil, fmt.Errorf("read what reflogs reach: %w", err)
	}
	x.addLogs(logs)
	for i := len(g.order) - 1; i >= 0; i-- {
		commit := g.order[i]
		for _, p := range g.parentsOf(commit) {
			x.access[p] |= x.access[commit]
		}
	}
	return x, nil
}

// addRef enters one ref as a tip.
func (x *Reach) addRef(r *Repository, ref *Ref, gap Gap) {
	kind, listed := refKind(ref)
	if ref.Problem != "" || ref.ID.IsZero() {
		x.gaps = x.gaps || ref.Problem != "" && kind != fromReflog
		return
	}
	n := -1
	if listed {
		n = len(x.names)
		x.names = append(x.names, ref.Name)
		x.commits = append(x.commits, -1)
	}
	id := ref.ID
	for range maxPeel {
		if i, found := x.graph.number(id); found {
			x.access[i] |= kind
			if listed {
				x.commits[n] = int64(i)
			}
			if ref.Name == "HEAD" {
				x.head = int64(i)
				x.access[i] |= fromHead
			}
			return
		}
		tag, err := r.tag(id)
		if err != nil {
			// A link that leads nowhere is for [LinkCheck] to report.
			if !errors.Is(err, pack.ErrNotFound) {
				gap("refs", ref.Name, err)
			}
			x.gaps = true
			return
		}
		m := x.marks[id]
		if m == nil {
			m = &mark{tag: tag != nil}
			x.marks[id] = m
		}
		m.access |= kind
		if listed {
			m.refs = append(m.refs, n)
		}
		if tag == nil {
			return
		}
		id = tag.Object
	}
	gap("refs", ref.Name, fmt.Errorf("more than %d tags of tags: %w", maxPeel, ErrMalformed))
	x.gaps = true
}

// addLogs enters the entries of reflogs as tips. Each entry keeps the commit before it, too.
func (x *Reach) addLogs(logs []LogEntry) {
	for i := range logs {
		kind := fromReflog
		if strings.HasSuffix(logs[i].Ref, "refs/stash") {
			kind = fromStash
		}
		x.gaps = x.gaps || logs[i].Problem != ""
		for _, id := range []pack.ID{logs[i].Old, logs[i].New} {
			if commit, found := x.graph.number(id); found {
				x.access[commit] |= kind
			}
		}
	}
}

// tag reads a tag object; it is nil for an object of another type.
func (r *Repository) tag(id pack.ID) (*Tag, error) {
	store, err := r.objects()
	if err != nil {
		return nil, err
	}
	kind, _, err := store.Stat(id)
	if err != nil || kind != pack.Tag {
		return nil, err
	}
	data, err := r.object(id, pack.Tag)
	if err != nil {
		return nil, err
	}
	return ParseTag(data)
}

// refKind sorts a ref by its name. Listed are those that keep what they reach: not HEAD where it stands for a branch,
// which is listed itself, and not leftovers.
func refKind(ref *Ref) (kind uint8, listed bool) {
	name := ref.Name
	if i := strings.Index(name, "refs/"); i > 0 {
		name = name[i:]
	}
	switch {
	case name == "refs/stash", strings.HasSuffix(name, "MERGE_AUTOSTASH"), strings.HasSuffix(name, "/autostash") && !strings.HasPrefix(name, "refs/"):
		return fromStash, true
	case strings.HasPrefix(name, "refs/notes/"):
		return fromNote, true
	case strings.HasPrefix(name, "refs/"):
		return fromRef, true
	case name == "HEAD" || strings.HasSuffix(name, "/HEAD"):
		return fromRef, ref.Symbolic == ""
	default:
		return fromReflog, false
	}
}

// Leftover reports whether a ref is one that an earlier command left behind (ORIG_HEAD, FETCH_HEAD), from which git
// keeps nothing alive.
func (ref *Ref) Leftover() bool {
	kind, _ := refKind(ref)
	return kind == fromReflog
}

// Of returns how each of the ids, of commits or tags, can be reached.
func (x *Reach) Of(ids []pack.ID) []Reached {
	out := make([]Reached, len(ids))
	var commits []uint32
	var at []int
	for i, id := range ids {
		if commit, found := x.graph.number(id); found {
			commits = append(commits, commit)
			at = append(at, i)
			continue
		}
		out[i] = x.ofMark(id)
	}
	for i, reached := range x.ofCommits(commits) {
		out[at[i]] = reached
	}
	return out
}

func (x *Reach) accessOf(kind uint8) Access {
	switch {
	case kind&fromRef != 0:
		return AccessRef
	case kind&fromNote != 0:
		return AccessNote
	case kind&fromStash != 0:
		return AccessStash
	case kind&fromReflog != 0:
		return AccessReflog
	case x.gaps:
		return AccessUnknown
	default:
		return AccessNone
	}
}

// ofCommits answers for 64 commits with one pass over the graph: each descendant inherits the bits of its parents, so
// the cost does not depend on the number of refs.
func (x *Reach) ofCommits(commits []uint32) []Reached {
	out := make([]Reached, len(commits))
	line := x.graph.line()
	inBatches(len(commits), func() func(start, end int) {
		masks := make([]uint64, x.graph.Len())
		return func(start, end int) { x.ofBatch(line, commits[start:end], out[start:end], masks) }
	})
	return out
}

func (x *Reach) ofBatch(l *line, commits []uint32, out []Reached, masks []uint64) {
	clear(masks)
	earliest := len(masks)
	for i, commit := range commits {
		masks[l.at[commit]] |= 1 << i
		earliest = min(earliest, int(l.at[commit]))
		out[i].Access = x.accessOf(x.access[commit])
	}
	for i := earliest; i < len(masks); i++ {
		for _, p := range l.parents[l.first[i]:l.first[i+1]] {
			masks[i] |= masks[p]
		}
	}
	for n, tip := range x.commits {
		if tip < 0 {
			continue
		}
		for mask := masks[l.at[tip]]; mask != 0; mask &= mask - 1 {
			reached := &out[bits.TrailingZeros64(mask)]
			if reached.RefCount++; len(reached.Refs) < MaxRefs {
				reached.Refs = append(reached.Refs, x.names[n])
			}
		}
	}
}

// InHead reports whether a commit is HEAD's or one of its ancestors.
func (x *Reach) InHead(id pack.ID) bool {
	commit, found := x.graph.number(id)
	return found && x.access[commit]&fromHead != 0
}

// Date returns the committer's date of a commit; zero if it has none or is none.
func (x *Reach) Date(id pack.ID) time.Time {
	commit, found := x.graph.number(id)
	if !found {
		return time.Time{}
	}
	return unixTime(x.graph.dates[commit])
}

// ofMark answers for an object that is no commit.
func (x *Reach) ofMark(id pack.ID) Reached {
	m := x.marks[id]
	if m == nil {
		return Reached{Access: x.accessOf(0)}
	}
	reached := Reached{Access: x.accessOf(m.access), RefCount: len(m.refs)}
	for _, n := range m.refs[:min(len(m.refs), MaxRefs)] {
		reached.Refs = append(reached.Refs, x.names[n])
	}
	return reached
}

// markedObjects lists, sorted, the trees and blobs that refs lead to without a commit.
func (x *Reach) markedObjects() []pack.ID {
	var ids []pack.ID
	for id, m := range x.marks {
		if !m.tag {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, pack.ID.Compare)
	return ids
}
