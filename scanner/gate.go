package scanner

import (
	"regexp/syntax"
	"unicode/utf8"
)

// gate is a cheap necessary condition for a pattern: every match has, somewhere, at least min bytes in a row that are
// of one class. A window without them need not be given to the pattern, which costs a hundred times as much.
type gate struct {
	class [256]bool
	min   int
}

// leastRun is the shortest run that is worth looking for.
const leastRun = 6

// newGate derives the condition from the parts that follow one another in every match, or returns a gate that is always
// open.
func newGate(re *syntax.Regexp) gate {
	var best gate
	for _, part := range flatten(re, nil) {
		g := runOf(part)
		if g.min > best.min || g.min == best.min && g.size() < best.size() {
			best = g
		}
	}
	if best.min < leastRun {
		return gate{}
	}
	return best
}

// runOf returns the run that a repeated class makes, with min 0 if the part is none.
func runOf(re *syntax.Regexp) gate {
	var g gate
	switch {
	case re.Op == syntax.OpRepeat && re.Sub[0].Op == syntax.OpCharClass:
		g.min = re.Min
	case re.Op == syntax.OpPlus && re.Sub[0].Op == syntax.OpCharClass:
		g.min = 1
	default:
		return g
	}
	ranges := re.Sub[0].Rune
	for i := 0; i+1 < len(ranges); i += 2 {
		for r := ranges[i]; r <= min(ranges[i+1], utf8.RuneSelf-1); r++ {
			g.class[r] = true
		}
		if ranges[i+1] >= utf8.RuneSelf { // each rune has one byte or more, all of them from there on
			for b := utf8.RuneSelf; b < 256; b++ {
				g.class[b] = true
			}
		}
	}
	return g
}

func (g *gate) size() int {
	n := 0
	for _, in := range g.class {
		if in {
			n++
		}
	}
	return n
}

// open reports whether data can hold a match.
func (g *gate) open(data []byte) bool {
	if g.min == 0 {
		return true
	}
	// A run of min bytes covers one of every min positions.
	for at := g.min - 1; at < len(data); at += g.min {
		if !g.class[data[at]] {
			continue
		}
		lo := at
		for lo > 0 && at-lo < g.min && g.class[data[lo-1]] {
			lo--
		}
		hi := at + 1
		for hi < len(data) && hi-lo < g.min && g.class[data[hi]] {
			hi++
		}
		if hi-lo >= g.min {
			return true
		}
	}
	return false
}
