package scanner

// Fingerprint returns what identifies a secret under a rule without telling it, as Finding.Fingerprint does. It is that of the empty
// text for a secret whose value is not known.
func (s *Scanner) Fingerprint(ruleID string, secret Secret) string {
	return s.fingerprint(ruleID, secret.Reveal())
}

// Shown returns a Secret of which only the redacted form is there: what stands in a report for a value that is known to the reader.
func Shown(redacted string) Secret { return Secret{redacted: redacted} }
