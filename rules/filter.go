package rules

// Filter returns a set of the rules that keep reports true for, in the same order. Playbooks stay.
func (s *Set) Filter(keep func(*Rule) bool) *Set {
	kept := make([]Rule, 0, len(s.rules))
	for i := range s.rules {
		if keep(&s.rules[i]) {
			kept = append(kept, s.rules[i])
		}
	}
	return &Set{rules: kept, playbooks: s.playbooks, liveness: s.liveness, revocations: s.revocations, extra: s.extra}
}

// Unasked returns the set without what is said about asking providers, and about telling them to end something: for rules of somebody who may not say whom secrets are sent to.
func (s *Set) Unasked() *Set {
	kept := make([]Rule, len(s.rules))
	extra := map[string]said{}
	for i := range s.rules {
		kept[i] = s.rules[i]
		of := s.saidOf(&kept[i])
		kept[i].Liveness, of.liveness, of.ownServers = "", nil, false
		kept[i].Revocation, of.revocation = "", nil
		extra[kept[i].ID] = of
	}
	return &Set{rules: kept, playbooks: s.playbooks, extra: extra}
}
