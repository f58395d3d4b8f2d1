package unpack

import (
	"strconv"
	"strings"
)

const (
	// maxGlyphs bounds what is read of the tables of all fonts of a file, in codes.
	maxGlyphs = 1 << 20
	// maxTable bounds the values that stand before one operator of a table.
	maxTable = 1 << 17
)

// table reads a ToUnicode table: which letters the codes of a font mean.
func (f *pdfFont) table(p *pdfReader, data []byte) {
	l := pdfLexer{data: data}
	var args []any
	for p.glyphs > 0 {
		l.nodes = 0
		v, ok := l.next(0, false)
		if !ok {
			return
		}
		word, isWord := v.(pdfWord)
		if !isWord {
			if len(args) < maxTable {
				args = append(args, v)
			}
			continue
		}
		switch word {
		case "endbfchar":
			for i := 0; i+1 < len(args); i += 2 {
				if code, ok := tableCode(args[i]); ok {
					f.mean(p, code, args[i+1], 0)
				}
			}
		case "endbfrange":
			for i := 0; i+2 < len(args) && p.glyphs > 0; i += 3 {
				f.meanRange(p, args[i], args[i+1], args[i+2])
			}
		}
		args = args[:0]
	}
}

func tableCode(v any) (int, bool) {
	s, ok := v.(pdfString)
	if !ok || len(s) == 0 || len(s) > 2 {
		return 0, false
	}
	code := 0
	for _, c := range s {
		code = code<<8 | int(c)
	}
	return code, true
}

// mean notes that a code means the text to, its last letter moved on by add.
func (f *pdfFont) mean(p *pdfReader, code int, to any, add int) {
	s, isText := to.(pdfString)
	if p.glyphs--; !isText || p.glyphs < 0 || len(s) > 64 {
		return
	}
	text := []rune(string(fromWide(s)))
	if len(s) == 1 {
		text = []rune{rune(s[0])}
	}
	if len(text) == 0 {
		return
	}
	text[len(text)-1] += rune(add)
	f.known[code] = string(text)
}

func (f *pdfFont) meanRange(p *pdfReader, low, high, to any) {
	lo, ok := tableCode(low)
	hi, ok2 := tableCode(high)
	if !ok || !ok2 {
		return
	}
	list, isList := to.([]any)
	for code := lo; code <= hi && p.glyphs > 0; code++ {
		switch i := code - lo; {
		case !isList:
			f.mean(p, code, to, i)
		case i < len(list):
			f.mean(p, code, list[i], 0)
		default:
			return
		}
	}
}

// glyphText returns what the name of a glyph means, as far as it is in ASCII or says its number.
func glyphText(name string) (string, bool) {
	if len(name) == 1 {
		return name, true
	}
	base, _, _ := strings.Cut(name, ".")
	if i := strings.Index(" "+glyphNames+" ", " "+base+"="); i >= 0 {
		return glyphNames[i+len(base)+1 : i+len(base)+2], true
	}
	hex, ok := strings.CutPrefix(base, "uni")
	if !ok {
		hex, ok = strings.CutPrefix(base, "u")
	}
	if n, err := strconv.ParseUint(hex, 16, 21); ok && err == nil && len(hex) >= 4 {
		return string(rune(n)), true
	}
	return "", false
}

// isCoded reports whether the name of a glyph is only a number in disguise (g12, C0_7), which says nothing of letters.
func isCoded(name string) bool {
	return len(name) <= 6 && strings.ContainsAny(name, "0123456789")
}

// glyphNames are the names of the glyphs in ASCII that are not their own name.
const glyphNames = "zero=0 one=1 two=2 three=3 four=4 five=5 six=6 seven=7 eight=8 nine=9 exclam=! quotedbl=\" numbersign=# " +
	"dollar=$ percent=% ampersand=& quotesingle=' quoteright=' parenleft=( parenright=) asterisk=* plus=+ comma=, hyphen=- " +
	"period=. slash=/ colon=: semicolon=; less=< equal== greater=> question=? at=@ bracketleft=[ backslash=\\ bracketright=] " +
	"asciicircum=^ underscore=_ grave=` quoteleft=` braceleft={ bar=| braceright=} asciitilde=~"
