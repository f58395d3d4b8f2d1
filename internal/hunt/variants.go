package hunt

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/skant-dev/skant/rules"
)

// The variants. Those that are encodings have the names that the engine's own decoders have.
const (
	// variantText is what is found as text; [writtenAs] says which of the others it is.
	variantText     = "text"
	variantPlain    = "plain"
	variantSplit    = "split"
	variantPercent  = "percent"
	variantEscape   = "escape"
	variantEntity   = "entity"
	variantBase64   = "base64"
	variantWide64   = "base64+utf-16"
	variantBase32   = "base32"
	variantHex      = "hex"
	variantDump     = "hex dump"
	variantDecimal  = "decimal"
	variantUTF16    = "utf-16"
	variantReversed = "reversed"
	variantFirst    = "first half"
	variantSecond   = "second half"
	variantEnd      = "end"
	variantHint     = "hint"
)

func isPart(how string) bool { return how == variantFirst || how == variantSecond }

// Which of two variants is kept that were found in one place: the higher.
const (
	priorityText     = 90
	priorityBytes    = 80
	priorityDump     = 75
	priorityReversed = 70
	priorityHint     = 60
	priorityHalf     = 40
)

// variant is a way in which a value may be written, as a rule of the engine.
type variant struct {
	how   string
	value string
	rule  rules.Rule
	// texts are the value so written, in each style.
	texts []styled
	// spelling is what the rule's pattern says, too.
	spelling *spelling
	places   map[string][]anchorPlace
	// rest returns the units of the whole value that come before those of the spelling, or behind them if after is true.
	rest  func(f form) []unit
	after bool
}

// styled is a value as it is written, and where in that each unit begins.
type styled struct {
	text string
	at   []int
}

// write puts units together.
func write(units []string, between string) styled {
	var b strings.Builder
	at := make([]int, len(units))
	for i, u := range units {
		if i > 0 {
			b.WriteString(between)
		}
		at[i] = b.Len()
		b.WriteString(u)
	}
	return styled{b.String(), at}
}

// newVariant makes the rule of a pattern. texts are what the anchors are taken from, most how long a match can be.
func newVariant(how, value, pattern string, sp *spelling, texts []styled, most, priority int) variant {
	confidence := rules.Certain
	if isPart(how) {
		confidence = rules.MediumConfidence
	}
	if sp.most == 0 {
		sp.most = most
	}
	anchors, places := anchorsOf(texts)
	return variant{how, value, rules.Rule{
		Provider: RuleID, Title: "Known secret", Severity: rules.Critical, Confidence: confidence, Known: true,
		Anchors: anchors, Pattern: pattern, MaxLength: most, Priority: priority,
		Checks: rules.Checks{AllowPlaceholders: true},
	}, texts, sp, places, nil, false}
}

// variants returns every way in which a value is looked for.
func variants(f form) []variant {
	k := knownForms{}
	list := []variant{textVariant(k, f.text)}
	list[0].rest = func(f form) []unit { return textUnits(knownForms{}, f.all[:len(f.all)-len(f.text)]) }
	for offset := range 3 {
		if v, ok := base64Variant(k, variantBase64, f.bytes, offset); ok {
			v.rest = func(f form) []unit { return before64(f.whole, f.bytes, offset) }
			list = append(list, v)
		}
		if v, ok := base64Variant(k, variantWide64, wide(f.bytes), offset); ok {
			v.rest = func(f form) []unit { return before64(wide(f.whole), wide(f.bytes), offset) }
			list = append(list, v)
		}
	}
	for offset := range 5 {
		if v, ok := base32Variant(f.bytes, offset); ok {
			v.rest = func(f form) []unit { return before32(f.whole, f.bytes, offset) }
			list = append(list, v)
		}
	}
	list = append(list, eachByteOf(hexVariant(f.bytes), hexByte), eachByteOf(decimalVariant(f.bytes), decimalByte))
	if len(f.bytes) >= leastDumped {
		list = append(list, eachByteOf(dumpVariant(f.bytes), hexByte))
	}
	if ascii(f.text) {
		v := utf16Variant(f.text)
		v.rest = func(f form) []unit { return characters(f.all[:len(f.all)-len(f.text)]) }
		list = append(list, v)
	}
	if back := reverse(f.text); back != f.text {
		v := newVariant(variantReversed, f.text, group(joinUnits(back, plainUnit, betweenLines)), &spelling{units: characters(back), joint: textJoint()},
			[]styled{plainly(back)}, 3*len(back)+400, priorityReversed)
		v.rest, v.after = func(f form) []unit { return characters(reverse(f.all[:len(f.all)-len(f.text)])) }, true
		list = append(list, v)
	}
	return append(list, halves(f.text)...)
}

// before64 are the units of a whole value that come before those of its end, which has an offset.
func before64(whole, end string, offset int) []unit {
	text := base64Text(whole, ((offset-len(whole)+len(end))%3+3)%3)
	return base64Units(knownForms{}, text[:len(text)-len(base64Text(end, offset))])
}

func before32(whole, end string, offset int) []unit {
	text := base32Text(whole, ((offset-len(whole)+len(end))%5+5)%5)
	return folded(text[:len(text)-len(base32Text(end, offset))])
}

func folded(text string) []unit {
	units := characters(text)
	for i := range units {
		units[i].fold = true
	}
	return units
}

// characters are the units of a text of which each character is written as it is.
func characters(text string) []unit {
	var units []unit
	for _, r := range text {
		units = append(units, unit{plain: string(r)})
	}
	return units
}

func plainly(text string) styled { return write(strings.Split(text, ""), "") }

// halves are the two halves of a token, for one that is put together of two parts anywhere: one of the parts has a half, or more.
func halves(text string) []variant {
	runes := []rune(text)
	middle := len(runes) / 2
	first, second := string(runes[:middle]), string(runes[middle:])
	var list []variant
	if tokenLike(first) {
		list = append(list, half(variantFirst, text, quote(first)+goesOn(second), first, len(text)+2, priorityHalf), reversedHalf(variantFirst, text, first))
	}
	if tokenLike(second) {
		list = append(list, half(variantSecond, text, comesFrom(first)+quote(second), second, len(text)+2, priorityHalf), reversedHalf(variantSecond, text, second))
	}
	return list
}

// half finds a literal.
func half(how, text, pattern, literal string, most, priority int) variant {
	return newVariant(how, text, group(pattern), &spelling{units: characters(literal)}, []styled{plainly(literal)}, most, priority)
}

func reversedHalf(how, text, literal string) variant {
	back := reverse(literal)
	return half(how, text, quote(back), back, len(back)+2, priorityHalf-1)
}

// goesOn matches as much of text as there is, from its beginning on.
func goesOn(text string) string {
	var b strings.Builder
	for _, r := range text {
		b.WriteString("(?:" + quote(string(r)))
	}
	return b.String() + strings.Repeat(")?", len([]rune(text)))
}

// comesFrom matches as much of text as there is, up to its end.
func comesFrom(text string) string {
	var b strings.Builder
	for _, r := range text {
		b.WriteString(quote(string(r)) + ")?")
	}
	return strings.Repeat("(?:", len([]rune(text))) + b.String()
}

// base64Variant is a value in base64 that begins so many bytes after a group of three began, in both alphabets. What depends on
// the bytes beside it, padding included, is left out.
func base64Variant(k knownForms, how, value string, offset int) (variant, bool) {
	std := base64Text(value, offset)
	if len(std) < MinLength {
		return variant{}, false
	}
	var texts []styled
	for _, style := range [][]string{{}, {"+", "-", "/", "_"}, {"/", `\/`}, {"+", "%2B", "/", "%2F"}, {"+", "%2b", "/", "%2f"}, {"+", `\u002b`}} {
		written, as := strings.Split(std, ""), strings.NewReplacer(style...)
		for i := range written {
			written[i] = as.Replace(written[i])
		}
		texts = append(texts, write(written, ""))
	}
	pattern := joinUnits(std, base64Unit, betweenLines)
	// The characters beside it have some of its bits.
	pattern = group(`[A-Za-z0-9+/_-]?` + pattern + `[A-Za-z0-9+/_-]?`)
	return newVariant(how, value, pattern, &spelling{units: base64Units(k, std), joint: textJoint()}, texts, 3*len(std)+300, priorityBytes), true
}

// base64Text is what depends on nothing but the value, offset bytes after a group of three began.
func base64Text(value string, offset int) string {
	all := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("\x00", offset) + value))
	from, to := (offset*8+5)/6, (offset+len(value))*8/6
	return all[from:max(from, to)]
}

func base64Units(k knownForms, std string) []unit {
	units := characters(std)
	for i, r := range std {
		if !alphanumeric(r) {
			units[i].forms, units[i].always = k.of(base64Unit(r)), true
		}
	}
	return units
}

func base64Unit(r rune) string {
	switch r {
	case '+':
		return `(?:[+-]|%(?:25)*2[bBdD]|\\+u002[bB])`
	case '/':
		return `(?:\\*/|_|%(?:25)*[25][fF]|\\+u002[fF])`
	default:
		return string(r)
	}
}

// base32Variant is a value in base32 that begins so many bytes after a group of five began, in either case.
func base32Variant(value string, offset int) (variant, bool) {
	text := base32Text(value, offset)
	if len(text) < MinLength {
		return variant{}, false
	}
	pattern := group(`(?i:[A-Z2-7]?` + joinUnits(text, plainUnit, betweenLines) + `[A-Z2-7]?)`)
	v := newVariant(variantBase32, value, pattern, &spelling{units: folded(text), joint: textJoint()}, []styled{plainly(text)}, 3*len(text)+300, priorityBytes)
	v.rule.Fold = true
	v.texts = append(v.texts, plainly(strings.ToLower(text)))
	return v, true
}

// base32Text is what depends on nothing but the value, offset bytes after a group of five began.
func base32Text(value string, offset int) string {
	all := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString([]byte(strings.Repeat("\x00", offset) + value))
	from, to := (offset*8+4)/5, (offset+len(value))*8/5
	return all[from:max(from, to)]
}

// eachByte returns a unit for each byte of a value, and how it is written.
func eachByte(value string, as func(c byte) string) (units []unit, written []string) {
	for i := range len(value) {
		w := as(value[i])
		units, written = append(units, unit{plain: w, fold: true}), append(written, w)
	}
	return units, written
}

func decimalByte(c byte) string { return strconv.Itoa(int(c)) }

// eachByteOf is a variant that writes bytes, of the end of a value.
func eachByteOf(v variant, as func(c byte) string) variant {
	v.rest = func(f form) []unit {
		units, _ := eachByte(f.whole[:len(f.whole)-len(f.bytes)], as)
		return units
	}
	return v
}

func hexByte(c byte) string { return hex.EncodeToString([]byte{c}) }

// hexVariant is a value as hexadecimal digits, in a row or byte by byte.
func hexVariant(value string) variant {
	units, written := eachByte(value, hexByte)
	var texts []styled
	for _, between := range []string{"", ":", " ", "-", `\x`, ",0x", ", 0x", "%"} {
		texts = append(texts, write(written, between))
	}
	pattern := `((?i:` + strings.Join(written, `[\s:,;_\\"'+-]*(?:0?x|%)?`) + `))`
	v := newVariant(variantHex, value, pattern, &spelling{units: units, joint: hexJoint()}, texts, 7*len(value)+200, priorityBytes)
	v.rule.Fold = true
	v.texts = append(v.texts, styled{text: strings.ToUpper(texts[0].text)})
	return v
}

// leastDumped is how long a value is, in bytes, that is looked for in dumps: with fewer there may be no anchor in one line.
const leastDumped = 16

// betweenDumped is what stands between two bytes of a dump: nothing or spaces, or the end of a line, with the text beside, and the
// number that the next one begins with. One more byte is no text: that stands behind two spaces.
const betweenDumped = `[ \t]{1,2}|[ \t]*(?:[ \t]{2}(?:\|[^\n]{0,16}\||>[^\n]{0,16}<|[^\n]{1,16}))?\r?\n[ \t]*[0-9A-Fa-f]{4,16}:?[ \t]+`

// dumpVariant is a value in a dump as xxd, hexdump -C and od -t x1 write it: bytes or pairs of them, with numbers of lines.
func dumpVariant(value string) variant {
	units, written := eachByte(value, hexByte)
	pattern := `((?i:` + strings.Join(written, `(?:`+betweenDumped+`)?`) + `))`
	v := newVariant(variantDump, value, pattern, &spelling{units: units, joint: dumpJoint(), most: 200}, nil, 8*len(value)+600, priorityDump)
	v.rule.Fold = true
	// Lines have 16 bytes, and a wider space in the middle: of two pieces that follow one another, four bytes each, one is whole.
	// In pairs each of them may begin at either byte.
	m := len(value)/2 - 4
	single := write(written[m:m+8], " ").text
	v.addAnchor(single[:11], anchorPlace{m, 0})
	v.addAnchor(single[12:], anchorPlace{m + 4, 0})
	for from := m - 1; from < m+1; from++ {
		for at := from; at < from+8; at += 4 {
			v.addAnchor(written[at]+written[at+1]+" "+written[at+2]+written[at+3], anchorPlace{at, 0})
		}
	}
	return v
}

func (v *variant) addAnchor(text string, at anchorPlace) {
	if v.places == nil {
		v.places = map[string][]anchorPlace{}
	}
	if !slices.Contains(v.rule.Anchors, text) {
		v.rule.Anchors = append(v.rule.Anchors, text)
	}
	if !slices.Contains(v.places[text], at) {
		v.places[text] = append(v.places[text], at)
	}
}

// decimalVariant is a value as a list of numbers.
func decimalVariant(value string) variant {
	units, written := eachByte(value, decimalByte)
	var texts []styled
	for _, between := range []string{",", ", ", " ", "\n"} {
		texts = append(texts, write(written, between))
	}
	return newVariant(variantDecimal, value, group(strings.Join(written, `[\s,;]+`)), &spelling{units: units, joint: decimalJoint()}, texts, 8*len(value)+200, priorityBytes)
}

// utf16Variant is text in UTF-16 of either order in the middle of other bytes; the engine decodes whole files.
func utf16Variant(value string) variant {
	written := strings.Split(value, "")
	pattern := joinUnits(value, plainUnit, `\x00`)
	return newVariant(variantUTF16, value, group(pattern+`\x00?`), &spelling{units: characters(value), joint: zeroJoint()}, []styled{write(written, "\x00")}, 2*len(value)+2, priorityBytes)
}

// wide is text in UTF-16, the low byte first.
func wide(s string) string {
	b := make([]byte, 0, 2*len(s))
	for _, c := range utf16.Encode([]rune(s)) {
		b = append(b, byte(c), byte(c>>8))
	}
	return string(b)
}

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 })
}

func reverse(s string) string {
	runes := []rune(s)
	slices.Reverse(runes)
	return string(runes)
}

func group(pattern string) string { return "(" + pattern + ")" }

// Anchors are so long at most and so many for each text: apart from each other, so that one is left where a text is split.
const (
	anchorLength = 12
	anchorsEach  = 4
	anchorLeast  = 6
	// anchorShort is how short they may be where a text is too short for two others, in bytes.
	anchorShort = 4
)

// anchorsOf returns literals one of which stands in whatever holds one of the texts, whole or split in few places, and where in a
// text each of them is.
func anchorsOf(texts []styled) ([]string, map[string][]anchorPlace) {
	v := variant{places: map[string][]anchorPlace{}}
	for _, s := range texts {
		t := s.text
		n := min(anchorsEach, len(t)/anchorLeast)
		if n < 2 {
			n = max(1, len(t)/anchorShort)
		}
		var own []span
		for i := range n {
			lo, hi := i*len(t)/n, (i+1)*len(t)/n
			if hi-lo > anchorLength {
				lo += (hi - lo - anchorLength) / 2
			}
			own = append(own, span{lo, min(hi, lo+anchorLength)})
		}
		// What looks like words stands in many places, and each costs a closer look.
		rare := slices.DeleteFunc(slices.Clone(own), func(a span) bool { return wordy(t[a.lo:a.hi]) })
		if 2*len(rare) >= len(own) {
			own = rare
		}
		for _, a := range own {
			v.addAnchor(t[a.lo:a.hi], s.placeOf(a))
		}
	}
	return v.rule.Anchors, v.places
}

// span is a half-open range of bytes.
type span struct{ lo, hi int }

// placeOf returns where an anchor is in the units of a text.
func (s *styled) placeOf(a span) anchorPlace {
	i, _ := slices.BinarySearch(s.at, a.lo)
	switch {
	case i < len(s.at) && s.at[i] <= a.hi:
		return anchorPlace{i, s.at[i] - a.lo}
	case i == len(s.at) && len(s.text) <= a.hi:
		return anchorPlace{i, a.hi - a.lo}
	default:
		return anchorPlace{-1, 0}
	}
}

func wordy(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r < ' ' || r >= 0x7f })
}
