package report

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/scanner"
)

// Summary returns the one line that ends a run: how many secrets in how many places, what was read, and whether that
// was everything: "3 secrets in 7 places; 1,204 blobs, 31 MB read; complete". Suppressed findings are counted apart. Where providers
// were asked it counts their answers: "3 secrets in 7 places: 1 live, 2 dead; ...".
func Summary(rep *scanner.Report) string {
	groups, purged := splitPurged(Groups(rep))
	places, hidden := 0, 0
	for _, g := range groups {
		places += len(g.Places)
	}
	for i := range rep.Findings {
		if rep.Findings[i].Suppressed != nil {
			hidden++
		}
	}
	head := "no secrets"
	if len(groups) > 0 {
		head = Number(int64(len(groups)), "secret") + " in " + Number(int64(places), "place")
		if asked(groups) {
			head += ": " + Verdicts(groups)
		}
	}
	if len(purged) > 0 {
		head += ", " + Number(int64(len(purged)), "purged object")
	}
	parts := []string{head}
	if hidden > 0 {
		parts = append(parts, Number(int64(hidden), "finding")+" suppressed")
	}
	return strings.Join(append(parts, readAmount(&rep.Coverage), completeness(&rep.Coverage)), "; ")
}

// Verdicts counts secrets by verdict, the most alarming first: "1 live, 2 unknown, 3 dead".
func Verdicts(groups []*Group) string {
	counts := map[scanner.Verdict]int64{}
	for _, g := range groups {
		counts[g.Verdict]++
	}
	var parts []string
	for _, v := range slices.SortedFunc(maps.Keys(counts), func(a, b scanner.Verdict) int {
		return cmp.Or(cmp.Compare(alarm(b), alarm(a)), cmp.Compare(a, b))
	}) {
		parts = append(parts, Count(counts[v])+" "+VerdictWord(v))
	}
	return strings.Join(parts, ", ")
}

// asked reports whether providers were asked in this run, or in the one that the report is of.
func asked(groups []*Group) bool {
	return slices.ContainsFunc(groups, func(g *Group) bool { return g.Verdict != scanner.NotAsked && g.Verification() != nil })
}

// readAmount says what was read: "12 commits, 1,204 blobs, 31 MB read".
func readAmount(c *scanner.Coverage) string {
	var amounts []string
	for _, a := range []struct {
		n    int64
		noun string
	}{{c.Commits, "commit"}, {c.Blobs, "blob"}, {c.Files, "file"}} {
		if a.n > 0 {
			amounts = append(amounts, Number(a.n, a.noun))
		}
	}
	if len(amounts) == 0 && c.Bytes == 0 {
		return "nothing was read"
	}
	return strings.Join(append(amounts, Size(c.Bytes)+" read"), ", ")
}

// completeness is "complete", or INCOMPLETE with the first reason and the number of others.
func completeness(c *scanner.Coverage) string {
	var unread []scanner.Skip
	for _, s := range c.Skipped {
		if s.Unread {
			unread = append(unread, s)
		}
	}
	switch {
	case len(unread) == 0 && c.Complete:
		return "complete"
	case len(unread) == 0:
		return "INCOMPLETE: the scan ended before everything was read"
	}
	line := "INCOMPLETE: " + Things(unread[0].Count, visible.Text(unread[0].What)) + " not read (" + visible.Text(unread[0].Reason) + ")"
	if more := int64(len(unread) - 1); more > 0 {
		line += " and " + Number(more, "more reason")
	}
	return line
}
