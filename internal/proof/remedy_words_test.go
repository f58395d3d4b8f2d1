package proof

import (
	"bytes"
	"strings"
	"testing"

	"github.com/skant-dev/skant/internal/incident"
	"github.com/skant-dev/skant/scanner"
)

// TestRemediesFromAnywhere holds that what is printed can be run from another folder than that of the clone, asks what this check asked, and ends
// what is alive.
func TestRemediesFromAnywhere(t *testing.T) {
	in, facts := gone()
	s := &in.File.Secrets[0]
	in.Clones[0].At, in.Repeat = "/srv/it's", []string{"--clone /srv/two"}
	in.Words[s.Fingerprint] = Word{Verdict: scanner.Live, At: now}
	in.Revoke = func(s *incident.Secret, path string) string { return "revoke " + path }
	dead := func() string { return New(in, facts).Claims[0].Remedy }
	if got := dead(); got != "# by hand, as the runbook says: revoke it" {
		t.Errorf("without the value in a clone: %q", got)
	}
	in.Clones[0].Report.Findings = []scanner.Finding{finding(s, s.Fingerprint)}
	if got := dead(); got != "revoke /srv/it's\n# or by hand, as the runbook says: revoke it" {
		t.Errorf("with the value: %q", got)
	}
	in.Revoke = func(*incident.Secret, string) string { return "" }
	if got := dead(); got != "# by hand, as the runbook says: revoke it" {
		t.Errorf("without a revocation: %q", got)
	}
	in.Words = nil
	const again = ` --incident incident.json --clone /srv/two '/srv/it'\''s'`
	if got := dead(); !strings.HasPrefix(got, "skant recover check --remote --verify --secret-file -"+again) {
		t.Errorf("without a value: %q", got)
	}
	in.AskProviders, in.AskRemotes = false, false
	if got := dead(); got != "skant recover check --verify"+again {
		t.Errorf("not asked: %q", got)
	}
	for _, c := range New(in, facts).Claims {
		if strings.HasPrefix(c.Remedy, "skant ") && !strings.HasSuffix(c.Remedy, `'/srv/it'\''s'`) && !strings.Contains(c.Remedy, `'/srv/it'\''s'   #`) {
			t.Errorf("%s needs the folder of the clone: %q", c.Kind, c.Remedy)
		}
	}
}

// TestCommandsAreShownOnce holds that the commands for a stale clone are not repeated for each secret.
func TestCommandsAreShownOnce(t *testing.T) {
	const lines = "one\ntwo"
	r := &Result{Secrets: []Secret{{Number: 1}, {Number: 2}}, Claims: []Claim{
		{Proof: incident.Proof{Secret: 1, State: incident.Open, Claim: "a", Remedy: lines}}, {Proof: incident.Proof{Secret: 2, State: incident.Open, Claim: "b", Remedy: lines}},
		{Proof: incident.Proof{Secret: 1, State: incident.Open, Claim: "c", Remedy: "three"}}, {Proof: incident.Proof{Secret: 2, State: incident.Open, Claim: "d", Remedy: "three"}},
	}}
	for name, write := range map[string]func(*bytes.Buffer) error{"text": func(b *bytes.Buffer) error { return r.Text(b) }, "markdown": func(b *bytes.Buffer) error { return r.Markdown(b) }} {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		if strings.Count(b.String(), "two\n") != 1 || strings.Count(b.String(), "three\n") != 2 || !strings.Contains(strings.ToLower(b.String()), "the commands of secret 1, above, do this, too") {
			t.Errorf("%s:\n%s", name, b.String())
		}
	}
}
