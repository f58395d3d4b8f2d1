package report

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/skant-dev/skant/scanner"
)

func textOf(t *testing.T, rep *scanner.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := Text(&b, rep, sampleRules(), TextOptions{Cut: true}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestBlockedIsTenLines(t *testing.T) {
	for _, command := range []string{"staged", "pre-push", "pre-receive"} {
		rep := stagedReport(t)
		rep.Command = command
		rep.Findings[0].Confidence, rep.Findings[0].Reasons = "medium", []string{"it has no checksum where keys of this type have one"}
		text := textOf(t, rep)
		if n := strings.Count(text, "\n"); n > 10 {
			t.Errorf("%s: %d lines:\n%s", command, n, text)
		}
		for _, part := range []string{"config/prod.env:3:19", "Whoever holds it", "Remove it: ", "Allow it", "skant:allow anthropic-api-key WHY"} {
			if !strings.Contains(text, part) {
				t.Errorf("%s: no %q:\n%s", command, part, text)
			}
		}
	}
}

func TestBlockedByMany(t *testing.T) {
	rep := stagedReport(t)
	f := rep.Findings[0]
	rep.Findings = nil
	for i := range 100 {
		f.Fingerprint = fmt.Sprint("f", i)
		f.Location.Path = fmt.Sprintf("dir/file%03d", i)
		rep.Findings = append(rep.Findings, f)
	}
	text := textOf(t, rep)
	if !strings.Contains(text, "add 100 secrets") || !strings.Contains(text, "and 80 more secrets") {
		t.Errorf("the number is missing:\n%s", text)
	}
	if n := strings.Count(text, "\n"); n > 30 {
		t.Errorf("%d lines:\n%s", n, text)
	}
}

// TestBlockedInWords: what a hook says in words is bounded, too, and says once why a sort of secret matters.
func TestBlockedInWords(t *testing.T) {
	rep := stagedReport(t)
	f := rep.Findings[0]
	rep.Findings = nil
	for i := range 100 {
		f.Fingerprint = fmt.Sprint("f", i)
		rep.Findings = append(rep.Findings, f)
	}
	text := textWith(t, rep, TextOptions{Plain: true, Cut: true})
	if strings.Count(text, "Why it matters") != 1 || !strings.Contains(text, "Secret 20 of 100\n") || strings.Contains(text, "Secret 21") || !strings.Contains(text, "and 80 more secrets\n") {
		t.Error(text)
	}
	if text := textWith(t, rep, TextOptions{Plain: true}); !strings.Contains(text, "Secret 100 of 100\n") || strings.Contains(text, "more secrets") {
		t.Error(text)
	}
}

func TestAllowComment(t *testing.T) {
	for path, want := range map[string]string{
		"a.py": "# skant:allow r WHY", "Dockerfile": "# skant:allow r WHY", ".env": "# skant:allow r WHY", "a.GO": "// skant:allow r WHY",
		"q.sql": "-- skant:allow r WHY", "p.xml": "<!-- skant:allow r WHY -->", "s.css": "/* skant:allow r WHY */",
		"a.json": "", "key.pem": "", "a/b.csv": "",
	} {
		got, ok := allowComment(&scanner.Finding{RuleID: "r", Location: scanner.Location{Path: path, StartLine: 1, EndLine: 1}})
		if got != want || ok != (want != "") {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	for _, l := range []scanner.Location{
		{Path: "a.py", StartLine: 1, EndLine: 9}, {Path: "a.py", Decoded: []string{"base64"}}, {Path: "a.zip", Member: "a.py"}, {},
	} {
		if got, ok := allowComment(&scanner.Finding{RuleID: "r", Location: l}); ok {
			t.Errorf("%+v: %q", l, got)
		}
	}
}
