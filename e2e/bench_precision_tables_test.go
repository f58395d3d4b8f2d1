//go:build bench

package e2e

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// precision is what was reported on one repository.
type precision struct {
	name     string
	bytes    int64
	findings []scanner.Finding
	gitleaks map[string]int // by its rule; nil if it was left out
	stopped  bool           // gitleaks did not read everything
}

// precisions is what was reported on all of them.
type precisions struct {
	what     string
	gitleaks bool
	list     []*precision
}

// sureness is the column of a finding: of rules for a provider's own format, or of those that go by names alone.
type sureness struct{ generic, high bool }

func surenessOf(f *scanner.Finding) sureness {
	return sureness{strings.HasPrefix(f.RuleID, "generic"), f.Confidence.Rank() >= rules.HighConfidence.Rank()}
}

// table is a row for each repository and one for all.
func (p *precisions) table() string {
	rows := [][]string{{p.what, "MB", "named, high", "named, medium", "generic, high", "generic, medium", "all", "distinct", "a MB"}}
	if p.gitleaks {
		rows[0] = append(rows[0], "gitleaks", "a MB", "skant of it")
	}
	sum := &precision{name: "all", gitleaks: map[string]int{}}
	for _, one := range p.list {
		sum.bytes += one.bytes
		sum.findings = append(sum.findings, one.findings...)
		for rule, n := range one.gitleaks {
			sum.gitleaks[rule] += n
		}
		sum.stopped = sum.stopped || one.stopped
		rows = append(rows, p.row(one))
	}
	return markdown(append(rows, p.row(sum)))
}

func (p *precisions) row(one *precision) []string {
	counts := map[sureness]int{}
	distinct := map[string]bool{}
	for i := range one.findings {
		counts[surenessOf(&one.findings[i])]++
		distinct[one.findings[i].Fingerprint] = true
	}
	all := len(one.findings)
	row := []string{one.name, fmt.Sprintf("%.1f", float64(one.bytes)/1e6), fmt.Sprint(counts[sureness{false, true}]),
		fmt.Sprint(counts[sureness{false, false}]), fmt.Sprint(counts[sureness{true, true}]), fmt.Sprint(counts[sureness{true, false}]),
		fmt.Sprint(all), fmt.Sprint(len(distinct)), perMB(all, one.bytes)}
	if !p.gitleaks {
		return row
	}
	theirs, ratio := 0, "-"
	for _, n := range one.gitleaks {
		theirs += n
	}
	if theirs > 0 {
		ratio = fmt.Sprintf("%.2f", float64(all)/float64(theirs))
	}
	count := fmt.Sprint(theirs)
	if one.stopped {
		count += ", stopped"
	}
	return append(row, count, perMB(theirs, one.bytes), ratio)
}

func perMB(n int, bytes int64) string {
	if bytes == 0 {
		return "-"
	}
	return fmt.Sprintf("%.3f", float64(n)/(float64(bytes)/1e6))
}

// byRule is a row for each rule and confidence, those that fire most first, and one for each rule of gitleaks.
func (p *precisions) byRule() string {
	type key struct{ rule, confidence string }
	type count struct{ findings, repositories int }
	counts, last := map[key]*count{}, map[key]string{}
	var bytes int64
	add := func(k key, n int, repository string) {
		if counts[k] == nil {
			counts[k] = &count{}
		}
		counts[k].findings += n
		if last[k] != repository {
			last[k] = repository
			counts[k].repositories++
		}
	}
	for _, one := range p.list {
		bytes += one.bytes
		for i := range one.findings {
			add(key{one.findings[i].RuleID, string(one.findings[i].Confidence)}, 1, one.name)
		}
		for rule, n := range one.gitleaks {
			add(key{"gitleaks: " + rule, ""}, n, one.name)
		}
	}
	rows := [][]string{{p.what + ", by rule", "confidence", "findings", "repositories", "in 100 MB"}}
	order := slices.SortedFunc(maps.Keys(counts), func(a, b key) int {
		if (a.confidence == "") != (b.confidence == "") {
			return strings.Compare(b.confidence, a.confidence) // those of gitleaks last
		}
		if d := counts[b].findings - counts[a].findings; d != 0 {
			return d
		}
		return strings.Compare(a.rule+a.confidence, b.rule+b.confidence)
	})
	for _, k := range order {
		rows = append(rows, []string{k.rule, k.confidence, fmt.Sprint(counts[k].findings), fmt.Sprint(counts[k].repositories),
			fmt.Sprintf("%.2f", 100*float64(counts[k].findings)/(float64(bytes)/1e6))})
	}
	return markdown(rows)
}

// markdown writes a table whose first column is text.
func markdown(rows [][]string) string {
	width := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			width[i] = max(width[i], len(cell))
		}
	}
	rule := make([]string, len(width))
	for i, n := range width {
		rule[i] = strings.Repeat("-", n)
		if i > 0 {
			rule[i] = strings.Repeat("-", n-1) + ":"
		}
	}
	var b strings.Builder
	for n, row := range slices.Insert(slices.Clone(rows), 1, rule) {
		for i, cell := range row {
			if i == 0 || n == 1 {
				fmt.Fprintf(&b, "| %-*s ", width[i], cell)
			} else {
				fmt.Fprintf(&b, "| %*s ", width[i], cell)
			}
		}
		b.WriteString("|\n")
	}
	return b.String()
}
