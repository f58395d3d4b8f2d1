package scanner

import (
	"strings"
	"testing"

	"github.com/skant-dev/skant/rules"
)

func TestLint(t *testing.T) {
	const examples = ", examples: {match: ['acmd_<<lower 20>>'], clean: [a]}}\n"
	rule := func(id, more string) string {
		return "- {id: acme-" + id + ", title: Acme, severity: high, anchors: [acmd_], pattern: '(acmd_[a-z]{20})'" + more + examples
	}
	for _, c := range []struct{ rules, want string }{
		{rule("a", ""), ""},
		{rule("a", "") + rule("b", ", priority: 51"), "acme-a: is never reported: rule acme-b takes"},
		{rule("a", "") + rule("b", ", confidence: medium"), "acme-b: is never reported"},
		{rule("a", "") + rule("b", ""), "acme-a: matches the same as rule acme-b"},
	} {
		set, err := rules.Read([]byte("provider: acme\nrules:\n"+c.rules), "test.yaml")
		if err != nil {
			t.Fatal(err)
		}
		s, err := New(set, Options{})
		if err != nil {
			t.Fatal(err)
		}
		notes, err := s.Lint(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, n := range notes {
			got = append(got, n.Error())
		}
		if all := strings.Join(got, "\n"); (c.want == "") != (all == "") || !strings.Contains(all, c.want) {
			t.Errorf("%s: %q, want %q", c.rules, all, c.want)
		}
	}
}
