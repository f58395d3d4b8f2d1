package report

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares got with a file of testdata, or writes it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (-want +got), -update rewrites it:\n%s", name, diff)
	}
}

// redacted makes a secret of which only the redacted form is known, as in a report that was read back.
func redacted(t *testing.T, form string) scanner.Secret {
	t.Helper()
	var s scanner.Secret
	if err := s.UnmarshalText([]byte(form)); err != nil {
		t.Fatal(err)
	}
	return s
}

func day(n int) time.Time { return time.Date(2026, 3, n, 9, 30, 0, 0, time.UTC) }

func id(c string) string { return strings.Repeat(c, 40) }

func commit(c string, n int) *scanner.Commit {
	return &scanner.Commit{ID: id(c), Author: "Ann Example", Email: "ann@example.org", Date: day(n), Summary: "Add the deploy job"}
}

func at(path string, line, from, to int, kind scanner.Kind, c *scanner.Commit, object string) scanner.Location {
	return scanner.Location{Path: path, StartLine: line, StartColumn: from, EndLine: line, EndColumn: to, Kind: kind,
		Commit: c, Object: object, Offset: int64(line * 40)}
}

// sampleReport is a history scan with one finding of every sort, some from a hostile author.
func sampleReport(t *testing.T) *scanner.Report {
	t.Helper()
	key := scanner.Finding{
		Fingerprint: "v1:" + strings.Repeat("3f9a", 8), RuleID: "anthropic-api-key", Title: "Anthropic API key",
		Severity: rules.Critical, Confidence: rules.Certain, Secret: redacted(t, "sk-ant-api03-R2D...igAA"),
		Excerpt: "ANTHROPIC_API_KEY=sk-ant-api03-R2D...igAA", Verdict: scanner.Live,
		Facts:   map[string]string{"partial_key_hint": "sk-ant-api03-R2D...igAA", "organization_id": "org-0001"},
		Reasons: []string{"the checksum is right", "the provider accepts it"},
		Verification: &scanner.Verification{At: day(22), Provider: "anthropic", Host: "api.anthropic.com", Status: 200, Attempts: 1,
			Says: "The provider accepts the key.", Do: "Revoke it\x1b[2J\u202e now.",
			Learned: map[string]string{"organization_id": "org-0001", "name": "Acme\x1b]0;x\a" + strings.Repeat("x", 300)}},
	}
	inHead := key
	inHead.Location = at("config/prod.env", 3, 19, 127, scanner.KindCommitContent, commit("a", 4), id("1"))
	inHead.Exposure = &scanner.Exposure{InHead: true, Versions: 3, FirstSeen: day(4), LastSeen: day(21),
		Refs: []string{"refs/heads/main", "refs/tags/v1.0"}, RefCount: 2}
	removed := key
	removed.Location = at("deploy/run it.sh", 10, 5, 113, scanner.KindCommitContent, commit("b", 2), id("2"))
	removed.Location.Decoded = []string{"base64"}
	removed.Excerpt = "export KEY=sk-ant-api03-R2D...igAA"
	removed.Exposure = &scanner.Exposure{Versions: 1, FirstSeen: day(2), LastSeen: day(3), Refs: []string{"refs/heads/main"}, RefCount: 1,
		Removed: []scanner.Commit{*commit("c", 4)}}
	message := key
	message.Location = at("", 5, 1, 109, scanner.KindCommitMessage, commit("c", 6), id("c"))
	message.Excerpt = "use sk-ant-api03-R2D...igAA for now"
	hostile := scanner.Finding{
		Fingerprint: "v1:" + strings.Repeat("77c0", 8), RuleID: "aws-access-key", Title: "AWS access key",
		Severity: rules.High, Confidence: rules.MediumConfidence, Secret: redacted(t, "..."),
		Excerpt: "aws_secret_access_key = ...", Verdict: scanner.NotAsked,
		Facts:    map[string]string{"aws_access_key_id": "AKIA-SYNTHETIC", "aws_account_id": "000000000000"},
		Reasons:  []string{"the path looks like a test"},
		Location: at("test/\x1b[2J\u202egnp.`whoami`';$(id)\n.env", 1, 25, 65, scanner.KindUnreachable, nil, id("4")),
		Exposure: &scanner.Exposure{},
	}
	unknown := scanner.Finding{
		Fingerprint: "v1:" + strings.Repeat("e1e1", 8), RuleID: "acme-token", Title: "Acme <b>token</b>",
		Severity: rules.Low, Confidence: rules.HighConfidence, Secret: redacted(t, "acme_9Zk...0001"),
		Excerpt: "token: acme_9Zk...0001", Location: at("docs/früh|stück.md", 40, 8, 30, scanner.KindFile, nil, ""),
	}
	allowed := unknown
	allowed.Fingerprint, allowed.Title = "v1:"+strings.Repeat("0a0a", 8), "Acme token"
	allowed.Suppressed = &scanner.Suppression{By: "ignore-file", Where: ".skantignore:4", Reason: "published example"}
	return &scanner.Report{
		SchemaVersion: scanner.SchemaVersion, Tool: scanner.Tool{Name: "skant", Version: "1.0.0"}, Target: "/srv/example.git",
		Command: "history", StartedAt: time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC),
		Coverage: scanner.Coverage{Complete: false, Commits: 120, Blobs: 1204, Bytes: 31_000_000, Refs: 5, Skipped: []scanner.Skip{
			{What: "blobs", Reason: "larger than 100 MiB; raise --max-size", Count: 7, Unread: true, Items: []string{id("5"), id("6")}},
			{What: "packs", Reason: "checksum is wrong; run git fsck", Count: 1, Unread: true, Items: []string{"pack-\x1b]0;x\a.pack"}},
			{What: "submodules", Reason: "another repository; scan it by itself", Count: 2, Items: []string{"vendor/a", "vendor/b"}},
		}},
		Hidden:   4,
		Findings: []scanner.Finding{unknown, message, hostile, removed, inHead, allowed},
	}
}

// stagedReport is what a pre-commit hook sees.
func stagedReport(t *testing.T) *scanner.Report {
	t.Helper()
	rep := sampleReport(t)
	f := rep.Findings[4]
	f.Location = at("config/prod.env", 3, 19, 127, scanner.KindStaged, nil, id("1"))
	f.Exposure, f.Verdict, f.Verification, f.Facts = nil, scanner.NotAsked, nil, nil
	f.Reasons = f.Reasons[:1]
	rep.Command, rep.Target = "staged", "."
	rep.Findings = []scanner.Finding{f}
	rep.Coverage = scanner.Coverage{Complete: true, Blobs: 2, Bytes: 840, Skipped: []scanner.Skip{}}
	return rep
}

func cleanReport() *scanner.Report {
	return &scanner.Report{SchemaVersion: scanner.SchemaVersion, Tool: scanner.Tool{Name: "skant", Version: "1.0.0"}, Target: ".",
		Command: "scan", StartedAt: day(30), Coverage: scanner.Coverage{Complete: true, Files: 1, Bytes: 12}}
}

// sampleRules holds the rules of two of the three kinds of finding in sampleReport.
func sampleRules() *rules.Set {
	return rules.NewSet([]rules.Rule{
		{ID: "anthropic-api-key", Provider: "anthropic", Title: "Anthropic API key", Severity: rules.Critical,
			Confidence: rules.HighConfidence, Playbook: "api-key", Docs: []string{"https://platform.claude.com/docs/en/api/overview"},
			Why: "Whoever holds it can call the Claude API at your cost, and read the files and batches of its workspace."},
		{ID: "aws-access-key", Provider: "aws", Title: "AWS access key", Severity: rules.Critical,
			Confidence: rules.HighConfidence, Why: "Whoever holds it can do what its IAM user can."},
	}, map[string]rules.Playbook{"anthropic/api-key": {Name: "api-key", Steps: []rules.Step{
		{Phase: rules.Stop, Title: "Disable the key", Text: "Find the key whose hint is {partial_key_hint}.",
			Run: "curl -X POST https://api.anthropic.com/v1/organizations/api_keys/{api_key_id}"},
	}}})
}
