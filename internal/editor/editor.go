// Package editor starts the user's own editor at a line of a file.
//
// Which program that is says the user's environment alone, and it is started without a shell: nothing in a file's name means anything to
// anybody. Beside the package that asks git it is the only one that runs a program.
package editor

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// Run is an editor that is ready to be started. It satisfies the ExecCommand of bubbletea.
type Run struct{ cmd *exec.Cmd }

// New prepares the editor that VISUAL or EDITOR names, or vi, for the file at path, which is absolute, and a line and column from 1; 0 where
// they are not known.
func New(env func(string) string, path string, line, column int) (*Run, error) {
	if !filepath.IsAbs(path) {
		return nil, fmt.Errorf("open %q: its path is not absolute", path)
	}
	words, err := split(cmp.Or(env("VISUAL"), env("EDITOR"), "vi"))
	if err != nil {
		return nil, fmt.Errorf("read $VISUAL or $EDITOR: %w", err)
	}
	name, err := exec.LookPath(words[0])
	if err != nil {
		return nil, fmt.Errorf("there is no editor %q; set $EDITOR to one", words[0])
	}
	return &Run{exec.Command(name, append(words[1:], arguments(name, path, line, column)...)...)}, nil
}

// Run runs the editor and waits for its end.
func (r *Run) Run() error { return r.cmd.Run() }

// SetStdin sets where the editor reads its keys.
func (r *Run) SetStdin(in io.Reader) { r.cmd.Stdin = in }

// SetStdout sets where the editor draws.
func (r *Run) SetStdout(out io.Writer) { r.cmd.Stdout = out }

// SetStderr sets where the editor complains.
func (r *Run) SetStderr(out io.Writer) { r.cmd.Stderr = out }

// arguments say the file and line in the way that an editor understands. One that is not known gets the file alone.
func arguments(program, path string, line, column int) []string {
	if line < 1 {
		return []string{path}
	}
	at := strconv.Itoa(line)
	name := strings.TrimSuffix(strings.ToLower(filepath.Base(program)), ".exe")
	switch name {
	case "vi", "vim", "nvim", "view", "gvim", "nano", "pico", "rnano", "joe", "jmacs", "mg", "ne", "jed", "mcedit", "gedit", "ex", "elvis", "vile":
		return []string{"+" + at, path}
	case "emacs", "emacsclient", "kak", "kate", "micro":
		if name == "kate" {
			return []string{"--line", at, path}
		}
		return []string{"+" + at + ":" + strconv.Itoa(max(1, column)), path}
	case "code", "code-insiders", "codium", "cursor", "windsurf":
		return []string{"--goto", path + ":" + at + ":" + strconv.Itoa(max(1, column))}
	case "subl", "zed", "hx", "helix", "lapce":
		return []string{path + ":" + at + ":" + strconv.Itoa(max(1, column))}
	case "idea", "goland", "pycharm", "webstorm", "phpstorm", "clion", "rubymine":
		return []string{"--line", at, path}
	default:
		return []string{path}
	}
}

// split cuts a command line into words as a shell would, with quotes and backslashes, and nothing else of a shell.
func split(text string) ([]string, error) {
	var words []string
	var word strings.Builder
	var quote rune
	in, escaped := false, false
	for _, r := range text {
		switch {
		case escaped:
			word.WriteRune(r)
			escaped = false
		case r == '\\' && quote != '\'' && filepath.Separator == '/':
			in, escaped = true, true
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '\'' || r == '"'):
			in, quote = true, r
		case quote == 0 && (r == ' ' || r == '\t'):
			if in {
				words = append(words, word.String())
				word.Reset()
			}
			in = false
		default:
			in = true
			word.WriteRune(r)
		}
	}
	if quote != 0 || escaped {
		return nil, errors.New("its quotes do not close")
	}
	if in {
		words = append(words, word.String())
	}
	if len(words) == 0 || words[0] == "" {
		return nil, errors.New("it names no program")
	}
	return words, nil
}
