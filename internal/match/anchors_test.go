//go:build unix

package match_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/skant-dev/skant/internal/match"
	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/rules"
)

// BenchmarkAnchors searches every blob of the repository whose git directory is in SKANT_BENCH_REPO for the anchors of
// growing numbers of rules and says how many gigabytes one core searches in a second. Blobs are collected into batches
// that fit into a core's cache, as content does that was just made from a delta; every index searches the same batch in
// turn, and only the processor time of the search counts. `make bench-history REPO=...` runs it.
//
// Rules beyond ours are made up: two prefixes of 4 to 12 bytes each, random syllables and a separator as providers choose
// them, one of them in either case. Fewer rules than ours are some of ours, chosen at random.
func BenchmarkAnchors(b *testing.B) {
	repo := os.Getenv("SKANT_BENCH_REPO")
	if repo == "" {
		b.Skip("set SKANT_BENCH_REPO to the git directory of a large repository")
	}
	curves := anchorCurves()
	for b.Loop() {
		searchAll(b, repo, curves)
	}
	var at150 float64
	for _, c := range curves {
		rate := float64(c.bytes) / c.spent.Seconds() / 1e9
		b.ReportMetric(rate, c.name+"-GB/s")
		b.Logf("%s rules, %d anchors: %.2f GB/s a core, %d hits in %.2f GB", c.name, c.anchors, rate, c.hits, float64(c.bytes)/1e9)
		switch c.name {
		case "150":
			at150 = rate
		case "1500":
			b.Logf("from 150 to 1,500 rules: %.0f %% slower (target: at most 20 %%)", 100*(1-rate/at150))
		}
	}
}

// curve is one point of the curve: an index, and what searching with it cost.
type curve struct {
	name        string
	anchors     int
	index       *match.Index
	hits, bytes int
	spent       time.Duration
}

func anchorCurves() []*curve {
	rnd := rand.New(rand.NewPCG(7, 8))
	var all [][]match.Anchor // by rule
	for _, r := range rules.Builtin().All() {
		var list []match.Anchor
		for _, text := range r.Anchors {
			if r.Fold {
				text = strings.ToLower(text)
			}
			list = append(list, match.Anchor{Text: text, Fold: r.Fold})
		}
		all = append(all, list)
	}
	builtin := len(all)
	separator := func() string { return string("_-."[rnd.IntN(3)]) }
	rnd.Shuffle(builtin, func(i, j int) { all[i], all[j] = all[j], all[i] })
	for len(all) < 1500 {
		all = append(all, []match.Anchor{
			{Text: word(rnd, 3+rnd.IntN(9)) + separator()},
			{Text: word(rnd, 3+rnd.IntN(9)) + separator(), Fold: true},
		})
	}
	var out []*curve
	for _, n := range []int{50, 150, builtin, 500, 1500} {
		var list []match.Anchor
		seen := make(map[match.Anchor]bool)
		for _, a := range slices.Concat(all[:n]...) {
			if !seen[a] {
				seen[a] = true
				list = append(list, a)
			}
		}
		c := &curve{name: fmt.Sprint(n), anchors: len(list), index: match.NewIndex(list)}
		if n == builtin {
			c.name = "builtin"
		}
		out = append(out, c)
	}
	return out
}

// word makes up a word of n letters, and a digit now and then.
func word(rnd *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		switch {
		case rnd.IntN(12) == 0:
			b[i] = byte('0' + rnd.IntN(10))
		case i%2 == 0:
			b[i] = "bcdfghjklmnpqrstvwxz"[rnd.IntN(20)]
		default:
			b[i] = "aeiouy"[rnd.IntN(6)]
		}
	}
	return string(b)
}

// searchAll reads all blobs of a repository and adds to the curves what searching them cost.
func searchAll(b *testing.B, repo string, curves []*curve) {
	const batchSize = 512 << 10
	store, err := pack.Open(filepath.Join(repo, "objects"), pack.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	var batch []byte
	var ends []int
	var hits []match.Hit
	first := 0
	search := func() {
		for i := range curves {
			c := curves[(first+i)%len(curves)]
			start, from := processorTime(b), 0
			for _, to := range ends {
				hits = c.index.Find(batch[from:to], hits[:0])
				c.hits += len(hits)
				from = to
			}
			c.spent += processorTime(b) - start
			c.bytes += len(batch)
		}
		first++ // whoever is first finds the batch in a slower cache
		batch, ends = batch[:0], ends[:0]
	}
	err = store.Each(context.Background(), pack.EachOptions{Types: []pack.Type{pack.Blob}, Workers: 1},
		func(_ int, o *pack.Object) error {
			batch = append(batch, o.Data...)
			if ends = append(ends, len(batch)); len(batch) >= batchSize {
				search()
			}
			return nil
		}, func(p pack.Problem) { b.Logf("not read: %s %s: %v", p.What, p.Name, p.Err) })
	if err != nil {
		b.Fatal(err)
	}
	search()
}

// processorTime returns what this process has used so far.
func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
