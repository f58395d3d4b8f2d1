package unpack

import (
	"bytes"
	"fmt"
	"io"
)

// input is a reader of bytes in memory that ends when the walk is to end: a decoder may read on for long without
// giving anything.
func (w *walker) input(data []byte) io.Reader { return &input{w, bytes.NewReader(data)} }

// live is a reader of anything that ends when the walk is to end.
type live struct {
	w *walker
	r io.Reader
}

func (l *live) Read(p []byte) (int, error) {
	if err := l.w.ctx.Err(); err != nil {
		l.w.fatal = err
		return 0, err
	}
	return l.r.Read(p)
}

type input struct {
	w *walker
	r *bytes.Reader
}

func (i *input) Read(p []byte) (int, error) {
	if err := i.w.ctx.Err(); err != nil {
		i.w.fatal = err
		return 0, err
	}
	return i.r.Read(p[:min(len(p), 64<<10)])
}

// meter counts what a decoder gives, and says of its errors whose they are.
type meter struct {
	w    *walker
	r    io.Reader
	path string
	kind string
}

// decodeError is an error of a decoder.
type decodeError struct {
	kind string
	err  error
}

func (e *decodeError) Error() string  { return "decode " + e.kind + ": " + e.err.Error() }
func (e *decodeError) Unwrap() error  { return e.err }
func (e *decodeError) reason() string { return decodeReason(e.err, e.kind) }

func (m *meter) Read(p []byte) (int, error) {
	if m.w.fatal != nil {
		return 0, m.w.fatal
	}
	if err := m.w.ctx.Err(); err != nil {
		m.w.fatal = err
		return 0, err
	}
	n, err := m.r.Read(p[:min(int64(len(p)), m.w.left+1)])
	if spent := m.w.spend(m.path, int64(n)); spent != nil {
		return 0, spent
	}
	if err != nil && err != io.EOF {
		err = &decodeError{m.kind, err}
	}
	return n, err
}

// spend takes n from what may still be unpacked.
func (w *walker) spend(path string, n int64) error {
	if w.left -= n; w.left >= 0 {
		return nil
	}
	reason := fmt.Sprintf("unpacks to more than %d MiB", w.bound>>20)
	if w.bound < w.opt.MaxTotal {
		reason += fmt.Sprintf(", which is %d times its size or more", w.opt.MaxRatio)
	}
	return w.stop(path, reason+": the rest was not read; unpack it and scan the folder, if you trust it")
}
