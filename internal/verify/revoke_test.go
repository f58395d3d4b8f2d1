package verify

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// teller is a provider on this machine that ends what it is told to.
type teller struct {
	*httptest.Server
	mu sync.Mutex
	// alive are the values that are accepted; told are the requests that change something, as method and path.
	alive map[string]bool
	told  []string
	lists int
}

// startTeller serves revocations with end, which gets the request, its body and the value that stands in it, and everything that only
// reads with read.
func startTeller(t testing.TB, alive []string, end func(p *teller, w http.ResponseWriter, r *http.Request, body string), read http.HandlerFunc) *teller {
	t.Helper()
	p := &teller{alive: map[string]bool{}}
	for _, value := range alive {
		p.alive[value] = true
	}
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		p.mu.Lock()
		defer p.mu.Unlock()
		if r.Method == http.MethodGet {
			p.lists++
			read(w, r)
			return
		}
		p.told = append(p.told, r.Method+" "+r.URL.Path)
		end(p, w, r, string(body))
	})
	p.Server = s.Server
	return p
}

func (p *teller) kill(value string) bool {
	was := p.alive[value]
	delete(p.alive, value)
	return was
}

func noEnv(string) string { return "" }

// builtinEnding makes the ending of a built-in rule's secret at a server in place of its provider.
func builtinEnding(t testing.TB, p *teller, provider string, f scanner.Finding, env func(string) string) (*Verifier, *Ending) {
	t.Helper()
	set, err := rules.BuiltinFor([]string{f.RuleID})
	if err != nil {
		t.Fatal(err)
	}
	v := verifierFor(t, set, provider, p.Server)
	v.standsIn = true
	list, err := v.Endings([]scanner.Finding{f}, env)
	if err != nil || len(list) != 1 {
		t.Fatal(len(list), err)
	}
	return v, list[0]
}

// expand makes a value of a rule's form.
func expand(t testing.TB, template string) string {
	t.Helper()
	value, err := rules.Expand(template, t.Name())
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func credentialOf(r *http.Request) string {
	for _, name := range []string{"Authorization", "Private-Token", "X-Vault-Token", "Fastly-Key"} {
		if value := r.Header.Get(name); value != "" {
			return strings.TrimPrefix(value, "Bearer ")
		}
	}
	return ""
}

// tells writes an answer as the named provider gives it to a revocation of something that was alive, or was not.
type tells struct {
	status int
	body   string
}

func (a tells) write(w http.ResponseWriter) {
	if a.body != "" {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, a.body)
}

// TestRevokeProviders tells each provider's stand-in as its documentation says: the request arrives once and whole, the credential is dead
// afterwards, and a second one is refused.
func TestRevokeProviders(t *testing.T) {
	inBody := func(r *http.Request, body string) string {
		if form, err := url.ParseQuery(body); err == nil && form.Get("token") != "" {
			return form.Get("token")
		}
		for _, before := range []string{`{"credentials":["`, `{"token":"`, `{"auth_token":"`} {
			if rest, ok := strings.CutPrefix(body, before); ok {
				return rest[:strings.IndexByte(rest, '"')]
			}
		}
		return ""
	}
	inHeader := func(r *http.Request, _ string) string { return credentialOf(r) }
	for _, tt := range []struct {
		rule, provider, secret, request string
		value                           func(*http.Request, string) string
		yes, no                         tells
		always                          bool // the answer to what is not known is that to what is
	}{
		{"github-personal-token", "github", `<<github "ghp_">>`, "POST /credentials/revoke", inBody, tells{202, `{}`}, tells{422, `{"message":"Validation failed"}`}, false},
		{"github-refresh-token", "github", "ghr_<<alnum 76>>", "POST /credentials/revoke", inBody, tells{202, ""}, tells{422, `{"message":"Validation failed"}`}, false},
		{"github-installation-token", "github", `<<github "ghs_">>`, "DELETE /installation/token", inHeader, tells{204, ""}, tells{401, `{"message":"Bad credentials"}`}, false},
		{"doppler-personal-token", "doppler", "dp.pt.<<alnum 43>>", "POST /v3/auth/revoke", inBody, tells{200, `{}`}, tells{404, `{"messages":["not found"],"success":false}`}, false},
		{"gitlab-access-token", "gitlab", "glpat-<<alnum 20>>", "DELETE /api/v4/personal_access_tokens/self", inHeader, tells{204, ""}, tells{401, `{"message":"401 Unauthorized"}`}, false},
		{"slack-bot-token", "slack", "xoxb-<<digits 12>>-<<digits 12>>-<<alnum 24>>", "POST /api/auth.revoke", inHeader, tells{200, `{"ok":true,"revoked":true}`}, tells{200, `{"ok":false,"error":"invalid_auth"}`}, false},
		{"google-oauth-access-token", "google", "ya29.a0<<b64url 160>>", "POST /revoke", inBody, tells{200, `{}`}, tells{400, `{"error":"invalid_token","error_description":"Token expired or revoked"}`}, false},
		{"google-oauth-refresh-token", "google", "1//0<<b64url 60>>", "POST /revoke", inBody, tells{200, ""}, tells{400, `{"error":"invalid_token"}`}, false},
		{"vercel-personal-token", "vercel", `<<vercel "vcp_">>`, "DELETE /v3/user/tokens/current", inHeader, tells{200, `{"tokenId":"5d9f2ebd"}`}, tells{403, `{"error":{"code":"forbidden","message":"Not authorized","invalidToken":true}}`}, false},
		{"digitalocean-oauth-token", "digitalocean", "doo_v1_<<hex 64>>", "POST /v1/oauth/revoke", inBody, tells{200, `{}`}, tells{401, `{"error":"invalid_token"}`}, false},
		{"vault-service-token", "vault", "hvs.<<alnum 95>>", "POST /v1/auth/token/revoke-self", inHeader, tells{204, ""}, tells{403, `{"errors":["permission denied"]}`}, false},
		{"buildkite-token", "buildkite", "bkua_<<hex 40>>", "DELETE /v2/access-token", inHeader, tells{204, ""}, tells{401, `{"message":"Authentication required"}`}, false},
		{"crates-io-api-token", "crates-io", "cio<<alnum 32>>", "DELETE /api/v1/tokens/current", inHeader, tells{204, ""}, tells{403, `{"errors":[{"detail":"authentication failed"}]}`}, false},
		{"dropbox-short-lived-token", "dropbox", "sl.<<b64url 140>>", "POST /2/auth/token/revoke", inHeader, tells{200, "null"}, tells{401, `{"error_summary":"invalid_access_token/..","error":{}}`}, false},
		{"perplexity-api-key", "perplexity", "pplx-<<alnum 48>>", "POST /revoke_auth_token", inBody, tells{200, ""}, tells{401, `{"error":{"message":"Invalid API key"}}`}, false},
		{"fastly-api-token", "fastly", "<<b64url 32>>", "DELETE /tokens/self", inHeader, tells{204, ""}, tells{401, `{"msg":"Provided credentials are missing or invalid"}`}, false},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			secret := expand(t, tt.secret)
			p := startTeller(t, []string{secret}, func(p *teller, w http.ResponseWriter, r *http.Request, body string) {
				if p.kill(tt.value(r, body)) {
					tt.yes.write(w)
				} else {
					tt.no.write(w)
				}
			}, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) })
			f := scanner.NewFinding(tt.rule, scanner.NewSecret(secret, 0), nil)
			for _, want := range []string{rules.Revoked, rules.Refused} {
				_, e := builtinEnding(t, p, tt.provider, f, noEnv)
				if e.Why != "" {
					t.Fatal(e.Why)
				}
				for _, asked := range e.Asked(context.Background()) {
					if strings.Contains(fmt.Sprint(asked), secret[8:20]) {
						t.Error("the secret is shown")
					}
				}
				if got := e.Send(context.Background()); got.Verdict != want || !got.Sent || got.Says == "" {
					t.Errorf("want %s, got %+v", want, got)
				}
			}
			if want := []string{tt.request, tt.request}; !slices.Equal(p.told, want) {
				t.Errorf("want %v, got %v", want, p.told)
			}
		})
	}
}

const adminForm = "sk-ant-admin01-<<b64url 93>>AA"

// anthropicTeller is Anthropic with an organization that has some keys, by hint.
func anthropicTeller(t testing.TB, admin string, list string) *teller {
	return startTeller(t, nil, func(p *teller, w http.ResponseWriter, r *http.Request, body string) {
		if r.Header.Get("X-Api-Key") != admin || body != `{"status":"inactive"}` {
			tells{401, `{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}`}.write(w)
			return
		}
		tells{200, `{"id":"apikey_01","name":"ci","status":"inactive"}`}.write(w)
	}, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Api-Key") != admin {
			tells{401, `{"error":{"type":"authentication_error"}}`}.write(w)
			return
		}
		tells{200, list}.write(w)
	})
}

// TestRevokeByAdmin: a key is switched off by an administrator's key, if exactly one entry of the whole list is it.
func TestRevokeByAdmin(t *testing.T) {
	secret, admin := expand(t, `<<anthropic "sk-ant-api03-">>`), expand(t, adminForm)
	hint := secret[:16] + "..." + secret[len(secret)-4:]
	f := scanner.NewFinding("anthropic-api-key", scanner.NewSecret(secret, 13), nil)
	f.Facts = map[string]string{"partial_key_hint": hint}
	key := func(id, hint string) string {
		return `{"id":"` + id + `","name":"ci","partial_key_hint":"` + hint + `"}`
	}
	env := func(value string) func(string) string {
		return func(name string) string {
			if name == "ANTHROPIC_ADMIN_KEY" {
				return value
			}
			return ""
		}
	}
	for _, tt := range []struct{ list, why string }{
		{`{"data":[` + key("apikey_00", "sk-ant-api03-AAA...BBBB") + `,` + key("apikey_01", hint) + `],"has_more":false}`, ""},
		{`{"data":[` + key("apikey_00", "sk-ant-api03-AAA...BBBB") + `],"has_more":false}`, "not in the list"},
		{`{"data":[` + key("apikey_01", hint) + `,` + key("apikey_02", hint) + `],"has_more":false}`, "2 entries"},
		{`{"data":[` + key("apikey_01", hint) + `],"has_more":true}`, "more credentials than one list"},
		{`{"data":[` + key("apikey_01", hint) + `]}`, "more credentials than one list"},
		{`{"data":[{"id":7,"partial_key_hint":"` + hint + `"}],"has_more":false}`, "has no api key id"},
		{`{"data":[` + key(secret, hint) + `],"has_more":false}`, "has no api key id"},
		{`<html></html>`, "no list of credentials"},
	} {
		p := anthropicTeller(t, admin, tt.list)
		_, e := builtinEnding(t, p, "anthropic", f, env(admin))
		if e.Why != "" {
			t.Fatal(e.Why)
		}
		if got := e.Send(context.Background()); got.Sent || got.Verdict == rules.Revoked {
			t.Errorf("it is sent before it was looked up: %+v", got)
		}
		why, err := e.Find(context.Background())
		if err != nil || tt.why == "" && why != "" || !strings.Contains(why, tt.why) {
			t.Errorf("%s: want %q, got %q, %v", tt.list, tt.why, why, err)
		}
		if tt.why != "" {
			if e.Send(context.Background()); len(p.told) > 0 {
				t.Errorf("%s: %v was told", tt.list, p.told)
			}
			continue
		}
		shown := fmt.Sprint(e.Asked(context.Background()), e.Found)
		if strings.Contains(shown, admin[16:26]) || strings.Contains(shown, secret[20:30]) || !strings.Contains(shown, "apikey_01") {
			t.Error("what is shown is not what should be")
		}
		if got := e.Send(context.Background()); got.Verdict != rules.Revoked {
			t.Errorf("%+v", got)
		}
		if want := []string{"POST /v1/organizations/api_keys/apikey_01"}; !slices.Equal(p.told, want) {
			t.Errorf("%v was told", p.told)
		}
	}
	for value, want := range map[string]string{"": "is not set", secret: "holds is none", expand(t, "ghp_<<alnum 36>>"): "holds is none"} {
		p := anthropicTeller(t, admin, `{}`)
		_, e := builtinEnding(t, p, "anthropic", f, env(value))
		if !strings.Contains(e.Why, want) {
			t.Errorf("want %q, got %q", want, e.Why)
		}
		if e.Send(context.Background()); p.lists+len(p.told) > 0 {
			t.Error("somebody was asked")
		}
	}
	p := anthropicTeller(t, "another", `{}`)
	_, e := builtinEnding(t, p, "anthropic", f, env(admin))
	if why, _ := e.Find(context.Background()); !strings.Contains(why, "does not show its list") {
		t.Error(why)
	}
}

// TestRevokeNever: nobody is told anything about what is no live secret of the user's.
func TestRevokeNever(t *testing.T) {
	secret := expand(t, `<<github "ghp_">>`)
	fresh := func() scanner.Finding {
		f := scanner.NewFinding("github-personal-token", scanner.NewSecret(secret, 4), nil)
		f.Fingerprint = "a"
		return f
	}
	canary, example, suppressed, lost, other := fresh(), fresh(), fresh(), fresh(), fresh()
	canary.Facts = map[string]string{"canary": "canarytokens.org"}
	example.Example = true
	suppressed.Suppressed = &scanner.Suppression{By: scanner.ByInline}
	lost.Secret = scanner.Secret{}
	other.RuleID = "github-client-secret"
	vault := scanner.NewFinding("vault-service-token", scanner.NewSecret(expand(t, "hvs.<<alnum 95>>"), 4), nil)
	batch := scanner.NewFinding("vault-legacy-token", scanner.NewSecret(expand(t, "b.<<alnum 24>>"), 2), nil)
	p := startTeller(t, nil, func(_ *teller, w http.ResponseWriter, _ *http.Request, _ string) { w.WriteHeader(202) }, func(w http.ResponseWriter, _ *http.Request) {})
	for _, tt := range []struct {
		name, want string
		fs         []scanner.Finding
	}{
		{"canary", "canary", []scanner.Finding{canary}},
		{"canary elsewhere", "canary", []scanner.Finding{fresh(), canary}},
		{"example", "a placeholder", []scanner.Finding{example}},
		{"suppressed", "suppressed", []scanner.Finding{suppressed}},
		{"example and suppressed", "a placeholder", []scanner.Finding{example, suppressed}},
		{"value not at hand", "not at hand", []scanner.Finding{lost}},
		{"no way", "No request is documented", []scanner.Finding{other}},
		{"no server", "no address of its own", []scanner.Finding{vault}},
		{"batch token", "No request is documented", []scanner.Finding{batch}},
		{"a secret among them", "", []scanner.Finding{lost, example, suppressed, fresh()}},
	} {
		var ids []string
		for _, f := range tt.fs {
			ids = append(ids, f.RuleID)
		}
		set, err := rules.BuiltinFor(ids)
		if err != nil {
			t.Fatal(err)
		}
		v := verifierFor(t, set, "github", p.Server)
		v.standsIn = true
		list, err := v.Endings(tt.fs, noEnv)
		if err != nil || len(list) != 1 {
			t.Fatal(tt.name, len(list), err)
		}
		if e := list[0]; tt.want == "" != (e.Why == "") || !strings.Contains(e.Why, tt.want) {
			t.Errorf("%s: want %q, got %q", tt.name, tt.want, e.Why)
		} else if tt.want != "" {
			if got := e.Send(context.Background()); got.Sent || got.Verdict == rules.Revoked || len(p.told) > 0 {
				t.Errorf("%s: %+v", tt.name, got)
			}
		}
	}
}

// TestRevokeHostile: no answer of something else than the provider means revoked, nothing is sent twice, and nothing of the secret comes back.
func TestRevokeHostile(t *testing.T) {
	secret := expand(t, `<<vercel "vcp_">>`)
	for name, answer := range map[string]http.HandlerFunc{
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://evil.example/", http.StatusTemporaryRedirect)
		},
		"page": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, "<!DOCTYPE html><html>tokenId revoked</html>")
		},
		"other":  func(w http.ResponseWriter, _ *http.Request) { tells{200, `{"ok":true}`}.write(w) },
		"empty":  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200) },
		"null":   func(w http.ResponseWriter, _ *http.Request) { tells{200, `{"tokenId":null}`}.write(w) },
		"busy":   func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Retry-After", "1"); w.WriteHeader(429) },
		"down":   func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) },
		"broken": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"packed": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			tells{200, `{"tokenId":"x"}`}.write(w)
		},
		"endless": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"tokenId":"x","a":"`+strings.Repeat("a", maxBody+10)+`"}`)
		},
		"silent": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"echo": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Echo", secret)
			tells{418, `{"error":"` + secret + `","again":"` + secret[10:40] + `"}`}.write(w)
		},
	} {
		t.Run(name, func(t *testing.T) {
			requests := 0
			var mu sync.Mutex
			srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				requests++
				mu.Unlock()
				answer(w, r)
			}))
			srv.StartTLS()
			t.Cleanup(func() { srv.CloseClientConnections(); srv.Close() })
			f := scanner.NewFinding("vercel-personal-token", scanner.NewSecret(secret, 4), nil)
			v, e := builtinEnding(t, &teller{Server: srv}, "vercel", f, noEnv)
			v.client.timeout = 300 * time.Millisecond
			got := e.Send(context.Background())
			if got.Verdict != string(scanner.Unknown) || !got.Sent || !strings.Contains(got.Says, "may be revoked, or not") {
				t.Errorf("%+v", got)
			}
			if strings.Contains(fmt.Sprintf("%+v", got), secret[12:24]) {
				t.Error("the secret comes back")
			}
			if again := e.Send(context.Background()); again.Sent || !strings.Contains(again.Says, "never sent twice") {
				t.Errorf("%+v", again)
			}
			mu.Lock()
			defer mu.Unlock()
			if requests != 1 {
				t.Errorf("%d requests", requests)
			}
		})
	}
}

// TestRevokeUnsent: where there was no connection, nothing has changed, and that is said.
func TestRevokeUnsent(t *testing.T) {
	f := scanner.NewFinding("vercel-personal-token", scanner.NewSecret(expand(t, `<<vercel "vcp_">>`), 4), nil)
	p := startTeller(t, nil, func(_ *teller, w http.ResponseWriter, _ *http.Request, _ string) {}, func(http.ResponseWriter, *http.Request) {})
	_, e := builtinEnding(t, p, "vercel", f, noEnv)
	p.Close()
	if got := e.Send(context.Background()); got.Sent || got.Verdict != string(scanner.Unknown) || strings.Contains(got.Says, "may be revoked") || !strings.Contains(got.Do, "Nothing has changed") {
		t.Errorf("%+v", got)
	}
	// A certificate of nobody that is trusted.
	other := startTeller(t, nil, func(_ *teller, w http.ResponseWriter, _ *http.Request, _ string) { w.WriteHeader(200) }, func(http.ResponseWriter, *http.Request) {})
	set, err := rules.BuiltinFor([]string{f.RuleID})
	if err != nil {
		t.Fatal(err)
	}
	v, err := New(set, Options{Endpoints: map[string]string{"vercel": other.URL}, Proxy: noProxy})
	if err != nil {
		t.Fatal(err)
	}
	guard(t, v)
	list, err := v.Endings([]scanner.Finding{f}, noEnv)
	if err != nil {
		t.Fatal(err)
	}
	if got := list[0].Send(context.Background()); got.Sent || len(other.told) > 0 || !strings.Contains(got.Says, "cannot be trusted") {
		t.Errorf("%+v", got)
	}
}

// TestRevokeInterrupted: a request that is under way when the user stops may or may not have done it.
func TestRevokeInterrupted(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	f := scanner.NewFinding("vercel-personal-token", scanner.NewSecret(expand(t, `<<vercel "vcp_">>`), 4), nil)
	p := startTeller(t, nil, func(_ *teller, _ http.ResponseWriter, r *http.Request, _ string) { stop(); <-r.Context().Done() }, func(http.ResponseWriter, *http.Request) {})
	_, e := builtinEnding(t, p, "vercel", f, noEnv)
	if got := e.Send(ctx); !got.Sent || got.Verdict != string(scanner.Unknown) || !strings.Contains(got.Says, "interrupted") || !strings.Contains(got.Says, "may be revoked, or not") {
		t.Errorf("%+v", got)
	}
	_, e = builtinEnding(t, p, "vercel", f, noEnv)
	if got := e.Send(ctx); got.Sent || !strings.Contains(got.Says, "before anything was sent") {
		t.Errorf("%+v", got)
	}
}

// TestRevokeHost: a provider's own credential is told to nobody but its host, and a named endpoint takes that place.
func TestRevokeHost(t *testing.T) {
	set, err := rules.BuiltinWithDocs()
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range set.Revocable() {
		way, _ := set.RevocationOf(rule)
		if live, ok := set.LivenessOf(rule); ok && live.Request.URL != "" && live.SelfHosted != way.SelfHosted {
			t.Errorf("%s is asked about and ended on servers of different kinds", rule.ID)
		}
		if c, finder, err := checksFor(&way); err != nil || c == nil || way.Finds() != (finder != nil) {
			t.Errorf("%s: %v", rule.ID, err)
		}
	}
}

// FuzzRevokeAnswer: whatever comes back, only the documented shapes mean revoked, and nothing of the secret is shown or taken up.
func FuzzRevokeAnswer(f *testing.F) {
	f.Add(200, `{"tokenId":"x"}`, "application/json")
	f.Add(200, `{"data":[{"id":"apikey_01","name":"ci","partial_key_hint":"h"}],"has_more":false}`, "")
	f.Add(204, ``, "")
	f.Add(200, `<html>`, "text/html")
	f.Add(403, `{"error":{"invalidToken":true}}`, "application/json")
	secret, err := rules.Expand(`<<vercel "vcp_">>`, "fuzz")
	if err != nil {
		f.Fatal(err)
	}
	set, err := rules.BuiltinFor([]string{"vercel-personal-token", "anthropic-api-key"})
	if err != nil {
		f.Fatal(err)
	}
	v, err := New(set, Options{Proxy: noProxy})
	if err != nil {
		f.Fatal(err)
	}
	list, err := v.Endings([]scanner.Finding{scanner.NewFinding("vercel-personal-token", scanner.NewSecret(secret, 4), nil)}, noEnv)
	if err != nil || list[0].Why != "" {
		f.Fatal(err, list[0].Why)
	}
	e := list[0]
	finds, _ := set.RevocationOf(set.Lookup("anthropic-api-key"))
	f.Fuzz(func(t *testing.T, status int, body, kind string) {
		a := &answer{status: status, header: http.Header{"Content-Type": {kind}}, body: []byte(body)}
		m := e.t.check.judge(a, e.Host(), e.t.values, e.t.secrets)
		if string(m.verdict) == rules.Revoked && (status != 200 || !strings.Contains(body, "tokenId")) {
			t.Errorf("%d %q means revoked", status, body)
		}
		var x Exchange
		x.show(a, e.t.veil(e.t.values))
		one := &Ending{v: v, t: &task{values: map[string]string{"secret": secret, "partial_key_hint": "h"}}, Way: finds}
		if entry, why := one.entry(a); why == "" && (entry.Get("partial_key_hint").String() != "h" || status != 200) {
			t.Errorf("%q is taken for the entry", entry)
		}
	})
}
