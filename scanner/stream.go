package scanner

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp/syntax"
	"slices"
	"sort"
	"unicode/utf8"

	"github.com/skant-dev/skant/internal/decode"
)

// StreamError says that the Stream of a [Chunk] ended with an error. What came before it was searched, and the findings
// in it count. It is the source that knows what could not be read, and records it; if it does not, and lets the error
// end its walk, the scan is incomplete.
type StreamError struct{ Err error }

func (e *StreamError) Error() string { return "read content: " + e.Err.Error() }

// Unwrap returns the error of the stream.
func (e *StreamError) Unwrap() error { return e.Err }

const (
	// windowStep is how much of a stream each window is responsible for, in bytes.
	windowStep = 8 << 20
	// marginReaches is how many times the reach of the rules a window goes on to either side of what it is responsible
	// for. Two would do for plain text: one for a match, and one for matches that compete with it. Encoded text takes up
	// to six bytes for one, and encodings are nested.
	marginReaches = 8
	// cutSearch is how far back a good place for a cut is looked for, in bytes.
	cutSearch = 64 << 10
	// evidenceReach is how far around a match evidence may look, in bytes.
	evidenceReach = 2048
)

// origin is where a piece of content stands in the whole; the zero value is the beginning.
type origin struct {
	offset int64
	// lines is the number of line breaks before the piece, column the number of code points between the last of them and
	// the piece.
	lines, column int
	// later says that the piece is not the first one, and binary that the first one is no text.
	later, binary bool
}

// windows searches a stream piece by piece. Each window overlaps its neighbours by the margin, and reports the secrets
// that begin in the part that is its own. So the findings are those of a search of the whole, with two exceptions: a
// list of more than a window's worth of pairs may be paired otherwise, and bounds on the number of matches are counted
// for each window.
type windows struct {
	s            *Scanner
	c            *Chunk
	sc           *scratch
	margin, step int
	data         []byte
	from         origin
	// own is where in data begins what the window is responsible for.
	own int
	// utf16 decodes all windows but the first; nil if the content is no UTF-16.
	utf16 func([]byte) *decode.View
	found []streamed
	// paired are the identifiers that were found as part of a pair.
	paired map[string]bool
	clean  bool
}

// streamed is a finding about which the last word is spoken at the end of the stream.
type streamed struct {
	finding    Finding
	identifier bool
	value      string
	lines      []LineRange
}

// stream searches the Stream of a chunk. If that fails midway the findings are returned with a [*StreamError].
func (s *Scanner) stream(ctx context.Context, c *Chunk, rec *Recorder) ([]Finding, error) {
	sc := s.pool.Get().(*scratch)
	defer s.pool.Put(sc)
	sc.truncated, sc.bounded = false, false
	w := &windows{s: s, c: c, sc: sc, margin: s.margin(), step: s.step, paired: map[string]bool{}, clean: true}
	if w.step == 0 {
		w.step = max(windowStep, 4*w.margin)
	}
	var failed error
	for more := true; more; {
		if err := ctx.Err(); err != nil {
			failed = err
			break
		}
		var err error
		if more, err = w.fill(); err != nil {
			failed, more = err, false
		}
		if err := w.search(more); err != nil {
			return nil, err
		}
		if len(w.found) > maxCandidates {
			w.found, sc.truncated = w.found[:maxCandidates], true
			break
		}
	}
	sc.note(rec, name(c.Location))
	c.Clean = w.clean && failed == nil && !sc.truncated && !sc.bounded
	found := w.findings(rec)
	if failed != nil {
		return found, &StreamError{failed}
	}
	return found, nil
}

// note records the bounds that a search has hit.
func (sc *scratch) note(rec *Recorder, item string) {
	if sc.truncated {
		rec.Unread("matches", fmt.Sprintf("more than %d matches in one place; only the first were judged", maxCandidates), item)
	}
	if sc.bounded {
		rec.Unread("decoded text", "more encoded text in one place than the bound allows", item)
	}
}

// margin returns how far a window goes on around its own part.
func (s *Scanner) margin() int {
	s.marginOnce.Do(func() {
		reach := 0
		for i := range s.rules.len() {
			reach = max(reach, s.rules.at(i).farthest())
		}
		s.marginSize = marginReaches * reach
	})
	return s.marginSize
}

// farthest returns how far from a match of a rule anything stands that decides about it, the match included, in bytes.
func (c *compiledRule) farthest() int {
	w := c.window()
	near := max(evidenceReach, maxLine, c.checks.within())
	for i := range c.parts {
		p := &c.parts[i]
		length := defaultMaxLength
		if parsed, err := syntax.Parse(p.Pattern, syntax.Perl); err == nil {
			if n, bounded := maxLength(parsed); bounded {
				length = n
			}
		}
		near = max(near, p.within()+length+max(maxLine, p.checks.within(), preferReach))
	}
	return w.before + w.after + near
}

// fill reads on until the window has its whole length; more is false at the end of the stream.
func (w *windows) fill() (more bool, err error) {
	want := w.own + w.step + w.margin
	for len(w.data) < want {
		if len(w.data) == cap(w.data) {
			// Small content takes little memory, whatever was declared.
			w.data = slices.Grow(w.data, min(want-len(w.data), max(1<<20, len(w.data))))
		}
		n, err := w.c.Stream.Read(w.data[len(w.data):min(cap(w.data), want)])
		w.data = w.data[:len(w.data)+n]
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
	return true, nil
}

// text returns the window as it is searched.
func (w *windows) text() view {
	text := rawView(w.data)
	if w.from.later {
		if w.utf16 != nil {
			text = decodedView(w.utf16(w.data))
		}
	} else {
		w.utf16 = decode.UTF16Rest(w.data)
		if v, ok := decode.UTF16(w.data); ok {
			text = decodedView(v)
		}
		w.from.binary = binary(text.data)
	}
	text.steps = nil // the content's own character set is no disguise
	return text
}

// search searches the window and moves on to the next.
func (w *windows) search(more bool) error {
	text := w.text()
	end := len(w.data) + 1 // where the next window's part begins
	if more {
		end = len(w.data) - w.margin
		text.data = text.data[:phaseCut(text.data, len(text.data))]
	}
	path := w.c.Location.file()
	cands, err := w.s.searchView(text, path, w.sc, nil)
	if err == nil {
		cands, err = w.s.searchViews(text, 0, len(text.data), path, w.sc, cands)
	}
	if err != nil {
		return err
	}
	w.keep(text, cands, end)
	if more {
		w.advance(text, end)
	}
	return nil
}

// keep turns the candidates that begin in the window's own part into findings.
func (w *windows) keep(text view, cands []candidate, end int) {
	mine := func(c *candidate) bool { return w.own <= c.secret.lo && c.secret.lo < end }
	w.clean = w.clean && !slices.ContainsFunc(cands, func(c candidate) bool { return mine(&c) })
	if len(cands) == 0 {
		return
	}
	kept := resolve(cands)
	var lines *lineTable
	var covers []cover
	for i := range kept {
		cand := &kept[i]
		if !mine(cand) {
			continue
		}
		if lines == nil {
			lines = newLineTable(w.data, text)
			lines.from = w.from
			covers = lines.covers(kept, w.s.veiled(text, cands))
		}
		if cand.rule.Fact != "" {
			w.paired[cand.facts[cand.rule.Fact]] = true
		}
		found := streamed{
			finding:    w.s.finding(w.c.Location, cand, lines, covers),
			identifier: cand.identifier, value: cand.value,
		}
		if w.c.Added != nil {
			for _, sp := range cand.claims {
				found.lines = append(found.lines, lines.of(sp))
			}
		}
		w.found = append(w.found, found)
	}
}

// advance drops what is not needed any more. The next window begins where no encoded stretch is cut, or in step with it.
func (w *windows) advance(text view, end int) {
	at := w.cut(text, end-w.margin)
	raw := len(w.data)
	if at < len(text.data) {
		raw, _ = text.source(at, at+1)
	}
	before := text.data[:at]
	w.from.offset += int64(raw)
	w.from.lines += bytes.Count(before, []byte{'\n'})
	if i := bytes.LastIndexByte(before, '\n'); i >= 0 {
		before, w.from.column = before[i+1:], 0
	}
	w.from.column += utf8.RuneCount(before)
	w.from.later = true
	w.own = end - raw
	w.data = w.data[:copy(w.data, w.data[raw:])]
}

// cut returns the offset in the text of a good place for a cut, before the given offset in the stored content.
func (w *windows) cut(text view, target int) int {
	if target <= 0 {
		return 0
	}
	at := min(len(text.data), target)
	if w.utf16 != nil {
		at = sort.Search(len(text.data), func(i int) bool {
			raw, _ := text.source(i, i)
			return raw > target
		})
		at = max(0, at-1)
	}
	lo := max(0, at-cutSearch)
	if cut, ok := decode.CutBefore(text.data[lo:], at-lo, false); ok {
		return lo + cut
	}
	return phaseCut(text.data, at)
}

// phaseCut returns the last place at or before at from which base64 and hexadecimal digits can be decoded as they are in
// the whole, even those that hold UTF-16: in a run of such characters the number of those before it is a multiple of 8.
// No code point is cut, either.
func phaseCut(text []byte, at int) int {
	n := 0
	for i := at; i > 0 && (digit(text[i-1]) || text[i-1] == '\n' || text[i-1] == '\r'); i-- {
		if digit(text[i-1]) {
			n++
		}
	}
	for ; n%8 != 0; at-- {
		if digit(text[at-1]) {
			n--
		}
	}
	for range utf8.UTFMax - 1 {
		if at == 0 || at == len(text) || utf8.RuneStart(text[at]) {
			break
		}
		at--
	}
	return at
}

// digit reports whether c is of the alphabets of base64.
func digit(c byte) bool {
	return isWord(c) || c == '+' || c == '/' || c == '-'
}

// findings returns what counts of what was found, now that all of the stream was seen.
func (w *windows) findings(rec *Recorder) []Finding {
	if len(w.found) == 0 {
		return nil
	}
	added, filter := addedLines(w.c, rec)
	var out []Finding
	for i := range w.found {
		f := &w.found[i]
		if f.identifier && w.paired[f.value] {
			continue
		}
		if filter && !slices.ContainsFunc(f.lines, func(l LineRange) bool { return l.touches(added) }) {
			continue
		}
		out = append(out, f.finding)
	}
	return out
}
