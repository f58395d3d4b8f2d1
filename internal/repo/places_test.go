package repo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skant-dev/skant/internal/pack"
)

// gitFiles walks the git directory and tells files as "KIND NAME" and notes as "unread|left out WHAT ITEM".
func (s *sandbox) gitFiles(opt GitFilesOptions) (files, notes []string) {
	s.t.Helper()
	r, err := Open(s.dir, Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	defer r.Close() //nolint:errcheck // nothing was opened
	err = r.GitFiles(context.Background(), opt, func(f *GitFile) error {
		files = append(files, fmt.Sprintf("%d %s", f.Kind, f.Name))
		return nil
	}, func(unread bool, what, _, item string) {
		notes = append(notes, fmt.Sprintf("%v %s %s", unread, what, item))
	})
	if err != nil {
		s.t.Fatal(err)
	}
	slices.Sort(files)
	slices.Sort(notes)
	return files, notes
}

// TestGitFilesLeavesOutOnlyTables compares the walk with every file that is there.
func TestGitFilesLeavesOutOnlyTables(t *testing.T) {
	s := newSandbox(t)
	s.write("a.txt", "a\n")
	s.git("add", ".")
	s.git("commit", "-q", "-m", "first")
	s.git("branch", "loose")
	s.git("worktree", "add", "-q", "../linked")
	s.git("repack", "-q", "-a", "-d", "-b")
	s.git("commit-graph", "write", "--reachable", "--split")
	s.git("multi-pack-index", "write")
	var want []string
	root := filepath.Join(s.dir, ".git")
	err := filepath.WalkDir(root, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		rel, err := filepath.Rel(s.dir, path)
		want = append(want, filepath.ToSlash(rel))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	files, notes := s.gitFiles(GitFilesOptions{})
	if len(notes) > 0 {
		t.Errorf("notes %q", notes)
	}
	var got []string
	for _, f := range files {
		_, name, _ := strings.Cut(f, " ")
		got = append(got, name)
	}
	var missing []string
	for _, name := range want {
		if !slices.Contains(got, name) {
			missing = append(missing, filepath.Ext(name)+" "+filepath.Dir(name))
		}
	}
	slices.Sort(missing)
	// Loose refs that hold an id and nothing else are read as refs.
	refs := []string{" .git/refs/heads", " .git/refs/heads", " .git/refs/heads"}
	tables := []string{
		" .git/objects/info/commit-graphs", " .git/objects/pack", ".bitmap .git/objects/pack", ".graph .git/objects/info/commit-graphs",
		".idx .git/objects/pack", ".pack .git/objects/pack",
	}
	left := slices.DeleteFunc(missing, func(m string) bool { return slices.Contains(tables, m) || m == ".rev .git/objects/pack" })
	if diff := cmp.Diff(refs, left); diff != "" {
		t.Errorf("left out: want -, got +:\n%s", diff)
	}
}

// TestGitFilesOwnOnly leaves the stores of submodules to whoever reads them.
func TestGitFilesOwnOnly(t *testing.T) {
	s := newSandbox(t)
	for _, name := range []string{"one", "one/modules/two", "deep/er/three"} {
		s.git("init", "-q", "--bare", filepath.Join(".git", "modules", filepath.FromSlash(name)))
	}
	for own, want := range map[bool][]string{
		true:  {".git/modules/deep/er/three", ".git/modules/one"},
		false: {".git/modules/deep/er/three", ".git/modules/one", ".git/modules/one/modules/two"},
	} {
		var stores []string
		files, _ := s.gitFiles(GitFilesOptions{OwnOnly: own, Store: func(_, name string) { stores = append(stores, name) }})
		slices.Sort(stores)
		if diff := cmp.Diff(want, stores); diff != "" {
			t.Errorf("own only %v: want -, got +:\n%s", own, diff)
		}
		if inner := slices.Contains(files, "0 .git/modules/one/modules/two/config"); inner == own {
			t.Errorf("own only %v: %q", own, files)
		}
	}
}

// TestGitFilesStops ends a walk with the error of its visitor and of its context.
func TestGitFilesStops(t *testing.T) {
	s := newSandbox(t)
	r, err := Open(s.dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close() //nolint:errcheck // nothing was opened
	note := func(bool, string, string, string) {}
	stop := errors.New("stop")
	if err := r.GitFiles(t.Context(), GitFilesOptions{}, func(*GitFile) error { return stop }, note); !errors.Is(err, stop) {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.GitFiles(ctx, GitFilesOptions{}, func(*GitFile) error { return nil }, note); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// TestResolveUndoLikeGit compares the index's extension with what git lists of it.
func TestResolveUndoLikeGit(t *testing.T) {
	for _, format := range []string{"sha1", "sha256"} {
		s := newSandbox(t, "--object-format="+format)
		lines := ""
		for i, path := range []string{"a b.txt", "dir/ü.txt", "z"} {
			for stage := range 3 {
				if i == 1 && stage == 0 {
					continue // added on both sides
				}
				id := s.feed(fmt.Sprint(i, stage), "hash-object", "-w", "--stdin")
				lines += fmt.Sprintf("100644 %s %d\t%s\x00", id, stage+1, path)
			}
		}
		s.feed(lines, "update-index", "-z", "--index-info")
		for _, path := range []string{"a b.txt", "dir/ü.txt", "z"} {
			s.write(path, "resolved")
		}
		s.git("add", ".")
		r, err := Open(s.dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, idx := range r.Indexes(t.Context(), func(what, item string, why error) { t.Error(what, item, why) }) {
			for _, e := range idx.Undo {
				got = append(got, fmt.Sprintf("%06o %s %d\t%s", e.Mode, e.ID, e.Stage, e.Path))
			}
		}
		want := strings.Split(strings.TrimSuffix(s.git("ls-files", "--resolve-undo", "-z"), "\x00"), "\x00")
		if diff := cmp.Diff(want, got); diff != "" || len(got) != 8 {
			t.Errorf("%s: want -, got +:\n%s", format, diff)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

func FuzzResolveUndo(f *testing.F) {
	f.Add([]byte("a\x00100644\x000\x00100644\x00" + strings.Repeat("x", 40)))
	f.Add([]byte("a\x00100644\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, format := range []pack.Format{pack.SHA1, pack.SHA256} {
			size := 0
			for _, e := range decodeResolveUndo(data, format) {
				size += format.Size()
				if e.ID.IsZero() && e.Mode == 0 || e.Stage < 1 || e.Stage > 3 {
					t.Errorf("entry %+v", e)
				}
			}
			if size > len(data) {
				t.Errorf("%d bytes of ids in %d", size, len(data))
			}
		}
	})
}

func FuzzLFSPointer(f *testing.F) {
	f.Add([]byte("version https://git-lfs.github.com/spec/v1\noid sha256:" + strings.Repeat("0a", 32) + "\nsize 12\n"))
	f.Add([]byte("version http://git-media\noid ../../etc\nsize -1\r\n"))
	s := newSandbox(f)
	r, err := Open(s.dir, Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, ok := ParseLFSPointer(data)
		if ok && !strings.HasPrefix(string(data), "version http") || len(data) > 1024 && ok {
			t.Errorf("%q taken for a pointer", data)
		}
		if p.Size < -1 || p.OID != "" && !isSHA256(p.OID) {
			t.Errorf("%q became %+v", data, p)
		}
		if file := r.LFSObject(p.OID); file != nil && !inside(r.lfsObjects(), file.path) {
			t.Errorf("%q leads to %s", data, file.path)
		}
	})
}
