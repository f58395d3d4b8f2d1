package scanner

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/skant-dev/skant/internal/match"
	"github.com/skant-dev/skant/internal/weigh"
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
		for n, tmpl := range r.Examples.Match[:min(3, len(r.Examples.Match))] {
			if r.Confidence == rules.LowConfidence {
				continue // not reported unless it is asked for
			}
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

// TestWindowsLoseNothing holds the search in windows around anchors against each pattern run over everything: the examples
// of the rule and of its neighbours, as all rules over all examples would take minutes.
func TestWindowsLoseNothing(t *testing.T) {
	s := builtin(t)
	const neighbours = 40
	total := 0
	for first := 0; first < s.rules.len(); first += neighbours {
		last := min(first+neighbours, s.rules.len())
		var b strings.Builder
		for _, r := range s.set.All()[first:last] {
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
		for i := first; i < last; i++ {
			total += holdWindows(t, s, i, data, hits)
		}
	}
	if total < s.rules.len() {
		t.Errorf("%d matches of %d rules: the test tests little", total, s.rules.len())
	}
}

// holdWindows compares what a rule finds around its anchors with what its pattern finds in all of data, and returns how
// much that is.
func holdWindows(t *testing.T, s *Scanner, i int, data []byte, hits []match.Hit) int {
	t.Helper()
	rule := s.rules.at(i)
	var starts []ruleStart
	for _, h := range hits {
		if slices.Contains(s.anchors.of(h.Anchor), int32(i)) {
			starts = append(starts, ruleStart{i, h.Pos})
		}
	}
	slices.SortFunc(starts, func(a, b ruleStart) int { return a.pos - b.pos })
	got, err := matchRule(rule, data, starts)
	if err != nil {
		t.Fatal(err)
	}
	var want []found
	if rule.Assignment != "" {
		for _, st := range starts {
			if r, ok := weigh.At(weigh.Kind(rule.Assignment), data, st.pos); ok && r.Refused == "" && r.Points >= rule.keep {
				want = append(want, found{whole: span{r.Name.Lo, r.Value.Hi}, secret: span{r.Value.Lo, r.Value.Hi}})
			}
		}
	} else {
		re, err := rule.pattern.get()
		if err != nil {
			t.Fatal(err)
		}
		want = findAll(re.FindSubmatchIndex, data, 0, len(data), nil)
	}
	bound := rule.window().after
	for _, m := range want {
		if m.whole.hi-m.whole.lo >= bound-1 || !rule.checks.contextNear(data, m.whole) {
			continue // longer than the rule says that its matches are, or refused anyway
		}
		if !slices.ContainsFunc(got, func(g found) bool { return g.secret == m.secret }) {
			t.Errorf("%s: not found around its anchors: %s", rule.ID, data[m.whole.lo:m.whole.hi])
		}
	}
	return len(want)
}
