//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package source

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// oddFiles are what may stand in the place of a file. Opening the first one waits for a writer, reading the device would
// never end.
var oddFiles = map[string]func(path string) error{
	"named pipe":       func(path string) error { return syscall.Mkfifo(path, 0o644) },
	"folder":           func(path string) error { return os.MkdirAll(filepath.Join(path, "x"), 0o755) },
	"dangling link":    func(path string) error { return os.Symlink("nowhere", path) },
	"link to itself":   func(path string) error { return os.Symlink(filepath.Base(path), path) },
	"endless device":   func(path string) error { return os.Symlink("/dev/zero", path) },
	"terminal":         func(path string) error { return os.Symlink("/dev/tty", path) },
	"empty file":       func(path string) error { return os.WriteFile(path, nil, 0o644) },
	"unreadable file":  func(path string) error { return os.WriteFile(path, []byte("x"), 0) },
	"very large file":  func(path string) error { return largeSparse(path, 1<<40) },
	"file of NULs":     func(path string) error { return os.WriteFile(path, make([]byte, 4096), 0o644) },
	"one endless line": func(path string) error { return os.WriteFile(path, []byte(strings.Repeat("a", 1<<20)), 0o644) },
}

func largeSparse(path string, size int64) error {
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		return err
	}
	return os.Truncate(path, size)
}

// TestOddFiles puts something odd in the place of each file of a repository, one after the other: the scan ends, soon,
// and is complete only if nothing is lost.
func TestOddFiles(t *testing.T) {
	for name, make := range oddFiles {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newVictim(t)
			for _, path := range v.files {
				if err := os.Remove(path); err != nil {
					t.Fatal(err)
				}
				if err := make(path); err != nil {
					t.Fatal(err)
				}
				what := fmt.Sprintf("%s in place of %s", name, strings.TrimPrefix(path, v.gitDir))
				v.checkEnds(t, what)
				if err := os.RemoveAll(path); err != nil {
					t.Fatal(err)
				}
				v.put(t, path, v.content[path])
			}
			v.check(t, "restored", true)
		})
	}
}

// checkEnds is check for a scan that may wait for ever, even where it does not look at its context.
func (v *victim) checkEnds(t *testing.T, what string) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		start := time.Now()
		found, coverage, err := v.scan(context.Background())
		if d := time.Since(start); d > 10*time.Second {
			t.Errorf("%s: it took %s", what, d)
		}
		if err != nil || !coverage.Complete {
			return
		}
		for mark := range v.marks {
			if !found[mark] {
				t.Errorf("%s: complete, and %s is not found", what, mark)
			}
		}
	}()
	select {
	case <-done:
	case <-time.After(60 * time.Second):
		t.Fatalf("%s: the scan does not end", what)
	}
}

// TestExtraOddFiles adds named pipes and endless devices where git keeps files that this repository does not have.
func TestExtraOddFiles(t *testing.T) {
	v := newVictim(t)
	for _, name := range []string{
		"shallow", "commondir", "config.worktree", "info/exclude", "info/grafts", "objects/info/alternates",
		"objects/info/commit-graph", "objects/info/commit-graphs/commit-graph-chain", "objects/pack/multi-pack-index",
		"objects/pack/pack-x.idx", "objects/pack/pack-x.pack", "objects/pack/pack-x.keep", "objects/pack/pack-x.promisor",
		"objects/12/34567890123456789012345678901234567890", "objects/12", "refs/heads/odd", "refs/stash", "refs/notes/commits",
		"logs/refs/stash", "FETCH_HEAD", "MERGE_HEAD", "ORIG_HEAD", "hooks/pre-commit", "worktrees/w/HEAD", "worktrees/w/gitdir",
		"worktrees/w/commondir", "modules/m/HEAD", "modules/m/config", "lfs/objects/aa", "description", "COMMIT_EDITMSG", "rr-cache",
	} {
		for _, kind := range []string{"named pipe", "endless device", "folder", "link to itself"} {
			path := filepath.Join(v.gitDir, filepath.FromSlash(name))
			top := firstNew(v.gitDir, name)
			if _, err := os.Lstat(path); err == nil {
				continue
			}
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := oddFiles[kind](path); err != nil {
				t.Fatal(err)
			}
			v.checkEnds(t, kind+" as "+name)
			if err := os.RemoveAll(top); err != nil {
				t.Fatal(err)
			}
		}
	}
	v.check(t, "restored", true)
}

// firstNew returns the first folder on the way to a file that is not there yet.
func firstNew(dir, name string) string {
	path := dir
	for part := range strings.SplitSeq(name, "/") {
		path = filepath.Join(path, part)
		if _, err := os.Lstat(path); err != nil {
			return path
		}
	}
	return path
}

// TestNamesThatAreNotUTF8 has files with names of any bytes.
func TestNamesThatAreNotUTF8(t *testing.T) {
	s := newGitbox(t)
	names := []string{"latin-\xe9.txt", "\xff\xfe\x80", "new\nline", "tab\tand\x1b[31mred", "\u202Egnp.exe"}
	for i, name := range names {
		path := filepath.Join(s.dir, name)
		err := os.WriteFile(path, fmt.Appendf(nil, "find-me-n%d\n", i), 0o644)
		if err != nil && runtime.GOOS == "darwin" {
			t.Skipf("NOT TESTED: the file systems of this system have UTF-8 names only: %v", err)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	s.commit("odd names")
	v := &victim{gitDir: filepath.Join(s.dir, ".git")}
	found, coverage, err := v.scan(t.Context())
	if err != nil || !coverage.Complete || len(found) != len(names) {
		t.Errorf("found %v, coverage %+v, %v", found, coverage, err)
	}
	visited, coverage := filesRun(t, FilesOptions{NoIgnore: true}, s.dir)
	if len(visited) != len(names) || !coverage.Complete {
		t.Errorf("files %q, coverage %+v", filesNames(visited), coverage)
	}
}
