package scanner

import (
	"bytes"
	"slices"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"
)

// locate turns candidates into findings: which count, where they are, what the line looks like. all has the candidates
// that were dropped for more specific ones, too: their values are not shown either.
func (s *Scanner) locate(c *Chunk, text view, cands, all []candidate, rec *Recorder) []Finding {
	lines := newLineTable(c.Data, text)
	lines.from.binary = binary(text.data)
	covers := lines.covers(cands, all)
	added, filter := addedLines(c, rec)
	var out []Finding
	for i := range cands {
		cand := &cands[i]
		if filter && !slices.ContainsFunc(cand.claims, func(sp span) bool { return lines.of(sp).touches(added) }) {
			continue
		}
		out = append(out, s.finding(c.Location, cand, lines, covers))
	}
	return out
}

// finding turns one candidate into a finding.
func (s *Scanner) finding(at Location, cand *candidate, lines *lineTable, covers []cover) Finding {
	f := Finding{
		Fingerprint: s.fingerprint(cand.rule.ID, cand.value), RuleID: cand.rule.ID, Title: cand.rule.Title,
		Severity: cand.severity, Confidence: cand.confidence, Verdict: cand.verdict, Reasons: cand.reasons,
		Secret: NewSecret(cand.value, cand.prefix), Location: at, Facts: cand.facts, parts: cand.parts, weight: cand.weight, Example: cand.example, conditional: cand.conditional, priority: cand.rule.Priority,
	}
	if cand.identifier {
		f.Secret = NewIdentifier(cand.value)
	} else {
		for _, sp := range cand.claims {
			stored := string(lines.data[sp.lo:sp.hi])
			if stored != cand.value && !cand.states(stored) {
				prefix := 0
				if !cand.rule.Known {
					prefix = prefixLength(stored, cand.rule.Anchors)
				}
				f.raw = append(f.raw, NewSecret(stored, prefix))
			}
		}
	}
	if len(f.Facts) == 0 {
		f.Facts = nil
	}
	f.Location.Offset = lines.from.offset + int64(cand.secret.lo)
	f.Location.Decoded = cand.steps
	f.Location.StartLine, f.Location.StartColumn = lines.position(cand.secret.lo)
	f.Location.EndLine, f.Location.EndColumn = lines.position(cand.secret.hi)
	if lines.from.binary {
		f.Excerpt = f.Secret.Redacted() // what stands around it is no line that anybody could read
		f.Reasons = append(f.Reasons, "the content is binary: go by the offset, not by the line")
	} else {
		f.Excerpt = lines.excerpt(*cand, covers)
	}
	f.allow = s.allowance(&at, cand, lines, covers)
	return f
}

// binaryHead is how much of content is looked at to tell whether it is text, in bytes; git looks at as much.
const binaryHead = 8000

// binary reports whether content is no text. It is searched all the same: a token in a program has leaked, too.
func binary(data []byte) bool {
	return bytes.IndexByte(data[:min(len(data), binaryHead)], 0) >= 0
}

// addedLines asks the source which lines are new; filter is false where all are. If that cannot be told, all count.
func addedLines(c *Chunk, rec *Recorder) (added []LineRange, filter bool) {
	if c.Added == nil {
		return nil, false
	}
	added, err := c.Added()
	if err != nil {
		rec.Unread("comparisons", "could not tell new lines from old, so all count as new: "+err.Error(), name(c.Location))
		return nil, false
	}
	return added, true
}

// lineTable turns offsets into lines and columns. Its offsets are those of the stored content; its text is the decoded
// one where the file is UTF-16.
type lineTable struct {
	from   origin
	data   []byte
	raw    func(textOffset int) int
	text   []byte
	breaks []int // offsets of line breaks in text
}

func newLineTable(data []byte, text view) *lineTable {
	return &lineTable{
		data: data, text: text.data, breaks: countLines(text.data),
		raw: func(at int) int { lo, _ := text.source(at, at); return lo },
	}
}

// inText returns the offset in the text of an offset of the stored content.
func (t *lineTable) inText(raw int) int {
	if len(t.text) == len(t.data) {
		return raw
	}
	return sort.Search(len(t.text), func(i int) bool { return t.raw(i) >= raw })
}

// position returns line and column of a stored offset, both from 1, columns in code points.
func (t *lineTable) position(raw int) (line, column int) {
	at := t.inText(raw)
	i := sort.SearchInts(t.breaks, at)
	column = utf8.RuneCount(t.text[t.lineStart(i):at]) + 1
	if i == 0 {
		column += t.from.column
	}
	return t.from.lines + i + 1, column
}

func (t *lineTable) lineStart(i int) int {
	if i == 0 {
		return 0
	}
	return t.breaks[i-1] + 1
}

// span returns the stored bytes of lines first to last, which count from 1.
func (t *lineTable) span(first, last int) span {
	first, last = min(max(first, 1), len(t.breaks)+1), min(max(last, 1), len(t.breaks)+1)
	end := len(t.text)
	if last <= len(t.breaks) {
		end = t.breaks[last-1]
	}
	return span{t.raw(t.lineStart(first - 1)), max(t.raw(end), t.raw(t.lineStart(first-1))+1)}
}

// of returns the lines of a stored span.
func (t *lineTable) of(s span) LineRange {
	first, _ := t.position(s.lo)
	last, _ := t.position(max(s.lo, s.hi-1))
	return LineRange{first, last}
}

// touches reports whether any of the lines is in one of the ranges.
func (l LineRange) touches(ranges []LineRange) bool {
	return slices.ContainsFunc(ranges, func(r LineRange) bool { return l.First <= r.Last && r.First <= l.Last })
}

const (
	// excerptBefore and excerptAfter are how much of the line is shown around a secret, in bytes.
	excerptBefore, excerptAfter = 80, 40
	masked                      = "[redacted]"
)

// cover is a stretch of the text that is not shown, and what stands in its place.
type cover struct {
	span
	shown string
}

// covers returns what to hide of the text, sorted and without overlaps. Where a value is reported, its redacted form
// takes its place.
func (t *lineTable) covers(kept, all []candidate) []cover {
	var list []cover
	known := slices.ContainsFunc(kept, func(c candidate) bool { return c.rule.Known })
	for _, group := range [][]candidate{kept, all} {
		for i := range group {
			c := &group[i]
			for _, sp := range c.claims {
				if c.identifier || sp != c.secret && c.states(string(t.data[sp.lo:sp.hi])) {
					continue
				}
				shown := masked
				if sp == c.secret && len(c.steps) == 0 && !known {
					shown = NewSecret(c.value, c.prefix).Redacted()
				}
				list = append(list, cover{span{t.inText(sp.lo), t.inText(sp.hi)}, shown})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b cover) int { return a.lo - b.lo })
	merged := list[:0]
	for _, c := range list {
		if n := len(merged); n > 0 && c.lo < merged[n-1].hi {
			merged[n-1].hi = max(merged[n-1].hi, c.hi)
			if merged[n-1].shown == masked {
				merged[n-1].shown = c.shown
			}
			continue
		}
		merged = append(merged, c)
	}
	return merged
}

// excerpt returns the line on which a candidate's secret begins, shortened and with covers in their places.
func (t *lineTable) excerpt(c candidate, covers []cover) string {
	at := t.inText(c.secret.lo)
	i := sort.SearchInts(t.breaks, at)
	lo := t.lineStart(i)
	hi := len(t.text)
	if i < len(t.breaks) {
		hi = t.breaks[i]
	}
	cut := lo < at-excerptBefore
	lo = max(lo, at-excerptBefore)
	end := max(at, min(hi, t.inText(c.secret.hi)))
	cutEnd := end+excerptAfter < hi
	hi = min(hi, end+excerptAfter)

	var b strings.Builder
	if cut {
		b.WriteString("…")
	}
	next := sort.Search(len(covers), func(i int) bool { return covers[i].hi > lo })
	for _, cov := range covers[next:] {
		if cov.lo >= hi {
			break
		}
		b.Write(t.text[lo:max(lo, cov.lo)])
		b.WriteString(cov.shown)
		lo = min(hi, cov.hi)
	}
	b.Write(t.text[lo:hi])
	if cutEnd {
		b.WriteString("…")
	}
	return printable(b.String())
}

// states reports whether a value is one of the candidate's facts, which are public.
func (c *candidate) states(value string) bool {
	for _, fact := range c.facts {
		if fact == value {
			return true
		}
	}
	return false
}

// printable makes text from a repository safe to show on one line: valid UTF-8 without control or direction characters.
func printable(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case r == utf8.RuneError || unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || unicode.Is(unicode.Cf, r):
			return '\uFFFD'
		default:
			return r
		}
	}, string(bytes.ToValidUTF8([]byte(s), []byte("\uFFFD")))))
}
