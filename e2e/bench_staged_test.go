//go:build bench

package e2e

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestBenchStaged times the hook beside what git itself needs to show what is staged, on a small repository and on a large
// one with every kind of index.
func TestBenchStaged(t *testing.T) {
	binary := benchBuild(t)
	show := func(name, dir string) {
		t.Log("staged: " + name + ", 10 of them changed; 40 rounds in turn")
		benchRun(t, dir, binary, "hooks", "install", "pre-commit")
		compare(t, 40,
			timed{name: "skant staged", dir: dir, args: []string{binary, "staged"}},
			// With the shell that git starts for a hook.
			timed{name: "the installed hook", dir: dir, args: []string{filepath.Join(dir, ".git", "hooks", "pre-commit")}},
			timed{name: "git diff --cached", dir: dir, args: []string{"git", "diff", "--cached"}})
	}
	show("2,000 files", stagedRepository(t, true))
	show("2,000 files, in the second of the commit", stagedRepository(t, false))
	large := largeRepository(t)
	for _, kind := range []struct {
		name string
		git  [][]string
	}{
		{"index version 2", nil},
		{"index version 4", [][]string{{"update-index", "--index-version", "4"}}},
		{"untracked cache and file system monitor", [][]string{
			{"update-index", "--index-version", "2"}, {"update-index", "--untracked-cache"}, {"config", "core.fsmonitor", ".git/monitor"}, {"update-index", "--fsmonitor"}, {"status"},
		}},
		{"split index", [][]string{
			{"update-index", "--no-fsmonitor"}, {"config", "--unset", "core.fsmonitor"}, {"update-index", "--no-untracked-cache"},
			{"reset", "-q"}, {"update-index", "--split-index"}, {"add", "-u"},
		}},
		{"sparse checkout", [][]string{{"update-index", "--no-split-index"}, {"sparse-checkout", "set", "--cone", "--no-sparse-index", "top00", "top01"}}},
		{"sparse index", [][]string{{"sparse-checkout", "set", "--cone", "--sparse-index", "top00", "top01"}}},
		{"sparse index, HEAD elsewhere", [][]string{{"update-ref", "--no-deref", "HEAD", "HEAD^"}}},
	} {
		for _, args := range kind.git {
			benchRun(t, large, "git", args...)
		}
		show("100,000 files, "+kind.name, large)
	}
}

// largeRepository makes a repository of 100,000 files in 1,000 folders, two deep and more, and two commits; 10 files in
// the first folder at the top are changed and staged. What is not there on disk git has never to write.
func largeRepository(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	benchRun(t, dir, "git", "init", "-q", "-b", "main")
	name := func(i int) string {
		return fmt.Sprintf("top%02d/folder%02d/file%06d.go", i%20, i/20%50, i)
	}
	content := func(i int, more string) string {
		return fmt.Sprintf("// file %d\n", i) + strings.Repeat("\treturn fmt.Errorf(\"line %d of a file that is like any other\", n)\n", 4) + more
	}
	cmd := exec.Command("git", "fast-import", "--quiet")
	cmd.Dir = dir
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(in)
	for _, message := range []string{"all", "one more"} {
		fmt.Fprintf(w, "commit refs/heads/main\ncommitter B <b@example.org> 1700000000 +0000\ndata %d\n%s\n", len(message), message)
		if message != "all" {
			fmt.Fprintf(w, "M 644 inline %s\ndata %d\n%s\n", name(10), len(content(10, "//\n")), content(10, "//\n"))
			continue
		}
		for i := range 100_000 {
			fmt.Fprintf(w, "M 644 inline %s\ndata %d\n%s\n", name(i), len(content(i, "")), content(i, ""))
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	benchRun(t, dir, "git", "reset", "-q", "--hard")
	if err := os.WriteFile(filepath.Join(dir, ".git", "monitor"), []byte("#!/bin/sh\nprintf 'token\\0'\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	benchRun(t, dir, "git", "config", "core.fsmonitorHookVersion", "2")
	for i := range 10 {
		if err := os.WriteFile(filepath.Join(dir, name(i*1000)), []byte(content(i*1000, "// changed\n")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	benchRun(t, dir, "git", "add", "-u")
	return dir
}
