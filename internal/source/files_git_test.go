package source

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/skant-dev/skant/scanner"
)

// filesGit runs git in dir, away from the user's configuration, and returns what it prints.
func filesGit(t testing.TB, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(),
		"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "HOME="+dir, "XDG_CONFIG_HOME="+dir,
		"GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_AUTHOR_DATE=2024-01-01T00:00:00Z",
		"GIT_COMMITTER_NAME=C", "GIT_COMMITTER_EMAIL=c@example.com", "GIT_COMMITTER_DATE=2024-01-01T00:00:00Z",
	)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git %q: %v\n%s", args, err, stderr.String())
	}
	return string(out)
}

// filesTracked asks the real git for the index.
func filesTracked(t testing.TB) func(string) (map[string]bool, error) {
	return func(worktree string) (map[string]bool, error) {
		tracked := map[string]bool{}
		for _, path := range filesSplit(filesGit(t, worktree, "ls-files", "-z", "--cached")) {
			tracked[path] = true
		}
		return tracked, nil
	}
}

func filesSplit(out string) []string {
	return strings.FieldsFunc(out, func(r rune) bool { return r == 0 })
}

func filesWrite(t testing.TB, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
}

// filesRun walks the paths and returns what was visited, by name, and the coverage.
func filesRun(t testing.TB, opt FilesOptions, paths ...string) (map[string]string, scanner.Coverage) {
	t.Helper()
	f, err := NewFiles(paths, opt)
	if err != nil {
		t.Fatal(err)
	}
	var rec scanner.Recorder
	var mu sync.Mutex
	visited := map[string]string{}
	err = f.Walk(context.Background(), &rec, func(c *scanner.Chunk) error {
		if c.Location.Kind == scanner.KindFileName {
			return nil // names_test.go is about them
		}
		mu.Lock()
		defer mu.Unlock()
		if _, twice := visited[c.Location.Path]; twice {
			t.Errorf("%q was visited twice", c.Location.Path)
		}
		if c.Location.Kind != scanner.KindFile {
			t.Errorf("%q has kind %q", c.Location.Path, c.Location.Kind)
		}
		visited[c.Location.Path] = string(c.Data)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return visited, rec.Coverage()
}

func filesNames(visited map[string]string) []string {
	names := make([]string, 0, len(visited))
	for name := range visited {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
