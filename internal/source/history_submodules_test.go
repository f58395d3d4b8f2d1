package source

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skant-dev/skant/scanner"
)

// withSubmodules makes a repository with a submodule, a submodule in that, and one that was never absorbed: its .git is
// a folder in the work tree.
func withSubmodules(t *testing.T) *historyRepo {
	t.Helper()
	inner, middle := newHistoryRepo(t), newHistoryRepo(t)
	inner.write("i.txt", "find-me-inner\n")
	inner.commit("inner commit")
	middle.env = append(middle.env, "GIT_ALLOW_PROTOCOL=file")
	middle.write("m.txt", "find-me-middle\n")
	middle.commit("middle commit")
	middle.git("submodule", "--quiet", "add", inner.dir, "deep")
	middle.commit("add deep")

	h := newHistoryRepo(t)
	h.env = append(h.env, "GIT_ALLOW_PROTOCOL=file")
	h.write("o.txt", "find-me-outer\n")
	h.commit("outer commit")
	h.git("submodule", "--quiet", "add", middle.dir, "lib/mid")
	h.git("submodule", "--quiet", "update", "--init", "--recursive")
	own := h.at(filepath.Join(h.dir, "own"))
	if err := os.Mkdir(own.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	own.git("init", "-q", "-b", "main")
	own.write("u.txt", "find-me-unabsorbed\n")
	own.commit("own commit")
	h.commit("add submodules")
	h.plant("modules/lib/mid/info/exclude", "# find-me-exclude\n")
	return h
}

// TestHistorySubmodules reads submodules if asked to, and else says that it did not.
func TestHistorySubmodules(t *testing.T) {
	h := withSubmodules(t)
	found, coverage := h.scan(HistoryOptions{})
	want := []string{
		"exclude git-config .git/modules/lib/mid/info/exclude:1 -", "outer commit-content o.txt:1 outer commit",
	}
	if diff := cmp.Diff(want, historyLines(found)); diff != "" {
		t.Errorf("without: want -, got +:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"3 submodules"}, historySkips(coverage, false)); diff != "" || !coverage.Complete {
		t.Errorf("without: want -, got +:\n%s%+v", diff, coverage.Skipped)
	}

	found, coverage = h.scan(HistoryOptions{Submodules: true})
	want = []string{
		"exclude git-config lib/mid/.git/info/exclude:1 -", "inner commit-content lib/mid/deep/i.txt:1 inner commit",
		"middle commit-content lib/mid/m.txt:1 middle commit", "outer commit-content o.txt:1 outer commit",
		"unabsorbed commit-content own/u.txt:1 own commit",
	}
	if diff := cmp.Diff(want, historyLines(found)); diff != "" {
		t.Errorf("with: want -, got +:\n%s", diff)
	}
	if !coverage.Complete {
		t.Errorf("with: not complete: %+v", coverage.Skipped)
	}
	var places []string
	for _, f := range found {
		places = append(places, f.Fingerprint+" "+f.Location.Submodule)
	}
	slices.Sort(places)
	want = []string{"exclude lib/mid", "inner lib/mid/deep", "middle lib/mid", "outer ", "unabsorbed own"}
	if diff := cmp.Diff(want, places); diff != "" {
		t.Errorf("submodules: want -, got +:\n%s", diff)
	}
	if i := slices.IndexFunc(coverage.Places, func(p scanner.Place) bool { return p.What == "submodules" }); i < 0 || coverage.Places[i].Count != 3 {
		t.Errorf("places %+v; want 3 submodules", coverage.Places)
	}
}

// TestHistorySubmodulesAbsent takes a submodule's store away, damages it, or leads it out of the repository.
func TestHistorySubmodulesAbsent(t *testing.T) {
	for _, test := range []struct {
		name            string
		spoil           func(h *historyRepo)
		unread, leftOut []string
	}{
		{"never cloned", func(h *historyRepo) {
			h.removeAll(".git/modules/lib")
			h.removeAll("lib")
		}, []string{"1 submodules"}, nil},
		{"without objects", func(h *historyRepo) { h.removeAll(".git/modules/lib/mid/objects") }, []string{"1 submodules"}, nil},
		{"no format known", func(h *historyRepo) {
			h.plant("modules/lib/mid/config", "[core]\n\tworktree = ../../../../lib/mid\n[extensions\n")
		}, []string{"1 submodules"}, nil},
		{"leads to its parent", func(h *historyRepo) {
			h.removeAll(".git/modules/lib")
			h.write("lib/mid/.git", "gitdir: ../../.git\n")
		}, []string{"1 submodules"}, []string{"1 submodules"}},
		{"leads elsewhere", func(h *historyRepo) {
			other := newHistoryRepo(h.t)
			other.write("x", "find-me-elsewhere\n")
			other.commit("x")
			h.removeAll(".git/modules/lib")
			h.write("lib/mid/.git", "gitdir: "+other.dir+"/.git\n")
		}, []string{"1 submodules"}, []string{"1 submodules"}},
		{"behind a link", func(h *historyRepo) {
			other := newHistoryRepo(h.t)
			other.write("x", "find-me-elsewhere\n")
			other.commit("x")
			h.removeAll(".git/modules/lib")
			h.removeAll("lib/mid")
			if err := os.Symlink(other.dir, filepath.Join(h.dir, "lib", "mid")); err != nil {
				h.t.Fatal(err)
			}
		}, []string{"1 submodules"}, nil},
		{"in a circle", func(h *historyRepo) {
			modules := filepath.Join(h.dir, ".git", "modules", "lib", "mid", "modules")
			h.removeAll(".git/modules/lib/mid/modules")
			if err := os.Symlink("../..", modules); err != nil {
				h.t.Fatal(err)
			}
		}, []string{"1 submodules"}, []string{"1 git directory files"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := withSubmodules(t)
			test.spoil(h)
			found, coverage := h.scan(HistoryOptions{Submodules: true})
			if diff := cmp.Diff(test.unread, historySkips(coverage, true)); diff != "" {
				t.Errorf("unread: want -, got +:\n%s%+v", diff, coverage.Skipped)
			}
			if diff := cmp.Diff(test.leftOut, historySkips(coverage, false)); diff != "" {
				t.Errorf("left out: want -, got +:\n%s%+v", diff, coverage.Skipped)
			}
			text := strings.Join(historyLines(found), "\n")
			if strings.Contains(text, "elsewhere") || !strings.Contains(text, "unabsorbed") || !strings.Contains(text, "outer") {
				t.Errorf("found %s", text)
			}
		})
	}
}

func (h *historyRepo) removeAll(path string) {
	h.t.Helper()
	if err := os.RemoveAll(filepath.Join(h.dir, filepath.FromSlash(path))); err != nil {
		h.t.Fatal(err)
	}
}
