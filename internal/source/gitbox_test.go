package source

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/scanner"
)

// gitbox is a repository made with the real git.
type gitbox struct {
	t     testing.TB
	dir   string
	clock int
}

func newGitbox(t testing.TB, initArgs ...string) *gitbox {
	t.Helper()
	s := &gitbox{t: t, dir: filepath.Join(t.TempDir(), "repo"), clock: 1_700_000_000}
	if err := os.Mkdir(s.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	s.git(append([]string{"init", "-q", "-b", "main"}, initArgs...)...)
	return s
}

func (s *gitbox) git(args ...string) string {
	s.t.Helper()
	out, err := s.try(args...)
	if err != nil {
		s.t.Fatalf("git %s: %v", strings.Join(args, " "), err)
	}
	return strings.TrimSuffix(out, "\n")
}

// stdin is git with something to read.
func (s *gitbox) stdin(in io.Reader, args ...string) {
	s.t.Helper()
	if _, err := s.run(in, args...); err != nil {
		s.t.Fatalf("git %s: %v", strings.Join(args, " "), err)
	}
}

func (s *gitbox) try(args ...string) (string, error) { return s.run(nil, args...) }

func (s *gitbox) run(in io.Reader, args ...string) (string, error) {
	s.clock += 60
	date := fmt.Sprintf("%d +0130", s.clock)
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Stdin = s.dir, in
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir, "LC_ALL=C", "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_CONFIG_SYSTEM=" + os.DevNull,
		"GIT_AUTHOR_NAME=Ann Author", "GIT_AUTHOR_EMAIL=ann@example.com", "GIT_AUTHOR_DATE=" + date,
		"GIT_COMMITTER_NAME=Carl Committer", "GIT_COMMITTER_EMAIL=carl@example.com", "GIT_COMMITTER_DATE=" + date,
	}
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, errOut.String())
	}
	return out.String(), err
}

func (s *gitbox) write(path, content string) {
	s.t.Helper()
	full := filepath.Join(s.dir, path)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(content), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

func (s *gitbox) commit(message string) string {
	s.t.Helper()
	s.git("add", "-A")
	s.git("commit", "-q", "--allow-empty", "-m", message)
	return s.git("rev-parse", "HEAD")
}

// lose takes a loose object out of the store.
func (s *gitbox) lose(rev string) {
	s.t.Helper()
	id := s.git("rev-parse", rev)
	if err := os.Remove(filepath.Join(s.dir, ".git", "objects", id[:2], id[2:])); err != nil {
		s.t.Fatal(err)
	}
}

func (s *gitbox) open() *repo.Repository {
	s.t.Helper()
	r, err := repo.Open(s.dir, repo.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = r.Close() })
	return r
}

// visited is one chunk, with its new lines worked out.
type visited struct {
	location scanner.Location
	text     string
	added    string
}

// walkAll visits everything and sorts it by kind, path and commit.
func walkAll(t testing.TB, src scanner.Source) (map[string]visited, scanner.Coverage, error) {
	t.Helper()
	var mu sync.Mutex
	all := map[string]visited{}
	var rec scanner.Recorder
	err := src.Walk(context.Background(), &rec, func(c *scanner.Chunk) error {
		if c.Location.Kind == scanner.KindFileName {
			return nil // names_test.go is about them
		}
		v := visited{location: c.Location, text: string(c.Data), added: "all"}
		if c.Added != nil {
			ranges, err := c.Added()
			v.added = show(ranges)
			if err != nil {
				v.added = "error: " + err.Error()
			}
		}
		key := c.Location.Path
		if c.Location.Kind == scanner.KindCommitMessage {
			key = "message " + strings.TrimSpace(v.text)
		} else if c.Location.Commit != nil {
			key = c.Location.Commit.Summary + ":" + key
		}
		mu.Lock()
		defer mu.Unlock()
		if _, twice := all[key]; twice {
			t.Errorf("%s was visited twice", key)
		}
		all[key] = v
		return nil
	})
	return all, rec.Coverage(), err
}

// addedBy is the new lines of everything visited, messages left out.
func addedBy(all map[string]visited) map[string]string {
	out := map[string]string{}
	for key, v := range all {
		if v.location.Kind != scanner.KindCommitMessage {
			out[key] = v.added
		}
	}
	return out
}

// skips writes what was left out or not read.
func skips(c scanner.Coverage) []string {
	var out []string
	for _, s := range c.Skipped {
		mark := "left out"
		if s.Unread {
			mark = "unread"
		}
		out = append(out, fmt.Sprintf("%s %s %d: %s", mark, s.What, s.Count, s.Reason))
	}
	return out
}
