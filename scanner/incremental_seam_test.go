package scanner

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"fmt"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/skant-dev/skant/internal/chains"
	"github.com/skant-dev/skant/rules"
)

// code returns about n bytes of lines in which nothing is found, no two alike.
func code(n int, name string) string {
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, "\tif err := %s%d(ctx); err != nil { return err }\n", name, i)
	}
	return b.String()
}

// history is versions that are each made from the one before.
type history struct{ list []chains.Version }

func newHistory(text string) *history {
	return &history{[]chains.Version{{Data: []byte(text), Base: -1}}}
}

// edit adds a version.
func (h *history) edit(change func(d *chains.Draft)) {
	base := len(h.list) - 1
	d := chains.NewDraft(h.list[base].Data)
	change(d)
	data, copies := d.Done()
	h.list = append(h.list, chains.Version{Data: data, Base: base, Copies: copies})
}

// examples calls f with each rule's examples that are found; the text is set down between lines of code.
func examples(t *testing.T, s *Scanner, f func(r *rules.Rule, text string)) {
	t.Helper()
	all := s.set.All()
	for i := range all {
		r := &all[i]
		n := 0
		for _, tmpl := range r.Examples.Match {
			if n > 1 && proof(t) == 1 {
				break
			}
			n++
			text, err := rules.Expand(tmpl, r.ID)
			if err != nil {
				t.Fatal(err)
			}
			f(r, text)
		}
	}
}

// places returns positions in n bytes: all of them, or, unless more is asked for, a number of them, others each time.
func places(t *testing.T, n, most, start int) []int {
	step := max(1, n/(most*proof(t)))
	var list []int
	for at := start % step; at <= n; at += step {
		list = append(list, at)
	}
	return list
}

// TestSeams sets a seam into every rule's examples, in all the ways in which a delta can have one.
func TestSeams(t *testing.T) {
	t.Parallel()
	s := allFindings(t)
	before, after := code(400, "before"), code(400, "after")
	count := 0
	examples(t, s, func(r *rules.Rule, text string) {
		pad := code(len(text), "between")
		for _, cut := range places(t, len(text), 3, count) {
			count++
			lo, at, hi := len(before), len(before)+cut, len(before)+len(text)
			h := newHistory(before + text + "\n" + after + pad)
			for _, sep := range []string{"\n", "X", " "} { // taken apart, and joined by copies alone
				h.edit(func(d *chains.Draft) { d.Insert(at, []byte(sep)) })
				h.edit(func(d *chains.Draft) { d.Delete(at, at+1) })
			}
			h.edit(func(d *chains.Draft) { d.Delete(at, hi) }) // the end is lost, and comes back
			h.edit(func(d *chains.Draft) { d.Insert(at, []byte(text[cut:])) })
			h.edit(func(d *chains.Draft) { d.Delete(lo, at) }) // the beginning is lost, and comes back
			h.edit(func(d *chains.Draft) { d.Insert(lo, []byte(text[:cut])) })
			h.edit(func(d *chains.Draft) { d.Retype(at, at+1) })
			h.edit(func(d *chains.Draft) { d.Move(at, hi, d.Len()) }) // the halves far apart, and together again
			h.edit(func(d *chains.Draft) { d.Move(d.Len()-(hi-at), d.Len(), at) })
			h.edit(func(d *chains.Draft) { d.Duplicate(at, hi, lo) }) // the end twice
			h.edit(func(d *chains.Draft) { d.Insert(lo, []byte(pad)) })
			same(t, s, h.list, "", fmt.Sprintf("%s, seam at %d of %d", r.ID, cut, len(text)))
			if t.Failed() {
				return
			}
		}
	})
	if count < 3*len(s.rules) {
		t.Errorf("%d seams in examples of %d rules: the test tests little", count, len(s.rules))
	}
}

// TestReach moves apart what a rule wants near one another, to where it only just sees it and to where it does not.
func TestReach(t *testing.T) {
	t.Parallel()
	s := allFindings(t)
	before, after := code(400, "before"), code(400, "after")
	count := 0
	examples(t, s, func(r *rules.Rule, text string) {
		reach := map[int]bool{}
		if len(r.Checks.Context) > 0 {
			reach[max(defaultContextWithin, r.Checks.ContextWithin)] = true
			reach[r.Checks.ContextWithin] = true
		}
		for _, p := range r.Parts {
			if reach[p.Within] = true; len(p.Prefer) > 0 {
				reach[preferReach] = true
			}
		}
		delete(reach, 0)
		for far := range reach {
			for _, cut := range places(t, len(text), 2, count) {
				count++
				pad := code(2*far, "between")
				at := len(before) + cut
				h := newHistory(before + text + "\n" + after + pad)
				for _, n := range []int{far - len(text), far - 20, far - 1, far, far + 1, far + 20} {
					gap := []byte(code(max(1, n), "gap"))[:max(1, n)]
					h.edit(func(d *chains.Draft) { d.Insert(at, gap) })
					h.edit(func(d *chains.Draft) { d.Delete(at+len(gap)/2, at+len(gap)/2+1) }) // one byte nearer
					h.edit(func(d *chains.Draft) { d.Delete(at, at+len(gap)-1) })
				}
				same(t, s, h.list, "", fmt.Sprintf("%s, apart at %d of %d by %d", r.ID, cut, len(text), far))
				if t.Failed() {
					return
				}
			}
		}
	})
	if count < 100 {
		t.Errorf("%d cases: the test tests little", count)
	}
}

// TestContextComes makes a word that a rule wants near a match out of one that it does not know, at growing distances on
// both sides, and unmakes it.
func TestContextComes(t *testing.T) {
	t.Parallel()
	s := allFindings(t)
	count := 0
	examples(t, s, func(r *rules.Rule, text string) {
		within := cmp.Or(r.Checks.ContextWithin, defaultContextWithin)
		for i, word := range r.Checks.Context {
			if i > 1 && proof(t) == 1 {
				break
			}
			for _, w := range r.Checks.Context { // those that the example has
				text = strings.ReplaceAll(text, w, "_"+w[1:])
			}
			for far := 0; far < within+len(text); far += 1 + (within+len(text))/(6*proof(t)) {
				count++
				// Lines that end soon, so that it is distance that counts, and one that does not, so that it is lines.
				for _, gap := range []string{strings.Repeat("- x\n", far/4+1), code(far, "gap"), strings.Repeat("word ", far/5+1)} {
					gap = gap[:far]
					h := newHistory(code(600, "before") + "_" + word[1:] + gap + "\n" + text + "\n" + gap + "_" + word[1:] + "\n" + code(600, "after"))
					first := bytes.Index(h.list[0].Data, []byte("_"+word[1:]+gap))
					last := bytes.LastIndex(h.list[0].Data, []byte(gap+"_"+word[1:])) + len(gap)
					for _, at := range []int{first, last} {
						for _, c := range []string{word[:1], "_"} {
							h.edit(func(d *chains.Draft) { d.Delete(at, at+1); d.Insert(at, []byte(c)) })
						}
					}
					same(t, s, h.list, "", fmt.Sprintf("%s, %q at %d", r.ID, word, far))
					if t.Failed() {
						return
					}
				}
			}
		}
	})
	if count < 100 {
		t.Errorf("%d cases: the test tests little", count)
	}
}

// seamRules have what built-in rules have little of: anchors longer than the copies that are worth a look, the shortest
// ones, several in one place, matches over several lines, matches that depend on where a line or the text begins or ends.
const seamRules = `
provider: seam
rules:
  - id: seam-long
    title: Long anchor
    severity: high
    anchors: [this-is-a-very-long-name-of-a-setting-that-has-more-bytes-than-most-copies-that-are-worth-the-trouble]
    pattern: '(?:^|[^a-z])this-is-a-very-long-name-of-a-setting-that-has-more-bytes-than-most-copies-that-are-worth-the-trouble=([A-Za-z0-9]{20})(?:[^A-Za-z0-9]|$)'
    examples: {match: ['this-is-a-very-long-name-of-a-setting-that-has-more-bytes-than-most-copies-that-are-worth-the-trouble=<<alnum 20>>'], clean: [this-is]}
  - id: seam-short
    title: Short anchor
    severity: high
    anchors: [k_=]
    pattern: '\b(k_=[a-z0-9]{12})\b'
    examples: {match: ['k_=<<lowalnum 12>>'], clean: [k_=1]}
  - id: seam-lines
    title: Over lines
    severity: high
    anchors: [begin-seam]
    max_length: 200
    pattern: 'begin-seam\n([A-Za-z0-9]{16}\n[A-Za-z0-9]{16}\n[A-Za-z0-9]{16})\nend-seam'
    examples: {match: ["begin-seam<<nl>><<alnum 16>><<nl>><<alnum 16>><<nl>><<alnum 16>><<nl>>end-seam"], clean: [begin-seam]}
  - id: seam-wide
    title: Over long lines
    severity: high
    anchors: [wide-seam]
    max_length: 1500
    pattern: 'wide-seam\n([A-Za-z0-9]{300})\n[a-z]{300}\n[a-z]{300}\nend-wide'
    examples: {match: ["wide-seam<<nl>><<alnum 300>><<nl>><<lower 300>><<nl>><<lower 300>><<nl>>end-wide"], clean: [wide-seam]}
  - id: seam-edge
    title: A line on its own
    severity: high
    anchors: [edg.]
    pattern: '(?m)^(edg\.[a-z0-9]{14})$'
    examples: {match: ['edg.<<lowalnum 14>>'], clean: [edg.]}
  - id: seam-text
    title: A text on its own
    severity: high
    anchors: [TXT-]
    pattern: '^(TXT-[A-Z0-9]{14})(?:\n|$)'
    examples: {match: ['TXT-<<upalnum 14>>'], clean: [TXT-]}
  - id: seam-late
    title: Anchor at the end
    severity: high
    anchors: ['.seam.test', seam-host]
    fold: true
    pattern: '([a-z0-9]{24})@[a-z]{1,20}(?i:\.seam\.test|seam-host)'
    checks: {context: [login, sign-in], context_within: 30}
    examples: {match: ['login <<lowalnum 24>>@abc.seam.test'], clean: [.seam.test]}
`

// TestAnchorSeams breaks every byte of anchors and of what stands around them, and mends it, so that each anchor has a
// seam at every place and comes to light by one byte.
func TestAnchorSeams(t *testing.T) {
	t.Parallel()
	s := testScannerOf(t, seamRules)
	all := s.set.All()
	for i := range all {
		r := &all[i]
		text, err := rules.Expand(r.Examples.Match[0], r.ID)
		if err != nil {
			t.Fatal(err)
		}
		before, after := code(400, "before"), code(400, "after")
		for at := 0; at < len(text); at += 1 + len(text)/120 {
			for _, glue := range []string{"\n", "a", " "} {
				h := newHistory(before + glue + text + glue + after)
				here := len(before) + 1 + at
				old := text[at : at+1]
				for _, c := range []string{"!", old, "\n", old, "a", old} {
					h.edit(func(d *chains.Draft) { d.Delete(here, here+1); d.Insert(here, []byte(c)) })
				}
				// Byte by byte, and by copies of half the text.
				h.edit(func(d *chains.Draft) { d.Insert(here, []byte("..")) })
				h.edit(func(d *chains.Draft) { d.Delete(here, here+2); d.Retype(here, here+1) })
				h.edit(func(d *chains.Draft) { d.Duplicate(here-60, here, here+60) })
				h.edit(func(d *chains.Draft) { d.Delete(0, len(before)+1) }) // the text begins with it
				h.edit(func(d *chains.Draft) { d.Insert(0, []byte("a")) })
				h.edit(func(d *chains.Draft) { d.Delete(0, 1) })
				h.edit(func(d *chains.Draft) { d.Delete(len(text), d.Len()) }) // and ends with it
				same(t, s, h.list, "", fmt.Sprintf("%s, byte %d between %q", r.ID, at, glue))
				if t.Failed() {
					return
				}
			}
		}
	}
}

// TestEnds lets content begin or end with every rule's example that stood in the middle of something before.
func TestEnds(t *testing.T) {
	t.Parallel()
	s := allFindings(t)
	before, after := code(400, "before"), code(400, "after")
	examples(t, s, func(r *rules.Rule, text string) {
		for _, glue := range []string{"Z", "0", "\n"} {
			h := newHistory(before + glue + text + glue + after + code(len(text), "more"))
			lo := len(before) + 1
			h.edit(func(d *chains.Draft) { d.Delete(0, lo) })
			h.edit(func(d *chains.Draft) { d.Insert(0, []byte(before+glue)) })
			h.edit(func(d *chains.Draft) { d.Move(0, lo, d.Len()) })
			h.edit(func(d *chains.Draft) { d.Move(d.Len()-lo, d.Len(), 0) })
			h.edit(func(d *chains.Draft) { d.Delete(lo+len(text), d.Len()) })
			h.edit(func(d *chains.Draft) { d.Insert(d.Len(), []byte(glue)) })
			h.edit(func(d *chains.Draft) { d.Delete(d.Len()-1, d.Len()) })
			same(t, s, h.list, "", fmt.Sprintf("%s between %q", r.ID, glue))
			if t.Failed() {
				return
			}
		}
	})
}

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

func testScannerOf(t testing.TB, text string) *Scanner {
	t.Helper()
	set, err := rules.Load(fstest.MapFS{"acme.yaml": {Data: []byte(text)}}, "acme.yaml", "")
	if err != nil {
		t.Fatal(err)
	}
	return newScanner(t, set)
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
