// Package agents connects skant with coding agents: it puts hooks into their settings, reads the events that they send to
// a hook, and answers in the words of each.
//
// [All] is the table: an agent is one row. An [Event] is a [scanner.Source] of every text that is about to be written, run,
// read back or sent. Nothing here decides what a secret is, and no answer holds a value.
package agents

import (
	"path/filepath"
	"runtime"
	"strings"
)

// Phase says when an event comes.
type Phase int

// The phases.
const (
	// Before a tool runs: what it is given, and the file that it is about to read.
	Before Phase = iota
	// After a tool ran: what it gave back.
	After
	// Prompt is when the user has written something, which is about to be sent.
	Prompt
)

// Hook is one event of an agent that skant is run for.
type Hook struct {
	// Event is the event's name in settings and in the event itself.
	Event string
	// Matcher restricts the tools; empty means all.
	Matcher string
	Phase   Phase
}

// Scope says whose settings are meant.
type Scope string

// The scopes.
const (
	// Project settings stand in the project and are shared with everybody who works on it.
	Project Scope = "project"
	// Local settings stand in the project and are not shared.
	Local Scope = "local"
	// User settings are those of one person, for all projects.
	User Scope = "user"
)

// Agent is one row of the table.
type Agent struct {
	// Name is what the agent is called on the command line, Title what it calls itself.
	Name, Title string
	// Settings are the paths of its settings by scope, with slashes: below the project's folder or, for [User], below the
	// home folder. What is not there cannot be installed.
	Settings map[Scope]string
	Hooks    []Hook
	// Variable is the environment variable that names the project's folder to a hook, whichever folder the agent is in
	// meanwhile; empty if there is none.
	Variable string
	// Manual says what to do where nothing can be installed.
	Manual string

	// nested: an entry is {"hooks": [{command}]} and not the command itself. bare: a command has no "type". versioned: a
	// new file begins with a version. timeout is in the agent's own unit, 0 for none. extra is one more member.
	nested, bare, versioned bool
	timeout                 int
	extra                   string
	answer                  answers
}

// All returns every agent that is known, in the order in which they are listed.
func All() []Agent {
	return []Agent{
		{
			Name: "claude-code", Title: "Claude Code", Variable: "CLAUDE_PROJECT_DIR", nested: true, timeout: 30, answer: answerClaude,
			Settings: map[Scope]string{Project: ".claude/settings.json", Local: ".claude/settings.local.json", User: ".claude/settings.json"},
			Hooks:    []Hook{{"PreToolUse", "", Before}, {"PostToolUse", "", After}, {"UserPromptSubmit", "", Prompt}},
		},
		{
			Name: "codex", Title: "OpenAI Codex CLI", nested: true, timeout: 30, answer: answerCodex,
			Settings: map[Scope]string{Project: ".codex/hooks.json", User: ".codex/hooks.json"},
			Hooks:    []Hook{{"PreToolUse", "", Before}, {"PostToolUse", "", After}, {"UserPromptSubmit", "", Prompt}},
		},
		{
			Name: "gemini-cli", Title: "Gemini CLI", Variable: "GEMINI_PROJECT_DIR", nested: true, timeout: 30_000, answer: answerGemini,
			Settings: map[Scope]string{Project: ".gemini/settings.json", User: ".gemini/settings.json"},
			Hooks:    []Hook{{"BeforeTool", "", Before}, {"AfterTool", "", After}, {"BeforeAgent", "", Prompt}},
		},
		{
			Name: "cursor", Title: "Cursor", bare: true, versioned: true, answer: answerCursor,
			Settings: map[Scope]string{Project: ".cursor/hooks.json", User: ".cursor/hooks.json"},
			Hooks: []Hook{
				{"beforeShellExecution", "", Before}, {"beforeMCPExecution", "", Before}, {"beforeReadFile", "", Before},
				{"preToolUse", "Write", Before}, {"beforeSubmitPrompt", "", Prompt},
			},
		},
		{
			Name: "copilot", Title: "GitHub Copilot CLI and VS Code", versioned: true, timeout: 30, answer: answerCopilot,
			Settings: map[Scope]string{Project: ".github/hooks/skant.json", User: ".copilot/hooks/skant.json"},
			Hooks:    []Hook{{"PreToolUse", "", Before}, {"PostToolUse", "", After}, {"UserPromptSubmit", "", Prompt}},
		},
		{
			Name: "windsurf", Title: "Windsurf", bare: true, extra: `"show_output": true`, answer: answerStatus,
			Settings: map[Scope]string{Project: ".windsurf/hooks.json", User: ".codeium/windsurf/hooks.json"},
			Hooks: []Hook{
				{"pre_write_code", "", Before}, {"pre_run_command", "", Before}, {"pre_mcp_tool_use", "", Before},
				{"pre_read_code", "", Before}, {"pre_user_prompt", "", Prompt},
			},
		},
		{
			Name: "kiro", Title: "Kiro CLI and Amazon Q Developer CLI", answer: answerStatus,
			Hooks:  []Hook{{"preToolUse", "", Before}, {"postToolUse", "", After}, {"userPromptSubmit", "", Prompt}},
			Manual: `it keeps hooks in the file of each of its agents; add to that: "hooks": {"preToolUse": [{"command": "skant hooks run kiro"}]}`,
		},
	}
}

// Find returns the agent of this name.
func Find(name string) (Agent, bool) {
	for _, a := range All() {
		if a.Name == name {
			return a, true
		}
	}
	return Agent{}, false
}

// hook returns the row for an event. Some agents write an event's name with another case than their settings.
func (a *Agent) hook(event string) (Hook, bool) {
	for _, h := range a.Hooks {
		if strings.EqualFold(h.Event, event) {
			return h, true
		}
	}
	return Hook{}, false
}

// Command is what the settings run. An empty program means skant as it is found in PATH, for settings that are shared.
func (a *Agent) Command(program string) string {
	if program == "" {
		program = "skant"
	}
	return word(filepath.ToSlash(program)) + a.arguments()
}

func (a *Agent) arguments() string { return " hooks run " + a.Name }

// Program returns the program that a command of ours runs; ok is false for any other command.
func (a *Agent) Program(command string) (program string, ok bool) {
	program, ok = strings.CutSuffix(command, a.arguments())
	if !ok || program == "" {
		return "", false
	}
	inner := strings.Trim(program, `"'`)
	if inner != program {
		inner = strings.ReplaceAll(inner, `'\''`, "'")
	}
	return inner, word(inner) == program
}

// word writes a path as one word for the shells that agents use: as it is if it can be, because PowerShell takes a quoted
// word for a text and not for a program.
func word(path string) string {
	plain := path != "" && !strings.ContainsFunc(path, func(r rune) bool {
		return !(r == '/' || r == '.' || r == '-' || r == '_' || r == ':' || r == '+' || r == '@' || r < 128 && alphanumeric(byte(r)))
	})
	switch {
	case plain:
		return path
	case runtime.GOOS == "windows":
		return `"` + path + `"`
	default:
		return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
	}
}
