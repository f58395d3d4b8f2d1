package decode

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"html"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"
)

const tokenChars = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"

func randomToken(rnd *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = tokenChars[rnd.IntN(len(tokenChars))]
	}
	return string(b)
}

// holder returns a view that holds want, made by the given steps where there are any, and where in it want stands.
func holder(views []View, want string, steps ...string) (*View, int) {
	for i := range views {
		if at := bytes.Index(views[i].Data, []byte(want)); at >= 0 && (len(steps) == 0 || slices.Equal(views[i].Steps, steps)) {
			return &views[i], at
		}
	}
	return nil, -1
}

func describe(views []View) string {
	var b strings.Builder
	for _, v := range views {
		fmt.Fprintf(&b, "%v %.120q\n", v.Steps, v.Data)
	}
	return b.String()
}

func TestWhatIsSeen(t *testing.T) {
	secret := "s3cr3t-of-" + strings.Repeat("ab0", 6)
	std := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	rawURL := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	wrap := func(s string, n int, indent string) string {
		var b strings.Builder
		for ; len(s) > n; s = s[n:] {
			b.WriteString(s[:n] + "\n" + indent)
		}
		return b.String() + s
	}
	long := "first line of a longer text\npassword: " + secret + "\nand a last line of it~~~???>>>\n"
	percentAll := func(s string) string {
		var b strings.Builder
		for _, c := range []byte(s) {
			fmt.Fprintf(&b, "%%%02X", c)
		}
		return b.String()
	}
	for name, c := range map[string]struct {
		in    string
		want  string
		steps []string
	}{
		"base64":                 {"auth: " + std(secret) + "\n", secret, []string{"base64"}},
		"base64 url":             {"x=" + rawURL("???>>>~~~"+secret), secret, []string{"base64"}},
		"both alphabets":         {rawURL("???>>>~~~") + strings.TrimRight(std("~~~???>>>"+secret), "="), secret, []string{"base64"}},
		"after a word":           {"key_" + std(secret), secret, []string{"base64"}},
		"after a path":           {"path/" + std(secret+secret), secret, []string{"base64"}},
		"after a prefix":         {"ABSK" + std(secret), secret, []string{"base64"}},
		"mime":                   {wrap(std(long+long), 76, ""), long, []string{"base64"}},
		"pem width, crlf":        {strings.ReplaceAll(wrap(std(long), 64, ""), "\n", "\r\n"), long, []string{"base64"}},
		"odd width":              {wrap(std(long), 37, "    "), long, []string{"base64"}},
		"yaml block":             {"data:\n  k: |\n    " + wrap(std(long), 60, "    ") + "\n  other: x\n", long, []string{"base64"}},
		"yaml folded":            {"data:\n  k: " + wrap(std(long), 40, "    ") + "\n  other: x\n", long, []string{"base64"}},
		"list of base64":         {std(secret) + "\n" + std(secret+"+") + "\n" + std(secret+"++"), secret + "++", nil},
		"in binary":              {std("\x08\x01\x12\xff\xfe" + secret + "\x80\x81\x82" + strings.Repeat("\xff", 99)), secret, []string{"base64"}},
		"utf-16 in base64":       {"powershell -EncodedCommand " + std(utf16LE("$p = '"+secret+"'")), secret, []string{"base64", "utf-16"}},
		"base64 twice":           {std(std(secret)), secret, []string{"base64", "base64"}},
		"base64 thrice":          {std(std(std(secret))), secret, []string{"base64", "base64", "base64"}},
		"percent":                {"token=abc%2Bdef%2F" + secret + "%3D\n", "token=abc+def/" + secret + "=", []string{"percent"}},
		"percent in front":       {"?a%3D" + secret, "?a=" + secret, []string{"percent"}},
		"percent twice":          {"%2541%2542" + secret, "AB" + secret, []string{"percent", "percent"}},
		"every byte percent":     {percentAll(secret), secret, []string{"percent"}},
		"percent of base64":      {url.QueryEscape(std(long)), long, []string{"percent", "base64"}},
		"json unicode":           {`{"k":"abc\u002bdef\u003d` + secret + `"}`, "abc+def=" + secret, []string{"escape"}},
		"json slash":             {`{"k":"abc\/def\/` + secret + `"}`, "abc/def/" + secret, []string{"escape"}},
		"json newline":           {`{"k":"A\n` + secret + `\n"}`, "A\n" + secret + "\n", []string{"escape"}},
		"json in json":           {`{"k":"{\"token\":\"` + secret + `\"}"}`, `{"token":"` + secret + `"}`, []string{"escape"}},
		"json in json in json":   {`"{\"k\":\"{\\\"token\\\":\\\"` + secret + `\\\"}\"}"`, `{"token":"` + secret + `"}`, []string{"escape", "escape"}},
		"x escapes":              {`"\x41\x42` + secret + `"`, "AB" + secret, []string{"escape"}},
		"braces":                 {`'\u{41}\u{000042}` + secret, "AB" + secret, []string{"escape"}},
		"surrogates":             {`"\ud83d\ude00\u0041` + secret, "\U0001F600A" + secret, []string{"escape"}},
		"escaped backslash":      {`"C:\\dir\\name\/` + secret, `C:\dir\name/` + secret, []string{"escape"}},
		"base64 with json slash": {`"` + strings.ReplaceAll(std("???>>>???"+long), "/", `\/`) + `"`, long, []string{"escape", "base64"}},
		"base64 lines in json":   {`"` + strings.ReplaceAll(wrap(std(long), 64, ""), "\n", `\n`) + `"`, long, []string{"escape", "base64"}},
		"entities":               {"<a>k&#61;&quot;abc&#43;def&#x2b;" + secret + "&quot;</a>", `k="abc+def+` + secret + `"`, []string{"entity"}},
		"amp":                    {"?sv=1&amp;sig=" + secret, "?sv=1&sig=" + secret, []string{"entity"}},
		"entity of an entity":    {"k=&amp;quot;" + secret + "&amp;quot;", `"` + secret + `"`, []string{"entity", "entity"}},
		"two kinds in one token": {`k=abc%2Bdef\/ghi` + secret, "abc+def/ghi" + secret, []string{"percent", "escape"}},
		"three kinds":            {`k=&#43;abc%2Bdef\/ghi` + secret, "+abc+def/ghi" + secret, []string{"percent", "escape", "entity"}},
		"html of base64":         {html.EscapeString("'" + std(secret+secret) + "'"), secret + secret, []string{"base64"}},
		"hex":                    {"xxd: " + hex.EncodeToString([]byte(secret)), secret, []string{"hex"}},
		"hex in lines":           {wrap(hex.EncodeToString([]byte(long)), 61, ""), long, []string{"hex"}},
	} {
		t.Run(name, func(t *testing.T) {
			views, truncated := Views([]byte(c.in), Options{})
			if v, _ := holder(views, c.want, c.steps...); v == nil {
				t.Errorf("not seen by %v; views:\n%s", c.steps, describe(views))
			}
			if truncated {
				t.Error("truncated")
			}
		})
	}
}

func TestWhatIsLeftAlone(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 3000)
	for i := range noise {
		noise[i] = byte(rnd.Uint32())
	}
	for name, in := range map[string]string{
		"words": strings.Repeat("some ordinary text without anything in it, and internal/decode/paths/of_long_names\n", 50),
		"code":  "if (a && b) { printf(\"%d %s\\n\", x, y); } // \\d+ \\w+ 100% of it\n",
		"sums":  strings.Repeat("0123456789abcdef0123456789abcdef01234567\n", 5),
		"gzip":  base64.StdEncoding.EncodeToString(append([]byte("\x1f\x8b\x08\x00"), noise...)),
		"empty": "",
	} {
		if views, truncated := Views([]byte(in), Options{}); len(views) != 0 || truncated {
			t.Errorf("%s: truncated %v, views:\n%s", name, truncated, describe(views))
		}
	}
}

// encoding is one way to write a text.
type encoding struct {
	name   string
	encode func(rnd *rand.Rand, s string) string
}

func encodings() []encoding {
	// some escapes a part of the characters, always the first, so that there is something to undo, and always the mark.
	some := func(rnd *rand.Rand, s string, mark byte, esc func(c byte) string) string {
		var b strings.Builder
		for i := range len(s) {
			if i == 0 || s[i] == mark || rnd.IntN(4) == 0 {
				b.WriteString(esc(s[i]))
			} else {
				b.WriteByte(s[i])
			}
		}
		return b.String()
	}
	encs := []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding}
	return []encoding{
		{"base64", func(rnd *rand.Rand, s string) string { return encs[rnd.IntN(len(encs))].EncodeToString([]byte(s)) }},
		{"hex", func(_ *rand.Rand, s string) string { return hex.EncodeToString([]byte(s)) }},
		{"percent", func(rnd *rand.Rand, s string) string {
			return some(rnd, s, '%', func(c byte) string { return fmt.Sprintf("%%%02x", c) })
		}},
		{"escape", func(rnd *rand.Rand, s string) string {
			return some(rnd, s, '\\', func(c byte) string { return fmt.Sprintf([]string{`\u%04x`, `\x%02x`, `\u{%x}`}[rnd.IntN(3)], c) })
		}},
		{"entity", func(rnd *rand.Rand, s string) string {
			return some(rnd, s, '&', func(c byte) string { return fmt.Sprintf([]string{"&#%d;", "&#x%x;", "&#X%04X;"}[rnd.IntN(3)], c) })
		}},
	}
}

// Whatever text is encoded, however deep, wherever it stands: a view shows it, and leads back to exactly the bytes that
// were written for it.
func TestEncodedTextIsSeenAndFound(t *testing.T) {
	surroundings := []string{"", "\n", "key: ", "a \"quoted\" ", "x = ", "line one\n  line two: ", "<td>", "\x00\xff\xfe", "(", "%", "&", "/* é */ "}
	for seed := range uint64(3000) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		secret := randomToken(rnd, 20+rnd.IntN(60))
		written, names := secret, []string{}
		all := encodings()
		for range 1 + rnd.IntN(3) {
			e := all[rnd.IntN(len(all))]
			written = e.encode(rnd, written)
			names = append([]string{e.name}, names...)
		}
		before := surroundings[rnd.IntN(len(surroundings))]
		if rnd.IntN(2) == 0 {
			before = randomToken(rnd, rnd.IntN(40)) + " " + before
		}
		after := []string{"", "\n", " ", "\"", "\r\n", ", ", "</td>"}[rnd.IntN(7)] + "and so on"
		if last := before + " "; is(last[max(0, len(before)-1)], alphabet) {
			before += " "
		}
		if strings.HasSuffix(after, "and so on") && len(after) == len("and so on") {
			after = ""
		}
		input := before + written + after
		views, truncated := Views([]byte(input), Options{MaxOutput: 1 << 20})
		found := ""
		for i := range views {
			// More than one view may show it: "%34" ends in the very character that it stands for.
			if at := bytes.Index(views[i].Data, []byte(secret)); at >= 0 && found != "exactly" {
				found = "elsewhere"
				if lo, hi := views[i].Source(at, at+len(secret)); lo == len(before) && hi == len(before)+len(written) {
					found = "exactly"
				}
			}
		}
		if found != "exactly" {
			t.Fatalf("seed %d: %v of %q in %q is found %s (truncated %v); views:\n%s", seed, names, secret, input, found, truncated, describe(views))
		}
	}
}

// Base64 says where each byte came from to the group, whatever stands before the text and however it is wrapped.
func TestSourceOfPartsOfBase64(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		text := randomToken(rnd, 30+rnd.IntN(200))
		encoded := base64.StdEncoding.EncodeToString([]byte(text))
		width := 20 + rnd.IntN(60)
		indent := strings.Repeat(" ", rnd.IntN(5))
		input, pos := "k:\n"+indent, []int{}
		for i := range len(encoded) {
			if i > 0 && i%width == 0 && encoded[i] != '=' {
				input += "\n" + indent
			}
			pos = append(pos, len(input))
			input += encoded[i : i+1]
		}
		input += "\n"
		views, _ := Views([]byte(input), Options{})
		v, at := holder(views, text)
		if v == nil {
			t.Fatalf("%q is not seen; views:\n%s", input, describe(views))
		}
		lo := rnd.IntN(len(text))
		hi := lo + 1 + rnd.IntN(len(text)-lo)
		gotLo, gotHi := v.Source(at+lo, at+hi)
		wantLo, wantHi := pos[lo/3*4], pos[(hi-1)/3*4+3]+1
		if gotLo != wantLo || gotHi != wantHi {
			t.Fatalf("[%d,%d) of %q: [%d,%d), want [%d,%d)", lo, hi, input, gotLo, gotHi, wantLo, wantHi)
		}
	}
}
