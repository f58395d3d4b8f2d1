package agents

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// The names that agents give to the arguments of their tools for files.
var (
	pathKeys    = []string{"file_path", "filePath", "notebook_path", "path", "target_file", "filename", "absolute_path"}
	contentKeys = []string{"content", "contents", "file_text", "new_source", "fileText", "text"}
	editKeys    = []string{"old_string", "new_string", "old_str", "new_str", "oldString", "newString", "replace_all", "old_source"}
)

func pathOf(object map[string]any) string { return first(object, pathKeys...) }

// severalPaths reports whether an object names more than one file.
func severalPaths(object map[string]any) bool {
	for _, k := range pathKeys {
		if s, ok := object[k].(string); ok && s != "" && s != pathOf(object) {
			return true
		}
	}
	return false
}

// edit replaces one text by another. key is the argument that holds the new one, oldKey that of the old one.
type edit struct {
	key, oldKey string
	old, new    string
	all         bool
}

// editOf reads an edit from the arguments of a tool.
func editOf(object map[string]any) (edit, bool) {
	for _, names := range [][2]string{{"old_string", "new_string"}, {"old_str", "new_str"}, {"oldString", "newString"}} {
		changed, ok := object[names[1]].(string)
		if !ok {
			continue
		}
		before, ok := object[names[0]].(string)
		if !ok && object[names[0]] != nil {
			continue
		}
		all, _ := object["replace_all"].(bool)
		return edit{names[1], names[0], before, changed, all}, true
	}
	return edit{}, false
}

// editsOf reads a list in which every item is an edit and nothing else; nil for any other.
func editsOf(list []any) []edit {
	var edits []edit
	for _, v := range list {
		object, ok := v.(map[string]any)
		if !ok || len(without(object, editKeys...)) > 0 {
			return nil
		}
		ed, ok := editOf(object)
		if !ok {
			return nil
		}
		edits = append(edits, ed)
	}
	return edits
}

// edit adds what a file will be after some edits, beside what it is. Where the file cannot be had, or the edits do not
// fit it, it adds the new texts beside the old ones; of these counts what stands in the file, if that is known.
func (e *Event) edit(field, path string, edits []edit) {
	if before := e.reader.old(path); before != nil {
		if after, ok := applyEdits(before, edits); ok {
			e.add(Text{Field: field, Path: path, Data: after, Old: before})
			return
		}
	}
	for i, ed := range edits {
		at := field
		if len(edits) > 1 {
			at = fmt.Sprintf("%s[%d].%s", field, i, ed.key)
		}
		e.add(Text{Field: at, Path: path, Data: []byte(ed.new), Old: []byte(ed.old), Now: e.reader.now(path)})
	}
}

// applyEdits does to a file what its agent is about to do; ok is false if an edit does not fit.
func applyEdits(data []byte, edits []edit) (after []byte, ok bool) {
	for _, ed := range edits {
		if ed.old == "" || !bytes.Contains(data, []byte(ed.old)) {
			return nil, false
		}
		times := 1
		if ed.all {
			times = -1
			// Many short texts replaced by a long one would be more than anybody writes.
			if n := bytes.Count(data, []byte(ed.old)); n*len(ed.new) > MaxEvent {
				return nil, false
			}
		}
		if len(data)+len(ed.new) > 2*MaxEvent {
			return nil, false
		}
		data = bytes.Replace(data, []byte(ed.old), []byte(ed.new), times)
	}
	return data, true
}

// patched is one file of a patch: what its lines say that are added, and those that are removed or stay.
type patched struct {
	path       string
	added, old strings.Builder
}

// parsePatch reads the form in which Codex writes its changes; nil if text is none. Lines of context stand on both sides,
// so that what belongs together stays together.
// rest is what belongs to no file: names, and what else stands around.
func parsePatch(text string) (files []*patched, rest string) {
	if !strings.Contains(text, "*** Begin Patch") {
		return nil, ""
	}
	var around strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		for _, mark := range []string{"*** Add File: ", "*** Update File: ", "*** Delete File: "} {
			if name, ok := strings.CutPrefix(line, mark); ok {
				files = append(files, &patched{path: name})
			}
		}
		if len(files) == 0 || strings.HasPrefix(line, "*** ") {
			around.WriteString(line + "\n")
			continue
		}
		f := files[len(files)-1]
		switch {
		case strings.HasPrefix(line, "+"):
			f.added.WriteString(line[1:] + "\n")
		case strings.HasPrefix(line, "-"):
			f.old.WriteString(line[1:] + "\n")
		default:
			line = strings.TrimPrefix(line, " ")
			f.added.WriteString(line + "\n")
			f.old.WriteString(line + "\n")
		}
	}
	return files, around.String()
}

func (e *Event) patch(field string, files []*patched) {
	for _, f := range files {
		e.add(Text{Field: field, Path: f.path, Data: []byte(f.added.String()), Old: []byte(f.old.String()), Now: e.reader.now(f.path)})
	}
}

// number returns a whole number from an event, 0 for anything else.
func number(v any) int {
	n, ok := v.(json.Number)
	if !ok {
		return 0
	}
	i, err := strconv.Atoi(n.String())
	if err != nil || i < 0 {
		return 0
	}
	return i
}
