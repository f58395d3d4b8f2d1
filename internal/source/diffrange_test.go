package source

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/scanner"
)

func diffOf(s *gitbox, spec string) *Diff {
	s.t.Helper()
	d, err := NewDiff(s.open(), spec, DiffOptions{MaxSize: 1000})
	if err != nil {
		s.t.Fatal(err)
	}
	return d
}

func TestDiffAddedLines(t *testing.T) {
	s := newGitbox(t)
	s.write("a", tenLines)
	s.write("old/name", "o\n"+tenLines)
	s.commit("base")
	s.write("a", tenLines+"11\n")
	s.write("new", "n\n")
	s.commit("edit")
	s.write("a", tenLines)
	s.commit("undo")
	s.write("a", tenLines+"11\n")
	s.commit("redo")
	s.git("mv", "old", "moved")
	s.write("moved/name", "o\n"+tenLines+"p\n")
	s.commit("move")
	s.git("checkout", "-q", "-b", "side", "HEAD~3")
	s.write("side", "s\n")
	s.write("a", "side\n"+tenLines+"11\n")
	s.commit("side")
	s.git("checkout", "-q", "main")
	s.write("a", "main\n"+tenLines+"11\n")
	s.commit("main")
	if _, err := s.try("merge", "-q", "side"); err == nil {
		t.Fatal("no conflict")
	}
	s.write("a", "main\nside\nevil\n"+tenLines+"11\n")
	s.write("evil", "e\n")
	merge := s.commit("merge")
	all, coverage, err := walkAll(t, diffOf(s, "HEAD~6..HEAD"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		// "undo" and "redo" bring nothing that was not there before in the same place: the undone version is that of the
		// base, and visited because a commit made it, but has no new line.
		"edit:a": "11 11", "edit:new": "1", "undo:a": "", "move:moved/name": "12", "side:side": "1", "side:a": "1", "main:a": "1",
		"merge:a": "3", "merge:evil": "1",
	}
	if diff := cmp.Diff(want, addedBy(all)); diff != "" {
		t.Error(diff)
	}
	if !coverage.Complete || coverage.Commits != 7 || coverage.Blobs != int64(len(want)) {
		t.Errorf("coverage %+v", coverage)
	}
	message := all["message merge"]
	if message.location.Object != merge || message.location.Path != "" || message.location.Kind != scanner.KindCommitMessage || message.added != "all" {
		t.Errorf("message %+v", message)
	}
	v := all["merge:evil"]
	wantCommit := &scanner.Commit{ID: merge, Author: "Ann Author", Email: "ann@example.com", Summary: "merge", Date: v.location.Commit.Date}
	if diff := cmp.Diff(wantCommit, v.location.Commit); diff != "" || v.location.Kind != scanner.KindCommitContent || v.location.Object != s.git("rev-parse", "HEAD:evil") {
		t.Errorf("location %+v: %s", v.location, diff)
	}
	if got := v.location.Commit.Date.Format("2006-01-02 15:04:05 -0700"); got != s.git("log", "-1", "--format=%ai") {
		t.Errorf("date %s", got)
	}
}

func TestDiffNothing(t *testing.T) {
	s := newGitbox(t)
	s.write("a", "a\n")
	s.commit("one")
	all, coverage, err := walkAll(t, diffOf(s, "HEAD..HEAD"))
	if err != nil || len(all) != 0 || !coverage.Complete || coverage.Commits != 0 {
		t.Errorf("visited %v, coverage %+v, error %v", all, coverage, err)
	}
}

func TestDiffRefusesABadRange(t *testing.T) {
	s := newGitbox(t)
	s.commit("one")
	for _, spec := range []string{"", "HEAD", "..HEAD", "nothing..HEAD", "HEAD..nothing", strings.Repeat("0", 40) + "..HEAD"} {
		_, err := NewDiff(s.open(), spec, DiffOptions{})
		var bad *repo.RangeError
		if !errors.As(err, &bad) {
			t.Errorf("%q: error %v, want a RangeError", spec, err)
		}
	}
}

func TestDiffSkips(t *testing.T) {
	tests := map[string]struct {
		prepare func(s *gitbox)
		want    []string
	}{
		"submodule": {
			func(s *gitbox) {
				s.git("update-index", "--add", "--cacheinfo", "160000,"+s.git("rev-parse", "HEAD")+",mod")
				s.git("commit", "-q", "-m", "x")
			},
			[]string{"left out submodules 1: another repository: scan it on its own"},
		},
		"too large": {
			func(s *gitbox) { s.write("big", strings.Repeat("x", 2000)); s.commit("x") },
			[]string{"unread blobs 1: larger than 1000 bytes; raise --max-size"},
		},
		"blob missing": {
			func(s *gitbox) { s.write("n", "new\n"); s.commit("x"); s.lose("HEAD:n") },
			[]string{"unread blobs 1: missing from the object store; `git fsck` shows more, a fresh clone may have it"},
		},
		"tree missing": {
			func(s *gitbox) { s.write("d/n", "new\n"); s.commit("x"); s.lose("HEAD:d") },
			[]string{"unread trees 1: missing from the object store; `git fsck` shows more, a fresh clone may have it; what it holds was not compared"},
		},
		"commit missing": {
			func(s *gitbox) { s.commit("x"); s.commit("y"); s.lose("HEAD~1") },
			[]string{"unread commits 1: missing from the object store; `git fsck` shows more, a fresh clone may have it"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newGitbox(t)
			s.write("a", tenLines)
			base := s.commit("one")
			test.prepare(s)
			_, coverage, err := walkAll(t, diffOf(s, base+"..HEAD"))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, skips(coverage)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDiffInClonesThatAreNotWhole(t *testing.T) {
	origin := newGitbox(t)
	origin.write("a", tenLines)
	origin.commit("one")
	origin.git("branch", "base")
	for _, m := range []string{"two", "three", "four"} {
		origin.write(m, m+"\n")
		origin.commit(m)
	}
	origin.git("config", "uploadpack.allowFilter", "true")
	clone := func(args ...string) *gitbox {
		c := *origin
		c.dir = filepath.Join(t.TempDir(), "clone")
		origin.git(append(append([]string{"clone", "-q", "--no-checkout", "--no-single-branch"}, args...), "file://"+origin.dir, c.dir)...)
		return &c
	}
	for _, test := range []struct {
		name, spec string
		s          *gitbox
		want       string
	}{
		{"shallow, range within", "origin/main~1..origin/main", clone("--depth=2"), ""},
		{"shallow, range beyond", "origin/base..origin/main", clone("--depth=2"), "git fetch --unshallow"},
		{"partial", "origin/base..origin/main", clone("--filter=blob:none"), "git fetch --refetch"},
		{"treeless", "origin/base..origin/main", clone("--filter=tree:0"), "git fetch --refetch"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, coverage, err := walkAll(t, diffOf(test.s, test.spec))
			if err != nil {
				t.Fatal(err)
			}
			text := strings.Join(skips(coverage), "\n")
			if coverage.Complete != (test.want == "") || !strings.Contains(text, test.want) {
				t.Errorf("complete %v: %s", coverage.Complete, text)
			}
		})
	}
}

func TestDiffStops(t *testing.T) {
	s := newGitbox(t)
	s.commit("one")
	s.write("a", "a\n")
	s.commit("two")
	var rec scanner.Recorder
	stop := errors.New("enough")
	if err := diffOf(s, "HEAD~1..HEAD").Walk(context.Background(), &rec, func(*scanner.Chunk) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("error %v, want that of the visit", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := diffOf(s, "HEAD~1..HEAD").Walk(ctx, &rec, func(*scanner.Chunk) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
}
