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
	if len(texts) == 0 {
		return nil
	}
	patterns, out := make([]lazyPattern, len(texts)), make([]*lazyPattern, len(texts))
	for i, t := range texts {
		patterns[i].text = t
		out[i] = &patterns[i]
	}
	return out
}

// compiledRule is a rule in the form in which the engine uses it. Whoever uses one calls window first: a hook that meets
// no anchor of a rule prepares nothing of it, except what a path decides, which is asked of findings, not of text.
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

// prepare fills in everything but the paths.
func (c *compiledChecks) prepare() {
	c.require, c.forbid, c.forbidContext = lazyPatterns(c.Require), lazyPatterns(c.Forbid), lazyPatterns(c.ForbidContext)
	for _, w := range c.Context {
		c.context = append(c.context, bytes.ToLower([]byte(w)))
	}
}

func compileRule(r *rules.Rule) *compiledRule {
	c := &compiledRule{Rule: r, checks: compiledChecks{Checks: &r.Checks, paths: lazyPatterns(r.Checks.Paths)}}
	c.pattern.text = r.Pattern
	return c
}

// prepare fills in what is needed once an anchor was met.
func (c *compiledRule) prepare() {
	c.checks.prepare()
	for _, name := range c.Evidence {
		if f, ok := evidence.Lookup(name); ok { // rules.Load has refused unknown names
			c.evidence = append(c.evidence, f)
		}
	}
	c.parts = make([]compiledPart, len(c.Parts))
	for i := range c.Parts {
		p, part := &c.parts[i], &c.Parts[i]
		p.Part = part
		p.pattern.text = part.Pattern
		p.checks = compiledChecks{Checks: &part.Checks, paths: lazyPatterns(part.Checks.Paths)}
		p.checks.prepare()
	}
}

// anchorTable is every anchor once, with the rules that it starts.
type anchorTable struct {
	index *match.Index
	rules [][]int // by anchor: positions in the list of compiled rules
	size  []int   // by anchor: length in bytes
}

func newAnchorTable(set *rules.Set) *anchorTable {
	all := set.All()
	n := 0
	for i := range all {
		n += len(all[i].Anchors)
	}
	seen := make(map[match.Anchor]int, n)
	list := make([]match.Anchor, 0, n)
	uses := make([]int, 0, n)  // the anchor of each rule's anchors, one after the other
	count := make([]int, 0, n) // by anchor: how many rules it starts
	for i := range all {
		for _, text := range all[i].Anchors {
			a := match.Anchor{Text: text, Fold: all[i].Fold}
			if a.Fold {
				a.Text = strings.ToLower(text)
			}
			at, ok := seen[a]
			if !ok {
				at = len(list)
				seen[a] = at
				list, count = append(list, a), append(count, 0)
			}
			uses = append(uses, at)
			count[at]++
		}
	}
	t := &anchorTable{index: match.NewIndex(list), rules: make([][]int, len(list)), size: make([]int, len(list))}
	room := make([]int, n) // one allocation for all lists
	for at, a := range list {
		t.size[at] = len(a.Text)
		t.rules[at], room = room[:0:count[at]], room[count[at]:]
	}
	k := 0
	for i := range all {
		for range all[i].Anchors {
			t.rules[uses[k]] = append(t.rules[uses[k]], i)
			k++
		}
	}
	return t
}

// reach is how far a match can extend around an anchor in it, in bytes: a window of pos-before to pos+after, pos being
// the anchor's first byte, holds every match with that anchor, and one more byte on each side, so that ^, $ and \b
// cannot take the window's edge for the text's.
type reach struct {
	before, after int
	// breaks is how many line breaks a match can have, or -1 if there is no bound that helps. A window ends one line
	// break further on either side.
	breaks int
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
		c.reach = reach{longest + 1, longest + 1, -1}
		if n, ok := lineBreaks(parsed); ok && n <= maxBreaks {
			c.reach.breaks = n
		}
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

// lineBreaks returns how many line breaks a match can have at most; bounded is false if there is no bound.
func lineBreaks(re *syntax.Regexp) (n int, bounded bool) {
	switch re.Op {
	case syntax.OpLiteral:
		return strings.Count(string(re.Rune), "\n"), true
	case syntax.OpCharClass:
		for i := 0; i+1 < len(re.Rune); i += 2 {
			if re.Rune[i] <= '\n' && '\n' <= re.Rune[i+1] {
				return 1, true
			}
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
