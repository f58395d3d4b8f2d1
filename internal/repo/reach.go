package repo

import (
	"bytes"
	"context"
	"crypto/sha1" //nolint:gosec // git's own names of objects
	"crypto/sha256"
	"fmt"
	"hash/maphash"
	"math/bits"
	"sync"

	"github.com/skant-dev/skant/internal/pack"
)

// Gap is called with something that the repository should have and that could not be read, or not be worked out: what
// sort of thing it is, in the plural; its name or id, which may be empty; and why, perhaps wrapping [pack.ErrNotFound],
// [ErrMalformed] or an error type of package pack. It may be called from several goroutines at once.
type Gap func(what, item string, why error)

// Graph is every commit of an object store, reachable or not, as a compact graph. Commits are numbered from 0.
type Graph struct {
	ids   []pack.ID
	trees []pack.ID
	// dates are the committers' dates in Unix seconds, noDate where there is none.
	dates []int64
	// parents[first[i]:first[i+1]] are the parents of commit i, without those that are missing.
	first, parents []uint32
	// order has every commit after all of its parents.
	order []uint32
	index idIndex
	// missing are the parents that the store does not have, each with a commit that names it.
	missing map[pack.ID]uint32
	circle  bool
}

// noDate stands for the date of a commit that has none that can be read.
const noDate = -1 << 63

// GraphBuilder collects the commits of a [Graph]. It is safe for concurrent use.
type GraphBuilder struct {
	mu      sync.Mutex
	g       Graph
	parents []pack.ID
	counts  []uint32
}

// NewGraphBuilder returns an empty builder.
func NewGraphBuilder() *GraphBuilder { return &GraphBuilder{} }

// Add adds one commit; an id that was added before is left alone.
func (b *GraphBuilder) Add(id pack.ID, c *Commit) {
	date := committed(c.CommitterLine)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.g.ids = append(b.g.ids, id)
	b.g.trees = append(b.g.trees, c.Tree)
	b.g.dates = append(b.g.dates, date)
	b.parents = append(b.parents, c.Parents...)
	b.counts = append(b.counts, uint32(len(c.Parents)))
}

// committed returns the date of a committer's line in Unix seconds, as [ParsePerson] reads it, or noDate.
func committed(line []byte) int64 {
	last := bytes.LastIndexByte(line, '>')
	if last < 0 || bytes.IndexByte(line, '<') < 0 {
		return noDate
	}
	// Nearly always that is a space, ten digits, a space and the zone, which does not matter here.
	if rest := line[last+1:]; len(rest) > 12 && rest[0] == ' ' && rest[11] == ' ' {
		seconds, digits := int64(0), true
		for _, c := range rest[1:11] {
			digits = digits && c >= '0' && c <= '9'
			seconds = seconds*10 + int64(c-'0')
		}
		if digits {
			return seconds
		}
	}
	if when := ParsePerson(line).When; !when.IsZero() {
		return when.Unix()
	}
	return noDate
}

// Graph links the commits. The builder must not be used afterwards.
func (b *GraphBuilder) Graph() *Graph {
	g := &b.g
	b.index()
	g.first = make([]uint32, 1, len(g.ids)+1)
	g.parents = make([]uint32, 0, len(b.parents))
	g.missing = map[pack.ID]uint32{}
	next := b.parents
	for child, count := range b.counts {
		for _, id := range next[:count] {
			if i, found := g.number(id); found {
				g.parents = append(g.parents, i)
			} else {
				g.missing[id] = uint32(child)
			}
		}
		next = next[count:]
		g.first = append(g.first, uint32(len(g.parents)))
	}
	b.parents, b.counts = nil, nil
	g.sort()
	return g
}

// index makes the commits' ids known and drops those that were added twice.
func (b *GraphBuilder) index() {
	g := &b.g
	g.index = newIDIndex(len(g.ids))
	kept, parents := 0, b.parents[:0]
	next := b.parents
	for i, id := range g.ids {
		own := next[:b.counts[i]]
		next = next[b.counts[i]:]
		if !g.index.add(id, g.ids[:kept]) {
			continue
		}
		g.ids[kept], g.trees[kept], g.dates[kept], b.counts[kept] = id, g.trees[i], g.dates[i], b.counts[i]
		parents = append(parents, own...)
		kept++
	}
	g.ids, g.trees, g.dates = g.ids[:kept], g.trees[:kept], g.dates[:kept]
	b.counts, b.parents = b.counts[:kept], parents
}

// number returns the number of a commit.
func (g *Graph) number(id pack.ID) (uint32, bool) { return g.index.find(id, g.ids) }

// idIndex finds ids in a list. It is a hash table of positions plus one, smaller and faster than a map. Its key is chosen
// anew each time, because nobody checks that what a store calls a commit has that hash.
type idIndex struct {
	seed  maphash.Seed
	slots []uint32
}

func newIDIndex(n int) idIndex {
	return idIndex{maphash.MakeSeed(), make([]uint32, 2<<bits.Len(uint(n)))}
}

// slot returns the slot of an id, or the empty one where it belongs.
func (x *idIndex) slot(id pack.ID, ids []pack.ID) *uint32 {
	var raw [32]byte
	mask := uint64(len(x.slots) - 1)
	for h := maphash.Bytes(x.seed, id.AppendTo(raw[:0])); ; h++ {
		if s := &x.slots[h&mask]; *s == 0 || ids[*s-1] == id {
			return s
		}
	}
}

// add puts an id behind those of the list; false if it is one of them.
func (x *idIndex) add(id pack.ID, ids []pack.ID) bool {
	s := x.slot(id, ids)
	if *s != 0 {
		return false
	}
	*s = uint32(len(ids)) + 1
	return true
}

func (x *idIndex) find(id pack.ID, ids []pack.ID) (uint32, bool) {
	if len(ids) == 0 {
		return 0, false
	}
	s := *x.slot(id, ids)
	return s - 1, s != 0
}

// sort fills in order. Commits on a circle, which only a store that lies about ids can have, come last.
func (g *Graph) sort() {
	children, first := g.children()
	waiting := make([]uint32, len(g.ids))
	g.order = make([]uint32, 0, len(g.ids))
	for i := range g.ids {
		waiting[i] = g.first[i+1] - g.first[i]
		if waiting[i] == 0 {
			g.order = append(g.order, uint32(i))
		}
	}
	for done := 0; done < len(g.order); done++ {
		i := g.order[done]
		for _, child := range children[first[i]:first[i+1]] {
			if waiting[child]--; waiting[child] == 0 {
				g.order = append(g.order, child)
			}
		}
	}
	if g.circle = len(g.order) < len(g.ids); !g.circle {
		return
	}
	for i := range g.ids {
		if waiting[i] > 0 {
			g.order = append(g.order, uint32(i))
		}
	}
}

// children returns the reverse of parents: children[first[i]:first[i+1]] are those of commit i.
func (g *Graph) children() (children, first []uint32) {
	first = make([]uint32, len(g.ids)+2)
	for _, p := range g.parents {
		first[p+2]++
	}
	for i := 2; i < len(first); i++ {
		first[i] += first[i-1]
	}
	children = make([]uint32, len(g.parents))
	for i := range g.ids {
		for _, p := range g.parentsOf(uint32(i)) {
			children[first[p+1]] = uint32(i)
			first[p+1]++
		}
	}
	return children, first[:len(g.ids)+1]
}

func (g *Graph) parentsOf(i uint32) []uint32 { return g.parents[g.first[i]:g.first[i+1]] }

// Len returns the number of commits.
func (g *Graph) Len() int { return len(g.ids) }

// Has reports whether id is one of the commits.
func (g *Graph) Has(id pack.ID) bool {
	_, found := g.number(id)
	return found
}

// ReadGraph reads every commit of the store, with workers goroutines (0 means one per processor). Commits that cannot
// be read go to gap. The error is that of ctx, or says that nothing could be read.
func (r *Repository) ReadGraph(ctx context.Context, workers int, gap Gap) (*Graph, error) {
	builder := NewGraphBuilder()
	visit := func(_ int, o *pack.Object) error {
		c, err := ParseCommit(o.Data)
		if err != nil {
			gap("commits", o.ID.String(), err)
			return nil
		}
		builder.Add(o.ID, c)
		return nil
	}
	if err := r.each(ctx, pack.Commit, workers, visit, gap); err != nil {
		return nil, fmt.Errorf("read commits: %w", err)
	}
	return builder.Graph(), nil
}

// each visits every object of one type.
func (r *Repository) each(
	ctx context.Context, of pack.Type, workers int, visit func(int, *pack.Object) error, gap Gap,
) error {
	store, err := r.Objects()
	if err != nil {
		return err
	}
	opt := pack.EachOptions{Types: []pack.Type{of}, Workers: workers}
	return store.Each(ctx, opt, visit, func(p pack.Problem) { gap(Plural(p.What), p.Name, p.Err) })
}

// has reports whether the store has an object. git knows the empty tree by heart and need not store it.
func (r *Repository) has(id pack.ID) bool {
	store, err := r.objects()
	return err == nil && (store.Has(id) || id == emptyTree(r.Format()))
}

func emptyTree(format pack.Format) pack.ID {
	const object = "tree 0\x00"
	var id pack.ID
	if format == pack.SHA256 {
		sum := sha256.Sum256([]byte(object))
		id, _ = pack.IDFromBytes(sum[:])
	} else {
		sum := sha1.Sum([]byte(object)) //nolint:gosec // git's own name for it
		id, _ = pack.IDFromBytes(sum[:])
	}
	return id
}

// Plural returns the plural of what a [pack.Problem] names.
func Plural(what string) string {
	switch what {
	case "directory":
		return "directories"
	case "index":
		return "indexes"
	}
	return what + "s"
}
