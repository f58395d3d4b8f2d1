package match

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"sort"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// naive is the oracle: every anchor at every position.
func naive(anchors []Anchor, data []byte) []Hit {
	var hits []Hit
	for pos := range data {
		for i, a := range anchors {
			if len(a.Text) < MinLength || pos+len(a.Text) > len(data) {
				continue
			}
			have := data[pos : pos+len(a.Text)]
			if string(have) == a.Text || a.Fold && bytes.EqualFold(have, []byte(a.Text)) {
				hits = append(hits, Hit{pos, i})
			}
		}
	}
	return hits
}

func sorted(hits []Hit) []Hit {
	sort.Slice(hits, func(i, j int) bool {
		if hits[i].Pos != hits[j].Pos {
			return hits[i].Pos < hits[j].Pos
		}
		return hits[i].Anchor < hits[j].Anchor
	})
	return hits
}

func TestFindAgainstNaive(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	const alphabet = "aA_\x00"
	text := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = alphabet[rnd.IntN(len(alphabet))]
		}
		return string(b)
	}
	found := 0
	for round := range 3000 {
		var anchors []Anchor
		for range 1 + rnd.IntN(6) {
			anchors = append(anchors, Anchor{text(2 + rnd.IntN(5)), rnd.IntN(2) == 0})
		}
		data := []byte(text(rnd.IntN(200)))
		want := sorted(naive(anchors, data))
		got := sorted(NewIndex(anchors).Find(data, nil))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("round %d, anchors %v in %q (-naive +index):\n%s", round, anchors, data, diff)
		}
		found += len(got)
	}
	if found < 1000 {
		t.Fatalf("only %d hits in all rounds: the test tests nothing", found)
	}
}

func FuzzFind(f *testing.F) {
	f.Add([]byte("xxAKIAyyakiazz"), "AKIA", true)
	f.Add([]byte("sk-"), "sk-", false)
	f.Fuzz(func(t *testing.T, data []byte, anchor string, fold bool) {
		for _, c := range []byte(anchor) {
			if c >= 0x80 {
				return // bytes.EqualFold, the oracle, folds Unicode
			}
		}
		anchors := []Anchor{{anchor, fold}, {"abc", false}}
		if len(data) > 1<<12 || bytes.ContainsFunc(data, func(r rune) bool { return r >= 0x80 }) {
			return
		}
		if diff := cmp.Diff(sorted(naive(anchors, data)), sorted(NewIndex(anchors).Find(data, nil))); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestFindDoesNotAllocate(t *testing.T) {
	x := NewIndex([]Anchor{{"sk-ant-", false}, {"password", true}})
	data := bytes.Repeat([]byte("nothing to see here, move along\n"), 100)
	if n := testing.AllocsPerRun(10, func() { x.Find(data, nil) }); n != 0 {
		t.Errorf("Find allocates %v times", n)
	}
}

func TestEntropy(t *testing.T) {
	for _, c := range []struct {
		in   string
		want float64
	}{{"", 0}, {"aaaa", 0}, {"abab", 1}, {"abcd", 2}} {
		if got := Entropy([]byte(c.in)); got != c.want {
			t.Errorf("Entropy(%q) = %v, want %v", c.in, got, c.want)
		}
	}
}

// BenchmarkFind searches a file, or generated text, for growing numbers of anchors.
func BenchmarkFind(b *testing.B) {
	data, err := os.ReadFile(os.Getenv("SKANT_BENCH_FILE"))
	if err != nil {
		rnd := rand.New(rand.NewPCG(3, 4))
		words := []string{"return", "err", "if", "nil", "func", "(", ")", "\n\t", "config", "value", "=", "type", "string"}
		for len(data) < 1<<22 {
			data = append(data, words[rnd.IntN(len(words))]+" "...)
		}
	}
	for _, n := range []int{50, 150, 500, 1500} {
		rnd := rand.New(rand.NewPCG(5, 6))
		anchors := make([]Anchor, n)
		for i := range anchors {
			anchors[i] = Anchor{fmt.Sprintf("%c%c%c%c_", 'a'+rnd.IntN(26), 'a'+rnd.IntN(26), '0'+rnd.IntN(10), 'a'+rnd.IntN(26)), false}
		}
		x := NewIndex(anchors)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			var hits []Hit
			for b.Loop() {
				hits = x.Find(data, hits[:0])
			}
		})
	}
}
