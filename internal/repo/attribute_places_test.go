package repo

import (
	"bytes"
	"compress/zlib"
	"context"
	"crypto/sha1"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skant-dev/skant/internal/pack"
)

// places tells introductions as "ACCESS PATH COMMIT-SUBJECT [REFS]".
func (s *sandbox) places(holding Holding, gap Gap) []string {
	s.t.Helper()
	names := map[Access]string{
		AccessUnknown: "unknown", AccessRef: "ref", AccessNote: "note", AccessStash: "stash", AccessReflog: "reflog",
		AccessIndex: "index", AccessNone: "none",
	}
	var all []string
	for _, in := range s.introductions(Sought{Blobs: holding}, attributionOptions{2, maxTreeEdges, maxTreePlaces}, gap) {
		subject := "-"
		if !in.Commit.IsZero() {
			// Of the commands only this one needs neither parents nor trees.
			_, subject, _ = strings.Cut(s.git("cat-file", "commit", in.Commit.String()), "\n\n")
		}
		all = append(all, fmt.Sprintf("%s %q %s %v", names[in.Access], in.Path, subject, in.Refs))
	}
	slices.Sort(all)
	return all
}

func (s *sandbox) blobOf(content string) pack.ID {
	s.t.Helper()
	return mustID(s.t, s.feed(content, "hash-object", "--stdin"))
}

// TestEveryWayOfAccess builds each place in which a blob can be with the real git.
func TestEveryWayOfAccess(t *testing.T) {
	s := newSandbox(t)
	s.write("a.txt", "plain\n")
	s.commit("first")
	tests := []struct {
		name  string
		build func(content string)
		want  []string
	}{
		{"branch", func(c string) {
			s.git("checkout", "-q", "-b", "topic")
			s.write("branch.txt", c)
			s.commit("on a branch")
			s.git("checkout", "-q", "main")
		}, []string{`ref "branch.txt" on a branch [refs/heads/topic]`}},
		{"annotated tag of a commit", func(c string) {
			s.git("checkout", "-q", "--detach")
			s.write("tagged.txt", c)
			s.commit("tagged only")
			s.git("tag", "-a", "-m", "m", "v1")
			s.git("tag", "-a", "-m", "m", "v1-again", "v1")
			s.git("checkout", "-q", "main")
		}, []string{`ref "tagged.txt" tagged only [refs/tags/v1 refs/tags/v1-again]`}},
		{"tag of a blob", func(c string) {
			s.git("tag", "blob", s.feed(c, "hash-object", "-w", "--stdin"))
		}, []string{`ref "" - [refs/tags/blob]`}},
		{"annotated tag of a tree", func(c string) {
			blob := s.feed(c, "hash-object", "-w", "--stdin")
			tree := s.feed("100644 blob "+blob+"\tin-tree\n", "mktree")
			s.git("tag", "-a", "-m", "m", "tree", tree)
		}, []string{`ref "in-tree" - [refs/tags/tree]`}},
		{"note", func(c string) { s.feed(c, "notes", "add", "-F", "-", "main") },
			[]string{`note "` + s.git("rev-parse", "main") + `" Notes added by 'git notes add' [refs/notes/commits]`}},
		{"stash", func(c string) {
			s.write("a.txt", c)
			s.git("stash", "push", "-q", "-m", "kept")
		}, []string{`stash "a.txt" On main: kept [refs/stash]`}},
		{"older stash, untracked file", func(c string) {
			s.write("untracked.txt", c)
			s.git("stash", "push", "-q", "-u", "-m", "older")
			s.write("a.txt", "newer\n")
			s.git("stash", "push", "-q", "-m", "newer")
		}, []string{`stash "untracked.txt" untracked files on main: ` + s.git("log", "-1", "--format=%h %s") + ` []`}},
		{"reflog", func(c string) {
			s.write("amended.txt", c)
			s.commit("to be undone")
			s.git("reset", "-q", "--hard", "HEAD~1")
		}, []string{`reflog "amended.txt" to be undone []`}},
		{"unreachable commit", func(c string) {
			blob := s.feed(c, "hash-object", "-w", "--stdin")
			tree := s.feed("100644 blob "+blob+"\tlost.txt\n", "mktree")
			s.git("commit-tree", "-m", "lost commit", tree)
		}, []string{`none "lost.txt" lost commit []`}},
		{"loose blob", func(c string) { s.feed(c, "hash-object", "-w", "--stdin") }, []string{`none "" - []`}},
		{"blob in a tree without a commit", func(c string) {
			blob := s.feed(c, "hash-object", "-w", "--stdin")
			s.feed("100644 blob "+blob+"\tnowhere\n", "mktree")
		}, []string{`none "" - []`}},
		{"index, twice", func(c string) {
			s.write("staged.txt", c)
			s.write("dir/staged.txt", c)
			s.git("add", "staged.txt", "dir/staged.txt")
		}, []string{`index "dir/staged.txt" - []`, `index "staged.txt" - []`}},
	}
	for i, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := *s
			s.t = t
			content := fmt.Sprintf("content number %d\n", i)
			test.build(content)
			got := s.places(Holding{s.blobOf(content): {"k"}}, noGap(t))
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

// TestVersionsCollapse follows one key through versions of a file, a rename, a removal and a return.
func TestVersionsCollapse(t *testing.T) {
	s := newSandbox(t)
	holding := Holding{}
	write := func(path, content string) {
		s.write(path, content)
		holding[s.blobOf(content)] = []string{"k"}
	}
	write("old.txt", "key, version 1\n")
	s.commit("introduce")
	write("old.txt", "key, version 2\n")
	s.commit("keep")
	s.git("mv", "old.txt", "new.txt")
	s.commit("rename")
	s.git("rm", "-q", "new.txt")
	s.commit("remove")
	write("old.txt", "key, version 3\n")
	s.commit("return")
	last := s.git("log", "-1", "--format=%ct")
	got := s.introductions(Sought{Blobs: holding}, attributionOptions{1, maxTreeEdges, maxTreePlaces}, noGap(t))
	var lines []string
	for _, in := range got {
		lines = append(lines, fmt.Sprintf("%s %s head=%v versions=%d", in.Path,
			s.git("log", "-1", "--format=%s", in.Commit.String()), in.InHead, in.Versions))
	}
	want := []string{
		"new.txt rename head=false versions=1", "old.txt introduce head=true versions=3",
		"old.txt return head=true versions=3",
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	if in := got[1]; fmt.Sprint(in.Last.Unix()) != last || !in.First.Before(in.Last) {
		t.Errorf("seen from %v to %v; want the last at %s", in.First, in.Last, last)
	}
}

// gaps collects what is reported, as "WHAT ITEM".
type gaps struct {
	mu  sync.Mutex
	all []string
}

func (g *gaps) add(what, item string, _ error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.all = append(g.all, what+" "+item)
}

func TestAttributionWithGaps(t *testing.T) {
	build := func(t *testing.T) (s *sandbox, holding Holding) {
		s = newSandbox(t)
		s.write("dir/sub/a.txt", "content\n")
		s.commit("first")
		s.write("dir/b.txt", "more\n")
		s.commit("second")
		return s, Holding{s.blobOf("content\n"): {"k"}}
	}
	t.Run("missing folder", func(t *testing.T) {
		s, holding := build(t)
		tree := s.git("rev-parse", "HEAD:dir/sub")
		s.lose(tree)
		var g gaps
		got := s.places(holding, g.add)
		// Whether a commit holds it cannot be known, so it must not be called unreachable.
		if diff := cmp.Diff([]string{`unknown "dir/sub/a.txt" - []`}, got); diff != "" {
			t.Errorf("want -, got +:\n%s", diff)
		}
		if diff := cmp.Diff([]string{"trees " + tree}, g.all); diff != "" {
			t.Errorf("gaps, want -, got +:\n%s", diff)
		}
	})
	t.Run("missing top folder of the first commit", func(t *testing.T) {
		s, holding := build(t)
		tree := s.git("rev-parse", "HEAD~1^{tree}")
		s.lose(tree)
		var g gaps
		got := s.places(holding, g.add)
		if diff := cmp.Diff([]string{`ref "dir/sub/a.txt" second [refs/heads/main]`}, got); diff != "" {
			t.Errorf("want -, got +:\n%s", diff)
		}
		if diff := cmp.Diff([]string{"trees " + tree}, g.all); diff != "" {
			t.Errorf("gaps, want -, got +:\n%s", diff)
		}
	})
	t.Run("missing commit", func(t *testing.T) {
		s, holding := build(t)
		s.write("c.txt", "third\n")
		s.commit("third")
		s.git("reflog", "expire", "--expire=now", "--all")
		s.lose(s.git("rev-parse", "HEAD~1"))
		got := s.places(holding, new(gaps).add)
		// The first commit has lost its descendant, through which a ref would reach it.
		want := []string{`ref "dir/sub/a.txt" third [refs/heads/main]`, `unknown "dir/sub/a.txt" first []`}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("want -, got +:\n%s", diff)
		}
	})
	t.Run("shallow", func(t *testing.T) {
		s, holding := build(t)
		dir := filepath.Join(t.TempDir(), "clone")
		s.git("clone", "-q", "--depth=1", "file://"+s.dir, dir)
		got := s.at(dir).places(holding, noGap(t))
		want := []string{`ref "dir/sub/a.txt" second [refs/heads/main refs/remotes/origin/HEAD refs/remotes/origin/main]`}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("want -, got +:\n%s", diff)
		}
	})
}

// writeObject puts an object that git would not make into the store, and returns its id.
func (s *sandbox) writeObject(kind string, content []byte) string {
	s.t.Helper()
	object := append(fmt.Appendf(nil, "%s %d\x00", kind, len(content)), content...)
	id := fmt.Sprintf("%x", sha1.Sum(object))
	var packed bytes.Buffer
	// Without compression, which would need a new table of a megabyte for each.
	w, err := zlib.NewWriterLevel(&packed, zlib.NoCompression)
	if err != nil {
		s.t.Fatal(err)
	}
	_, err = w.Write(object)
	if err = errors.Join(err, w.Close()); err != nil {
		s.t.Fatal(err)
	}
	dir := filepath.Join(s.dir, ".git", "objects", id[:2])
	err = errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(filepath.Join(dir, id[2:]), packed.Bytes(), 0o644))
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

func (s *sandbox) entry(mode, name, id string) []byte {
	return append([]byte(mode+" "+name+"\x00"), mustID(s.t, id).Bytes()...)
}

// TestHostileTrees must neither hang nor stay silent.
func TestHostileTrees(t *testing.T) {
	commit := func(s *sandbox, tree string) {
		s.git("update-ref", "refs/heads/main", s.git("commit-tree", "-m", "hostile", tree))
	}
	run := func(s *sandbox) ([]Introduction, error) {
		r := s.open()
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		g, err := r.ReadGraph(ctx, 1, noGap(s.t))
		if err != nil {
			s.t.Fatal(err)
		}
		x, err := r.NewReach(ctx, g, noGap(s.t))
		if err != nil {
			s.t.Fatal(err)
		}
		// The real bound takes some seconds to be hit.
		opt := attributionOptions{1, maxTreeEdges, 1 << 14}
		return r.introductions(ctx, x, Sought{Blobs: Holding{s.blobOf("content\n"): {"k"}}}, opt, new(gaps).add)
	}
	t.Run("a billion paths", func(t *testing.T) {
		s := newSandbox(t)
		tree := s.writeObject("tree", s.entry("100644", "leaf", s.feed("content\n", "hash-object", "-w", "--stdin")))
		for range 30 {
			tree = s.writeObject("tree", append(s.entry("40000", "a", tree), s.entry("40000", "b", tree)...))
		}
		commit(s, tree)
		if _, err := run(s); !errors.Is(err, errTooManyPlaces) {
			t.Errorf("error is %v; want %v", err, errTooManyPlaces)
		}
	})
	t.Run("3000 folders deep", func(t *testing.T) {
		s := newSandbox(t)
		tree := s.writeObject("tree", s.entry("100644", "leaf", s.feed("content\n", "hash-object", "-w", "--stdin")))
		for range 3000 {
			tree = s.writeObject("tree", s.entry("40000", "d", tree))
		}
		commit(s, tree)
		got, err := run(s)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != 1 || got[0].Access != AccessUnknown {
			t.Errorf("got %v; want one blob of which nothing is known", got)
		}
	})
	t.Run("names twice, and of folders", func(t *testing.T) {
		s := newSandbox(t)
		blob := s.feed("content\n", "hash-object", "-w", "--stdin")
		entry := s.entry("100644", "a/../b", blob)
		s.writeObject("tree", s.entry("100644", "leaf", blob))
		tree := s.writeObject("tree", bytes.Join([][]byte{
			entry, entry, s.entry("160000", "gitlink", blob), s.entry("40000", "no-folder", blob),
		}, nil))
		commit(s, tree)
		got, err := run(s)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != 1 || got[0].Path != "a/../b" {
			t.Errorf("got %v; want the one path a/../b", got)
		}
	})
}

// TestManyRefsAndCommits checks the count and the bound of refs, on more commits than fit in one pass.
func TestManyRefsAndCommits(t *testing.T) {
	s := newSandbox(t)
	var stream strings.Builder
	holding := Holding{}
	for i := range 150 {
		content := fmt.Sprintf("content %d\n", i)
		holding[s.blobOf(content)] = []string{fmt.Sprint(i)}
		fmt.Fprintf(&stream, "commit refs/heads/b%03d\nmark :%d\ncommitter C <c@example.com> %d +0000\ndata 1\nm\n", i, i+1, 1000+i)
		if i > 0 {
			fmt.Fprintf(&stream, "from :%d\n", i)
		}
		fmt.Fprintf(&stream, "M 644 inline f%d\ndata %d\n%s\n", i, len(content), content)
	}
	s.feed(stream.String(), "fast-import", "--quiet")
	for _, in := range s.introductions(Sought{Blobs: holding}, attributionOptions{2, maxTreeEdges, maxTreePlaces}, noGap(t)) {
		var n int
		if _, err := fmt.Sscan(in.Key, &n); err != nil {
			t.Fatal(err)
		}
		if in.RefCount != 150-n || len(in.Refs) != min(20, 150-n) || in.Refs[0] != fmt.Sprintf("refs/heads/b%03d", n) {
			t.Errorf("commit %d: %d refs, listed %v", n, in.RefCount, in.Refs)
		}
	}
}
