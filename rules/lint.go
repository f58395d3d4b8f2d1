package rules

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
)

// maxProgram is the size of a pattern, in steps of its program, from which on it is slow: a counted repetition has as many
// copies of its part.
const maxProgram = 10_000

// leastExamples is how many examples of each sort a rule should have.
const leastExamples = 3

// Lint returns what is allowed and yet not good about the rules of a set, each an [*Error]. It needs rules that were
// read by [Load] or [BuiltinWithDocs].
func Lint(s *Set) []error {
	var out []error
	seen := map[string]string{}
	for i := range s.rules {
		r := &s.rules[i]
		note := func(format string, args ...any) {
			out = append(out, &Error{r.Origin.File, r.Origin.Line, r.ID, fmt.Errorf(format, args...)})
		}
		if r.Why == "" {
			note("why is missing: a person who is stopped by this rule wants to know")
		}
		if len(r.Docs) == 0 {
			note("docs is missing: link the provider's description of the format")
		}
		if _, ok := s.PlaybookOf(r); !ok && !r.Identifier {
			note("playbook is missing: say how an incident with it ends")
		}
		for _, l := range s.ChecksOf(r) {
			for _, err := range lintLiveness(&l) {
				note("%w", err)
			}
		}
		if v, ok := s.RevocationOf(r); ok {
			for _, err := range lintRevocation(&v) {
				note("%w", err)
			}
		}
		if n, m := len(r.Examples.Match), len(r.Examples.Clean); n < leastExamples || m < leastExamples {
			note("%d match and %d clean examples: write at least %d of each, in different surroundings", n, m, leastExamples)
		}
		if err := lintPattern(r); err != nil {
			note("%w", err)
		}
		finds := r.Assignment + " " + r.Pattern
		if other, dup := seen[finds]; dup && len(r.Parts) == 0 {
			note("the pattern is that of rule %s: one of them is never reported", other)
		}
		if len(r.Parts) == 0 {
			seen[finds] = r.ID
		}
		for _, e := range lintAnchors(r) {
			note("%w", e)
		}
	}
	return out
}

// lintPattern looks for patterns whose matches have no bound and no max_length.
func lintPattern(r *Rule) error {
	parsed, err := syntax.Parse(r.Pattern, syntax.Perl)
	if err != nil {
		return err
	}
	if r.MaxLength == 0 && unbounded(parsed) {
		return errors.New("the pattern repeats without bound and max_length is not set: matches are cut at 4096 bytes")
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return err
	}
	if n := len(program.Inst); n > maxProgram {
		return fmt.Errorf("the pattern is slow: it is a program of %d steps, of which %d are enough for most; repeat less, or shorter parts", n, maxProgram)
	}
	return nil
}

func unbounded(re *syntax.Regexp) bool {
	if re.Op == syntax.OpStar || re.Op == syntax.OpPlus || re.Op == syntax.OpRepeat && re.Max < 0 {
		return true
	}
	for _, sub := range re.Sub {
		if unbounded(sub) {
			return true
		}
	}
	return false
}

// lintAnchors checks on the match examples that every match of the pattern has one of the anchors in it: without it
// the engine would not look there.
func lintAnchors(r *Rule) []error {
	if r.Assignment != "" {
		return nil // no pattern, and the examples are tried by the engine
	}
	re, err := regexp.Compile(r.Pattern)
	if err != nil {
		return []error{err}
	}
	var out []error
	for n, tmpl := range r.Examples.Match {
		text, err := Expand(tmpl, r.ID)
		if err != nil {
			return []error{err}
		}
		for _, m := range re.FindAllString(text, -1) {
			if !hasAnchor(m, r) {
				out = append(out, fmt.Errorf("match example %d: the match has none of the anchors in it", n+1))
			}
		}
	}
	return out
}

func hasAnchor(text string, r *Rule) bool {
	if r.Fold {
		text = strings.ToLower(text)
	}
	for _, a := range r.Anchors {
		if r.Fold {
			a = strings.ToLower(a)
		}
		if strings.Contains(text, a) {
			return true
		}
	}
	return false
}
