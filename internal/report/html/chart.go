package html

import (
	"fmt"
	"time"

	"github.com/skant-dev/skant/internal/report"
)

// chart is the timeline: how many places each span of time brought, and from how many a commit took a secret away. Lengths are pixels upwards and
// percent of the width sideways, so that no text is stretched.
type chart struct {
	Unit, Label string
	Bars        []bar
	Ticks       []tick
	// Zero is the height of the line on which the bars stand, Height that of the whole.
	Zero, Height int
	// Most is what the highest bar stands for.
	Most string
}

type bar struct {
	Span            string
	In, Out         int
	X, Width        string
	InY, InHeight   int
	OutY, OutHeight int
}

type tick struct {
	X, Anchor, Label string
}

const (
	maxBars   = 60
	maxTicks  = 5
	chartBars = 84 // pixels for the highest bar
	chartTop  = 18
)

// unit is a length of time that a bar stands for.
type unit struct {
	name, layout string
	floor        func(time.Time) time.Time
	next         func(time.Time) time.Time
}

func units() []unit {
	months := func(n int) func(time.Time) time.Time {
		return func(t time.Time) time.Time { return t.AddDate(0, n, 0) }
	}
	monthsFloor := func(n int) func(time.Time) time.Time {
		return func(t time.Time) time.Time {
			return time.Date(t.Year(), time.Month((int(t.Month())-1)/n*n+1), 1, 0, 0, 0, 0, time.UTC)
		}
	}
	dayFloor := func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC) }
	return []unit{
		{"day", "2 Jan 2006", dayFloor, func(t time.Time) time.Time { return t.AddDate(0, 0, 1) }},
		{"week", "2 Jan 2006", func(t time.Time) time.Time { return dayFloor(t).AddDate(0, 0, -(int(t.Weekday())+6)%7) },
			func(t time.Time) time.Time { return t.AddDate(0, 0, 7) }},
		{"month", "Jan 2006", monthsFloor(1), months(1)},
		{"quarter", "Jan 2006", monthsFloor(3), months(3)},
		{"year", "2006", monthsFloor(12), months(12)},
		{"decade", "2006", func(t time.Time) time.Time { return time.Date(t.Year()/10*10, 1, 1, 0, 0, 0, 0, time.UTC) }, months(120)},
		{"century", "2006", func(t time.Time) time.Time { return time.Date(t.Year()/100*100, 1, 1, 0, 0, 0, 0, time.UTC) }, months(1200)},
		{"millennium", "2006", func(t time.Time) time.Time { return time.Date(t.Year()/1000*1000, 1, 1, 0, 0, 0, 0, time.UTC) }, months(12000)},
	}
}

// newChart returns the timeline of secrets, or nil where no more than a day is known: dates are those that authors and committers chose.
func newChart(list []*secret) *chart {
	var in, out []time.Time
	for _, s := range list {
		for _, f := range s.group.Places {
			if c := f.Location.Commit; c != nil && !c.Date.IsZero() {
				in = append(in, c.Date.UTC())
			}
			if e := f.Exposure; e != nil && !e.InHead && len(e.Removed) > 0 && !e.Removed[0].Date.IsZero() {
				out = append(out, e.Removed[0].Date.UTC())
			}
		}
	}
	if len(in) == 0 {
		return nil
	}
	first, last := in[0], in[0]
	for _, list := range [][]time.Time{in, out} {
		for _, t := range list {
			first = earliest(first, t)
			if t.After(last) {
				last = t
			}
		}
	}
	if day(first) == day(last) {
		return nil
	}
	all := units()
	u, starts := all[0], []time.Time(nil)
	for _, u = range all {
		if starts = spans(u, first, last); len(starts) <= maxBars {
			break
		}
	}
	return draw(u, starts, in, out)
}

// spans are the beginnings of the spans from first to last, at most one more than there may be bars.
func spans(u unit, first, last time.Time) []time.Time {
	var out []time.Time
	for t := u.floor(first); !t.After(last) && len(out) <= maxBars; t = u.next(t) {
		out = append(out, t)
	}
	return out
}

func draw(u unit, starts, in, out []time.Time) *chart {
	c := &chart{Unit: u.name, Bars: make([]bar, len(starts))}
	at := map[int64]int{}
	for i, t := range starts {
		at[t.Unix()] = i
		c.Bars[i].Span = t.Format(u.layout)
	}
	for _, t := range in {
		c.Bars[at[u.floor(t).Unix()]].In++
	}
	for _, t := range out {
		c.Bars[at[u.floor(t).Unix()]].Out++
	}
	most, mostOut := 1, 0
	for _, b := range c.Bars {
		most, mostOut = max(most, b.In, b.Out), max(mostOut, b.Out)
	}
	height := func(n int) int {
		if n == 0 {
			return 0
		}
		return max(2, n*chartBars/most)
	}
	highest := 0
	for _, b := range c.Bars {
		highest = max(highest, height(b.In))
	}
	c.Zero = chartTop + highest
	step := 100 / float64(len(starts))
	for i := range c.Bars {
		b := &c.Bars[i]
		b.X, b.Width = percent(step*(float64(i)+0.12)), percent(min(step*0.76, 6))
		b.InHeight, b.OutHeight = height(b.In), height(b.Out)
		b.InY, b.OutY = c.Zero-b.InHeight, c.Zero+1
	}
	c.Height = c.Zero + height(mostOut) + 22
	c.Most = report.Count(int64(most))
	every := (len(starts) + maxTicks - 1) / maxTicks
	for i := 0; i < len(starts); i += every {
		c.Ticks = append(c.Ticks, tick{percent(step * (float64(i) + 0.12)), "start", c.Bars[i].Span})
	}
	if n := len(c.Ticks) - 1; n > 0 && step*float64(len(starts)-n*every) < 16 { // the last one would stand out of the picture
		c.Ticks = c.Ticks[:n]
	}
	c.Label = fmt.Sprintf("%s brought in and %s removed, by %s, from %s to %s.", report.Number(int64(len(in)), "place"), report.Count(int64(len(out))), u.name,
		c.Bars[0].Span, c.Bars[len(c.Bars)-1].Span)
	return c
}

func percent(f float64) string { return fmt.Sprintf("%.2f%%", f) }
