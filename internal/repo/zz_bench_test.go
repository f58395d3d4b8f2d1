package repo

import (
	"context"
	"math/rand"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/skant-dev/skant/internal/pack"
)

func TestBenchMirror(t *testing.T) {
	dir := os.Getenv("MIRROR")
	if dir == "" {
		t.Skip("no mirror")
	}
	r, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	gap := func(what, item string, why error) { t.Log(what, item, why) }
	start := time.Now()
	lap := func(name string) {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		t.Logf("%-20s %v heap %d MB sys %d MB", name, time.Since(start), m.HeapAlloc>>20, m.Sys>>20)
		start = time.Now()
	}
	g, err := r.ReadGraph(ctx, 2, gap)
	if err != nil {
		t.Fatal(err)
	}
	lap("graph")
	x, err := r.NewReach(ctx, g, gap)
	if err != nil {
		t.Fatal(err)
	}
	lap("reach")
	var blobs []pack.ID
	st, _ := r.Objects()
	st.Each(ctx, pack.EachOptions{Types: []pack.Type{pack.Blob}, Workers: 1}, func(_ int, o *pack.Object) error { blobs = append(blobs, o.ID); return nil }, func(pack.Problem) {})
	slices.SortFunc(blobs, pack.ID.Compare)
	lap("blobs")
	rng := rand.New(rand.NewSource(1))
	for _, n := range []int{1, 10, 1000, 20000} {
		h := Holding{}
		for range n {
			h[blobs[rng.Intn(len(blobs))]] = []string{"k"}
		}
		runtime.GC()
		start = time.Now()
		a := newAttribution(x, h)
		a.cone, err = r.scanTrees(ctx, a.blobs, attributionOptions{2, maxTreeEdges, maxTreePlaces}, gap)
		lap("  scan")
		in, err := a.run(ctx, r, gap)
		if err != nil {
			t.Fatal(err)
		}
		lap("  run")
		t.Log(n, len(in), len(a.cone.entries), len(a.seen), len(a.paths.names))
	}
}
