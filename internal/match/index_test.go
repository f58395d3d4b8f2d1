package match

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
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
		size := 200
		if round%16 == 0 {
			size = 1400 // over the ends of passes over several blocks
		}
		data := []byte(text(rnd.IntN(size)))
		want := sorted(naive(anchors, data))
		x := NewIndex(anchors)
		got := sorted(x.Find(data, nil))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("round %d, anchors %v in %q (-naive +index):\n%s", round, anchors, data, diff)
		}
		found += len(got)
		lo := rnd.IntN(len(data)+3) - 1
		hi := lo + rnd.IntN(len(data)+3) - 1
		want = slices.DeleteFunc(want, func(h Hit) bool { return h.Pos < lo || h.Pos >= hi })
		if diff := cmp.Diff(want, sorted(x.FindIn(data, lo, hi, nil)), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("round %d, anchors %v from %d to %d in %q (-naive +index):\n%s", round, anchors, lo, hi, data, diff)
		}
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
		x := NewIndex(anchors)
		want := sorted(naive(anchors, data))
		if diff := cmp.Diff(want, sorted(x.Find(data, nil))); diff != "" {
			t.Fatal(diff)
		}
		mid := len(data) / 2
		if diff := cmp.Diff(want, sorted(x.FindIn(data, mid, len(data), x.FindIn(data, 0, mid, nil)))); diff != "" {
			t.Fatalf("in two halves: %s", diff)
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

// As many anchors as fill the tables, in text that is made of parts of them.
func TestManyAnchors(t *testing.T) {
	rnd := rand.New(rand.NewPCG(9, 10))
	anchors := make([]Anchor, 1200)
	for i := range anchors {
		b := make([]byte, 3+rnd.IntN(10))
		for k := range b {
			b[k] = "abcdeXYZ09_-"[rnd.IntN(12)]
		}
		anchors[i] = Anchor{string(b), rnd.IntN(3) == 0}
	}
	var data []byte
	for len(data) < 20_000 {
		text := anchors[rnd.IntN(len(anchors))].Text
		if rnd.IntN(2) == 0 {
			text = strings.ToUpper(text)
		}
		data = append(data, text[:1+rnd.IntN(len(text))]...)
	}
	want := sorted(naive(anchors, data))
	if len(want) < 1000 {
		t.Fatalf("only %d hits: the test tests nothing", len(want))
	}
	if diff := cmp.Diff(want, sorted(NewIndex(anchors).Find(data, nil))); diff != "" {
		t.Fatalf("(-naive +index):\n%s", diff)
	}
}

// Long anchors, letters that text is full of and every split of a text into ranges.
func TestFindInSplits(t *testing.T) {
	anchors := []Anchor{{"-----BEGIN RSA PRIVATE KEY-----", false}, {"github", true}, {"eyJ", false}, {"s://", false}, {"_key", true},
		{strings.Repeat("z", 40) + "end", false}, {"abcd ", false}, {"abc\x00", false}}
	data := []byte("abc eyJ -----BEGIN RSA PRIVATE KEY-----GitHub_KEY=https://eyJeyJ" + strings.Repeat("z", 90) + "endabcd abc\x00abc")
	x := NewIndex(anchors)
	want := sorted(naive(anchors, data))
	if len(want) < 10 {
		t.Fatalf("only %d hits: the test tests nothing", len(want))
	}
	for step := 1; step <= len(data); step++ {
		var got []Hit
		for lo := 0; lo < len(data); lo += step {
			got = x.FindIn(data, lo, lo+step, got)
		}
		if diff := cmp.Diff(want, sorted(got)); diff != "" {
			t.Fatalf("ranges of %d bytes (-naive +index):\n%s", step, diff)
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

// BenchmarkFindIn searches many short ranges of a large text, as the changes of many versions are.
func BenchmarkFindIn(b *testing.B) {
	x := NewIndex([]Anchor{{"sk-ant-", false}, {"password", true}, {"github", true}})
	data := bytes.Repeat([]byte("nothing to see here, move along\n"), 1000)
	for _, n := range []int{20, 200, 2000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.SetBytes(int64(n))
			at := 0
			var hits []Hit
			for b.Loop() {
				hits = x.FindIn(data, at, at+n, hits[:0])
				at = (at + 7919) % (len(data) - n)
			}
		})
	}
}

func BenchmarkNewIndex(b *testing.B) {
	for _, n := range []int{150, 450, 3000} {
		anchors := make([]Anchor, n)
		for i := range anchors {
			anchors[i] = Anchor{fmt.Sprintf("%x_token", i*7919), i%2 == 0}
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				NewIndex(anchors)
			}
		})
	}
}
