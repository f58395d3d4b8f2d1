package agents

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestAnswers holds what each agent is told against testdata/answers.txt, which says what the agents document:
// SKANT_UPDATE=1 writes it anew.
func TestAnswers(t *testing.T) {
	var b strings.Builder
	for _, a := range All() {
		for _, h := range a.Hooks {
			e := &Event{Agent: a, Hook: h}
			masked := any(dict{"stdout": "a ..."})
			if a.Name == "copilot" {
				masked = dict{"result_type": "success", "text_result_for_llm": "a ..."}
			}
			for _, answer := range []struct {
				name string
				Answer
			}{{"pass", e.Pass()}, {"warn", e.Warn("WHY")}, {"block", e.Block("WHY", masked)}} {
				fmt.Fprintf(&b, "%s %s %s: status %d, stdout %q, stderr %q\n", a.Name, h.Event, answer.name, answer.Status, answer.Stdout, answer.Stderr)
			}
		}
	}
	const name = "testdata/answers.txt"
	if os.Getenv("SKANT_UPDATE") != "" {
		if err := os.WriteFile(name, []byte(b.String()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(read(t, name), b.String()); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
}

// TestCodexAnswersAreStrict: Codex takes an answer with a key that it does not know for a failure, and lets the event go on.
func TestCodexAnswersAreStrict(t *testing.T) {
	known := []string{"continue", "decision", "reason", "stopReason", "suppressOutput", "systemMessage", "hookSpecificOutput"}
	inner := []string{"hookEventName", "permissionDecision", "permissionDecisionReason", "additionalContext", "updatedInput"}
	a, _ := Find("codex")
	for _, h := range a.Hooks {
		e := &Event{Agent: a, Hook: h}
		for _, answer := range []Answer{e.Block("why", dict{"stdout": "x"}), e.Warn("why")} {
			var v map[string]json.RawMessage
			if err := json.Unmarshal([]byte(answer.Stdout), &v); err != nil {
				t.Fatal(err)
			}
			for key := range v {
				if !slices.Contains(known, key) {
					t.Errorf("%s: %s", h.Event, key)
				}
			}
			var specific map[string]json.RawMessage
			if raw, ok := v["hookSpecificOutput"]; ok && json.Unmarshal(raw, &specific) != nil {
				t.Error(string(raw))
			}
			for key := range specific {
				if !slices.Contains(inner, key) {
					t.Errorf("%s: %s", h.Event, key)
				}
			}
		}
	}
}

// TestEveryEventBlocks: there is no event in the table that lets a secret pass in silence.
func TestEveryEventBlocks(t *testing.T) {
	s, secret := newScanner(t), newSecret(t, "")
	for _, a := range All() {
		for _, h := range a.Hooks {
			e, found, _ := look(t, s, a.Name, t.TempDir(), string(h.Sample(secret)))
			if len(found) == 0 {
				t.Errorf("%s %s: nothing is found", a.Name, h.Event)
			}
			if diff := cmp.Diff(e.Pass(), e.Block("why", nil)); diff == "" {
				t.Errorf("%s %s: a refusal is the same as a consent", a.Name, h.Event)
			}
			if _, found, _ := look(t, s, a.Name, t.TempDir(), string(h.Sample("true"))); len(found) > 0 {
				t.Errorf("%s %s: %v is found in nothing", a.Name, h.Event, fields(found))
			}
		}
	}
}
