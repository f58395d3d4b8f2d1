package visible

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestText(t *testing.T) {
	for in, want := range map[string]string{
		"":                      "",
		"plain, ünïcode 漢字":     "plain, ünïcode 漢字",
		"a\x1b[31mred":          `a\x1b[31mred`,
		"two\nlines\r":          `two\nlines\r`,
		"bad \xff byte":         `bad \xff byte`,
		"over\u202eride":        `over\u202eride`,
		"zero\u200bwidth\u2028": `zero\u200bwidth\u2028`,
	} {
		if got := Text(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func FuzzText(f *testing.F) {
	f.Add("a\x1b]8;;x\x07\u2066b\xf0\x9f")
	f.Fuzz(func(t *testing.T, s string) {
		got := Text(s)
		if !utf8.ValidString(got) || strings.ContainsFunc(got, func(r rune) bool { return !unicode.IsGraphic(r) }) {
			t.Errorf("%q became %q", s, got)
		}
		if Text(got) != got {
			t.Errorf("%q changes when it is made visible again", got)
		}
	})
}
