package source

import (
	"bytes"
	"context"
	"io"

	"github.com/skant-dev/skant/scanner"
)

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
	type input struct {
		data []byte
		err  error
	}
	done := make(chan input, 1)
	go func() {
		var buf bytes.Buffer
		_, err := io.Copy(&buf, io.LimitReader(s.in, s.maxSize+1))
		done <- input{buf.Bytes(), err}
	}()
	var in input
	select {
	case <-ctx.Done():
		return ctx.Err()
	case in = <-done:
	}
	if in.err != nil {
		rec.Unread("files", "cannot be read to the end: "+plainCause(in.err), "standard input")
	}
	if int64(len(in.data)) > s.maxSize {
		in.data = in.data[:s.maxSize]
		rec.Unread("files", tooLargeReason(s.maxSize), "standard input")
	}
	noteArchive(rec, in.data, "standard input")
	if err := visit(&scanner.Chunk{Data: in.data, Location: scanner.Location{Kind: scanner.KindStdin}}); err != nil {
		return err
	}
	rec.AddFile(len(in.data))
	return nil
}
