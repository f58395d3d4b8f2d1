package scanner

import (
	"slices"
	"strings"
	"testing"

	"github.com/skant-dev/skant/rules"
)

// TestPurged: what was purged counts, whatever its confidence and whatever stands beside it; another secret does not for that.
func TestPurged(t *testing.T) {
	text := "a = " + token(1) + " #ok\nb = " + token(2) + " #ok\n"
	_, all := scanText(t, testScanner(t, Options{MinConfidence: rules.LowConfidence}), text)
	if len(all) != 2 || all[0].Confidence == rules.Certain {
		t.Fatalf("%d findings: %+v", len(all), all)
	}
	object := Finding{Fingerprint: "x", RuleID: PurgedObjectRule, Severity: rules.Critical, Confidence: rules.Certain, Purged: true,
		Location: Location{Kind: KindStaged, Path: "keys/" + token(1), Object: "1234", Commit: &Commit{Summary: "add " + token(2)}}}
	opt := Options{
		MinConfidence: rules.Certain, Allow: okay, Further: func() []Finding { return []Finding{object} },
		Purged: func(fingerprint string) bool { return fingerprint == all[1].Fingerprint },
	}
	_, fs := scanText(t, testScanner(t, opt), text)
	if len(fs) != 2 {
		t.Fatalf("%d findings: %+v", len(fs), fs)
	}
	i := slices.IndexFunc(fs, func(f Finding) bool { return f.RuleID != PurgedObjectRule })
	secret, whole := fs[i], fs[1-i]
	if !secret.Purged || secret.Fingerprint != all[1].Fingerprint || secret.Suppressed != nil || secret.Refused == nil ||
		!slices.Contains(secret.Reasons, purgedReason) {
		t.Errorf("the secret that was purged: %+v", secret)
	}
	if whole.Suppressed != nil || !whole.Purged || strings.Contains(whole.Location.Path+whole.Location.Commit.Summary, token(1)[4:20]) ||
		strings.Contains(whole.Location.Commit.Summary, token(2)[4:20]) {
		t.Errorf("the object that was purged: %+v", whole)
	}
	if object.Location.Commit.Summary != "add "+token(2) {
		t.Error("what the source holds was changed")
	}
}
