package pack

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAlternateFaults(t *testing.T) {
	blob := object(Blob, "text")
	tests := map[string]struct {
		build func(t *testing.T, dir string)
		seen  int
		want  string
	}{
		"missing": {func(t *testing.T, dir string) {
			writeFile(t, []byte("/does-not-exist\n"), dir, "info", "alternates")
		}, 0, "does-not-exist"},
		"a file": {func(t *testing.T, dir string) {
			writeFile(t, []byte("../file\n"), dir, "info", "alternates")
			writeFile(t, nil, filepath.Dir(dir), "file")
		}, 0, "not a directory"},
		"quoted, with spaces and line ends of another system": {func(t *testing.T, dir string) {
			writeFile(t, []byte("\r\n\"../with \\303\\244 one\"\r\n"), dir, "info", "alternates")
			writeLoose(t, filepath.Join(filepath.Dir(dir), "with \u00e4 one"), blob.id, Blob, blob.data)
		}, 1, ""},
		"nested too deep": {func(t *testing.T, dir string) {
			for i := range 9 {
				writeFile(t, []byte("deep\n"), dir, "info", "alternates")
				dir = filepath.Join(dir, "deep")
				writeFile(t, nil, dir, "info", fmt.Sprint(i))
			}
			writeLoose(t, dir, blob.id, Blob, blob.data)
		}, 0, "nested deeper than 5"},
		"too many": {func(t *testing.T, dir string) {
			var list strings.Builder
			for i := range maxDirectories + 1 {
				fmt.Fprintf(&list, "d%d\n", i)
				if err := os.Mkdir(filepath.Join(dir, fmt.Sprint("d", i)), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			writeFile(t, []byte(list.String()), dir, "info", "alternates")
		}, 0, "more than 1024"},
		"endless list": {func(t *testing.T, dir string) {
			writeFile(t, []byte(strings.Repeat("#", maxAlternatesFile+1)), dir, "info", "alternates")
		}, 0, "longer than"},
		"list is a folder": {func(t *testing.T, dir string) {
			writeFile(t, nil, dir, "info", "alternates", "x")
		}, 0, "not a regular file"},
		"extra directory missing": {func(t *testing.T, dir string) {}, 0, "extra"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "objects")
			writeFile(t, nil, dir, "info", "x")
			test.build(t, dir)
			opt := Options{}
			if name == "extra directory missing" {
				opt.Extra = []string{filepath.Join(dir, "extra")}
			}
			s := open(t, dir, opt)
			var said strings.Builder
			for _, p := range s.Problems() {
				fmt.Fprintf(&said, "%s %s: %v\n", p.What, p.Name, p.Err)
			}
			if test.want == "" && said.Len() > 0 || !strings.Contains(said.String(), test.want) {
				t.Errorf("problems are %q, want one that says %q", said.String(), test.want)
			}
			if seen, problems := each(t, s, EachOptions{}); len(seen) != test.seen || len(problems) != 0 {
				t.Errorf("%d seen, want %d; problems %v", len(seen), test.seen, problems)
			}
		})
	}
}

// TestUnreadableFolders needs permissions that count, so that it looks for something that fails for every user.
func TestUnreadableFolders(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, nil, dir, "pack")
	s := open(t, dir, Options{})
	if p := s.Problems(); len(p) != 1 || p[0].What != "directory" {
		t.Errorf("a file in place of the pack folder: %v", p)
	}
}

func TestGitRepacksMeanwhile(t *testing.T) {
	build := func(t *testing.T) (*repo, map[string]content) {
		r := newRepo(t)
		r.fill(1, 30, false)
		r.fill(2, 30, true)
		return r, r.oracle()
	}
	check := func(t *testing.T, s *Store, want map[string]content) {
		t.Helper()
		seen, problems := each(t, s, EachOptions{})
		if len(seen) != len(want) || len(problems)+len(s.Problems()) != 0 {
			t.Errorf("%d of %d objects, problems %v and %v", len(seen), len(want), problems, s.Problems())
		}
		checkAccess(t, s, want)
	}
	repack := func(r *repo) { r.git(nil, "repack", "-q", "-adf") }

	t.Run("between opening and reading", func(t *testing.T) {
		r, want := build(t)
		s := open(t, r.objects(), Options{})
		repack(r)
		check(t, s, want)
	})
	t.Run("before asking for one object", func(t *testing.T) {
		r, want := build(t)
		s := open(t, r.objects(), Options{})
		repack(r)
		checkAccess(t, s, want)
	})
	t.Run("objects become loose", func(t *testing.T) {
		r, want := build(t)
		s := open(t, r.objects(), Options{})
		r.git(nil, "update-ref", "-d", "refs/heads/main")
		r.git(nil, "repack", "-q", "-Ad")
		check(t, s, want)
		check(t, open(t, r.objects(), Options{}), want)
	})
	t.Run("while reading", func(t *testing.T) {
		r, want := build(t)
		s := open(t, r.objects(), Options{})
		once := false
		opt := EachOptions{Workers: 1, Total: func(int64) { repack(r); once = true }}
		seen, problems := each(t, s, opt)
		if !once || len(seen) != len(want) || len(problems)+len(s.Problems()) != 0 {
			t.Errorf("%d of %d objects, problems %v and %v", len(seen), len(want), problems, s.Problems())
		}
	})
	t.Run("an object is really gone", func(t *testing.T) {
		r, want := build(t)
		s := open(t, r.objects(), Options{})
		var gone ID
		opt := EachOptions{Total: func(int64) {
			s.listLoose(func(Problem) {})
			o := s.listLoose(func(Problem) {})[0]
			gone = o.id
			if err := os.Remove(loosePath(o.dir.path, o.id)); err != nil {
				t.Error(err)
			}
		}}
		seen, problems := each(t, s, opt)
		if len(seen) != len(want)-1 || problems[gone.String()] == nil {
			t.Errorf("%d of %d objects, problems %v", len(seen), len(want), problems)
		}
	})
}

// TestHalfAPackIsLookedForAgain writes the index of a pack after the store was opened.
func TestHalfAPackIsLookedForAgain(t *testing.T) {
	dir := newStoreDir(t)
	pack, idx := buildPack([]entry{object(Blob, "text")})
	writeFile(t, pack, dir, "pack", "pack-test.pack")
	s := open(t, dir, Options{})
	if p := s.Problems(); len(p) != 1 {
		t.Errorf("a pack without an index: %v", p)
	}
	writeFile(t, idx, dir, "pack", "pack-test.idx")
	if seen, problems := each(t, s, EachOptions{}); len(seen) != 1 || len(problems)+len(s.Problems()) != 0 {
		t.Errorf("%d seen, problems %v and %v", len(seen), problems, s.Problems())
	}
}
