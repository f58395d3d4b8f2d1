// Package assign reads assignments out of text of any language: "password: x", password = "x", <password>x</password>,
// setPassword("x"), --password x, {"name": "password", "value": "x"}.
//
// It knows the shapes of programs and configuration, not what a credential looks like: what it returns is weighed by
// package weigh.
package assign

import "bytes"

// Operator is what stands between a name and its value.
type Operator int

// The operators.
const (
	// Equals is =, :=, ?=, +=.
	Equals Operator = iota + 1
	// Colon is : of YAML, JSON and headers.
	Colon
	// Arrow is => or ->.
	Arrow
	// Argument is a comma between two arguments, or between members of which one is the name and the other the value.
	Argument
	// Call is an opening bracket: the name is called with the value.
	Call
	// Element is the end of an opening tag.
	Element
	// Space is nothing but white space, as after a flag.
	Space
	// Compare is ==, !=, ===, !==, or a call of equals.
	Compare
	// Default is what follows a reference that may be empty: ||, ??, or the second argument of a look-up.
	Default
)

// Assignment is a name with its value. Spans are half-open ranges of bytes of the text that it was read from.
type Assignment struct {
	// Name is the whole name: an identifier with its dots and dashes, or a few words.
	Name Span
	// Word is the credential word in it that the reading began with.
	Word Span
	// Value is without quotes.
	Value Span
	// Operator is the one next to the value.
	Operator Operator
	// Quote is the quote around the value, 0 if there is none.
	Quote byte
	// Callee is the function whose argument the value is, if there is one between operator and value: "os.getenv".
	Callee Span
	// Quoted says that the name stands in quotes, Flag that it begins with a dash.
	Quoted, Flag bool
	// Line is the line of the value, Before what stands before the name on its line.
	Line, Before Span
	// Member says that name and value are members of one entry: {name: x, value: y}.
	Member bool
	// Second says that the value is the second of two literals: login("user", "x").
	Second bool
	// Annotated says that a type stands between name and operator.
	Annotated bool
}

// Span is a half-open range of bytes.
type Span struct{ Lo, Hi int }

// Of returns the text of a span.
func (s Span) Of(text []byte) []byte { return text[s.Lo:s.Hi] }

// Len is the length in bytes.
func (s Span) Len() int { return s.Hi - s.Lo }

const (
	// Before and After are how far around a word anything is looked at, in bytes; Breaks is how many line breaks a reading
	// goes over in either direction.
	Before, After, Breaks = 160, 640, 3
	// maxName bounds a name on either side of its word, maxValue a value, in bytes.
	maxName, maxValue = 64, 512
	// maxGap bounds what stands between a name and its operator, and between that and the value, in bytes.
	maxGap = 48
)

// At reads the assignment to the name that has a credential word at text[lo:hi]. Of text, it looks at what [Before],
// [After] and [Breaks] say alone. ok is false where nothing is assigned.
func At(text []byte, lo, hi int) (a Assignment, ok bool) {
	r := reader{text: text}
	a.Word = Span{lo, hi}
	a.Name = r.name(lo, hi)
	start := lineStart(text, a.Name.Lo)
	a.Before = Span{start, a.Name.Lo}
	a.Flag = text[a.Name.Lo] == '-'
	r.at = a.Name.Hi
	a.Quoted = r.at < len(text) && isQuote(text[r.at])
	if !r.before(&a) && !(r.operator(&a) && r.value(&a)) {
		return a, false
	}
	a.Line = Span{lineStart(text, a.Value.Lo), lineEnd(text, a.Value.Hi)}
	return a, true
}

// reader goes forward through text.
type reader struct {
	text []byte
	at   int
}

// name returns the identifier around a word.
func (r *reader) name(lo, hi int) Span {
	for n := 0; lo > 0 && n < maxName && inName(r.text[lo-1]); n++ {
		lo--
	}
	for n := 0; hi < len(r.text) && n < maxName && inName(r.text[hi]); n++ {
		// A dot at the end of a sentence, a dash before a sign, and an arrow are no part of the name.
		if c := r.text[hi]; (c == '.' || c == '-') && (hi+1 == len(r.text) || !isWord(r.text[hi+1])) {
			break
		}
		hi++
	}
	if hi < len(r.text) && r.text[hi] == '(' {
		for _, method := range []string{".equals", ".Equals", ".equalsIgnoreCase"} {
			if bytes.HasSuffix(r.text[lo:hi], []byte(method)) {
				hi -= len(method)
				break
			}
		}
	}
	return Span{lo, hi}
}

func (r *reader) peek() byte {
	if r.at < len(r.text) {
		return r.text[r.at]
	}
	return 0
}

func (r *reader) has(s string) bool {
	return len(r.text)-r.at >= len(s) && string(r.text[r.at:r.at+len(s)]) == s
}

// take goes over s if it stands here.
func (r *reader) take(s string) bool {
	if !r.has(s) {
		return false
	}
	r.at += len(s)
	return true
}

// blanks goes over blanks and tabs, and returns how many.
func (r *reader) blanks() int {
	n := 0
	for r.at < len(r.text) && (r.text[r.at] == ' ' || r.text[r.at] == '\t') && n < maxGap {
		r.at++
		n++
	}
	return n
}

// lineBreak goes over one line break, escaped or continued ones among them, and the blanks around it.
func (r *reader) lineBreak() bool {
	from := r.at
	r.blanks()
	_ = r.take("\\") // a line that is continued
	r.take("\r")
	if !r.take("\n") {
		r.at = from
		return false
	}
	r.blanks()
	return true
}

func isWord(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '_' || c >= 0x80
}

func inName(c byte) bool { return isWord(c) || c == '.' || c == '-' || c == '$' }

func isQuote(c byte) bool { return c == '"' || c == '\'' || c == '`' }

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

func lineStart(text []byte, at int) int {
	for at > 0 && text[at-1] != '\n' {
		at--
	}
	return at
}

func lineEnd(text []byte, at int) int {
	for at < len(text) && text[at] != '\n' {
		at++
	}
	return at
}
