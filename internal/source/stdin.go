package source

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"io"

	"github.com/skant-dev/skant/internal/unpack"
	"github.com/skant-dev/skant/scanner"
)

// heldArchive is the size up to which an archive on standard input is held to be unpacked: 128 MiB.
const heldArchive = 128 << 20

// Stdin is a [scanner.Source] of one piece of content: a stream, read to its end.
type Stdin struct {
	in      io.Reader
	maxSize int64
}

// NewStdin returns a source that reads r. Beyond maxSize bytes (0 means [DefaultMaxSize]) it reads no further: what
// came before is searched and the rest is recorded as unread. It can be walked once.
func NewStdin(r io.Reader, maxSize int64) *Stdin {
	return &Stdin{in: r, maxSize: sizeBound(maxSize)}
}

// Walk implements [scanner.Source]. A read that blocks cannot be ended from outside: when ctx is done Walk returns at
// once, and the goroutine that reads ends with the read.
func (s *Stdin) Walk(ctx context.Context, rec *scanner.Recorder, visit func(*scanner.Chunk) error) error {
	chunk := scanner.Chunk{Location: scanner.Location{Kind: scanner.KindStdin}}
	in := newStream(abandon(ctx, s.in), s.maxSize)
	data, broken := io.ReadAll(io.LimitReader(in, streamAbove))
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var err error
	if len(data) < streamAbove {
		chunk.Data = data
		err = visit(&chunk)
	} else {
		if unpack.Kind(data) != "" && broken == nil {
			// It cannot be read a second time, so that it is held.
			var rest []byte
			rest, broken = io.ReadAll(io.LimitReader(in, heldArchive-streamAbove))
			data = append(data, rest...)
		}
		in.in = bufio.NewReader(io.MultiReader(bytes.NewReader(data), in.in))
		in.size, in.left = 0, s.maxSize
		var again error // a reader need not fail a second time
		again, err = visitStream(in, &chunk, visit)
		broken = cmp.Or(broken, again)
		switch {
		case len(data) < heldArchive:
			chunk.Data = data
		case err == nil:
			rec.Unread("archives", "larger than "+sizeText(heldArchive)+" on standard input; scan it as a file", "standard input")
		}
	}
	if err != nil {
		rec.AddBytes(int(in.size))
		return err
	}
	if broken != nil {
		rec.Unread("files", "cannot be read to the end: "+plainCause(broken), "standard input")
	}
	if in.over {
		rec.Unread("files", tooLargeReason(s.maxSize), "standard input")
	}
	rec.AddFile(int(in.size))
	if err := ctx.Err(); err != nil {
		return err
	}
	return newArchives(ctx, rec, visit, "").search(&chunk, nil)
}
