package agents

import (
	"bytes"
	"encoding/json"
	"strings"
)

// Answer is what a hook gives back to its agent: what it writes, and the status with which it ends.
type Answer struct {
	Stdout, Stderr string
	Status         int
}

// BlockStatus is the status with which every agent of the table takes a hook that could not say more for a refusal, where
// the event can be refused. The reason stands on standard error.
const BlockStatus = 2

// verdict is what an event is answered with.
type verdict int

const (
	pass verdict = iota
	block
	warn
)

// answers writes a verdict in the words of an agent. reason is for the agent and its user; masked is what the tool gave
// back, without secrets, and may be nil.
type answers func(e *Event, v verdict, reason string, masked any) Answer

// Pass lets the event happen.
func (e *Event) Pass() Answer { return e.Agent.answer(e, pass, "", nil) }

// Block refuses the event, for a reason that the agent is told. masked, if not nil, may take the place of what a tool gave
// back.
func (e *Event) Block(reason string, masked any) Answer {
	return e.Agent.answer(e, block, reason, masked)
}

// Warn tells the user something and lets the event happen.
func (e *Event) Warn(reason string) Answer { return e.Agent.answer(e, warn, reason, nil) }

// object is a JSON object.
type object = map[string]any

// reply answers with JSON and status 0.
func reply(v object) Answer {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		// It held nothing but what JSON has given or strings; should it ever not, the event must not happen.
		return Answer{Stderr: err.Error() + "\n", Status: BlockStatus}
	}
	return Answer{Stdout: b.String()}
}

// denial is how a tool is refused before it runs.
func denial(event, reason string) object {
	return object{"hookEventName": event, "permissionDecision": "deny", "permissionDecisionReason": reason}
}

func answerClaude(e *Event, v verdict, reason string, masked any) Answer {
	answer := answerCodex(e, v, reason, masked)
	if v == block && e.Hook.Phase == After && masked != nil {
		return reply(object{"decision": "block", "reason": reason,
			"hookSpecificOutput": object{"hookEventName": e.Hook.Event, "updatedToolOutput": masked}})
	}
	return answer
}

// answerCodex is what Claude Code understands, without what Codex does not: it refuses answers with other keys.
func answerCodex(e *Event, v verdict, reason string, _ any) Answer {
	switch {
	case v == pass:
		return Answer{}
	case v == warn:
		return reply(object{"systemMessage": reason})
	case e.Hook.Phase == Before:
		return reply(object{"hookSpecificOutput": denial(e.Hook.Event, reason)})
	default:
		return reply(object{"decision": "block", "reason": reason})
	}
}

func answerGemini(_ *Event, v verdict, reason string, _ any) Answer {
	switch v {
	case pass:
		return reply(object{})
	case warn:
		return reply(object{"systemMessage": reason})
	default:
		return reply(object{"decision": "deny", "reason": reason})
	}
}

func answerCursor(e *Event, v verdict, reason string, _ any) Answer {
	prompt := e.Hook.Phase == Prompt
	switch {
	case v != block && prompt:
		return reply(object{"continue": true})
	case v != block:
		return reply(object{})
	case prompt:
		return reply(object{"continue": false, "user_message": reason, "userMessage": reason})
	case e.Hook.Event == "preToolUse":
		return reply(object{"permission": "deny", "decision": "deny", "reason": reason, "user_message": reason, "agent_message": reason})
	default: // the keys had capital letters in the first versions
		return reply(object{"permission": "deny", "user_message": reason, "agent_message": reason, "userMessage": reason, "agentMessage": reason})
	}
}

// answerCopilot answers the command line and VS Code at once: each reads what it knows.
func answerCopilot(e *Event, v verdict, reason string, masked any) Answer {
	switch {
	case v == pass:
		return reply(object{})
	case v == warn:
		return reply(object{"systemMessage": reason, "additionalContext": reason})
	case e.Hook.Phase == Before:
		return reply(object{"permissionDecision": "deny", "permissionDecisionReason": reason, "hookSpecificOutput": denial(e.Hook.Event, reason)})
	case e.Hook.Phase == Prompt:
		return reply(object{"continue": false, "stopReason": reason, "decision": "block", "reason": reason})
	}
	text := reason
	if result, ok := masked.(map[string]any); ok {
		if s := first(result, "text_result_for_llm", "textResultForLlm"); s != "" {
			text += "\n\n" + s
		}
	}
	return reply(object{"decision": "block", "reason": reason, "modifiedResult": object{"resultType": "success", "textResultForLlm": text},
		"hookSpecificOutput": object{"hookEventName": e.Hook.Event, "additionalContext": reason}})
}

// answerStatus is for agents that read nothing but the status and standard error. An event that cannot be refused ends
// with a status that is shown as a warning.
func answerStatus(e *Event, v verdict, reason string, _ any) Answer {
	refusable := e.Hook.Phase == Before || strings.HasPrefix(e.Hook.Event, "pre_")
	switch {
	case v == pass:
		return Answer{}
	case v == block && refusable:
		return Answer{Stderr: reason + "\n", Status: BlockStatus}
	default:
		return Answer{Stderr: reason + "\n", Status: 1}
	}
}
