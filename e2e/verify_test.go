//go:build e2e

package e2e

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"
)

// typed runs a shell script on a terminal of its own, waits until it shows wait, types keys, and returns everything that the terminal showed.
func typed(t *testing.T, script, wait, keys string, env ...string) string {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("NOT TESTED: script(1) is another program there")
	}
	tool := require(t, "script", "install bsdutils or util-linux-script")
	cmd := exec.Command(tool, "-q", "-e", "-c", script, os.DevNull)
	cmd.Env = append(append(os.Environ(), "SHELL=/bin/sh", "NO_COLOR=1", "PATH="+filepath.Dir(skant)+string(os.PathListSeparator)+os.Getenv("PATH")), env...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	var shown bytes.Buffer
	buf := make([]byte, 4096)
	for sent := false; ; {
		n, err := out.Read(buf)
		shown.Write(buf[:n])
		if !sent && strings.Contains(shown.String(), wait) {
			time.Sleep(200 * time.Millisecond) // the echo is switched off after the prompt
			if _, err := io.WriteString(in, keys); err != nil {
				t.Fatal(err)
			}
			sent = true
		}
		if err != nil {
			break
		}
	}
	_ = cmd.Wait() // the script's status is in what it shows
	return shown.String()
}

// TestVerifyTyped: a secret that is typed is not shown.
func TestVerifyTyped(t *testing.T) {
	secret := newSecret(t)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.Header.Get("X-Api-Key") == secret {
			_, _ = io.WriteString(w, `{"data":[{"type":"model","id":"claude-example"}],"has_more":true}`)
			return
		}
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}`)
	}))
	defer srv.Close()
	shown := typed(t, `skant verify --verify-endpoint "anthropic=$AT"; echo status=$?; stty -a`, "not shown", secret+"\n", "AT="+srv.URL)
	if !strings.Contains(shown, "Verdict: live") || !strings.Contains(shown, "status=1") {
		t.Errorf("the terminal showed\n%s", shown)
	}
	for i := len("sk-ant-api03-"); i+8 <= len(secret); i++ {
		if strings.Contains(shown, secret[i:i+8]) {
			t.Fatal("a piece of the secret is shown")
		}
	}
	echoes(t, shown)
}

// TestVerifyTypedInterrupted: Ctrl-C ends the program at once, and leaves a terminal that shows what is typed again.
func TestVerifyTypedInterrupted(t *testing.T) {
	shown := typed(t, `trap : INT; skant verify; echo status=$?; stty -a`, "not shown", "half a secret\x03")
	if !strings.Contains(shown, "status=3") || strings.Contains(shown, "half a secret") {
		t.Errorf("the terminal showed\n%s", shown)
	}
	echoes(t, shown)
}

func echoes(t *testing.T, shown string) {
	t.Helper()
	if !regexp.MustCompile(`\secho\s`).MatchString(shown) {
		t.Errorf("the terminal does not echo any more:\n%s", shown)
	}
}

// TestVerifyStaysHere: with a proxy on this machine nothing else is dialled, and where NO_PROXY takes a host out, the proxy is not asked
// about it. Every connection is refused by strace, so that nothing leaves this machine either way.
func TestVerifyStaysHere(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("NOT TESTED: there is no strace")
	}
	tool := require(t, "strace", "install strace")
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "a.env"), []byte("ANTHROPIC_API_KEY="+newSecret(t)+"\nANTHROPIC_BASE_URL=https://203.0.113.7\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	dialled := func(env ...string) string {
		t.Helper()
		log := filepath.Join(t.TempDir(), "log")
		cmd := exec.Command(tool, "-f", "-qq", "-o", log, "-e", "trace=connect,sendto,sendmsg,sendmmsg", "-e", "inject=connect,sendto,sendmsg,sendmmsg:error=ECONNREFUSED",
			skant, "scan", folder, "--verify", "--no-progress", "--no-config")
		cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "GODEBUG=netdns=go"}, env...)
		out, err := cmd.CombinedOutput()
		if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != 1 || !strings.Contains(string(out), "1 unknown") {
			t.Fatalf("%v\n%s", err, out)
		}
		data, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(data), "203.0.113.7") {
			t.Errorf("a host of the repository is dialled:\n%s", data)
		}
		return string(data)
	}
	inet := regexp.MustCompile(`AF_INET6?.*`)
	proxied := dialled("HTTPS_PROXY=http://127.0.0.1:4711")
	for _, line := range inet.FindAllString(proxied, -1) {
		if !strings.Contains(line, `htons(4711)`) || !strings.Contains(line, `"127.0.0.1"`) {
			t.Errorf("beside the proxy there is dialled %s", line)
		}
	}
	if !strings.Contains(proxied, "htons(4711)") {
		t.Errorf("the proxy is not dialled:\n%s", proxied)
	}
	if direct := dialled("HTTPS_PROXY=http://127.0.0.1:4711", "NO_PROXY=.anthropic.com"); strings.Contains(direct, "htons(4711)") || !inet.MatchString(direct) {
		t.Errorf("NO_PROXY is not obeyed:\n%s", direct)
	}
}
