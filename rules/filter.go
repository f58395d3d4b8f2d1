package rules

// Filter returns a set of the rules that keep reports true for, in the same order. Playbooks stay.
func (s *Set) Filter(keep func(*Rule) bool) *Set {
	kept := make([]Rule, 0, len(s.rules))
	for i := range s.rules {
		if keep(&s.rules[i]) {
			kept = append(kept, s.rules[i])
		}
	}
	return &Set{rules: kept, playbooks: s.playbooks, liveness: s.liveness}
}
