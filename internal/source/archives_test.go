package source

import (
	"archive/zip"
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skant-dev/skant/scanner"
)

// zipText is a zip of members with these texts.
func zipText(t *testing.T, members ...string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i, text := range members {
		f, err := w.Create(fmt.Sprint("m", i))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// members walks a source and returns what it gives inside archives: place, text and, if asked, new lines.
func members(t *testing.T, src scanner.Source) (seen []string, coverage scanner.Coverage) {
	t.Helper()
	var rec scanner.Recorder
	lock := make(chan struct{}, 1)
	err := src.Walk(t.Context(), &rec, func(c *scanner.Chunk) error {
		if c.Location.Member == "" {
			return nil
		}
		at := c.Location
		line := fmt.Sprintf("%s %s %q", at.Kind, at.Place(), c.Data)
		if c.Added != nil {
			added, err := c.Added()
			if err != nil {
				return err
			}
			line += fmt.Sprint(" ", added)
		}
		lock <- struct{}{}
		seen = append(seen, line)
		<-lock
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(seen)
	return seen, rec.Coverage()
}

func TestArchiveVersions(t *testing.T) {
	s := newGitbox(t)
	s.write("a.zip", zipText(t, "one\ntwo\n", "three\n"))
	s.git("add", ".")
	s.git("commit", "-qm", "first")
	s.write("a.zip", zipText(t, "three\nnew\n", "one\r\n"))
	s.git("add", ".")
	want := []string{`a.zip!/m0 "three\nnew\n" [{2 2}]`, `a.zip!/m1 "one\r\n" []`}
	prefixed := func(kind string) (out []string) {
		for _, w := range want {
			out = append(out, kind+" "+w)
		}
		return out
	}
	seen, coverage := members(t, NewStaged(s.open(), StagedOptions{}))
	if diff := cmp.Diff(prefixed("staged"), seen); diff != "" || !coverage.Complete {
		t.Errorf("staged: %s, coverage %+v", diff, coverage)
	}
	s.git("commit", "-qm", "second")
	src, err := NewDiff(s.open(), "HEAD~1..HEAD", DiffOptions{})
	if err != nil {
		t.Fatal(err)
	}
	seen, coverage = members(t, src)
	if diff := cmp.Diff(prefixed("commit-content"), seen); diff != "" || !coverage.Complete {
		t.Errorf("range: %s, coverage %+v", diff, coverage)
	}
	seen, coverage = members(t, NewHistory(s.open(), HistoryOptions{}))
	if len(seen) != 4 || !coverage.Complete {
		t.Errorf("history: %q, coverage %+v", seen, coverage)
	}
}

// TestDamagedEarlierVersion holds that what an earlier version of an archive hides is new.
func TestDamagedEarlierVersion(t *testing.T) {
	s := newGitbox(t)
	whole := zipText(t, strings.Repeat("old line\n", 3))
	s.write("a.zip", whole[:33])
	s.git("add", ".")
	s.git("commit", "-qm", "first")
	s.write("a.zip", whole)
	s.git("add", ".")
	seen, coverage := members(t, NewStaged(s.open(), StagedOptions{}))
	if len(seen) != 1 || !strings.HasSuffix(seen[0], "[{1 3}]") || !coverage.Complete {
		t.Errorf("%q, coverage %+v", seen, coverage)
	}
}

// TestLargeArchive reads one that is too large to be held, from a file and from standard input.
func TestLargeArchive(t *testing.T) {
	noise := make([]byte, streamAbove+1<<20)
	x := uint32(7)
	for i := range noise {
		x = x*1664525 + 1013904223
		noise[i] = byte(x >> 24)
	}
	text := zipText(t, string(noise), "small\n")
	top := t.TempDir()
	filesWrite(t, top+"/a.zip", text)
	src, err := NewFiles([]string{top}, FilesOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for name, src := range map[string]scanner.Source{"file": src, "stdin": NewStdin(strings.NewReader(text), 0)} {
		seen, coverage := members(t, src)
		if len(seen) != 2 || !strings.Contains(seen[1], `m1 "small\n"`) || !coverage.Complete {
			t.Errorf("%s: %d members, coverage %+v", name, len(seen), coverage)
		}
	}
}
