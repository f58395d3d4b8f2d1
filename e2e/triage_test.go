//go:build e2e

package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// pane is a terminal that tmux plays, with one program on it.
type pane struct {
	t            *testing.T
	tmux, socket string
	secrets      []string
	// seen is every screen that was looked at.
	seen strings.Builder
}

// newPane runs a shell command in dir on a terminal of the given size. It is ended with the test.
func newPane(t *testing.T, dir string, width, height int, command string, env ...string) *pane {
	t.Helper()
	p := &pane{t: t, tmux: require(t, "tmux", "run e2e/install-tools"), socket: filepath.Join(t.TempDir(), "s")}
	script := "cd '" + dir + "' && " + strings.Join(append([]string{"env"}, env...), " ") + " " + command + "; echo \"status=$?\"; exec sleep 600"
	p.call("-f", os.DevNull, "new-session", "-d", "-x", fmt.Sprint(width), "-y", fmt.Sprint(height), script)
	t.Cleanup(func() {
		p.call("kill-server")
		for _, secret := range p.secrets {
			hidden(t, "the screen", p.seen.String(), secret)
		}
	})
	return p
}

func (p *pane) call(args ...string) string {
	p.t.Helper()
	cmd := exec.Command(p.tmux, append([]string{"-S", p.socket}, args...)...)
	cmd.Env = append(os.Environ(), "SHELL=/bin/sh", "TERM=xterm-256color", "LC_ALL=C.UTF-8")
	out, err := cmd.CombinedOutput()
	if err != nil {
		p.t.Fatalf("tmux %q: %v\n%s", args, err, out)
	}
	return string(out)
}

// screen returns what is on the terminal, with the colours as escape sequences.
func (p *pane) screen() string {
	p.t.Helper()
	out := p.call("capture-pane", "-p", "-e")
	p.seen.WriteString(out)
	return out
}

// plain is screen without colours.
func (p *pane) plain() string { p.t.Helper(); p.screen(); return p.call("capture-pane", "-p") }

// waits until the screen shows all of the texts.
func (p *pane) waits(texts ...string) string {
	p.t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		screen, missing := p.plain(), ""
		for _, text := range texts {
			if !strings.Contains(screen, text) {
				missing = text
			}
		}
		if missing == "" {
			return screen
		}
		if time.Now().After(end) {
			p.t.Fatalf("the screen does not show %q:\n%s", missing, screen)
		}
	}
}

// keys presses keys by their names in tmux; a word that begins with "=" is typed.
func (p *pane) keys(keys ...string) {
	p.t.Helper()
	for _, k := range keys {
		if text, typed := strings.CutPrefix(k, "="); typed {
			p.call("send-keys", "-l", "--", text)
		} else {
			p.call("send-keys", k)
		}
		time.Sleep(60 * time.Millisecond)
		if k == "Escape" { // alone it is told from the beginning of a key by the time after it, which a busy machine has little of
			time.Sleep(400 * time.Millisecond)
		}
	}
}

// hidden fails if 12 characters of a secret's body stand in a text.
func hidden(t *testing.T, what, text, secret string) {
	t.Helper()
	for i := len("sk-ant-api03-"); i+12 <= len(secret); i++ {
		if strings.Contains(text, secret[i:i+12]) {
			t.Errorf("%s shows a piece of a secret", what)
			return
		}
	}
}

// triaged is a repository with two secrets, and the report of its history, outside of it.
func triaged(t *testing.T) (r *workRepo, report string, secrets []string) {
	t.Helper()
	r = newRepo(t)
	secrets = []string{newSecret(t), newSecretNamed(t, "second")}
	r.write("first.env", "# one\n# two\nKEY="+secrets[0]+"\n")
	r.git("add", ".")
	r.git("commit", "-q", "-m", "one")
	r.write("deep/second.env", "OTHER="+secrets[1]+"\n")
	r.write("deep/again.env", "OTHER="+secrets[1]+"\n")
	r.git("add", ".")
	r.git("commit", "-q", "-m", "two")
	report = filepath.Join(t.TempDir(), "report.json")
	if code, out := r.run(skant, "scan", ".", "-o", "json="+report, "--no-progress"); code != 1 {
		t.Fatalf("scan: exit %d\n%s", code, out)
	}
	return r, report, secrets
}

// newSecretNamed is newSecret for tests that need several.
func newSecretNamed(t *testing.T, name string) (secret string) {
	t.Helper()
	t.Run(name, func(t *testing.T) { secret = newSecret(t) })
	return secret
}

// TestTriageActions drives every action on a real terminal, and looks at the screen and the files after each.
func TestTriageActions(t *testing.T) {
	r, report, secrets := triaged(t)
	var asked atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		asked.Add(1)
		w.Header().Set("Content-Type", "application/json")
		if key := req.Header.Get("X-Api-Key"); key == secrets[0] || key == secrets[1] {
			_, _ = io.WriteString(w, `{"data":[{"type":"model","id":"claude-example"}],"has_more":true}`)
			return
		}
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}`)
	}))
	defer srv.Close()
	editor := filepath.Join(t.TempDir(), "vim")
	opened := filepath.Join(t.TempDir(), "opened")
	if err := os.WriteFile(editor, []byte("#!/bin/sh\nprintf '%s\\n' \"$@\" >'"+opened+"'\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	before := fileText(t, report)
	p := newPane(t, r.dir, 80, 24, skant+" triage "+report+" --owner ann --verify-endpoint anthropic="+srv.URL,
		"HTTPS_PROXY=http://127.0.0.1:1", "EDITOR="+editor, "HOME="+t.TempDir())
	p.secrets = secrets

	p.waits("skant triage: 2 secrets", "open: 1 of 2", "Anthropic API key", "and 1 more", "? help")
	p.keys("?")
	p.waits("Help", "mark as false")
	p.keys("End")
	p.waits("screen reader")
	p.keys("Escape")

	// Search and filter.
	p.keys("/", "=first", "Enter")
	p.waits("open: 1 of 1, with first", "first.env:3:5")
	p.keys("f", "f")
	p.waits("suppressed: 0 of 0", "no secret is listed")
	p.keys("f", "f", "Escape")
	p.waits("open: ", "of 2")
	p.keys("/", "=first", "Enter")
	p.waits("with first")

	// Open in the editor, at the line.
	p.keys("o")
	waitsFor(t, func() bool { return fileText(t, opened) == "+3\n"+filepath.Join(r.dir, "first.env")+"\n" },
		func() string { return "the editor was given " + fileText(t, opened) })
	p.waits("with first", "first.env:3:5")

	// Explain.
	p.keys("x")
	p.waits("Why it was reported", "rule anthropic-api-key", "What the rules make of that line now", "reported with")
	p.keys("Escape")

	// Verify: asks before it sends.
	p.keys("v")
	p.waits("What would be sent", "127.0.0.1", "y sends, n does not")
	p.keys("n")
	p.waits("nothing was sent")
	if n := asked.Load(); n != 0 {
		t.Fatalf("%d requests were sent before anybody said yes", n)
	}
	p.keys("v")
	p.waits("y sends")
	p.keys("y")
	p.waits("What came back", "Verdict: live", "it is not written into the report")
	if asked.Load() == 0 {
		t.Error("no request was sent")
	}
	p.keys("Escape")
	p.waits("2 secrets, 1 alive", "live")

	// Mark as false, and undo.
	p.keys("Escape", "/", "C-u", "=again", "Enter")
	p.waits("open: 1 of 1, with again")
	p.keys("m", "Enter")
	p.waits("a reason is needed")
	p.keys("=a key of the sandbox", "Enter")
	p.waits("Owner: ann")
	p.keys("Enter")
	p.waits("skant triage: 1 secret, 1 alive", ".skant-baseline: 1 new")
	baseline := filepath.Join(r.dir, ".skant-baseline")
	if text := fileText(t, baseline); !strings.Contains(text, " anthropic-api-key - ann ") || !strings.Contains(text, "a key of the sandbox") {
		t.Errorf("the baseline is\n%s", text)
	}
	hidden(t, "the baseline", fileText(t, baseline), secrets[1])
	if code, out := r.run(skant, "scan", ".", "--no-progress"); code != 1 || strings.Contains(out, "second.env") || !strings.Contains(out, "first.env") {
		t.Errorf("a scan does not obey the mark: exit %d\n%s", code, hide(hide(out, secrets[0]), secrets[1]))
	}
	p.keys("u")
	p.waits("skant triage: 2 secrets, 1 alive", "is gone again")
	if _, err := os.Stat(baseline); !os.IsNotExist(err) {
		t.Errorf("the baseline that was not there before: %v", err)
	}
	p.keys("u")
	p.waits("there is nothing to undo")

	// Quit.
	p.keys("q")
	p.waits("status=1", "2 secrets in 3 places")
	if !bytes.Equal([]byte(before), []byte(fileText(t, report))) {
		t.Error("the report was changed")
	}
}

// TestTriageUndo: a baseline of somebody's own making is, after a mark and its undoing, what it was to the byte; one that was changed in
// between stays; and with everything marked the status is 0.
func TestTriageUndo(t *testing.T) {
	r, report, secrets := triaged(t)
	if code, out := r.run(skant, "baseline", "create", "--owner", "ann", "--reason", "made by hand", "--no-progress"); code != 0 {
		t.Fatalf("baseline: exit %d\n%s", code, out)
	}
	baseline := filepath.Join(r.dir, ".skant-baseline")
	// The head alone, with a note, without what sorts it, with blank lines and the line ends of Windows.
	head, _, _ := strings.Cut(fileText(t, baseline), "\n")
	odd := head + "\r\n\r\n#   a note of ours\r\n\n\n"
	r.write(".skant-baseline", odd)
	p := newPane(t, r.dir, 80, 24, skant+" triage "+report, "USER=bob")
	p.secrets = secrets
	p.waits("open: 1 of 2")
	p.keys("m", "=one", "Enter", "Enter")
	p.waits("1 new", "open: 1 of 1")
	p.keys("m", "=two", "Enter", "Enter")
	p.waits("0 secrets")
	if text := fileText(t, baseline); strings.Count(text, " bob ") != 2 || !strings.Contains(text, "a note of ours") {
		t.Errorf("the baseline is\n%s", text)
	}
	p.keys("u")
	p.waits("1 secret ", "is as it was")
	p.keys("u")
	p.waits("2 secrets", "is as it was")
	if got := fileText(t, baseline); got != odd {
		t.Errorf("after undoing both: %q, before: %q", got, odd)
	}
	p.keys("m", "=again", "Enter", "Enter")
	p.waits("1 secret ")
	changed := fileText(t, baseline) + "# somebody else was here\n"
	r.write(".skant-baseline", changed)
	p.keys("u")
	p.waits("was changed by somebody else", "1 secret ")
	if fileText(t, baseline) != changed {
		t.Error("undoing took away what somebody else has written")
	}
	// What is typed must not leak: the secret itself, pasted as a reason.
	p.secrets = nil // it is on the screen because the user put it there
	p.keys("m", "="+secrets[0]+" and "+secrets[1], "Enter", "Enter")
	p.waits("a secret stands in what was typed")
	if fileText(t, baseline) != changed {
		t.Error("a secret was written into the baseline, or something else was")
	}
	p.keys("m", "=rest", "Enter", "Enter")
	p.waits("0 secrets")
	p.keys("q")
	p.waits("status=0", "2 entries of this session")
}

// TestTriageSizes: 80x24, 40 columns, a resize in between, no colours where none are wanted; and after a signal the terminal is itself again.
func TestTriageSizes(t *testing.T) {
	r, report, secrets := triaged(t)
	p := newPane(t, r.dir, 40, 12, skant+" triage "+report, "NO_COLOR=1")
	p.secrets = secrets
	p.waits("skant triage: 2 secrets", "? help  q quit")
	p.keys("Enter")
	p.waits("fingerprint", ">")
	if screen := p.screen(); strings.Contains(screen, "\x1b[3") || strings.Contains(screen, "\x1b[9") {
		t.Errorf("NO_COLOR, and the screen has colours: %q", screen)
	}
	p.call("resize-window", "-x", "100", "-y", "30")
	p.waits("m false  u undo", "deep/second.env:1:7")
	p.call("resize-window", "-x", "20", "-y", "5")
	p.keys("Escape", "Down", "?", "PPage", "NPage", "Escape", "Up")
	p.call("resize-window", "-x", "80", "-y", "24")
	p.waits("open: 1 of 2", "Anthropic API key")
	p.keys("C-c")
	p.waits("status=1")

	colours := newPane(t, r.dir, 80, 24, skant+" triage "+report, "COLORTERM=truecolor")
	colours.waits("open: 1 of 2")
	if screen := colours.screen(); !strings.Contains(screen, "\x1b[") {
		t.Errorf("the screen has no colours: %q", screen)
	}
	colours.keys("q")
	colours.waits("status=1")
}

// TestTriageHostile: names, authors and words of a report act on no terminal, choose no file outside, and start nothing.
func TestTriageHostile(t *testing.T) {
	r := newRepo(t)
	secret := newSecret(t)
	name := "a\x1b]0;owned\x07\x1b[2J\x1b[31m$(touch pwned);'\"\u202e.env"
	r.write(name, "KEY="+secret+"\n")
	r.git("add", ".")
	r.git("commit", "-q", "-m", "\x1b[2Jone \x1b]52;c;b3duZWQ=\x07")
	report := filepath.Join(t.TempDir(), "report.json")
	if code, out := r.run(skant, "history", "-o", "json="+report, "--no-progress", "--no-cache"); code != 1 {
		t.Fatalf("history: exit %d\n%s", code, hide(out, secret))
	}
	outside := filepath.Join(t.TempDir(), "outside.txt")
	if err := os.WriteFile(outside, []byte("x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	editor, opened := filepath.Join(t.TempDir(), "nano"), filepath.Join(t.TempDir(), "opened")
	if err := os.WriteFile(editor, []byte("#!/bin/sh\nprintf '%s\\n' \"$@\" >>'"+opened+"'\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	p := newPane(t, r.dir, 80, 24, skant+" triage "+report, "EDITOR="+editor)
	p.secrets = []string{secret}
	p.waits("open: 1 of 1", `a\x1b]0;owned\a\x1b[2J`)
	p.keys("Enter")
	p.waits("[2Jone")
	if title := p.call("display-message", "-p", "#{pane_title}"); strings.Contains(title, "owned") {
		t.Errorf("a file's name set the title: %q", title)
	}
	if buffers, err := exec.Command(p.tmux, "-S", p.socket, "show-buffer").CombinedOutput(); err == nil {
		t.Errorf("a commit's message set the clipboard: %q", buffers)
	}
	p.keys("o")
	p.waits("the line is that of commit")
	if got, want := fileText(t, opened), "+1\n"+filepath.Join(r.dir, name)+"\n"; got != want {
		t.Errorf("the editor was given %q, want %q", got, want)
	}
	if _, err := os.Stat(filepath.Join(r.dir, "pwned")); err == nil {
		t.Error("a file's name was executed")
	}
	p.keys("Escape", "q")
	p.waits("status=1")

	// A report that was made up: paths that lead outside, through a link, or are absolute, and a target elsewhere.
	if err := os.Symlink(outside, filepath.Join(r.dir, "link.txt")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Dir(outside), filepath.Join(r.dir, "folder")); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"../../../../../../../../../etc/passwd", "/etc/passwd", "link.txt", "folder/outside.txt", outside, ".git"} {
		forged := `{"schema_version":"1.0","tool":{"name":"skant","version":"x"},"target":"/etc","command":"scan","started_at":"2026-01-02T03:04:05Z",` +
			`"coverage":{"complete":true,"skipped":[]},"findings":[{"fingerprint":"f","rule_id":"r","title":"Forged","severity":"high","confidence":"high",` +
			`"secret_redacted":"KEY=` + secret + `","location":{"path":"` + path + `","start_line":1,"start_column":1,"end_line":1,"end_column":2,"kind":"file"},` +
			`"excerpt":"KEY=` + secret + `","verdict":""}]}`
		if err := os.WriteFile(report, []byte(forged), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(opened); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		q := newPane(t, r.dir, 80, 24, skant+" triage "+report, "EDITOR="+editor)
		q.secrets = []string{secret}
		q.waits("Forged")
		q.keys("o")
		q.waits("is no file below")
		q.keys("Enter", "v")
		q.waits("no secret of the report is in")
		q.keys("m", "=not a secret", "Enter", "C-u", "=ann", "Enter")
		q.waits("no secret of the report is in")
		q.keys("Escape", "q")
		q.waits("status=1")
		if _, err := os.Stat(opened); err == nil {
			t.Errorf("%s: the editor was started with %q", path, fileText(t, opened))
		}
		if _, err := os.Stat(filepath.Join(r.dir, ".skant-baseline")); err == nil {
			t.Errorf("%s: an entry was written for a secret that nobody has", path)
		}
	}
}

// TestTriageNoQuery: no other command asks a terminal anything, which bubbletea's first version did at every start.
func TestTriageNoQuery(t *testing.T) {
	r, report, _ := triaged(t)
	for _, args := range []string{"version", "staged --no-progress", "report " + report} {
		start := time.Now()
		shown := typed(t, "cd '"+r.dir+"' && skant "+args, "no prompt", "", "TERM=xterm-256color")
		if strings.Contains(shown, "\x1b") {
			t.Errorf("skant %s: the terminal was sent %q", args, shown)
		}
		if d := time.Since(start); d > 4*time.Second {
			t.Errorf("skant %s took %s on a terminal that answers nothing", args, d)
		}
	}
}

func fileText(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(text)
}

// waitsFor waits until something is so.
func waitsFor(t *testing.T, so func() bool, what func() string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !so(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(what())
		}
	}
}
