package verify

import (
	"slices"
	"testing"

	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// TestScannedCredentialsCanBeAsked scans the examples of every rule whose check takes code: what a scan finds has what the request
// needs, in at least one of them, and the controls' values make a request as well.
func TestScannedCredentialsCanBeAsked(t *testing.T) {
	set, err := rules.BuiltinWithDocs()
	if err != nil {
		t.Fatal(err)
	}
	v, err := New(set, Options{})
	if err != nil {
		t.Fatal(err)
	}
	// The first lack their security token, which is no part of the rule; examples of the others have ended, or hold no real key.
	never := []string{"alibaba-sts-credential", "aws-bedrock-short-term-key", "google-service-account-base64"}
	for _, r := range set.All() {
		l, ok := set.LivenessOf(&r)
		if !ok || signedChecks()[l.Signed].sign == nil {
			continue
		}
		s, err := scanner.New(set.Filter(func(other *rules.Rule) bool { return other.ID == r.ID }), scanner.Options{MinConfidence: rules.LowConfidence, IncludeExamples: true})
		if err != nil {
			t.Fatal(err)
		}
		asked, why := 0, ""
		for _, tmpl := range r.Examples.Match {
			text, err := rules.Expand(tmpl, r.ID)
			if err != nil {
				t.Fatal(err)
			}
			res, err := s.Scan(t.Context(), scanner.Text([]byte(text)), nil)
			if err != nil {
				t.Fatal(err)
			}
			tasks, err := v.plan(res.Findings)
			if err != nil {
				t.Fatal(err)
			}
			for _, task := range tasks {
				a := v.asked(t.Context(), task)
				if a.Why != "" {
					why = a.Why
					continue
				}
				by := task.check.variants()[0]
				values, err := scrambled(task, by)
				if err != nil {
					t.Errorf("%s: %v", r.ID, err)
					continue
				}
				if _, err := v.build(t.Context(), task, by, values); err != nil {
					t.Errorf("%s: the control: %v", r.ID, err)
				}
				asked++
			}
		}
		t.Logf("%s: %d of %d examples can be asked about; %s", r.ID, asked, len(r.Examples.Match), why)
		if (asked == 0) != slices.Contains(never, r.ID) {
			t.Errorf("%s: %d examples can be asked about; %s", r.ID, asked, why)
		}
	}
}
