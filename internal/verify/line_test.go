package verify

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestLine(t *testing.T) {
	var asked []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.RequestURI()+" "+r.Header.Get("X-A"))
		w.Header().Set("Retry-After", "5")
		w.Header().Set("Set-Cookie", "a=b")
		if r.Header.Get("Cookie") != "" {
			t.Error("a cookie was kept")
		}
		w.WriteHeader(307)
		_, _ = w.Write([]byte("0123456789"))
	}))
	defer s.Close()
	l, err := NewLine(s.URL+"/api/v3/", LineOptions{Most: 4})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		r, err := l.Send(t.Context(), Letter{Method: "GET", Path: "/a%2Fb?c=d", Headers: [][2]string{{"X-A", "1"}}}, "it")
		if err != nil || r.Status != 307 || string(r.Body) != "0123" || !r.Cut || r.RetryAfter(time.Now()) != 5*time.Second {
			t.Errorf("%+v, %v", r, err)
		}
	}
	hook, err := NewLine(s.URL+"/x/?y=z", LineOptions{Query: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := hook.Send(t.Context(), Letter{Method: "POST", Body: []byte("{}")}, "it"); err != nil || !hook.Here() {
		t.Error(err)
	}
	if got := strings.Join(asked, ","); got != "GET /api/v3/a%2Fb?c=d 1,GET /api/v3/a%2Fb?c=d 1,POST /x/?y=z " {
		t.Errorf("asked %q", got)
	}
	for _, bad := range []Letter{{Method: "GET", Path: "elsewhere"}, {Method: "GET", Path: "//evil.example/x"}, {Method: "GET", Path: "/%zz"}, {Method: "a b"}, {Method: "GET", Headers: [][2]string{{"X", "a\r\nY: b"}}}} {
		var lost *Lost
		root, err := NewLine(s.URL, LineOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := root.Send(t.Context(), bad, "it"); !errors.As(err, &lost) || lost.Sent {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	if len(asked) != 3 {
		t.Errorf("asked %q", asked)
	}
}

// TestLineAddresses: a server of the internet is not one of this network; one that the user named may be.
func TestLineAddresses(t *testing.T) {
	for _, c := range []struct {
		address string
		public  bool
		leads   string
		says    string
	}{
		{"https://hooks.example.com/very-secret", true, "10.0.0.1", "it leads to an address that is not public"},
		{"https://hooks.example.com/very-secret", true, "127.0.0.1", "it leads to an address that is not public"},
		{"https://hooks.example.com:1/very-secret", false, "127.0.0.1", "There is no connection to it"},
		{"https://hooks.example.com/very-secret", false, "224.0.0.1", "it leads to an address that is not public"},
		{"http://localhost:1/very-secret", true, "10.0.0.1", "it leads to an address that is not public"},
	} {
		l, err := NewLine(c.address, LineOptions{Public: c.public})
		if err != nil {
			t.Fatal(err)
		}
		l.client.lookup = func(context.Context, string) ([]netip.Addr, error) {
			return []netip.Addr{netip.MustParseAddr(c.leads)}, nil
		}
		l.client.transport.Proxy = nil
		_, err = l.Send(t.Context(), Letter{Method: "POST"}, "it")
		var lost *Lost
		if !errors.As(err, &lost) || lost.Sent || !strings.HasPrefix(lost.Says, c.says) || strings.Contains(err.Error(), "very-secret") {
			t.Errorf("%+v: %v", c, err)
		}
	}
	for _, bad := range []string{"http://example.com", "https://u@example.com", "https://example.com?x", "https://example.com#x", "file:///etc", "https://example.com\n"} {
		if _, err := NewLine(bad, LineOptions{}); err == nil || strings.Contains(err.Error(), "example") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
