package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"unicode"

	"github.com/skant-dev/skant/internal/config"
	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/internal/repo"
)

// maxPolicyFile bounds a file of the repository's own policy, in bytes.
const maxPolicyFile = 4 << 20

// policyFiles is where configuration, rule files, ignore file and baseline are read from: the work tree, or a commit that
// the change under test cannot write to.
type policyFiles struct {
	// read returns a file's content by its path relative to the repository's top, with slashes. The error wraps
	// [fs.ErrNotExist] if it is not there; anything else in its place (a link, a folder, a pipe, more than 4 MiB) is
	// another error, so that a policy is never passed over in silence. It is nil in the zero value.
	read func(name string) ([]byte, error)
	// origin is empty for the work tree, or "commit 12ab34cd".
	origin string
	// paths yields the repository's files, to see whether the policy ignores them all. It may be nil, and may yield less
	// than there are where that cannot be read.
	paths func() iter.Seq[string]
	// lost is why the policy of a damaged repository could not be read. There is none then, and a scan is incomplete: rules of
	// its own may be missing.
	lost error
}

// whole is an error if the policy is lost: to whoever asks what holds, that is not the same as no policy.
func (p policyFiles) whole() error {
	if p.lost == nil {
		return nil
	}
	return &incompleteError{p.lost}
}

// noPolicy has no file at all: for --no-config, and for what belongs to no repository.
func noPolicy() policyFiles {
	return policyFiles{read: func(name string) ([]byte, error) { return nil, policyError(name, fs.ErrNotExist) }}
}

// worktreePolicy reads regular files below top, which may be empty if there is none. A link is refused in every place of a
// path, even if it stays inside: what it names is in another place in each clone, and in a commit it is only a text.
func worktreePolicy(top string) policyFiles {
	if top == "" {
		return noPolicy()
	}
	return policyFiles{paths: func() iter.Seq[string] { return headPaths(top) }, read: func(name string) ([]byte, error) {
		data, err := readPolicy(top, name)
		if err != nil {
			return nil, policyError(name, err)
		}
		return data, nil
	}}
}

// commitPolicy reads the files of a commit. The repository stays the caller's.
func commitPolicy(r *repo.Repository, commit pack.ID) policyFiles {
	id := commit.String()
	origin := "commit " + id[:min(8, len(id))]
	read := func(name string) ([]byte, error) {
		if err := checkPolicyPath(name); err != nil {
			return nil, err
		}
		file, err := r.FileAt(commit, name)
		if err != nil {
			return nil, err
		}
		if repo.IsSymlink(file.Mode) {
			return nil, errPolicyLink
		}
		return r.Blob(file.ID, maxPolicyFile)
	}
	return policyFiles{origin: origin, paths: func() iter.Seq[string] { return commitPaths(r, commit) }, read: func(name string) ([]byte, error) {
		data, err := read(name)
		if err != nil {
			return nil, policyError(name+" of "+origin, err)
		}
		return data, nil
	}}
}

func policyError(name string, err error) error { return fmt.Errorf("read %s: %w", name, err) }

var (
	errPolicyLink   = errors.New("it is a symbolic link, which is not followed: put the file itself there")
	errPolicyFolder = errors.New("it is a folder")
	errPolicyOther  = errors.New("it is no regular file")
	errPolicyLarge  = fmt.Errorf("it has more than %d MiB", maxPolicyFile>>20)
	errPolicyMoved  = errors.New("it was replaced while it was opened")
	errPolicyPath   = errors.New("a path below the repository's top is needed, with slashes, without . and .. and outside of .git")
)

// checkPolicyPath refuses what is no path of a tracked file, on every system alike.
func checkPolicyPath(name string) error {
	if !fs.ValidPath(name) || name == "." || !filepath.IsLocal(filepath.FromSlash(name)) || strings.ContainsAny(name, "\\:\x00") {
		return errPolicyPath
	}
	for part := range strings.SplitSeq(name, "/") {
		if strings.EqualFold(part, ".git") {
			return errPolicyPath
		}
	}
	return nil
}

func readPolicy(top, name string) ([]byte, error) {
	if err := checkPolicyPath(name); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(top)
	if err != nil {
		return nil, err
	}
	data, err := readBelow(root, name)
	return data, errors.Join(err, root.Close())
}

// readBelow looks at every part of the path before it opens the file, which it compares with what it saw: a link that
// takes its place in between leads out of nothing, as root sees to it, and is refused all the same.
func readBelow(root *os.Root, name string) ([]byte, error) {
	for i, c := range name {
		if c != '/' {
			continue
		}
		info, err := root.Lstat(filepath.FromSlash(name[:i]))
		switch {
		case err != nil:
			return nil, absentPolicy(err)
		case info.Mode()&fs.ModeSymlink != 0:
			return nil, fmt.Errorf("%s: %w", name[:i], errPolicyLink)
		case !info.IsDir():
			return nil, fs.ErrNotExist
		}
	}
	seen, err := root.Lstat(filepath.FromSlash(name))
	if err != nil {
		return nil, absentPolicy(err)
	}
	if err := regularPolicy(seen); err != nil {
		return nil, err
	}
	if err := exactName(root, name, seen); err != nil {
		return nil, err
	}
	// A pipe that took the file's place must not make the open wait for a writer.
	f, err := root.OpenFile(filepath.FromSlash(name), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !os.SameFile(info, seen) {
		err = errPolicyMoved
	}
	var data []byte
	if err == nil {
		data, err = io.ReadAll(io.LimitReader(f, maxPolicyFile+1))
	}
	if err == nil && len(data) > maxPolicyFile {
		err = errPolicyLarge
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	return data, nil
}

// absentPolicy leaves only the cause of an error: the path is in the message already.
func absentPolicy(err error) error {
	var path *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return fs.ErrNotExist
	case errors.As(err, &path):
		return path.Err
	default:
		return err
	}
}

func regularPolicy(info fs.FileInfo) error {
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		return errPolicyLink
	case info.IsDir():
		return errPolicyFolder
	case !info.Mode().IsRegular():
		return errPolicyOther
	case info.Size() > maxPolicyFile:
		return errPolicyLarge
	default:
		return nil
	}
}

// exactName refuses a file that is found under this name only because the file system does not tell upper case from
// lower: it would be a part of the policy here, and not in a commit or on another system. Where the other case names
// nothing, or another file, the system does tell, and no folder is listed.
func exactName(root *os.Root, name string, seen fs.FileInfo) error {
	other, err := root.Lstat(filepath.FromSlash(swapCase(name)))
	if err != nil || !os.SameFile(other, seen) {
		return nil
	}
	dir := "."
	for part := range strings.SplitSeq(name, "/") {
		names, err := listFolder(root, dir)
		if err != nil {
			return err
		}
		if !slices.Contains(names, part) {
			return fmt.Errorf("its name is written with other letters, upper case or lower, on the disk: rename it to %q", part)
		}
		dir = path.Join(dir, part)
	}
	return nil
}

func listFolder(root *os.Root, name string) ([]string, error) {
	f, err := root.Open(filepath.FromSlash(name))
	if err != nil {
		return nil, err
	}
	names, err := f.Readdirnames(-1)
	return names, errors.Join(err, f.Close())
}

// swapCase writes upper case for lower and the reverse, in the last part of a path.
func swapCase(name string) string {
	dir, base := path.Split(name)
	return dir + strings.Map(func(r rune) rune {
		if unicode.IsUpper(r) {
			return unicode.ToLower(r)
		}
		return unicode.ToUpper(r)
	}, base)
}

// maxPolicyPaths bounds the files that are looked at to see whether a policy ignores them all. One that ignores so many, those
// nearest to the top first, is taken for one that does.
const maxPolicyPaths = 20_000

// commitPaths yields the files of a commit, as far as they can be read: those of a folder before those of the folders in it,
// so that whoever looks for the first that is not ignored is soon done.
func commitPaths(r *repo.Repository, commit pack.ID) iter.Seq[string] {
	return func(yield func(string) bool) {
		c, err := r.Commit(commit)
		if err != nil {
			return
		}
		type folder struct {
			tree pack.ID
			name string
		}
		left := maxPolicyPaths
		for queue := []folder{{c.Tree, ""}}; len(queue) > 0; queue = queue[1:] {
			data, err := r.Tree(queue[0].tree)
			if err != nil {
				continue
			}
			for entry, err := range repo.ParseTree(data, r.Format().Size()) {
				if err != nil {
					break
				}
				name := queue[0].name + string(entry.Name)
				switch {
				case repo.IsGitlink(entry.Mode):
				case repo.IsTree(entry.Mode):
					queue = append(queue, folder{entry.ID, name + "/"})
				default:
					if left--; left < 0 || !yield(name) {
						return
					}
				}
			}
		}
	}
}

// headPaths yields the files of the commit that the work tree at top stands on; none before the first.
func headPaths(top string) iter.Seq[string] {
	return func(yield func(string) bool) {
		r, err := repo.Open(top, repo.Options{})
		if err != nil {
			return
		}
		defer func() { _ = r.Close() }() // it was only read
		if head, err := r.Resolve("HEAD"); err == nil {
			commitPaths(r, head)(yield)
		}
	}
}

// currentPolicy is that of the repository of the current folder, as git's variables name it in a hook. done is to be called
// when nothing is read any more.
func (a *app) currentPolicy() (policy policyFiles, done func() error, err error) {
	return a.policyAt("")
}

// oneFolder returns the folder that is scanned if there is just one; empty otherwise.
func oneFolder(paths []string) string {
	if len(paths) != 1 {
		return ""
	}
	if info, err := os.Stat(paths[0]); err != nil || !info.IsDir() {
		return ""
	}
	return paths[0]
}

// policyAt is the policy of the repository that a path belongs to: that of its work tree, or of HEAD in a bare one. Where there
// is no repository it is that of the folder itself. An empty path is [app.currentPolicy].
func (a *app) policyAt(at string) (policy policyFiles, done func() error, err error) {
	opt := repo.Options{}
	if at == "" {
		at, opt.Env = ".", a.env
	}
	r, err := repo.Open(at, opt)
	var none *repo.NotRepositoryError
	switch {
	case errors.As(err, &none):
		if info, err := os.Stat(at); err != nil || !info.IsDir() {
			at = filepath.Dir(at)
		}
		return worktreePolicy(at), nothingToClose, nil
	case err != nil:
		return policyFiles{}, nil, err
	case !r.Bare():
		return worktreePolicy(r.WorkTree()), r.Close, nil
	}
	return headPolicy(r), r.Close, nil
}

// headPolicy is that of HEAD, which holds where there is no work tree. Before the first commit there is none.
func headPolicy(r *repo.Repository) policyFiles {
	head, err := r.Resolve("HEAD")
	if errors.Is(err, repo.ErrUnknownRevision) {
		return noPolicy()
	}
	policy := noPolicy()
	if err == nil {
		policy = commitPolicy(r, head)
		_, err = policy.read(config.Name)
	}
	if damaged(err) {
		policy = noPolicy()
		policy.lost = err
	}
	return policy
}

// damaged reports whether a file of a commit is there, or may be, and cannot be read: not what it says is wrong, but the store.
func damaged(err error) bool {
	var large *pack.TooLargeError
	return err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errPolicyLink) && !errors.As(err, &large)
}
