package repo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/skant-dev/skant/internal/pack"
)

// Ref is a name for an object.
type Ref struct {
	// Name is the full name: "refs/heads/main", "HEAD", "MERGE_HEAD". What belongs to another worktree is named as git
	// does: "worktrees/NAME/HEAD", "main-worktree/HEAD".
	Name string
	// ID is the object, a tag object for an annotated tag; zero if it cannot be told, or if Symbolic is not born yet.
	ID pack.ID
	// Symbolic is the name of the ref that this one stands for; empty for most.
	Symbolic string
	// Peeled is what an annotated tag finally names, if it is one and its object could be read.
	Peeled pack.ID
	// Problem says what is wrong with it, for example that its object is missing; empty if nothing is.
	Problem string
}

// Bounds on refs.
const (
	maxRefs       = 5_000_000
	maxRefDepth   = 64
	maxSymbolic   = 5
	maxPackedRefs = 2 << 30
	maxRefFile    = 4096
	maxPeel       = 16
)

// Refs returns every ref of the repository sorted by name: loose and packed ones, HEAD and pseudo refs such as
// FETCH_HEAD (one entry for each line), and those of all linked worktrees. A ref that is malformed, or whose object is
// missing, is returned with its Problem.
func (r *Repository) Refs() ([]Ref, error) {
	var refs []Ref
	var err error
	if r.settings.reftable {
		refs, err = r.refsWithGit(context.Background())
	} else {
		refs, err = r.refsFromFiles()
	}
	if err != nil {
		return nil, err
	}
	if err := r.checkTargets(refs); err != nil {
		return nil, err
	}
	slices.SortStableFunc(refs, func(a, b Ref) int { return strings.Compare(a.Name, b.Name) })
	return refs, nil
}

func (r *Repository) refsFromFiles() ([]Ref, error) {
	packed, err := r.packedRefs()
	if err != nil {
		return nil, err
	}
	c := refCollector{byName: make(map[string]int, len(packed))}
	for _, ref := range packed {
		c.add(ref)
	}
	if err := c.walk(r.at.commonDir, "refs", ""); err != nil {
		return nil, err
	}
	for _, w := range r.worktrees() {
		if err := c.pseudo(w.dir, w.prefix); err != nil {
			return nil, err
		}
		if w.dir == r.at.commonDir {
			continue
		}
		if err := c.walk(w.dir, "refs", w.prefix); err != nil {
			return nil, err
		}
	}
	c.resolve(r)
	return c.refs, nil
}

// worktree is one git directory and what the names of its own refs start with.
type worktree struct{ dir, prefix string }

// worktrees lists the git directories of this worktree, of the main one, and of all linked ones.
func (r *Repository) worktrees() []worktree {
	all := []worktree{{r.at.gitDir, ""}}
	if r.at.gitDir != r.at.commonDir {
		all = append(all, worktree{r.at.commonDir, "main-worktree/"})
	}
	dir := filepath.Join(r.at.commonDir, "worktrees")
	entries, err := os.ReadDir(dir)
	if err != nil {
		return all
	}
	for _, e := range entries {
		own := filepath.Join(dir, e.Name())
		if e.IsDir() && own != r.at.gitDir {
			all = append(all, worktree{own, "worktrees/" + e.Name() + "/"})
		}
	}
	return all
}

// refCollector gathers refs; a loose one replaces a packed one of the same name.
type refCollector struct {
	refs   []Ref
	byName map[string]int
}

func (c *refCollector) add(ref Ref) {
	if i, ok := c.byName[ref.Name]; ok {
		c.refs[i] = ref
		return
	}
	c.byName[ref.Name] = len(c.refs)
	c.refs = append(c.refs, ref)
}

// walk reads the loose refs below dir/name. A symbolic link to a folder is not followed.
func (c *refCollector) walk(dir, name, prefix string) error {
	if strings.Count(name, "/") > maxRefDepth || len(c.refs) > maxRefs {
		return fmt.Errorf("read refs of %q: more than %d of them, or nested more than %d deep", dir, maxRefs, maxRefDepth)
	}
	entries, err := os.ReadDir(filepath.Join(dir, filepath.FromSlash(name)))
	if absent(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read refs: %w", err)
	}
	for _, e := range entries {
		full := name + "/" + e.Name()
		switch {
		case e.IsDir():
			if err := c.walk(dir, full, prefix); err != nil {
				return err
			}
		case strings.HasSuffix(full, ".lock"):
		default:
			c.add(looseRef(filepath.Join(dir, filepath.FromSlash(full)), prefix+full))
		}
	}
	return nil
}

// pseudo reads HEAD, FETCH_HEAD and the like: files of a git directory in capital letters that hold ids.
func (c *refCollector) pseudo(dir, prefix string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("read refs: %w", err)
	}
	for _, e := range entries {
		name := e.Name()
		switch {
		case name == "FETCH_HEAD" || name == "MERGE_HEAD":
			c.refs = append(c.refs, refLines(filepath.Join(dir, name), prefix+name)...)
		case name == "HEAD" || name == "AUTO_MERGE" || name == "MERGE_AUTOSTASH" || isPseudo(name):
			c.add(looseRef(filepath.Join(dir, name), prefix+name))
		case e.IsDir() && (name == "rebase-merge" || name == "rebase-apply"):
			c.rebase(filepath.Join(dir, name), prefix+name)
		}
	}
	return nil
}

// rebase reads what a rebase that is under way keeps: the branch as it was, and changes that it put aside.
func (c *refCollector) rebase(dir, name string) {
	for _, file := range []string{"autostash", "orig-head"} {
		path := filepath.Join(dir, file)
		if _, err := os.Lstat(path); err == nil {
			c.add(looseRef(path, name+"/"+file))
		}
	}
}

func isPseudo(name string) bool {
	return strings.HasSuffix(name, "_HEAD") && strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == ""
}

// looseRef reads a file that holds "ID" or "ref: NAME". What else it may hold is never quoted: a link may lead anywhere.
func looseRef(file, name string) Ref {
	ref := Ref{Name: name}
	data, err := readRefFile(file)
	if err != nil {
		ref.Problem = "cannot be read: " + cause(err)
		return ref
	}
	if target, ok := bytes.CutPrefix(data, []byte("ref:")); ok {
		target = bytes.TrimSpace(target)
		if !validRefName(string(target)) {
			ref.Problem = "stands for something that is no ref name"
			return ref
		}
		ref.Symbolic = string(target)
		return ref
	}
	// git takes anything after a space or line end for a comment.
	text, _, _ := bytes.Cut(data, []byte("\n"))
	text, _, _ = bytes.Cut(text, []byte(" "))
	id, err := pack.ParseID(string(bytes.TrimSpace(text)))
	if err != nil {
		ref.Problem = "holds no object id"
		return ref
	}
	ref.ID = id
	return ref
}

// readRefFile reads a small regular file with as few system calls as will do: there may be 100,000 of them.
func readRefFile(file string) ([]byte, error) {
	f, err := openRegular(file)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // nothing was written
	buf := make([]byte, maxRefFile)
	n, err := f.Read(buf)
	if n == 0 && err != nil {
		return nil, errors.New("empty")
	}
	return buf[:n], nil
}

// cause is what went wrong without the path.
func cause(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	return err.Error()
}

// refLines reads a file with an id at the start of each line.
func refLines(file, name string) []Ref {
	data, err := readFile(file, maxConfig)
	if err != nil {
		return []Ref{{Name: name, Problem: "cannot be read: " + cause(err)}}
	}
	var refs []Ref
	for line := range bytes.Lines(data) {
		text, _, _ := bytes.Cut(bytes.TrimSpace(line), []byte("\t"))
		if id, err := pack.ParseID(string(text)); err == nil {
			refs = append(refs, Ref{Name: name, ID: id})
		} else {
			refs = append(refs, Ref{Name: name, Problem: "holds a line without an object id"})
		}
	}
	return refs
}

// validRefName keeps a symbolic ref inside the git directory.
func validRefName(name string) bool {
	return strings.HasPrefix(name, "refs/") && path.Clean(name) == name && !strings.Contains(name, "..") &&
		!strings.ContainsAny(name, "\x00\n\\")
}

// resolve follows symbolic refs. One whose target does not exist stays without an id: a branch before its first commit.
func (c *refCollector) resolve(r *Repository) {
	for i := range c.refs {
		ref := &c.refs[i]
		target := ref.Symbolic
		for hops := 0; target != ""; hops++ {
			if hops == maxSymbolic {
				ref.Problem = "symbolic refs in a circle"
				break
			}
			j, ok := c.byName[c.own(ref.Name, target)]
			if !ok {
				break
			}
			ref.ID, ref.Peeled, target = c.refs[j].ID, c.refs[j].Peeled, c.refs[j].Symbolic
		}
	}
}

// own finds a target in the same worktree first, where refs/bisect and refs/worktree are.
func (c *refCollector) own(name, target string) string {
	prefix := ""
	if i := strings.LastIndexByte(name, '/'); i >= 0 && !strings.HasPrefix(name, "refs/") {
		prefix = name[:i+1]
	}
	if _, ok := c.byName[prefix+target]; ok {
		return prefix + target
	}
	return target
}

// checkTargets looks every object up, once, and follows annotated tags that packed-refs did not follow.
func (r *Repository) checkTargets(refs []Ref) error {
	store, err := r.objects()
	if err != nil {
		return err
	}
	known := make(map[pack.ID]bool, len(refs))
	for i := range refs {
		ref := &refs[i]
		if ref.ID.IsZero() {
			continue
		}
		has, checked := known[ref.ID]
		if !checked {
			has = store.Has(ref.ID)
			known[ref.ID] = has
		}
		switch {
		case !has:
			ref.Problem = "its object is missing"
		case ref.Peeled.IsZero() && strings.Contains(ref.Name, "refs/tags/"):
			ref.Peeled = r.peel(ref.ID)
		}
	}
	return nil
}

// peel returns what a chain of tag objects ends in, or zero for an object that is no tag.
func (r *Repository) peel(id pack.ID) pack.ID {
	store, err := r.objects()
	if err != nil {
		return pack.ID{}
	}
	for hops := range maxPeel {
		kind, _, err := store.Stat(id)
		if err != nil {
			return pack.ID{}
		}
		if kind != pack.Tag {
			if hops == 0 {
				return pack.ID{}
			}
			return id
		}
		data, err := r.object(id, pack.Tag)
		if err != nil {
			return pack.ID{}
		}
		tag, err := ParseTag(data)
		if err != nil {
			return pack.ID{}
		}
		id = tag.Object
	}
	return pack.ID{}
}
