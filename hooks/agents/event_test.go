package agents

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// newSecret makes a value that no other test has.
func newSecret(t testing.TB, seed string) string {
	t.Helper()
	s, err := rules.Expand(`<<anthropic "sk-ant-api03-">>`, t.Name()+seed)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func newScanner(t testing.TB) *scanner.Scanner {
	t.Helper()
	s, err := scanner.New(rules.Builtin(), scanner.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func asJSON(t testing.TB, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// look reads an event and searches it.
func look(t testing.TB, s *scanner.Scanner, agent, folder, event string) (*Event, []Found, *scanner.Result) {
	t.Helper()
	a, ok := Find(agent)
	if !ok {
		t.Fatalf("no agent %s", agent)
	}
	e, err := a.Read(strings.NewReader(event), func(string) string { return folder })
	if err != nil {
		t.Fatal(err)
	}
	res, err := s.Scan(context.Background(), e, nil)
	if err != nil {
		t.Fatal(err)
	}
	return e, e.Found(res.Findings), res
}

// fields are where something was found.
func fields(found []Found) []string {
	var out []string
	for _, f := range found {
		out = append(out, f.Text.Field)
	}
	return out
}

func write(t testing.TB, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// here is a project of one folder.
func here(string) string { return "." }

type dict = map[string]any

// pre is an event of Claude Code before a tool runs.
func pre(tool string, input dict) dict {
	return dict{"session_id": "s", "hook_event_name": "PreToolUse", "tool_name": tool, "tool_input": input}
}

func TestWhatIsFoundInEvents(t *testing.T) {
	s, dir := newScanner(t), t.TempDir()
	key, other := newSecret(t, "1"), newSecret(t, "2")
	at := func(name string) string { return filepath.Join(dir, name) }
	write(t, at("env"), "A=1\nKEY="+key+"\nB=2\n")
	write(t, at("clean"), "password: x\n")
	write(t, filepath.Join(t.TempDir(), "outside"), key)
	made := func(template string) string {
		s, err := rules.Expand(template, t.Name())
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	write(t, at("weak"), "x = \""+made("<<alnum 20>>")+"\"\n")
	write(t, at("id"), "aws_access_key_id = "+made("AKIA<<b32 16>>")+"\nsecret = none\n")
	for name, c := range map[string]struct {
		agent string
		event dict
		want  []string
	}{
		"write":               {"claude-code", pre("Write", dict{"file_path": at("new"), "content": "k='" + key + "'"}), []string{"tool_input.content"}},
		"write what is there": {"claude-code", pre("Write", dict{"file_path": at("env"), "content": "KEY=" + key + "\n# moved\n"}), nil},
		"write it twice": {"claude-code", pre("Write", dict{"file_path": at("env"), "content": "KEY=" + key + "\nK2=" + key}),
			[]string{"tool_input.content"}},
		"write another": {"claude-code", pre("Write", dict{"file_path": at("env"), "content": "KEY=" + key + "\nK2=" + other}),
			[]string{"tool_input.content"}},
		"relative path":       {"claude-code", pre("Write", dict{"file_path": "env", "content": "KEY=" + key}), nil},
		"edit adds":           {"claude-code", pre("Edit", dict{"file_path": at("env"), "old_string": "A=1", "new_string": "A=" + other}), []string{"tool_input.new_string"}},
		"edit removes":        {"claude-code", pre("Edit", dict{"file_path": at("env"), "old_string": "KEY=" + key, "new_string": "KEY=$KEY"}), nil},
		"edit renames":        {"claude-code", pre("Edit", dict{"file_path": at("env"), "old_string": "KEY=" + key, "new_string": "API_KEY = \"" + key + "\""}), nil},
		"edit copies":         {"claude-code", pre("Edit", dict{"file_path": at("env"), "old_string": "B=2", "new_string": "B=" + key}), []string{"tool_input.new_string"}},
		"edit, no file":       {"claude-code", pre("Edit", dict{"file_path": at("gone"), "old_string": key, "new_string": "x" + other}), []string{"tool_input.new_string"}},
		"edit, no file, same": {"claude-code", pre("Edit", dict{"file_path": at("gone"), "old_string": "a " + key, "new_string": "b " + key}), []string{"tool_input.new_string"}},
		"edit outside, same":  {"claude-code", pre("Edit", dict{"file_path": at("../outside"), "old_string": "a " + key, "new_string": "b " + key}), nil},
		"edit that lies":      {"claude-code", pre("Edit", dict{"file_path": at("clean"), "old_string": "a " + key, "new_string": "b " + key}), []string{"tool_input.new_string"}},
		"edit of white space": {"claude-code", pre("Edit", dict{"file_path": at("env"), "old_string": "  KEY=" + key, "new_string": "K=" + key}), nil},
		"two new texts":       {"claude-code", pre("Edit", dict{"file_path": at("clean"), "old_string": "x", "new_string": "y", "new_str": key}), []string{"tool_input.new_str"}},
		"two paths": {"copilot", dict{"hook_event_name": "PreToolUse", "tool_name": "create", "tool_input": dict{"file_path": at("env"), "path": at("new"), "file_text": key}},
			[]string{"tool_input.file_text"}},
		"two paths of an edit": {"claude-code", pre("Edit", dict{"file_path": at("env"), "path": at("new"), "old_string": "KEY=" + key, "new_string": key}),
			[]string{"tool_input.new_string", "tool_input.old_string"}},
		"a writer shows": {"copilot", dict{"hook_event_name": "PreToolUse", "tool_name": "str_replace_editor", "tool_input": dict{"command": "view", "path": at("env")}},
			[]string{"tool_input (the file that would be read)"}},
		"a writer showed": {"copilot", dict{"hook_event_name": "PostToolUse", "tool_name": "str_replace_editor", "tool_input": dict{"command": "view", "path": at("env")},
			"tool_result": dict{"text_result_for_llm": key}}, []string{"tool_result.text_result_for_llm"}},
		"edit names it": {"claude-code", pre("Edit", dict{"file_path": at("weak"), "old_string": "x = ", "new_string": "db_password = "}), nil},
		"edit adds to an id": {"claude-code", pre("Edit", dict{"file_path": at("id"), "old_string": "secret = none", "new_string": "aws_secret_access_key = " + made("<<b64 40>>")}),
			[]string{"tool_input.new_string"}},
		"edit that does not fit": {"claude-code", pre("Edit", dict{"file_path": at("env"), "old_string": "A=1\r\n", "new_string": "A=" + other}), []string{"tool_input.new_string"}},
		"edit of nothing":        {"claude-code", pre("Edit", dict{"file_path": at("env"), "old_string": "", "new_string": "A=" + other}), []string{"tool_input.new_string"}},
		"several edits": {"claude-code", pre("MultiEdit", dict{"file_path": at("env"), "edits": []dict{
			{"old_string": "A=1", "new_string": "A=3"}, {"old_string": "B=2", "new_string": other}}}), []string{"tool_input.edits"}},
		"a value completed by an edit": {"claude-code", pre("Edit", dict{"file_path": at("clean"), "old_string": ": x", "new_string": ": " + made("<<alnum 20>>")}), []string{"tool_input.new_string"}},
		"notebook":                     {"claude-code", pre("NotebookEdit", dict{"notebook_path": at("n.ipynb"), "new_source": "k = '" + key + "'"}), []string{"tool_input.new_source"}},
		"command":                      {"claude-code", pre("Bash", dict{"command": "curl -H 'x-api-key: " + key + "' https://x", "description": "d"}), []string{"tool_input.command"}},
		"address":                      {"claude-code", pre("WebFetch", dict{"url": "https://x/?k=" + key, "prompt": "p"}), []string{"tool_input.url"}},
		"deep in another":              {"claude-code", pre("mcp__x__y", dict{"a": []any{dict{"b": []any{1, nil, key}}}}), []string{"tool_input.a[0].b[2]"}},
		"a key of another":             {"claude-code", pre("mcp__x__y", dict{key: 1}), []string{"tool_input (a key)"}},
		"two fields of another": {"claude-code", pre("mcp__x__y", dict{"aws_access_key_id": made("AKIA<<b32 16>>"), "aws_secret_access_key": made("<<b64 40>>")}),
			[]string{"tool_input.aws_access_key_id", "tool_input"}},
		"another tool with a path":   {"claude-code", pre("mcp__x__send", dict{"path": at("env"), "content": key}), []string{"tool_input.content"}},
		"another tool with an edit":  {"claude-code", pre("mcp__x__send", dict{"old_string": key, "new_string": key}), []string{"tool_input.new_string", "tool_input.old_string"}},
		"a patch for another tool":   {"claude-code", pre("Bash", dict{"command": "x <<E\n*** Begin Patch\n*** Update File: env\n-" + key + "\nE"}), []string{"tool_input.command"}},
		"read":                       {"claude-code", pre("Read", dict{"file_path": at("env")}), []string{"tool_input (the file that would be read)"}},
		"read around it":             {"claude-code", pre("Read", dict{"file_path": at("env"), "offset": 3, "limit": 5}), nil},
		"read from it":               {"claude-code", pre("Read", dict{"file_path": at("env"), "offset": 2}), []string{"tool_input (the file that would be read)"}},
		"read outside":               {"claude-code", pre("Read", dict{"file_path": at("../outside")}), nil},
		"read a folder":              {"claude-code", pre("Read", dict{"file_path": dir}), nil},
		"grep":                       {"claude-code", pre("Grep", dict{"pattern": key}), []string{"tool_input.pattern"}},
		"nothing":                    {"claude-code", pre("Bash", dict{"command": "ls"}), nil},
		"a placeholder":              {"claude-code", pre("Write", dict{"file_path": at("new"), "content": "ANTHROPIC_API_KEY=sk-ant-api03-..."}), nil},
		"a comment that allows":      {"claude-code", pre("Write", dict{"file_path": at("new"), "content": key + " # skant:allow anthropic-api-key it is mine"}), []string{"tool_input.content"}},
		"the envelope is not looked": {"claude-code", dict{"hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_input": dict{}, "session_id": key}, nil},
		"a new key of the event":     {"claude-code", dict{"hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_input": dict{}, "extra": dict{"x": key}}, []string{"extra.x"}},
		"output":                     {"claude-code", dict{"hook_event_name": "PostToolUse", "tool_name": "Bash", "tool_input": dict{"command": key}, "tool_response": dict{"stdout": key}}, []string{"tool_response.stdout"}},
		"output of a writer":         {"claude-code", dict{"hook_event_name": "PostToolUse", "tool_name": "Edit", "tool_response": dict{"originalFile": key}}, nil},
		"output of another":          {"claude-code", dict{"hook_event_name": "PostToolUse", "tool_name": "mcp__a__b", "tool_response": []any{dict{"type": "text", "text": key}}}, []string{"tool_response[0].text"}},
		"prompt":                     {"claude-code", dict{"hook_event_name": "UserPromptSubmit", "prompt": "use " + key}, []string{"prompt"}},
		"prompt of JSON":             {"claude-code", dict{"hook_event_name": "UserPromptSubmit", "prompt": `{"a": "` + key + `", "a": "x"}`}, []string{"prompt"}},

		"codex patch adds": {"codex", dict{"hook_event_name": "PreToolUse", "tool_name": "apply_patch", "tool_input": dict{
			"command": "*** Begin Patch\n*** Update File: env\n@@\n-A=1\n+A=" + key + "\n*** End Patch"}}, []string{"tool_input.command"}},
		"codex patch removes": {"codex", dict{"hook_event_name": "PreToolUse", "tool_name": "apply_patch", "tool_input": dict{
			"command": "*** Begin Patch\n*** Update File: env\n@@\n-KEY=" + key + "\n+KEY=$KEY\n*** End Patch"}}, nil},
		"codex patch, new file": {"codex", dict{"hook_event_name": "PreToolUse", "tool_name": "apply_patch", "tool_input": dict{
			"command": "*** Begin Patch\n*** Add File: a\n+x\n*** Add File: b\n+" + key + "\n*** End Patch"}}, []string{"tool_input.command"}},
		"codex patch lies": {"codex", dict{"hook_event_name": "PreToolUse", "tool_name": "apply_patch", "tool_input": dict{
			"command": "*** Begin Patch\n*** Update File: clean\n-K=" + key + "\n+L=" + key + "\n*** Add File: b\n-" + other + "\n+" + other + "\n*** End Patch"}},
			[]string{"tool_input.command", "tool_input.command"}},
		"codex patch, a name": {"codex", dict{"hook_event_name": "PreToolUse", "tool_name": "apply_patch", "tool_input": dict{
			"command": "*** Begin Patch\n*** Update File: env\n*** Move to: " + key + "\n*** End Patch"}}, []string{"tool_input.command"}},
		"gemini write":   {"gemini-cli", dict{"hook_event_name": "BeforeTool", "tool_name": "write_file", "tool_input": dict{"file_path": at("new"), "content": key}}, []string{"tool_input.content"}},
		"gemini replace": {"gemini-cli", dict{"hook_event_name": "BeforeTool", "tool_name": "replace", "tool_input": dict{"file_path": at("env"), "old_string": key, "new_string": "x"}}, nil},
		"gemini output":  {"gemini-cli", dict{"hook_event_name": "AfterTool", "tool_name": "run_shell_command", "tool_response": dict{"llmContent": "Output: " + key}}, []string{"tool_response.llmContent"}},
		"gemini prompt":  {"gemini-cli", dict{"hook_event_name": "BeforeAgent", "prompt": key}, []string{"prompt"}},
		"cursor shell":   {"cursor", dict{"hook_event_name": "beforeShellExecution", "command": "echo " + key, "cwd": dir}, []string{"command"}},
		"cursor tool":    {"cursor", dict{"hook_event_name": "beforeMCPExecution", "tool_name": "q", "tool_input": `{"q": "` + key + `"}`}, []string{"tool_input.q"}},
		"cursor, a key twice": {"cursor", dict{"hook_event_name": "beforeMCPExecution", "tool_name": "q", "tool_input": `{"q": "` + key + `", "q": 1}`},
			[]string{"tool_input"}},
		"cursor read":        {"cursor", dict{"hook_event_name": "beforeReadFile", "file_path": at("env"), "content": "KEY=" + key}, []string{"content"}},
		"cursor write":       {"cursor", dict{"hook_event_name": "preToolUse", "tool_name": "Write", "tool_input": dict{"file_path": at("new"), "contents": key}}, []string{"tool_input.contents"}},
		"cursor prompt":      {"cursor", dict{"hook_event_name": "beforeSubmitPrompt", "prompt": key, "attachments": []any{}}, []string{"prompt"}},
		"copilot create":     {"copilot", dict{"hook_event_name": "PreToolUse", "tool_name": "Write", "tool_input": dict{"path": at("new"), "file_text": key}}, []string{"tool_input.file_text"}},
		"copilot edit":       {"copilot", dict{"hook_event_name": "PreToolUse", "tool_name": "Edit", "tool_input": dict{"path": at("env"), "old_str": "A=1", "new_str": other}}, []string{"tool_input.new_str"}},
		"copilot output":     {"copilot", dict{"hook_event_name": "PostToolUse", "tool_name": "Bash", "tool_result": dict{"result_type": "success", "text_result_for_llm": key}}, []string{"tool_result.text_result_for_llm"}},
		"vs code":            {"copilot", dict{"hookEventName": "PreToolUse", "tool_name": "create_file", "tool_input": dict{"filePath": at("new"), "content": key}}, []string{"tool_input.content"}},
		"windsurf write":     {"windsurf", dict{"agent_action_name": "pre_write_code", "tool_info": dict{"file_path": at("env"), "edits": []dict{{"old_string": "B=2", "new_string": other}}}}, []string{"tool_info.edits"}},
		"windsurf takes out": {"windsurf", dict{"agent_action_name": "pre_write_code", "tool_info": dict{"file_path": at("env"), "edits": []dict{{"old_string": key, "new_string": ""}}}}, nil},
		"windsurf run":       {"windsurf", dict{"agent_action_name": "pre_run_command", "tool_info": dict{"command_line": key, "cwd": dir}}, []string{"tool_info.command_line"}},
		"windsurf read":      {"windsurf", dict{"agent_action_name": "pre_read_code", "tool_info": dict{"file_path": at("env")}}, []string{"tool_info (the file that would be read)"}},
		"windsurf tool":      {"windsurf", dict{"agent_action_name": "pre_mcp_tool_use", "tool_info": dict{"mcp_tool_name": "t", "mcp_tool_arguments": dict{"a": key}}}, []string{"tool_info.mcp_tool_arguments.a"}},
		"windsurf prompt":    {"windsurf", dict{"agent_action_name": "pre_user_prompt", "tool_info": dict{"user_prompt": key}}, []string{"tool_info.user_prompt"}},
		"kiro write":         {"kiro", dict{"hook_event_name": "preToolUse", "tool_name": "fs_write", "tool_input": dict{"command": "create", "path": at("new"), "file_text": key}}, []string{"tool_input.file_text"}},
		"kiro read":          {"kiro", dict{"hook_event_name": "preToolUse", "tool_name": "fs_read", "tool_input": dict{"operations": []dict{{"mode": "Line", "path": at("env")}}}}, []string{"tool_input (the file that would be read)"}},
		"kiro output":        {"kiro", dict{"hook_event_name": "postToolUse", "tool_name": "execute_bash", "tool_response": dict{"result": []any{key}}}, []string{"tool_response.result[0]"}},
	} {
		t.Run(name, func(t *testing.T) {
			e, found, _ := look(t, s, c.agent, dir, asJSON(t, c.event))
			if diff := cmp.Diff(c.want, fields(found)); diff != "" {
				t.Errorf("found (-want +got):\n%s", diff)
			}
			for _, answer := range []Answer{e.Pass(), e.Warn("why"), e.Block("why", e.Masked(nil, func(s string) string { return s }))} {
				if answer.Stdout != "" && !json.Valid([]byte(answer.Stdout)) {
					t.Errorf("answer %q", answer.Stdout)
				}
			}
		})
	}
}

func TestEventsThatAreNone(t *testing.T) {
	a := claude(t)
	key := newSecret(t, "")
	for name, text := range map[string]string{
		"empty": "", "cut": `{"hook_event_name": "PreToolUse"`, "no object": `["` + key + `"]`, "null": "null", "no name": `{"tool_name": "Bash"}`,
		"two": `{"hook_event_name": "PreToolUse"} {}`, "no JSON": key, "name is a number": `{"hook_event_name": 1}`,
	} {
		_, err := a.Read(strings.NewReader(text), here)
		var event *EventError
		if !errors.As(err, &event) || strings.Contains(err.Error(), key[20:40]) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := a.Read(strings.NewReader(`{"hook_event_name": "Stop"}`), here)
	var unknown *UnknownEventError
	if !errors.As(err, &unknown) || unknown.Event != "Stop" {
		t.Errorf("an event that is not looked at: %v", err)
	}
}

func TestFilesThatCannotBeLookedAt(t *testing.T) {
	s, dir := newScanner(t), t.TempDir()
	key := newSecret(t, "")
	secret := filepath.Join(t.TempDir(), "outside")
	write(t, secret, key)
	link(t, secret, filepath.Join(dir, "link"))
	if _, found, res := look(t, s, "claude-code", dir, asJSON(t, pre("Read", dict{"file_path": filepath.Join(dir, "link")}))); len(found) > 0 || res.Coverage.Files > 1 {
		t.Errorf("a link out of the project was followed: %v, %+v", fields(found), res.Coverage)
	}
	large := filepath.Join(dir, "large")
	write(t, large, "")
	if err := os.Truncate(large, MaxEvent+1); err != nil {
		t.Fatal(err)
	}
	_, _, res := look(t, s, "claude-code", dir, asJSON(t, pre("Read", dict{"file_path": large})))
	if res.Coverage.Complete || !strings.Contains(res.Coverage.Skipped[0].Reason, "64 MiB") {
		t.Errorf("coverage %+v", res.Coverage)
	}
}

func TestWhichProject(t *testing.T) {
	dir := t.TempDir()
	a := claude(t)
	top := func(folder string) string { return "top of " + folder }
	for event, want := range map[string]string{
		`{"hook_event_name": "PreToolUse"}`:                                                            "top of ",
		asJSON(t, dict{"hook_event_name": "PreToolUse", "cwd": dir}):                                   "top of " + dir,
		asJSON(t, dict{"hook_event_name": "PreToolUse", "cwd": "relative"}):                            "top of ",
		asJSON(t, dict{"hook_event_name": "PreToolUse", "cwd": dir + "/missing"}):                      "top of ",
		asJSON(t, dict{"hook_event_name": "PreToolUse", "cwd": "/", "workspace_roots": []any{1, dir}}): "top of " + dir,
	} {
		e, err := a.Read(strings.NewReader(event), top)
		if err != nil || e.Folder() != want {
			t.Errorf("%s: %q, %v", event, e.Folder(), err)
		}
	}
	// What a reading tool gave back is named as its file, so that what the user says about that file counts.
	e, _, res := look(t, newScanner(t), "claude-code", dir, asJSON(t, dict{"hook_event_name": "PostToolUse", "tool_name": "Read",
		"tool_input": dict{"file_path": filepath.Join(dir, "sub", "a")}, "tool_response": dict{"file": dict{"content": newSecret(t, "")}}}))
	if len(res.Findings) != 1 || res.Findings[0].Location.Path != "sub/a" {
		t.Errorf("findings %+v of %+v", res.Findings, e.Texts)
	}
}

func TestWhoMayAllow(t *testing.T) {
	s, err := scanner.New(rules.Builtin(), scanner.Options{Allow: func(line, _ []byte, _ string) *scanner.Suppression {
		if strings.Contains(string(line), "skant:allow") {
			return &scanner.Suppression{By: scanner.ByInline}
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	text := newSecret(t, "") + " # skant:allow anthropic-api-key mine"
	write(t, filepath.Join(dir, "have"), text)
	for name, c := range map[string]struct {
		event dict
		want  int
	}{
		"an agent that writes": {pre("Write", dict{"file_path": "new", "content": text}), 1},
		"an agent that runs":   {pre("Bash", dict{"command": text}), 1},
		"a file that is read":  {pre("Read", dict{"file_path": "have"}), 0},
		"the user":             {dict{"hook_event_name": "UserPromptSubmit", "prompt": text}, 0},
		"what was read":        {dict{"hook_event_name": "PostToolUse", "tool_name": "Bash", "tool_response": dict{"stdout": text}}, 0},
	} {
		if _, found, _ := look(t, s, "claude-code", dir, asJSON(t, c.event)); len(found) != c.want {
			t.Errorf("%s: found %v", name, fields(found))
		}
	}
}

func TestMasked(t *testing.T) {
	s := newScanner(t)
	key, other := newSecret(t, "1"), newSecret(t, "2")
	encoded, err := rules.Expand(`<<base64 (anthropic "sk-ant-api03-")>>`, t.Name())
	if err != nil {
		t.Fatal(err)
	}
	e, found, res := look(t, s, "claude-code", t.TempDir(), asJSON(t, dict{"hook_event_name": "PostToolUse", "tool_name": "Bash", "tool_response": dict{
		"stdout": "ü one " + key + " two " + other + "\nthree\n  anthropic: " + encoded + "\n", "n": 1.50, "list": []any{true, nil, key}}}))
	if len(found) != 4 {
		t.Fatalf("found %v", fields(found))
	}
	answer := e.Block("why", e.Masked(res.Findings, s.Scrub))
	for _, secret := range []string{key, other, encoded} {
		for i := 20; i+12 < len(secret)-4; i++ {
			if strings.Contains(answer.Stdout, secret[i:i+12]) {
				t.Fatalf("a piece of a secret is in %s", answer.Stdout)
			}
		}
	}
	for _, want := range []string{`ü one sk-ant-api03-`, ` two `, `\nthree\n`, `"n":1.5`, `[true,null,"sk-ant-api03-`} {
		if !strings.Contains(answer.Stdout, want) {
			t.Errorf("%s lacks %s", answer.Stdout, want)
		}
	}
}

func FuzzEvent(f *testing.F) {
	for i, event := range []dict{
		pre("Write", dict{"file_path": "a", "content": "x"}), pre("Edit", dict{"file_path": "a", "old_string": "x", "new_string": "y"}),
		pre("Read", dict{"file_path": "a", "offset": 1, "limit": -1}), pre("mcp__a", dict{"a": []any{dict{"b": "c"}}}),
		{"hook_event_name": "PostToolUse", "tool_name": "Bash", "tool_response": dict{"stdout": "x"}},
		{"hook_event_name": "BeforeTool", "tool_name": "replace", "tool_input": dict{"path": "a", "old_string": "", "new_string": "y"}},
		{"hook_event_name": "beforeMCPExecution", "tool_input": `{"a": {"b": 1}}`},
		{"agent_action_name": "pre_write_code", "tool_info": dict{"file_path": "a", "edits": []dict{{"old_string": "x", "new_string": "y"}}}},
		{"hook_event_name": "PreToolUse", "tool_name": "apply_patch", "tool_input": dict{"command": "*** Begin Patch\n*** Add File: a\n+b\n"}},
	} {
		f.Add([]byte(asJSON(f, event)), i)
	}
	s := newScanner(f)
	all := All()
	key := newSecret(f, "")
	dir := f.TempDir()
	write(f, filepath.Join(dir, "a"), "x\n")
	f.Fuzz(func(t *testing.T, data []byte, which int) {
		a := all[uint(which)%uint(len(all))]
		e, err := a.Read(strings.NewReader(string(data)), func(string) string { return dir })
		if err != nil {
			return
		}
		res, err := s.Scan(context.Background(), e, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, answer := range []Answer{e.Pass(), e.Block("why", e.Masked(res.Findings, s.Scrub)), e.Warn("why")} {
			if answer.Stdout != "" && !json.Valid([]byte(answer.Stdout)) {
				t.Errorf("answer %q", answer.Stdout)
			}
		}
		// A secret put into any string before the tool runs must be found, but in the envelope and in what an edit takes away.
		var v dict
		if e.Hook.Phase != Before || json.Unmarshal(data, &v) != nil {
			return
		}
		v["zz_extra"] = []any{dict{"deep": "x " + key}}
		if _, found, _ := look(t, s, a.Name, dir, asJSON(t, v)); len(found) == 0 {
			t.Errorf("a secret beside %s is not found", data)
		}
	})
}
