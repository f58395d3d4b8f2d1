package html

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
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skant-dev/skant/internal/incident"
	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

var update = flag.Bool("update", false, "rewrite golden files")

func render(t *testing.T, rep *scanner.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, rep, sampleRules()); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// block is the data block of a page, decoded.
type block struct {
	Secrets []dataSecret
	Commits []dataCommit
	Refs    []string
	Steps   [][]dataPhase
	Beyond  int
}

var (
	dataBlock = regexp.MustCompile(`(?s)<script type="application/json" id="skant-data">(.*?)</script>`)
	styles    = regexp.MustCompile(`(?s)<style>.*?</style>`)
	programs  = regexp.MustCompile(`(?s)<script>.*?</script>`)
	policies  = regexp.MustCompile(`sha256-[A-Za-z0-9+/=]+`)
)

func dataOf(t *testing.T, page string) block {
	t.Helper()
	m := dataBlock.FindStringSubmatch(page)
	if m == nil {
		t.Fatal("no data block")
	}
	var b block
	if err := json.Unmarshal([]byte(m[1]), &b); err != nil {
		t.Fatal(err)
	}
	return b
}

func day4(n int) time.Time { return time.Date(2026, 3, n, 9, 30, 0, 0, time.UTC) }

func redacted(t *testing.T, form string) scanner.Secret {
	t.Helper()
	var s scanner.Secret
	if err := s.UnmarshalText([]byte(form)); err != nil {
		t.Fatal(err)
	}
	return s
}

const hostileName = "a/</script><script>alert(1)</script>\u2028\u202egnp.<!--\" onload='x'\n\x1b[2J\xff.env"

// sample has a secret in two places, one of a hostile author, one that is suppressed, an example and a purged object.
func sample(t *testing.T) *scanner.Report {
	t.Helper()
	commit := func(c string, n int) *scanner.Commit {
		return &scanner.Commit{ID: strings.Repeat(c, 40), Author: "Ann Example", Email: "ann@example.org", Date: day4(n), Summary: "Add the deploy job"}
	}
	key := scanner.Finding{Fingerprint: "v1:" + strings.Repeat("3f9a", 8), RuleID: "acme-key", Title: "Acme key", Severity: rules.Critical, Confidence: rules.Certain,
		Secret: redacted(t, "acme_R2D...igAA"), Excerpt: "KEY=acme_R2D...igAA", Verdict: scanner.Live, Facts: map[string]string{"account_id": "0001"}, Reasons: []string{"the checksum is right"},
		Verification: &scanner.Verification{At: day4(22), Provider: "acme", Host: "api.example.com", Status: 200, Attempts: 1, Says: "The provider accepts the key.", Learned: map[string]string{"org": "1"}}}
	key.Location = scanner.Location{Path: "config/prod.env", StartLine: 3, StartColumn: 5, EndLine: 3, EndColumn: 20, Kind: scanner.KindCommitContent, Commit: commit("a", 4), Object: strings.Repeat("1", 40)}
	key.Exposure = &scanner.Exposure{InHead: true, Versions: 3, FirstSeen: day4(4), LastSeen: day4(21), Refs: []string{"refs/heads/main", "refs/tags/v1"}, RefCount: 2}
	removed := key
	removed.Location.Path, removed.Location.Commit, removed.Location.Decoded = "deploy/run it.sh", commit("b", 2), []string{"base64"}
	removed.Exposure = &scanner.Exposure{Versions: 1, FirstSeen: day4(2), LastSeen: day4(3), Refs: []string{"refs/heads/main"}, RefCount: 1, Removed: []scanner.Commit{*commit("c", 6)}}
	hostile := scanner.Finding{Fingerprint: "skant-data", RuleID: "other-rule", Title: "Other <b>token</b>", Severity: "terrible\"><i>", Confidence: rules.HighConfidence,
		Secret: redacted(t, "..."), Excerpt: "x = ... </script><img src=x onerror=alert(2)>",
		Location: scanner.Location{Path: hostileName, StartLine: 1, Kind: scanner.KindUnreachable,
			Commit: &scanner.Commit{ID: "</script>", Author: "<img src=x onerror=alert(3)>", Email: "javascript:alert(4)", Date: day4(9), Summary: strings.Repeat("\u202e]]></script>", 4000)}},
		Exposure: &scanner.Exposure{Refs: []string{"refs/heads/</script>"}}}
	allowed, example := key, key
	allowed.Fingerprint, allowed.Suppressed, allowed.Verification = "v1:"+strings.Repeat("0a0a", 8), &scanner.Suppression{By: "ignore-file", Where: ".skantignore:4", Reason: "</script>"}, nil
	example.Fingerprint, example.Example, example.Verdict, example.Verification = "v1:"+strings.Repeat("0b0b", 8), true, "", nil
	purged := scanner.Finding{Fingerprint: "v1:" + strings.Repeat("0c0c", 8), RuleID: scanner.PurgedObjectRule, Title: "Purged object", Severity: rules.Critical, Confidence: rules.Certain, Purged: true,
		Location: scanner.Location{Object: strings.Repeat("9", 40), Kind: scanner.KindUnreachable}}
	return &scanner.Report{SchemaVersion: scanner.SchemaVersion, Tool: scanner.Tool{Name: "skant", Version: "1.0.0"}, Target: "/srv/</title>.git", Command: "history", StartedAt: day4(30),
		Coverage: scanner.Coverage{Commits: 120, Blobs: 1204, Bytes: 31_000_000, Refs: 5, Skipped: []scanner.Skip{
			{What: "blobs", Reason: "larger than 100 MiB; raise --max-size", Count: 7, Unread: true, Items: []string{"</script>"}},
			{What: "submodules", Reason: "another repository", Count: 2}}},
		Hidden: 4, Findings: []scanner.Finding{hostile, removed, key, allowed, example, purged}}
}

func sampleRules() *rules.Set {
	return rules.NewSet([]rules.Rule{{ID: "acme-key", Provider: "acme", Title: "Acme key", Severity: rules.Critical, Confidence: rules.HighConfidence, Playbook: "api-key",
		Docs: []string{"https://example.com/docs", "javascript:alert(5)"}, Why: "Whoever holds it can call the API at your cost."}},
		map[string]rules.Playbook{"acme/api-key": {Name: "api-key", Steps: []rules.Step{
			{Phase: rules.Stop, Title: "Disable `{account_id}`", Text: "In {path}.", Run: "acme keys revoke {path} {unknown}", Link: "https://example.com/keys"},
			{Phase: rules.Review, Title: "Read the logs", Link: "javascript:alert(6)"}}}})
}

// many is a report of n findings of n/2 secrets.
func many(t *testing.T, n int) *scanner.Report {
	rep := sample(t)
	f := rep.Findings[2]
	rep.Findings = nil
	for i := range n {
		f.Fingerprint, f.Location.Path, f.Location.Object = fmt.Sprintf("v1:%032x", i/2), fmt.Sprintf("src/%d.env", i), fmt.Sprintf("%040x", i)
		rep.Findings = append(rep.Findings, f)
	}
	return rep
}

// TestGolden keeps the page of the sample: what is in it, without script and style, and the data.
func TestGolden(t *testing.T) {
	page := render(t, sample(t))
	page = styles.ReplaceAllString(programs.ReplaceAllString(page, "<script></script>"), "<style></style>")
	page = policies.ReplaceAllString(page, "sha256-")
	path := filepath.Join("testdata", "report.html")
	if *update {
		if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), page); diff != "" {
		t.Errorf("the page differs (-want +got), -update rewrites it:\n%s", diff)
	}
}

// TestSavedReportGivesTheSamePage is the contract of `skant report`: also for values that only a scan knows and for bytes that JSON cannot hold.
func TestSavedReportGivesTheSamePage(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 1))
	for range 30 {
		rep := sample(t)
		for i := range rep.Findings {
			f := &rep.Findings[i]
			f.Location.Path += string([]byte{byte(r.IntN(256)), byte(r.IntN(256))})
			f.Secret = scanner.NewSecret("abcdefghijklmnop"+fmt.Sprint(r.Uint64()), r.IntN(6))
			f.Facts = map[string]string{"hint\xff": fmt.Sprint(r.IntN(9))}
			if c := f.Location.Commit; c != nil {
				c.Date = c.Date.In(time.FixedZone("x", r.IntN(7200)))
			}
		}
		rep.ListSuppressed = r.IntN(2) == 0
		r.Shuffle(len(rep.Findings), func(i, j int) { rep.Findings[i], rep.Findings[j] = rep.Findings[j], rep.Findings[i] })
		var saved bytes.Buffer
		if err := report.JSON(&saved, rep, nil); err != nil {
			t.Fatal(err)
		}
		back, err := report.Read(&saved)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(render(t, rep), render(t, back)); diff != "" {
			t.Fatalf("the page of the saved report is another:\n%s", diff)
		}
	}
}

// TestNothingEscapes checks that no text of the report becomes markup: the page has the elements that a page without such texts has.
func TestNothingEscapes(t *testing.T) {
	page := render(t, sample(t))
	if n := strings.Count(page, "<script"); n != 2 {
		t.Errorf("%d scripts", n)
	}
	if n := strings.Count(page, "</script"); n != 2 {
		t.Errorf("%d ends of scripts", n)
	}
	for _, bad := range []string{"<img", "<b>token", "<!--", "\u2028", "\u202e", "\x1b", "\xff", "href=\"javascript", "id=\"skant-data\" ", "<i>"} {
		if strings.Contains(programs.ReplaceAllString(page, ""), bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	if n := strings.Count(page, `id="skant-data"`); n != 1 {
		t.Errorf("%d elements are called skant-data", n)
	}
	for _, s := range dataOf(t, page).Secrets {
		for _, link := range s.Docs {
			if !strings.HasPrefix(link, "https://") {
				t.Errorf("link %q", link)
			}
		}
	}
	if strings.Contains(page, "alert(5)") || strings.Contains(page, "alert(6)") {
		t.Error("an unsafe link of a rule is in the page")
	}
	if n := len(page); n > 200_000 {
		t.Errorf("%d bytes for a huge commit message", n)
	}
}

// TestNoSecretInThePage gives every text a value that only Finding.Secret and Finding.Revealed know.
func TestNoSecretInThePage(t *testing.T) {
	rep := sample(t)
	value := strings.Repeat("Zx9", 12)
	for i := range rep.Findings {
		rep.Findings[i].Secret, rep.Findings[i].Revealed = scanner.NewSecret(value, 4), value
	}
	if strings.Contains(render(t, rep), value) {
		t.Error("the page has a secret in clear")
	}
}

func TestStates(t *testing.T) {
	data := dataOf(t, render(t, sample(t)))
	got := map[string]int{}
	for _, s := range data.Secrets {
		got[s.State]++
		if s.State != stateOpen && s.Steps != nil {
			t.Errorf("%s has steps", s.State)
		}
	}
	if diff := cmp.Diff(map[string]int{stateOpen: 2, statePurged: 1, stateExample: 1, stateSuppressed: 1}, got); diff != "" {
		t.Error(diff)
	}
	first := data.Secrets[0]
	if first.Title != "Acme key" || len(first.Places) != 2 || first.Use != useNow || first.Alive != 1 || first.Since != "2026-03-02" {
		t.Errorf("the first is %+v", first)
	}
	steps := data.Steps[*first.Steps]
	if run := steps[0].Steps[0].Run; run != "acme keys revoke 'deploy/run it.sh' <unknown>" {
		t.Errorf("the first step runs %q", run)
	}
	if p := first.Places[1]; len(p.Removed) != 1 || data.Commits[p.Removed[0]][0] != strings.Repeat("c", 40) {
		t.Errorf("removal: %+v", p)
	}
}

// TestHeadlines checks that the first sentence never says more than is known.
func TestHeadlines(t *testing.T) {
	for name, c := range map[string]struct {
		change     func(*scanner.Report)
		want, tone string
	}{
		"alive": {func(*scanner.Report) {}, "1 leaked secret is alive.", "alarm"},
		"dead": {func(r *scanner.Report) {
			r.Findings = r.Findings[1:3]
			r.Findings[0].Verdict, r.Findings[1].Verdict = scanner.Dead, scanner.Dead
		}, "1 leaked secret was found, and is dead.", "warn"},
		"not known":  {func(r *scanner.Report) { r.Findings = r.Findings[:1] }, "1 leaked secret may be alive.", "alarm"},
		"purged":     {func(r *scanner.Report) { r.Findings = r.Findings[5:] }, "1 purged object came back.", "alarm"},
		"incomplete": {func(r *scanner.Report) { r.Findings = nil }, "No secret was found in what could be read.", "warn"},
		"suppressed": {func(r *scanner.Report) {
			r.Findings, r.Coverage.Skipped, r.Coverage.Complete = r.Findings[3:5], nil, true
			r.Findings[0].Verdict = scanner.NotAsked
		}, "No secret was found, but for 1 suppressed and 1 example.", "calm"},
		"dead, incomplete": {func(r *scanner.Report) {
			r.Findings, r.Findings[2].Verdict, r.Coverage.Complete = r.Findings[2:3], scanner.Dead, false
		}, "1 leaked secret was found, and is dead.", "warn"},
		"suppressed and alive": {func(r *scanner.Report) {
			r.Findings, r.Coverage.Skipped, r.Coverage.Complete = r.Findings[3:4], nil, true
		}, "No secret was found, but for 1 suppressed.", "alarm"},
		"clean": {func(r *scanner.Report) { r.Findings, r.Coverage.Skipped, r.Coverage.Complete = nil, nil, true }, "No secret was found.", "calm"},
	} {
		rep := sample(t)
		c.change(rep)
		if page := render(t, rep); !strings.Contains(page, `<h1 class="`+c.tone+`">`+c.want+`</h1>`) {
			t.Errorf("%s: no headline %q in %s", name, c.want, page[strings.Index(page, "<h1"):][:160])
		}
	}
}

// TestNumbersAreThoseOfTheWholeReport: a command that revokes names a secret by its number, which counts examples, too.
func TestNumbersAreThoseOfTheWholeReport(t *testing.T) {
	set, err := rules.BuiltinFor([]string{"anthropic-api-key"})
	if err != nil {
		t.Fatal(err)
	}
	rep := sample(t)
	rep.Findings = rep.Findings[2:5]
	for i := range rep.Findings {
		f := &rep.Findings[i]
		f.RuleID, f.Verdict, f.Suppressed = "anthropic-api-key", scanner.NotAsked, nil
	}
	rep.Findings[1].Example = true
	rep.Findings[1].Location.Commit = &scanner.Commit{Date: day4(1)} // before the others
	var b bytes.Buffer
	if err := Write(&b, rep, set); err != nil {
		t.Fatal(err)
	}
	numbers := incident.New(rep, rep.StartedAt).Numbers()
	for _, s := range dataOf(t, b.String()).Secrets {
		if s.State == stateExample {
			continue
		}
		run := dataOf(t, b.String()).Steps[*s.Steps][0].Steps[0].Run
		if want := fmt.Sprintf("--only %d ", numbers[s.Key]); !strings.Contains(run, want) || numbers[s.Key] < 2 {
			t.Errorf("%s is revoked by %q, want %q", s.Key, run, want)
		}
	}
}

// TestSteps: the first secrets have steps of their own, the others those of their rule.
func TestSteps(t *testing.T) {
	rep := many(t, 3*maxOwnSteps)
	data := dataOf(t, render(t, rep))
	own, general := 0, 0
	for _, s := range data.Secrets {
		switch {
		case s.Steps != nil && !s.General:
			own++
		case s.Steps != nil:
			general++
		}
	}
	if own != maxOwnSteps || general != 3*maxOwnSteps/2-maxOwnSteps {
		t.Errorf("%d secrets with steps of their own, %d with those of their rule", own, general)
	}
	if len(data.Steps) != maxOwnSteps+1 {
		t.Errorf("%d lists of steps", len(data.Steps))
	}
}

// TestBounds checks that what there is no room for is counted.
func TestBounds(t *testing.T) {
	rep := many(t, 20)
	for range maxPlacesOf + 10 {
		rep.Findings = append(rep.Findings, rep.Findings[0])
	}
	data := dataOf(t, render(t, rep))
	places, more := 0, 0
	for _, s := range data.Secrets {
		places, more = places+len(s.Places), more+s.More
	}
	if more == 0 || places+more != len(rep.Findings) {
		t.Errorf("%d places and %d more of %d", places, more, len(rep.Findings))
	}
}

func TestChart(t *testing.T) {
	for name, days := range map[string][]time.Time{
		"days":      {day4(1), day4(3), day4(20)},
		"years":     {time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC), day4(1)},
		"millennia": {time.Date(1, 1, 1, 1, 0, 0, 0, time.UTC), time.Date(9998, 12, 31, 0, 0, 0, 0, time.UTC)},
	} {
		var list []*secret
		for _, d := range days {
			f := &scanner.Finding{Location: scanner.Location{Commit: &scanner.Commit{Date: d}}, Exposure: &scanner.Exposure{Removed: []scanner.Commit{{Date: d}}}}
			list = append(list, &secret{group: &report.Group{Places: []*scanner.Finding{f}}})
		}
		c := newChart(list)
		if c == nil {
			t.Errorf("%s: no chart", name)
			continue
		}
		in, out := 0, 0
		for _, b := range c.Bars {
			in, out = in+b.In, out+b.Out
		}
		if len(c.Bars) > maxBars || in != len(days) || out != len(days) {
			t.Errorf("%s: %d bars, %d in, %d out", name, len(c.Bars), in, out)
		}
	}
	if newChart(nil) != nil {
		t.Error("a chart of nothing")
	}
}

type failing struct{ left int }

func (f *failing) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errors.New("disk full")
	}
	return len(p), nil
}

func TestWriteFails(t *testing.T) {
	rep := many(t, 2000)
	for _, left := range []int{0, 1 << 16, 1 << 17, len(render(t, rep)) - 1} {
		if err := Write(&failing{left}, rep, sampleRules()); err == nil {
			t.Errorf("after %d bytes nothing is said", left)
		}
	}
	rep = sample(t)
	rep.StartedAt = time.Date(10001, 1, 1, 0, 0, 0, 0, time.UTC)
	if Write(io.Discard, rep, nil) == nil {
		t.Error("a report that JSON cannot hold is written")
	}
}

// TestScriptMakesNoMarkup keeps the script from ways in which a text becomes markup or code, or a request leaves.
func TestScriptMakesNoMarkup(t *testing.T) {
	for name, script := range map[string]string{"page.js": listScript, "detail.js": detailScript} {
		for _, bad := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function(", "fetch(", "XMLHttpRequest", "import(", "createContextualFragment", "setTimeout('", "</"} {
			if strings.Contains(script, bad) {
				t.Errorf("%s has %s", name, bad)
			}
		}
		if n := strings.Count(script, "\n"); n > 500 {
			t.Errorf("%s has %d lines", name, n)
		}
	}
}

func FuzzWrite(f *testing.F) {
	f.Add("a", "b", "c", int64(0))
	f.Add(hostileName, "</script>", "<!--<script>", int64(-1<<40))
	f.Fuzz(func(t *testing.T, path, author, fingerprint string, at int64) {
		rep := sample(t)
		found := &rep.Findings[1]
		found.Location.Path, found.Excerpt, found.Fingerprint = path, path, "v1:"+fingerprint
		found.Location.Commit.Author, found.Location.Commit.Summary, found.RuleID = author, author, "r"+author
		found.Location.Commit.Date = time.Unix(at%(1<<37), 0)
		page := render(t, rep)
		if strings.Count(page, "<script") != 2 || strings.Count(page, "</script") != 2 {
			t.Errorf("scripts: %q %q %q", path, author, fingerprint)
		}
		if len(dataOf(t, page).Secrets) < 5 {
			t.Error("a secret is missing")
		}
	})
}

func BenchmarkWrite10000(b *testing.B) {
	rep := many(&testing.T{}, 10_000)
	for b.Loop() {
		if err := Write(io.Discard, rep, sampleRules()); err != nil {
			b.Fatal(err)
		}
	}
}
