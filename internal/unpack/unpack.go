// Package unpack looks into archives, compressed files and documents: zip and everything that is one (jar, wheel, docx,
// odt, ...), tar, ar, gzip, xz, zstd, bzip2, PDF, OLE documents, SQLite databases with UTF-16, each inside each.
//
// [Kind] recognises formats by their content. [Walk] gives every member to a function, one after the other and held in
// memory at most one for each level of nesting. Nothing is ever written to a disk, so that a hostile name is only text.
// Every archive is taken for a bomb: output, members, depth and memory are bounded, and whatever a bound, damage, a
// password or an unknown format keeps from being read is reported as a [Gap]. The package knows no git and no secrets.
package unpack

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Options are the bounds of one walk. The zero value means the defaults that are named at each.
type Options struct {
	// MaxDepth is how many archives may be nested; what is in a further one is a gap. 0 means 4. A compressed tar
	// counts as one.
	MaxDepth int
	// MaxMember is how many bytes of one member are read. 0 means 32 MiB. The rest is a gap.
	MaxMember int64
	// MaxTotal is how many bytes all members together may unpack to. 0 means 1 GiB. Below it, MaxRatio times the size
	// of the archive counts (0 means 200), but never less than 64 MiB: a small archive of much more is a bomb.
	MaxTotal, MaxRatio int64
	// MaxMembers is how many members may be looked at. 0 means 131072.
	MaxMembers int
	// MaxHeld is how much memory members and decoders may hold at one time, in bytes. 0 means 96 MiB.
	MaxHeld int64
	// Turn is shared by walks that run at once: see [Turn]. It may be nil.
	Turn Turn
}

const (
	defaultMaxDepth   = 4
	defaultMaxMember  = 32 << 20
	defaultMaxTotal   = 1 << 30
	defaultMaxRatio   = 200
	defaultMaxMembers = 1 << 17
	defaultMaxHeld    = 96 << 20

	// minTotal is what any archive may unpack to, however small it is.
	minTotal = 64 << 20
	// freeHeld is the memory that a walk takes without waiting for its turn.
	freeHeld = 8 << 20
	// maxKept is the size up to which a buffer is kept for the next member.
	maxKept = 1 << 20
	// headSize is how much of a stream is looked at to recognise it; the mark of a tar is at byte 257.
	headSize = 512
	// bufferSize is how much is read ahead of a stream.
	bufferSize = 4 << 10
)

func (o Options) filled() Options {
	fill := func(v *int64, preset int64) {
		if *v <= 0 {
			*v = preset
		}
	}
	fill(&o.MaxMember, defaultMaxMember)
	fill(&o.MaxTotal, defaultMaxTotal)
	fill(&o.MaxRatio, defaultMaxRatio)
	fill(&o.MaxHeld, defaultMaxHeld)
	if o.MaxDepth <= 0 {
		o.MaxDepth = defaultMaxDepth
	}
	if o.MaxMembers <= 0 {
		o.MaxMembers = defaultMaxMembers
	}
	return o
}

// Turn lets walks that run at once take turns in holding more than 8 MiB, so that their memory does not add up, and
// what each of them can read does not depend on the others.
type Turn chan struct{}

// NewTurn returns a turn that nobody has.
func NewTurn() Turn { return make(Turn, 1) }

// Member is one thing inside an archive.
type Member struct {
	// Path is its name in the archive, those of archives in archives joined by "!/" as in the URLs of jars: "lib.jar!/
	// a.txt". A last name in round brackets is none that the archive has: "(content)" is what a compressed file holds,
	// "(names)" the names in an archive, "(text)" the text of a document without its markup, "(page 3)" that of a page,
	// "(object 7)" a compressed part of a PDF. It is whatever the archive says: do not use it as a path.
	Path string
	// Data is the content, only the beginning of it if it is larger than MaxMember. It is valid only during the call.
	Data []byte
}

// Gap is something that could not be read.
type Gap struct {
	// Member is where, as in [Member]; empty for the archive itself.
	Member string
	// Reason says why, and what to do, without names, so that equal causes have equal reasons.
	Reason string
}

// Walk gives what is in data to visit, and reports to gap what could not be read. Data that is none of the formats has
// nothing in it. It returns early with an error of visit or of ctx, and with no other.
func Walk(ctx context.Context, data []byte, opt Options, visit func(Member) error, gap func(Gap)) error {
	opt = opt.filled()
	w := newWalker(ctx, opt, int64(len(data)), visit, gap)
	defer w.leave()
	return w.end(w.open("", 0, data, Kind(data)))
}

// maxWhole is the size up to which a large archive is held that cannot be read from its start to its end.
const maxWhole = 128 << 20

// WalkReader is [Walk] for content of a size that should not be held in memory. A zip or a document has to be, and is a
// gap if it is larger than 128 MiB. An error of r is a gap like any damage.
func WalkReader(ctx context.Context, r io.Reader, size int64, opt Options, visit func(Member) error, gap func(Gap)) error {
	opt = opt.filled()
	w := newWalker(ctx, opt, size, visit, gap)
	defer w.leave()
	br := bufio.NewReaderSize(&live{w, r}, bufferSize)
	head, _ := br.Peek(headSize) // an error comes again when the rest is read
	kind := Kind(head)
	switch {
	case kind == "":
		return nil
	case unreadable(kind) != "":
		w.report("", "%s", unreadable(kind))
		return nil
	case streamed(kind):
		if err := w.stream("", 1, br, kind); !errors.Is(err, errBroken) {
			return w.end(err)
		}
		return w.end(nil)
	}
	if size > maxWhole {
		w.report("", "larger than %d MiB (%s); unpack it and scan the folder", maxWhole>>20, kind)
		return nil
	}
	// For the time that it is held nobody else holds as much.
	if err := w.hold(freeHeld + 1); err != nil {
		return w.end(err)
	}
	w.release(freeHeld + 1)
	data := make([]byte, 0, max(0, size)+1)
	for len(data) < cap(data) {
		n, err := br.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		if err != nil {
			break // what is missing is missed by the reader of the format
		}
	}
	return w.end(w.open("", 0, data, kind))
}

func newWalker(ctx context.Context, opt Options, size int64, visit func(Member) error, gap func(Gap)) *walker {
	left := opt.total(size)
	return &walker{ctx: ctx, opt: opt, visit: visit, gap: gap, left: left, bound: left}
}

// end is what a walk returns that ended with err.
func (w *walker) end(err error) error {
	switch {
	case w.fatal == nil:
		return err
	case errors.Is(w.fatal, errBound):
		return nil // reported where it was hit
	default:
		return w.fatal
	}
}

// total is how much an archive of a size may unpack to.
func (o Options) total(size int64) int64 {
	if size > o.MaxTotal/o.MaxRatio {
		return o.MaxTotal
	}
	return min(o.MaxTotal, max(minTotal, size*o.MaxRatio))
}

var (
	// errBound ends a walk because the archive as a whole is too large.
	errBound = errors.New("a bound of the whole archive was hit")
	// errHeld says that there is no memory left for one more thing.
	errHeld = errors.New("needs too much memory")
	// errBroken says that the stream in which a member is cannot be read any further, which was reported.
	errBroken = errors.New("the archive is damaged")
)

// walker is one walk.
type walker struct {
	ctx   context.Context
	opt   Options
	visit func(Member) error
	gap   func(Gap)

	// left and bound are how much may and might be unpacked, members how many were looked at.
	left, bound int64
	members     int
	// held is the memory in use, turn whether this walk has the turn.
	held int64
	turn bool
	// buffers are kept for the next member at the same depth.
	buffers map[int][]byte
	readers map[int]*bufio.Reader
	// fatal is the reason to end the walk, once there is one; readers hand it on in forms of their own.
	fatal error
}

func (w *walker) leave() {
	if w.turn {
		<-w.opt.Turn
	}
}

// hold asks for n bytes more memory, which are given back by release.
func (w *walker) hold(n int64) error {
	if w.held+n > w.opt.MaxHeld {
		return errHeld
	}
	if w.held+n > freeHeld && !w.turn && w.opt.Turn != nil {
		select {
		case w.opt.Turn <- struct{}{}:
			w.turn = true
		case <-w.ctx.Done():
			w.fatal = w.ctx.Err()
			return w.fatal
		}
	}
	w.held += n
	return nil
}

func (w *walker) release(n int64) { w.held -= n }

// report enters a gap. An error of the whole walk is not one.
func (w *walker) report(path, format string, args ...any) {
	if w.fatal == nil {
		w.gap(Gap{path, fmt.Sprintf(format, args...)})
	}
}

// stop ends the walk because of a bound of the whole archive.
func (w *walker) stop(path, reason string) error {
	w.report(path, "%s", reason)
	if w.fatal == nil {
		w.fatal = errBound
	}
	return w.fatal
}

// give visits a member.
func (w *walker) give(path string, data []byte) error {
	if w.fatal != nil {
		return w.fatal
	}
	if err := w.ctx.Err(); err != nil {
		w.fatal = err
		return err
	}
	if len(data) == 0 {
		return nil
	}
	if err := w.visit(Member{path, data}); err != nil {
		w.fatal = err
		return err
	}
	return nil
}

// count counts a member that is about to be looked at.
func (w *walker) count(path string) error {
	if w.members++; w.members > w.opt.MaxMembers {
		return w.stop(path, fmt.Sprintf("more than %d members: the rest was not read; unpack it and scan the folder", w.opt.MaxMembers))
	}
	return nil
}

// join names a member of the archive at path.
func join(path, name string) string {
	if name = strings.ToValidUTF8(name, "\uFFFD"); name == "" {
		name = "(unnamed)"
	}
	if path == "" {
		return name
	}
	return path + "!/" + name
}

// look reads one member, which is inside depth archives, and goes on into it. The error is errBroken if the stream that
// it comes from is at its end before its time, or one that ends the walk.
func (w *walker) look(path string, depth int, r io.Reader) error {
	if err := w.count(path); err != nil {
		return err
	}
	br := w.buffered(depth, r)
	head, _ := br.Peek(headSize) // an error comes again when the rest is read
	kind := Kind(head)
	if streamed(kind) && depth < w.opt.MaxDepth {
		if err := w.stream(path, depth+1, br, kind); !errors.Is(err, errBroken) {
			return err
		}
		return w.fatal // whether what carries the stream is broken, too, its reader will notice
	}
	data, readErr := w.read(depth, br)
	size := int64(cap(data))
	defer w.release(size)
	if w.fatal != nil {
		return w.fatal
	}
	if err := w.give(path, data); err != nil {
		return err
	}
	broken := false
	var undecoded *decodeError
	switch {
	case readErr == nil:
	case errors.Is(readErr, errLong):
		w.report(path, "larger than %d MiB unpacked: only the beginning was searched; unpack it and scan the folder", w.opt.MaxMember>>20)
	case errors.Is(readErr, errHeld):
		w.report(path, "needs more than %d MiB of memory at once to unpack: only the beginning was searched; unpack it and scan the folder", w.opt.MaxHeld>>20)
	default:
		broken = true
		reason := damaged("")
		if errors.As(readErr, &undecoded) {
			reason = undecoded.reason()
		}
		w.report(path, "%s", reason)
	}
	if kind = Kind(data); kind != "" {
		if err := w.open(path, depth, data, kind); err != nil {
			return err
		}
	}
	if broken {
		return errBroken
	}
	return w.fatal
}

// buffered returns a reader that can look ahead, the same for all members at a depth, of which one is read at a time.
func (w *walker) buffered(depth int, r io.Reader) *bufio.Reader {
	br := w.readers[depth]
	if br == nil {
		if w.readers == nil {
			w.readers = map[int]*bufio.Reader{}
		}
		br = bufio.NewReaderSize(r, bufferSize)
		w.readers[depth] = br
		return br
	}
	br.Reset(r)
	return br
}

// damaged is the reason for which a part of an archive cannot be read.
func damaged(kind string) string {
	if kind != "" {
		kind = " (" + kind + ")"
	}
	return "damaged" + kind + ": only what could be unpacked was searched"
}

var errLong = errors.New("longer than the bound")

// read reads a member into the buffer of its depth, up to the bound: then the error is errLong. The capacity of what it
// returns is held; the caller releases it.
func (w *walker) read(depth int, r io.Reader) (data []byte, err error) {
	if w.buffers == nil {
		w.buffers = map[int][]byte{}
	}
	data = w.buffers[depth][:0]
	if err := w.hold(int64(cap(data))); err != nil {
		return nil, err
	}
	for {
		if len(data) == cap(data) {
			grown := min(max(2*cap(data), 64<<10), int(w.opt.MaxMember)+1)
			// For the time of the copy both are there.
			if err := w.hold(int64(grown)); err != nil {
				return data, err
			}
			w.release(int64(cap(data)))
			data = append(make([]byte, 0, grown), data...)
			if grown <= maxKept {
				w.buffers[depth] = data
			}
		}
		n, err := r.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		switch {
		case int64(len(data)) > w.opt.MaxMember:
			return data[:w.opt.MaxMember], errLong
		case err == io.EOF:
			return data, nil
		case err != nil:
			return data, err
		}
	}
}

// open goes into data, which is inside depth archives, if it is of a format that holds others. The error ends the walk.
func (w *walker) open(path string, depth int, data []byte, kind string) (err error) {
	defer func() {
		// The readers of formats are fed by enemies. One that gives up in a panic has not read the file, no more.
		if p := recover(); p != nil {
			w.report(path, "%s", damaged(kind))
			err = w.fatal
		}
	}()
	switch {
	case kind == "":
		return nil
	case unreadable(kind) != "":
		w.report(path, "%s", unreadable(kind))
		return nil
	case depth > w.opt.MaxDepth, depth == w.opt.MaxDepth && (streamed(kind) || kind == "zip"):
		w.report(path, "nested deeper than %d archives; unpack it and scan the folder", w.opt.MaxDepth)
		return nil
	case kind == "pdf":
		return w.pdf(path, depth, data)
	case kind == "ole", kind == "sqlite", kind == "office xml", kind == "notebook":
		return w.text(path, data, kind)
	case streamed(kind):
		if err := w.stream(path, depth+1, bufio.NewReaderSize(w.input(data), bufferSize), kind); !errors.Is(err, errBroken) {
			return err
		}
		return w.fatal
	default:
		return w.zip(path, depth+1, data)
	}
}
