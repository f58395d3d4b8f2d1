package repo

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/skant-dev/skant/internal/pack"
)

// TreeFile is one file of a commit's tree.
type TreeFile struct {
	Mode uint32
	ID   pack.ID
}

// FileAt finds the file at a path of a commit, with slashes and relative to the top. No link is followed: neither a symbolic
// link, which has [ModeSymlink], nor one in the place of a folder, which makes the path not exist. The error wraps
// [fs.ErrNotExist] if there is no such file, and something else where that cannot be told.
func (r *Repository) FileAt(commit pack.ID, path string) (TreeFile, error) {
	if !fs.ValidPath(path) || path == "." {
		return TreeFile{}, fmt.Errorf("find %q in commit %s: it is no path of a file", path, commit)
	}
	c, err := r.Commit(commit)
	if err != nil {
		return TreeFile{}, fmt.Errorf("find %q in commit %s: %w", path, commit, err)
	}
	at := c.Tree
	for rest, more := path, true; ; {
		var name string
		name, rest, more = strings.Cut(rest, "/")
		entry, err := r.treeEntry(at, name)
		switch {
		case err != nil:
			return TreeFile{}, fmt.Errorf("find %q in commit %s: %w", path, commit, err)
		case !more && !IsTree(entry.Mode) && !IsGitlink(entry.Mode):
			return entry, nil
		case !more || !IsTree(entry.Mode):
			return TreeFile{}, fmt.Errorf("find %q in commit %s: %w", path, commit, fs.ErrNotExist)
		}
		at = entry.ID
	}
}

// treeEntry finds a name in a tree. A tree that has it twice is malformed: it cannot be told which one counts.
func (r *Repository) treeEntry(tree pack.ID, name string) (TreeFile, error) {
	data, err := r.Tree(tree)
	if err != nil {
		return TreeFile{}, err
	}
	var found TreeFile
	count := 0
	for entry, err := range ParseTree(data, r.Format().Size()) {
		if err != nil {
			return TreeFile{}, err
		}
		if string(entry.Name) == name {
			found = TreeFile{Mode: entry.Mode, ID: entry.ID}
			count++
		}
	}
	switch count {
	case 0:
		return TreeFile{}, fs.ErrNotExist
	case 1:
		return found, nil
	default:
		return TreeFile{}, errors.Join(ErrMalformed, fmt.Errorf("tree %s has %q more than once", tree, name))
	}
}
