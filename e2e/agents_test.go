//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const (
	// goSDKVersion is that of the protocol's own library for Go, of which an example client is run.
	goSDKVersion = "v1.8.0"
	// nodeSDKVersion is that of the protocol's own library for Node.
	nodeSDKVersion = "1.20.0"
)

// agentHook runs the command that the settings of an agent hold, as agents do: in a shell, with an event on standard input.
func agentHook(t *testing.T, r *workRepo, settings, event string) (code int, stdout, stderr string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(r.dir, settings))
	if err != nil {
		t.Fatal(err)
	}
	command := firstCommand(t, data)
	cmd := exec.Command("sh", "-c", command)
	cmd.Dir = r.dir
	cmd.Env = append(without(r.env, "PATH"), "PATH="+filepath.Dir(skant)+":"+os.Getenv("PATH"))
	cmd.Stdin = strings.NewReader(event)
	var out, said strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), said.String()
}

// firstCommand is the first command anywhere in settings.
func firstCommand(t *testing.T, data []byte) string {
	t.Helper()
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	var find func(v any) string
	find = func(v any) string {
		switch v := v.(type) {
		case []any:
			for _, inner := range v {
				if s := find(inner); s != "" {
					return s
				}
			}
		case map[string]any:
			if s, ok := v["command"].(string); ok {
				return s
			}
			for _, inner := range v {
				if s := find(inner); s != "" {
					return s
				}
			}
		}
		return ""
	}
	return find(v)
}

func TestAgentHooks(t *testing.T) {
	secret := newSecret(t)
	for name, c := range map[string]struct{ settings, event, blocked string }{
		"claude-code": {".claude/settings.json", `{"hook_event_name":"PreToolUse","tool_name":"Bash","tool_input":{"command":"echo %s"}}`, `"permissionDecision":"deny"`},
		"codex":       {".codex/hooks.json", `{"hook_event_name":"UserPromptSubmit","prompt":"use %s"}`, `"decision":"block"`},
		"gemini-cli":  {".gemini/settings.json", `{"hook_event_name":"BeforeTool","tool_name":"write_file","tool_input":{"file_path":"a","content":"%s"}}`, `"decision":"deny"`},
		"cursor":      {".cursor/hooks.json", `{"hook_event_name":"beforeSubmitPrompt","prompt":"%s"}`, `"continue":false`},
		"copilot":     {".github/hooks/skant.json", `{"hook_event_name":"PreToolUse","tool_name":"Write","tool_input":{"path":"a","file_text":"%s"}}`, `"permissionDecision":"deny"`},
		"windsurf":    {".windsurf/hooks.json", `{"agent_action_name":"pre_write_code","tool_info":{"file_path":"a","edits":[{"old_string":"","new_string":"%s"}]}}`, ``},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRepo(t)
			r.env = append(without(r.env, "PATH"), "PATH="+filepath.Dir(skant)+":"+os.Getenv("PATH"))
			r.must(skant, "hooks", "install", name)
			if out := r.must(skant, "hooks", "status", name); !strings.Contains(out, "a made-up secret was stopped") {
				t.Errorf("status says %s", out)
			}
			code, out, said := agentHook(t, r, c.settings, fmt.Sprintf(c.event, secret))
			if want := map[bool]int{true: 2, false: 0}[c.blocked == ""]; code != want || !strings.Contains(out, c.blocked) {
				t.Errorf("with a secret: %d\n%s%s", code, out, said)
			}
			if strings.Contains(out+said, secret[20:40]) {
				t.Error("the answer holds the secret")
			}
			if code, out, said := agentHook(t, r, c.settings, fmt.Sprintf(c.event, "nothing")); code != 0 || said != "" || strings.Contains(out, "deny") {
				t.Errorf("without a secret: %d\n%s%s", code, out, said)
			}
			r.must(skant, "hooks", "uninstall", name)
			if out := strings.TrimSpace(r.must("ls", "-A")); out != ".git" {
				t.Errorf("left behind: %s", out)
			}
		})
	}
}

// TestMCPWithGoSDK has the example client of the protocol's own library talk to the program.
func TestMCPWithGoSDK(t *testing.T) {
	bin := t.TempDir()
	fetch := exec.Command("go", "install", "github.com/modelcontextprotocol/go-sdk/examples/client/listfeatures@"+goSDKVersion)
	fetch.Env = append(os.Environ(), "GOBIN="+bin, "GOFLAGS=")
	fetch.Dir = bin
	if out, err := fetch.CombinedOutput(); err != nil {
		missing(t, "go install listfeatures: "+err.Error()+"\n"+string(out))
	}
	r := newRepo(t)
	if out := r.must(filepath.Join(bin, "listfeatures"), skant, "mcp"); strings.Join(strings.Fields(out), " ") != "tools: scan explain rules" {
		t.Errorf("the client lists %q", out)
	}
}

// client is a program for Node that talks to a server on its standard input and output, and prints what it is told.
const client = `
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
const [command, root, secret] = process.argv.slice(2);
const client = new Client({ name: "e2e", version: "1" });
await client.connect(new StdioClientTransport({ command, args: ["mcp", "--root", root] }));
const said = {};
said.tools = (await client.listTools()).tools.map((t) => t.name);
said.text = await client.callTool({ name: "scan", arguments: { text: "key = '" + secret + "'" } });
said.folder = await client.callTool({ name: "scan", arguments: { path: "." } });
said.outside = await client.callTool({ name: "scan", arguments: { path: "../.." } });
said.explained = await client.callTool({ name: "explain", arguments: { path: "config", line: 1 } });
said.rule = await client.callTool({ name: "rules", arguments: { id: "anthropic-api-key" } });
said.pong = await client.ping();
try { await client.callTool({ name: "verify", arguments: {} }); } catch (e) { said.code = e.code; }
await client.close();
console.log(JSON.stringify(said));
`

func TestMCPWithNodeSDK(t *testing.T) {
	npm := require(t, "npm", "install npm, which fetches the library for Node "+nodeSDKVersion)
	node := require(t, "node", "install node")
	folder := t.TempDir()
	fetch := exec.Command(npm, "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", folder, "@modelcontextprotocol/sdk@"+nodeSDKVersion)
	if out, err := fetch.CombinedOutput(); err != nil {
		missing(t, fmt.Sprintf("npm install @modelcontextprotocol/sdk: %v\n%s", err, out))
	}
	if err := os.WriteFile(filepath.Join(folder, "client.mjs"), []byte(client), 0o600); err != nil {
		t.Fatal(err)
	}
	secret := newSecret(t)
	r := newRepo(t)
	r.write("config", "key = \""+secret+"\"\n")
	out := r.must(node, filepath.Join(folder, "client.mjs"), skant, r.dir, secret)
	if strings.Contains(out, secret[20:40]) {
		t.Fatal("an answer holds the secret")
	}
	type answer struct {
		IsError           bool
		StructuredContent struct {
			Complete bool
			Found    int
			Tried    int
			Text     string
		}
	}
	var said struct {
		Tools                                  []string
		Text, Folder, Outside, Explained, Rule answer
		Code                                   int
	}
	if err := json.Unmarshal([]byte(out), &said); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if got := strings.Join(said.Tools, " "); got != "scan explain rules" {
		t.Errorf("tools %s", got)
	}
	if s := said.Text.StructuredContent; s.Found != 1 || !s.Complete {
		t.Errorf("a text with a secret: %+v", said.Text)
	}
	if s := said.Folder.StructuredContent; s.Found != 1 || !s.Complete {
		t.Errorf("a folder with a secret: %+v", said.Folder)
	}
	if !said.Outside.IsError || said.Code != -32602 || said.Explained.StructuredContent.Tried == 0 || !strings.Contains(said.Rule.StructuredContent.Text, "When it leaked") {
		t.Errorf("said %s", out)
	}
}
