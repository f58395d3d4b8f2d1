//go:build e2e && linux

package e2e

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// pasteShell says when a command waits for a value, and what it got. Programs are none, as in playbookShell.
const pasteShell = playbookShell + `
PS1= PS2=
read() {
	note WAITING
	builtin read "$@"
	local name="${@: -1}" # the last word is the name of what is read
	printf 'GOT %s.\n' "${!name}" >> "$NOTES"
}
skant() {
	note skant "$@"
	if [ ! -t 0 ]; then cat > /dev/null; return; fi
	local typed
	note WAITING
	builtin read -rs typed
	printf 'GOT %s.\n' "$typed" >> "$NOTES"
}
`

var waitsForValue = regexp.MustCompile(`(?m)\bread -rs|^\s*skant verify\b`)

// TestPlaybookCommandsCanBePasted hands the commands of steps that wait for a value to an interactive shell as a terminal without bracketed paste
// does: all at once, each line ended by a return, and the value only when somebody is asked for it.
func TestPlaybookCommandsCanBePasted(t *testing.T) {
	bash, script := require(t, "bash", "install it"), require(t, "script", "install bsdutils or util-linux")
	bin := t.TempDir()
	for _, tool := range []string{"jq", "cat", "head", "tr", "date", "cut", "grep", "base64", "basenc", "sort"} {
		if err := os.Symlink(require(t, tool, "install coreutils, grep and jq"), filepath.Join(bin, tool)); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{"rc": pasteShell, "inputrc": "set enable-bracketed-paste off\n"} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	paste := func(t *testing.T, block string) string { return pasted(t, script, bash, bin, block) }
	if got := paste(t, "read -rs LEAKED && export LEAKED\nprintf %s \"$LEAKED\" | curl -K -"); strings.Contains(got, "GOT "+typedCanary+".") {
		t.Fatalf("the test does not tell a block that swallows a line:\n%s", got)
	}
	n := 0
	for _, c := range playbookCommands(t) {
		if !waitsForValue.MatchString(c.text) {
			continue
		}
		n++
		got := paste(t, strings.TrimSpace(c.text))
		if want := strings.Count(got, "WAITING\t"); want != 1 || !strings.Contains(got, "GOT "+typedCanary+".\n") {
			t.Errorf("%s: waited %d times:\n%s\n%s", c.from, want, c.text, got)
		}
		if strings.Contains(strings.ReplaceAll(got, "GOT "+typedCanary+".\n", ""), typedCanary) {
			t.Errorf("%s: the value is among the arguments of a program:\n%s", c.from, got)
		}
	}
	if n < 80 {
		t.Errorf("only %d steps wait for a value", n)
	}
	t.Logf("%d steps were pasted", n)
}

// pasted returns what an interactive shell on a terminal of its own noted down of a block.
func pasted(t *testing.T, script, bash, bin, block string) string {
	t.Helper()
	folder := t.TempDir()
	notes := filepath.Join(folder, "notes")
	if err := os.WriteFile(notes, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	cmd := exec.CommandContext(ctx, script, "-qec", bash+" --noprofile --rcfile "+filepath.Join(bin, "rc")+" -i", "/dev/null")
	cmd.Dir = folder
	cmd.Env = []string{"PATH=" + bin, "HOME=" + folder, "NOTES=" + notes, "LC_ALL=C", "TERM=dumb", "SHELL=/bin/sh", "HISTFILE=", "INPUTRC=" + filepath.Join(bin, "inputrc")}
	for _, m := range heldVariable.FindAllStringSubmatch(block, -1) {
		cmd.Env = append(cmd.Env, m[1]+"="+heldCanary)
	}
	in, out := io.Pipe()
	defer out.Close()
	var said bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	read := func() string {
		text, err := os.ReadFile(notes)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	until := func(what string) bool {
		for ctx.Err() == nil {
			if strings.Contains(read(), what) {
				return true
			}
			time.Sleep(5 * time.Millisecond)
		}
		return false
	}
	send := func(text string) {
		if _, err := io.WriteString(out, text); err != nil {
			t.Fatal(err)
		}
	}
	send("note READY\r")
	if until("READY") {
		send(strings.ReplaceAll(block, "\n", "\r") + "\r")
	}
	if until("WAITING") {
		send(typedCanary + "\n")
	}
	if until("GOT") {
		send("note FINISHED\r")
	}
	until("FINISHED")
	stop()
	_ = in.Close()
	_ = cmd.Wait() // it was stopped
	return read()
}
