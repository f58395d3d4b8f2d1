package hooks

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// Repo is what this package needs to know of a repository. Paths are absolute.
type Repo struct {
	// GitDir is the work tree's own git folder, CommonDir the one that all its linked work trees share; the two are
	// equal in a repository without linked work trees.
	GitDir, CommonDir string
	// WorkTree is the top folder of the work tree; empty for a bare repository.
	WorkTree string
	// HooksPath is the value of core.hooksPath as it is configured; empty if it is not set.
	HooksPath string
	// Home is the user's home folder, for a HooksPath that starts with ~/.
	Home string
}

// Options say how a hook is installed and compared.
type Options struct {
	// Binary is the absolute path of the skant program that the hooks run. Where nothing is installed it may be empty:
	// a hook of ours is then never outdated for running another program.
	Binary string
	// AnyHooksPath installs into the folder that core.hooksPath names even if that is not the repository's own: it may
	// be tracked content, or shared by every repository of the user.
	AnyHooksPath bool
	// Chain keeps and runs even a hook that another tool wrote, or that may not work under another name.
	Chain bool
	// OnError is what a pre-receive hook does where not everything could be read: "block", "allow", or "" for what git's
	// configuration says.
	OnError string

	// top is the top folder of the work tree, where tools have their configuration.
	top string
}

// State is what stands at a hook's place.
type State string

// The states of a hook.
const (
	// Missing means that there is no such hook.
	Missing State = "not installed"
	// Installed means that the hook is ours and is what would be installed now.
	Installed State = "installed"
	// Outdated means that the hook is ours and was written by another version or runs another skant program.
	Outdated State = "outdated"
	// Foreign means that the hook was not written by skant, and does not seem to run it.
	Foreign State = "foreign"
	// Chained means that the hook was not written by skant and has a line that runs it, or that the configuration of the tool
	// which wrote it names skant.
	Chained State = "chained"
)

// Hook is one hook of a repository as it is now.
type Hook struct {
	Kind Kind
	// Path is the absolute path of the hook, whether there is one or not.
	Path  string
	State State
	// Executable is false for a hook that git skips because it may not be executed.
	Executable bool
	// Binary is the program that a hook of ours runs, and BinaryFound whether it exists. If it does not, the hook looks
	// for skant in PATH, and blocks if there is none.
	Binary      string
	BinaryFound bool
	// OnError is that of the options that a hook of ours was installed with.
	OnError string
	// Kept is the path of the hook that stood here before, which ours runs first; empty if there is none. Where the hook is
	// not ours, nothing runs it any more. KeptIdle says that it may not be executed, so that git never ran it.
	Kept     string
	KeptIdle bool
	// Tool is the name of the program that wrote a hook which is not ours, where it is a known one; File is its
	// configuration. Line is what to add there, or to the hook itself, so that it runs skant; it may be several lines. It is
	// empty where a folder stands.
	Tool, File, Line string
	// Through says that a hook of ours was moved aside by Tool, whose own hook runs it.
	Through bool

	needsName string
}

// Ours reports whether skant wrote the hook.
func (h *Hook) Ours() bool { return h.State == Installed || h.State == Outdated }

// Active reports whether git runs skant for this hook, as far as the hook's text can tell.
func (h *Hook) Active() bool { return h.Executable && (h.Ours() || h.State == Chained) }

// Overview is the state of all hooks of a repository.
type Overview struct {
	// Folder is where git looks for hooks.
	Folder string
	// Elsewhere says that core.hooksPath makes git look outside of the repository's own git folder.
	Elsewhere bool
	// Linked says that this is a linked work tree: its hooks are those of all work trees of the repository.
	Linked bool
	Hooks  []Hook
	// Shadowed are paths of hooks of ours that git does not run, because core.hooksPath makes it look elsewhere; without
	// those for which another one does there.
	Shadowed []string
}

// Status returns the state of every hook of [Kinds].
func Status(repo Repo, opt Options) (*Overview, error) {
	opt.top = repo.WorkTree
	folder, elsewhere, err := repo.folder()
	if err != nil {
		return nil, err
	}
	o := &Overview{Folder: folder, Elsewhere: elsewhere, Linked: filepath.Clean(repo.GitDir) != filepath.Clean(repo.CommonDir)}
	if o.Hooks, err = inspectAll(folder, Kinds(), opt); err != nil {
		return nil, err
	}
	if !elsewhere {
		return o, nil
	}
	own, err := inspectAll(repo.ownFolder(), Kinds(), opt)
	if err != nil {
		return nil, err
	}
	for i := range own {
		if own[i].Ours() && !o.Hooks[i].Active() {
			o.Shadowed = append(o.Shadowed, own[i].Path)
		}
	}
	return o, nil
}

func (r Repo) ownFolder() string { return filepath.Join(r.CommonDir, "hooks") }

// folder returns where git looks for hooks. elsewhere says that this is not inside the repository's git folder.
func (r Repo) folder() (folder string, elsewhere bool, err error) {
	path := r.HooksPath
	switch {
	case path == "":
		return r.ownFolder(), false, nil
	case strings.HasPrefix(path, "~/") && r.Home != "":
		path = filepath.Join(r.Home, path[2:])
	case strings.HasPrefix(path, "~"), strings.HasPrefix(path, "%("):
		return "", false, fmt.Errorf("core.hooksPath %q cannot be expanded; write it as an absolute path", r.HooksPath)
	}
	if !filepath.IsAbs(path) {
		// Hooks run at the top of the work tree, and in the git folder of a bare repository.
		start := r.WorkTree
		if start == "" {
			start = r.GitDir
		}
		path = filepath.Join(start, path)
	}
	rel, err := filepath.Rel(r.CommonDir, path)
	return filepath.Clean(path), err != nil || !filepath.IsLocal(rel), nil
}

func inspectAll(folder string, kinds []Kind, opt Options) ([]Hook, error) {
	var found []Hook
	for _, k := range kinds {
		hook, err := inspect(folder, k, opt)
		if err != nil {
			return nil, fmt.Errorf("read %s hook: %w", k.Name, err)
		}
		found = append(found, hook)
	}
	return found, nil
}

// inspect reads the hook of one kind. One of ours that another tool moved aside and runs from its own is found, too.
func inspect(folder string, k Kind, opt Options) (Hook, error) {
	hook, err := inspectFile(filepath.Join(folder, k.Name), k, opt)
	if err == nil && hook.Tool == "pre-commit" {
		moved, movedErr := inspectFile(hook.Path+".legacy", k, opt)
		if movedErr == nil && moved.Ours() {
			moved.Tool, moved.Through = hook.Tool, true
			moved.Executable = moved.Executable && hook.Executable
			hook = moved
		}
		err = movedErr
	}
	if err == nil {
		err = findKept(&hook, folder)
	}
	return hook, err
}

func inspectFile(path string, k Kind, opt Options) (Hook, error) {
	hook := Hook{Kind: k, Path: path, State: Missing}
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errNotFolder) {
		return hook, nil
	}
	if err != nil {
		return hook, err
	}
	hook.State, hook.Line = Foreign, chainLine(k, cmp.Or(shellPath(opt.Binary), "skant"))
	target := ""
	if info.Mode()&fs.ModeSymlink != 0 {
		// The file behind a link may be executed, but it is not ours to change.
		if info, err = os.Stat(path); err != nil {
			return hook, nil //nolint:nilerr // A link to nowhere: git runs nothing.
		}
		if target, err = filepath.EvalSymlinks(path); err != nil {
			return hook, nil //nolint:nilerr // See above.
		}
	}
	hook.Executable = executable(info)
	if !info.Mode().IsRegular() || info.Size() > maxHook {
		if info.IsDir() {
			hook.Line = "" // nobody can add it there
		}
		if target != "" {
			hook.needsName = needsItsName("", target, k)
		}
		return hook, nil
	}
	content, err := readBounded(path)
	if err != nil {
		return hook, err
	}
	s, current, ours := recognise(content, k, scripts())
	if !ours || target != "" {
		hook.foreign(content, target, opt.top)
		return hook, nil
	}
	hook.Line, hook.Binary, hook.OnError, hook.State = "", s.binary, s.onError, Outdated
	if current && (s.binary == shellPath(opt.Binary) || opt.Binary == "") && (s.onError == opt.OnError || opt.OnError == "") {
		hook.State = Installed
	}
	found, err := os.Stat(filepath.FromSlash(s.binary))
	hook.BinaryFound = err == nil && executable(found)
	return hook, nil
}

// foreign looks at what a hook of somebody else is.
func (h *Hook) foreign(content, target, top string) {
	h.needsName = needsItsName(content, target, h.Kind)
	if chained(content, h.Kind) {
		h.State, h.Line = Chained, ""
	}
	if t, ok := owner(content, h.Kind); ok {
		h.Tool, h.File = t.Name, t.File
		switch {
		case h.State != Foreign:
		case top != "" && t.configures(top):
			h.State, h.Line = Chained, ""
		default:
			h.Line = t.lines(h.Kind)
		}
	}
}

// findKept looks for the hook that was kept, which one of ours runs first.
func findKept(h *Hook, folder string) error {
	path := filepath.Join(folder, h.Kind.Name+keptSuffix)
	if _, err := os.Lstat(path); err != nil {
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errNotFolder) {
			return nil
		}
		return err
	}
	info, err := os.Stat(path)
	h.Kept, h.KeptIdle = path, err != nil || !executable(info)
	return nil
}

// maxHook bounds in bytes what is read of a hook; ours are far smaller.
const maxHook = 1 << 20

func readBounded(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close() //nolint:errcheck // Nothing was written, so there is nothing to lose.
	content, err := io.ReadAll(io.LimitReader(file, maxHook+1))
	return string(content), err
}

// executable reports whether git would run the file. Windows has no such bit, and git runs every hook there.
func executable(info fs.FileInfo) bool {
	return info.Mode().IsRegular() && (info.Mode()&0o111 != 0 || runtime.GOOS == "windows")
}

// shellPath is a path as the shell of Git for Windows reads it, too.
func shellPath(path string) string { return filepath.ToSlash(path) }

func checkBinary(path string) error {
	switch {
	case !filepath.IsAbs(path):
		return fmt.Errorf("path of the skant program %q is not absolute", path)
	case strings.ContainsAny(path, "\n\r\x00"):
		return fmt.Errorf("path of the skant program %q holds a line end; install skant elsewhere", path)
	}
	return nil
}
