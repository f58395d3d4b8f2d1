package hunt

import (
	"encoding/hex"
	"hash/maphash"
	"slices"
	"strings"

	"github.com/skant-dev/skant/scanner"
)

const (
	// masked stands in the place of what is not shown.
	masked = "[redacted]"
	// gram is the length of the pieces of a value of which none is shown, in bytes.
	gram = 12
)

// guard takes pieces of values out of texts. The engine masks what it found; the guard knows what is looked for, whether or not
// it was found there, and all the ways in which it may be written.
type guard struct {
	seed  maphash.Seed
	grams map[uint64]bool
	// short are whole values of less than a gram.
	short []string
}

func newGuard() *guard { return &guard{seed: maphash.MakeSeed(), grams: map[uint64]bool{}} }

func (g *guard) add(value string) {
	if len(value) < gram {
		if value != "" && !slices.Contains(g.short, value) {
			g.short = append(g.short, value)
		}
		return
	}
	for i := 0; i+gram <= len(value); i++ {
		g.grams[maphash.String(g.seed, value[i:i+gram])] = true
	}
}

// whole adds a value, and how the beginning of a long one is encoded, which is no variant by itself.
func (g *guard) whole(f form) {
	g.add(f.all)
	if !f.part {
		return
	}
	for offset := range 3 {
		std := base64Text(f.whole, offset)
		g.add(std)
		g.add(strings.NewReplacer("+", "-", "/", "_").Replace(std))
	}
	digits := hex.EncodeToString([]byte(f.whole))
	g.add(digits)
	g.add(strings.ToUpper(digits))
	g.add(reverse(f.all))
}

// text returns s with everything masked that is a piece of a value.
func (g *guard) text(s string) string {
	for _, v := range g.short {
		s = strings.ReplaceAll(s, v, masked)
	}
	hidden := -1 // the end of what is hidden so far
	var b strings.Builder
	shown := 0
	for i := 0; i+gram <= len(s); i++ {
		if !g.grams[maphash.String(g.seed, s[i:i+gram])] {
			continue
		}
		if i > hidden {
			b.WriteString(s[shown:i])
			b.WriteString(masked)
		}
		hidden = i + gram
		shown = hidden
	}
	if hidden < 0 {
		return s
	}
	b.WriteString(s[shown:])
	return b.String()
}

func (g *guard) list(list []string) []string {
	if list == nil {
		return nil
	}
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = g.text(s)
	}
	return out
}

func (g *guard) commit(c scanner.Commit) scanner.Commit {
	c.Author, c.Email, c.Summary = g.text(c.Author), g.text(c.Email), g.text(c.Summary)
	return c
}

// finding masks every text of a finding. It does not change what the finding's pointers point to.
func (g *guard) finding(f *scanner.Finding) {
	l := &f.Location
	l.Path, l.Submodule, l.Member = g.text(l.Path), g.text(l.Submodule), g.text(l.Member)
	f.Excerpt, f.Reasons = g.text(f.Excerpt), g.list(f.Reasons)
	if l.Commit != nil {
		dup := g.commit(*l.Commit)
		l.Commit = &dup
	}
	if f.Exposure != nil {
		dup := *f.Exposure
		dup.Refs, dup.Removed = g.list(dup.Refs), slices.Clone(dup.Removed)
		for i := range dup.Removed {
			dup.Removed[i] = g.commit(dup.Removed[i])
		}
		f.Exposure = &dup
	}
}
