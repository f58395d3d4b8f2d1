package scanner

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// report tells a recorder a bit of everything.
func report(r *Recorder) {
	r.AddCommits(2)
	r.AddBlob(100)
	r.AddFile(10)
	r.AddBytes(1)
	r.AddRefs(3)
	r.AddPlaces("hooks", 4)
	for i := range 2 * maxSkipItems {
		r.Unread("blobs", "too large", fmt.Sprintf("%03d", i))
	}
	r.UnreadCount("refs", "no reason", 5)
	r.LeftOut("links", "not followed", "a")
	r.LeftOut("links", "not followed", "a")
}

// TestBothAreTold also checks that what one recorder was told can be told to another one.
func TestBothAreTold(t *testing.T) {
	var first, plain, also Recorder
	first.AddCommits(1)
	plain.AddCommits(1)
	report(&plain)
	both := first.Both(&also)
	report(both)
	if d := cmp.Diff(plain.Coverage(), first.Coverage()); d != "" {
		t.Errorf("the first one (-want +got):\n%s", d)
	}
	var alone Recorder
	report(&alone)
	if d := cmp.Diff(alone.Coverage(), also.Coverage()); d != "" {
		t.Errorf("the second one (-want +got):\n%s", d)
	}
	var again Recorder
	again.AddCommits(1)
	again.Add(also.Coverage())
	if d := cmp.Diff(plain.Coverage(), again.Coverage()); d != "" {
		t.Errorf("told again (-want +got):\n%s", d)
	}
}

func TestPartsAreToldAgain(t *testing.T) {
	var plain, whole, kept Recorder
	report(plain.Within("sub"))
	part := whole.Within("sub").Both(&kept)
	report(part)
	if d := cmp.Diff(plain.Coverage(), whole.Coverage()); d != "" {
		t.Errorf("the whole (-want +got):\n%s", d)
	}
	if strings.Contains(fmt.Sprint(kept.Coverage()), "sub") {
		t.Error("what is kept of a part has the part's name, which would come twice")
	}
	var again Recorder
	again.Within("sub").Add(kept.Coverage())
	if d := cmp.Diff(plain.Coverage(), again.Coverage()); d != "" {
		t.Errorf("told again (-want +got):\n%s", d)
	}
}

func TestAmounts(t *testing.T) {
	var r Recorder
	r.AddBlob(7)
	r.AddBytes(3)
	if blobs, bytes, others := r.Amount(); blobs != 1 || bytes != 10 || others != 0 || r.Gaps() != 0 {
		t.Errorf("%d blobs, %d bytes, %d others, %d gaps", blobs, bytes, others, r.Gaps())
	}
	for i, tell := range []func(){
		func() { r.AddCommits(1) }, func() { r.AddFile(1) }, func() { r.AddRefs(1) }, func() { r.AddPlaces("hooks", 1) },
	} {
		tell()
		if _, _, others := r.Amount(); others != int64(i+1) {
			t.Errorf("call %d does not count", i)
		}
	}
	for i, tell := range []func(){
		func() { r.Unread("a", "b", "c") }, func() { r.Unread("a", "b", "c") }, func() { r.LeftOut("a", "b", "") },
		func() { r.UnreadCount("a", "b", 2) },
	} {
		tell()
		if r.Gaps() != int64(i+1) {
			t.Errorf("%d gaps after %d calls", r.Gaps(), i+1)
		}
	}
}

func TestHolds(t *testing.T) {
	long, word, name := strings.Repeat("q7Zx", 8), "swordfish", "public-name-of-a-key"
	found := []Finding{
		{Secret: NewSecret("pre-"+long, 4)}, {Secret: NewSecret(word, 0)}, {Secret: NewIdentifier(name)},
		{Secret: NewSecret("abc", 0), raw: []Secret{NewSecret("c3RvcmVkIGFz", 0)}},
	}
	for text, want := range map[string]bool{
		"a/b/" + long[3:17]:     true,
		"a/" + word + ".txt":    true,
		"as it is c3RvcmVkIGFz": true,
		"a/" + name:             false,
		"pre-":                  false,
		"abc":                   false, // stands in many texts
		"":                      false,
		long[:8]:                false,
	} {
		if Holds(found, []string{"harmless", text}) != want {
			t.Errorf("%q: want %v", text, want)
		}
	}
	if Holds(nil, []string{long}) {
		t.Error("a text holds a secret of nobody")
	}
}
