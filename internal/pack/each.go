package pack

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Object is one object as visited by [Store.Each].
type Object struct {
	ID   ID
	Type Type
	// Size is the length of the content in bytes.
	Size int64
	// Data is the content. It is valid only during the call and must not be changed: other objects are made from it.
	Data []byte
	// Reader gives the content of a blob that is too large to be held, see [EachOptions].StreamAbove; Data is nil then.
	// It is valid only during the call. It ends with io.EOF only if all of the content was right; if not, [Store.Each]
	// reports the object, too. What visit does not read is not checked.
	Reader io.Reader
	// BaseState is what visit left in State of the object that this one is a delta of; nil if it is none, or if the
	// base was not visited or left nothing. Copies then says what Data has of the base's content, sorted by To and
	// without overlap; all else was inserted. It is valid only during the call.
	BaseState any
	Copies    []Copy
	// State may be set by visit, to something that does not change any more: objects that are deltas of this one get
	// it, perhaps from another worker.
	State any
	// Deltas says that objects follow that are made from this one, so that State is of use.
	Deltas bool
	// Pack says that the content was made from nothing but one pack, and counts from 1 in the list that
	// [EachOptions].Packs was given; Position is where the object stands in its index. Otherwise it is 0.
	Pack, Position int
	// Loose is the file that the content was read from, if it is a loose object that was read whole.
	Loose string

	// listed and place are the pack, nil for a loose object, and the position in its index by which it was found.
	listed *pack
	place  int32
}

// PackFile is a pack as it was opened.
type PackFile struct {
	// Path is that of the pack itself.
	Path string
	// Objects is the number of entries in the index.
	Objects int
	// Pack and Index are what the system says of the two files, at the time Opened.
	Pack, Index fs.FileInfo
	Opened      time.Time
}

// Copy says that Len bytes of an object, from To on, are those of its base from From on.
type Copy struct{ From, To, Len int }

// EachOptions selects what [Store.Each] visits. The zero value visits everything.
type EachOptions struct {
	// Types are the types wanted; nil means all.
	Types []Type
	// Workers is the number of goroutines; 0 means GOMAXPROCS.
	Workers int
	// StreamAbove is the size in bytes above which visit reads a blob piece by piece instead of getting all of it, however
	// large it is; 0 means never. What deltas are made from is held all the same, and so is what is stored as a delta, up
	// to [Options].MaxObject: git itself makes no deltas of files above 512 MiB.
	StreamAbove int64
	// Total, if not nil, is called once, before any visit, with the number of objects that will be done. Loose objects
	// count whatever their type, since it is not known yet.
	Total func(total int64)
	// Progress, if not nil, is called now and then, and at the end, with the number of objects done so far: visited,
	// reported, or loose and of another type. Calls do not overlap.
	Progress func(done int64)
	// Skip, if not nil, says which objects are not wanted. Calls do not overlap and come before any visit.
	Skip func(ID) bool
	// Packs, if not nil, is called once, before the following two, with the packs that are read.
	Packs func([]PackFile)
	// SkipBlob and SkipLoose, if not nil, say which objects are not wanted: a blob of a pack, as [Object] counts them,
	// and a loose object, whatever its type, in the file of that name. They are not asked about further copies of an
	// object. Calls do not overlap and come before any visit.
	SkipBlob  func(pack, position int) bool
	SkipLoose func(id ID, path string) bool
}

// Each calls visit once for every object that is wanted, from Workers goroutines at once; worker, from 0, says which.
// It stops with the error of visit or of ctx. What cannot be read goes to problem, whose calls do not overlap: objects
// by their id, directories by their path. Neither function may be nil. An object whose type cannot be known is reported whatever types are wanted.
// [Store.Problems] has the rest: packs and indexes that are no longer, or were never, readable.
//
// The order is that of the packs, delta chain by delta chain, so that each base is inflated once. An object of a pack is
// trusted if its packed bytes match the checksum in the index, which costs a few percent; to hash all content would
// take several times as long as to read it. The content is hashed and compared with the id where the checksum does not
// match, where there is none (index version 1) or the index is damaged itself, where the store has an id twice, and for
// loose objects. A damaged copy is reported only if there is no good one.
func (s *Store) Each(ctx context.Context, opt EachOptions, visit func(worker int, o *Object) error, problem func(Problem)) error {
	r := &run{s: s, visit: visit, problem: problem, progress: opt.Progress, above: opt.StreamAbove}
	if opt.Workers <= 0 {
		opt.Workers = runtime.GOMAXPROCS(0)
	}
	for t := Commit; t <= Tag; t++ {
		r.types[t] = opt.Types == nil
	}
	for _, t := range opt.Types {
		if t >= Commit && t <= Tag {
			r.types[t] = true
		}
	}
	// Loose objects first: one that git packs and deletes in between is in a pack that the refresh finds. The other way
	// round it would be missed.
	loose := s.listLoose(r.report)
	s.refresh(true)
	var err error
	if r.plans, r.loose, err = s.plan(ctx, opt, r.types, loose); err != nil {
		return fmt.Errorf("plan reading of packs: %w", err)
	}
	if opt.Total != nil {
		n := int64(len(r.loose))
		for _, pl := range r.plans {
			n += pl.wanted
		}
		opt.Total(n)
	}
	return r.do(ctx, opt.Workers)
}

// run is one call of Each.
type run struct {
	s        *Store
	types    [8]bool
	plans    []*plan
	loose    []looseObject
	visit    func(worker int, o *Object) error
	problem  func(Problem)
	progress func(int64)
	above    int64

	queue queue
	next  atomic.Int64
	done  atomic.Int64
	// mu guards err and the calls of problem and progress.
	mu  sync.Mutex
	err error
}

// do reads all that is planned with a number of workers and waits for them.
func (r *run) do(ctx context.Context, workers int) error {
	r.queue.init(workers)
	cancel := context.AfterFunc(ctx, func() { r.fail(ctx.Err()) })
	var wg sync.WaitGroup
	for i := range workers {
		wg.Go(func() {
			w := &walker{r: r, worker: i, sc: r.s.getScratch()}
			w.run()
			r.s.putScratch(w.sc)
		})
	}
	wg.Wait()
	cancel()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.err = ctx.Err()
	}
	if r.progress != nil {
		r.progress(r.done.Load())
	}
	return r.err
}

// fail stops the run with its first error.
func (r *run) fail(err error) {
	r.mu.Lock()
	if r.err == nil {
		r.err = err
	}
	r.mu.Unlock()
	r.queue.close()
}

func (r *run) report(p Problem) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.problem(p)
}

// finish counts one object as done.
func (r *run) finish() {
	const every = 1024
	if n := r.done.Add(1); n%every == 0 && r.progress != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.progress(r.done.Load())
	}
}

// looseObject is an object in a file of its own.
type looseObject struct {
	id  ID
	dir *directory
}

// listLoose lists the loose objects of all directories, with doubles. Names that are not hex are not objects for git
// either: its temporary files, those of an editor or a file manager. A hex name of another length is reported, because
// it may mean that the store is read in the wrong format.
func (s *Store) listLoose(problem func(Problem)) (all []looseObject) {
	const hexDigits = "0123456789abcdef"
	size := s.opt.Format.Size()
	isHex := func(name string) bool { return strings.Trim(name, hexDigits) == "" }
	readDir := func(dir string) []os.DirEntry {
		entries, err := os.ReadDir(dir)
		if err != nil && !isGone(err) {
			problem(Problem{"directory", dir, err})
		}
		return entries
	}
	for _, d := range s.dirs {
		for _, fan := range readDir(d.path) {
			prefix := fan.Name()
			if len(prefix) != 2 || !isHex(prefix) {
				continue
			}
			dir := filepath.Join(d.path, prefix)
			entries := readDir(dir)
			for _, e := range entries {
				if !isHex(e.Name()) {
					continue
				}
				id, err := ParseID(prefix + e.Name())
				if err != nil || int(id.n) != size {
					err = fmt.Errorf("name is not that of a %s object", s.opt.Format)
					problem(Problem{"loose object", filepath.Join(dir, e.Name()), err})
					continue
				}
				all = append(all, looseObject{id, d})
			}
		}
	}
	return all
}
