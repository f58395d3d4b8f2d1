package source

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/scanner"
)

// pushed walks a push and returns what was visited, sorted: "KIND ID-OR-PATH", and the coverage.
func pushed(t *testing.T, dir string, updates []RefUpdate, known func(string) bool) ([]string, scanner.Coverage) {
	t.Helper()
	r, err := repo.Open(dir, repo.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var mu sync.Mutex
	var seen []string
	rec := &scanner.Recorder{}
	err = NewPush(r, updates, PushOptions{Known: known}).Walk(context.Background(), rec, func(c *scanner.Chunk) error {
		if c.Location.Kind == scanner.KindFileName {
			return nil // names_test.go is about them
		}
		mu.Lock()
		defer mu.Unlock()
		what := c.Location.Object
		if c.Location.Kind == scanner.KindCommitContent || what == "" {
			what = c.Location.Path
		}
		if what == "" {
			what = string(c.Data)
		}
		seen = append(seen, string(c.Location.Kind)+" "+what)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(seen)
	return seen, rec.Coverage()
}

func idOf(t *testing.T, text string) pack.ID {
	t.Helper()
	if text == "" {
		return pack.ID{}
	}
	id, err := pack.ParseID(text)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func onOrigin(ref string) bool { return strings.HasPrefix(ref, "refs/remotes/origin/") }

// TestPushIsWhatGitSends holds, on random histories and pushes, that the messages which are visited are those of the commits
// that git itself counts as new.
func TestPushIsWhatGitSends(t *testing.T) {
	for seed := range uint64(6) {
		rnd := rand.New(rand.NewPCG(5, seed))
		box := newGitbox(t)
		ids := []string{box.commit("0")}
		for i := 1; i < 30; i++ {
			box.git("checkout", "-q", "--detach", ids[rnd.IntN(len(ids))])
			if rnd.IntN(4) == 0 {
				box.git("merge", "-q", "-s", "ours", "--no-ff", "-m", fmt.Sprint("merge ", i), ids[rnd.IntN(len(ids))])
			}
			box.write(fmt.Sprint("file", i), fmt.Sprint(i, "\n"))
			ids = append(ids, box.commit(fmt.Sprint(i)))
		}
		for i := range 8 {
			box.git("update-ref", fmt.Sprint("refs/remotes/origin/b", i), ids[rnd.IntN(len(ids))])
			box.git("update-ref", fmt.Sprint("refs/remotes/other/b", i), ids[rnd.IntN(len(ids))])
		}
		for range 8 {
			var updates []RefUpdate
			args := []string{"rev-list"}
			not := []string{"--not", "--remotes=origin"}
			for i := range 1 + rnd.IntN(3) {
				u := RefUpdate{Name: fmt.Sprint("refs/heads/", i)}
				if rnd.IntN(5) > 0 {
					tip := ids[rnd.IntN(len(ids))]
					args, u.New = append(args, tip), idOf(t, tip)
				}
				switch rnd.IntN(3) {
				case 0:
					old := ids[rnd.IntN(len(ids))]
					not, u.Old = append(not, old), idOf(t, old)
				case 1: // something that is not here
					u.Old = idOf(t, strings.Repeat(fmt.Sprint(1+i), 40))
				}
				updates = append(updates, u)
			}
			var want []string
			if len(args) > 1 {
				for _, id := range strings.Fields(box.git(append(args, not...)...)) {
					want = append(want, "commit-message "+id)
				}
			}
			slices.Sort(want)
			seen, coverage := pushed(t, box.dir, updates, onOrigin)
			seen = slices.DeleteFunc(seen, func(s string) bool { return !strings.HasPrefix(s, "commit-message ") })
			if diff := cmp.Diff(strings.Join(want, "\n"), strings.Join(seen, "\n")); diff != "" || !coverage.Complete {
				t.Errorf("seed %d, %v: complete %v\n%s", seed, updates, coverage.Complete, diff)
			}
		}
	}
}

func TestPushOfTagsTreesAndFiles(t *testing.T) {
	box := newGitbox(t)
	box.write("sub/file", "content\n")
	commit := box.commit("one")
	box.git("tag", "-m", "inner", "inner")
	box.git("tag", "-m", "outer", "outer", "inner")
	inner, outer := box.git("rev-parse", "inner"), box.git("rev-parse", "outer")
	blob, tree := box.git("rev-parse", "HEAD:sub/file"), box.git("rev-parse", "HEAD^{tree}")
	box.git("tag", "-m", "of a file", "offile", blob)
	box.git("update-ref", "refs/remotes/origin/main", commit)
	for _, c := range []struct {
		name, id string
		known    func(string) bool
		want     []string
	}{
		{"a tag of a tag", outer, onOrigin, []string{"author " + inner, "author " + outer, "ref-name refs/x", "tag-message " + inner, "tag-message " + outer}},
		{"a tag of a tag, nothing known", outer, nil, []string{
			"author " + inner, "author " + outer, "commit-content sub/file", "commit-message " + commit, "ref-name refs/x", "tag-message " + inner, "tag-message " + outer,
		}},
		{"a tree", tree, onOrigin, []string{"commit-content sub/file", "ref-name refs/x"}},
		{"a file", blob, onOrigin, []string{"commit-content ", "ref-name refs/x"}},
		{"a tag of a file", box.git("rev-parse", "offile"), onOrigin, []string{
			"author " + box.git("rev-parse", "offile"), "commit-content ", "ref-name refs/x", "tag-message " + box.git("rev-parse", "offile"),
		}},
	} {
		got, coverage := pushed(t, box.dir, []RefUpdate{{Name: "refs/x", New: idOf(t, c.id)}}, c.known)
		for i := range got {
			if strings.HasPrefix(got[i], "commit-content "+blob) || got[i] == "commit-content content\n" {
				got[i] = "commit-content "
			}
		}
		slices.Sort(got)
		slices.Sort(c.want)
		if diff := cmp.Diff(c.want, got); diff != "" || !coverage.Complete {
			t.Errorf("%s: complete %v\n%s", c.name, coverage.Complete, diff)
		}
	}
}

// TestPushThatCannotBeRead is never complete.
func TestPushThatCannotBeRead(t *testing.T) {
	box := newGitbox(t)
	commit := box.commit("one")
	missing := strings.Repeat("1", 40)
	for name, updates := range map[string][]RefUpdate{
		"a tip that is not here":  {{Name: "refs/x", New: idOf(t, missing)}},
		"beside one that is here": {{Name: "refs/a", New: idOf(t, commit)}, {Name: "refs/x", New: idOf(t, missing)}},
	} {
		if _, coverage := pushed(t, box.dir, updates, onOrigin); coverage.Complete || len(coverage.Skipped) == 0 {
			t.Errorf("%s: %+v", name, coverage)
		}
	}
	if seen, coverage := pushed(t, box.dir, []RefUpdate{{Name: "refs/x", Old: idOf(t, commit)}}, onOrigin); len(seen) > 0 || !coverage.Complete {
		t.Errorf("a deleted ref: %q, %+v", seen, coverage)
	}
	// Tags of tags without an end.
	id := commit
	kind := "commit"
	for range 20 {
		box.writeTag(t, &id, fmt.Sprintf("object %s\ntype %s\ntag x\ntagger A <a@example.com> 1700000000 +0000\n\nx\n", id, kind))
		kind = "tag"
	}
	if _, coverage := pushed(t, box.dir, []RefUpdate{{Name: "refs/x", New: idOf(t, id)}}, onOrigin); coverage.Complete {
		t.Error("tags of tags of tags count as read")
	}
}

// writeTag writes a tag object and sets id to its id.
func (s *gitbox) writeTag(t *testing.T, id *string, text string) {
	t.Helper()
	out, err := s.run(strings.NewReader(text), "hash-object", "-t", "tag", "-w", "--stdin")
	if err != nil {
		t.Fatal(err)
	}
	*id = strings.TrimSpace(out)
}
