package verify

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// made is a value of no credential's shape.
const made = "made-Up_7qZ"

// reply is what a provider documents, and what it means.
type reply struct {
	name    string
	status  int
	body    string
	want    scanner.Verdict
	learned map[string]string
}

// question is what a provider has to be asked about a rule's credential.
type question struct {
	rule, method, path, form string
	header                   http.Header
}

// findingWith makes a finding of a rule with the value made for its secret, behind what says of which kind it is, and one for each part
// that its check needs.
func findingWith(t testing.TB, set *rules.Set, ruleID, begins string) scanner.Finding {
	t.Helper()
	rule := set.Lookup(ruleID)
	if rule == nil {
		t.Fatalf("there is no rule %s", ruleID)
	}
	l, ok := set.LivenessOf(rule)
	if !ok {
		t.Fatalf("nothing is known of how to ask about %s", ruleID)
	}
	parts := map[string]scanner.Secret{}
	for _, name := range l.Needs {
		parts[name] = scanner.NewSecret("Part_of_7qZ", 0)
	}
	return scanner.NewFinding(ruleID, scanner.NewSecret(begins+made, 0), parts)
}

// answersAsDocumented holds rules against what their providers answer. begins says how credentials begin whose kind is told by it.
func answersAsDocumented(t *testing.T, replies map[string][]reply, begins map[string]string) {
	set, p := withDocs(t), stand(t)
	for ruleID, all := range replies {
		for _, r := range all {
			t.Run(ruleID+"/"+r.name, func(t *testing.T) {
				header := map[string]string{}
				if !strings.HasPrefix(r.body, "{") && !strings.HasPrefix(r.body, "[") {
					header["Content-Type"] = "text/plain; charset=utf-8"
				}
				p.answers(r.status, header, r.body)
				got := p.ask(t, set, findingWith(t, set, ruleID, begins[ruleID]))
				if got.Verdict != r.want {
					t.Errorf("HTTP %d %s is %s, want %s: %s", r.status, r.body, got.Verdict, r.want, got.Verification.Says)
				}
				if !maps.Equal(got.Verification.Learned, r.learned) {
					t.Errorf("learned %v, want %v", got.Verification.Learned, r.learned)
				}
				if r.want == scanner.Unknown && got.Verification.Says == "" {
					t.Error("it is not said why")
				}
			})
		}
	}
}

// askedAsDocumented sees to requests: where the credential stands, and that it stands in no other header.
func askedAsDocumented(t *testing.T, questions []question) {
	set, p := withDocs(t), stand(t)
	for _, q := range questions {
		t.Run(q.rule, func(t *testing.T) {
			p.answers(http.StatusTeapot, nil, `{}`)
			p.ask(t, set, findingWith(t, set, q.rule, ""))
			if p.first == "" || p.method != q.method || p.path != q.path || p.form != q.form {
				t.Errorf("asked %s %s %q, want %s %s %q", p.method, p.path, p.form, q.method, q.path, q.form)
			}
			for name, want := range q.header {
				if got := p.sent.Values(name); !slices.Equal(got, want) {
					t.Errorf("header %s is %q, want %q", name, got, want)
				}
			}
			for name, values := range p.sent {
				if q.header[name] == nil && strings.Contains(strings.Join(values, " "), made) {
					t.Errorf("the secret is in the header %s, too", name)
				}
			}
		})
	}
}

// areNotAsked is about rules whose credentials nobody is asked about, by their beginning where that says it.
func areNotAsked(t *testing.T, begins string, ruleIDs ...string) {
	t.Helper()
	set, p := withDocs(t), stand(t)
	for _, ruleID := range ruleIDs {
		p.answers(http.StatusOK, nil, `{"id":"1","data":{"user":{"open_id":"o"}},"error":{"code":"ok"},"meta":{"request_id":"r"}}`)
		got := p.ask(t, set, findingWith(t, set, ruleID, begins))
		if got.Verdict != scanner.Uncheckable || got.Verification == nil || got.Verification.Says == "" || p.first != "" {
			t.Errorf("%s of %s is %s, and was asked: %v", begins, ruleID, got.Verdict, p.first != "")
		}
	}
}

// basicOf is a header's value as RFC 7617 has it.
func basicOf(user, password string) string {
	r := &http.Request{Header: http.Header{}}
	r.SetBasicAuth(user, password)
	return r.Header.Get("Authorization")
}
