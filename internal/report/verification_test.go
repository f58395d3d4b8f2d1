package report

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// judged has one finding for each verdict and severity, with the answer of a provider where there is one. The order is another in each run.
func judged() *scanner.Report {
	rep := &scanner.Report{SchemaVersion: scanner.SchemaVersion, Coverage: scanner.Coverage{Complete: true, Files: 1, Bytes: 5}}
	for _, severity := range []rules.Severity{rules.Critical, rules.High, rules.Medium, rules.Low, rules.Info} {
		for _, verdict := range []scanner.Verdict{
			scanner.Live, scanner.Restricted, scanner.Unknown, scanner.Uncheckable, scanner.NotAsked, scanner.Expired, scanner.Dead,
		} {
			f := scanner.NewFinding("acme-key", scanner.NewSecret(strings.Repeat("k", 30), 0), nil)
			f.Fingerprint, f.Title = string(severity)+string(verdict), "Acme key"
			f.Severity, f.Confidence, f.Verdict = severity, rules.HighConfidence, verdict
			f.Location = scanner.Location{Path: f.Fingerprint, Kind: scanner.KindFile, StartLine: 1, EndLine: 1, StartColumn: 1, EndColumn: 2}
			if verdict != scanner.NotAsked {
				f.Verification = &scanner.Verification{Provider: "acme", Says: "It is " + string(verdict) + "."}
			}
			rep.Findings = append(rep.Findings, f)
		}
	}
	rand.Shuffle(len(rep.Findings), func(i, j int) { rep.Findings[i], rep.Findings[j] = rep.Findings[j], rep.Findings[i] })
	return rep
}

// TestAliveComesFirst: whatever its severity, what is known to be alive stands before everything that is not; the rest is by severity, and
// of equal severity the most alarming verdict is first.
func TestAliveComesFirst(t *testing.T) {
	rep := judged()
	groups := Groups(rep)
	var found []*scanner.Finding
	for i := range rep.Findings {
		found = append(found, &rep.Findings[i])
	}
	slices.SortStableFunc(found, CompareFindings)
	for i, g := range groups {
		if g.First().Fingerprint != found[i].Fingerprint {
			t.Fatalf("%d: secrets and findings have another order", i)
		}
		if i == 0 {
			continue
		}
		a, b := groups[i-1], g
		switch {
		case Alive(a.Verdict) != Alive(b.Verdict):
			if Alive(b.Verdict) {
				t.Errorf("%s before %s", a.First().Fingerprint, b.First().Fingerprint)
			}
		case a.Severity != b.Severity:
			if a.Severity.Rank() < b.Severity.Rank() {
				t.Errorf("%s before %s", a.First().Fingerprint, b.First().Fingerprint)
			}
		case alarm(a.Verdict) < alarm(b.Verdict):
			t.Errorf("%s before %s", a.First().Fingerprint, b.First().Fingerprint)
		}
	}
	var b bytes.Buffer
	if err := Text(&b, rep, nil, TextOptions{Summary: true}); err != nil {
		t.Fatal(err)
	}
	want := "35 secrets in 35 places: 5 live, 5 restricted, 5 unknown, 5 uncheckable, 5 not asked, 5 expired, 5 dead; "
	if !strings.Contains(b.String(), want) {
		t.Errorf("no %q in\n%s", want, b.String())
	}
	for i := range rep.Findings {
		rep.Findings[i].Verification = nil
	}
	if got := Summary(rep); strings.Contains(got, "live") {
		t.Errorf("nobody was asked, and it says %q", got)
	}
}
