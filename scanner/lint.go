package scanner

import (
	"context"
	"fmt"

	"github.com/skant-dev/skant/rules"
)

// Lint returns what only the engine can say against rules, each a [*rules.Error]: a rule that is never reported because
// another takes every example of it, and two rules of which nothing but the order of their ids decides which is reported.
func (s *Scanner) Lint(ctx context.Context) ([]error, error) {
	var out []error
	all := s.set.All()
	sc := &scratch{check: &checker{}}
	told := map[[2]string]bool{}
	for i := range all {
		r := &all[i]
		note := func(format string, args ...any) {
			out = append(out, &rules.Error{File: r.Origin.File, Line: r.Origin.Line, Rule: r.ID, Err: fmt.Errorf(format, args...)})
		}
		matched, reported, by := 0, 0, ""
		for _, tmpl := range r.Examples.Match {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			text, err := rules.Expand(tmpl, r.ID)
			if err != nil {
				return nil, err
			}
			_, cands, err := s.candidates(&Chunk{Data: []byte(text)}, sc)
			if err != nil {
				return nil, err
			}
			own := candidateOf(cands, r.ID)
			if own == nil {
				continue
			}
			matched++
			if tied := tiedWith(cands, own); tied != "" && !told[[2]string{tied, r.ID}] {
				told[[2]string{tied, r.ID}], told[[2]string{r.ID, tied}] = true, true
				note("matches the same as rule %s, with the same priority and confidence: give one of them another priority", tied)
			}
			kept := resolve(cands)
			if candidateOf(kept, r.ID) != nil {
				reported++
			} else if len(kept) > 0 {
				by = kept[0].rule.ID
			}
		}
		if matched > 0 && reported == 0 {
			note("is never reported: rule %s takes all of its examples", by)
		}
	}
	return out, nil
}

// candidateOf returns the first candidate of a rule, or nil.
func candidateOf(cands []candidate, id string) *candidate {
	for i := range cands {
		if cands[i].rule.ID == id {
			return &cands[i]
		}
	}
	return nil
}

// tiedWith returns a rule that has the same bytes as a candidate, with the same weight in every respect; empty if none has.
func tiedWith(cands []candidate, own *candidate) string {
	for i := range cands {
		c := &cands[i]
		if c.rule != own.rule && c.secret == own.secret && c.rule.Priority == own.rule.Priority && c.confidence == own.confidence {
			return c.rule.ID
		}
	}
	return ""
}
