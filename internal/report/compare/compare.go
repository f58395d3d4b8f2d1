// Package compare says what changed from one report to another: which secrets are new, which are gone, which verdicts are others.
//
// Secrets are told by their fingerprints, so that a moved line is no change. What a report does not say is not made up: where one of
// the two did not see everything, or saw with other eyes, a caution says so, and what is gone is then not proven to be.
package compare

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// SchemaVersion is the version of the JSON form, which docs/report-diff.schema.json describes. Within a major version changes only
// add keys.
const SchemaVersion = "1.0"

// Comparison is what changed. Its lists are in the order of [report.Groups]: what a person should see first comes first.
type Comparison struct {
	SchemaVersion string       `json:"schema_version"`
	Tool          scanner.Tool `json:"tool"`
	Old           Side         `json:"old"`
	New           Side         `json:"new"`
	// Cautions say why the comparison may show less, or other things, than what changed.
	Cautions []Caution `json:"cautions"`
	// GoneProven says that what is gone was looked for in the same way in all that the new report is of.
	GoneProven bool `json:"gone_proven"`
	// Appeared are the secrets that count in the new report and did not in the old one.
	Appeared []Secret `json:"new_secrets"`
	// Gone are the secrets that counted in the old report and are not in the new one at all.
	Gone []Secret `json:"gone_secrets"`
	// Changed are those that count in both, with another verdict.
	Changed []Secret `json:"changed_verdicts"`
	// Silenced are those that counted in the old report and are suppressed in the new one.
	Silenced []Secret `json:"silenced_secrets"`
	// Moved are the others that are in both, with places that came or went.
	Moved []Secret `json:"changed_places"`
	// Same counts the secrets that count in both reports, with nothing changed.
	Same int `json:"unchanged"`
}

// Side is what is known of one of the two reports.
type Side struct {
	Tool      scanner.Tool `json:"tool"`
	Target    string       `json:"target"`
	Command   string       `json:"command"`
	StartedAt time.Time    `json:"started_at"`
	Complete  bool         `json:"complete"`
	// Secrets and Places count what is not suppressed.
	Secrets int `json:"secrets"`
	Places  int `json:"places"`
}

// Caution is a reason to read the comparison with care.
type Caution struct {
	// Code is one of the constants below, Text a clause for people.
	Code string `json:"code"`
	Text string `json:"text"`
	// Gone says that for this reason nothing is proven to be gone.
	Gone bool `json:"gone_unproven"`
}

// The codes of cautions.
const (
	OldIncomplete = "old-incomplete"
	NewIncomplete = "new-incomplete"
	OtherTarget   = "other-target"
	OtherCommand  = "other-command"
	OnlyChanges   = "only-changes"
	OtherKey      = "other-fingerprint-key"
	OtherRules    = "other-rules"
	OtherVersion  = "other-version"
	NotAsked      = "new-not-asked"
	Hidden        = "hidden-findings"
	LeftOut       = "more-left-out"
	Swapped       = "old-is-newer"
)

// Secret is one secret that changed.
type Secret struct {
	Fingerprint string           `json:"fingerprint"`
	RuleID      string           `json:"rule_id"`
	Title       string           `json:"title"`
	Severity    rules.Severity   `json:"severity"`
	Confidence  rules.Confidence `json:"confidence"`
	Secret      scanner.Secret   `json:"secret_redacted"`
	// Verdict is that of the newest report that has the secret, Was that of the old one; Was is left out for a secret that is new.
	Verdict scanner.Verdict  `json:"verdict"`
	Was     *scanner.Verdict `json:"verdict_was,omitempty"`
	// BecameAlive says that a provider knows it now, and that the old report did not say so.
	BecameAlive bool `json:"became_alive,omitempty"`
	// WasSuppressed says that the old report had it, and that it did not count there.
	WasSuppressed bool `json:"was_suppressed,omitempty"`
	// Why is the reason for which it does not count any more, for a secret that was silenced.
	Why string `json:"why,omitempty"`
	// Came are the places of the new report that the old one has not, Left the reverse, Stayed how many are in both.
	Came   []Place `json:"places_came"`
	Left   []Place `json:"places_gone"`
	Stayed int     `json:"places_stayed"`
}

// Place is where a secret is.
type Place struct {
	Location scanner.Location `json:"location"`
	Excerpt  string           `json:"excerpt"`
}

// New compares two reports. Neither is changed.
func New(old, next *scanner.Report) *Comparison {
	c := &Comparison{
		SchemaVersion: SchemaVersion, Tool: next.Tool, Old: side(old), New: side(next), Cautions: []Caution{},
		Appeared: []Secret{}, Gone: []Secret{}, Changed: []Secret{}, Silenced: []Secret{}, Moved: []Secret{},
	}
	before, after := byPrint(old), byPrint(next)
	for _, g := range report.Groups(next) {
		was, known := before[g.First().Fingerprint]
		s := secret(g, after[g.First().Fingerprint].all, was.all)
		switch {
		case !known || was.open == nil:
			s.WasSuppressed = known
			s.BecameAlive = report.Alive(g.Verdict)
			c.Appeared = append(c.Appeared, s)
			continue
		case g.Verdict != was.open.Verdict && g.Verdict != scanner.NotAsked:
			s.BecameAlive = report.Alive(g.Verdict) && !report.Alive(was.open.Verdict)
			s.Was = &was.open.Verdict
			c.Changed = append(c.Changed, s)
		case len(s.Came)+len(s.Left) > 0:
			s.Was = &was.open.Verdict
			c.Moved = append(c.Moved, s)
		default:
			c.Same++
		}
	}
	for _, g := range report.Groups(old) {
		now, there := after[g.First().Fingerprint]
		switch {
		case !there:
			s := secret(g, nil, before[g.First().Fingerprint].all)
			s.Was = &g.Verdict
			c.Gone = append(c.Gone, s)
		case now.open == nil:
			s := secret(g, now.all, before[g.First().Fingerprint].all)
			s.Was, s.Why = &g.Verdict, why(now.all)
			c.Silenced = append(c.Silenced, s)
		}
	}
	c.caution(old, next)
	c.GoneProven = !slices.ContainsFunc(c.Cautions, func(x Caution) bool { return x.Gone })
	return c
}

// Alarming reports whether there is a new secret, or one that became alive.
func (c *Comparison) Alarming() bool {
	return len(c.Appeared) > 0 || slices.ContainsFunc(c.Changed, func(s Secret) bool { return s.BecameAlive })
}

func side(rep *scanner.Report) Side {
	s := Side{Tool: rep.Tool, Target: rep.Target, Command: rep.Command, StartedAt: rep.StartedAt, Complete: rep.Coverage.Complete}
	for _, g := range report.Groups(rep) {
		s.Secrets++
		s.Places += len(g.Places)
	}
	return s
}

// known is what a report has of one secret: the group of what counts, nil if nothing does, and all its places.
type known struct {
	open *report.Group
	all  []*scanner.Finding
}

func byPrint(rep *scanner.Report) map[string]known {
	out := map[string]known{}
	for _, g := range report.Groups(rep) {
		out[g.First().Fingerprint] = known{g, g.Places}
	}
	for _, g := range report.SuppressedGroups(rep) {
		k := out[g.First().Fingerprint]
		k.all = append(slices.Clone(k.all), g.Places...)
		out[g.First().Fingerprint] = k
	}
	return out
}

// secret describes a group with the places that are only among after, and only among before.
func secret(g *report.Group, after, before []*scanner.Finding) Secret {
	f := g.First()
	s := Secret{
		Fingerprint: f.Fingerprint, RuleID: f.RuleID, Title: f.Title, Severity: g.Severity, Confidence: g.Confidence, Secret: f.Secret, Verdict: g.Verdict,
	}
	s.Came = without(after, before)
	s.Left = without(before, after)
	s.Stayed = len(after) - len(s.Came)
	return s
}

// without returns the places of fs that are not among others. Of several in one file as many are left as there are more.
func without(fs, others []*scanner.Finding) []Place {
	count := map[string]int{}
	for _, f := range others {
		count[place(f)]++
	}
	out := []Place{}
	for _, f := range fs {
		if k := place(f); count[k] > 0 {
			count[k]--
		} else {
			out = append(out, Place{f.Location, f.Excerpt})
		}
	}
	return out
}

// place is what tells one place of a secret from another: not its line, because a moved line is the same place.
func place(f *scanner.Finding) string {
	l := &f.Location
	key := []string{string(l.Kind), l.Submodule, l.Path, l.Member, strings.Join(l.Decoded, ",")}
	if l.Commit != nil {
		key = append(key, l.Commit.ID)
	} else if l.Path == "" {
		key = append(key, l.Object)
	}
	for i := range key {
		key[i] = strconv.Quote(key[i])
	}
	return strings.Join(key, " ")
}

// why returns the reason for which a secret's places do not count.
func why(fs []*scanner.Finding) string {
	var all []string
	for _, f := range fs {
		if s := f.Suppressed; s != nil {
			text := strings.Trim(s.By+" "+s.Where, " ")
			if s.Reason != "" {
				text += ": " + s.Reason
			}
			all = append(all, text)
		}
	}
	slices.SortFunc(all, cmp.Compare[string])
	return strings.Join(slices.Compact(all), "; ")
}
