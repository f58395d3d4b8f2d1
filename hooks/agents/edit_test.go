package agents

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func claude(t testing.TB) *Agent {
	t.Helper()
	a, ok := Find("claude-code")
	if !ok {
		t.Fatal("there is no row for claude-code")
	}
	return &a
}

// settingsSeeds are files as people have them.
var settingsSeeds = []string{
	"{}", "{ }", "{\n}\n", "\xef\xbb\xbf{}", "{}\r\n", "{ // nothing yet\n}", "{ /* a */ }",
	`{"model":"opus"}`,
	`{"model": "opus", "permissions": {"allow": ["Bash(ls)"]}}`,
	"{\n  \"model\": \"opus\"\n}\n", "{\n\t\"model\": \"opus\",\n\t\"hooks\": {}\n}", "{\r\n    \"model\": \"opus\"\r\n}\r\n",
	"{\n  \"model\": \"opus\", // why\n}\n", "{\n  // first\n  \"a\": [1, 2,], /* x */\n  \"hooks\": { \n  },\n}\n",
	"{\"hooks\":{}}", "{\"hooks\": { }}", "{\"hooks\":{\"PreToolUse\":[]}}", "{\"hooks\":{\"PreToolUse\":[ ]}}", "{\"hooks\":{\"PreToolUse\":[\n]}}",
	"{\n  \"hooks\": {\n    \"PreToolUse\": [\n      {\"matcher\": \"Bash\", \"hooks\": [{\"type\": \"command\", \"command\": \"lint\"}]}\n    ]\n  }\n}\n",
	"{\n  \"hooks\": {\n    \"Stop\": [{\"hooks\": []}], // c\n    \"PostToolUse\": [1 /* one */ , // two\n ],\n  } /* end */, \"z\": null }",
	`{"hooks":{"PreToolUse":[{"hooks":[{"type":"command","command":"lint","timeout":1e3}]}],"UserPromptSubmit":[]},"x":"\ud83d\ude00"}`,
}

func TestInstallAndUninstallLeaveTheBytes(t *testing.T) {
	for _, a := range All() {
		if len(a.Settings) == 0 {
			continue
		}
		command := a.Command("/opt/it's a folder/skant")
		for _, seed := range settingsSeeds {
			added, err := a.addTo([]byte(seed), command)
			if err != nil {
				t.Errorf("%s, %q: %v", a.Name, seed, err)
				continue
			}
			checkAdded(t, &a, []byte(seed), added, command)
		}
		if state, _, err := a.state(a.fresh(command), command); state != Installed || err != nil || !json.Valid(a.fresh(command)) {
			t.Errorf("%s: a fresh file is %s, %v:\n%s", a.Name, state, err, a.fresh(command))
		}
	}
}

// checkAdded holds all that is promised of settings before and after an installation.
func checkAdded(t testing.TB, a *Agent, before, after []byte, command string) {
	t.Helper()
	if state, have, err := a.state(after, command); state != Installed || have != command || err != nil {
		t.Errorf("%s, %q: state %s, command %q, %v", a.Name, after, state, have, err)
	}
	again, err := a.addTo(after, command)
	if err != nil || !bytes.Equal(again, after) {
		t.Errorf("%s: a second installation changes %q to %q, %v", a.Name, after, again, err)
	}
	removed, err := a.removeFrom(after)
	if err != nil || !bytes.Equal(removed, before) {
		t.Errorf("%s: %q\nbecame %q\nand then %q, %v", a.Name, before, after, removed, err)
	}
	if diff := cmp.Diff(meaning(t, before, a, false), meaning(t, after, a, true)); diff != "" {
		t.Errorf("%s: other keys mean something else (-before +after):\n%s", a.Name, diff)
	}
	renewed, err := a.addTo(after, a.Command("/elsewhere/skant"))
	if err != nil {
		t.Fatal(err)
	}
	if removed, err := a.removeFrom(renewed); err != nil || !bytes.Equal(removed, before) {
		t.Errorf("%s: renewed and removed, %q is %q, %v", a.Name, before, removed, err)
	}
}

// meaning is what settings say; with cut without what is ours, and without what is then empty.
func meaning(t testing.TB, data []byte, a *Agent, cut bool) any {
	t.Helper()
	root, err := parseSettings(data)
	if err != nil {
		t.Fatal(err)
	}
	var walk func(n *node) any
	walk = func(n *node) any {
		switch n.kind {
		case '{':
			out := map[string]any{}
			for i := range n.items {
				out[n.items[i].key] = walk(&n.items[i].val)
			}
			return out
		case '[':
			out := []any{}
			for i := range n.items {
				if _, _, own := a.own(data, &n.items[i].val); !cut || !own {
					out = append(out, walk(&n.items[i].val))
				}
			}
			return out
		}
		return string(data[n.lo:n.hi])
	}
	out := walk(&root).(map[string]any)
	if hooks, ok := out["hooks"].(map[string]any); ok {
		for _, h := range a.Hooks {
			if list, ok := hooks[h.Event].([]any); ok && len(list) == 0 {
				delete(hooks, h.Event)
			}
		}
		if len(hooks) == 0 {
			delete(out, "hooks")
		}
	}
	return out
}

func TestInstalledSettingsReadWell(t *testing.T) {
	a := claude(t)
	got, err := a.addTo([]byte("{\n    \"model\": \"opus\",\n    \"hooks\": {\n        \"PreToolUse\": [\n            {\"hooks\": []}\n        ]\n    }\n}\n"), a.Command(""))
	if err != nil {
		t.Fatal(err)
	}
	want := `{
    "model": "opus",
    "hooks": {
        "PreToolUse": [
            {"hooks": []},
            {"hooks": [{"type": "command", "command": "skant hooks run claude-code", "timeout": 30}]}
        ],
        "PostToolUse": [
            {"hooks": [{"type": "command", "command": "skant hooks run claude-code", "timeout": 30}]}
        ],
        "UserPromptSubmit": [
            {"hooks": [{"type": "command", "command": "skant hooks run claude-code", "timeout": 30}]}
        ]
    }
}
`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
}

func TestRemovalAfterOthersHaveWritten(t *testing.T) {
	a := claude(t)
	entry := a.entry(&a.Hooks[0], a.Command(""))
	for name, c := range map[string]struct{ have, want string }{
		"theirs after ours":    {`{"hooks": {"PreToolUse": [ ` + entry + `, 1 ]}}`, `{"hooks": {"PreToolUse": [ 1 ]}}`},
		"ours between":         {`{"hooks": {"PreToolUse": [1,` + entry + `,2]}}`, `{"hooks": {"PreToolUse": [1,2]}}`},
		"ours twice":           {`{"hooks": {"PreToolUse": [` + entry + `,` + entry + `,2]}}`, `{"hooks": {"PreToolUse": [2]}}`},
		"a comment of theirs":  {"{\"hooks\": {\"PreToolUse\": [1, // one\n " + entry + "]}}", "{\"hooks\": {\"PreToolUse\": [1 // one\n ]}}"},
		"a comment after ours": {"{\"hooks\": {\"PreToolUse\": [" + entry + " /* x */, 1]}}", "{\"hooks\": {\"PreToolUse\": [ /* x */ 1]}}"},
		"ours in another event": {`{"hooks": {"Stop": [` + entry + `, 1]}}`,
			`{"hooks": {"Stop": [1]}}`},
		"a key beside ours": {"{ \"hooks\": { \"PreToolUse\": [ " + entry + " ] }, \"z\": 1 }", "{ \"z\": 1 }"},
		"another agent's":   {`{"hooks": {"PreToolUse": [{"hooks": [{"command": "skant hooks run codex"}]}]}}`, ``},
		"by hand":           {`{"hooks": {"PreToolUse": [{"hooks": [{"command": "cd x && skant hooks run claude-code"}]}]}}`, ``},
		"in their own group": {
			`{"hooks": {"PreToolUse": [{"hooks": [{"command": "lint"}, {"command": "skant hooks run claude-code"}]}]}}`, ``},
	} {
		t.Run(name, func(t *testing.T) {
			if c.want == "" {
				c.want = c.have
			}
			got, err := a.removeFrom([]byte(c.have))
			if err != nil || string(got) != c.want {
				t.Errorf("%s\ngot  %s\nwant %s\n%v", c.have, got, c.want, err)
			}
		})
	}
	state, _, err := a.state([]byte(`{"hooks": {"PreToolUse": [{"hooks": [{"command": "cd x && skant hooks run claude-code"}]}]}}`), "")
	if state != Manual || err != nil {
		t.Errorf("state %s, %v", state, err)
	}
}

func TestMalformedSettings(t *testing.T) {
	a := claude(t)
	for name, text := range map[string]string{
		"empty": "", "white": " \n", "no object": "[]", "cut": `{"a": 1`, "two": "{} {}", "single quotes": `{'a': 1}`, "no colon": `{"a" 1}`,
		"bare word": `{"a": yes}`, "comma first": `{,}`, "two commas": `{"a":1,,}`, "comment without end": `{} /*`, "escape": `{"\x": 1}`,
		"control": "{\"a\": \"\n\"}", "hooks is a list": `{"hooks": []}`, "event is an object": `{"hooks": {"PreToolUse": {}}}`,
		"hooks twice": `{"hooks": {}, "hooks": {}}`, "event twice": `{"hooks": {"PreToolUse": [], "PreToolUse": []}}`,
		"deep": `{"a":` + strings.Repeat("[", 500) + strings.Repeat("]", 500) + "}", "latin1": "{\"a\": \"\xe9\"}", "number": `{"a": 01}`,
	} {
		if got, err := a.addTo([]byte(text), a.Command("")); err == nil {
			t.Errorf("%s: became %q", name, got)
		}
	}
}

func TestCommands(t *testing.T) {
	a := claude(t)
	for _, program := range []string{"skant", "/usr/bin/skant", "/it's/a b/skant", "/ünï/skant", "C:/x/skant.exe"} {
		command := a.Command(program)
		if got, ok := a.Program(command); !ok || got != program {
			t.Errorf("%q is read as %q, %v", command, got, ok)
		}
	}
	for _, command := range []string{"", "skant hooks run codex", " hooks run claude-code", "a b hooks run claude-code", "skant hooks run claude-code || true",
		"'x'$(y) hooks run claude-code", "'x hooks run claude-code", "rm -rf x; skant hooks run claude-code"} {
		if got, ok := a.Program(command); ok {
			t.Errorf("%q is taken for ours: %q", command, got)
		}
	}
}

func FuzzSettings(f *testing.F) {
	for i, seed := range settingsSeeds {
		f.Add([]byte(seed), i)
	}
	all := All()
	f.Fuzz(func(t *testing.T, data []byte, which int) {
		a := &all[uint(which)%uint(len(all))]
		if len(a.Settings) == 0 {
			return
		}
		command := a.Command("/usr/bin/skant")
		if json.Valid(data) && bytes.HasPrefix(data, []byte("{")) {
			if _, err := parseSettings(data); err != nil && !strings.Contains(err.Error(), "a string has") && !strings.Contains(err.Error(), "nested") {
				t.Errorf("valid JSON is refused: %v", err)
			}
		}
		if state, _, err := a.state(data, ""); err != nil || state != Missing {
			return
		}
		if clean, err := a.removeFrom(data); err != nil || !bytes.Equal(clean, data) {
			return // it has ours in places where we put none
		}
		added, err := a.addTo(data, command)
		if err != nil {
			return
		}
		checkAdded(t, a, data, added, command)
	})
}
