package html

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

func (m *model) about() []pair {
	rep := m.rep
	out := []pair{{"Searched", nonEmpty(m.Target, "unknown")}}
	if rep.Command != "" {
		out = append(out, pair{"By", "skant " + clip(rep.Command, maxName)})
	}
	if r := rep.Repository; r != nil && r.Revision != "" {
		at := clip(r.Revision, 64)
		at = string([]rune(at)[:min(len([]rune(at)), 10)])
		if r.Branch != "" {
			at = clip(r.Branch, maxName) + " at " + at
		}
		out = append(out, pair{"Checked out", at})
	}
	if t := minute(rep.StartedAt); t != "" {
		out = append(out, pair{"On", t})
	}
	if rep.Tool.Name != "" {
		out = append(out, pair{"With", clip(rep.Tool.Name+" "+rep.Tool.Version, maxName)})
	}
	return out
}

// headline says in a sentence what matters most, and in another what to do about it.
func (m *model) headline() {
	open := m.of(stateOpen)
	alive := int64(count(open, (*secret).alive))
	notDead := int64(count(open, func(s *secret) bool { return !s.dead() }))
	purged := int64(len(m.of(statePurged)))
	m.Tone = "alarm"
	switch {
	case alive > 0:
		m.Headline = report.Number(alive, "leaked secret") + verb(alive, " is alive.", " are alive.")
		m.Next = "Revoke " + verb(alive, "it", "them") + " now, before anything is cleaned up: whoever has a copy can use it. The list below starts with " + verb(alive, "it", "them") + "."
	case purged > 0:
		m.Headline = report.Number(purged, "purged object") + verb(purged, " came back.", " came back.")
		m.Next = "A clone from before the purge brought " + verb(purged, "it", "them") + ": find it before you purge again."
	case notDead > 0:
		m.Headline = report.Number(notDead, "leaked secret") + verb(notDead, " may be alive.", " may be alive.")
		m.Next = "No provider has said that " + verb(notDead, "it is", "they are") + " dead. Count " + verb(notDead, "it", "them") + " as alive and revoke " + verb(notDead, "it", "them") + " first; taking a secret out of a file does not take it out of the history."
	case len(open) > 0:
		n := int64(len(open))
		m.Tone, m.Headline = "warn", report.Number(n, "leaked secret")+verb(n, " was found, and is dead.", " were found, all dead.")
		m.Next = verb(n, "It cannot be used any more", "None of them can be used any more") + ". Read the providers' logs for the time in which " + verb(n, "it was", "they were") + " alive."
	case !m.Coverage.Complete:
		m.Tone, m.Headline = "warn", "No secret "+m.besides("was found in what could be read.")
	default:
		m.Tone, m.Headline = "calm", "No secret "+m.besides("was found.")
		m.Next = "Everything that the search was asked to read was read."
	}
	if purged > 0 && notDead > 0 {
		and := report.Number(purged, "purged object") + " came back, too: a clone from before the purge brought " + verb(purged, "it", "them") + "."
		if alive == 0 {
			and = report.Number(notDead, "leaked secret") + " may be alive: revoke " + verb(notDead, "it", "them") + " first."
		}
		m.Next += " " + and
	}
	m.Next = strings.TrimSpace(m.Next + m.beside(len(open) == 0))
}

// beside are sentences about what the headline does not count, and on a page that lists nothing about why that may be.
func (m *model) beside(nothing bool) string {
	out := ""
	if n := int64(count(m.of(stateSuppressed, stateExample), (*secret).alive)); n > 0 {
		m.Tone = "alarm"
		out += " " + report.Number(n, "secret") + " that " + verb(n, "is", "are") + " suppressed or taken for an example " + verb(n, "is", "are") + " alive, as the provider says."
	}
	if !nothing {
		return out
	}
	if p := m.rep.Coverage.Policy; p != nil && len(p.Weaker)+p.Omitted > 0 {
		n := int64(len(p.Weaker) + p.Omitted)
		out += " " + report.Number(n, "setting") + verb(n, " weakens", " weaken") + " the search: see Coverage."
	}
	if n := int64(m.rep.Hidden); n > 0 {
		out += " " + report.Number(n, "finding") + " of less confidence than was asked for " + verb(n, "is", "are") + " not listed."
	}
	return out
}

// besides says that nothing was found, but for what does not count.
func (m *model) besides(found string) string {
	suppressed, examples := int64(len(m.of(stateSuppressed))), int64(len(m.of(stateExample)))
	switch {
	case suppressed > 0 && examples > 0:
		return found[:len(found)-1] + ", but for " + report.Count(suppressed) + " suppressed and " + report.Number(examples, "example") + "."
	case suppressed > 0:
		return found[:len(found)-1] + ", but for " + report.Count(suppressed) + " suppressed."
	case examples > 0:
		return found[:len(found)-1] + ", but for " + report.Number(examples, "example") + "."
	default:
		return found
	}
}

func verb(n int64, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

func (m *model) figures() []figure {
	open := m.of(stateOpen)
	places := 0
	for _, s := range open {
		places += len(s.group.Places)
	}
	is := func(v ...scanner.Verdict) int {
		return count(open, func(s *secret) bool { return slices.Contains(v, s.group.Verdict) })
	}
	n := func(n int) string { return report.Count(int64(n)) }
	first := figure{n(len(open)), verb(int64(len(open)), "secret", "secrets"), "in " + report.Number(int64(places), "place"), ""}
	for _, more := range []struct{ state, name string }{{stateSuppressed, "suppressed"}, {stateExample, "examples"}, {statePurged, "purged came back"}} {
		if list := m.of(more.state); len(list) > 0 {
			first.Note += ", " + n(len(list)) + " " + more.name
		}
	}
	out := []figure{first}
	if len(open) > 0 {
		alive, unknown := is(scanner.Live, scanner.Restricted), len(open)-is(scanner.Live, scanner.Restricted, scanner.Dead, scanner.Expired)
		a := figure{n(alive), "alive", n(is(scanner.Dead, scanner.Expired)) + " dead, " + n(unknown) + " not known", ""}
		if alive > 0 {
			a.Tone = "alarm"
		}
		if is(scanner.NotAsked) == len(open) {
			a = figure{"?", "alive", "no provider was asked", "warn"}
		}
		out = append(out, a, m.grave(open), m.exposed(open))
	}
	c := figure{"Complete", "coverage", m.Coverage.Read, ""}
	if !m.Coverage.Complete {
		c = figure{"Incomplete", "coverage", "not everything was read", "warn"}
	}
	return append(out, c)
}

// grave counts severities, the gravest in large.
func (m *model) grave(open []*secret) figure {
	counts := map[rules.Severity]int{}
	for _, s := range open {
		counts[s.group.Severity]++
	}
	var names []rules.Severity
	for s := range counts {
		names = append(names, s)
	}
	slices.SortFunc(names, func(a, b rules.Severity) int { return cmp.Or(cmp.Compare(b.Rank(), a.Rank()), cmp.Compare(a, b)) })
	f := figure{Value: report.Count(int64(counts[names[0]])), Label: clip(string(names[0]), maxName)}
	for _, s := range names[1:min(len(names), 5)] {
		if f.Note != "" {
			f.Note += ", "
		}
		f.Note += fmt.Sprintf("%s %s", report.Count(int64(counts[s])), clip(string(s), maxName))
	}
	f.Note = nonEmpty(f.Note, "none of another severity")
	return f
}

// exposed counts secrets by where they are.
func (m *model) exposed(open []*secret) figure {
	in := func(use string) int { return count(open, func(s *secret) bool { return s.use == use }) }
	f := figure{Value: report.Count(int64(in(useNow))), Label: "in the files today", Note: report.Count(int64(in(useHistory))) + " in the history only"}
	if n := in(useClone); n > 0 {
		f.Note += ", " + report.Count(int64(n)) + " in this clone only"
	}
	return f
}

// receipt is what was read and what was not.
type receipt struct {
	Complete bool
	// Read says in few words how much was read.
	Read    string
	Amounts []pair
	// Unread and LeftOut are reasons; Weaker are settings that weaken the search.
	Unread, LeftOut []gap
	Weaker          []gap
	Policy          string
	// Notes are sentences about what is not among the findings.
	Notes []string
}

type gap struct {
	What  string
	Why   []words
	Items []string
	More  string
}

// words are a part of a reason; a command in it, which stands between backquotes, is set as one.
type words struct {
	Text string
	Code bool
}

func reason(text string) []words {
	var out []words
	parts := strings.Split(text, "`")
	for i, part := range parts {
		if i == len(parts)-1 && i%2 == 1 { // a single one is no quote
			part = "`" + part
		}
		if part != "" {
			out = append(out, words{part, i%2 == 1 && i < len(parts)-1})
		}
	}
	return out
}

// maxGaps bounds the reasons that the receipt lists, maxGapItems the names of each.
const (
	maxGaps     = 100
	maxGapItems = 20
)

func newReceipt(rep *scanner.Report) receipt {
	c := &rep.Coverage
	r := receipt{Complete: c.Complete}
	for _, a := range []struct {
		n    int64
		name string
	}{{c.Commits, "commits"}, {c.Blobs, "blobs"}, {c.Files, "files"}, {c.Refs, "refs"}} {
		if a.n > 0 {
			r.Amounts = append(r.Amounts, pair{a.name, report.Count(a.n)})
			if r.Read == "" {
				r.Read = report.Things(a.n, a.name) + ", " + report.Size(c.Bytes)
			}
		}
	}
	r.Read = nonEmpty(r.Read, report.Size(c.Bytes))
	r.Amounts = append(r.Amounts, pair{"read", report.Size(c.Bytes)})
	for _, p := range c.Places[:min(len(c.Places), maxGaps)] {
		r.Amounts = append(r.Amounts, pair{clip(p.What, maxName), report.Count(p.Count)})
	}
	for _, s := range c.Skipped {
		g := gap{What: report.Things(s.Count, clip(s.What, maxName)), Why: reason(clip(s.Reason, maxWords))}
		for _, item := range s.Items[:min(len(s.Items), maxGapItems)] {
			g.Items = append(g.Items, clip(item, maxPath))
		}
		if more := s.Count - int64(len(g.Items)); more > 0 && len(g.Items) > 0 {
			g.More = "and " + report.Count(more) + " more"
		}
		list := &r.LeftOut
		if s.Unread {
			list = &r.Unread
		}
		if len(*list) < maxGaps {
			*list = append(*list, g)
		}
	}
	r.policy(rep)
	return r
}

// policy is what a configuration and the least confidence took away.
func (r *receipt) policy(rep *scanner.Report) {
	if rep.Hidden > 0 {
		r.Notes = append(r.Notes, report.Number(int64(rep.Hidden), "finding")+" of less confidence than was asked for "+verb(int64(rep.Hidden), "is", "are")+" not listed.")
	}
	p := rep.Coverage.Policy
	if p == nil {
		return
	}
	r.Policy = "Configuration: " + clip(p.Origin, maxPath) + "; " + report.Number(int64(p.RulesActive), "rule") + " searched with, " + report.Count(int64(p.RulesOff)) + " switched off."
	for _, w := range p.Weaker[:min(len(p.Weaker), maxGaps)] {
		r.Weaker = append(r.Weaker, gap{What: clip(w.Setting, maxName) + ": " + clip(w.Value, maxPath), Why: []words{{Text: clip(w.Where, maxPath)}}})
	}
	if p.Omitted > 0 {
		r.Weaker = append(r.Weaker, gap{What: report.Number(int64(p.Omitted), "more setting")})
	}
}

// row is one secret of the table that needs no script.
type row struct {
	ID                             string
	Title, Value, Severity, Tone   string
	Verdict, Where, Places, Author string
	Since, Use, State              string
}

// table fills the rows: what counts first. A row's id is the fragment of its permalink, if it can be nothing else.
func (m *model) table() {
	list := m.secrets[:min(len(m.secrets), maxTableRows)]
	for _, s := range list {
		f := s.group.First()
		r := row{Title: s.title(), Value: clip(f.Secret.Redacted(), maxName), Severity: clip(string(s.group.Severity), maxName), Tone: tone(s.group.Severity),
			Verdict: clip(report.VerdictWord(s.group.Verdict), maxName), Where: where(f), Since: day(s.since), Use: useWords(s.use)}
		if f.Location.StartLine > 0 {
			r.Where += fmt.Sprintf(":%d", f.Location.StartLine)
		}
		if n := len(s.group.Places) - 1; n > 0 {
			r.Places = "and " + report.Number(int64(n), "more place")
		}
		if names := s.authors(); len(names) > 0 {
			r.Author = names[0]
		}
		if s.state != stateOpen {
			r.State = s.state
		}
		if plainKey(s.key) {
			r.ID = s.key
		}
		m.Rows = append(m.Rows, r)
	}
	m.RowsOf = report.Number(int64(len(m.secrets)), "secret") + ", by urgency."
	if len(list) < len(m.secrets) {
		m.RowsOf = "The first " + report.Count(int64(len(list))) + " of " + m.RowsOf
	}
}

// plainKey says that a key is what a fingerprint looks like, so that as an id it can be mistaken for nothing of the page.
func plainKey(key string) bool {
	hex := 0
	for i := range len(key) {
		switch c := key[i]; {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'f':
			hex++
		case c == ':' || c == 'v':
		default:
			return false
		}
	}
	return hex >= 16
}

// tone is the class of a severity: one of those that the style knows.
func tone(s rules.Severity) string {
	switch s {
	case rules.Critical, rules.High, rules.Medium, rules.Low:
		return string(s)
	default:
		return "low"
	}
}

func useWords(use string) string {
	switch use {
	case useNow:
		return "in the files today"
	case useHistory:
		return "in the history only"
	default:
		return "in this clone only"
	}
}
