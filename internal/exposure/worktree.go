package exposure

import (
	"context"
	"crypto/sha1" //nolint:gosec // git's own names of objects
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/internal/repo"
)

// Bounds on the files of work trees that are compared with what holds a secret, in bytes.
const (
	maxWorkFile  = 64 << 20
	maxWorkFiles = 1 << 30
)

// workTrees finds what indexes and the files of work trees have of the secrets.
func (s *survey) workTrees(ctx context.Context) error {
	tops := map[string]repo.Worktree{}
	for _, w := range s.repo.Worktrees() {
		tops[w.Index] = w
	}
	at := map[string][]int{} // subjects that were at a path in any commit
	for i, sub := range s.subjects {
		for _, f := range sub.findings {
			if p := f.Location.Path; p != "" && f.Location.Submodule == "" {
				at[p] = append(at[p], i)
			}
		}
	}
	c := &comparison{s: s, left: maxWorkFiles}
	for _, idx := range s.repo.Indexes(ctx, s.gap) {
		tree := tops[idx.Name]
		for _, e := range idx.Undo {
			c.index(tree, e)
		}
		for _, e := range idx.Entries {
			c.index(tree, e)
			if len(s.byBlob[e.ID]) > 0 || len(at[e.Path]) > 0 {
				c.file(tree, e)
			}
		}
		if err := errors.Join(ctx.Err(), c.close()); err != nil {
			return err
		}
	}
	return nil
}

// comparison compares the files of one work tree after the other.
type comparison struct {
	s    *survey
	root *os.Root
	top  string
	left int64
}

// index adds the holders that an entry of an index is.
func (c *comparison) index(tree repo.Worktree, e repo.IndexEntry) {
	for _, n := range c.s.byBlob[e.ID] {
		c.s.subjects[n].add(Holder{Index, c.name(tree, e.Path), ""}, c.s.most())
	}
}

// name is the path of a file of this work tree below its top, and the absolute one in another.
func (c *comparison) name(tree repo.Worktree, path string) string {
	switch {
	case tree.Prefix == "":
		return c.s.text(path)
	case tree.Path == "":
		return c.s.text(tree.Prefix + path)
	}
	return c.s.text(filepath.Join(tree.Path, filepath.FromSlash(path)))
}

// file adds the holder that a file of the work tree is, if it is just what a blob with a secret is.
func (c *comparison) file(tree repo.Worktree, e repo.IndexEntry) {
	if tree.Path == "" || repo.IsTree(e.Mode) || repo.IsGitlink(e.Mode) {
		return
	}
	id, err := c.hash(tree.Path, e.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return
	case err != nil:
		c.s.note("files of the work tree", c.name(tree, e.Path), err.Error()+"; `skant scan` tells whether it holds a secret")
		return
	}
	for _, n := range c.s.byBlob[id] {
		c.s.subjects[n].add(Holder{WorkFile, c.name(tree, e.Path), ""}, c.s.most())
	}
	if len(c.s.byBlob[id]) == 0 && id != e.ID {
		c.s.note("files of the work tree", c.name(tree, e.Path), "not what is committed; `skant scan` tells whether it holds a secret")
	}
}

// hash returns the id of the blob that a file would be. No link is followed out of the work tree.
func (c *comparison) hash(top, path string) (pack.ID, error) {
	if c.root == nil || c.top != top {
		if err := c.close(); err != nil {
			return pack.ID{}, err
		}
		root, err := os.OpenRoot(top)
		if err != nil {
			return pack.ID{}, err
		}
		c.root, c.top = root, top
	}
	name := filepath.FromSlash(path)
	if !filepath.IsLocal(name) {
		return pack.ID{}, errors.New("not a path below the work tree")
	}
	info, err := c.root.Lstat(name)
	switch {
	case err != nil:
		return pack.ID{}, plain(err)
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := c.root.Readlink(name)
		if err != nil {
			return pack.ID{}, plain(err)
		}
		h := c.newHash(int64(len(target)))
		_, _ = io.WriteString(h, target) // a hash never fails
		return sum(h)
	case !info.Mode().IsRegular():
		return pack.ID{}, errors.New("not a regular file")
	case info.Size() > maxWorkFile || info.Size() > c.left:
		return pack.ID{}, errors.New("too large to be compared")
	}
	c.left -= info.Size()
	f, err := c.root.Open(name)
	if err != nil {
		return pack.ID{}, plain(err)
	}
	defer f.Close() //nolint:errcheck // Nothing was written.
	h := c.newHash(info.Size())
	if n, err := io.Copy(h, io.LimitReader(f, info.Size()+1)); err != nil || n != info.Size() {
		return pack.ID{}, errors.New("it changed while it was read, or cannot be read")
	}
	return sum(h)
}

// plain takes the path out of an error, which is named beside it.
func plain(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

func (c *comparison) newHash(size int64) hash.Hash {
	h := sha1.New() //nolint:gosec // git's own names of objects
	if c.s.repo.Format() == pack.SHA256 {
		h = sha256.New()
	}
	_, _ = fmt.Fprintf(h, "blob %d\x00", size) // a hash never fails
	return h
}

func sum(h hash.Hash) (pack.ID, error) {
	id, ok := pack.IDFromBytes(h.Sum(nil))
	if !ok {
		return pack.ID{}, errors.New("its id cannot be worked out")
	}
	return id, nil
}

func (c *comparison) close() error {
	if c.root == nil {
		return nil
	}
	root := c.root
	c.root = nil
	return root.Close()
}
