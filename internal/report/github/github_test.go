package github

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// sample has n findings in as many places.
func sample(n int) *scanner.Report {
	rep := &scanner.Report{SchemaVersion: scanner.SchemaVersion, Target: "repo", Coverage: scanner.Coverage{Complete: true, Commits: 3, Blobs: 4, Bytes: 5000}}
	for i := range n {
		rep.Findings = append(rep.Findings, scanner.Finding{
			Fingerprint: fmt.Sprintf("skf1:%04d", i), RuleID: "some-rule", Title: "Some key", Severity: rules.Critical, Confidence: rules.HighConfidence,
			Secret: scanner.NewSecret(strings.Repeat("q", 20)+fmt.Sprintf("%020d", i), 4), Excerpt: "key = ****",
			Location: scanner.Location{
				Path: fmt.Sprintf("dir/file%04d.txt", i), StartLine: 3 + i, EndLine: 3 + i, StartColumn: 7, EndColumn: 27, Kind: scanner.KindCommitContent,
				Commit: &scanner.Commit{ID: strings.Repeat("ab", 20), Author: "Ann", Email: "ann@example.org", Date: time.Unix(1_700_000_000, 0), Summary: "add"},
			},
		})
	}
	return rep
}

// hostile are texts that somebody may have chosen to do harm with.
func hostile() []string {
	return []string{
		"::set-output name=x::y", "  ::add-path::/tmp", "\n::add-path::/tmp\n", "\r::add-path::/tmp", "%0A::add-path::/tmp", "a,line=1::x", "a:b,c%d",
		"##[add-mask]x", "##vso[task.setvariable variable=x]y", "##vso[task.complete result=Succeeded;]done", "###[group]x", "##teamcity[x]",
		"\x1b[0Ksection_start:1:x\r\x1b[0Kx", "::stop-commands::x", "::x::", "\u2028::add-path::x", "\u0085::add-path::x", "\u00a0::error::x",
		"<script>alert(1)</script>", "![x](https://example.org/x.png)", "[x](https://example.org)", "@somebody #12 GH-12", "| a | b |\n| - | - |", "```\nx", "</code><b>x",
		"https://example.org", "www.example.org", "<!-- x", "\u202ex", "&lt;img src=x&gt;", "&#60;img&#62;", "$x^2$", ":warning:", "~~x~~", "a\tb", "_x_ *y* `z`",
	}
}

func poison(rep *scanner.Report, text string) *scanner.Report {
	for i := range rep.Findings {
		f := &rep.Findings[i]
		f.Title, f.RuleID, f.Excerpt, f.Severity = text, text, text, rules.Severity(text)
		f.Location.Path, f.Location.Member = text, []string{"", text}[i%2]
		f.Location.Commit.ID, f.Location.Commit.Author, f.Location.Commit.Summary = text, text, text
		f.Reasons = []string{text}
	}
	rep.Coverage = scanner.Coverage{Skipped: []scanner.Skip{{What: text, Reason: text, Count: 2, Unread: true, Items: []string{text}}}}
	rep.Target = text
	return rep
}

// obeyed returns what a runner of GitHub or an agent of Azure would take for commands in a log, by their own rules: at the start of a
// line after white space, or anywhere.
func obeyed(log string) []string {
	var out []string
	for _, line := range regexp.MustCompile("[\n\r\u0085\u2028\u2029]").Split(log, -1) {
		if strings.HasPrefix(strings.TrimSpace(line), "::") {
			out = append(out, line)
		}
		if i := strings.Index(line, "##"); i >= 0 && regexp.MustCompile(`##[A-Za-z.-]*\[`).MatchString(line) {
			out = append(out, line)
		}
	}
	return out
}

// TestAnnotationsObeyNobody: whatever the texts are, each line is one of the three commands, with known properties.
func TestAnnotationsObeyNobody(t *testing.T) {
	shape := regexp.MustCompile(`^::(error|warning|notice)( (file|line|endLine|col|endColumn|title)=[^,:\n]*(,(file|line|endLine|col|endColumn|title)=[^,:\n]*)*)?::[^\n]*$`)
	for _, text := range hostile() {
		rep := poison(sample(4), text)
		var b bytes.Buffer
		if err := Annotations(&b, rep, nil); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
		if len(lines) != 5 {
			t.Errorf("%q: %d lines\n%s", text, len(lines), b.String())
		}
		for _, l := range lines {
			if !shape.MatchString(l) || regexp.MustCompile(`##+[A-Za-z]*\[`).MatchString(l) || strings.ContainsAny(l, "\r\x1b\u2028\u0085\u202e") {
				t.Errorf("%q: %q", text, l)
			}
		}
	}
}

func TestAnnotations(t *testing.T) {
	for _, c := range []struct {
		name                      string
		rep                       *scanner.Report
		errors, warnings, notices int
	}{
		{"none", sample(0), 0, 0, 0},
		{"some", sample(3), 3, 0, 0},
		{"ten", sample(10), 10, 0, 0},
		{"more", sample(25), 10, 0, 1},
		{"nothing, incomplete", incomplete(sample(0)), 1, 0, 0},
		{"some, incomplete", incomplete(sample(3)), 3, 1, 0},
		{"suppressed", suppressed(sample(3)), 0, 0, 0},
		{"dead", dead(sample(2)), 0, 2, 0},
	} {
		var b bytes.Buffer
		if err := Annotations(&b, c.rep, nil); err != nil {
			t.Fatal(err)
		}
		text := b.String()
		if e, w, n := strings.Count(text, "::error "), strings.Count(text, "::warning "), strings.Count(text, "::notice "); e != c.errors || w != c.warnings || n != c.notices {
			t.Errorf("%s: %d errors, %d warnings, %d notices\n%s", c.name, e, w, n, text)
		}
	}
	var b bytes.Buffer
	rep := sample(1)
	rep.Findings[0].Location.Path = "a, b:c%.txt"
	if err := Annotations(&b, rep, nil); err != nil {
		t.Fatal(err)
	}
	if want := "::error file=a%2C b%3Ac%25.txt,line=3,endLine=3,col=7,endColumn=27,title=Some key::Found "; !strings.HasPrefix(b.String(), want) {
		t.Errorf("got  %s\nwant %s", b.String(), want)
	}
	if err := Annotations(failing{}, sample(3), nil); err == nil {
		t.Error("an error of the writer is lost")
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("no") }

func incomplete(rep *scanner.Report) *scanner.Report {
	rep.Coverage.Complete = false
	rep.Coverage.Skipped = []scanner.Skip{{What: "commits", Reason: "shallow clone", Count: 2, Unread: true}}
	return rep
}

func suppressed(rep *scanner.Report) *scanner.Report {
	for i := range rep.Findings {
		rep.Findings[i].Suppressed = &scanner.Suppression{By: "baseline"}
	}
	return rep
}

func dead(rep *scanner.Report) *scanner.Report {
	for i := range rep.Findings {
		rep.Findings[i].Verdict = scanner.Dead
	}
	return rep
}

// TestHarmless writes texts in pieces of every size through what makes a log harmless.
func TestHarmless(t *testing.T) {
	for _, text := range hostile() {
		for _, around := range []string{"%s", "%s\n", "x\n%s\nx\n", "x %s", " \t%s\n", "\n\n%s"} {
			whole := fmt.Sprintf(around, text)
			for size := 1; size < 5; size++ {
				var b bytes.Buffer
				log := Harmless(&b)
				for rest := whole; rest != ""; {
					n := min(size, len(rest))
					if _, err := io.WriteString(log, rest[:n]); err != nil {
						t.Fatal(err)
					}
					rest = rest[n:]
				}
				if err := log.Flush(); err != nil {
					t.Fatal(err)
				}
				if bad := obeyed(b.String()); len(bad) > 0 || strings.ContainsAny(b.String(), "\x1b\r") {
					t.Errorf("%q: %q", whole, bad)
				}
			}
		}
	}
	var b bytes.Buffer
	log := Harmless(&b)
	plain := "skant: a::b, #12, # x\n\tc = \"d\"\n\n## head\n"
	if _, err := io.WriteString(log, plain); err != nil || b.String() != plain {
		t.Errorf("%q became %q", plain, b.String())
	}
}

// TestJSONLogStaysJSON: what is written means the same, and is obeyed by nobody.
func TestJSONLogStaysJSON(t *testing.T) {
	for _, text := range hostile() {
		rep := poison(sample(2), text)
		var plain, quiet bytes.Buffer
		if err := report.JSON(&plain, rep, nil); err != nil {
			t.Fatal(err)
		}
		if err := report.JSON(JSON(&quiet), rep, nil); err != nil {
			t.Fatal(err)
		}
		var a, b any
		if err := json.Unmarshal(plain.Bytes(), &a); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(quiet.Bytes(), &b); err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(a) != fmt.Sprint(b) {
			t.Errorf("%q: the report is another", text)
		}
		if bad := obeyed(quiet.String()); len(bad) > 0 {
			t.Errorf("%q: %q", text, bad)
		}
	}
}

func TestStopped(t *testing.T) {
	tokens := map[string]bool{}
	for _, text := range []string{"a\nb\n", "a"} {
		var b bytes.Buffer
		err := Stopped(&b, func(w io.Writer) error {
			_, err := io.WriteString(w, text)
			return err
		})
		lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
		token, ok := strings.CutPrefix(lines[0], "::stop-commands::")
		if err != nil || !ok || len(token) < 20 || lines[len(lines)-1] != "::"+token+"::" || tokens[token] {
			t.Errorf("%q: %q, %v", text, lines, err)
		}
		tokens[token] = true
	}
	var b bytes.Buffer
	if err := Stopped(&b, func(io.Writer) error { return nil }); err != nil || b.Len() != 0 {
		t.Errorf("where nothing is written: %q, %v", b.String(), err)
	}
	err := Stopped(&b, func(w io.Writer) error {
		_, err := io.WriteString(w, "x")
		return errors.Join(err, errors.New("no"))
	})
	if err == nil || strings.Count(b.String(), "\n") != 3 {
		t.Errorf("after an error: %q, %v", b.String(), err)
	}
}

func TestSummary(t *testing.T) {
	for _, c := range []struct {
		name  string
		rep   *scanner.Report
		notes []string
		wants []string
	}{
		{"clean", sample(0), nil, []string{"no secrets", "complete"}},
		{"some", sample(3), []string{"the event is a push"}, []string{"3 secrets in 3 places", "| --- |", "<code>dir/file0001&#46;txt&#58;4</code>", "the event is a push"}},
		{"incomplete", incomplete(sample(0)), nil, []string{"incomplete", "### Not read", "shallow clone"}},
		{"many notes", sample(0), make([]string, 500), []string{"450 more notes"}},
	} {
		got := Summary(c.rep, c.notes, MaxSummary)
		for _, want := range c.wants {
			if !strings.Contains(strings.ReplaceAll(got, "&#46;", "."), strings.ReplaceAll(want, "&#46;", ".")) {
				t.Errorf("%s: %q is missing in\n%s", c.name, want, got)
			}
		}
	}
}

// TestSummaryIsBounded: a summary of very many findings has room, and counts what it leaves out.
func TestSummaryIsBounded(t *testing.T) {
	rep := sample(20_000)
	for i := range rep.Findings {
		rep.Findings[i].Location.Path = strings.Repeat("é<", 200)
	}
	notes := make([]string, 1000)
	for i := range notes {
		notes[i] = strings.Repeat("<", 5000)
	}
	for _, room := range []int{MaxSummary, 200_000, 80_000} {
		got := Summary(rep, notes, room)
		shown := strings.Count(got, "\n| &#") + strings.Count(got, "\n| c")
		if len(got) > room || !strings.Contains(got, "more findings for which there is no room") || shown == 0 && room > 100_000 {
			t.Errorf("room for %d: %d bytes, %d rows", room, len(got), shown)
		}
	}
}

// TestSummaryIsPlain: in texts of others nothing is left that Markdown, HTML or GitHub give a meaning to.
func TestSummaryIsPlain(t *testing.T) {
	reference := regexp.MustCompile(`&#[0-9]+;`)
	for _, text := range hostile() {
		clean := Summary(poison(sample(2), "word"), []string{"word"}, MaxSummary)
		got := Summary(poison(sample(2), text), []string{text}, MaxSummary)
		if a, b := strings.Count(clean, "\n"), strings.Count(got, "\n"); a != b {
			t.Errorf("%q: %d lines, not %d\n%s", text, b, a, got)
		}
		for i, l := range strings.Split(got, "\n") {
			want := strings.Split(clean, "\n")[i]
			rest := reference.ReplaceAllString(l, "")
			for _, c := range "<>|*_`[]!@\\~#$:" {
				if a, b := strings.Count(reference.ReplaceAllString(want, ""), string(c)), strings.Count(rest, string(c)); b > a {
					t.Errorf("%q: line %d has %q: %s", text, i, c, l)
				}
			}
		}
	}
}

// TestSummaryMentionsNobody: GitHub looks for mentions and addresses in the text that the references stand for.
func TestSummaryMentionsNobody(t *testing.T) {
	got := html.UnescapeString(Summary(&scanner.Report{}, []string{"@everyone #1 https://e.example a@e.example"}, MaxSummary))
	if regexp.MustCompile(`@\w|#\d|https:/`).MatchString(got) {
		t.Errorf("%q", got)
	}
}

func TestNoSecrets(t *testing.T) {
	rep := sample(12)
	for i := range rep.Findings {
		rep.Findings[i].Revealed = strings.Repeat("q", 20) + fmt.Sprintf("%020d", i)
	}
	var b bytes.Buffer
	if err := Annotations(&b, rep, nil); err != nil {
		t.Fatal(err)
	}
	if all := b.String() + Summary(rep, nil, MaxSummary); strings.Contains(all, strings.Repeat("q", 12)) {
		t.Error("a secret is shown")
	}
}

func FuzzLog(f *testing.F) {
	for _, text := range hostile() {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var b bytes.Buffer
		log := Harmless(&b)
		if _, err := io.WriteString(log, text); err != nil || log.Flush() != nil {
			t.Fatal(err)
		}
		if bad := obeyed(b.String()); len(bad) > 0 {
			t.Fatalf("%q", bad)
		}
		b.Reset()
		if err := Annotations(&b, poison(sample(1), text), nil); err != nil {
			t.Fatal(err)
		}
		if n := len(obeyed(b.String())); n != 2 { // the finding and the coverage
			t.Fatalf("%d commands: %q", n, b.String())
		}
		if got := Summary(poison(sample(1), text), []string{text}, MaxSummary); strings.ContainsAny(got, "@$`~\\![]\x1b\r") {
			t.Fatalf("%q", got)
		}
	})
}

// TestAnnotationOfStandardInput: what was given on standard input has no file.
func TestAnnotationOfStandardInput(t *testing.T) {
	rep := sample(1)
	rep.Findings[0].Location = scanner.Location{Kind: scanner.KindStdin, StartLine: 1, EndLine: 1}
	var b bytes.Buffer
	if err := Annotations(&b, rep, nil); err != nil || !strings.Contains(b.String(), " in standard input. ") {
		t.Errorf("%v: %s", err, b.String())
	}
}
