package decode

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// seen is what a view shows and where that stands in the whole text.
func seen(text []byte, lo, hi int) []string {
	views, _ := Views(text[lo:hi], Options{MaxOutput: 1 << 24})
	var out []string
	for i := range views {
		v := &views[i]
		from, to := v.Source(0, len(v.Data))
		out = append(out, fmt.Sprintf("%d-%d %v %q", lo+from, lo+to, v.Steps, v.Data))
	}
	return out
}

// cutAll cuts text at every place that both functions offer near each of its bytes.
func cutAll(text []byte) map[int]bool {
	cuts := map[int]bool{}
	for at := range text {
		if cut, ok := CutBefore(text, at, true); ok {
			cuts[cut] = true
		}
		if cut, ok := CutAfter(text, at, true); ok {
			cuts[cut] = true
		}
	}
	return cuts
}

func checkCuts(t *testing.T, text []byte) (cuts int) {
	t.Helper()
	whole := map[string]int{}
	for _, s := range seen(text, 0, len(text)) {
		whole[s]++
	}
	for cut := range cutAll(text) {
		halves := map[string]int{}
		for _, s := range append(seen(text, 0, cut), seen(text, cut, len(text))...) {
			halves[s]++
		}
		if diff := cmp.Diff(whole, halves); diff != "" {
			t.Fatalf("cut at %d of %q: views differ (-whole +halves):\n%s", cut, text, diff)
		}
	}
	return len(cutAll(text))
}

// lines of every sort that matters at a cut: base64 that goes on, that ends, that is too short; escapes; plain text.
func randomLine(r *rand.Rand) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	word := func(n int) string {
		var b strings.Builder
		for range n {
			b.WriteByte(letters[r.IntN(len(letters))])
		}
		return b.String()
	}
	const plain = "The quick brown fox jumps over the lazy dog, 12 times."
	encoded := base64.StdEncoding.EncodeToString([]byte(plain[r.IntN(20):]))
	packed := func() string {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, _ = io.WriteString(w, plain+word(60)) // a buffer takes everything
		_ = w.Close()
		return base64.StdEncoding.EncodeToString(b.Bytes())
	}
	switch r.IntN(15) {
	case 0:
		return ""
	case 1:
		return "  return x;"
	case 2:
		return "key: " + encoded
	case 3:
		return encoded[:min(len(encoded), 4*(1+r.IntN(15)))]
	case 4:
		return "\t" + encoded + "\""
	case 5:
		return word(1 + r.IntN(30))
	case 6:
		return "url=http%3A%2F%2Fhost%2F" + word(20)
	case 7:
		return `msg = "a\u0041b` + word(14) + `\n"`
	case 8:
		return "a &amp; b&#61;" + word(13)
	case 9:
		return "} else {" + strings.Repeat(" ", r.IntN(4))
	case 10:
		return word(12) + "=="
	case 11:
		return "data: " + packed()
	case 12:
		return wrapped(packed(), 40, "")
	case 13:
		return `url=jdbc\:db\://` + word(5) + `\=a\_b` + word(12)
	default:
		return "text, " + word(24) + strings.Repeat(" ", r.IntN(3)) + strings.Repeat("\r", r.IntN(2))
	}
}

func TestCutsLoseNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	cuts := 0
	for range 1500 {
		var lines []string
		for range 1 + r.IntN(9) {
			lines = append(lines, randomLine(r))
		}
		cuts += checkCuts(t, []byte(strings.Join(lines, "\n")))
	}
	if cuts < 1500 {
		t.Errorf("only %d cuts were tried", cuts)
	}
}

func FuzzCuts(f *testing.F) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 50 {
		f.Add([]byte(randomLine(r) + "\n" + randomLine(r) + "\n" + randomLine(r)))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) < 2000 && !isUTF16(text) {
			checkCuts(t, text)
		}
	})
}

func TestMarksAreKinds(t *testing.T) {
	for b := range 256 {
		want := false
		for _, k := range kinds {
			want = want || k.mark == byte(b)
		}
		if is(byte(b), mark) != want {
			t.Errorf("byte %#x: mark is %v, want %v", b, !want, want)
		}
	}
}
