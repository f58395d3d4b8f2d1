package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skant-dev/skant/rules"
)

// serve runs `skant mcp` in a process of its own making: the command as it is, with other streams.
func serve(t *testing.T, ctx context.Context, in io.Reader, out io.Writer, args ...string) int {
	t.Helper()
	var said bytes.Buffer
	a := &app{
		in: in, out: out, err: &said, now: func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) },
		env: func(string) string { return "" }, terminal: func(any) (int, bool) { return 0, false },
	}
	code := run(ctx, a, append([]string{"mcp"}, args...))
	if code == exitClean && said.Len() > 0 {
		t.Errorf("said on standard error: %s", said.String())
	}
	return code
}

func mcpSecret(t *testing.T) string {
	t.Helper()
	secret, err := rules.Expand(`<<anthropic "sk-ant-api03-">>`, "mcp")
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// TestMCPConversation compares a whole conversation with the one that is written down: requests begin with >, answers with
// <. -update writes it anew.
func TestMCPConversation(t *testing.T) {
	secret, dir := mcpSecret(t), t.TempDir()
	outside := filepath.Join(t.TempDir(), "outside")
	for path, text := range map[string]string{
		filepath.Join(dir, "app", "config.py"): "import os\nkey = \"" + secret + "\"\n", filepath.Join(dir, "README"): "clean\n",
		filepath.Join(dir, "app", ".skantignore"): "", filepath.Join(dir, "ignored", "a"): secret, filepath.Join(dir, ".skantignore"): "ignored\n",
		outside: secret,
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(outside, filepath.Join(dir, "link")); err != nil {
		unsupported(t, err)
	}
	golden := filepath.Join("testdata", "mcp.golden")
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	var requests []string
	for line := range strings.Lines(string(want)) {
		if request, ok := strings.CutPrefix(line, "> "); ok {
			requests = append(requests, request)
		}
	}
	var got strings.Builder
	for i := range requests {
		// Each answer is to stand under its request, so each conversation has one more than the one before.
		var out bytes.Buffer
		in := strings.NewReader(strings.NewReplacer("$KEY", secret, "$OUTSIDE", outside).Replace(strings.Join(requests[:i+1], "")))
		if code := serve(t, context.Background(), in, &out, "--root", dir); code != exitClean {
			t.Fatalf("ended with %d", code)
		}
		if strings.Contains(out.String(), secret[20:40]) || strings.Contains(out.String(), outside) {
			t.Fatalf("an answer tells too much: %s", out.String())
		}
		answers := strings.SplitAfter(out.String(), "\n")
		if n := strings.Count(strings.Join(requests[:i+1], ""), `"2.0","id":`); len(answers)-1 != n {
			t.Errorf("%d answers to %d requests", len(answers)-1, n)
		}
		got.WriteString("> " + requests[i])
		if strings.Contains(requests[i], `"2.0","id":`) {
			got.WriteString("< " + answers[len(answers)-2])
		}
	}
	text := strings.ReplaceAll(got.String(), `"version":"`+tool().Version+`"`, `"version":"VERSION"`)
	if *update {
		if err := os.WriteFile(golden, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(want), text); diff != "" {
		t.Errorf("the conversation is another (-want +got):\n%s", diff)
	}
}

func TestMCPUsage(t *testing.T) {
	for name, args := range map[string][]string{
		"an endpoint": {"--verify", "--verify-endpoint", "anthropic=http://example.com"}, "an argument": {"."}, "no such root": {"--root", filepath.Join(t.TempDir(), "gone")}, "a file": {"--root", "mcp_test.go"},
		"a bad flag": {"--min-confidence", "sure"},
	} {
		var out bytes.Buffer
		if code := serve(t, context.Background(), strings.NewReader(""), &out, args...); code != exitUsage || out.Len() > 0 {
			t.Errorf("%s: ended with %d, wrote %q", name, code, out.String())
		}
	}
}

// TestMCPCancelled takes back a request while it is answered: its scan ends, and no answer comes.
func TestMCPCancelled(t *testing.T) {
	dir := t.TempDir()
	text := strings.Repeat("password = x\n", 1<<20)
	for i := range 200 {
		// One file under many names, so that the scan is long and the disk is not.
		path := filepath.Join(dir, "f"+strings.Repeat("x", i))
		if i == 0 {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		} else if err := os.Link(filepath.Join(dir, "f"), path); err != nil {
			unsupported(t, err)
		}
	}
	in, typed := io.Pipe()
	shown, out := io.Pipe()
	done := make(chan int, 1)
	go func() { done <- serve(t, context.Background(), in, out, "--root", dir) }()
	go func() {
		for _, line := range []string{
			`{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18"}}`,
			`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"scan","arguments":{"path":"."}}}`,
			`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`,
			`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"rules","arguments":{"id":"anthropic-api-key"}}}`,
		} {
			if _, err := io.WriteString(typed, line+"\n"); err != nil {
				t.Error(err)
			}
		}
		if err := typed.Close(); err != nil {
			t.Error(err)
		}
	}()
	start := time.Now()
	answers := make(chan string, 1)
	go func() {
		all, err := io.ReadAll(shown)
		if err != nil {
			t.Error(err)
		}
		answers <- string(all)
	}()
	if code := <-done; code != exitClean {
		t.Errorf("ended with %d", code)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	if all := <-answers; strings.Contains(all, `"id":1`) || !strings.Contains(all, `"id":2`) {
		t.Errorf("answers %.500s", all)
	}
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("it took %s", took)
	}
}

// TestMCPPanic has a tool panic with a secret in its words: the server goes on, and tells it nobody.
func TestMCPPanic(t *testing.T) {
	var said bytes.Buffer
	secret := mcpSecret(t)
	a := &app{err: &said, now: time.Now, env: func(string) string { return "" }}
	s := &mcpService{a: a, scrub: a.scrub}
	result, err := s.told(func(context.Context, json.RawMessage) (any, error) { panic("at " + secret) })(t.Context(), nil)
	if result != nil || err == nil || strings.Contains(err.Error(), secret) || !strings.Contains(err.Error(), "nothing is known") {
		t.Errorf("%v, %v", result, err)
	}
	if text := said.String(); !strings.Contains(text, "TestMCPPanic") || strings.Contains(text, secret) {
		t.Errorf("said: %s", text)
	}
}
