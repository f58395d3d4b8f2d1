package source

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestIgnoreLikeGit holds the walk against git itself, over generated ignore files at several levels: what is visited
// must be what git tracks and what it calls untracked but not ignored.
func TestIgnoreLikeGit(t *testing.T) {
	cases := 300
	if testing.Short() {
		cases = 60
	}
	g := ignoreGenerator{rand.New(rand.NewPCG(7, 11))}
	root := t.TempDir()
	filesGit(t, root, "init", "-q")
	g.tree(t, root)
	for n := range cases {
		var written []string
		write := func(path, content string) {
			filesWrite(t, filepath.Join(root, path), content)
			written = append(written, path+":\n"+content)
		}
		write(".gitignore", g.file())
		for _, folder := range []string{"a", "b", "a/b", "ab/a", "b/a.txt"} {
			os.Remove(filepath.Join(root, folder, ".gitignore"))
			if g.IntN(3) == 0 {
				write(folder+"/.gitignore", g.file())
			}
		}
		write(".git/info/exclude", "")
		if g.IntN(4) == 0 {
			write(".git/info/exclude", g.file())
		}
		os.Remove(filepath.Join(root, ".git/index"))
		if g.IntN(3) == 0 {
			all := g.files(t, root)
			for range 3 {
				filesGit(t, root, "--literal-pathspecs", "add", "-f", "--", all[g.IntN(len(all))])
			}
		}
		want := filesSplit(filesGit(t, root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"))
		slices.Sort(want)
		visited, coverage := filesRun(t, FilesOptions{Tracked: filesTracked(t)}, root)
		if diff := cmp.Diff(want, filesNames(visited)); diff != "" {
			t.Fatalf("case %d: git reads (-), skant reads (+):\n%s\n%s", n, diff, strings.Join(written, "\n--\n"))
		}
		if !coverage.Complete {
			t.Fatalf("case %d: incomplete: %+v", n, coverage.Skipped)
		}
	}
}

// ignoreGenerator makes trees and ignore files out of the same few names, so that they often meet.
type ignoreGenerator struct{ *rand.Rand }

func ignoreNames() []string {
	return []string{
		"a", "b", "ab", "ba", "a.txt", "b.txt", "a.o", "abc", "A", ".hid", "a b", "a ", " a", "#a", "!a", "[a]", "a]", "a[", "a^b",
		"a-b", "-", "a*b", "*", "**", "?", "a?", `a\b`, `\`, "a+", "a(b", "a|b", "a{1}", "a$", "$", "^a", "~a", "\u00e9", "a\xffb",
		"a\nb", "a\tb", "a\r", "1", "a.b.c", "...", "a#$~b", "x\uE000y", "\x01", "\x7f",
	}
}

func (g ignoreGenerator) pick(s ...string) string { return s[g.IntN(len(s))] }

func (g ignoreGenerator) tree(t *testing.T, root string) {
	for _, folder := range []string{"", "a", "b", "a/b", "a/b/a", "ab/a/b", "b/a.txt", "b/abc", "a/a", "[a]", "a b", ".hid", "b/*", `b/a\b`} {
		if err := os.MkdirAll(filepath.Join(root, folder), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	for _, folder := range []string{"", "a", "b", "a/b", "a/b/a", "ab/a/b", "b/a.txt", "a/a", "[a]", "a b", ".hid", "b/*", `b/a\b`} {
		for _, name := range ignoreNames() {
			path := filepath.Join(root, folder, name)
			if _, err := os.Lstat(path); err == nil || (folder != "" && g.IntN(3) == 0) {
				continue
			}
			filesWrite(t, path, "x")
		}
	}
	if err := os.Symlink("a", filepath.Join(root, "b", "link.o")); err != nil {
		t.Fatal(err)
	}
}

func (g ignoreGenerator) files(t *testing.T, root string) []string {
	return filesSplit(filesGit(t, root, "ls-files", "-z", "--others"))
}

// file makes an ignore file of a few lines.
func (g ignoreGenerator) file() string {
	var out strings.Builder
	if g.IntN(10) == 0 {
		out.WriteString("\xef\xbb\xbf")
	}
	for range 1 + g.IntN(6) {
		out.WriteString(g.line())
		if g.IntN(6) == 0 {
			out.WriteString("\r")
		}
		out.WriteString("\n")
	}
	return strings.TrimSuffix(out.String(), g.pick("\n", "-"))
}

func (g ignoreGenerator) line() string {
	switch g.IntN(12) {
	case 0:
		return g.pick("", " ", "#", "# a", "!", "/", "!/", "//", "**", "*", "/*", "/**", "**/", "!*/", "!**", "*.*", `\`, `a\`, "[", "a/[")
	case 1:
		// The usual allow-list: nothing but a few files.
		return g.pick("*\n!*/\n!a.txt", "/*\n!/a\n/a/*\n!/a/b", "a/*\n!a/b", "a/**\n!a/**/\n!a/**/*.txt")
	}
	var out strings.Builder
	if g.IntN(4) == 0 {
		out.WriteString("!")
	}
	if g.IntN(4) == 0 {
		out.WriteString("/")
	}
	for i := range 1 + g.IntN(3) {
		if i > 0 {
			out.WriteString(g.pick("/", "/", "/", "/", `\/`))
		}
		out.WriteString(g.component())
	}
	if g.IntN(4) == 0 {
		out.WriteString("/")
	}
	if g.IntN(8) == 0 {
		out.WriteString(g.pick(" ", "  ", `\ `, ` \ `, "\t"))
	}
	return out.String()
}

func (g ignoreGenerator) component() string {
	switch g.IntN(5) {
	case 0:
		return g.pick(ignoreNames()...)
	case 1:
		return g.pick("*", "**", "***", "?", "*.txt", "*.o", "a*", "*a", "a**", "**a", "*b*", "a?", "a.*", ".*", "??")
	}
	var out strings.Builder
	for range 1 + g.IntN(3) {
		out.WriteString(g.pick(
			"a", "b", "ab", ".", "txt", "*", "*", "**", "?", "[a]", "[ab]", "[!a]", "[^b]", "[a-c]", "[c-a]", "[a-]", "[-a]", "[]a]",
			"[!]a]", "[[:alpha:]]", "[[:alnum:].]", "[![:digit:]]", "[[:nope:]]", "[[:alpha:]", "[[:a]", `[\a]`, `[\]a]`, `[a\-c]`,
			"[a-[:alpha:]]", "[.-b]", "[", "[a", "]", `\a`, `\*`, `\?`, `\[`, `\\`, `\#`, `\!`, `\ `, " ", "é", "\xff", "[\x80-\xff]",
			"[[:punct:]]", "[[:space:]]", "[[:cntrl:]]", "[[:upper:]]", "[[:xdigit:]]", "[[:graph:]]", "[[:print:]]", "[[:blank:]]",
			"[a/b]", "+", "(", ")", "{1}", "|", "^", "$", "#", "~", "-",
		))
	}
	return out.String()
}
