package repo

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing/format/config"
	"github.com/google/go-cmp/cmp"
)

// byGit is what git makes of a file, as settings; ok is false if it refuses it.
func byGit(t *testing.T, s *sandbox, data []byte) (lines []setting, ok bool) {
	t.Helper()
	path := filepath.Join(s.dir, "..", "config")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	lines, err := s.open().readConfigWithGit(path, nil)
	return lines, err == nil
}

// spaces makes all space within values the same, because versions of git disagree about it.
func spaces(lines []setting) []setting {
	for i := range lines {
		lines[i].value = strings.NewReplacer("\t", " ", "\r", " ").Replace(lines[i].value)
	}
	return lines
}

func TestConfigAgreesWithGit(t *testing.T) {
	s := newSandbox(t)
	refused := 0
	check := func(text string) {
		t.Helper()
		want, ok := byGit(t, s, []byte(text))
		got, err := decodeConfig([]byte(text))
		if !ok {
			refused++
		}
		if ok != (err == nil) {
			t.Errorf("git reads it: %v, we say %v:\n%q", ok, err, text)
		} else if diff := cmp.Diff(spaces(want), spaces(got), cmp.AllowUnexported(setting{})); ok && diff != "" {
			t.Errorf("(-git +ours) of %q:\n%s", text, diff)
		}
	}
	for _, text := range []string{
		"[core]\n\tbare = true\n", "[core]\nbare\n", "[core]\nbare", "[core]\nbare=", "[core] bare = yes\n", "[Core]\nBare = No ; off\n",
		"[remote \"or\\\"ig\\\\in\"]\n\turl = \"a # b\" # c\n", "[remote \"a]b\"] k=v", "[a.b]\nk=v\n", "[a.B \"C\"]\nk=v\n", "[a] [b] c = d",
		"[a]\nk = one \\\n  two\n", "[a]\nk = \"one \\\n two\"\n", "[a]\nk = one\\", "[a]\nk = \\x\n", "[a]\nk = \"open\nl = 2\n",
		"[a]\r\nk = v\r\n[b]\r\nk = v\r", "\xef\xbb\xbf[a]\nk = v\n", "\xef\xbb[a]\nk = v\n", "# only\n; comments", "", "\n\n", "[a\nk=v\n",
		"[a \"b]\nk=v\n", "[a \"b\" ]\nk=v\n", "[a  \t\"b\"]\nk=v\n", "[]\nk=v\n", "[ \"a\"]\nk=v\n", "[.a]\nk=v\n", "1k = v\n", "[a]\n1k = v\n", "[a]\nk2-x = v\n",
		"[a]\nk_x = v\n", "[a]\nk v\n", "[a]\nk\t=\tv \t w\t\n", "[a]\nk = \"  v  \" \n", "[a]\nk = \\t\\b\\n\\\"\\\\\n", "[a]\nk = v;c\n", "[a]\nk = v#\\\nl = w\n",
		"k = v\n", "[a]\nk = v\rw\n", "[a]\n\rk = v\n", "[a]\nk\r= v\n", "[a]\nk = \r\n", "[a \"\"]\nk=v\n", "[a\"b\"]\nk=v\n", "]", "[a]]", "[a]\nk = \"v\" w\n",
		"[a]\n\vk = v\n", "[a\v\"b\"]\nk = v\n", "[a \v\"b\"]\nk = v\n", "[a \f\"b\"]\nk = v\n", "[a \r\"b\"]\nk = v\n", "[a \n\"b\"]\nk = v\n", "[a]\nk = v\v\n", "[a]\nk = \fv\n", "[a]\n\fk = v\n",
	} {
		check(text)
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	pieces := []string{"[", "]", "core", "a.b", "\"", "\\", "\n", "\n", " ", "\t", "=", " = ", "#", ";", "key", "Bare", "1", "-", ".", "\r\n", "\r", "x y", "[s]\n", "[s \"t\"]\n", "k = v\n", "\xc3\xbc", "\\n", "\\\n"}
	for range 400 {
		var b strings.Builder
		if rnd.IntN(2) == 0 {
			b.WriteString("[s \"t\"]\nk = ")
		}
		for range 1 + rnd.IntN(9) {
			b.WriteString(pieces[rnd.IntN(len(pieces))])
		}
		check(b.String())
	}
	if refused < 100 || refused > 400 {
		t.Errorf("%d files were refused: the test tests little", refused)
	}
}

// TestConfigAgreesWithGoGit holds what git itself writes against another reader of it.
func TestConfigAgreesWithGoGit(t *testing.T) {
	s := newSandbox(t, "--object-format=sha256")
	for _, line := range [][]string{
		{"remote.origin.url", "https://example.com/a b.git"}, {"remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*"},
		{"branch.a.b\"c\\d.merge", "refs/heads/main"}, {"alias.x", "!echo \\\n; true"}, {"core.worktree", " ../with space # and \"quotes\"\t"},
	} {
		s.git("config", line[0], line[1])
	}
	data, err := os.ReadFile(filepath.Join(s.dir, ".git", "config"))
	if err != nil {
		t.Fatal(err)
	}
	cfg := config.New()
	if err := config.NewDecoder(bytes.NewReader(data)).Decode(cfg); err != nil {
		t.Fatal(err)
	}
	got, err := decodeConfig(data)
	if err != nil || len(got) < 8 {
		t.Fatal(got, err)
	}
	for _, l := range got {
		section := cfg.Section(l.section)
		want := section.Option(l.key)
		if l.subsection != "" {
			want = section.Subsection(l.subsection).Option(l.key)
		}
		if want != l.value {
			t.Errorf("%v: go-git says %q", l, want)
		}
	}
}

func TestIsTrue(t *testing.T) {
	s := newSandbox(t)
	for _, value := range []string{"true", "TRUE", "yes", "on", "1", "2", "-1", "", "0", "false", "no", "off"} {
		s.git("config", "x.y", value)
		if want := s.git("config", "--type=bool", "x.y") == "true"; isTrue(value) != want {
			t.Errorf("%q: git says %v", value, want)
		}
	}
}

func FuzzDecodeConfig(f *testing.F) {
	for _, text := range []string{"[core]\n\tbare = true\n", "[a \"b\\\"\"] k = \"v\\n\" # c\n", "\xef\xbb\xbf[a.b]\r\nk", "[a]\nk = \\\n\\"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		lines, err := decodeConfig(data)
		if err != nil {
			return
		}
		size := 0
		for _, l := range lines {
			if l.key == "" || strings.ToLower(l.key) != l.key || strings.ToLower(l.section) != l.section {
				t.Fatalf("%+v", l)
			}
			size += len(l.key) + len(l.value) - len("true")
		}
		if size > len(data) {
			t.Fatalf("%d bytes made %d", len(data), size)
		}
	})
}
