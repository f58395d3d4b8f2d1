package source

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestHistoryReadsEveryStore spreads marks over all the ways in which git keeps objects.
func TestHistoryReadsEveryStore(t *testing.T) {
	borrowed, far := newHistoryRepo(t), newHistoryRepo(t)
	far.feed("find-me-far\n", "hash-object", "-w", "--stdin")
	borrowed.feed("find-me-borrowed\n", "hash-object", "-w", "--stdin")
	borrowed.git("repack", "-q", "-a", "-d", "-k")
	borrowed.plant("objects/info/alternates", filepath.Join(far.dir, ".git", "objects")+"\n")

	h := newHistoryRepo(t)
	h.write("kept.txt", "find-me-kept\n")
	h.commit("kept")
	h.git("repack", "-q", "-d")
	packs, err := filepath.Glob(filepath.Join(h.dir, ".git/objects/pack/*.pack"))
	if err != nil || len(packs) != 1 {
		t.Fatalf("packs %v, %v", packs, err)
	}
	h.plant("objects/pack/"+strings.TrimSuffix(filepath.Base(packs[0]), ".pack")+".keep", "kept because find-me-why\n")
	h.write("second.txt", "find-me-second\n")
	h.commit("second")
	h.git("repack", "-q", "-d", "-l")
	h.feed("find-me-cruft\n", "hash-object", "-w", "--stdin")
	h.git("repack", "-q", "--cruft", "-d", "-l")
	if cruft, err := filepath.Glob(filepath.Join(h.dir, ".git/objects/pack/*.mtimes")); err != nil || len(cruft) != 1 {
		t.Fatalf("cruft packs %v, %v", cruft, err)
	}
	h.git("multi-pack-index", "write")
	h.git("commit-graph", "write", "--reachable")
	h.feed("find-me-loose\n", "hash-object", "-w", "--stdin")
	rel, err := filepath.Rel(filepath.Join(h.dir, ".git/objects"), filepath.Join(borrowed.dir, ".git/objects"))
	if err != nil {
		t.Fatal(err)
	}
	h.plant("objects/info/alternates", rel+"\n")
	h.plant("objects/info/http-alternates", "https://example.com/find-me-http/objects\n")

	found, coverage := h.scan(HistoryOptions{})
	keep := ".git/objects/pack/" + strings.TrimSuffix(filepath.Base(packs[0]), ".pack") + ".keep"
	want := []string{
		"borrowed unreachable ", "cruft unreachable ", "far unreachable ", "http git-config .git/objects/info/http-alternates",
		"kept commit-content kept.txt", "loose unreachable ", "second commit-content second.txt", "why git-config " + keep,
	}
	if diff := cmp.Diff(want, placeLines(found)); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"1 alternates"}, historySkips(coverage, false)); diff != "" || !coverage.Complete {
		t.Errorf("left out: want -, got +:\n%s%+v", diff, coverage.Skipped)
	}
}

// loose returns the bytes of a loose object and takes it out of the store.
func (h *historyRepo) loose(content string) (data []byte, id string) {
	h.t.Helper()
	id = h.feed(content, "hash-object", "-w", "--stdin")
	data, err := os.ReadFile(filepath.Join(h.dir, ".git/objects", id[:2], id[2:]))
	if err != nil {
		h.t.Fatal(err)
	}
	h.lose(id)
	return data, id
}

// TestHistoryReadsLeftovers plants what git leaves behind when it is killed. What can be read is; the rest is reported.
func TestHistoryReadsLeftovers(t *testing.T) {
	h := newHistoryRepo(t)
	h.write("a.txt", "a\n")
	h.commit("first")
	h.git("repack", "-q", "-a", "-d")

	whole, _ := h.loose("find-me-whole\n")
	h.plant("objects/ab/tmp_obj_Wh0le1", string(whole))
	h.plant("objects/tmp_obj_0ld", string(whole))
	cut, _ := h.loose("find-me-cut\n" + strings.Repeat("0123456789abcdefghij find-no-more ", 4000))
	h.plant("objects/cd/tmp_obj_Cut222", string(cut[:len(cut)-20]))
	for i, name := range []string{"incoming-Ab1", "tmp_objdir-incoming-Cd2"} {
		data, id := h.loose(fmt.Sprintf("find-me-quarantine%d\n", i))
		h.plant("objects/"+name+"/"+id[:2]+"/"+id[2:], string(data))
		h.plant("objects/"+name+"/pack/tmp_pack_Xy3", "PACK\x00\x00\x00\x02")
	}
	h.plant("objects/pack/tmp_pack_Zz4", "PACK\x00\x00\x00\x02")
	h.plant("objects/pack/tmp_idx_Zz4", "\xfftOc")
	h.plant("objects/pack/.tmp-12-pack-34.pack", "PACK\x00\x00\x00\x02")

	found, coverage := h.scan(HistoryOptions{})
	want := []string{
		"cut unreachable .git/objects/cd/tmp_obj_Cut222", "quarantine0 unreachable ", "quarantine1 unreachable ",
		"whole unreachable .git/objects/ab/tmp_obj_Wh0le1", "whole unreachable .git/objects/tmp_obj_0ld",
	}
	if diff := cmp.Diff(want, placeLines(found)); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"4 packs", "1 unfinished objects"}, historySkips(coverage, true)); diff != "" {
		t.Errorf("unread: want -, got +:\n%s%+v", diff, coverage.Skipped)
	}
	for _, s := range coverage.Skipped {
		if s.Unread && !strings.Contains(s.Reason, "`git ") {
			t.Errorf("no remedy in %+v", s)
		}
	}
}

// TestHistoryReadsStashes hides marks in each part of several stashes, and in what a merge put aside.
func TestHistoryReadsStashes(t *testing.T) {
	h := newHistoryRepo(t)
	h.write("a.txt", "a\n")
	h.write("b.txt", "b\n")
	h.commit("first")
	var want []string
	for i := range 3 {
		h.write("a.txt", fmt.Sprintf("find-me-index%d\n", i))
		h.git("add", "a.txt")
		h.write("a.txt", fmt.Sprintf("find-me-tree%d\n", i))
		h.write("new.txt", fmt.Sprintf("find-me-new%d\n", i))
		h.git("stash", "push", "-q", "-u", "-m", fmt.Sprintf("find-me-message%d", i))
		want = append(want, fmt.Sprintf("index%d stash a.txt", i), fmt.Sprintf("tree%d stash a.txt", i),
			fmt.Sprintf("new%d stash new.txt", i), fmt.Sprintf("message%d commit-message ", i),
			fmt.Sprintf("message%d reflog .git/logs/refs/stash", i))
	}
	h.write("b.txt", "find-me-aside\n")
	h.plant("MERGE_AUTOSTASH", h.git("stash", "create")+"\n")
	h.write("b.txt", "find-me-rebase\n")
	h.plant("rebase-merge/autostash", h.git("stash", "create")+"\n")
	h.git("checkout", "-q", "b.txt")
	for i, ref := range []string{"refs/notes/commits", "refs/notes/review"} {
		h.git("notes", "--ref", ref, "add", "-m", fmt.Sprintf("find-me-note%d", i))
		want = append(want, fmt.Sprintf("note%d note %s", i, h.git("rev-parse", "HEAD")))
	}
	want = append(want, "aside stash b.txt", "rebase stash b.txt")
	found, coverage := h.scan(HistoryOptions{})
	slices.Sort(want)
	if diff := cmp.Diff(want, placeLines(found)); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	if !coverage.Complete {
		t.Errorf("not complete: %+v", coverage.Skipped)
	}
}

// TestHistoryIgnoresReplacements looks behind refs/replace and info/grafts, by which git shows something else.
func TestHistoryIgnoresReplacements(t *testing.T) {
	h := newHistoryRepo(t)
	h.write("a.txt", "find-me-original\n")
	first := h.commit("first")
	h.write("a.txt", "clean\n")
	second := h.commit("second")
	clean := h.feed("nothing here\n", "hash-object", "-w", "--stdin")
	h.git("replace", h.git("rev-parse", first+":a.txt"), clean)
	h.git("replace", clean, h.feed("find-me-replacement\n", "hash-object", "-w", "--stdin"))
	h.plant("info/grafts", second+" "+"\n")
	h.git("replace", "--graft", second)
	found, coverage := h.scan(HistoryOptions{})
	want := []string{"original commit-content a.txt:1 first", "replacement commit-content :1 -"}
	if diff := cmp.Diff(want, historyLines(found)); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	for _, f := range found {
		if f.Fingerprint == "original" && !slices.Contains(f.Exposure.Refs, "refs/heads/main") {
			t.Errorf("refs %q; want the branch, whatever grafts say", f.Exposure.Refs)
		}
	}
	if !coverage.Complete {
		t.Errorf("not complete: %+v", coverage.Skipped)
	}
}

// TestHistoryWorktreeTips checks what only a linked worktree reaches: its HEAD, its own refs, its reflog.
func TestHistoryWorktreeTips(t *testing.T) {
	h := newHistoryRepo(t)
	h.write("a.txt", "a\n")
	h.commit("first")
	h.git("worktree", "add", "-q", "--detach", "../linked")
	linked := h.at(filepath.Join(filepath.Dir(h.dir), "linked"))
	commit := func(mark string) string {
		linked.write("a.txt", "find-me-"+mark+"\n")
		return linked.commit(mark)
	}
	linked.git("update-ref", "refs/bisect/bad", commit("bisect"))
	linked.git("reset", "-q", "--hard", "HEAD~1")
	linked.git("update-ref", "refs/worktree/mine", commit("own"))
	linked.git("reset", "-q", "--hard", "HEAD~1")
	commit("undone")
	linked.git("reset", "-q", "--hard", "HEAD~1")
	commit("head")
	want := []string{
		"bisect commit-content a.txt:1 bisect", "head commit-content a.txt:1 head", "own commit-content a.txt:1 own",
		"undone reflog a.txt:1 undone",
	}
	for _, from := range []*historyRepo{h, linked} {
		found, coverage := from.scan(HistoryOptions{})
		if diff := cmp.Diff(want, historyLines(found)); diff != "" || !coverage.Complete {
			t.Errorf("from %s: want -, got +:\n%s%+v", filepath.Base(from.dir), diff, coverage.Skipped)
		}
	}
}

// TestHistoryGitDirectoryHostile plants links, pipes and what cannot be read.
func TestHistoryGitDirectoryHostile(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "outside")
	if err := os.WriteFile(outside, []byte("find-me-outside\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	h := newHistoryRepo(t)
	h.write("a.txt", "a\n")
	h.commit("first")
	at := func(name string) string { return filepath.Join(h.dir, ".git", name) }
	for name, target := range map[string]string{
		"hooks/pre-push": outside, "folder": filepath.Dir(outside), "circle": ".", "inner": "config", "lost": "find-me-target",
	} {
		if err := os.Symlink(target, at(name)); err != nil {
			t.Fatal(err)
		}
	}
	h.write(filepath.Join(".git", strings.Repeat("d/", 200), "deep"), "find-me-deep\n")
	h.write(".git/find-me-odd\xff\xfe name", "x\n")
	h.git("config", "include.path", outside)
	h.git("config", "--add", "include.path", "inside.inc")
	h.plant("inside.inc", "# find-me-included\n")
	found, coverage := h.scan(HistoryOptions{})
	want := []string{
		"included git-config .git/inside.inc", "odd file-name .git/find-me-odd\xff\xfe name", "target git-config .git/lost",
	}
	if diff := cmp.Diff(want, placeLines(found)); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"1 git directory files"}, historySkips(coverage, true)); diff != "" {
		t.Errorf("unread: want -, got +:\n%s%+v", diff, coverage.Skipped)
	}
	if diff := cmp.Diff([]string{"3 git directory files", "1 included configuration"}, historySkips(coverage, false)); diff != "" {
		t.Errorf("left out: want -, got +:\n%s%+v", diff, coverage.Skipped)
	}
}

// TestHistoryGitDirectoryLarge reports a file of the git directory above the bound, which is never below 1 MiB.
func TestHistoryGitDirectoryLarge(t *testing.T) {
	h := newHistoryRepo(t)
	h.write("a.txt", "a\n")
	h.commit("first")
	h.plant("small", "find-me-small\n"+strings.Repeat("x", 1000))
	h.plant("large", "find-me-large\n"+strings.Repeat("x", 1<<20))
	found, coverage := h.scan(HistoryOptions{MaxSize: 500})
	if diff := cmp.Diff([]string{"small git-config .git/small"}, placeLines(found)); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	if text := fmt.Sprint(coverage.Skipped); coverage.Complete || !strings.Contains(text, ".git/large") || !strings.Contains(text, "--max-size") {
		t.Errorf("skipped %s", text)
	}
}

// TestHistoryOfAnotherUser reads a repository that belongs to somebody else, which git itself refuses: nothing of it is
// executed here, so that there is nothing to fear. Only root can give files away; to everybody else the files stay their
// own, and the test shows no more than that the scan works.
func TestHistoryOfAnotherUser(t *testing.T) {
	h := newHistoryRepo(t)
	h.write("a.txt", "find-me-k\n")
	h.commit("first")
	if os.Geteuid() == 0 {
		const nobody = 65534
		err := filepath.WalkDir(h.dir, func(path string, _ os.DirEntry, err error) error {
			return errors.Join(err, os.Lchown(path, nobody, nobody))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	found, coverage := h.scan(HistoryOptions{})
	if diff := cmp.Diff([]string{"k commit-content a.txt:1 first"}, historyLines(found)); diff != "" || !coverage.Complete {
		t.Errorf("want -, got +:\n%s%+v", diff, coverage.Skipped)
	}
}
