package scanner

import (
	"bytes"
	"regexp"
	"regexp/syntax"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/skant-dev/skant/internal/evidence"
	"github.com/skant-dev/skant/internal/match"
	"github.com/skant-dev/skant/rules"
)

// defaultMaxLength bounds matches of patterns with unbounded repetition whose rule does not say how long they get.
const defaultMaxLength = 4096

// lazyPattern is a pattern that is compiled when it is first needed: a hook that meets no anchor compiles none.
type lazyPattern struct {
	once sync.Once
	text string
	re   *regexp.Regexp
	err  error
}

func (l *lazyPattern) get() (*regexp.Regexp, error) {
	l.once.Do(func() { l.re, l.err = regexp.Compile(l.text) })
	return l.re, l.err
}

func lazyPatterns(texts []string) []*lazyPattern {
	out := make([]*lazyPattern, len(texts))
	for i, t := range texts {
		out[i] = &lazyPattern{text: t}
	}
	return out
}

// compiledRule is a rule in the form in which the engine uses it.
type compiledRule struct {
	*rules.Rule
	pattern  lazyPattern
	checks   compiledChecks
	evidence []evidence.Func
	parts    []compiledPart

	analysed sync.Once
	reach    reach
	gate     gate
}

type compiledPart struct {
	*rules.Part
	pattern lazyPattern
	checks  compiledChecks
}

type compiledChecks struct {
	*rules.Checks
	require, forbid, forbidContext, paths []*lazyPattern
	context                               [][]byte // in lower case
}

func compileChecks(c *rules.Checks) compiledChecks {
	out := compiledChecks{
		Checks: c, require: lazyPatterns(c.Require), forbid: lazyPatterns(c.Forbid),
		forbidContext: lazyPatterns(c.ForbidContext), paths: lazyPatterns(c.Paths),
	}
	for _, w := range c.Context {
		out.context = append(out.context, bytes.ToLower([]byte(w)))
	}
	return out
}

func compileRule(r *rules.Rule) *compiledRule {
	c := &compiledRule{Rule: r, checks: compileChecks(&r.Checks)}
	c.pattern.text = r.Pattern
	for _, name := range r.Evidence {
		if f, ok := evidence.Lookup(name); ok { // rules.Load has refused unknown names
			c.evidence = append(c.evidence, f)
		}
	}
	c.parts = make([]compiledPart, len(r.Parts))
	for i := range r.Parts {
		c.parts[i].Part = &r.Parts[i]
		c.parts[i].pattern.text = r.Parts[i].Pattern
		c.parts[i].checks = compileChecks(&r.Parts[i].Checks)
	}
	return c
}

// anchorTable is every anchor once, with the rules that it starts.
type anchorTable struct {
	index *match.Index
	rules [][]int // by anchor: positions in the list of compiled rules
	size  []int   // by anchor: length in bytes
}

func newAnchorTable(set *rules.Set) *anchorTable {
	t := &anchorTable{}
	seen := map[match.Anchor]int{}
	var list []match.Anchor
	for i, r := range set.All() {
		for _, text := range r.Anchors {
			a := match.Anchor{Text: text, Fold: r.Fold}
			if r.Fold {
				a.Text = strings.ToLower(text)
			}
			at, ok := seen[a]
			if !ok {
				at = len(list)
				seen[a] = at
				list = append(list, a)
				t.rules = append(t.rules, nil)
				t.size = append(t.size, len(a.Text))
			}
			t.rules[at] = append(t.rules[at], i)
		}
	}
	t.index = match.NewIndex(list)
	return t
}

// reach is how far a match can extend around an anchor in it, in bytes: a window of pos-before to pos+after, pos being
// the anchor's first byte, holds every match with that anchor, and one more byte on each side, so that ^, $ and \b
// cannot take the window's edge for the text's.
type reach struct{ before, after int }

func (c *compiledRule) window() reach {
	c.analyse()
	return c.reach
}

// analyse works out window and gate from the pattern, once.
func (c *compiledRule) analyse() {
	c.analysed.Do(func() {
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
		c.reach = reach{longest + 1, longest + 1}
		if before, ok := lengthBefore(parsed, c.Anchors, c.Fold); ok && before < longest {
			c.reach.before = before + 1
		}
	})
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

// runeLength is the number of bytes that a rune takes; with case folding a few ASCII letters also match longer runes.
func runeLength(r rune, fold bool) int {
	if fold && r < utf8.RuneSelf {
		return 3 // the Kelvin sign matches k
	}
	return max(1, utf8.RuneLen(r))
}

// lengthBefore returns how far into a match an anchor begins at most, for patterns that have, at the top level and
// before any unbounded part, a literal with an anchor in it.
func lengthBefore(re *syntax.Regexp, anchors []string, fold bool) (int, bool) {
	before := 0
	for _, part := range flatten(re, nil) {
		if part.Op == syntax.OpLiteral && (part.Flags&syntax.FoldCase == 0 || fold) {
			text := string(part.Rune)
			if fold {
				text = strings.ToLower(text)
			}
			for _, a := range anchors {
				if fold {
					a = strings.ToLower(a)
				}
				if i := strings.Index(text, a); i >= 0 {
					return before + 3*i, true // 3: see runeLength
				}
			}
		}
		n, bounded := maxLength(part)
		if !bounded {
			return 0, false
		}
		before += n
	}
	return 0, false
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
