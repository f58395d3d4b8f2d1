package agents

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// MaxEvent bounds an event, in bytes: 64 MiB. The same bound holds for a file that an event names.
const MaxEvent = 64 << 20

// EventError says that an event could not be understood, so that nothing is known of what it holds.
type EventError struct{ Err error }

// Error implements error.
func (e *EventError) Error() string { return "the event could not be read: " + e.Err.Error() }

// Unwrap returns the cause.
func (e *EventError) Unwrap() error { return e.Err }

// UnknownEventError says that an event is none of those that are looked at: it was installed for another by hand.
type UnknownEventError struct{ Agent, Event string }

// Error implements error.
func (e *UnknownEventError) Error() string {
	return fmt.Sprintf("%s has no event %q that skant looks at", e.Agent, e.Event)
}

// Text is one text of an event that is to be searched.
type Text struct {
	// Field says where in the event it stands, for example "tool_input.content".
	Field string
	// Path is that of the file which the text is about to be written to or read from, as the event has it; or empty.
	Path string
	Data []byte
	// Old is what stands in the file now, or what an edit replaces: what was there before is not about to be added.
	Old []byte
	// Now is all that stands in the file now; nil if that is not known. What an edit says it replaces counts only as far as it
	// stands there.
	Now []byte
	// First and Last are the lines that count; 0, 0 means all.
	First, Last int
	// Stands says that the text is in a file already: what is said there about its secrets counts. What an agent brings
	// along cannot allow itself.
	Stands bool
	// Whole says that the text is an object written as JSON, whose strings are texts of their own.
	Whole bool
}

// Event is what an agent sends to a hook.
type Event struct {
	Agent Agent
	Hook  Hook
	// Tool is the tool's name; empty for a prompt.
	Tool  string
	Texts []Text
	// Unread are sentences on what could not be looked at, though it should have been.
	Unread []string

	// views says that a tool which can do both is told to show a file and not to write it.
	views bool
	// response is what the tool gave back, and responseKey its key.
	response any
	// reader opens the files of the project.
	reader *reader
}

// envelope are keys of an event that say something about the event itself. Everything else is looked at.
var envelope = []string{
	"session_id", "sessionId", "transcript_path", "transcriptPath", "cwd", "permission_mode", "hook_event_name", "hookEventName",
	"tool_use_id", "toolUseId", "timestamp", "conversation_id", "generation_id", "workspace_roots", "model", "cursor_version", "user_email",
	"agent_action_name", "trajectory_id", "execution_id", "model_name", "turn_id", "agent_id", "agent_type", "tool_name", "toolName", "duration", "duration_ms",
}

// responses are the keys under which agents put what a tool gave back.
var responses = []string{"tool_response", "tool_result", "toolResult", "tool_output", "result_json", "output", "error"}

// Read reads one event from r. top returns the top folder of the project that a folder is in; it is asked for the one that
// the event names, or for the current one (""). Files below it are read where that is needed to tell what is new.
// An event that cannot be read is an [*EventError], one that is not looked at an [*UnknownEventError].
func (a *Agent) Read(r io.Reader, top func(folder string) string) (*Event, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxEvent+1))
	if err != nil {
		return nil, &EventError{err}
	}
	if len(data) > MaxEvent {
		return nil, &EventError{fmt.Errorf("it has more than %d MiB", MaxEvent>>20)}
	}
	raw, err := decode(data)
	if err != nil {
		return nil, &EventError{err}
	}
	name := first(raw, "hook_event_name", "hookEventName", "agent_action_name")
	if name == "" {
		return nil, &EventError{errors.New("it does not say which event it is")}
	}
	hook, ok := a.hook(name)
	if !ok {
		return nil, &UnknownEventError{a.Name, name}
	}
	e := &Event{Agent: *a, Hook: hook, Tool: first(raw, "tool_name", "toolName"), reader: newReader(top, raw)}
	e.views = slices.Contains(writers, e.Tool) && showsFile(raw)
	e.collect(raw)
	return e, nil
}

// decode reads exactly one object.
func decode(data []byte) (map[string]any, error) {
	d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(data, bom)))
	d.UseNumber()
	var raw map[string]any
	if err := d.Decode(&raw); err != nil {
		return nil, plain(err)
	}
	if raw == nil {
		return nil, errors.New("it is no object")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows it")
	}
	return raw, nil
}

// plain is an error of encoding/json without what it quotes from the event.
func plain(err error) error {
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("it is not valid JSON at byte %d", syntax.Offset)
	case errors.Is(err, io.EOF):
		return errors.New("it is empty")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("it ends early")
	default:
		return errors.New("it is no object")
	}
}

// first returns the first of these keys that holds a string.
func first(object map[string]any, keys ...string) string {
	for _, k := range keys {
		if s, ok := object[k].(string); ok && s != "" {
			return s
		}
	}
	return ""
}

// collect takes the texts out of an event.
func (e *Event) collect(raw map[string]any) {
	if e.Hook.Phase == After {
		path := ""
		if e.is(readers) {
			path = argumentPath(raw)
		}
		for _, k := range responses {
			if v, ok := raw[k]; ok && !e.is(writers) {
				if e.response == nil {
					e.response = v
				}
				e.value(k, path, v)
			}
		}
		return
	}
	e.reads(raw)
	for _, k := range slices.Sorted(keys(raw)) {
		if !slices.Contains(envelope, k) && !slices.Contains(responses, k) {
			e.argument(k, raw[k], raw)
		}
	}
}

// inputs are the keys under which agents put what a tool is given.
var inputs = []string{"tool_input", "toolArgs", "tool_info"}

// argumentPath is the path of the file that a tool is given.
func argumentPath(raw map[string]any) string {
	for _, k := range inputs {
		if input, ok := unpacked(raw[k]).(map[string]any); ok {
			return pathOf(input)
		}
	}
	return ""
}

// showsFile reports whether a tool is told to show a file.
func showsFile(raw map[string]any) bool {
	for _, k := range inputs {
		if input, ok := unpacked(raw[k]).(map[string]any); ok && input["command"] == "view" {
			return true
		}
	}
	return false
}

func keys(object map[string]any) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range object {
			if !yield(k) {
				return
			}
		}
	}
}

// unpacked returns what a string holds that is JSON itself, as some agents send what goes to a tool.
func unpacked(v any) any {
	s, ok := v.(string)
	if !ok || !strings.HasPrefix(strings.TrimSpace(s), "{") {
		return v
	}
	if inner, err := decode([]byte(s)); err == nil {
		return inner
	}
	return v
}

// The tools that are known to do nothing but write a file, and those that do nothing but run a command, by the names that
// agents give them. Only of these it is known that a text which a file has already goes nowhere else.
var (
	writers = []string{
		"Write", "Edit", "MultiEdit", "NotebookEdit", "apply_patch", "write_file", "replace", "create", "edit", "str_replace_editor",
		"fs_write", "StrReplace", "Delete", "create_file", "createFile", "replace_string_in_file", "insert_edit_into_file", "pre_write_code",
	}
	shells = []string{
		"Bash", "bash", "powershell", "run_shell_command", "Shell", "shell", "execute_bash", "run_in_terminal", "beforeShellExecution", "pre_run_command",
	}
)

// is reports whether the event is about one of these tools.
func (e *Event) is(tools []string) bool {
	if e.views {
		return slices.Contains(tools, "view")
	}
	return slices.Contains(tools, e.Tool) || e.Tool == "" && slices.Contains(tools, e.Hook.Event)
}

// argument takes the texts out of one top-level value. raw is all of it: some agents put the path beside the content.
func (e *Event) argument(key string, v any, raw map[string]any) {
	if e.Hook.Phase == Before {
		if s, ok := v.(string); ok {
			v = unpacked(v)
			if _, packed := v.(map[string]any); packed {
				// What is sent is the string: it may say a key twice, of which only one is in the object.
				e.add(Text{Field: key, Data: []byte(s), Whole: true})
			}
		}
	}
	object, ok := v.(map[string]any)
	switch {
	case ok:
		e.object(key, "", object)
		if !e.is(writers) && !e.is(shells) && !e.is(readers) {
			e.whole(key, object)
		}
	case key == "edits" && e.is(writers):
		e.value(key, pathOf(raw), v)
	case key == "content":
		e.content(key, pathOf(raw), v)
	default:
		e.value(key, "", v)
	}
}

// content is the text of a file that is about to be read, as the agent itself gives it.
func (e *Event) content(key, path string, v any) {
	if s, ok := v.(string); ok {
		e.add(Text{Field: key, Path: path, Data: []byte(s), Stands: !e.is(writers)})
		return
	}
	e.value(key, path, v)
}

// whole adds an object as JSON, indented so that lines tell where something is.
func (e *Event) whole(key string, v any) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(v); err != nil {
		e.Unread = append(e.Unread, key+" could not be written as JSON")
		return
	}
	e.add(Text{Field: key, Data: b.Bytes(), Whole: true})
}

func (e *Event) add(t Text) {
	if len(t.Data) > 0 {
		e.Texts = append(e.Texts, t)
	}
}

// value takes the texts out of any value. path is that of the file it is about, if it is known.
func (e *Event) value(field, path string, v any) {
	switch v := v.(type) {
	case string:
		if e.Hook.Phase == Before && e.is(writers) {
			if files, rest := parsePatch(v); files != nil {
				e.patch(field, files)
				e.add(Text{Field: field, Data: []byte(rest)})
				return
			}
		}
		t := Text{Field: field, Data: []byte(v)}
		if e.Hook.Phase == After {
			t.Path = path // what is said about secrets of that file counts
		}
		e.add(t)
	case []any:
		if e.Hook.Phase == Before && e.is(writers) {
			if edits := editsOf(v); edits != nil {
				e.edit(field, path, edits)
				return
			}
		}
		for i, inner := range v {
			e.value(fmt.Sprintf("%s[%d]", field, i), path, inner)
		}
	case map[string]any:
		e.object(field, path, v)
		if e.Hook.Phase == After && paired(v) {
			e.whole(field, v)
		}
	}
}

// object takes the texts out of an object.
func (e *Event) object(field, path string, object map[string]any) {
	if p := pathOf(object); p != "" && e.Hook.Phase == Before {
		path = p
	}
	if e.Hook.Phase == Before && e.is(writers) {
		object = e.written(field, path, object)
	}
	for _, k := range slices.Sorted(keys(object)) {
		e.value(field+"."+k, path, object[k])
		if len(k) >= minKey {
			e.add(Text{Field: field + " (a key)", Data: []byte(k)})
		}
	}
}

// written adds what a tool is about to write to a file, and returns its other arguments.
func (e *Event) written(field, path string, object map[string]any) map[string]any {
	if severalPaths(object) {
		return object // which of them is written to is for the tool to say
	}
	if ed, ok := editOf(object); ok {
		e.edit(field+"."+ed.key, path, []edit{ed})
		object = without(object, ed.key, ed.oldKey, "replace_all")
	}
	for _, k := range contentKeys {
		if s, ok := object[k].(string); ok && path != "" {
			e.add(Text{Field: field + "." + k, Path: path, Data: []byte(s), Old: e.reader.old(path)})
			object = without(object, k)
		}
	}
	return object
}

// paired reports whether an object holds more than one string beside each other, so that they may belong together. What a
// command printed does not.
func paired(object map[string]any) bool {
	n := 0
	for k, v := range object {
		if s, ok := v.(string); ok && s != "" && !strings.HasPrefix(k, "std") {
			n++
		}
	}
	return n > 1
}

// minKey is from which length on a key may be a secret itself, in bytes.
const minKey = 16

func without(object map[string]any, names ...string) map[string]any {
	rest := make(map[string]any, len(object))
	for k, v := range object {
		if !slices.Contains(names, k) {
			rest[k] = v
		}
	}
	return rest
}
