package ignore

import (
	"strings"
	"testing"
)

func TestFileBounds(t *testing.T) {
	for _, c := range []struct{ name, data, want string }{
		{"line", strings.Repeat("a", maxLine+1), "has a line of more than 4 KiB"},
		{"patterns", strings.Repeat("a\n", maxPatterns+1), "has more than 5000 patterns"},
	} {
		list, err := (*List)(nil).With("/x", []byte(c.data))
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: error %v, want %s", c.name, err, c.want)
		}
		if list.Ignored("/x/a", false) {
			t.Errorf("%s: patterns are applied although not all could be", c.name)
		}
	}
}

// FuzzLine holds that no line can make the library fail, and that a pattern of literal bytes matches itself, and
// nothing that is one byte longer.
func FuzzLine(f *testing.F) {
	for _, line := range []string{"a", "!a/", "/a/**/b", "[a-c]*?", `\#`, "[[:alpha:]", "a  ", "#$~", "**/x.", "\xff"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		if len(line) > 200 || strings.Contains(line, "\n") {
			return
		}
		p, ok := parseLine(line)
		if !ok {
			return
		}
		p.matches("some/path", true, func() string { return encodePath("some/path", true) })
		path := strings.TrimPrefix(line, "/")
		if strings.ContainsAny(line, "*?[\\!# \x00") || strings.HasSuffix(line, "/") || path == "" || strings.HasPrefix(path, "/") {
			return
		}
		matches := func(path string) bool {
			return p.matches(path, false, func() string { return encodePath(path, false) })
		}
		if !matches(path) || matches(path+"x") || matches("x"+path) || matches(path+"/y"+path) {
			t.Errorf("pattern %q does not match exactly itself", line)
		}
	})
}

func TestDeciding(t *testing.T) {
	patterns, err := Parse([]byte("# comment\nbuild/\n*.lock\n!keep.lock\n/docs/*.md\n!build/x\n"))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{
		"a.go": 0, "build/x": 2, "sub/build/x/y": 2, "go.lock": 3, "keep.lock": 0, "docs/a.md": 5, "docs/sub/a.md": 0,
		"sub/docs/a.md": 0, "build": 0,
	} {
		got := 0
		if p := Deciding(patterns, path); p != nil {
			got = p.Line
		}
		if got != want {
			t.Errorf("%s: line %d decides, want %d", path, got, want)
		}
	}
}

func TestEverything(t *testing.T) {
	for line, want := range map[string]bool{
		"*": true, "/": true, "//": true, "**": true, "/*": true, "/**": true, "**/*": true, "*/": true, "?*": true, "***": true, " /": true,
		"[!.]*": true, "*\r": true, "./": false, "": false, "#*": false, "!*": false, "*.*": false, "src": false, "*.md": false,
		"/src/": false, "src/*": false, "[a-z]*": false, `\*`: false, ".*": false,
	} {
		if got := Everything(line); got != want {
			t.Errorf("%q leaves out everything: %v, want %v", line, got, want)
		}
	}
}
