package scanner

import (
	"bytes"
	"fmt"
	"slices"
)

const (
	// defaultWithin is how far from a match its parts are looked for, in bytes to either side.
	defaultWithin = 10240
	// preferReach is how far before a candidate one of the part's preferred words may stand, in bytes.
	preferReach = 64
	// unpreferred is the distance that a candidate without such a word is put at a disadvantage by.
	unpreferred = 1 << 20
	// maxPairs bounds the combinations of matches and candidates that are weighed for one part.
	maxPairs = 100000
)

// partMatch is a further value of a credential.
type partMatch struct {
	part *compiledPart
	at   span
}

// group is a match with its parts.
type group struct {
	main  found
	parts []partMatch
}

// pair gives each match of a rule its parts: the nearest first, each candidate to one match at most. Matches that lack
// a required part are left out.
func pair(rule *compiledRule, data []byte, path string, ms []found, sc *scratch) ([]group, error) {
	groups := make([]group, len(ms))
	for i, m := range ms {
		groups[i].main = m
	}
	for i := range rule.parts {
		part := &rule.parts[i]
		cands, err := partCandidates(part, data, path, ms, sc.check)
		if err != nil {
			return nil, err
		}
		if len(ms)*len(cands) > maxPairs {
			cands, sc.truncated = cands[:maxPairs/len(ms)], true
		}
		assigned := allot(part, data, ms, cands)
		kept := groups[:0]
		for _, g := range groups {
			at, ok := assigned[g.main.secret]
			if ok {
				g.parts = append(g.parts, partMatch{part, at})
			}
			if ok || part.Optional {
				kept = append(kept, g)
			}
		}
		groups = kept
	}
	return groups, nil
}

// partCandidates returns the values near any of the matches that could be the part, sorted and without the matches
// themselves.
func partCandidates(part *compiledPart, data []byte, path string, ms []found, ck *checker) ([]found, error) {
	re, err := part.pattern.get()
	if err != nil {
		return nil, fmt.Errorf("compile pattern of part %s: %w", part.Name, err)
	}
	var cands []found
	for i := 0; i < len(ms); {
		lo, hi := max(0, ms[i].whole.lo-part.within()), min(len(data), ms[i].whole.hi+part.within())
		for i++; i < len(ms) && ms[i].whole.lo-part.within() <= hi; i++ {
			hi = min(len(data), ms[i].whole.hi+part.within())
		}
		cands = findAll(re.FindSubmatchIndex, data, lo, hi, cands)
	}
	kept := cands[:0]
	for _, c := range cands {
		if slices.ContainsFunc(ms, func(m found) bool { return m.secret.overlaps(c.secret) }) {
			continue
		}
		ok, err := ck.accepts(&part.checks, data, c, path, false)
		if err != nil {
			return nil, err
		}
		stands := part.checks.AllowPlaceholders || placeholder(data[c.secret.lo:c.secret.hi]) == ""
		if ok && stands {
			kept = append(kept, c)
		}
	}
	return kept, nil
}

func (p *compiledPart) within() int {
	if p.Within > 0 {
		return p.Within
	}
	return defaultWithin
}

// allot gives matches their candidates, one to one and in order, so that as many as can be have one and the distances
// add up to the least. Taking the nearest pair first would be wrong in a list of pairs, where the next entry's id often
// stands nearer to a secret than its own.
func allot(part *compiledPart, data []byte, ms, cands []found) map[span]span {
	type cell struct{ pairs, cost int }
	better := func(a, b cell) bool { return a.pairs > b.pairs || a.pairs == b.pairs && a.cost < b.cost }
	// best[i][j] is the best that the first i matches and the first j candidates can do.
	best := make([][]cell, len(ms)+1)
	for i := range best {
		best[i] = make([]cell, len(cands)+1)
	}
	cost := func(i, j int) (int, bool) {
		d := distance(ms[i].secret, cands[j].secret)
		if d > part.within() {
			return 0, false
		}
		if !part.preferred(data, cands[j]) {
			d += unpreferred
		}
		return d, true
	}
	for i := range ms {
		for j := range cands {
			b := best[i][j+1]
			if better(best[i+1][j], b) {
				b = best[i+1][j]
			}
			if d, ok := cost(i, j); ok {
				if c := (cell{best[i][j].pairs + 1, best[i][j].cost + d}); better(c, b) {
					b = c
				}
			}
			best[i+1][j+1] = b
		}
	}
	assigned := map[span]span{}
	for i, j := len(ms), len(cands); i > 0 && j > 0; {
		switch best[i][j] {
		case best[i-1][j]:
			i--
		case best[i][j-1]:
			j--
		default:
			assigned[ms[i-1].secret] = cands[j-1].secret
			i, j = i-1, j-1
		}
	}
	return assigned
}

func (p *compiledPart) preferred(data []byte, c found) bool {
	before := bytes.ToLower(data[max(0, c.secret.lo-preferReach):c.secret.lo])
	if i := bytes.LastIndexByte(bytes.TrimRight(before, "\r\n"), '\n'); i >= 0 {
		before = before[i:] // a word on an earlier line says something about that line
	}
	return len(p.Prefer) == 0 || slices.ContainsFunc(p.Prefer, func(w string) bool {
		return bytes.Contains(before, bytes.ToLower([]byte(w)))
	})
}

// distance is the number of bytes between two spans that do not overlap.
func distance(a, b span) int {
	if a.hi <= b.lo {
		return b.lo - a.hi
	}
	return max(0, a.lo-b.hi)
}
