package html

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// Bounds of the page: secrets and places that are listed, those of one secret, bytes of data for the script, and rows of the table that stands in for
// the list where there is no script, and on paper.
const (
	maxSecrets   = 50_000
	maxPlaces    = 100_000
	maxPlacesOf  = 2_000
	maxData      = 96 << 20
	maxTableRows = 200
)

// Bounds of texts, in code points.
const (
	maxPath  = 400
	maxName  = 120
	maxLine  = 500
	maxWords = 1000
)

// model is what the page shows.
type model struct {
	rep *scanner.Report
	set *rules.Set

	Title, Target  string
	About          []pair
	Headline, Next string
	// Tone is the class of the headline: "alarm", "warn", "calm".
	Tone    string
	Figures []figure
	// Chart is nil where fewer than two days are known.
	Chart    *chart
	Facets   []facet
	Coverage receipt
	Rows     []row
	// RowsOf says what the table holds of the whole.
	RowsOf string
	Any    bool

	// secrets are those of the list, as they follow each other.
	secrets []*secret
}

type pair struct{ Name, Value string }

type figure struct{ Value, Label, Note, Tone string }

// The states of a secret in the list.
const (
	stateOpen       = "open"
	stateSuppressed = "suppressed"
	stateExample    = "example"
	statePurged     = "purged"
)

// Where a secret is today.
const (
	useNow     = "now"
	useHistory = "history"
	useClone   = "clone"
)

// secret is a group of findings with what the page works out of it.
type secret struct {
	group    *report.Group
	state    string
	use      string
	provider string
	since    time.Time
	// key names it in addresses; it is unique.
	key string
}

func newModel(rep *scanner.Report, set *rules.Set) *model {
	if set == nil {
		set = rules.NewSet(nil, nil)
	}
	m := &model{rep: rep, set: set}
	m.Target = clip(rep.Target, maxPath)
	m.collect()
	m.Title = "Leaked secrets: "
	if len(m.of(stateOpen, statePurged)) == 0 {
		m.Title = "skant report: "
	}
	m.Title += nonEmpty(m.Target, "report")
	m.Any = len(m.secrets) > 0
	m.About = m.about()
	m.Coverage = newReceipt(rep)
	m.headline()
	m.Figures = m.figures()
	m.Chart = newChart(m.of(stateOpen))
	m.Facets = m.facets()
	m.table()
	return m
}

// collect makes the list: what counts, then what is an example, then what is suppressed, each by urgency.
func (m *model) collect() {
	seen := map[string]bool{}
	var examples, suppressed []*secret
	for _, g := range report.Groups(m.rep) {
		s := m.secret(g)
		if s.state == stateExample {
			examples = append(examples, s)
		} else {
			m.secrets = append(m.secrets, s)
		}
	}
	for _, g := range report.SuppressedGroups(m.rep) {
		s := m.secret(g)
		s.state = stateSuppressed
		suppressed = append(suppressed, s)
	}
	m.secrets = slices.Concat(m.secrets, examples, suppressed)
	for _, s := range m.secrets {
		s.key = clip(s.group.First().Fingerprint, maxName)
		for seen[s.key] {
			s.key += "-" + s.state
		}
		seen[s.key] = true
	}
}

func (m *model) secret(g *report.Group) *secret {
	s := &secret{group: g, state: stateExample, use: useClone}
	for _, f := range g.Places {
		if !f.Example {
			s.state = stateOpen
		}
		switch {
		case inUse(f):
			s.use = useNow
		case s.use == useClone && shared(f):
			s.use = useHistory
		}
		if c := f.Location.Commit; c != nil {
			s.since = earliest(s.since, c.Date)
		}
		if f.Exposure != nil {
			s.since = earliest(s.since, f.Exposure.FirstSeen)
		}
	}
	first := g.First()
	if first.RuleID == scanner.PurgedObjectRule {
		s.state = statePurged
	}
	if r := m.set.Lookup(first.RuleID); r != nil {
		s.provider = r.Provider
	}
	if v := g.Verification(); s.provider == "" && v != nil {
		s.provider = v.Provider
	}
	s.provider = nonEmpty(clip(s.provider, maxName), "other")
	return s
}

// inUse says that a secret is in the files of today.
func inUse(f *scanner.Finding) bool {
	switch f.Location.Kind {
	case scanner.KindFile, scanner.KindStdin, scanner.KindStaged:
		return true
	case scanner.KindCommitContent:
		return f.Exposure != nil && f.Exposure.InHead
	default:
		return false
	}
}

// shared says that a place is one that a push takes along.
func shared(f *scanner.Finding) bool {
	switch f.Location.Kind {
	case scanner.KindCommitContent, scanner.KindCommitMessage, scanner.KindAuthor, scanner.KindTagMessage, scanner.KindNote, scanner.KindRefName:
		return true
	default:
		return f.Exposure != nil && f.Exposure.RefCount > 0
	}
}

// of returns the secrets in one of these states.
func (m *model) of(states ...string) []*secret {
	var out []*secret
	for _, s := range m.secrets {
		if slices.Contains(states, s.state) {
			out = append(out, s)
		}
	}
	return out
}

// count returns how many secrets something is true of.
func count(list []*secret, is func(*secret) bool) int {
	n := 0
	for _, s := range list {
		if is(s) {
			n++
		}
	}
	return n
}

func (s *secret) alive() bool { return report.Alive(s.group.Verdict) }

func (s *secret) dead() bool {
	return s.group.Verdict == scanner.Dead || s.group.Verdict == scanner.Expired
}

func (s *secret) title() string {
	f := s.group.First()
	return nonEmpty(clip(f.Title, maxName), clip(f.RuleID, maxName))
}

// authors are who brought it, each once, the earliest first.
func (s *secret) authors() []string {
	var out []string
	seen := map[string]bool{"": true}
	for _, f := range s.group.Places[:min(len(s.group.Places), maxPlacesOf)] {
		if c := f.Location.Commit; c != nil && !seen[author(c)] {
			out = append(out, author(c))
			seen[author(c)] = true
		}
	}
	return out
}

func author(c *scanner.Commit) string { return clip(nonEmpty(c.Author, c.Email), maxName) }

// where names the place of a finding, without its line.
func where(f *scanner.Finding) string {
	l := &f.Location
	switch {
	case l.Path != "" || l.Member != "":
		return clip(l.Place(), maxPath)
	case l.Kind == scanner.KindStdin:
		return "stdin"
	default:
		return report.KindWords(*l)
	}
}

// clip makes a text visible and bounds it, in code points.
func clip(s string, limit int) string {
	if len(s) > 8*limit { // no more than can be needed is looked at: a byte becomes at most four
		s = string([]rune(s[:8*limit])) + "…"
	}
	s = visible.Text(s)
	if len(s) <= limit {
		return s
	}
	if r := []rune(s); len(r) > limit {
		return string(r[:limit-1]) + "…"
	}
	return s
}

func nonEmpty(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}

func minute(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04") + " UTC"
}

// facet is how many secrets each file, author or provider has, the most first.
type facet struct {
	Title, Key string
	Rows       []facetRow
	More       string
}

type facetRow struct {
	Name string
	N    int
	// Text is N for people, Width the bar's in percent of the longest; 0 is no bar.
	Text  string
	Width int
}

// maxFacetRows is how many rows a facet shows.
const maxFacetRows = 8

func (m *model) facets() []facet {
	open := m.of(stateOpen)
	var out []facet
	for _, f := range []struct {
		title, key, noun string
		names            func(*secret) []string
	}{
		{"By file", "file", "file", func(s *secret) []string {
			var names []string
			for _, p := range s.group.Places[:min(len(s.group.Places), maxPlacesOf)] {
				names = append(names, where(p))
			}
			slices.Sort(names)
			return slices.Compact(names)
		}},
		{"By author", "author", "author", (*secret).authors},
		{"By provider", "provider", "provider", func(s *secret) []string { return []string{s.provider} }},
	} {
		counts := map[string]int{}
		for _, s := range open {
			for _, name := range f.names(s) {
				counts[name]++
			}
		}
		if len(counts) > 0 {
			out = append(out, newFacet(f.title, f.key, f.noun, counts))
		}
	}
	return out
}

func newFacet(title, key, noun string, counts map[string]int) facet {
	f := facet{Title: title, Key: key}
	for name, n := range counts {
		f.Rows = append(f.Rows, facetRow{Name: name, N: n, Text: report.Count(int64(n))})
	}
	slices.SortFunc(f.Rows, func(a, b facetRow) int { return cmp.Or(cmp.Compare(b.N, a.N), strings.Compare(a.Name, b.Name)) })
	if more := len(f.Rows) - maxFacetRows; more > 0 {
		f.More = "and " + report.Number(int64(more), "more "+noun)
		f.Rows = f.Rows[:maxFacetRows]
	}
	for i := range f.Rows {
		if f.Rows[0].N == f.Rows[len(f.Rows)-1].N { // bars that are all alike say nothing
			break
		}
		f.Rows[i].Width = max(1, 100*f.Rows[i].N/f.Rows[0].N)
	}
	return f
}
