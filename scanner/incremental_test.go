package scanner

import (
	"bytes"
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	diff "github.com/google/go-cmp/cmp"

	"github.com/skant-dev/skant/internal/chains"
	"github.com/skant-dev/skant/rules"
)

// The tests in this file hold the search of what changed between versions of some content against the search of all of
// each version. They know nothing of how the former works: whatever a finding says has to be the same.

// proof is how many times as much as usual these tests try; `make prove` sets it.
func proof(t testing.TB) int {
	t.Helper()
	text := os.Getenv("SKANT_PROOF")
	if text == "" {
		return 1
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("SKANT_PROOF is %q: how many times as much as usual is to be tried", text)
	}
	return n
}

// allFindings are the built-in rules, with everything that they find.
func allFindings(t testing.TB) *Scanner {
	t.Helper()
	set, err := rules.BuiltinWithDocs()
	if err != nil {
		t.Fatal(err)
	}
	return newScanner(t, set)
}

func newScanner(t testing.TB, set *rules.Set) *Scanner {
	t.Helper()
	s, err := New(set, Options{MinConfidence: rules.LowConfidence, ShowSecrets: true})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// searched is what a search says of one version.
type searched struct {
	Findings []Finding
	Coverage Coverage
	Clean    bool
	state    *State
}

// search searches versions of some content: as what they were made from or, if it is plain, each on its own.
func search(t testing.TB, s *Scanner, list []chains.Version, path string, plain bool) []searched {
	t.Helper()
	out := make([]searched, len(list))
	for i, v := range list {
		c := &Chunk{Data: bytes.Clone(v.Data), KeepState: true, Location: Location{Object: "version", Kind: KindCommitContent, Path: path}}
		if v.Base >= 0 && !plain {
			c.Base = out[v.Base].state
			for _, cp := range v.Copies {
				c.Copies = append(c.Copies, Copy(cp))
			}
		}
		var rec Recorder
		found, err := s.chunk(c, &rec)
		if err != nil {
			t.Fatal(err)
		}
		sortFindings(found)
		out[i] = searched{found, rec.Coverage(), c.Clean, c.State}
		// Neither belongs to the engine once it has returned.
		for k := range c.Data {
			c.Data[k] = '\n'
		}
		clear(c.Copies)
	}
	return out
}

// difference searches versions both ways and returns what is not the same, or "".
func difference(t testing.TB, s *Scanner, list []chains.Version, path string) string {
	t.Helper()
	plain, changed := search(t, s, list, path, true), search(t, s, list, path, false)
	for i := range list {
		want, got := plain[i], changed[i]
		if why := sameState(want.state, got.state); why != "" {
			return fmt.Sprintf("version %d: %s", i, why)
		}
		want.state, got.state = nil, nil
		if !reflect.DeepEqual(got, want) {
			opt := diff.AllowUnexported(Finding{}, Secret{}, searched{})
			return fmt.Sprintf("version %d: %s", i, diff.Diff(want, got, opt))
		}
		if got.Clean && (len(got.Findings) > 0 || !got.Coverage.Complete) {
			return fmt.Sprintf("version %d is said to be clean: %+v", i, got)
		}
	}
	return ""
}

// sameState compares what both searches leave for the next one: what it lacks would be missed there only.
func sameState(plain, changed *State) string {
	if plain == nil || changed == nil {
		if plain != changed {
			return "one search left a state, and the other none"
		}
		return ""
	}
	normal := func(st *State) State {
		n := *st
		n.hits = slices.SortedFunc(slices.Values(st.hits), func(a, b hit) int {
			return cmp.Or(int(a.pos-b.pos), int(a.anchor-b.anchor))
		})
		n.matched = slices.Sorted(slices.Values(st.matched))
		return n
	}
	inOrder := slices.IsSortedFunc(changed.hits, func(a, b hit) int { return int(a.pos - b.pos) })
	if want, got := normal(plain), normal(changed); !inOrder || !reflect.DeepEqual(want, got) {
		return fmt.Sprintf("the state is %+v (in order: %v), and should be %+v\n", got, inOrder, want)
	}
	return ""
}

// same fails the test if versions are not searched alike both ways, and shows the smallest ones that are not.
func same(t testing.TB, s *Scanner, list []chains.Version, path, name string) {
	t.Helper()
	if difference(t, s, list, path) == "" {
		return
	}
	small := chains.Shrink(list, 3000, func(l []chains.Version) bool { return difference(t, s, l, path) != "" })
	var b strings.Builder
	for i, v := range small {
		fmt.Fprintf(&b, "version %d of %d, copies %v: %q\n", i, v.Base, v.Copies, v.Data)
	}
	t.Errorf("%s, path %q: -all of each version +what changed in it:\n%s%s", name, path, difference(t, s, small, path), b.String())
}

// material is what the rules' examples have, and the words that rules ask for. Keys of the kinds that take long to make
// are left out unless slow is set: their text is another one each time.
func material(t testing.TB, set *rules.Set, slow bool) chains.Material {
	t.Helper()
	var m chains.Material
	words := map[string]bool{}
	for _, r := range set.All() {
		for _, list := range [][]string{r.Anchors, r.Checks.Context} {
			for _, w := range list {
				words[w] = true
			}
		}
		for _, p := range r.Parts {
			for _, w := range slices.Concat(p.Prefer, p.Checks.Context) {
				words[w] = true
			}
		}
		for i, tmpl := range slices.Concat(r.Examples.Match, r.Examples.Clean) {
			if strings.Contains(tmpl, "pem ") && (!slow || i > 0) {
				continue
			}
			text, err := rules.Expand(tmpl, r.ID)
			if err != nil {
				t.Fatal(err)
			}
			m.Texts = append(m.Texts, text)
		}
	}
	for w := range words {
		m.Words = append(m.Words, w)
	}
	slices.Sort(m.Words)
	return m
}

// TestChangesFindTheSame edits content at random, in ways that hurt.
func TestChangesFindTheSame(t *testing.T) {
	t.Parallel()
	s := allFindings(t)
	m := material(t, s.set, true)
	findings, based, all := 0, 0, 0
	for seed := range uint64(300 * proof(t)) {
		limits := chains.Limits{Versions: 8, Tree: seed%3 == 0}
		if seed%40 == 0 {
			limits.Versions = 30
		}
		list := chains.Make(m, rand.New(rand.NewPCG(seed, 3)), limits)
		path := []string{"", "", "config/settings.yaml", ".netrc"}[seed%4]
		if same(t, s, list, path, fmt.Sprintf("seed %d", seed)); t.Failed() {
			return
		}
		for i, v := range search(t, s, list, path, false) {
			findings += len(v.Findings)
			all++
			if base := list[i].Base; base >= 0 && v.state != nil {
				based++
			}
		}
	}
	if findings < all || based < all/2 {
		t.Errorf("%d findings in %d versions, %d of them with a base: the test tests little", findings, all, based)
	}
}
