// Package visible makes text from a repository safe to show: file names, authors and messages are whatever somebody chose
// to commit, terminal sequences and characters that reorder a line among it.
package visible

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text returns s with everything that a reader would not see, or that would change what is seen around it, written
// as an escape: control characters and terminal sequences (\x1b), line breaks (\n), zero-width characters and
// bidirectional overrides (\u202e), bytes that are no UTF-8 (\xff). The result is one line of valid UTF-8.
func Text(s string) string {
	clean := strings.IndexFunc(s, func(r rune) bool { return r == utf8.RuneError || !unicode.IsGraphic(r) }) < 0
	if clean {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n <= 1:
			b.WriteString(`\x` + strconv.FormatUint(uint64(s[i])|0x100, 16)[1:])
		case unicode.IsGraphic(r):
			b.WriteString(s[i : i+n])
		default:
			quoted := strconv.QuoteRuneToASCII(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
		i += n
	}
	return b.String()
}
