package source

import (
	"context"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/skant-dev/skant/internal/ignore"
	"github.com/skant-dev/skant/scanner"
)

const (
	// maxFolderDepth bounds how deep folders nest below a named one.
	maxFolderDepth = 1000
	// listBatch is how many entries of a folder are held at once.
	listBatch = 1024
)

// foundFile is one thing to search: a regular file, or the text of a symbolic link.
type foundFile struct {
	path, name string
	// info is what the file was when it was listed; nil for a link.
	info fs.FileInfo
	link string
}

// fileFolder is a folder still to be listed, with what is ignored in it.
type fileFolder struct {
	path, name string
	depth      int
	worktree   *worktree
	git, skant *ignore.List
	// trackedOnly says that git ignores the folder, so that only tracked things below it are content.
	trackedOnly bool
}

// fileLister finds the files below the named paths. It is used by one goroutine.
type fileLister struct {
	opt   FilesOptions
	named []namedPath
	// apart are the named paths: each is read in its own right, wherever else it is met.
	apart map[string]bool
	rec   *scanner.Recorder
	found chan<- foundFile
	// sent and silenced count, for one named path, the files found and the things that a .skantignore leaves out.
	sent, silenced int
}

func newFileLister(f *Files, rec *scanner.Recorder, found chan<- foundFile) *fileLister {
	l := &fileLister{opt: f.opt, named: f.named, apart: map[string]bool{}, rec: rec, found: found}
	for _, n := range f.named {
		l.apart[n.path] = true
	}
	return l
}

// list sends everything there is to search. It returns only the error of ctx.
func (l *fileLister) list(ctx context.Context) error {
	for _, n := range l.named {
		l.sent, l.silenced = 0, 0
		if err := l.listNamed(ctx, n); err != nil {
			return err
		}
		switch {
		case l.sent > 0 || l.silenced == 0:
		case n.folder:
			// Whoever asked for a folder and had nothing of it read was not told that it is clean.
			l.rec.Unread("folders", ".skantignore leaves out everything: no file was read", shownName(n.name))
		default:
			l.rec.LeftOut("files", ".skantignore leaves out everything: no file was read", shownName(n.name))
		}
	}
	return ctx.Err()
}

func (l *fileLister) listNamed(ctx context.Context, n namedPath) error {
	top, silenced := l.above(ctx, n)
	if silenced {
		l.silence(n.folder, n.name)
		return nil
	}
	if !n.folder {
		return l.namedFile(ctx, n)
	}
	pending := []fileFolder{top}
	for len(pending) > 0 {
		next := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		below, err := l.folder(ctx, next)
		if err != nil {
			return err
		}
		pending = append(pending, below...)
	}
	return nil
}

// above returns n as a folder with what the folders above it ignore. silenced says that a .skantignore among them
// leaves n out; a .gitignore does not, since the user named it.
func (l *fileLister) above(ctx context.Context, n namedPath) (top fileFolder, silenced bool) {
	top = fileFolder{path: n.path, name: n.name}
	holder := n.path
	if !n.folder {
		holder = filepath.Dir(n.path)
	}
	top.worktree = findWorktree(holder, l.opt.Tracked)
	base := holder
	if root, err := filepath.Abs(l.opt.Root); err == nil && strings.HasPrefix(n.path, folderPrefix(root)) {
		base = root
	}
	if top.worktree != nil {
		base = top.worktree.root
		l.startWorktree(ctx, &top)
	}
	step := base
	for step != n.path {
		l.loadIgnores(ctx, &top, step)
		rest := strings.TrimPrefix(n.path, folderPrefix(step))
		entry, _, deeper := strings.Cut(rest, string(filepath.Separator))
		step = folderPrefix(step) + entry
		if top.skant.Ignored(step, deeper || n.folder) {
			return top, true
		}
	}
	return top, false
}

func (l *fileLister) namedFile(ctx context.Context, n namedPath) error {
	info, err := os.Lstat(n.path)
	switch {
	case err != nil:
		l.rec.Unread("files", unreadReason(err, l.opt.MaxSize), n.name)
	case !info.Mode().IsRegular():
		l.rec.Unread("files", "not a regular file; use - to read standard input", n.name)
	default:
		return l.send(ctx, foundFile{path: n.path, name: n.name, info: info})
	}
	return nil
}

// startWorktree sets what git ignores in the whole of f's work tree.
func (l *fileLister) startWorktree(ctx context.Context, f *fileFolder) {
	f.git, f.trackedOnly = nil, false
	if l.opt.NoIgnore || l.opt.Tracked == nil {
		return
	}
	for _, path := range []string{l.opt.ExcludesFile, f.worktree.excludeFile(ctx)} {
		if path == "" {
			continue
		}
		list, err := loadOutside(ctx, f.git, path, f.worktree.root)
		l.noteIgnoreFile(err, filepath.ToSlash(path))
		f.git = list
	}
}

// loadIgnores adds what the ignore files in folder say to f.
func (l *fileLister) loadIgnores(ctx context.Context, f *fileFolder, folder string) {
	var err error
	if f.worktree != nil && !l.opt.NoIgnore && l.opt.Tracked != nil {
		path := filepath.Join(folder, gitIgnoreName)
		f.git, err = loadIgnore(ctx, f.git, path, folder)
		l.noteIgnoreFile(err, filepath.ToSlash(path))
	}
	if l.opt.NoPolicy {
		return
	}
	path := filepath.Join(folder, skantIgnoreName)
	f.skant, err = loadIgnore(ctx, f.skant, path, folder)
	l.noteIgnoreFile(err, filepath.ToSlash(path))
}

// noteIgnoreFile records an ignore file that could not be read. Its patterns leave nothing out then, but one of them may
// have taken back what another file leaves out, so the coverage is not complete.
func (l *fileLister) noteIgnoreFile(err error, path string) {
	if err != nil {
		l.rec.Unread("ignore files", "none of its patterns is applied: "+plainCause(err), path)
	}
}

// folder sends the files in f and returns the folders in it.
func (l *fileLister) folder(ctx context.Context, f fileFolder) ([]fileFolder, error) {
	if f.depth > maxFolderDepth {
		l.rec.Unread("folders", "nested deeper than 1000 folders; scan it by itself", f.name)
		return nil, nil
	}
	if f.depth > 0 && worktreeRoot(f.path) {
		f.worktree = &worktree{root: f.path, tracked: l.opt.Tracked}
		l.startWorktree(ctx, &f)
	}
	if bareStore(f.path) {
		l.rec.Unread("folders", "a git store, whose objects are compressed; use `skant history` on it", shownName(f.name))
	}
	l.loadIgnores(ctx, &f, f.path)
	dir, err := os.OpenFile(f.path, os.O_RDONLY|openFlags, 0)
	if err != nil {
		l.rec.Unread("folders", unreadReason(err, l.opt.MaxSize), shownName(f.name))
		return nil, ctx.Err()
	}
	defer dir.Close() //nolint:errcheck // Nothing was written, so there is nothing to lose.
	var below []fileFolder
	for {
		entries, err := dir.ReadDir(listBatch)
		for _, entry := range entries {
			sub, err := l.entry(ctx, &f, entry)
			if err != nil {
				return nil, err
			}
			if sub != nil {
				below = append(below, *sub)
			}
		}
		if err == io.EOF {
			return below, ctx.Err()
		}
		if err != nil {
			l.rec.Unread("folders", unreadReason(err, l.opt.MaxSize), shownName(f.name))
			return below, ctx.Err()
		}
	}
}

// entry sends one entry of f if it is a file, and returns it if it is a folder to be listed.
func (l *fileLister) entry(ctx context.Context, f *fileFolder, entry fs.DirEntry) (*fileFolder, error) {
	path, name := folderPrefix(f.path)+entry.Name(), joinName(f.name, entry.Name())
	if l.apart[path] {
		return nil, nil
	}
	folder := entry.IsDir()
	if folder && entry.Name() == ".git" && ownStore(path) {
		l.rec.LeftOut("folders", "git's own store: use `skant history`", name)
		return nil, nil
	}
	if f.skant.Ignored(path, folder) {
		l.silence(folder, name)
		return nil, nil
	}
	sub := fileFolder{path: path, name: name, depth: f.depth + 1, worktree: f.worktree, git: f.git, skant: f.skant}
	if f.trackedOnly || f.git.Ignored(path, folder) {
		sub.trackedOnly = !l.gitFails(f.worktree)
		if sub.trackedOnly && !f.worktree.holds(path) {
			l.rec.LeftOut(sortOf(folder), "ignored by .gitignore (--no-ignore reads them)", name)
			return nil, nil
		}
	}
	if folder {
		return &sub, nil
	}
	return nil, l.file(ctx, path, name, entry)
}

// file sends an entry that is no folder.
func (l *fileLister) file(ctx context.Context, path, name string, entry fs.DirEntry) error {
	switch kind := entry.Type(); {
	case kind.IsRegular():
		info, err := entry.Info()
		if err != nil {
			l.rec.Unread("files", unreadReason(err, l.opt.MaxSize), name)
			return ctx.Err()
		}
		return l.send(ctx, foundFile{path: path, name: name, info: info})
	case kind&fs.ModeSymlink != 0:
		target, err := os.Readlink(path)
		if err != nil {
			l.rec.Unread("files", unreadReason(err, l.opt.MaxSize), name)
			return ctx.Err()
		}
		l.rec.LeftOut("links", "symbolic links are not followed; their text is searched", name)
		return l.send(ctx, foundFile{path: path, name: name, link: target})
	default:
		l.rec.LeftOut("files", "pipes, sockets and devices have no content to read", name)
		return ctx.Err()
	}
}

// gitFails reports whether the tracked paths of w are not known, in which case nothing of it is left out.
func (l *fileLister) gitFails(w *worktree) bool {
	asked := w.asked
	err := w.load()
	if err != nil && !asked {
		l.rec.LeftOut("ignore rules", ".gitignore is not applied, because the index cannot be read: "+plainCause(err), w.root)
	}
	return err != nil
}

func (l *fileLister) silence(folder bool, name string) {
	l.silenced++
	l.rec.LeftOut(sortOf(folder), "ignored by .skantignore", shownName(name))
}

func (l *fileLister) send(ctx context.Context, file foundFile) error {
	select {
	case l.found <- file:
		l.sent++
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func sortOf(folder bool) string {
	if folder {
		return "folders"
	}
	return "files"
}

// shownName is a location's name for people: the top folder has none.
func shownName(name string) string {
	if name == "" {
		return "."
	}
	return name
}
