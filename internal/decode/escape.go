package decode

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	// before and after are how much of the line around an escape a view shows.
	before = 256
	after  = 2048
	// run is how long what follows an everyday escape must be to make that worth decoding.
	run = 12
)

// kind is a kind of escape.
type kind struct {
	name string
	mark byte
	// read reads the escape that begins at src[i] with the mark.
	read func(src []byte, i int) escape
}

// escape is what one escape stands for. n is its length, 0 for what is none.
type escape struct {
	n    int
	size int
	data [utf8.UTFMax]byte
	// telling says that decoding it may bring a secret to light which cannot be seen in the text as it is. Escapes that
	// are not telling are decoded where they stand near one that is.
	telling bool
}

// kinds are those that are undone, in that order where several stand side by side. It is never written to.
var kinds = [3]kind{{"percent", '%', readPercent}, {"escape", '\\', readBackslash}, {"entity", '&', readEntity}}

// order returns the place of a step among the kinds, or -1 where it is none of them.
func order(step string) int {
	for i, k := range kinds {
		if k.name == step {
			return i
		}
	}
	return -1
}

// escapes finds the lines with telling escapes of the kind and decodes them; lines that touch give one view.
func (d *decoder) escapes(src []byte, parent *View, k *kind) bool {
	// A view in which escapes of another kind were undone gets a second kind only in one order: else every line with
	// three kinds would be decoded in six ways. Escapes that decoding brought to light are undone in any case.
	onlyFresh := false
	if n := len(parent.Steps); n > 0 {
		onlyFresh = order(parent.Steps[n-1]) >= order(k.name)
	}
	var region piece
	for pos := 0; ; {
		i := bytes.IndexByte(src[pos:], k.mark)
		if i < 0 {
			break
		}
		i += pos
		e := k.read(src, i)
		pos = i + max(1, e.n)
		if !e.telling || onlyFresh && !fresh(parent, i, pos) {
			if e.n == 0 && k.mark == '\\' && pos < len(src) {
				pos++ // what is escaped is no mark
			}
			continue
		}
		if region.hi > 0 && (pos+after/2 <= region.hi || pos <= region.hi && region.hi < len(src) && src[region.hi] == '\n') {
			continue
		}
		around := lineAround(src, i, pos)
		if region.hi == 0 {
			region = around
			continue
		}
		if around.lo <= region.hi+1 {
			region.hi = max(region.hi, around.hi)
			continue
		}
		if !d.unescape(src, region, parent, k) {
			return false
		}
		region = around
	}
	return region.hi == 0 || d.unescape(src, region, parent, k)
}

// lineAround returns the line that holds src[lo:hi], bounded on both sides.
func lineAround(src []byte, lo, hi int) piece {
	from := max(0, lo-before)
	if i := bytes.LastIndexByte(src[from:lo], '\n'); i >= 0 {
		from += i + 1
	}
	// A bound must not fall between a backslash and what it escapes.
	for from > 0 && from < lo && src[from-1] == '\\' {
		from++
	}
	to := min(len(src), hi+after)
	if i := bytes.IndexByte(src[hi:to], '\n'); i >= 0 {
		to = hi + i
	}
	return piece{from, to}
}

// unescape decodes every escape of the kind in a region.
func (d *decoder) unescape(src []byte, region piece, parent *View, k *kind) bool {
	budget := d.opt.MaxOutput - d.spent
	if region.hi-region.lo > 12*budget {
		// An escape is at most 12 bytes long and stands for one at least.
		d.spent, d.truncated = d.opt.MaxOutput, true
		return false
	}
	data := make([]byte, 0, region.hi-region.lo)
	m := make(mapping, 0, 8)
	for at := region.lo; at < region.hi; {
		i := bytes.IndexByte(src[at:region.hi], k.mark)
		if i < 0 {
			i = region.hi - at
		}
		m = m.add(len(data), at, i, 1, 1)
		data = append(data, src[at:at+i]...)
		if at += i; at == region.hi {
			break
		}
		e := k.read(src[:region.hi], at)
		if e.n == 0 {
			// The mark itself, and behind a backslash what it escapes, which is no mark.
			e.n = 1
			if k.mark == '\\' {
				e.n = min(2, region.hi-at)
			}
			m = m.add(len(data), at, e.n, 1, 1)
			data = append(data, src[at:at+e.n]...)
		} else {
			m = m.add(len(data), at, e.size, e.size, e.n)
			data = append(data, e.data[:e.size]...)
		}
		at += e.n
		if len(data)+segmentCost*len(m) > budget {
			d.spent, d.truncated = d.opt.MaxOutput, true
			return false
		}
	}
	return d.emit(parent, data, m, k.name)
}

// literal makes the escape of n bytes that stands for one byte.
func literal(b byte, n int, telling bool) escape {
	e := escape{n: n, size: 1, telling: telling}
	e.data[0] = b
	return e
}

// character makes the escape of n bytes that stands for a character.
func character(r rune, n int) escape {
	e := escape{n: n, telling: r < utf8.RuneSelf && is(byte(r), text)}
	e.size = utf8.EncodeRune(e.data[:], r)
	return e
}

// tokenFollows reports whether the n bytes from i on could all be a token or a name.
func tokenFollows(src []byte, i, n int) bool {
	return i+n <= len(src) && all(src[i:i+n], token)
}

// quoteMatters reports whether an escaped quote before src[i] hides a name, a value or a long token from patterns that
// expect quotes.
func quoteMatters(src []byte, i int) bool {
	return i < len(src) && (src[i] == ':' || src[i] == '=' || tokenFollows(src, i, run))
}

func readPercent(src []byte, i int) escape {
	if i+2 >= len(src) || !is(src[i+1], hexDigit) || !is(src[i+2], hexDigit) {
		return escape{}
	}
	b := hexValue(src[i+1])<<4 | hexValue(src[i+2])
	return literal(b, 3, is(b, text))
}

func readBackslash(src []byte, i int) escape {
	if i+1 >= len(src) {
		return escape{}
	}
	switch c := src[i+1]; c {
	case 'n':
		return literal('\n', 2, tokenFollows(src, i+2, run))
	case 'r':
		return literal('\r', 2, tokenFollows(src, i+2, run))
	case 't':
		return literal('\t', 2, tokenFollows(src, i+2, run))
	case '"', '\'', '`':
		return literal(c, 2, quoteMatters(src, i+2))
	case '/':
		return literal('/', 2, true)
	case ':':
		// Java writes the colons and equals signs of values so, Markdown the underlines, shells and both the others.
		return literal(':', 2, bytes.HasPrefix(src[i+2:], []byte("//")) || tokenFollows(src, i+2, run))
	case '=', '_':
		return literal(c, 2, tokenFollows(src, i+2, run))
	case '#', '!', '@', '$', '&', '-':
		return literal(c, 2, false)
	case '\\':
		// An escape that was escaped itself tells as much as it would without.
		again := i+2 < len(src) && src[i+2] != '\\' && readBackslash(src, i+1).telling
		return literal('\\', 2, again)
	case 'x':
		if v, ok := hexNumber(src, i+2, 2); ok {
			return literal(byte(v), 4, is(byte(v), text))
		}
	case 'U':
		if v, ok := hexNumber(src, i+2, 8); ok {
			return character(v, 10)
		}
	case 'u':
		return readUnicode(src, i)
	}
	return escape{}
}

// readUnicode reads \uXXXX, two of them for characters beyond the first 65,536, and \u{X}.
func readUnicode(src []byte, i int) escape {
	if v, ok := hexNumber(src, i+2, 4); ok {
		if utf16.IsSurrogate(v) && i+7 < len(src) && src[i+6] == '\\' && src[i+7] == 'u' {
			if low, ok := hexNumber(src, i+8, 4); ok {
				if r := utf16.DecodeRune(v, low); r != utf8.RuneError {
					return character(r, 12)
				}
			}
		}
		return character(v, 6)
	}
	if i+2 < len(src) && src[i+2] == '{' {
		for n := 6; n > 0; n-- {
			if v, ok := hexNumber(src, i+3, n); ok && i+3+n < len(src) && src[i+3+n] == '}' {
				return character(v, n+4)
			}
		}
	}
	return escape{}
}

// hexNumber reads n hexadecimal digits at i.
func hexNumber(src []byte, i, n int) (v rune, ok bool) {
	if i+n > len(src) {
		return 0, false
	}
	for _, c := range src[i : i+n] {
		if !is(c, hexDigit) || v > utf8.MaxRune {
			return 0, false
		}
		v = v<<4 | rune(hexValue(c))
	}
	return v, v <= utf8.MaxRune
}

// maxEntity is the length of the longest entity that is read.
const maxEntity = 12

// otherEntities stand for characters of passwords, or for white space. They tell nothing by themselves. It is never written
// to.
var otherEntities = map[string]byte{
	"excl": '!', "dollar": '$', "num": '#', "percnt": '%', "ast": '*', "quest": '?', "semi": ';', "comma": ',', "Hat": '^',
	"lpar": '(', "rpar": ')', "lsqb": '[', "rsqb": ']', "lcub": '{', "rcub": '}', "lbrace": '{', "rbrace": '}',
	"grave": '`', "vert": '|', "verbar": '|', "hyphen": '-', "dash": '-', "nbsp": ' ', "Tab": '\t', "NewLine": '\n',
}

func readEntity(src []byte, i int) escape {
	end := bytes.IndexByte(src[i:min(len(src), i+maxEntity)], ';')
	if end < 2 {
		return escape{}
	}
	name, n := src[i+1:i+end], end+1
	if name[0] == '#' {
		return numericEntity(name[1:], n)
	}
	switch string(name) {
	case "amp":
		rest := src[i+n:]
		nested := bytes.HasPrefix(rest, []byte("#")) || bytes.HasPrefix(rest, []byte("amp;")) || bytes.HasPrefix(rest, []byte("quot;"))
		return literal('&', n, nested || tokenFollows(src, i+n, 8))
	case "quot":
		return literal('"', n, quoteMatters(src, i+n))
	case "apos":
		return literal('\'', n, quoteMatters(src, i+n))
	case "lt":
		return literal('<', n, false)
	case "gt":
		return literal('>', n, false)
	case "plus":
		return literal('+', n, true)
	case "equals":
		return literal('=', n, true)
	case "sol":
		return literal('/', n, true)
	case "bsol":
		return literal('\\', n, true)
	case "colon":
		return literal(':', n, true)
	case "commat":
		return literal('@', n, true)
	case "lowbar":
		return literal('_', n, true)
	case "period":
		return literal('.', n, true)
	default:
		c, ok := otherEntities[string(name)]
		if !ok {
			return escape{}
		}
		return literal(c, n, false)
	}
}

// numericEntity reads "43" or "x2b".
func numericEntity(digits []byte, n int) escape {
	var v rune
	if len(digits) > 1 && digits[0]|0x20 == 'x' {
		v, ok := hexNumber(digits, 1, len(digits)-1)
		if !ok {
			return escape{}
		}
		return character(v, n)
	}
	for _, c := range digits {
		if c < '0' || c > '9' || v > utf8.MaxRune {
			return escape{}
		}
		v = v*10 + rune(c-'0')
	}
	if len(digits) == 0 || v > utf8.MaxRune {
		return escape{}
	}
	return character(v, n)
}
