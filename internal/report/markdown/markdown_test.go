package markdown

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func sample(t *testing.T) *scanner.Report {
	t.Helper()
	f, err := os.Open("../testdata/report.json")
	if err != nil {
		t.Fatal(err)
	}
	rep, err := report.Read(f)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	return rep
}

func TestGolden(t *testing.T) {
	set := rules.NewSet([]rules.Rule{{ID: "anthropic-api-key", Why: "Whoever holds it can call the API at your cost."}}, nil)
	got := Render(sample(t), set, MaxComment)
	name := filepath.Join("testdata", "history.md")
	if *update {
		if err := errors.Join(os.MkdirAll("testdata", 0o755), os.WriteFile(name, []byte(got), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("differs (-want +got), -update rewrites it:\n%s", diff)
	}
	for _, private := range []string{"Ann Example", "ann@example.org", "Add the deploy job"} {
		if strings.Contains(got, private) {
			t.Errorf("%q is in the comment", private)
		}
	}
}

// TestFitsAComment: whatever is in the report, the whole fits, and says how much it leaves out.
func TestFitsAComment(t *testing.T) {
	for _, fill := range []string{"x", "@", "`", "|", "日", "\x1b", "\xff", "<"} {
		rep := sample(t)
		f := rep.Findings[1]
		rep.Findings = nil
		long := strings.Repeat(fill, 3000)
		for i := range 4000 {
			f.Fingerprint, f.Location.Path, f.Title, f.RuleID = fmt.Sprintf("v1:%d", i/2), fmt.Sprint(i)+long, long, long
			rep.Findings = append(rep.Findings, f)
		}
		for range 50 {
			rep.Coverage.Skipped = append(rep.Coverage.Skipped, scanner.Skip{What: long, Reason: long, Unread: true, Items: []string{long}})
		}
		rep.Target, rep.Command = long, long
		for _, room := range []int{MaxComment, 0} {
			got := Render(rep, nil, room)
			if n := len(got); n > max(room, minRoom) {
				t.Errorf("%q: %d bytes of %d", fill, n, room)
			}
			if !utf8.ValidString(got) || !strings.Contains(got, "for which there is no room here") || !strings.Contains(got, "INCOMPLETE") && !strings.Contains(got, "The scan is incomplete") {
				t.Errorf("%q: what is left out is not said", fill)
			}
		}
	}
}

func TestCleanAndIncompleteDiffer(t *testing.T) {
	rep := &scanner.Report{Coverage: scanner.Coverage{Complete: true, Files: 1}}
	clean := Render(rep, nil, 0)
	rep.Coverage.Complete = false
	if bad := Render(rep, nil, 0); strings.Contains(clean, "incomplete") || !strings.HasPrefix(clean, "## skant: no secrets found\n") ||
		!strings.HasPrefix(bad, "## skant: the scan is incomplete\n") || !strings.Contains(bad, "**The scan is incomplete:**") {
		t.Errorf("%s\n%s", clean, bad)
	}
	rep.Findings = []scanner.Finding{{Fingerprint: "v1:0", RuleID: scanner.PurgedObjectRule}}
	if got := Render(rep, nil, 0); !strings.HasPrefix(got, "## skant: no secrets found, 1 purged object\n") {
		t.Errorf("an object is no secret: %s", got)
	}
}

// TestNumberedTextIsNoList: nothing that a provider says begins a list.
func TestNumberedTextIsNoList(t *testing.T) {
	for _, text := range []string{"1) one", "1. one", "- one", "+ one", "> one", "# one"} {
		if got := report.Markdown(text); strings.HasPrefix(got, text[:2]) && strings.ContainsAny(got[:2], ").-+>#") {
			t.Errorf("%q stays %q", text, got)
		}
	}
}
