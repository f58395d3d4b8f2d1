package decode

import (
	"bytes"
	"encoding/base64"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// checkViews checks what must hold of any views of any input.
func checkViews(t testing.TB, input []byte, views []View, opt Options) {
	t.Helper()
	total := 0
	for i := range views {
		v := &views[i]
		total += len(v.Data)
		if len(v.Data) == 0 || len(v.Steps) == 0 {
			t.Fatalf("an empty view: %v", v)
		}
		lastLo, lastHi := 0, 0
		for at := range min(len(v.Data), 3000) {
			lo, hi := v.Source(at, at+1)
			if lo < 0 || hi > len(input) || lo >= hi {
				t.Fatalf("%v: byte %d comes from [%d,%d) of %d", v.Steps, at, lo, hi, len(input))
			}
			if lo < lastLo || hi < lastHi {
				t.Fatalf("%v: byte %d comes from [%d,%d), the one before from [%d,%d)", v.Steps, at, lo, hi, lastLo, lastHi)
			}
			lastLo, lastHi = lo, hi
		}
		lo, hi := v.Source(-5, len(v.Data)+5)
		wholeLo, wholeHi := v.Source(0, len(v.Data))
		if lo != wholeLo || hi != wholeHi || lastHi > wholeHi {
			t.Fatalf("%v: out of range arguments give [%d,%d), want [%d,%d)", v.Steps, lo, hi, wholeLo, wholeHi)
		}
		if lo, hi := v.Source(len(v.Data), len(v.Data)); lo != hi || lo != wholeHi {
			t.Fatalf("%v: the end comes from [%d,%d)", v.Steps, lo, hi)
		}
	}
	limit := opt.MaxOutput
	if limit <= 0 {
		limit = 4*len(input) + 1<<20
	}
	if total > limit+limit/2 {
		t.Fatalf("%d bytes of views for %d of input", total, len(input))
	}
}

func FuzzViews(f *testing.F) {
	for _, s := range []string{
		"", "%41%42", `\u0041\ud83d\ude00\x41\/`, "&#65;&amp;quot;&quot;:", strings.Repeat("QUJDREVG", 9) + "==",
		strings.Repeat("QUJDREVGQUJDREVG\n  ", 5), strings.Repeat("41", 40), utf16LE("some text in here"), `\\\\\\n`, "%25%32%35",
		base64.StdEncoding.EncodeToString([]byte(`{"a":"\u0041%41&#65;` + strings.Repeat("QUJD", 9) + `"}`)),
		base64.StdEncoding.EncodeToString([]byte(utf16LE("a secret in utf-16 in base64"))),
	} {
		f.Add([]byte(s), uint8(0), uint8(0), uint16(0))
	}
	f.Fuzz(func(t *testing.T, data []byte, depth, run uint8, output uint16) {
		opt := Options{MaxDepth: int(depth % 6), MinRun: int(run % 64), MaxOutput: int(output)}
		views, _ := Views(data, opt)
		checkViews(t, data, views, opt)
		if v, ok := UTF16(data); ok && len(v.Data) > 0 {
			checkViews(t, data, []View{*v}, Options{MaxOutput: 3*len(data) + 8})
		}
	})
}

func TestHostileInputIsBounded(t *testing.T) {
	const size = 10 << 20
	repeat := func(s string) []byte { return bytes.Repeat([]byte(s), size/len(s)+1)[:size] }
	rnd := rand.New(rand.NewPCG(8, 9))
	noise := make([]byte, size/4*3)
	for i := range noise {
		noise[i] = byte(rnd.Uint32())
	}
	nested := []byte(strings.Repeat("nothing to see here. ", 20000))
	for range 12 {
		nested = []byte(base64.StdEncoding.EncodeToString(nested))
	}
	for name, c := range map[string]struct {
		in        []byte
		truncated bool
	}{
		"one run":             {repeat("A"), false},
		"text in one run":     {repeat("QUJD"), false},
		"binary in one run":   {[]byte(base64.StdEncoding.EncodeToString(noise)), false},
		"wrapped binary":      {repeat(base64.StdEncoding.EncodeToString(noise[:57]) + "\n"), false},
		"short lines":         {repeat("abcdefghijklmnopqrstuvwxyz\n"), false},
		"one letter lines":    {append([]byte(strings.Repeat("a", 50)), repeat("\na")...), false},
		"falling lines":       {falling(4000), false},
		"percents":            {repeat("%"), false},
		"percent escapes":     {repeat("%41"), false},
		"alternating escapes": {repeat(`%41\u0041&#65;`), true},
		"sparse escapes":      {repeat(`%41` + strings.Repeat("x y ", 200)), false},
		"backslashes":         {repeat(`\`), false},
		"ampersands":          {repeat("&#"), false},
		"quotes":              {repeat(`\":`), true},
		"spaces":              {repeat(" "), false},
		"indented":            {repeat(strings.Repeat("A", 40) + strings.Repeat(" ", 200) + "\n" + strings.Repeat(" ", 250)), false},
		"too deep":            {nested, true},
		"zeros":               {make([]byte, size), false},
	} {
		start := time.Now()
		views, truncated := Views(c.in, Options{})
		if d := time.Since(start); d > 5*time.Second {
			t.Errorf("%s: took %v", name, d)
		}
		if truncated != c.truncated {
			t.Errorf("%s: truncated %v, want %v", name, truncated, c.truncated)
		}
		checkViews(t, c.in, views, Options{})
	}
}

// falling makes lines each of which is a character shorter than the one before.
func falling(n int) []byte {
	var b bytes.Buffer
	for ; n > 0; n-- {
		b.WriteString(strings.Repeat("b", n) + "\n")
	}
	return b.Bytes()
}

func TestLimitsAreReported(t *testing.T) {
	secret := strings.Repeat("a readable text ", 4)
	encoded := []byte(base64.StdEncoding.EncodeToString([]byte(secret)))
	if views, truncated := Views(encoded, Options{MaxOutput: 10}); len(views) != 0 || !truncated {
		t.Errorf("output: %d views, truncated %v", len(views), truncated)
	}
	twice := []byte(base64.StdEncoding.EncodeToString(encoded))
	if views, truncated := Views(twice, Options{MaxDepth: 1}); len(views) != 1 || !truncated {
		t.Errorf("depth 1: %d views, truncated %v", len(views), truncated)
	}
	if views, truncated := Views(twice, Options{MaxDepth: 2}); len(views) != 2 || truncated {
		t.Errorf("depth 2: %d views, truncated %v", len(views), truncated)
	}
}

func TestRepeatedEscapesCountOnce(t *testing.T) {
	for n, truncated := range map[int]bool{4: false, 11: false, 12: true, 5000: true} {
		in := []byte("?k%" + strings.Repeat("25", n-1) + "3Dabc\n")
		views, got := Views(in, Options{})
		if got != truncated {
			t.Errorf("%d times: truncated %v", n, got)
		}
		if v, _ := holder(views, "?k=abc"); (v == nil) != truncated {
			t.Errorf("%d times: seen %v", n, v != nil)
		}
	}
}

// source makes ordinary program text of about n bytes.
func source(n int) []byte {
	const text = `// Walk visits every entry below root in lexical order and calls fn for each of them, the root included.
func (w *Walker) Walk(root string, fn func(path string, d fs.DirEntry, err error) error) error {
	info, err := os.Lstat(root)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("walk %s: %w", root, err)
	}
	for i := 0; i < len(w.entries); i++ {
		if w.entries[i].Name() == "." || w.skip[w.entries[i].Name()] {
			continue // the caller has asked for nothing below it
		}
		w.total += int64(w.entries[i].Size())
	}
	log.Printf("visited %d entries of %d\n", w.seen, w.total)
	return w.close()
}

`
	return bytes.Repeat([]byte(text), n/len(text)+1)[:n]
}

func BenchmarkNothingEncoded(b *testing.B) {
	in := source(1 << 20)
	b.SetBytes(int64(len(in)))
	for b.Loop() {
		if views, _ := Views(in, Options{}); len(views) != 0 {
			b.Fatalf("%d views", len(views))
		}
	}
}

func BenchmarkBase64Text(b *testing.B) {
	in := []byte(base64.StdEncoding.EncodeToString(source(3 << 18)))
	b.SetBytes(int64(len(in)))
	for b.Loop() {
		if views, _ := Views(in, Options{}); len(views) != 1 {
			b.Fatalf("%d views", len(views))
		}
	}
}

func BenchmarkBase64Binary(b *testing.B) {
	rnd := rand.New(rand.NewPCG(1, 1))
	raw := make([]byte, 3<<18)
	for i := range raw {
		raw[i] = byte(rnd.Uint32())
	}
	in := []byte(base64.StdEncoding.EncodeToString(raw))
	b.SetBytes(int64(len(in)))
	for b.Loop() {
		Views(in, Options{})
	}
}

func BenchmarkStandardLibraryBase64(b *testing.B) {
	in := []byte(base64.StdEncoding.EncodeToString(source(3 << 18)))
	out := make([]byte, len(in))
	b.SetBytes(int64(len(in)))
	for b.Loop() {
		if _, err := base64.StdEncoding.Decode(out, in); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPercent(b *testing.B) {
	in := bytes.Repeat([]byte("https://host/path?a=%2Fsome%20words&next=and+so+on and the rest of a line\n"), 14000)
	b.SetBytes(int64(len(in)))
	for b.Loop() {
		Views(in, Options{})
	}
}

func BenchmarkUTF16Refused(b *testing.B) {
	in := source(1 << 20)
	for b.Loop() {
		if _, ok := UTF16(in); ok {
			b.Fatal("taken for UTF-16")
		}
	}
}
