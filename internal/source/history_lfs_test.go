package source

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// keep puts a content into the store of git-lfs and returns its pointer.
func (h *historyRepo) keep(content string) (pointer, path string) {
	h.t.Helper()
	sum := sha256.Sum256([]byte(content))
	oid := hex.EncodeToString(sum[:])
	path = filepath.Join("lfs", "objects", oid[:2], oid[2:4], oid)
	h.plant(path, content)
	return fmt.Sprintf("version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n", oid, len(content)), path
}

// TestHistoryReadsLFS searches what git-lfs keeps, with and without a pointer to it.
func TestHistoryReadsLFS(t *testing.T) {
	h := newHistoryRepo(t)
	pointer, _ := h.keep("a\nfind-me-pointed\n")
	h.write("big.bin", pointer)
	h.commit("add big")
	_, orphan := h.keep("find-me-orphan\n")
	huge, _ := h.keep("find-me-start\n" + strings.Repeat("0123456789abcdef\n", 1<<20+1) + "find-me-end\n") // not held
	h.write("huge.bin", huge)
	h.commit("add huge")
	empty, _ := h.keep("")
	h.removeFile(filepath.Join("lfs/objects/e3/b0", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"))
	h.write("empty.bin", empty)
	h.commit("add empty")
	found, coverage := h.scan(HistoryOptions{})
	want := []string{
		"end commit-content huge.bin:1048579 add huge", "orphan unreachable .git/" + filepath.ToSlash(orphan) + ":1 -",
		"pointed commit-content big.bin:2 add big", "start commit-content huge.bin:1 add huge",
	}
	if diff := cmp.Diff(want, historyLines(found)); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	if !coverage.Complete {
		t.Errorf("not complete: %+v", coverage.Skipped)
	}
	for _, f := range found {
		if f.Fingerprint == "pointed" && !strings.Contains(strings.Join(f.Reasons, "; "), "git-lfs") {
			t.Errorf("reasons %q do not tell that git-lfs keeps it", f.Reasons)
		}
	}
}

// TestHistoryDamagedLFS takes away or changes what git-lfs keeps: each time the coverage says so, and what is there is
// searched.
func TestHistoryDamagedLFS(t *testing.T) {
	for _, test := range []struct {
		name   string
		spoil  func(h *historyRepo, path string)
		opt    HistoryOptions
		reason string
		found  bool
	}{
		{"gone", func(h *historyRepo, path string) { h.removeFile(path) }, HistoryOptions{}, "not in this clone", false},
		{"cut short", func(h *historyRepo, path string) { h.plant(path, "find-me-k") }, HistoryOptions{}, "not of the size", true},
		{"changed", func(h *historyRepo, path string) { h.plant(path, "find-me-k!\n") }, HistoryOptions{}, "SHA-256 of its name", true},
		{"said to be empty", func(h *historyRepo, _ string) {
			pointer, _ := h.keep("find-me-k2\n")
			h.write("big.bin", pointer[:strings.Index(pointer, "size ")]+"size 0\n")
			h.commit("lie")
		}, HistoryOptions{}, "not of the size", true},
		{"above the bound", func(*historyRepo, string) {}, HistoryOptions{MaxSize: 5}, "--max-size", false},
		{"a folder", func(h *historyRepo, path string) {
			h.removeFile(path)
			h.plant(path+"/x", "")
		}, HistoryOptions{}, "cannot be read", false},
		{"a link", func(h *historyRepo, path string) {
			h.removeFile(path)
			if err := os.Symlink("/etc/hostname", filepath.Join(h.dir, ".git", path)); err != nil {
				h.t.Fatal(err)
			}
		}, HistoryOptions{}, "cannot be read", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newHistoryRepo(t)
			pointer, path := h.keep("find-me-k.\n")
			h.write("big.bin", pointer)
			h.commit("add big")
			test.spoil(h, path)
			found, coverage := h.scan(test.opt)
			if coverage.Complete {
				t.Errorf("complete")
			}
			if (len(found) > 0) != test.found {
				t.Errorf("found %v; want some: %v", historyLines(found), test.found)
			}
			if text := fmt.Sprint(coverage.Skipped); !strings.Contains(text, test.reason) {
				t.Errorf("no %q in %s", test.reason, text)
			}
		})
	}
}

func (h *historyRepo) removeFile(path string) {
	h.t.Helper()
	if err := os.Remove(filepath.Join(h.dir, ".git", path)); err != nil {
		h.t.Fatal(err)
	}
}

// TestHistoryLFSStorage obeys lfs.storage inside of the git directory, and says so if it is elsewhere.
func TestHistoryLFSStorage(t *testing.T) {
	h := newHistoryRepo(t)
	pointer, path := h.keep("find-me-k\n")
	h.write("big.bin", pointer)
	h.commit("add big")
	own := filepath.Join(h.dir, ".git", "own", strings.TrimPrefix(filepath.ToSlash(path), "lfs/"))
	if err := os.MkdirAll(filepath.Dir(own), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(h.dir, ".git", path), own); err != nil {
		t.Fatal(err)
	}
	h.git("config", "lfs.storage", "own")
	found, coverage := h.scan(HistoryOptions{})
	if diff := cmp.Diff([]string{"k commit-content big.bin:1 add big"}, historyLines(found)); diff != "" || !coverage.Complete {
		t.Errorf("want -, got +:\n%s%+v", diff, coverage.Skipped)
	}
	h.git("config", "lfs.storage", t.TempDir())
	_, coverage = h.scan(HistoryOptions{})
	if diff := cmp.Diff([]string{"1 LFS stores"}, historySkips(coverage, false)); diff != "" || coverage.Complete {
		t.Errorf("elsewhere: want -, got +:\n%s%+v", diff, coverage.Skipped)
	}
}
