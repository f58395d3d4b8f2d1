package hooks

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// install brings the hook of one kind to what it should be.
func install(folder string, k Kind, opt Options) error {
	hook, err := inspect(folder, k, opt)
	if err != nil {
		return fmt.Errorf("read %s hook: %w", k.Name, err)
	}
	versions := scripts()
	text := versions[len(versions)-1](k, shellPath(opt.Binary))
	switch hook.State {
	case Foreign:
		return &ForeignError{Path: hook.Path, Line: hook.Line}
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
	file, err := os.CreateTemp(filepath.Dir(path), ".skant-hook-*")
	if err != nil {
		return err
	}
	if err := fillHook(file, text); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
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
