package hooks

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// ForeignError says that a hook was not written by skant and was left alone.
type ForeignError struct {
	// Hook is the hook as it is.
	Hook Hook
	// Reason is why it was not kept beside a hook of ours.
	Reason string
}

// Error implements error.
func (e *ForeignError) Error() string {
	where, what := fmt.Sprintf("%q", e.Hook.Path), "this line"
	if e.Hook.File != "" {
		where = e.Hook.File
	}
	if strings.Contains(e.Hook.Line, "\n") {
		what = "these lines"
	}
	if e.Hook.Line == "" {
		return fmt.Sprintf("%q is left as it is, because %s", e.Hook.Path, e.Reason)
	}
	return fmt.Sprintf("%q is left as it is, because %s; to run skant too, add %s to %s:\n%s",
		e.Hook.Path, e.Reason, what, where, indented(e.Hook.Line))
}

func indented(text string) string { return "    " + strings.ReplaceAll(text, "\n", "\n    ") }

// ElsewhereError says that git looks for hooks in a folder that is not the repository's own.
type ElsewhereError struct {
	// HooksPath is the configured value, Folder what it stands for.
	HooksPath, Folder string
	// Tool is the name of the program whose folder it is, as far as that is known.
	Tool string
	// Files are the files that are to run skant, by the hook's name, and Lines what to add to each.
	Files, Lines map[string]string
}

// Error implements error.
func (e *ElsewhereError) Error() string {
	text := fmt.Sprintf("core.hooksPath is %q, so git runs only the hooks in %q, which other tools or repositories use; nothing was "+
		"installed: add these lines, or unset core.hooksPath", e.HooksPath, e.Folder)
	if e.Tool != "" {
		text = fmt.Sprintf("core.hooksPath is %q, the folder of %s, which writes the hooks there itself; nothing was installed: add "+
			"these lines", e.HooksPath, e.Tool)
	}
	for _, k := range Kinds() {
		if line, ok := e.Lines[k.Name]; ok {
			text += "\nto " + e.Files[k.Name] + ":\n" + indented(line)
		}
	}
	return text
}

// Install writes every hook of kinds that is missing and renews those of ours that are outdated. A hook of somebody else that
// stands in the place of one is kept beside it, byte for byte, and run by ours before anything else. It returns the hooks as
// they are afterwards.
//
// A hook that another tool writes, or that may not work under another name, is left alone unless opt.Chain is set: that is a
// [*ForeignError], joined into the error with what else went wrong; the other hooks are installed all the same. If
// core.hooksPath makes git look elsewhere, nothing is written and the error is an [*ElsewhereError], unless opt.AnyHooksPath
// is set.
func Install(repo Repo, kinds []Kind, opt Options) ([]Hook, error) {
	opt.top = repo.WorkTree
	if err := checkBinary(opt.Binary); err != nil {
		return nil, err
	}
	folder, elsewhere, err := repo.folder()
	if err != nil {
		return nil, err
	}
	if elsewhere && !opt.AnyHooksPath {
		return nil, elsewhereError(repo, folder, kinds, opt)
	}
	return installAll(folder, kinds, opt)
}

// elsewhereError says what to add where. A folder of husky is known by its name even before it is filled.
func elsewhereError(repo Repo, folder string, kinds []Kind, opt Options) error {
	e := &ElsewhereError{HooksPath: repo.HooksPath, Folder: folder, Files: map[string]string{}, Lines: map[string]string{}}
	for _, k := range kinds {
		e.Files[k.Name], e.Lines[k.Name] = filepath.Join(folder, k.Name), chainLine(k, shellPath(opt.Binary))
		hook, err := inspect(folder, k, opt)
		if err != nil {
			return fmt.Errorf("read %s hook: %w", k.Name, err)
		}
		base, above := filepath.Base(folder), filepath.Base(filepath.Dir(folder))
		if base == ".husky" || base == "_" && above == ".husky" {
			t := tools()[0]
			hook.Tool, hook.File, hook.Line = t.Name, ".husky/"+k.Name, t.lines(k)
		}
		if hook.Tool != "" && hook.Line != "" {
			e.Tool, e.Files[k.Name], e.Lines[k.Name] = hook.Tool, hook.File, hook.Line
		}
	}
	return e
}

func installAll(folder string, kinds []Kind, opt Options) ([]Hook, error) {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return nil, fmt.Errorf("create hooks folder: %w", err)
	}
	var all []error
	for _, k := range kinds {
		if err := install(folder, k, opt); err != nil {
			all = append(all, err)
		}
	}
	installed, err := inspectAll(folder, kinds, opt)
	return installed, errors.Join(append(all, err)...)
}

// install brings the hook of one kind to what it should be.
func install(folder string, k Kind, opt Options) error {
	hook, err := inspect(folder, k, opt)
	if err != nil {
		return fmt.Errorf("read %s hook: %w", k.Name, err)
	}
	s := setup{binary: shellPath(opt.Binary)}
	if k.Server {
		s.onError = opt.OnError
		if s.onError == "" {
			s.onError = hook.OnError // renewing a hook does not change what it was told
		}
	}
	text := currentScript()(k, s)
	switch hook.State {
	case Foreign:
		err = chain(folder, &hook, text, opt)
	case Chained:
		return nil
	case Installed:
		if hook.Executable {
			return nil
		}
		err = os.Chmod(hook.Path, hookMode)
	case Outdated:
		err = replaceHook(hook.Path, text)
	default:
		err = createHook(hook.Path, text)
	}
	if err != nil {
		return fmt.Errorf("install %s hook: %w", k.Name, err)
	}
	return nil
}

// chain puts a hook of ours in the place of another one, which is kept beside it under another name: the same file, with all
// that belongs to it. At any moment one of the two is in place.
func chain(folder string, hook *Hook, text string, opt Options) error {
	reason := ""
	switch {
	case hook.Tool != "":
		reason = hook.Tool + " wrote it and would write it again"
	case hook.needsName != "":
		reason = hook.needsName
	}
	if reason != "" && (!opt.Chain || hook.Tool == "husky") { // a hook of husky does nothing under another name
		return &ForeignError{Hook: *hook, Reason: reason}
	}
	info, err := os.Lstat(hook.Path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() && info.Mode()&fs.ModeSymlink == 0 {
		return &ForeignError{Hook: *hook, Reason: "it is no file"}
	}
	kept := filepath.Join(folder, hook.Kind.Name+keptSuffix)
	if other, err := os.Lstat(kept); err == nil && !os.SameFile(info, other) { // the same one: an installation was interrupted
		hook.Line = ""
		return &ForeignError{Hook: *hook, Reason: fmt.Sprintf("another hook is kept as %q already", kept)}
	}
	made, err := writeBeside(hook.Path, text)
	if err != nil {
		return err
	}
	if err := alsoAt(hook.Path, info, kept); err != nil && !errors.Is(err, fs.ErrExist) {
		// A file system without links: there is no hook for a moment.
		if err := os.Rename(hook.Path, kept); err != nil {
			return errors.Join(err, os.Remove(made))
		}
		if err := os.Rename(made, hook.Path); err != nil {
			return errors.Join(err, os.Rename(kept, hook.Path), os.Remove(made))
		}
		return nil
	}
	if err := os.Rename(made, hook.Path); err != nil {
		return errors.Join(err, os.Remove(made))
	}
	return nil
}

// alsoAt gives a file a second name. A symbolic link is made again, since not every system can link to one.
func alsoAt(path string, info fs.FileInfo, kept string) error {
	if info.Mode()&fs.ModeSymlink == 0 {
		return os.Link(path, kept)
	}
	target, err := os.Readlink(path)
	if err != nil {
		return err
	}
	return os.Symlink(target, kept)
}

// Uninstall removes the hooks of kinds that are ours, whichever version wrote them, from where git looks and from the
// repository's own hooks folder, and puts back what was kept in their places. It returns the paths of what it removed, and of
// what it put back.
func Uninstall(repo Repo, kinds []Kind, opt Options) (removed, restored []string, err error) {
	folder, elsewhere, err := repo.folder()
	if err != nil {
		return nil, nil, err
	}
	folders := []string{folder}
	if elsewhere {
		folders = append(folders, repo.ownFolder())
	}
	return uninstallAll(folders, kinds, opt)
}

func uninstallAll(folders []string, kinds []Kind, opt Options) (removed, restored []string, err error) {
	var all []error
	for _, folder := range folders {
		for _, k := range kinds {
			hook, err := inspect(folder, k, opt)
			switch {
			case err != nil || !hook.Ours() && hook.State != Missing || hook.State == Missing && hook.Kept == "":
			case hook.Kept != "":
				if err = os.Rename(hook.Kept, hook.Path); err == nil {
					restored = append(restored, hook.Path)
				}
			default:
				if err = os.Remove(hook.Path); err == nil {
					removed = append(removed, hook.Path)
				}
			}
			if err != nil {
				all = append(all, fmt.Errorf("remove %s hook: %w", k.Name, err))
			}
		}
	}
	return removed, restored, errors.Join(all...)
}

const hookMode = 0o755

// createHook writes a new hook. It fails where a file has appeared meanwhile, so nobody's hook is overwritten. The file
// may be executed only once it is complete.
func createHook(path, text string) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	return fillHook(file, text)
}

// replaceHook writes a hook beside its place and then puts it there in one step, so that there is a hook at any time.
func replaceHook(path, text string) error {
	made, err := writeBeside(path, text)
	if err != nil {
		return err
	}
	if err := os.Rename(made, path); err != nil {
		return errors.Join(err, os.Remove(made))
	}
	return nil
}

// writeBeside writes a hook to a file of another name in the same folder.
func writeBeside(path, text string) (made string, err error) {
	file, err := os.CreateTemp(filepath.Dir(path), ".skant-hook-*")
	if err != nil {
		return "", err
	}
	return file.Name(), fillHook(file, text)
}

// fillHook writes text to file, makes it executable and closes it; if that fails the file is removed.
func fillHook(file *os.File, text string) error {
	_, err := file.WriteString(text)
	if err == nil {
		err = file.Chmod(hookMode)
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}
