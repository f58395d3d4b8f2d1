package scanner

import (
	"bytes"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/skant-dev/skant/internal/match"
)

// reach is how far a match can extend around an anchor in it, in bytes: a window of pos-before to pos+after, pos being
// the anchor's first byte, holds every match with that anchor, and one more byte on each side, so that ^, $ and \b
// cannot take the window's edge for the text's.
type reach struct {
	before, after int
	// breaks is how many line breaks a match can have, or -1 if there is no bound that helps. A window ends one line
	// break further on either side.
	breaks int
	// begins says that before follows from the pattern, bounded that both do. Otherwise a rule says how long its matches are,
	// or nothing does, and there may be longer ones.
	begins, bounded bool
	// token says that an anchor is looked at by itself before anything around it is.
	token bool
}

// maxBreaks bounds the line breaks that are counted: a window that may go over more lines is not cut by lines.
const maxBreaks = 8

// around returns the window around an anchor at pos.
func (r reach) around(data []byte, pos int) (lo, hi int) {
	lo, hi = max(0, pos-r.before), min(len(data), pos+r.after)
	if r.breaks < 0 {
		return lo, hi
	}
	start, end := pos, pos
	for range r.breaks + 1 {
		i := bytes.LastIndexByte(data[lo:start], '\n')
		if i < 0 {
			start = lo
			break
		}
		start = lo + i
	}
	for range r.breaks + 1 {
		i := bytes.IndexByte(data[end:hi], '\n')
		if i < 0 {
			end = hi
			break
		}
		end += i + 1
	}
	return start, end
}

func (c *compiledRule) window() reach {
	c.analyse()
	return c.reach
}

// analyse makes the rule ready to be used, and works out window and gate from the pattern, once.
func (c *compiledRule) analyse() {
	c.analysed.Do(func() {
		c.prepare()
		if c.Assignment != "" {
			c.reach = assignedReach()
			return
		}
		parsed, err := syntax.Parse(c.Pattern, syntax.Perl)
		if err != nil {
			return // the pattern will not compile either, which is reported where it is used
		}
		c.gate = newGate(parsed)
		longest, bounded := maxLength(parsed)
		if !bounded {
			longest = defaultMaxLength
		}
		if c.MaxLength > 0 {
			longest = min(longest, c.MaxLength)
			if !bounded {
				longest = c.MaxLength
			}
		}
		bounded = bounded && (c.MaxLength == 0 || longest < c.MaxLength)
		c.reach = reach{before: longest + 1, after: longest + 1, breaks: -1, begins: bounded, bounded: bounded}
		if n, ok := lineBreaks(parsed); ok && n <= maxBreaks {
			c.reach.breaks = n
		}
		if before, ok := lengthBefore(parsed, c.Anchors, c.Fold); ok && before < longest {
			c.reach.before, c.reach.begins = before+1, true
			c.reach.token = !c.Fold && tokenFollows(parsed, c.Anchors)
		}
	})
}

// walker returns the automaton of the pattern, or nil if there is none.
func (c *compiledRule) walker() *match.Automaton {
	c.walked.Do(func() {
		if parsed, err := syntax.Parse(c.Pattern, syntax.Perl); err == nil {
			c.automaton.Store(match.NewAutomaton(parsed))
		}
	})
	a := c.automaton.Load()
	if a == nil {
		return nil
	}
	coarser, ok := a.Coarser()
	if ok {
		c.automaton.CompareAndSwap(a, coarser)
	}
	return coarser
}

// hopefulStarts appends to kept those starts behind which the pattern goes on, each looked at by itself.
func (c *compiledRule) hopefulStarts(data []byte, starts, kept []ruleStart) []ruleStart {
	a := c.walker()
	if a == nil {
		return append(kept, starts...)
	}
	for _, s := range starts {
		w := a.Walk(data[:min(len(data), s.pos+c.reach.after)])
		if w.From(max(0, s.pos-c.reach.before), s.pos) || w.End() {
			kept = append(kept, s)
		}
	}
	return kept
}

// wideWindow is the size in bytes from which on it pays not to give all of a window to a pattern.
const wideWindow = 1 << 10

// hopeful returns the stretches of a window in which a match may be: all of it or none, or parts around some of its starts
// if it is wide.
func (c *compiledRule) hopeful(data []byte, window span, starts []ruleStart) []span {
	a := c.walker()
	if a == nil {
		return []span{window}
	}
	wide := window.hi-window.lo >= wideWindow && c.reach.bounded
	var parts []span
	add := func(starts []ruleStart) {
		for _, s := range starts {
			lo, hi := c.reach.around(data, s.pos)
			if n := len(parts); n > 0 && lo <= parts[n-1].hi {
				parts[n-1].hi = max(parts[n-1].hi, hi)
			} else {
				parts = append(parts, span{lo, hi})
			}
		}
	}
	w := a.Walk(data[window.lo:window.hi])
	began := 0 // the first start that is still hoped for
	for i, s := range starts {
		first, last := max(0, s.pos-c.reach.before-window.lo), s.pos-window.lo
		if !c.reach.begins {
			first = 0
		}
		switch {
		case w.Past(first):
			if !wide {
				return []span{window}
			}
			add(starts[began:i])
			w.Forget()
			began = i
		case !w.Hopes():
			began = i
		}
		if w.From(first, last) {
			if !wide {
				return []span{window}
			}
			add(starts[began : i+1])
			w.Forget()
			began = i + 1
		}
	}
	if w.End() {
		if !wide {
			return []span{window}
		}
		add(starts[began:])
	}
	return parts
}

// maxLength returns the greatest length in bytes of a match; bounded is false if there is none.
func maxLength(re *syntax.Regexp) (n int, bounded bool) {
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			n += runeLength(r, re.Flags&syntax.FoldCase != 0)
		}
		return n, true
	case syntax.OpCharClass:
		for _, r := range re.Rune {
			n = max(n, runeLength(r, false))
		}
		return n, true
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return utf8.UTFMax, true
	case syntax.OpCapture, syntax.OpQuest:
		return maxLength(re.Sub[0])
	case syntax.OpStar, syntax.OpPlus:
		return 0, false
	case syntax.OpRepeat:
		n, bounded = maxLength(re.Sub[0])
		return n * re.Max, bounded && re.Max >= 0
	case syntax.OpConcat:
		bounded = true
		for _, sub := range re.Sub {
			m, b := maxLength(sub)
			n, bounded = n+m, bounded && b
		}
		return n, bounded
	case syntax.OpAlternate:
		bounded = true
		for _, sub := range re.Sub {
			m, b := maxLength(sub)
			n, bounded = max(n, m), bounded && b
		}
		return n, bounded
	default: // assertions match the empty text
		return 0, true
	}
}

// lineBreaks returns how many line breaks a match can have at most; bounded is false if there is no bound.
func lineBreaks(re *syntax.Regexp) (n int, bounded bool) {
	switch re.Op {
	case syntax.OpLiteral:
		return strings.Count(string(re.Rune), "\n"), true
	case syntax.OpCharClass:
		if hasRune(re.Rune, '\n') {
			return 1, true
		}
		return 0, true
	case syntax.OpAnyChar:
		return 1, true
	}
	bounded = true
	for _, sub := range re.Sub {
		m, b := lineBreaks(sub)
		bounded = bounded && b
		if re.Op == syntax.OpAlternate {
			n = max(n, m)
		} else {
			n += m
		}
	}
	switch {
	case n == 0:
		return 0, bounded
	case re.Op == syntax.OpStar || re.Op == syntax.OpPlus || re.Op == syntax.OpRepeat && re.Max < 0:
		return 0, false
	case re.Op == syntax.OpRepeat:
		n *= re.Max
	}
	return n, bounded
}

// runeLength is the number of bytes that a rune takes; with case folding a few ASCII letters also match longer runes.
func runeLength(r rune, fold bool) int {
	if fold && r < utf8.RuneSelf {
		return 3 // the Kelvin sign matches k
	}
	return max(1, utf8.RuneLen(r))
}

// leading is the beginning of a match as far as it is known: before is the greatest length of what precedes text.
type leading struct {
	before int
	text   string
}

// maxLeading bounds the beginnings of matches that are told apart.
const maxLeading = 256

// lengthBefore returns how far into a match an anchor begins at most: it follows the pattern from its beginning until
// all that can have been matched so far has an anchor in it. ok is false if there is no bound.
func lengthBefore(re *syntax.Regexp, anchors []string, fold bool) (n int, ok bool) {
	lower := func(s string) string {
		if fold {
			return strings.ToLower(s)
		}
		return s
	}
	open := []leading{{}}
	for _, part := range flatten(re, nil) {
		var texts []string
		if fold || part.Flags&syntax.FoldCase == 0 {
			texts = language(part, maxLeading/len(open))
		}
		longest, bounded := maxLength(part)
		if texts == nil && !bounded {
			return 0, false
		}
		var next []leading
		for _, l := range open {
			if texts == nil {
				next = append(next, leading{l.before + len(l.text) + longest, ""})
				continue
			}
			for _, t := range texts {
				next = append(next, leading{l.before, l.text + lower(t)})
			}
		}
		open = open[:0]
		for _, l := range next {
			at := -1
			for _, a := range anchors {
				if i := strings.Index(l.text, lower(a)); i >= 0 && (at < 0 || i < at) {
					at = i
				}
			}
			if at >= 0 {
				n = max(n, l.before+3*at) // 3: see runeLength
			} else {
				open = append(open, l)
			}
		}
		if len(open) == 0 {
			return n, true
		}
	}
	return 0, false
}

// tokenFollows reports whether in every match an anchor is followed by bytes of a class that has no space: then a few bytes
// behind an anchor tell nearly always that there is no match.
func tokenFollows(re *syntax.Regexp, anchors []string) bool {
	parts := flatten(re, nil)
	for i, part := range parts[:max(0, len(parts)-1)] {
		texts := language(part, maxLeading)
		if texts == nil || slices.ContainsFunc(texts, func(t string) bool {
			return !slices.ContainsFunc(anchors, func(a string) bool { return strings.HasSuffix(t, a) })
		}) {
			continue
		}
		class := parts[i+1]
		if class.Op == syntax.OpStar || class.Op == syntax.OpPlus || class.Op == syntax.OpRepeat {
			class = class.Sub[0]
		}
		return class.Op == syntax.OpCharClass && !hasRune(class.Rune, ' ')
	}
	return false
}

// hasRune reports whether a character is in a class.
func hasRune(class []rune, r rune) bool {
	for i := 0; i+1 < len(class); i += 2 {
		if class[i] <= r && r <= class[i+1] {
			return true
		}
	}
	return false
}

// language returns all texts that re matches, in lower case where it folds case, or nil if they are more than limit or
// too much trouble to tell.
func language(re *syntax.Regexp, limit int) []string {
	switch re.Op {
	case syntax.OpLiteral:
		text := string(re.Rune)
		if re.Flags&syntax.FoldCase != 0 {
			text = strings.ToLower(text)
		}
		return []string{text}
	case syntax.OpCharClass:
		var texts []string
		for i := 0; i+1 < len(re.Rune); i += 2 {
			for r := re.Rune[i]; r <= re.Rune[i+1]; r++ {
				if texts = append(texts, string(r)); len(texts) > min(limit, 8) {
					return nil
				}
			}
		}
		return texts
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText,
		syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return []string{""}
	case syntax.OpCapture:
		return language(re.Sub[0], limit)
	case syntax.OpQuest:
		if texts := language(re.Sub[0], limit-1); texts != nil {
			return append([]string{""}, texts...)
		}
		return nil
	case syntax.OpAlternate:
		var all []string
		for _, sub := range re.Sub {
			texts := language(sub, limit-len(all))
			if all = append(all, texts...); texts == nil || len(all) > limit {
				return nil
			}
		}
		return all
	case syntax.OpConcat:
		all := []string{""}
		for _, sub := range re.Sub {
			texts := language(sub, limit/len(all))
			if texts == nil || len(all)*len(texts) > limit {
				return nil
			}
			var longer []string
			for _, a := range all {
				for _, t := range texts {
					longer = append(longer, a+t)
				}
			}
			all = longer
		}
		return all
	default:
		return nil
	}
}

// flatten returns the parts that follow one another in every match.
func flatten(re *syntax.Regexp, parts []*syntax.Regexp) []*syntax.Regexp {
	switch re.Op {
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			parts = flatten(sub, parts)
		}
		return parts
	case syntax.OpCapture:
		return flatten(re.Sub[0], parts)
	default:
		return append(parts, re)
	}
}
