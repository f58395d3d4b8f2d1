//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// anthropic is a server that answers as the provider does: one key is alive, and it knows no other.
func anthropic(t *testing.T, live string) (address string, asked *atomic.Int64) {
	t.Helper()
	asked = new(atomic.Int64)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		w.Header().Set("Content-Type", "application/json")
		if r.Header.Get("X-Api-Key") == live {
			w.Header().Set("Anthropic-Organization-Id", "0b8e7c64-0001-4000-8000-000000000001")
			_, _ = fmt.Fprint(w, `{"data":[{"type":"model","id":"claude-example"}],"has_more":false}`)
			return
		}
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = fmt.Fprint(w, `{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}`)
	}))
	t.Cleanup(s.Close)
	return s.URL, asked
}

// TestActionAsks: nobody is asked unless the workflow says so; if it does, the provider's word decides with "fail-on: live", and is in every
// report that the action writes.
func TestActionAsks(t *testing.T) {
	secret := newSecret(t)
	r, first, _, last := leaking(t, secret)
	temp := t.TempDir()
	for _, c := range []struct {
		name   string
		inputs map[string]string
		alive  bool
		want   int
		live   string
		asks   bool
	}{
		{"off", nil, true, 1, "0", false},
		{"off, in so many words", map[string]string{"verify": "false"}, true, 1, "0", false},
		{"live", map[string]string{"verify": "true", "history": "true"}, true, 1, "1", true},
		{"live, and it is what counts", map[string]string{"verify": "true", "fail-on": "live"}, true, 1, "1", true},
		{"dead", map[string]string{"verify": "true"}, false, 1, "0", true},
		{"dead, and only what is live counts", map[string]string{"verify": "true", "fail-on": "live"}, false, 0, "0", true},
		{"nobody is asked, and only what is live counts", map[string]string{"fail-on": "live"}, true, 2, "", false},
		{"no yes and no no", map[string]string{"verify": "maybe"}, true, 2, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r.t = t
			known := secret
			if !c.alive {
				known = ""
			}
			address, asked := anthropic(t, known)
			run := (&actionRunner{t: t, repo: r, temp: temp, env: []string{
				"SKANT_VERIFY_ENDPOINTS=anthropic=" + address, "SKANT_CACHE_DIR=" + t.TempDir(), "HTTPS_PROXY=http://127.0.0.1:1",
			}}).run(pushed(first, last), c.inputs)
			if run.code != c.want || run.outputs["live"] != c.live || asked.Load() > 0 != c.asks {
				t.Errorf("exit %d, live %q, %d requests\n%s", run.code, run.outputs["live"], asked.Load(), hide(run.out, secret))
			}
			if strings.Contains(run.out+run.summary+fmt.Sprint(run.outputs), secret[20:60]) {
				t.Error("the secret is shown")
			}
			if !c.asks {
				return
			}
			uploaded(t, run, secret)
			holdSARIF(t, run.outputs["sarif"], secret)
			word := map[bool]string{true: "It is live: revoke it now.", false: "Its provider says that it is dead."}[c.alive]
			if !strings.Contains(run.out, word) || !strings.Contains(run.summary, "its provider says") {
				t.Errorf("no %q, or nothing in the summary\n%s\n%s", word, hide(run.out, secret), run.summary)
			}
		})
	}
}
