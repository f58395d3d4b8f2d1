package send

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/skant-dev/skant/internal/verify"
)

// TestHook sends to servers that answer as they like.
func TestHook(t *testing.T) {
	const path, authorization = "/services/T000/B000/very-secret-path?sig=very-secret-query", "Splunk very-secret-token"
	for _, c := range []struct {
		name    string
		teams   bool
		answers []func(w http.ResponseWriter)
		sent    int
		want    string
	}{
		{"taken", false, nil, 1, ""},
		{"accepted", true, []func(http.ResponseWriter){status(202, "", "")}, 1, ""},
		{"refused", false, []func(http.ResponseWriter){status(404, "", "no_service\x1b[31m very-secret-path")}, 1, `the hook refused it with status 404: no_service\x1b[31m ***`},
		{"redirect", false, []func(http.ResponseWriter){status(302, "Location: https://evil.example", "")}, 1, "the hook refused it with status 302: it leads elsewhere, and no redirect is followed"},
		{"limited once", false, []func(http.ResponseWriter){status(429, "Retry-After: 3", "")}, 2, ""},
		{"limited for long", false, []func(http.ResponseWriter){status(429, "Retry-After: 99999999999999999999", "")}, 1, "the hook wants to be left alone (status 429) until"},
		{"failed", false, []func(http.ResponseWriter){status(503, "", "")}, 1, "the hook refused it with status 503. It is not known whether it took it"},
		{"not delivered", true, []func(http.ResponseWriter){status(200, "", "Webhook message delivery failed with error: 413")}, 1, "the hook refused it with status 200: the message was not delivered"},
		{"broken", false, []func(http.ResponseWriter){func(http.ResponseWriter) { panic(http.ErrAbortHandler) }}, 1, "The connection to the hook failed before there was an answer. It is not known whether it arrived"},
		{"endless", false, []func(http.ResponseWriter){func(w http.ResponseWriter) {
			w.WriteHeader(400)
			for range 3000 {
				_, _ = io.WriteString(w, strings.Repeat("x", 10_000))
			}
		}}, 1, "the hook refused it with status 400"},
	} {
		sent := 0
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil || string(body) != `{"a":1}` || r.URL.RequestURI() != path || r.Header.Get("Authorization") != authorization ||
				r.Method != "POST" || r.Header.Get("Content-Type") != "application/json" || r.Header.Get("User-Agent") != "skant" {
				t.Errorf("%s: %s %s %v %q %v", c.name, r.Method, r.URL, r.Header, body, err)
			}
			if sent++; sent <= len(c.answers) {
				c.answers[sent-1](w)
			}
		}))
		masked := func(s string) string { return strings.ReplaceAll(s, "very-secret-path", "***") }
		s, err := Open(server.URL+path, ServerOptions{Name: "the hook", Query: true, Now: time.Now, Scrub: masked})
		if err != nil {
			t.Fatal(err)
		}
		s.sleep = func(context.Context, time.Duration) error { return nil }
		err = (&Hook{Server: s, Authorization: authorization, Teams: c.teams}).Send(t.Context(), []byte(`{"a":1}`))
		server.Close()
		switch {
		case sent != c.sent:
			t.Errorf("%s: sent %d times", c.name, sent)
		case c.want == "" && err != nil, c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), c.want)):
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		case err != nil && strings.Contains(err.Error(), "very-secret"):
			t.Errorf("%s: the address is in %v", c.name, err)
		}
	}
}

func status(code int, header, body string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		if name, value, ok := strings.Cut(header, ": "); ok {
			w.Header().Set(name, value)
		}
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}
}

// TestPatience: waits are bounded over a run, and end with it.
func TestPatience(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { status(429, "Retry-After: 110", "")(w) }))
	defer server.Close()
	waits, told := time.Duration(0), time.Duration(0)
	s, err := Open(server.URL, ServerOptions{Name: "it", Now: time.Now, Tell: func(why string, d time.Duration) {
		if told += d; why != "it wants to be left alone (status 429)" {
			t.Errorf("told %q", why)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	s.sleep = func(_ context.Context, d time.Duration) error { waits += d; return nil }
	for range 20 {
		if err := (&Hook{Server: s}).Send(t.Context(), []byte(`{}`)); err == nil {
			t.Error("no error")
		}
	}
	if waits > maxWaits || waits < maxWaits/2 || told != waits {
		t.Errorf("waited %s", waits)
	}
	s.sleep, s.waited = verify.Sleep, 0
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := (&Hook{Server: s}).Send(ctx, []byte(`{}`)); err == nil || !strings.Contains(err.Error(), "deadline") {
		t.Errorf("%v", err)
	}
}

// TestInterrupted: an end before the answer leaves it open whether the server took it, and says so.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body)
		cancel()
		<-r.Context().Done()
	}))
	defer server.Close()
	s, err := Open(server.URL, ServerOptions{Name: "it", Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	err = (&Hook{Server: s}).Send(ctx, []byte(`{}`))
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "not known whether it arrived") {
		t.Errorf("%v", err)
	}
}

func TestOpen(t *testing.T) {
	for address, ok := range map[string]bool{
		"https://hooks.slack.com/services/T/B/x": true, "https://HOOKS.slack.com/": true, "http://127.0.0.1:1/x": true, "http://hooks.slack.com/": false, "ftp://x": false, "": false,
		"https://u:p@hooks.slack.com/x": false, "https://hooks.slack.com/x#y": false, "https://x.example/?a=1": true, "https://x.example/a b": false, "https://x.example/\n": false, "https:///x": false, "hooks.slack.com/x": false,
	} {
		s, err := Open(address, ServerOptions{Query: true, Public: true})
		if (err == nil) != ok {
			t.Errorf("%q: %v", address, err)
		}
		if err != nil && len(address) > 8 && strings.Contains(err.Error(), address) {
			t.Errorf("the address is in %v", err)
		}
		if err == nil && s.Slack() == strings.Contains(address, "x.example") {
			t.Errorf("%q is Slack's: %v", address, s.Slack())
		}
	}
}
