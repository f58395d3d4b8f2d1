package agents

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// reader reads files of the project that an event names. Nothing outside of it is opened, whichever links lead there.
type reader struct {
	// folders are the project's, absolute: the one that the hook was started in, and those that the event names.
	folders []string
	cache   map[string][]byte
}

func newReader(top func(folder string) string, raw map[string]any) *reader {
	r := &reader{cache: map[string][]byte{}}
	roots, _ := raw["workspace_roots"].([]any)
	candidates := append(slices.Clip(roots), raw["cwd"])
	for _, v := range candidates {
		// The hooks of a user may be started elsewhere: it is the event that says which project it is about.
		if s, ok := v.(string); ok && filepath.IsAbs(s) {
			if info, err := os.Stat(s); err == nil && info.IsDir() {
				r.folders = []string{top(s)}
				break
			}
		}
	}
	if len(r.folders) == 0 {
		r.folders = []string{top("")}
	}
	for _, v := range candidates {
		// A folder that holds everything is no project.
		if s, ok := v.(string); ok && filepath.IsAbs(s) && filepath.Dir(s) != s && len(r.folders) < 8 && !slices.Contains(r.folders, s) {
			r.folders = append(r.folders, filepath.Clean(s))
		}
	}
	return r
}

// Folder is the project's, which paths in findings are relative to.
func (e *Event) Folder() string { return e.reader.folders[0] }

var errOutside = errors.New("outside of the project")

// local returns the folder of the project that a path is in, and the rest of the path.
func (r *reader) local(path string) (folder, rel string, err error) {
	for _, folder := range r.folders {
		rel := path
		if filepath.IsAbs(path) {
			if rel, err = filepath.Rel(folder, path); err != nil {
				continue
			}
		}
		if filepath.IsLocal(rel) {
			if _, err := os.Lstat(filepath.Join(folder, rel)); err == nil || filepath.IsAbs(path) {
				return folder, rel, nil
			}
		}
	}
	return "", "", errOutside
}

// Errors of a file that is there and cannot be read as a whole.
var (
	errNoFile   = errors.New("it is no regular file")
	errTooLarge = errors.New("it has more than 64 MiB")
)

// file reads a regular file of the project.
func (r *reader) file(path string) (data []byte, err error) {
	folder, rel, err := r.local(path)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	// Looked at before it is opened: to open a pipe or a device may wait, or do something.
	info, err := root.Stat(rel)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errNoFile
	}
	if info.Size() > MaxEvent {
		return nil, errTooLarge
	}
	return readRoot(root, rel)
}

// old returns what a file holds now, nil if it is not there or cannot be had: then all of a new text is new.
func (r *reader) old(path string) []byte {
	if path == "" {
		return nil
	}
	if data, ok := r.cache[path]; ok {
		return data
	}
	data, err := r.file(path)
	if err != nil {
		data = nil
	}
	r.cache[path] = data
	return data
}

// now returns what a file of the project holds, nil if it is not known. A file that is not there holds nothing.
func (r *reader) now(path string) []byte {
	if data := r.old(path); data != nil || path == "" {
		return data
	}
	_, err := r.file(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errOutside) && filepath.IsLocal(filepath.FromSlash(path)) {
		return []byte{}
	}
	return nil
}

// readers are the tools that read a file, by the names that agents give them.
var readers = []string{"Read", "NotebookRead", "read_file", "view", "fs_read", "readFile", "pre_read_code"}

// reads adds the file that a tool is about to read. What is outside of the project, or not there, is left to the event
// after the tool; a file that is too large to be looked at is an entry in Unread.
func (e *Event) reads(raw map[string]any) {
	if !e.is(readers) {
		return
	}
	for _, key := range inputs {
		input, ok := unpacked(raw[key]).(map[string]any)
		if !ok {
			continue
		}
		reads := []map[string]any{input}
		if list, ok := input["operations"].([]any); ok {
			for _, v := range list {
				if op, ok := v.(map[string]any); ok {
					reads = append(reads, op)
				}
			}
		}
		for _, in := range reads {
			e.readsFile(key, in)
		}
	}
}

func (e *Event) readsFile(key string, input map[string]any) {
	path := pathOf(input)
	if path == "" {
		return
	}
	data, err := e.reader.file(path)
	if errors.Is(err, errTooLarge) || errors.Is(err, fs.ErrPermission) {
		e.Unread = append(e.Unread, e.reader.name(path)+": "+cause(err))
	}
	t := Text{Field: key + " (the file that would be read)", Path: path, Data: data, Stands: true}
	if limit := number(input["limit"]); limit > 0 && e.Agent.Name == "claude-code" {
		t.First = max(1, number(input["offset"]))
		t.Last = t.First + limit - 1
	} else if offset := number(input["offset"]); offset > 0 && e.Agent.Name == "claude-code" {
		t.First, t.Last = offset, len(data)+1
	}
	e.add(t)
}

// readRoot reads a file that was seen to be regular, and is small enough.
func readRoot(root *os.Root, rel string) (data []byte, err error) {
	file, err := root.OpenFile(rel, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	data, err = io.ReadAll(io.LimitReader(file, MaxEvent+1))
	if err == nil && len(data) > MaxEvent {
		err = errTooLarge
	}
	return data, err
}

// name is how a path is called in findings: relative to the project's folder, with slashes, if it is in it.
func (r *reader) name(path string) string {
	if path == "" {
		return ""
	}
	if folder, rel, err := r.local(path); err == nil {
		if inner, err := filepath.Rel(r.folders[0], filepath.Join(folder, rel)); err == nil && filepath.IsLocal(inner) {
			return filepath.ToSlash(inner)
		}
	}
	return filepath.ToSlash(path)
}

// cause is an error without the path, which is named beside it.
func cause(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}
