package scanner

import (
	"maps"
	"time"
)

// Verification is what asking a credential's provider came to. It holds no secret.
type Verification struct {
	// At is when the provider answered, also where the answer was kept from an earlier run (Cached).
	At time.Time `json:"at,omitzero"`
	// Provider is the rule's, Host the one that was asked, with its port if it is not the usual one. Host is empty where
	// nobody was asked.
	Provider string `json:"provider"`
	Host     string `json:"host"`
	// Status is the HTTP status of the last answer; 0 if there was none.
	Status int `json:"status"`
	// Says is one sentence on what the answer means, Do one on what to do about it; Do may be empty.
	Says string `json:"says"`
	Do   string `json:"do,omitempty"`
	// Learned are facts that the answer states: account, organization, scopes, expiry.
	Learned map[string]string `json:"learned,omitempty"`
	Cached  bool              `json:"cached,omitempty"`
	// Attempts is the number of requests that were sent for it in this run.
	Attempts int `json:"attempts"`
}

// Values returns what the finding's credential consists of, by the names that a rule's liveness knows: "secret", the
// parts found with it, and what it states as facts. Parts are kept in memory only: a finding that was read from a report
// has none, and its secret is not [Secret.Known].
func (f *Finding) Values() map[string]Secret {
	values := map[string]Secret{}
	for name, fact := range f.Facts {
		values[name] = NewIdentifier(fact)
	}
	if f.parts != nil {
		maps.Copy(values, f.parts.values)
	}
	values["secret"] = f.Secret
	return values
}

// SameValues reports whether two findings are of one credential: the same secret with the same parts and facts.
func (f *Finding) SameValues(other *Finding) bool {
	return maps.EqualFunc(f.Values(), other.Values(), func(a, b Secret) bool { return a.Reveal() == b.Reveal() })
}

// NewFinding makes a finding of a credential that was not found by a scan, with its parts by name.
func NewFinding(ruleID string, secret Secret, parts map[string]Secret) Finding {
	return Finding{RuleID: ruleID, Secret: secret, parts: &partValues{maps.Clone(parts)}}
}

// partValues are the further values of a credential by name. A finding points to them: package fmt does not ask what stands in
// an unexported field how it wants to be printed, but prints of a pointer only where it leads.
type partValues struct{ values map[string]Secret }

// partsOf returns the values that belong to a candidate besides its secret. Those that may be shown are identifiers.
func (c *candidate) partsOf(values map[string][]byte) *partValues {
	if len(values) == 0 {
		return nil
	}
	parts := make(map[string]Secret, len(values))
	for name, value := range values {
		if text := string(value); c.facts[name] == text {
			parts[name] = NewIdentifier(text)
		} else {
			parts[name] = NewSecret(text, 0)
		}
	}
	return &partValues{parts}
}

// PrefixLength returns the length in bytes of the value's public prefix, which [NewSecret] was given.
func (s Secret) PrefixLength() int { return s.prefix }
