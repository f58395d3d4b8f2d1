package source

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skant-dev/skant/scanner"
)

const tenLines = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n"

func TestStagedAddedLines(t *testing.T) {
	tests := map[string]struct {
		prepare func(s *gitbox)
		want    map[string]string
	}{
		"nothing": {func(*gitbox) {}, map[string]string{}},
		"edit":    {func(s *gitbox) { s.write("a", tenLines+"11\n"); s.git("add", "a") }, map[string]string{"a": "11"}},
		"partially staged": {func(s *gitbox) {
			s.write("a", "0\n"+tenLines)
			s.git("add", "a")
			s.write("a", "0\n"+tenLines+"11\n")
		}, map[string]string{"a": "1"}},
		"new file":         {func(s *gitbox) { s.write("n", "x\ny"); s.git("add", "n") }, map[string]string{"n": "1-2"}},
		"deleted":          {func(s *gitbox) { s.git("rm", "-q", "a") }, map[string]string{}},
		"moved":            {func(s *gitbox) { s.git("mv", "a", "b") }, map[string]string{}},
		"moved and edited": {func(s *gitbox) { s.git("mv", "a", "b"); s.write("b", tenLines+"11\n"); s.git("add", "b") }, map[string]string{"b": "11"}},
		"file becomes link": {func(s *gitbox) {
			if err := errors.Join(os.Remove(filepath.Join(s.dir, "a")), os.Symlink("1", filepath.Join(s.dir, "a"))); err != nil {
				s.t.Fatal(err)
			}
			s.git("add", "a")
		}, map[string]string{"a": "1"}},
		"link becomes file": {func(s *gitbox) {
			if err := os.Remove(filepath.Join(s.dir, "link")); err != nil {
				s.t.Fatal(err)
			}
			s.write("link", "target\n")
			s.git("add", "link")
		}, map[string]string{"link": "1"}},
		"UTF-16": {func(s *gitbox) {
			s.write("wide", string(utf16Bytes("\uFEFFa\nnew\nb\n", true)))
			s.git("add", "wide")
		}, map[string]string{"wide": "2"}},
		"merge resolved": {func(s *gitbox) {
			s.git("checkout", "-q", "-b", "side")
			s.write("a", "side\n"+tenLines)
			s.commit("side")
			s.git("checkout", "-q", "main")
			s.write("a", "main\n"+tenLines)
			s.commit("main")
			if _, err := s.try("merge", "side"); err == nil {
				s.t.Fatal("no conflict")
			}
			s.write("a", "main\nside\nboth\n"+tenLines)
			s.git("add", "a")
		}, map[string]string{"a": "3"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newGitbox(t)
			s.write("a", tenLines)
			s.write("wide", string(utf16Bytes("\uFEFFa\nb\n", true)))
			if err := os.Symlink("target", filepath.Join(s.dir, "link")); err != nil {
				t.Fatal(err)
			}
			s.commit("one")
			test.prepare(s)
			all, coverage, err := walkAll(t, NewStaged(s.open(), StagedOptions{}))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, addedBy(all)); diff != "" {
				t.Error(diff)
			}
			if !coverage.Complete || coverage.Files != int64(len(test.want)) {
				t.Errorf("coverage %+v", coverage)
			}
			for path, v := range all {
				if v.location.Kind != scanner.KindStaged || v.location.Path != path || v.location.Object != s.git("rev-parse", ":"+path) {
					t.Errorf("location %+v", v.location)
				}
			}
		})
	}
}

func TestStagedSkips(t *testing.T) {
	tests := map[string]struct {
		prepare func(s *gitbox)
		visited int
		want    []string
	}{
		"submodule": {
			func(s *gitbox) {
				s.git("update-index", "--add", "--cacheinfo", "160000,"+s.git("rev-parse", "HEAD")+",mod")
			}, 0,
			[]string{"left out submodules 1: another repository: scan it on its own"},
		},
		"too large": {
			func(s *gitbox) { s.write("big", strings.Repeat("x", 2000)); s.write("ok", "x"); s.git("add", "-A") }, 1,
			[]string{"unread blobs 1: larger than 1000 bytes; raise --max-size"},
		},
		"missing": {
			func(s *gitbox) { s.write("n", "new\n"); s.git("add", "n"); s.lose(":n") }, 0,
			[]string{"unread blobs 1: missing from the object store; `git fsck` shows more, a fresh clone may have it"},
		},
		"format of the future": {
			func(s *gitbox) {
				s.git("config", "core.repositoryFormatVersion", "1")
				s.git("config", "extensions.novelty", "x")
			}, 0,
			[]string{"unread settings 1: the repository asks for a format that is not known here; use a newer version of this program"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newGitbox(t)
			s.write("a", tenLines)
			s.commit("one")
			test.prepare(s)
			all, coverage, err := walkAll(t, NewStaged(s.open(), StagedOptions{MaxSize: 1000}))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, skips(coverage)); diff != "" || len(all) != test.visited {
				t.Errorf("visited %d, %s", len(all), diff)
			}
		})
	}
}

func TestStagedWithoutTheOldVersion(t *testing.T) {
	s := newGitbox(t)
	s.write("a", tenLines)
	s.commit("one")
	s.write("a", tenLines+"11\n")
	s.git("add", "a")
	s.lose("HEAD:a")
	all, _, err := walkAll(t, NewStaged(s.open(), StagedOptions{}))
	if err != nil || !strings.HasPrefix(all["a"].added, "error: ") {
		t.Errorf("%v, %v: want an error from the comparison", all, err)
	}
}

func TestStagedFails(t *testing.T) {
	s := newGitbox(t)
	s.write("a", "a\n")
	s.git("add", "a")
	if err := os.WriteFile(filepath.Join(s.dir, ".git", "index"), []byte("DIRC nonsense"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, _, err := walkAll(t, NewStaged(s.open(), StagedOptions{}))
	if err == nil || !strings.Contains(err.Error(), "index") {
		t.Errorf("error %v, want one about the index", err)
	}
}

func TestStagedStops(t *testing.T) {
	s := newGitbox(t)
	s.write("a", "a\n")
	s.write("b", "b\n")
	s.git("add", "-A")
	var rec scanner.Recorder
	stop := errors.New("enough")
	calls := 0
	err := NewStaged(s.open(), StagedOptions{}).Walk(context.Background(), &rec, func(*scanner.Chunk) error { calls++; return stop })
	if !errors.Is(err, stop) || calls != 1 {
		t.Errorf("error %v after %d visits", err, calls)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := NewStaged(s.open(), StagedOptions{}).Walk(ctx, &rec, func(*scanner.Chunk) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
}
