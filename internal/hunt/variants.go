package hunt

import (
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

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
	variantHex      = "hex"
	variantDecimal  = "decimal"
	variantUTF16    = "utf-16"
	variantReversed = "reversed"
	variantFirst    = "first half"
	variantSecond   = "second half"
	variantHint     = "hint"
)

func isPart(how string) bool { return how == variantFirst || how == variantSecond }

// Which of two variants is kept that were found in one place: the higher.
const (
	priorityText     = 90
	priorityBytes    = 80
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
	texts []string
}

// newVariant makes the rule of a pattern. texts are what the anchors are taken from, most how long a match can be.
func newVariant(how, value, pattern string, texts []string, most, priority int) variant {
	confidence := rules.Certain
	if isPart(how) {
		confidence = rules.MediumConfidence
	}
	return variant{how, value, rules.Rule{
		Provider: RuleID, Title: "Known secret", Severity: rules.Critical, Confidence: confidence, Known: true,
		Anchors: anchorsOf(texts), Pattern: pattern, MaxLength: most, Priority: priority,
		Checks: rules.Checks{AllowPlaceholders: true},
	}, texts}
}

// variants returns every way in which a value is looked for.
func variants(f form) []variant {
	list := []variant{textVariant(f.text)}
	for offset := range 3 {
		if v, ok := base64Variant(variantBase64, f.bytes, offset); ok {
			list = append(list, v)
		}
		if v, ok := base64Variant(variantWide64, wide(f.bytes), offset); ok && ascii(f.bytes) {
			list = append(list, v)
		}
	}
	list = append(list, hexVariant(f.bytes), decimalVariant(f.bytes))
	if ascii(f.text) {
		list = append(list, utf16Variant(f.text))
	}
	back := reverse(f.text)
	if back != f.text {
		list = append(list, newVariant(variantReversed, f.text, group(joinUnits(back, plainUnit, betweenLines)), []string{back}, 3*len(back)+400, priorityReversed))
	}
	return append(list, halves(f.text)...)
}

// halves are the two halves of a token, for one that is put together of two parts anywhere: one of the parts has a half, or more.
func halves(text string) []variant {
	runes := []rune(text)
	middle := len(runes) / 2
	first, second := string(runes[:middle]), string(runes[middle:])
	var list []variant
	if tokenLike(first) {
		list = append(list, newVariant(variantFirst, text, group(quote(first)+goesOn(second)), []string{first}, len(text)+2, priorityHalf))
		list = append(list, reversedHalf(variantFirst, text, first))
	}
	if tokenLike(second) {
		list = append(list, newVariant(variantSecond, text, group(comesFrom(first)+quote(second)), []string{second}, len(text)+2, priorityHalf))
		list = append(list, reversedHalf(variantSecond, text, second))
	}
	return list
}

func reversedHalf(how, text, half string) variant {
	back := reverse(half)
	return newVariant(how, text, group(quote(back)), []string{back}, len(back)+2, priorityHalf-1)
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
func base64Variant(how, value string, offset int) (variant, bool) {
	all := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("\x00", offset) + value))
	from := (offset*8 + 5) / 6
	to := (offset + len(value)) * 8 / 6
	if to-from < MinLength {
		return variant{}, false
	}
	std := all[from:to]
	url := strings.NewReplacer("+", "-", "/", "_").Replace(std)
	texts := []string{std, url, strings.ReplaceAll(std, "/", `\/`), strings.NewReplacer("+", "%2B", "/", "%2F").Replace(std),
		strings.NewReplacer("+", "%2b", "/", "%2f").Replace(std), strings.ReplaceAll(std, "+", `\u002b`)}
	pattern := joinUnits(std, base64Unit, betweenLines)
	// The characters beside it have some of its bits.
	pattern = group(`[A-Za-z0-9+/_-]?` + pattern + `[A-Za-z0-9+/_-]?`)
	return newVariant(how, value, pattern, texts, 3*len(std)+300, priorityBytes), true
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

// hexVariant is a value as hexadecimal digits, in a row or byte by byte.
func hexVariant(value string) variant {
	units := make([]string, len(value))
	for i := range units {
		units[i] = hex.EncodeToString([]byte{value[i]})
	}
	texts := []string{strings.Join(units, "")}
	for _, between := range []string{":", " ", "-", `\x`, "0x, ", ",0x", ", 0x", "%"} {
		texts = append(texts, strings.Join(units, between))
	}
	pattern := `((?i:` + strings.Join(units, `[\s:,;_\\"'+-]*(?:0?x|%)?`) + `))`
	v := newVariant(variantHex, value, pattern, texts, 7*len(value)+200, priorityBytes)
	v.rule.Fold = true
	for _, t := range texts[:1] {
		v.texts = append(v.texts, strings.ToUpper(t))
	}
	return v
}

// decimalVariant is a value as a list of numbers.
func decimalVariant(value string) variant {
	units := make([]string, len(value))
	for i := range units {
		units[i] = strconv.Itoa(int(value[i]))
	}
	var texts []string
	for _, between := range []string{",", ", ", " ", "\n"} {
		texts = append(texts, strings.Join(units, between))
	}
	return newVariant(variantDecimal, value, group(strings.Join(units, `[\s,;]+`)), texts, 8*len(value)+200, priorityBytes)
}

// utf16Variant is text in UTF-16 of either order in the middle of other bytes; the engine decodes whole files.
func utf16Variant(value string) variant {
	units := make([]string, len(value))
	for i := range units {
		units[i] = quote(value[i : i+1])
	}
	text := wide(value)
	return newVariant(variantUTF16, value, group(strings.Join(units, `\x00`)+`\x00?`), []string{text[:len(text)-1]}, 2*len(value)+2, priorityBytes)
}

// wide is ASCII text in UTF-16, the low byte first.
func wide(s string) string {
	b := make([]byte, 0, 2*len(s))
	for i := range len(s) {
		b = append(b, s[i], 0)
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

// anchorsOf returns literals one of which stands in whatever holds one of the texts, whole or split in few places.
func anchorsOf(texts []string) []string {
	var list []string
	for _, t := range texts {
		n := min(anchorsEach, len(t)/anchorLeast)
		if n < 2 {
			n = max(1, len(t)/anchorShort)
		}
		var own []string
		for i := range n {
			lo, hi := i*len(t)/n, (i+1)*len(t)/n
			if hi-lo > anchorLength {
				lo += (hi - lo - anchorLength) / 2
			}
			own = append(own, t[lo:min(hi, lo+anchorLength)])
		}
		// What looks like words stands in many places, and each costs a closer look.
		rare := slices.DeleteFunc(slices.Clone(own), wordy)
		if 2*len(rare) >= len(own) {
			own = rare
		}
		for _, a := range own {
			if !slices.Contains(list, a) {
				list = append(list, a)
			}
		}
	}
	return list
}

func wordy(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r < ' ' || r >= 0x7f })
}
