package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/scanner"
)

// historyRepo is a repository made with the real git.
type historyRepo struct {
	t     *testing.T
	dir   string
	env   []string
	clock int
}

func newHistoryRepo(t *testing.T, initArgs ...string) *historyRepo {
	t.Helper()
	h := &historyRepo{t: t, dir: filepath.Join(t.TempDir(), "repo"), clock: 1_700_000_000}
	if err := os.Mkdir(h.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	h.git(append([]string{"init", "-q", "-b", "main"}, initArgs...)...)
	return h
}

func (h *historyRepo) at(dir string) *historyRepo {
	other := *h
	other.dir = dir
	return &other
}

func (h *historyRepo) git(args ...string) string {
	h.t.Helper()
	return h.feed("", args...)
}

func (h *historyRepo) feed(input string, args ...string) string {
	h.t.Helper()
	h.clock += 60
	date := fmt.Sprintf("%d +0000", h.clock)
	cmd := exec.Command("git", args...)
	cmd.Dir = h.dir
	cmd.Stdin = strings.NewReader(input)
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + h.dir, "LC_ALL=C",
		"GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_CONFIG_SYSTEM=" + os.DevNull,
		"GIT_AUTHOR_NAME=Ann Author", "GIT_AUTHOR_EMAIL=ann@example.com", "GIT_AUTHOR_DATE=" + date,
		"GIT_COMMITTER_NAME=Carl Committer", "GIT_COMMITTER_EMAIL=carl@example.com", "GIT_COMMITTER_DATE=" + date,
	}, h.env...)
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			h.t.Fatalf("git %s: %v: %s", strings.Join(args, " "), err, exit.Stderr)
		}
		h.t.Fatal(err)
	}
	return strings.TrimSuffix(string(out), "\n")
}

func (h *historyRepo) write(path, content string) {
	h.t.Helper()
	full := filepath.Join(h.dir, path)
	err := errors.Join(os.MkdirAll(filepath.Dir(full), 0o755), os.WriteFile(full, []byte(content), 0o644))
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *historyRepo) commit(message string) string {
	h.t.Helper()
	h.git("add", "-A")
	h.git("commit", "-q", "--allow-empty", "-m", message)
	return h.git("rev-parse", "HEAD")
}

// lose takes a loose object out of the store.
func (h *historyRepo) lose(id string) {
	h.t.Helper()
	if err := os.Remove(filepath.Join(h.dir, ".git", "objects", id[:2], id[2:])); err != nil {
		h.t.Fatal(err)
	}
}

// historyMark is what the tests look for; the word after it is the fingerprint.
var historyMark = regexp.MustCompile(`find-me-(\w+)`)

// scan reads and attributes as the engine does.
func (h *historyRepo) scan(opt HistoryOptions) ([]scanner.Finding, scanner.Coverage) {
	h.t.Helper()
	r, err := repo.Open(h.dir, repo.Options{Leftovers: true})
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() {
		if err := r.Close(); err != nil {
			h.t.Error(err)
		}
	}()
	history := NewHistory(r, opt)
	defer func() {
		if err := history.Close(); err != nil {
			h.t.Error(err)
		}
	}()
	var rec scanner.Recorder
	var mu sync.Mutex
	var found []scanner.Finding
	err = history.Walk(context.Background(), &rec, func(c *scanner.Chunk) error {
		mu.Lock()
		defer mu.Unlock()
		var ended error
		if c.Stream != nil {
			var err error
			if c.Data, err = io.ReadAll(c.Stream); err != nil {
				ended = &scanner.StreamError{Err: err}
			}
		}
		for _, at := range historyMark.FindAllSubmatchIndex(c.Data, -1) {
			f := scanner.Finding{Fingerprint: string(c.Data[at[2]:at[3]]), Location: c.Location}
			f.Location.Offset = int64(at[0])
			f.Location.StartLine = 1 + bytes.Count(c.Data[:at[0]], []byte("\n"))
			f.Location.EndLine = f.Location.StartLine
			if counts, err := isAdded(c, f.Location.StartLine); err != nil || !counts {
				continue
			}
			found = append(found, f)
		}
		return ended
	})
	if err != nil {
		h.t.Fatal(err)
	}
	found, err = history.Attribute(context.Background(), &rec, found)
	if err != nil {
		h.t.Fatal(err)
	}
	return found, rec.Coverage()
}

// isAdded reports whether a finding on a line counts, as the engine does.
func isAdded(c *scanner.Chunk, line int) (bool, error) {
	if c.Added == nil {
		return true, nil
	}
	added, err := c.Added()
	return slices.ContainsFunc(added, func(r scanner.LineRange) bool { return r.First <= line && line <= r.Last }), err
}

// historyLines tells findings as "FINGERPRINT KIND PATH:LINE SUMMARY".
func historyLines(found []scanner.Finding) []string {
	var all []string
	for _, f := range found {
		summary := "-"
		if f.Location.Commit != nil {
			summary = f.Location.Commit.Summary
		}
		all = append(all, fmt.Sprintf("%s %s %s:%d %s", f.Fingerprint, f.Location.Kind, f.Location.Path, f.Location.StartLine, summary))
	}
	slices.Sort(all)
	return all
}

// inObjects drops what is in files of the git directory, where logs and edited messages repeat what commits say.
func inObjects(found []scanner.Finding) []scanner.Finding {
	return slices.DeleteFunc(found, func(f scanner.Finding) bool { return strings.HasPrefix(f.Location.Path, ".git/") })
}

func historySkips(c scanner.Coverage, unread bool) []string {
	var all []string
	for _, s := range c.Skipped {
		if s.Unread == unread {
			all = append(all, fmt.Sprintf("%d %s", s.Count, s.What))
		}
	}
	return all
}

// hideInBranches hides marks in what branches and tags reach, and tells what is to be found.
func (h *historyRepo) hideInBranches(expect func(line string)) {
	h.write("base.txt", "base\n")
	h.commit("base")
	h.write("dir/file.txt", "one\ntwo find-me-content\n")
	h.commit("add content")
	h.write("dir/file.txt", "zero\none\ntwo find-me-content\n")
	h.commit("keep content")
	expect("content commit-content dir/file.txt:2 add content")

	h.commit("mention it\n\nin the body: find-me-message")
	expect("message commit-message :3 mention it")

	h.env = []string{"GIT_AUTHOR_EMAIL=find-me-email@example.com", "GIT_COMMITTER_NAME=find-me-committer"}
	h.commit("by somebody")
	h.env = nil
	expect("email author :1 by somebody")
	expect("committer author :2 by somebody")

	h.git("tag", "-a", "-m", "release\n\nfind-me-tag", "v1")
	expect("tag tag-message :3 v1")
	h.env = []string{"GIT_COMMITTER_EMAIL=find-me-tagger@example.com"}
	h.git("tag", "-a", "-m", "release", "v2")
	h.env = nil
	expect("tagger author :2 v2")
	h.git("tag", "find-me-refname")
	expect("refname ref-name :1 -")

	h.git("checkout", "-q", "-b", "side", "HEAD~1")
	h.write("side.txt", "side\n")
	h.commit("side")
	h.git("checkout", "-q", "main")
	h.git("merge", "-q", "--no-commit", "side")
	h.write("merged.txt", "find-me-merge\n")
	h.commit("evil merge")
	expect("merge commit-content merged.txt:1 evil merge")

	h.git("rm", "-q", "base.txt")
	if err := os.Symlink("find-me-link", filepath.Join(h.dir, "base.txt")); err != nil {
		h.t.Fatal(err)
	}
	h.commit("file becomes link")
	expect("link commit-content base.txt:1 file becomes link")
}

// hideElsewhere hides marks in notes, stashes, reflogs, the index and what nothing reaches.
func (h *historyRepo) hideElsewhere(expect func(line string)) {
	h.feed("find-me-note\n", "notes", "add", "-F", "-", "HEAD")
	expect("note note " + h.git("rev-parse", "HEAD") + ":1 Notes added by 'git notes add'")

	h.write("dir/file.txt", "find-me-older\n")
	h.git("stash", "push", "-q", "-m", "older")
	h.write("new.txt", "find-me-untracked\n")
	h.git("stash", "push", "-q", "-u", "-m", "newer")
	expect("older stash dir/file.txt:1 On main: older")
	expect("untracked stash new.txt:1 untracked files on main: " + h.git("log", "-1", "--format=%h %s"))

	h.write("undone.txt", "find-me-reflog\n")
	h.commit("to be undone")
	h.git("reset", "-q", "--hard", "HEAD~1")
	expect("reflog reflog undone.txt:1 to be undone")

	h.feed("find-me-dangling\n", "hash-object", "-w", "--stdin")
	expect("dangling unreachable :1 -")
	lost := h.git("commit-tree", "-m", "lost find-me-lost", h.feed("", "hash-object", "-w", "-t", "tree", "--stdin"))
	expect("lost commit-message :1 lost find-me-lost")
	raw := h.git("cat-file", "commit", lost)
	h.feed(strings.Replace(raw, "\n\n", "\nx-custom find-me-header\n\n", 1)+"\n", "hash-object", "-w", "-t", "commit", "--stdin")
	expect("header commit-message :1 lost find-me-lost")
	expect("lost commit-message :1 lost find-me-lost")

	h.write("staged.txt", "find-me-staged\n")
	h.git("add", "staged.txt")
	expect("staged staged staged.txt:1 -")
}

// TestHistoryReadsEveryPlace hides a mark in each place of a clone that can hold one.
func TestHistoryReadsEveryPlace(t *testing.T) {
	h := newHistoryRepo(t)
	var want []string
	expect := func(line string) { want = append(want, line) }
	h.hideInBranches(expect)
	h.hideElsewhere(expect)
	for _, packed := range []bool{false, true} {
		if packed {
			// Everything into packs, the unreachable with it.
			h.git("repack", "-q", "-a", "-d", "-k")
		}
		found, coverage := h.scan(HistoryOptions{})
		slices.Sort(want)
		if diff := cmp.Diff(want, historyLines(inObjects(found))); diff != "" {
			t.Errorf("packed %v: want -, got +:\n%s", packed, diff)
		}
		if !coverage.Complete {
			t.Errorf("packed %v: not complete: %+v", packed, coverage.Skipped)
		}
		blobs := strings.Count(h.git("cat-file", "--batch-all-objects", "--batch-check=%(objecttype)"), "blob")
		commits := strings.Count(h.git("cat-file", "--batch-all-objects", "--batch-check=%(objecttype)"), "commit")
		if coverage.Blobs != int64(blobs) || coverage.Commits != int64(commits) {
			t.Errorf("packed %v: read %d blobs and %d commits; git has %d and %d", packed, coverage.Blobs, coverage.Commits, blobs, commits)
		}
	}
}

// TestHistoryExposure checks what hangs off a finding, and that one blob can hold a fingerprint twice.
func TestHistoryExposure(t *testing.T) {
	h := newHistoryRepo(t)
	h.write("a.txt", "find-me-k\nfind-me-k\n")
	first := h.commit("first")
	h.write("a.txt", "changed\nfind-me-k\nfind-me-k\n")
	h.commit("second")
	h.git("branch", "other", first)
	h.git("rm", "-q", "a.txt")
	h.commit("third find-me-message")
	found, _ := h.scan(HistoryOptions{Workers: 1})
	found = inObjects(found)
	slices.SortFunc(found, func(a, b scanner.Finding) int { return int(a.Location.Offset - b.Location.Offset) })
	if len(found) != 3 {
		t.Fatalf("found %v; want two in the first version and one in the message", historyLines(found))
	}
	date := func(rev string) string { return h.git("show", "-s", "--format=%ct", rev) }
	for i, want := range []struct {
		line        int
		first, last string
		inHead      bool
		refs        []string
		versions    int
	}{
		{1, date("HEAD~2"), date("HEAD~1"), false, []string{"refs/heads/main", "refs/heads/other"}, 2},
		{1, date("HEAD"), date("HEAD"), true, []string{"refs/heads/main"}, 0},
		{2, date("HEAD~2"), date("HEAD~1"), false, []string{"refs/heads/main", "refs/heads/other"}, 2},
	} {
		f := found[i]
		e := f.Exposure
		if f.Location.StartLine != want.line || fmt.Sprint(e.FirstSeen.Unix()) != want.first ||
			fmt.Sprint(e.LastSeen.Unix()) != want.last || e.InHead != want.inHead || e.Versions != want.versions ||
			e.RefCount != len(want.refs) || !slices.Equal(e.Refs, want.refs) {
			t.Errorf("finding %d: %+v, exposure %+v; want %+v", i, f.Location, e, want)
		}
		removed := []string(nil)
		for _, c := range e.Removed {
			removed = append(removed, c.ID+" "+c.Summary)
		}
		if gone := []string{h.git("rev-parse", "HEAD") + " third find-me-message"}; !want.inHead && !slices.Equal(removed, gone) ||
			want.inHead && removed != nil {
			t.Errorf("finding %d: removed by %q", i, removed)
		}
		c := f.Location.Commit
		if c.Author != "Ann Author" || c.Email != "ann@example.com" || c.Date.IsZero() {
			t.Errorf("finding %d: commit %+v", i, c)
		}
	}
}
