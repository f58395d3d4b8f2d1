//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestRevokeCommand: the command that a dry run prints ends the secret that it was printed for, run as it stands and from anywhere: with the
// report, the servers and the repository of the dry run, in none of which a number means the same elsewhere.
func TestRevokeCommand(t *testing.T) {
	r := newIncident(t, map[string]string{"vercel": vercelForm, "github": githubForm})
	e := startEnder(t, r.values["vercel"], r.values["github"])
	report, _ := r.saved()
	for _, more := range [][]string{nil, {"--report", report}} {
		e.told, e.alive = nil, map[string]bool{r.values["vercel"]: true, r.values["github"]: true}
		got := r.revoke(e, nil, nil, append(more, "--only", "2")...)
		_, command, _ := strings.Cut(got.out, "  Run: skant ")
		command, _, _ = strings.Cut(command, "\n")
		words := strings.Fields(strings.ReplaceAll(command, "'", ""))
		t.Chdir(t.TempDir())
		title, _, _ := strings.Cut(strings.TrimPrefix(got.out, "2  "), "  ")
		got = r.run(t.Context(), strings.NewReader("yes\n"), nil, words...)
		// The output is no terminal here, so the question says itself what dies.
		r.expect(command, got, exitClean, "2 "+title, "Dies: This token, for everybody", "Proven: it is dead.", "of 1 secret: 1 proven dead")
		if !strings.Contains(got.errors, "Dies: ") || len(e.told) != 1 {
			t.Errorf("told %v\n%s", e.told, got.errors)
		}
	}
}

// TestRevokeMadeUp: a key that was made to look like another one by the part that the provider lists does not end that one.
func TestRevokeMadeUp(t *testing.T) {
	r := newIncident(t, map[string]string{"claude": `<<anthropic "sk-ant-api03-">>`})
	key := r.values["claude"]
	e := startEnder(t)
	e.admin, e.hint, e.vague = newSecret(t, "sk-ant-admin01-<<b64url 93>>AA", "admin"), key[:16]+"..."+key[len(key)-4:], true
	r.hushed.add("the admin key", e.admin, 15)
	_, prints := r.saved()
	got := r.revoke(e, nil, map[string]string{"ANTHROPIC_ADMIN_KEY": e.admin}, "--yes", "--only", prints["anthropic-api-key"])
	r.expect("not accepted", got, exitIncomplete, "has not accepted it", "From its playbook:", "1 not known")
	if len(e.told) > 0 {
		t.Errorf("told %v", e.told)
	}
}

// TestRevokeUnread: where something could not be read, not everything that was to die is proven dead.
func TestRevokeUnread(t *testing.T) {
	r := newIncident(t, map[string]string{"vercel": vercelForm})
	e := startEnder(t, r.values["vercel"])
	report, prints := r.saved()
	var rep map[string]any
	if err := json.Unmarshal(readAll(t, report), &rep); err != nil {
		t.Fatal(err)
	}
	rep["coverage"].(map[string]any)["complete"] = false
	data, err := json.Marshal(rep)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(report, data, 0o600); err != nil {
		t.Fatal(err)
	}
	got := r.revoke(e, strings.NewReader("yes\n"), nil, "--ask", "--report", report)
	r.expect("all", got, exitIncomplete, "not everything could be read", "1 proven dead")
	got = r.revoke(e, nil, nil, "--yes", "--only", prints["vercel-personal-token"], "--report", report)
	r.expect("what was named", got, exitClean, "1 proven dead")
}

// TestRevokeUnshown: where the answer cannot be shown, it is said all the same that something was sent.
func TestRevokeUnshown(t *testing.T) {
	r := newIncident(t, map[string]string{"vercel": vercelForm})
	e := startEnder(t, r.values["vercel"])
	report, prints := r.saved()
	var errs bytes.Buffer
	out := &closes{}
	e.during = out.close
	a := &app{
		in: strings.NewReader(""), out: out, err: &errs, env: func(string) string { return "" }, now: time.Now, cacheDir: func() (string, error) { return r.cache, nil },
		terminal: func(any) (int, bool) { return 100, false },
	}
	print := prints["vercel-personal-token"]
	code := run(t.Context(), a, []string{"recover", "revoke", "--verify-endpoint", "vercel=" + e.URL, "--report", report, "--yes", "--only", print, r.work})
	r.expect("closed", ran{code, "", errs.String()}, exitIncomplete, "Ask whether it is dead: skant verify --report "+report+" --finding "+print)
	if len(e.told) != 1 {
		t.Errorf("told %v", e.told)
	}
}

// closes is an output that is closed from a moment on.
type closes struct{ closed atomic.Bool }

func (c *closes) close() { c.closed.Store(true) }

func (c *closes) Write(p []byte) (int, error) {
	if c.closed.Load() {
		return 0, io.ErrClosedPipe
	}
	return len(p), nil
}
