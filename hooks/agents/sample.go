package agents

import "encoding/json"

// Sample makes up an event of one hook that is about to run, read or send a text, for a trial.
func (h *Hook) Sample(text string) []byte {
	data, err := json.Marshal(object{
		"hook_event_name": h.Event, "agent_action_name": h.Event, "tool_name": "Bash", "tool_input": object{"command": text},
		"command": text, "tool_info": object{"command_line": text}, "content": text, "prompt": text, "tool_response": text,
	})
	if err != nil {
		return nil // strings always encode
	}
	return data
}
