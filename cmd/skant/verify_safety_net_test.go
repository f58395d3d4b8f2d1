package main

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// everywhere is a proxy that answers in place of every host, so that a test sees who would be asked what, and nothing leaves this machine.
type everywhere struct {
	*httptest.Server
	mu sync.Mutex
	// asked are the requests by host: port, and the header of the proxy's password.
	asked     map[string][]*http.Request
	passwords map[string]bool
	plain     []string
}

// startEverywhere answers each request with answer.
func startEverywhere(t testing.TB, ca *authority, answer func(r *http.Request) (status int, body string)) *everywhere {
	e := &everywhere{asked: map[string][]*http.Request{}, passwords: map[string]bool{}}
	until := time.Now().Add(30 * time.Minute)
	var wg sync.WaitGroup
	certs := map[string]*tls.Certificate{}
	conf := &tls.Config{GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		e.mu.Lock()
		defer e.mu.Unlock()
		if certs[hello.ServerName] == nil {
			c := ca.issue(hello.ServerName, until)
			certs[hello.ServerName] = &c
		}
		return certs[hello.ServerName], nil
	}}
	e.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		e.mu.Lock()
		e.passwords[r.Header.Get("Proxy-Authorization")] = true
		if r.Method != http.MethodConnect {
			e.plain = append(e.plain, r.URL.String())
		}
		e.mu.Unlock()
		w.WriteHeader(http.StatusOK)
		raw, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		wg.Go(func() {
			defer func() { _ = raw.Close() }()
			conn := tls.Server(raw, conf)
			in := bufio.NewReader(conn)
			for {
				req, err := http.ReadRequest(in)
				if err != nil {
					return
				}
				_, _ = io.Copy(io.Discard, req.Body)
				e.mu.Lock()
				e.asked[host] = append(e.asked[host], req)
				e.mu.Unlock()
				status, body := answer(req)
				if _, err := fmt.Fprintf(conn, "HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", status, len(body), body); err != nil {
					return
				}
			}
		})
	}))
	e.Config.ErrorLog = silent()
	e.Start()
	t.Cleanup(func() { e.CloseClientConnections(); e.Close(); wg.Wait() })
	return e
}

// lures are hosts that a repository would like to be asked, beside values that would make them look right.
func lures(t testing.TB) string {
	sas := "https://acct.blob.core.windows.net.evil.example/c?sv=2024-11-04&ss=b&srt=sco&sp=rl&se=2099-01-01T00:00:00Z&sig=" + newSecret(t, `<<urlenc (b64 43)>>%3D`, "sas")
	sentry := "sntrys_" + base64.StdEncoding.EncodeToString([]byte(`{"iat":1767225600.1,"url":"https://sentry.evil.example","region_url":"https://us.evil.example","org":"acme"}`)) + "_" + newSecret(t, `<<b64 43>>`, "sentry")
	presigned := "bedrock-api-key-" + base64.StdEncoding.EncodeToString([]byte("bedrock.evil.example/?Action=CallWithBearerToken&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential="+
		newSecret(t, `<<awsid "ASIA">>`, "id")+"%2F20990101%2Fevil.example%2Fbedrock%2Faws4_request&X-Amz-Date=20990101T000000Z&X-Amz-Expires=43200&X-Amz-SignedHeaders=host&X-Amz-Signature="+
		newSecret(t, `<<hex 64>>`, "sig")+"&Version=1"))
	return strings.Join([]string{
		"VAULT_ADDR=https://vault.evil.example", "VAULT_TOKEN=" + newSecret(t, `hvs.<<"CAES">><<b64url 90>>`, "vault"),
		"GITLAB_URL=https://gitlab.evil.example", "CI_SERVER_URL=https://gitlab.evil.example", "GITLAB_TOKEN=" + newSecret(t, `<<gitlab "glpat-">>`, "gl"),
		"DATABRICKS_HOST=https://dbc.evil.example", "DATABRICKS_TOKEN=" + newSecret(t, `dapi<<hex 32>>`, "db"),
		"endpoint: https://endpoint.evil.example", "ANTHROPIC_BASE_URL=https://gateway.evil.example", "ANTHROPIC_API_KEY=" + newSecret(t, `<<anthropic "sk-ant-api03-">>`, "a"),
		"OPENAI_BASE_URL=https://openai.evil.example/v1", "OPENAI_API_KEY=" + newSecret(t, `sk-proj-<<alnum 74>>T3Blbk<<"FJ">><<alnum 74>>`, "o"),
		"GH_HOST=ghe.evil.example", "GITHUB_API_URL=https://ghe.evil.example/api/v3", "git clone https://" + newSecret(t, `<<github "ghp_">>`, "gh") + "@ghe.evil.example/a/b.git",
		"//registry.evil.example/:_authToken=" + newSecret(t, `npm_<<alnum 36>>`, "npm"),
		`{"auths":{"registry.evil.example":{"auth":"` + newSecret(t, `<<base64 (cat "user:" (alnum 24))>>`, "auth") + `"}}}`,
		"apiVersion: v1\nkind: Config\nclusters:\n- cluster: {server: 'https://k8s.evil.example'}\nusers:\n- user: {token: " +
			newSecret(t, `<<jwt "{\"alg\":\"RS256\"}" "{\"iss\":\"https://issuer.evil.example\",\"aud\":[\"https://kubernetes.default.svc\"],\"sub\":\"system:serviceaccount:a:b\",\"kubernetes.io\":{\"namespace\":\"a\"}}">>`, "k8s") + "}",
		`{"type":"service_account","project_id":"p","private_key_id":"` + newSecret(t, `<<hex 40>>`, "kid") + `","private_key":"` + newSecret(t, `<<jsonesc (pem "PKCS8RSA")>>`, "pem") +
			`","client_email":"x@p.iam.gserviceaccount.com","token_uri":"https://token.evil.example","client_x509_cert_url":"https://cert.evil.example","auth_uri":"https://auth.evil.example","universe_domain":"evil.example"}`,
		"DefaultEndpointsProtocol=https;AccountName=acct;AccountKey=" + newSecret(t, `<<azurekey (cat (b64 76) "+ASt")>>==`, "st") + ";EndpointSuffix=core.evil.example;BlobEndpoint=https://blob.evil.example",
		"AccountName=acct.evil.example/;AccountKey=" + newSecret(t, `<<azurekey (cat (b64 76) "+ASt")>>==`, "st2"),
		"AZURE_OPENAI_ENDPOINT=https://aoai.evil.example", "AZURE_OPENAI_API_KEY=" + newSecret(t, `<<hex 32>>`, "aoai"),
		sas, sentry, presigned,
		"[default]\naws_access_key_id = " + newSecret(t, `<<awsid "AKIA">>`, "aws") + "\naws_secret_access_key = " + newSecret(t, `<<b64 40>>`, "aws") + "\nregion = evil.example/?\nendpoint_url = https://sts.evil.example",
		"https://hooks.evil.example/services/" + newSecret(t, `T<<upalnum 10>>/B<<upalnum 10>>/<<alnum 24>>`, "slack"),
		"postgres://u:" + newSecret(t, `<<alnum 24>>`, "pg") + "@db.evil.example/x",
	}, "\n\n\n\n\n\n") + "\n"
}

// examples writes all examples of all rules, each into a file of its own.
func (s *stage) examples(set *rules.Set) {
	for _, r := range set.All() {
		for i, tmpl := range r.Examples.Match {
			text, err := rules.Expand(tmpl, r.ID+seed)
			if err != nil {
				s.t.Fatal(err)
			}
			s.write(fmt.Sprintf("%s/%d/config.txt", r.ID, i), text+"\n")
		}
	}
}

// ofCode are the hosts of requests that code makes. What stands before the dot is an account or a region, which that code checks.
var ofCode = regexp.MustCompile(`^(sts\.[a-z0-9-]+\.amazonaws\.com(\.cn)?|bedrock\.[a-z0-9-]+\.amazonaws\.com|[a-z0-9]+\.(blob|file|queue|table|dfs)\.core\.windows\.net|` +
	`[a-z0-9-]+\.openai\.azure\.com|app\.vssps\.visualstudio\.com|dev\.azure\.com|storage\.googleapis\.com|www\.googleapis\.com|sts\.aliyuncs\.com|sts\.tencentcloudapi\.com|` +
	`identity\.[a-z0-9-]+\.oraclecloud\.com)$`)

// TestSafetyHosts: with every built-in rule's examples, and with every place in which a repository can name a host, only hosts that stand in
// rules are asked, over TLS, and through the proxy that is set.
func TestSafetyHosts(t *testing.T) {
	t.Parallel()
	needsCertFile(t)
	ca := newAuthority(t)
	e := startEverywhere(t, ca, func(*http.Request) (int, string) { return 401, "{}" })
	s := newStage(t, ca)
	set, err := rules.BuiltinWithDocs()
	if err != nil {
		t.Fatal(err)
	}
	s.examples(set)
	s.write("lures/.env", lures(t))
	for i, line := range strings.Split(lures(t), "\n\n\n\n\n\n") {
		s.write(fmt.Sprintf("lures/%d/.env", i), line+"\n")
	}
	password := newSecret(t, `<<alnum 24>>`, "proxy")
	s.env = append(s.env, "HTTPS_PROXY="+strings.Replace(e.URL, "://", "://proxy-user:"+password+"@", 1), "HTTP_PROXY="+e.URL, "NO_PROXY=nobody.example")
	rep, r := s.report("--min-confidence", "low", "--include-examples", "-o", "text=all.txt", "-o", "sarif=all.sarif")
	if len(rep.Findings) < 1000 {
		t.Errorf("%d findings\n%s", len(rep.Findings), r.errors)
	}
	pinned := map[string]bool{}
	for _, rule := range set.All() {
		for _, l := range set.ChecksOf(&rule) {
			pinned[l.Request.Host()+":443"] = true
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	requests := 0
	for _, host := range slices.Sorted(maps.Keys(e.asked)) {
		requests += len(e.asked[host])
		if name, ok := strings.CutSuffix(host, ":443"); !ok || !pinned[host] && !ofCode.MatchString(name) {
			t.Errorf("%s is asked: %s %s", host, e.asked[host][0].Method, e.asked[host][0].URL.Path)
		}
		for _, req := range e.asked[host] {
			if req.Host+":443" != host || req.Header.Get("Cookie") != "" || req.Header.Get("Referer") != "" || strings.Contains(fmt.Sprint(req.URL, req.Header), "evil.example") {
				t.Errorf("%s: %s %s %v", host, req.Host, req.URL, slices.Sorted(maps.Keys(req.Header)))
			}
		}
	}
	if len(e.asked) < 100 || len(e.plain) > 0 {
		t.Errorf("%d hosts; without TLS: %v", len(e.asked), e.plain)
	}
	t.Logf("%d findings, %d requests to %d hosts", len(rep.Findings), requests, len(e.asked))
	if want := "Basic " + base64.StdEncoding.EncodeToString([]byte("proxy-user:"+password)); len(e.passwords) != 1 || !e.passwords[want] {
		t.Errorf("the proxy got %d different passwords", len(e.passwords))
	}
	if strings.Contains(r.out+r.errors, password) {
		t.Error("the password of the proxy is shown")
	}
}

// TestSafetyProxyRefuses: what the proxy says about itself, and its password, stay out of what is shown.
func TestSafetyProxyRefuses(t *testing.T) {
	needsCertFile(t)
	ca := newAuthority(t)
	key, public := newAnthropic(t, "proxy")
	password := newSecret(t, `<<alnum 24>>`, "proxy")
	h := hushed{}
	h.add("key", key, public)
	h.add("password", password, 0)
	for name, answer := range map[string]string{
		"asks for a password": "HTTP/1.1 407 " + password + "\r\nProxy-Authenticate: Basic realm=\"" + password + "\"\r\nContent-Length: 0\r\n\r\n",
		"refuses":             "HTTP/1.1 403 No\r\nContent-Length: 3\r\n\r\nno\n",
		"redirects":           "HTTP/1.1 302 Go\r\nLocation: https://evil.example/\r\nContent-Length: 0\r\n\r\n",
		"is no proxy":         "220 " + password + "\r\n",
		"is gone":             "",
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, ca)
			s.write("a.env", "ANTHROPIC_API_KEY="+key+"\n")
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				conn, _, err := http.NewResponseController(w).Hijack()
				if err == nil {
					_, _ = io.WriteString(conn, answer)
					_ = conn.Close()
				}
			}))
			if answer == "" {
				srv.Close()
			}
			defer srv.Close()
			s.env = append(s.env, "HTTPS_PROXY="+strings.Replace(srv.URL, "://", "://u:"+password+"@", 1))
			rep, r := s.report()
			f := rep.Findings[0]
			if f.Verdict != scanner.Unknown || !regexp.MustCompile(`^The proxy did not connect|failed before there was an answer\.$`).MatchString(f.Verification.Says) {
				t.Errorf("%s %+v", f.Verdict, f.Verification)
			}
			h.check(t, s, name, r)
			h.check(t, s, name, s.skant("ANTHROPIC_API_KEY="+key, "verify"))
		})
	}
	s := newStage(t, ca)
	s.write("a.env", "ANTHROPIC_API_KEY="+key+"\n")
	s.env = append(s.env, "HTTPS_PROXY=http://u:"+password+"@[bad")
	rep, r := s.report()
	if f := rep.Findings[0]; f.Verdict != scanner.Unknown {
		t.Errorf("%s %+v", f.Verdict, f.Verification)
	}
	h.check(t, s, "a proxy that is none", r)
}
