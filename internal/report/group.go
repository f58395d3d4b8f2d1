package report

import (
	"cmp"
	"slices"
	"time"

	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// Group is one secret and every place that holds it.
type Group struct {
	// Places are the findings of one fingerprint, never empty: those a person can act on now come first (work tree,
	// index, still in HEAD), then the oldest.
	Places []*scanner.Finding
	// Severity, Confidence and Verdict are the most alarming ones among the places.
	Severity   rules.Severity
	Confidence rules.Confidence
	Verdict    scanner.Verdict
}

// First returns the finding that stands for the group.
func (g *Group) First() *scanner.Finding { return g.Places[0] }

// Groups returns the findings of a report by secret, without those that are suppressed: first what is known to be alive, then the worst.
// The order depends on the findings alone, not on the order in which they were found.
func Groups(rep *scanner.Report) []*Group {
	return group(rep, func(f *scanner.Finding) bool { return f.Suppressed == nil })
}

// SuppressedGroups returns the suppressed findings of a report in the way of [Groups].
func SuppressedGroups(rep *scanner.Report) []*Group {
	return group(rep, func(f *scanner.Finding) bool { return f.Suppressed != nil })
}

func group(rep *scanner.Report, keep func(*scanner.Finding) bool) []*Group {
	byFingerprint := map[string]*Group{}
	var all []*Group
	for i := range rep.Findings {
		f := &rep.Findings[i]
		if !keep(f) {
			continue
		}
		g := byFingerprint[f.Fingerprint]
		if g == nil {
			g = &Group{Severity: f.Severity, Confidence: f.Confidence, Verdict: f.Verdict}
			byFingerprint[f.Fingerprint] = g
			all = append(all, g)
		}
		g.Places = append(g.Places, f)
		if f.Severity.Rank() > g.Severity.Rank() {
			g.Severity = f.Severity
		}
		if f.Confidence.Rank() > g.Confidence.Rank() {
			g.Confidence = f.Confidence
		}
		if alarm(f.Verdict) > alarm(g.Verdict) {
			g.Verdict = f.Verdict
		}
	}
	for _, g := range all {
		slices.SortStableFunc(g.Places, ComparePlaces)
	}
	slices.SortStableFunc(all, func(a, b *Group) int {
		return cmp.Or(
			compareTrue(Alive(a.Verdict), Alive(b.Verdict)),
			cmp.Compare(b.Severity.Rank(), a.Severity.Rank()),
			cmp.Compare(alarm(b.Verdict), alarm(a.Verdict)),
			cmp.Compare(b.Confidence.Rank(), a.Confidence.Rank()),
			ComparePlaces(a.First(), b.First()),
			cmp.Compare(a.First().Fingerprint, b.First().Fingerprint),
		)
	})
	return all
}

// CompareFindings orders findings by how soon a person should see them: what is known to be alive, then severity, verdict, confidence,
// place.
func CompareFindings(a, b *scanner.Finding) int {
	return cmp.Or(
		compareTrue(Alive(a.Verdict), Alive(b.Verdict)),
		cmp.Compare(b.Severity.Rank(), a.Severity.Rank()),
		cmp.Compare(alarm(b.Verdict), alarm(a.Verdict)),
		cmp.Compare(b.Confidence.Rank(), a.Confidence.Rank()),
		ComparePlaces(a, b),
		cmp.Compare(a.Fingerprint, b.Fingerprint),
	)
}

// ComparePlaces orders places: those a person can act on now, then by age, path and position.
func ComparePlaces(a, b *scanner.Finding) int {
	la, lb := &a.Location, &b.Location
	return cmp.Or(
		compareTrue(present(a), present(b)),
		commitDate(a).Compare(commitDate(b)),
		cmp.Compare(la.Path, lb.Path),
		cmp.Compare(la.Member, lb.Member),
		cmp.Compare(la.StartLine, lb.StartLine),
		cmp.Compare(la.StartColumn, lb.StartColumn),
		cmp.Compare(la.Kind, lb.Kind),
		cmp.Compare(la.Object, lb.Object),
		cmp.Compare(la.Offset, lb.Offset),
		cmp.Compare(a.RuleID, b.RuleID),
	)
}

// present says that the secret is in front of the reader, not only in history.
func present(f *scanner.Finding) bool {
	switch f.Location.Kind {
	case scanner.KindFile, scanner.KindStdin, scanner.KindStaged:
		return true
	case scanner.KindCommitContent:
		return f.Exposure != nil && f.Exposure.InHead
	default: // a message in HEAD's history is history
		return false
	}
}

func commitDate(f *scanner.Finding) time.Time {
	if f.Location.Commit == nil {
		return time.Time{}
	}
	return f.Location.Commit.Date
}

func compareTrue(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	default:
		return 1
	}
}

// Alive reports whether a provider has said that it knows a credential, which is then to be revoked before any other.
func Alive(v scanner.Verdict) bool { return v == scanner.Live || v == scanner.Restricted }

// alarm orders verdicts: a credential that nobody asked about counts for more than one known to be dead.
func alarm(v scanner.Verdict) int {
	switch v {
	case scanner.Live:
		return 6
	case scanner.Restricted:
		return 5
	case scanner.Unknown:
		return 4
	case scanner.Uncheckable:
		return 3
	case scanner.Expired:
		return 1
	case scanner.Dead:
		return 0
	default:
		return 2
	}
}
