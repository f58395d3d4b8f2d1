package pack

import (
	"context"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
)

// BenchmarkEach reads all blobs of the repository whose git directory is in SKANT_BENCH_REPO.
func BenchmarkEach(b *testing.B) {
	repo := os.Getenv("SKANT_BENCH_REPO")
	if repo == "" {
		b.Skip("set SKANT_BENCH_REPO to the git directory of a large repository")
	}
	for b.Loop() {
		s, err := Open(filepath.Join(repo, "objects"), Options{})
		if err != nil {
			b.Fatal(err)
		}
		var bytes, objects atomic.Int64
		err = s.Each(context.Background(), EachOptions{Types: []Type{Blob}}, func(_ int, o *Object) error {
			objects.Add(1)
			bytes.Add(int64(len(o.Data)))
			return nil
		}, func(p Problem) { b.Errorf("%s %s: %v", p.What, p.Name, p.Err) })
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(bytes.Load())
		b.ReportMetric(float64(objects.Load()), "objects")
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
