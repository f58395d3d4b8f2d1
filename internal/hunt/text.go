package hunt

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"unicode/utf16"
	"unicode/utf8"
)

// betweenLines matches what stands between two parts of a text that is split: the end of a string and the beginning of the next,
// with an operator or a comma or nothing between them, or the end of a line, continued, quoted, indented or commented.
const betweenLines = `(?:\\*["'\x60][\s\\+.&,^|~<>_]*[A-Za-z@$]{0,2}\\*["'\x60]|[=\\]*\r?\n[ \t]*(?:[#*>|;+-]|//)*[ \t]*|(?:\\+r)?\\+n[ \t]*|(?:%(?:25)*0[dD])?%(?:25)*0[aA]|\\+(?:(?:u00|x)0[aA]|0?12)|&(?:amp;)*#(?:10|[xX]0*[aA]);)?`

// joinUnits makes a pattern of a text: one for each character, with another one between any two.
func joinUnits(text string, unit func(rune) string, between string) string {
	var b strings.Builder
	for i, r := range text {
		if i > 0 {
			b.WriteString(between)
		}
		b.WriteString(unit(r))
	}
	return b.String()
}

func plainUnit(r rune) string { return quote(string(r)) }

func quote(s string) string { return regexp.QuoteMeta(s) }

// textVariant is a value as text: as it is, and with its characters escaped in any way, all or some of them.
func textVariant(k knownForms, value string) variant {
	var texts []styled
	seen := map[string]bool{}
	for _, style := range styles() {
		var written []string
		for _, r := range value {
			written = append(written, style(r))
		}
		if t := write(written, ""); !seen[t.text] {
			seen[t.text] = true
			texts = append(texts, t)
		}
	}
	pattern := group(joinUnits(value, textUnit, betweenLines))
	return newVariant(variantText, value, pattern, &spelling{units: textUnits(k, value), joint: textJoint()}, texts, 9*len(value)+400, priorityText)
}

// textUnits are the characters of a text, however escaped.
func textUnits(k knownForms, value string) []unit {
	var units []unit
	for _, r := range value {
		slash := len(units) > 0 && units[len(units)-1].plain == `\`
		units = append(units, unit{plain: string(r), slash: slash, forms: k.of(textUnit(r)), always: r == ' ' || r == '\n'})
	}
	return units
}

// textUnit matches a character however it is escaped.
func textUnit(r rune) string {
	if r == '\n' {
		return `(?:\\*\r?\n[ \t]*|(?:\\+r)?\\+n|%(?:25)*0[aA]|\\+(?:u00|x)0[aA]|&(?:amp;)*#(?:10|[xX]0*[aA]);|[ \t]+)`
	}
	if r >= utf8.RuneSelf {
		return wideUnit(r)
	}
	code := hexDigits(fmt.Sprintf("%02x", r))
	self := quote(string(r))
	if !alphanumeric(r) {
		self = `\\*` + self
	}
	more := ""
	if name, ok := entities[r]; ok {
		more = `(?:` + name + `);|`
	}
	if r == ' ' {
		self = `[ +]`
	}
	if r == '\t' {
		self = `(?:\t|\\+t)`
	}
	return `(?:` + self + `|%(?:25)*` + code + `|\\+(?:(?:u00|x|u\{)` + code + `\}?|0?` + fmt.Sprintf("%03o", r) + `)|&(?:amp;)*(?:` + more + `#(?:0*` + fmt.Sprint(r) + `|[xX]0*` + code + `);))`
}

// wideUnit matches a character outside of ASCII: as it is, percent-encoded, and as an escape of itself, of its bytes, or of the two
// halves that UTF-16 has of it.
func wideUnit(r rune) string {
	var percent, bytes, octal, halves strings.Builder
	for _, c := range []byte(string(r)) {
		digits := hexDigits(fmt.Sprintf("%02x", c))
		percent.WriteString(`%(?:25)*` + digits)
		bytes.WriteString(`\\+x` + digits)
		octal.WriteString(`\\+` + fmt.Sprintf("%03o", c))
	}
	if high, low := utf16.EncodeRune(r); high != utf8.RuneError {
		halves.WriteString(`|\\+u` + hexDigits(fmt.Sprintf("%04x", high)) + `\\+u` + hexDigits(fmt.Sprintf("%04x", low)))
	}
	return `(?:` + quote(string(r)) + `|` + percent.String() + `|` + bytes.String() + `|` + octal.String() + halves.String() + `|\\+u\{?` + hexDigits(fmt.Sprintf("%04x", r)) + `\}?|&(?:amp;)*#(?:` + fmt.Sprint(r) + `|[xX]0*` + hexDigits(fmt.Sprintf("%x", r)) + `);)`
}

// hexDigits matches hexadecimal digits in either case.
func hexDigits(digits string) string {
	var b strings.Builder
	for _, d := range digits {
		if d >= 'a' {
			b.WriteString("[" + string(d) + strings.ToUpper(string(d)) + "]")
		} else {
			b.WriteRune(d)
		}
	}
	return b.String()
}

// entities are the names that HTML and XML have for characters.
var entities = map[rune]string{'&': "amp", '<': "lt", '>': "gt", '"': "quot", '\'': "apos"}

func alphanumeric(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

// styles are the ways in which programs write a text, character by character. Whatever is written in one of them has an anchor;
// what mixes them has one as far as a stretch of it is all in one.
func styles() []func(rune) string {
	only := func(special func(rune) bool, format string) func(rune) string {
		return func(r rune) string {
			if !special(r) {
				return string(r)
			}
			return escaped(format, r)
		}
	}
	all := func(rune) bool { return true }
	is := func(chars string) func(rune) bool { return func(r rune) bool { return strings.ContainsRune(chars, r) } }
	reserved := func(r rune) bool { return !alphanumeric(r) && !strings.ContainsRune("-_.~", r) }
	list := []func(rune) string{func(r rune) string { return string(r) }}
	for _, format := range []string{"%%%02X", "%%%02x"} {
		list = append(list, only(reserved, format), only(all, format), only(func(r rune) bool { return !alphanumeric(r) }, format))
	}
	for _, format := range []string{`\u%04x`, `\u%04X`} {
		list = append(list, only(all, format), only(is(`<>&'"/+=`), format), only(is(`<>&`), format))
	}
	for _, format := range []string{`\x%02x`, `\x%02X`, `\%03o`, "&#%d;", "&#x%x;", "&#x%X;"} {
		list = append(list, only(all, format), only(func(r rune) bool { return !alphanumeric(r) }, format))
	}
	return append(list,
		only(is(`"\`), `\%c`), only(is(`"\/`), `\%c`), only(is(`"\'`), `\%c`), only(func(r rune) bool { return !alphanumeric(r) }, `\%c`),
		func(r rune) string {
			if name, ok := entities[r]; ok {
				return "&" + name + ";"
			}
			return string(r)
		})
}

// escaped writes a character in a format of its code, or of that of each of its bytes.
func escaped(format string, r rune) string {
	if high, low := utf16.EncodeRune(r); high != utf8.RuneError && strings.HasPrefix(format, `\u`) {
		return fmt.Sprintf(format+format, high, low)
	}
	if strings.Contains(format, "#") || strings.HasPrefix(format, `\u`) { // all others write bytes
		return fmt.Sprintf(format, r)
	}
	var b strings.Builder
	for _, c := range []byte(string(r)) {
		fmt.Fprintf(&b, format, c)
	}
	return b.String()
}

// traces are what each way of writing leaves in a text, in the order in which they are asked for.
var traces = sync.OnceValue(func() []trace {
	return []trace{
		{variantPercent, regexp.MustCompile(`%[0-9a-fA-F]{2}`)},
		{variantEntity, regexp.MustCompile(`&(?:amp;)*(?:#[xX]?[0-9a-fA-F]+|[a-z]+);`)},
		{variantEscape, regexp.MustCompile(`\\(?:u[0-9a-fA-F{]|x[0-9a-fA-F]{2}|[0-7]{3})`)},
		{variantSplit, regexp.MustCompile("[\"'`][^\"'`]*[\"'`]|\n")},
		{variantEscape, regexp.MustCompile(`\\`)},
	}
})

type trace struct {
	how  string
	mark *regexp.Regexp
}

// writtenAs says how a value is written that was found as text.
func writtenAs(found, value string, key bool) string {
	if found == value || key && flatten(strings.NewReplacer(`\r`, "", `\n`, "").Replace(found)) == value {
		return variantPlain
	}
	for _, t := range traces() {
		if len(t.mark.FindAllString(found, -1)) > len(t.mark.FindAllString(value, -1)) {
			return t.how
		}
	}
	return variantSplit
}
