package hunt

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestWideCharacters finds values with characters outside of ASCII, as programs escape those and nothing else.
func TestWideCharacters(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	bytewise := func(format string) func(string) string {
		return func(v string) string {
			var b strings.Builder
			for _, c := range []byte(v) {
				if c < utf8.RuneSelf {
					b.WriteByte(c)
				} else {
					fmt.Fprintf(&b, format, c)
				}
			}
			return b.String()
		}
	}
	ways := map[string]func(string) string{
		"bytes in hex":   bytewise(`\x%02x`),
		"bytes in octal": bytewise(`\%03o`), // as git quotes paths
		"UTF-16 escapes": surrogates,
		"escaped twice":  func(v string) string { return strconv.Quote(surrogates(v)) },
		"PowerShell":     func(v string) string { return base64.StdEncoding.EncodeToString([]byte(wideOf("k "+v+" x", false))) },
	}
	for _, v := range []string{"p\u00e4\u00df-w\u00f6rd\u20ac" + random(r, 12, alphabet), "\U0001F511\U0001F512x" + random(r, 12, alphabet)} {
		h := newHunter(t, nil, v)
		for name, write := range ways {
			fs := h.seek(t, "k = '"+write(v)+"'\n")
			if len(fs) == 0 || isPart(fs[0].Facts[FactVariant]) {
				t.Errorf("%s: a value that begins with %q is not found", name, v[:4])
			}
			shows(t, fs, v)
		}
	}
}

// surrogates writes what is outside of ASCII as JSON does if it is to be ASCII: in two halves where 16 bits are too few.
func surrogates(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r < utf8.RuneSelf:
			b.WriteRune(r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+(r-0x10000)>>10, 0xdc00+(r-0x10000)&0x3ff)
		}
	}
	return b.String()
}
