package main

import (
	"encoding/json"
	"io"
	"path/filepath"
	"strings"
	"testing"
)

// TestSafetyEveryCommand: every command that can ask, in every format, beside a server that repeats what it is sent, and without sending
// anything (--verify-dry-run): no piece of a secret is shown or kept.
func TestSafetyEveryCommand(t *testing.T) {
	needsCertFile(t)
	ca := newAuthority(t)
	s := newStage(t, ca)
	known, h, providers := travelling(t, s, "every")
	sa := newSecret(t, `<<pem "PKCS8RSA">>`, "sa")
	bearer := newSecret(t, `<<base64 (cat "BedrockAPIKey-abcd-at-123456789012:" (b64 44))>>`, "bedrock")
	middle := strings.Join(strings.Split(sa, "\n")[1:5], "")
	h.add("service account's key", middle, 0)
	h.add("Bedrock key", bearer, 60)
	server := startHostile(t, ca, append(known, bearer), func(w io.Writer, own string, _ int) { lives(w, own, own) })
	var at []string
	for _, p := range providers {
		at = append(at, "--verify-endpoint", p+"="+server.url)
	}
	s.git("init", "-q")
	s.git("add", ".")
	s.git("commit", "-qm", "one: "+known[0])
	s.write("late.env", "GITHUB_TOKEN="+known[1]+"\n")
	s.git("add", ".")
	s.git("commit", "-qm", "two")
	s.write("staged.env", "ANTHROPIC_API_KEY="+known[0]+"\n")
	s.git("add", ".")
	account, err := json.Marshal(map[string]string{
		"type": "service_account", "project_id": "acme", "private_key_id": strings.Repeat("ab12", 10), "private_key": sa, "client_email": "ci@acme.iam.gserviceaccount.com",
		"token_uri": server.url + "/token",
	})
	if err != nil {
		t.Fatal(err)
	}
	s.write("../sa.json", string(account)) // beside the folders that are searched
	pair := strings.Split(strings.TrimSpace(readWork(t, s, "credentials")), "\n")
	value := func(line string) string { _, v, _ := strings.Cut(line, " = "); return v }
	env := map[string][]string{
		"anthropic": {"ANTHROPIC_API_KEY=" + known[0]},
		"bearer":    {"AWS_BEARER_TOKEN_BEDROCK=" + bearer, "AWS_REGION=eu-west-1"},
		"bedrock":   {"AWS_ACCESS_KEY_ID=" + value(pair[1]), "AWS_SECRET_ACCESS_KEY=" + value(pair[2]), "AWS_REGION=eu-west-1"},
		"vertex":    {"GOOGLE_APPLICATION_CREDENTIALS=" + filepath.Join(s.dir, "sa.json"), "CLOUD_ML_REGION=global", "ANTHROPIC_VERTEX_PROJECT_ID=acme"},
	}
	plain := s.env
	formats := []string{"text", "json", "jsonl", "sarif", "gitlab", "csv", "junit", "ocsf", "markdown", "html", "github"}
	ran := 0
	try := func(what, stdin string, args ...string) {
		t.Helper()
		r := s.skant(stdin, append(args, at...)...)
		h.check(t, s, what, r)
		if r.code == exitUsage || len(r.out)+len(r.errors) == 0 {
			t.Errorf("%s: status %d\n%s", what, r.code, r.errors)
		}
		ran++
	}
	for _, asking := range []string{"--verify", "--verify-dry-run"} {
		for _, command := range [][]string{{"scan", "."}, {"staged"}, {"diff", "HEAD~1..HEAD"}, {"history"}, {"ci", "--event", "history"}} {
			args := append(append([]string{}, command...), asking, "--no-progress")
			for _, format := range formats[1:] {
				args = append(args, "-o", format+"="+filepath.Join(s.tmp, command[0]+"."+format))
			}
			try(command[0]+" "+asking, "", append(args, "-o", "text")...)
		}
		more := []string{}
		if asking == "--verify-dry-run" {
			more = append(more, asking)
		}
		for _, format := range append(formats, "") {
			args := append([]string{"verify"}, more...)
			if format != "" {
				args = append(args, "-o", format)
			}
			try("verify "+format+" "+asking, "ANTHROPIC_API_KEY="+known[0]+"\nGITHUB_TOKEN="+known[1]+"\n", args...)
		}
		try("a saved report "+asking, "", append([]string{"verify", "--report", filepath.Join(s.tmp, "scan.json"), ".", "-o", "text"}, more...)...)
		for kind, vars := range env {
			s.env = append(plain[:len(plain):len(plain)], vars...)
			name := kind
			if kind == "bearer" {
				name = "bedrock"
			}
			try("diagnose "+kind+" "+asking, "", append([]string{"verify", "--diagnose", name}, more...)...)
		}
		s.env = plain
	}
	try("mcp", talk(known), "mcp", "--verify")
	server.mu.Lock()
	defer server.mu.Unlock()
	t.Logf("%d runs, %d requests", ran, server.asked)
	if server.asked < 20 {
		t.Errorf("%d requests", server.asked)
	}
}

// readWork reads a file of the work folder.
func readWork(t testing.TB, s *stage, name string) string {
	t.Helper()
	return string(readAll(t, filepath.Join(s.work, name)))
}
