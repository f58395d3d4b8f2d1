package sarif

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// sample reads the golden JSON report of the package above: one finding of every sort, some from a hostile author.
func sample(t *testing.T) *scanner.Report {
	t.Helper()
	f, err := os.Open("../testdata/report.json")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rep, err := report.Read(f)
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

func sampleRules() *rules.Set {
	return rules.NewSet([]rules.Rule{
		{ID: "unused-token", Title: "Unused token", Severity: rules.Low},
		{ID: "anthropic-api-key", Provider: "anthropic", Title: "Anthropic API key", Severity: rules.Critical,
			Confidence: rules.HighConfidence, Playbook: "api-key", Docs: []string{"https://platform.claude.com/docs/en/api/overview"},
			Why: "Whoever holds it can call the Claude API at your cost."},
		{ID: "aws-access-key", Provider: "aws", Title: "AWS access key", Severity: rules.High, Confidence: rules.Certain,
			Docs: []string{"javascript:alert(1)"}},
	}, map[string]rules.Playbook{"anthropic/api-key": {Name: "api-key", Steps: []rules.Step{
		{Phase: rules.Stop, Title: "Disable the key", Text: "Its hint is {partial_key_hint}.", Link: "https://platform.claude.com/settings/keys",
			Run: "curl -X POST \\\n  https://api.anthropic.com/v1/organizations/api_keys/{api_key_id}"},
		{Phase: rules.Prevent, Title: "Use <short-lived> credentials"},
	}}})
}

var lineHash = regexp.MustCompile(`^[0-9a-f]{1,16}:[1-9][0-9]*$`)

// written is the part of SARIF that the tests look at.
type written struct {
	Runs []struct {
		Tool struct {
			Driver struct {
				Rules []struct {
					ID         string
					HelpURI    string
					Properties struct {
						SecuritySeverity any `json:"security-severity"`
						Precision        string
						Tags             []string
					}
				}
			}
		}
		AutomationDetails struct{ ID string }
		Invocations       []struct {
			ExecutionSuccessful        bool
			ToolExecutionNotifications []struct {
				Level   string
				Message struct{ Text string }
			}
		}
		VersionControlProvenance []struct{ RepositoryURI, RevisionID string }
		Results                  []struct {
			RuleID, Level string
			RuleIndex     int
			Message       struct{ Text string }
			Locations     []struct {
				PhysicalLocation struct {
					ArtifactLocation struct{ URI, URIBaseID string }
					Region           struct{ StartLine, StartColumn, EndLine, EndColumn int }
				}
			}
			PartialFingerprints map[string]string
		}
	}
}

func render(t *testing.T, rep *scanner.Report, opt Options) (string, *written) {
	t.Helper()
	var b bytes.Buffer
	if err := WriteWith(&b, rep, sampleRules(), opt); err != nil {
		t.Fatal(err)
	}
	l := new(written)
	if err := json.Unmarshal(b.Bytes(), l); err != nil {
		t.Fatal(err)
	}
	return b.String(), l
}

func TestGolden(t *testing.T) {
	got, _ := render(t, sample(t), Options{})
	name := filepath.Join("testdata", "history.sarif")
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("differs (-want +got), -update rewrites it:\n%s", diff)
	}
}

func TestResultsPointAtTheirRules(t *testing.T) {
	_, l := render(t, sample(t), Options{})
	run := l.Runs[0]
	if len(run.Results) != 5 {
		t.Fatalf("%d results, want 5: all but the suppressed one", len(run.Results))
	}
	for _, r := range run.Results {
		rule := run.Tool.Driver.Rules[r.RuleIndex]
		if rule.ID != r.RuleID {
			t.Errorf("result of %s points at rule %s", r.RuleID, rule.ID)
		}
		if _, isText := rule.Properties.SecuritySeverity.(string); !isText || rule.Properties.Tags[0] != "security" {
			t.Errorf("rule %s: security-severity %v, tags %v", rule.ID, rule.Properties.SecuritySeverity, rule.Properties.Tags)
		}
		if !strings.HasPrefix(rule.HelpURI, "https://") {
			t.Errorf("rule %s: help is at %s", rule.ID, rule.HelpURI)
		}
		if r.PartialFingerprints["skantFingerprint/v1"] == "" || !lineHash.MatchString(r.PartialFingerprints["primaryLocationLineHash"]) {
			t.Errorf("fingerprints %v", r.PartialFingerprints)
		}
		if reg := r.Locations[0].PhysicalLocation.Region; reg.StartLine < 1 || reg.StartColumn < 1 || reg.EndLine < reg.StartLine ||
			reg.EndLine == reg.StartLine && reg.EndColumn <= reg.StartColumn {
			t.Errorf("region %v", reg)
		}
	}
}

func TestNoPersonalDataIsUploaded(t *testing.T) {
	got, _ := render(t, sample(t), Options{})
	for _, private := range []string{"Ann Example", "ann@example.org", "Add the deploy job", "/srv/example.git"} {
		if strings.Contains(got, private) {
			t.Errorf("%q is in the file", private)
		}
	}
}

func TestLevels(t *testing.T) {
	for _, c := range []struct {
		severity rules.Severity
		verdict  scanner.Verdict
		want     string
	}{
		{rules.Critical, "", "error"}, {rules.High, scanner.Live, "error"}, {rules.Medium, scanner.Unknown, "warning"},
		{rules.Low, "", "note"}, {rules.Info, "", "note"}, {"odd", "", "note"},
		{rules.Critical, scanner.Dead, "note"}, {rules.Critical, scanner.Expired, "note"}, {rules.Critical, scanner.Unknown, "error"},
	} {
		rep := sample(t)
		rep.Findings = rep.Findings[:1]
		rep.Findings[0].Severity, rep.Findings[0].Verdict = c.severity, c.verdict
		if _, l := render(t, rep, Options{}); l.Runs[0].Results[0].Level != c.want {
			t.Errorf("%s, %q: level %s, want %s", c.severity, c.verdict, l.Runs[0].Results[0].Level, c.want)
		}
	}
}

func TestURIs(t *testing.T) {
	at := func(path string, kind scanner.Kind) scanner.Location { return scanner.Location{Path: path, Kind: kind} }
	commit := scanner.Location{Kind: scanner.KindCommitMessage, Commit: &scanner.Commit{ID: "abc1"}, Object: "abc1"}
	for _, c := range []struct {
		loc      scanner.Location
		target   string
		want     string
		relative bool
	}{
		{at("a/b.go", "file"), ".", "a/b.go", true},
		{at("./a//b.go", "file"), ".", "a/b.go", true},
		{at("c:d e%20#?.go", "file"), ".", "c%3Ad%20e%2520%23%3F.go", true},
		{at("früh\n\xff\\", "file"), ".", "fr%C3%BCh%0A%FF%5C", true},
		{at("/srv/x/a.go", "file"), "/srv/x", "a.go", true},
		{at("/srv/xy/a.go", "file"), "/srv/x", "file:///srv/xy/a.go", false},
		{at("/etc/x", "file"), "/", "etc/x", true},
		{at("../../a.go", "file"), ".", ".git/file/_/_/a.go", true},
		{at("", "stdin"), "-", "stdin", true},
		{commit, ".", ".git/commit-message/abc1", true},
		{scanner.Location{Kind: scanner.KindTagMessage, Object: "abc2"}, ".", ".git/tag-message/abc2", true},
		{scanner.Location{Kind: scanner.KindRefName}, ".", ".git/ref-name/v1%3A0f", true},
		{scanner.Location{Kind: "../..", Object: "../../x"}, ".", ".git/..-../x", true},
	} {
		got, relative := anchor(&scanner.Finding{Fingerprint: "v1:0f", Location: c.loc}, c.target)
		if got != c.want || relative != c.relative {
			t.Errorf("%+v: %s, %v; want %s, %v", c.loc, got, relative, c.want, c.relative)
		}
	}
}

// FuzzURI checks that every path gives a URI that names it and nothing else.
func FuzzURI(f *testing.F) {
	f.Add("a/b.go", ".")
	f.Add("//x/../%2e%2e", "/x")
	f.Fuzz(func(t *testing.T, name, target string) {
		if name == "" {
			return
		}
		uri, relative := anchor(&scanner.Finding{Fingerprint: "f", Location: scanner.Location{Path: name}}, target)
		u, err := url.Parse(uri)
		if err != nil || u.IsAbs() == relative || u.Host != "" || u.RawQuery != "" || u.Fragment != "" {
			t.Fatalf("%q gives %q: %+v, %v", name, uri, u, err)
		}
		clean := path.Clean(name)
		if !strings.HasPrefix(clean, "..") && !path.IsAbs(clean) && u.Path != clean {
			t.Fatalf("%q gives %q, which names %q", name, uri, u.Path)
		}
		for _, part := range strings.Split(u.EscapedPath(), "/") {
			if part == ".." {
				t.Fatalf("%q leaves the root: %q", name, uri)
			}
		}
	})
}

func TestCoverageIsToldAsNotifications(t *testing.T) {
	_, l := render(t, sample(t), Options{})
	in := l.Runs[0].Invocations[0]
	var levels []string
	for _, n := range in.ToolExecutionNotifications {
		levels = append(levels, n.Level)
	}
	if diff := cmp.Diff([]string{"error", "error", "note", "note", "note"}, levels); diff != "" || in.ExecutionSuccessful {
		t.Errorf("successful %v, levels %s", in.ExecutionSuccessful, diff)
	}
	rep := sample(t)
	rep.Coverage = scanner.Coverage{}
	if _, l = render(t, rep, Options{}); l.Runs[0].Invocations[0].ToolExecutionNotifications[0].Level != "error" {
		t.Error("an incomplete scan without reasons has no error")
	}
}

func TestCategoriesDiffer(t *testing.T) {
	for command, want := range map[string]string{"history": "skant/history/", "": "skant/scan/", "a/B\n../c-d": "skant/ac-d/"} {
		rep := sample(t)
		rep.Command = command
		if _, l := render(t, rep, Options{}); l.Runs[0].AutomationDetails.ID != want {
			t.Errorf("command %q: category %q, want %q", command, l.Runs[0].AutomationDetails.ID, want)
		}
	}
}

func TestProvenanceOnlyWhenKnown(t *testing.T) {
	_, l := render(t, sample(t), Options{Revision: "abc"})
	if n := len(l.Runs[0].VersionControlProvenance); n != 0 {
		t.Errorf("%d entries without an address", n)
	}
	_, l = render(t, sample(t), Options{RepositoryURI: "https://example.org/r", Revision: "abc"})
	if got := l.Runs[0].VersionControlProvenance; len(got) != 1 || got[0].RevisionID != "abc" {
		t.Errorf("provenance %v", got)
	}
}

// TestCap checks that the gravest findings stay and the others are counted.
func TestCap(t *testing.T) {
	rep := sample(t)
	low := rep.Findings[0]
	grave := low
	grave.Severity, grave.Location.Path = rules.Critical, "grave"
	rep.Findings = nil
	for i := range 6000 {
		low.Location.Path = fmt.Sprintf("low%d", i)
		low.Fingerprint = fmt.Sprintf("v1:%d", i)
		rep.Findings = append(rep.Findings, low)
	}
	rep.Findings = append(rep.Findings, grave)
	_, l := render(t, rep, Options{})
	run := l.Runs[0]
	if len(run.Results) != maxResults || run.Results[0].Locations[0].PhysicalLocation.ArtifactLocation.URI != ".git/history/grave" {
		t.Errorf("%d results, the first at %v", len(run.Results), run.Results[0].Locations)
	}
	first := run.Invocations[0].ToolExecutionNotifications[0]
	if !strings.HasPrefix(first.Message.Text, "1,001 results") || first.Level != "warning" {
		t.Errorf("the rest is told as %v", first)
	}
}

func TestTextsAreBounded(t *testing.T) {
	rep := sample(t)
	long := strings.Repeat("é[{x}](y) ", 5000)
	for i := range rep.Findings {
		f := &rep.Findings[i]
		f.Title, f.Excerpt, f.Fingerprint, f.Location.Object = long, long, long, long
	}
	rep.Coverage.Skipped[0].Items = []string{long}
	var b bytes.Buffer
	if err := Write(&b, rep, rules.NewSet(nil, nil)); err != nil {
		t.Fatal(err)
	}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case string:
			if n := utf8.RuneCountInString(v); n > maxDescription {
				t.Errorf("a text of %d characters", n)
			}
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			for _, e := range v {
				walk(e)
			}
		}
	}
	var doc map[string]any
	if err := json.Unmarshal(b.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	for _, r := range doc["runs"].([]any)[0].(map[string]any)["tool"].(map[string]any)["driver"].(map[string]any)["rules"].([]any) {
		delete(r.(map[string]any), "help")
	}
	walk(doc)
}

// TestSecretsAreNotPrinted checks the second promise for this format: neither Finding.Secret nor Finding.Revealed.
func TestSecretsAreNotPrinted(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 30 {
		rep := sample(t)
		var secrets []string
		for i := range rep.Findings {
			f := &rep.Findings[i]
			value := fmt.Sprintf("%016x%016x", r.Uint64(), r.Uint64())
			secrets = append(secrets, value)
			f.Secret, f.Revealed = scanner.NewSecret(value, 2), value
			masked := f.Secret.Redacted()
			f.Excerpt, f.Location.Path, f.Facts = masked, masked, map[string]string{"hint": masked}
			f.Location.Commit = &scanner.Commit{ID: masked, Author: masked, Email: masked, Summary: masked}
		}
		got, _ := render(t, rep, Options{})
		for _, s := range secrets {
			if strings.Contains(got, s) {
				t.Fatalf("a secret is printed:\n%s", got)
			}
		}
	}
}

func TestWriteErrorIsReturned(t *testing.T) {
	if err := Write(failing{}, sample(t), nil); err == nil {
		t.Error("no error from a writer that fails")
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }
