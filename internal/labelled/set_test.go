package labelled

import (
	"fmt"
	"math/rand/v2"
	"path"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// seed changes every value at once. Figures of different seeds differ by chance alone.
const seed = "skant labelled set 1"

// makeSet makes all samples. The same testdata makes the same set.
func makeSet(t testing.TB, seed string) []sample {
	t.Helper()
	g := loadGrammar(t)
	var out []sample
	seen := map[string]bool{}
	for _, c := range g.categories {
		for _, h := range []half{tuning, heldBack} {
			made, err := g.makeCategory(c, h, seed, seen)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, made...)
		}
	}
	return out
}

// makeCategory makes the samples of one category in one half: each shape in turn, until there are enough or all that
// come are such as were there before.
func (g *grammar) makeCategory(c *category, h half, seed string, seen map[string]bool) (out []sample, err error) {
	var shapes []*shape
	for _, s := range c.shapes {
		if s.half == h {
			shapes = append(shapes, s)
		}
	}
	if len(shapes) == 0 {
		return nil, fmt.Errorf("%s: no shapes in the half %s", c.name, h)
	}
	for round, stale := 0, 0; len(out) < c.count && stale < 3; round++ {
		before := len(out)
		for _, s := range shapes {
			if len(out) == c.count {
				break
			}
			made, err := g.makeSample(c, s, seed, round)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", s.id, err)
			}
			if key := fmt.Sprint(c.positive) + made.text; !seen[key] {
				seen[key] = true
				out = append(out, made)
			}
		}
		if len(out) == before {
			stale++
		}
	}
	return out, nil
}

func (g *grammar) makeSample(c *category, s *shape, seed string, round int) (sample, error) {
	id := fmt.Sprintf("%s/%s/%d", c.name, s.id, round)
	f := &filler{g: g, half: s.half, rnd: rand.New(rand.NewPCG(hash(seed, id), 2)), memory: map[string]string{}}
	if kinds := kindsFor(c.of, s.text); len(kinds) > 0 {
		f.kind = kinds[round%len(kinds)] // the same shape meets every kind
	}
	if strings.Contains(s.text, "«v.alnum»") {
		f.value = f.newValue("")
	} else if strings.Contains(s.text, "«v.plain»") || strings.Contains(s.text, "«v.head»") {
		f.value = f.newValue(symbolsOf("plain"))
	}
	if err := f.fill(s.path); err != nil {
		return sample{}, err
	}
	out := sample{id: id, category: c.name, half: s.half, positive: c.positive, path: f.out.String()}
	before, after := "", ""
	if !s.alone {
		before, after = f.surroundings(out.path)
	}
	f.out.Reset()
	f.out.WriteString(before)
	f.values = nil
	if err := f.fill(s.text); err != nil {
		return sample{}, err
	}
	f.out.WriteString(after + "\n")
	out.text, out.values = f.out.String(), f.values
	if c.positive && len(out.values) == 0 {
		return sample{}, fmt.Errorf("a positive shape without a value")
	}
	return out, nil
}

var (
	saysPassword = regexp.MustCompile(`(?i)pass|pwd|login|user|IDENTIFIED`)
	saysToken    = regexp.MustCompile(`(?i)token|bearer|key|secret`)
)

// kindsFor leaves out the kinds of credential that a shape cannot be about. One that has the name of its credential drawn
// is about any; others say it themselves, and a weak password in the place of a token would be like nothing in this world.
func kindsFor(kinds []string, text string) (out []string) {
	plain := placeholder.ReplaceAllString(text, "")
	if strings.Contains(text, "«name") {
		return kinds
	}
	for _, kind := range kinds {
		password := strings.HasPrefix(kind, "password")
		if password && saysPassword.MatchString(plain) || !password && saysToken.MatchString(plain) {
			out = append(out, kind)
		}
	}
	if len(out) == 0 {
		return kinds
	}
	return out
}

// surroundings draws lines for both sides of every other sample, as files have them.
func (f *filler) surroundings(name string) (before, after string) {
	lines := f.g.around[fileType(name)][f.half]
	if len(lines) == 0 || f.rnd.IntN(2) == 0 {
		return "", ""
	}
	draw := func() string {
		var b strings.Builder
		for range f.rnd.IntN(4) {
			inner := filler{g: f.g, half: f.half, rnd: f.rnd, memory: map[string]string{}}
			if inner.fill(pick(f.rnd, lines)) == nil { // TestShapes looks at every line
				b.WriteString(inner.out.String() + "\n")
			}
		}
		return b.String()
	}
	before = draw()
	if after = draw(); after != "" {
		after = "\n" + strings.TrimSuffix(after, "\n")
	}
	return before, after
}

// fileType is what a path says about a file's content.
func fileType(name string) string {
	base := strings.ToLower(path.Base(name))
	switch {
	case strings.HasPrefix(base, "dockerfile"):
		return "dockerfile"
	case strings.HasPrefix(base, ".env") || strings.HasSuffix(base, ".env"):
		return "env"
	}
	ext := strings.TrimPrefix(path.Ext(base), ".")
	for _, alias := range [][2]string{{"yaml", "yml"}, {"tsx", "ts"}, {"jsx", "js"}, {"mjs", "js"}, {"bash", "sh"}, {"zsh", "sh"},
		{"cc", "cpp"}, {"c", "cpp"}, {"h", "cpp"}, {"hpp", "cpp"}, {"cfg", "ini"}, {"conf", "ini"}, {"cnf", "ini"}, {"kts", "kt"}} {
		if ext == alias[0] {
			return alias[1]
		}
	}
	if ext == "" || ext == base {
		return "other"
	}
	return ext
}

// TestShapes holds the set to what docs/detection.md says of it.
func TestShapes(t *testing.T) {
	g := loadGrammar(t)
	for _, halves := range g.words["known-prefixes"] {
		for _, part := range strings.Fields(strings.Join(halves, " ")) {
			alphabet, length, drawn := strings.Cut(part, ":")
			if n, err := strconv.Atoi(length); drawn && (alphabets[alphabet] == "" || err != nil || n < 1) {
				t.Errorf("known-prefixes: %q: want an alphabet and a length", part)
			}
		}
	}
	for list, halves := range g.around {
		for h, lines := range halves {
			for _, line := range lines {
				f := &filler{g: g, half: half(h), rnd: rand.New(rand.NewPCG(1, 2)), memory: map[string]string{}}
				if err := f.fill(line); err != nil {
					t.Errorf("around/%s: %v", list, err)
				}
			}
		}
	}

	set := makeSet(t, seed)
	type part struct {
		category string
		half     half
	}
	sizes, halves, texts := map[part]int{}, [2]int{}, map[string]half{}
	for _, s := range set {
		sizes[part{s.category, s.half}]++
		halves[s.half]++
		if other, known := texts[s.text]; known && other != s.half {
			t.Errorf("%s: the other half has the same text", s.id)
		}
		texts[s.text] = s.half
		if strings.ContainsAny(s.text+s.path, "«»") {
			t.Errorf("%s: a placeholder is left", s.id)
		}
		for _, v := range s.values {
			if v[0] >= v[1] || v[1] > len(s.text) {
				t.Errorf("%s: a value at %v of %d bytes", s.id, v, len(s.text))
			}
		}
	}
	const least, leastInCategory = 3000, 12
	for _, h := range []half{tuning, heldBack} {
		if halves[h] < least {
			t.Errorf("%s: %d samples; at least %d", h, halves[h], least)
		}
		for _, c := range g.categories {
			if n := sizes[part{c.name, h}]; n < leastInCategory {
				t.Errorf("%s, %s: %d samples; at least %d", c.name, h, n, leastInCategory)
			}
		}
	}
	again := makeSet(t, seed)
	for i := range set {
		if set[i].text != again[i].text || set[i].id != again[i].id {
			t.Fatalf("%s: not the same the second time", set[i].id)
		}
	}
}
