package main

import (
	"fmt"
	"sync"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/schollz/progressbar/v3"

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
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		select {
		case <-done:
			return
		case <-time.After(progressAfter):
		}
		bar := progressbar.NewOptions64(-1, progressbar.OptionSetWriter(a.err), progressbar.OptionClearOnFinish(),
			progressbar.OptionSetWidth(20), progressbar.OptionThrottle(progressEvery), progressbar.OptionFullWidth(),
			progressbar.OptionShowCount(), progressbar.OptionSetPredictTime(true))
		tick := time.NewTicker(progressEvery)
		defer tick.Stop()
		for {
			show(bar, rec.Progress())
			select {
			case <-done:
				_ = bar.Clear() // only the display is concerned
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

func show(bar *progressbar.ProgressBar, p scanner.Progress) {
	bar.ChangeMax64(max(p.Total, p.Done, 1))
	bar.Describe(fmt.Sprintf(msgProgress, p.Phase, humanize.IBytes(uint64(p.Bytes)), p.Findings))
	_ = bar.Set64(min(p.Done, max(p.Total, p.Done, 1)-1)) // full would end the bar; only the display is concerned
}
