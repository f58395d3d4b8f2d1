package scanner

import (
	"bytes"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"

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

	// keep is what an assignment has to weigh.
	keep float64
	// keepExamples says that what is an example is kept whatever it weighs.
	keepExamples bool

	analysed sync.Once
	reach    reach
	gate     gate

	walked    sync.Once
	automaton atomic.Pointer[match.Automaton]
}

type compiledPart struct {
	*rules.Part
	pattern lazyPattern
	checks  compiledChecks
}

type compiledChecks struct {
	*rules.Checks
	require, forbid, forbidContext, paths, notPaths []*lazyPattern
	context                                         [][]byte // in lower case
}

// newChecks prepares the paths, which are asked of findings, not of text.
func newChecks(c *rules.Checks) compiledChecks {
	return compiledChecks{Checks: c, paths: lazyPatterns(c.Paths), notPaths: lazyPatterns(c.NotPaths)}
}

// prepare fills in everything but the paths.
func (c *compiledChecks) prepare() {
	c.require, c.forbid, c.forbidContext = lazyPatterns(c.Require), lazyPatterns(c.Forbid), lazyPatterns(c.ForbidContext)
	for _, w := range c.Context {
		c.context = append(c.context, bytes.ToLower([]byte(w)))
	}
}

func compileRule(r *rules.Rule) *compiledRule {
	c := &compiledRule{Rule: r, checks: newChecks(&r.Checks)}
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
		p.checks = newChecks(&part.Checks)
		p.checks.prepare()
	}
}

// anchorTable is every anchor once, with the rules that it starts.
type anchorTable struct {
	index *match.Index
	rules [][]int // by anchor: positions in the list of compiled rules
	size  []int   // by anchor: length in bytes
	// longest is the length of the longest.
	longest int
}

// maxAnchor is how much of an anchor is looked for, in bytes: more would make it hardly rarer, but every place where
// something was inserted has to be searched from so far before it.
const maxAnchor = 12

// use is an anchor of a rule, by their positions.
type use struct{ anchor, rule int }

func newAnchorTable(set *rules.Set) *anchorTable {
	all := set.All()
	n := 0
	for i := range all {
		n += len(all[i].Anchors)
	}
	seen := make(map[match.Anchor]int, n)
	list := make([]match.Anchor, 0, n)
	uses := make([]use, 0, n)
	count := make([]int, 0, n) // by anchor: how many rules it starts
	last := make([]int, 0, n)  // by anchor: the last of them
	for i := range all {
		for _, text := range all[i].Anchors {
			a := match.Anchor{Text: text[:min(len(text), maxAnchor)], Fold: all[i].Fold}
			if a.Fold {
				a.Text = strings.ToLower(a.Text)
			}
			at, ok := seen[a]
			if !ok {
				at = len(list)
				seen[a] = at
				list, count, last = append(list, a), append(count, 0), append(last, -1)
			}
			if last[at] != i { // a rule may have anchors with the same beginning
				last[at] = i
				uses = append(uses, use{at, i})
				count[at]++
			}
		}
	}
	t := &anchorTable{index: match.NewIndex(list), rules: make([][]int, len(list)), size: make([]int, len(list))}
	room := make([]int, len(uses)) // one allocation for all lists
	for at, a := range list {
		t.size[at] = len(a.Text)
		t.longest = max(t.longest, len(a.Text))
		t.rules[at], room = room[:0:count[at]], room[count[at]:]
	}
	for _, u := range uses {
		t.rules[u.anchor] = append(t.rules[u.anchor], u.rule)
	}
	return t
}
