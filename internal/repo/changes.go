package repo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/skant-dev/skant/internal/pack"
)

// Version is a file in one tree. The zero value means that the tree has no such file.
type Version struct {
	Mode uint32
	ID   pack.ID
}

// Change is a path whose content differs from that of every parent.
type Change struct {
	// Path is relative to the top of the work tree, with slashes; any bytes but NUL.
	Path string
	Version
	// Stage is that of the index entry: 0, or 2 or 3 for one side of a merge conflict.
	Stage uint8

	// old has the version at the same path in each parent.
	old []Version
	// kept is the length of the part of Path, up to a slash, that is a folder in a parent.
	kept int
}

// NewPath reports whether no parent has anything at the path. It has to be asked before origins are looked for, since a file that was
// moved there has one.
func (c *Change) NewPath() bool {
	return !slices.ContainsFunc(c.old, func(v Version) bool { return !v.ID.IsZero() })
}

// KeptFolder is the length of the part of the path, with its last slash, that was the name of a folder before, in any parent; 0 if none was.
func (c *Change) KeptFolder() int { return c.kept }

// Problem is something that could not be read, for the receipt of a scan.
type Problem struct {
	// What is the sort of thing in the plural: "commits", "trees".
	What string
	// Reason says why and what to do about it.
	Reason string
	// Item is an id or a path; may be empty.
	Item string
}

// ChangeSet is what the index or one commit changes, compared with all parents at once.
type ChangeSet struct {
	// Commit is nil for the index.
	Commit *Commit
	// Moved are files that came to a new path without a change, which are not among Changes.
	Moved []Change
	// Changes are in the order of the index or the trees.
	Changes []Change
	// Problems are trees that could not be read: what is below them is missing from Changes if it is the commit's own
	// tree, and counts as new if it is a parent's.
	Problems []Problem

	repo    *Repository
	parents int
	// apart is that of [Repository.KeepApart].
	apart func(from, to string) bool
	// removed has, for each parent, the files and folders that it has and the new side has not.
	removed [][]removal
	renames sync.Once
}

// removal is a path that is gone. A folder stands for everything below it.
type removal struct {
	path string
	Version
}

// Bounds of one change set. A tree can name itself twice on every level, so that a few objects make any number of
// paths.
const (
	maxChanges = 1 << 20
	// All commits of a range together, so that many such commits do not fill the memory either.
	maxRangeChanges = 4 << 20
	maxFolders      = 1 << 20
	maxPath         = 1 << 16
)

// errTooMuch ends a comparison that has hit one of those bounds.
var errTooMuch = errors.New("more changes than can be compared")

// differ compares a new side, the index or a tree, with the trees of all parents, and fills in a change set.
type differ struct {
	ctx context.Context //nolint:containedctx // one differ lives as long as one call
	set *ChangeSet
	// recent are trees that may be met again; nil for a comparison that meets each of its trees once. Their entries are in
	// open then, those of a folder behind those of the folders around it, as long as the folder is compared.
	recent  *treeCache
	open    []TreeEntry
	folders int
	// kept is the length of the prefix of the innermost folder around the compared one, or of that itself, that a parent has.
	kept int
	// total counts the changes of all sets of a range.
	total    *atomic.Int64
	versions []Version
}

// newChangeSet compares nothing yet.
func (r *Repository) newChangeSet(parents int) *ChangeSet {
	return &ChangeSet{repo: r, parents: parents, removed: make([][]removal, parents), apart: r.apart}
}

// tree compares the tree id, at the path prefix, with the parents' trees at the same path; a zero id in olds means
// that a parent has no folder there. A subtree that is the same in any parent holds no change.
func (d *differ) tree(prefix string, id pack.ID, olds []pack.ID, depth int) error {
	if slices.Contains(olds, id) {
		return nil
	}
	if err := d.enter(prefix, depth); err != nil {
		return err
	}
	defer d.leave(len(d.open), d.kept)
	entries := d.read(id, prefix, false)
	old := d.readOld(prefix, olds)
	for i := range entries {
		e := &entries[i]
		if IsTree(e.Mode) {
			sub := prefix + string(e.Name) + "/"
			if err := d.tree(sub, e.ID, old.trees(e.Name), depth+1); err != nil {
				return err
			}
			continue
		}
		if err := d.leaf(Change{Path: prefix + string(e.Name), Version: Version{e.Mode, e.ID}}, d.files(old, e.Name)); err != nil {
			return err
		}
	}
	d.remove(prefix, old)
	return nil
}

// index compares entries lo to hi of the index, which all start with prefix, with the parents' trees at that path.
func (d *differ) index(x *index, prefix string, lo, hi int, node *cacheTree, olds []pack.ID, depth int) error {
	if node.is(hi-lo, olds) {
		return nil
	}
	if err := d.enter(prefix, depth); err != nil {
		return err
	}
	defer d.leave(len(d.open), d.kept)
	old := d.readOld(prefix, olds)
	known := node.folders()
	for lo < hi {
		path := x.path(lo)
		rest := path[len(prefix):]
		slash := bytes.IndexByte(rest, '/')
		if slash < 0 {
			if err := d.indexLeaf(x, lo, d.files(old, rest)); err != nil {
				return err
			}
			lo++
			continue
		}
		name, sub := rest[:slash], path[:len(prefix)+slash+1]
		var err error
		end := lo + 1
		if len(sub) == len(path) && IsTree(x.entry(lo).Mode) {
			// A folder outside of a sparse checkout, kept as one entry.
			err = d.tree(string(sub), x.entry(lo).ID, old.trees(name), depth+1)
		} else {
			folder := known[string(name)]
			end = x.folderEnd(sub, lo, hi, folder)
			if trees := old.trees(name); !folder.is(end-lo, trees) {
				err = d.index(x, string(sub), lo, end, folder, trees, depth+1)
			}
		}
		if err != nil {
			return err
		}
		lo = end
	}
	d.remove(prefix, old)
	return nil
}

// folderEnd returns where the entries from lo on end that start with prefix; there are none from hi on. What is known of
// the folder says where to look first.
func (x *index) folderEnd(prefix []byte, lo, hi int, known *cacheTree) int {
	in := func(i int) bool { return i < hi && bytes.HasPrefix(x.path(i), prefix) }
	if known != nil && known.count > 0 && known.count <= hi-lo && in(lo+known.count-1) && !in(lo+known.count) {
		return lo + known.count
	}
	return lo + sort.Search(hi-lo, func(i int) bool { return !in(lo + i) })
}

// indexLeaf compares one entry. The common ancestor of a conflict is nothing that a commit could add, and neither is
// an entry that is only intended to be added.
func (d *differ) indexLeaf(x *index, i int, old []Version) error {
	e := x.entry(i)
	if e.Stage == 1 || e.IntentToAdd || slices.ContainsFunc(old, func(v Version) bool { return v.ID == e.ID }) {
		return nil
	}
	return d.leaf(Change{Path: string(x.path(i)), Version: Version{e.Mode, e.ID}, Stage: e.Stage}, old)
}

func (d *differ) leaf(c Change, old []Version) error {
	for _, v := range old {
		if v.ID == c.ID {
			return nil
		}
	}
	if len(d.set.Changes) == maxChanges {
		return fmt.Errorf("%w: more than %d changed paths in one commit", errTooMuch, maxChanges)
	}
	if d.total.Add(1) > maxRangeChanges {
		return fmt.Errorf("%w: more than %d changed paths in the range", errTooMuch, maxRangeChanges)
	}
	c.old, c.kept = slices.Clone(old), d.kept
	d.set.Changes = append(d.set.Changes, c)
	return nil
}

// enter counts a folder and checks the bounds.
func (d *differ) enter(prefix string, depth int) error {
	if err := d.ctx.Err(); err != nil {
		return err
	}
	d.folders++
	switch {
	case d.folders > maxFolders:
		return fmt.Errorf("%w: more than %d changed folders", errTooMuch, maxFolders)
	case depth > maxDepth:
		return fmt.Errorf("%w: folders nested more than %d deep", errTooMuch, maxDepth)
	case len(prefix) > maxPath:
		return fmt.Errorf("%w: a path longer than %d bytes", errTooMuch, maxPath)
	}
	return nil
}

// leave forgets the entries of a folder that was compared, and goes back to what was kept of the path around it.
func (d *differ) leave(open, kept int) { d.open, d.kept = d.open[:open], kept }

// read parses a tree and sorts its entries by name. What cannot be read becomes a problem of the set.
func (d *differ) read(id pack.ID, prefix string, parent bool) []TreeEntry {
	side := "what it holds was not compared"
	if parent {
		side = "everything in it counts as new"
	}
	if d.recent != nil {
		if entries, ok := d.recent.get(id); ok {
			return entries
		}
	}
	data, err := d.set.repo.Tree(id)
	if err != nil {
		d.problem(d.set.repo.Explain(err)+"; "+side, id, prefix)
		return nil
	}
	var entries []TreeEntry
	if d.recent == nil {
		entries = d.open[len(d.open):]
	} else {
		entries = make([]TreeEntry, 0, len(data)/40)
	}
	whole := true
	for e, err := range ParseTree(data, d.set.repo.settings.format.Size()) {
		if err != nil {
			d.problem("malformed tree entry; `git fsck` shows more", id, prefix)
			whole = false
			continue
		}
		entries = append(entries, e)
	}
	// git sorts a folder as if its name ended with a slash. Sorting by the bare name needs few moves then, and also
	// sets a hostile tree straight.
	if !slices.IsSortedFunc(entries, compareNames) {
		slices.SortStableFunc(entries, compareNames)
	}
	if d.recent == nil {
		d.open = append(d.open, entries...) // in place unless they had to be moved
		return entries[:len(entries):len(entries)]
	}
	// A tree with a problem is read each time it is met, so that each place is reported.
	if whole {
		d.recent.put(id, entries, len(data))
	}
	return entries
}

func compareNames(a, b TreeEntry) int { return bytes.Compare(a.Name, b.Name) }

func (d *differ) problem(reason string, id pack.ID, prefix string) {
	item := id.String()
	if prefix != "" {
		item += " " + strings.TrimSuffix(prefix, "/")
	}
	d.set.Problems = append(d.set.Problems, Problem{What: "trees", Reason: reason, Item: item})
}

// treeCache keeps the trees that were read last: the commits of a range have most of theirs in common. It is safe for
// concurrent use; the zero value is ready.
type treeCache struct {
	mu    sync.Mutex
	trees map[pack.ID][]TreeEntry
	size  int
}

// maxTreeCache bounds what is kept, in bytes of tree objects.
const maxTreeCache = 16 << 20

func (t *treeCache) get(id pack.ID) ([]TreeEntry, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	entries, ok := t.trees[id]
	return entries, ok
}

func (t *treeCache) put(id pack.ID, entries []TreeEntry, size int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.trees == nil || t.size+size > maxTreeCache {
		t.trees, t.size = map[pack.ID][]TreeEntry{}, 0
	}
	t.trees[id] = entries
	t.size += size
}

// oldFolders is one folder as each parent has it; nil where a parent has none.
type oldFolders []*oldFolder

type oldFolder struct {
	entries []TreeEntry
	// met marks the entries that the new side has too.
	met []bool
}

func (d *differ) readOld(prefix string, ids []pack.ID) oldFolders {
	old := make(oldFolders, len(ids))
	for i, id := range ids {
		if id.IsZero() {
			continue
		}
		d.kept = len(prefix)
		if first := slices.Index(ids, id); first < i {
			old[i] = old[first]
			continue
		}
		entries := d.read(id, prefix, true)
		old[i] = &oldFolder{entries, make([]bool, len(entries))}
	}
	return old
}

// find returns the entry of that name which is a tree or is none.
func (f *oldFolder) find(name []byte, tree bool) (TreeEntry, bool) {
	if f == nil {
		return TreeEntry{}, false
	}
	i := sort.Search(len(f.entries), func(i int) bool { return bytes.Compare(f.entries[i].Name, name) >= 0 })
	for ; i < len(f.entries) && bytes.Equal(f.entries[i].Name, name); i++ {
		if IsTree(f.entries[i].Mode) == tree {
			f.met[i] = true
			return f.entries[i], true
		}
	}
	return TreeEntry{}, false
}

// trees returns the ids of the folder of that name in each parent.
func (o oldFolders) trees(name []byte) []pack.ID {
	ids := make([]pack.ID, len(o))
	for i, f := range o {
		if e, ok := f.find(name, true); ok {
			ids[i] = e.ID
		}
	}
	return ids
}

// files returns the file of that name in each parent, in a slice that the next call uses again.
func (d *differ) files(o oldFolders, name []byte) []Version {
	d.versions = d.versions[:0]
	for _, f := range o {
		e, _ := f.find(name, false)
		d.versions = append(d.versions, Version{e.Mode, e.ID})
	}
	return d.versions
}

// remove notes what the parents have in this folder and the new side has not.
func (d *differ) remove(prefix string, old oldFolders) {
	for p, f := range old {
		if f == nil {
			continue
		}
		for i, e := range f.entries {
			if !f.met[i] && !IsGitlink(e.Mode) && len(d.set.removed[p]) < maxChanges {
				d.set.removed[p] = append(d.set.removed[p], removal{prefix + string(e.Name), Version{e.Mode, e.ID}})
			}
		}
	}
}

// Explain turns an error about an object into a clause with the remedy.
func (r *Repository) Explain(err error) string {
	var large *pack.TooLargeError
	switch {
	case errors.As(err, &large) && large.Limit >= maxHeld:
		return "too large to be held in memory as it is stored; search it with `git cat-file -p ID | skant scan -`"
	case errors.As(err, &large):
		return "larger than the limit; raise --max-size"
	case errors.Is(err, pack.ErrNotFound) && r.partial():
		return "not in this partial clone; fetch everything with `git fetch --refetch --no-filter`"
	case errors.Is(err, pack.ErrNotFound):
		return "missing from the object store; `git fsck` shows more, a fresh clone may have it"
	default:
		return "damaged in the object store; `git fsck` shows more, a fresh clone may have it"
	}
}

// partial reports whether objects may be missing on purpose.
func (r *Repository) partial() bool {
	if r.settings.promisor {
		return true
	}
	store, err := r.objects()
	return err == nil && store.Promisor()
}
