package repo

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skant-dev/skant/internal/pack"
)

// sandbox is a repository made with the real git, which is the oracle of these tests.
type sandbox struct {
	t     testing.TB
	dir   string
	env   []string
	clock int
}

func newSandbox(t testing.TB, initArgs ...string) *sandbox {
	t.Helper()
	s := &sandbox{t: t, dir: filepath.Join(t.TempDir(), "repo"), clock: 1_700_000_000}
	if err := os.Mkdir(s.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	s.git(append([]string{"init", "-q", "-b", "main"}, initArgs...)...)
	return s
}

// at is the same sandbox in another folder.
func (s *sandbox) at(dir string) *sandbox {
	other := *s
	other.dir = dir
	return &other
}

func (s *sandbox) git(args ...string) string {
	s.t.Helper()
	out, err := s.try("", args...)
	if err != nil {
		s.t.Fatalf("git %s: %v", strings.Join(args, " "), err)
	}
	return out
}

func (s *sandbox) feed(input string, args ...string) string {
	s.t.Helper()
	out, err := s.try(input, args...)
	if err != nil {
		s.t.Fatalf("git %s: %v", strings.Join(args, " "), err)
	}
	return out
}

func (s *sandbox) try(input string, args ...string) (string, error) {
	s.clock += 60
	date := fmt.Sprintf("%d +0130", s.clock)
	cmd := exec.Command("git", args...)
	cmd.Dir = s.dir
	cmd.Stdin = strings.NewReader(input)
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir, "LC_ALL=C", "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_CONFIG_SYSTEM=" + os.DevNull,
		"GIT_AUTHOR_NAME=Ann Author", "GIT_AUTHOR_EMAIL=ann@example.com", "GIT_AUTHOR_DATE=" + date,
		"GIT_COMMITTER_NAME=Carl Committer", "GIT_COMMITTER_EMAIL=carl@example.com", "GIT_COMMITTER_DATE=" + date,
		"GIT_NO_REPLACE_OBJECTS=1",
	}, s.env...)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, errOut.String())
	}
	return strings.TrimSuffix(out.String(), "\n"), err
}

func (s *sandbox) write(path, content string) {
	s.t.Helper()
	full := filepath.Join(s.dir, path)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(content), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

// commit stages everything and commits it.
func (s *sandbox) commit(message string) string {
	s.t.Helper()
	s.git("add", "-A")
	s.git("commit", "-q", "--allow-empty", "-m", message)
	return s.git("rev-parse", "HEAD")
}

func (s *sandbox) open() *Repository {
	s.t.Helper()
	return s.openWith(Options{})
}

func (s *sandbox) openWith(opt Options) *Repository {
	s.t.Helper()
	r, err := Open(s.dir, opt)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		if err := r.Close(); err != nil {
			s.t.Error(err)
		}
	})
	return r
}

func (s *sandbox) staged() *ChangeSet {
	s.t.Helper()
	set, err := s.open().StagedChanges(context.Background())
	if err != nil {
		s.t.Fatal(err)
	}
	return set
}

// lines is text of n lines that differ from those of any other seed.
func lines(seed string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%s line %d\n", seed, i)
	}
	return b.String()
}

func mustID(t testing.TB, hex string) pack.ID {
	t.Helper()
	id, err := pack.ParseID(hex)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// environment makes an Env function of "NAME=value" pairs.
func environment(pairs ...string) func(string) string {
	return func(name string) string {
		for _, p := range pairs {
			if value, ok := strings.CutPrefix(p, name+"="); ok {
				return value
			}
		}
		return ""
	}
}

// lose takes an object out of the store of a repository whose objects are all loose.
func (s *sandbox) lose(id string) {
	s.t.Helper()
	if err := os.Remove(filepath.Join(s.dir, ".git", "objects", id[:2], id[2:])); err != nil {
		s.t.Fatal(err)
	}
}
