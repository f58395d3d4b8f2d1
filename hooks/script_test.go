package hooks

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestScript runs the hook's text in a real shell.
func TestScript(t *testing.T) {
	folder := t.TempDir()
	fake := func(name, prints string, exit string) string {
		path := filepath.Join(folder, name, "skant")
		write(t, path, "#!/bin/sh\necho "+prints+" \"$@\"\nexit "+exit+"\n", 0o755)
		return path
	}
	recorded, inPath := fake("it's $(a) \"b\"", "recorded", "3"), fake("bin", "found", "1")
	system := "/usr/bin:/bin"
	for _, c := range []struct {
		name, binary, path, stdout, stderr string
		exit                               int
	}{
		{"the recorded program", recorded, system, "recorded staged\n", "", 3},
		{"the one in PATH", filepath.Join(folder, "gone"), filepath.Dir(inPath) + ":" + system, "found staged\n", "", 1},
		{"none", "/no/such/skant", system, "", "skant: not found at /no/such/skant and not in PATH", 1},
	} {
		for _, k := range Kinds() {
			hook := filepath.Join(folder, k.Name)
			write(t, hook, scriptV1(k, c.binary), 0o755)
			cmd := exec.Command("/bin/sh", hook)
			cmd.Env = append(os.Environ(), "PATH="+c.path)
			var stdout, stderr strings.Builder
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			_ = cmd.Run() // The exit code is looked at below.
			if cmd.ProcessState.ExitCode() != c.exit || stdout.String() != c.stdout || !strings.HasPrefix(stderr.String(), c.stderr) {
				t.Errorf("%s, %s: exit %d, stdout %q, stderr %q", k.Name, c.name, cmd.ProcessState.ExitCode(), &stdout, &stderr)
			}
			if c.stdout == "" && !strings.Contains(stderr.String(), k.Bypass) {
				t.Errorf("%s: the message does not say how to go on: %q", k.Name, &stderr)
			}
		}
	}
}
