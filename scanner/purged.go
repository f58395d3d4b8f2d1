package scanner

// Texts of findings of what was purged.
const (
	purgedReason  = "this secret was purged from the history after a leak, and may not come back"
	purgedRefused = "what was purged may not come back"
)

// markPurged has a secret count that was purged, whatever asks to pass over it.
func (s *Scanner) markPurged(f *Finding) {
	if s.opt.Purged == nil || f.RuleID == PurgedObjectRule || !s.opt.Purged(f.Fingerprint) {
		return
	}
	f.Purged = true
	f.Reasons = append(f.Reasons[:len(f.Reasons):len(f.Reasons)], purgedReason)
	if f.Suppressed != nil {
		refused := *f.Suppressed
		refused.Refused = purgedRefused
		f.Suppressed, f.Refused = nil, &refused
	}
}
