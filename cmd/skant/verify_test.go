package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/skant-dev/skant/scanner"
)

// answered are Anthropic's answers, by what they mean for the key that was sent.
var answered = map[string]struct {
	status int
	org    bool
	body   string
}{
	"live":    {200, true, `{"data":[{"type":"model","id":"claude-example"}],"has_more":true}`},
	"dead":    {401, false, `{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"},"request_id":"req_1"}`},
	"allowed": {403, true, `{"type":"error","error":{"type":"permission_error","message":"Your IP address isn't in this organization's allowed range."}}`},
	"edge":    {403, false, `{"error":{"type":"forbidden","message":"Request not allowed"}}`},
	"ended":   {401, true, `{"type":"error","error":{"type":"authentication_error","message":"OAuth token has expired. Please obtain a new token or refresh your existing token."}}`},
	"evil":    {403, true, `{"error":{"type":"permission_error","message":"` + "\x1b[31mred\x1b[0m and \u202eturned\u202c\x07" + `"}}`},
	"bedrock": {403, false, `{"Message":"User: arn:aws:iam::123456789012:user/ci is not authorized to perform: bedrock:ListFoundationModels on resource: *"}`},
	"page":    {403, false, "<!DOCTYPE html><html><body>Just a moment...</body></html>"},
}

// cmdProvider starts a server that answers as Anthropic does: for each NAME=ANSWER, to a request with the value of $NAME with that answer,
// and to all others that the key is dead. It repeats the key in a header, as no good server does, and writes a line for each request
// into the file asked. A last argument skew has its clock go wrong.
func cmdProvider(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: provider VAR NAME=ANSWER...")
	}
	answers := map[string]string{}
	skew := time.Duration(0)
	for _, arg := range args[1:] {
		if arg == "skew" {
			skew = time.Hour
			continue
		}
		name, answer, _ := strings.Cut(arg, "=")
		if _, known := answered[answer]; !known || ts.Getenv(name) == "" {
			ts.Fatalf("no answer or no secret: %s", arg)
		}
		answers[ts.Getenv(name)] = answer
	}
	log := ts.MkAbs("asked")
	ts.Check(os.WriteFile(log, nil, 0o600))
	var mu sync.Mutex
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		key := r.Header.Get("X-Api-Key")
		if key == "" {
			key = strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		}
		name := answers[key]
		if name == "" {
			name = "dead"
		}
		a := answered[name]
		w.Header().Set("X-Echo", key)
		w.Header().Set("Date", time.Now().Add(skew).UTC().Format(http.TimeFormat))
		if a.org {
			w.Header().Set("Anthropic-Organization-Id", "0b8e7c64-0001-4000-8000-000000000001")
		}
		w.Header().Set("Content-Type", "application/json")
		if strings.HasPrefix(a.body, "<") {
			w.Header().Set("Content-Type", "text/html")
		}
		w.WriteHeader(a.status)
		_, _ = fmt.Fprint(w, a.body)
		f, err := os.OpenFile(log, os.O_APPEND|os.O_WRONLY, 0o600)
		if err == nil {
			_, _ = fmt.Fprintf(f, "%s %s %s\n", r.Method, r.URL.Path, name)
			_ = f.Close()
		}
	}))
	ts.Defer(s.Close)
	ts.Setenv(args[0], s.URL)
}

// TestOnlyLiveKeepsWhatMayBe: --only-live takes out what is not alive and what nobody was asked about, and counts each of it; what may be
// alive and what is suppressed stays.
func TestOnlyLiveKeepsWhatMayBe(t *testing.T) {
	rep := &scanner.Report{Coverage: scanner.Coverage{Complete: true}}
	all := []scanner.Verdict{
		scanner.NotAsked, scanner.Live, scanner.Restricted, scanner.Dead, scanner.Expired, scanner.Unknown, scanner.Uncheckable,
	}
	for _, v := range all {
		rep.Findings = append(rep.Findings, scanner.Finding{Verdict: v}, scanner.Finding{Verdict: v, Suppressed: &scanner.Suppression{By: scanner.ByInline}})
	}
	keepLive(rep)
	var kept []scanner.Verdict
	suppressed := 0
	for _, f := range rep.Findings {
		if f.Suppressed != nil {
			suppressed++
			continue
		}
		kept = append(kept, f.Verdict)
	}
	if want := []scanner.Verdict{scanner.Live, scanner.Restricted, scanner.Unknown}; !slices.Equal(kept, want) || suppressed != len(all) {
		t.Errorf("kept %v and %d suppressed, want %v and %d", kept, suppressed, want, len(all))
	}
	counted := int64(0)
	for _, s := range rep.Coverage.Skipped {
		counted += s.Count
		if s.Unread {
			t.Errorf("%q makes the scan incomplete", s.Reason)
		}
	}
	if counted != 4 || !rep.Coverage.Complete {
		t.Errorf("%d counted, complete %v", counted, rep.Coverage.Complete)
	}
}

// TestVerdictOutcome: alive is a finding, and only what is known to be dead is clean.
func TestVerdictOutcome(t *testing.T) {
	for want, sets := range map[int][][]scanner.Verdict{
		exitClean:      {{scanner.Dead}, {scanner.Expired, scanner.Dead}},
		exitFindings:   {{scanner.Live}, {scanner.Restricted}, {scanner.Unknown, scanner.Live}, {scanner.Dead, scanner.Restricted}},
		exitIncomplete: {{scanner.Unknown}, {scanner.Uncheckable}, {scanner.NotAsked}, {scanner.Dead, scanner.Unknown}},
	} {
		for _, set := range sets {
			var found []scanner.Finding
			for _, v := range set {
				found = append(found, scanner.Finding{Verdict: v})
			}
			got := exitClean
			var result *resultError
			if err := verdictOutcome(found); errors.As(err, &result) {
				got = result.code
			}
			if got != want {
				t.Errorf("%v: %d, not %d", set, got, want)
			}
		}
	}
}

// TestExchangeInLog: where a CI system reads the log, no line of an answer is a command to it.
func TestExchangeInLog(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, "::error::made up\n  ::add-mask::x\n##[error]y\n##vso[task.complete result=Succeeded;]done\n")
	}))
	t.Cleanup(srv.Close)
	s := newStage(t, nil)
	key, _ := newAnthropic(t, "log")
	plain := s.env
	for _, env := range [][]string{{"CI=true"}, {"CI=true", "GITHUB_ACTIONS=true"}} {
		s.env = append(slices.Clone(plain), append(env, "ANTHROPIC_API_KEY="+key)...)
		for _, args := range [][]string{{"verify"}, {"verify", "--diagnose"}} {
			r := s.skant(key, append(args, "--verify-endpoint", "anthropic="+srv.URL)...)
			if !strings.Contains(r.out, "made up") {
				t.Fatalf("%v: the answer is not shown\n%s%s", args, r.out, r.errors)
			}
			if line := regexp.MustCompile(`(?m)^\s*::(error|add-mask).*|##(\[|vso).*`).FindString(r.out); line != "" {
				t.Errorf("%v, %v: %q is a command", env, args, line)
			}
			if stops := strings.Count(r.out, "::stop-commands::"); stops != len(env)-1 {
				t.Errorf("%v, %v: commands are stopped %d times", env, args, stops)
			}
		}
	}
}

// TestNamedFindings: the beginning of a fingerprint names one secret, wherever it stands, or is too short.
func TestNamedFindings(t *testing.T) {
	rep := &scanner.Report{Findings: []scanner.Finding{{Fingerprint: "ab1"}, {Fingerprint: "ab2"}, {Fingerprint: "ab1"}, {Fingerprint: "c"}}}
	for finding, want := range map[string]int{"": 0, "a": 2, "ab1": 1, "c": 1, "d": 0} {
		if got := (&verifyRun{finding: finding}).named(rep); got != want {
			t.Errorf("%q names %d secrets, not %d", finding, got, want)
		}
	}
}
