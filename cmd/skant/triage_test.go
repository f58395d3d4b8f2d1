package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/skant-dev/skant/internal/triage"
	"github.com/skant-dev/skant/scanner"
)

// triaging returns the actions of the screen for a folder with one secret, and the report of it.
func triaging(t *testing.T, change func(*scanner.Report)) (r *triageRun, rep *scanner.Report, dir string) {
	t.Helper()
	secret := mcpSecret(t)
	dir = t.TempDir()
	for path, text := range map[string]string{"a.env": "KEY=" + secret + "\n", "b.env": "KEY=" + secret + "\n"} {
		if err := os.WriteFile(filepath.Join(dir, path), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var said bytes.Buffer
	a := &app{
		in: strings.NewReader(""), out: &said, err: &said, now: func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) },
		env: func(string) string { return "" }, terminal: func(any) (int, bool) { return 80, true },
	}
	path := filepath.Join(t.TempDir(), "report.json")
	if code := run(context.Background(), a, []string{"scan", dir, "-o", "json=" + path, "--no-progress"}); code != exitFindings {
		t.Fatalf("scan: exit %d: %s", code, said.String())
	}
	rep, err := a.readReport(path)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(rep)
	}
	var f baselineFlags
	cmd := &cobra.Command{Use: "triage"}
	f.scanFlags.registerAnswering(cmd)
	f.registerCache(cmd)
	f.registerAsking(cmd)
	f.at, f.expires = dir, "90d"
	cmd.SetContext(context.Background())
	if r, err = a.newTriageRun(cmd, &f, rep); err != nil {
		t.Fatal(err)
	}
	return r, rep, dir
}

// TestTriageMarkForged: nothing of a report gets into the baseline. A fingerprint is that of a rule and a value, so a rule that is another
// one is a report that was changed, and one with lines in it would have been lines of the file.
func TestTriageMarkForged(t *testing.T) {
	forged := "anthropic-api-key - ann never ok\nffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff x"
	for what, change := range map[string]func(*scanner.Report){
		"the first": func(rep *scanner.Report) { rep.Findings[0].RuleID = forged },
		"another":   func(rep *scanner.Report) { rep.Findings[1].RuleID = forged },
		"none":      nil,
	} {
		r, rep, dir := triaging(t, change)
		_, err := r.Mark(context.Background(), rep.Findings, triage.Terms{Reason: "a test", Owner: "ann"})
		if refused := what == "the first"; refused != (err != nil) {
			t.Errorf("%s: %v", what, err)
		}
		data, err := os.ReadFile(filepath.Join(dir, ".skant-baseline"))
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		entries := strings.Count(string(data), " anthropic-api-key - ann 2026-04-02 a test\n")
		if strings.Contains(string(data), "ffff:ffff") || entries > 1 || what != "the first" && entries != 1 {
			t.Errorf("%s: the baseline is\n%s", what, data)
		}
	}
}

// TestTriageForeign: a report under another key, or of something else, is told from a value that is gone.
func TestTriageForeign(t *testing.T) {
	r, rep, _ := triaging(t, func(rep *scanner.Report) {
		for i := range rep.Findings {
			rep.Findings[i].Fingerprint = strings.Repeat("a", 32)
		}
	})
	_, _, err := r.Ask(context.Background(), rep.Findings)
	if err == nil || !strings.Contains(err.Error(), "SKANT_FINGERPRINT_KEY") {
		t.Errorf("%v", err)
	}
}

// TestTriageAsk: what would be sent is shown with the secret masked, and that somebody would be asked is said.
func TestTriageAsk(t *testing.T) {
	r, rep, _ := triaging(t, nil)
	text, asks, err := r.Ask(context.Background(), rep.Findings)
	if err != nil || !asks || !strings.Contains(text, "https://api.anthropic.com/") || strings.Contains(text, mcpSecret(t)[20:40]) {
		t.Errorf("asks %v, %v:\n%s", asks, err, text)
	}
}
