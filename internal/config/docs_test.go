package config

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestDocumentedSettings holds the table of the manual against that of the program: every key with its default, variable and
// flag, in the same order, and nothing else.
func TestDocumentedSettings(t *testing.T) {
	text, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	code := func(s string) string {
		if s == "" {
			return ""
		}
		return "`" + s + "`"
	}
	var want []string
	for _, s := range settings() {
		initial, flag := code(s.initial), ""
		if s.kind.many() {
			initial = "none"
		}
		if s.key == "rules.only" {
			initial = "all"
		}
		if s.flag != "" {
			flag = code("--" + s.flag)
		}
		want = append(want, strings.Join([]string{"", code(s.key), initial, code(s.env), flag, ""}, "|"))
	}
	rows := regexp.MustCompile("(?m)^\\|( `[a-z.-]+` \\|[^|]*\\|[^|]*\\|[^|]*)\\|(.*)\\|$").FindAllStringSubmatch(string(text), -1)
	for i, row := range rows[1:] { // the first is that of the version
		cells := strings.Split(row[1], "|")
		for j := range cells {
			cells[j] = strings.TrimSpace(cells[j])
		}
		got := "|" + strings.Join(cells, "|") + "|"
		if i >= len(want) || got != want[i] {
			t.Errorf("row %d is %s, want %s", i, got, want[min(i, len(want)-1)])
		}
		s := settings()[min(i, len(want)-1)]
		if s.adds != strings.Contains(row[2], "Adds up") {
			t.Errorf("%s: the row is wrong about whether the lists add up", s.key)
		}
		for _, word := range s.words {
			if !strings.Contains(row[2], word) {
				t.Errorf("%s: %s is not explained", s.key, word)
			}
		}
	}
	if len(rows)-1 != len(want) {
		t.Errorf("%d rows for %d settings", len(rows)-1, len(want))
	}
	_, example, _ := strings.Cut(string(text), "```yaml\n")
	example, _, _ = strings.Cut(example, "```")
	if _, err := Decode([]byte(example), Name, Repository); err != nil {
		t.Errorf("the example: %v", err)
	}
}
