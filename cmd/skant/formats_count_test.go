package main

import (
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// manyReport makes a report of n findings of n/3 secrets, every eleventh suppressed.
func manyReport(n int) *scanner.Report {
	rep := &scanner.Report{SchemaVersion: scanner.SchemaVersion, Tool: scanner.Tool{Name: "skant", Version: "1.0.0"}, Target: ".", Command: "history",
		Coverage: scanner.Coverage{Complete: true, Blobs: 1}}
	for i := range n {
		f := scanner.Finding{Fingerprint: fmt.Sprintf("v1:%d", i/3), RuleID: "aws-access-key", Title: "AWS access key", Severity: rules.High, Confidence: rules.Certain,
			Verdict:  []scanner.Verdict{"", scanner.Dead, scanner.Live, scanner.Expired, scanner.Unknown}[i%5],
			Example:  i%7 == 0,
			Location: scanner.Location{Path: fmt.Sprintf("dir/f%d.env", i), StartLine: 1, StartColumn: 1, EndLine: 1, EndColumn: 9, Kind: scanner.KindCommitContent}}
		if i%11 == 10 {
			f.Suppressed = &scanner.Suppression{By: "baseline"}
		}
		rep.Findings = append(rep.Findings, f)
	}
	return rep
}

// jsonLines decodes JSON Lines.
func jsonLines(t *testing.T, text string) []map[string]any {
	t.Helper()
	var out []map[string]any
	for l := range strings.Lines(text) {
		var v map[string]any
		if err := json.Unmarshal([]byte(l), &v); err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	return out
}

// said sums up the numbers that a pattern finds in a text.
func said(pattern, text string) int {
	sum := 0
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		n, _ := strconv.Atoi(strings.ReplaceAll(m[1], ",", "")) // the pattern says that it is a number
		sum += n
	}
	return sum
}

// TestNoFormatLosesAFinding: what a format lists, what it counts as left out and what it counts as suppressed are together the findings
// of the report, or its secrets where it goes by these.
func TestNoFormatLosesAFinding(t *testing.T) {
	set := rules.NewSet(nil, nil)
	for _, n := range []int{0, 1, 30, 6000} {
		rep := manyReport(n)
		suppressed, secrets := 0, map[string]bool{}
		for i := range rep.Findings {
			if rep.Findings[i].Suppressed != nil {
				suppressed++
			} else {
				secrets[rep.Findings[i].Fingerprint] = true
			}
		}
		text := map[string]string{}
		for _, f := range formats() {
			text[f.name] = rendered(t, f, rep, set)
		}
		rows, err := csv.NewReader(strings.NewReader(text["csv"])).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		var suites struct {
			Cases []struct{} `xml:"testsuite>testcase"`
		}
		if err := xml.Unmarshal([]byte(text["junit"]), &suites); err != nil {
			t.Fatal(err)
		}
		passed := strings.Count(text["junit"], `name="no secrets"`)
		events, places := jsonLines(t, text["ocsf"]), 0
		for _, e := range events[:len(events)-1] {
			places += int(e["count"].(float64))
		}
		markdown := strings.Count(text["markdown"], "\n| ") - min(1, strings.Count(text["markdown"], "| severity |")) - strings.Count(text["markdown"], "\n| ---:")
		for name, c := range map[string]struct{ got, want int }{
			"json":     {strings.Count(text["json"], `"fingerprint":`), n},
			"jsonl":    {len(jsonLines(t, text["jsonl"])) - 2, n},
			"csv":      {len(rows) - 1, n},
			"junit":    {len(suites.Cases) - passed, n},
			"gitlab":   {strings.Count(text["gitlab"], `"tracking":`) + said(`"([0-9,]+) findings? suppressed`, text["gitlab"]), n},
			"ocsf":     {places, n},
			"sarif":    {strings.Count(text["sarif"], `"ruleIndex":`) + said(`"([0-9,]+) results? of the least`, text["sarif"]) + said(`"([0-9,]+) findings? suppressed`, text["sarif"]), n},
			"github":   {strings.Count("\n"+text["github"], "\n::error ") + strings.Count("\n"+text["github"], "\n::warning ") + said(`::([0-9,]+) more finding`, text["github"]), n - suppressed},
			"markdown": {markdown + said(`\n([0-9,]+) more secrets? for which`, text["markdown"]), len(secrets)},
		} {
			if c.got != c.want {
				t.Errorf("%d findings: %s accounts for %d of %d", n, name, c.got, c.want)
			}
		}
	}
}

// TestIncompleteIsNeverClean: each format says of a scan that could not read everything that it could not, whether it found something or
// not, and of a complete one that it did.
func TestIncompleteIsNeverClean(t *testing.T) {
	marks := map[string]string{"text": "INCOMPLETE", "json": `"complete": false`, "jsonl": `"complete":false`, "sarif": `"executionSuccessful": false`, "gitlab": `"status": "failure"`,
		"csv": "\nnot-read,", "junit": "<error ", "ocsf": `"status":"Failure"`, "markdown": "**The scan is incomplete:**", "html": "incomplete", "github": "INCOMPLETE"}
	set := rules.NewSet(nil, nil)
	for n := range 12 {
		rep := manyReport(n)
		if n == 11 {
			rep.Findings = rep.Findings[10:] // what is suppressed alone
		}
		for _, why := range [][]scanner.Skip{nil, {{What: "blobs", Reason: "r", Count: 1, Unread: true}}} {
			for _, f := range formats() {
				rep.Coverage.Complete, rep.Coverage.Skipped = true, nil
				whole := rendered(t, f, rep, set)
				rep.Coverage.Complete, rep.Coverage.Skipped = false, why
				part := rendered(t, f, rep, set)
				mark, ok := marks[f.name]
				if !ok || !strings.Contains(part, mark) || f.name != "html" && strings.Contains(whole, mark) || whole == part {
					t.Errorf("%d findings, %d reasons: %s says nothing of %q", len(rep.Findings), len(why), f.name, mark)
				}
			}
		}
	}
}
