package unpack

import (
	"bytes"
	"strconv"
)

// The values of PDF: pdfDict, []any, pdfName, pdfString, pdfRef, float64, and pdfWord for operators and keywords.
type (
	pdfDict   map[string]any
	pdfName   string
	pdfString []byte
	pdfRef    int
	pdfWord   string
)

const (
	// maxPDFNest bounds values in values, maxPDFNodes the values that are made of one object: they take far more memory
	// than their text.
	maxPDFNest  = 32
	maxPDFNodes = 1 << 16
)

// pdfLexer reads values one after the other.
type pdfLexer struct {
	data  []byte
	pos   int
	nodes int
	// over says that a value had more parts than are read.
	over bool
}

func isPDFSpace(c byte) bool {
	return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f' || c == 0
}

func isPDFDelimiter(c byte) bool {
	switch c {
	case '(', ')', '<', '>', '[', ']', '{', '}', '/', '%':
		return true
	}
	return isPDFSpace(c)
}

func (l *pdfLexer) skipSpace() {
	for l.pos < len(l.data) {
		switch c := l.data[l.pos]; {
		case isPDFSpace(c):
			l.pos++
		case c == '%':
			i := bytes.IndexAny(l.data[l.pos:], "\r\n")
			if i < 0 {
				l.pos = len(l.data)
				return
			}
			l.pos += i
		default:
			return
		}
	}
}

// next returns the next value; ok is false at the end, or when one object has too many. nest is how deep the value is
// in others. References are only known with refs, because the numbers before an operator are none.
func (l *pdfLexer) next(nest int, refs bool) (value any, ok bool) {
	l.skipSpace()
	if l.pos >= len(l.data) {
		return nil, false
	}
	if l.nodes++; l.nodes > maxPDFNodes || nest > maxPDFNest {
		l.over = true
		return nil, false
	}
	switch c := l.data[l.pos]; {
	case c == '(':
		return l.literal(), true
	case c == '/':
		l.pos++
		return l.name(), true
	case c == '<' && l.pos+1 < len(l.data) && l.data[l.pos+1] == '<':
		l.pos += 2
		return l.dict(nest, refs), true
	case c == '<':
		return l.hex(), true
	case c == '[':
		l.pos++
		list := []any{}
		for {
			v, ok := l.next(nest+1, refs)
			if !ok || v == pdfWord("]") {
				return list, true
			}
			list = append(list, v)
		}
	case c == '>' && l.pos+1 < len(l.data) && l.data[l.pos+1] == '>':
		l.pos += 2
		return pdfWord(">>"), true
	case isPDFDelimiter(c):
		l.pos++
		return pdfWord(string(c)), true
	}
	word := l.word()
	if n, err := strconv.ParseFloat(word, 64); err == nil && word[0] <= '9' {
		if refs {
			if ref, ok := l.reference(n); ok {
				return ref, true
			}
		}
		return n, true
	}
	return pdfWord(word), true
}

func (l *pdfLexer) word() string {
	start := l.pos
	for l.pos < len(l.data) && !isPDFDelimiter(l.data[l.pos]) {
		l.pos++
	}
	return string(l.data[start:min(l.pos, start+64)])
}

// reference reads the rest of "12 0 R" behind its first number.
func (l *pdfLexer) reference(n float64) (pdfRef, bool) {
	start := l.pos
	l.skipSpace()
	for l.pos < len(l.data) && l.data[l.pos] >= '0' && l.data[l.pos] <= '9' && l.pos-start < 16 {
		l.pos++
	}
	l.skipSpace()
	if l.pos < len(l.data) && l.data[l.pos] == 'R' && (l.pos+1 == len(l.data) || isPDFDelimiter(l.data[l.pos+1])) &&
		n >= 0 && n < 1<<31 {
		l.pos++
		return pdfRef(n), true
	}
	l.pos = start
	return 0, false
}

func (l *pdfLexer) name() pdfName {
	var out []byte
	for l.pos < len(l.data) && !isPDFDelimiter(l.data[l.pos]) {
		c := l.data[l.pos]
		if c == '#' && l.pos+2 < len(l.data) {
			if v, err := strconv.ParseUint(string(l.data[l.pos+1:l.pos+3]), 16, 8); err == nil {
				c = byte(v)
				l.pos += 2
			}
		}
		if len(out) < 256 {
			out = append(out, c)
		}
		l.pos++
	}
	return pdfName(out)
}

func (l *pdfLexer) dict(nest int, refs bool) pdfDict {
	d := pdfDict{}
	for {
		key, ok := l.next(nest+1, false)
		if !ok || key == pdfWord(">>") {
			return d
		}
		name, isName := key.(pdfName)
		if !isName {
			continue
		}
		value, ok := l.next(nest+1, refs)
		if !ok || value == pdfWord(">>") {
			return d
		}
		d[string(name)] = value
	}
}

// literal reads a string in parentheses.
func (l *pdfLexer) literal() pdfString {
	out := pdfString{}
	depth := 0
	for ; l.pos < len(l.data); l.pos++ {
		switch c := l.data[l.pos]; c {
		case '(':
			if depth++; depth > 1 {
				out = append(out, c)
			}
		case ')':
			if depth--; depth == 0 {
				l.pos++
				return out
			}
			out = append(out, c)
		case '\\':
			out = l.escape(out)
		default:
			out = append(out, c)
		}
	}
	return out
}

// escape reads what stands behind a backslash and leaves the position on its last byte.
func (l *pdfLexer) escape(out pdfString) pdfString {
	if l.pos++; l.pos >= len(l.data) {
		return out
	}
	c := l.data[l.pos]
	switch c {
	case 'n':
		return append(out, '\n')
	case 'r':
		return append(out, '\r')
	case 't':
		return append(out, '\t')
	case 'b', 'f':
		return append(out, ' ')
	case '\r':
		if l.pos+1 < len(l.data) && l.data[l.pos+1] == '\n' {
			l.pos++
		}
		return out
	case '\n':
		return out
	}
	if c < '0' || c > '7' {
		return append(out, c)
	}
	v := 0
	n := 0
	for ; n < 3 && l.pos+n < len(l.data) && l.data[l.pos+n] >= '0' && l.data[l.pos+n] <= '7'; n++ {
		v = v*8 + int(l.data[l.pos+n]-'0')
	}
	l.pos += n - 1
	return append(out, byte(v))
}

// hex reads a string in angle brackets.
func (l *pdfLexer) hex() pdfString {
	out := pdfString{}
	half, have := byte(0), false
	for l.pos++; l.pos < len(l.data); l.pos++ {
		c := l.data[l.pos]
		if c == '>' {
			l.pos++
			break
		}
		v, ok := hexValue(c)
		switch {
		case !ok:
		case have:
			out = append(out, half<<4|v)
			have = false
		default:
			half, have = v, true
		}
	}
	if have {
		out = append(out, half<<4)
	}
	return out
}

func hexValue(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}
