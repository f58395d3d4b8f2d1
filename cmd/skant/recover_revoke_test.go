//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/skant-dev/skant/scanner"
)

// ender is Vercel, GitHub and Anthropic on this machine, with tokens that die when they are told to.
type ender struct {
	*httptest.Server
	mu sync.Mutex
	// alive are the values that are accepted; told are requests that end something, asked those that only read.
	alive map[string]bool
	told  []string
	asked int
	// deaf says that what is told is answered as done, and is not; lag is how many questions later it is.
	deaf bool
	lag  int
	// during is called when something is told.
	during func()
	// admin is the administrator's key, hint that of the key that it lists.
	admin, hint string
	// vague says that nobody can tell whether a key of Anthropic is alive.
	vague bool
}

func startEnder(t testing.TB, alive ...string) *ender {
	e := &ender{alive: map[string]bool{}}
	for _, value := range alive {
		e.alive[value] = true
	}
	e.Server = httptest.NewServer(e)
	t.Cleanup(func() { e.CloseClientConnections(); e.Close() })
	return e
}

// kill ends a value, at once or some questions later, and reports whether it was known.
func (e *ender) kill(value string) bool {
	known := e.alive[value]
	if e.during != nil {
		e.during()
	}
	if known && !e.deaf && e.lag == 0 {
		delete(e.alive, value)
	}
	return known
}

func (e *ender) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	e.mu.Lock()
	defer e.mu.Unlock()
	value := r.Header.Get("X-Api-Key")
	if value == "" {
		value = strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Echo", value)
	say := func(status int, text string, args ...any) {
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, text, args...)
	}
	if r.Method != http.MethodGet {
		e.told = append(e.told, r.Method+" "+r.URL.Path)
	} else {
		e.asked++
		if e.lag > 0 && len(e.told) > 0 && e.alive[value] {
			if e.lag--; e.lag == 0 {
				delete(e.alive, value)
			}
		}
	}
	switch key := r.Method + " " + r.URL.Path; {
	case key == "DELETE /v3/user/tokens/current" && e.kill(value):
		say(200, `{"tokenId":"0123"}`)
	case key == "GET /v2/user" && e.alive[value]:
		say(200, `{"user":{"id":"u_1","username":"ann-example"}}`)
	case strings.HasPrefix(r.URL.Path, "/v2/") || strings.HasPrefix(r.URL.Path, "/v3/"):
		say(403, `{"error":{"code":"forbidden","message":"Not authorized","invalidToken":true}}`)
	case key == "POST /credentials/revoke":
		var list struct{ Credentials []string }
		if json.Unmarshal(body, &list) != nil || len(list.Credentials) != 1 || r.Header.Get("Authorization") != "" {
			say(422, `{"message":"Validation failed"}`)
			return
		}
		e.kill(list.Credentials[0])
		say(202, `{}`)
	case key == "GET /user" && e.alive[value]:
		w.Header().Set("X-Github-Request-Id", "1")
		say(200, `{"login":"ann-example","id":1}`)
	case key == "GET /user":
		w.Header().Set("X-Github-Request-Id", "1")
		say(401, `{"message":"Bad credentials","documentation_url":"https://docs.github.com/rest","status":"401"}`)
	case key == "GET /v1/organizations/api_keys" && value == e.admin:
		say(200, `{"data":[{"id":"apikey_01","name":"ci","partial_key_hint":%q}],"has_more":false}`, e.hint)
	case key == "POST /v1/organizations/api_keys/apikey_01" && value == e.admin:
		for one := range e.alive {
			if strings.HasSuffix(e.hint, one[len(one)-4:]) {
				e.kill(one)
			}
		}
		say(200, `{"id":"apikey_01","name":"ci","status":"inactive"}`)
	case key == "GET /v1/models" && e.vague:
		say(529, `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`)
	case key == "GET /v1/models" && e.alive[value]:
		w.Header().Set("Anthropic-Organization-Id", "0b8e7c64-0001-4000-8000-000000000001")
		say(200, `{"data":[{"type":"model","id":"claude-example"}],"has_more":true}`)
	default:
		say(401, `{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"},"request_id":"req_1"}`)
	}
}

// incidentRepo is a repository with secrets in its history, and the program in memory.
type incidentRepo struct {
	*stage
	values map[string]string
	hushed hushed
}

func newIncident(t testing.TB, templates map[string]string) *incidentRepo {
	r := &incidentRepo{stage: newStage(t, nil), values: map[string]string{}, hushed: hushed{}}
	r.git("init", "-q", "-b", "main")
	for name, template := range templates {
		r.values[name] = newSecret(t, template, name)
		r.hushed.add(name, r.values[name], 16)
		r.write(name+".env", strings.ToUpper(name)+"_TOKEN="+r.values[name]+"\n")
	}
	r.git("add", ".")
	r.git("commit", "-qm", "Deploy")
	return r
}

// run runs the program in memory. typed is what somebody types on a terminal; nil for none.
func (r *incidentRepo) run(ctx context.Context, typed io.Reader, env map[string]string, args ...string) ran {
	r.t.Helper()
	var out, errs bytes.Buffer
	a := &app{
		in: strings.NewReader(""), out: &out, err: &errs, env: func(name string) string { return env[name] }, now: time.Now,
		cacheDir: func() (string, error) { return r.cache, nil },
		terminal: func(stream any) (int, bool) { return 100, typed != nil && stream == any(typed) },
	}
	if typed != nil {
		a.in = typed
	}
	code := run(ctx, a, args)
	for _, text := range []string{out.String(), errs.String()} {
		low := strings.ToLower(text)
		for i := 0; i+8 <= len(low); i++ {
			if name := r.hushed[low[i:i+8]]; name != "" {
				r.t.Errorf("a piece of %s is shown: %s", name, args)
				break
			}
		}
	}
	return ran{code, out.String(), errs.String()}
}

func (r *incidentRepo) revoke(e *ender, typed io.Reader, env map[string]string, args ...string) ran {
	r.t.Helper()
	all := []string{"recover", "revoke", r.work}
	for _, provider := range []string{"vercel", "github", "anthropic"} {
		all = append(all, "--verify-endpoint", provider+"="+e.URL)
	}
	return r.run(r.t.Context(), typed, env, append(all, args...)...)
}

// saved writes a report of the history and returns its path and the fingerprints by rule.
func (r *incidentRepo) saved() (path string, prints map[string]string) {
	r.t.Helper()
	path = filepath.Join(r.dir, "report.json")
	if got := r.run(r.t.Context(), nil, nil, "history", r.work, "--no-progress", "-o", "json="+path); got.code != exitFindings {
		r.t.Fatalf("%d\n%s", got.code, got.errors)
	}
	var rep scanner.Report
	if err := json.Unmarshal(readAll(r.t, path), &rep); err != nil {
		r.t.Fatal(err)
	}
	prints = map[string]string{}
	for _, f := range rep.Findings {
		prints[f.RuleID] = f.Fingerprint
	}
	return path, prints
}

func (r *incidentRepo) expect(what string, got ran, code int, parts ...string) {
	r.t.Helper()
	all := strings.Join(strings.Fields(got.out+got.errors), " ")
	for _, part := range parts {
		if !strings.Contains(all, part) {
			r.t.Errorf("%s: it does not say %q", what, part)
		}
	}
	if got.code != code {
		r.t.Errorf("%s: status %d, want %d", what, got.code, code)
	}
	if r.t.Failed() {
		r.t.Logf("%s:\n%s%s", what, got.out, got.errors)
	}
}

const (
	vercelForm = `<<vercel "vcp_">>`
	githubForm = `<<github "ghp_">>`
)

// TestRevokeDryRun: nobody is told or asked anything, and everything that would happen is shown.
func TestRevokeDryRun(t *testing.T) {
	r := newIncident(t, map[string]string{"vercel": vercelForm, "github": githubForm, "linear": "lin_api_<<alnum 40>>"})
	e := startEnder(t, r.values["vercel"], r.values["github"])
	got := r.revoke(e, nil, nil)
	r.expect("dry run", got, exitFindings, "nothing was sent", "Would send:", "DELETE http://127.0.0.1", "/v3/user/tokens/current", "Authorization: Bearer ***",
		`{"credentials":["***"]}`, "Dies: This token, for everybody", "It cannot be undone", "skant does not revoke it", "From its playbook:", "--yes --only")
	if e.asked+len(e.told) > 0 {
		t.Errorf("asked %d, told %v", e.asked, e.told)
	}
	if _, err := os.Stat(filepath.Join(r.cache, "skant", "verdicts")); err == nil {
		t.Error("something is kept of a dry run")
	}
}

// TestRevokeYes: what was named dies, once, is proven dead, and nothing else is touched.
func TestRevokeYes(t *testing.T) {
	r := newIncident(t, map[string]string{"vercel": vercelForm, "github": githubForm})
	e := startEnder(t, r.values["vercel"], r.values["github"])
	report, prints := r.saved()
	print := prints["vercel-personal-token"]
	got := r.revoke(e, nil, nil, "--report", report, "--yes", "--only", print[:10])
	r.expect("the first", got, exitClean, "Before: live", "Sends:", "Answer: HTTP 200. Vercel has deleted the token.", "After: dead", "Proven: it is dead.", "of 1 secret: 1 proven dead")
	if len(e.told) != 1 || e.told[0] != "DELETE /v3/user/tokens/current" || e.alive[r.values["vercel"]] || !e.alive[r.values["github"]] {
		t.Errorf("told %v", e.told)
	}
	got = r.revoke(e, nil, nil, "--yes", "--only", print)
	r.expect("again", got, exitClean, "It is dead already, so nothing is sent.")
	if len(e.told) != 1 {
		t.Errorf("told %v", e.told)
	}
	// What the check was told is what other commands are told from then on.
	if got := r.run(t.Context(), nil, nil, "verify", "--report", report, r.work, "--finding", print, "--verify-endpoint", "vercel="+e.URL); got.code != exitClean {
		t.Errorf("status %d\n%s%s", got.code, got.out, got.errors)
	}
	number := "1"
	if !strings.Contains(r.revoke(e, nil, nil, "--report", report, "--only", "1").out, "GitHub") {
		number = "2"
	}
	got = r.revoke(e, nil, nil, "--report", report, "--yes", "--only", number)
	r.expect("by number", got, exitClean, "GitHub has taken the token", "Proven: it is dead.")
}

// TestRevokeAsk: each secret has a question of its own, and only a yes ends it.
func TestRevokeAsk(t *testing.T) {
	r := newIncident(t, map[string]string{"vercel": vercelForm, "github": githubForm})
	e := startEnder(t, r.values["vercel"], r.values["github"])
	got := r.revoke(e, strings.NewReader("y\nyes\n"), nil, "--ask")
	r.expect("one yes", got, exitFindings, "Revoke secret 1, ", "Revoke secret 2, ", "Left alone: that was not yes.", "1 proven dead, 0 alive or refused, 0 not known, 1 left alone")
	if len(e.told) != 1 || len(e.alive) != 1 {
		t.Errorf("told %v", e.told)
	}
	got = r.revoke(e, strings.NewReader(""), nil, "--ask")
	r.expect("no answer", got, exitFindings, "Left alone: that was not yes.")
	if len(e.told) != 1 {
		t.Errorf("told %v", e.told)
	}
}

// TestRevokeByAdminKey: the administrator's key comes from the environment, and is shown no more than the leaked one.
func TestRevokeByAdminKey(t *testing.T) {
	r := newIncident(t, map[string]string{"claude": `<<anthropic "sk-ant-api03-">>`})
	key := r.values["claude"]
	e := startEnder(t, key)
	e.admin, e.hint = newSecret(t, "sk-ant-admin01-<<b64url 93>>AA", "admin"), key[:16]+"..."+key[len(key)-4:]
	r.hushed.add("the admin key", e.admin, 15)
	got := r.revoke(e, strings.NewReader("yes\n"), nil, "--ask")
	r.expect("without", got, exitFindings, "$ANTHROPIC_ADMIN_KEY is not set", "From its playbook:")
	env := map[string]string{"ANTHROPIC_ADMIN_KEY": e.admin}
	got = r.revoke(e, nil, env)
	r.expect("dry run", got, exitFindings, "api_keys/API_KEY_ID", "Words in capitals are looked up first.", "X-Api-Key: ***")
	if e.asked+len(e.told) > 0 {
		t.Errorf("asked %d, told %v", e.asked, e.told)
	}
	got = r.revoke(e, strings.NewReader("yes\n"), env, "--ask")
	r.expect("with", got, exitClean, "Found: api key id apikey_01", "Found: api key name ci", "Anthropic has set the key to inactive", "Proven: it is dead.")
}

// TestRevokeAlive: what the provider says is not believed while the secret is accepted.
func TestRevokeAlive(t *testing.T) {
	r := newIncident(t, map[string]string{"github": githubForm})
	e := startEnder(t, r.values["github"])
	report, prints := r.saved()
	e.lag = 2
	got := r.revoke(e, nil, nil, "--report", report, "--yes", "--only", prints["github-personal-token"])
	r.expect("late", got, exitClean, "Proven: it is dead.")
	if len(e.told) != 1 {
		t.Errorf("told %v", e.told)
	}
	if testing.Short() {
		return
	}
	e.alive[r.values["github"]], e.deaf = true, true
	got = r.revoke(e, nil, nil, "--yes", "--only", prints["github-personal-token"])
	r.expect("never", got, exitFindings, "NOT DEAD", "From its playbook:", "0 proven dead, 1 alive or refused")
	if len(e.told) != 2 {
		t.Errorf("told %v", e.told)
	}
}

// TestRevokeInterrupted: who stops while the provider is told is told what that means.
func TestRevokeInterrupted(t *testing.T) {
	r := newIncident(t, map[string]string{"vercel": vercelForm})
	e := startEnder(t, r.values["vercel"])
	_, prints := r.saved()
	ctx, stop := context.WithCancel(t.Context())
	e.during = func() { stop(); time.Sleep(200 * time.Millisecond) }
	got := r.run(ctx, nil, nil, "recover", "revoke", r.work, "--verify-endpoint", "vercel="+e.URL, "--yes", "--only", prints["vercel-personal-token"])
	r.expect("stopped", got, exitIncomplete, "interrupted before", "may be revoked, or not", "skant verify --report FILE --finding "+prints["vercel-personal-token"]+" --verify-endpoint")
	if len(e.told) != 1 {
		t.Errorf("told %v", e.told)
	}
	// At a question nothing has happened yet.
	e.mu.Lock() // the server may still be at it
	e.alive[r.values["vercel"]], e.during = true, nil
	e.mu.Unlock()
	ctx, stop = context.WithCancel(t.Context())
	nobody, typing := io.Pipe()
	defer typing.Close()
	typed := &stopped{nobody, stop}
	got = r.run(ctx, typed, nil, "recover", "revoke", r.work, "--verify-endpoint", "vercel="+e.URL, "--ask")
	r.expect("stopped at the question", got, exitIncomplete, "Interrupted before anything was sent")
	if len(e.told) != 1 {
		t.Errorf("told %v", e.told)
	}
}

// stopped is a terminal at which somebody stops the program as soon as it waits for an answer.
type stopped struct {
	io.Reader
	stop func()
}

func (s *stopped) Read(b []byte) (int, error) {
	s.stop()
	return s.Reader.Read(b)
}

// TestRevokeSpared: what is suppressed, a placeholder or of another rule than those with a way is not told about, whatever is asked for.
func TestRevokeSpared(t *testing.T) {
	r := newIncident(t, map[string]string{"vercel": vercelForm})
	e := startEnder(t, r.values["vercel"])
	report, prints := r.saved()
	print := prints["vercel-personal-token"]
	edit := func(change func(f *scanner.Finding)) string {
		var rep scanner.Report
		if err := json.Unmarshal(readAll(t, report), &rep); err != nil {
			t.Fatal(err)
		}
		for i := range rep.Findings {
			change(&rep.Findings[i])
		}
		data, err := json.Marshal(rep)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(r.dir, "edited.json")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	got := r.revoke(e, nil, nil, "--yes", "--only", print, "--report", edit(func(f *scanner.Finding) { f.Suppressed = &scanner.Suppression{By: scanner.ByInline} }))
	r.expect("suppressed", got, exitUsage, "no secret that counts is named")
	got = r.revoke(e, strings.NewReader("yes\nyes\n"), nil, "--ask", "--report", edit(func(f *scanner.Finding) { f.Suppressed = &scanner.Suppression{By: scanner.ByInline} }))
	r.expect("all suppressed", got, exitClean, "no secret of which there is anything to revoke", "1 secret left alone")
	got = r.revoke(e, nil, nil, "--yes", "--only", print, "--report", edit(func(f *scanner.Finding) { f.Example = true }))
	r.expect("example", got, exitFindings, "stands for a secret and is none")
	got = r.revoke(e, nil, nil, "--yes", "--only", print, "--report", edit(func(f *scanner.Finding) { f.Facts = map[string]string{"canary": "x"} }))
	r.expect("canary", got, exitFindings, "It is a canary")
	r.git("rm", "-q", "--cached", "vercel.env")
	elsewhere := t.TempDir()
	r2 := &incidentRepo{stage: r.stage, values: r.values, hushed: r.hushed}
	cmd := r.command("git", "init", "-q", elsewhere)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	got = r2.run(t.Context(), nil, nil, "recover", "revoke", elsewhere, "--report", report, "--yes", "--only", print, "--verify-endpoint", "vercel="+e.URL)
	r.expect("value not there", got, exitFindings, "Its value is not at hand")
	if e.asked+len(e.told) > 0 {
		t.Errorf("asked %d, told %v", e.asked, e.told)
	}
}

// TestRevokeOwnRules: a rule file of the repository cannot say where a secret is sent.
func TestRevokeOwnRules(t *testing.T) {
	r := newIncident(t, map[string]string{"acme": "acmekey_<<alnum 24>>"})
	e := startEnder(t)
	r.write("rules.yaml", `
provider: acme
revocation:
  key:
    documented: https://docs.acme.example/revoke
    dies: This key, for everybody who uses it.
    self_hosted: true
    request: {method: DELETE, url: '{{.endpoint}}/v1/keys/self', headers: {Authorization: 'Bearer {{.secret}}'}}
    answers: [{status: [200], body: 'ok', verdict: revoked, says: It is revoked.}]
rules:
  - {id: acme-key, title: Acme key, severity: high, confidence: high, anchors: [acmekey_], pattern: '(acmekey_[A-Za-z0-9]{24})', why: x, revocation: key, examples: {match: ['acmekey_<<alnum 24>>'], clean: [y]}}
`)
	r.write(".skant.yaml", "version: 1\nrules: {files: [rules.yaml]}\n")
	at := []string{"recover", "revoke", r.work, "--verify-endpoint", "acme=" + e.URL}
	got := r.run(t.Context(), nil, nil, at...)
	r.expect("the repository's", got, exitFindings, "No request is documented")
	r.write(".skant.yaml", "version: 1\n")
	got = r.run(t.Context(), nil, nil, append(at, "--rules", filepath.Join(r.work, "rules.yaml"))...)
	r.expect("the user's", got, exitFindings, "DELETE "+e.URL+"/v1/keys/self", "Dies: This key, for everybody who uses it.")
}

func TestRevokeUsage(t *testing.T) {
	r := newIncident(t, map[string]string{"vercel": vercelForm})
	e := startEnder(t, r.values["vercel"])
	for want, args := range map[string][]string{
		"--yes needs --only":                   {"--yes"},
		"both --yes and --ask":                 {"--yes", "--ask", "--only", "0123456789"},
		"standard input is no terminal":        {"--ask"},
		"number of a search that is made anew": {"--yes", "--only", "1"},
		"neither a number nor 8 characters":    {"--yes", "--only", "abc"},
		"no secret that counts is named":       {"--yes", "--only", "0000000000"},
		"no secret that counts":                {"--only", "7"},
		"--output has no meaning here":         {"-o", "json"},
		"read report":                          {"--report", "none.json"},
	} {
		got := r.revoke(e, nil, nil, args...)
		r.expect(strings.Join(args, " "), got, exitUsage, want)
	}
	if e.asked+len(e.told) > 0 {
		t.Errorf("asked %d, told %v", e.asked, e.told)
	}
}
