package repo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// GitFileKind says what a file of the git directory is for.
type GitFileKind uint8

// The kinds of file.
const (
	// GitText is configuration, a message that is being edited, the state of a rebase: whatever is none of the others.
	GitText GitFileKind = iota
	// GitHook is below hooks, a sample or not.
	GitHook
	// GitReflog is below logs.
	GitReflog
	// GitRef is a loose ref, HEAD and the like, or a leftover of one.
	GitRef
	// GitPackedRefs is the packed-refs file.
	GitPackedRefs
	// GitIndex is an index, or a part or leftover of one.
	GitIndex
	// GitLFSObject is content that git-lfs keeps; its name ends with its SHA-256.
	GitLFSObject
	// GitLooseObject is an object that git was writing when it was interrupted: a zlib stream that may be cut short.
	GitLooseObject
)

// GitFile is one file beside the objects: of the git directory, or of that of a linked worktree.
type GitFile struct {
	// Name is ".git/" and the path below the git directory that all worktrees share, with slashes; any bytes but NUL.
	Name string
	Kind GitFileKind
	// Link is where a symbolic link leads to, which is all that is read of one; empty for a file.
	Link string
	path string
}

// GitNote says that something below the git directory is not among its files: unread says that it should be.
type GitNote func(unread bool, what, reason, item string)

// GitFilesOptions says what of the git directory is walked. The zero value walks everything.
type GitFilesOptions struct {
	// OwnOnly leaves out what belongs to other repositories inside: the stores of submodules.
	OwnOnly bool
	// Store, if not nil, is called with each git directory inside of this one, walked or not: where it is and its name
	// as in [GitFile].
	Store func(path, name string)
}

// Bounds on one walk of a git directory.
const (
	maxGitFiles = 4 << 20
	maxGitDepth = 128
)

var errTooManyGitFiles = fmt.Errorf("more than %d files", maxGitFiles)

// GitFiles calls visit for every file of the git directory that may hold text of its own: all but the object store, the
// binary tables that git makes from it, and refs of which [Repository.Refs] knows all there is. Those of linked worktrees
// and, unless opt says otherwise, of submodules are among them. Symbolic links are not followed.
//
// What is left out goes to note. The error is that of visit or of ctx.
func (r *Repository) GitFiles(ctx context.Context, opt GitFilesOptions, visit func(*GitFile) error, note GitNote) error {
	w := &gitWalk{ctx: ctx, opt: opt, visit: visit, note: note, idLen: 2 * r.settings.format.Size(), lfs: r.lfsObjects(),
		quarantines: map[string]bool{}}
	for _, dir := range r.quarantines {
		w.quarantines[dir] = true
	}
	w.real = realPath(r.at.commonDir)
	if err := w.dotGit(r.at.workTree); err != nil {
		return err
	}
	err := w.folder(gitFolder{path: r.at.commonDir, name: ".git", root: rootOwn})
	if rel, e := filepath.Rel(r.at.commonDir, r.at.gitDir); err == nil && (e != nil || !filepath.IsLocal(rel)) {
		err = w.folder(gitFolder{path: r.at.gitDir, name: ".git", root: rootWorktree})
	}
	if errors.Is(err, errTooManyGitFiles) {
		note(true, "git directory files", err.Error()+"; what comes after them was not read", "")
		err = nil
	}
	return err
}

// gitWalk is one walk.
type gitWalk struct {
	ctx   context.Context
	opt   GitFilesOptions
	visit func(*GitFile) error
	note  GitNote
	// idLen is the length of a written id; real the git directory with symbolic links resolved; lfs the folder of the
	// objects of git-lfs.
	idLen     int
	real, lfs string
	// quarantines are those that are read as object directories.
	quarantines map[string]bool
	count       int
}

// gitRoot says what kind of git directory a folder is in.
type gitRoot uint8

const (
	rootOwn gitRoot = iota
	rootWorktree
	rootNested
)

// gitFolder is one folder: where it is, how it is called, its path below its root, and what that root is.
type gitFolder struct {
	path, name, rel string
	root            gitRoot
	depth           int
}

func (f gitFolder) child(name string) gitFolder {
	f.path, f.name, f.depth = filepath.Join(f.path, name), f.name+"/"+name, f.depth+1
	f.rel = strings.TrimPrefix(f.rel+"/"+name, "/")
	return f
}

// dotGit visits the file that stands for the git directory in a linked worktree or submodule.
func (w *gitWalk) dotGit(workTree string) error {
	if workTree == "" {
		return nil
	}
	path := filepath.Join(workTree, ".git")
	if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() {
		return nil //nolint:nilerr // A folder is walked as such, and a bare repository has none.
	}
	return w.visit(&GitFile{Name: ".git", path: path})
}

func (w *gitWalk) folder(f gitFolder) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	if f.depth > maxGitDepth {
		w.note(true, "git directory files", fmt.Sprintf("nested more than %d deep", maxGitDepth), f.name)
		return nil
	}
	entries, err := os.ReadDir(f.path)
	if err != nil {
		if !absent(err) {
			w.note(true, "git directory files", "cannot be read: "+cause(err), f.name)
		}
		if len(entries) == 0 {
			return nil
		}
	}
	if f.rel != "" && isStore(entries) {
		if w.opt.Store != nil {
			w.opt.Store(f.path, f.name)
		}
		if w.opt.OwnOnly {
			return nil
		}
		f.rel, f.root = "", rootNested
	}
	for _, e := range entries {
		if w.count++; w.count > maxGitFiles {
			return errTooManyGitFiles
		}
		if err := w.entry(f, e); err != nil {
			return err
		}
	}
	return nil
}

// isStore reports whether a folder with these entries is a git directory of its own.
func isStore(entries []fs.DirEntry) bool {
	found := 0
	for _, e := range entries {
		switch name := e.Name(); {
		case name == "HEAD" && !e.IsDir(), (name == "objects" || name == "refs") && !e.Type().IsRegular():
			found++
		}
	}
	return found == 3
}

func (w *gitWalk) entry(in gitFolder, e fs.DirEntry) error {
	f := in.child(e.Name())
	if in.root == rootOwn && in.rel == "worktrees" {
		f.rel, f.root = "", rootWorktree
	}
	switch {
	case f.rel == "objects" && f.root != rootWorktree:
		if f.root == rootNested {
			return nil
		}
		return w.objects(f)
	case e.Type()&fs.ModeSymlink != 0:
		return w.link(f)
	case f.rel == "reftable":
		// Tables of refs and their logs: the names are read as refs, and that the logs are not is one of the limits.
		return nil
	case f.root == rootNested && f.rel == "lfs/objects":
		return nil
	case e.IsDir():
		return w.folder(f)
	case !e.Type().IsRegular():
		w.note(false, "git directory files", "a socket, pipe or device, which holds no text", f.name)
		return nil
	case w.plainRef(f, e):
		return nil
	}
	return w.visit(&GitFile{Name: f.name, Kind: w.kind(f), path: f.path})
}

// plainRef reports whether a file is a loose ref with room for nothing but an id, which is read with the refs. There may
// be 100,000 of them.
func (w *gitWalk) plainRef(f gitFolder, e fs.DirEntry) bool {
	if !strings.HasPrefix(f.rel, "refs/") || strings.HasSuffix(f.rel, ".lock") || f.root == rootNested {
		return false
	}
	info, err := e.Info()
	return err == nil && info.Size() <= int64(w.idLen)+1
}

// link visits a symbolic link as what it says, and notes where nobody will look.
func (w *gitWalk) link(f gitFolder) error {
	text, err := os.Readlink(f.path)
	if err != nil {
		w.note(true, "git directory files", "cannot be read: "+cause(err), f.name)
		return nil
	}
	target := realPath(f.path)
	if rel, err := filepath.Rel(w.real, target); target == "" || err != nil || !filepath.IsLocal(rel) {
		w.note(false, "git directory files", "symbolic links out of the git directory are not followed; scan what they "+
			"lead to with `skant scan PATH`", f.name)
	}
	return w.visit(&GitFile{Name: f.name, Kind: w.kind(f), Link: text, path: f.path})
}

// realPath returns a path without symbolic links; "" if it leads nowhere.
func realPath(path string) string {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return ""
	}
	return real
}

// kind sorts a file by its path below its git directory.
func (w *gitWalk) kind(f gitFolder) GitFileKind {
	top, _, nested := strings.Cut(f.rel, "/")
	switch {
	case f.root == rootOwn && strings.HasPrefix(f.path, w.lfs+string(filepath.Separator)):
		return GitLFSObject
	case nested && top == "hooks":
		return GitHook
	case nested && top == "logs":
		return GitReflog
	case nested && top == "refs", f.rel == "info/refs":
		return GitRef
	case nested:
		return GitText
	case top == "packed-refs":
		return GitPackedRefs
	case top == "index", strings.HasPrefix(top, "index."), strings.HasPrefix(top, "sharedindex."), strings.HasPrefix(top, "next-index-"):
		return GitIndex
	case top == "FETCH_HEAD":
		return GitText // It holds the addresses that were fetched from.
	case top == "HEAD", isPseudo(top), strings.HasPrefix(top, "packed-refs."), strings.HasPrefix(top, "HEAD."):
		return GitRef
	default:
		return GitText
	}
}

// Open opens the content, of that many bytes now. A file that became something other than a regular one since it was listed
// is an error.
func (f *GitFile) Open() (content io.ReadCloser, size int64, err error) {
	if f.Link != "" {
		return io.NopCloser(strings.NewReader(f.Link)), int64(len(f.Link)), nil
	}
	file, err := f.open()
	if err != nil {
		return nil, 0, err
	}
	info, err := file.Stat()
	if err != nil {
		_ = file.Close()
		return nil, 0, err
	}
	return file, info.Size(), nil
}

// open opens the file unless it is a link by now.
func (f *GitFile) open() (*os.File, error) {
	listed, err := os.Lstat(f.path)
	if err != nil {
		return nil, err
	}
	if !listed.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "read", Path: f.path, Err: errIrregular}
	}
	return openRegular(f.path)
}
