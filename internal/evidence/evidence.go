// Package evidence says what a credential proves about itself, offline.
//
// Many formats carry a checksum, an account number, an expiry date or a parseable key. A [Func] reads one kind of them
// and tells whether the value is certainly what it looks like, likely not, or out of date, and states the facts that a
// person needs to find it at its provider. Functions are pure: no network, no files, and no clock but [Input.Now].
// They accept any bytes, look at a bounded number of them, and never put any part of a secret into what they return,
// except where a provider itself shows that part as the key's public hint.
package evidence

import (
	"sort"
	"strings"
	"time"
)

// Input is one match, as a rule found it.
type Input struct {
	// Value is the secret, decoded.
	Value []byte
	// Parts are further values of the same credential, by the rule's name for them.
	Parts map[string][]byte
	// Context is up to 4 KiB of text around the match; it may hold the match itself.
	Context []byte
	// Now is the time against which expiry dates are judged.
	Now time.Time
}

// Change is what a function found out about how likely the value is a real credential.
type Change int8

// The changes. Proven: a checksum or a structure shows that it is one. Lowered: something that such a credential has is
// missing, and a checksum that is wrong counts no more than that, documented or not: people shorten a live token, change
// some characters before they share it, or make one up for a test, and the reader decides which it was. Refuted: what the
// value decodes to says that it is something else, or nothing at all, and the match should be dropped.
const (
	Unchanged Change = iota
	Proven
	Raised
	Lowered
	Refuted
)

// String names the change, in lower case.
func (c Change) String() string {
	switch c {
	case Unchanged:
		return "unchanged"
	case Proven:
		return "proven"
	case Raised:
		return "raised"
	case Lowered:
		return "lowered"
	case Refuted:
		return "refuted"
	default:
		return "invalid"
	}
}

// The verdicts that can be reached without asking anybody, as values of [Result.Verdict].
const (
	Expired     = "expired"
	Uncheckable = "uncheckable"
)

// Result is what a function found out.
type Result struct {
	Change Change
	// Severity replaces the rule's where it is not empty: critical, high, medium, low or info.
	Severity string
	// Verdict is "", [Expired] or [Uncheckable].
	Verdict string
	// Facts are public: account numbers, names, dates (RFC 3339, UTC). Keys are in snake_case.
	Facts map[string]string
	// Reason is one short sentence without any part of the value; empty where there is nothing to say.
	Reason string
}

// Func looks at one match. It never panics and keeps no reference to its input.
type Func func(Input) Result

// Lookup returns the function of that name, as rules spell it.
func Lookup(name string) (Func, bool) {
	t := table()
	i := sort.Search(len(t), func(i int) bool { return t[i].name >= name })
	if i == len(t) || t[i].name != name {
		return nil, false
	}
	return guarded(t[i].run), true
}

// guarded takes out any fact that holds the whole value, so that no mistake in one function can show a secret. A key id
// is a name, and stays.
func guarded(run Func) Func {
	return func(in Input) Result {
		r := run(in)
		for name, fact := range r.Facts {
			if len(in.Value) >= 8 && name != "aws_access_key_id" && strings.Contains(fact, string(in.Value)) {
				delete(r.Facts, name)
			}
		}
		return r
	}
}

// Names returns the names that [Lookup] knows, sorted.
func Names() []string {
	t := table()
	names := make([]string, len(t))
	for i, e := range t {
		names[i] = e.name
	}
	return names
}

type entry struct {
	name string
	run  Func
}
