// Package send brings a saved report to where a team works: a webhook, Slack, Teams, the issues of a GitHub repository.
//
// What leaves is a [Message]: the secrets that count, in their redacted form, and where they are. No value, no line of a file, no name and no
// address of a person is in it, and every text goes through the mask that knows all rules. What a repository chose (paths, refs, targets) and
// what a server answers is taken for hostile: here for each destination, in its own way.
//
// The package opens no connection of its own: it goes through [verify.Line].
package send

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/scanner"
)

// MessageVersion is the version of the shape of [Message]. Within a major version fields are only added.
const MessageVersion = "1.0"

// The bounds of a message. What is beyond them is counted.
const (
	// MaxSecrets is how many secrets are listed where [Options] do not say.
	MaxSecrets = 500
	maxPlaces  = 20
	maxText    = 500
)

// Message is what a report says to a team, and what a template is given. docs/send.md describes it. All text is one line of visible
// characters.
type Message struct {
	Version string `json:"message_version"`
	Tool    string `json:"tool"`
	Target  string `json:"target"`
	Command string `json:"command"`
	// Repository is the https address of the remote called origin, Revision the commit that was checked out; empty if unknown.
	Repository string `json:"repository"`
	Revision   string `json:"revision"`
	// StartedAt is when the scan began, in UTC, as 2026-01-02T03:04:05Z; empty if the report does not say.
	StartedAt string `json:"started_at"`
	Complete  bool   `json:"complete"`
	// Unread says what could not be read, one clause each.
	Unread []string `json:"unread"`
	// OnlyNew says that what an older report has was left out.
	OnlyNew bool `json:"only_new"`
	// SecretCount and PlaceCount count all that is sent about, AliveCount the secrets that their provider says are alive.
	SecretCount int      `json:"secret_count"`
	PlaceCount  int      `json:"place_count"`
	AliveCount  int      `json:"alive_count"`
	Secrets     []Secret `json:"secrets"`
	// SecretsLeft counts the secrets beyond those listed.
	SecretsLeft int `json:"secrets_left"`
	// Summary is the message in one line.
	Summary string `json:"summary"`
}

// Secret is one secret with all its places.
type Secret struct {
	Fingerprint string `json:"fingerprint"`
	RuleID      string `json:"rule_id"`
	Title       string `json:"title"`
	Severity    string `json:"severity"`
	Confidence  string `json:"confidence"`
	Redacted    string `json:"secret_redacted"`
	// Verdict is the report's, "" for not asked; Says is a sentence about it, and what to do.
	Verdict string  `json:"verdict"`
	Says    string  `json:"says"`
	Places  []Place `json:"places"`
	// PlaceCount counts all places, PlacesLeft those beyond the list.
	PlaceCount int `json:"place_count"`
	PlacesLeft int `json:"places_left"`

	// digest tells one set of places from another.
	digest string
}

// Place is where a secret is.
type Place struct {
	Kind string `json:"kind"`
	// Where is the place in words, such as "config/prod.env:3:19".
	Where  string `json:"where"`
	Path   string `json:"path"`
	Line   int    `json:"line"`
	Commit string `json:"commit"`
	Date   string `json:"date"`
	// InHead says that HEAD still has it there.
	InHead bool `json:"in_head"`
}

// Empty reports whether there is nothing that anybody would have to be told.
func (m *Message) Empty() bool { return m.SecretCount == 0 && m.Complete }

// Options say what of a report is sent.
type Options struct {
	// Scrub masks what any rule finds in a text.
	Scrub func(string) string
	// Only, unless nil, are the fingerprints that are sent about.
	Only map[string]bool
	// Most is how many secrets are listed at most; 0 means [MaxSecrets].
	Most int
}

// New makes the message of a report, of what counts: neither suppressed nor an example. The report is not changed; values that it holds
// because of --show-secrets are in nothing of the message, wherever they stand in the report.
func New(rep *scanner.Report, opt Options) *Message {
	c := newCleaner(rep, opt.Scrub)
	if opt.Most <= 0 {
		opt.Most = MaxSecrets
	}
	m := &Message{
		Version: MessageVersion, Tool: c.text(strings.TrimSpace(rep.Tool.Name + " " + rep.Tool.Version)), Target: c.text(rep.Target), Command: c.text(rep.Command),
		Complete: rep.Coverage.Complete, Unread: []string{}, OnlyNew: opt.Only != nil, Secrets: []Secret{},
	}
	if r := rep.Repository; r != nil {
		m.Repository, m.Revision = c.text(r.URI), c.text(r.Revision)
	}
	m.StartedAt = moment(rep.StartedAt)
	for _, u := range report.Unread(&rep.Coverage) {
		if len(m.Unread) < maxPlaces {
			m.Unread = append(m.Unread, c.text(u))
		}
	}
	for _, g := range groups(rep, opt.Only) {
		m.SecretCount++
		m.PlaceCount += len(g.Places)
		if report.Alive(g.Verdict) {
			m.AliveCount++
		}
		if len(m.Secrets) < opt.Most {
			m.Secrets = append(m.Secrets, secret(g, c))
		}
	}
	m.SecretsLeft = m.SecretCount - len(m.Secrets)
	m.Summary = m.summary()
	return m
}

// groups returns what counts, by secret.
func groups(rep *scanner.Report, only map[string]bool) []*report.Group {
	var out []*report.Group
	for _, g := range report.Groups(rep) {
		g.Places = slices.DeleteFunc(g.Places, func(f *scanner.Finding) bool { return f.Example })
		if len(g.Places) > 0 && (only == nil || only[g.First().Fingerprint]) {
			out = append(out, g)
		}
	}
	return out
}

func secret(g *report.Group, c *cleaner) Secret {
	f := g.First()
	s := Secret{
		Fingerprint: c.fingerprint(f.Fingerprint), RuleID: c.name(f.RuleID), Title: c.text(report.Title(f)), Severity: c.name(string(g.Severity)),
		Confidence: c.name(string(g.Confidence)), Redacted: c.text(f.Secret.Redacted()), Verdict: c.name(string(g.Verdict)),
		PlaceCount: len(g.Places), digest: digest(g.Places), Places: []Place{},
	}
	if f.RuleID == scanner.PurgedObjectRule {
		s.Title, s.Says = "Purged git object", c.text(report.Describe(f))
	} else {
		s.Says = c.text(says(g))
	}
	for _, f := range g.Places[:min(len(g.Places), maxPlaces)] {
		p := Place{Kind: c.name(string(f.Location.Kind)), Where: c.text(report.Where(f)), Path: c.text(f.Location.Place()), Line: f.Location.StartLine}
		if k := f.Location.Commit; k != nil {
			p.Commit, p.Date = c.name(k.ID), moment(k.Date)
		}
		p.InHead = f.Exposure != nil && f.Exposure.InHead
		s.Places = append(s.Places, p)
	}
	s.PlacesLeft = s.PlaceCount - len(s.Places)
	return s
}

// says is what is known of a secret being alive, and what to do.
func says(g *report.Group) string {
	words := report.VerdictWords(g.Verdict)
	for _, f := range g.Places {
		if f.Purged {
			words += " It was purged from the history after a leak, and may not come back."
			break
		}
	}
	for _, f := range g.Places {
		if v := f.Verification; v != nil && f.Verdict == g.Verdict && v.Do != "" {
			return words + " " + v.Do
		}
	}
	return words
}

// summary is the message in one line. An incomplete report never reads as a clean one.
func (m *Message) summary() string {
	noun := "secret"
	if m.OnlyNew {
		noun = "new secret"
	}
	words := "skant found no " + noun + "s"
	if m.SecretCount > 0 {
		words = "skant found " + report.Number(int64(m.SecretCount), noun) + " in " + report.Number(int64(m.PlaceCount), "place")
	}
	if m.AliveCount > 0 {
		words += ", " + report.Count(int64(m.AliveCount)) + " known to be alive"
	}
	if !m.Complete {
		words += "; the scan is INCOMPLETE"
	}
	return words
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// cleaner takes secrets out of text, and makes it visible and short.
type cleaner struct {
	scrub  func(string) string
	values *strings.Replacer
}

// leastValue is the length of the shortest value that is looked for in text: shorter ones would be found in any.
const leastValue = 6

func newCleaner(rep *scanner.Report, scrub func(string) string) *cleaner {
	var values []string
	for i := range rep.Findings {
		if v := rep.Findings[i].Revealed; len(v) >= leastValue {
			values = append(values, v)
		}
	}
	slices.SortFunc(values, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	var pairs []string
	for _, v := range slices.Compact(values) {
		pairs = append(pairs, v, "***")
	}
	return &cleaner{scrub, strings.NewReplacer(pairs...)}
}

// text cleans a text. It is scrubbed before it is cut, because half a secret is found by no rule.
func (c *cleaner) text(s string) string {
	if len(s) > maxText*100 {
		s = s[:maxText*100]
	}
	s = c.values.Replace(s)
	if c.scrub != nil {
		s = c.scrub(s)
	}
	return report.Shorten(visible.Text(s), maxText)
}

// name cleans a word that is one of few, or an id.
func (c *cleaner) name(s string) string { return report.Shorten(c.text(s), 128) }

// fingerprint returns a fingerprint, and a hash of it in the place of one that skant would not have made: two are never the same.
func (c *cleaner) fingerprint(s string) string {
	odd := strings.ContainsFunc(s, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != ':'
	})
	if odd || s == "" || len(s) > 80 || c.text(s) != s {
		return "odd:" + sum(s)
	}
	return s
}

// digest tells one set of places from another: not by line, because a moved line is the same place.
func digest(fs []*scanner.Finding) string {
	var keys []string
	for _, f := range fs {
		l := &f.Location
		key := []string{string(l.Kind), l.Submodule, l.Path, l.Member}
		if l.Commit != nil {
			key = append(key, l.Commit.ID)
		} else if l.Path == "" {
			key = append(key, l.Object)
		}
		keys = append(keys, strings.Join(key, "\x00"))
	}
	slices.Sort(keys)
	return sum(strings.Join(slices.Compact(keys), "\x01"))
}
