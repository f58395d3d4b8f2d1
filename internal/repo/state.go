package repo

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/skant-dev/skant/internal/cache"
	"github.com/skant-dev/skant/internal/pack"
)

// ErrNoState says that it cannot be told whether a repository is as it was: files were changed a moment ago, folders are
// links to elsewhere, or the system does not say when a file was changed.
var ErrNoState = errors.New("it cannot be told whether the repository will have changed")

// Bounds on what is looked at to tell the state of a repository.
const (
	maxStateFiles = 8 << 20
	maxStateDepth = 128
	// maxStateText is the size in bytes up to which a file of the git directory itself counts by its content: git writes
	// FETCH_HEAD anew although nothing has changed.
	maxStateText = 1 << 20
	// manyFolders is the number of folders in one folder from which they are looked at by several workers.
	manyFolders = 16
)

// State returns a digest of everything on disk that a reading of the repository depends on, but for its hooks: two calls
// with the same result have nothing between them that would make a difference. It looks at the names and states of all
// files of the git directory, and of the object directories outside of it, and reads few of them. The error is that of
// ctx, wraps [ErrNoState], or says what could not be looked at.
func (r *Repository) State(ctx context.Context, workers int) ([sha256.Size]byte, error) {
	s := &stateWalk{ctx: ctx, at: time.Now(), workers: make(chan struct{}, max(1, workers))}
	roots := []string{r.at.commonDir}
	outside := []string{r.at.gitDir, r.at.objectsDir, r.lfsObjects()}
	store, err := r.objects()
	if err != nil {
		return [sha256.Size]byte{}, err
	}
	outside = append(append(outside, store.Directories()...), filepath.Dir(r.at.index))
	for _, dir := range outside {
		if !inside(r.at.commonDir, dir) {
			roots = append(roots, dir)
		}
	}
	h := sha256.New()
	for i, dir := range roots {
		s.git = i == 0 || dir == r.at.gitDir
		sum, err := s.folder(dir, 0)
		if err != nil {
			return sum, fmt.Errorf("look at %q: %w", dir, err)
		}
		_, _ = fmt.Fprintf(h, "%q %x\n", dir, sum) // a hash never fails
	}
	return [sha256.Size]byte(h.Sum(nil)), nil
}

// stateWalk looks at files, at the time at.
type stateWalk struct {
	ctx     context.Context
	at      time.Time
	workers chan struct{}
	files   atomic.Int64
	// git says that the root is a git directory.
	git bool
}

// folder returns the digest of one folder: the names of its files in order, each with its state.
func (s *stateWalk) folder(dir string, depth int) (sum [sha256.Size]byte, err error) {
	if err := s.ctx.Err(); err != nil {
		return sum, err
	}
	if depth > maxStateDepth {
		return sum, fmt.Errorf("folders are nested more than %d deep: %w", maxStateDepth, ErrNoState)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return sum, err
	}
	if s.files.Add(int64(len(entries))) > maxStateFiles {
		return sum, fmt.Errorf("more than %d files: %w", maxStateFiles, ErrNoState)
	}
	var folders []string
	var text []byte
	for _, e := range entries {
		switch {
		case s.git && depth == 0 && e.Name() == "hooks":
			continue
		case e.IsDir():
			folders = append(folders, e.Name())
			continue
		}
		text = binary.AppendUvarint(text, uint64(len(e.Name())))
		text = append(text, e.Name()...)
		if text, err = s.file(text, filepath.Join(dir, e.Name()), e, s.git && depth == 0); err != nil {
			return sum, err
		}
	}
	sums, err := s.folders(dir, folders, depth+1)
	if err != nil {
		return sum, err
	}
	for i, name := range folders {
		text = binary.AppendUvarint(text, uint64(len(name)))
		text = append(append(text, name...), sums[i][:]...)
	}
	return sha256.Sum256(text), nil
}

// folders looks at several folders; at many of them with several workers, because those of loose objects may have a
// million files.
func (s *stateWalk) folders(dir string, names []string, depth int) ([][sha256.Size]byte, error) {
	sums := make([][sha256.Size]byte, len(names))
	errs := make([]error, len(names))
	var wg sync.WaitGroup
	for i, name := range names {
		look := func() { sums[i], errs[i] = s.folder(filepath.Join(dir, name), depth) }
		if len(names) < manyFolders {
			look()
			continue
		}
		select {
		case s.workers <- struct{}{}:
			wg.Go(func() {
				look()
				<-s.workers
			})
		default:
			look()
		}
	}
	wg.Wait()
	return sums, errors.Join(errs...)
}

// file appends the state of a file. byContent asks for its content if it is small.
func (s *stateWalk) file(text []byte, path string, e fs.DirEntry, byContent bool) ([]byte, error) {
	info, err := e.Info()
	if err != nil {
		return text, err
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		link, err := os.Readlink(path)
		if err != nil {
			return text, err
		}
		text = append(append(text, 'l'), link...)
		if info, err = os.Stat(path); absent(err) {
			return append(text, 0), nil
		}
		switch {
		case err != nil:
			return text, err
		case info.IsDir():
			return text, fmt.Errorf("%q leads to another folder: %w", path, ErrNoState)
		}
	}
	byContent = byContent && info.Mode().IsRegular() && info.Size() <= maxStateText && !strings.HasPrefix(e.Name(), "index")
	if byContent {
		data, err := readFile(path, maxStateText)
		if err != nil {
			return text, err
		}
		sum := sha256.Sum256(data)
		return append(append(text, 't'), sum[:]...), nil
	}
	id, ok := cache.Identify(info)
	if !ok || !id.Settled(s.at) {
		return text, fmt.Errorf("%q was changed a moment ago: %w", path, ErrNoState)
	}
	return id.Append(append(text, 'f')), nil
}

// StoreProblems reports whether anything of the object store could not be opened.
func (r *Repository) StoreProblems() []pack.Problem {
	store, err := r.objects()
	if err != nil {
		return []pack.Problem{{What: "objects", Err: err}}
	}
	return store.Problems()
}
