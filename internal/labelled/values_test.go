package labelled

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

const (
	digits       = "0123456789"
	lowerLetters = "abcdefghijklmnopqrstuvwxyz"
	upperLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	letters      = lowerLetters + upperLetters
)

var alphabets = map[string]string{
	"hex": digits + "abcdef", "HEX": digits + "ABCDEF", "lower": lowerLetters, "upper": upperLetters, "digits": digits,
	"alnum": letters + digits, "lowalnum": lowerLetters + digits, "upalnum": upperLetters + digits,
	"b32": upperLetters + "234567", "letters": letters, "b64": letters + digits + "+/", "b64url": letters + digits + "-_",
}

func (f *filler) chars(alphabet string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[f.rnd.IntN(len(alphabet))]
	}
	return string(b)
}

// mixed returns characters of which, if the alphabet has both, at least one is a digit and one a letter: what a generator
// of keys returns at such lengths almost always.
func (f *filler) mixed(alphabet string, n int) string {
	both := strings.ContainsAny(alphabet, digits) && strings.ContainsAny(alphabet, letters)
	for {
		s := f.chars(alphabet, n)
		if !both || strings.ContainsAny(s, digits) && strings.ContainsAny(s, letters) {
			return s
		}
	}
}

func (f *filler) base64(bytes int) string {
	b := make([]byte, bytes)
	for i := range b {
		b[i] = byte(f.rnd.IntN(256))
	}
	return base64.StdEncoding.EncodeToString(b)
}

func (f *filler) uuid() string {
	h := f.chars(alphabets["hex"], 30)
	return h[:8] + "-" + h[8:12] + "-4" + h[12:15] + "-" + f.chars("89ab", 1) + h[15:18] + "-" + h[18:30]
}

func (f *filler) jwt() string {
	enc := base64.RawURLEncoding
	alg := pick(f.rnd, []string{"HS256", "RS256", "ES256"})
	user := pick(f.rnd, f.g.words["user"][f.half])
	payload := fmt.Sprintf(`{"sub":"%s","iat":%d,"iss":"%s"}`, user, 1500000000+f.rnd.IntN(200000000), f.chars(lowerLetters, 8))
	return enc.EncodeToString([]byte(`{"alg":"`+alg+`","typ":"JWT"}`)) + "." + enc.EncodeToString([]byte(payload)) + "." +
		f.chars(alphabets["b64url"], 43)
}

func (f *filler) site() string {
	var b strings.Builder
	for range 2 + f.rnd.IntN(2) {
		b.WriteString(f.chars("bcdfghklmnprstvz", 1) + f.chars("aeiou", 1) + pick(f.rnd, []string{"", "", "n", "r", "l", "x"}))
	}
	return b.String() + pick(f.rnd, []string{".com", ".com", ".net", ".io", ".de", ".org", ".co.uk", ".fr", ".dev"})
}

// newValue makes a credential of the sample's kind.
func (f *filler) newValue(symbols string) string {
	kind, sort, chosen := strings.Cut(f.kind, ":")
	if !chosen {
		sort = pick(f.rnd, map[string][]string{
			"password": {"strong", "strong", "medium", "medium", "weak"},
			"secret":   {"hex", "alnum", "alnum", "base64", "base64url", "strong", "uuid", "phrase"},
			"token":    {"alnum", "alnum", "hex", "base64url", "base64url", "prefixed", "uuid", "jwt"},
			"apikey":   {"hex", "alnum", "alnum", "lowalnum", "upalnum", "prefixed", "uuid", "base64"},
			"key":      {"hex", "hex", "base64", "base64", "alnum", "strong"},
			"known":    {"known"},
		}[kind])
	}
	if symbols != "!@#%^*-_=+.?~&!@" && sort == "base64" && symbols == "" {
		sort = "alnum"
	}
	if symbols == "" && (sort == "base64url" || sort == "prefixed" || sort == "phrase" || sort == "jwt") {
		sort = "alnum"
	}
	switch sort {
	case "strong":
		return f.strong(symbols)
	case "medium":
		return f.medium(symbols)
	case "weak":
		return f.weak()
	case "word":
		return f.scrambled(pick(f.rnd, f.g.words["weak"][f.half]), 3)
	case "phrase":
		return f.phrase()
	default:
		return f.generated(sort)
	}
}

// generated makes what programs make for their users.
func (f *filler) generated(sort string) string {
	switch sort {
	case "hex":
		return f.mixed(alphabets["hex"], pick(f.rnd, []int{24, 32, 32, 40, 48, 64}))
	case "base64":
		return f.base64(pick(f.rnd, []int{18, 24, 32, 32, 48, 64}))
	case "base64url":
		return f.mixed(alphabets["b64url"], pick(f.rnd, []int{22, 27, 32, 43, 43, 64}))
	case "lowalnum":
		return f.mixed(alphabets["lowalnum"], 20+f.rnd.IntN(21))
	case "upalnum":
		return f.mixed(alphabets["upalnum"], 16+f.rnd.IntN(17))
	case "uuid":
		return f.uuid()
	case "jwt":
		return f.jwt()
	case "prefixed":
		return pick(f.rnd, f.g.words["prefixes"][f.half]) + f.mixed(alphabets["alnum"], 20+f.rnd.IntN(21))
	case "known":
		return f.known()
	default:
		return f.mixed(alphabets["alnum"], 18+f.rnd.IntN(31))
	}
}

// known makes a token of a provider that everybody knows, as somebody who writes a test would: without its checksum.
func (f *filler) known() string {
	var b strings.Builder
	for _, part := range strings.Fields(pick(f.rnd, f.g.words["known-prefixes"][f.half])) {
		alphabet, length, drawn := strings.Cut(part, ":")
		if n, err := strconv.Atoi(length); drawn && err == nil { // TestShapes looks at every entry
			part = f.mixed(alphabets[alphabet], n)
		}
		b.WriteString(part)
	}
	return b.String()
}

// strong makes what a password manager would.
func (f *filler) strong(symbols string) string {
	for {
		s := f.chars(letters+digits+symbols+symbols, 10+f.rnd.IntN(11))
		classes := 0
		for _, class := range []string{lowerLetters, upperLetters, digits} {
			if strings.ContainsAny(s, class) {
				classes++
			}
		}
		if classes == 3 && strings.ContainsAny(s[:1], letters) && strings.ContainsAny(s[len(s)-1:], letters+digits) {
			return s
		}
	}
}

// medium makes what people make who must have a digit, a capital and a symbol.
func (f *filler) medium(symbols string) string {
	word := f.scrambled(pick(f.rnd, f.g.words["weak"][f.half]), 3)
	title := strings.ToUpper(word[:1]) + word[1:]
	symbol := ""
	if symbols != "" {
		symbol = string(pick(f.rnd, []rune(strings.Trim(symbols, "#%^&=?~"))))
	}
	year := fmt.Sprint(1985 + f.rnd.IntN(41))
	switch f.rnd.IntN(6) {
	case 0:
		return title + year + symbol
	case 1:
		return title + symbol + f.chars(digits, 2+f.rnd.IntN(3))
	case 2:
		return strings.NewReplacer("a", "4", "e", "3", "o", "0", "i", "1", "s", "5").Replace(title) + symbol + f.chars(digits, 2)
	case 3:
		other := f.scrambled(pick(f.rnd, f.g.words["weak"][f.half]), 3)
		return title + strings.ToUpper(other[:1]) + other[1:] + f.chars(digits, 1+f.rnd.IntN(3))
	case 4:
		return word + symbol + year
	default:
		return strings.ToUpper(word) + symbol + f.chars(digits, 3)
	}
}

// weak makes a word in lower case and a few digits.
func (f *filler) weak() string {
	word := f.scrambled(pick(f.rnd, f.g.words["weak"][f.half]), 3)
	if f.rnd.IntN(5) == 0 {
		return f.chars(digits, 1+f.rnd.IntN(2)) + word
	}
	return word + f.chars(digits, 1+f.rnd.IntN(4))
}

// phrase makes the secret of somebody who had to think of one.
func (f *filler) phrase() string {
	sep := pick(f.rnd, []string{"-", "_", ""})
	var parts []string
	for range 3 + f.rnd.IntN(2) {
		w := pick(f.rnd, f.g.words["weak"][f.half])
		if sep == "" {
			w = strings.ToUpper(w[:1]) + w[1:]
		}
		parts = append(parts, w)
	}
	return strings.Join(parts, sep) + sep + f.chars(digits, 1+f.rnd.IntN(4))
}

// scrambled replaces, once in so many times, every letter of a word by another one: those who publish labelled material do
// the same to what they found, so that its class and length remain and the password does not.
func (f *filler) scrambled(word string, once int) string {
	if f.rnd.IntN(once) > 0 {
		return word
	}
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsLower(r):
			return rune(lowerLetters[f.rnd.IntN(26)])
		case unicode.IsUpper(r):
			return rune(upperLetters[f.rnd.IntN(26)])
		case unicode.IsDigit(r):
			return rune(digits[f.rnd.IntN(10)])
		default:
			return r
		}
	}, word)
}
