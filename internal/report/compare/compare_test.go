package compare

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// found is a finding in a file.
func found(print, path string, line int, v scanner.Verdict) scanner.Finding {
	return scanner.Finding{
		Fingerprint: print, RuleID: "rule-" + print[:1], Title: "Title " + print, Severity: rules.High, Confidence: rules.HighConfidence, Secret: scanner.Shown("x" + print + "...tail"),
		Location: scanner.Location{Path: path, StartLine: line, StartColumn: 1, EndLine: line, EndColumn: 9, Kind: scanner.KindFile}, Verdict: v,
	}
}

func saved(fs ...scanner.Finding) *scanner.Report {
	return &scanner.Report{
		SchemaVersion: "1.0", Tool: scanner.Tool{Name: "skant", Version: "v1"}, Target: ".", Command: "scan", StartedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Coverage: scanner.Coverage{Complete: true, Skipped: []scanner.Skip{}}, Findings: fs,
	}
}

func prints(list []Secret) string {
	var out []string
	for _, s := range list {
		out = append(out, s.Fingerprint)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func quiet(f scanner.Finding) scanner.Finding {
	f.Suppressed = &scanner.Suppression{By: scanner.ByBaseline, Where: ".skant-baseline:7", Reason: "known"}
	return f
}

func TestNew(t *testing.T) {
	old := saved(found("a", "a.env", 1, ""), found("b", "b.env", 1, scanner.Dead), found("c", "c.env", 1, ""), quiet(found("d", "d.env", 1, "")),
		found("e", "e.env", 1, ""), found("f", "f.env", 1, scanner.Live), quiet(found("h", "h.env", 1, "")), found("i", "i.env", 3, ""), found("i", "i.env", 4, ""))
	next := saved(found("a", "a.env", 90, ""), found("b", "b.env", 1, scanner.Live), found("d", "d.env", 1, ""), quiet(found("e", "e.env", 1, "")),
		found("f", "f.env", 1, scanner.Dead), found("f", "g.env", 1, scanner.Dead), found("g", "g.env", 1, ""), found("i", "i.env", 5, ""), found("i", "j.env", 1, ""))
	c := New(old, next)
	for _, l := range []struct {
		what, want string
		got        []Secret
	}{
		{"new", "d g", c.Appeared}, {"gone", "c", c.Gone}, {"changed", "b f", c.Changed}, {"silenced", "e", c.Silenced}, {"moved", "i", c.Moved},
	} {
		if got := prints(l.got); got != l.want {
			t.Errorf("%s: %q, want %q", l.what, got, l.want)
		}
	}
	if c.Same != 1 || !c.GoneProven || len(c.Cautions) != 0 || !c.Alarming() {
		t.Errorf("same %d, proven %v, cautions %v, alarming %v", c.Same, c.GoneProven, c.Cautions, c.Alarming())
	}
	for _, s := range c.Changed {
		if s.BecameAlive != (s.Fingerprint == "b") || s.Was == nil {
			t.Errorf("%s: became alive: %v, was %v", s.Fingerprint, s.BecameAlive, s.Was)
		}
	}
	for _, s := range c.Appeared {
		if s.WasSuppressed != (s.Fingerprint == "d") {
			t.Errorf("%s: was suppressed: %v", s.Fingerprint, s.WasSuppressed)
		}
	}
	if i := c.Moved[0]; len(i.Came) != 1 || i.Came[0].Location.Path != "j.env" || len(i.Left) != 1 || i.Left[0].Location.Path != "i.env" || i.Stayed != 1 {
		t.Errorf("places of i: %+v", i)
	}
	if why := c.Silenced[0].Why; !strings.Contains(why, "known") || !strings.Contains(why, ".skant-baseline:7") {
		t.Errorf("why it is silenced: %q", why)
	}
}

// TestNotAskedIsNoChange: a report without verdicts says nothing about them, which is told once.
func TestNotAskedIsNoChange(t *testing.T) {
	asked := found("a", "a.env", 1, scanner.Live)
	asked.Verification = &scanner.Verification{Provider: "p"}
	c := New(saved(asked), saved(found("a", "a.env", 1, "")))
	if len(c.Changed) != 0 || c.Alarming() || c.Same != 1 || len(c.Cautions) != 1 || c.Cautions[0].Code != NotAsked {
		t.Errorf("%+v", c)
	}
}

// TestAliveAllAlong: a secret that was alive before has not become so.
func TestAliveAllAlong(t *testing.T) {
	c := New(saved(found("a", "a.env", 1, scanner.Restricted)), saved(found("a", "a.env", 1, scanner.Live)))
	if len(c.Changed) != 1 || c.Changed[0].BecameAlive || c.Alarming() {
		t.Errorf("%+v", c.Changed)
	}
}

// TestPlaces: the same path in another commit, or in another member of an archive, is another place.
func TestPlaces(t *testing.T) {
	for what, change := range map[string]func(l *scanner.Location){
		"commit": func(l *scanner.Location) { l.Commit = &scanner.Commit{ID: "other"} }, "member": func(l *scanner.Location) { l.Member = "other" },
		"kind": func(l *scanner.Location) { l.Kind = scanner.KindStaged }, "submodule": func(l *scanner.Location) { l.Submodule = "other" },
	} {
		a := found("a", "a.zip", 1, "")
		a.Location.Member, a.Location.Commit = "one", &scanner.Commit{ID: "one"}
		b := a
		change(&b.Location)
		if c := New(saved(a), saved(b)); len(c.Moved) != 1 {
			t.Errorf("another %s is no other place: %s", what, c.Summary())
		}
	}
}

func TestCautions(t *testing.T) {
	a, b := found("a", "a.env", 1, ""), found("b", "a.env", 1, "")
	b.Secret, b.RuleID = a.Secret, a.RuleID
	short := b
	short.Secret = scanner.Shown("...")
	shortOld := a
	shortOld.Secret = scanner.Shown("...")
	for _, test := range []struct {
		what   string
		change func(old, next *scanner.Report)
		want   string
		proven bool
	}{
		{"nothing", func(_, _ *scanner.Report) {}, "", true},
		{"new incomplete", func(_, n *scanner.Report) { n.Coverage.Complete = false }, NewIncomplete, false},
		{"old incomplete", func(o, _ *scanner.Report) { o.Coverage.Complete = false }, OldIncomplete, true},
		{"target", func(_, n *scanner.Report) { n.Target = "elsewhere" }, OtherTarget, false},
		{"command", func(_, n *scanner.Report) { n.Command = "history" }, OtherCommand, false},
		{"swapped", func(o, _ *scanner.Report) { o.StartedAt = o.StartedAt.AddDate(1, 0, 0) }, Swapped, true},
		{"version", func(_, n *scanner.Report) { n.Tool.Version = "v2" }, OtherVersion, false},
		{"hidden", func(_, n *scanner.Report) { n.Hidden = 3 }, Hidden, false},
		{"as many hidden, and none gone", func(o, n *scanner.Report) { o.Hidden, n.Hidden = 3, 3 }, "", true},
		{"gone or hidden", func(o, n *scanner.Report) { o.Hidden, n.Hidden, n.Findings = 3, 3, nil }, Hidden, false},
		{"gone or not staged", func(o, n *scanner.Report) { o.Command, n.Command, n.Findings = "staged", "staged", nil }, OnlyChanges, false},
		{"gone or not of the push", func(o, n *scanner.Report) { o.Command, n.Command, n.Findings = "ci", "ci", nil }, OnlyChanges, false},
		{"nothing gone from the index", func(o, n *scanner.Report) { o.Command, n.Command = "staged", "staged" }, "", true},
		{"rules", func(_, n *scanner.Report) { n.Coverage.Policy = &scanner.Policy{RulesActive: 1} }, OtherRules, false},
		{"settings", func(o, n *scanner.Report) {
			o.Coverage.Policy = &scanner.Policy{RulesActive: 1}
			n.Coverage.Policy = &scanner.Policy{RulesActive: 1, Weaker: []scanner.WeakerSetting{{Setting: "max-size", Value: "1"}}}
		}, OtherRules, false},
		{"left out", func(o, n *scanner.Report) {
			o.Coverage.Skipped = []scanner.Skip{{What: "files", Reason: "ignored", Count: 2}}
			n.Coverage.Skipped = []scanner.Skip{{What: "files", Reason: "ignored", Count: 3}}
		}, LeftOut, false},
		{"not read", func(_, n *scanner.Report) {
			n.Coverage.Complete = false
			n.Coverage.Skipped = []scanner.Skip{{What: "files", Reason: "locked", Count: 3, Unread: true}}
		}, NewIncomplete, false},
		{"left out as before", func(o, n *scanner.Report) {
			o.Coverage.Skipped = []scanner.Skip{{What: "files", Reason: "ignored", Count: 2}, {What: "folders", Reason: "x", Count: 1}}
			n.Coverage.Skipped = []scanner.Skip{{What: "files", Reason: "ignored", Count: 2}}
		}, "", true},
		{"key", func(_, n *scanner.Report) { n.Findings = []scanner.Finding{b} }, OtherKey, false},
		{"a short password was changed", func(o, n *scanner.Report) {
			o.Findings, n.Findings = []scanner.Finding{shortOld}, []scanner.Finding{short}
		}, "", true},
		{"one fingerprint is in both", func(_, n *scanner.Report) { n.Findings = []scanner.Finding{a, b} }, "", true},
	} {
		old, next := saved(a), saved(a)
		test.change(old, next)
		c := New(old, next)
		var codes []string
		for _, x := range c.Cautions {
			codes = append(codes, x.Code)
		}
		if got := strings.Join(codes, " "); got != test.want || c.GoneProven != test.proven {
			t.Errorf("%s: cautions %q, gone proven %v", test.what, got, c.GoneProven)
		}
	}
}

// TestSets compares with plain sets of fingerprints, over reports made at random: nothing is lost and nothing is in two lists.
func TestSets(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	verdicts := []scanner.Verdict{"", scanner.Live, scanner.Dead, scanner.Unknown}
	some := func() *scanner.Report {
		var fs []scanner.Finding
		for range random.IntN(12) {
			f := found(string(rune('a'+random.IntN(6))), fmt.Sprintf("%d.env", random.IntN(3)), random.IntN(3)+1, verdicts[random.IntN(4)])
			if random.IntN(4) == 0 {
				f = quiet(f)
			}
			fs = append(fs, f)
		}
		return saved(fs...)
	}
	open := func(rep *scanner.Report) map[string]bool {
		out := map[string]bool{}
		for _, f := range rep.Findings {
			if f.Suppressed == nil {
				out[f.Fingerprint] = true
			}
		}
		return out
	}
	for range 2000 {
		old, next := some(), some()
		c := New(old, next)
		before, after := open(old), open(next)
		news, lost, both := 0, 0, 0
		for p := range after {
			if before[p] {
				both++
			} else {
				news++
			}
		}
		for p := range before {
			if !after[p] {
				lost++
			}
		}
		if len(c.Appeared) != news || len(c.Gone)+len(c.Silenced) != lost || len(c.Changed)+len(c.Moved)+c.Same != both {
			t.Fatalf("%d new, %d lost, %d in both; compared: %s", news, lost, both, c.Summary())
		}
		if self := New(old, old); self.Alarming() || len(self.Gone)+len(self.Changed)+len(self.Moved) > 0 || !self.GoneProven {
			t.Fatalf("a report differs from itself: %s", self.Summary())
		}
	}
}

func hostile() *Comparison {
	f := found("z", "a\x1b[2J\u202e|`<img src=x>`@all](http://evil)\n.env", 1, scanner.Live)
	f.Title, f.RuleID = "T|<script>\x07", "r\x1b"
	f.Location.Commit = &scanner.Commit{ID: "\x1b]0;x\x07", Author: "<b>"}
	next := saved(f)
	next.Target = "\x1b[31mred\n# head"
	return New(saved(found("y", "gone.env", 2, "")), next)
}

// TestHarmless: nothing from a report acts on a terminal, or is anything in Markdown but text.
func TestHarmless(t *testing.T) {
	c := hostile()
	var text, markdown bytes.Buffer
	if err := errors.Join(c.Text(&text, report.Tint{}, 80), c.Markdown(&markdown)); err != nil {
		t.Fatal(err)
	}
	for name, out := range map[string]string{"text": text.String(), "markdown": markdown.String()} {
		if i := strings.IndexFunc(out, func(r rune) bool { return r != '\n' && !unicode.IsGraphic(r) }); i >= 0 {
			t.Errorf("%s has %q", name, out[i:min(len(out), i+9)])
		}
	}
	for _, bad := range []string{"<script", "<img", "@all", "](", "`", "\n# head", "http://"} {
		if strings.Contains(markdown.String(), bad) {
			t.Errorf("Markdown has %q:\n%s", bad, markdown.String())
		}
	}
	for _, line := range strings.Split(markdown.String(), "\n") {
		if strings.HasPrefix(line, "| ") && strings.Count(line, "|") != 3 && strings.Count(line, "|") != 5 {
			t.Errorf("a row of the table is broken: %s", line)
		}
	}
}

// TestNoReferences: GitHub looks for mentions and references in the text that Markdown came to, in which an escape is what it stands for.
func TestNoReferences(t *testing.T) {
	f := found("z", "a.env", 1, "")
	f.Title = "@octocat, see #1, GH-1 and https://example.org"
	var b bytes.Buffer
	if err := New(saved(), saved(f)).Markdown(&b); err != nil {
		t.Fatal(err)
	}
	shown := html.UnescapeString(b.String())
	if !strings.Contains(shown, "octocat, see ") {
		t.Fatalf("no title in %s", shown)
	}
	for _, bad := range []string{"@octocat", "#1", "GH-1", "https://"} {
		if strings.Contains(shown, bad) {
			t.Errorf("there is %q in %s", bad, shown)
		}
	}
}

// TestWidth: no line is wider than the terminal, but for what cannot be cut: figures of a head and a verdict.
func TestWidth(t *testing.T) {
	c := hostile()
	for _, width := range []int{40, 80, 200} {
		var text bytes.Buffer
		if err := c.Text(&text, report.Tint{}, width); err != nil {
			t.Fatal(err)
		}
		for _, l := range strings.Split(text.String(), "\n") {
			if report.Clip(l, width) != l {
				t.Errorf("at %d: %q", width, l)
			}
		}
	}
}

func TestSchema(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile("../../../docs/report-diff.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	old := found("f", "f.env", 1, scanner.Dead)
	for name, c := range map[string]*Comparison{
		"empty": New(saved(), saved()), "hostile": hostile(),
		"all":   New(saved(old, found("g", "g.env", 1, "")), saved(found("f", "x.env", 2, scanner.Live), quiet(found("g", "g.env", 1, "")))),
		"moved": New(saved(found("g", "g.env", 1, "")), saved(found("g", "h.env", 1, ""))),
	} {
		var b bytes.Buffer
		if err := c.JSON(&b); err != nil {
			t.Fatal(err)
		}
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(b.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(v); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var back Comparison
		if err := json.Unmarshal(b.Bytes(), &back); err != nil {
			t.Fatal(err)
		}
		var again bytes.Buffer
		if err := back.JSON(&again); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(b.String(), again.String()); diff != "" {
			t.Errorf("%s: read and written again: %s", name, diff)
		}
		if !strings.HasPrefix(name, "empty") {
			broken := v.(map[string]any)
			delete(broken, "gone_proven")
			if schema.Validate(broken) == nil {
				t.Error("the schema takes anything")
			}
		}
	}
}

// badWriter fails after some bytes.
type badWriter struct{ left int }

func (w *badWriter) Write(p []byte) (int, error) {
	if w.left -= len(p); w.left < 0 {
		return 0, errors.New("the disk is full")
	}
	return len(p), nil
}

func TestWriteError(t *testing.T) {
	c := hostile()
	for name, write := range map[string]func() error{
		"text": func() error { return c.Text(&badWriter{10}, report.Tint{}, 80) }, "markdown": func() error { return c.Markdown(&badWriter{10}) },
		"json": func() error { return c.JSON(&badWriter{10}) },
	} {
		if write() == nil {
			t.Errorf("%s: the error of the writer is lost", name)
		}
	}
}
