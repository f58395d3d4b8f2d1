package scanner

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLocationNames(t *testing.T) {
	for _, c := range []struct{ path, member, place, file string }{
		{"a.txt", "", "a.txt", "a.txt"},
		{"a.zip", "dir/b.env", "a.zip!/dir/b.env", "dir/b.env"},
		{"a.gz", "(content)", "a.gz!/(content)", "a.gz"},
		{"a.zip", "b.docx!/word/document.xml!/(text)", "a.zip!/b.docx!/word/document.xml!/(text)", "word/document.xml"},
		{"", "b", "b", "b"},
	} {
		l := Location{Path: c.path, Member: c.member}
		if l.Place() != c.place || l.file() != c.file {
			t.Errorf("%q in %q is at %q, file %q", c.member, c.path, l.Place(), l.file())
		}
	}
}

func TestDropRepeated(t *testing.T) {
	at := func(path, member, fingerprint string, offset int64) Finding {
		return Finding{Fingerprint: fingerprint, Location: Location{Path: path, Member: member, Offset: offset}}
	}
	got := dropRepeated([]Finding{
		at("a.zip", "", "x", 40), at("a.zip", "m", "x", 0), at("a.zip", "m", "x", 9), // stored: both in the member stay
		at("a.zip", "", "y", 80),                                   // only in the archive's own bytes
		at("b.zip", "", "x", 0),                                    // another archive
		at("d", "w.xml", "z", 5), at("d", "w.xml!/(text)", "z", 1), // the text says more than its source
		at("p.pdf", "(page 1)", "q", 3), at("p.pdf", "(page 1)", "q", 33), at("p.pdf", "(page 2)", "q", 3),
	})
	var names []string
	for _, f := range got {
		names = append(names, f.Location.Place()+" "+f.Fingerprint)
	}
	want := []string{
		"a.zip y", "a.zip!/m x", "a.zip!/m x", "b.zip x", "d!/w.xml!/(text) z", "p.pdf!/(page 1) q", "p.pdf!/(page 2) q",
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
	plain := []Finding{at("b", "", "x", 1), at("a", "", "x", 2)}
	if diff := cmp.Diff("b", dropRepeated(plain)[0].Location.Path); diff != "" {
		t.Error("findings without archives were touched")
	}
}
