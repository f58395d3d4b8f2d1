package source

import (
	"slices"
	"sort"
	"strings"

	"github.com/aymanbagabas/go-udiff/lcs"

	"github.com/skant-dev/skant/internal/decode"
	"github.com/skant-dev/skant/scanner"
)

// Bounds of a comparison. Stretches with more changed lines than maxEdits are beyond what the differ looks at.
const (
	maxDiffLines = 1_000_000
	maxEdits     = 80
)

// addedLines returns the lines of text that are new against every one of the old versions, as ranges in order. Without
// old versions all are.
//
// Lines are compared without their line end, so that a file which only changed from LF to CRLF, or lost the newline at
// its end, has no new line. UTF-16 is compared as text, as the engine counts its lines. A moved line is new, as in
// `git diff`, but not within a stretch that was rewritten (more than 80 changed lines in a row) nor in a file of more
// than a million lines: there a line is new only if the old version has no such line, or not as many of them.
func addedLines(text []byte, olds [][]byte) []scanner.LineRange {
	lines := splitLines(text)
	added := make([]bool, len(lines))
	for i := range added {
		added[i] = true
	}
	for _, old := range olds {
		for i, kept := range keptLines(splitLines(old), lines) {
			added[i] = added[i] && !kept
		}
	}
	return rangesOf(len(lines), func(i int) bool { return added[i] })
}

// rangesOf returns the ranges of those of n lines that are added.
func rangesOf(n int, added func(line int) bool) []scanner.LineRange {
	var ranges []scanner.LineRange
	for i := range n {
		switch n := len(ranges); {
		case !added(i):
		case n > 0 && ranges[n-1].Last == i:
			ranges[n-1].Last = i + 1
		default:
			ranges = append(ranges, scanner.LineRange{First: i + 1, Last: i + 1})
		}
	}
	return ranges
}

// splitLines cuts text into lines without their ends. What follows the last newline is a line only if it is not empty.
func splitLines(data []byte) []string {
	if view, ok := decode.UTF16(data); ok {
		data = view.Data
	}
	var lines []string
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSuffix(line, "\n")
		lines = append(lines, strings.TrimSuffix(line, "\r"))
	}
	return lines
}

// keptLines says for each new line whether it was there before.
func keptLines(before, after []string) []bool {
	kept := make([]bool, len(after))
	lo := 0
	for lo < len(before) && lo < len(after) && before[lo] == after[lo] {
		kept[lo] = true
		lo++
	}
	before, after = before[lo:], after[lo:]
	for len(before) > 0 && len(after) > 0 && before[len(before)-1] == after[len(after)-1] {
		kept[lo+len(after)-1] = true
		before, after = before[:len(before)-1], after[:len(after)-1]
	}
	d := lineDiff{before, after, kept[lo : lo+len(after)]}
	if len(before) > maxDiffLines || len(after) > maxDiffLines {
		d.byText(0, len(before), 0, len(after))
		return kept
	}
	b, a := 0, 0
	for _, anchor := range d.anchors() {
		d.stretch(b, anchor.before, a, anchor.after)
		d.kept[anchor.after] = true
		b, a = anchor.before+1, anchor.after+1
	}
	d.stretch(b, len(before), a, len(after))
	return kept
}

// lineDiff compares two texts that share neither their first nor their last line.
type lineDiff struct {
	before, after []string
	kept          []bool
}

// linePair is a line of each text.
type linePair struct{ before, after int }

// anchors returns the longest series of lines that occur once in each text and stand in the same order in both. They
// cut the texts into stretches that are small enough for an exact comparison.
func (d *lineDiff) anchors() []linePair {
	type place struct{ count, at int }
	places := make(map[string]place, len(d.before))
	for i, line := range d.before {
		p := places[line]
		places[line] = place{p.count + 1, i}
	}
	counts := make(map[string]int, len(d.after))
	for _, line := range d.after {
		counts[line]++
	}
	var pairs []linePair
	for i, line := range d.after {
		if p := places[line]; p.count == 1 && counts[line] == 1 {
			pairs = append(pairs, linePair{p.at, i})
		}
	}
	return longestIncreasing(pairs)
}

// longestIncreasing returns a longest subsequence of pairs, which are in the order of after, whose before rises too.
func longestIncreasing(pairs []linePair) []linePair {
	var tails []int // tails[k] ends the best series of k+1 pairs
	previous := make([]int, len(pairs))
	for i, p := range pairs {
		k := sort.Search(len(tails), func(k int) bool { return pairs[tails[k]].before >= p.before })
		previous[i] = -1
		if k > 0 {
			previous[i] = tails[k-1]
		}
		if k == len(tails) {
			tails = append(tails, i)
		} else {
			tails[k] = i
		}
	}
	if len(tails) == 0 {
		return nil
	}
	series := make([]linePair, 0, len(tails))
	for i := tails[len(tails)-1]; i >= 0; i = previous[i] {
		series = append(series, pairs[i])
	}
	slices.Reverse(series)
	return series
}

// stretch compares what lies between two anchors.
func (d *lineDiff) stretch(b0, b1, a0, a1 int) {
	if b0 == b1 || a0 == a1 {
		return
	}
	next, changed := a0, 0
	diffs := lcs.DiffLines(d.before[b0:b1], d.after[a0:a1])
	for _, edit := range diffs {
		for ; next < a0+edit.ReplStart; next++ {
			d.kept[next] = true
		}
		next = a0 + edit.ReplEnd
		changed += edit.End - edit.Start + edit.ReplEnd - edit.ReplStart
	}
	for ; next < a1; next++ {
		d.kept[next] = true
	}
	if changed <= maxEdits {
		return
	}
	// The differ gives up early and then calls lines changed that are not.
	for _, edit := range diffs {
		d.byText(b0+edit.Start, b0+edit.End, a0+edit.ReplStart, a0+edit.ReplEnd)
	}
}

// byText takes every line for kept whose text the old stretch has, as often as it has it.
func (d *lineDiff) byText(b0, b1, a0, a1 int) {
	counts := make(map[string]int, b1-b0)
	for _, line := range d.before[b0:b1] {
		counts[line]++
	}
	for i := a0; i < a1; i++ {
		if counts[d.after[i]] > 0 {
			counts[d.after[i]]--
			d.kept[i] = true
		}
	}
}
