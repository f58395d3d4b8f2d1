package main

import (
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// TestIndexNamesEveryPage wants docs/README.md to link every page and schema of the manual, and every other page to have one title.
func TestIndexNamesEveryPage(t *testing.T) {
	pages := documents(t)
	index := pages["docs/README.md"]
	entries, err := os.ReadDir(root + "/docs")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != "README.md" && !strings.Contains(index, "]("+e.Name()+")") && !strings.Contains(index, "]("+e.Name()+"/README.md)") {
			t.Errorf("docs/README.md does not link %s", e.Name())
		}
	}
	for name, text := range pages {
		if !strings.HasPrefix(text, "# ") {
			t.Errorf("%s does not begin with its title", name)
		}
		if left := regexp.MustCompile(`(?m)^[A-Z_]{4,}$`).FindString(text); left != "" {
			t.Errorf("%s still has the mark %q where a text should be", name, left)
		}
		if n := len(titles(text, "# ")); n != 1 {
			t.Errorf("%s has %d titles", name, n)
		}
		if open := strings.Count("\n"+text, "\n```") + strings.Count(text, "\n  ```"); open%2 != 0 {
			t.Errorf("%s has a code block that does not end", name)
		}
	}
}

// TestAnchorsAreUnique looks for headings that a link could not tell apart, where a link leads to one of them.
func TestAnchorsAreUnique(t *testing.T) {
	pages := documents(t)
	link := regexp.MustCompile(`\]\(([^)\s#]*)#([^)\s]+)\)`)
	for name, text := range pages {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			target := name
			if m[1] != "" {
				target = path.Join(path.Dir(name), m[1])
			}
			same := 0
			for _, title := range titles(pages[target], "#") {
				if anchor(title) == m[2] {
					same++
				}
			}
			if same > 1 {
				t.Errorf("%s: link %q may lead to any of %d headings", name, m[0], same)
			}
		}
	}
}

// titles returns the headings of a page, but for what looks like one in a code block.
func titles(text, level string) []string {
	var out []string
	open := false
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			open = !open
		}
		if !open && strings.HasPrefix(line, level) {
			out = append(out, strings.TrimSpace(strings.TrimLeft(line, "#")))
		}
	}
	return out
}

// anchor is what a forge makes of a heading.
func anchor(title string) string {
	name := regexp.MustCompile(`[^a-z0-9 _-]`).ReplaceAllString(strings.ToLower(title), "")
	return strings.ReplaceAll(name, " ", "-")
}

// TestDocumentedActions holds what pages give to the action against its inputs, and every YAML block against the grammar.
func TestDocumentedActions(t *testing.T) {
	action, err := os.ReadFile(root + "/action.yml")
	if err != nil {
		t.Fatal(err)
	}
	var known struct{ Inputs map[string]any }
	if err := yaml.Unmarshal(action, &known); err != nil {
		t.Fatal(err)
	}
	uses := 0
	for name, text := range documents(t) {
		for _, block := range blocks(text, "yaml") {
			var content any
			if err := yaml.Unmarshal([]byte(block), &content); err != nil {
				t.Errorf("%s: a YAML block is none: %v\n%s", name, err, block)
			}
			each(content, func(step map[string]any) {
				if place, _ := step["uses"].(string); !strings.HasPrefix(place, "OWNER/skant") {
					return
				}
				uses++
				with, _ := step["with"].(map[string]any)
				for input := range with {
					if _, ok := known.Inputs[input]; !ok {
						t.Errorf("%s: the action has no input %q", name, input)
					}
				}
			})
		}
	}
	if uses < 4 {
		t.Errorf("only %d steps were looked at", uses)
	}
}

// blocks returns the code blocks of a page in a language, whole.
func blocks(text, language string) []string {
	var out []string
	for _, m := range regexp.MustCompile("(?ms)^( *)```"+language+"\n(.*?)^ *```$").FindAllStringSubmatch(text, -1) {
		lines := strings.Split(m[2], "\n")
		for i := range lines {
			lines[i] = strings.TrimPrefix(lines[i], m[1])
		}
		out = append(out, strings.Join(lines, "\n"))
	}
	return out
}

// each calls f with every map of a document.
func each(content any, f func(map[string]any)) {
	switch c := content.(type) {
	case map[string]any:
		f(c)
		for _, v := range c {
			each(v, f)
		}
	case []any:
		for _, v := range c {
			each(v, f)
		}
	}
}

// TestStartIsTheExample holds the workflow of docs/start.md against the file that it stands for.
func TestStartIsTheExample(t *testing.T) {
	list := blocks(documents(t)["docs/start.md"], "yaml")
	if len(list) != 1 {
		t.Fatalf("docs/start.md has %d workflows", len(list))
	}
	example, err := os.ReadFile(root + "/docs/examples/github-pull-request.yml")
	if err != nil {
		t.Fatal(err)
	}
	steps := func(text string) []string {
		var content any
		if err := yaml.Unmarshal([]byte(text), &content); err != nil {
			t.Fatal(err)
		}
		var out []string
		each(content, func(step map[string]any) {
			if use, ok := step["uses"].(string); ok {
				out = append(out, use)
			}
			if with, ok := step["with"].(map[string]any); ok && with["fetch-depth"] != 0 {
				t.Error("fetch-depth: 0 is missing")
			}
		})
		slices.Sort(out)
		return out
	}
	if got, want := steps(list[0]), steps(string(example)); !slices.Equal(got, want) {
		t.Errorf("docs/start.md uses %v, the example %v", got, want)
	}
}

// TestTablesHaveEqualRows counts the cells of every row: a bar that is not escaped, even in code, begins another one, and what is beyond the
// columns of the heading is not shown.
func TestTablesHaveEqualRows(t *testing.T) {
	cells := func(row string) int {
		return strings.Count(strings.ReplaceAll(strings.TrimSpace(row), `\|`, ""), "|") - 1
	}
	rows := 0
	for name, text := range documents(t) {
		want, open := 0, false
		for line := range strings.Lines(text) {
			if strings.HasPrefix(strings.TrimSpace(line), "```") {
				open = !open
			}
			if open || !strings.HasPrefix(line, "|") {
				want = 0
				continue
			}
			rows++
			if want == 0 {
				want = cells(line)
			}
			if n := cells(line); n != want {
				t.Errorf("%s: a row of %d cells in a table of %d columns: %s", name, n, want, line)
			}
		}
	}
	if rows < 2000 {
		t.Errorf("only %d rows were looked at", rows)
	}
}
