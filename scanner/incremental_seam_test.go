package scanner

import (
	"bytes"
	"cmp"
	"fmt"
	"strings"
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

// eighth is the share of rules that the tests of seams try unless more is asked for: most rules are much alike.
const eighth = 8

// examples calls f with rules' examples that are found; the text is set down between lines of code.
func examples(t *testing.T, s *Scanner, f func(r *rules.Rule, text string)) {
	t.Helper()
	all := s.set.All()
	for i := range all {
		r := &all[i]
		n := 0
		if i%eighth != 0 && proof(t) == 1 {
			continue
		}
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
	if count < 3*s.rules.len()/eighth {
		t.Errorf("%d seams in examples of %d rules: the test tests little", count, s.rules.len())
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
	if count < 50 {
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

func testScannerOf(t testing.TB, text string) *Scanner {
	t.Helper()
	set, err := rules.Load(fstest.MapFS{"acme.yaml": {Data: []byte(text)}}, "acme.yaml", "")
	if err != nil {
		t.Fatal(err)
	}
	return newScanner(t, set)
}
