package recovery

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/skant-dev/skant/internal/exposure"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// sampleSurvey is what a repository could know of the secrets of a report.
func sampleSurvey(rep *scanner.Report) *exposure.Exposure {
	at := func(day int) time.Time { return time.Date(2026, 3, day, 8, 0, 0, 0, time.UTC) }
	e := &exposure.Exposure{Incomplete: []string{"The remote backup was not asked: it needs a password."}}
	numbers := map[string]int{}
	for i := range rep.Findings {
		f := &rep.Findings[i]
		if f.Suppressed != nil || numbers[f.Fingerprint] > 0 {
			continue
		}
		n := len(numbers) + 1
		numbers[f.Fingerprint] = n
		s := exposure.Secret{Number: n, Fingerprint: f.Fingerprint}
		if n == 1 {
			s.First = &scanner.Commit{ID: strings.Repeat("b", 40), Author: "Dana Miller", Email: "dana@example.org", Date: at(2), Summary: "Add the deploy script"}
			s.Last = &scanner.Commit{ID: strings.Repeat("c", 40), Author: "Sam Kim", Date: at(21), Summary: "Tidy up"}
			s.Holders = []exposure.Holder{{Kind: exposure.Branch, Name: "refs/heads/main"}, {Kind: exposure.Tag, Name: "refs/tags/v1.0"},
				{Kind: exposure.Pull, Name: "refs/pull/7/head"}, {Kind: exposure.Stash, Name: "refs/stash@{0}"}, {Kind: exposure.Reflog, Name: "HEAD@{3}"}}
			s.InHead, s.PushedAt, s.PushedHow, s.From, s.To, s.Days = true, at(3), "the reflog of origin/main", at(3), at(31), 29
			s.Others = []int{2}
			s.Remotes = []exposure.RemoteCopy{{Name: "origin", Address: "https://git.example.org/acme/app.git", Refs: []string{"refs/heads/main", "refs/pull/7/head"},
				Serves: "yes", How: "a fetch by id worked"}, {Name: "backup", Address: "ssh://git.example.net/b", Serves: "unknown", How: "it did not answer"}}
		} else {
			s.PushedHow, s.Estimate = "no remote-tracking branch has it", true
		}
		e.Secrets = append(e.Secrets, s)
	}
	e.Timeline = []exposure.Event{{At: at(2), What: "committed by Dana Miller in bbbbbbbbbb", Secret: 1, Estimate: true},
		{At: at(3), What: "pushed to origin/main", Secret: 1}, {At: at(31), What: "found by this scan"}}
	return e
}

// hostileSurvey is sampleSurvey with a value in all that a repository or a remote decides on.
func hostileSurvey(rep *scanner.Report, value string) *exposure.Exposure {
	e := sampleSurvey(rep)
	for i := range e.Secrets {
		s := &e.Secrets[i]
		for _, c := range []*scanner.Commit{s.First, s.Last} {
			if c != nil {
				c.ID, c.Author, c.Email, c.Summary = value, value, value, value
			}
		}
		for j := range s.Holders {
			s.Holders[j].Name = value
		}
		for j := range s.Remotes {
			s.Remotes[j] = exposure.RemoteCopy{Name: value, Address: value, Refs: []string{value}, Serves: "yes", How: value}
		}
		s.PushedHow = value
	}
	for i := range e.Timeline {
		e.Timeline[i].What, e.Timeline[i].Ref, e.Timeline[i].Commit = value, value, value
	}
	e.Incomplete = []string{value}
	return e
}

// TestSurveyWidensTheWindow checks that logs are read from the earliest time that anything knows of.
func TestSurveyWidensTheWindow(t *testing.T) {
	rep := sample(t)
	e := sampleSurvey(rep)
	early := time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
	for i := range e.Secrets {
		e.Secrets[i].From = early
	}
	p := New(rep, sampleRules(), Options{Exposure: e})
	i := slices.IndexFunc(p.Leaks, func(l Leak) bool { return l.RuleID == "anthropic-api-key" })
	if i < 0 || !p.Leaks[i].Since.Equal(early) {
		t.Fatalf("since %v", p.Leaks[i].Since)
	}
	var runs []string
	for _, s := range p.Leaks[i].Phases {
		for _, step := range s.Steps {
			runs = append(runs, step.Run)
		}
	}
	if all := strings.Join(runs, "\n"); !strings.Contains(all, "starting_at=2026-02-01T00:00:00Z") {
		t.Errorf("queries do not begin with the window:\n%s", all)
	}
}

// TestNumbersAreThoseOfTheSurvey checks that the runbook, the incident's file and the check mean the same by "secret 2".
func TestNumbersAreThoseOfTheSurvey(t *testing.T) {
	rep := sample(t)
	e := sampleSurvey(rep)
	for i := range e.Secrets {
		e.Secrets[i].Number = 40 + i
	}
	for _, l := range New(rep, sampleRules(), Options{Exposure: e}).Leaks {
		i := slices.IndexFunc(e.Secrets, func(s exposure.Secret) bool { return s.Fingerprint == l.Fingerprint })
		if i < 0 || l.Number != 40+i {
			t.Errorf("%s has number %d", l.Fingerprint, l.Number)
		}
	}
	seen := map[int]bool{}
	for _, l := range New(rep, sampleRules(), Options{}).Leaks {
		if l.Number < 1 || seen[l.Number] {
			t.Errorf("number %d is wrong or given twice", l.Number)
		}
		seen[l.Number] = true
	}
}

// TestWhatIsNotKnownIsSaid takes away one source of facts after the other.
func TestWhatIsNotKnownIsSaid(t *testing.T) {
	all := func(p *Plan) string {
		var b strings.Builder
		for _, s := range p.Unknown {
			b.WriteString(plain(s) + "\n")
		}
		return b.String()
	}
	p := New(sample(t), sampleRules(), Options{})
	for _, want := range []string{"scan is incomplete", "No repository was asked", "2 of the 3 secrets are alive", "Since when 2 of the 3 secrets are", "no steps of its own",
		"whether it was ever public"} {
		if !strings.Contains(all(p), want) {
			t.Errorf("without a survey %q is not said in:\n%s", want, all(p))
		}
	}
	rep := sample(t)
	e := sampleSurvey(rep)
	e.Secrets[0].Estimate = true
	for i := range e.Secrets {
		e.Secrets[i].Remotes = nil
	}
	p = New(rep, sampleRules(), Options{Exposure: e})
	for _, want := range []string{"is an estimate", "on a server at all", "none was asked", "needs a password"} {
		if !strings.Contains(all(p), want) {
			t.Errorf("with a survey %q is not said in:\n%s", want, all(p))
		}
	}
	if strings.Contains(all(p), "No repository was asked") {
		t.Error("it says that no repository was asked")
	}
	e.Secrets = e.Secrets[:1]
	if text := all(New(rep, sampleRules(), Options{Exposure: e})); !strings.Contains(text, "2 of the 3 secrets are not part of") {
		t.Errorf("secrets that the survey does not have are not told of:\n%s", text)
	}
}

// TestStoresFollowThePlaces checks which store a new value goes to.
func TestStoresFollowThePlaces(t *testing.T) {
	for _, c := range []struct {
		path  string
		files []string
		want  string
	}{
		{".github/workflows/deploy.yml", nil, "gh secret set ACME_TOKEN"},
		{"app/.gitlab-ci.yml", nil, "glab variable set ACME_TOKEN"},
		{"k8s/api/secret.yaml", nil, "kubectl --namespace <namespace> patch secret"},
		{"charts/api/values.yaml", nil, "kubectl"},
		{"infra/main.tf", nil, "aws secretsmanager put-secret-value"},
		{"infra/prod.auto.tfvars", nil, "aws secretsmanager"},
		{".env.production", []string{"vercel.json"}, "vercel env add ACME_TOKEN production --sensitive"},
		{".env", []string{"serverless.yml"}, "aws lambda list-functions --query 'Functions[?Environment.Variables.ACME_TOKEN]"},
		{"serverless.yml", nil, "aws lambda list-functions"},
		{"Dockerfile", nil, "docker build --secret id=ACME_TOKEN"},
		{"deploy/docker-compose.prod.yml", nil, "docker compose up"},
		{"group_vars/all.yml", nil, "ansible-vault encrypt_string --stdin-name ACME_TOKEN"},
		{"wrangler.toml", nil, "wrangler secret put ACME_TOKEN"},
		{".mcp.json", nil, ""},
		{".env", nil, ""},
		{"src/main.go", nil, ""},
	} {
		rep := &scanner.Report{StartedAt: time.Unix(1e9, 0), Findings: []scanner.Finding{{Fingerprint: "f", RuleID: "acme-token",
			Secret: scanner.NewSecret("0123456789abcdefgh", 2), Location: scanner.Location{Kind: scanner.KindFile, Path: c.path}}}}
		rep.Findings[0].Excerpt = `export ACME_TOKEN="` + rep.Findings[0].Secret.Redacted() + `"`
		p := New(rep, nil, Options{Files: c.files})
		var run, text strings.Builder
		for _, s := range p.Leaks[0].Phases {
			if s.Phase == rules.Reissue {
				for _, step := range s.Steps {
					run.WriteString(step.Run + "\n")
					text.WriteString(plain(step.Title) + plain(step.Text) + "\n")
				}
			}
		}
		if !strings.Contains(run.String(), c.want) || c.want == "" && strings.TrimSpace(run.String()) != "" {
			t.Errorf("%s: %s, want %q", c.path, run.String(), c.want)
		}
		if c.want == "" && !strings.Contains(text.String(), "ACME_TOKEN") {
			t.Errorf("%s: the name is not told: %s", c.path, text.String())
		}
		var names []string
		for _, s := range p.Stores.Steps {
			names = append(names, plain(s.Title))
			if !strings.Contains(s.Run, "ACME_TOKEN") || strings.Contains(s.Run, "\n") || !strings.HasSuffix(s.Run, "unset NEW_SECRET") {
				t.Errorf("%s: %s", plain(s.Title), s.Run)
			}
		}
		if got := strings.Join(names, ", "); got != "AWS Secrets Manager, Google Cloud Secret Manager, HashiCorp Vault, Doppler" {
			t.Errorf("managers %s", got)
		}
	}
}

// TestStoreCommandsParse has a shell read every command of a store, and checks that the new value is on no command line.
func TestStoreCommandsParse(t *testing.T) {
	known := facts{"variable": {"ACME_TOKEN"}, "namespace": {"shop"}, "secret_name": {"api"}}
	var missing []Missing
	for _, s := range stores() {
		if s.run == "" {
			continue
		}
		commands := reading(known.command(s.run, &missing))
		// Programs are stood in for: each prints its arguments, of which none may be the value, and eats its input.
		script := `set -u; for p in gh glab vercel npx aws kubectl docker ansible-vault install jq; do eval "$p() { printf '%s\n' \"$p \$*\"; [ \"\${1:-}\" = build ] || cat >/dev/null; }"; done
HOME=$PWD/home; mkdir -p "$HOME/.secrets"; printf 'the-value\n' > in; {
` + commands + `
} < in; rm -rf "$HOME" in`
		script = strings.ReplaceAll(script, "read -rs", "read -r")
		if out := run(t, script); strings.Contains(out, "the-value") || out == "" {
			t.Errorf("%s: the value is on a command line, or nothing is run: %s", s.name, out)
		}
	}
	if len(missing) > 0 {
		t.Errorf("not filled in: %v", missing)
	}
}

func TestVariableIsTakenFromTheExcerpt(t *testing.T) {
	secret := scanner.NewSecret("0123456789abcdefgh", 2)
	for excerpt, want := range map[string]string{
		"STRIPE_KEY=%s": "STRIPE_KEY", `  "DB_PASSWORD": "%s",`: "DB_PASSWORD", "ENV API_TOKEN %s": "API_TOKEN", "export A_B='%s'": "A_B",
		"process.env['X_KEY'] = `%s`": "X_KEY", "password: %s": "", "lower_case=%s": "", "$(id)_X=%s": "", "A_B\n=%s; rm": "A_B",
		strings.Repeat("A", 70) + "_KEY=%s": "",
	} {
		f := &scanner.Finding{Secret: secret, Excerpt: fmt.Sprintf(excerpt, secret.Redacted())}
		if got := variable(f); got != want {
			t.Errorf("%q: %q, want %q", excerpt, got, want)
		}
	}
}

// TestJSONFollowsItsSchema checks the plan against the published schema, and that neither has keys that the other has not.
func TestJSONFollowsItsSchema(t *testing.T) {
	compile := func(ref string) *jsonschema.Schema {
		c := jsonschema.NewCompiler()
		c.AssertFormat()
		s, err := c.Compile("../../docs/report.schema.json#/$defs/" + ref)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := compile("recovery")
	rep := sample(t)
	for _, opt := range []Options{{}, {Exposure: sampleSurvey(rep)}, {Exposure: &exposure.Exposure{}}} {
		text := renderAll(t, rep, opt)["json"]
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(v); err != nil {
			t.Errorf("%v in %s", err, text)
		}
		if strings.Contains(text, "a secret that") {
			t.Error("it holds a secret")
		}
	}
	for name, typ := range map[string]reflect.Type{"recovery": reflect.TypeFor[planJSON](), "recovery_secret": reflect.TypeFor[leakJSON](),
		"recovery_section": reflect.TypeFor[jsonSection](), "recovery_event": reflect.TypeFor[exposure.Event](), "recovery_exposure": reflect.TypeFor[exposure.Secret]()} {
		var keys []string
		for field := range typ.Fields() {
			key, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			keys = append(keys, key)
		}
		slices.Sort(keys)
		if diff := cmp.Diff(keys, slices.Sorted(maps.Keys(compile(name).Properties))); diff != "" {
			t.Errorf("keys of %s (-Go +schema):\n%s", name, diff)
		}
	}
}

// TestBounded renders an incident of hundreds of secrets, refs and places: pages stay of a size that can be read.
func TestBounded(t *testing.T) {
	rep := sample(t)
	base := rep.Findings[0]
	rep.Findings = nil
	for i := range 20_000 {
		f := base
		f.Fingerprint, f.Location.Path = fmt.Sprint("v1:", i%300), fmt.Sprintf("file-%05d.txt", i)
		rep.Findings = append(rep.Findings, f)
	}
	e := sampleSurvey(rep)
	for i := range e.Secrets {
		for j := range 500 {
			e.Secrets[i].Holders = append(e.Secrets[i].Holders, exposure.Holder{Kind: exposure.Branch, Name: fmt.Sprintf("refs/heads/b%d", j)})
			e.Secrets[i].Remotes = append(e.Secrets[i].Remotes, exposure.RemoteCopy{Name: fmt.Sprint(j), Serves: "no"})
		}
	}
	for i := range 5000 {
		e.Timeline = append(e.Timeline, exposure.Event{At: time.Unix(int64(i), 0), What: "something"})
		e.Incomplete = append(e.Incomplete, fmt.Sprint("gap ", i))
	}
	for format, text := range renderAll(t, rep, Options{Exposure: e}) {
		if format != "json" && len(text) > 3<<20 {
			t.Errorf("%s has %d bytes", format, len(text))
		}
		for _, want := range []string{"more places, which the JSON report has", "more events", "gaps of this sort"} {
			if format != "json" && !strings.Contains(text, want) {
				t.Errorf("%s does not say %q", format, want)
			}
		}
	}
}

// TestHTMLIsInert checks that a page has the same elements whatever a repository is called, loads nothing and runs nothing.
func TestHTMLIsInert(t *testing.T) {
	harmless := with(sample(t), "harmless")
	want := elements(t, renderAll(t, harmless, Options{Exposure: hostileSurvey(harmless, "harmless")})["html"])
	for _, hostile := range append(hostileValues(rand.New(rand.NewPCG(3, 3)), 100), "<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "' onmouseover='x", "</pre></style>", "<!--",
		"-->", "&lt;script&gt;", "]]>", "javascript:alert(1)", "\x1b[2J\x9b\u202e\u200b\xff", "\ufeff", strings.Repeat("<b>", 400)) {
		if strings.TrimSpace(hostile) == "" { // nobody's name
			continue
		}
		rep := with(sample(t), hostile)
		text := renderAll(t, rep, Options{Exposure: hostileSurvey(rep, hostile)})["html"]
		if diff := cmp.Diff(want, elements(t, text)); diff != "" {
			t.Fatalf("%q changes the elements:\n%s", hostile, diff)
		}
		for _, r := range text {
			if r != '\n' && !unicode.IsGraphic(r) {
				t.Errorf("%q prints %U", hostile, r)
			}
		}
	}
	for name := range want {
		if strings.HasPrefix(name, "script") || strings.HasPrefix(name, "img") || strings.HasPrefix(name, "link") || strings.HasPrefix(name, "iframe") {
			t.Errorf("the page has a %s", name)
		}
	}
	if strings.Contains(runbookCSS, "url(") || strings.Contains(runbookCSS, "@import") || strings.Contains(runbookCSS, "<") {
		t.Error("the style loads something, or ends early")
	}
}

// elements counts the tags of a page with the names of their attributes, read as a browser does: a tag goes on to the next
// angle bracket outside of quotes.
func elements(t *testing.T, text string) map[string]int {
	t.Helper()
	out := map[string]int{}
	for {
		_, rest, ok := strings.Cut(text, "<")
		if !ok {
			return out
		}
		tag, quoted := "", false
		for i := range len(rest) {
			switch c := rest[i]; {
			case c == '"':
				quoted = !quoted
			case c == '>' && !quoted:
				text, rest = rest[i+1:], ""
			case c == '<' && !quoted:
				t.Fatalf("a tag opens within a tag: %.80s", rest)
			case !quoted:
				tag += string(c)
			}
			if rest == "" {
				break
			}
		}
		if rest != "" {
			t.Fatalf("a tag that does not end: %.80s", rest)
		}
		if name := strings.Trim(tag, "/"); name == "p" || name == "p class=" || name == "code" {
			out[tag] = 1 // what cannot be put into a command is named below it, so there may be more of these
		} else {
			out[tag]++
		}
	}
}

// TestHTMLIsWellFormed checks that elements nest, that ids are unique, that links of the page lead somewhere and that every box
// has its label.
func TestHTMLIsWellFormed(t *testing.T) {
	rep := sample(t)
	for name, text := range map[string]string{
		"surveyed": renderAll(t, rep, Options{Exposure: sampleSurvey(rep)})["html"],
		"plain":    renderAll(t, sample(t), Options{})["html"],
		"clean":    renderAll(t, &scanner.Report{Coverage: scanner.Coverage{Complete: true}}, Options{})["html"],
	} {
		void := map[string]bool{"meta": true, "input": true, "!DOCTYPE": true}
		var open []string
		ids := map[string]bool{}
		var wanted []string
		rest := text
		for {
			_, after, ok := strings.Cut(rest, "<")
			if !ok {
				break
			}
			tag, next, _ := strings.Cut(after, ">")
			rest = next
			element, attributes, _ := strings.Cut(tag, " ")
			switch {
			case strings.HasPrefix(element, "/"):
				if len(open) == 0 || open[len(open)-1] != element[1:] {
					t.Fatalf("%s: %s closes %v", name, element, open)
				}
				open = open[:len(open)-1]
			case !void[element]:
				open = append(open, element)
			}
			for _, mark := range []string{` id="`, ` href="#`, ` for="`, ` aria-labelledby="`} {
				if _, v, ok := strings.Cut(" "+attributes, mark); ok {
					v, _, _ = strings.Cut(v, `"`)
					if mark != ` id="` {
						wanted = append(wanted, v)
						continue
					}
					if ids[v] {
						t.Errorf("%s: the id %s is there twice", name, v)
					}
					ids[v] = true
				}
			}
		}
		if len(open) > 0 {
			t.Errorf("%s: %v stay open", name, open)
		}
		for _, id := range wanted {
			if !ids[id] {
				t.Errorf("%s: nothing has the id %s", name, id)
			}
		}
	}
}

func TestHTMLGolden(t *testing.T) {
	rep := sample(t)
	got := []byte(renderAll(t, rep, Options{Exposure: sampleSurvey(rep), Repository: "/srv/it's a clone", Files: []string{"vercel.json"}})["html"])
	path := filepath.Join("testdata", "surveyed.html")
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
	if !bytes.Equal(got, want) {
		t.Errorf("differs, -update rewrites it:\n%s", cmp.Diff(string(want), string(got)))
	}
}

func TestHTMLWriteErrorIsReturned(t *testing.T) {
	if err := New(sample(t), nil, Options{}).HTML(failing{}); err == nil {
		t.Error("no error from a writer that fails")
	}
}

func TestPlanIsJSONWithoutAnyFinding(t *testing.T) {
	var v map[string]any
	if err := json.Unmarshal([]byte(renderAll(t, &scanner.Report{}, Options{})["json"]), &v); err != nil {
		t.Error(err)
	}
}
