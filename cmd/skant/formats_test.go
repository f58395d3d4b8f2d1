package main

import (
	"bytes"
	"fmt"
	"html"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// hostileTexts are texts as somebody who wants to be believed, obeyed or not seen would commit them.
func hostileTexts() []string {
	return []string{"", "a", "src/app.go", "früh/日本 語.env", "bad\xff\xfe.bin", "\xe2\x82", "line\nbreak\r\n", "\x1b[2J\x1b]8;;http://e\x07x", "\u202egnp.exe", "\u2028\u2029\u0085",
		"=HYPERLINK(\"http://e\";\"x\")", "+1", "-1+1", "@SUM(A1)", " =1", "a;=1", "\"=1", "＝1", "'", `"`, "a,b", "tab\there", "\ufeffbom", "\x00",
		"<script>alert(1)</script>", "]]>", "<!--", "&amp;", "{{.}}", "{0}", "[x](javascript:y)", "![x](http://e/p)", "@everyone", "#1", "GH-1", "!1", "https://e.example/x", "www.e.example",
		"a@e.example", "| cell |", "a\\|b", "`code`", "``", "` `", "*b* _i_ ~s~", "# head", "> quote", "- item", "<details>", "::error::x", "##vso[x]", "%0A", "../../etc/passwd",
		"/etc/passwd", "c:\\x", "-rf", "$(id)", strings.Repeat("long ", 400), strings.Repeat("é", 3000), "\U000e0041tag", "😀", "a\u0301"}
}

// anyReport makes a report whose every value is one that a repository, a provider or another program could have put there.
func anyReport(r *rand.Rand) *scanner.Report {
	words := hostileTexts()
	text := func() string { return words[r.IntN(len(words))] }
	when := func() time.Time {
		if r.IntN(5) == 0 {
			return time.Time{}
		}
		return time.Unix(r.Int64N(4e9), r.Int64N(1e9)).In(time.FixedZone("", 3600*(r.IntN(24)-12)))
	}
	list := func() []string {
		out := make([]string, r.IntN(4))
		for i := range out {
			out[i] = text()
		}
		return out
	}
	mapped := func() map[string]string {
		out := map[string]string{}
		for range r.IntN(4) {
			out[text()] = text()
		}
		return out
	}
	commit := func() *scanner.Commit {
		if r.IntN(3) == 0 {
			return nil
		}
		return &scanner.Commit{ID: text(), Author: text(), Email: text(), Date: when(), Summary: text()}
	}
	kinds := []scanner.Kind{scanner.KindFile, scanner.KindStdin, scanner.KindStaged, scanner.KindCommitContent, scanner.KindCommitMessage,
		scanner.KindAuthor, scanner.KindTagMessage, scanner.KindNote, scanner.KindRefName, scanner.KindGitConfig, scanner.KindStash, scanner.KindReflog,
		scanner.KindUnreachable, scanner.KindFileName, scanner.KindHook, "odd\x1b"}
	verdicts := []scanner.Verdict{"", scanner.Live, scanner.Restricted, scanner.Dead, scanner.Expired, scanner.Unknown, scanner.Uncheckable, "odd|"}
	severities := []rules.Severity{rules.Critical, rules.High, rules.Medium, rules.Low, rules.Info, "", "odd"}
	confidences := []rules.Confidence{rules.Certain, rules.HighConfidence, rules.MediumConfidence, rules.LowConfidence, "odd"}
	rep := &scanner.Report{SchemaVersion: scanner.SchemaVersion, Tool: scanner.Tool{Name: "skant", Version: text()}, Target: text(),
		Command: []string{"history", "scan", "diff", text()}[r.IntN(4)], StartedAt: when(), Hidden: r.IntN(3), ListSuppressed: r.IntN(2) == 0,
		Coverage: scanner.Coverage{Complete: r.IntN(2) == 0, Files: r.Int64N(9), Bytes: r.Int64N(1e9), Commits: r.Int64N(9), Blobs: r.Int64N(9), Refs: r.Int64N(9)}}
	for range r.IntN(3) {
		rep.Coverage.Places = append(rep.Coverage.Places, scanner.Place{What: text(), Count: r.Int64N(9)})
	}
	if r.IntN(2) == 0 {
		rep.Coverage.Policy = &scanner.Policy{Origin: text(), RulesActive: r.IntN(9), RulesOff: r.IntN(9), Omitted: r.IntN(9),
			Weaker: []scanner.WeakerSetting{{Setting: text(), Value: text(), Where: text()}}}
	}
	if r.IntN(2) == 0 {
		rep.Repository = &scanner.Repository{URI: []string{"https://example.org/a/b", text()}[r.IntN(2)], Revision: text(), Branch: text()}
	}
	for range r.IntN(3) {
		skip := scanner.Skip{What: text(), Reason: text(), Count: r.Int64N(9), Unread: r.IntN(2) == 0, Items: list()}
		rep.Coverage.Complete = rep.Coverage.Complete && !skip.Unread
		rep.Coverage.Skipped = append(rep.Coverage.Skipped, skip)
	}
	for range r.IntN(12) {
		f := scanner.Finding{Fingerprint: fmt.Sprintf("v1:%d", r.IntN(5)), RuleID: []string{"anthropic-api-key", "aws-access-key", scanner.PurgedObjectRule, "rule " + text()}[r.IntN(4)],
			Title: text(), Severity: severities[r.IntN(len(severities))], Confidence: confidences[r.IntN(len(confidences))],
			Excerpt: text(), Verdict: verdicts[r.IntN(len(verdicts))], Example: r.IntN(4) == 0, Purged: r.IntN(6) == 0, Facts: mapped(), Reasons: list(),
			Location: scanner.Location{Path: text(), Member: []string{"", "", text()}[r.IntN(3)], StartLine: r.IntN(50), StartColumn: r.IntN(50), EndLine: r.IntN(60), EndColumn: r.IntN(60),
				Kind: kinds[r.IntN(len(kinds))], Commit: commit(), Object: text(), Submodule: []string{"", text()}[r.IntN(2)], Decoded: list(), Offset: r.Int64N(1e6),
				LineHash: []string{"", "c129715d7a2bc9a3:1", text()}[r.IntN(3)]}}
		if err := f.Secret.UnmarshalText([]byte(text())); err != nil {
			panic(err)
		}
		if r.IntN(2) == 0 {
			f.Exposure = &scanner.Exposure{InHead: r.IntN(2) == 0, Versions: r.IntN(3), FirstSeen: when(), LastSeen: when(), Refs: list(), RefCount: r.IntN(3), Objects: list()}
			if c := commit(); c != nil {
				f.Exposure.Removed = []scanner.Commit{*c}
			}
		}
		if r.IntN(5) == 0 {
			f.Suppressed = &scanner.Suppression{By: []string{"inline", text()}[r.IntN(2)], Where: text(), Reason: text(), AddedHere: r.IntN(2) == 0}
		}
		if r.IntN(3) == 0 {
			f.Verification = &scanner.Verification{At: when(), Provider: text(), Host: text(), Status: r.IntN(600), Attempts: 1, Says: text(), Do: text(), Learned: mapped(), Cached: r.IntN(2) == 0}
		}
		rep.Findings = append(rep.Findings, f)
	}
	return rep
}

// TestAnyReportHasEveryKey keeps anyReport from leaving out what a report may have, above all what is added to one later.
func TestAnyReportHasEveryKey(t *testing.T) {
	seen := map[string]bool{}
	for seed := range 60 {
		markSet(reflect.ValueOf(anyReport(rand.New(rand.NewPCG(uint64(seed), 8)))), "report", seen)
	}
	left := map[string]bool{"report.Findings.Revealed": true, "report.Recovery": true} // a value in clear, and what is made anew
	for path, set := range seen {
		if !set && !left[path] {
			t.Errorf("%s is in no report of anyReport", path)
		}
	}
	if len(seen) < 70 {
		t.Errorf("only %d fields were looked at", len(seen))
	}
}

// TestAnyReportFollowsTheSchema: the published schema holds for reports with all that a report may have, hostile texts among it.
func TestAnyReportFollowsTheSchema(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile("../../docs/report.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for seed := range 60 {
		rep := anyReport(rand.New(rand.NewPCG(uint64(seed), 8)))
		for i := range rep.Findings { // what another program would have put there
			f := &rep.Findings[i]
			f.Severity, f.Confidence, f.Verdict = rules.High, rules.Certain, scanner.Live
			f.Location.LineHash = strings.Repeat("c129715d7a2bc9a3:1", i%2)
			if strings.HasPrefix(string(f.Location.Kind), "odd") {
				f.Location.Kind = scanner.KindFile
			}
			if f.Suppressed != nil {
				f.Suppressed.By = scanner.ByInline
			}
		}
		var b bytes.Buffer
		if err := report.JSON(&b, rep, nil); err != nil {
			t.Fatal(err)
		}
		v, err := jsonschema.UnmarshalJSON(&b)
		if err == nil {
			err = schema.Validate(v)
		}
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
}

// markSet notes for each field that is stored in JSON whether it ever has a value.
func markSet(v reflect.Value, path string, seen map[string]bool) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			markSet(v.Elem(), path, seen)
		}
	case reflect.Slice:
		for i := range v.Len() {
			markSet(v.Index(i), path, seen)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() || v.Type() == reflect.TypeFor[scanner.Secret]() {
			return
		}
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && f.Tag.Get("json") != "-" {
				below := path + "." + f.Name
				seen[below] = seen[below] || !v.Field(i).IsZero()
				markSet(v.Field(i), below, seen)
			}
		}
	}
}

func rendered(t *testing.T, f format, rep *scanner.Report, set *rules.Set) string {
	t.Helper()
	rep, err := report.Canonical(rep) // as app.write does
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := f.write(&b, rep, set, style{width: 100, file: true}); err != nil {
		t.Fatalf("%s: %v", f.name, err)
	}
	return b.String()
}

// TestEveryFormatOfASavedReport: what is made of a saved report is what the scan itself would have written, byte for byte, whatever is
// in it; and no format but those that JSON parsers read has a character that a terminal obeys.
func TestEveryFormatOfASavedReport(t *testing.T) {
	set, err := rules.BuiltinWithDocs()
	if err != nil {
		t.Fatal(err)
	}
	rounds := 120
	if testing.Short() {
		rounds = 40
	}
	for seed := range rounds {
		rep := anyReport(rand.New(rand.NewPCG(uint64(seed), 8)))
		var b bytes.Buffer
		if err := report.JSON(&b, rep, set); err != nil {
			t.Fatal(err)
		}
		saved, err := report.Read(&b)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		saved.ListSuppressed = rep.ListSuppressed
		for _, f := range formats() {
			now, later := rendered(t, f, rep, set), rendered(t, f, saved, set)
			if diff := cmp.Diff(now, later); diff != "" {
				t.Fatalf("seed %d: %s of the saved report differs (-scan +saved):\n%s", seed, f.name, diff)
			}
			if i := strings.IndexFunc(now, unseen); i >= 0 {
				t.Fatalf("seed %d: %s has %q in it", seed, f.name, now[max(0, i-20):min(len(now), i+20)])
			}
		}
	}
}

// unseen are characters that no format has in it as they are: JSON and XML escape them, the others write them out.
func unseen(r rune) bool {
	return r < ' ' && r != '\n' && r != '\r' && r != '\t' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0x202e || r == 0x2028 || r == 0x2029 || r == 0xe0041
}

// TestNoFormatTellsASecret: no format has a secret in it whose value the report knows, whether it is asked to show secrets or not, but
// text and JSON where they are asked. What is escaped in one way or another is looked at as a reader would.
func TestNoFormatTellsASecret(t *testing.T) {
	set, err := rules.BuiltinWithDocs()
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(3, 9))
	for range 40 {
		rep := anyReport(r)
		var values []string
		for i := range rep.Findings {
			value := fmt.Sprintf("v%016x%016x", r.Uint64(), r.Uint64())
			rep.Findings[i].Secret, rep.Findings[i].Revealed = scanner.NewSecret(value, 2), value
			values = append(values, value)
		}
		for _, f := range formats() {
			got := html.UnescapeString(rendered(t, f, rep, set))
			if f.mayReveal {
				continue
			}
			if i := slices.IndexFunc(values, func(v string) bool { return strings.Contains(got, v) }); i >= 0 {
				t.Fatalf("%s tells a secret", f.name)
			}
		}
	}
}

// TestOlderReportsStillRender: reports as earlier builds wrote them are read, follow today's schema and are rendered by every format, with
// all their findings. The files are never rewritten.
func TestOlderReportsStillRender(t *testing.T) {
	names, err := filepath.Glob("../../internal/report/testdata/old/*.json")
	if err != nil || len(names) < 2 {
		t.Fatalf("%v, %v", names, err)
	}
	schema, err := jsonschema.NewCompiler().Compile("../../docs/report.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text := readAll(t, name)
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err == nil {
			err = schema.Validate(v)
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		rep, err := report.Read(bytes.NewReader(text))
		if err != nil || len(rep.Findings) != 6 {
			t.Fatalf("%s: %v", name, err)
		}
		for _, f := range formats() {
			got := rendered(t, f, rep, rules.NewSet(nil, nil))
			if f.name == formatGitHub || f.name == "ocsf" {
				continue // ten annotations, and one event for each secret
			}
			for _, path := range []string{"config", "deploy"} {
				if !strings.Contains(got, path) {
					t.Errorf("%s of %s says nothing of %s", f.name, name, path)
				}
			}
		}
	}
}
