package labelled

import (
	"fmt"
	"slices"
	"strings"

	"github.com/skant-dev/skant/rules"
)

// count is what became of some samples.
type count struct{ samples, met, whole, flagged, stray int }

func (c *count) add(s *sample, o *outcome, least rules.Confidence) {
	c.samples++
	switch {
	case s.positive:
		if at(o.met, least) {
			c.met++
			if o.whole {
				c.whole++
			}
		}
		if at(o.stray, least) {
			c.stray++
		}
	case at(o.stray, least):
		c.flagged++
	}
}

// tally is the outcome of a run.
type tally struct {
	set      []sample
	outcomes []outcome
}

func newTally(set []sample, outcomes []outcome) *tally { return &tally{set, outcomes} }

// summary is one row for each half and confidence.
func (r *tally) summary() string {
	rows := [][]string{{"half", "confidence", "positive", "harmless", "precision", "recall", "F1", "harmless flagged", "stray"}}
	for _, h := range []half{tuning, heldBack} {
		for _, least := range levels {
			var yes, no count
			for i := range r.set {
				if s := &r.set[i]; s.half == h && s.positive {
					yes.add(s, &r.outcomes[i], least)
				} else if s.half == h {
					no.add(s, &r.outcomes[i], least)
				}
			}
			precision := share(yes.met, yes.met+yes.stray+no.flagged)
			recall := share(yes.met, yes.samples)
			f1 := 0.0
			if precision+recall > 0 {
				f1 = 2 * precision * recall / (precision + recall)
			}
			rows = append(rows, []string{h.String(), string(least), fmt.Sprint(yes.samples), fmt.Sprint(no.samples),
				fmt.Sprintf("%.3f", precision), fmt.Sprintf("%.3f", recall), fmt.Sprintf("%.3f", f1),
				fmt.Sprintf("%d, %.2f %%", no.flagged, 100*share(no.flagged, no.samples)), fmt.Sprint(yes.stray)})
		}
	}
	return table(rows, 2)
}

// categories is one row for each category, at medium confidence.
func (r *tally) categories(positive bool) string {
	counts := map[string]*[2]count{}
	var order []string
	for i := range r.set {
		s := &r.set[i]
		if s.positive != positive {
			continue
		}
		c := counts[s.category]
		if c == nil {
			c = &[2]count{}
			counts[s.category] = c
			order = append(order, s.category)
		}
		c[s.half].add(s, &r.outcomes[i], rules.MediumConfidence)
	}
	rows := [][]string{{"harmless category", "tuning", "flagged", "share", "held-back", "flagged", "share"}}
	if positive {
		rows[0] = []string{"category", "tuning", "found", "recall", "whole value", "stray", "held-back", "found", "recall", "whole value", "stray"}
	}
	for _, name := range order {
		row := []string{name}
		for _, c := range counts[name] {
			if positive {
				row = append(row, fmt.Sprint(c.samples), fmt.Sprint(c.met), percent(c.met, c.samples), percent(c.whole, c.met), fmt.Sprint(c.stray))
			} else {
				row = append(row, fmt.Sprint(c.samples), fmt.Sprint(c.flagged), percent(c.flagged, c.samples))
			}
		}
		rows = append(rows, row)
	}
	return table(rows, 1)
}

// fileTypes is one row for each kind of file that has enough samples.
func (r *tally) fileTypes() string {
	const enough = 40
	yes, no := map[string]*[2]count{}, map[string]*[2]count{}
	var order []string
	for i := range r.set {
		s := &r.set[i]
		name := fileType(s.path)
		if yes[name] == nil {
			yes[name], no[name] = &[2]count{}, &[2]count{}
			order = append(order, name)
		}
		of := no
		if s.positive {
			of = yes
		}
		of[name][s.half].add(s, &r.outcomes[i], rules.MediumConfidence)
	}
	slices.Sort(order)
	rows := [][]string{{"file type", "tuning", "recall", "harmless", "flagged", "held-back", "recall", "harmless", "flagged"}}
	for _, name := range order {
		if yes[name][0].samples+yes[name][1].samples < enough {
			continue
		}
		row := []string{name}
		for h := range 2 {
			y, n := yes[name][h], no[name][h]
			row = append(row, fmt.Sprint(y.samples), percent(y.met, y.samples), fmt.Sprint(n.samples), fmt.Sprint(n.flagged))
		}
		rows = append(rows, row)
	}
	return table(rows, 1)
}

func share(part, of int) float64 {
	if of == 0 {
		return 0
	}
	return float64(part) / float64(of)
}

func percent(part, of int) string {
	if of == 0 {
		return "-"
	}
	return fmt.Sprintf("%.0f %%", 100*share(part, of))
}

// table writes rows in Markdown, if there are any below the first, the head; so many columns are to the left.
func table(rows [][]string, left int) string {
	if len(rows) == 1 {
		return ""
	}
	width := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			width[i] = max(width[i], len(cell))
		}
	}
	var b strings.Builder
	for n, row := range rows {
		for i, cell := range row {
			if i < left {
				fmt.Fprintf(&b, "| %-*s ", width[i], cell)
			} else {
				fmt.Fprintf(&b, "| %*s ", width[i], cell)
			}
		}
		b.WriteString("|\n")
		if n > 0 {
			continue
		}
		for i := range row {
			if i < left {
				b.WriteString("| " + strings.Repeat("-", width[i]) + " ")
			} else {
				b.WriteString("| " + strings.Repeat("-", width[i]-1) + ": ")
			}
		}
		b.WriteString("|\n")
	}
	return b.String()
}
