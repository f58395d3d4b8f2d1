package sarif

import (
	"testing"

	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// TestScoreFollowsAnswers: the score of a rule is that of the gravest of its findings once their providers were asked, and the rule's
// own before.
func TestScoreFollowsAnswers(t *testing.T) {
	set := rules.NewSet([]rules.Rule{{ID: "acme", Title: "Acme key", Severity: rules.High}}, nil)
	score := func(found ...*scanner.Finding) string {
		return newRuleTable(set, found).descriptors[0].Properties["security-severity"].(string)
	}
	asked := func(s rules.Severity) *scanner.Finding {
		return &scanner.Finding{RuleID: "acme", Severity: s, Verification: &scanner.Verification{Says: "x"}}
	}
	plain := &scanner.Finding{RuleID: "acme", Severity: rules.Low}
	for i, c := range []struct{ got, want string }{
		{score(plain), "8.0"},
		{score(asked(rules.Low)), "2.0"},
		{score(asked(rules.Low), asked(rules.Critical)), "9.5"},
		{score(asked(rules.Info)), "0.5"},
	} {
		if c.got != c.want {
			t.Errorf("%d: %s, not %s", i, c.got, c.want)
		}
	}
	if got := newResult(asked(rules.Low), &scope{}, newRuleTable(set, []*scanner.Finding{plain})).Properties["security-severity"]; got != "2.0" {
		t.Errorf("the result's own score is %v", got)
	}
}
