package scanner

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestRecorderWithin checks that what a part records counts in the whole, under the part's name.
func TestRecorderWithin(t *testing.T) {
	var whole Recorder
	part := whole.Within("lib/a")
	inner := part.Within("b")
	whole.AddPlaces("hooks", 2)
	part.AddPlaces("hooks", 3)
	inner.AddPlaces("LFS objects", 1)
	for i, r := range []*Recorder{&whole, part, inner} {
		r.AddCommits(i)
		r.AddBlob(10)
		r.AddFile(10)
		r.AddRefs(1)
		r.AddBytes(1)
	}
	part.Unread("blobs", "damaged", "1234")
	inner.Unread("blobs", "damaged", "5678")
	inner.LeftOut("refs", "gone", "")
	inner.StartPhase("reading", 7)
	inner.Step(2)
	want := Coverage{
		Commits: 3, Blobs: 3, Files: 3, Refs: 3, Bytes: 63,
		Skipped: []Skip{
			{What: "blobs", Reason: "damaged", Count: 2, Unread: true, Items: []string{"lib/a/b: 5678", "lib/a: 1234"}},
			{What: "refs", Reason: "gone", Count: 1, Items: []string{"lib/a/b"}},
		},
		Places: []Place{{"LFS objects", 1}, {"hooks", 5}},
	}
	for _, r := range []*Recorder{&whole, part} {
		if diff := cmp.Diff(want, r.Coverage()); diff != "" {
			t.Errorf("want -, got +:\n%s", diff)
		}
	}
	if p := whole.Progress(); p.Phase != "reading of lib/a/b" || p.Total != 7 || p.Done != 2 {
		t.Errorf("progress %+v", p)
	}
}
