// Package repo reads one git repository: where it is, its refs and reflogs, its index, ranges of commits, and what each
// commit of a range changes.
//
// It executes nothing that the repository names (no hooks, filters, external diffs, file system monitors) and knows no
// secrets. Refs, the index, commits and the configuration are read here, because go-git's readers
// give up on the first damaged line, need milliseconds where a commit hook has one, and resolve some revisions to the
// wrong commit without an error ("HEAD^3" of an octopus, "HEAD@{1}").
package repo

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // git's object names
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/skant-dev/skant/internal/pack"
)

// Options says how a repository is found and read. The zero value is usable.
type Options struct {
	// Env looks a variable of the environment up; nil means that the environment is not asked. Give it where git
	// itself started the program (a hook): GIT_DIR, GIT_WORK_TREE, GIT_COMMON_DIR, GIT_OBJECT_DIRECTORY,
	// GIT_ALTERNATE_OBJECT_DIRECTORIES and GIT_INDEX_FILE are then obeyed. Relative values are taken from the path
	// given to [Open], a relative GIT_INDEX_FILE from the top of the work tree.
	Env func(string) string
	// MaxObject is the size in bytes above which an object is not held in memory; 0 means 512 MiB, which is the most, too.
	// [Repository.OpenBlob] reads larger ones.
	MaxObject int64
	// MaxLive is that of [pack.Options].
	MaxLive int
	// Leftovers says that objects which a push or fetch received and did not finish to take in are read, too.
	Leftovers bool
	// Git is the git program, used only for what this package cannot read (a split index, reftable refs). Empty means
	// the one in PATH.
	Git string
}

// NotRepositoryError says that a path is in no git repository, or in one that is damaged beyond recognition.
type NotRepositoryError struct {
	Path   string
	Reason string
}

func (e *NotRepositoryError) Error() string {
	return fmt.Sprintf("open repository %q: %s", e.Path, e.Reason)
}

// Repository is an open repository. Its methods may be called from several goroutines.
type Repository struct {
	at       places
	settings settings
	opt      Options
	objects  func() (*pack.Store, error)
	opened   atomic.Pointer[pack.Store]
	shallow  func() (map[pack.ID]bool, error)
	apart    func(from, to string) bool
	// quarantines are the folders that Options.Leftovers adds to the store.
	quarantines []string
}

// places are the absolute paths of a repository's parts.
type places struct {
	gitDir, commonDir, objectsDir string
	// workTree is empty for a bare repository.
	workTree string
	// index is the index file; indexFromEnv says that GIT_INDEX_FILE named it.
	index        string
	indexFromEnv bool
	// alternates are further object directories, from the environment.
	alternates []string
}

// Open finds the repository that path belongs to: path may be a work tree, a folder or file in one, a bare repository,
// a git directory, or a linked worktree or submodule, whose .git is a file. The error is a [*NotRepositoryError] if
// there is none.
//
// A repository that belongs to another user is read like any other: nothing in it is executed.
func Open(path string, opt Options) (*Repository, error) {
	at, err := locate(path, opt.Env)
	if err != nil {
		return nil, err
	}
	if opt.MaxObject <= 0 || opt.MaxObject > maxHeld {
		opt.MaxObject = maxHeld
	}
	r := &Repository{at: at, opt: opt}
	if r.settings, err = r.readSettings(); err != nil {
		return nil, err
	}
	if err := r.placeWorkTree(opt.Env, path); err != nil {
		return nil, err
	}
	r.placeIndex(opt.Env, path)
	if opt.Leftovers {
		r.quarantines = quarantines(r.at.objectsDir)
	}
	r.objects = sync.OnceValues(r.openObjects)
	r.shallow = sync.OnceValues(r.readShallow)
	return r, nil
}

// KeepApart says between which paths a file does not move: for which apart is true the content is new at the second one, as if
// nothing had been at the first. It must be set before changes are looked at; apart may be called from several goroutines.
func (r *Repository) KeepApart(apart func(from, to string) bool) { r.apart = apart }

// Objects returns the object store, which is opened by the first call. It belongs to the repository: do not close it.
func (r *Repository) Objects() (*pack.Store, error) { return r.objects() }

// Close releases the object store.
func (r *Repository) Close() error {
	if store := r.opened.Load(); store != nil {
		return store.Close()
	}
	return nil
}

// GitDir returns the absolute path of the git directory; of a linked worktree, its own one.
func (r *Repository) GitDir() string { return r.at.gitDir }

// CommonDir returns the absolute path of the git directory that all worktrees share.
func (r *Repository) CommonDir() string { return r.at.commonDir }

// WorkTree returns the absolute path of the work tree, or "" if there is none.
func (r *Repository) WorkTree() string { return r.at.workTree }

// Bare reports whether the repository has no work tree.
func (r *Repository) Bare() bool { return r.at.workTree == "" }

// Format returns the hash function that names the objects.
func (r *Repository) Format() pack.Format { return r.settings.format }

func (r *Repository) openObjects() (*pack.Store, error) {
	store, err := pack.Open(r.at.objectsDir, pack.Options{
		Format: r.settings.format, MaxObject: r.opt.MaxObject, MaxLive: r.opt.MaxLive, Extra: append(slices.Clip(r.at.alternates), r.quarantines...),
	})
	if err != nil {
		return nil, fmt.Errorf("open objects of %q: %w", r.at.commonDir, err)
	}
	r.opened.Store(store)
	return store, nil
}

// Commit reads and parses a commit. The error wraps [pack.ErrNotFound] if the repository does not have it, and
// [ErrMalformed] if it is damaged or no commit.
func (r *Repository) Commit(id pack.ID) (*Commit, error) {
	data, err := r.object(id, pack.Commit)
	if err != nil {
		return nil, err
	}
	c, err := ParseCommit(data)
	if err != nil {
		return nil, fmt.Errorf("read commit %s: %w", id, err)
	}
	c.ID = id
	return c, nil
}

// maxHeld is the most that MaxObject can be.
const maxHeld = 512 << 20

// OpenBlob opens the content of a file to be read piece by piece, however large it is: a blob that is stored as a delta
// is held, and a [*pack.TooLargeError] above MaxObject. The reader compares what it reads with the id; see
// [pack.Store.Open].
func (r *Repository) OpenBlob(id pack.ID) (size int64, content io.ReadCloser, err error) {
	store, err := r.objects()
	if err != nil {
		return 0, nil, err
	}
	got, size, content, err := store.Open(id)
	if err != nil {
		return 0, nil, fmt.Errorf("read blob %s: %w", id, err)
	}
	if got != pack.Blob {
		err = fmt.Errorf("read blob %s: it is a %s: %w", id, got, ErrMalformed)
		return 0, nil, errors.Join(err, content.Close())
	}
	return size, content, nil
}

// Tree returns the bytes of a tree, for [ParseTree].
func (r *Repository) Tree(id pack.ID) ([]byte, error) { return r.object(id, pack.Tree) }

// Blob returns the content of a file. One larger than maxSize bytes is a [*pack.TooLargeError].
func (r *Repository) Blob(id pack.ID, maxSize int64) ([]byte, error) {
	store, err := r.objects()
	if err != nil {
		return nil, err
	}
	data, err := r.checked(id, pack.Blob, func() (pack.Type, []byte, error) { return store.GetAtMost(id, max(maxSize, 1)) })
	if err == nil && int64(len(data)) > maxSize {
		return nil, fmt.Errorf("read blob %s: %w", id, &pack.TooLargeError{Size: int64(len(data)), Limit: maxSize})
	}
	return data, err
}

func (r *Repository) object(id pack.ID, want pack.Type) ([]byte, error) {
	store, err := r.objects()
	if err != nil {
		return nil, err
	}
	return r.checked(id, want, func() (pack.Type, []byte, error) { return store.Get(id) })
}

// checked is what get returns, if it is an object of the type that is wanted.
func (r *Repository) checked(id pack.ID, want pack.Type, get func() (pack.Type, []byte, error)) ([]byte, error) {
	got, data, err := get()
	if errors.Is(err, pack.ErrNotFound) && id == r.emptyID(want) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %s %s: %w", want, id, err)
	}
	if got != want {
		return nil, fmt.Errorf("read %s %s: it is a %s: %w", want, id, got, ErrMalformed)
	}
	return data, nil
}

// emptyID is the id of an empty object, which git knows without having it: the tree of a commit without files, the
// blob of an entry of `git add --intent-to-add`.
func (r *Repository) emptyID(t pack.Type) pack.ID {
	head := []byte(t.String() + " 0\x00")
	if r.settings.format == pack.SHA256 {
		sum := sha256.Sum256(head)
		id, _ := pack.IDFromBytes(sum[:])
		return id
	}
	sum := sha1.Sum(head) //nolint:gosec // git's object names
	id, _ := pack.IDFromBytes(sum[:])
	return id
}

// errIrregular is returned for a path that is no regular file: a pipe would block its reader for ever.
var errIrregular = errors.New("not a regular file")

// readFile reads a regular file of at most limit bytes. A larger one is an error.
func readFile(path string, limit int64) ([]byte, error) {
	f, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // Nothing was written, so there is nothing to lose.
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	var data []byte
	if info.Size() <= limit {
		b := bytes.NewBuffer(make([]byte, 0, info.Size()+bytes.MinRead)) // with room to see that there is no more
		_, err = b.ReadFrom(io.LimitReader(f, limit+1))
		data = b.Bytes()
	}
	if info.Size() > limit || int64(len(data)) > limit {
		return nil, fmt.Errorf("read %q: larger than %d bytes", path, limit)
	}
	return data, err
}

// absent reports whether err says that a file or one of its folders is not there.
func absent(err error) bool { return errors.Is(err, fs.ErrNotExist) || errors.Is(err, errNotDirectory) }

// under joins name to dir unless it is absolute.
func under(dir, name string) string {
	if filepath.IsAbs(name) {
		return filepath.Clean(name)
	}
	return filepath.Join(dir, name)
}
