package scanner

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"

	"github.com/skant-dev/skant/internal/chains"
)

// TestEncodedSeams changes encoded text at every place, so that its groups move and its lines join.
func TestEncodedSeams(t *testing.T) {
	t.Parallel()
	s := testScannerOf(t, testRules)
	secret := "user=ann\ntoken=" + token(3) + "\nurl=https://host.test/path?q=1\n"
	before, after := code(300, "before"), code(600, "after")
	b64 := base64.StdEncoding.EncodeToString([]byte(secret))
	escaped := func(format, text string) string {
		var b strings.Builder
		for i, c := range []byte(text) {
			if i%7 == 0 && c != '\n' || c == '_' || c == 'M' {
				fmt.Fprintf(&b, format, c)
			} else {
				b.WriteByte(c)
			}
		}
		return b.String()
	}
	// The two halves of a credential on two lines of one stretch of escapes.
	pair := "id: AKM123456789\nuser_name: ann\nsecret = " + secretKey(4) + "\n"
	wrapped := ""
	for rest := b64; rest != ""; rest = rest[min(24, len(rest)):] {
		wrapped += rest[:min(24, len(rest))] + "\n"
	}
	narrow := b64[:18] + "\n" // the first line is as short as one may be
	for rest := b64[18:]; rest != ""; rest = rest[min(16, len(rest)):] {
		narrow += rest[:min(16, len(rest))] + "\n"
	}
	for name, text := range map[string]string{
		"base64": b64, "wrapped": wrapped, "hex": fmt.Sprintf("%x", secret), "percent": escaped("%%%02x", secret), "unicode": escaped(`\u%04x`, secret), "entity": escaped("&#%d;", secret),
		"percent, a pair": escaped("%%%02x", pair), "unicode, a pair": escaped(`\u%04x`, pair), "entity, a pair": escaped("&#%d;", pair),
		"twice": base64.StdEncoding.EncodeToString([]byte("data: " + b64 + "\n")), "escaped": strings.ReplaceAll(b64, "=", "%3D"),
		"in a line": "data: " + b64 + " end", "behind a name": "data: " + wrapped, "behind a name, narrow": "data: " + narrow, "list": strings.ReplaceAll(wrapped, "\n", ",\n"),
		"utf-16": base64.StdEncoding.EncodeToString([]byte("\xff\xfe" + strings.Join(strings.Split(secret, ""), "\x00") + "\x00")),
	} {
		for _, cut := range places(t, len(text), 40, 0) {
			at := len(before) + cut
			h := newHistory(before + text + "\n" + after)
			for _, sep := range []string{"A", "\n", "AAAA", "\n    ", "=", "%41", "\\", "\r\n", " "} {
				h.edit(func(d *chains.Draft) { d.Insert(at, []byte(sep)) })
				h.edit(func(d *chains.Draft) { d.Delete(at, at+len(sep)) })
			}
			h.edit(func(d *chains.Draft) { d.Delete(at, at+1) })
			h.edit(func(d *chains.Draft) { d.Delete(at, at+3) })
			h.edit(func(d *chains.Draft) { d.Insert(at, []byte("QUJD")) })
			h.edit(func(d *chains.Draft) { d.Duplicate(0, at, d.Len()) })
			h.edit(func(d *chains.Draft) { d.Delete(len(before)-1, len(before)) }) // the line before grows into it
			h.edit(func(d *chains.Draft) { d.Insert(len(before)-1, []byte("QUJDREVGR0hJSktMTU5PUFFS\n")) })
			h.edit(func(d *chains.Draft) { d.Delete(len(before)-1, len(before)+24) })
			same(t, s, h.list, "", fmt.Sprintf("%s, change at %d", name, cut))
			if t.Failed() {
				return
			}
		}
	}
}

// TestWholeChanges turns content into something else as a whole by a small change: what a search takes it for depends on
// its beginning, or on all of it.
func TestWholeChanges(t *testing.T) {
	t.Parallel()
	s := testScannerOf(t, testRules)
	text := code(3000, "first") + "key=" + token(1) + "\n" + code(3000, "second") + "key=" + token(2) + "\n" + code(9000, "third") + token(3)
	wide := strings.Join(strings.Split(text, ""), "\x00") + "\x00"
	for name, change := range map[string]func(h *history){
		"a byte that makes it binary": func(h *history) {
			for _, at := range []int{10, 7999, 8000, 8001} {
				h.edit(func(d *chains.Draft) { d.Insert(at, []byte{0}) })
				h.edit(func(d *chains.Draft) { d.Delete(0, 1) }) // at the border it comes into sight
				h.edit(func(d *chains.Draft) { d.Delete(at-1, at) })
			}
		},
		"a byte order mark": func(h *history) {
			h.edit(func(d *chains.Draft) { d.Insert(0, []byte("\xff\xfe")) })
			h.edit(func(d *chains.Draft) { d.Delete(0, 2) })
		},
		"UTF-16, mark gone, one byte gone, back": func(h *history) {
			h.edit(func(d *chains.Draft) { d.Delete(0, d.Len()); d.Insert(0, []byte("\xff\xfe"+wide)) })
			h.edit(func(d *chains.Draft) { d.Insert(2, []byte("k\x00e\x00y\x00=\x00")) })
			h.edit(func(d *chains.Draft) { d.Delete(0, 2) })
			h.edit(func(d *chains.Draft) { d.Delete(0, 1) })
			h.edit(func(d *chains.Draft) { d.Insert(0, []byte("\xfe\xff\x00k\x00")) })
			h.edit(func(d *chains.Draft) { d.Delete(0, d.Len()/2) })
			h.edit(func(d *chains.Draft) { d.Insert(0, []byte(text)) })
			h.edit(func(d *chains.Draft) { d.Insert(0, []byte(wide[:4000])) })
			h.edit(func(d *chains.Draft) { d.Insert(0, []byte(text[:3000])) })
			h.edit(func(d *chains.Draft) { d.Insert(2000, []byte(text[:3000])) })
		},
		"nothing, and back": func(h *history) {
			h.edit(func(d *chains.Draft) { d.Delete(0, d.Len()) })
			h.edit(func(d *chains.Draft) {})
			h.edit(func(d *chains.Draft) { d.Insert(0, []byte(text)) })
			h.edit(func(d *chains.Draft) {})
		},
		"halves change places": func(h *history) {
			h.edit(func(d *chains.Draft) { d.Move(0, 4000, d.Len()) })
			h.edit(func(d *chains.Draft) { d.Duplicate(0, d.Len(), d.Len()) })
			h.edit(func(d *chains.Draft) { d.Delete(0, d.Len()/2) })
		},
		"no line breaks": func(h *history) {
			h.edit(func(d *chains.Draft) {
				for _, at := range reversed(countLines(d.Bytes())) {
					d.Delete(at, at+1)
				}
			})
			h.edit(func(d *chains.Draft) { d.Insert(2000, []byte("; ")) })
			h.edit(func(d *chains.Draft) { d.Insert(3010, []byte("\n")) })
		},
		"every line a seam": func(h *history) {
			h.edit(func(d *chains.Draft) {
				for _, at := range reversed(countLines(d.Bytes())) {
					d.Insert(at, []byte(" "))
				}
			})
			h.edit(func(d *chains.Draft) {
				for _, at := range reversed(countLines(d.Bytes())) {
					d.Insert(at, []byte("\r"))
				}
			})
		},
	} {
		h := newHistory(text)
		change(h)
		same(t, s, h.list, "", name)
	}
}

func reversed(list []int) []int {
	out := make([]int, 0, len(list))
	for i := len(list) - 1; i >= 0; i-- {
		out = append(out, list[i])
	}
	return out
}

// TestBoundsOfChanges changes content by a little that has as much as is looked at: a bound counts for all of it.
func TestBoundsOfChanges(t *testing.T) {
	t.Parallel()
	s := testScannerOf(t, testRules)
	many := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "acm_%08d\n", i*7919%100000000)
		}
		return b.String()
	}
	pairs := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "AKM%09d %s\n", i*7919, secretKey(uint64(i)))
		}
		return b.String()
	}
	escapes := strings.Repeat("x%41", 120_000)
	for _, c := range []struct {
		name, text, more string
		// hit says that the last version goes over the bound.
		hit bool
	}{
		{"matches", many(maxCandidates - 20), many(1), false},
		{"too many matches", many(maxCandidates - 20), many(40), true},
		{"pairs", pairs(310), pairs(2), false},
		{"too many pairs", pairs(315), pairs(3), true},
		{"much to decode", escapes[:len(escapes)/2], escapes[:40], false},
		{"too much to decode", escapes, escapes[:40], true},
	} {
		h := newHistory(code(2000, "start") + c.text + "\n" + token(9) + "\n")
		h.edit(func(d *chains.Draft) { d.Insert(1000, []byte("\n"+c.more)) })
		if diff := difference(t, s, h.list, ""); diff != "" {
			t.Errorf("%s: %.2000s", c.name, diff)
		}
		if last := search(t, s, h.list[1:], "", true)[0]; last.Coverage.Complete == c.hit {
			t.Errorf("%s: the coverage is %+v", c.name, last.Coverage)
		}
	}
}

// TestDecodingBoundOfChanges has content of which all parts are within the bound of what is decoded, but not the whole. A
// search of the whole stops there and says so; a search of what changed has read it all, and may find more, never less.
func TestDecodingBoundOfChanges(t *testing.T) {
	t.Parallel()
	s := testScannerOf(t, testRules)
	unit := "x%41"
	n := sort.Search(1<<20/len(unit), func(n int) bool {
		return !search(t, s, newHistory(strings.Repeat(unit, n)).list, "", true)[0].Coverage.Complete
	})
	hidden := "\ntoken=%61" + token(5)[1:] + "\n"
	h := newHistory(code(2000, "first") + hidden + strings.Repeat(unit, n-500) + "\n" + code(9000, "second"))
	h.edit(func(d *chains.Draft) { d.Insert(d.Len()-2000, []byte("\n"+strings.Repeat(unit, 20_000)+hidden)) })
	h.edit(func(d *chains.Draft) { d.Insert(d.Len()-100, []byte(hidden)) })
	plain, changed := search(t, s, h.list, "", true), search(t, s, h.list, "", false)
	for i := range h.list {
		if i > 0 && plain[i].Coverage.Complete {
			t.Errorf("version %d: the bound is not reached", i)
		}
		for _, f := range plain[i].Findings {
			same := func(g Finding) bool { return g.RuleID == f.RuleID && g.Location.Offset == f.Location.Offset }
			if !slices.ContainsFunc(changed[i].Findings, same) {
				t.Errorf("version %d: %s at %d is missing", i, f.RuleID, f.Location.Offset)
			}
		}
		if n := len(changed[i].Findings); changed[i].Coverage.Complete && n != i+1 {
			t.Errorf("version %d: the coverage is complete, and %d values of %d are found", i, n, i+1)
		}
	}
}

// TestStatesAreShared searches versions of one base at once: what was left for them must not change.
func TestStatesAreShared(t *testing.T) {
	t.Parallel()
	s := allFindings(t)
	texts := material(t, s.set, false).Texts
	base := code(1000, "a") + strings.Join(texts[:40], "\n") + code(1000, "b")
	state := &Chunk{Data: []byte(base), KeepState: true}
	if _, err := s.chunk(state, &Recorder{}); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := range 10 {
				d := chains.NewDraft([]byte(base))
				d.Insert(100*i+worker, []byte(texts[(i*4+worker)%len(texts)]))
				d.Delete(d.Len()/2, d.Len()/2+i)
				data, copies := d.Done()
				c := &Chunk{Data: data, Base: state.State, KeepState: true}
				for _, cp := range copies {
					c.Copies = append(c.Copies, Copy(cp))
				}
				got, err := s.chunk(c, &Recorder{})
				if err != nil {
					t.Error(err)
				}
				want, err := s.chunk(&Chunk{Data: bytes.Clone(data)}, &Recorder{})
				if err != nil || len(got) != len(want) {
					t.Errorf("version %d of worker %d: %d findings of %d, %v", i, worker, len(got), len(want), err)
				}
			}
		})
	}
	wg.Wait()
}
