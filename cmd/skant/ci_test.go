package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skant-dev/skant/scanner"
)

func TestFailOn(t *testing.T) {
	finding := func(suppressed bool, v scanner.Verdict) scanner.Finding {
		f := scanner.Finding{Verdict: v}
		if suppressed {
			f.Suppressed = &scanner.Suppression{By: scanner.ByBaseline}
		}
		return f
	}
	none := []scanner.Finding{}
	for _, c := range []struct {
		name                 string
		findings             []scanner.Finding
		news, all, live, non int
	}{
		{"nothing", none, 0, 0, 0, 0},
		{"new", []scanner.Finding{finding(false, "")}, 1, 1, 0, 0},
		{"suppressed", []scanner.Finding{finding(true, "")}, 0, 1, 0, 0},
		{"live", []scanner.Finding{finding(false, scanner.Live)}, 1, 1, 1, 0},
		{"restricted", []scanner.Finding{finding(false, scanner.Restricted)}, 1, 1, 1, 0},
		{"dead", []scanner.Finding{finding(false, scanner.Dead)}, 1, 1, 0, 0},
		{"live and suppressed", []scanner.Finding{finding(true, scanner.Live)}, 0, 1, 0, 0},
		{"several", []scanner.Finding{finding(true, ""), finding(false, scanner.Dead), finding(false, scanner.Live)}, 1, 1, 1, 0},
	} {
		for _, complete := range []bool{true, false} {
			for policy, want := range map[failOn]int{failOnNew: c.news, failOnAll: c.all, failOnLive: c.live, failOnNone: c.non} {
				if want == 0 && !complete {
					want = exitIncomplete
				}
				err := policy.outcome(&scanner.Report{Findings: c.findings, Coverage: scanner.Coverage{Complete: complete}})
				var result *resultError
				got := 0
				if errors.As(err, &result) {
					got = result.code
				}
				if got != want {
					t.Errorf("%s, complete %v, --fail-on %s: %d, not %d", c.name, complete, policy, got, want)
				}
			}
		}
	}
	for _, bad := range []string{"", "lives", "New", "nothing"} {
		var hint *hintError
		if _, err := parseFailOn(bad); !errors.As(err, &hint) {
			t.Errorf("--fail-on %q: %v", bad, err)
		}
	}
}

// TestEventIsBounded: what is larger than an event can be is not read to its end.
func TestEventIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "event.json")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Truncate(100<<20), f.Close()); err != nil {
		t.Fatal(err)
	}
	data, err := readEvent(path)
	if err != nil || len(data) > 40<<20 {
		t.Errorf("%d bytes, %v", len(data), err)
	}
	env := map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "push", "GITHUB_EVENT_PATH": path}
	var out, errOut strings.Builder
	a := &app{out: &out, err: &errOut, env: func(name string) string { return env[name] }, terminal: func(any) (int, bool) { return 0, false }}
	if code := run(t.Context(), a, []string{"ci"}); code != exitUsage || !strings.Contains(errOut.String(), "more than 32 MiB") {
		t.Errorf("exit %d\n%s", code, errOut.String())
	}
}
