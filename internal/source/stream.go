package source

import (
	"bufio"
	"context"
	"errors"
	"io"

	"github.com/skant-dev/skant/scanner"
)

const (
	// streamAbove is the size in bytes above which content is read and searched piece by piece: 16 MiB.
	streamAbove = 16 << 20
	// searchAbove is the size in bytes above which even content that is held, because others are made from it or it from
	// others, is searched piece by piece: a search may take several times as much memory as what it searches.
	searchAbove = 64 << 20
	// headSize is how much of a stream is looked at to see what it is.
	headSize = 4 << 10
)

// stream is content that is too large to be held.
type stream struct {
	in *bufio.Reader
	// size is how much of it was read so far.
	size int64
	// left is how much may still be read; over says that there was more.
	left int64
	over bool
}

// newStream reads at most limit bytes of r.
func newStream(r io.Reader, limit int64) *stream {
	return &stream{in: bufio.NewReaderSize(r, headSize), left: limit}
}

// head returns the beginning, without reading it.
func (s *stream) head() []byte {
	head, _ := s.in.Peek(headSize) // an error comes again when it is read
	return head
}

// Read implements [io.Reader].
func (s *stream) Read(p []byte) (int, error) {
	if s.left == 0 && len(p) > 0 {
		_, err := s.in.Peek(1)
		s.over = err == nil
		if err == nil {
			err = io.EOF
		}
		return 0, err
	}
	n, err := s.in.Read(p[:min(int64(len(p)), s.left)])
	s.size, s.left = s.size+int64(n), s.left-int64(n)
	return n, err
}

// visitStream has a stream searched; broken is why it could not be read to its end.
func visitStream(s *stream, chunk *scanner.Chunk, visit func(*scanner.Chunk) error) (broken, err error) {
	chunk.Stream = s
	err = visit(chunk)
	var ended *scanner.StreamError
	if errors.As(err, &ended) {
		return ended.Err, nil
	}
	return nil, err
}

// block is a piece of a stream that one goroutine reads and another gets.
type block struct {
	data []byte
	err  error
}

// abandonable is a reader of one that may block for ever. When ctx is done it gives up with the error of ctx at once;
// the goroutine that reads ends with its read.
type abandonable struct {
	ctx    context.Context
	blocks <-chan block
	now    block
}

// abandon starts reading r.
func abandon(ctx context.Context, r io.Reader) *abandonable {
	blocks := make(chan block)
	go func() {
		defer close(blocks)
		for {
			data := make([]byte, readBlock)
			n, err := r.Read(data)
			select {
			case blocks <- block{data[:n], err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	return &abandonable{ctx: ctx, blocks: blocks}
}

// Read implements [io.Reader].
func (a *abandonable) Read(p []byte) (int, error) {
	for len(a.now.data) == 0 {
		if a.now.err != nil {
			return 0, a.now.err
		}
		select {
		case a.now = <-a.blocks:
		case <-a.ctx.Done():
			a.now = block{nil, a.ctx.Err()}
		}
	}
	n := copy(p, a.now.data)
	a.now.data = a.now.data[n:]
	return n, nil
}
