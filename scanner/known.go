package scanner

import "github.com/skant-dev/skant/rules"

// Fingerprint returns what identifies a secret under a rule without telling it, as Finding.Fingerprint does. It is that of the empty
// text for a secret whose value is not known.
func (s *Scanner) Fingerprint(ruleID string, secret Secret) string {
	return s.fingerprint(ruleID, secret.Reveal())
}

// Shown returns a Secret of which only the redacted form is there: what stands in a report for a value that is known to the reader.
func Shown(redacted string) Secret { return Secret{redacted: redacted} }

// KnownValues knows how the values are written that rules with Known look for. It must be safe for concurrent use.
type KnownValues interface {
	// Near reports whether the anchor at data[pos:] may be in a match of a rule. It is a cheap look: false only if it is in none.
	Near(ruleID string, data []byte, pos int) bool
	// Whole looks at what stands around a match in data[lo:hi], for rules that look for a part of a value. If that is not the
	// rest of it, it returns a sentence that says so.
	Whole(ruleID string, data []byte, lo, hi int) string
}

// near returns those of a rule's starts that may be in a match. It works in the memory of starts.
func (s *Scanner) near(rule *compiledRule, data []byte, starts []ruleStart) []ruleStart {
	if s.opt.Known == nil || !rule.Known {
		return starts
	}
	n := 0
	for _, at := range starts {
		if s.opt.Known.Near(rule.ID, data, at.pos) {
			starts[n] = at
			n++
		}
	}
	return starts[:n]
}

// whole makes a candidate one of medium confidence if only a part of the value stands there.
func (s *Scanner) whole(c *candidate, data []byte, at span) {
	if s.opt.Known == nil || !c.rule.Known {
		return
	}
	if why := s.opt.Known.Whole(c.rule.ID, data, at.lo, at.hi); why != "" {
		c.confidence = rules.MediumConfidence
		c.reasons = append(c.reasons, why)
	}
}
