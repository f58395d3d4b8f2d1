//go:build bench

package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// TestBenchVerify measures what --verify costs with the settings that everybody has: 10,000 findings of 1,000 secrets, against a server on
// this machine that takes 100 ms for an answer. Time asserts nothing; that each secret is asked about once, and that the report
// has the order of one without --verify, does.
func TestBenchVerify(t *testing.T) {
	binary := benchBuild(t)
	several := []string{`ANTHROPIC_API_KEY=<<anthropic "sk-ant-api03-">>`, `GITHUB_TOKEN=<<github "ghp_">>`, `HF_TOKEN=hf_<<alnum 34>>`, `NPM_TOKEN=npm_<<alnum 30>><<alnum 6>>`, `GITLAB_TOKEN=<<gitlab "glpat-">>`}
	for _, tt := range []struct {
		name      string
		templates []string
		live      bool
	}{
		{"one provider, all dead", several[:1], false},
		{"one provider, all alive", several[:1], true},
		{"five providers", several, false},
	} {
		t.Run(tt.name, func(t *testing.T) { benchVerify(t, binary, tt.templates, tt.live) })
	}
}

func benchVerify(t *testing.T, binary string, templates []string, live bool) {
	const secrets, each, delay = 1000, 10, 100 * time.Millisecond
	corpus := t.TempDir()
	var lines []string
	known := map[string]bool{}
	for i := range secrets {
		line, err := rules.Expand(templates[i%len(templates)], fmt.Sprint(t.Name(), i))
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
		_, value, _ := strings.Cut(line, "=")
		known[value] = true
	}
	for i := range each * 10 { // files of 100 secrets each
		var b strings.Builder
		for k := range secrets / 10 {
			b.WriteString(lines[(i*secrets/10+k*7)%secrets] + "\n\n")
		}
		if err := os.WriteFile(filepath.Join(corpus, fmt.Sprintf("%03d.env", i)), []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var mu sync.Mutex
	requests, now, atMost := 0, 0, 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		mu.Lock()
		requests++
		now++
		atMost = max(atMost, now)
		mu.Unlock()
		time.Sleep(delay)
		mu.Lock()
		now--
		mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		if live && known[r.Header.Get("X-Api-Key")] {
			_, _ = io.WriteString(w, `{"data":[{"type":"model","id":"claude-example"}],"has_more":true}`)
			return
		}
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"},"message":"Bad credentials"}`)
	}))
	defer srv.Close()
	plain, asked := filepath.Join(t.TempDir(), "plain.json"), filepath.Join(t.TempDir(), "asked.json")
	env := []string{"SKANT_CACHE_DIR=" + t.TempDir()}
	without := timed{name: "without", dir: corpus, env: env, args: []string{binary, "scan", ".", "--no-progress", "-o", "json=" + plain}}
	with := timed{name: "with", dir: corpus, env: env, args: []string{binary, "scan", ".", "--no-progress", "-o", "json=" + asked, "--verify"}}
	for _, p := range []string{"anthropic", "github", "huggingface", "npm", "gitlab"} {
		with.args = append(with.args, "--verify-endpoint", p+"="+srv.URL)
	}
	var costs [3]cost
	for i, c := range []timed{without, with, with} { // the last one finds what the one before has kept
		var err error
		if costs[i], err = once(c); err != nil {
			t.Fatal(err)
		}
		if i == 1 {
			want := secrets
			if live {
				want++ // the negative control
			}
			if requests != want {
				t.Errorf("%d requests, not %d", requests, want)
			}
			benchSameOrder(t, plain, asked, secrets*each)
			t.Logf("%d requests, %d at once at most", requests, atMost)
		}
	}
	for i, name := range []string{"without --verify", "with --verify", "with --verify, again"} {
		t.Logf("%-22s %6.2f s, %5.2f s of processor time, %d MB resident", name, costs[i].wall, costs[i].cpu, costs[i].peak>>20)
	}
}

// benchSameOrder fails unless two reports have the same findings in the same order.
func benchSameOrder(t *testing.T, a, b string, want int) {
	t.Helper()
	order := func(path string) (out []string) {
		data, err := os.ReadFile(path)
		var rep scanner.Report
		if err == nil {
			err = json.Unmarshal(data, &rep)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range rep.Findings {
			out = append(out, fmt.Sprintf("%s %s:%d %s", f.RuleID, f.Location.Path, f.Location.StartLine, f.Fingerprint))
		}
		return out
	}
	one, other := order(a), order(b)
	if len(one) != want || !slices.Equal(one, other) {
		t.Errorf("%d and %d findings, in the same order: %v", len(one), len(other), slices.Equal(one, other))
	}
}
