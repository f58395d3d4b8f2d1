package sarif

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/skant-dev/skant/scanner"
)

// TestHistoryKeepsToItself: results of a history scan point at no file of the checkout, stay when lines move, and are told apart.
func TestHistoryKeepsToItself(t *testing.T) {
	rep := sample(t)
	_, l := render(t, rep, Options{})
	seen := map[string]bool{}
	for _, r := range l.Runs[0].Results {
		uri, hash := r.Locations[0].PhysicalLocation.ArtifactLocation.URI, r.PartialFingerprints["primaryLocationLineHash"]
		if !strings.HasPrefix(uri, ".git/") || seen[hash] {
			t.Errorf("%s with hash %s", uri, hash)
		}
		seen[hash] = true
	}
	for i := range rep.Findings {
		rep.Findings[i].Location.StartLine += 7
	}
	_, moved := render(t, rep, Options{})
	for _, r := range moved.Runs[0].Results {
		if !seen[r.PartialFingerprints["primaryLocationLineHash"]] {
			t.Error("another line is another alert")
		}
	}
}

func TestLineHashIsPassedOn(t *testing.T) {
	rep := sample(t)
	rep.Command, rep.Findings = "scan", rep.Findings[:1]
	f := &rep.Findings[0]
	f.Location.Kind, f.Location.Path, f.Location.Commit, f.Suppressed, f.Exposure = scanner.KindFile, "a.env", nil, nil, nil
	for _, c := range []struct{ hash, member, want string }{{"", "", ""}, {"c129715d7a2bc9a3:1", "", "c129715d7a2bc9a3:1"}, {"c1:1", "x.txt", ""}} {
		f.Location.LineHash, f.Location.Member = c.hash, c.member
		_, l := render(t, rep, Options{})
		if got := l.Runs[0].Results[0].PartialFingerprints["primaryLocationLineHash"]; got != c.want {
			t.Errorf("%+v gives %q", c, got)
		}
	}
}

func TestOtherPlacesAreRelated(t *testing.T) {
	rep := sample(t)
	f := rep.Findings[0]
	rep.Findings = nil
	for i := range 25 {
		f.Location.Path = fmt.Sprintf("f%02d", i)
		rep.Findings = append(rep.Findings, f)
	}
	text, l := render(t, rep, Options{})
	if !strings.Contains(l.Runs[0].Results[0].Message.Text, "in 24 more places") {
		t.Error(l.Runs[0].Results[0].Message.Text)
	}
	var doc struct {
		Runs []struct {
			Results []struct {
				Locations, RelatedLocations []struct {
					PhysicalLocation struct{ ArtifactLocation struct{ URI string } }
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	for _, r := range doc.Runs[0].Results {
		if len(r.RelatedLocations) != maxRelated {
			t.Fatalf("%d related locations", len(r.RelatedLocations))
		}
		for _, o := range r.RelatedLocations {
			if o.PhysicalLocation == r.Locations[0].PhysicalLocation {
				t.Error("a place is related to itself")
			}
		}
	}
}

func TestProvenanceOfTheReport(t *testing.T) {
	for uri, want := range map[string]int{"https://example.org/team/app": 1, "": 0, "javascript:alert(1)": 0, "https://x y": 0, "https://": 0, "/srv/x": 0} {
		rep := sample(t)
		rep.Repository = &scanner.Repository{URI: uri, Revision: "abc", Branch: "main"}
		_, l := render(t, rep, Options{})
		if got := l.Runs[0].VersionControlProvenance; len(got) != want || want == 1 && got[0].RevisionID != "abc" {
			t.Errorf("%q: %v", uri, got)
		}
	}
}

// TestEveryPlaceIsCounted: the message counts the places for which there is no room, too.
func TestEveryPlaceIsCounted(t *testing.T) {
	rep := sample(t)
	f := rep.Findings[0]
	f.Suppressed, f.Location.Commit = nil, &scanner.Commit{ID: "0123456789ab"}
	rep.Findings = nil
	for i := range maxResults + 1001 {
		f.Location.Path = fmt.Sprintf("f%d", i)
		rep.Findings = append(rep.Findings, f)
	}
	text, l := render(t, rep, Options{})
	if got := l.Runs[0].Results[0].Message.Text; !strings.Contains(got, "The same secret is in 6,000 more places of this report.") {
		t.Error(got)
	}
	if strings.Contains(text, "0001-01-01") {
		t.Error("a commit without a date is of the year 1")
	}
}

// TestCutMessages: where a message is cut, what is left is still escaped.
func TestCutMessages(t *testing.T) {
	for _, s := range []string{"{", "[", `\`, "}", "]"} {
		for pad := range 5 {
			got := say(strings.Repeat("x", pad) + plain(strings.Repeat(s, maxDescription))).Text
			rest := strings.NewReplacer("{{", "", "}}", "", `\\`, "", `\[`, "", `\]`, "").Replace(got)
			if strings.ContainsAny(rest, `{}[]\`) || !strings.HasSuffix(got, "…") {
				t.Errorf("%q, %d: …%q", s, pad, got[len(got)-10:])
			}
		}
	}
}

// TestFileIsBounded: 6,000 findings whose every text is as long as can be still make a file that is taken, and what is left out is said.
func TestFileIsBounded(t *testing.T) {
	rep := sample(t)
	f := rep.Findings[0]
	rep.Findings = nil
	long := strings.Repeat("日\u202e", 2000)
	f.Excerpt, f.Title, f.Location.Object, f.Location.Member = long, long, long, long
	for i := range 6000 {
		f.Location.Path = fmt.Sprintf("f%d", i)
		rep.Findings = append(rep.Findings, f)
	}
	text, l := render(t, rep, Options{})
	note := l.Runs[0].Invocations[0].ToolExecutionNotifications[0].Message.Text
	want := fmt.Sprintf("%d", 6000-len(l.Runs[0].Results))
	if len(text) > 10_000_000 || len(l.Runs[0].Results) < 500 || !strings.HasPrefix(strings.ReplaceAll(note, ",", ""), want+" results") || !strings.Contains(note, "10 MB") {
		t.Errorf("%d bytes, %d results: %s", len(text), len(l.Runs[0].Results), note)
	}
}
