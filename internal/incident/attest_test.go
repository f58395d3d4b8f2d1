package incident

import (
	"strings"
	"testing"
	"time"

	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

func said(secret int, by string) Attestation {
	return Attestation{Claim: OfProvider, Secret: secret, By: by, Evidence: "change 4711", Date: day, At: day.Add(time.Hour)}
}

func TestAttest(t *testing.T) {
	f := New(leaked(), day)
	for _, c := range []struct {
		name   string
		change func(a *Attestation)
	}{
		{"nobody", func(a *Attestation) { a.By = " " }}, {"nothing", func(a *Attestation) { a.Evidence = "" }},
		{"two lines", func(a *Attestation) { a.Evidence = "a\nb" }}, {"a terminal sequence", func(a *Attestation) { a.By = "\x1b[31mAda" }},
		{"no UTF-8", func(a *Attestation) { a.By = "Ada\xff" }}, {"too long a name", func(a *Attestation) { a.By = strings.Repeat("ä", MaxName+1) }},
		{"too long a text", func(a *Attestation) { a.Evidence = strings.Repeat("ä", MaxEvidence+1) }}, {"a claim of the program", func(a *Attestation) { a.Claim = "objects" }},
		{"no secret", func(a *Attestation) { a.Secret = 0 }}, {"forks of a secret", func(a *Attestation) { a.Claim = OfForks }},
		{"the future", func(a *Attestation) { a.Date = a.At.Add(time.Minute) }}, {"no date", func(a *Attestation) { a.Date = time.Time{} }},
	} {
		a := said(1, "Ada")
		c.change(&a)
		if err := f.Attest(a); err == nil {
			t.Errorf("%s is taken", c.name)
		}
	}
	if len(f.Attestations) != 0 || f.Attestation(OfProvider, 1).Holds() {
		t.Errorf("%+v was entered", f.Attestations)
	}
	for _, by := range []string{" Ada ", strings.Repeat("ä", MaxName)} {
		if err := f.Attest(said(1, by)); err != nil || len(f.Attestations) != 1 || f.Attestations[0].By != strings.TrimSpace(by) {
			t.Errorf("%v, %+v", err, f.Attestations)
		}
	}
	if f.Attestation(OfProvider, 2) != nil || f.Attestation(OfForks, 0) != nil || !f.Attestation(OfProvider, 1).Holds() {
		t.Error("what was said of one is said of another")
	}
	if f.Unattest(OfProvider, 2) || f.Unattest(OfForks, 1) || !f.Unattest(OfProvider, 1) || len(f.Attestations) != 0 {
		t.Errorf("taking back leaves %+v", f.Attestations)
	}
}

// TestHeard: a secret that is alive after somebody said that it is dead contradicts that for good, however it became known.
func TestHeard(t *testing.T) {
	for _, c := range []struct {
		name    string
		verdict scanner.Verdict
		at      time.Time
		holds   bool
	}{
		{"alive afterwards", scanner.Live, day.Add(time.Minute), false}, {"at that time", scanner.Live, day, false}, {"restricted", scanner.Restricted, day.Add(time.Minute), false},
		{"nobody knows when", scanner.Live, time.Time{}, false}, {"before", scanner.Live, day.Add(-time.Second), true},
		{"dead", scanner.Dead, day.Add(time.Minute), true}, {"unknown", scanner.Unknown, day.Add(time.Minute), true}, {"nobody was asked", scanner.NotAsked, day.Add(time.Minute), true},
	} {
		f := New(leaked(), day)
		for _, number := range []int{1, 2} {
			if err := f.Attest(said(number, "Ada")); err != nil {
				t.Fatal(err)
			}
		}
		found := finding("a", "low-key", rules.Low)
		found.Verdict = c.verdict
		if !c.at.IsZero() {
			found.Verification = &scanner.Verification{At: c.at}
		}
		f.Merge(&scanner.Report{Findings: []scanner.Finding{found}})
		a := f.Attestation(OfProvider, 2)
		if a.Holds() != c.holds || !f.Attestation(OfProvider, 1).Holds() {
			t.Errorf("%s: %+v", c.name, f.Attestations)
		}
		if c.holds {
			continue
		}
		why := *a
		later := finding("a", "low-key", rules.Low)
		later.Verdict, later.Verification = scanner.Dead, &scanner.Verification{At: day.Add(5 * time.Hour)}
		f.Merge(&scanner.Report{Findings: []scanner.Finding{later}})
		a.Contradict("another reason", day.Add(9*time.Hour))
		if *a != why || !strings.Contains(why.Contradicted, string(c.verdict)) || why.ContradictedAt.IsZero() || why.check() != nil {
			t.Errorf("%s: %+v", c.name, *a)
		}
		if err := f.Attest(said(2, "Bob")); err != nil || !f.Attestation(OfProvider, 2).Holds() || len(f.Attestations) != 2 {
			t.Errorf("%s: it cannot be said anew: %v", c.name, err)
		}
	}
	a := said(1, "Ada")
	a.Contradict(strings.Repeat("\u202e", MaxEvidence), time.Time{})
	if err := a.check(); err != nil || a.Holds() {
		t.Errorf("a long reason: %v, %+v", err, a)
	}
}
