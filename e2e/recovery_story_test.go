//go:build e2e

package e2e

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	stable "math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/skant-dev/skant/internal/evidence"
)

// leakStory is a host with a pull ref, a fork of it and two clones. An Anthropic key is in an early commit, the message of a tag and the
// stash of the first clone; a GitHub token was brought by a merge. Commands run in the home of whoever is on call.
type leakStory struct {
	*workRepo
	one, two   *workRepo
	host, fork string
	// api and token are the secrets; providers takes them until they are revoked.
	api, token string
	providers  *leakProviders
	// early and merge are the commits that bring them; pushed is when the first of them was.
	early, merge string
	pushed       time.Time
}

// newLeakStory tells it up to the day on which the leak is found.
func newLeakStory(t *testing.T) *leakStory {
	t.Helper()
	require(t, "git-filter-repo", "install the Debian package git-filter-repo")
	require(t, "jq", "install jq")
	s := &leakStory{one: newRepo(t), api: newSecret(t), token: newGitHubToken(t)}
	s.workRepo = s.one.in(t.TempDir())
	s.providers = newLeakProviders(t, s)
	s.host = bareRemote(t, s.one)
	day := 24 * time.Hour
	now := time.Now().UTC().Truncate(time.Second)
	s.pushed = now.Add(-30 * day)

	s.dated(now.Add(-40*day)).change("README.md", "# Service\n")
	s.one.git("push", "-q", "-u", "origin", "main")
	s.dated(s.pushed).change("app/settings.env", "PORT=8080\nANTHROPIC_API_KEY="+s.api+"\n")
	s.early = s.one.head()
	s.dated(s.pushed).git("push", "-q", "origin", "main", "main:refs/pull/1/head")
	s.dated(now.Add(-25*day)).change("app/settings.env", "PORT=8080\n")
	s.one.git("switch", "-qc", "deploy", "HEAD~1")
	s.dated(now.Add(-24*day)).change("deploy.yml", "on: push\n")
	s.dated(now.Add(-24*day)).git("push", "-q", "origin", "deploy", "main")
	s.one.git("switch", "-q", "main")
	s.dated(now.Add(-20*day)).git("merge", "-q", "--no-ff", "--no-commit", "deploy")
	s.dated(now.Add(-20*day)).change(".github/workflows/deploy.yml", "jobs:\n  deploy:\n    env:\n      GITHUB_TOKEN: "+s.token+"\n")
	s.merge = s.one.head()
	s.dated(now.Add(-20*day)).git("push", "-q", "origin", "main")
	s.dated(now.Add(-15*day)).change(".github/workflows/deploy.yml", "on: push\n")
	s.dated(now.Add(-10*day)).git("tag", "-a", "-m", "Release 1.0, tried with "+s.api, "v1.0")
	s.dated(now.Add(-10*day)).git("push", "-q", "origin", "main", "v1.0")
	s.one.write("app/settings.env", "PORT=9090\nANTHROPIC_API_KEY="+s.api+"\n")
	s.one.git("stash", "-q")

	s.two = s.one.in(filepath.Join(t.TempDir(), "two"))
	s.one.git("clone", "-q", s.host, s.two.dir)
	s.two.git("switch", "-qc", "feature", "main~1")
	s.two.change("feature", "of the second clone\n")
	s.two.write("feature", "not finished\n")
	s.two.git("stash", "-q")
	s.two.git("switch", "-q", "main")
	s.fork = filepath.Join(t.TempDir(), "fork.git")
	s.one.git("clone", "-q", "--bare", s.host, s.fork)
	return s
}

// in is the same user in another folder.
func (r *workRepo) in(dir string) *workRepo {
	out := *r
	out.dir = dir
	return &out
}

func (r *workRepo) head() string { return strings.TrimSpace(r.git("rev-parse", "HEAD")) }

// dated is the first clone at another time.
func (s *leakStory) dated(at time.Time) *workRepo {
	out := s.one.in(s.one.dir)
	out.env = append(slices.Clone(s.one.env), "GIT_AUTHOR_DATE="+at.Format(time.RFC3339), "GIT_COMMITTER_DATE="+at.Format(time.RFC3339))
	return out
}

// newGitHubToken returns a classic token that was never issued, with a right checksum; the same for the same test.
func newGitHubToken(t *testing.T) string {
	t.Helper()
	var seed [32]byte
	copy(seed[:], "token of "+t.Name())
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	body := make([]byte, 30)
	for i, source := 0, stable.NewChaCha8(seed); i < len(body); i++ {
		body[i] = alphabet[source.Uint64()%uint64(len(alphabet))]
	}
	return "gh" + "p_" + string(body) + evidence.GitHubSuffix(string(body))
}

// sealed holds that no piece of a secret, of 8 bytes, is in what is shown or kept.
func (s *leakStory) sealed(what string, data []byte) {
	s.t.Helper()
	for _, secret := range []string{s.api[len("sk-ant-api03-"):], s.token[len("ghp_"):], base64.StdEncoding.EncodeToString([]byte(s.api))} {
		for i := 0; i+8 <= len(secret); i++ {
			if bytes.Contains(data, []byte(secret[i:i+8])) {
				s.t.Fatalf("%s shows a piece of a secret", what)
			}
		}
	}
}

// sealedFolder is sealed for every file of a folder but those that are to hold the secrets.
func (s *leakStory) sealedFolder(dir string, but ...string) {
	s.t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || slices.Contains(but, entry.Name()) {
			if err == nil && entry.IsDir() {
				err = fs.SkipDir
			}
			return err
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		data, err := os.ReadFile(path)
		s.sealed(path, data)
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// bash runs commands as they stand; they end at the first that fails.
func (s *leakStory) bash(script string) (code int, out string) {
	s.t.Helper()
	cmd := exec.Command("bash", "--norc", "-euc", script)
	cmd.Dir, cmd.Env = s.dir, s.env
	raw, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		s.t.Fatal(err)
	}
	s.sealed("the output of "+script, raw)
	return cmd.ProcessState.ExitCode(), string(raw)
}

// runs runs commands that have to succeed.
func (s *leakStory) runs(script string) string {
	s.t.Helper()
	code, out := s.bash(script)
	if code != 0 {
		s.t.Fatalf("exit %d\n%s\n%s", code, script, out)
	}
	return out
}

// skant runs the program and holds how it ends.
func (s *leakStory) skant(want int, args ...string) string {
	s.t.Helper()
	code, out := s.run(skant, args...)
	s.sealed("the output of "+args[0], []byte(out))
	if code != want {
		s.t.Fatalf("%q: exit %d, want %d\n%s", args, code, want, out)
	}
	return out
}

// says holds that words are in a text.
func (s *leakStory) says(what, text string, words ...string) {
	s.t.Helper()
	for _, want := range words {
		if !strings.Contains(text, want) {
			s.t.Errorf("%s does not say %q\n%s", what, want, text)
		}
	}
}

func (s *leakStory) read(name string) string {
	s.t.Helper()
	data, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil {
		s.t.Fatal(err)
	}
	s.sealed(name, data)
	return string(data)
}

func (s *leakStory) unmarshal(name string, into any) {
	s.t.Helper()
	if err := json.Unmarshal([]byte(s.read(name)), into); err != nil {
		s.t.Fatal(err)
	}
}

// clean asks git whether any object of repositories, reachable or not, holds a secret.
func (s *leakStory) clean(dirs ...string) {
	s.t.Helper()
	for _, dir := range dirs {
		all := s.must("git", "-C", dir, "cat-file", "--batch-all-objects", "--batch")
		if len(all) == 0 || strings.Contains(all, s.api) || strings.Contains(all, s.token) {
			s.t.Errorf("%s holds a secret, or nothing", dir)
		}
	}
}

// leakProviders are stand-ins of the two providers' documented APIs, and a curl that asks them instead.
type leakProviders struct {
	story *leakStory
	// admin is a key of the organization's administrator, argv where curl writes what it was called with.
	admin, argv string

	mu                 sync.Mutex
	apiDead, tokenDead bool
	asked              int
}

const leakKeyID = "apikey_01Example"

// leakCurl is curl that writes down first what it is called with.
const leakCurl = `#!/bin/sh
printf '%s\n' "$@" >> "$CURL_ARGV"
PATH=${PATH#*:} exec curl "$@"
`

// newLeakProviders puts the two APIs behind a proxy, and the authority of their certificates into the environment: what asks them is given their own
// addresses, as they stand in the runbook, and nothing leaves this machine.
func newLeakProviders(t *testing.T, s *leakStory) *leakProviders {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("NOT TESTED: another authority cannot be named in the environment there")
	}
	require(t, "curl", "install curl")
	folder := t.TempDir()
	body := []byte(s.api[len("sk-ant-api03-") : len("sk-ant-api03-")+85])
	slices.Reverse(body)
	admin := "sk-" + "ant-admin01-" + string(body) + "A"
	p := &leakProviders{story: s, admin: admin + "-" + evidence.AnthropicSuffix(admin), argv: filepath.Join(folder, "argv")}
	hosts := map[string]string{}
	authority := filepath.Join(folder, "authority.pem")
	for name, handler := range map[string]http.HandlerFunc{"api.anthropic.com:443": p.anthropic, "api.github.com:443": p.github} {
		server := httptest.NewUnstartedServer(handler)
		server.TLS = &tls.Config{Certificates: []tls.Certificate{leakCertificate(t, strings.TrimSuffix(name, ":443"), authority)}}
		server.StartTLS()
		t.Cleanup(server.Close)
		hosts[name] = server.Listener.Addr().String()
	}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		at, known := hosts[q.Host]
		if q.Method != http.MethodConnect || !known {
			t.Errorf("somebody asks %s %s", q.Method, q.Host)
			answer(w, http.StatusForbidden, "")
			return
		}
		tunnel(w, at)
	}))
	t.Cleanup(proxy.Close)
	bin := t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "curl"), []byte(leakCurl), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"NO_PROXY", "no_proxy", "HTTPS_PROXY", "https_proxy"} {
		s.env = without(s.env, name)
	}
	s.env = append(s.env, "HOME="+s.dir, "PATH="+bin+":"+filepath.Dir(skant)+":"+os.Getenv("PATH"), "CURL_ARGV="+p.argv, "ANTHROPIC_ADMIN_KEY="+p.admin,
		"HTTPS_PROXY="+proxy.URL, "SSL_CERT_FILE="+authority, "CURL_CA_BUNDLE="+authority)
	s.one.env = s.env
	return p
}

// tunnel connects whoever asks a proxy with an address.
func tunnel(w http.ResponseWriter, at string) {
	far, err := net.Dial("tcp", at)
	if err != nil {
		answer(w, http.StatusBadGateway, "")
		return
	}
	near, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		_ = far.Close()
		return
	}
	_, _ = io.WriteString(near, "HTTP/1.1 200 Connection established\r\n\r\n")
	go func() {
		_, _ = io.Copy(far, buffered) // the server may have read on already
		_ = far.Close()
	}()
	_, _ = io.Copy(near, far)
	_ = near.Close()
}

// leakCertificate makes a certificate that is its own authority, and adds it to the file of authorities.
func leakCertificate(t *testing.T, host, authority string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(authority, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		err = errors.Join(pem.Encode(f, &pem.Block{Type: "CERTIFICATE", Bytes: der}), f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func answer(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

// anthropic is the Admin API and what a key can ask of the API.
func (p *leakProviders) anthropic(w http.ResponseWriter, q *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked++
	key, status := q.Header.Get("X-Api-Key"), "active"
	if p.apiDead {
		status = "inactive"
	}
	hint := p.story.api[:16] + "..." + p.story.api[len(p.story.api)-4:]
	entry := `{"id":"%s","type":"api_key","name":"%s","status":"%s","partial_key_hint":"%s","created_at":"2026-01-01T00:00:00Z","created_by":{"id":"user_01","type":"user"},"workspace_id":null}`
	switch path := q.URL.Path; {
	case q.Header.Get("Anthropic-Version") != "2023-06-01":
		answer(w, http.StatusBadRequest, `{"type":"error","error":{"type":"invalid_request_error","message":"anthropic-version: header is required"}}`)
	case path == "/v1/models" && key == p.story.api && !p.apiDead:
		answer(w, http.StatusOK, `{"data":[{"type":"model","id":"m","display_name":"M","created_at":"2026-01-01T00:00:00Z"}],"has_more":false}`)
	case key != p.admin:
		answer(w, http.StatusUnauthorized, `{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}`)
	case path == "/v1/organizations/api_keys" && q.Method == http.MethodGet:
		answer(w, http.StatusOK, `{"data":[`+fmt.Sprintf(entry, "apikey_01Other", "other", "active", "sk-ant-api03-AbC...dEfG")+","+
			fmt.Sprintf(entry, leakKeyID, "service", status, hint)+`],"has_more":false}`)
	case path == "/v1/organizations/api_keys/"+leakKeyID && q.Method == http.MethodPost:
		var body struct{ Status string }
		if err := json.NewDecoder(q.Body).Decode(&body); err != nil || body.Status != "inactive" || q.Header.Get("Content-Type") != "application/json" {
			answer(w, http.StatusBadRequest, `{"type":"error","error":{"type":"invalid_request_error","message":"status"}}`)
			return
		}
		p.apiDead = true
		answer(w, http.StatusOK, fmt.Sprintf(entry, leakKeyID, "service", "inactive", hint))
	case strings.HasPrefix(path, "/v1/organizations/") || path == "/v1/compliance/activities" || path == "/v1/files" || path == "/v1/messages/batches":
		answer(w, http.StatusOK, `{"data":[],"has_more":false}`)
	default:
		answer(w, http.StatusNotFound, `{"type":"error","error":{"type":"not_found_error","message":"Not found"}}`)
	}
}

// github is the part of the REST API that a leaked token and its revocation need.
func (p *leakProviders) github(w http.ResponseWriter, q *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked++
	authorization := q.Header.Get("Authorization")
	switch q.Method + " " + q.URL.Path {
	case "GET /user":
		if authorization != "Bearer "+p.story.token || p.tokenDead {
			answer(w, http.StatusUnauthorized, `{"message":"Bad credentials","documentation_url":"https://docs.github.com/rest","status":"401"}`)
			return
		}
		w.Header().Set("X-Oauth-Scopes", "repo")
		answer(w, http.StatusOK, `{"login":"ci-bot","id":1,"type":"User"}`)
	case "POST /credentials/revoke":
		var body struct{ Credentials []string }
		if err := json.NewDecoder(q.Body).Decode(&body); err != nil || len(body.Credentials) == 0 {
			answer(w, http.StatusUnprocessableEntity, `{"message":"Validation failed"}`)
			return
		}
		if authorization != "" { // only who is not logged in may
			answer(w, http.StatusForbidden, `{"message":"Forbidden"}`)
			return
		}
		p.tokenDead = p.tokenDead || slices.Contains(body.Credentials, p.story.token)
		answer(w, http.StatusAccepted, `{}`)
	default:
		answer(w, http.StatusNotFound, `{"message":"Not Found"}`)
	}
}

// set makes both secrets dead, or alive again.
func (p *leakProviders) set(dead bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.apiDead, p.tokenDead = dead, dead
}

func (p *leakProviders) dead() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.apiDead && p.tokenDead
}

// times is how often they were asked.
func (p *leakProviders) times() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked
}
