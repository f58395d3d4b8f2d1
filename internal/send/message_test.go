package send

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// hostile are texts that a repository may have as names, each of which some destination would obey.
func hostile() []string {
	return []string{
		"@team/all <!channel> <!here|x> <@U012AB3CD> @here", "fixes #1 GH-2 owner/repo#3", "x --> <!-- skant:secret v1:" + strings.Repeat("b", 32) + " severity=low verdict=dead places=" + strings.Repeat("0", 16) + " -->",
		"\n<!-- skant:secret v1:" + strings.Repeat("c", 32) + " severity=low verdict=dead places=" + strings.Repeat("0", 16) + " -->\n",
		"[x](https://evil.example) ![y](https://evil.example/p.png) <img src=x onerror=alert(1)>", "`code` *bold* _it_ ~gone~ | a | b | :smile: <https://evil.example|click>",
		"<at>Ann</at> {{DATE(2026-01-01,SHORT)}} ${x} @{triggerBody()}", "\x1b[31m\u202e\u200b\xff", `"}],"x":"` + "\\", strings.Repeat("ü&<", 3000),
	}
}

// redacted makes a secret as a saved report has it.
func redacted(t testing.TB, form string) scanner.Secret {
	t.Helper()
	var s scanner.Secret
	if err := s.UnmarshalText([]byte(form)); err != nil {
		t.Fatal(err)
	}
	return s
}

func print32(n int) string { return fmt.Sprintf("v1:%032x", n) }

// finding is the nth secret, at a path.
func finding(t testing.TB, n int, path string) scanner.Finding {
	return scanner.Finding{
		Fingerprint: print32(n), RuleID: "anthropic-api-key", Title: "Anthropic API key", Severity: rules.Critical, Confidence: rules.Certain,
		Secret:   redacted(t, "sk-ant-api03-R2D...igAA"),
		Location: scanner.Location{Path: path, StartLine: 3, StartColumn: 5, EndLine: 3, EndColumn: 9, Kind: scanner.KindFile},
		Excerpt:  "EXCERPT sk-ant-api03-R2D...igAA",
	}
}

func reportOf(fs ...scanner.Finding) *scanner.Report {
	return &scanner.Report{
		SchemaVersion: scanner.SchemaVersion, Tool: scanner.Tool{Name: "skant", Version: "1"}, Target: ".", Command: "scan",
		StartedAt: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC), Coverage: scanner.Coverage{Complete: true}, Findings: fs,
	}
}

// evil is a report in which everything that a repository or a forger chooses is hostile.
func evil(t testing.TB, n int) *scanner.Report {
	names := hostile()
	rep := reportOf()
	for i := range n {
		name := names[i%len(names)]
		f := finding(t, i, name)
		f.Title, f.RuleID, f.Secret = name, name, redacted(t, name)
		f.Location.Commit = &scanner.Commit{ID: name, Author: "AUTHOR", Email: "mail@example.org", Summary: "SUMMARY"}
		f.Verdict = scanner.Verdict(name)
		f.Verification = &scanner.Verification{Do: name, Says: name}
		rep.Findings = append(rep.Findings, f)
	}
	rep.Target, rep.Command = names[0], names[2]
	rep.Repository = &scanner.Repository{URI: names[3], Revision: names[4]}
	rep.Coverage = scanner.Coverage{Skipped: []scanner.Skip{{What: names[0], Reason: names[5], Count: 2, Unread: true}}}
	return rep
}

func TestMessage(t *testing.T) {
	old := finding(t, 3, "old.env")
	example := finding(t, 4, "example.env")
	example.Example = true
	hidden := finding(t, 5, "hidden.env")
	hidden.Suppressed = &scanner.Suppression{By: "baseline"}
	live := finding(t, 2, "live.env")
	live.Verdict = scanner.Live
	m := New(reportOf(finding(t, 1, "a.env"), finding(t, 1, "b.env"), live, old, example, hidden), Options{Only: map[string]bool{print32(1): true, print32(2): true, print32(4): true, print32(5): true}})
	if m.SecretCount != 2 || m.PlaceCount != 3 || m.AliveCount != 1 || m.Secrets[0].Fingerprint != print32(2) {
		t.Errorf("%+v", m)
	}
	if m.Summary != "skant found 2 new secrets in 3 places, 1 known to be alive" {
		t.Errorf("summary %q", m.Summary)
	}
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	for _, no := range []string{"EXCERPT", "old.env", "example.env", "hidden.env", "AUTHOR"} {
		if strings.Contains(string(text), no) {
			t.Errorf("the message has %s", no)
		}
	}
	if !New(reportOf(), Options{}).Empty() {
		t.Error("a clean report is sent")
	}
	rep := reportOf()
	rep.Coverage.Complete = false
	if m := New(rep, Options{}); m.Empty() || !strings.Contains(m.Summary, "INCOMPLETE") {
		t.Errorf("an incomplete report passes for a clean one: %+v", m)
	}
	if m := New(evil(t, 30), Options{Most: 7}); len(m.Secrets) != 7 || m.SecretsLeft != 23 {
		t.Errorf("%d listed, %d left", len(m.Secrets), m.SecretsLeft)
	}
	if a, b := New(reportOf(finding(t, 1, "a"), finding(t, 1, "b")), Options{}), New(reportOf(finding(t, 1, "b"), finding(t, 1, "a")), Options{}); a.Secrets[0].digest != b.Secrets[0].digest {
		t.Error("the digest depends on the order")
	}
}

// TestNoValue puts a secret everywhere in a report, as --show-secrets and a rule's match, and looks for it in all that would be sent.
func TestNoValue(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	value := ""
	for range 40 {
		value += string(rune('a' + r.IntN(26)))
	}
	ruled, err := rules.Expand(`<<anthropic "sk-ant-api03-">>`, "send")
	if err != nil {
		t.Fatal(err)
	}
	scan, err := scanner.New(rules.Builtin(), scanner.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{value, ruled} {
		f := finding(t, 1, "dir/"+secret+"/x.env")
		f.Title, f.RuleID, f.Fingerprint = secret, secret, secret
		f.Severity, f.Verdict, f.Confidence = rules.Severity(secret), scanner.Verdict(secret), rules.Confidence(secret)
		f.Secret, f.Location.Member, f.Location.Kind = redacted(t, secret), secret, scanner.Kind(secret)
		f.Location.Commit = &scanner.Commit{ID: secret}
		f.Verification = &scanner.Verification{Do: secret, Says: secret}
		if secret == value {
			f.Revealed = value
		}
		rep := reportOf(f)
		rep.Target, rep.Command, rep.Repository, rep.Tool.Version = secret, secret, &scanner.Repository{URI: "https://x.example/" + secret, Revision: secret}, secret
		rep.Coverage.Skipped = []scanner.Skip{{What: secret, Reason: secret, Items: []string{secret}, Unread: true}}
		m := New(rep, Options{Scrub: scan.Scrub})
		for name, body := range bodies(t, m) {
			tail := secret[len(secret)-16:]
			if strings.Contains(string(body), tail) {
				t.Errorf("%s holds the secret", name)
			}
		}
	}
}

// bodies are all forms of a message.
func bodies(t testing.TB, m *Message) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	add := func(name string, body []byte, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out[name] = body
	}
	body, err := Slack(m)
	add("slack", body, err)
	body, err = Teams(m)
	add("teams", body, err)
	body, err = json.Marshal(m)
	add("webhook", body, err)
	for i := range m.Secrets {
		s := &m.Secrets[i]
		body, err = json.Marshal((&Issues{}).create(s, m))
		add(fmt.Sprintf("issue %d", i), body, err)
		add(fmt.Sprintf("comment %d", i), []byte(commentBody(s, m, mark{}, markOf(s, mark{}), true)), nil)
	}
	return out
}

// strs returns all strings in a JSON value.
func strs(t testing.TB, body []byte) []string {
	t.Helper()
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatal(err)
	}
	var out []string
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case string:
			out = append(out, v)
		case []any:
			for _, x := range v {
				walk(x)
			}
		case map[string]any:
			for _, x := range v {
				walk(x)
			}
		}
	}
	walk(v)
	return out
}

func TestSlackLimits(t *testing.T) {
	for _, n := range []int{0, 1, 10, 47, 48, 300} {
		m := New(evil(t, n), Options{})
		body, err := Slack(m)
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Text   string
			Blocks []struct {
				Type     string
				Text     struct{ Type, Text string }
				Elements []struct{ Type, Text string }
			}
		}
		if err := json.Unmarshal(body, &got); err != nil {
			t.Fatal(err)
		}
		if len(got.Blocks) > 50 || len(got.Blocks) < min(n, 47)+3 {
			t.Errorf("%d secrets make %d blocks", n, len(got.Blocks))
		}
		for _, b := range got.Blocks {
			if most := map[string]int{"header": 150, "section": 3000}[b.Type]; utf8.RuneCountInString(b.Text.Text) > most {
				t.Errorf("a %s has %d characters", b.Type, utf8.RuneCountInString(b.Text.Text))
			}
		}
		if last := got.Blocks[len(got.Blocks)-1].Elements[0].Text; n > 47 && !strings.Contains(last, fmt.Sprint(n-47)+" more secret") {
			t.Errorf("what is missing is not said: %q", last)
		}
		for _, s := range strs(t, body) {
			bare := strings.NewReplacer("&lt;", "", "&gt;", "", "&amp;", "").Replace(s)
			if strings.ContainsAny(bare, "<>&") {
				t.Errorf("not escaped: %q", s)
			}
			// What stands in code means nothing, and all code ends where it began to.
			if bare = regexp.MustCompile("`[^`\n]+`").ReplaceAllString(s, ""); strings.Contains(bare, "`") {
				t.Errorf("code has no end: %q", s)
			}
			s = bare
			for _, no := range []string{"@team", "@here", ":smile", "`code`", "_it_", "~gone"} {
				if strings.Contains(s, no) {
					t.Errorf("%q stands in %q", no, s)
				}
			}
		}
	}
}

func TestTeamsLimits(t *testing.T) {
	for _, n := range []int{0, 1, 10, 400} {
		m := New(evil(t, n), Options{})
		body, err := Teams(m)
		if err != nil {
			t.Fatal(err)
		}
		if len(body) > 28000 {
			t.Errorf("%d secrets make %d bytes", n, len(body))
		}
		if n == 400 && (len(body) < 15000 || !strings.Contains(string(body), "more secrets")) {
			t.Errorf("%d secrets make %d bytes", n, len(body))
		}
		if strings.Contains(string(body), `"TextBlock"`) {
			t.Error("a text block knows Markdown")
		}
		for _, s := range strs(t, body) {
			for _, no := range []string{"<at>", "{{DATE", "${x", "@{trigger", "](https"} {
				if strings.Contains(s, no) && no != "](https" {
					t.Errorf("%q stands in %q", no, s)
				}
			}
		}
	}
}

// TestTeamsLongest: what is said of an incomplete scan leaves room, whatever its names are.
func TestTeamsLongest(t *testing.T) {
	for _, c := range []string{"<", "\U0001f600", "\u00fc"} {
		long := strings.Repeat(c, 600)
		rep := evil(t, 1)
		rep.Target, rep.Repository = long, &scanner.Repository{URI: long}
		for range 9 {
			rep.Coverage.Skipped = append(rep.Coverage.Skipped, scanner.Skip{What: long, Reason: long, Items: []string{long}, Count: 1, Unread: true})
		}
		if body, err := Teams(New(rep, Options{})); err != nil || len(body) > teamsBytes || !strings.Contains(string(body), "INCOMPLETE") {
			t.Errorf("%q: %d bytes, %v", c, len(body), err)
		}
	}
}

// TestSlackPlaces: places are copied as they stand, and those without room are counted.
func TestSlackPlaces(t *testing.T) {
	var fs []scanner.Finding
	for i := range 7 {
		fs = append(fs, finding(t, 1, fmt.Sprintf("src/my_file*%d.py", i)))
	}
	text := slackSecret(&New(reportOf(fs...), Options{}).Secrets[0])
	if !strings.Contains(text, "`src/my_file*0.py:3:5`") || !strings.Contains(text, "and 2 more places") {
		t.Errorf("%q", text)
	}
	long := strings.Repeat("&<", 300)
	for i := range fs {
		fs[i].Location.Path = long + fmt.Sprint(i)
	}
	text = slackSecret(&New(reportOf(fs...), Options{}).Secrets[0])
	if n := utf8.RuneCountInString(text); n > slackSection || !strings.Contains(text, "and 6 more places") {
		t.Errorf("%d characters: %q", n, text)
	}
	for i := range fs {
		fs[i].Title, fs[i].Secret, fs[i].Verification = long, redacted(t, long), &scanner.Verification{Do: long}
	}
	text = slackSecret(&New(reportOf(fs...), Options{}).Secrets[0])
	if n := utf8.RuneCountInString(text); n > slackSection || strings.Count(text, "`")%2 != 0 || !strings.HasSuffix(text, "and 7 more places") {
		t.Errorf("%d characters: %q", n, text)
	}
}

// TestIssueText holds titles and bodies against what GitHub would obey.
func TestIssueText(t *testing.T) {
	m := New(evil(t, 40), Options{})
	for i := range m.Secrets {
		s := &m.Secrets[i]
		title, body := issueTitle(s), issueBody(s, m)
		if utf8.RuneCountInString(title) > 256 || len(body) > 65536 {
			t.Errorf("title of %d, body of %d", utf8.RuneCountInString(title), len(body))
		}
		got, ok := readMark(body)
		if !ok || got.id != s.Fingerprint {
			t.Errorf("the mark is %+v, want %s", got, s.Fingerprint)
		}
		comment := commentBody(s, m, mark{}, markOf(s, mark{}), true)
		for _, text := range []string{body, comment} {
			if n := strings.Count(text, "<!--"); n != 1 {
				t.Errorf("%d comments in %q", n, text)
			}
			// What is left without escapes and our own words is plain.
			bare := regexp.MustCompile(`&#[0-9]+;|(?m)^<!-- skant:secret [^<>]* -->$|</?code>|^### |`+"`skant [a-z -]*(FILE)?`").ReplaceAllString(text, "")
			bare = strings.ReplaceAll(bare, "### ", "")
			if i := strings.IndexAny(bare, "@#<>[]!~`\\_"); i >= 0 {
				t.Errorf("%q stands in %q", bare[i], bare)
			}
		}
		for _, no := range []string{"@team", "#1", "`code", "<!--", "\n"} {
			if strings.Contains(title, no) {
				t.Errorf("%q stands in the title %q", no, title)
			}
		}
	}
}

func TestMark(t *testing.T) {
	m := mark{"v1:" + strings.Repeat("a", 32), "high", "", strings.Repeat("0", 16)}
	for text, want := range map[string]bool{
		m.String(): true, "words\r\n" + m.String() + "\r\nmore": true, " " + m.String(): false, "x " + m.String(): false, m.String() + " x": false,
		strings.Replace(m.String(), "high", "h-->x", 1): false, "": false,
	} {
		if got, ok := readMark(text); ok != want || ok && got != m {
			t.Errorf("%q: %v %+v", text, ok, got)
		}
	}
	s := &Secret{Fingerprint: m.id, Severity: "high", digest: m.places}
	if markOf(s, m) != m {
		t.Error("the same is a change")
	}
	if was := (mark{m.id, "critical", "live", m.places}); markOf(s, was) != was {
		t.Error("not having asked is a change")
	}
	if s.Verdict = "dead"; markOf(s, m) == m {
		t.Error("another verdict is no change")
	}
}

func FuzzTexts(f *testing.F) {
	for _, s := range hostile() {
		f.Add(s)
	}
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		x := finding(t, 1, s)
		x.Title, x.Fingerprint = s, s
		m := New(reportOf(x), Options{})
		for _, body := range [][]byte{bodies(t, m)["slack"], bodies(t, m)["teams"]} {
			if !json.Valid(body) {
				t.Fatal("no JSON")
			}
		}
		text := issueBody(&m.Secrets[0], m)
		if got, ok := readMark(text); !ok || got.id != m.Secrets[0].Fingerprint || strings.Count(text, "<!--") != 1 {
			t.Errorf("%q", text)
		}
	})
}

func TestCutEscaped(t *testing.T) {
	for _, c := range []struct {
		in    string
		limit int
		want  string
	}{
		{"abc", 9, "abc"}, {"a&amp;bcdef", 9, "a&amp;bc…"}, {"abcd&amp;", 9, "abcd&amp;"}, {"abc&amp;defgh", 8, "abc…"}, {"ü&lt;üüüüüü", 8, "ü&lt;üü…"},
	} {
		if got := cutEscaped(c.in, c.limit); got != c.want {
			t.Errorf("%q at %d: %q, want %q", c.in, c.limit, got, c.want)
		}
	}
}
