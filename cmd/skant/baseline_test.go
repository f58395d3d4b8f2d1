package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/skant-dev/skant/internal/source"
	"github.com/skant-dev/skant/internal/suppress"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// runHere runs the program in the current folder and returns its exit code and what it printed.
func runHere(t *testing.T, args ...string) (code int, printed string) {
	t.Helper()
	a, stdout, stderr := testApp("")
	code = run(t.Context(), a, args)
	return code, stdout.String() + stderr.String()
}

// TestBaselineOfEverything leaks examples of many rules and makes a baseline: then nothing counts, neither where it is nor moved
// to other lines, files and encodings, and nothing that was written has a piece of a secret.
func TestBaselineOfEverything(t *testing.T) {
	s, err := scanner.New(rules.Builtin(), scanner.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	git(t, ".", "init", "-q")
	pieces, texts := map[string]string{}, map[string]string{}
	for i, r := range rules.Builtin().All() {
		if i%12 != 0 && !strings.HasPrefix(r.ID, "anthropic") {
			continue
		}
		full, err := rules.BuiltinFor([]string{r.ID})
		if err != nil {
			t.Fatal(err)
		}
		text, err := rules.Expand(full.Lookup(r.ID).Examples.Match[0], r.ID)
		if err != nil {
			t.Fatal(err)
		}
		maps.Copy(pieces, hiddenPieces(t, s, text))
		texts[r.ID] = text
	}
	write := func(change func(name, text string) (string, string)) {
		t.Helper()
		for id, text := range texts {
			name, text := change(id+".conf", text)
			if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	write(func(name, text string) (string, string) { return name, text })
	git(t, ".", "add", ".")
	git(t, ".", "commit", "-qm", "x")
	if code, _ := runHere(t, "scan"); code != exitFindings {
		t.Fatalf("scan ended with %d before", code)
	}
	code, printed := runHere(t, "baseline", "create", "--owner", "ann", "--reason", "known for long")
	if code != exitClean {
		t.Fatalf("create ended with %d: %s", code, printed)
	}
	data, err := os.ReadFile(suppress.BaselineName)
	if err != nil {
		t.Fatal(err)
	}
	b, err := suppress.ParseBaseline(data)
	if err != nil || len(b.Entries) < 20 {
		t.Fatalf("%d entries, %v", len(b.Entries), err)
	}
	for i := 0; i+pieceLength <= len(data); i++ {
		if rule := pieces[string(data[i:i+pieceLength])]; rule != "" {
			t.Fatalf("the baseline has a piece of a secret of %s", rule)
		}
	}
	for name, change := range map[string]func(name, text string) (string, string){
		"as it was":   func(name, text string) (string, string) { return name, text },
		"other lines": func(name, text string) (string, string) { return name, "# one\n# two\n" + text + "\n# end\n" },
		"other files": func(name, text string) (string, string) { return "deploy/" + name, text },
		"CR LF":       func(name, text string) (string, string) { return name, "\r\n" + text + "\r\n" },
		"UTF-16":      func(name, text string) (string, string) { return name, wide(text) },
	} {
		write(change)
		for _, command := range []string{"scan", "history"} {
			if code, printed := runHere(t, command); code != exitClean {
				t.Errorf("%s: %s ended with %d\n%s", name, command, code, printed)
			}
		}
		git(t, ".", "add", ".")
		if code, printed := runHere(t, "staged"); code != exitClean {
			t.Errorf("%s: staged ended with %d\n%s", name, code, printed)
		}
	}
	// Encoded it is the same secret, and another secret is another.
	key := texts["anthropic-api-key"]
	for text, want := range map[string]int{
		"data: " + base64.StdEncoding.EncodeToString([]byte("key: "+key)) + "\n": exitClean,
		mustExpand(t, `<<anthropic "sk-ant-api03-">>`, "another"):                exitFindings,
	} {
		if err := os.WriteFile("encoded.yaml", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if code, printed := runHere(t, "scan", "encoded.yaml"); code != want {
			t.Errorf("exit status %d, want %d: %s", code, want, printed)
		}
	}
}

// TestBaselineIsClean: a baseline with entries of all rules, under many keys, is no finding itself.
func TestBaselineIsClean(t *testing.T) {
	s, err := scanner.New(rules.Builtin(), scanner.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var text []byte
	for n := range 4 {
		b, err := suppress.NewBaseline(rand.NewChaCha8([32]byte{byte(n)}))
		if err != nil {
			t.Fatal(err)
		}
		source := rand.New(rand.NewPCG(uint64(n), 1))
		for _, r := range rules.Builtin().All() {
			b.Entries = append(b.Entries, suppress.Entry{
				Hash: fmt.Sprintf("%016x%016x", source.Uint64(), source.Uint64()), Rule: r.ID, Path: "config/" + r.ID + ".env",
				Owner: "platform", Expires: "2027-01-31", Reason: "api key of the sandbox, password and token are public",
			})
		}
		text = append(text, b.Format()...)
	}
	res, err := s.Scan(t.Context(), scanner.Text(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range res.Findings {
		t.Errorf("%s: %s", f.RuleID, f.Excerpt)
	}
}

func mustExpand(t *testing.T, tmpl, seed string) string {
	t.Helper()
	text, err := rules.Expand(tmpl, seed)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// wide is a text in UTF-16.
func wide(text string) string {
	var b strings.Builder
	for _, u := range append([]uint16{0xfeff}, utf16.Encode([]rune(text))...) {
		b.WriteByte(byte(u))
		b.WriteByte(byte(u >> 8))
	}
	return b.String()
}

// TestPolicyOfTheBase has the policy read from a state that the change cannot write to, as skant ci does on a pull request.
func TestPolicyOfTheBase(t *testing.T) {
	key := mustExpand(t, `<<anthropic "sk-ant-api03-">>`, "base")
	comment := "  # skant:allow anthropic-api-key key of the sandbox"
	files := func(m map[string]string) policyFiles {
		return policyFiles{origin: "commit 12ab34cd", read: func(name string) ([]byte, error) {
			if text, ok := m[name]; ok {
				return []byte(text), nil
			}
			return nil, fmt.Errorf("read %s: %w", name, fs.ErrNotExist)
		}}
	}
	for _, c := range []struct {
		name        string
		base, head  map[string]string
		flags       []string
		want        int
		said, where string
	}{
		{"ignored by the change", nil, map[string]string{"a.py": key, ".skantignore": "a.py\n"}, nil, exitFindings, "1 secret", ""},
		{"everything ignored by the change", nil, map[string]string{"a.py": key, ".skantignore": "*\n"}, nil, exitFindings, "1 secret", ""},
		{"a baseline that is none", nil, map[string]string{"a.py": key, ".skant-baseline": "<<<<<<<\n"}, nil, exitFindings, "1 secret", ""},
		{"ignored by the base", map[string]string{".skantignore": "a.py"}, map[string]string{"a.py": key}, nil, exitClean, "1 .skantignore", ".skantignore of commit 12ab34cd:1"},
		{"allowed by the change", nil, map[string]string{"a.py": key + comment}, nil, exitClean, "1 finding allowed by comments that this change itself adds", "a.py:1"},
		{"allowed by the change, strict", nil, map[string]string{"a.py": key + comment}, []string{"--strict-allow"}, exitFindings, "not obeyed: allow at a.py:1: the change that is checked adds it", ""},
		{"allowed before, strict", map[string]string{"a.py": key + comment}, map[string]string{"a.py": key + comment + " indeed"}, []string{"--strict-allow"}, exitClean, "1 inline", "a.py:1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			git(t, ".", "init", "-q")
			for name, text := range c.head {
				if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			git(t, ".", "add", ".")
			a, stdout, stderr := testApp("")
			cmd := newStaged(a)
			var f scanFlags
			cmd.ResetFlags()
			f.register(cmd)
			if err := cmd.ParseFlags(append(c.flags, "-o", "json")); err != nil {
				t.Fatal(err)
			}
			f.policy = files(c.base)
			cmd.SetContext(t.Context())
			err := a.run(cmd, &f, ".", func(p *prepared) (scanner.Source, func() error, error) {
				p.base = files(c.base)
				r, err := a.openRepository(".", p, true)
				if err != nil {
					return nil, nil, err
				}
				return source.NewStaged(r, source.StagedOptions{MaxSize: p.maxSize}), r.Close, nil
			})
			if code := a.exitCode(err); code != c.want || !strings.Contains(stderr.String(), c.said) {
				t.Errorf("exit status %d, want %d, and %q:\n%s", code, c.want, c.said, stderr)
			}
			if c.where != "" && !strings.Contains(stdout.String(), `"where": "`+c.where+`"`) {
				t.Errorf("%s is not said:\n%s", c.where, stdout)
			}
			if strings.Contains(c.said, "itself adds") != strings.Contains(stdout.String(), `"added_here": true`) {
				t.Errorf("added_here:\n%s", stdout)
			}
		})
	}
}

func TestWritePolicy(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	for _, mode := range []fs.FileMode{0o644, 0o600} {
		if err := writePolicy(path, []byte(time.Now().String())); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != mode {
			t.Fatalf("%v, %v, want %v", info.Mode(), err, mode)
		}
		if err := os.Chmod(path, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(path, link); err != nil {
		unsupported(t, err)
	}
	if err := writePolicy(link, nil); err == nil {
		t.Error("a link is followed")
	}
	if err := writePolicy(filepath.Join(dir, "none", "file"), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
	if names, err := filepath.Glob(filepath.Join(dir, ".skant-*")); err != nil || len(names) > 0 {
		t.Errorf("left behind: %v, %v", names, err)
	}
}
