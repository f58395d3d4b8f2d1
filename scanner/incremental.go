package scanner

import (
	"bytes"
	"math"
	"slices"
	"sort"

	"github.com/skant-dev/skant/internal/decode"
)

// State is what a search leaves for content that is made from the content that it saw: where anchors stand, and which
// rules had matches. It holds no content and does not change.
type State struct {
	size int
	// hits are the anchors, by position.
	hits []hit
	// matched are the rules whose pattern matched; decoded says that decoding showed a candidate.
	matched []int
	decoded bool
}

// hit is an anchor at a position.
type hit struct{ pos, anchor int32 }

const (
	// leastCopy is the shortest copy from a base that is worth being told from new text, in bytes.
	leastCopy = 128
	// seamCost is what a cut in content counts for, in new bytes, where searching what changed is weighed against searching
	// everything.
	seamCost = 64
)

// changes says what of a text is new, for one text after another.
//
// A rule's pattern is run in windows around its anchors; windows that overlap are one. What it finds there depends on
// the window alone, and on the little around it that context words are looked for in. So a window need not be looked at
// again if it stands, with all anchors whose windows could overlap it, in one piece that the base has, too: it gave
// nothing there, or the rule is among those that had matches, which are searched for in all of the text.
type changes struct {
	base *State
	text []byte
	kept []keptSpan
	hits []hit
	// dirty are the anchors of rules whose windows a change may have reached.
	dirty []ruleStart
	// marked are the rules that have any, or that matched in the base, and all their anchors.
	marked []bool
	rules  []int
}

// keptSpan is a stretch of a text that stands in its base, from on. What comes before it and behind it is new, or stands
// elsewhere in the base, unless both texts begin or end there.
type keptSpan struct {
	span
	from         int
	begins, ends bool
	// head and tail are line breaks counted from either end; see affected.
	head, tail breakList
}

// takeOver finds out what of a chunk is new. It reports false if that is unknown, or so much that everything may as well
// be searched.
func (ch *changes) takeOver(c *Chunk) bool {
	ch.base, ch.text, ch.kept = c.Base, c.Data, ch.kept[:0]
	if c.Base == nil || len(c.Data) > math.MaxInt32 {
		return false
	}
	at, fresh := 0, 0
	for _, cp := range c.Copies {
		if cp.Len < leastCopy || cp.To < at || cp.From < 0 || cp.Len > len(c.Data)-cp.To || cp.Len > c.Base.size-cp.From {
			continue
		}
		fresh += cp.To - at + seamCost
		at = cp.To + cp.Len
		if n := len(ch.kept); n < cap(ch.kept) { // keep the memory of its lists
			ch.kept = ch.kept[:n+1]
		} else {
			ch.kept = append(ch.kept, keptSpan{})
		}
		k := &ch.kept[len(ch.kept)-1]
		k.span, k.from = span{cp.To, at}, cp.From
		k.begins, k.ends = cp.To == 0 && cp.From == 0, at == len(c.Data) && cp.From+cp.Len == c.Base.size
		k.head.reset()
		k.tail.reset()
	}
	fresh += len(c.Data) - at
	return len(ch.kept) > 0 && fresh <= len(c.Data)/8*7+4*seamCost
}

// carry brings together the anchors of the base and those of what is new, and finds out which of them a change may
// affect.
func (s *Scanner) carry(sc *scratch) {
	ch := &sc.changes
	ch.hits, ch.dirty = ch.hits[:0], ch.dirty[:0]
	if ch.marked == nil {
		ch.marked = make([]bool, s.rules.len())
	}
	for _, r := range ch.rules {
		ch.marked[r] = false
	}
	ch.rules = ch.rules[:0]
	for _, r := range ch.base.matched {
		ch.mark(r)
	}
	before, at := 0, 0 // where the last kept span began and ended
	for i := range ch.kept {
		k := &ch.kept[i]
		if !k.begins {
			s.freshAnchors(before, at, k.lo, sc)
		}
		s.keptAnchors(k, ch)
		before, at = k.lo, k.hi
	}
	if !ch.kept[len(ch.kept)-1].ends {
		s.freshAnchors(before, at, len(ch.text), sc)
	}
	sortHits(ch.hits)
}

func (ch *changes) mark(rule int) {
	if !ch.marked[rule] {
		ch.marked[rule] = true
		ch.rules = append(ch.rules, rule)
	}
}

// freshAnchors adds the anchors with a byte in text[lo:hi] or across the seam at lo: those that begin in it, or behind
// from and reach over lo. Windows around them are new.
func (s *Scanner) freshAnchors(from, lo, hi int, sc *scratch) {
	ch := &sc.changes
	from = max(from, lo-s.anchors.longest+1)
	sc.hits = s.anchors.index.FindIn(ch.text, from, hi, sc.hits[:0])
	for _, h := range sc.hits {
		if h.Pos < lo && h.Pos+s.anchors.size(h.Anchor) <= lo {
			continue // it is of a kept span
		}
		ch.hits = append(ch.hits, hit{int32(h.Pos), int32(h.Anchor)})
		for _, r := range s.anchors.of(h.Anchor) {
			ch.mark(int(r))
			ch.dirty = append(ch.dirty, ruleStart{int(r), h.Pos})
		}
	}
}

// keptAnchors adds the anchors of a kept span.
func (s *Scanner) keptAnchors(k *keptSpan, ch *changes) {
	base := ch.base
	shift := k.lo - k.from
	end := k.from + k.hi - k.lo
	first := sort.Search(len(base.hits), func(i int) bool { return int(base.hits[i].pos) >= k.from })
	for _, h := range base.hits[first:] {
		if int(h.pos) >= end {
			break
		}
		if int(h.pos)+s.anchors.size(int(h.anchor)) > end {
			continue
		}
		pos := int(h.pos) + shift
		ch.hits = append(ch.hits, hit{int32(pos), h.anchor})
		for _, r := range s.anchors.of(int(h.anchor)) {
			if k.affected(ch.text, pos, s.rules.at(int(r)), s.anchors.longest) {
				ch.mark(int(r))
				ch.dirty = append(ch.dirty, ruleStart{int(r), pos})
			}
		}
	}
}

// affected reports whether the window of a rule around pos, or one that overlaps it, may reach out of the span, in the
// text or in the base. Two windows' reach is enough distance: then no window of an anchor outside meets this one. Where
// windows are cut at line breaks, so are enough of these.
func (k *keptSpan) affected(text []byte, pos int, rule *compiledRule, longest int) bool {
	w := rule.window()
	within := 0
	if len(rule.checks.context) > 0 {
		within = rule.checks.within()
	}
	margin := w.before + w.after + within + longest + 2
	left, right := !k.begins && pos-k.lo < margin, !k.ends && k.hi-pos < margin
	if w.breaks < 0 || within > defaultContextWithin {
		return left || right
	}
	lines := 2*w.breaks + 3
	if left {
		at, ok := k.head.after(text, k.lo+defaultContextWithin, k.hi, lines)
		left = !ok || pos <= at
	}
	if right && !left {
		at, ok := k.tail.before(text, k.lo, k.hi-defaultContextWithin-longest, lines)
		right = !ok || pos > at
	}
	return left || right
}

// searchChanged appends the candidates of a text of which carry found out what changed.
func (s *Scanner) searchChanged(v view, path string, sc *scratch, out []candidate) ([]candidate, error) {
	ch := &sc.changes
	sc.starts, sc.matched = sc.starts[:0], sc.matched[:0]
	if len(ch.rules) == 0 {
		return out, nil
	}
	for _, h := range ch.hits {
		for _, r := range s.anchors.of(int(h.anchor)) {
			if ch.marked[r] {
				sc.starts = append(sc.starts, ruleStart{int(r), int(h.pos)})
			}
		}
	}
	ch.dirty = sc.sorter.sort(ch.dirty, s.rules.len())
	return s.searchStarts(v, path, sc, ch, out)
}

// matchedBefore reports whether a rule's pattern matched in the base.
func (ch *changes) matchedBefore(rule int) bool { return slices.Contains(ch.base.matched, rule) }

// dirtyOf returns the dirty starts of a rule.
func (ch *changes) dirtyOf(rule int) []ruleStart {
	first, _ := slices.BinarySearchFunc(ch.dirty, ruleStart{rule, -1}, ruleStart.compare)
	end, _ := slices.BinarySearchFunc(ch.dirty, ruleStart{rule + 1, -1}, ruleStart.compare)
	return ch.dirty[first:end]
}

// matchChanged runs a rule's pattern in the windows that hold one of the dirty starts.
func matchChanged(rule *compiledRule, data []byte, starts, dirty []ruleStart) ([]found, error) {
	if rule.Assignment != "" {
		return matchAssigned(rule, data, dirty), nil
	}
	if rule.window().token {
		var few [8]ruleStart
		dirty = rule.hopefulStarts(data, dirty, few[:0])
	}
	return matchAround(rule, data, starts, dirty)
}

// matchAround runs a rule's pattern in those windows around starts that hold one of the dirty ones.
func matchAround(rule *compiledRule, data []byte, starts, dirty []ruleStart) (out []found, err error) {
	w := rule.window()
	done := 0
	for _, d := range dirty {
		i, _ := slices.BinarySearchFunc(starts, d, ruleStart.compare)
		if i < done {
			continue
		}
		lo, hi := w.around(data, starts[i].pos)
		first := i
		for ; first > done; first-- {
			beforeLo, beforeHi := w.around(data, starts[first-1].pos)
			if lo > beforeHi {
				break
			}
			lo = beforeLo
		}
		for done = i + 1; done < len(starts); done++ {
			nextLo, nextHi := w.around(data, starts[done].pos)
			if nextLo > hi {
				break
			}
			hi = max(hi, nextHi)
		}
		if out, err = rule.matchWindow(data, lo, hi, starts[first:done], out); err != nil || len(out) > maxCandidates {
			return out, err
		}
	}
	return out, nil
}

// changedLines calls visit with the stretches of text around what is new that can be decoded for themselves: whole lines,
// cut where no encoded text goes over the cut, neither in the text nor in its base.
func (ch *changes) changedLines(visit func(lo, hi int) error) error {
	open, lo, hi := false, 0, 0
	for i := 0; i <= len(ch.kept); i++ {
		if i == 0 && ch.kept[0].begins || i == len(ch.kept) && ch.kept[i-1].ends {
			continue // there is nothing between the text's end and the span
		}
		if !open {
			lo = hi
			if i > 0 {
				// Where this finds no cut, the one behind the last change is one; where there was none, the text begins.
				p := ch.kept[i-1]
				cut, _ := decode.CutBefore(ch.text[p.lo:p.hi], p.hi-p.lo, p.begins)
				lo = max(hi, p.lo+cut)
			}
		}
		open, hi = true, len(ch.text)
		if i < len(ch.kept) {
			k := ch.kept[i]
			cut, ok := decode.CutAfter(ch.text[k.lo:k.hi], 0, k.ends)
			if !ok {
				continue // the next change is too near
			}
			hi = k.lo + cut
		}
		open = false
		if err := visit(lo, hi); err != nil {
			return err
		}
	}
	if open {
		return visit(lo, len(ch.text))
	}
	return nil
}

// newState returns what the search of size bytes leaves.
func (s *Scanner) newState(size int, changed bool, sc *scratch) *State {
	if size > math.MaxInt32 {
		return nil
	}
	st := &State{size: size}
	if len(sc.matched) > 0 {
		st.matched = slices.Clone(sc.matched)
	}
	switch {
	case changed:
		st.hits = append(make([]hit, 0, len(sc.changes.hits)), sc.changes.hits...)
	default:
		st.hits = make([]hit, 0, len(sc.hits))
		for _, h := range sc.hits {
			st.hits = append(st.hits, hit{int32(h.Pos), int32(h.Anchor)})
		}
		sortHits(st.hits)
	}
	return st
}

// sortHits sorts by position what is nearly sorted.
func sortHits(hits []hit) {
	for i := 1; i < len(hits); i++ {
		h := hits[i]
		j := i
		for ; j > 0 && hits[j-1].pos > h.pos; j-- {
			hits[j] = hits[j-1]
		}
		hits[j] = h
	}
}

// breakList finds line breaks in order from one place, and remembers them.
type breakList struct {
	found []int
	// at is where the search goes on; -1 before the first.
	at int
	// none says that there are no more.
	none bool
}

func (l *breakList) reset() { l.found, l.at, l.none = l.found[:0], -1, false }

// after returns the nth line break, from 1, in text[lo:hi].
func (l *breakList) after(text []byte, lo, hi, n int) (at int, ok bool) {
	l.at = max(l.at, lo)
	for len(l.found) < n && !l.none {
		i := -1
		if l.at < hi {
			i = bytes.IndexByte(text[l.at:hi], '\n')
		}
		if i < 0 {
			l.none = true
			break
		}
		l.found = append(l.found, l.at+i)
		l.at += i + 1
	}
	if len(l.found) < n {
		return 0, false
	}
	return l.found[n-1], true
}

// before returns the nth line break, from 1 and from the end, in text[lo:hi].
func (l *breakList) before(text []byte, lo, hi, n int) (at int, ok bool) {
	if l.at < 0 {
		l.at = hi
	}
	for len(l.found) < n && !l.none {
		i := -1
		if l.at > lo {
			i = bytes.LastIndexByte(text[lo:l.at], '\n')
		}
		if i < 0 {
			l.none = true
			break
		}
		l.at = lo + i
		l.found = append(l.found, l.at)
	}
	if len(l.found) < n {
		return 0, false
	}
	return l.found[n-1], true
}
