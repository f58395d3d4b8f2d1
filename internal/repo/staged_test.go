package repo

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// rawDiff runs git's own comparison and returns "ID PATH" of every path whose content differs, moved files left out.
func (s *sandbox) rawDiff(args ...string) []string {
	s.t.Helper()
	out := s.git(append(args, "--raw", "-z", "--no-abbrev", "-M", "--diff-filter=ACMRTU")...)
	var got []string
	fields := strings.Split(strings.TrimSuffix(out, "\x00"), "\x00")
	for i := 0; i+1 < len(fields); i++ {
		meta := strings.Fields(fields[i])
		i++
		path := fields[i]
		if strings.HasPrefix(meta[4], "R") {
			i++
			path = fields[i]
		}
		if meta[2] != meta[3] && !strings.HasPrefix(meta[4], "U") {
			got = append(got, meta[3]+" "+path)
		}
	}
	return got
}

func changed(set *ChangeSet) []string {
	var got []string
	for _, c := range set.Changes {
		got = append(got, c.ID.String()+" "+c.Path)
	}
	return got
}

func TestStagedChangesAgreeWithGit(t *testing.T) {
	tests := map[string]func(s *sandbox){
		"nothing staged": func(*sandbox) {},
		"modified":       func(s *sandbox) { s.write("a", "new\n"); s.git("add", "a") },
		"not staged":     func(s *sandbox) { s.write("a", "new\n") },
		"partially staged": func(s *sandbox) {
			s.write("a", "one\n")
			s.git("add", "a")
			s.write("a", "two\n")
		},
		"added deep":     func(s *sandbox) { s.write("x/y/z/new", "new\n"); s.git("add", "x") },
		"deleted":        func(s *sandbox) { s.git("rm", "-q", "-r", "dir") },
		"folder to file": func(s *sandbox) { s.git("rm", "-q", "-r", "dir"); s.write("dir", "f\n"); s.git("add", "dir") },
		"file to folder": func(s *sandbox) { s.git("rm", "-q", "a"); s.write("a/b/c", "f\n"); s.git("add", "a") },
		"mode only":      func(s *sandbox) { s.git("update-index", "--chmod=+x", "a") },
		"typechange": func(s *sandbox) {
			if err := errors.Join(os.Remove(filepath.Join(s.dir, "a")), os.Symlink("target", filepath.Join(s.dir, "a"))); err != nil {
				s.t.Fatal(err)
			}
			s.git("add", "a")
		},
		"moved":        func(s *sandbox) { s.git("mv", "a", "b2") },
		"moved folder": func(s *sandbox) { s.git("mv", "dir", "other") },
		"moved twice over": func(s *sandbox) {
			s.write("c1", lines("a", 20))
			s.write("c2", lines("a", 20))
			s.git("rm", "-q", "a")
			s.git("add", "-A")
		},
		"moved and edited": func(s *sandbox) {
			s.git("mv", "a", "moved")
			s.write("moved", lines("a", 20)+"more\n")
			s.git("add", "-A")
		},
		"copied": func(s *sandbox) { s.write("copy", lines("a", 20)); s.git("add", "copy") },
		"intent to add": func(s *sandbox) {
			s.write("later", "x\n")
			s.git("add", "-N", "later")
		},
		"names between": func(s *sandbox) {
			for _, n := range []string{"dir-", "dir.x", "dir0", "dir/sub.x", "dir/sub0", "Dir"} {
				s.write(n, n+"\n")
			}
			s.git("add", "-A")
		},
		"strange names": func(s *sandbox) {
			for _, n := range []string{"\xff\xfe", "tab\t", "line\nbreak", "quote\"", " ", "ü"} {
				s.write(n, n+"\n")
			}
			s.git("add", "-A")
		},
		"submodule entry": func(s *sandbox) {
			s.git("update-index", "--add", "--cacheinfo", "160000,"+s.git("rev-parse", "HEAD")+",mod")
		},
		"index version 4": func(s *sandbox) {
			s.git("update-index", "--index-version", "4")
			s.write("dir/sub/file3", "new\n")
			s.git("add", "-A")
		},
		"split index": func(s *sandbox) {
			s.git("update-index", "--split-index")
			s.write("dir/sub/file3", "new\n")
			s.git("rm", "-q", "a")
			s.git("add", "-A")
		},
		"sparse index": func(s *sandbox) {
			s.git("sparse-checkout", "set", "--cone", "--sparse-index", "dir")
			s.write("dir/sub/file3", "new\n")
			s.git("add", "dir")
		},
		"sparse index and other head": func(s *sandbox) {
			s.git("sparse-checkout", "set", "--cone", "--sparse-index", "dir")
			s.git("reset", "-q", "--soft", "HEAD^")
		},
		"soft reset": func(s *sandbox) { s.git("reset", "-q", "--soft", "HEAD^") },
		"no cache tree": func(s *sandbox) {
			s.write("dir/sub/file3", "new\n")
			s.git("add", "-A")
			s.git("read-tree", s.git("write-tree"))
		},
		"orphan branch": func(s *sandbox) { s.git("checkout", "-q", "--orphan", "fresh") },
		"detached head": func(s *sandbox) { s.git("checkout", "-q", "--detach"); s.write("n", "n\n"); s.git("add", "n") },
		"packed": func(s *sandbox) {
			s.git("pack-refs", "--all")
			s.git("gc", "-q")
			s.write("n", "n\n")
			s.git("add", "n")
		},
		"clean merge under way": func(s *sandbox) {
			s.git("merge", "-q", "--no-commit", "--no-ff", "side")
		},
	}
	for _, format := range []string{"sha1", "sha256"} {
		for name, prepare := range tests {
			t.Run(format+"/"+name, func(t *testing.T) {
				s := newSandbox(t, "--object-format="+format)
				s.write("a", lines("a", 20))
				s.write("dir/sub/file1", lines("1", 20))
				s.write("dir/sub/file2", lines("2", 20))
				s.commit("one")
				s.git("branch", "side")
				s.write("else/where/file", lines("e", 20))
				s.commit("two")
				s.git("checkout", "-q", "side")
				s.write("side/file", lines("s", 20))
				s.commit("side")
				s.git("checkout", "-q", "main")
				prepare(s)
				want := s.rawDiff("diff", "--cached")
				if name == "clean merge under way" {
					want = nil // the whole of it is the other branch's
				}
				if diff := cmp.Diff(want, changed(s.staged())); diff != "" {
					t.Errorf("changes differ from git's (-git +ours):\n%s", diff)
				}
			})
		}
	}
}

func TestStagedChangesAtRandom(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	s := newSandbox(t)
	var names []string
	for i := range 60 {
		names = append(names, fmt.Sprintf("%c/%c%d/%d", 'a'+random.Intn(3), 'p'+random.Intn(3), random.Intn(2), i))
	}
	for round := range 12 {
		for range 15 {
			name := names[random.Intn(len(names))]
			if random.Intn(4) == 0 {
				s.git("rm", "-q", "-f", "--ignore-unmatch", name)
				continue
			}
			s.write(name, fmt.Sprintf("%d %d\n", round, random.Int()))
			s.git("add", name)
		}
		want := s.rawDiff("diff", "--cached")
		if diff := cmp.Diff(want, changed(s.staged())); diff != "" {
			t.Fatalf("round %d: changes differ from git's (-git +ours):\n%s", round, diff)
		}
		if random.Intn(3) > 0 {
			s.commit("round")
		}
	}
}

func TestStagedBeforeFirstCommit(t *testing.T) {
	s := newSandbox(t)
	if set := s.staged(); len(set.Changes) != 0 || len(set.Problems) != 0 {
		t.Errorf("a new repository has changes: %v", set)
	}
	s.write("a", "a\n")
	s.git("add", "a")
	set := s.staged()
	if diff := cmp.Diff([]string{s.git("rev-parse", ":a") + " a"}, changed(set)); diff != "" {
		t.Error(diff)
	}
	if olds := set.Origins(context.Background(), 0); len(olds) != 0 {
		t.Errorf("origins %v, want none", olds)
	}
}

func TestEmptyObjectsNeedNotBeStored(t *testing.T) {
	for _, format := range []string{"sha1", "sha256"} {
		s := newSandbox(t, "--object-format="+format)
		s.commit("one")
		s.write("a", "")
		s.git("add", "a")
		for _, rev := range []string{"HEAD^{tree}", ":a"} {
			id := s.git("rev-parse", rev)
			if err := os.Remove(filepath.Join(s.dir, ".git", "objects", id[:2], id[2:])); err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
		}
		set := s.staged()
		if len(set.Problems) != 0 || len(set.Changes) != 1 {
			t.Fatalf("problems %v, changes %v", set.Problems, changed(set))
		}
		if data, err := s.open().Blob(set.Changes[0].ID, 10); err != nil || len(data) != 0 {
			t.Errorf("content %q, %v", data, err)
		}
	}
}

func TestStagedConflict(t *testing.T) {
	s := newSandbox(t)
	s.write("both", "base\n")
	s.commit("base")
	s.git("checkout", "-q", "-b", "side")
	s.write("both", "theirs\n")
	s.commit("theirs")
	s.git("checkout", "-q", "main")
	s.write("both", "ours\n")
	s.commit("ours")
	if _, err := s.try("", "merge", "side"); err == nil {
		t.Fatal("the merge had no conflict")
	}
	// Both sides are those of the two parents: nothing is new yet.
	if set := s.staged(); len(set.Changes) != 0 {
		t.Errorf("changes before the conflict is resolved: %v", changed(set))
	}
	s.write("both", "resolved\n")
	s.git("add", "both")
	set := s.staged()
	if diff := cmp.Diff([]string{s.git("rev-parse", ":both") + " both"}, changed(set)); diff != "" {
		t.Fatal(diff)
	}
	want := []Version{
		{ModeRegular, mustID(t, s.git("rev-parse", "main:both"))},
		{ModeRegular, mustID(t, s.git("rev-parse", "side:both"))},
	}
	if got := set.Origins(context.Background(), 0); got[0] != want[0] || got[1] != want[1] {
		t.Errorf("origins %v, want %v", got, want)
	}
	// Of a cherry-pick, which has one parent, the side that is picked is new.
	s.git("merge", "--abort")
	if _, err := s.try("", "cherry-pick", "side"); err == nil {
		t.Fatal("the cherry-pick had no conflict")
	}
	set = s.staged()
	if diff := cmp.Diff([]string{s.git("rev-parse", "side:both") + " both"}, changed(set)); diff != "" {
		t.Error(diff)
	}
	if set.Changes[0].Stage != 3 {
		t.Errorf("stage %d, want 3", set.Changes[0].Stage)
	}
}

func TestStagedRenameOrigins(t *testing.T) {
	s := newSandbox(t)
	s.write("old/a", lines("a", 20))
	s.write("old/b", lines("b", 20))
	s.write("gone", lines("g", 20))
	s.commit("one")
	s.git("rm", "-q", "-r", "old", "gone")
	s.write("new/a", lines("a", 20)+"more\n")
	s.write("new/b2", lines("b", 18))
	s.write("unlike", lines("u", 20))
	s.git("add", "-A")
	set := s.staged()
	want := map[string]string{"new/a": "HEAD:old/a", "new/b2": "HEAD:old/b", "unlike": ""}
	if len(set.Changes) != len(want) {
		t.Fatalf("changes %v", changed(set))
	}
	for i, c := range set.Changes {
		origin := ""
		if id := set.Origins(context.Background(), i)[0].ID; !id.IsZero() {
			origin = id.String()
		}
		expect := want[c.Path]
		if expect != "" {
			expect = s.git("rev-parse", expect)
		}
		if origin != expect {
			t.Errorf("%s comes from %q, want %q", c.Path, origin, expect)
		}
	}
}

func TestStagedInHookEnvironment(t *testing.T) {
	s := newSandbox(t)
	s.write("a", "a\n")
	s.write("b", "b\n")
	s.commit("one")
	tree := filepath.Join(s.dir, "..", "linked tree")
	s.git("worktree", "add", "-q", "-b", "linked", tree)
	dump := filepath.Join(s.dir, "..", "dump")
	hook := "#!/bin/sh\nenv | grep ^GIT_ >'" + dump + "'; " +
		"f=\"${GIT_INDEX_FILE:-$(git rev-parse --git-dir)/index}\"; cp \"$f\" '" + dump + ".index'\n"
	hooks := filepath.Join(s.dir, ".git", "hooks", "pre-commit")
	if err := errors.Join(os.MkdirAll(filepath.Dir(hooks), 0o755), os.WriteFile(hooks, []byte(hook), 0o755)); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, dir string
		args      []string
	}{
		{"commit -a", s.dir, []string{"commit", "-q", "-a", "-m", "x"}},
		{"commit FILE", s.dir, []string{"commit", "-q", "-m", "x", "a"}},
		{"linked worktree", tree, []string{"commit", "-q", "-a", "-m", "x"}},
		{"linked worktree commit FILE", tree, []string{"commit", "-q", "-m", "x", "a"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := s.at(test.dir)
			w.write("a", test.name+"\n")
			w.write("b", "b "+test.name+"\n")
			if strings.Contains(test.name, "FILE") {
				w.git("add", "b")
			}
			before := w.git("rev-parse", "HEAD")
			w.git(test.args...)
			env, err := os.ReadFile(dump)
			if err != nil {
				t.Fatal(err)
			}
			// The index that git named is gone by now; what it held stands at the same place for the test.
			var pairs []string
			for line := range strings.Lines(string(env)) {
				line = strings.TrimSuffix(line, "\n")
				if strings.HasPrefix(line, "GIT_INDEX_FILE=") {
					line = "GIT_INDEX_FILE=" + dump + ".index"
				}
				pairs = append(pairs, line)
			}
			after := w.git("rev-parse", "HEAD")
			w.git("update-ref", "HEAD", before)
			defer w.git("update-ref", "HEAD", after)
			r := w.openWith(Options{Env: environment(pairs...)})
			set, err := r.StagedChanges(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(w.rawDiff("diff", before, after), changed(set)); diff != "" {
				t.Errorf("changes differ from what was committed (-git +ours):\n%s", diff)
			}
			if len(set.Changes) == 0 {
				t.Error("nothing found")
			}
		})
	}
}

func TestStagedIsNeverSilentlyClean(t *testing.T) {
	tests := map[string]func(s *sandbox){
		"index cut short":       func(s *sandbox) { s.damage("index", func(b []byte) []byte { return b[:len(b)/2] }) },
		"index bit flipped":     func(s *sandbox) { s.damage("index", func(b []byte) []byte { b[len(b)/2] ^= 4; return b }) },
		"index empty":           func(s *sandbox) { s.damage("index", func([]byte) []byte { return nil }) },
		"index is no index":     func(s *sandbox) { s.damage("index", func([]byte) []byte { return []byte(strings.Repeat("x", 99)) }) },
		"HEAD is nonsense":      func(s *sandbox) { s.damage("HEAD", func([]byte) []byte { return []byte("nonsense\n") }) },
		"HEAD leads elsewhere":  func(s *sandbox) { s.damage("HEAD", func([]byte) []byte { return []byte("ref: refs/../../x\n") }) },
		"branch is nonsense":    func(s *sandbox) { s.damage("refs/heads/main", func([]byte) []byte { return []byte("zz\n") }) },
		"HEAD's commit missing": func(s *sandbox) { s.lose(s.git("rev-parse", "HEAD")) },
		"MERGE_HEAD nonsense":   func(s *sandbox) { s.write(".git/MERGE_HEAD", "nonsense\n") },
	}
	for name, prepare := range tests {
		t.Run(name, func(t *testing.T) {
			s := newSandbox(t)
			s.write("a", "a\n")
			s.commit("one")
			s.write("a", "b\n")
			s.git("add", "a")
			prepare(s)
			r, err := Open(s.dir, Options{})
			if err == nil {
				_, err = r.StagedChanges(context.Background())
			}
			if err == nil {
				t.Error("no error")
			}
		})
	}
	t.Run("GIT_INDEX_FILE is not there", func(t *testing.T) {
		s := newSandbox(t)
		_, err := s.openWith(Options{Env: environment("GIT_INDEX_FILE=nowhere")}).StagedChanges(context.Background())
		var index *IndexError
		if !errors.As(err, &index) {
			t.Errorf("error %v, want an IndexError", err)
		}
	})
	t.Run("tree of HEAD missing", func(t *testing.T) {
		s := newSandbox(t)
		s.write("dir/a", "a\n")
		s.commit("one")
		s.write("dir/a", "b\n")
		s.git("add", "-A")
		s.lose(s.git("rev-parse", "HEAD:dir"))
		set := s.staged()
		if len(set.Problems) != 1 || len(set.Changes) != 1 {
			t.Errorf("problems %v, changes %v; want one of each", set.Problems, changed(set))
		}
	})
}

// damage rewrites a file of the git directory.
func (s *sandbox) damage(name string, change func([]byte) []byte) {
	s.t.Helper()
	path := filepath.Join(s.dir, ".git", name)
	data, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, change(data), 0o644)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}
