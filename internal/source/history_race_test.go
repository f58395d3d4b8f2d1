package source

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestGitWorksMeanwhile scans a repository again and again while git packs it, unpacks it, and throws away what nothing
// reaches. What refs reach is never lost: it is found, or the scan says that it is not complete. Most scans are complete.
func TestGitWorksMeanwhile(t *testing.T) {
	s := newGitbox(t, "--template=")
	s.git("config", "gc.auto", "0")
	for i := range 25 {
		s.write(fmt.Sprintf("dir%d/file", i%5), fmt.Sprintf("find-me-m%d\n%s", i, strings.Repeat(fmt.Sprintln("text", i), 200)))
		s.write("log", strings.Repeat("line\n", 10*i)+fmt.Sprintf("find-me-l%d\n", i))
		s.commit(fmt.Sprint("commit ", i))
	}
	v := &victim{gitDir: filepath.Join(s.dir, ".git")}
	want, coverage, err := v.scan(t.Context())
	if err != nil || !coverage.Complete || len(want) != 50 {
		t.Fatalf("%d marks, coverage %+v, %v", len(want), coverage, err)
	}
	work := [][]string{
		{"repack", "-q", "-a", "-d"},
		{"hash-object", "-w", "--stdin"},
		{"-c", "pack.writeBitmaps=true", "repack", "-q", "-A", "-d", "--depth=3"},
		{"commit", "-q", "--allow-empty", "-m", "more"},
		{"commit", "-q", "--allow-empty", "-m", "and more"},
		{"pack-refs", "--all"},
		{"gc", "-q", "--prune=now"},
		{"reset", "-q", "--hard", "HEAD~1"},
		{"reflog", "expire", "--expire=now", "--all"},
		{"tag", "-f", "moving"},
		{"repack", "-q", "-d"},
		{"prune", "--expire=now"},
	}
	var stop atomic.Bool
	failed := make(chan error, 1)
	go func() {
		defer close(failed)
		for i := 0; !stop.Load(); i++ {
			args := work[i%len(work)]
			if _, err := s.run(strings.NewReader(fmt.Sprint("unreachable ", i)), args...); err != nil {
				failed <- fmt.Errorf("git %v: %w", args, err)
				return
			}
		}
	}()
	scans, complete := 0, 0
	last := ""
	for end := time.Now().Add(4 * time.Second); time.Now().Before(end) || scans < 20; scans++ {
		found, coverage, err := v.scan(t.Context())
		if err != nil || !coverage.Complete {
			last = fmt.Sprintf("%v %+v", err, coverage.Skipped)
			continue
		}
		complete++
		for mark := range want {
			if !found[mark] {
				t.Errorf("scan %d is complete, and %s is not found", scans, mark)
			}
		}
	}
	stop.Store(true)
	if err := <-failed; err != nil {
		t.Fatal(err)
	}
	t.Logf("%d of %d scans are complete", complete, scans)
	if complete < scans/2 {
		t.Errorf("%d of %d scans are complete; the last other one: %s", complete, scans, last)
	}
	found, coverage, err := v.scan(t.Context())
	if err != nil || !coverage.Complete || len(found) != len(want) {
		t.Errorf("at last: %d marks, coverage %+v, %v", len(found), coverage, err)
	}
}
