package repo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// HooksPath returns the value of core.hooksPath as git sees it in this repository: the user's and the system's
// configuration count, and so do included files, which is why git itself is asked. It is empty if it is not set.
func (r *Repository) HooksPath(ctx context.Context) (string, error) {
	program := r.opt.Git
	if program == "" {
		program = "git"
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, program, "--git-dir="+r.at.gitDir, "config", "--type=path", "--get", "core.hooksPath")
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 1 {
		return "", nil // git's way of saying that it is not set
	}
	if err != nil {
		return "", fmt.Errorf("ask git for core.hooksPath: %w: %s", err, firstLine(stderr.String()))
	}
	return strings.TrimRight(stdout.String(), "\r\n"), nil
}

// firstLine returns the first line of a program's message.
func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}
