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
	// Chained means that the hook was not written by skant and has a line that runs it.
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
	// Line is what to add to a foreign hook so that it runs skant; empty otherwise.
	Line string
}

// Active reports whether git runs skant for this hook, as far as the hook's text can tell.
func (h *Hook) Active() bool {
	return h.Executable && (h.State == Installed || h.State == Outdated || h.State == Chained)
}

// Overview is the state of all hooks of a repository.
type Overview struct {
	// Folder is where git looks for hooks.
	Folder string
	// Elsewhere says that core.hooksPath makes git look outside of the repository's own git folder.
	Elsewhere bool
	// Linked says that this is a linked work tree: its hooks are those of all work trees of the repository.
	Linked bool
	Hooks  []Hook
	// Shadowed are paths of hooks of ours that git does not run, because core.hooksPath makes it look elsewhere.
	Shadowed []string
}

// ForeignError says that a hook was not written by skant and was left alone.
type ForeignError struct {
	// Path is the hook's, and Line the shell command which runs skant from it.
	Path, Line string
}

// Error implements error.
func (e *ForeignError) Error() string {
	return fmt.Sprintf("%q was not written by skant and is left as it is; to run skant too, add this line near its top: %s",
		e.Path, e.Line)
}

// ElsewhereError says that git looks for hooks in a folder that is not the repository's own.
type ElsewhereError struct {
	// HooksPath is the configured value, Folder what it stands for.
	HooksPath, Folder string
	// Lines are the shell commands which run skant from a hook, by the hook's name.
	Lines map[string]string
}

// Error implements error.
func (e *ElsewhereError) Error() string {
	text := fmt.Sprintf("core.hooksPath is %q, so git runs only the hooks in %q, which other tools or repositories use; "+
		"nothing was installed: add these lines to the hooks there, or unset core.hooksPath", e.HooksPath, e.Folder)
	for _, k := range Kinds() {
		text += fmt.Sprintf("; %s: %s", k.Name, e.Lines[k.Name])
	}
	return text
}

// Install writes every hook of [Kinds] that is missing and renews those of ours that are outdated. It returns the
// hooks as they are afterwards. A hook of somebody else is left alone and is a [*ForeignError], joined into the error
// with what else went wrong; the other hooks are installed all the same. If core.hooksPath makes git look elsewhere,
// nothing is written and the error is an [*ElsewhereError], unless opt.AnyHooksPath is set.
func Install(repo Repo, opt Options) ([]Hook, error) {
	if err := checkBinary(opt.Binary); err != nil {
		return nil, err
	}
	folder, elsewhere, err := repo.folder()
	if err != nil {
		return nil, err
	}
	if elsewhere && !opt.AnyHooksPath {
		lines := map[string]string{}
		for _, k := range Kinds() {
			lines[k.Name] = chainLine(k, shellPath(opt.Binary))
		}
		return nil, &ElsewhereError{HooksPath: repo.HooksPath, Folder: folder, Lines: lines}
	}
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return nil, fmt.Errorf("create hooks folder: %w", err)
	}
	var all []error
	for _, k := range Kinds() {
		if err := install(folder, k, opt); err != nil {
			all = append(all, err)
		}
	}
	installed, err := inspectAll(folder, opt)
	return installed, errors.Join(append(all, err)...)
}

// Uninstall removes the hooks that are ours, whichever version wrote them, from where git looks and from the
// repository's own hooks folder. It returns the paths of what it removed.
func Uninstall(repo Repo, opt Options) (removed []string, err error) {
	folder, elsewhere, err := repo.folder()
	if err != nil {
		return nil, err
	}
	folders := []string{folder}
	if elsewhere {
		folders = append(folders, repo.ownFolder())
	}
	var all []error
	for _, folder := range folders {
		for _, k := range Kinds() {
			hook, err := inspect(folder, k, opt)
			if err == nil && (hook.State == Installed || hook.State == Outdated) {
				if err = os.Remove(hook.Path); err == nil {
					removed = append(removed, hook.Path)
				}
			}
			if err != nil {
				all = append(all, fmt.Errorf("remove %s hook: %w", k.Name, err))
			}
		}
	}
	return removed, errors.Join(all...)
}

// Status returns the state of every hook of [Kinds].
func Status(repo Repo, opt Options) (*Overview, error) {
	folder, elsewhere, err := repo.folder()
	if err != nil {
		return nil, err
	}
	o := &Overview{Folder: folder, Elsewhere: elsewhere, Linked: filepath.Clean(repo.GitDir) != filepath.Clean(repo.CommonDir)}
	if o.Hooks, err = inspectAll(folder, opt); err != nil {
		return nil, err
	}
	if !elsewhere {
		return o, nil
	}
	own, err := inspectAll(repo.ownFolder(), opt)
	if err != nil {
		return nil, err
	}
	for _, hook := range own {
		if hook.State == Installed || hook.State == Outdated {
			o.Shadowed = append(o.Shadowed, hook.Path)
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

func inspectAll(folder string, opt Options) ([]Hook, error) {
	var found []Hook
	for _, k := range Kinds() {
		hook, err := inspect(folder, k, opt)
		if err != nil {
			return nil, fmt.Errorf("read %s hook: %w", k.Name, err)
		}
		found = append(found, hook)
	}
	return found, nil
}

func inspect(folder string, k Kind, opt Options) (Hook, error) {
	hook := Hook{Kind: k, Path: filepath.Join(folder, k.Name), State: Missing}
	info, err := os.Lstat(hook.Path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errNotFolder) {
		return hook, nil
	}
	if err != nil {
		return hook, err
	}
	hook.State, hook.Line = Foreign, chainLine(k, cmp.Or(shellPath(opt.Binary), "skant"))
	if info.Mode()&fs.ModeSymlink != 0 {
		// The file behind a link may be executed, but it is not ours to change.
		if info, err = os.Stat(hook.Path); err != nil {
			return hook, nil //nolint:nilerr // A link to nowhere: git runs nothing.
		}
		hook.Executable = executable(info)
		return hook, nil
	}
	hook.Executable = executable(info)
	if !info.Mode().IsRegular() || info.Size() > maxHook {
		return hook, nil
	}
	content, err := readBounded(hook.Path)
	if err != nil {
		return hook, err
	}
	binary, current, ours := recognise(content, k, scripts())
	switch {
	case ours && current && (binary == shellPath(opt.Binary) || opt.Binary == ""):
		hook.State, hook.Line = Installed, ""
	case ours:
		hook.State, hook.Line = Outdated, ""
	case chained(content, k):
		hook.State, hook.Line = Chained, ""
	}
	if ours {
		hook.Binary = binary
		found, err := os.Stat(filepath.FromSlash(binary))
		hook.BinaryFound = err == nil && executable(found)
	}
	return hook, nil
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
