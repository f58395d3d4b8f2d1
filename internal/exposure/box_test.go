package exposure

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/internal/source"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// box is a repository made with the real git, which is the oracle of these tests. Its clock goes on by a minute with each command.
type box struct {
	t     testing.TB
	dir   string
	env   []string
	clock *int
}

func newBox(t testing.TB, initArgs ...string) *box {
	t.Helper()
	clock := 1_700_000_000
	b := &box{t: t, dir: filepath.Join(t.TempDir(), "repo"), clock: &clock}
	b.init(initArgs...)
	return b
}

func (b *box) init(args ...string) {
	b.t.Helper()
	if err := os.MkdirAll(b.dir, 0o755); err != nil {
		b.t.Fatal(err)
	}
	b.git(append([]string{"init", "-q", "-b", "main"}, args...)...)
}

// at is another folder, beside the box.
func (b *box) at(name string) *box {
	other := *b
	other.dir = filepath.Join(filepath.Dir(b.dir), name)
	return &other
}

func (b *box) try(args ...string) (string, error) {
	*b.clock += 60
	date := fmt.Sprintf("%d +0000", *b.clock)
	cmd := exec.Command("git", args...)
	cmd.Dir = b.dir
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + b.t.TempDir(), "LC_ALL=C", "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_CONFIG_SYSTEM=" + os.DevNull,
		"GIT_AUTHOR_NAME=Ann Author", "GIT_AUTHOR_EMAIL=ann@example.com", "GIT_AUTHOR_DATE=" + date,
		"GIT_COMMITTER_NAME=Carl Committer", "GIT_COMMITTER_EMAIL=carl@example.com", "GIT_COMMITTER_DATE=" + date,
	}, b.env...)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, errOut.String())
	}
	return strings.TrimSuffix(out.String(), "\n"), err
}

func (b *box) git(args ...string) string {
	b.t.Helper()
	out, err := b.try(args...)
	if err != nil {
		b.t.Fatalf("git %s: %v", strings.Join(args, " "), err)
	}
	return out
}

func (b *box) write(path, content string) {
	b.t.Helper()
	full := filepath.Join(b.dir, path)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(content), 0o644); err != nil {
		b.t.Fatal(err)
	}
}

func (b *box) commit(message string) string {
	b.t.Helper()
	b.git("add", "-A")
	b.git("commit", "-q", "--allow-empty", "-m", message)
	return b.git("rev-parse", "HEAD")
}

const mark = "find-me-"

// secretOf makes what the tests' rule takes for a secret.
func secretOf(letter string) string { return mark + strings.Repeat(letter, 20) }

func testScanner(t testing.TB) *scanner.Scanner {
	t.Helper()
	s, err := scanner.New(rules.NewSet([]rules.Rule{{
		ID: "test-mark", Provider: "test", Title: "test", Severity: rules.High, Confidence: rules.HighConfidence,
		Anchors: []string{mark}, Pattern: "(" + mark + "[a-z]{20})", Priority: 50,
	}}, nil), scanner.Options{MinConfidence: rules.LowConfidence, IncludeExamples: true})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// scan reads the history of the box.
func (b *box) scan(r *repo.Repository) *scanner.Report {
	b.t.Helper()
	res, err := testScanner(b.t).Scan(context.Background(), source.NewHistory(r, source.HistoryOptions{Submodules: true}), nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return &scanner.Report{SchemaVersion: scanner.SchemaVersion, Findings: res.Findings, Coverage: res.Coverage}
}

// survey reads the history of the box and surveys it.
func (b *box) survey(opt Options) *Exposure {
	b.t.Helper()
	r, err := repo.Open(b.dir, repo.Options{})
	if err != nil {
		b.t.Fatal(err)
	}
	defer r.Close() //nolint:errcheck // Nothing was written.
	if opt.Now.IsZero() {
		opt.Now = time.Unix(int64(*b.clock), 0)
	}
	if opt.Scrub == nil {
		opt.Scrub = testScanner(b.t).Scrub
	}
	e, err := Survey(context.Background(), r, b.scan(r), opt)
	if err != nil {
		b.t.Fatal(err)
	}
	return e
}

// only is the only secret of an exposure.
func only(t testing.TB, e *Exposure) *Secret {
	t.Helper()
	if len(e.Secrets) != 1 {
		t.Fatalf("%d secrets instead of one", len(e.Secrets))
	}
	return &e.Secrets[0]
}

// names lists holders as "kind name", of the given kinds or of all.
func (s *Secret) names(kinds ...HolderKind) []string {
	var all []string
	for _, h := range s.Holders {
		if len(kinds) == 0 || slices.Contains(kinds, h.Kind) {
			all = append(all, string(h.Kind)+" "+h.Name)
		}
	}
	return all
}
