package verify

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// documented is a request that a provider documents and its documented answers.
type documented struct {
	// rule is one whose credentials are asked about in this way.
	rule string
	// method and path are what has to be asked, header is one that carries the secret, with S for it.
	method, path, header string
	// also are other headers that have to be sent, and a body if there is one.
	also []string
	body string
	// made is what a credential that was never issued is answered; the negative control gets it.
	made docReply
	rows []docRow
}

// docRow is an answer and what it means.
type docRow struct {
	docReply
	want scanner.Verdict
}

// docReply is an answer of a provider. Headers are "Name: value".
type docReply struct {
	status  int
	body    string
	headers []string
}

func on(want scanner.Verdict, status int, body string, headers ...string) docRow {
	return docRow{docReply{status, body, headers}, want}
}

// madeUp returns a value of letters and digits that is no credential of anybody.
func madeUp(n int) string {
	const chars = "k7Qz0mWx4TbN9cRf2LhV8sYd5Gp3JuE6aH1"
	var b strings.Builder
	for i := range n {
		b.WriteByte(chars[(i*i+5*i+3)%len(chars)])
	}
	return b.String()
}

// docServer is a server that answers for a provider: the given answer to whoever sends the secret, made to anybody else.
type docServer struct {
	*httptest.Server
	secret string
	made   docReply
	now    docReply
	mu     sync.Mutex
	// last is the request that bore the secret, with its body.
	last     *http.Request
	lastBody string
}

func newDocServer(t *testing.T, secret string, made docReply) *docServer {
	p := &docServer{secret: secret, made: made}
	p.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		sent := string(body)
		for _, values := range r.Header {
			sent += "\n" + strings.Join(values, "\n")
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		a := p.made
		if strings.Contains(sent, secret) {
			a, p.last, p.lastBody = p.now, r, string(body)
		}
		w.Header().Set("Content-Type", "application/json")
		for _, h := range a.headers {
			name, value, _ := strings.Cut(h, ": ")
			w.Header().Set(name, value)
		}
		w.WriteHeader(a.status)
		if _, err := io.WriteString(w, a.body); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(p.Close)
	return p
}

// answer sets what the secret is answered from now on.
func (p *docServer) answer(with docReply) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now, p.last, p.lastBody = with, nil, ""
}

// asking returns a verifier that asks the server in place of a provider, and nobody else.
func asking(t *testing.T, set *rules.Set, name string, p *docServer) *Verifier {
	v := verifierFor(t, set, name, p.Server)
	v.standsIn = true
	return v
}

// TestDocumentedAnswersA holds the rules of one half of the providers against the answers that these document.
func TestDocumentedAnswersA(t *testing.T) {
	set, err := rules.BuiltinWithDocs()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range append(anthropicAnswers(), documentedA()...) {
		t.Run(d.rule, func(t *testing.T) { d.test(t, set) })
	}
}

func (d *documented) test(t *testing.T, set *rules.Set) {
	rule := set.Lookup(d.rule)
	if rule == nil {
		t.Fatal("no such rule")
	}
	live, ok := set.LivenessOf(rule)
	if !ok || live.Uncheckable != "" {
		t.Fatalf("it is not asked about: %q", live.Uncheckable)
	}
	secret := "t" + madeUp(47)
	p := newDocServer(t, secret, d.made)
	told := map[string]bool{}
	for _, r := range d.rows {
		p.answer(r.docReply)
		f := scanner.NewFinding(d.rule, scanner.NewSecret(secret, 0), nil)
		// Each answer is the first one that a run gets: what was learnt of another is not to help.
		x, err := asking(t, set, rule.Provider, p).Ask(t.Context(), &f)
		if err != nil {
			t.Errorf("%d %s: %v", r.status, r.body, err)
			continue
		}
		got := x.Result
		if got.Verdict != r.want {
			t.Errorf("%d %s %v: %s (%s), want %s", r.status, r.body, r.headers, got.Verdict, got.Verification.Says, r.want)
		}
		if told[string(got.Verdict)+strings.TrimSuffix(got.Verification.Says, " "+live.NoDead)] = true; live.NoDead != "" && got.Verdict == scanner.Dead {
			t.Errorf("%d %s is dead, which this provider cannot say", r.status, r.body)
		}
		d.checkRequest(t, p, secret)
		if shown := fmt.Sprint(x); strings.Contains(shown, secret) {
			t.Errorf("%d %s: the secret is in what is shown", r.status, r.body)
		}
	}
	for i, a := range live.Answers {
		if !told[a.Verdict+a.Says] {
			t.Errorf("answer %d (%s: %s) was given to none of the answers here", i+1, a.Verdict, a.Says)
		}
	}
}

// checkRequest sees to it that what was asked is what the provider documents.
func (d *documented) checkRequest(t *testing.T, p *docServer, secret string) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last == nil {
		t.Error("the secret was not sent")
		return
	}
	method := d.method
	if method == "" {
		method = http.MethodGet
	}
	name, value, _ := strings.Cut(d.header, ": ")
	if got := p.last.Header.Get(name); p.last.Method != method || p.last.URL.RequestURI() != d.path || got != strings.ReplaceAll(value, "S", secret) {
		t.Errorf("asked %s %s with %s of %d bytes, want %s %s", p.last.Method, p.last.URL.RequestURI(), name, len(got), method, d.path)
	}
	for _, h := range d.also {
		name, value, _ := strings.Cut(h, ": ")
		if got := p.last.Header.Get(name); got != value {
			t.Errorf("header %s is %q, want %q", name, got, value)
		}
	}
	if p.lastBody != d.body {
		t.Errorf("a body of %d bytes, want %q", len(p.lastBody), d.body)
	}
}

// TestProvidersAHaveLiveness: each credential of these providers can be asked about, or it is said why it cannot.
func TestProvidersAHaveLiveness(t *testing.T) {
	set, err := rules.BuiltinWithDocs()
	if err != nil {
		t.Fatal(err)
	}
	owned := strings.Fields(`anthropic openai huggingface openrouter groq mistral cohere replicate perplexity xai deepseek github gitlab bitbucket
		vercel docker kubernetes npm pypi rubygems vault terraform doppler heroku netlify fly railway render`)
	tested := map[string]bool{}
	for _, d := range append(anthropicAnswers(), documentedA()...) {
		r := set.Lookup(d.rule)
		tested[r.Provider+"/"+r.Liveness] = true
	}
	found := map[string]bool{}
	for _, r := range set.All() {
		for _, name := range owned {
			if r.Provider != name {
				continue
			}
			found[name] = true
			if _, ok := set.LivenessOf(&r); !ok {
				t.Errorf("%s: nothing is said on how to ask about it", r.ID)
			}
			for _, l := range set.ChecksOf(&r) {
				if l.Uncheckable == "" && !tested[r.Provider+"/"+l.Name] {
					t.Errorf("%s: liveness %s is not tested", r.ID, l.Name)
				}
			}
		}
	}
	for _, name := range owned {
		if !found[name] {
			t.Errorf("no rule of %s", name)
		}
	}
}

// anthropicError is the body of an error as Anthropic writes it.
func anthropicError(kind, message string) string {
	return fmt.Sprintf(`{"type":"error","error":{"type":%q,"message":%q},"request_id":"req_011"}`, kind, message)
}

func anthropicAnswers() []documented {
	const organization, workspace = "Anthropic-Organization-Id: 5e0a0000-0000-4000-8000-000000000001", "Anthropic-Workspace-Id: wrkspc_01"
	auth := func(message string) string { return anthropicError("authentication_error", message) }
	denied := func(message string) string { return anthropicError("permission_error", message) }
	version := []string{"Anthropic-Version: 2023-06-01"}
	unknownKey := docReply{401, auth("invalid x-api-key"), nil}
	const edge = `{"error":{"type":"forbidden","message":"Request not allowed"}}`
	const elsewhere = `{"error":{"type":"refused","message":"Request not allowed"}}`
	common := []docRow{
		on(scanner.Dead, 401, auth("Invalid authentication credentials")),
		on(scanner.Unknown, 401, auth("Something new.")),
		on(scanner.Restricted, 403, denied("Your IP address isn't in this organization's allowed range."), organization),
		on(scanner.Unknown, 403, edge),
		on(scanner.Unknown, 403, edge, organization),
		on(scanner.Unknown, 403, elsewhere),
		on(scanner.Restricted, 403, denied("Your account does not have access to this."), organization),
		on(scanner.Unknown, 403, denied("Your account does not have access to this.")),
		on(scanner.Unknown, 403, "<!DOCTYPE html><title>Just a moment...</title>", "Content-Type: text/html; charset=UTF-8"),
		on(scanner.Restricted, 400, anthropicError("invalid_request_error", "This organization has been disabled.")),
		on(scanner.Live, 400, anthropicError("invalid_request_error", "Your credit balance is too low to access the Anthropic API."), organization),
		on(scanner.Live, 402, anthropicError("billing_error", "Payment is overdue."), organization),
		on(scanner.Unknown, 400, anthropicError("invalid_request_error", "limit: too large")),
		on(scanner.Unknown, 400, anthropicError("invalid_request_error", "anthropic-version: header is required")),
		on(scanner.Restricted, 404, anthropicError("not_found_error", "Not found"), organization),
		on(scanner.Unknown, 404, anthropicError("not_found_error", "Not found")),
		on(scanner.Live, 429, anthropicError("rate_limit_error", "This request would exceed your rate limit."), organization),
		on(scanner.Unknown, 429, anthropicError("rate_limit_error", "Too many requests")),
		on(scanner.Unknown, 500, anthropicError("api_error", "Internal server error"), organization),
		on(scanner.Unknown, 529, anthropicError("overloaded_error", "Overloaded"), organization),
		on(scanner.Unknown, 200, "<html>sign in to the network</html>", "Content-Type: text/html"),
	}
	keys := append([]docRow{
		on(scanner.Unknown, 401, auth("x-api-key header is required")),
		on(scanner.Unknown, 401, auth("Invalid bearer token")),
		on(scanner.Unknown, 401, auth("OAuth authentication is currently not supported.")),
		on(scanner.Live, 400, anthropicError("invalid_request_error", "This key is not scoped to a workspace; set anthropic-workspace-id."), organization),
	}, common...)
	list := `{"data":[],"has_more":false,"first_id":null,"last_id":null}`
	with := func(first docRow, rest []docRow) []docRow {
		return append([]docRow{first, on(scanner.Dead, 401, auth("invalid x-api-key"))}, rest...)
	}
	out := []documented{
		{rule: "anthropic-api-key", path: "/v1/models?limit=1", header: "X-Api-Key: S", also: version, made: unknownKey, rows: with(on(scanner.Live, 200, list, organization, workspace), keys)},
		{rule: "anthropic-personal-key", path: "/v1/models?limit=1", header: "X-Api-Key: S", also: version, made: unknownKey, rows: with(on(scanner.Live, 200, list, organization), keys)},
		{rule: "anthropic-admin-key", path: "/v1/organizations/me", header: "X-Api-Key: S", also: version, made: unknownKey,
			rows: with(on(scanner.Live, 200, `{"id":"5e0a0000-0000-4000-8000-000000000001","type":"organization","name":"Acme"}`, organization), keys)},
		{rule: "anthropic-compliance-key", path: "/v1/compliance/activities?limit=1", header: "X-Api-Key: S", also: version, made: unknownKey,
			// An API key of the first generation has the same prefix, and is not known here either.
			rows: append([]docRow{
				on(scanner.Live, 200, `{"data":[{"id":"activity_01"}],"has_more":true}`, organization), on(scanner.Unknown, 401, auth("invalid x-api-key")),
			}, keys...)},
		{rule: "anthropic-oauth-access-token", path: "/v1/models?limit=1", header: "Authorization: Bearer S", also: append([]string{"Anthropic-Beta: oauth-2025-04-20"}, version...), made: docReply{401, auth("Invalid bearer token"), nil},
			rows: append([]docRow{
				on(scanner.Live, 200, list, organization),
				on(scanner.Dead, 401, auth("Invalid bearer token")),
				on(scanner.Unknown, 401, auth("invalid x-api-key")),
				on(scanner.Dead, 401, auth("Invalid OAuth token. The provided token was not found or is malformed.")),
				on(scanner.Expired, 401, auth("OAuth token has expired. Please obtain a new token or refresh your existing token.")),
				on(scanner.Unknown, 401, auth("OAuth authentication is currently not supported.")),
				on(scanner.Restricted, 401, auth("OAuth authentication is currently not allowed for this organization.")),
				on(scanner.Restricted, 403, denied("Authentication method not allowed"), organization),
				on(scanner.Dead, 403, denied("OAuth token has been revoked. Please obtain a new token."), organization),
				on(scanner.Restricted, 403, denied("OAuth token does not meet scope requirement user:profile"), organization),
			}, common...)},
	}
	return out
}
