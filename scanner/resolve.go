package scanner

import (
	"slices"
	"strings"

	"github.com/skant-dev/skant/rules"
)

// resolve keeps, of candidates that overlap, the most specific one: by priority, then confidence, then length. It sorts cs.
func resolve(cs []candidate) []candidate {
	slices.SortStableFunc(cs, func(a, b candidate) int {
		if a.rule.Priority != b.rule.Priority {
			return b.rule.Priority - a.rule.Priority
		}
		if d := b.confidence.Rank() - a.confidence.Rank(); d != 0 {
			return d
		}
		if d := (b.secret.hi - b.secret.lo) - (a.secret.hi - a.secret.lo); d != 0 {
			return d
		}
		return strings.Compare(a.rule.ID, b.rule.ID)
	})
	var kept []candidate
	// What is likely no credential stands in the way of less specific rules, but not of a proof.
	var taken, doubtful claimed
	paired := map[string]bool{}
	for _, c := range cs {
		blocked := taken.overlap(&c) || c.confidence != rules.Certain && doubtful.overlap(&c)
		if blocked || c.identifier && paired[c.value] {
			continue
		}
		switch {
		case c.conditional: // it may turn out to be nothing; see dropOverruled
		case c.confidence == rules.LowConfidence:
			// A rule that somebody added must not make a built-in one's finding disappear by doubting it.
			if !c.rule.Added {
				doubtful.add(&c)
			}
		default:
			taken.add(&c)
		}
		if c.rule.Fact != "" {
			paired[c.facts[c.rule.Fact]] = true
		}
		kept = append(kept, c)
	}
	return kept
}

// claimed is what candidates have claimed, sorted by where it begins in the content. Claims do not overlap, but for those
// that are in one place, as all of what was unpacked is.
type claimed []claim

type claim struct {
	at   span
	view int
	seen span
}

func (l *claimed) add(c *candidate) {
	for k, at := range c.claims {
		i, _ := slices.BinarySearchFunc(*l, at, func(a claim, b span) int { return a.at.lo - b.lo })
		*l = slices.Insert(*l, i, claim{at, c.view, c.seen[k]})
	}
}

// overlap reports whether a claim of a candidate overlaps one of another. Two of one view are compared in it.
func (l *claimed) overlap(c *candidate) bool {
	for k, at := range c.claims {
		i, _ := slices.BinarySearchFunc(*l, at, func(a claim, b span) int { return a.at.lo - b.lo })
		meets := func(o claim) bool {
			if o.view == c.view {
				return o.seen.overlaps(c.seen[k])
			}
			return o.at.overlaps(at)
		}
		for j := i - 1; j >= 0 && (*l)[j].at.hi > at.lo; j-- {
			if meets((*l)[j]) {
				return true
			}
		}
		for j := i; j < len(*l) && (*l)[j].at.lo < at.hi; j++ {
			if meets((*l)[j]) {
				return true
			}
		}
	}
	return false
}
