package source

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/scanner"
)

// guarding returns a guard against some objects.
func guarding(t *testing.T, ids ...string) *Guard {
	t.Helper()
	refused := map[pack.ID]bool{}
	var all []pack.ID
	for _, id := range ids {
		all = append(all, idOf(t, id))
		refused[all[len(all)-1]] = true
	}
	return &Guard{Refuse: func(id pack.ID) bool { return refused[id] }, Objects: func() []pack.ID { return all }}
}

// met walks a source and returns what its guard noted, "KIND ID PATH", sorted.
func met(t *testing.T, g *Guard, src scanner.Source) []string {
	t.Helper()
	if err := src.Walk(context.Background(), &scanner.Recorder{}, func(*scanner.Chunk) error { return nil }); err != nil {
		t.Fatal(err)
	}
	all := []string{}
	for _, f := range g.Found() {
		if f.RuleID != scanner.PurgedObjectRule || !f.Purged || len(f.Reasons) == 0 || f.Fingerprint == "" {
			t.Errorf("no whole finding: %+v", f)
		}
		all = append(all, strings.TrimSpace(fmt.Sprintf("%s %s %s", f.Location.Kind, f.Location.Object, f.Location.Path)))
	}
	slices.Sort(all)
	return all
}

// TestGuardAgainstGit: whatever the other side has, a push is refused if and only if git says that it leads to a purged commit; a range,
// if it has one or is built on one.
func TestGuardAgainstGit(t *testing.T) {
	for seed := range uint64(6) {
		s := newGitbox(t)
		rnd := rand.New(rand.NewPCG(seed, 7))
		tree := s.git("write-tree")
		var all []string
		for i := range 24 {
			args := []string{"commit-tree", tree, "-m", fmt.Sprint(seed, i)}
			for range min(i, rnd.IntN(3)) {
				args = append(args, "-p", all[max(0, len(all)-1-rnd.IntN(6))])
			}
			s.clock -= rnd.IntN(200) // dates that lie
			all = append(all, s.git(args...))
		}
		pick := func() string { return all[rnd.IntN(len(all))] }
		for i := range 8 {
			s.git("update-ref", fmt.Sprintf("refs/remotes/origin/%d", i), pick())
		}
		r := s.open()
		for range 12 {
			purged := []string{pick(), pick()}
			tip, base := pick(), pick()
			g := guarding(t, purged...)
			push := NewPush(r, []RefUpdate{{Name: "refs/heads/x", Old: idOf(t, base), New: idOf(t, tip)}}, PushOptions{
				DiffOptions: DiffOptions{Guard: g}, Known: func(ref string) bool { return strings.HasPrefix(ref, "refs/remotes/") },
			})
			found := met(t, g, push)
			leads := strings.Fields(s.git("rev-list", tip))
			want := slices.ContainsFunc(purged, func(id string) bool { return slices.Contains(leads, id) })
			if (len(found) > 0) != want {
				t.Fatalf("seed %d: purged %v, push of %s: %v, git says %t", seed, purged, tip, found, want)
			}
			for _, f := range found {
				if id := strings.Fields(f)[1]; !slices.Contains(purged, id) || !slices.Contains(leads, id) {
					t.Errorf("seed %d: %s was not purged, or is not reached", seed, f)
				}
			}
			g = guarding(t, purged...)
			found = met(t, g, NewCommits(r, repo.RangeSpec{Bases: []pack.ID{idOf(t, base)}, Tips: []pack.ID{idOf(t, tip)}}, DiffOptions{Guard: g}))
			var wanted []string
			for _, line := range strings.Split(s.git("rev-list", "--parents", base+".."+tip), "\n") {
				for _, id := range strings.Fields(line) {
					if slices.Contains(purged, id) {
						wanted = append(wanted, "commit-message "+id)
					}
				}
			}
			slices.Sort(wanted)
			if diff := cmp.Diff(slices.Compact(wanted), found, cmp.Transformer("", func(l []string) string { return strings.Join(l, "\n") })); diff != "" {
				t.Errorf("seed %d, %s..%s: %s", seed, base, tip, diff)
			}
		}
	}
}

// TestGuardObjects: content, tags and commits that a clone does not have.
func TestGuardObjects(t *testing.T) {
	for _, format := range []string{"sha1", "sha256"} {
		t.Run(format, func(t *testing.T) {
			s := newGitbox(t, "--object-format="+format)
			s.write("a", "leaked\n")
			first := s.commit("one")
			blob := s.git("rev-parse", "HEAD:a")
			s.git("rm", "-q", "a")
			second := s.commit("two")
			s.git("tag", "-a", "v1", "-m", "v1")
			s.git("tag", "-a", "v2", "v1", "-m", "v2")
			inner, outer := s.git("rev-parse", "v1"), s.git("rev-parse", "v2")
			tree := s.git("rev-parse", first+"^{tree}")
			r := s.open()
			push := func(tip string, ids ...string) []string {
				g := guarding(t, ids...)
				return met(t, g, NewPush(r, []RefUpdate{{Name: "refs/heads/x", New: idOf(t, tip)}}, PushOptions{DiffOptions: DiffOptions{Guard: g}}))
			}
			check := func(what string, got []string, want ...string) {
				t.Helper()
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s: %s", what, diff)
				}
			}
			check("a push of all", push(second, blob, first), "commit-content "+blob+" a", "commit-message "+first)
			check("a push of tags", push(outer, inner), "tag-message "+inner)
			check("a push of a tree", push(tree, blob), "commit-content "+blob+" a")
			check("a push of a file", push(blob, blob), "commit-content "+blob)

			s.write("b", "leaked\n")
			s.git("add", "b")
			g := guarding(t, blob)
			check("what is staged", met(t, g, NewStaged(s.open(), StagedOptions{Guard: g})), "staged "+blob+" b")
			g = guarding(t, second)
			check("HEAD", met(t, g, NewStaged(s.open(), StagedOptions{Guard: g})), "commit-message "+second)
			g = &Guard{}
			if met(t, g, NewStaged(s.open(), StagedOptions{Guard: g})); g.Found() != nil {
				t.Error("a guard without a list finds something")
			}
			s.commit("three")
			s.lose(first)
			s.write(".git/shallow", second+"\n")
			r = s.open()
			check("a shallow clone", push(s.git("rev-parse", "HEAD"), first), "commit-message "+first)
			g = guarding(t, first)
			check("a shallow clone, of which the other side has all", met(t, g, NewPush(r, []RefUpdate{
				{Name: "refs/heads/x", Old: idOf(t, s.git("rev-parse", "HEAD")), New: idOf(t, s.git("rev-parse", "HEAD"))},
			}, PushOptions{DiffOptions: DiffOptions{Guard: g}})), "commit-message "+first)
		})
	}
}

// TestGuardBounds: a clone with many purged objects is refused with some of them, and the rest are counted.
func TestGuardBounds(t *testing.T) {
	g := &Guard{Refuse: func(pack.ID) bool { return true }}
	rec := &scanner.Recorder{}
	for round := range 2 {
		for i := range maxMet + 50 {
			g.object(rec, idOf(t, fmt.Sprintf("%040x", i+1)), scanner.Location{Kind: scanner.KindStaged}, purgedBlob)
		}
		if n := len(g.Found()); n != maxMet {
			t.Errorf("round %d: %d findings", round, n)
		}
	}
	c := rec.Coverage()
	if len(c.Skipped) != 1 || c.Skipped[0].Count != 50 || !c.Complete {
		t.Errorf("%+v", c)
	}
}
