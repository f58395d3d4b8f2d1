package scanner

import (
	"bytes"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode/utf8"
)

// gate is a cheap necessary condition for a pattern: every match has certain literals, and somewhere a run of at least
// so many bytes of one class. A window without them need not be given to the pattern, which costs a hundred times as much.
type gate struct {
	literals [][]byte
	// choices are lists of which one literal at least is there.
	choices [][][]byte
	// prefixed are literals with a run right behind them.
	prefixed []prefixedRun
	run      run
}

// prefixedRun is a literal that a run follows: what most tokens begin with.
type prefixedRun struct {
	literal []byte
	run     run
}

// run is at least min bytes in a row that are of a class.
type run struct {
	class [256]bool
	min   int
}

// leastRun is the shortest run that is worth looking for.
const leastRun = 6

// newGate derives the condition from the parts that follow one another in every match, or returns a gate that is always
// open.
func newGate(re *syntax.Regexp) gate {
	var g gate
	parts := flatten(re, nil)
	for i, part := range parts {
		if part.Op == syntax.OpLiteral && part.Flags&syntax.FoldCase == 0 {
			literal := []byte(string(part.Rune))
			if i+1 < len(parts) {
				if r := runOf(parts[i+1]); r.min >= leastRun {
					g.prefixed = append(g.prefixed, prefixedRun{literal, r})
					continue
				}
			}
			g.literals = append(g.literals, literal)
		} else if c := choice(part); c != nil {
			g.choices = append(g.choices, c)
		}
		r := runOf(part)
		if r.min > g.run.min || r.min == g.run.min && r.size() < g.run.size() {
			g.run = r
		}
	}
	if g.run.min < leastRun {
		g.run = run{}
	}
	return g
}

// open reports whether data can hold a match.
func (g *gate) open(data []byte) bool {
	for _, l := range g.literals {
		if !bytes.Contains(data, l) {
			return false
		}
	}
	for _, c := range g.choices {
		if !slices.ContainsFunc(c, func(l []byte) bool { return bytes.Contains(data, l) }) {
			return false
		}
	}
	for i := range g.prefixed {
		if !g.prefixed[i].in(data) {
			return false
		}
	}
	return g.run.in(data)
}

// in reports whether data has the literal with a run right behind it.
func (p *prefixedRun) in(data []byte) bool {
	for {
		i := bytes.Index(data, p.literal)
		if i < 0 {
			return false
		}
		rest := data[i+len(p.literal):]
		n := 0
		for n < len(rest) && n < p.run.min && p.run.class[rest[n]] {
			n++
		}
		if n == p.run.min {
			return true
		}
		data = data[i+1:]
	}
}

const (
	// mostChoices is how many literals are worth looking for in place of one, leastChoice how long each has to be.
	mostChoices, leastChoice = 4, 3
)

// choice returns a few literals of which every match of a part has one, or nil. Letters in either case are too many.
func choice(part *syntax.Regexp) [][]byte {
	if folds(part) {
		return nil
	}
	texts := language(part, maxLeading)
	slices.SortFunc(texts, func(a, b string) int { return len(a) - len(b) })
	var few []string
	for _, t := range texts {
		if !slices.ContainsFunc(few, func(f string) bool { return strings.Contains(t, f) }) {
			few = append(few, t)
		}
	}
	if len(few) == 0 || len(few) > mostChoices || len(few[0]) < leastChoice {
		return nil
	}
	out := make([][]byte, len(few))
	for i, t := range few {
		out[i] = []byte(t)
	}
	return out
}

// folds reports whether a part matches letters in either case.
func folds(re *syntax.Regexp) bool {
	return re.Flags&syntax.FoldCase != 0 || slices.ContainsFunc(re.Sub, folds)
}

// runOf returns the run that a repeated class makes, with min 0 if the part is none.
func runOf(re *syntax.Regexp) run {
	var r run
	switch {
	case re.Op == syntax.OpRepeat && re.Sub[0].Op == syntax.OpCharClass:
		r.min = re.Min
	case re.Op == syntax.OpPlus && re.Sub[0].Op == syntax.OpCharClass:
		r.min = 1
	default:
		return r
	}
	ranges := re.Sub[0].Rune
	for i := 0; i+1 < len(ranges); i += 2 {
		for c := ranges[i]; c <= min(ranges[i+1], utf8.RuneSelf-1); c++ {
			r.class[c] = true
		}
		if ranges[i+1] >= utf8.RuneSelf { // each rune has one byte or more, all of them from there on
			for b := utf8.RuneSelf; b < 256; b++ {
				r.class[b] = true
			}
		}
	}
	return r
}

func (r *run) size() int {
	n := 0
	for _, in := range r.class {
		if in {
			n++
		}
	}
	return n
}

// in reports whether data has such a run.
func (r *run) in(data []byte) bool {
	if r.min == 0 {
		return true
	}
	// A run of min bytes covers one of every min positions.
	for at := r.min - 1; at < len(data); at += r.min {
		if !r.class[data[at]] {
			continue
		}
		lo := at
		for lo > 0 && at-lo < r.min && r.class[data[lo-1]] {
			lo--
		}
		hi := at + 1
		for hi < len(data) && hi-lo < r.min && r.class[data[hi]] {
			hi++
		}
		if hi-lo >= r.min {
			return true
		}
	}
	return false
}
