package repo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skant-dev/skant/internal/pack"
)

// TestGraphAgreesWithRevList checks order, parents and reachability on random histories.
func TestGraphAgreesWithRevList(t *testing.T) {
	for seed := range uint64(3) {
		s := inventHistory(t, 200+seed)
		tr := s.truth()
		ctx := context.Background()
		r := s.open()
		g, err := r.ReadGraph(ctx, 2, noGap(t))
		if err != nil {
			t.Fatal(err)
		}
		if g.Len() != len(tr.parents) {
			t.Fatalf("%d commits; git has %d", g.Len(), len(tr.parents))
		}
		place := map[uint32]int{}
		for i, commit := range g.order {
			place[commit] = i
		}
		for i, id := range g.ids {
			var parents []string
			for _, p := range g.parentsOf(uint32(i)) {
				parents = append(parents, g.ids[p].String())
				if place[p] > place[uint32(i)] {
					t.Errorf("commit %s comes before its parent %s", id, g.ids[p])
				}
			}
			if !slices.Equal(parents, tr.parents[id.String()]) {
				t.Errorf("parents of %s: %v; want %v", id, parents, tr.parents[id.String()])
			}
		}
		x, err := r.NewReach(ctx, g, noGap(t))
		if err != nil {
			t.Fatal(err)
		}
		reachable := strings.Fields(s.git("rev-list", "--all", "HEAD"))
		ofHead := strings.Fields(s.git("rev-list", "HEAD"))
		for i, reached := range x.Of(g.ids) {
			id := g.ids[i].String()
			if (reached.Access == AccessRef) != slices.Contains(reachable, id) {
				t.Errorf("access of %s is %d", id, reached.Access)
			}
			if x.InHead(g.ids[i]) != slices.Contains(ofHead, id) {
				t.Errorf("%s is in HEAD: %v", id, x.InHead(g.ids[i]))
			}
		}
	}
}

// TestReachOfTags checks tags of tags, and tags that only a reflog or nothing keeps.
func TestReachOfTags(t *testing.T) {
	s := newSandbox(t)
	s.commit("first")
	s.git("tag", "-a", "-m", "m", "inner")
	s.git("tag", "-a", "-m", "m", "outer", "inner")
	inner, outer := s.git("rev-parse", "inner"), s.git("rev-parse", "outer")
	s.git("tag", "-a", "-m", "other", "gone")
	gone := s.git("rev-parse", "gone")
	s.git("tag", "-d", "gone")
	r := s.open()
	ctx := context.Background()
	g, err := r.ReadGraph(ctx, 1, noGap(t))
	if err != nil {
		t.Fatal(err)
	}
	x, err := r.NewReach(ctx, g, noGap(t))
	if err != nil {
		t.Fatal(err)
	}
	got := x.Of([]pack.ID{mustID(t, inner), mustID(t, outer), mustID(t, gone)})
	want := []Reached{
		{AccessRef, []string{"refs/tags/inner", "refs/tags/outer"}, 2},
		{AccessRef, []string{"refs/tags/outer"}, 1},
		{AccessNone, nil, 0},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

// TestGraphWithACircle builds what only an index that lies about ids can show: commits that are their own ancestors.
func TestGraphWithACircle(t *testing.T) {
	id := func(n int) pack.ID { return mustID(t, fmt.Sprintf("%040x", n)) }
	b := NewGraphBuilder()
	b.Add(id(1), &Commit{})
	b.Add(id(2), &Commit{Parents: []pack.ID{id(1), id(4)}})
	b.Add(id(3), &Commit{Parents: []pack.ID{id(2)}})
	b.Add(id(4), &Commit{Parents: []pack.ID{id(3)}})
	b.Add(id(5), &Commit{Parents: []pack.ID{id(9)}})
	g := b.Graph()
	if !g.circle || len(g.order) != 5 || len(g.missing) != 1 {
		t.Errorf("circle %v, order %v, missing %v", g.circle, g.order, g.missing)
	}
	s := newSandbox(t)
	var noted gaps
	x, err := s.open().NewReach(context.Background(), g, noted.add)
	if err != nil {
		t.Fatal(err)
	}
	if got := x.Of([]pack.ID{id(3)}); got[0].Access != AccessUnknown {
		t.Errorf("access %d; want unknown", got[0].Access)
	}
	if diff := cmp.Diff([]string{"commits "}, noted.all); diff != "" {
		t.Errorf("gaps, want -, got +:\n%s", diff)
	}
}

// TestLinkCheckFindsWhatGitFinds takes random objects away and compares with git's own list of what is missing.
func TestLinkCheckFindsWhatGitFinds(t *testing.T) {
	for seed := range uint64(4) {
		s := inventHistory(t, 2*seed+1) // loose
		rng := rand.New(rand.NewPCG(seed, 2))
		for _, line := range strings.Split(s.git("cat-file", "--batch-all-objects", "--batch-check"), "\n") {
			fields := strings.Fields(line)
			if (fields[1] == "blob" || fields[1] == "tree") && rng.IntN(8) == 0 {
				s.lose(fields[0])
			}
		}
		var want []string
		// Every commit and tree is a start, since git would not look at what nothing reaches.
		var starts strings.Builder
		for _, line := range strings.Split(s.git("cat-file", "--batch-all-objects", "--batch-check"), "\n") {
			if fields := strings.Fields(line); fields[1] == "commit" || fields[1] == "tree" {
				starts.WriteString(fields[0] + "\n")
			}
		}
		for _, line := range strings.Split(s.feed(starts.String(), "rev-list", "--objects", "--missing=print", "--stdin"), "\n") {
			if id, found := strings.CutPrefix(line, "?"); found {
				want = append(want, id)
			}
		}
		slices.Sort(want)
		r := s.open()
		check, _ := s.checkLinks(r, 2)
		var got []string
		n := check.Missing(func(_, item string, why error) {
			if !errors.Is(why, pack.ErrNotFound) {
				t.Error(why)
			}
			got = append(got, item)
		})
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" || int(n) != len(want) {
			t.Errorf("seed %d: %d, want -, got +:\n%s", seed, n, diff)
		}
	}
}

func FuzzEntryEnd(f *testing.F) {
	f.Add([]byte("100644 name\x00id"))
	f.Add([]byte("1234567\x00"))
	f.Add([]byte("\x80\x01\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if got, want := entryEnd(data), bytes.IndexByte(data, 0); got != want {
			t.Errorf("entryEnd(%q) = %d; want %d", data, got, want)
		}
	})
}

// FuzzTreeScan compares the quick scan of a tree with the parser.
func FuzzTreeScan(f *testing.F) {
	id := strings.Repeat("\x11", 20)
	f.Add([]byte("100644 a\x00"+id+"40000 b\x00"+id+"160000 c\x00"+id), id)
	f.Add([]byte("\x00"+id+" \x00"+id+"1 \x00"+id), id)
	f.Fuzz(func(t *testing.T, data []byte, raw string) {
		target, ok := pack.IDFromBytes([]byte(raw))
		if !ok || len(raw) != 20 {
			return
		}
		s := &treeScan{has: func(pack.ID) bool { return true }, idLen: 20, round: 1, nodes: newIDTable()}
		s.workers = []treeWorker{{names: map[string]uint32{}}}
		s.edges.Store(1 << 20)
		s.hits.Store(1 << 20)
		s.aim(map[pack.ID]uint32{target: leafTarget})
		if err := s.visit(&s.workers[0], &pack.Object{ID: target, Data: data}, func(string, string, error) {}); err != nil {
			t.Fatal(err)
		}
		hits, edges := 0, 0
		for e := range ParseTree(data, 20) {
			switch {
			case e.ID.IsZero():
			case IsTree(e.Mode):
				edges++
			case e.ID == target && !IsGitlink(e.Mode):
				hits++
			}
		}
		if len(s.workers[0].hits) != hits || len(s.workers[0].edges) != edges {
			t.Errorf("%d hits and %d edges; want %d and %d", len(s.workers[0].hits), len(s.workers[0].edges), hits, edges)
		}
	})
}

// FuzzCommitted compares the quick reading of a date with the one for reports.
func FuzzCommitted(f *testing.F) {
	for _, seed := range []string{
		"C <c@example.com> 1700000000 +0100", "C <c> 170000000 +0000", "> 1700000000 +0000", "<> 1700000000 ", "<>1700000000 +00000",
		"<>  1700000000 +0000", "<> 17000 0000 +0000", "<> -170000000 +0000", "<> +170000000 +0000", "none", "<> \t1700000000 +0000", "<> 9999999999 +",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		want := int64(noDate)
		if when := ParsePerson(line).When; !when.IsZero() {
			want = when.Unix()
		}
		if got := committed(line); got != want {
			t.Errorf("committed(%q) = %d; want %d", line, got, want)
		}
	})
}

// TestGraphBuilderKeepsTheFirst adds commits twice, between others with parents of their own.
func TestGraphBuilderKeepsTheFirst(t *testing.T) {
	id := func(n int) pack.ID { return mustID(t, fmt.Sprintf("%040x", n)) }
	b := NewGraphBuilder()
	b.Add(id(1), &Commit{Tree: id(100)})
	b.Add(id(2), &Commit{Tree: id(200), Parents: []pack.ID{id(1)}})
	b.Add(id(1), &Commit{Tree: id(101), Parents: []pack.ID{id(2), id(3)}})
	b.Add(id(3), &Commit{Tree: id(300), Parents: []pack.ID{id(2), id(1)}})
	b.Add(id(2), &Commit{Tree: id(201), Parents: []pack.ID{id(3)}})
	g := b.Graph()
	want := []string{id(100).String() + " []", id(200).String() + " [0]", id(300).String() + " [1 0]"}
	var got []string
	for i := range g.Len() {
		if n, found := g.number(id(i + 1)); !found || int(n) != i {
			t.Errorf("number of commit %d is %d, %v", i+1, n, found)
		}
		got = append(got, fmt.Sprint(g.trees[i], " ", g.parentsOf(uint32(i))))
	}
	if diff := cmp.Diff(want, got); diff != "" || g.circle {
		t.Errorf("circle %v; want -, got +:\n%s", g.circle, diff)
	}
	if _, found := g.number(id(9)); found || NewGraphBuilder().Graph().Has(id(1)) {
		t.Error("found a commit that is not there")
	}
}
