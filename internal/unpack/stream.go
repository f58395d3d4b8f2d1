package unpack

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/bzip2"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

const (
	// maxWindow is the largest window of a zstd frame, and the largest dictionary of an xz block, that gets memory.
	maxWindow = 64 << 20
	// usualWindow is what every zstd decoder should accept.
	usualWindow = 8 << 20
	// bzip2Held is what decoding bzip2 takes: a block of 900,000 numbers of four bytes.
	bzip2Held = 4 << 20
)

// stream looks into a format that is read from its start to its end. Its members are inside depth archives. The error is
// errBroken if the stream could not be read to its end, which was reported, or one that ends the walk.
func (w *walker) stream(path string, depth int, r *bufio.Reader, kind string) error {
	switch kind {
	case "tar":
		return w.tar(path, depth, r)
	case "ar":
		return w.ar(path, depth, r)
	}
	dec, held, err := w.decoder(path, kind, r)
	if err != nil {
		w.report(path, "%s", decodeReason(err, kind))
		return w.fatal
	}
	defer func() { w.release(held) }()
	out := bufio.NewReaderSize(&meter{w, dec, path, kind}, bufferSize)
	head, _ := out.Peek(headSize) // an error comes again when the rest is read
	if Kind(head) == "tar" {
		return w.tar(path, depth, out)
	}
	return w.look(join(path, "(content)"), depth, out)
}

// decodeReason is why a compressed stream could not be read to its end.
func decodeReason(err error, kind string) string {
	switch {
	case errors.Is(err, zstd.ErrWindowSizeExceeded):
		return "needs a window of more than 64 MiB (zstd): not read; unpack it with `zstd -d --long=31` and scan the folder"
	case errors.Is(err, zstd.ErrUnknownDictionary):
		return "needs a dictionary that is not in it (zstd); unpack it with `zstd -d -D FILE` and scan the folder"
	case errors.Is(err, errFilter):
		return "uses a filter that is not read (xz); unpack it and scan the folder"
	case errors.Is(err, errHeld):
		return "needs too much memory at once to unpack (" + kind + "); unpack it and scan the folder"
	}
	return damaged(kind)
}

// decoder returns what undoes a compression, and how much memory is held for it until the caller releases it.
func (w *walker) decoder(path, kind string, r *bufio.Reader) (dec io.Reader, held int64, err error) {
	switch kind {
	case "gzip":
		dec, err = gzip.NewReader(r)
		return dec, 0, err
	case "bzip2":
		if err := w.hold(bzip2Held); err != nil {
			return nil, 0, err
		}
		return bzip2.NewReader(r), bzip2Held, nil
	case "xz":
		return newXZReader(w, path, r), 0, nil
	}
	window := int64(usualWindow)
	head, _ := r.Peek(zstd.HeaderMaxSize)
	var in io.Reader = r
	var h zstd.Header
	if h.Decode(head) == nil {
		window = max(window, int64(min(h.WindowSize, maxWindow)))
		if h.SingleSegment {
			window = max(window, int64(min(h.FrameContentSize, maxWindow)))
		}
		if h.WindowSize > maxWindow && !h.SingleSegment && !h.Skippable {
			in = narrowed(r)
		}
	}
	// The decoder keeps a history and a block beside it.
	held = window + window/8
	if err := w.hold(held); err != nil {
		return nil, 0, err
	}
	z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(uint64(window)))
	if err != nil {
		w.release(held)
		return nil, 0, err
	}
	if in != r {
		return &wideFrame{z}, held, nil
	}
	return z, held, nil
}

// narrowed makes the frame at the start of r ask for a window of 64 MiB only. Who compresses a stream with a high level
// asks for more without knowing how much will come; most streams are shorter, and of one that is not the decoder notices
// that it lacks what is farther back.
func narrowed(r io.Reader) io.Reader {
	const windowByte, descriptor = 5, (26 - 10) << 3
	var head [windowByte + 1]byte
	n, _ := io.ReadFull(r, head[:]) // an error comes again when the rest is read
	head[windowByte] = descriptor
	return io.MultiReader(bytes.NewReader(head[:n]), r)
}

// wideFrame is a frame whose window was made smaller.
type wideFrame struct{ r io.Reader }

func (f *wideFrame) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if err != nil && err != io.EOF {
		err = zstd.ErrWindowSizeExceeded
	}
	return n, err
}

// nameList are the names in an archive, which are searched like any text: in a compressed archive nobody sees them.
type nameList struct {
	text []byte
	full bool
}

// maxNames bounds the names of one archive, in bytes.
const maxNames = 4 << 20

func (n *nameList) add(names ...string) {
	for _, name := range names {
		switch {
		case name == "":
		case len(n.text)+len(name) >= maxNames:
			n.full = true
		default:
			n.text = append(append(n.text, name...), '\n')
		}
	}
}

// names visits the names in the archive at path.
func (w *walker) names(path string, n *nameList) error {
	if n.full {
		w.report(path, "more than 4 MiB of names: the rest of them was not searched; unpack it and scan the folder")
	}
	return w.give(join(path, "(names)"), n.text)
}

// tar looks into a tar archive. The error is errBroken if it is cut short.
func (w *walker) tar(path string, depth int, r *bufio.Reader) (err error) {
	var names nameList
	under := &counter{r: r}
	t := tar.NewReader(under)
	for {
		var h *tar.Header
		h, err = t.Next()
		if err == io.EOF {
			err = nil
			break
		}
		if err != nil && !errors.Is(err, tar.ErrInsecurePath) {
			var undecoded *decodeError
			if errors.As(err, &undecoded) {
				w.report(path, "%s", undecoded.reason())
			} else {
				w.report(path, "%s", damaged("tar"))
			}
			err = errBroken
			break
		}
		if w.fatal != nil {
			return w.fatal
		}
		names.add(h.Name, h.Linkname, h.Uname, h.Gname)
		for key, value := range h.PAXRecords {
			if key != "path" && key != "linkpath" && !strings.HasPrefix(key, "GNU.sparse") {
				names.add(value)
			}
		}
		if h.Size == 0 {
			if err := w.count(path); err != nil {
				return err
			}
			continue
		}
		err = w.look(join(path, h.Name), depth, &sparse{w: w, r: t, under: under, path: path})
		if err != nil {
			break
		}
	}
	if w.fatal != nil {
		return w.fatal
	}
	if err := w.names(path, &names); err != nil {
		return err
	}
	if err != nil {
		return err
	}
	return w.behind(path, depth, r)
}

// behind looks at what follows the end of a tar: nothing but zeros as a rule, another tar where two were put together.
func (w *walker) behind(path string, depth int, r *bufio.Reader) error {
	for {
		head, err := r.Peek(headSize)
		if len(head) == 0 {
			if err != nil && err != io.EOF && w.fatal == nil {
				w.report(path, "%s", damaged(""))
				return errBroken
			}
			return w.fatal
		}
		zeros := len(head) - len(bytes.TrimLeft(head, "\x00"))
		if zeros < len(head) {
			break
		}
		if _, err := r.Discard(zeros); err != nil {
			return w.fatal
		}
	}
	// Another tar counts as one more level, so that this does not go on for ever.
	return w.look(join(path, "(rest)"), depth, r)
}

// counter counts what is read of a stream.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// sparse counts what a member of a tar gives beyond what it takes: a hole in a file is made of nothing.
type sparse struct {
	w     *walker
	r     io.Reader
	under *counter
	path  string
}

func (s *sparse) Read(p []byte) (int, error) {
	if err := s.w.ctx.Err(); err != nil {
		s.w.fatal = err
		return 0, err
	}
	before := s.under.n
	n, err := s.r.Read(p)
	if made := int64(n) - (s.under.n - before); made > 0 {
		if spent := s.w.spend(s.path, made); spent != nil {
			return 0, spent
		}
	}
	return n, err
}

const arHeaderSize = 60

// ar looks into an ar archive: a Debian package, a static library.
func (w *walker) ar(path string, depth int, r *bufio.Reader) error {
	if _, err := r.Discard(len("!<arch>\n")); err != nil {
		return w.fatal
	}
	var names nameList
	var header [arHeaderSize]byte
	for {
		if _, err := io.ReadFull(r, header[:]); err != nil {
			if err != io.EOF {
				w.report(path, "%s", damaged("ar"))
			}
			break
		}
		size, err := strconv.ParseInt(strings.TrimSpace(string(header[48:58])), 10, 64)
		if err != nil || size < 0 || header[58] != '`' {
			w.report(path, "%s", damaged("ar"))
			break
		}
		name := strings.TrimRight(string(header[:16]), " ")
		names.add(name)
		body := &io.LimitedReader{R: r, N: size}
		if err := w.look(join(path, strings.TrimSuffix(name, "/")), depth, body); err != nil && !errors.Is(err, errBroken) {
			return err
		}
		if w.fatal != nil {
			return w.fatal
		}
		if _, err := io.Copy(io.Discard, body); err != nil || body.N > 0 {
			w.report(path, "%s", damaged("ar"))
			break
		}
		if size%2 == 1 {
			_, _ = r.Discard(1) // the end of the archive may lack it
		}
	}
	if w.fatal != nil {
		return w.fatal
	}
	return w.names(path, &names)
}
