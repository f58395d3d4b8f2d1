package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"io/fs"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// The whole program against servers on this machine that mean no good. Authorities reach it through SSL_CERT_FILE, as a user's
// would, so these tests run where the system reads that.

// needsCertFile ends a test where certificate authorities do not come from SSL_CERT_FILE.
func needsCertFile(t testing.TB) {
	t.Helper()
	if runtime.GOOS == "darwin" || runtime.GOOS == "windows" {
		t.Skip("NOT TESTED: the system has its own store of certificate authorities")
	}
}

func silent() *log.Logger { return log.New(io.Discard, "", 0) }

// authority signs certificates for a test.
type authority struct {
	t    testing.TB
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t testing.TB) *authority {
	a := &authority{t: t}
	a.key = newKey(t)
	a.cert = a.sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: "skant test authority"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}, nil, a.key)
	return a
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (a *authority) sign(c, parent *x509.Certificate, key *ecdsa.PrivateKey) *x509.Certificate {
	c.SerialNumber = big.NewInt(time.Now().UnixNano())
	if parent == nil {
		parent = c
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	signed, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return signed
}

// issue makes a certificate for a host that is valid until a time.
func (a *authority) issue(host string, until time.Time) tls.Certificate {
	key := newKey(a.t)
	c := &x509.Certificate{
		Subject: pkix.Name{CommonName: host}, NotBefore: until.Add(-time.Hour), NotAfter: until, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if ip := net.ParseIP(host); ip != nil {
		c.IPAddresses = []net.IP{ip}
	} else {
		c.DNSNames = []string{host}
	}
	signed := a.sign(c, a.cert, key)
	return tls.Certificate{Certificate: [][]byte{signed.Raw}, PrivateKey: key}
}

// file writes the authority's certificate as SSL_CERT_FILE wants it.
func (a *authority) file() string {
	path := filepath.Join(a.t.TempDir(), "ca.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw}), 0o600); err != nil {
		a.t.Fatal(err)
	}
	return path
}

// stage is a home of its own for the program, with all folders that it may write to.
type stage struct {
	t                           testing.TB
	dir, work, cache, home, tmp string
	env                         []string
}

func newStage(t testing.TB, ca *authority) *stage {
	dir := t.TempDir()
	s := &stage{t: t, dir: dir, work: filepath.Join(dir, "work"), cache: filepath.Join(dir, "cache"), home: filepath.Join(dir, "home"), tmp: filepath.Join(dir, "tmp")}
	for _, d := range []string{s.work, s.cache, s.home, s.tmp, filepath.Join(dir, "none")} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	s.env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + s.home, "TMPDIR=" + s.tmp, "SKANT_CACHE_DIR=" + s.cache, "NO_COLOR=1", "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_CONFIG_SYSTEM=" + os.DevNull,
		"GIT_AUTHOR_NAME=Ann", "GIT_AUTHOR_EMAIL=ann@example.org", "GIT_COMMITTER_NAME=Cem", "GIT_COMMITTER_EMAIL=cem@example.org",
		"GIT_AUTHOR_DATE=2026-01-02T03:04:05Z", "GIT_COMMITTER_DATE=2026-01-02T03:04:05Z", "SSL_CERT_DIR=" + filepath.Join(dir, "none"),
	}
	if ca != nil {
		s.env = append(s.env, "SSL_CERT_FILE="+ca.file())
	}
	return s
}

func (s *stage) write(name, text string) {
	path := filepath.Join(s.work, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// ran is what a run of the program came to.
type ran struct {
	code        int
	out, errors string
}

func (s *stage) command(program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(s.t.Context(), program, args...)
	cmd.Dir, cmd.Env = s.work, s.env
	return cmd
}

func (s *stage) git(args ...string) {
	s.t.Helper()
	if out, err := s.command("git", args...).CombinedOutput(); err != nil {
		s.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
}

func (s *stage) skant(stdin string, args ...string) ran {
	s.t.Helper()
	var out, errs bytes.Buffer
	cmd := s.command("skant", args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		s.t.Fatal(err)
	}
	return ran{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
}

// report scans the work folder with --verify and returns the report.
func (s *stage) report(args ...string) (scanner.Report, ran) {
	s.t.Helper()
	r := s.skant("", append([]string{"scan", ".", "--no-progress", "-o", "json", "--verify"}, args...)...)
	var rep scanner.Report
	if err := json.Unmarshal([]byte(r.out), &rep); err != nil {
		s.t.Fatalf("%v\n%s%s", err, r.out, r.errors)
	}
	return rep, r
}

// newSecret makes a value, new in each run.
func newSecret(t testing.TB, template, seed string) string {
	t.Helper()
	text, err := rules.Expand(template, seed+time.Now().String())
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// newAnthropic makes an API key; public is the length of its prefix.
func newAnthropic(t testing.TB, seed string) (value string, public int) {
	return newSecret(t, `<<anthropic "sk-ant-api03-">>`, seed), len("sk-ant-api03-")
}

// hushed are secrets that must not show, by their pieces of eight bytes: as they are and as they travel.
type hushed map[string]string

func (h hushed) add(name, value string, public int) {
	body := value[public:]
	forms := map[string]string{
		"": body, "escaped ": url.QueryEscape(body), "hexadecimal ": hex.EncodeToString([]byte(value))[2*public:], "reversed ": reversed(body),
	}
	for shift := range 3 { // base64 of the value within something else
		inner := value[public+shift:]
		forms["base64 "+string(rune('0'+shift))+" "] = base64.StdEncoding.EncodeToString([]byte(inner[:len(inner)/3*3]))
	}
	for form, text := range forms {
		for i := 0; i+8 <= len(text); i++ {
			h[strings.ToLower(text[i:i+8])] = form + name
		}
	}
}

func reversed(s string) string {
	b := []byte(s)
	slices.Reverse(b)
	return string(b)
}

// find returns which secret has a piece in a text.
func (h hushed) find(text string) (name, piece string) {
	for _, form := range []string{text, unescapeAll(text)} {
		low := strings.ToLower(form)
		for i := 0; i+8 <= len(low); i++ {
			if name, ok := h[low[i:i+8]]; ok {
				return name, low[max(0, i-40):i] + "[...]"
			}
		}
	}
	return "", ""
}

// unescapeAll undoes what JSON and URLs do to letters.
func unescapeAll(text string) string {
	return regexp.MustCompile(`(?:\\+u00|%)([0-9a-fA-F]{2})`).ReplaceAllStringFunc(text, func(e string) string {
		b, err := hex.DecodeString(e[len(e)-2:])
		if err != nil {
			return e
		}
		return string(b)
	})
}

// check searches everything that a run wrote and left.
func (h hushed) check(t testing.TB, s *stage, what string, r ran) {
	t.Helper()
	look := func(where, text string) {
		if name, piece := h.find(text); name != "" {
			t.Errorf("%s: a piece of the %s is in %s: %q", what, name, where, piece)
		}
	}
	look("standard output", r.out)
	look("standard error", r.errors)
	for _, root := range []string{s.cache, s.home, s.tmp} {
		root, err := filepath.EvalSymlinks(root)
		if err != nil {
			t.Fatal(err)
		}
		err = filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			look("a file's name", path)
			data, err := os.ReadFile(path)
			look(path, string(data))
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// TestSafetyTLS: a certificate that is not the host's, has run out, or is signed by nobody who is trusted makes the verdict unknown, and says
// what to look at; no request goes out.
func TestSafetyTLS(t *testing.T) {
	needsCertFile(t)
	ca, foreign := newAuthority(t), newAuthority(t)
	soon := time.Now().Add(30 * time.Minute)
	for name, tt := range map[string]struct {
		cert    tls.Certificate
		verdict scanner.Verdict
		says    string
	}{
		"good":           {ca.issue("127.0.0.1", soon), scanner.Live, "lists the models"},
		"foreign":        {foreign.issue("127.0.0.1", soon), scanner.Unknown, "an authority that is not trusted"},
		"another host":   {ca.issue("api.example.org", soon), scanner.Unknown, "for another host"},
		"expired":        {ca.issue("127.0.0.1", time.Now().Add(-time.Minute)), scanner.Unknown, "has expired"},
		"not yet begun":  {ca.issue("127.0.0.1", time.Now().Add(3*time.Hour)), scanner.Unknown, "not valid yet"},
		"no certificate": {tls.Certificate{}, scanner.Unknown, "does not speak TLS"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, ca)
			key, public := newAnthropic(t, name)
			s.write("a.env", "ANTHROPIC_API_KEY="+key+"\n")
			var mu sync.Mutex
			asked := 0
			handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				asked++
				mu.Unlock()
				answerAnthropic(w, r.Header.Get("X-Api-Key") == key)
			})
			srv := httptest.NewUnstartedServer(handler)
			srv.Config.ErrorLog = silent()
			address := ""
			if tt.cert.Certificate == nil { // plain HTTP where TLS was expected
				srv.Start()
				address = "https" + strings.TrimPrefix(srv.URL, "http")
			} else {
				srv.TLS = &tls.Config{Certificates: []tls.Certificate{tt.cert}}
				srv.StartTLS()
				address = srv.URL
			}
			defer srv.Close()
			rep, r := s.report("--verify-endpoint", "anthropic="+address)
			if len(rep.Findings) != 1 || rep.Findings[0].Verdict != tt.verdict || !strings.Contains(rep.Findings[0].Verification.Says, tt.says) || r.code != exitFindings {
				t.Errorf("status %d\n%s%s", r.code, r.out, r.errors)
			}
			mu.Lock()
			defer mu.Unlock()
			if (asked > 0) != (tt.verdict == scanner.Live) {
				t.Errorf("%d requests", asked)
			}
			h := hushed{}
			h.add("key", key, public)
			h.check(t, s, name, r)
		})
	}
}

// answerAnthropic answers as Anthropic does.
func answerAnthropic(w http.ResponseWriter, known bool) {
	a := answered["dead"]
	if known {
		a = answered["live"]
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(a.status)
	_, _ = w.Write([]byte(a.body))
}

func readAll(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
