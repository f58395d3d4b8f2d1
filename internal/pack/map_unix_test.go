//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package pack

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestPipesDoNotBlock has named pipes, which wait for a writer when they are opened, in place of all sorts of files.
func TestPipesDoNotBlock(t *testing.T) {
	dir := newStoreDir(t)
	id := idOf(Blob, []byte("text"))
	writeFile(t, nil, filepath.Dir(loosePath(dir, id)), "x")
	for _, path := range []string{
		filepath.Join(dir, "pack", "p.idx"), filepath.Join(dir, "pack", "p.pack"),
		filepath.Join(dir, "info", "alternates"), loosePath(dir, id),
	} {
		if err := syscall.Mkfifo(path, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, dir, Options{})
	_, problems := each(t, s, EachOptions{})
	if len(problems) != 1 || len(s.Problems()) != 2 {
		t.Errorf("problems %v and %v", problems, s.Problems())
	}
}

// TestFileCutShortWhileMapped cuts a pack after it was mapped: reading behind the end faults.
func TestFileCutShortWhileMapped(t *testing.T) {
	var entries []entry
	for i := range 50 {
		text := make([]byte, 1000)
		for k := range text {
			text[k] = byte(k*k*(i+7) + k>>3*i)
		}
		entries = append(entries, object(Blob, string(text)))
	}
	dir := newStoreDir(t)
	addPack(t, dir, "pack-test", entries...)
	s := open(t, dir, Options{})
	path := filepath.Join(dir, "pack", "pack-test.pack")
	if fi, err := os.Stat(path); err != nil || fi.Size() < int64(2*os.Getpagesize()) {
		t.Fatalf("the pack is too small: %v %v", fi.Size(), err)
	}
	if err := os.Truncate(path, int64(os.Getpagesize())); err != nil {
		t.Fatal(err)
	}
	seen, problems := each(t, s, EachOptions{})
	if len(seen)+len(problems) != len(entries) || len(problems) == 0 {
		t.Errorf("%d seen, %d problems, want %d together", len(seen), len(problems), len(entries))
	}
	for id, err := range problems {
		if !strings.Contains(err.Error(), "read stored bytes") {
			t.Errorf("%s: %v", id, err)
		}
		if parsed, _ := ParseID(id); s.Has(parsed) {
			if _, _, err := s.Get(parsed); err == nil {
				t.Errorf("Get reads %s", id)
			}
		}
	}
	if err := os.Truncate(filepath.Join(dir, "pack", "pack-test.idx"), 0); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Get(entries[0].id); err == nil {
		t.Error("Get reads through an index that is gone")
	}
	if s.Has(entries[0].id) {
		t.Error("Has reads through an index that is gone")
	}
}
