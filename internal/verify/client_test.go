package verify

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
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

func TestPublic(t *testing.T) {
	for text, want := range map[string]bool{
		"8.8.8.8": true, "93.184.216.34": true, "2606:4700::1111": true, "::ffff:8.8.8.8": true, "172.32.0.1": true,
		"0.0.0.0": false, "10.1.2.3": false, "127.0.0.1": false, "127.9.9.9": false, "169.254.169.254": false, "172.16.0.1": false, "172.31.255.255": false,
		"192.168.1.1": false, "100.64.0.1": false, "100.127.255.255": false, "192.0.0.192": false, "198.18.0.1": false, "198.19.255.255": false,
		"224.0.0.1": false, "239.255.255.250": false, "240.0.0.1": false, "255.255.255.255": false, "192.0.2.1": false, "203.0.113.9": false,
		"192.88.99.1": false, "198.51.100.7": false, "0.255.255.255": false, "10.255.255.255": false, "127.255.255.255": false, "192.168.255.255": false,
		"11.0.0.0": true, "9.255.255.255": true, "100.128.0.0": true, "198.20.0.0": true, "2001:200::1": true, "2001:0:53aa:64c:0:7ffe:f5ff:fff0": false, "2002:808:808::1": false,
		"::": false, "::1": false, "::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false, "::ffff:169.254.169.254": false, "::127.0.0.1": false,
		"fe80::1": false, "fe80::1%eth0": false, "fec0::1": false, "fc00::1": false, "fd00:ec2::254": false, "ff02::1": false,
		"64:ff9b::7f00:1": false, "64:ff9b::808:808": false, "64:ff9b:1::a00:1": false, "2002:7f00:1::": false, "2001::1": false, "2001:db8::1": false,
		"100::1": false, "3fff::1": false, "4000::1": false,
	} {
		if got := public(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: public is %v", text, got)
		}
	}
	if public(netip.Addr{}) {
		t.Error("no address is public")
	}
}

// A pinned host is dialled at the address that was looked at, and not at all if one of its addresses is not public.
func TestPinnedHosts(t *testing.T) {
	secret := key("acme-key", "Known", 1)
	srv := serve(t, only(secret, 200, nil, `{"id":1}`))
	pinned := func(addrs ...string) (*Verifier, *int, *[]string) {
		v := verifier(t, srv, func(o *Options) { o.Endpoints = nil })
		lookups, dialled := 0, []string{}
		v.client.lookup = func(_ context.Context, host string) ([]netip.Addr, error) {
			if lookups++; host != "example.com" {
				t.Errorf("%s is looked up", host)
			}
			var out []netip.Addr
			if lookups > 1 { // rebound
				return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
			}
			for _, a := range addrs {
				out = append(out, netip.MustParseAddr(a))
			}
			return out, nil
		}
		v.client.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			dialled = append(dialled, address)
			return (&net.Dialer{}).DialContext(ctx, network, strings.TrimPrefix(srv.URL, "https://"))
		}
		return v, &lookups, &dialled
	}
	v, lookups, dialled := pinned("93.184.216.34", "93.184.216.35")
	if f := one(t, v, finding("acme-key", secret)); f.Verdict != scanner.Live || f.Verification.Host != "example.com" {
		t.Errorf("%s %+v", f.Verdict, f.Verification)
	}
	if fmt.Sprint(*dialled) != "[93.184.216.34:443]" || *lookups != 1 {
		t.Errorf("dialled %v after %d look-ups", *dialled, *lookups)
	}
	for _, addrs := range [][]string{{"127.0.0.1"}, {"93.184.216.34", "10.0.0.1"}, {"::ffff:169.254.169.254"}, {"64:ff9b::a00:1"}, {"fd00::1"}} {
		v, _, dialled := pinned(addrs...)
		f := one(t, v, finding("acme-key", secret))
		if f.Verdict != scanner.Unknown || len(*dialled) != 0 || !strings.Contains(f.Verification.Says, "not public") || f.Verification.Attempts != 1 {
			t.Errorf("%v: %s %+v, dialled %v", addrs, f.Verdict, f.Verification, *dialled)
		}
	}
	v, _, _ = pinned()
	if f := one(t, v, finding("acme-key", secret)); !strings.Contains(f.Verification.Says, "could not be resolved") {
		t.Errorf("%+v", f.Verification)
	}
}

// The certificate has to be valid for the host, whoever answers.
func TestCertificates(t *testing.T) {
	secret := key("acme-key", "Known", 1)
	srv := serve(t, only(secret, 200, nil, `{"id":1}`))
	for name, change := range map[string]func(*Options){
		"unknown authority": func(o *Options) { o.Roots = nil },
		"another host": func(o *Options) {
			o.Endpoints = map[string]string{"acme": strings.Replace(srv.URL, "127.0.0.1", "localhost", 1)}
		},
	} {
		f := one(t, verifier(t, srv, change), finding("acme-key", secret))
		if f.Verdict != scanner.Unknown || !strings.Contains(f.Verification.Says, "cannot be trusted") || srv.count() != 0 {
			t.Errorf("%s: %s %+v", name, f.Verdict, f.Verification)
		}
	}
}

func TestEndpoints(t *testing.T) {
	for text, want := range map[string]bool{
		"https://ghe.acme.example": true, "https://10.0.0.1:8443/api/": true, "http://127.0.0.1:8200": true, "http://[::1]:8200": true, "http://localhost": true,
		"http://ghe.acme.example": false, "http://10.0.0.1": false, "http://localhost.evil.example": false, "http://127.0.0.1.evil.example": false,
		"https://u:p@ghe.acme.example": false, "https://ghe.acme.example?x=1": false, "https://ghe.acme.example#x": false, "https://": false, "": false,
		"ftp://ghe.acme.example": false, "ghe.acme.example": false, "https:ghe.acme.example": false, "http://0.0.0.0": false,
	} {
		_, err := New(acmeRules(t), Options{Endpoints: map[string]string{"acme": text}})
		if (err == nil) != want {
			t.Errorf("%q: %v", text, err)
		}
		if err != nil && text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("%q is in the error", text)
		}
	}
	// In clear, on this machine, below a path; and a token for a server of one's own.
	paths := make(chan string, 9)
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		paths <- r.URL.Path
		_, _ = w.Write([]byte(`{"id":1}`))
	}))
	defer plain.Close()
	v := verifier(t, nil, func(o *Options) {
		o.Endpoints = map[string]string{"acme": plain.URL + "/gate/"}
		o.Proxy = func(*http.Request) (*url.URL, error) { t.Error("a proxy is asked for this machine"); return nil, nil }
	})
	f := finding("acme-key", key("acme-key", "Known", 1))
	if _, err := v.Ask(context.Background(), &f); err != nil || <-paths != "/gate/v1/me" {
		t.Error(err)
	}
	f = finding("acme-server", key("acme-server", "Known", 1))
	f.Facts = map[string]string{"endpoint": "https://evil.example"}
	if _, err := v.Ask(context.Background(), &f); err != nil {
		t.Error(err)
	}
	for len(paths) > 1 {
		<-paths
	}
	if got := <-paths; got != "/gate/v1/self" {
		t.Error(got)
	}
	// localhost that is not this machine
	v = verifier(t, nil, func(o *Options) { o.Endpoints = map[string]string{"acme": "http://localhost:1"} })
	v.client.lookup = func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("93.184.216.34")}, nil
	}
	if got := one(t, v, f); got.Verdict != scanner.Unknown || !strings.Contains(got.Verification.Says, "not public") {
		t.Errorf("%+v", got.Verification)
	}
}

func TestProxy(t *testing.T) {
	secret := key("acme-key", "Known", 1)
	srv := serve(t, only(secret, 200, nil, `{"id":1}`))
	refuse := false
	var asked []string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.Host)
		if refuse {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		to, err := net.Dial("tcp", strings.TrimPrefix(srv.URL, "https://"))
		if err != nil {
			t.Error(err)
			return
		}
		w.WriteHeader(http.StatusOK)
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		go func() { _, _ = io.Copy(to, conn); _ = to.Close() }()
		go func() { _, _ = io.Copy(conn, to); _ = conn.Close() }()
	}))
	defer proxy.Close()
	at, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	through := func(o *Options) {
		o.Endpoints = nil
		o.Proxy = func(*http.Request) (*url.URL, error) { return at, nil }
	}
	if f := one(t, verifier(t, srv, through), finding("acme-key", secret)); f.Verdict != scanner.Live || len(asked) == 0 || asked[0] != "CONNECT example.com:443" {
		t.Errorf("%s %+v, %v", f.Verdict, f.Verification, asked)
	}
	refuse = true
	if f := one(t, verifier(t, srv, through), finding("acme-key", secret)); f.Verdict != scanner.Unknown || !strings.Contains(f.Verification.Says, "proxy did not connect") {
		t.Errorf("%s %+v", f.Verdict, f.Verification)
	}
}

// A hostile server gets no verdict and no memory out of us, and no secret into a result.
func TestHostileServer(t *testing.T) {
	secret := key("acme-key", "Known", 1)
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	for range 64 {
		_, _ = z.Write(make([]byte, 1<<20))
	}
	_ = z.Close()
	const head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	for _, tt := range []struct {
		name  string
		raw   func(w io.Writer)
		says  string
		tries int
	}{
		{"silence", func(io.Writer) { time.Sleep(400 * time.Millisecond) }, "did not answer within", 1},
		{"slow body", func(w io.Writer) {
			_, _ = io.WriteString(w, head+"Content-Length: 100\r\n\r\n")
			for range 30 {
				_, _ = io.WriteString(w, " ")
				time.Sleep(15 * time.Millisecond)
			}
		}, "did not answer within", 1},
		{"reset", func(io.Writer) {}, "failed before there was an answer", 3},
		{"garbage", func(w io.Writer) { _, _ = io.WriteString(w, "HTTP/1.0 yes "+secret+"\r\n\r\n") }, "failed before there was an answer", 3},
		{"not HTTP", func(w io.Writer) { _, _ = io.WriteString(w, "220 smtp.example ready "+secret+"\r\n") }, "failed before there was an answer", 3},
		{"huge headers", func(w io.Writer) {
			_, _ = io.WriteString(w, head)
			for range 1000 {
				_, _ = io.WriteString(w, "X-Pad: "+strings.Repeat("x", 1000)+"\r\n")
			}
			_, _ = io.WriteString(w, "Content-Length: 2\r\n\r\n{}")
		}, "failed before there was an answer", 3},
		{"cut short", func(w io.Writer) { _, _ = io.WriteString(w, head+"Content-Length: 100\r\n\r\n{\"id\":1}") }, "broke off", 3},
		{"endless", func(w io.Writer) {
			_, _ = io.WriteString(w, head+"\r\n{\"id\":1,\"x\":\"")
			for range 4096 {
				if _, err := io.WriteString(w, strings.Repeat("x", 4096)); err != nil {
					return
				}
			}
		}, "longer than 64 KiB", 1},
		{"bomb", func(w io.Writer) {
			_, _ = fmt.Fprintf(w, "%sContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n", head, bomb.Len())
			_, _ = w.Write(bomb.Bytes())
		}, "compressed", 1},
		{"redirect elsewhere", func(w io.Writer) {
			_, _ = io.WriteString(w, "HTTP/1.1 307 Go\r\nLocation: https://evil.example/"+secret+"\r\nContent-Length: 0\r\n\r\n")
		}, "redirect", 1},
		{"page", func(w io.Writer) {
			_, _ = io.WriteString(w, head+"Connection: close\r\n\r\n<html><body>{\"id\":1}"+secret)
		}, "web page", 1},
		{"many early answers", func(w io.Writer) {
			for range 100 {
				_, _ = io.WriteString(w, "HTTP/1.1 103 Early Hints\r\n\r\n")
			}
			_, _ = io.WriteString(w, head+"Content-Length: 2\r\n\r\n{}")
		}, "", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			srv := rawServer(t, tt.raw)
			v := verifier(t, srv, func(o *Options) {
				if o.Timeout = 20 * time.Second; tt.says == "did not answer within" { // nobody else is that slow, on any machine
					o.Timeout = 150 * time.Millisecond
				}
			})
			f := finding("acme-key", secret)
			x, err := v.Ask(context.Background(), &f)
			if err != nil {
				t.Fatal(err)
			}
			got := x.Result.Verification
			if x.Result.Verdict != scanner.Unknown || !strings.Contains(got.Says, tt.says) || tt.tries != 0 && got.Attempts != tt.tries {
				t.Errorf("%s %+v", x.Result.Verdict, got)
			}
			if strings.Contains(fmt.Sprintf("%+v", x), secret[9:]) {
				t.Errorf("a secret is shown: %+v", x)
			}
		})
	}
}

// rawServer answers each request with bytes.
func rawServer(t *testing.T, answer func(io.Writer)) *server {
	s := serve(t, nil)
	l, err := tls.Listen("tcp", "127.0.0.1:0", s.TLS)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	t.Cleanup(func() { _ = l.Close(); wg.Wait() })
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer func() { _ = conn.Close() }()
				if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
					answer(conn)
				}
			})
		}
	})
	s.URL = "https://" + l.Addr().String()
	return s
}

func TestRetries(t *testing.T) {
	secret := key("acme-key", "Known", 1)
	for _, tt := range []struct {
		name     string
		answers  []int
		after    string
		want     scanner.Verdict
		attempts int
		least    time.Duration
	}{
		{"an answer at last", []int{503, 429, 401}, "", scanner.Dead, 3, 500 * time.Millisecond},
		{"none", []int{502, 503, 504, 401}, "", scanner.Unknown, 3, 500 * time.Millisecond},
		{"when it says", []int{429, 401}, "7", scanner.Dead, 2, 7 * time.Second},
		{"at the time that it says", []int{503, 401}, time.Now().Add(20 * time.Second).UTC().Format(http.TimeFormat), scanner.Dead, 2, 8 * time.Second},
		{"too late", []int{429, 401}, "3600", scanner.Unknown, 1, 0},
		{"not of everything", []int{500, 401}, "", scanner.Unknown, 1, 0},
		{"a strange time", []int{429, 401}, "-1", scanner.Dead, 2, 0},
		{"a time without end", []int{429, 401}, "99999999999999999999", scanner.Unknown, 1, 0},
		{"a date long ago", []int{429, 401}, "Thu, 01 Jan 1970 00:00:00 GMT", scanner.Dead, 2, 0},
		{"a date far off", []int{503, 401}, "Fri, 31 Dec 9999 23:59:59 GMT", scanner.Unknown, 1, 0},
		{"no time", []int{503, 401}, "soon", scanner.Dead, 2, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := 0
			srv := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				status := tt.answers[n]
				n++
				if tt.after != "" {
					w.Header().Set("Retry-After", tt.after)
				}
				w.WriteHeader(status)
				if status == 401 {
					_, _ = w.Write([]byte(`{"error":{"code":"invalid_key"}}`))
				}
			})
			v := verifier(t, srv, nil)
			start := v.clock()
			f := one(t, v, finding("acme-key", secret))
			waited := v.clock().Sub(start)
			if f.Verdict != tt.want || f.Verification.Attempts != tt.attempts || waited < tt.least || waited > maxWait+5*time.Second {
				t.Errorf("%s after %d attempts and %v", f.Verdict, f.Verification.Attempts, waited)
			}
		})
	}
}

func TestBudgetAndRate(t *testing.T) {
	srv := serve(t, only("none", 200, nil, ""))
	v := verifier(t, srv, func(o *Options) { o.Budget, o.Rate, o.Workers = 20, 10, 1 })
	fs := manyFindings(50, 1)
	start := v.clock()
	if err := v.Verify(context.Background(), fs, nil); err != nil {
		t.Fatal(err)
	}
	if srv.count() != 20 {
		t.Errorf("%d requests", srv.count())
	}
	if waited := v.clock().Sub(start); waited < 1700*time.Millisecond || waited > 2100*time.Millisecond {
		t.Errorf("20 requests at 10 a second took %v", waited)
	}
	if f := fs[49]; f.Verdict != scanner.Unknown || !strings.Contains(f.Verification.Says, "budget of 20") {
		t.Errorf("%s %+v", f.Verdict, f.Verification)
	}
}

// Without a rate that was chosen, a server on this machine is asked as fast as it answers, and others 50 times a second.
func TestDefaultRate(t *testing.T) {
	v := verifier(t, nil, func(o *Options) {
		o.Rate, o.Endpoints = 0, map[string]string{"acme": "http://localhost:1", "other": "https://127.0.0.1:2", "third": "https://gate.example"}
	})
	for host, want := range map[string]time.Duration{
		"localhost:1": 0, "127.0.0.1:2": 0, "gate.example:443": 20 * time.Millisecond, "example.com:443": 20 * time.Millisecond, "127.0.0.1:3": 20 * time.Millisecond,
	} {
		if got := v.limit(host).interval; got != want {
			t.Errorf("%s: %v", host, got)
		}
	}
}

// A host that does not answer is left alone, so that a run ends.
func TestHostThatIsDown(t *testing.T) {
	srv := rawServer(t, func(io.Writer) {})
	v := verifier(t, srv, func(o *Options) { o.Workers = 1 })
	fs := manyFindings(100, 1)
	if err := v.Verify(context.Background(), fs, nil); err != nil {
		t.Fatal(err)
	}
	if f := fs[99]; f.Verdict != scanner.Unknown || !strings.Contains(f.Verification.Says, "not asked any more") || f.Verification.Attempts != 0 {
		t.Errorf("%s %+v", f.Verdict, f.Verification)
	}
	if got := v.limit(strings.TrimPrefix(srv.URL, "https://")).sent; got > enough*maxAttempts {
		t.Errorf("%d requests", got)
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) { cancel(); <-r.Context().Done() })
	fs := manyFindings(100, 1)
	err := verifier(t, srv, nil).Verify(ctx, fs, nil)
	if !errors.Is(err, context.Canceled) || strings.Contains(err.Error(), "acmekey_") {
		t.Errorf("%v", err)
	}
	for i := range fs {
		if fs[i].Verdict != scanner.NotAsked || fs[i].Verification != nil {
			t.Fatalf("finding %d: %s", i, fs[i].Verdict)
		}
	}
}

// A fault of our own is no verdict, and takes no other one away.
func TestFault(t *testing.T) {
	secret, other := key("acme-key", "Known", 1), key("acme-key", "Other", 2)
	srv := serve(t, only("none", 200, nil, ""))
	v := verifier(t, srv, func(o *Options) { o.Workers = 1 })
	clock, calls := v.clock, 0
	v.clock = func() time.Time {
		if calls++; calls == 1 {
			panic("at " + secret)
		}
		return clock()
	}
	fs := []scanner.Finding{finding("acme-key", secret), finding("acme-key", other)}
	if err := v.Verify(context.Background(), fs, nil); err != nil {
		t.Fatal(err)
	}
	if f := fs[0]; f.Verdict != scanner.Unknown || !strings.Contains(f.Verification.Says, "a fault of its own") || strings.Contains(fmt.Sprint(f.Verification), secret[9:]) {
		t.Errorf("%s %+v", f.Verdict, f.Verification)
	}
	if fs[1].Verdict != scanner.Dead {
		t.Errorf("%s %+v", fs[1].Verdict, fs[1].Verification)
	}
}

// Whatever a value is, the request goes to the host that stands in the rule.
func TestFillKeepsTheHost(t *testing.T) {
	for _, value := range []string{"", ".evil.example", "@evil.example", ":8443", "/../..", "#", "?x", "%2e.evil", "\\.evil.example"} {
		for _, address := range []string{"https://example.com{{.x}}/v1", "https://example.com/v1/{{.x}}", "{{.x}}https://example.com/"} {
			r := rules.Request{URL: address}
			req, err := fill(t.Context(), &r, nil, map[string]string{"x": value})
			if err == nil && (req.URL.Host != "example.com" || req.URL.Scheme != "https" || req.Host != "example.com") {
				t.Errorf("%s with %q: %v", address, value, req.URL)
			}
		}
	}
}

// What cannot stand in a header is not sent, nor told.
func TestUnsendable(t *testing.T) {
	srv := serve(t, only("none", 200, nil, ""))
	secret := key("acme-key", "Known", 1) + "\r\nX-Evil: 1"
	f := one(t, verifier(t, srv, nil), finding("acme-key", secret))
	if f.Verdict != scanner.Unknown || srv.count() != 0 || !strings.Contains(f.Verification.Says, "could not be made") {
		t.Errorf("%s %+v", f.Verdict, f.Verification)
	}
}

// A run that ends before all pairings of a secret were tried does not call it dead.
func TestCancelledBetweenPairings(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then a server notices that nobody waits any more
		if strings.HasSuffix(r.URL.Path, "2") {
			cancel()
			<-r.Context().Done()
			return
		}
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write([]byte(`{"error":{"code":"invalid_key"}}`))
	})
	secret := scanner.NewSecret(key("acme-pair", "Known", 1), 9)
	fs := []scanner.Finding{scanner.NewFinding("acme-pair", secret, nil)}
	for _, id := range []string{"id-000001", "id-000002"} {
		fs = append(fs, scanner.NewFinding("acme-pair", secret, map[string]scanner.Secret{"acme_id": scanner.NewIdentifier(id)}))
	}
	err := verifier(t, srv, func(o *Options) { o.Workers = 1 }).Verify(ctx, fs, nil)
	if !errors.Is(err, context.Canceled) || fs[0].Verdict != scanner.NotAsked || fs[1].Verdict != scanner.NotAsked || fs[2].Verdict != scanner.NotAsked {
		t.Errorf("%q, %q, %q, %v", fs[0].Verdict, fs[1].Verdict, fs[2].Verdict, err)
	}
}
