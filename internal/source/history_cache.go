package source

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/skant-dev/skant/internal/cache"
	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/scanner"
)

// Reused says how much of a history was not searched again, because an earlier run had searched it.
type Reused struct {
	// Unchanged says that nothing of the repository had changed since When.
	Unchanged bool
	// Objects is the number of objects that were not read again.
	Objects int64
	// When is the time of that run; of the latest one if there were several.
	When time.Time
}

// Reused says what the walk took over from earlier runs, submodules included.
func (h *History) Reused() Reused {
	h.mu.Lock()
	defer h.mu.Unlock()
	var all Reused
	if h.memory != nil {
		all = h.memory.reused
	}
	for _, s := range h.submodules {
		own := s.history.Reused()
		all.Objects += own.Objects
		all.Unchanged = all.Unchanged && own.Unchanged
		if own.When.After(all.When) {
			all.When = own.When
		}
	}
	return all
}

// CacheProblem says why something could not be kept for later runs; nil if all was. It is no reason to doubt the scan.
func (h *History) CacheProblem() error {
	h.mu.Lock()
	m, submodules := h.memory, h.submodules
	h.mu.Unlock()
	var err error
	if m != nil {
		m.mu.Lock()
		err = m.problem
		m.mu.Unlock()
	}
	for _, s := range submodules {
		err = errors.Join(err, s.history.CacheProblem())
	}
	return err
}

// memory is what a walk knows from earlier runs, and what it notes for later ones.
//
// It keeps two things. Of each pack, and of the loose objects, those in which nothing at all was found: they are not
// searched again (history_cache_clean.go). And of a run that came to its end, everything that can be told of it without
// a secret: if nothing of the repository has changed only the objects with findings are searched again
// (history_cache_run.go). docs/decisions/0014-cache.md says why that is safe.
type memory struct {
	h     *History
	cache *cache.Cache
	// engine is a hash of everything beside the repository that decides what is found.
	engine [sha256.Size]byte
	// watchers are one for each worker, and one for what is no object.
	watchers []*watcher
	packs    []packMemory
	loose    looseMemory
	// state is that of the repository, if stateKnown says that it could be told.
	state      [sha256.Size]byte
	stateKnown bool
	// run is what is kept of a whole run: nil until all of the store was read, and if nothing can be kept.
	run    *runRecord
	reused Reused
	// recalled says that the objects with findings were searched again as run says.
	recalled bool
	// lost says that something went wrong that may go well the next time.
	lost atomic.Bool

	mu      sync.Mutex
	problem error
}

// remember starts a walk's memory. It is nil, and all of its methods do nothing, where there is no cache.
func (h *History) remember(ctx context.Context) *memory {
	if h.opt.Cache == nil {
		return nil
	}
	opt := h.opt
	opt.Cache, opt.Workers, opt.Engine = nil, 0, [sha256.Size]byte{}
	m := &memory{
		h: h, cache: h.opt.Cache,
		engine: sha256.Sum256(fmt.Appendf(nil, "%x %+v %v", h.opt.Engine, opt, h.repo.Format())),
	}
	for range h.opt.Workers + 1 {
		m.watchers = append(m.watchers, &watcher{m: m})
	}
	m.watchers[h.opt.Workers].rest = true
	var err error
	m.state, err = h.repo.State(ctx, h.opt.Workers)
	m.stateKnown = err == nil
	h.mu.Lock()
	h.memory = m
	h.mu.Unlock()
	return m
}

// key names a record that depends on the engine and on parts.
func (m *memory) key(kind string, parts ...[]byte) cache.Key {
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "%s %x", kind, m.engine) // a hash never fails
	for _, p := range parts {
		_, _ = fmt.Fprintf(h, " %x", p)
	}
	return cache.Key(h.Sum(nil))
}

// failed notes why something could not be kept.
func (m *memory) failed(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.problem == nil {
		m.problem = err
	}
}

// watch returns the walk as the n-th worker does it, the last number being for what is no object: everything that it
// finds or misses is noted.
func (m *memory) watch(w *historyWalk, n int) *historyWalk {
	if m == nil {
		return w
	}
	own := *w
	own.watcher = m.watchers[n]
	own.rec = w.rec.Both(&own.watcher.seen)
	own.visit = own.watcher.visit(w.visit)
	own.gap = own.watcher.gap(m.h.gap(own.rec))
	inside := *w.inside
	inside.rec, inside.visit = own.rec, own.visit
	own.inside = &inside
	return &own
}

// watcher sees what one worker does with one object after the other.
type watcher struct {
	m *memory
	// seen is told what the scan is told.
	seen scanner.Recorder
	// gaps counts problems, some of which the scan is not told a second time; before are the problems before the object
	// at hand. dirty is the number of its pieces with something in them. known says that it was searched by an earlier run.
	gaps          atomic.Int64
	before, dirty int64
	known         bool
	// blobs, bytes and others are what was counted before the object at hand.
	blobs, bytes, others int64
	// unclean are the objects in which something was found.
	unclean []pack.ID
	// rest says that it sees what is no object.
	rest bool

	// mu guards the notes, which are saved now and then.
	mu         sync.Mutex
	notes      []cleanNote
	looseNotes []looseNote
}

// visit watches what the engine says of each piece.
func (t *watcher) visit(next func(*scanner.Chunk) error) func(*scanner.Chunk) error {
	return func(c *scanner.Chunk) error {
		if t.known {
			return nil
		}
		err := next(c)
		if err == nil && !c.Clean {
			t.dirty++
			if t.rest && c.Location.Kind != scanner.KindRefName {
				t.m.lost.Store(true) // only names of refs are searched again by themselves
			}
		}
		return err
	}
}

func (t *watcher) gap(next repo.Gap) repo.Gap {
	return func(what, item string, why error) {
		t.gaps.Add(1)
		var large *pack.TooLargeError
		if !errors.Is(why, pack.ErrNotFound) && !errors.Is(why, repo.ErrMalformed) && !errors.As(why, &large) {
			t.m.lost.Store(true)
		}
		next(what, item, why)
	}
}

func (t *watcher) problems() int64 { return t.gaps.Load() + t.seen.Gaps() }

// watched is object with a note of what came of it.
func (w *historyWalk) watched(worker int, o *pack.Object) error {
	t := w.watcher
	if t == nil {
		return w.object(worker, o)
	}
	t.before, t.dirty = t.problems(), 0
	t.blobs, t.bytes, t.others = t.seen.Amount()
	t.known = (o.Type == pack.Commit || o.Type == pack.Tag) && t.m.knows(o)
	err := w.object(worker, o)
	t.known = false
	if err != nil {
		return err
	}
	clean := t.dirty == 0 && t.problems() == t.before
	switch {
	case clean:
		t.note(o)
	case o.Reader != nil:
		// What is not held cannot be searched again by itself.
		t.m.lost.Store(true)
	case t.dirty > 0:
		t.unclean = append(t.unclean, o.ID)
	}
	return nil
}

// note keeps in mind that an object is clean, and how many bytes were searched for it. Trees are read in each run, for the
// links in them, and pointers of git-lfs, for the content that they name.
func (t *watcher) note(o *pack.Object) {
	if _, pointer := repo.ParseLFSPointer(o.Data); o.Type == pack.Tree || o.Type == pack.Blob && pointer {
		return
	}
	blobs, bytes, others := t.seen.Amount()
	blobs, size := blobs-t.blobs, bytes-t.bytes
	switch {
	case o.Type == pack.Blob && (blobs != 1 || others != t.others) || size >= maxCleanSize:
		// Nobody could say what it counts for.
	case o.Pack > 0:
		t.mu.Lock()
		t.notes = append(t.notes, cleanNote{uint32(o.Pack), uint32(o.Position), uint32(size)})
		t.mu.Unlock()
	case o.Loose != "" && o.Type == pack.Blob:
		t.mu.Lock()
		t.looseNotes = append(t.looseNotes, looseNote{o.ID, o.Loose, uint32(size)})
		t.mu.Unlock()
	}
}

// saveEvery is how often a walk saves what it has done, at least.
const saveEvery = 5 * time.Second

// saveNowAndThen saves what is noted until the function that it returns is called, and once more then.
func (m *memory) saveNowAndThen() (stop func()) {
	if m == nil {
		return func() {}
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for wait := saveEvery; ; {
			select {
			case <-done:
				m.saveClean()
				return
			case <-time.After(wait):
			}
			// Saving takes time from searching: a fiftieth at most.
			start := time.Now()
			m.saveClean()
			wait = max(saveEvery, 50*time.Since(start))
		}
	})
	return func() {
		close(done)
		wg.Wait()
	}
}
