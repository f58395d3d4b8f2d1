package source

import (
	"strings"
	"testing"

	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/scanner"
)

// TestCurrent asks every source of versions what has become of files.
func TestCurrent(t *testing.T) {
	s := newGitbox(t)
	s.write("a", "one\n")
	s.write("gone", "one\n")
	s.git("add", ".")
	s.git("commit", "-qm", "one")
	s.git("checkout", "-qb", "topic")
	s.write("a", "topic\n")
	s.git("commit", "-qam", "topic")
	s.git("checkout", "-q", "main")
	s.write("a", "two\n")
	s.git("rm", "-q", "gone")
	s.git("commit", "-qam", "two")
	s.git("tag", "-am", "annotated", "v1")
	r, err := repo.Open(s.dir, repo.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	id := func(rev string) pack.ID {
		t.Helper()
		id, err := pack.ParseID(s.git("rev-parse", rev))
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	diff, err := NewDiff(r, "main~1..main", DiffOptions{})
	if err != nil {
		t.Fatal(err)
	}
	push := func(updates ...RefUpdate) *Push { return NewPush(r, updates, PushOptions{}) }
	for _, c := range []struct {
		name string
		src  scanner.Current
		path string
		want string
	}{
		{"history", NewHistory(r, HistoryOptions{}), "a", "two\n"},
		{"history, gone", NewHistory(r, HistoryOptions{}), "gone", ""},
		{"range", diff, "a", "two\n"},
		{"range of several tips", NewCommits(r, repo.RangeSpec{Tips: []pack.ID{id("main"), id("topic"), id("main")}}, DiffOptions{}), "a", "two\n|topic\n"},
		{"several tips, in one of them", NewCommits(r, repo.RangeSpec{Tips: []pack.ID{id("main"), id("topic")}}, DiffOptions{}), "gone", "one\n"},
		{"push of a branch, a tag and a deletion", push(RefUpdate{Name: "refs/heads/topic", New: id("topic")}, RefUpdate{Name: "refs/tags/v1", New: id("v1")}, RefUpdate{Name: "refs/heads/x", Old: id("main")}), "a", "topic\n|two\n"},
		{"no such file", diff, "b/c", ""},
	} {
		got, err := c.src.Current(t.Context(), c.path)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		var texts []string
		for _, data := range got {
			texts = append(texts, string(data))
		}
		if strings.Join(texts, "|") != c.want {
			t.Errorf("%s: %q, want %q", c.name, texts, c.want)
		}
	}
	if _, err := push(RefUpdate{Name: "refs/heads/x", New: id("main~1^{tree}:a")}).Current(t.Context(), "a"); err != nil {
		t.Errorf("a ref that names a file: %v", err)
	}
	if _, err := diff.Current(t.Context(), "../a"); err == nil {
		t.Error("a path outside is taken")
	}
}
