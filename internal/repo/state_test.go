package repo

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// stateSettle is longer than files count as changed a moment ago.
const stateSettle = 130 * time.Millisecond

// state returns the state of a repository, opened anew, after it has settled.
func state(t *testing.T, dir string) [32]byte {
	t.Helper()
	time.Sleep(stateSettle)
	sum, err := tryState(t, dir)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

func tryState(t *testing.T, dir string) ([32]byte, error) {
	t.Helper()
	r, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close() //nolint:errcheck // nothing was written
	return r.State(context.Background(), 2)
}

// TestEveryFileIsPartOfTheState changes each file of a git directory in turn, those that git does not know among them.
func TestEveryFileIsPartOfTheState(t *testing.T) {
	s := newSandbox(t)
	s.write("a.txt", "a\n")
	s.commit("one")
	s.git("repack", "-q", "-a", "-d")
	s.write("a.txt", "b\n")
	s.commit("two")
	s.git("tag", "-a", "-m", "m", "v1")
	s.git("worktree", "add", "-q", filepath.Join(t.TempDir(), "linked"))
	git := filepath.Join(s.dir, ".git")
	if err := os.MkdirAll(filepath.Join(git, "odd", "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(git, "odd", "folder", "file"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	before := state(t, s.dir)
	if state(t, s.dir) != before {
		t.Fatal("the state of a repository changes by itself")
	}
	changed := 0
	err := filepath.WalkDir(git, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || strings.Contains(path, "/hooks/") || e.Name() == "config" || e.Name() == "HEAD" {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		// As small a change as there is: one bit, with the old size and time.
		was := append([]byte(nil), data...)
		if len(data) > 0 {
			data[len(data)/2] ^= 1
		}
		err = errors.Join(os.Chmod(path, 0o600), os.WriteFile(path, data, 0o600), os.Chmod(path, info.Mode()),
			os.Chtimes(path, info.ModTime(), info.ModTime()))
		if err != nil {
			return err
		}
		changed++
		if len(data) > 0 && state(t, s.dir) == before {
			t.Errorf("%s was changed, and the state is the same", strings.TrimPrefix(path, git))
		}
		err = errors.Join(os.Chmod(path, 0o600), os.WriteFile(path, was, 0o600), os.Chmod(path, info.Mode()))
		before = state(t, s.dir)
		return err
	})
	if err != nil || changed < 15 {
		t.Errorf("%d files changed, %v", changed, err)
	}
}

func TestWhatIsNoChange(t *testing.T) {
	s := newSandbox(t)
	s.write("a.txt", "a\n")
	s.commit("one")
	fetched := filepath.Join(s.dir, ".git", "FETCH_HEAD")
	write := func(path, text string) {
		t.Helper()
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	write(fetched, "the same\n")
	before := state(t, s.dir)
	write(fetched, "the same\n")
	write(filepath.Join(s.dir, ".git", "hooks", "pre-push"), "hooks are read in each run\n")
	write(filepath.Join(s.dir, "b.txt"), "the work tree is no part of it\n")
	if state(t, s.dir) != before {
		t.Error("nothing that matters has changed, and the state has")
	}
	write(fetched, "another\n")
	if state(t, s.dir) == before {
		t.Error("FETCH_HEAD has changed, and the state has not")
	}
}

func TestStateThatCannotBeTold(t *testing.T) {
	for name, spoil := range map[string]func(s *sandbox) error{
		"changed a moment ago": func(s *sandbox) error {
			path := filepath.Join(s.dir, ".git", "refs", "heads", "new")
			return os.WriteFile(path, []byte(s.git("rev-parse", "HEAD")), 0o600)
		},
		"a folder that is elsewhere": func(s *sandbox) error {
			real := filepath.Join(s.t.TempDir(), "pack")
			pack := filepath.Join(s.dir, ".git", "objects", "pack")
			err := errors.Join(os.Rename(pack, real), os.Symlink(real, pack))
			time.Sleep(stateSettle)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSandbox(t)
			s.write("a.txt", "a\n")
			s.commit("one")
			time.Sleep(stateSettle)
			if err := spoil(s); err != nil {
				t.Fatal(err)
			}
			if _, err := tryState(t, s.dir); !errors.Is(err, ErrNoState) {
				t.Errorf("error %v", err)
			}
		})
	}
}

// TestStateOfWhatIsOutside changes an alternate object directory.
func TestStateOfWhatIsOutside(t *testing.T) {
	s, other := newSandbox(t), newSandbox(t)
	s.write("a.txt", "a\n")
	s.commit("one")
	list := filepath.Join(s.dir, ".git", "objects", "info", "alternates")
	if err := os.WriteFile(list, []byte(filepath.Join(other.dir, ".git", "objects")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	before := state(t, s.dir)
	other.write("b.txt", "b\n")
	other.commit("there")
	if state(t, s.dir) == before {
		t.Error("an alternate has a new object, and the state is the same")
	}
}
