package purge

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/scanner"
)

const leak = "the-value-that-leaked"

// oneSpelling stands for the texts of one secret.
type oneSpelling struct{}

func (oneSpelling) In(data []byte) bool { return bytes.Contains(data, []byte(leak)) }
func (oneSpelling) Longest() int        { return len(leak) }
func (oneSpelling) Clean(data []byte) []byte {
	return bytes.ReplaceAll(data, []byte(leak), []byte("***REMOVED***"))
}
func (oneSpelling) Places(data []byte, each func(string, bool)) {
	for range bytes.Count(data, []byte(leak)) {
		each(strings.Repeat("ab", 16), bytes.Contains(data, []byte(leak+"s")))
	}
}
func (oneSpelling) Without(name, instead string) string {
	return strings.ReplaceAll(name, leak, instead)
}
func (oneSpelling) Expressions() []byte {
	return []byte("regex:the\\x2dvalue\\x2dthat\\x2dleaked==>***REMOVED***\n")
}
func (oneSpelling) Names() []byte {
	return []byte("regex:the\\x2dvalue\\x2dthat\\x2dleaked==>REMOVED\n")
}

type box struct {
	t   *testing.T
	dir string
}

func newBox(t *testing.T) *box {
	t.Helper()
	b := &box{t, filepath.Join(t.TempDir(), "repo")}
	if err := os.Mkdir(b.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	b.git("", "init", "-q", "-b", "main")
	return b
}

func (b *box) git(in string, args ...string) string {
	b.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Stdin = b.dir, strings.NewReader(in)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.com",
		"GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@example.com", "GIT_AUTHOR_DATE=1700000000 +0000", "GIT_COMMITTER_DATE=1700000000 +0000")
	out, err := cmd.CombinedOutput()
	if err != nil {
		b.t.Fatalf("git %q: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (b *box) plan() (*Plan, error) {
	b.t.Helper()
	return b.planWith(func(*Input) {})
}

func (b *box) planWith(change func(in *Input)) (*Plan, error) {
	b.t.Helper()
	r, err := repo.Open(b.dir, repo.Options{})
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() {
		if err := r.Close(); err != nil {
			b.t.Error(err)
		}
	})
	rep := &scanner.Report{Coverage: scanner.Coverage{Complete: true}, Findings: []scanner.Finding{
		{Fingerprint: strings.Repeat("ab", 16), RuleID: "some-rule", Title: "Some key", Secret: scanner.NewSecret(leak, 0)},
	}}
	in := Input{
		Repo: r, Report: rep, Texts: oneSpelling{}, Hide: oneSpelling{}, Env: os.Getenv, Now: time.Unix(1_700_000_000, 0),
		Search: func(context.Context, []byte) ([]scanner.Finding, error) { return nil, nil },
		Scan:   func(context.Context, string) ([]scanner.Finding, bool, error) { return nil, true, nil },
	}
	change(&in)
	return New(context.Background(), in)
}

// TestEffects compares the commits that a purge is said to change with a plain definition, on random histories: those of which
// an ancestor, or they themselves, have the text in a file, a name or a message.
func TestEffects(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			b := newBox(t)
			var commits []string
			bad, parents := map[string]bool{}, map[string][]string{}
			for i := range 30 {
				text, message, name := fmt.Sprint("v", random.IntN(4)), fmt.Sprint("commit ", i), "file"
				switch dirty := random.IntN(12); {
				case dirty == 0:
					text += leak
				case dirty == 1:
					message += leak
				case dirty == 2:
					name = leak + ".txt"
				}
				blob := b.git(text, "hash-object", "-w", "--stdin")
				tree := b.git("100644 blob "+blob+"\t"+name+"\n", "mktree")
				args := []string{"commit-tree", tree}
				seen := map[string]bool{}
				for range random.IntN(3) {
					if len(commits) > 0 {
						if p := commits[random.IntN(len(commits))]; !seen[p] {
							seen[p] = true
							args = append(args, "-p", p)
						}
					}
				}
				id := b.git(message, args...)
				if parents[id] != nil || bad[id] {
					continue
				}
				bad[id] = strings.Contains(text+message+name, leak)
				parents[id] = []string{}
				for p := range seen {
					parents[id] = append(parents[id], p)
					bad[id] = bad[id] || bad[p]
				}
				commits = append(commits, id)
				b.git("", "update-ref", fmt.Sprintf("refs/heads/b%d", i), id)
			}
			want := 0
			for _, id := range commits {
				if bad[id] {
					want++
				}
			}
			p, err := b.plan()
			if want == 0 && errors.Is(err, ErrNothing) {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if p.Effect.Commits != want || p.Effect.Total != len(parents) {
				t.Errorf("%d of %d commits, want %d of %d", p.Effect.Commits, p.Effect.Total, want, len(parents))
			}
			for id := range p.Effect.touched {
				if !bad[id.String()] {
					t.Errorf("commit %s is to change and has nothing", id)
				}
			}
			for _, id := range p.Effect.boundary {
				if bad[id.String()] {
					t.Errorf("commit %s is to stay and has something", id)
				}
			}
			for _, r := range p.Effect.Refs {
				if !bad[r.Commit.String()] {
					t.Errorf("%s is to change and has nothing", r.Name)
				}
			}
			if strings.Contains(p.Markdown(nil), leak) {
				t.Error("the plan shows the text")
			}
		})
	}
}

func (b *box) commit(name, text, message string) {
	b.t.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, name), []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
	b.git("", "add", name)
	b.git("", "commit", "-qm", message)
}

func TestNothing(t *testing.T) {
	b := newBox(t)
	b.commit("a", "clean\n", "one")
	if _, err := b.plan(); !errors.Is(err, ErrNothing) {
		t.Errorf("a clean history: %v", err)
	}
}

func TestFolder(t *testing.T) {
	b := newBox(t)
	b.commit("a", leak+"\n", "one")
	p, err := b.plan()
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(b.dir, link); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{b.dir, filepath.Join(b.dir, "x"), filepath.Join(b.dir, ".git", "x"), filepath.Join(link, "x"), filepath.Join(b.dir, "no", "such", "folder")} {
		if got, err := p.Folder(bad); err == nil {
			t.Errorf("%s is taken as %s", bad, got)
		}
	}
	got, err := p.Folder("")
	if err != nil || filepath.Base(got) != "repo-purge-20231114-221320" {
		t.Errorf("the folder beside: %s, %v", got, err)
	}
}

func TestUnsigned(t *testing.T) {
	for in, want := range map[string]string{
		"object a\n\nwords\n": "object a\n\nwords\n",
		"object a\n\nwords\n-----BEGIN PGP SIGNATURE-----\nx\n": "object a\n\nwords\n",
		"object a\n\nwords\n-----BEGIN SSH SIGNATURE-----\nx\n": "object a\n\nwords\n",
		"object a\n\nsee -----BEGIN PGP SIGNATURE-----\n":       "object a\n\nsee -----BEGIN PGP SIGNATURE-----\n",
	} {
		if got, was := unsigned([]byte(in)); string(got) != want || was != (in != want) {
			t.Errorf("%q: %q, %v", in, got, was)
		}
	}
}

func TestQuoted(t *testing.T) {
	for in, want := range map[string]string{"a": "`a`", "a`b": "`` a`b ``", "``": "``` `` ```", "a\nb": "`a\\nb`"} {
		if got := quoted(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// TestStreamed looks for the text at every place around the seams of the pieces.
func TestStreamed(t *testing.T) {
	p := &Plan{in: Input{Texts: oneSpelling{}}}
	piece := 1<<20 + len(leak) - 1
	for _, size := range []int{0, 1, piece - 1, piece, piece + 1, 2 * piece, 3*piece + 7} {
		data := bytes.Repeat([]byte("x"), size)
		if has, zero, err := p.streamed(bytes.NewReader(data)); has || zero || err != nil {
			t.Errorf("%d bytes without the text: %v, %v, %v", size, has, zero, err)
		}
		for at := piece - 2*len(leak); at < piece+2*len(leak) && at+len(leak) <= size; at++ {
			text := slices.Clone(data)
			copy(text[at:], leak)
			if has, _, err := p.streamed(bytes.NewReader(text)); !has || err != nil {
				t.Fatalf("the text at %d of %d bytes: %v, %v", at, size, has, err)
			}
		}
	}
	if _, zero, _ := p.streamed(strings.NewReader("a\x00b")); !zero {
		t.Error("a zero byte is not seen")
	}
}

// TestUnread holds that what could not be read is never said to be clean.
func TestUnread(t *testing.T) {
	b := newBox(t)
	b.commit("a", "clean\n", "one")
	for _, leaked := range []bool{false, true} {
		if leaked {
			b.commit("a", leak, "two")
		}
		p, err := b.planWith(func(in *Input) {
			in.Report.Coverage = scanner.Coverage{Skipped: []scanner.Skip{{What: "blobs", Reason: "larger than 1 MiB; raise --max-size", Count: 2, Unread: true}, {What: "files", Reason: "ignored", Count: 1}}}
			if !leaked {
				in.Report.Findings = nil
			}
		})
		words := fmt.Sprint(err)
		if leaked && err == nil {
			if p.stateOf("scan") != Blocks {
				t.Error("a scan that is not complete does not stop the purge")
			}
			words = p.Markdown(nil)
		}
		if errors.Is(err, ErrNothing) || !strings.Contains(words, "2 blobs (larger than 1 MiB; raise --max-size)") || strings.Contains(words, "ignored") {
			t.Errorf("leaked %v: %s", leaked, words)
		}
	}
}

// TestRefsOfTrees holds that a ref which names a tree with the text, and no commit, goes: nothing of it can be rewritten.
func TestRefsOfTrees(t *testing.T) {
	b := newBox(t)
	b.commit("clean", "clean\n", "one")
	b.git("", "tag", "clean-tree", "HEAD^{tree}")
	b.commit("a", leak+"\n", "two")
	b.git("", "tag", "tree", "HEAD^{tree}")
	b.git("", "tag", "-a", "-m", "t", "annotated", "HEAD^{tree}")
	p, err := b.plan()
	if err != nil {
		t.Fatal(err)
	}
	var gone []string
	for _, r := range p.Effect.Refs {
		if r.Deleted {
			gone = append(gone, r.Name)
		}
	}
	if want := []string{"refs/tags/annotated", "refs/tags/tree"}; !slices.Equal(gone, want) {
		t.Errorf("deleted %q, want %q", gone, want)
	}
}

// TestQuotedNames holds that a name with marks that git writes in quotes is looked at.
func TestQuotedNames(t *testing.T) {
	b := newBox(t)
	b.commit("clean", "clean\n", "one")
	b.commit("\t"+leak, "x\n", "two")
	if p, err := b.planWith(func(in *Input) { in.Texts = tabbed{} }); err != nil || p.Effect.Commits != 1 {
		t.Errorf("%v, %+v", err, p)
	}
}

// tabbed is a text that git writes otherwise in a name.
type tabbed struct{ oneSpelling }

func (tabbed) In(data []byte) bool { return bytes.Contains(data, []byte("\t"+leak)) }
