package visible

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// PlainWord says that a value is not empty and has only characters that mean themselves in a shell, in JSON and in SQL.
func PlainWord(v string) bool {
	for i := range len(v) {
		c := v[i]
		if ('a' > c || c > 'z') && ('A' > c || c > 'Z') && ('0' > c || c > '9') && strings.IndexByte("_./:@+,-", c) < 0 {
			return false
		}
	}
	return v != ""
}

// ShellWord returns v as one word of a POSIX shell. Values with control characters, with characters that are not seen
// or with bytes that are no UTF-8 use $'...', which bash, zsh, ksh and POSIX 2024 know, so that nothing in a pasted
// command acts on the terminal.
func ShellWord(v string) string {
	if PlainWord(v) {
		return v
	}
	odd := func(r rune) bool {
		return r == utf8.RuneError || !unicode.IsGraphic(r) || r != ' ' && unicode.IsSpace(r)
	}
	if strings.IndexFunc(v, odd) < 0 {
		return "'" + strings.ReplaceAll(v, "'", `'\''`) + "'"
	}
	var b strings.Builder
	b.WriteString("$'")
	for i := 0; i < len(v); {
		r, n := utf8.DecodeRuneInString(v[i:])
		switch {
		case odd(r):
			for _, c := range []byte(v[i : i+n]) {
				fmt.Fprintf(&b, `\%03o`, c)
			}
		case r == '\'' || r == '\\':
			b.WriteString(`\` + string(r))
		default:
			b.WriteString(v[i : i+n])
		}
		i += n
	}
	b.WriteString("'")
	return b.String()
}
