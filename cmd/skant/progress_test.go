package main

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skant-dev/skant/scanner"
)

// screen returns what a terminal of one line shows after text was written to it.
func screen(text string) string {
	var line []rune
	at := 0
	for _, c := range text {
		if c == '\r' {
			at = 0
			continue
		}
		if at == len(line) {
			line = append(line, ' ')
		}
		line[at] = c
		at++
	}
	return strings.TrimRight(string(line), " ")
}

func TestProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		width := 80
		a := &app{err: &out, now: time.Now, terminal: func(any) (int, bool) { return width, true }}
		rec := &scanner.Recorder{}
		stop := a.watch(rec, false)
		rec.StartPhase("reading objects", 400)
		rec.Step(100)
		rec.AddBytes(3 << 20)
		see := func(after time.Duration, want string) {
			t.Helper()
			time.Sleep(after)
			synctest.Wait()
			if got := screen(out.String()); got != want {
				t.Errorf("the terminal shows %q, want %q", got, want)
			}
		}
		see(progressAfter-time.Millisecond, "")
		see(2*time.Millisecond, "reading objects, 3.1 MB, 0 found (100/400, 25%, 100/s)")
		rec.StartPhase("files", 0)
		see(progressEvery, "files, 3.1 MB, 0 found")
		rec.Step(5)
		see(progressEvery, "files, 3.1 MB, 0 found (5)")
		width = 10
		see(progressEvery, "files, 3.")
		stop()
		see(0, "")
	})
}

// TestNoProgress: nothing is written where nobody looks, where nobody wants it, and for a scan that is over at once.
func TestNoProgress(t *testing.T) {
	for name, c := range map[string]struct{ terminal, off, quick bool }{
		"no terminal": {}, "off": {terminal: true, off: true}, "quick": {terminal: true, quick: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var out strings.Builder
				a := &app{err: &out, now: time.Now, terminal: func(any) (int, bool) { return 80, c.terminal }}
				stop := a.watch(&scanner.Recorder{}, c.off)
				if !c.quick {
					time.Sleep(time.Minute)
				}
				stop()
				if out.String() != "" {
					t.Errorf("written: %q", out.String())
				}
			})
		})
	}
}
