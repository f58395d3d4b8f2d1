//go:build e2e

package e2e

import (
	"cmp"
	"crypto/sha1"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	saved "github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// htmlPage has the program under test render a report, with further arguments, and returns the page's path.
func htmlPage(t *testing.T, rep *scanner.Report, args ...string) string {
	t.Helper()
	folder := t.TempDir()
	in, out := filepath.Join(folder, "report.json"), filepath.Join(folder, "report.html")
	f, err := os.Create(in)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(saved.JSON(f, rep, nil), f.Close()); err != nil {
		t.Fatal(err)
	}
	text, err := exec.Command(skant, append([]string{"report", in, "-o", "html=" + out}, args...)...).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() > 1 && exit.ExitCode() != 3) {
		t.Fatalf("%v\n%s", err, text)
	}
	return out
}

// incidentReport is a history of n findings, about two for each secret, of many files and people over four years.
func incidentReport(t *testing.T, n int) *scanner.Report {
	t.Helper()
	kinds := []struct {
		id, title, value string
		severity         rules.Severity
		verdict          scanner.Verdict
	}{
		{"anthropic-api-key", "Anthropic API key", "sk-ant-api03-R2D...igAA", rules.Critical, scanner.Live},
		{"aws-access-key", "AWS access key", "AKIA...7Q2M", rules.Critical, scanner.NotAsked},
		{"github-personal-token", "GitHub personal access token", "ghp_x4...9d1E", rules.High, scanner.Dead},
		{"stripe-live-key", "Stripe secret key", "sk_live_51...a9Zc", rules.High, scanner.Unknown},
		{"slack-bot-token", "Slack bot token", "xoxb-28...k0Qe", rules.Medium, scanner.Restricted},
		{"generic-password", "Password in a connection string", "...", rules.Low, scanner.Uncheckable},
	}
	people := []string{"Ada Example", "Bo Lindqvist", "Chidi Okafor", "Dana Whitfield", "Emre Yıldız", "Fumiko Ōta"}
	folders := []string{"services/payments/config", "infra/terraform/prod", "web/.env.d", "scripts/deploy", "mobile/android/app/src/main/res/values"}
	start := time.Date(2022, 11, 3, 9, 12, 0, 0, time.UTC)
	rep := &scanner.Report{SchemaVersion: scanner.SchemaVersion, Tool: scanner.Tool{Name: "skant", Version: "1.0.0"}, Target: "/srv/git/payments.git", Command: "history",
		StartedAt: time.Date(2026, 11, 20, 14, 30, 0, 0, time.UTC), Hidden: 14,
		Coverage: scanner.Coverage{Commits: 18211, Blobs: 96044, Files: 31, Bytes: 2_310_000_000, Refs: 214, Places: []scanner.Place{{What: "reflogs", Count: 12}, {What: "stashes", Count: 3}},
			Skipped: []scanner.Skip{{What: "blobs", Reason: "larger than 100 MiB; raise --max-size", Count: 2, Unread: true, Items: []string{strings.Repeat("5", 40), strings.Repeat("6", 40)}},
				{What: "submodules", Reason: "another repository; scan it by itself", Count: 1, Items: []string{"vendor/theme"}}},
			Policy: &scanner.Policy{Origin: "work tree", RulesActive: 412, RulesOff: 1, Weaker: []scanner.WeakerSetting{{Setting: "rules.disable", Value: "generic-password-weak", Where: ".skant.yaml:4"}}}}}
	commit := func(i int, at time.Time, what string) *scanner.Commit {
		return &scanner.Commit{ID: fmt.Sprintf("%x", sha1.Sum([]byte(fmt.Sprint("commit", i)))), Author: people[i*i%len(people)], Email: "dev@example.org", Date: at, Summary: what}
	}
	for i := range n {
		secret := i / 2
		k := kinds[(secret*secret/3+secret)%len(kinds)]
		var value scanner.Secret
		if err := value.UnmarshalText([]byte(k.value)); err != nil {
			t.Fatal(err)
		}
		at := start.Add(time.Duration(i*i%1400) * 25 * time.Hour)
		f := scanner.Finding{Fingerprint: fmt.Sprintf("v1:%032x", secret*104729+17), RuleID: k.id, Title: k.title, Severity: k.severity, Confidence: rules.HighConfidence, Secret: value,
			Excerpt: "export TOKEN_" + fmt.Sprint(secret) + "=" + k.value, Verdict: k.verdict, Facts: map[string]string{"account_id": fmt.Sprintf("%012d", secret)},
			Reasons: []string{"the checksum is right"}}
		if k.verdict == scanner.Live || k.verdict == scanner.Dead || k.verdict == scanner.Restricted {
			says := map[scanner.Verdict]string{scanner.Live: "The provider accepts the key.", scanner.Dead: "The provider does not know the token any more.", scanner.Restricted: "The provider knows the token and refuses it from this address."}
			f.Verification = &scanner.Verification{At: rep.StartedAt, Provider: "p", Host: "api.example.com", Status: 200, Says: says[k.verdict], Attempts: 1, Learned: map[string]string{"workspace": "Payments"}}
		}
		f.Location = scanner.Location{Path: fmt.Sprintf("%s/%s-%d.env", folders[(secret+i%2)%len(folders)], []string{"prod", "staging", "local"}[i%3], secret%40), StartLine: 3 + i%90, StartColumn: 14,
			EndLine: 3 + i%90, EndColumn: 60, Kind: scanner.KindCommitContent, Commit: commit(i, at, "Wire up the deploy job"), Object: fmt.Sprintf("%x", sha1.Sum([]byte(fmt.Sprint("blob", i))))}
		f.Exposure = &scanner.Exposure{InHead: i%3 == 0, Versions: 1 + i%4, FirstSeen: at, LastSeen: at.Add(900 * time.Hour), Refs: []string{"refs/heads/main", "refs/heads/release/4.2", "refs/tags/v4.1.0"}, RefCount: 3 + i%40}
		if !f.Exposure.InHead && i%5 != 0 {
			f.Exposure.Removed = []scanner.Commit{*commit(i+3, at.Add(1000*time.Hour), "Remove the key")}
		}
		switch {
		case secret%17 == 11:
			f.Suppressed = &scanner.Suppression{By: "ignore-file", Where: ".skantignore:4", Reason: "rotated in March, ticket 4711"}
		case secret%13 == 9:
			f.Example, f.Verdict, f.Verification = true, scanner.NotAsked, nil
		}
		rep.Findings = append(rep.Findings, f)
	}
	return rep
}

// TestHTMLReportPictures writes pictures of the page, into the folder that SKANT_PICTURES names if somebody wants to look at them, and wants none to be empty.
func TestHTMLReportPictures(t *testing.T) {
	folder := cmp.Or(os.Getenv("SKANT_PICTURES"), t.TempDir())
	path := htmlPage(t, incidentReport(t, 120))
	b := newTab(t)
	write := func(name string, content []byte) {
		if len(content) < 20_000 {
			t.Errorf("%s has %d bytes", name, len(content))
		}
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	whole := func(width int64) []byte { // as high as a reader scrolls; then as high as a screen again
		b.size(width, 2600)
		b.until("document.querySelectorAll('.list li').length > 12")
		time.Sleep(200 * time.Millisecond)
		return runOne(b, chromedp.CaptureScreenshot())
	}
	for _, scheme := range []string{"light", "dark"} {
		b.scheme(scheme)
		b.size(1280, 900)
		b.open(path, "")
		write("desktop-"+scheme+".png", whole(1280))
		b.size(1280, 900)
		b.click(".list li a")
		b.until("document.querySelector('.detail').open")
		write("desktop-detail-"+scheme+".png", runOne(b, chromedp.CaptureScreenshot()))
		eval[bool](b, "!document.querySelector('.phase').scrollIntoView()")
		write("desktop-steps-"+scheme+".png", runOne(b, chromedp.CaptureScreenshot()))
		b.size(390, 844)
		b.open(path, "")
		write("phone-"+scheme+".png", whole(390))
		b.size(390, 844)
		b.click(".list li a")
		b.until("document.querySelector('.detail').open")
		write("phone-detail-"+scheme+".png", runOne(b, chromedp.CaptureScreenshot()))
	}
	b.scheme("light")
	b.size(1280, 900)
	b.open(path, "")
	write("print.pdf", runOne(b, chromedp.PrintToPDF(chromedp.PDFPrintBackground(), chromedp.PDFPreferCSSPageSize())))
	clean := incidentReport(t, 0)
	clean.Coverage.Complete, clean.Coverage.Skipped = true, clean.Coverage.Skipped[1:]
	b.open(htmlPage(t, clean), "")
	write("clean.png", runOne(b, chromedp.FullScreenshot(100)))
}
