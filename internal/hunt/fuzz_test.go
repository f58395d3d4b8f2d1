package hunt

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/skant-dev/skant/scanner"
)

// TestParts finds the halves of a token that is put together of two parts far from each other, whatever is where.
func TestParts(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	v := "tok_" + random(r, 60, alphabet)
	h := newHunter(t, nil, v)
	for at := 1; at < len(v); at++ {
		for _, text := range []string{
			`a = "` + v[:at] + `"` + strings.Repeat("\n# more", 40) + "\n" + `b = "` + v[at:] + `"`,
			`b = "` + v[at:] + `"` + strings.Repeat("\n# more", 40) + "\n" + `a = "` + v[:at] + `"`,
		} {
			fs := h.seek(t, text)
			if len(fs) == 0 || !isPart(fs[0].Facts[FactVariant]) {
				t.Fatalf("split at %d: %v", at, fs)
			}
			shows(t, fs, v)
			long := v[:at]
			if len(v)-at > at {
				long = v[at:]
			}
			for i := range fs { // not even the end of a part that is longer than a half
				for j := 0; j+6 <= len(long); j++ {
					if strings.Contains(fs[i].Excerpt, long[j:j+6]) {
						t.Fatalf("split at %d: the excerpt has a piece", at)
					}
				}
			}
		}
	}
	if n := h.hunt.Tally(h.seek(t, "x = '"+v[:50]+"'\n")); n[0].Places != 1 || n[0].Parts != 1 {
		t.Errorf("a part counts as %+v", n)
	}
}

// TestNothingElseIsFound looks for secrets where there is only something like them.
func TestNothingElseIsFound(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for kind, v := range values(r) {
		h := newHunter(t, nil, v)
		text := formOf(v).text
		for i := range 20 {
			at := len(text)/2 - 3 + i%6
			near := text[:at] + "~" + text[at+1:]
			if text[at] == '~' || strings.HasPrefix(kind, "short") {
				continue
			}
			for _, f := range h.seek(t, "k = '"+near+"'\n") {
				if !isPart(f.Facts[FactVariant]) {
					t.Errorf("%s: found as %v, with one character wrong", kind, f.Facts)
				}
			}
		}
	}
}

// TestSeveral numbers secrets, names those inside of others, and finds all of them in one text.
func TestSeveral(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	a, b := random(r, 30, alphabet), random(r, 30, alphabet)
	outer := "https://user:" + b + "@example.org/"
	h := newHunter(t, nil, a, a, b, outer)
	if h.hunt.Count() != 3 {
		t.Fatalf("%d secrets: the second is the first", h.hunt.Count())
	}
	found := h.hunt.Tally(h.seek(t, a+"\n"+outer+"\n"))
	for i := range found {
		if found[i].Places != 1 || !slices.Equal(found[i].Variants, []string{"plain"}) {
			t.Errorf("%+v", found[i])
		}
	}
	fs := h.seek(t, a+"\n"+reverse(a)+"\n")
	if len(fs) != 2 || fs[0].Fingerprint != fs[1].Fingerprint {
		t.Errorf("one secret in two ways has not one fingerprint: %v", fs)
	}
}

func TestHints(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 9))
	body := random(r, 88, alphabet)
	token := "sk-ant-api03-" + body
	id := "AKIA" + random(r, 16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
	for _, c := range []struct {
		hint, text string
		finds      bool
	}{
		{token[:16] + "..." + token[len(token)-4:], "k: " + token + "\n", true},
		{token[:16] + "…" + token[len(token)-4:], `{"k":"` + token + `"}`, true},
		{token[:16] + "****" + token[len(token)-4:], token, true},
		{"..." + token[len(token)-4:], "k = " + token, true},
		{token[:16] + "...", token, true},
		{token[:16] + "..." + token[len(token)-4:], "k: " + token + "more", false},
		{token[:16] + "...0000", token, false},
		{"..." + token[len(token)-4:], "the word" + token[len(token)-4:], false},
		{id, "id=" + id + ";", true}, {id[:8] + "..." + id[16:], "id=" + id + ";", true}, {id, "id=" + id + "A", false},
		// As consoles and command lines show them.
		{"gh" + "p_..." + body[32:36], "t=gh" + "p_" + body[:36] + ";", true}, {"gh" + "p_***" + body[32:36], "t=gh" + "p_" + body[:36], true},
		{"gh" + "p_" + strings.Repeat("*", 36), "t: gh" + "p_" + body[:36], true},
		{id[:4] + "..." + id[16:], "id=" + id, true}, {id[:4] + "************" + id[16:], "id=" + id, true},
		{"sk_" + "live_..." + body[20:24], `key: "sk_` + "live_" + body[:24] + `"`, true}, {"sk_" + "live_••••" + body[20:24], "sk_" + "live_" + body[:24], true},
		{"sk-..." + body[44:48], "export K=sk-" + "proj-" + body[:48] + "\n", true}, {"sk-…" + body[44:48], "sk-" + body[:48], true},
		{"sk-..." + body[44:48], "K=task-" + body[:48], false}, {"sk-..." + body[43:47], "sk-" + body[:48], false},
	} {
		h := newHunter(t, []string{c.hint})
		fs := h.seek(t, c.text)
		if (len(fs) > 0) != c.finds {
			t.Errorf("hint of %d characters: %d found", len(c.hint), len(fs))
		}
		shows(t, fs, body)
	}
	for _, bad := range []string{"", "...", "ab...", "...abc", "a b...cdef", token, token[:40], "abc...def...ghi", strings.Repeat("a", 70) + "..."} {
		_, err := ParseHint(bad)
		if err == nil {
			t.Errorf("a hint of %d characters is taken", len(bad))
		} else if len(bad) > 12 && strings.Contains(err.Error(), bad[:12]) {
			t.Error("the error quotes the hint")
		}
	}
}

func TestRead(t *testing.T) {
	key := "-----BEGIN " + "PRIVATE KEY-----\nabcdefgh\n-----END " + "PRIVATE KEY-----"
	for _, c := range []struct {
		text string
		nul  bool
		want int
	}{
		{"", false, 0}, {"\n\n", false, 0}, {"abcdefgh\r\nabcdefgi\n", false, 2}, {"  abcdefgh\t\n abcdefgh", false, 1},
		{key + "\nabcdefgh\n", false, 2}, {"abcdefgh\nabc\x00ijklmnop\n", true, 2}, {key[:40], false, 1},
		{"abc", false, -1}, {"aaaaaaaaaaaa", false, -1}, {"abcdefgh\xff", false, -1},
		{`"abcdefgh"`, false, -1}, {`"abcdefgh"`, true, 1}, {"A_KEY=abcdefgh", false, -1}, {"export A_KEY='abcdefgh'", false, -1}, {"ABCDEFGHIJK=", false, 1},
		{"a\x00b\x00c\x00d\x00e\x00", false, -1}, {"abcdefgh\rijklmnop\r", false, -1}, {"\u200babcdefgh", false, -1}, {"'" + strings.ReplaceAll(key, "\n", `\n`) + "'", false, 1}, {strings.Repeat("abcd", MaxLength), false, -1},
	} {
		known, err := Read([]byte(c.text), c.nul)
		if len(known) != max(0, c.want) || (err != nil) != (c.want < 0) {
			t.Errorf("%d secrets, %v in a text of %d bytes; want %d", len(known), err, len(c.text), c.want)
		}
		if err != nil && strings.Contains(err.Error(), c.text[:3]) {
			t.Errorf("the error quotes the secret: %v", err)
		}
	}
}

func TestReadFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "s")
	for _, c := range []struct {
		mode os.FileMode
		ok   bool
	}{{0o600, true}, {0o400, true}, {0o640, false}, {0o604, false}, {0o620, false}} {
		if err := os.WriteFile(name, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(name, c.mode); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadFile(context.Background(), name); (err == nil) != c.ok {
			t.Errorf("mode %04o: %v", c.mode, err)
		}
		if err := os.Chmod(name, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := ReadFile(context.Background(), filepath.Dir(name)); err == nil {
		t.Error("a folder is taken for a file")
	}
}

// FuzzKnown makes rules of any value, and finds it in a text: as it is, and written in one of the ways. One rule each time is
// looked at closely: all of them take too long for a fuzzer.
func FuzzKnown(f *testing.F) {
	r := rand.New(rand.NewPCG(11, 12))
	for i, v := range values(r) {
		f.Add(v[:min(len(v), 40)], "before ", " after", uint8(len(i)))
	}
	f.Add(`"\&<>'`+"`$%{}[]()*+?|^.", "a", "b", uint8(3))
	f.Add("pässwörd mit Ümlaut 日本語", "a", "b", uint8(0))
	f.Add("abcdefgh\tij\nkl\r\nmn", "a", "b", uint8(0))
	list := encoders()
	f.Fuzz(func(t *testing.T, value, before, after string, pick uint8) {
		known, err := Read([]byte(value), true)
		if err != nil || len(known) != 1 || len(value) > 64 || len(before)+len(after) > 100 {
			return
		}
		h, err := New(known, nil)
		if err != nil {
			t.Fatal(err)
		}
		all := h.Rules().All()
		if n := int(pick) % len(all); len(all[n].Pattern) < 4000 {
			if _, err := syntax.Parse(all[n].Pattern, syntax.Perl); err != nil {
				t.Fatalf("rule %d has a pattern that does not parse", n)
			}
		}
		for i := range all {
			if len(all[i].Anchors) == 0 || slices.ContainsFunc(all[i].Anchors, func(a string) bool { return len(a) < 3 }) {
				t.Fatalf("rule %d has a short anchor", i)
			}
		}
		engine, err := scanner.New(h.Rules(), scanner.Options{Known: h})
		if err != nil {
			t.Fatal(err)
		}
		whole := known[0].value.Reveal()
		w := list[int(pick)%len(list)]
		written := whole
		if formOf(whole).key || strings.ContainsFunc(whole, func(r rune) bool { return r <= ' ' || r > '~' }) || w.filled && len(whole) < leastDumped {
			w = list[0]
		} else {
			written = w.write(rand.New(rand.NewPCG(uint64(pick), 1)), whole)
		}
		text := before + "\n" + written + "\n" + after
		if written == "" || bytes.ContainsRune([]byte(before+whole+after), 0) || !utf8.ValidString(before+whole+after) {
			return
		}
		fs := (&hunter{h, engine}).seek(t, text)
		if len(fs) == 0 {
			t.Fatalf("not found as %s", w.name)
		}
		if len(whole) >= gram && !strings.Contains(before+after, whole[:gram]) {
			for i := range fs {
				if strings.Contains(fs[i].Excerpt, whole) {
					t.Fatal("the excerpt has the value")
				}
			}
		}
	})
}

// FuzzRead reads any text of secrets: what it takes is in the text and not too short, what it refuses is not quoted.
func FuzzRead(f *testing.F) {
	key := "-----BEGIN " + "PRIVATE KEY-----\nabcdefgh\n-----END " + "PRIVATE KEY-----"
	for _, seed := range []string{"", "abcdefgh\r\nabcdefgi\n", "abcdefgh\x00ijklmnop\n", key, key[:40], "\xef\xbb\xbfabcdefgh", "abcdefgh\xff", key + "\n" + key + "x"} {
		f.Add([]byte(seed), false)
		f.Add([]byte(seed), true)
	}
	f.Fuzz(func(t *testing.T, text []byte, nul bool) {
		before := bytes.Clone(text)
		known, err := Read(text, nul)
		if !bytes.Equal(before, text) {
			t.Fatal("the text was changed")
		}
		if err != nil {
			if strings.Contains(err.Error(), strings.TrimSpace(string(text))) && len(bytes.TrimSpace(text)) >= MinLength {
				t.Fatal("the error quotes the secret")
			}
			return
		}
		flat := func(s string) string { return strings.Join(strings.Fields(s), "") }
		for i := range known {
			v := known[i].value.Reveal()
			if known[i].Number != i+1 || len(v) < MinLength || !utf8.ValidString(v) || !strings.Contains(flat(string(text)), flat(v)) {
				t.Fatalf("secret %d is not from the text", i+1)
			}
			if !nul && strings.Contains(v, "\n") && !strings.HasPrefix(v, "-----BEGIN ") {
				t.Fatalf("secret %d goes over lines", i+1)
			}
			formOf(v)
		}
		if !nul { // every line of 8 bytes or more that stands alone is one of them
			if at := bytes.Count(text, []byte("-----BEGIN ")); at == 0 {
				for _, line := range strings.Split(strings.TrimPrefix(string(text), "\xef\xbb\xbf"), "\n") {
					line = strings.TrimSpace(line)
					if line != "" && !slices.ContainsFunc(known, func(k Known) bool { return k.value.Reveal() == line }) {
						t.Fatal("a line was left out")
					}
				}
			}
		}
	})
}

// FuzzHint reads any hint: it is refused without being quoted, or its pattern compiles.
func FuzzHint(f *testing.F) {
	for _, seed := range []string{"sk-ant-api03-R2D...igAA", "...igAA", "AKIA...", "a", "…abcd", "abc***", strings.Repeat("x", 70)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		h, err := ParseHint(text)
		if err != nil {
			return
		}
		r := h.rule()
		if _, err := regexp.Compile(r.Pattern); err != nil || len(r.Anchors) != 1 || len(r.Anchors[0]) < 3 {
			t.Fatalf("hint %q: %v, anchors %q", text, err, r.Anchors)
		}
	})
}

// TestDamagedValues looks for values of which bytes are wrong, doubled or missing: what is given is what is looked for.
func TestDamagedValues(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 3 {
		for kind, v := range values(r) {
			b := []byte(v)
			for range 1 + r.IntN(6) {
				b[r.IntN(len(b))] = byte(1 + r.IntN(127))
			}
			if r.IntN(2) == 0 {
				at := r.IntN(len(b))
				b = slices.Insert(b, at, b[:r.IntN(len(b))]...)
			}
			if known, err := Read(b, true); err != nil || len(known) != 1 {
				continue
			}
			h := newHunter(t, nil, string(b))
			if fs := h.seek(t, "before\n"+string(b)+"\nafter"); len(fs) == 0 {
				t.Errorf("%s: not found: %d bytes", kind, len(b))
			}
		}
	}
}
