package main

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/scanner"
)

const (
	// progressAfter is how long a scan stays silent.
	progressAfter = time.Second
	progressEvery = 200 * time.Millisecond
)

// watch shows the progress of a scan on a terminal's standard error, from its first second on. The function that it
// returns takes the line away again and waits until nothing is written any more.
func (a *app) watch(rec *scanner.Recorder, off bool) (stop func()) {
	if _, ok := a.terminal(a.err); !ok || off {
		return func() {}
	}
	line := statusLine{app: a, since: a.now()}
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		select {
		case <-done:
			return
		case <-time.After(progressAfter):
		}
		tick := time.NewTicker(progressEvery)
		defer tick.Stop()
		for {
			line.show(rec.Progress())
			select {
			case <-done:
				line.write("")
				a.say("\r")
				return
			case <-tick.C:
			}
		}
	})
	return func() {
		close(done)
		wg.Wait()
	}
}

// statusLine is one line of a terminal that is written over and over. Libraries for this bring a web client or tables
// of all character widths into a program that a hook starts for every commit.
type statusLine struct {
	app   *app
	phase string
	since time.Time // when the phase was first seen
	shown int       // columns in use
}

// show writes what is done, how far it is and how fast it goes.
func (l *statusLine) show(p scanner.Progress) {
	now := l.app.now()
	if l.phase != p.Phase && l.phase != "" {
		l.since = now
	}
	l.phase = p.Phase
	text := fmt.Sprintf(msgProgress, p.Phase, report.Size(p.Bytes), p.Findings)
	if p.Done > 0 {
		text += fmt.Sprintf(" (%d", p.Done)
		if p.Total > 0 {
			text += fmt.Sprintf("/%d, %d%%", max(p.Total, p.Done), 100*p.Done/max(p.Total, p.Done))
		}
		if took := now.Sub(l.since).Seconds(); took >= 1 {
			text += fmt.Sprintf(", %.0f/s", float64(p.Done)/took)
		}
		text += ")"
	}
	l.write(text)
}

// write replaces the line. It pads with spaces, which every terminal understands, and stays off the last column, after
// which some begin a new line.
func (l *statusLine) write(text string) {
	if width, ok := l.app.terminal(l.app.err); ok && len(text) >= width {
		text = text[:max(width-1, 0)]
	}
	l.app.say("\r%s%s", text, strings.Repeat(" ", max(l.shown-len(text), 0)))
	l.shown = len(text)
}
