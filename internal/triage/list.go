package triage

import (
	"slices"
	"strings"

	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// row is a secret in the list.
type row struct {
	group *report.Group
	// quiet says that it does not count.
	quiet bool
}

// filter says which secrets are listed.
type filter int

const (
	filterOpen filter = iota
	filterAlive
	filterQuiet
	filterAll
	filterCount
)

// severities are the steps of the least severity that is listed.
func severities() []rules.Severity {
	return []rules.Severity{"", rules.Medium, rules.High, rules.Critical}
}

// list makes the rows again. The secret that was chosen stays so if it is listed, and else the one in its place.
func (m *Model) list() {
	was := ""
	if g := m.chosen(); g != nil {
		was = g.First().Fingerprint
	}
	m.rows = nil
	add := func(groups []*report.Group, quiet bool) {
		for _, g := range groups {
			if m.wanted(g, quiet) {
				m.rows = append(m.rows, row{g, quiet})
			}
		}
	}
	open := report.Groups(m.opt.Report)
	m.open, m.alive = len(open), 0
	for _, g := range open {
		if report.Alive(g.Verdict) {
			m.alive++
		}
	}
	add(open, false)
	add(report.SuppressedGroups(m.opt.Report), true)
	m.choose(was)
	m.at = max(0, min(m.at, len(m.rows)-1))
	if g := m.chosen(); g == nil || g.First().Fingerprint != was {
		m.place = 0
	} else {
		m.place = min(m.place, len(g.Places)-1)
	}
}

func (m *Model) wanted(g *report.Group, quiet bool) bool {
	switch m.filter {
	case filterOpen:
		if quiet {
			return false
		}
	case filterAlive:
		if quiet || !report.Alive(g.Verdict) && g.Verdict != scanner.Unknown {
			return false
		}
	case filterQuiet:
		if !quiet {
			return false
		}
	}
	if least := severities()[m.severity]; least != "" && g.Severity.Rank() < least.Rank() {
		return false
	}
	if m.search == "" {
		return true
	}
	for word := range strings.FieldsSeq(strings.ToLower(m.search)) {
		if !slices.ContainsFunc(g.Places, func(f *scanner.Finding) bool { return mentions(f, word) }) {
			return false
		}
	}
	return true
}

// mentions reports whether a word in lower case stands in anything that is known of a finding.
func mentions(f *scanner.Finding, word string) bool {
	texts := []string{
		f.Title, f.RuleID, f.Secret.Redacted(), f.Fingerprint, f.Location.Place(), string(f.Location.Kind), string(f.Verdict), string(f.Severity),
		string(f.Confidence), f.Location.Object,
	}
	if c := f.Location.Commit; c != nil {
		texts = append(texts, c.ID, c.Author, c.Email, c.Summary)
	}
	return slices.ContainsFunc(texts, func(s string) bool { return strings.Contains(strings.ToLower(s), word) })
}

// move chooses another secret, n further on.
func (m *Model) move(n int) {
	m.at = max(0, min(m.at+n, len(m.rows)-1))
	m.place = 0
}

// choose chooses a secret by its fingerprint, if it is listed.
func (m *Model) choose(print string) {
	if i := slices.IndexFunc(m.rows, func(r row) bool { return r.group.First().Fingerprint == print }); i >= 0 {
		m.at = i
	}
}
