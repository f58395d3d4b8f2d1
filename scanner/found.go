package scanner

import (
	"slices"

	"github.com/skant-dev/skant/rules"
)

// Found tells of a secret while the scan goes on. It has nothing that could hold another secret which is not known yet: no path, no
// excerpt, no facts. What it says is preliminary: the path, the attribution or a baseline may lower or drop it at the end.
type Found struct {
	Fingerprint string           `json:"fingerprint"`
	RuleID      string           `json:"rule_id"`
	Title       string           `json:"title"`
	Severity    rules.Severity   `json:"severity"`
	Confidence  rules.Confidence `json:"confidence"`
	// Redacted is never the whole value, not even that of an identifier: another rule may say later that it is a secret.
	Redacted string `json:"secret_redacted"`
	// Kind and Object are those of the first place. Object is a hex id, empty outside git.
	Kind   Kind   `json:"kind"`
	Object string `json:"object,omitempty"`
	// Example says that the value stands for a secret that it is not. Such a one is told only where a report would have it.
	Example bool `json:"example,omitempty"`
}

// teller tells each secret of one scan once. A nil one tells nothing.
type teller struct {
	s    *Scanner
	told map[string]bool
}

func (s *Scanner) newTeller() *teller {
	if s.opt.Found == nil {
		return nil
	}
	return &teller{s, map[string]bool{}}
}

// met tells what of newly found secrets would be reported by what is known of them now. The findings stay as they are.
func (t *teller) met(fs []Finding) {
	if t == nil {
		return
	}
	for _, f := range fs {
		if t.told[f.Fingerprint] {
			continue
		}
		f.Reasons = slices.Clip(f.Reasons) // they are judged once more at the end
		f.weighPath(0)
		t.s.markPurged(&f)
		if t.s.reports(&f) {
			t.tell(&f)
		}
	}
}

// settled tells what of the report was not told yet: what only its path, known at last, has made likely enough.
func (t *teller) settled(fs []Finding) {
	if t == nil {
		return
	}
	for i := range fs {
		if f := &fs[i]; !t.told[f.Fingerprint] && f.RuleID != PurgedObjectRule {
			t.tell(f)
		}
	}
}

func (t *teller) tell(f *Finding) {
	t.told[f.Fingerprint] = true
	shown := f.Secret
	if shown.public() {
		shown = NewSecret(shown.Reveal(), 0)
	}
	t.s.opt.Found(Found{
		Fingerprint: f.Fingerprint, RuleID: f.RuleID, Title: f.Title, Severity: f.Severity, Confidence: f.Confidence,
		Redacted: shown.Redacted(), Kind: f.Location.Kind, Object: f.Location.Object, Example: f.Example,
	})
}

// reports says whether a finding that was weighed is one of the report, or hidden.
func (s *Scanner) reports(f *Finding) bool {
	return f.Purged || f.Confidence.Rank() >= s.opt.MinConfidence.Rank() || f.Example && s.opt.IncludeExamples
}
