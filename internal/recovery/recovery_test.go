package recovery

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// sample reads the golden JSON report: one finding of every sort, some from a hostile author.
func sample(t *testing.T) *scanner.Report {
	t.Helper()
	text, err := os.ReadFile("../report/testdata/report.json")
	if err != nil {
		t.Fatal(err)
	}
	rep := new(scanner.Report)
	if err := json.Unmarshal(text, rep); err != nil {
		t.Fatal(err)
	}
	return rep
}

func sampleRules() *rules.Set {
	return rules.NewSet([]rules.Rule{
		{ID: "anthropic-api-key", Provider: "anthropic", Title: "Anthropic API key", Playbook: "api-key",
			Why:  "Whoever holds it can call the Claude API at your cost.",
			Docs: []string{"https://platform.claude.com/docs/en/api/overview"}},
		{ID: "aws-access-key", Provider: "aws", Title: "AWS access key"},
	}, map[string]rules.Playbook{"anthropic/api-key": {Name: "api-key", Steps: []rules.Step{
		{Phase: rules.Prevent, Title: "Use short-lived credentials", Text: "See `docs/secrets.md`."},
		{Phase: rules.Stop, Title: "Find the key by its hint",
			Text: "The leaked one is shown as {partial_key_hint}. The commands need an admin key that is no part of this leak.",
			Run: "curl -sS \"https://api.anthropic.com/v1/organizations/api_keys?limit=1000\" -H \"x-api-key: $ANTHROPIC_ADMIN_KEY\" | " +
				"jq -r --arg hint '{partial_key_hint}' '.data[] | select(.partial_key_hint == $hint) | .id'"},
		{Phase: rules.Stop, Title: "Disable the key", Link: "https://platform.claude.com/settings/keys",
			Run: "curl -X POST https://api.anthropic.com/v1/organizations/api_keys/{api_key_id} -d '{\"status\":\"inactive\"}'"},
		{Phase: rules.Review, Title: "Read the usage since {since}", Uncertain: true,
			Run: "git log --format='%h %s' {commit}^{commit} -- {path}\ncurl -G https://api.anthropic.com/v1/usage --data-urlencode \"starting_at={since}\" --data-urlencode \"ending_at={until}\""},
	}}})
}

func render(t *testing.T, rep *scanner.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := New(rep, sampleRules(), Options{}).Markdown(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// renderAll renders a report in every format, with a survey.
func renderAll(t *testing.T, rep *scanner.Report, opt Options) map[string]string {
	t.Helper()
	p := New(rep, sampleRules(), opt)
	var md, web bytes.Buffer
	text, err := p.JSON()
	if err := errors.Join(err, p.Markdown(&md), p.HTML(&web)); err != nil {
		t.Fatal(err)
	}
	return map[string]string{"markdown": md.String(), "html": web.String(), "json": string(text)}
}

func only(rep *scanner.Report, kinds ...scanner.Kind) *scanner.Report {
	rep.Findings = slices.DeleteFunc(rep.Findings, func(f scanner.Finding) bool { return !slices.Contains(kinds, f.Location.Kind) })
	return rep
}

func TestGolden(t *testing.T) {
	clean := &scanner.Report{Tool: scanner.Tool{Name: "skant", Version: "1.0.0"}, Target: ".", Command: "history",
		StartedAt: time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC), Coverage: scanner.Coverage{Complete: true, Refs: 2, Commits: 3, Blobs: 4, Bytes: 5}}
	nothing := sample(t)
	nothing.Findings = nil
	staged := only(sample(t), scanner.KindCommitContent)
	staged.Findings = staged.Findings[:1]
	staged.Findings[0].Location.Kind, staged.Findings[0].Location.Commit, staged.Findings[0].Exposure = scanner.KindStaged, nil, nil
	staged.Coverage, staged.Command, staged.Target = scanner.Coverage{Complete: true, Blobs: 1, Bytes: 9}, "staged", "."
	for name, rep := range map[string]*scanner.Report{
		"history.md": sample(t), "surveyed.md": sample(t), "clean.md": clean, "incomplete.md": nothing, "staged.md": staged,
		"unreachable.md": only(sample(t), scanner.KindUnreachable),
	} {
		t.Run(name, func(t *testing.T) {
			got := render(t, rep)
			if name == "surveyed.md" {
				got = renderAll(t, rep, Options{Exposure: sampleSurvey(rep), Repository: "/srv/it's a clone", Files: []string{"vercel.json"}})["markdown"]
			}
			path := filepath.Join("testdata", name)
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("differs (-want +got), -update rewrites it:\n%s", diff)
			}
		})
	}
}

// TestPlanFollowsThePhases checks that steps come in the order of the phases, whatever the order in the rule.
func TestPlanFollowsThePhases(t *testing.T) {
	p := New(sample(t), sampleRules(), Options{})
	if len(p.Leaks) != 3 || p.Leaks[0].RuleID != "anthropic-api-key" || len(p.Leaks[0].Places) != 3 {
		t.Fatalf("leaks %+v", p.Leaks)
	}
	for _, l := range p.Leaks {
		last := -1
		for _, s := range l.Phases {
			at := slices.Index(rules.Phases(), s.Phase)
			if at <= last || len(s.Steps) == 0 {
				t.Errorf("%s: phase %s is out of order or empty", l.RuleID, s.Phase)
			}
			last = at
		}
	}
	if l := p.Leaks[0]; l.General || !p.Leaks[1].General || !p.Leaks[2].General {
		t.Error("only rules with a playbook have steps of their own")
	} else if !l.First.Equal(time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)) || !l.InHead || l.RefCount != 2 {
		t.Errorf("since %v, in head %v, refs %d", l.First, l.InHead, l.RefCount)
	}
	if p.Suppressed != 1 || p.Hidden != 4 || p.Total() != 5 {
		t.Errorf("suppressed %d, hidden %d, places %d", p.Suppressed, p.Hidden, p.Total())
	}
}

func TestStandardFacts(t *testing.T) {
	rep := sample(t)
	for i := range rep.Findings { // a credential cannot say what the standard facts are
		f := &rep.Findings[i]
		if f.Facts == nil {
			f.Facts = map[string]string{}
		}
		f.Facts["path"], f.Facts["since"] = "from the credential", "from the credential"
	}
	p := New(rep, sampleRules(), Options{})
	known := newFacts(&p.Leaks[0], p.ReportedAt)
	want := map[string]string{
		"path": "deploy/run it.sh", "commit": strings.Repeat("b", 40), "commit_short": "bbbbbbbbbb", "object": strings.Repeat("2", 40),
		"first_seen": "2026-03-02T09:30:00Z", "last_seen": "2026-03-21T09:30:00Z", "first_seen_date": "2026-03-02",
		"since_date": "2026-03-02", "until_date": "2026-04-01", "since_unix": "1772443800", "until_unix": "1775044800",
		"since": "2026-03-02T09:30:00Z", "until": "2026-04-01T12:00:00Z", "rule_id": "anthropic-api-key", "title": "Anthropic API key",
		"redacted": "sk-ant-api03-R2D...igAA", "fingerprint": p.Leaks[0].Fingerprint, "refs": "refs/heads/main refs/tags/v1.0",
		"organization_id": "org-0001", "partial_key_hint": "sk-ant-api03-R2D...igAA",
	}
	got := map[string]string{}
	for name, values := range known {
		got[name] = strings.Join(values, " ")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	var missing []Missing
	staged := newFacts(&Leak{Places: []Place{{}}, Facts: []Fact{{"commit", "forged"}}}, time.Time{})
	if got := staged.command("x {commit} {since}", &missing); got != "x <commit> <since>" || len(missing) != 2 {
		t.Errorf("without facts: %s, %v", got, missing)
	}
}

func TestRestrictedSections(t *testing.T) {
	titles := func(rep *scanner.Report) (out []string) {
		for _, s := range New(rep, sampleRules(), Options{}).Git {
			out = append(out, s.Title)
		}
		return out
	}
	for _, c := range []struct {
		kinds []scanner.Kind
		want  string
	}{
		{[]scanner.Kind{scanner.KindUnreachable}, "Clean this clone|Prevent the next one"},
		{[]scanner.Kind{scanner.KindFile}, "Take it out of what is in use now|Prevent the next one"},
		{[]scanner.Kind{scanner.KindCommitMessage}, "Before the purge|Purge with this program|Purge by hand|Clean this clone, after a purge by hand|What a purge cannot reach|Prove it|Prevent the next one"},
		{nil, ""},
	} {
		if got := strings.Join(titles(only(sample(t), c.kinds...)), "|"); got != c.want {
			t.Errorf("%v: %s", c.kinds, got)
		}
	}
}

func TestOnlyIDsOfObjectsAreVerified(t *testing.T) {
	rep := sample(t)
	for i := range rep.Findings {
		rep.Findings[i].Location.Object = "$(touch pwned)" + strings.Repeat("a", 40)
		if c := rep.Findings[i].Location.Commit; c != nil {
			c.ID = "x; touch pwned #" + strings.Repeat("a", 40)
		}
	}
	for _, s := range New(rep, sampleRules(), Options{}).Git {
		for _, step := range s.Steps {
			if strings.Contains(step.Run, "pwned") {
				t.Errorf("%s: %s", s.Title, step.Run)
			}
		}
	}
}

func TestIncompleteIsSaidOnTop(t *testing.T) {
	for _, empty := range []bool{true, false} {
		rep := sample(t)
		if empty {
			rep.Findings = nil
		}
		text := render(t, rep)
		if i := strings.Index(text, "[!WARNING]"); i < 0 || i > 100 {
			t.Errorf("the warning stands at %d", i)
		}
		for _, s := range rep.Coverage.Skipped {
			if !strings.Contains(text, s.Reason) {
				t.Errorf("%q is not said", s.Reason)
			}
		}
	}
}

// TestManyLeaksAreNamed checks that a bound on the steps hides no leak.
func TestManyLeaksAreNamed(t *testing.T) {
	rep := sample(t)
	f := rep.Findings[0]
	rep.Findings = nil
	for i := range 150 {
		f.Fingerprint, f.Location.Path = fmt.Sprint(i), fmt.Sprintf("file-%03d.txt", i)
		rep.Findings = append(rep.Findings, f)
	}
	text := render(t, rep)
	for i := range 150 {
		if !strings.Contains(text, fmt.Sprintf("file-%03d.txt", i)) {
			t.Fatalf("leak %d is not named", i)
		}
	}
	if !strings.Contains(text, "For the other 50 do the same") {
		t.Error("the bound is not told")
	}
}

// TestSecretsAreNotPrinted checks the second promise: neither Finding.Secret nor Finding.Revealed is in the runbook.
func TestSecretsAreNotPrinted(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 30 {
		rep := sample(t)
		var secrets []string
		for i := range rep.Findings {
			f := &rep.Findings[i]
			value := fmt.Sprintf("%016x%016x", r.Uint64(), r.Uint64())
			secrets = append(secrets, value)
			f.Secret, f.Revealed = scanner.NewSecret(value, 2), value
			masked := f.Secret.Redacted()
			f.Excerpt, f.Location.Path, f.Facts, f.Reasons = masked, masked, map[string]string{"partial_key_hint": masked}, []string{masked}
			f.Location.Commit = &scanner.Commit{ID: masked, Author: masked, Email: masked, Summary: masked}
		}
		for format, text := range renderAll(t, rep, Options{Exposure: sampleSurvey(rep)}) {
			for _, s := range secrets {
				if strings.Contains(text, s) {
					t.Fatalf("a secret is printed in %s:\n%s", format, text)
				}
			}
		}
	}
}

// TestHostileValuesChangeNoStructure renders the same report with harmless and with hostile values: headings, boxes,
// tables and fences must be the same, and nothing invisible may be printed.
func TestHostileValuesChangeNoStructure(t *testing.T) {
	harmless := with(sample(t), "harmless")
	want := skeleton(renderAll(t, harmless, Options{Exposure: hostileSurvey(harmless, "harmless")})["markdown"])
	for _, hostile := range []string{
		"x\n# heading\n- [ ] **box**\n```\nfence\n", "a | b | c", "`", "``", "```sh", " `a` ", `\`, `\|`, "**bold** _it_ ~~no~~",
		"<script>alert(1)</script>", "<!-- ", "[a](https://example.org)", "![a](https://example.org/x.png)", "@everyone https://example.org",
		"\x1b[2J\x9b\u202e\u200b\xff", "&lt;b&gt; &#x60;", strings.Repeat("`", 50), strings.Repeat("long ", 1000), "$(id)", "{commit} {since}",
	} {
		rep := with(sample(t), hostile)
		text := renderAll(t, rep, Options{Exposure: hostileSurvey(rep, hostile)})["markdown"]
		if diff := cmp.Diff(want, skeleton(text)); diff != "" {
			t.Errorf("%q changes the structure:\n%s", hostile, diff)
		}
		for _, r := range text {
			if r != '\n' && !unicode.IsGraphic(r) {
				t.Errorf("%q prints %U", hostile, r)
			}
		}
		outside := withoutCode(text)
		for _, active := range []string{"<script", "<!--", "a](https", " ![", "@everyone", " https://example.org", "&lt;b&gt; &#x60;"} {
			if strings.Contains(outside, active) {
				t.Errorf("%q leaves %q active in:\n%s", hostile, active, outside)
			}
		}
	}
}

// with puts a value into everything of a report that a repository decides on.
func with(rep *scanner.Report, value string) *scanner.Report {
	rep.Target = value
	for i := range rep.Findings {
		f := &rep.Findings[i]
		f.Title, f.Location.Path, f.Location.Object, f.Reasons = value, value, value, []string{value}
		f.Fingerprint = value + f.Fingerprint
		f.Facts = map[string]string{"partial_key_hint": value, "other": value}
		f.Location.Decoded = []string{value}
		if f.Exposure != nil && len(f.Exposure.Refs) > 0 {
			f.Exposure.Refs = []string{value}
		}
		if c := f.Location.Commit; c != nil {
			c.ID = value
		}
	}
	for i := range rep.Coverage.Skipped {
		rep.Coverage.Skipped[i].Items, rep.Coverage.Skipped[i].Reason = []string{value}, value
	}
	return rep
}

// skeleton is the block structure of a document: the mark that begins each line, and the cells of each row.
func skeleton(text string) []string {
	var out []string
	fenced := ""
	for line := range strings.Lines(text) {
		trimmed := strings.TrimSpace(line)
		mark, _, _ := strings.Cut(trimmed, " ")
		switch {
		case fenced != "" && trimmed == fenced:
			fenced = ""
			out = append(out, "end")
		case fenced != "":
		case fenceOf(trimmed) != "":
			fenced = fenceOf(trimmed)
			out = append(out, "fence")
		case strings.HasPrefix(trimmed, "|"):
			out = append(out, fmt.Sprintf("row of %d", cells(trimmed)))
		case strings.HasPrefix(trimmed, "- [ ]"), strings.Trim(mark, "#") == "" && mark != "", mark == "-", mark == ">":
			out = append(out, strings.TrimSuffix(mark, "\n"))
		}
	}
	return out
}

// fenceOf returns the backticks that open a block of code; empty if the line opens none.
func fenceOf(line string) string {
	kind := strings.Trim(line, "`")
	if (kind == "sh" || kind == "text") && strings.HasPrefix(line, "```") {
		return strings.TrimSuffix(line, kind)
	}
	return ""
}

// cells counts the cells of a table row: a pipe ends one, whatever stands before it.
func cells(row string) int { return strings.Count(row, "|") - 1 }

// withoutCode drops fenced blocks, code spans and the HTML that the runbook itself writes.
func withoutCode(text string) string {
	var b strings.Builder
	fence := ""
	for line := range strings.Lines(text) {
		trimmed := strings.TrimSpace(line)
		switch {
		case fence != "":
			if trimmed == fence {
				fence = ""
			}
		case fenceOf(trimmed) != "":
			fence = fenceOf(trimmed)
		default:
			b.WriteString(dropSpans(line))
		}
	}
	return b.String()
}

// dropSpans drops code spans as CommonMark reads them: a run of backticks closes at the next run of the same length.
func dropSpans(line string) string {
	var b strings.Builder
	for i := 0; i < len(line); {
		if line[i] == '\\' && i+1 < len(line) {
			b.WriteString(line[i : i+2])
			i += 2
			continue
		}
		if line[i] != '`' {
			b.WriteByte(line[i])
			i++
			continue
		}
		n := len(line[i:]) - len(strings.TrimLeft(line[i:], "`"))
		end := -1
		for j := i + n; j < len(line); {
			m := len(line[j:]) - len(strings.TrimLeft(line[j:], "`"))
			if m == n {
				end = j + m
				break
			}
			j += max(1, m)
		}
		if end < 0 {
			b.WriteString(line[i : i+n])
			end = i + n
		}
		i = end
	}
	return b.String()
}

func TestWriteErrorIsReturned(t *testing.T) {
	if err := New(sample(t), nil, Options{}).Markdown(failing{}); err == nil {
		t.Error("no error from a writer that fails")
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }
