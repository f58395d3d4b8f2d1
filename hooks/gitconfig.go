package hooks

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// A block of ours in a configuration file of git. The first line says what has to be undone beside it.
const (
	blockStart   = `# skant hooks: from here on written by "skant hooks install --global", removed by "skant hooks uninstall --global"`
	blockNewLine = blockStart + `; the line before had no end`
	blockNewFile = blockStart + `; there was no such file`
	blockEnd     = "# skant hooks: up to here"
)

// BlockError says that the lines of skant in a configuration file are not as skant wrote them.
type BlockError struct {
	// File is the file's path.
	File string
}

// Error implements error.
func (e *BlockError) Error() string {
	return fmt.Sprintf("the lines of skant in %q were changed and are left as they are; remove those between %q and %q by hand",
		e.File, "# skant hooks: from here on", blockEnd)
}

// maxConfigFile bounds a configuration file of git, in bytes.
const maxConfigFile = 16 << 20

// cutBlock takes the block of ours out of a configuration. What is left is what was there before it was added. lines is what
// stood in the block; found is false if there is none. An error says that a part of a block is missing.
func cutBlock(content string) (before string, lines string, found, newFile bool, err error) {
	broken := errors.New("its end is missing, or there are two")
	start := strings.Index(content, blockStart)
	if start < 0 {
		if strings.Contains(content, blockEnd) {
			return "", "", false, false, broken
		}
		return content, "", false, false, nil
	}
	if start > 0 && content[start-1] != '\n' {
		return "", "", false, false, broken
	}
	head, rest, ok := strings.Cut(content[start:], "\n")
	lines, after, okEnd := strings.Cut(rest, blockEnd+"\n")
	if !ok || !okEnd || strings.Contains(lines, blockStart) || strings.Contains(after, blockStart) || strings.Contains(after, blockEnd) {
		return "", "", false, false, broken
	}
	head = strings.TrimSuffix(head, "\r")
	before = content[:start]
	switch head {
	case blockStart:
	case blockNewFile:
		newFile = true
	case blockNewLine:
		before = strings.TrimSuffix(before, "\n")
		if after != "" { // somebody has written something behind the block since
			before += "\n"
		}
	default:
		return "", "", false, false, broken
	}
	return before + after, lines, true, newFile, nil
}

// addBlock appends a block to a configuration that has none.
func addBlock(content, lines string, newFile bool) string {
	head := blockStart
	switch {
	case newFile:
		head = blockNewFile
	case content != "" && !strings.HasSuffix(content, "\n"):
		content += "\n"
		head = blockNewLine
	}
	return content + head + "\n" + lines + blockEnd + "\n"
}

// configValue writes a value in double quotes, as git reads it. It may hold no line end.
func configValue(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// editConfig changes a configuration file as git does: through a file of the same name and ".lock", which keeps git and this
// program from writing at the same time, and in one step. change gets what is there and returns what is to be; check is asked
// about the new file before it counts. A link is followed: the file that it leads to is replaced, not the link. remove says
// that the file is to go.
func editConfig(path string, change func(content string, exists bool) (text string, remove bool, err error), check func(file string) error) (err error) {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	} else if info, err := os.Lstat(path); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		return fmt.Errorf("write git's configuration: %q is a link that leads nowhere; make what it leads to, or remove it", path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return fmt.Errorf("create folder for git's configuration: %w", err)
	}
	lock, err := os.OpenFile(path+".lock", os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%q exists: another program is writing the configuration; if none is, remove that file", path+".lock")
	}
	if err != nil {
		return fmt.Errorf("write git's configuration: %w", err)
	}
	done := false
	defer func() {
		if !done {
			err = errors.Join(err, os.Remove(lock.Name()))
		}
	}()
	content, mode, exists, err := readConfig(path)
	if err != nil {
		return errors.Join(err, lock.Close())
	}
	text, remove, err := change(content, exists)
	if err != nil || text == content && exists {
		return errors.Join(err, lock.Close())
	}
	_, err = lock.WriteString(text)
	err = errors.Join(err, lock.Chmod(mode), lock.Sync(), lock.Close())
	if err == nil && check != nil {
		err = check(lock.Name())
	}
	if err == nil && remove {
		return os.Remove(path) // and the lock with it, see above
	}
	if err == nil {
		err = os.Rename(lock.Name(), path)
		done = err == nil
	}
	if err != nil {
		return fmt.Errorf("write git's configuration: %w", err)
	}
	return nil
}

// newConfigMode is that of a file that git creates.
const newConfigMode = 0o644

func readConfig(path string) (content string, mode fs.FileMode, exists bool, err error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", newConfigMode, false, nil
	}
	if err != nil {
		return "", 0, false, fmt.Errorf("read git's configuration: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxConfigFile {
		return "", 0, false, fmt.Errorf("read git's configuration: %q is no file of less than %d MiB", path, maxConfigFile>>20)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", 0, false, fmt.Errorf("read git's configuration: %w", err)
	}
	if bytes.IndexByte(data, 0) >= 0 {
		return "", 0, false, fmt.Errorf("read git's configuration: %q is no text", path)
	}
	return string(data), info.Mode().Perm(), true, nil
}
