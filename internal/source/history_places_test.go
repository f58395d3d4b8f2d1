package source

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skant-dev/skant/scanner"
)

// placeLines tells findings as "FINGERPRINT KIND PATH", each once, sorted.
func placeLines(found []scanner.Finding) []string {
	var all []string
	for _, f := range found {
		all = append(all, fmt.Sprintf("%s %s %s", f.Fingerprint, f.Location.Kind, f.Location.Path))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// plant writes a file below the git directory.
func (h *historyRepo) plant(path, content string) {
	h.t.Helper()
	h.write(filepath.Join(".git", filepath.FromSlash(path)), content)
}

// TestHistoryReadsTheGitDirectory hides a mark in each file in which git, or a program around it, keeps text beside the
// object store.
func TestHistoryReadsTheGitDirectory(t *testing.T) {
	h := newHistoryRepo(t)
	h.write("a.txt", "a\n")
	h.commit("first")
	h.git("worktree", "add", "-q", "../linked", "-b", "linked")
	files := []struct{ path, kind string }{
		{"config", "git-config"}, {"config.worktree", "git-config"}, {"description", "git-config"},
		{"FETCH_HEAD", "git-config"}, {"COMMIT_EDITMSG", "git-config"}, {"MERGE_MSG", "git-config"},
		{"SQUASH_MSG", "git-config"}, {"TAG_EDITMSG", "git-config"}, {"NOTES_EDITMSG", "git-config"},
		{"EDIT_DESCRIPTION", "git-config"}, {"addp-hunk-edit.diff", "git-config"},
		{"info/exclude", "git-config"}, {"info/attributes", "git-config"}, {"info/sparse-checkout", "git-config"},
		{"hooks/post-commit", "hook"}, {"hooks/pre-push.sample", "hook"}, {"hooks/lib/common.sh", "hook"},
		{"logs/refs/heads/old/branch", "reflog"}, {"logs/refs/stash.lock", "reflog"},
		{"rebase-merge/message", "git-config"}, {"rebase-merge/git-rebase-todo", "git-config"},
		{"rebase-apply/0001", "git-config"}, {"rebase-apply/patch", "git-config"}, {"sequencer/todo", "git-config"},
		{"BISECT_LOG", "git-config"}, {"branches/origin", "git-config"}, {"remotes/origin", "git-config"},
		{"gitk.cache", "git-config"}, {"GIT_COLA_MSG", "git-config"}, {"svn/refs/remotes/x/unhandled.log", "git-config"},
		{"lfs/logs/1.log", "git-config"}, {"worktrees/linked/COMMIT_EDITMSG", "git-config"},
		{"worktrees/linked/config.worktree", "git-config"}, {"worktrees/linked/rebase-merge/message", "git-config"},
		{"worktrees/linked/logs/refs/bisect/bad", "reflog"}, {"config.lock", "git-config"}, {"config.orig", "git-config"},
		{"objects/pack/pack-1.promisor", "git-config"}, {"objects/info/alternates.old", "git-config"},
		{"packed-refs.new", "ref-name"}, {"refs/heads/x.lock", "ref-name"},
	}
	var want []string
	for i, f := range files {
		text := fmt.Sprintf("# first line\n# find-me-p%02d here\n", i)
		full := filepath.Join(h.dir, ".git", filepath.FromSlash(f.path))
		old, err := os.ReadFile(full)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		h.plant(f.path, text+string(old))
		want = append(want, fmt.Sprintf("p%02d %s .git/%s:2 -", i, f.kind, f.path))
	}
	found, coverage := h.scan(HistoryOptions{})
	if diff := cmp.Diff(want, historyLines(found)); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	for _, s := range coverage.Skipped {
		// FETCH_HEAD and the planted reflog hold lines that are none, which is what this says.
		t.Logf("skipped: %+v", s)
	}
}

// TestHistoryReadsRefFiles hides marks in what is written beside the ids and names of refs, and in names.
func TestHistoryReadsRefFiles(t *testing.T) {
	h := newHistoryRepo(t)
	h.write("a.txt", "a\n")
	id := h.commit("first")
	h.git("branch", "topic")
	h.git("pack-refs", "--all")
	packed := h.git("for-each-ref", "--format=%(objectname) %(refname)")
	h.plant("packed-refs", "# pack-refs with: peeled fully-peeled sorted find-me-header\n"+packed+"\nmalformed find-me-line\n"+
		id+" refs/tags/find-me-packed\n")
	h.plant("refs/heads/loose", id+" find-me-comment\n")
	h.plant("ORIG_HEAD", id+"\nfind-me-orig\n")
	h.plant("HEAD", "ref: refs/heads/find-me-unborn\n")
	h.git("update-ref", "refs/pull/1/find-me-pull", id)
	h.git("update-ref", "refs/namespaces/find-me-space/refs/heads/x", id)
	h.git("update-ref", "refs/bisect/find-me-bisect", id)
	h.git("update-ref", "refs/rewritten/find-me-rewritten", id)
	h.git("update-ref", "refs/worktree/find-me-worktree", id)
	found, _ := h.scan(HistoryOptions{})
	want := []string{
		"bisect ref-name ", "comment ref-name .git/refs/heads/loose", "header ref-name .git/packed-refs",
		"line ref-name .git/packed-refs", "orig ref-name .git/ORIG_HEAD", "packed ref-name ", "pull ref-name ",
		"rewritten ref-name ", "space ref-name ", "unborn ref-name .git/HEAD", "worktree ref-name ",
	}
	if diff := cmp.Diff(want, placeLines(found)); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

// TestHistoryReadsIndexes hides marks in what only an index holds, of the main worktree and of linked ones.
func TestHistoryReadsIndexes(t *testing.T) {
	h := newHistoryRepo(t)
	h.write("a.txt", "a\n")
	h.commit("first")
	h.git("worktree", "add", "-q", "../linked", "-b", "linked")
	h.write("staged.txt", "find-me-main\n")
	h.git("add", "staged.txt")
	linked := h.at(filepath.Join(filepath.Dir(h.dir), "linked"))
	linked.write("dir/other.txt", "find-me-linked\n")
	linked.git("add", "-A")
	// A conflict that was resolved: the index still knows all three versions (its extension REUC), and only it does.
	stages := ""
	for i, side := range []string{"base", "ours", "theirs"} {
		id := h.feed("find-me-"+side+"\n", "hash-object", "-w", "--stdin")
		stages += fmt.Sprintf("100644 %s %d\tb.txt\n", id, i+1)
	}
	h.feed(stages, "update-index", "--index-info")
	h.write("b.txt", "find-me-resolved\n")
	h.git("add", "b.txt")
	h.write("new.txt", "not added\n")
	h.git("add", "--intent-to-add", "new.txt")
	want := []string{
		"base staged b.txt", "linked staged dir/other.txt", "main staged staged.txt", "ours staged b.txt",
		"resolved staged b.txt", "theirs staged b.txt",
	}
	for _, from := range []*historyRepo{h, linked} {
		found, coverage := from.scan(HistoryOptions{})
		if diff := cmp.Diff(want, placeLines(found)); diff != "" {
			t.Errorf("from %s: want -, got +:\n%s", filepath.Base(from.dir), diff)
		}
		if !coverage.Complete {
			t.Errorf("from %s: not complete: %+v", filepath.Base(from.dir), coverage.Skipped)
		}
	}
}

// TestHistoryReadsFileNames hides marks in names of files and folders: removed, renamed, of a merge alone, not UTF-8, in
// an index only, in trees that nothing reaches.
func TestHistoryReadsFileNames(t *testing.T) {
	h := newHistoryRepo(t)
	h.write("dir/find-me-file.txt", "one\n")
	h.write("find-me-folder/x.txt", "two\n")
	h.write("odd/find-me-odd\xff\xfe.txt", "three\n")
	h.commit("first")
	h.write("find-me-folder/x.txt", "changed\n")
	h.commit("change content")
	h.git("mv", "dir/find-me-file.txt", "dir/find-me-renamed.txt")
	h.commit("rename")
	h.git("rm", "-q", "-r", "find-me-folder", "dir")
	h.commit("remove")
	h.git("checkout", "-q", "-b", "side")
	h.write("side.txt", "side\n")
	h.commit("side")
	h.git("checkout", "-q", "main")
	h.git("merge", "-q", "--no-ff", "--no-commit", "side")
	h.write("find-me-merged", "merged\n")
	h.commit("merge")
	lost := h.feed("100644 blob "+h.feed("lost\n", "hash-object", "-w", "--stdin")+"\tfind-me-lost\n", "mktree")
	h.write("find-me-staged.txt", "staged\n")
	h.git("add", "find-me-staged.txt")
	want := []string{
		"file file-name dir/find-me-file.txt:1 first", "folder file-name find-me-folder:1 first",
		"lost file-name find-me-lost:1 -", "merged file-name find-me-merged:1 merge",
		"odd file-name odd/find-me-odd\xff\xfe.txt:1 first", "renamed file-name dir/find-me-renamed.txt:1 rename",
		"staged file-name .git/index -",
	}
	inIndex := []string{"merged", "odd"} // which are in HEAD, so that the index has them, too
	for _, version := range []string{"2", "4"} {
		h.git("update-index", "--index-version", version)
		found, coverage := h.scan(HistoryOptions{})
		var got []string
		for _, f := range found {
			line := historyLines([]scanner.Finding{f})[0]
			if f.Location.Path == ".git/index" {
				if slices.Contains(inIndex, f.Fingerprint) {
					continue
				}
				line = f.Fingerprint + " file-name .git/index -" // its line is that of no text
			}
			if f.Fingerprint == "lost" && f.Location.Object != lost {
				t.Errorf("object %s of a name that only the tree %s has", f.Location.Object, lost)
			}
			got = append(got, line)
		}
		slices.Sort(got)
		if diff := cmp.Diff(want, slices.Compact(got)); diff != "" {
			t.Errorf("index version %s: want -, got +:\n%s", version, diff)
		}
		if !coverage.Complete {
			t.Errorf("index version %s: not complete: %+v", version, coverage.Skipped)
		}
	}
}
