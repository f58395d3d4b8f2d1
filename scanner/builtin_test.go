package scanner

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/skant-dev/skant/rules"
)

func builtin(t testing.TB) *Scanner {
	t.Helper()
	set, err := rules.BuiltinWithDocs()
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(set, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestBuiltinExamples(t *testing.T) {
	var joined interface{ Unwrap() []error }
	if err := builtin(t).CheckExamples(t.Context()); errors.As(err, &joined) {
		for _, e := range joined.Unwrap() {
			t.Error(e)
		}
	}
}

// TestBuiltinExamplesAnywhere moves every match example to the end of long text, to the middle of it, and to the start
// of it: what is found must not depend on what else is in the file.
func TestBuiltinExamplesAnywhere(t *testing.T) {
	s := builtin(t)
	filler := strings.Repeat("func main() { return nil } // nothing to see\n", 300)
	for _, r := range s.set.All() {
		for n, tmpl := range r.Examples.Match {
			text, err := rules.Expand(tmpl, r.ID)
			if err != nil {
				t.Fatal(err)
			}
			for place, whole := range map[string]string{"end": filler + text, "start": text + "\n" + filler, "middle": filler + text + "\n" + filler} {
				_, fs := scanText(t, s, whole)
				if !slices.ContainsFunc(fs, func(f Finding) bool { return f.RuleID == r.ID }) {
					t.Errorf("%s: match example %d is not found at the %s of a file", r.ID, n+1, place)
				}
			}
		}
	}
}

// TestWindowsLoseNothing holds the search in windows around anchors against each pattern run over everything.
func TestWindowsLoseNothing(t *testing.T) {
	s := builtin(t)
	var b strings.Builder
	for _, r := range s.set.All() {
		for _, tmpl := range slices.Concat(r.Examples.Match, r.Examples.Clean) {
			text, err := rules.Expand(tmpl, r.ID)
			if err != nil {
				t.Fatal(err)
			}
			b.WriteString(text + "\n" + strings.Repeat("- filler\n", 8))
		}
	}
	data := []byte(b.String())
	hits := s.anchors.index.Find(data, nil)
	total := 0
	for i, rule := range s.rules {
		var starts []ruleStart
		for _, h := range hits {
			if slices.Contains(s.anchors.rules[h.Anchor], i) {
				starts = append(starts, ruleStart{i, h.Pos})
			}
		}
		slices.SortFunc(starts, func(a, b ruleStart) int { return a.pos - b.pos })
		got, err := matchRule(rule, data, starts)
		if err != nil {
			t.Fatal(err)
		}
		re, err := rule.pattern.get()
		if err != nil {
			t.Fatal(err)
		}
		want := findAll(re.FindSubmatchIndex, data, 0, len(data), nil)
		bound := rule.window().after
		for _, m := range want {
			if m.whole.hi-m.whole.lo >= bound-1 || !rule.checks.contextNear(data, m.whole) {
				continue // longer than the rule says that its matches are, or refused anyway
			}
			if !slices.ContainsFunc(got, func(g found) bool { return g.secret == m.secret }) {
				t.Errorf("%s: not found around its anchors: %s", rule.ID, data[m.whole.lo:m.whole.hi])
			}
		}
		total += len(want)
	}
	if total < len(s.rules) {
		t.Errorf("%d matches of %d rules: the test tests little", total, len(s.rules))
	}
}
