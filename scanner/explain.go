package scanner

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/skant-dev/skant/internal/decode"
	"github.com/skant-dev/skant/internal/weigh"
	"github.com/skant-dev/skant/rules"
)

// Outcome is what came of trying a rule.
type Outcome string

// The outcomes, from the least to the most that came of it.
const (
	// NoMatch: an anchor of the rule stands there, and its pattern matches nothing around it.
	NoMatch Outcome = "no match"
	// RefusedMatch: the pattern matches, and a check says no; Attempt.Why tells which.
	RefusedMatch Outcome = "refused"
	// Overruled: a more specific rule has the same bytes.
	Overruled Outcome = "overruled"
	// HiddenMatch: the confidence is below the least that is reported.
	HiddenMatch Outcome = "hidden"
	// Reported: this is a finding.
	Reported Outcome = "reported"
)

// Attempt is a rule that was tried at a place, because one of its anchors stands there.
type Attempt struct {
	RuleID  string
	Anchor  string
	Outcome Outcome
	// Line and Column are those of the match, or of the anchor where there is none. They count from 1.
	Line, Column int
	// Secret is the value; its zero value where nothing matched.
	Secret     Secret
	Confidence rules.Confidence
	// Why are sentences: what refused the match, what spoke for and against it.
	Why []string
	// Decoded are the encodings that were undone to see it.
	Decoded []string
	// at is the place in the content.
	at span
}

// Explain tries every rule that has an anchor in lines first to last of data, which count from 1, and tells what came
// of it. path is the file's name, for rules that go by it; it may be empty.
func (s *Scanner) Explain(ctx context.Context, data []byte, path string, first, last int) ([]Attempt, error) {
	text := rawView(data)
	if v, ok := decode.UTF16(data); ok {
		text = decodedView(v)
		text.steps = nil
	}
	e := explainer{s: s, path: path, lines: newLineTable(data, text)}
	e.wanted = e.lines.span(first, last)
	if err := e.view(text); err != nil {
		return nil, err
	}
	views, _ := decode.Views(text.data, decode.Options{MaxOutput: 4*len(text.data) + 1<<20})
	for i := range views {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		v := decodedView(&views[i])
		v.id = i + 1
		inner := v.source
		v.source = func(a, b int) (int, int) {
			a, b = inner(a, b)
			return text.source(a, b)
		}
		if err := e.view(v); err != nil {
			return nil, err
		}
	}
	e.settle()
	return e.attempts, nil
}

// explainer collects attempts.
type explainer struct {
	s        *Scanner
	path     string
	lines    *lineTable
	wanted   span
	attempts []Attempt
	// cands are the candidates of all lines, from what attempts of theirs came: more specific ones overrule others.
	cands []candidate
	of    []int // by candidate: its attempt, or -1
}

// view tries all rules on one view.
func (e *explainer) view(v view) error {
	hits := e.s.anchors.index.Find(v.data, nil)
	starts := map[int][]ruleStart{}
	anchors := map[ruleStart]string{}
	for _, h := range hits {
		for _, r := range e.s.anchors.of(h.Anchor) {
			st := ruleStart{int(r), h.Pos}
			starts[st.rule] = append(starts[st.rule], st)
			anchors[st] = string(v.data[h.Pos : h.Pos+e.s.anchors.size(h.Anchor)])
		}
	}
	for r := range e.s.rules.len() {
		list := starts[r]
		if len(list) == 0 {
			continue
		}
		slices.SortFunc(list, ruleStart.compare)
		if err := e.rule(e.s.rules.at(r), v, list, anchors); err != nil {
			return err
		}
	}
	return nil
}

// rule tries one rule on one view.
func (e *explainer) rule(rule *compiledRule, v view, starts []ruleStart, anchors map[ruleStart]string) error {
	var matches []found
	var err error
	if rule.Assignment == "" {
		if matches, err = matchRule(rule, v.data, starts); err != nil {
			return err
		}
	} else {
		matches = e.assignments(rule, v, starts)
	}
	for _, st := range starts {
		at := rawSpan(v, span{st.pos, st.pos + len(anchors[st])})
		met := slices.ContainsFunc(matches, func(m found) bool { return m.whole.lo <= st.pos && st.pos < m.whole.hi })
		if !met && rule.Assignment == "" && at.overlaps(e.wanted) {
			e.add(Attempt{RuleID: rule.ID, Anchor: anchors[st], Outcome: NoMatch, Decoded: v.steps, at: at,
				Why: []string{"the pattern does not match around \"" + anchors[st] + "\""}})
		}
	}
	if len(matches) == 0 {
		return nil
	}
	return e.judge(rule, v, matches)
}

// assignments weighs what the rule's words are assigned, and tells of what is refused.
func (e *explainer) assignments(rule *compiledRule, v view, starts []ruleStart) []found {
	w := rule.window()
	for _, st := range starts {
		lo, hi := w.around(v.data, st.pos)
		r, ok := weigh.At(weigh.Kind(rule.Assignment), v.data[lo:hi], st.pos-lo)
		at := rawSpan(v, span{lo + min(r.Name.Lo, r.Value.Lo), lo + max(r.Name.Hi, r.Value.Hi)})
		switch {
		case !ok || !at.overlaps(e.wanted):
		case r.Refused != "":
			e.add(Attempt{RuleID: rule.ID, Anchor: string(r.Name.Of(v.data[lo:hi])), Outcome: RefusedMatch, Decoded: v.steps, at: at, Why: []string{r.Refused}})
		case r.Points < rule.keep-rounding && !(r.Example && rule.keepExamples):
			weight := &weight{points: r.Points, example: r.Example, evidence: r.Evidence}
			c, why := weight.confidenceOf(e.path)
			e.add(Attempt{RuleID: rule.ID, Anchor: string(r.Name.Of(v.data[lo:hi])), Outcome: HiddenMatch, Decoded: v.steps, at: at, Confidence: c,
				Secret: NewSecret(string(v.data[lo+r.Value.Lo:lo+r.Value.Hi]), 0), Why: []string{why}})
		}
	}
	return matchAssigned(rule, v.data, starts)
}

// judge takes matches through pairing, checks and evidence.
func (e *explainer) judge(rule *compiledRule, v view, matches []found) error {
	var refused []string
	sc := &scratch{check: &checker{refused: func(why string) { refused = append(refused, why) }}}
	groups, err := pair(rule, v.data, e.path, matches, sc)
	if err != nil {
		return err
	}
	partsRefused := refused
	for _, m := range matches {
		at := rawSpan(v, m.secret)
		a := Attempt{RuleID: rule.ID, Outcome: RefusedMatch, Decoded: v.steps, at: at, Secret: NewSecret(string(v.data[m.secret.lo:m.secret.hi]), 0)}
		i := slices.IndexFunc(groups, func(g group) bool { return g.main.secret == m.secret })
		if i < 0 {
			a.Why = append([]string{"a part that the credential needs is not near it"}, partsRefused...)
		} else {
			refused = nil
			c, ok, err := e.s.candidate(rule, v, e.path, groups[i], sc.check)
			if err != nil {
				return err
			}
			if ok {
				a.Outcome, a.Confidence, a.Why, a.at = Reported, c.confidence, c.reasons, c.secret
				a.Secret = NewSecret(c.value, c.prefix)
				if c.identifier {
					a.Secret = NewIdentifier(c.value)
				}
				e.cands = append(e.cands, c)
			} else if a.Why = refused; len(refused) == 0 {
				a.Why = []string{"what the value says about itself refutes it"}
			}
		}
		if a.at.overlaps(e.wanted) {
			e.add(a)
			if a.Outcome == Reported {
				e.of = append(e.of, len(e.attempts)-1)
			}
		} else if a.Outcome == Reported {
			e.of = append(e.of, -1)
		}
	}
	return nil
}

func (e *explainer) add(a Attempt) {
	a.Line, a.Column = e.lines.position(a.at.lo)
	if a.Outcome != Reported && slices.ContainsFunc(e.attempts, func(o Attempt) bool {
		return o.RuleID == a.RuleID && o.Outcome == a.Outcome && o.at == a.at && slices.Equal(o.Why, a.Why)
	}) {
		return // another anchor, or another view, told the same
	}
	e.attempts = append(e.attempts, a)
}

// settle finds out which candidates are overruled or hidden.
func (e *explainer) settle() {
	kept := resolve(slices.Clone(e.cands))
	for i := range e.cands {
		if e.of[i] < 0 {
			continue
		}
		a, c := &e.attempts[e.of[i]], &e.cands[i]
		stays := slices.ContainsFunc(kept, func(k candidate) bool { return k.rule == c.rule && k.secret == c.secret })
		if !stays {
			a.Outcome = Overruled
			for _, k := range kept {
				if slices.ContainsFunc(k.claims, func(x span) bool { return slices.ContainsFunc(c.claims, x.overlaps) }) {
					a.Why = append(a.Why, fmt.Sprintf("rule %s has the same bytes, and is more specific", k.rule.ID))
					break
				}
			}
			continue
		}
		f := Finding{Location: Location{Path: e.path}, Confidence: c.confidence, Reasons: c.reasons, weight: c.weight, Example: c.example, RuleID: c.rule.ID}
		if ok, err := e.s.pathAllows(&f); err != nil || !ok {
			a.Outcome = RefusedMatch
			a.Why = append(a.Why, "the rule is not for files of this name")
			continue
		}
		f.weighPath(0)
		a.Confidence, a.Why = f.Confidence, f.Reasons
		if f.Confidence.Rank() < e.s.opt.MinConfidence.Rank() && !(f.Example && e.s.opt.IncludeExamples) {
			a.Outcome = HiddenMatch
		}
	}
	slices.SortStableFunc(e.attempts, func(a, b Attempt) int {
		if a.at.lo != b.at.lo {
			return a.at.lo - b.at.lo
		}
		return strings.Compare(a.RuleID, b.RuleID)
	})
}
