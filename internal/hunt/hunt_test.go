package hunt

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"encoding/xml"
	"fmt"
	"html"
	"math/rand/v2"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/skant-dev/skant/scanner"
)

// one is a source of one text.
type one string

func (s one) Walk(_ context.Context, _ *scanner.Recorder, visit func(*scanner.Chunk) error) error {
	return visit(&scanner.Chunk{Data: []byte(s), Location: scanner.Location{Kind: scanner.KindFile, Path: "a.txt"}})
}

// hunter looks for values and hints.
type hunter struct {
	hunt   *Hunt
	engine *scanner.Scanner
}

func newHunter(t testing.TB, hints []string, values ...string) *hunter {
	t.Helper()
	known, err := Read([]byte(strings.Join(values, "\x00")), true)
	if err != nil {
		t.Fatal(err)
	}
	var hs []Hint
	for _, h := range hints {
		one, err := ParseHint(h)
		if err != nil {
			t.Fatal(err)
		}
		hs = append(hs, one)
	}
	h, err := New(known, hs)
	if err != nil {
		t.Fatal(err)
	}
	s, err := scanner.New(h.Rules(), scanner.Options{Known: h})
	if err != nil {
		t.Fatal(err)
	}
	return &hunter{h, s}
}

func (h *hunter) seek(t testing.TB, text string) []scanner.Finding {
	t.Helper()
	res, err := h.engine.Scan(context.Background(), one(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	h.hunt.Settle(h.engine, res.Findings)
	return res.Findings
}

// shows fails if a finding has a piece of a value in any way.
func shows(t testing.TB, fs []scanner.Finding, value string) {
	t.Helper()
	for i := range fs {
		f := &fs[i]
		text, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		all := string(text) + fmt.Sprintf("%v %+v %#v", f, f, f)
		for j := 0; j+gram <= len(value); j++ {
			if strings.Contains(all, value[j:j+gram]) {
				t.Errorf("a finding shows a piece of the value from %d on", j)
				return
			}
		}
		if f.Secret.Known() {
			t.Error("a finding still has the value")
		}
	}
}

const alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

func random(r *rand.Rand, n int, from string) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = from[r.IntN(len(from))]
	}
	return string(b)
}

// values are secrets of every shape, made anew from the source of numbers.
func values(r *rand.Rand) map[string]string {
	raw := make([]byte, 700)
	for i := range raw {
		raw[i] = byte(r.IntN(256))
	}
	return map[string]string{
		"token":     "tok_" + random(r, 40, alphabet+"-_"),
		"short":     random(r, 9, alphabet),
		"long":      "sk-" + random(r, 105, alphabet+"-_"),
		"password":  "p" + random(r, 16, alphabet+`!"#$%&'()*+,-./:;<=>?@[\]^_{|}~`) + "&</",
		"address":   "post" + "gres://" + random(r, 6, alphabet) + ":" + random(r, 14, alphabet) + "@db.internal:5432/app",
		"base64":    base64.StdEncoding.EncodeToString(raw[:45]) + "/+",
		"very long": random(r, 900, alphabet),
		"key":       strings.TrimSpace(string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE" + " KEY", Bytes: raw}))),
		"small key": strings.TrimSpace(string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE" + " KEY", Bytes: raw[:121]}))),
	}
}

type writer struct {
	name string
	// write returns how a program would write the value, or "" where it cannot.
	write func(r *rand.Rand, v string) string
	// how are the variants of which one is to be said.
	how []string
	// filled says that there is more in it than the value.
	filled bool
}

func encoders() []writer {
	jsonOf := func(v string, escape bool) string {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(escape)
		if e.Encode(v) != nil {
			return ""
		}
		return strings.TrimSpace(b.String())
	}
	each := func(format string) func(*rand.Rand, string) string {
		return func(_ *rand.Rand, v string) string {
			var b strings.Builder
			for i := range len(v) {
				fmt.Fprintf(&b, format, v[i])
			}
			return b.String()
		}
	}
	list := []writer{
		{"plain", func(_ *rand.Rand, v string) string { return v }, []string{"plain"}, false},
		{"json", func(_ *rand.Rand, v string) string { return `{"k":` + jsonOf(v, false) + `}` }, []string{"plain", "escape", "split"}, false},
		{"json html", func(_ *rand.Rand, v string) string { return `{"k":` + jsonOf(v, true) + `}` }, []string{"plain", "escape", "split"}, false},
		{"json slashes", func(_ *rand.Rand, v string) string { return strings.ReplaceAll(jsonOf(v, false), "/", `\/`) }, []string{"plain", "escape", "split"}, false},
		{"json twice", func(_ *rand.Rand, v string) string { return jsonOf(jsonOf(v, false), false) }, []string{"plain", "escape", "split"}, false},
		{"json codes", each(`\u%04x`), []string{"escape"}, false}, {"JSON codes", each(`\u%04X`), []string{"escape"}, false},
		{"octal", each(`\%03o`), []string{"escape"}, false}, {"x", each(`\x%02x`), []string{"escape", "hex"}, false}, {"X", each(`\x%02X`), []string{"escape", "hex"}, false},
		{"query", func(_ *rand.Rand, v string) string { return "a=1&k=" + url.QueryEscape(v) + "&b=2" }, []string{"plain", "percent"}, false},
		{"path", func(_ *rand.Rand, v string) string { return "/a/" + url.PathEscape(v) + "/b" }, []string{"plain", "percent"}, false},
		{"lower query", func(_ *rand.Rand, v string) string {
			return regexp.MustCompile("%[0-9A-F]{2}").ReplaceAllStringFunc(url.QueryEscape(v), strings.ToLower)
		}, []string{"plain", "percent"}, false},
		{"percent", each("%%%02X"), []string{"percent", "hex"}, false}, {"Percent", each("%%%02x"), []string{"percent", "hex"}, false},
		{"entities", each("&#%d;"), []string{"entity"}, false}, {"Entities", each("&#x%x;"), []string{"entity"}, false},
		{"html", func(_ *rand.Rand, v string) string { return "<b>" + html.EscapeString(v) + "</b>" }, []string{"plain", "entity", "split"}, false},
		{"xml", func(_ *rand.Rand, v string) string {
			var b strings.Builder
			_ = xml.EscapeText(&b, []byte(v))
			return b.String()
		}, []string{"plain", "entity", "split"}, false},
		{"hex", func(_ *rand.Rand, v string) string { return hex.EncodeToString([]byte(v)) }, []string{"hex"}, false},
		{"HEX", func(_ *rand.Rand, v string) string { return strings.ToUpper(hex.EncodeToString([]byte(v))) }, []string{"hex"}, false},
		{"colons", each("%02x:"), []string{"hex"}, false}, {"bytes", each("0x%02x, "), []string{"hex"}, false}, {"Bytes", each("0x%02X,"), []string{"hex"}, false},
		{"numbers", each("%d, "), []string{"decimal"}, false}, {"list", each("%d,"), []string{"decimal"}, false},
		{"reversed", func(_ *rand.Rand, v string) string { return reverse(v) }, []string{"reversed", "reversed+base64"}, false},
		{"shell", func(_ *rand.Rand, v string) string {
			return regexp.MustCompile(`[^A-Za-z0-9\n]`).ReplaceAllString(v, `\$0`)
		}, []string{"plain", "escape", "split"}, false},
		{"utf-16 le", func(_ *rand.Rand, v string) string {
			return "\x01\x02\x03\xff\xfe\xfd\x80" + wideOf(v, false) + "\xff\x01\x02"
		}, []string{"utf-16", "plain"}, false},
		{"utf-16 be", func(_ *rand.Rand, v string) string {
			return "\x01\x02\x03\xff\xfe\xfd\x80" + wideOf(v, true) + "\xff\x01\x02"
		}, []string{"utf-16", "plain"}, false},
		{"gzip", func(_ *rand.Rand, v string) string {
			var b bytes.Buffer
			z := gzip.NewWriter(&b)
			_, _ = z.Write([]byte("k=" + v + "\n"))
			_ = z.Close()
			return base64.StdEncoding.EncodeToString(b.Bytes())
		}, []string{"base64+gzip"}, false},
		{"powershell", func(_ *rand.Rand, v string) string {
			return base64.StdEncoding.EncodeToString([]byte(wideOf("k "+v, false)))
		},
			[]string{"base64+utf-16"}, false},
	}
	list = append(list, dumps()...)
	for offset := range 5 {
		for name, e := range map[string]*base32.Encoding{"padded": base32.StdEncoding, "raw": base32.StdEncoding.WithPadding(base32.NoPadding)} {
			text := func(r *rand.Rand, v string) string {
				return e.EncodeToString([]byte(random(r, offset, alphabet) + v + random(r, r.IntN(6), alphabet)))
			}
			list = append(list, writer{fmt.Sprint("base32 ", name, offset), text, []string{"base32"}, name == "padded"},
				writer{fmt.Sprint("lower base32 ", name, offset), func(r *rand.Rand, v string) string { return strings.ToLower(text(r, v)) }, []string{"base32"}, name == "padded"})
		}
		list = append(list, writer{fmt.Sprint("base32 in lines ", offset), func(r *rand.Rand, v string) string {
			text := base32.StdEncoding.EncodeToString([]byte(random(r, 30+offset, alphabet) + v + random(r, 30, alphabet)))
			return regexp.MustCompile(".{76}").ReplaceAllString(text, "$0\n")
		}, []string{"base32"}, true})
	}
	for name, split := range splits() {
		list = append(list, writer{"split " + name, func(r *rand.Rand, v string) string {
			if strings.ContainsAny(v, "\"'\\\n`") {
				return ""
			}
			at := 1 + r.IntN(len(v)-1)
			return `"` + v[:at] + split + v[at:] + `"`
		}, []string{"split", "plain", "escape"}, false})
	}
	for offset := range 3 {
		for name, e := range map[string]*base64.Encoding{"std": base64.StdEncoding, "url": base64.URLEncoding, "raw": base64.RawStdEncoding, "rawurl": base64.RawURLEncoding} {
			list = append(list, writer{fmt.Sprint("base64 ", name, offset), func(r *rand.Rand, v string) string {
				return e.EncodeToString([]byte(random(r, offset, alphabet) + v + random(r, r.IntN(4), alphabet)))
			}, []string{"base64"}, false})
		}
		list = append(list, writer{fmt.Sprint("base64 in lines ", offset), func(r *rand.Rand, v string) string {
			text := base64.StdEncoding.EncodeToString([]byte(random(r, 30+offset, alphabet) + v + random(r, 30, alphabet)))
			return "    " + regexp.MustCompile(".{64}").ReplaceAllString(text, "$0\n    ")
		}, []string{"base64"}, true})
	}
	return list
}

func splits() map[string]string {
	return map[string]string{
		"C": "\" \"", "C lines": "\"\n\t\"", "Java": `" + "`, "Java lines": "\"\n      + \"", "PHP": "' . '", "shell": "\\\n  ", "Lua": `".."`,
		"VB": "\" & _\n \"", "SQL": "' || '", "Python f": `" f"`, "escaped": `\" + \"`, "comment": "\n// ", "mail": "=\n", "JSON lines": `\n`,
	}
}

func wideOf(s string, bigEndian bool) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		if bigEndian {
			b = append(b, byte(u>>8), byte(u))
		} else {
			b = append(b, byte(u), byte(u>>8))
		}
	}
	return string(b)
}

// TestEveryVariantIsFound writes secrets in every way, and looks for them in other text.
func TestEveryVariantIsFound(t *testing.T) {
	for round := range uint64(2) {
		r := rand.New(rand.NewPCG(round, 7))
		for kind, v := range values(r) {
			h := newHunter(t, nil, "zzzz-other-"+random(r, 20, alphabet), v)
			for _, w := range encoders() {
				encoded := w.write(r, v)
				if encoded == "" {
					continue
				}
				t.Run(fmt.Sprint(kind, "/", w.name, "/", round), func(t *testing.T) {
					fs := h.seek(t, "line one\nkey = "+encoded+"\nline three "+random(r, 30, alphabet)+"\n")
					if len(fs) == 0 {
						t.Fatal("not found")
					}
					shows(t, fs, formOf(v).all)
					if !w.filled && !strings.Contains(kind, "key") {
						shows(t, fs, encoded)
					}
					if !slices.ContainsFunc(fs, func(f scanner.Finding) bool {
						return f.RuleID == RuleID && f.Facts[FactNumber] == "2" && slices.ContainsFunc(w.how, func(how string) bool {
							return f.Facts[FactVariant] == how || strings.HasPrefix(f.Facts[FactVariant], how+"+")
						})
					}) {
						t.Errorf("found as %v, not as %v", fs[0].Facts, w.how)
					}
				})
			}
		}
	}
}
