package repo

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skant-dev/skant/internal/pack"
)

// TestReplayOfPackedChains finds blobs and names in histories whose trees are long chains of deltas, and sees to it that
// it was done from records.
func TestReplayOfPackedChains(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			s := inventHistoryWith(t, 300+seed, 25)
			s.git("repack", "-adfkq", "--depth=50", "--window=50")
			tr := s.truth()
			names := map[string][]string{"sub": {"name sub"}, "z03": {"name z", "name 3"}, "absent": {"name absent"}}
			want := slices.Concat(tr.introductions(s), tr.named(names).introductions(s))
			want = append(want, Introduction{Key: "name absent", Reached: Reached{Access: AccessNone}})
			slices.SortFunc(want, byPlace)
			sought := Sought{Blobs: tr.holding(t), Names: names}
			got := s.introductions(sought, attributionOptions{2, maxTreeEdges, maxTreePlaces}, noGap(t))
			slices.SortFunc(got, byPlace)
			if diff := cmp.Diff(want, got, compareIDs); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
			// A key that a name and blobs hold, with room for few edges: both ways have to agree.
			names["f"] = []string{"a"}
			s.introductions(sought, attributionOptions{3, 30, maxTreePlaces}, noGap(t))
			s.replays(sought, true)
		})
	}
}

// replays checks whether records suffice, and that they are not all of whole trees.
func (s *sandbox) replays(sought Sought, want bool) {
	s.t.Helper()
	r := s.open()
	ctx := context.Background()
	check, g := s.checkLinks(r, 2)
	x, err := r.NewReach(ctx, g, func(string, string, error) {})
	if err != nil {
		s.t.Fatal(err)
	}
	_, _, ok := r.replayRecords(ctx, newAttribution(x, sought), check.Records(), func(string, string, error) {})
	if ok != want {
		s.t.Errorf("records suffice: %v; want %v", ok, want)
	}
	deltas := 0
	for _, record := range check.Records().all() {
		if record.base != 0 {
			deltas++
		}
	}
	if deltas < 20 {
		s.t.Errorf("only %d trees were recorded as deltas: too few to prove anything", deltas)
	}
}

// TestRecordsThatDoNotSuffice leaves trees out, as a cache or a bound would: the result must be that of reading all trees.
func TestRecordsThatDoNotSuffice(t *testing.T) {
	s := inventHistoryWith(t, 310, 25)
	s.git("repack", "-adfkq", "--depth=50", "--window=50")
	tr := s.truth()
	r := s.open()
	ctx := context.Background()
	whole, g := s.checkLinks(r, 2)
	x, err := r.NewReach(ctx, g, noGap(t))
	if err != nil {
		t.Fatal(err)
	}
	find := func(records *TreeRecords) []Introduction {
		found, err := r.Introductions(ctx, x, Sought{Blobs: tr.holding(t), Records: records}, 2, noGap(t))
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	want := find(whole.Records())
	if len(want) < 20 {
		t.Fatalf("only %d introductions", len(want))
	}
	partly := func(change func(c *LinkCheck), skip func(n int) bool) *TreeRecords {
		c := r.NewLinkCheck(2)
		change(c)
		store, err := r.Objects()
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		err = store.Each(ctx, pack.EachOptions{Types: []pack.Type{pack.Tree}, Workers: 1}, func(worker int, o *pack.Object) error {
			if n++; skip(n) {
				return nil
			}
			return c.Tree(worker, o, noGap(t))
		}, func(p pack.Problem) { t.Error(p) })
		if err != nil {
			t.Fatal(err)
		}
		return c.Records()
	}
	none, nothing := func(int) bool { return false }, func(*LinkCheck) {}
	for name, test := range map[string]struct {
		records *TreeRecords
		suffice bool
	}{
		"without roots":   {partly(nothing, none), true},
		"every 2nd tree":  {partly(nothing, func(n int) bool { return n%2 == 0 }), false},
		"one tree less":   {partly(nothing, func(n int) bool { return n == 40 }), false},
		"no tree":         {partly(nothing, func(int) bool { return true }), false},
		"no room":         {partly(func(c *LinkCheck) { c.records.limit = 300 << 10 }, none), true},
		"still less room": {partly(func(c *LinkCheck) { c.records.limit = 100 << 10 }, none), false},
		"too many names":  {partly(func(c *LinkCheck) { c.workers[0].nameBytes = maxNameBytes - 1000 }, none), false},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, ok := r.replayRecords(ctx, newAttribution(x, Sought{Blobs: tr.holding(t)}), test.records, noGap(t))
			if ok != test.suffice {
				t.Errorf("records suffice: %v; want %v", ok, test.suffice)
			}
			if diff := cmp.Diff(want, find(test.records), compareIDs); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}
