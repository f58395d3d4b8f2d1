package verify

import (
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// acme is a provider that tests stand in for.
const acme = `
provider: acme
liveness:
  key:
    request:
      url: https://example.com/v1/me
      headers: {Authorization: "Bearer {{.secret}}"}
    answers:
      - {status: [200], json: {id: ""}, verdict: live, learn: {account: "json:email", scopes: "json:scopes", echo: "json:echo", plan: "header:X-Plan"}, says: The key is accepted., do: Revoke it.}
      - {status: [401], json: {error.code: "^invalid_key$"}, verdict: dead, says: The key is not known.}
      - {status: [401], json: {error.code: "^expired$"}, verdict: expired, says: The key has expired.}
      - {status: [403], json: {error.code: "^scope$"}, verdict: restricted, says: The key may not do this.}
      - {status: [429], headers: {X-Organization: ""}, verdict: live, says: The key is limited.}
      - {status: [451], body: "edge block", verdict: unknown, says: The region is blocked., do: Ask from elsewhere.}
  pair:
    request:
      method: POST
      url: https://example.com/v1/{{path .acme_id}}
      headers: {Authorization: "{{basic .acme_id .secret}}", Content-Type: application/x-www-form-urlencoded}
      body: 'key={{query .secret}}'
    answers:
      - {status: [200], json: {id: ""}, verdict: live, says: The key is accepted.}
      - {status: [401], json: {error.code: "^invalid_key$"}, verdict: dead, says: The key is not known.}
  server:
    self_hosted: true
    request:
      url: "{{.endpoint}}/v1/self"
      headers: {X-Token: "{{.secret}}"}
    answers:
      - {status: [200], json: {id: ""}, verdict: live, says: The token is accepted.}
      - {status: [403], body: "invalid token", verdict: dead, says: The token is not known.}
  never:
    uncheckable: Asking would send a message.
rules:
  - {id: acme-key, title: Acme key, severity: high, confidence: high, anchors: [acmekey_], pattern: '(acmekey_[A-Za-z0-9]{24})', why: It is a test., liveness: key, examples: {match: [x], clean: [y]}}
  - id: acme-pair
    title: Acme pair
    severity: medium
    confidence: high
    anchors: [acmepair_]
    pattern: '(acmepair_[A-Za-z0-9]{24})'
    why: It is a test.
    examples: {match: [x], clean: [y]}
    liveness: pair
    parts: [{name: acme_id, pattern: '(id-[0-9]{6})', identifier: true, optional: true}]
  - {id: acme-server, title: Acme token, severity: critical, confidence: high, anchors: [acmesrv_], pattern: '(acmesrv_[A-Za-z0-9]{24})', why: It is a test., liveness: server, examples: {match: [x], clean: [y]}}
  - {id: acme-hook, title: Acme hook, severity: low, confidence: high, anchors: [acmehook_], pattern: '(acmehook_[A-Za-z0-9]{24})', why: It is a test., liveness: never, examples: {match: [x], clean: [y]}}
  - {id: acme-other, title: Acme other, severity: low, confidence: high, anchors: [acmeoth_], pattern: '(acmeoth_[A-Za-z0-9]{24})', why: It is a test., examples: {match: [x], clean: [y]}}
`

func acmeRules(t testing.TB) *rules.Set {
	t.Helper()
	set, err := rules.Read([]byte(acme), "acme.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// key makes a value of a rule; n tells values apart, word stands in it so that a server knows what to say.
func key(ruleID, word string, n int) string {
	prefix := map[string]string{"acme-key": "acmekey_", "acme-pair": "acmepair_", "acme-server": "acmesrv_", "acme-hook": "acmehook_", "acme-other": "acmeoth_"}[ruleID]
	body := word + strings.Repeat("Qz7", 8)
	return prefix + body[:12] + fmt.Sprintf("%012d", 314159265358+n)
}

func finding(ruleID, secret string) scanner.Finding {
	return scanner.NewFinding(ruleID, scanner.NewSecret(secret, strings.Index(secret, "_")+1), nil)
}

// server is a TLS server on this machine that counts who asks.
type server struct {
	*httptest.Server
	mu                    sync.Mutex
	requests, now, atMost int
	secrets               map[string]int
}

func serve(t testing.TB, answer http.HandlerFunc) *server {
	s := &server{secrets: map[string]int{}}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.requests++
		s.now++
		s.atMost = max(s.atMost, s.now)
		s.secrets[r.Header.Get("Authorization")]++
		s.mu.Unlock()
		defer func() {
			s.mu.Lock()
			s.now--
			s.mu.Unlock()
		}()
		for _, name := range []string{"Cookie", "Referer", "Accept-Encoding"} {
			if r.Header.Get(name) != "" {
				t.Errorf("%s is sent", name)
			}
		}
		answer(w, r)
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func (s *server) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

// only answers a known secret with body and anything else as dead, as a provider does.
func only(secret string, status int, header http.Header, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if !strings.HasSuffix(r.Header.Get("Authorization"), secret) {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write([]byte(`{"error":{"code":"invalid_key"}}`))
			return
		}
		for k, v := range header {
			w.Header()[k] = v
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

// verifier asks a server in place of the provider. Nothing leaves this machine, and no time is lost by waiting.
func verifier(t testing.TB, srv *server, change func(*Options)) *Verifier {
	t.Helper()
	opt := Options{Timeout: 5 * time.Second, Rate: 100000, Proxy: noProxy}
	if srv != nil {
		opt.Endpoints = map[string]string{"acme": srv.URL}
		opt.Roots = x509.NewCertPool()
		opt.Roots.AddCert(srv.Certificate())
	}
	if change != nil {
		change(&opt)
	}
	v, err := New(acmeRules(t), opt)
	if err != nil {
		t.Fatal(err)
	}
	v.standsIn = true
	guard(t, v)
	return v
}

// verifierFor asks a server under the name of a provider, with any rules, as a user's endpoint would.
func verifierFor(t testing.TB, set *rules.Set, provider string, srv *httptest.Server) *Verifier {
	t.Helper()
	opt := Options{Endpoints: map[string]string{provider: srv.URL}, Roots: x509.NewCertPool(), Rate: 100000, Proxy: noProxy}
	opt.Roots.AddCert(srv.Certificate())
	v, err := New(set, opt)
	if err != nil {
		t.Fatal(err)
	}
	guard(t, v)
	return v
}

func noProxy(*http.Request) (*url.URL, error) { return nil, nil }

// guard fails the test if anything but this machine is dialled, or a name is looked up.
func guard(t testing.TB, v *Verifier) {
	dial := v.client.dial
	v.client.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		a, err := netip.ParseAddrPort(address)
		if err != nil || !a.Addr().Unmap().IsLoopback() {
			t.Errorf("%s is dialled", address)
			return nil, fmt.Errorf("not in a test")
		}
		return dial(ctx, network, address)
	}
	v.client.lookup = func(_ context.Context, host string) ([]netip.Addr, error) {
		if host == "localhost" {
			return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
		}
		t.Errorf("%s is looked up", host)
		return nil, fmt.Errorf("not in a test")
	}
	var mu sync.Mutex
	now := time.Now()
	v.clock = func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	v.sleep = func(ctx context.Context, d time.Duration) error {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(d)
		return ctx.Err()
	}
}

// one verifies one finding.
func one(t testing.TB, v *Verifier, f scanner.Finding) scanner.Finding {
	t.Helper()
	fs := []scanner.Finding{f}
	if err := v.Verify(context.Background(), fs, nil); err != nil {
		t.Fatal(err)
	}
	return fs[0]
}
