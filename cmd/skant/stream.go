package main

import (
	"errors"
	"io"
	"os"
	"sync"

	"github.com/spf13/cobra"

	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/scanner"
)

// formatLines is the only format that can tell of a secret before the report is made.
const formatLines = "jsonl"

// stream is an output that is told of secrets while the scan runs. The scan never waits for whoever reads it: lines wait in memory,
// one for each distinct secret, of which the scan itself holds every place.
type stream struct {
	// open returns where the lines go. It is called when the scan begins; a pipe may wait there for its reader.
	open func() (io.WriteCloser, error)

	mu      sync.Mutex
	waiting []scanner.Found
	more    chan struct{}
	over    chan struct{}

	// What the lines are written to, and why no more of them are. They belong to the writing goroutine until over is closed.
	out io.WriteCloser
	err error
}

func newStream(open func() (io.WriteCloser, error)) *stream {
	return &stream{open: open, more: make(chan struct{}, 1), over: make(chan struct{})}
}

// tell has one line written, soon.
func (s *stream) tell(f scanner.Found) {
	s.mu.Lock()
	s.waiting = append(s.waiting, f)
	s.mu.Unlock()
	select {
	case s.more <- struct{}{}:
	default: // it is known already that something waits
	}
}

// run writes lines until end is called. What cannot be written does not end the scan: finish tells.
func (s *stream) run() {
	defer close(s.over)
	s.out, s.err = s.open()
	for more := true; more; {
		_, more = <-s.more
		s.mu.Lock()
		lines := s.waiting
		s.waiting = nil
		s.mu.Unlock()
		for _, f := range lines {
			if s.err == nil {
				s.err = report.Found(s.out, f)
			}
		}
	}
}

// end waits until all that was told is written. Nothing may be told afterwards.
func (s *stream) end() {
	close(s.more)
	<-s.over
}

// finish writes what follows, and closes the output.
func (s *stream) finish(write func(io.Writer) error) error {
	if s.err == nil {
		s.err = write(s.out)
	}
	if s.out == nil {
		return s.err
	}
	return errors.Join(s.err, s.out.Close())
}

// registerStream adds the flag of the commands whose report may be long in coming.
func (f *scanFlags) registerStream(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.stream, "stream", false, helpFlagStream)
}

// streams has the outputs told of secrets that can be.
func (a *app) streams(f *scanFlags, outs []output) error {
	if !f.stream {
		return nil
	}
	found := false
	for i := range outs {
		o := &outs[i]
		if o.format.name != formatLines {
			continue
		}
		found = true
		o.stream = newStream(func() (io.WriteCloser, error) {
			if o.path == "" {
				return keepOpen{a.forPrograms()}, nil
			}
			return openStream(o.path)
		})
	}
	if !found {
		return withHint(errors.New("--stream needs an output in the format jsonl"), hintStream)
	}
	return nil
}

// told returns what the engine tells of secrets; nil if nobody wants to know.
func (p *prepared) told() func(scanner.Found) {
	var list []*stream
	for _, o := range p.outs {
		if o.stream != nil {
			list = append(list, o.stream)
		}
	}
	if list == nil {
		return nil
	}
	return func(f scanner.Found) {
		for _, s := range list {
			s.tell(f)
		}
	}
}

// startStreams begins writing what is told; the function that it returns waits until all of it is written.
func (p *prepared) startStreams() (end func()) {
	for _, o := range p.outs {
		if o.stream != nil {
			go o.stream.run()
		}
	}
	return func() {
		for _, o := range p.outs {
			if o.stream != nil {
				o.stream.end()
			}
		}
	}
}

// onScreen says whether lines go to a terminal while the scan runs, where a progress line would be among them.
func (a *app) onScreen(outs []output) bool {
	_, terminal := a.terminal(a.out)
	for _, o := range outs {
		if o.stream != nil && o.path == "" {
			return terminal
		}
	}
	return false
}

// openStream puts an empty file that only its owner can read in the place of a path, and opens it. Unlike that of [writeFile] it can be
// read while it grows. A pipe or a device is opened as it is.
func openStream(path string) (io.WriteCloser, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return os.OpenFile(path, os.O_WRONLY, 0)
	}
	if err := replaceFile(path, 0o600, func(io.Writer) error { return nil }); err != nil {
		return nil, err
	}
	return os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
}

// keepOpen is a writer that others go on writing to.
type keepOpen struct{ io.Writer }

func (keepOpen) Close() error { return nil }
