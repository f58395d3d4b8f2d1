package source

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/skant-dev/skant/internal/cache"
	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/scanner"
)

// HistoryOptions says how the history of a repository is read. The zero value is usable.
type HistoryOptions struct {
	// MaxSize is the size in bytes above which a blob is recorded as unread. 0 means DefaultMaxSize.
	MaxSize int64
	// Workers is how many objects are read and searched at once. 0 means one per processor.
	Workers int
	// Submodules says that the stores of submodules are read, too.
	Submodules bool
	// Cache keeps what one run has found out for the next; nil for none. Engine is a hash of everything beside the
	// repository and these options that decides what is found: rules, their order, the program.
	Cache  *cache.Cache
	Engine [sha256.Size]byte
}

// History is a [scanner.Source] of everything that the object store of a repository holds, reachable or not: all blobs,
// all messages and headers of commits and annotated tags, and the names of refs. It is a [scanner.Attributor], too.
//
// While reading it checks that every object which a ref, a commit, a tag or a tree names is there, so that what is
// missing is known even if nothing was found.
type History struct {
	repo *repo.Repository
	opt  HistoryOptions

	mu sync.Mutex
	// graph are the commits, kept from Walk for Attribute; nil before.
	graph *repo.Graph
	// records are what Walk wrote down of the trees, so that Attribute need not read them again.
	records *repo.TreeRecords
	// reported are problems that were recorded, because each pass over the store meets them again.
	reported map[string]bool
	// memory is that of the walk; nil without a cache.
	memory *memory
	beside
}

// NewHistory returns a source of all that the repository's object store holds.
func NewHistory(r *repo.Repository, opt HistoryOptions) *History {
	opt.MaxSize = sizeBound(opt.MaxSize)
	if opt.Workers <= 0 {
		opt.Workers = runtime.GOMAXPROCS(0)
	}
	return &History{repo: r, opt: opt, reported: map[string]bool{}}
}

// Walk implements [scanner.Source]. The order is that of the packs.
func (h *History) Walk(ctx context.Context, rec *scanner.Recorder, visit func(*scanner.Chunk) error) error {
	store, err := h.repo.Objects()
	if err != nil {
		return fmt.Errorf("read history: %w", err)
	}
	w := &historyWalk{
		h: h, rec: rec, visit: visit, gap: h.gap(rec), graph: repo.NewGraphBuilder(),
		links: h.repo.NewLinkCheck(h.opt.Workers), copies: make([][]scanner.Copy, h.opt.Workers),
		objects: &atomic.Int64{}, walkPlaces: &walkPlaces{},
	}
	w.inside = newArchives(ctx, rec, visit, objectHint)
	m := h.remember(ctx)
	if links, ok, err := m.recall(ctx, w); err != nil {
		return fmt.Errorf("read history: %w", err)
	} else if ok {
		return w.around(ctx, links)
	}
	workers := make([]*historyWalk, h.opt.Workers)
	for i := range workers {
		workers[i] = m.watch(w, i)
	}
	rest := m.watch(w, len(workers))
	w.links.Names = func(worker int, tree pack.ID, name []byte, mode uint32) error {
		return workers[worker].treeName(worker, tree, name, mode)
	}
	done := int64(0)
	opt := pack.EachOptions{
		Workers: h.opt.Workers, StreamAbove: streamAbove,
		Total: func(total int64) { rec.StartPhase("reading objects", total) },
		Progress: func(n int64) {
			rec.Step(n - done)
			done = n
		},
	}
	m.hook(&opt, rest)
	save := m.saveNowAndThen()
	visitObject := func(worker int, o *pack.Object) error { return workers[worker].watched(worker, o) }
	err = store.Each(ctx, opt, visitObject, func(p pack.Problem) { rest.gap(repo.Plural(p.What), p.Name, p.Err) })
	save()
	if err != nil {
		return fmt.Errorf("read history: %w", err)
	}
	graph := w.graph.Graph()
	h.mu.Lock()
	h.graph, h.records = graph, w.links.Records()
	h.mu.Unlock()
	links, err := rest.finish(ctx, graph)
	if err != nil {
		return err
	}
	m.walked(ctx, w, links)
	return w.around(ctx, links)
}

// historyWalk is one walk, or the part of one worker in it. What its pointers point to is shared.
type historyWalk struct {
	h       *History
	rec     *scanner.Recorder
	visit   func(*scanner.Chunk) error
	gap     repo.Gap
	graph   *repo.GraphBuilder
	links   *repo.LinkCheck
	objects *atomic.Int64
	// copies are a buffer for each worker.
	copies [][]scanner.Copy
	// inside searches archives; its gaps say how to get a blob out of the store.
	inside *archives
	*walkPlaces
	// watcher sees what is done; nil if nobody has to.
	watcher *watcher
}

func (w *historyWalk) object(worker int, o *pack.Object) error {
	w.objects.Add(1)
	switch o.Type {
	case pack.Blob:
		return w.blob(worker, o)
	case pack.Commit:
		return w.commit(o)
	case pack.Tag:
		w.tags.Add(1)
		return w.tag(o)
	case pack.Tree:
		w.trees.Add(1)
		return w.links.Tree(worker, o, w.gap)
	}
	return nil
}

func (w *historyWalk) blob(worker int, o *pack.Object) error {
	if o.Size > w.h.opt.MaxSize {
		w.rec.Unread("blobs", tooLargeReason(w.h.opt.MaxSize), o.ID.String())
		return nil
	}
	if o.Reader != nil || o.Size > searchAbove {
		return w.large(o)
	}
	if err := w.lfsPointer(o.ID, o.Data); err != nil {
		return err
	}
	w.rec.AddBlob(len(o.Data))
	chunk := scanner.Chunk{
		Data: o.Data, Location: scanner.Location{Object: o.ID.String(), Kind: scanner.KindCommitContent}, KeepState: o.Deltas,
	}
	if base, ok := o.BaseState.(*scanner.State); ok {
		copies := w.copies[worker][:0]
		for _, c := range o.Copies {
			copies = append(copies, scanner.Copy(c))
		}
		chunk.Base, chunk.Copies, w.copies[worker] = base, copies, copies
	}
	if err := w.visit(&chunk); err != nil {
		return err
	}
	if chunk.State != nil {
		o.State = chunk.State
	}
	return w.inside.search(&chunk, nil)
}

// commit gives the message and the headers as two pieces, each with its own positions.
func (w *historyWalk) commit(o *pack.Object) error {
	w.rec.AddCommits(1)
	c, err := repo.ParseCommit(o.Data)
	if err != nil {
		w.gap("commits", o.ID.String(), err)
		return w.text(o.ID, scanner.KindCommitMessage, o.Data)
	}
	w.graph.Add(o.ID, c)
	who, extra := splitHeaders(o.Data[:c.MessageOffset], "author ", "committer ")
	if err := w.text(o.ID, scanner.KindAuthor, who); err != nil {
		return err
	}
	// Signatures, merged tags with their messages, and whatever else a program put there.
	if err := w.text(o.ID, scanner.KindCommitMessage, extra); err != nil {
		return err
	}
	return w.text(o.ID, scanner.KindCommitMessage, c.Message)
}

func (w *historyWalk) tag(o *pack.Object) error {
	t, err := repo.ParseTag(o.Data)
	if err != nil {
		w.gap("tags", o.ID.String(), err)
		return w.text(o.ID, scanner.KindTagMessage, o.Data)
	}
	w.links.Tag(t)
	who, extra := splitHeaders(o.Data[:t.MessageOffset], "tag ", "tagger ")
	if err := w.text(o.ID, scanner.KindAuthor, who); err != nil {
		return err
	}
	if err := w.text(o.ID, scanner.KindTagMessage, extra); err != nil {
		return err
	}
	return w.text(o.ID, scanner.KindTagMessage, t.Message)
}

// splitHeaders cuts headers into those from the one that starts with first to the one that starts with last, and what
// follows. What comes before are ids. If one of them is missing everything is in who.
func splitHeaders(headers []byte, first, last string) (who, extra []byte) {
	start := bytes.Index(headers, []byte("\n"+first))
	if start < 0 {
		return headers, nil
	}
	who = headers[start+1:]
	i := bytes.Index(who, []byte("\n"+last))
	if i < 0 {
		return who, nil
	}
	end := bytes.IndexByte(who[i+1:], '\n')
	if end < 0 {
		return who, nil
	}
	return who[:i+1+end], bytes.TrimRight(who[i+1+end+1:], "\n")
}

// text gives a piece of a commit or tag.
func (w *historyWalk) text(id pack.ID, kind scanner.Kind, data []byte) error {
	if len(data) == 0 {
		return nil
	}
	w.rec.AddBytes(len(data))
	return w.visit(&scanner.Chunk{Data: data, Location: scanner.Location{Object: id.String(), Kind: kind}})
}

// gap returns what enters problems into rec, each once.
func (h *History) gap(rec *scanner.Recorder) repo.Gap {
	return func(what, item string, why error) {
		reason := h.gapReason(why)
		key := what + "\x00" + item
		h.mu.Lock()
		known := item != "" && h.reported[key]
		if len(h.reported) < maxReported {
			h.reported[key] = true
		}
		h.mu.Unlock()
		if !known {
			rec.Unread(what, reason, item)
		}
	}
}

// maxReported bounds the problems that are told apart; beyond it one may be counted more than once.
const maxReported = 1 << 20

// gapReason says why, and what to do, in words that do not depend on the object, so that equal causes are one reason.
func (h *History) gapReason(why error) string {
	var large *pack.TooLargeError
	var corrupt *pack.CorruptError
	if errors.As(why, &large) || errors.As(why, &corrupt) || errors.Is(why, pack.ErrNotFound) ||
		errors.Is(why, repo.ErrMalformed) {
		return h.repo.Explain(why)
	}
	return clipReason(why.Error())
}

// clipReason keeps what the system or a file says short.
func clipReason(text string) string {
	const limit = 200
	if len(text) > limit {
		text = text[:limit] + "..."
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}
