package proof

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/skant-dev/skant/internal/incident"
	"github.com/skant-dev/skant/scanner"
)

// believed is the input of an incident that is over but for a provider who cannot be asked, about which somebody has given his word a day ago.
func believed(t *testing.T) (*Input, []*Facts) {
	t.Helper()
	in, facts := gone()
	in.Askable = func(string) bool { return false }
	in.Words = map[string]Word{}
	if err := in.File.Attest(incident.Attestation{
		Claim: incident.OfProvider, Secret: 1, By: "Ada Example", Evidence: "change 4711", Date: now.Add(-48 * time.Hour), At: now.Add(-24 * time.Hour),
	}); err != nil {
		t.Fatal(err)
	}
	return in, facts
}

// TestAttested changes one thing at a time of an incident that is over if somebody is believed.
func TestAttested(t *testing.T) {
	askable := func(in *Input) { in.Askable = nil }
	say := func(in *Input, v scanner.Verdict) {
		in.Words[in.File.Secrets[0].Fingerprint] = Word{Verdict: v, At: now}
	}
	once := func(in *Input, v scanner.Verdict, at time.Time) {
		in.File.Secrets[0].Verdict, in.File.Secrets[0].VerifiedAt = v, at
	}
	found := func(in *Input, f *Facts, at time.Time) {
		one := finding(&in.File.Secrets[0], in.File.Secrets[0].Fingerprint)
		one.Location.Commit = &scanner.Commit{ID: commitID, Date: at}
		f.Clone.Report.Findings = []scanner.Finding{one}
	}
	for _, c := range []struct {
		name   string
		change func(in *Input, f *Facts)
		want   incident.State
		holds  bool
	}{
		{"nothing", func(*Input, *Facts) {}, incident.Attested, true},
		{"nobody asked, nobody could be", func(in *Input, _ *Facts) { in.AskProviders = false }, incident.Attested, true},
		{"uncheckable", func(in *Input, _ *Facts) { say(in, scanner.Uncheckable) }, incident.Attested, true},
		{"nobody asked, who could be", func(in *Input, _ *Facts) { askable(in); in.AskProviders = false }, incident.Unknown, true},
		{"no value to ask with", func(in *Input, _ *Facts) { askable(in) }, incident.Attested, true},
		{"the answer does not tell", func(in *Input, _ *Facts) { askable(in); say(in, scanner.Unknown) }, incident.Attested, true},
		{"the asking ended early", func(in *Input, _ *Facts) { askable(in); say(in, scanner.NotAsked) }, incident.Unknown, true},
		{"dead", func(in *Input, _ *Facts) { askable(in); say(in, scanner.Dead) }, incident.Proven, true},
		{"alive", func(in *Input, _ *Facts) { askable(in); say(in, scanner.Live) }, incident.Open, false},
		{"restricted", func(in *Input, _ *Facts) { say(in, scanner.Restricted) }, incident.Open, false},
		{"alive once, before", func(in *Input, _ *Facts) { askable(in); once(in, scanner.Live, now.Add(-72*time.Hour)) }, incident.Attested, true},
		{"alive once, afterwards", func(in *Input, _ *Facts) { askable(in); once(in, scanner.Live, now.Add(-time.Hour)) }, incident.Open, false},
		{"alive once, between deed and word", func(in *Input, _ *Facts) { once(in, scanner.Live, now.Add(-36*time.Hour)) }, incident.Open, false},
		{"alive once, nobody knows when", func(in *Input, _ *Facts) { once(in, scanner.Live, time.Time{}) }, incident.Unknown, false},
		{"alive once, and does not tell now", func(in *Input, _ *Facts) {
			once(in, scanner.Restricted, now.Add(-time.Hour))
			say(in, scanner.Unknown)
		}, incident.Unknown, false},
		{"it was never gone", func(in *Input, f *Facts) { found(in, f, now.Add(-72*time.Hour)) }, incident.Attested, true},
		{"a new commit has it", func(in *Input, f *Facts) { found(in, f, now.Add(-time.Hour)) }, incident.Unknown, false},
		{"a commit with a date to come", func(in *Input, f *Facts) { found(in, f, now.Add(time.Hour)) }, incident.Attested, true},
		{"it was gone", func(in *Input, f *Facts) {
			found(in, f, now.Add(-72*time.Hour))
			in.File.Proofs = []incident.Proof{{Secret: 1, Claim: "nothing in . holds it", State: incident.Proven}}
		}, incident.Unknown, false},
		{"another was gone", func(in *Input, f *Facts) {
			found(in, f, now.Add(-72*time.Hour))
			in.File.Proofs = []incident.Proof{{Secret: 2, Claim: "nothing in . holds it", State: incident.Proven}, {Secret: 1, Claim: "nothing in . holds it", State: incident.Open}}
		}, incident.Attested, true},
		{"contradicted before", func(in *Input, _ *Facts) { in.File.Attestations[0].Contradict("it was alive", now.Add(-time.Hour)) }, incident.Unknown, false},
		{"about another claim", func(in *Input, _ *Facts) {
			in.File.Attestations[0].Claim, in.File.Attestations[0].Secret = incident.OfUse, 0
		}, incident.Unknown, false},
	} {
		in, facts := believed(t)
		c.change(in, facts[0])
		r := New(in, facts)
		claim := r.Claims[0]
		if claim.Kind != Dead || claim.State != c.want || in.File.Attestation(incident.OfProvider, 1).Holds() != c.holds {
			t.Errorf("%s: %+v, want %s; %+v", c.name, claim, c.want, in.File.Attestations)
			continue
		}
		if c.want != incident.Proven && r.State == incident.Proven || (r.State == incident.Attested) != (c.want == incident.Attested && len(facts[0].Clone.Report.Findings) == 0) {
			t.Errorf("%s: the whole is %s", c.name, r.State)
		}
		told := strings.Contains(claim.Detail, "Ada Example") && strings.Contains(claim.Detail, "change 4711")
		if claim.Attestation != nil && !told && c.want != incident.Proven || claim.Attestation == nil && c.name != "about another claim" {
			t.Errorf("%s: who says so is not shown: %+v", c.name, claim)
		}
		if a := claim.Attestation; a != nil && (a.Contradicted != "") == c.holds || !c.holds && claim.Remedy == "" {
			t.Errorf("%s: %+v", c.name, claim)
		}
	}
}

// TestAttestedWritten holds that every format says who is believed, and that it is never called proven.
func TestAttestedWritten(t *testing.T) {
	in, facts := believed(t)
	evil := "x`](http://evil.example)<script>"
	if err := in.File.Attest(incident.Attestation{Claim: incident.OfForks, By: evil, Evidence: evil, Date: now, At: now}); err != nil {
		t.Fatal(err)
	}
	in.Scrub = func(s string) string { return strings.ReplaceAll(s, "4711", "***") }
	r := New(in, facts)
	var text, markdown, encoded bytes.Buffer
	if err := errors.Join(r.Text(&text), r.Markdown(&markdown), r.JSON(&encoded)); err != nil {
		t.Fatal(err)
	}
	for name, out := range map[string]string{"text": text.String(), "Markdown": markdown.String(), "JSON": encoded.String()} {
		if strings.Contains(out, "PROVEN") || !strings.Contains(out, "Ada Example") || !strings.Contains(out, "change ***") && !strings.Contains(out, `change \*\*\*`) || strings.Contains(out, "4711") {
			t.Errorf("%s is\n%s", name, out)
		}
	}
	if !strings.HasPrefix(text.String(), "ATTESTED: nothing is open, 1 claim rests on somebody's word, ") || !strings.Contains(text.String(), "\n  attested the provider") {
		t.Errorf("the text is\n%s", text.String())
	}
	if !strings.Contains(markdown.String(), "- [ ] **attested** the provider") || strings.Contains(markdown.String(), "<script>") && !strings.Contains(markdown.String(), `\<script\>`) {
		t.Errorf("Markdown is\n%s", markdown.String())
	}
	if !strings.Contains(encoded.String(), `"state": "attested"`) || !strings.Contains(encoded.String(), `"name": "forks"`) {
		t.Errorf("JSON is\n%s", encoded.String())
	}
	if in.File.Attestations[0].Evidence != "change 4711" {
		t.Error("what is masked for the reader is masked in the file")
	}
	for n, want := range map[int]string{0: "", 1: "1 claim rests on somebody's word", 3: "3 claims rest on somebody's word"} {
		if got := (&Result{Attested: n}).Rests(); got != want {
			t.Errorf("of %d it says %q", n, got)
		}
	}
}

func TestFoundOpen(t *testing.T) {
	in, _ := gone()
	s := &in.File.Secrets[0]
	if FoundOpen(in.File, s) {
		t.Error("nothing was found")
	}
	in.File.Proofs = []incident.Proof{{Secret: 2, Claim: deadClaim, State: incident.Open}, {Secret: 1, Claim: "another", State: incident.Open}, {Secret: 1, Claim: deadClaim, State: incident.Unknown}}
	if FoundOpen(in.File, s) {
		t.Error("what was found is about something else")
	}
	in.File.Proofs[2].State = incident.Open
	if !FoundOpen(in.File, s) {
		t.Error("the last check is forgotten")
	}
	in.File.Proofs = nil
	for v, want := range map[scanner.Verdict]bool{scanner.Live: true, scanner.Restricted: true, scanner.Dead: false, scanner.Unknown: false} {
		if s.Verdict = v; FoundOpen(in.File, s) != want {
			t.Errorf("after %s", v)
		}
	}
}
