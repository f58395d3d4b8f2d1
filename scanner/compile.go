package scanner

import (
	"bytes"
	"regexp"
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

func compileRule(r *rules.Rule, opt *Options) *compiledRule {
	c := &compiledRule{Rule: r, checks: newChecks(&r.Checks), keep: opt.keepFrom(), keepExamples: opt.IncludeExamples}
	c.pattern.text = r.Pattern
	return c
}

// ruleList is the rules of a scanner in the order of their set. One is made when it is first asked for: a hook meets the
// anchors of a few rules of many.
type ruleList struct {
	set  []rules.Rule
	made []atomic.Pointer[compiledRule]
	opt  *Options
}

func newRuleList(set *rules.Set, opt *Options) ruleList {
	return ruleList{set: set.All(), made: make([]atomic.Pointer[compiledRule], set.Len()), opt: opt}
}

func (l *ruleList) len() int { return len(l.set) }

// find returns the position of the rule with an id, or -1.
func (l *ruleList) find(id string) int {
	for i := range l.set {
		if l.set[i].ID == id {
			return i
		}
	}
	return -1
}

// at returns the rule at a position.
func (l *ruleList) at(i int) *compiledRule {
	if c := l.made[i].Load(); c != nil {
		return c
	}
	return l.make(i)
}

func (l *ruleList) make(i int) *compiledRule {
	if c := compileRule(&l.set[i], l.opt); l.made[i].CompareAndSwap(nil, c) {
		return c
	}
	return l.made[i].Load() // another goroutine was faster
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
