package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// testApp is the program with its streams in memory.
func testApp(in string) (*app, *bytes.Buffer, *bytes.Buffer) {
	var out, errs bytes.Buffer
	return &app{
		in: strings.NewReader(in), out: &out, err: &errs, env: func(string) string { return "" }, now: time.Now,
		terminal: func(any) (int, bool) { return 0, false },
	}, &out, &errs
}

// pieceLength is the length of the pieces of a secret of which none may be shown.
const pieceLength = 12

// hiddenPieces returns every piece of 12 bytes of what a text's findings hide. Public prefixes and facts are not hidden.
func hiddenPieces(t *testing.T, s *scanner.Scanner, text string) map[string]string {
	t.Helper()
	res, err := s.Scan(t.Context(), scanner.Text([]byte(text)), nil)
	if err != nil {
		t.Fatal(err)
	}
	pieces := map[string]string{}
	var public []string
	for _, f := range res.Findings {
		value, shown := f.Secret.Reveal(), f.Secret.Redacted()
		if value == shown {
			continue
		}
		n := 0
		for n < len(value) && n < len(shown) && value[n] == shown[n] {
			n++
		}
		for i := max(0, n-3); i+pieceLength <= len(value); i++ {
			pieces[value[i:i+pieceLength]] = f.RuleID
		}
		for _, fact := range f.Facts {
			public = append(public, fact)
		}
	}
	for piece := range pieces {
		if strings.Contains(strings.Join(public, "\n"), piece) {
			delete(pieces, piece)
		}
	}
	return pieces
}

// TestNoFormatShowsASecret leaks a match example of every rule in files, and of some all of them, in file names, commit messages, author names and
// tag messages and an archive of one repository, and looks for pieces of the secrets in everything that the program writes.
func TestNoFormatShowsASecret(t *testing.T) {
	t.Parallel()
	set, err := rules.BuiltinWithDocs()
	if err != nil {
		t.Fatal(err)
	}
	s, err := scanner.New(set, scanner.Options{})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	git(t, dir, "init", "-q", ".")
	pieces, fixed := map[string]string{}, map[string]string{}
	var archive, commits bytes.Buffer
	addMember, endArchive := tarWriter(&archive)
	for i, r := range set.All() {
		thorough := i%8 == 0 // one rule in eight with all examples, and in commits: the rules are many, and alike
		for n, tmpl := range r.Examples.Match {
			if n > 0 && !thorough {
				break
			}
			text, err := rules.Expand(tmpl, fmt.Sprint(r.ID, n))
			if err != nil {
				t.Fatal(err)
			}
			maps.Copy(pieces, hiddenPieces(t, s, text))
			// What every secret of a format has is no secret: the same template with other random values tells.
			other, err := rules.Expand(tmpl, fmt.Sprint(r.ID, n, "other"))
			if err != nil {
				t.Fatal(err)
			}
			maps.Copy(fixed, hiddenPieces(t, s, other))
			name := filepath.Join(dir, fmt.Sprintf("%s-%d.txt", r.ID, n))
			if line, _, _ := strings.Cut(text, "\n"); n == 0 && len(line) < 200 && !strings.ContainsAny(line, "/\x00\\") {
				name = filepath.Join(dir, line)
			}
			if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := addMember(filepath.Base(name), []byte(text)); err != nil {
				t.Fatal(err)
			}
			if n == 0 && thorough {
				const by = "c <c@example.org> 1767323045 +0000"
				said := fmt.Sprintf("data %d\n%s\n", len(text), text)
				quoted := `"` + strings.ReplaceAll(filepath.Base(name), `"`, `\"`) + `"`
				fmt.Fprintf(&commits, "commit HEAD\nmark :%d\nauthor %s 1767323045 +0000\ncommitter %s\n%sM 100644 inline %s\n%s", i+1, author(text), by, said, quoted, said)
				fmt.Fprintf(&commits, "tag t%s\nfrom :%d\ntagger %s\n%s", r.ID, i+1, by, said)
			}
		}
	}
	if err := endArchive(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "all.tar.gz"), archive.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	stream := filepath.Join(t.TempDir(), "commits")
	if err := os.WriteFile(stream, commits.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	gitFrom(t, stream, dir, "fast-import", "--quiet") // hundreds of commits in one process
	git(t, dir, "reset", "-q")
	git(t, dir, "add", ".")
	maps.DeleteFunc(pieces, func(piece, _ string) bool { return fixed[piece] != "" })
	if len(pieces) < 5000 {
		t.Fatalf("only %d pieces: the test tests little", len(pieces))
	}

	files := map[string]string{}
	for _, args := range [][]string{{"history", dir}, {"scan", dir}, {"diff", "-C", dir, "HEAD~40..HEAD"}, {"recover", dir}} {
		out := t.TempDir()
		for _, f := range formatNames() {
			args = append(args, "-o", f+"="+filepath.Join(out, f))
		}
		a, stdout, stderr := testApp("")
		if code := run(t.Context(), a, args); code != exitFindings {
			t.Fatalf("%v ended with %d: %s", args, code, stderr)
		}
		files[args[0]+" stdout"], files[args[0]+" stderr"] = stdout.String(), stderr.String()
		for _, f := range formatNames() {
			text, err := os.ReadFile(filepath.Join(out, f))
			if err != nil {
				t.Fatal(err)
			}
			files[args[0]+" "+f] = string(text)
		}
	}
	for name, text := range files {
		shown := map[string]bool{}
		for i := 0; i+pieceLength <= len(text); i++ {
			if rule, hidden := pieces[text[i:i+pieceLength]]; hidden && !shown[rule] {
				shown[rule] = true
				t.Errorf("%s shows a piece of a secret of %s: %q", name, rule, text[max(0, i-60):min(len(text), i+40)])
			}
		}
	}
}

// author makes an author's name of a text.
func author(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return strings.Map(func(r rune) rune {
		if r == '<' || r == '>' || r < ' ' {
			return '.'
		}
		return r
	}, "A "+line) + " <a@example.org>"
}

func git(t *testing.T, dir string, args ...string) {
	t.Helper()
	gitFrom(t, os.DevNull, dir, args...)
}

// gitFrom runs git with a file as its standard input.
func gitFrom(t *testing.T, stdin, dir string, args ...string) {
	t.Helper()
	in, err := os.Open(stdin)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = in.Close() }()
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Stdin = dir, in
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull,
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.org", "GIT_COMMITTER_NAME=c", "GIT_COMMITTER_EMAIL=c@example.org")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
}

// TestCrashShowsNoSecret makes the program panic with a secret in its hands.
func TestCrashShowsNoSecret(t *testing.T) {
	token, err := rules.Expand(`<<anthropic "sk-ant-api03-">>`, "crash")
	if err != nil {
		t.Fatal(err)
	}
	a, _, stderr := testApp("")
	a.env = func(string) string { panic("cannot go on with " + token) }
	if code := run(context.Background(), a, []string{"scan", "-"}); code != exitIncomplete {
		t.Errorf("a crash ends with %d", code)
	}
	if text := stderr.String(); strings.Contains(text, token[20:32]) || !strings.Contains(text, "internal error") {
		t.Errorf("a crash says: %.300s", text)
	}
}

// TestShowSecretsAsksOnATerminal answers the question with yes and with something else.
func TestShowSecretsAsksOnATerminal(t *testing.T) {
	token, err := rules.Expand(`<<anthropic "sk-ant-api03-">>`, "ask")
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(name, []byte("k="+token), 0o600); err != nil {
		t.Fatal(err)
	}
	for answer, want := range map[string]int{"yes\n": exitFindings, "no\n": exitUsage, "": exitUsage} {
		a, stdout, _ := testApp(answer)
		a.terminal = func(stream any) (int, bool) { return 80, stream == a.in }
		if code := run(t.Context(), a, []string{"scan", "--show-secrets", name}); code != want {
			t.Errorf("answer %q: status %d, want %d", answer, code, want)
		}
		if got := strings.Contains(stdout.String(), token); got != (want == exitFindings) {
			t.Errorf("answer %q: shown %v", answer, got)
		}
	}
}

// TestErrorsAreSafeForTerminals names a file whose name would act on a terminal.
func TestErrorsAreSafeForTerminals(t *testing.T) {
	a, _, stderr := testApp("")
	if code := run(t.Context(), a, []string{"scan", "nowhere\x1b]0;title\x07\u202e"}); code != exitUsage {
		t.Errorf("status %d", code)
	}
	if text := stderr.String(); strings.ContainsAny(text, "\x1b\x07\u202e") || !strings.Contains(text, "nowhere") {
		t.Errorf("%q", text)
	}
}
