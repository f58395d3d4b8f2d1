package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// root is the top folder of the project, as seen from this one.
const root = "../.."

// documents returns the text of every manual page by its name, relative to the top folder.
func documents(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/commands/*.md", "docs/decisions/*.md"} {
		paths, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			name, err := filepath.Rel(root, path)
			if err != nil {
				t.Fatal(err)
			}
			texts[filepath.ToSlash(name)] = strings.ReplaceAll(string(text), "\r\n", "\n")
		}
	}
	if len(texts) < 10 {
		t.Fatalf("only %d manual pages were found", len(texts))
	}
	return texts
}

// fenced returns the lines of a page's code blocks in one of the languages.
func fenced(text string, languages ...string) []string {
	var lines []string
	language, open := "", false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		switch fence, found := strings.CutPrefix(strings.TrimSpace(line), "```"); {
		case found:
			language, open = fence, !open
		case open && slices.Contains(languages, language):
			lines = append(lines, line)
		}
	}
	return lines
}

// commands returns the commands of shell lines, each as its words: comments, prompts, quotes and redirections taken
// away. It knows as much of the shell as the manual uses.
func commands(lines []string) [][]string {
	var out [][]string
	comment := regexp.MustCompile(`(^|\s)#.*`)
	separator := regexp.MustCompile(`\|\|?|&&|;|\$\(|\)`)
	assignment := regexp.MustCompile(`^[A-Z_]+=`)
	redirection := regexp.MustCompile(`[0-9]?[<>]+ *[^ ]+`)
	quoted := regexp.MustCompile(`"[^"]*"|'[^']*'`)
	marks := regexp.MustCompile(`[\s#|&;()<>]`)
	for _, line := range lines {
		// What is in quotes is one word, whatever marks it has.
		line = quoted.ReplaceAllStringFunc(line, func(word string) string { return marks.ReplaceAllString(word, "_") })
		line = comment.ReplaceAllString(strings.TrimPrefix(strings.TrimSpace(line), "$ "), "")
		for _, part := range separator.Split(line, -1) {
			words := strings.Fields(redirection.ReplaceAllString(part, ""))
			for i := range words {
				words[i] = strings.Trim(words[i], `"'`)
			}
			for len(words) > 0 && (words[0] == "" || assignment.MatchString(words[0])) {
				words = words[1:]
			}
			if len(words) > 0 {
				out = append(out, words)
			}
		}
	}
	return out
}

// TestDocumentedCommands holds every command line of the manual against the command tree and the Makefile.
func TestDocumentedCommands(t *testing.T) {
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for page, text := range documents(t) {
		for _, words := range commands(append(fenced(text, "sh"), prompts(text)...)) {
			switch {
			case words[0] == "skant":
				words = words[1:]
			case len(words) > 2 && strings.Join(words[:3], " ") == "go run ./cmd/skant":
				words = words[3:]
			case words[0] == "make" && len(words) > 1:
				if !strings.Contains(string(makefile), "\n"+words[1]+":") {
					t.Errorf("%s: the Makefile has no target %q", page, words[1])
				}
				continue
			default:
				continue
			}
			seen++
			if err := understood(words); err != nil {
				t.Errorf("%s: skant %s: %v", page, strings.Join(words, " "), err)
			}
		}
	}
	if seen < 15 {
		t.Errorf("only %d command lines were looked at", seen)
	}
	for _, wrong := range []string{"scna", "rules lsit", "scan --no-such-flag", "rules show", "staged file"} {
		if understood(strings.Fields(wrong)) == nil {
			t.Errorf("skant %s is taken for a command line that works", wrong)
		}
	}
}

// prompts returns the lines of transcripts that a person typed.
func prompts(text string) []string {
	return slices.DeleteFunc(fenced(text, "console"), func(line string) bool { return !strings.HasPrefix(line, "$ ") })
}

// understood reports what the program would have against a command line, without running it.
func understood(words []string) error {
	tree := newRoot(&app{in: strings.NewReader(""), out: io.Discard, err: io.Discard})
	tree.SetContext(context.Background())
	tree.InitDefaultCompletionCmd()
	cmd, rest, err := tree.Find(words)
	if err != nil {
		return err
	}
	if cmd == tree && len(rest) > 0 && !strings.HasPrefix(rest[0], "-") {
		return fmt.Errorf("there is no command %q", rest[0])
	}
	if cmd.HasSubCommands() && cmd != tree && cmd.Name() != "recover" && cmd.Name() != "report" && len(rest) > 0 {
		return fmt.Errorf("there is no command %q below %q", rest[0], cmd.Name())
	}
	cmd.InitDefaultHelpFlag()
	if err := cmd.ParseFlags(rest); err != nil {
		return err
	}
	if help, err := cmd.Flags().GetBool("help"); err == nil && help {
		return nil
	}
	if cmd.Args != nil {
		if err := cmd.Args(cmd, cmd.Flags().Args()); err != nil {
			return err
		}
	}
	if outputs, err := cmd.Flags().GetStringArray("output"); err == nil {
		_, err := parseOutputs(outputs)
		return err
	}
	return nil
}

// TestDocumentedLinks follows every link of the manual to a file of ours.
func TestDocumentedLinks(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading := regexp.MustCompile(`(?m)^#+ (.*)$`)
	pages := documents(t)
	anchors := func(text string) []string {
		var out []string
		for _, m := range heading.FindAllStringSubmatch(text, -1) {
			name := regexp.MustCompile(`[^a-z0-9 _-]`).ReplaceAllString(strings.ToLower(m[1]), "")
			out = append(out, strings.ReplaceAll(name, " ", "-"))
		}
		return out
	}
	seen := 0
	for page, text := range pages {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			u, err := url.Parse(m[1])
			if err != nil {
				t.Errorf("%s: link %q: %v", page, m[1], err)
				continue
			}
			if u.Scheme != "" {
				continue
			}
			seen++
			target := page
			if u.Path != "" {
				target = filepath.ToSlash(filepath.Join(filepath.Dir(page), filepath.FromSlash(u.Path)))
			}
			if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(target))); err != nil {
				t.Errorf("%s: link %q: %v", page, m[1], err)
				continue
			}
			if u.Fragment != "" && !slices.Contains(anchors(pages[target]), u.Fragment) {
				t.Errorf("%s: link %q: there is no such heading", page, m[1])
			}
		}
	}
	if seen < 10 {
		t.Errorf("only %d links were looked at", seen)
	}
}

// TestDocumentedNames looks for every test, and every package-qualified name, that the manual mentions in code marks.
func TestDocumentedNames(t *testing.T) {
	sources := goSources(t)
	test := regexp.MustCompile("`((?:Test|Fuzz|Benchmark)[A-Z][A-Za-z0-9]*)`")
	qualified := regexp.MustCompile("`((?:[a-z]+/)*([a-z]+))\\.([A-Z][A-Za-z0-9]*(?:\\.[A-Z][A-Za-z0-9]*)?)`")
	seen := 0
	for page, text := range documents(t) {
		for _, m := range test.FindAllStringSubmatch(text, -1) {
			seen++
			declared := func(source string) bool { return strings.Contains(source, "\nfunc "+m[1]+"(") }
			if !slices.ContainsFunc(slices.Concat(values(sources)...), declared) {
				t.Errorf("%s: there is no %s", page, m[1])
			}
		}
		for _, m := range qualified.FindAllStringSubmatch(text, -1) {
			package_, ok := sources[m[2]]
			if !ok {
				continue // a name of the standard library or of a dependency
			}
			seen++
			if !slices.ContainsFunc(package_, func(source string) bool { return declares(source, m[3]) }) {
				t.Errorf("%s: package %s has no %s", page, m[2], m[3])
			}
		}
	}
	if seen < 40 {
		t.Errorf("only %d names were looked at", seen)
	}
	if declares(sources["scanner"][0], "NoSuchThing") {
		t.Error("the test takes any name for declared")
	}
}

// TestDocumentedDependencies asks for a row in the table for every module that a Go file of ours imports, and the reverse.
func TestDocumentedDependencies(t *testing.T) {
	table := documents(t)["docs/dependencies.md"]
	row := regexp.MustCompile("(?m)^\\| `([^`]+)` \\|")
	imported := regexp.MustCompile(`(?m)^\t(?:\w+ )?"([a-z0-9-]+\.[a-z]+/[^"]+)"$`)
	used := map[string]bool{}
	for _, files := range goSources(t) {
		for _, source := range files {
			for _, m := range imported.FindAllStringSubmatch(source, -1) {
				used[m[1]] = true
			}
		}
	}
	below := func(path, module string) bool { return path == module || strings.HasPrefix(path, module+"/") }
	var modules []string
	for _, m := range row.FindAllStringSubmatch(table, -1) {
		modules = append(modules, m[1])
		if !slices.ContainsFunc(slices.Collect(maps.Keys(used)), func(path string) bool { return below(path, m[1]) }) {
			t.Errorf("docs/dependencies.md lists %s, which nothing imports", m[1])
		}
	}
	for path := range used {
		ours := below(path, "github.com/skant-dev/skant")
		if !ours && !slices.ContainsFunc(modules, func(module string) bool { return below(path, module) }) {
			t.Errorf("docs/dependencies.md does not say what %s is for", path)
		}
	}
	if len(used) < 10 {
		t.Errorf("only %d imports were looked at", len(used))
	}
}

// declares reports whether a source file declares a name, or "Type.Member".
func declares(source, name string) bool {
	owner, member, ok := strings.Cut(name, ".")
	if !ok {
		at := regexp.MustCompile(`(?m)^(?:(?:func|type|const|var) ` + name + `\b|\t` + name + `\b.* = |\t` + name + `\b)`)
		return at.MatchString(source)
	}
	method := regexp.MustCompile(`(?m)^func \((?:\w+ )?\*?` + owner + `\) ` + member + `\(`)
	body := regexp.MustCompile(`(?ms)^type ` + owner + ` (?:struct|interface) \{.*?^\t` + member + `\b.*?^\}`)
	return method.MatchString(source) || body.MatchString(source)
}

// goSources returns the text of every Go file by the last element of its folder.
func goSources(t *testing.T) map[string][]string {
	t.Helper()
	sources := map[string][]string{}
	for _, pattern := range []string{"*/*.go", "*/*/*.go", "*/*/*/*.go"} {
		paths, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			folder := filepath.Base(filepath.Dir(path))
			sources[folder] = append(sources[folder], string(text))
		}
	}
	if len(sources) < 10 {
		t.Fatalf("only %d packages were found", len(sources))
	}
	return sources
}

func values(m map[string][]string) [][]string {
	var out [][]string
	for _, v := range m {
		out = append(out, v)
	}
	return out
}
