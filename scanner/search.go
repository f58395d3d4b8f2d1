package scanner

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/skant-dev/skant/internal/decode"
	"github.com/skant-dev/skant/internal/evidence"
	"github.com/skant-dev/skant/internal/match"
	"github.com/skant-dev/skant/rules"
)

// maxCandidates bounds the matches that are looked at in one piece of content.
const maxCandidates = 20000

// span is a half-open range of bytes.
type span struct{ lo, hi int }

func (s span) overlaps(o span) bool { return s.lo < o.hi && o.lo < s.hi }

// view is content in the form in which it is searched, with the way back to the content as it is stored.
type view struct {
	data   []byte
	source func(lo, hi int) (int, int)
	steps  []string
	// id tells the views of one content apart; 0 is the content itself.
	id int
}

func rawView(data []byte) view {
	return view{data: data, source: func(lo, hi int) (int, int) { return lo, hi }}
}

func decodedView(v *decode.View) view { return view{data: v.Data, source: v.Source, steps: v.Steps} }

// candidate is a match of a rule that passed its checks.
type candidate struct {
	rule *compiledRule
	// secret is the place of the secret, claims that of every value of the credential, in bytes of the stored content.
	secret span
	claims []span
	// view is the view that the match was made in, seen the claims there: what was unpacked has one place for all of it.
	view  int
	seen  []span
	value string
	// prefix is the length of the value's public prefix in bytes.
	prefix     int
	identifier bool
	confidence rules.Confidence
	severity   rules.Severity
	verdict    Verdict
	facts      map[string]string
	// parts are the credential's further values, by name.
	parts   *partValues
	reasons []string
	steps   []string
	weight  *weight
	example bool
	// conditional says that the rule is for some paths only, and the path is not known yet.
	conditional bool
}

// found is a match in a view before its checks.
type found struct {
	whole, secret span
	// weight is that of an assignment, nil for a match of a pattern.
	weight *weight
}

// scratch is the working memory of one search, reused from one piece of content to the next.
type scratch struct {
	hits   []match.Hit
	starts []ruleStart
	sorter startSorter
	// matched are the rules whose pattern matched in the view that was searched last.
	matched []int
	check   *checker
	// views counts the views of the content that is searched.
	views   int
	changes changes
	// truncated says that content had more matches than are looked at, bounded that it had more encoded text.
	truncated, bounded bool
}

// ruleStart is an anchor of a rule at a position.
type ruleStart struct{ rule, pos int }

func (a ruleStart) compare(b ruleStart) int {
	if a.rule != b.rule {
		return a.rule - b.rule
	}
	return a.pos - b.pos
}

// startSorter sorts starts that are nearly sorted by position.
type startSorter struct {
	// count is by rule; rules are those that have any.
	count, rules []int
	out          []ruleStart
}

// fewStarts are sorted faster by comparing them.
const fewStarts = 24

// sort sorts by rule, then position, and may return other memory than it was given, which it then keeps.
func (t *startSorter) sort(starts []ruleStart, rules int) []ruleStart {
	if len(starts) <= fewStarts {
		slices.SortFunc(starts, ruleStart.compare)
		return starts
	}
	if len(t.count) < rules {
		t.count = make([]int, rules)
	}
	t.rules = t.rules[:0]
	for _, s := range starts {
		if t.count[s.rule] == 0 {
			t.rules = append(t.rules, s.rule)
		}
		t.count[s.rule]++
	}
	slices.Sort(t.rules)
	sum := 0
	for _, r := range t.rules {
		t.count[r], sum = sum, sum+t.count[r]
	}
	out := slices.Grow(t.out[:0], len(starts))[:len(starts)]
	for _, s := range starts {
		out[t.count[s.rule]] = s
		t.count[s.rule]++
	}
	for i, s := range out {
		for ; i > 0 && out[i-1].rule == s.rule && out[i-1].pos > s.pos; i-- {
			out[i] = out[i-1]
		}
		out[i] = s
	}
	for _, r := range t.rules {
		t.count[r] = 0
	}
	t.out = starts
	return out
}

// searchView appends the candidates of one view.
func (s *Scanner) searchView(v view, path string, sc *scratch, out []candidate) ([]candidate, error) {
	sc.hits = s.anchors.index.Find(v.data, sc.hits[:0])
	sc.starts = sc.starts[:0]
	for _, h := range sc.hits {
		for _, r := range s.anchors.of(h.Anchor) {
			sc.starts = append(sc.starts, ruleStart{int(r), h.Pos})
		}
	}
	return s.searchStarts(v, path, sc, nil, out)
}

// searchStarts appends the candidates of a view of which the anchors are known. If ch is not nil, rules that matched
// nothing in the base are tried only where something changed.
func (s *Scanner) searchStarts(v view, path string, sc *scratch, ch *changes, out []candidate) ([]candidate, error) {
	sc.matched = sc.matched[:0]
	sc.starts = sc.sorter.sort(sc.starts, s.rules.len())
	for i := 0; i < len(sc.starts); {
		r := sc.starts[i].rule
		j := i
		for j < len(sc.starts) && sc.starts[j].rule == r {
			j++
		}
		rule := s.rules.at(r)
		var matches []found
		var err error
		starts := s.near(rule, v.data, sc.starts[i:j])
		if ch == nil || ch.matchedBefore(r) {
			matches, err = matchRule(rule, v.data, starts)
		} else {
			matches, err = matchChanged(rule, v.data, starts, s.near(rule, v.data, ch.dirtyOf(r)))
		}
		if err != nil {
			return out, err
		}
		if len(matches) > 0 {
			sc.matched = append(sc.matched, r)
		}
		if room := max(0, maxCandidates-len(out)); len(matches) > room {
			matches, sc.truncated = matches[:room], true
		}
		if out, err = s.judge(rule, v, path, matches, sc, out); err != nil {
			return out, err
		}
		i = j
	}
	return out, nil
}

// matchRule runs a rule's pattern in windows around its anchors.
func matchRule(rule *compiledRule, data []byte, starts []ruleStart) ([]found, error) {
	if rule.Assignment != "" {
		return matchAssigned(rule, data, starts), nil
	}
	w := rule.window()
	if w.token {
		var few [8]ruleStart
		if kept := rule.hopefulStarts(data, starts, few[:0]); len(kept) < len(starts) {
			return matchAround(rule, data, starts, kept)
		}
	}
	var out []found
	for i := 0; i < len(starts); {
		first := i
		lo, hi := w.around(data, starts[i].pos)
		for i++; i < len(starts); i++ {
			nextLo, nextHi := w.around(data, starts[i].pos)
			if nextLo > hi {
				break
			}
			hi = max(hi, nextHi)
		}
		var err error
		if out, err = rule.matchWindow(data, lo, hi, starts[first:i], out); err != nil || len(out) > maxCandidates {
			return out, err // one too many tells the caller
		}
	}
	return out, nil
}

// matchWindow appends the matches of the rule's pattern in data[lo:hi], which is the window around the starts.
func (c *compiledRule) matchWindow(data []byte, lo, hi int, starts []ruleStart, out []found) ([]found, error) {
	if !c.gate.open(data[lo:hi]) {
		return out, nil
	}
	window := span{lo, hi}
	parts := c.hopeful(data, window, starts)
	before := len(out)
	for i := 0; i < len(parts); i++ {
		at := parts[i]
		if !c.checks.contextNear(data, at) {
			continue
		}
		re, err := c.pattern.get()
		if err != nil {
			return nil, fmt.Errorf("compile pattern of rule %s: %w", c.ID, err)
		}
		n := len(out)
		out = findAll(re.FindSubmatchIndex, data, at.lo, at.hi, out)
		if slices.ContainsFunc(out[n:], func(f found) bool {
			return f.whole.lo == at.lo && at.lo > lo || f.whole.hi == at.hi && at.hi < hi
		}) { // the cut may have made the match: look at everything
			out, parts, i = out[:before], []span{window}, -1
		}
	}
	return out, nil
}

// findAll appends every match of a pattern in data[lo:hi] whose group 1 took part. The search goes on from the end of
// group 1, not of the match: two secrets may share the one byte between them.
func findAll(find func([]byte) []int, data []byte, lo, hi int, out []found) []found {
	for at := lo; at < hi; {
		m := find(data[at:hi])
		if m == nil {
			return out
		}
		whole := span{at + m[0], at + m[1]}
		if m[2] < 0 || m[3] <= m[2] {
			at = max(whole.hi, at+1)
			continue
		}
		secret := span{at + m[2], at + m[3]}
		// Cutting data makes ^ and \b match at the cut; a value that goes on to the left of it is none.
		if cut := whole.lo == at && secret.lo == at && at > 0 && isWord(data[at-1]) && isWord(data[at]); !cut {
			out = append(out, found{whole: whole, secret: secret})
		}
		at = secret.hi
	}
	return out
}

func isWord(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '_'
}

// judge turns matches of a rule into candidates.
func (s *Scanner) judge(rule *compiledRule, v view, path string, ms []found, sc *scratch, out []candidate) ([]candidate, error) {
	if len(ms) == 0 {
		return out, nil
	}
	groups, err := pair(rule, v.data, path, ms, sc)
	if err != nil {
		return out, err
	}
	for _, g := range groups {
		c, ok, err := s.candidate(rule, v, path, g, sc.check)
		if err != nil {
			return out, err
		}
		if ok {
			out = append(out, c)
		}
	}
	return out, nil
}

// candidate judges one match with its parts; ok is false if a check or evidence refuses it.
func (s *Scanner) candidate(rule *compiledRule, v view, path string, g group, ck *checker) (c candidate, ok bool, err error) {
	m := g.main
	main := v.data[m.secret.lo:m.secret.hi]
	secret, identifier := m.secret, rule.Identifier
	c = candidate{rule: rule, confidence: rule.Confidence, severity: rule.Severity, facts: map[string]string{}, steps: v.steps}
	values := map[string][]byte{}
	c.view = v.id
	c.claims, c.seen = append(c.claims, rawSpan(v, m.secret)), append(c.seen, m.secret)
	for _, p := range g.parts {
		value := v.data[p.at.lo:p.at.hi]
		values[p.part.Name] = value
		c.claims, c.seen = append(c.claims, rawSpan(v, p.at)), append(c.seen, p.at)
		if p.part.Identifier && !p.part.Secret {
			c.facts[p.part.Name] = string(value)
		}
		if p.part.Secret {
			secret, identifier = p.at, false
			c.facts[rule.Fact] = string(main)
			values[rule.Fact] = main
		}
	}
	value := v.data[secret.lo:secret.hi]
	proven, refuted := s.weigh(&c, value, values, around(v.data, m.whole, 2048))
	if refuted {
		return c, false, nil
	}
	if m.weight != nil {
		if bad, err := ck.patterns(&rule.checks, value, path); bad || err != nil {
			return c, false, err
		}
		c.weight = m.weight
		if title := s.shortFor(string(value)); title != "" {
			c.weight = m.weight.cut(title)
		}
		c.confidence, _ = c.weight.confidenceOf("")
	} else if ok, err := ck.accepts(&rule.checks, v.data, m, path, proven); !ok || err != nil {
		return c, false, err
	}
	if g.published(rule, v.data) {
		c.isExample("this is an example value that the provider publishes")
	} else if !proven && !rule.checks.AllowPlaceholders && m.weight == nil {
		if why := cmp.Or(placeholder(value), placeholder(main)); why != "" {
			c.isExample("the value looks like a placeholder: " + why)
		}
	}
	c.conditional = path == "" && rule.checks.limited()
	c.secret, c.value, c.identifier = rawSpan(v, secret), string(value), identifier
	if !identifier { // a user name that is the password, too, is no fact to state
		maps.DeleteFunc(c.facts, func(_, fact string) bool { return strings.Contains(fact, c.value) })
	}
	s.whole(&c, v.data, m.secret)
	if !identifier && !rule.Known {
		c.prefix = prefixLength(c.value, rule.Anchors)
	}
	c.parts = c.partsOf(values)
	return c, true, nil
}

// isExample says that the value stands for a credential that it is not.
func (c *candidate) isExample(why string) {
	c.confidence, c.example = rules.LowConfidence, true
	c.reasons = append(c.reasons, why)
}

// weigh lets the rule's evidence change a candidate.
func (s *Scanner) weigh(c *candidate, value []byte, values map[string][]byte, context []byte) (proven, refuted bool) {
	for _, f := range c.rule.evidence {
		r := f(evidence.Input{Value: value, Parts: values, Context: context, Now: s.now()})
		switch r.Change {
		case evidence.Proven:
			proven = true
			c.confidence = rules.Certain
		case evidence.Raised:
			c.confidence = stepUp(c.confidence)
		case evidence.Lowered:
			c.confidence = stepDown(c.confidence)
		case evidence.Refuted:
			return false, true
		case evidence.Unchanged:
		}
		if r.Severity != "" {
			c.severity = rules.Severity(r.Severity)
		}
		if r.Verdict != "" {
			c.verdict = Verdict(r.Verdict)
		}
		for k, v := range r.Facts {
			c.facts[k] = v
		}
		if r.Reason != "" {
			c.reasons = append(c.reasons, r.Reason)
		}
	}
	return proven, false
}

// stepUp raises a confidence by one step, but never to certain: only a proof does that.
func stepUp(c rules.Confidence) rules.Confidence {
	switch c {
	case rules.LowConfidence:
		return rules.MediumConfidence
	case rules.MediumConfidence:
		return rules.HighConfidence
	default:
		return c
	}
}

// stepDown lowers a confidence by one step.
func stepDown(c rules.Confidence) rules.Confidence {
	switch c {
	case rules.Certain:
		return rules.HighConfidence
	case rules.HighConfidence:
		return rules.MediumConfidence
	default:
		return rules.LowConfidence
	}
}

func rawSpan(v view, s span) span {
	lo, hi := v.source(s.lo, s.hi)
	return span{lo, hi}
}

// around returns data from margin bytes before s to margin bytes after it.
func around(data []byte, s span, margin int) []byte {
	return data[max(0, s.lo-margin):min(len(data), s.hi+margin)]
}

// published reports whether a value of the credential is an example from the provider's documentation.
func (g *group) published(rule *compiledRule, data []byte) bool {
	is := func(c *rules.Checks, at span) bool {
		return len(c.IgnoreSHA256) > 0 && slices.Contains(c.IgnoreSHA256, sha256Hex(data[at.lo:at.hi]))
	}
	return is(&rule.Checks, g.main.secret) ||
		slices.ContainsFunc(g.parts, func(p partMatch) bool { return is(&p.part.Checks, p.at) })
}

func sha256Hex(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// prefixLength returns how much of a value is a public prefix that says what it is: the anchor that it starts with,
// and up to 4 bytes more if they end in a separator ("sk-ant-api" and "03-"). Of a key block it is the first line.
func prefixLength(value string, anchors []string) int {
	if rest, isBlock := strings.CutPrefix(value, "-----BEGIN "); isBlock {
		if i := strings.Index(rest, "-----"); i >= 0 && i < 50 {
			return len(value) - len(rest) + i + len("-----")
		}
	}
	n := 0
	for _, a := range anchors {
		if strings.HasPrefix(value, a) {
			n = max(n, len(a))
		}
	}
	if n == 0 || len(value) < n+16 {
		return 0
	}
	if i := strings.LastIndexAny(value[n:n+4], "-_."); i >= 0 && isVersion(value[n:n+i]) {
		n += i + 1
	}
	return n
}

// isVersion reports whether s is letters' or digits' worth of a type number, such as "03" or "pt".
func isVersion(s string) bool {
	return len(s) <= 3 && !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' && r < 'a' || r > 'z' })
}

// now is the time against which expiry is judged.
func (s *Scanner) now() time.Time { return s.opt.Now }

// countLines returns the offsets of the line breaks in data.
func countLines(data []byte) []int {
	var breaks []int
	for at := 0; ; {
		i := bytes.IndexByte(data[at:], '\n')
		if i < 0 {
			return breaks
		}
		breaks = append(breaks, at+i)
		at += i + 1
	}
}
