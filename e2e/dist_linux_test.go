//go:build e2e

package e2e

import (
	"os/exec"
	"syscall"
	"testing"
)

// alone runs a program with nothing but a root folder, as the user of our image.
func alone(t *testing.T, root, dir string, args ...string) (out string, code int) {
	t.Helper()
	cmd := &exec.Cmd{Path: args[0], Args: args, Dir: dir, Env: []string{}}
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: 65532, Gid: 65532}}
	raw, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(raw), cmd.ProcessState.ExitCode()
}
