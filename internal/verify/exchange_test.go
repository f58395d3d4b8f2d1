package verify

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// Where a credential is asked about in several places, the request that is shown is the one whose answer is shown.
func TestExchangeIsOneQuestion(t *testing.T) {
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Asked", r.URL.Path)
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `{"Message":"Authentication failed: Please make sure your API Key is valid."}`)
	})
	set, err := rules.BuiltinFor([]string{"aws-bedrock-long-term-key"})
	if err != nil {
		t.Fatal(err)
	}
	v := verifierFor(t, set, "aws", srv.Server)
	f := scanner.NewFinding("aws-bedrock-long-term-key", scanner.NewSecret(longPrefix+madeUp(120), 4), nil)
	x, err := v.Ask(t.Context(), &f)
	if err != nil {
		t.Fatal(err)
	}
	answered := ""
	for _, h := range x.Headers {
		if h[0] == "X-Asked" {
			answered = h[1]
		}
	}
	if srv.count() < 2 || !strings.HasSuffix(x.Asked.URL, answered) {
		t.Errorf("%d requests: %s is shown, with the answer of %s", srv.count(), x.Asked.URL, answered)
	}
}

// An answer of an attempt before the last one is not shown as the last one's.
func TestExchangeIsOfTheLastAttempt(t *testing.T) {
	var mu sync.Mutex
	asked := 0
	srv := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if asked++; asked == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		panic(http.ErrAbortHandler)
	})
	f := finding("acme-key", key("acme-key", "Known", 1))
	x, err := verifier(t, srv, nil).Ask(t.Context(), &f)
	if err != nil || x.Result.Verification.Status != 0 || x.Status != 0 || x.Headers != nil || x.Asked.URL == "" {
		t.Errorf("HTTP %d is shown, of %d: %v", x.Status, x.Result.Verification.Status, err)
	}
}
