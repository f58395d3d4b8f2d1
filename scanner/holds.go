package scanner

import (
	"slices"
	"strings"
)

// Holds reports whether any of the texts has a piece of a secret of the findings, so that it must not be kept.
func Holds(found []Finding, texts []string) bool {
	m := newMask(found)
	var short []string
	for i := range found {
		f := &found[i]
		if f.Secret.public() {
			continue
		}
		for _, s := range append([]Secret{f.Secret}, f.raw...) {
			// Plain words are no part of a mask, and what is too short to tell from anything else is not looked for.
			const least = 4
			if v := s.body(); len(v) < gramLength && len(v) >= least {
				short = append(short, v)
			}
		}
	}
	slices.Sort(short)
	short = slices.Compact(short)
	return slices.ContainsFunc(texts, func(text string) bool {
		return m.text(text) != text ||
			slices.ContainsFunc(short, func(v string) bool { return strings.Contains(text, v) })
	})
}
