package scanner

import (
	"slices"
	"strings"

	"github.com/skant-dev/skant/internal/match"
	"github.com/skant-dev/skant/rules"
)

//go:generate go test . -run TestBuiltinAnchorsAreCurrent -update

// anchorTable is every anchor once, with the rules that it starts.
type anchorTable struct {
	index *match.Index
	// rules are positions in the list of rules; first has, by anchor, where in it its rules begin. They end where those of
	// the next anchor do, and first has one element more than there are anchors.
	rules []int32
	first []int32
	// longest is the length of the longest, in bytes.
	longest int
}

// of returns the rules that an anchor starts, by their positions.
func (t *anchorTable) of(anchor int) []int32 { return t.rules[t.first[anchor]:t.first[anchor+1]] }

// size returns the length of an anchor in bytes.
func (t *anchorTable) size(anchor int) int { return len(t.index.Anchors[anchor].Text) }

// maxAnchor is how much of an anchor is looked for, in bytes: more would make it hardly rarer, but every place where
// something was inserted has to be searched from so far before it.
const maxAnchor = 12

// anchorsOf returns the table of a set. That of the built-in rules is data of the program file, and one for some of them is
// made of it: to enter thousands of anchors would take longer than all the rest of a hook's work.
func anchorsOf(set *rules.Set) *anchorTable {
	if set == rules.Builtin() {
		return &builtinAnchors
	}
	if t := builtinAnchors.restrict(rules.Builtin(), set); t != nil {
		return t
	}
	return newAnchorTable(set)
}

// restrict makes the table of a set whose rules are some of those that t is for, in the same order; nil if they are not.
// Anchors that start no rule any more are still found, and start nothing.
func (t *anchorTable) restrict(full, set *rules.Set) *anchorTable {
	all, some := full.All(), set.All()
	if len(some) > len(all) {
		return nil
	}
	place := make([]int32, len(all)) // by position in full: that in set, or -1
	n := 0
	for i := range all {
		place[i] = -1
		if n < len(some) && some[n].ID == all[i].ID {
			if some[n].Fold != all[i].Fold || !slices.Equal(some[n].Anchors, all[i].Anchors) {
				return nil
			}
			place[i] = int32(n)
			n++
		}
	}
	if n < len(some) {
		return nil
	}
	out := &anchorTable{index: t.index, first: make([]int32, len(t.first)), rules: make([]int32, 0, len(t.rules)), longest: t.longest}
	for a := range len(t.first) - 1 {
		for _, r := range t.of(a) {
			if place[r] >= 0 {
				out.rules = append(out.rules, place[r])
			}
		}
		out.first[a+1] = int32(len(out.rules))
	}
	return out
}

// use is an anchor of a rule, by their positions.
type use struct{ anchor, rule int32 }

func newAnchorTable(set *rules.Set) *anchorTable {
	all := set.All()
	n := 0
	for i := range all {
		n += len(all[i].Anchors)
	}
	seen := make(map[match.Anchor]int, n)
	list := make([]match.Anchor, 0, n)
	uses := make([]use, 0, n)
	count := make([]int32, 0, n) // by anchor: how many rules it starts
	last := make([]int, 0, n)    // by anchor: the last of them
	for i := range all {
		for _, text := range all[i].Anchors {
			a := match.Anchor{Text: text[:min(len(text), maxAnchor)], Fold: all[i].Fold}
			if a.Fold {
				a.Text = strings.ToLower(a.Text)
			}
			at, ok := seen[a]
			if !ok {
				at = len(list)
				seen[a] = at
				list, count, last = append(list, a), append(count, 0), append(last, -1)
			}
			if last[at] != i { // a rule may have anchors with the same beginning
				last[at] = i
				uses = append(uses, use{int32(at), int32(i)})
				count[at]++
			}
		}
	}
	t := &anchorTable{index: match.NewIndex(list), rules: make([]int32, len(uses)), first: make([]int32, len(list)+1)}
	next := make([]int32, len(list)) // by anchor: where its next rule goes
	for at, a := range list {
		t.longest = max(t.longest, len(a.Text))
		next[at] = t.first[at]
		t.first[at+1] = t.first[at] + count[at]
	}
	for _, u := range uses {
		t.rules[next[u.anchor]] = u.rule
		next[u.anchor]++
	}
	return t
}
