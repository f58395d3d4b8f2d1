package recovery

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/skant-dev/skant/internal/visible"
)

// maxShown bounds a single value in the runbook, in code points; what is beyond is marked by an ellipsis.
const maxShown = 1000

// bounded is [visible.Text] with a limit on its length.
func bounded(s string) string {
	s = visible.Text(s)
	if len(s) <= maxShown {
		return s
	}
	if runes := []rune(s); len(runes) > maxShown {
		return string(runes[:maxShown-1]) + "…"
	}
	return s
}

// escape returns a value in which Markdown and HTML mean nothing, and which mentions and links nobody. Line breaks become
// escapes, so that it starts no block.
func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`,
		"]", `\]`, "~", `\~`, "#", `\#`, "!", `\!`, "|", "&#124;", "@", "&#64;", "://", "&#58;//").Replace(bounded(s))
}

// escapeWords is escape for words that come from a rule: links stay links, and only what Markdown would act on changes,
// so that the source reads well, too.
func escapeWords(s string) string {
	var b strings.Builder
	wordAt := func(i int) bool {
		return i >= 0 && i < len(s) && (s[i] >= utf8.RuneSelf || unicode.IsLetter(rune(s[i])) || unicode.IsDigit(rune(s[i])))
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c == '<':
			b.WriteString("&lt;")
		case c == '|':
			b.WriteString("&#124;")
		case strings.IndexByte("\\`*[]~", c) >= 0, c == '_' && !(wordAt(i-1) && wordAt(i+1)):
			b.WriteString(`\` + string(c))
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// code returns a value as a code span that nothing in it can close.
func code(s string) string {
	s = bounded(s)
	if s == "" {
		return ""
	}
	fence := strings.Repeat("`", longestRun(s, '`')+1)
	pad := ""
	if s[0] == '`' || s[len(s)-1] == '`' || s[0] == ' ' && s[len(s)-1] == ' ' {
		pad = " "
	}
	return fence + pad + s + pad + fence
}

// codeCell is code for a table. A pipe or a backtick cannot be written in a code span there, so such a value is written
// in HTML, each special character as a reference.
func codeCell(s string) string {
	s = bounded(s)
	if !strings.ContainsAny(s, "|`\\") {
		return code(s)
	}
	var b strings.Builder
	b.WriteString("<code>")
	for _, r := range s {
		if r > unicode.MaxASCII || r == ' ' || r == '/' || r == '.' || unicode.IsLetter(r) || unicode.IsDigit(r) {
			b.WriteRune(r)
		} else {
			b.WriteString("&#" + strconv.Itoa(int(r)) + ";")
		}
	}
	b.WriteString("</code>")
	return b.String()
}

// longestRun returns the length of the longest run of c in s.
func longestRun(s string, c byte) int {
	longest, run := 0, 0
	for i := range len(s) {
		if s[i] != c {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	return longest
}

// rendering is how a format writes each kind of text.
type rendering struct{ code, words, plain, strong, address func(string) string }

// inline returns spans as Markdown on one line.
func inline(spans []Span) string {
	return renderWith(spans, rendering{code, escapeWords, escape, strongWords, autolink})
}

// renderCell is inline for a table.
func renderCell(spans []Span) string {
	return renderWith(spans, rendering{codeCell, escapeWords, escape, strongWords, autolink})
}

func strongWords(s string) string { return "**" + escapeWords(s) + "**" }

// renderWith joins spans. Words are split at backticks, of which every second piece is code; a value that stands in such
// a piece becomes part of it.
func renderWith(spans []Span, r rendering) string {
	var out, open strings.Builder
	inCode := false
	for _, s := range spans {
		switch {
		case s.Text == "":
		case s.Kind != Words && inCode:
			open.WriteString(strings.ReplaceAll(s.Text, "`", "'"))
		case s.Kind == Plain:
			out.WriteString(r.plain(s.Text))
		case s.Kind == Strong:
			out.WriteString(r.strong(s.Text))
		case s.Kind == Address:
			out.WriteString(r.address(s.Text))
		case s.Kind != Words:
			out.WriteString(r.code(s.Text))
		default:
			for i, part := range strings.Split(oneLine(s.Text), "`") {
				if i > 0 {
					if open.Len() > 0 {
						out.WriteString(r.code(open.String()))
						open.Reset()
					}
					inCode = !inCode
				}
				if inCode {
					open.WriteString(part)
				} else {
					out.WriteString(r.words(visible.Text(part)))
				}
			}
		}
	}
	if inCode { // a backtick without its partner is a backtick
		out.WriteString(r.words("`" + visible.Text(open.String())))
	}
	return out.String()
}

// oneLine joins the lines of a rule's text.
func oneLine(s string) string {
	return strings.NewReplacer("\r\n", " ", "\n", " ", "\t", " ").Replace(s)
}

// SafeLink says that a link of a rule is one that can be followed, and in which nothing has to be escaped.
func SafeLink(link string) bool {
	return strings.HasPrefix(link, "https://") && !strings.ContainsFunc(link, func(r rune) bool {
		return r <= ' ' || r > unicode.MaxASCII || strings.ContainsRune("<>\"'\\`", r)
	})
}

// autolink returns a link of a rule if it is one that can be followed safely, and as code otherwise.
func autolink(link string) string {
	if SafeLink(link) {
		return "<" + link + ">"
	}
	return code(link)
}

func date(t time.Time) string {
	if t.IsZero() {
		return "at an unknown time"
	}
	return t.UTC().Format("2006-01-02 15:04 UTC")
}

// age says how long before now t was, in days.
func age(t, now time.Time) string {
	const day = 24 * time.Hour
	days := int(now.UTC().Truncate(day).Sub(t.UTC().Truncate(day)) / day)
	if now.IsZero() || days < 1 {
		return ""
	}
	return ", " + number(days, "day") + " before this report"
}
