// Package pack reads every object of a git object store: packs, loose objects, alternates. It knows git's formats and
// nothing of what is in the objects.
//
// A store is hostile input. Sizes that it declares are believed only as far as its bytes bear them out, every chain and
// nesting has a bound, and what cannot be read is reported by name: an object is never left out in silence.
package pack

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Options says how a store is read. The zero value is usable.
type Options struct {
	// Format is the hash function of the repository.
	Format Format
	// MaxObject is the size in bytes above which an object is reported instead of read; 0 means 512 MiB.
	MaxObject int64
	// MaxDepth is the longest delta chain that is followed; 0 means 10000. git itself writes at most 8191.
	MaxDepth int
	// MaxAlternates is how deep alternates of alternates are followed; 0 means 5, as in git.
	MaxAlternates int
	// MaxLive is how much content in bytes one worker of [Store.Each] keeps for deltas still to be read, beside the
	// object at hand; what is above it is read again. 0 means 128 MiB.
	MaxLive int
	// Extra are further object directories: a quarantine, GIT_ALTERNATE_OBJECT_DIRECTORIES.
	Extra []string
}

// Store is an open object store. Its methods may be called concurrently, except Close.
type Store struct {
	opt Options
	// maxLive is how much content a worker keeps for deltas still to be read. What is above it is read again.
	maxLive int
	// dirs are the object directories, fixed after Open; alternates what went wrong in finding them.
	dirs       []*directory
	alternates []Problem
	// packs is replaced as a whole when packs appear. No pack is closed before the store is: git may delete a pack that
	// is in use, and its content stays readable.
	packs     atomic.Pointer[[]*pack]
	mu        sync.Mutex
	cache     baseCache
	scratches sync.Pool
}

// Open opens the object directory of a repository, its alternates and the extra directories. The error is set only if
// objectsDir itself is no directory that can be read; everything else that cannot be opened is in [Store.Problems].
func Open(objectsDir string, opt Options) (*Store, error) {
	if opt.MaxObject <= 0 {
		opt.MaxObject = 512 << 20
	}
	opt.MaxObject = min(opt.MaxObject, math.MaxInt/4)
	if opt.MaxDepth <= 0 {
		opt.MaxDepth = 10000
	}
	if opt.MaxAlternates <= 0 {
		opt.MaxAlternates = 5
	}
	if opt.MaxLive <= 0 {
		opt.MaxLive = 128 << 20
	}
	s := &Store{opt: opt, maxLive: opt.MaxLive}
	s.packs.Store(&[]*pack{})
	if err := readable(objectsDir); err != nil {
		return nil, fmt.Errorf("open object store: %w", err)
	}
	s.addDirectory(objectsDir, "", 0)
	for _, dir := range opt.Extra {
		s.addDirectory(dir, "", 0)
	}
	s.refresh(true)
	return s, nil
}

// readable reports why the names in a folder cannot be read.
func readable(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	if _, err = f.Readdirnames(1); errors.Is(err, io.EOF) {
		err = nil
	}
	return errors.Join(err, f.Close())
}

// Close releases the files. No other method may be running or be called afterwards.
func (s *Store) Close() error {
	var err error
	for _, p := range *s.packs.Swap(&[]*pack{}) {
		err = errors.Join(err, p.close())
	}
	s.dirs = nil
	s.cache.forget()
	return err
}

// Problems lists, sorted, what could not be opened so far: packs, indexes, alternates, directories. [Store.Each] may add
// to it, since it looks for new packs and checks the indexes: ask again afterwards.
func (s *Store) Problems() []Problem {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := slices.Clone(s.alternates)
	for _, d := range s.dirs {
		all = append(all, d.problems...)
	}
	for _, p := range s.packList() {
		all = append(all, p.problems...)
	}
	slices.SortStableFunc(all, func(a, b Problem) int {
		return strings.Compare(a.What+"\x00"+a.Name, b.What+"\x00"+b.Name)
	})
	return all
}

// Directories returns the object directories that are read: the store's own, its alternates and the extra ones.
func (s *Store) Directories() []string {
	dirs := make([]string, len(s.dirs))
	for i, d := range s.dirs {
		dirs[i] = d.path
	}
	return dirs
}

// Promisor reports whether a pack came from a promisor remote: objects may be missing because a partial clone has never
// fetched them.
func (s *Store) Promisor() bool {
	return slices.ContainsFunc(s.packList(), func(p *pack) bool { return p.promisor })
}

// Count returns the number of entries in all indexes, doubles included: what [Store.Each] visits is at most that and
// the loose objects.
func (s *Store) Count() int64 {
	n := int64(0)
	for _, p := range s.packList() {
		n += int64(p.idx.n)
	}
	return n
}

// EstimateLoose returns about how many loose objects there are: as git does, it counts one of the 256 folders. Ids are
// spread evenly.
func (s *Store) EstimateLoose() int64 {
	n := 0
	for _, d := range s.dirs {
		if entries, err := os.ReadDir(filepath.Join(d.path, "17")); err == nil { // most stores have no such folder
			n += len(entries)
		}
	}
	return int64(n) * 256
}

// packList returns the packs, largest first.
func (s *Store) packList() []*pack { return *s.packs.Load() }

// refresh looks for packs that appeared since the last time, and reports whether there are any. Unless forced, it looks
// only into directories that seem to have changed.
func (s *Store) refresh(force bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := map[string]bool{}
	for _, p := range s.packList() {
		known[p.path] = true
	}
	var fresh []*pack
	for _, d := range s.dirs {
		if force || d.changed() {
			fresh = append(fresh, d.list(known, s.opt.Format)...)
		}
	}
	if len(fresh) == 0 {
		return false
	}
	all := append(fresh, s.packList()...)
	slices.SortStableFunc(all, func(a, b *pack) int {
		if a.idx.n != b.idx.n {
			return b.idx.n - a.idx.n
		}
		return strings.Compare(a.path, b.path)
	})
	s.packs.Store(&all)
	return true
}

// addProblem records what is wrong with a pack, once.
func (s *Store) addProblem(p *pack, what Problem) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, have := range p.problems {
		if have.What == what.What && have.Err.Error() == what.Err.Error() {
			return
		}
	}
	p.problems = append(p.problems, what)
}

// isGone reports whether an error says that a file is not there any more.
func isGone(err error) bool { return errors.Is(err, fs.ErrNotExist) }
