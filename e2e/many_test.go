//go:build e2e || gitlabschema

package e2e

import (
	"fmt"
	"strings"
	"time"

	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// manyFindings makes a report of n findings that goes through every rule, kind of place and odd name.
func manyFindings(set *rules.Set, n int) *scanner.Report {
	kinds := []scanner.Kind{scanner.KindFile, scanner.KindCommitContent, scanner.KindCommitMessage, scanner.KindTagMessage,
		scanner.KindAuthor, scanner.KindUnreachable, scanner.KindStash, scanner.KindRefName, scanner.KindNote, scanner.KindStdin}
	names := []string{"src/app.go", "a b/ü.txt", "c:d/%41?#.env", "new\nline", "bad\xff.bin", "[x](y) {0}.md", "-rf"}
	verdicts := []scanner.Verdict{scanner.NotAsked, scanner.Live, scanner.Dead, scanner.Unknown, scanner.Expired}
	when := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	rep := &scanner.Report{
		SchemaVersion: scanner.SchemaVersion, Tool: scanner.Tool{Name: "skant", Version: "v1.2.3-rc.1"}, Target: ".", Command: "history",
		StartedAt: when, Coverage: scanner.Coverage{Complete: n == 0, Blobs: 1, Bytes: 1, Skipped: []scanner.Skip{}},
	}
	if n == 1 {
		rep.Tool.Version, rep.Command = "(devel)", "scan"
		rep.Repository = &scanner.Repository{URI: "https://example.org/team/app", Revision: strings.Repeat("b", 40), Branch: "main"}
	}
	if n > 0 {
		rep.Hidden = 3
		rep.Coverage.Skipped = []scanner.Skip{
			{What: "blobs", Reason: "larger than 100 MiB; raise --max-size", Count: 2, Unread: true, Items: names},
			{What: "submodules", Reason: "another repository", Count: 1, Items: []string{"vendor/x"}},
		}
	}
	for i := range n {
		r := set.All()[i%set.Len()]
		f := scanner.Finding{
			Fingerprint: fmt.Sprintf("v1:%032x", i), RuleID: r.ID, Title: r.Title, Severity: r.Severity, Confidence: r.Confidence,
			Secret: scanner.NewSecret(strings.Repeat("x", 8)+fmt.Sprintf("[%d]{0}", i), 4), Excerpt: "key = [masked] {0}",
			Verdict: verdicts[i%len(verdicts)],
			Location: scanner.Location{Path: names[i%len(names)], StartLine: i + 1, StartColumn: 2, EndLine: i + 1 + i%3, EndColumn: 9,
				Kind: kinds[i%len(kinds)], Object: fmt.Sprintf("%040x", i), Offset: int64(i)},
		}
		if i%4 > 0 {
			f.Location.Commit = &scanner.Commit{ID: fmt.Sprintf("%040x", i+1), Author: "A", Email: "a@example.org", Date: when, Summary: "S"}
			f.Exposure = &scanner.Exposure{InHead: i%2 == 0, FirstSeen: when}
		}
		if k := f.Location.Kind; k == scanner.KindCommitMessage || k == scanner.KindTagMessage || k == scanner.KindRefName || k == scanner.KindStdin {
			f.Location.Path = ""
		}
		if i >= set.Len() && i%3 == 0 { // the same secret as before, in another place
			f.Fingerprint = fmt.Sprintf("v1:%032x", i-set.Len())
		}
		if i%11 == 10 {
			f.Suppressed = &scanner.Suppression{By: "baseline"}
		}
		rep.Findings = append(rep.Findings, f)
	}
	return rep
}
