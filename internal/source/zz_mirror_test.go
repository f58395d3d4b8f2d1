package source

import (
	"bytes"
	"context"
	"os"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/scanner"
)

func TestMirror(t *testing.T) {
	dir := os.Getenv("MIRROR")
	if dir == "" {
		t.Skip("no mirror")
	}
	r, err := repo.Open(dir, repo.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	start := time.Now()
	lap := func(name string) {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		var ru syscall.Rusage
		syscall.Getrusage(0, &ru)
		t.Logf("%-20s cpu %d.%03d s %v heap %d MB sys %d MB", name, ru.Utime.Sec+ru.Stime.Sec, (ru.Utime.Usec+ru.Stime.Usec)/1000, time.Since(start), m.HeapAlloc>>20, m.Sys>>20)
		start = time.Now()
	}
	var found []scanner.Finding
	var mu sync.Mutex
	marker := []byte(os.Getenv("MARKER"))
	h := NewHistory(r, HistoryOptions{})
	var rec scanner.Recorder
	err = h.Walk(ctx, &rec, func(c *scanner.Chunk) error {
		if i := bytes.Index(c.Data, marker); i >= 0 {
			mu.Lock()
			loc := c.Location
			loc.Offset = int64(i)
			found = append(found, scanner.Finding{Fingerprint: "k", Location: loc})
			mu.Unlock()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	lap("walk")
	cov := rec.Coverage()
	t.Logf("complete %v commits %d blobs %d bytes %d refs %d", cov.Complete, cov.Commits, cov.Blobs, cov.Bytes, cov.Refs)
	for _, s := range cov.Skipped {
		t.Logf("  %+v", s)
	}
	lap("cov")
	if os.Getenv("WALK") != "" {
		return
	}
	slices.SortFunc(found, func(a, b scanner.Finding) int {
		return bytes.Compare([]byte(a.Location.Object), []byte(b.Location.Object))
	})
	t.Logf("found %d", len(found))
	for _, n := range []int{1, 10, 1000, len(found)} {
		n = min(n, len(found))
		start = time.Now()
		out, err := h.Attribute(ctx, &rec, found[:n])
		if err != nil {
			t.Fatal(err)
		}
		lap("attribute")
		t.Log(n, len(out))
		for _, f := range out[:min(len(out), 2)] {
			t.Logf("%+v %+v %+v", f.Location, f.Location.Commit, f.Exposure)
		}
	}
}
