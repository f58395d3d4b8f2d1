package scanner

import (
	"testing"

	"github.com/skant-dev/skant/internal/match"
	"github.com/skant-dev/skant/rules"
)

func BenchmarkZNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_, _ = New(rules.Builtin(), Options{})
	}
}
func BenchmarkZBuiltin(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		rules.Builtin()
	}
}
func BenchmarkZIndex(b *testing.B) {
	set := rules.Builtin()
	seen := map[match.Anchor]int{}
	var list []match.Anchor
	for _, r := range set.All() {
		for _, text := range r.Anchors {
			a := match.Anchor{Text: text, Fold: r.Fold}
			if _, ok := seen[a]; !ok {
				seen[a] = 0
				list = append(list, a)
			}
		}
	}
	n := 0
	for _, a := range list {
		if len(a.Text) == 3 {
			n++
		}
	}
	b.Log(len(list), n, set.Len())
	b.ReportAllocs()
	for b.Loop() {
		match.NewIndex(list)
	}
}
