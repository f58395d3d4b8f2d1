package exposure

import (
	"context"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/scanner"
)

// BenchmarkSurvey surveys the repository that SKANT_BENCH_REPO names, with findings made up: 1,000 secrets, each in three commits.
func BenchmarkSurvey(b *testing.B) {
	dir := os.Getenv("SKANT_BENCH_REPO")
	if dir == "" {
		b.Skip("SKANT_BENCH_REPO names no repository")
	}
	r, err := repo.Open(dir, repo.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close() //nolint:errcheck // Nothing was written.
	rep := inventReport(b, r, 1000)
	for b.Loop() {
		start := time.Now()
		e, err := Survey(context.Background(), r, rep, Options{})
		if err != nil {
			b.Fatal(err)
		}
		holders := 0
		for i := range e.Secrets {
			holders += len(e.Secrets[i].Holders)
		}
		b.Logf("%s: %d secrets, %d holders, %d events, incomplete %q", time.Since(start), len(e.Secrets), holders, len(e.Timeline), e.Incomplete)
	}
}

// inventReport makes findings in commits that the repository has.
func inventReport(b *testing.B, r *repo.Repository, secrets int) *scanner.Report {
	b.Helper()
	store, err := r.Objects()
	if err != nil {
		b.Fatal(err)
	}
	var commits []pack.ID
	err = store.Each(context.Background(), pack.EachOptions{Types: []pack.Type{pack.Commit}, Workers: 1}, func(_ int, o *pack.Object) error {
		commits = append(commits, o.ID)
		return nil
	}, func(p pack.Problem) { b.Error(p.Err) })
	if err != nil {
		b.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	rep := &scanner.Report{}
	for n := range secrets {
		for range 3 {
			c, err := r.Commit(commits[rnd.IntN(len(commits))])
			if err != nil {
				b.Fatal(err)
			}
			rep.Findings = append(rep.Findings, scanner.Finding{
				Fingerprint: strings.Repeat("f", n+1), RuleID: "invented", Location: scanner.Location{
					Path: "Makefile", Kind: scanner.KindCommitContent, Commit: &scanner.Commit{ID: c.ID.String(), Date: c.Author().When},
				},
				Exposure: &scanner.Exposure{FirstSeen: c.Committer().When, LastSeen: c.Committer().When},
			})
		}
	}
	return rep
}
