package source

import (
	"context"
	"os"
	"path/filepath"
	"strings"
)

// maxGitPointer bounds the files in which git notes where its store is.
const maxGitPointer = 8 << 10

// worktree is one git work tree that files are read from.
type worktree struct {
	// root is its top folder, absolute.
	root    string
	tracked func(worktree string) (map[string]bool, error)
	// files and folders are the tracked paths and every folder above one, relative to root, with forward slashes.
	files, folders map[string]bool
	asked          bool
	err            error
}

// findWorktree returns the innermost work tree that folder, absolute, is in; nil if it is in none.
func findWorktree(folder string, tracked func(string) (map[string]bool, error)) *worktree {
	for {
		if worktreeRoot(folder) {
			return &worktree{root: folder, tracked: tracked}
		}
		parent := filepath.Dir(folder)
		if parent == folder {
			return nil
		}
		folder = parent
	}
}

// worktreeRoot reports whether folder has a .git of its own: a store, or the file that points to one.
func worktreeRoot(folder string) bool {
	git := filepath.Join(folder, ".git")
	info, err := os.Lstat(git)
	switch {
	case err != nil:
		return false
	case info.Mode().IsRegular():
		return true
	default:
		return ownStore(git)
	}
}

// ownStore reports whether path, which is named .git, is git's own store.
func ownStore(path string) bool {
	head, err := os.Lstat(filepath.Join(path, "HEAD"))
	return err == nil && !head.IsDir()
}

// bareStore reports whether folder is laid out like a git store, whatever its name.
func bareStore(folder string) bool {
	if !ownStore(folder) {
		return false
	}
	for _, part := range []string{"objects", "refs"} {
		info, err := os.Lstat(filepath.Join(folder, part))
		if err != nil || !info.IsDir() {
			return false
		}
	}
	return true
}

// load asks, once, for the tracked paths.
func (w *worktree) load() error {
	if w.asked {
		return w.err
	}
	w.asked = true
	w.files, w.err = w.tracked(w.root)
	w.folders = map[string]bool{}
	for path := range w.files {
		for i := strings.LastIndexByte(path, '/'); i > 0; i = strings.LastIndexByte(path[:i], '/') {
			if w.folders[path[:i]] {
				break
			}
			w.folders[path[:i]] = true
		}
	}
	return w.err
}

// holds reports whether path, absolute, is tracked or is a folder above something that is. load has succeeded.
func (w *worktree) holds(path string) bool {
	rel := filepath.ToSlash(strings.TrimPrefix(path, folderPrefix(w.root)))
	return w.files[rel] || w.folders[rel]
}

// excludeFile returns the path of the work tree's info/exclude, which stands in the store that all linked work trees
// share. It may not exist.
func (w *worktree) excludeFile(ctx context.Context) string {
	store := filepath.Join(w.root, ".git")
	if target, ok := pointer(ctx, store); ok {
		target = strings.TrimSpace(strings.TrimPrefix(target, "gitdir:"))
		store = against(w.root, target)
	}
	if target, ok := pointer(ctx, filepath.Join(store, "commondir")); ok {
		store = against(store, strings.TrimSpace(target))
	}
	return filepath.Join(store, "info", "exclude")
}

// pointer reads a small regular file that holds a path.
func pointer(ctx context.Context, path string) (string, bool) {
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() {
		return "", false
	}
	data, err := readRegular(ctx, path, info, maxGitPointer, nil)
	return string(data), err == nil
}

func against(folder, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(folder, filepath.FromSlash(path))
}
