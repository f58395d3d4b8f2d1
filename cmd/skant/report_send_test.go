package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// inbox is a server that takes everything, and an API of issues that remembers those it was told of.
type inbox struct {
	*httptest.Server
	mu      sync.Mutex
	bodies  []string
	headers []http.Header
	issues  []map[string]any
	// status is answered to webhooks, and to the nth POST of issues where failing is n.
	status, failing int
	// log, unless nil, gets each request.
	log func(string)
}

func startInbox(t *testing.T) *inbox {
	b := newInbox(200)
	t.Cleanup(b.Close)
	return b
}

func newInbox(status int) *inbox {
	b := &inbox{status: status}
	b.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		defer b.mu.Unlock()
		text, _ := io.ReadAll(r.Body)
		b.headers = append(b.headers, r.Header)
		if b.log != nil {
			b.log(fmt.Sprintf("%s %s %s\n%s\n", r.Method, r.URL, r.Header.Get("Authorization"), text))
		}
		w.Header().Set("Content-Type", "application/json")
		switch {
		case !strings.HasPrefix(r.URL.Path, "/api/v3/repos/acme/app"):
			b.bodies = append(b.bodies, string(text))
			w.Header().Set("Location", "/followed")
			w.WriteHeader(b.status)
			_, _ = fmt.Fprint(w, "said ", r.URL, " ", r.URL.Query(), r.Header.Get("Authorization"))
		case r.Method == http.MethodPost && len(b.issues)+1 == b.failing:
			w.WriteHeader(http.StatusForbidden)
			_, _ = fmt.Fprint(w, `{"message":"not today"}`)
		case r.Method == http.MethodPost:
			b.bodies = append(b.bodies, string(text))
			i := map[string]any{}
			_ = json.Unmarshal(text, &i)
			i["number"], i["state"], i["author_association"], i["labels"] = len(b.issues)+1, "open", "OWNER", []map[string]string{{"name": "skant"}}
			b.issues = append(b.issues, i)
			w.WriteHeader(http.StatusCreated)
			_ = json.NewEncoder(w).Encode(i)
		case strings.HasSuffix(r.URL.Path, "/issues"):
			_ = json.NewEncoder(w).Encode(append([]map[string]any{}, b.issues...))
		default:
			_, _ = fmt.Fprint(w, `{"private":true}`)
		}
	}))
	return b
}

// cmdInbox starts a server that takes what is sent: webhooks, which it answers with the status and with what it was sent, and the issues of
// acme/app below /api/v3. The file inbox has all requests.
func cmdInbox(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: inbox VAR STATUS")
	}
	status, err := strconv.Atoi(args[1])
	ts.Check(err)
	file := ts.MkAbs("inbox")
	ts.Check(os.WriteFile(file, nil, 0o600))
	b := newInbox(status)
	b.log = func(text string) {
		if f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0o600); err == nil {
			_, _ = io.WriteString(f, text)
			_ = f.Close()
		}
	}
	ts.Defer(b.Close)
	ts.Setenv(args[0], b.URL)
}

// sending runs commands in a folder with secrets.
type sending struct {
	t       *testing.T
	dir     string
	env     map[string]string
	secrets []string
}

func (s *sending) run(args ...string) (code int, out, said string) {
	s.t.Helper()
	var o, e bytes.Buffer
	a := &app{
		in: strings.NewReader(""), out: &o, err: &e, env: func(name string) string { return s.env[name] }, now: time.Now,
		cacheDir: func() (string, error) { return s.dir, nil }, configDir: func() (string, error) { return s.dir, nil },
		terminal: func(any) (int, bool) { return 0, false },
	}
	code = run(s.t.Context(), a, args)
	return code, o.String(), e.String()
}

// safe fails if a text has a piece of a secret, or of what is in the environment.
func (s *sending) safe(where string, texts ...string) {
	s.t.Helper()
	for _, text := range texts {
		for _, secret := range s.secrets {
			if strings.Contains(text, secret[len(secret)-14:len(secret)-5]) {
				s.t.Errorf("%s: a secret is in %q", where, text)
			}
		}
		for name, value := range s.env {
			if value != "" && strings.Contains(text, value) || strings.Contains(text, "very-secret") {
				s.t.Errorf("%s: %s is in %q", where, name, text)
			}
		}
	}
}

// startSending saves old.json, with one secret, and new.json, with two, as --show-secrets makes them.
func startSending(t *testing.T) *sending {
	s := &sending{t: t, dir: t.TempDir(), env: map[string]string{}}
	t.Chdir(s.dir)
	save := func(name string) {
		if code, _, said := s.run("scan", "work", "-o", "json="+name); code != exitFindings {
			t.Fatalf("scan: %d %s", code, said)
		}
	}
	if err := os.Mkdir("work", 0o755); err != nil {
		t.Fatal(err)
	}
	for i, names := range [][2]string{{"<!channel> @team #1.env", "old.json"}, {"new.env", "new.json"}} {
		secret := newSecret(t, `<<anthropic "sk-ant-api03-">>`, fmt.Sprint("send", i))
		s.secrets = append(s.secrets, secret)
		if err := os.WriteFile(filepath.Join("work", names[0]), []byte("KEY="+secret+"\n"), 0o600); err != nil {
			unsupported(t, err)
		}
		save(names[1])
	}
	// What a report with --show-secrets has beside: the values.
	text, err := os.ReadFile("new.json")
	if err != nil {
		t.Fatal(err)
	}
	var rep map[string]any
	if err := json.Unmarshal(text, &rep); err != nil {
		t.Fatal(err)
	}
	for _, f := range rep["findings"].([]any) {
		f.(map[string]any)["secret"] = s.secrets[0]
		f.(map[string]any)["reasons"] = []string{s.secrets[1]}
	}
	if text, err = json.Marshal(rep); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("new.json", text, 0o600); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestReportSend(t *testing.T) {
	s, box := startSending(t), startInbox(t)
	if err := os.WriteFile("body.tmpl", []byte(`{"routing": "x", "n": {{json .SecretCount}}, "at": [{{range $i, $s := .Secrets}}{{if $i}}, {{end}}{{json .Title}}{{end}}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("hook", []byte(box.URL+"/very-secret-path\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args string
		env  map[string]string
		body string
	}{
		{"--to slack", map[string]string{sendURL: box.URL + "/services/very-secret"}, `"type":"section"`},
		{"--to teams", map[string]string{sendURL: box.URL + "/workflows?sig=very-secret"}, `"AdaptiveCard"`},
		{"--to webhook", map[string]string{sendURL: box.URL, sendAuthorization: "Splunk very-secret"}, `"secret_count":2`},
		{"--to webhook --url-file hook --template body.tmpl", nil, `"n": 2, "at": ["Anthropic API key", "Anthropic API key"]`},
		{"--to webhook --url-file hook --only-new old.json --template body.tmpl", nil, `"n": 1, "at": ["Anthropic API key"]`},
		{"--to github-issues --repo acme/app --api " + box.URL + "/api/v3 --only-new old.json", map[string]string{sendToken: "very-secret-token"}, `"title":"Leaked secret: Anthropic API key in new.env`},
	} {
		s.env = maps.Clone(c.env)
		before := len(box.headers)
		code, out, said := s.run(append([]string{"report", "send", "new.json"}, strings.Fields(c.args)...)...)
		if code != exitClean || len(box.headers) != before || !strings.Contains(said, "dry run") || !strings.Contains(out, "POST ") {
			t.Errorf("dry run %s: %d, %d requests, %q %q", c.args, code, len(box.headers)-before, said, out)
		}
		s.safe("dry run "+c.args, out, said)
		code, out, said = s.run(append([]string{"report", "send", "new.json", "--yes"}, strings.Fields(c.args)...)...)
		if code != exitClean || len(box.headers) == before || out != "" {
			t.Errorf("%s: %d, %d requests, %q %q", c.args, code, len(box.headers)-before, said, out)
			continue
		}
		body := box.bodies[len(box.bodies)-1]
		if !strings.Contains(body, c.body) || strings.Contains(body, "<!channel>") {
			t.Errorf("%s: body %s", c.args, body)
		}
		s.safe(c.args, out, said, body)
		if got := box.headers[len(box.headers)-1].Get("Authorization"); got != c.env[sendAuthorization] && got != "Bearer "+c.env[sendToken] {
			t.Errorf("%s: Authorization %q", c.args, got)
		}
	}
	// A second run of the issues finds the first.
	s.env = map[string]string{sendToken: "very-secret-token"}
	issues := []string{"report", "send", "new.json", "--to", "github-issues", "--repo", "acme/app", "--api", box.URL + "/api/v3", "--yes"}
	if code, _, said := s.run(issues...); code != exitClean || !strings.Contains(said, "acme/app#2: created") || !strings.Contains(said, "acme/app#1: unchanged") || len(box.issues) != 2 {
		t.Errorf("%d %s", code, said)
	}
}

func TestReportSendFails(t *testing.T) {
	s, box := startSending(t), startInbox(t)
	box.status = http.StatusInternalServerError
	s.env[sendURL] = box.URL + "/very-secret-path"
	code, out, said := s.run("report", "send", "new.json", "--to", "webhook", "--yes")
	if code != exitIncomplete || !strings.Contains(said, "status 500") {
		t.Errorf("%d %s", code, said)
	}
	s.safe("failing", out, said)
	s.env = map[string]string{sendToken: "very-secret-token"}
	box.failing = 2
	issues := []string{"report", "send", "new.json", "--to", "github-issues", "--repo", "acme/app", "--api", box.URL + "/api/v3", "--yes"}
	if code, _, said := s.run(issues...); code != exitIncomplete || !strings.Contains(said, "#1: created") || !strings.Contains(said, "1 secret not looked at") || !strings.Contains(said, "not today") {
		t.Errorf("%d %s", code, said)
	}
	box.failing, box.issues = 0, nil
	if code, _, said := s.run(append(issues, "--max", "1")...); code != exitIncomplete || !strings.Contains(said, "1 secret left for the next run") || len(box.issues) != 1 {
		t.Errorf("%d %s", code, said)
	}
	if code, _, said := s.run(append(issues, "--max", "1")...); code != exitClean || len(box.issues) != 2 {
		t.Errorf("%d %s", code, said)
	}
}

// TestReportSendEcho: servers that fail in all ways repeat what they were sent, and none of it is said again.
func TestReportSendEcho(t *testing.T) {
	s, box := startSending(t), startInbox(t)
	tls := httptest.NewUnstartedServer(http.NotFoundHandler())
	tls.Config.ErrorLog = log.New(io.Discard, "", 0) // it complains of us
	tls.StartTLS()
	defer tls.Close()
	const path = "/T0ab/B0cd/ef01gh/very-secret?sig=q1w2%2Be3r4"
	for _, c := range []struct {
		to, address string
		status      int
		want        string
	}{
		{"slack", box.URL, 400, "Slack refused it with status 400: said ***"}, {"teams", box.URL, 404, "Teams refused it with status 404: said ***"},
		{"webhook", box.URL, 500, "not known whether it took it"}, {"webhook", box.URL, 307, "no redirect is followed"}, {"slack", box.URL, 302, "no redirect is followed"},
		{"webhook", tls.URL, 0, "cannot be trusted, so nothing was sent"}, {"webhook", "http://127.0.0.1:1", 0, "no connection to the webhook"},
		{"slack", "https://127.0.0.1:1", 0, "not one of Slack"}, {"teams", "https://127.0.0.1:1", 0, "not public"},
	} {
		box.status = c.status
		s.env = map[string]string{sendURL: c.address + path, sendAuthorization: "Basic abcdefgh very-secret"}
		code, out, said := s.run("report", "send", "new.json", "--to", c.to, "--yes")
		if code != exitIncomplete && c.want != "not one of Slack" || !strings.Contains(said, c.want) || out != "" {
			t.Errorf("%s %s: %d %s", c.to, c.address, code, said)
		}
		s.safe(c.want, out, said)
		for _, piece := range []string{"T0ab/", "B0cd", "ef01gh", "q1w2", "e3r4", "abcdefgh"} {
			if strings.Contains(said, piece) {
				t.Errorf("%s %s: a piece of the address is in %s", c.to, c.want, said)
			}
		}
	}
	for _, h := range box.headers {
		if h.Get("Referer") != "" || h.Get("Cookie") != "" {
			t.Errorf("sent %v", h)
		}
	}
	if len(box.bodies) != 5 {
		t.Errorf("%d requests for 5 runs", len(box.bodies))
	}
}

func TestMaskPieces(t *testing.T) {
	const all = "https://h.example/ab12/cd34\nBearer abcdefghij"
	for text, want := range map[string]string{
		"no_service": "no_service", "": "", "at /ab12/cd34!": "at ***!", "h.example/ab12": "***", "abcdefg": "abcdefg", "abcdefgh": "***",
		"said abcdefghij/ab12/cd34 twice /ab12/cd3": "said *** twice ***", "xabcdefghx\u00fc": "x***x\u00fc",
	} {
		if got := maskPieces(text, all); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestReportSendNothing(t *testing.T) {
	s, box := startSending(t), startInbox(t)
	s.env[sendURL] = box.URL
	for report, want := range map[string]int{`true`: 0, `false`: 1} {
		text := `{"schema_version":"1.0","tool":{"name":"skant","version":"1"},"target":".","started_at":"2026-01-02T03:04:05Z","coverage":{"complete":` + report + `,"skipped":[]},"findings":[]}`
		if err := os.WriteFile("none.json", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		before := len(box.bodies)
		if code, _, said := s.run("report", "send", "none.json", "--to", "slack", "--yes"); code != exitClean || len(box.bodies)-before != want {
			t.Errorf("complete %s: %d, %d sent, %s", report, code, len(box.bodies)-before, said)
		}
	}
	if code, _, said := s.run("report", "send", "new.json", "--only-new", "new.json", "--to", "slack", "--yes"); code != exitClean || !strings.Contains(said, "nothing to send") {
		t.Errorf("%d %s", code, said)
	}
}

func TestReportSendUsage(t *testing.T) {
	s := startSending(t)
	for name, text := range map[string]string{"empty": "\n", "two": "a\nb\n", "bad.tmpl": `{"a": {{.Nope}}}`, "slack": "https://hooks.example.com/very-secret"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.env = map[string]string{sendURL: "http://hooks.example.com/very-secret", sendToken: "very-secret-token"}
	for args, want := range map[string]string{
		"": "not said where", "--to mail": "unknown destination", "--to slack --template x": "says nothing about slack", "--to webhook --max 3": "says nothing about webhook",
		"--to github-issues --url-file x": "says nothing about", "--to github-issues": "no repository", "--to github-issues --repo acme/app/x": "no repository",
		"--to github-issues --repo acme/app --max 0": "--max 0", "--to github-issues --repo acme/app --label a,b": "label", "--to github-issues --repo acme/app --api http://x.example": "--api",
		"--to github-issues --repo acme/app --token-file none": "--token-file", "--to webhook --url-file empty": "is empty", "--to webhook --url-file two": "no single line",
		"--to webhook --yes": "http sends secrets in clear", "--to slack --url-file slack": "not one of Slack", "--to webhook --template bad.tmpl": `no field "Nope"`,
		"--to webhook --template none": "none", "--to github-issues --repo acme/app --api=": "--api is empty", "--to slack --only-new=": "--only-new is empty",
		"--to webhook --url-file https://hooks.example.com/very-secret": "read the file of --url-file", "--to github-issues --repo acme/app --token-file very-secret": "read the file of --token-file",
		"--to slack --only-new none": "none", "--to webhook --url-file .": "regular file",
	} {
		code, out, said := s.run(append([]string{"report", "send", "new.json"}, strings.Fields(args)...)...)
		if code != exitUsage || !strings.Contains(said, want) {
			t.Errorf("%q: %d %s", args, code, said)
		}
		s.safe(args, out, said)
	}
	s.env = map[string]string{}
	for args, want := range map[string]string{"--to slack --yes": "no address", "--to github-issues --repo acme/app --yes": "no token"} {
		if code, _, said := s.run(append([]string{"report", "send", "new.json"}, strings.Fields(args)...)...); code != exitUsage || !strings.Contains(said, want) {
			t.Errorf("%q: %d %s", args, code, said)
		}
	}
	// The token of a workflow on GitHub Enterprise goes nowhere else by itself.
	s.env = map[string]string{sendToken: "very-secret-token", githubAPI: "https://ghe.example/api/v3"}
	if code, _, said := s.run("report", "send", "new.json", "--to", "github-issues", "--repo", "acme/app", "--yes"); code != exitUsage || !strings.Contains(said, "another server than github.com") {
		t.Errorf("%d %s", code, said)
	}
	s.env = map[string]string{githubAPI: "https://api.github.com"}
	// A dry run needs neither.
	for _, args := range []string{"--to slack", "--to github-issues --repo acme/app"} {
		if code, _, said := s.run(append([]string{"report", "send", "new.json"}, strings.Fields(args)...)...); code != exitClean {
			t.Errorf("%q: %d %s", args, code, said)
		}
	}
}
