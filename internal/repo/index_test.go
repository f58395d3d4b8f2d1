package repo

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skant-dev/skant/internal/pack"
)

func TestIndexAgreesWithGit(t *testing.T) {
	tests := map[string]func(s *sandbox){
		"version 2": func(*sandbox) {},
		"version 3": func(s *sandbox) { s.git("update-index", "--skip-worktree", "dir/b") },
		"version 4": func(s *sandbox) { s.git("update-index", "--index-version", "4") },
		"split": func(s *sandbox) {
			s.git("update-index", "--split-index")
			s.git("update-index", "--skip-worktree", "dir/b")
		},
		"no checksum": func(s *sandbox) {
			s.damage("index", func(b []byte) []byte {
				size := s.open().Format().Size()
				return append(b[:len(b)-size], make([]byte, size)...)
			})
		},
		"other extensions": func(s *sandbox) {
			s.git("update-index", "--untracked-cache")
			s.git("-c", "index.threads=2", "update-index", "--refresh")
			s.git("status")
		},
		"conflict": func(s *sandbox) {
			id := s.git("rev-parse", "HEAD:a")
			s.feed(fmt.Sprintf("0 %[1]s\ta\n100644 %[2]s 1\ta\n100755 %[2]s 2\ta\n120000 %[2]s 3\ta\n", strings.Repeat("0", len(id)), id), "update-index", "--index-info")
		},
		"empty": func(s *sandbox) { s.git("rm", "-q", "-r", "--cached", ".") },
	}
	for _, format := range []string{"sha1", "sha256"} {
		for name, prepare := range tests {
			t.Run(format+"/"+name, func(t *testing.T) {
				s := newSandbox(t, "--object-format="+format)
				for _, n := range []string{"a", "dir/b", "dir/c", "dir.d", strings.Repeat("long/", 40) + strings.Repeat("n", 200), "\xff\n\t", "z"} {
					s.write(n, n)
				}
				s.commit("one")
				prepare(s)
				entries, err := s.open().Index()
				if err != nil {
					t.Fatal(err)
				}
				var got []string
				for _, e := range entries {
					tag := "H"
					if e.SkipWorktree {
						tag = "S"
					}
					if e.Stage > 0 {
						tag = "M"
					}
					got = append(got, fmt.Sprintf("%s %06o %s %d\t%s", tag, e.Mode, e.ID, e.Stage, e.Path))
				}
				var want []string
				if out := strings.TrimSuffix(s.git("ls-files", "--stage", "-t", "-z"), "\x00"); out != "" {
					want = strings.Split(out, "\x00")
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("index differs from git's (-git +ours):\n%s", diff)
				}
			})
		}
	}
}

func TestIndexFlags(t *testing.T) {
	s := newSandbox(t)
	s.write("a", "a")
	s.write("out/side/x", "x")
	s.commit("one")
	s.git("sparse-checkout", "set", "--cone", "--sparse-index", "in")
	s.write("later", "x")
	s.git("add", "-N", "later")
	entries, err := s.open().Index()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, e := range entries {
		got[e.Path] = fmt.Sprintf("%o %v %v", e.Mode, e.IntentToAdd, e.SkipWorktree)
	}
	want := map[string]string{"a": "100644 false false", "later": "100644 true false", "out/": "40000 false true"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestIndexErrors(t *testing.T) {
	s := newSandbox(t)
	if entries, err := s.open().Index(); err != nil || len(entries) != 0 {
		t.Errorf("without an index: %v, %v", entries, err)
	}
	s.write("a", "a")
	s.write("b", "b")
	s.git("add", "-A")
	path := filepath.Join(s.dir, ".git", "index")
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// The checksum is left out, so that it is the content that must be refused.
	body := good[:len(good)-20]
	swapped := bytes.ReplaceAll(bytes.ReplaceAll(bytes.ReplaceAll(body, []byte("\x01a\x00"), []byte("\x01?\x00")), []byte("\x01b\x00"), []byte("\x01a\x00")), []byte("\x01?\x00"), []byte("\x01b\x00"))
	tests := map[string][]byte{
		"other version":     append([]byte("DIRC\x00\x00\x00\x09"), body[8:]...),
		"too many entries":  append([]byte("DIRC\x00\x00\x00\x02\x7f\xff\xff\xff"), body[12:]...),
		"one entry more":    append([]byte("DIRC\x00\x00\x00\x02\x00\x00\x00\x03"), body[12:]...),
		"unknown extension": append(bytes.Clone(body), "abcd\x00\x00\x00\x00"...),
		"long extension":    append(bytes.Clone(body), "ABCD\x00\x00\x10\x00"...),
		"cut":               body[:len(body)-5],
		"out of order":      swapped,
	}
	for name, content := range tests {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(path, append(bytes.Clone(content), make([]byte, 20)...), 0o644); err != nil {
				t.Fatal(err)
			}
			_, err := s.open().Index()
			var index *IndexError
			if !errors.As(err, &index) {
				t.Errorf("error %v, want an IndexError", err)
			}
		})
	}
	t.Run("split and no git", func(t *testing.T) {
		if err := os.WriteFile(path, good, 0o644); err != nil {
			t.Fatal(err)
		}
		s.git("update-index", "--split-index")
		r := s.openWith(Options{Git: "/nonexistent/git"})
		if entries, err := r.Index(); err != nil || len(entries) != 2 {
			t.Errorf("%v, %v: want two entries", entries, err)
		}
		shared, err := filepath.Glob(filepath.Join(s.dir, ".git", "sharedindex.*"))
		if err != nil || len(shared) != 1 {
			t.Fatal(shared, err)
		}
		if err := os.Remove(shared[0]); err != nil {
			t.Fatal(err)
		}
		var index *IndexError
		if _, err = r.Index(); !errors.As(err, &index) || !strings.Contains(err.Error(), "split") {
			t.Errorf("error %v, want one about the split index", err)
		}
	})
}

func FuzzDecodeIndex(f *testing.F) {
	for _, version := range []string{"2", "4"} {
		s := newSandbox(f)
		s.write("a/b", "x")
		s.write("a/c", "x")
		s.commit("one")
		s.git("update-index", "--index-version", version)
		s.git("update-index", "--skip-worktree", "a/c")
		data, err := os.ReadFile(filepath.Join(s.dir, ".git", "index"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data[:len(data)-20])
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		idx, err := decodeIndex(append(bytes.Clone(body), make([]byte, 20)...), pack.SHA1, nil)
		if err != nil {
			return
		}
		entries := idx.allEntries()
		for i := 1; i < len(entries); i++ {
			a, b := entries[i-1], entries[i]
			if a.Path > b.Path || a.Path == b.Path && a.Stage >= b.Stage {
				t.Fatalf("entries %d and %d are out of order", i-1, i)
			}
		}
	})
}
