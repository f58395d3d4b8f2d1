package repo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// maxGitOutput bounds what is read from the git program, in bytes.
const maxGitOutput = 1 << 30

// runGit runs git on this repository for something that this package cannot read itself, and returns its output.
// The environment is built from nothing: no configuration of the user or the system, no hooks, no file system monitor,
// no pager, no locks, no fetching, no replaced objects. With GIT_DIR set, git asks nobody who owns the repository.
func (r *Repository) runGit(ctx context.Context, args ...string) ([]byte, error) {
	program := r.opt.Git
	if program == "" {
		program = "git"
	}
	fixed := []string{
		"--no-pager", "--literal-pathspecs", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=" + os.DevNull,
		"-c", "core.untrackedCache=false",
	}
	cmd := exec.CommandContext(ctx, program, append(fixed, args...)...)
	cmd.Dir = r.at.gitDir
	cmd.Env = []string{
		"GIT_DIR=" + r.at.gitDir, "GIT_COMMON_DIR=" + r.at.commonDir, "GIT_OBJECT_DIRECTORY=" + r.at.objectsDir,
		// Nothing asks for the real work tree, and git lists only what is below the folder that it is started in.
		"GIT_WORK_TREE=" + r.at.gitDir, "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_CONFIG_SYSTEM=" + os.DevNull, "GIT_CONFIG_NOSYSTEM=1",
		"GIT_OPTIONAL_LOCKS=0", "GIT_TERMINAL_PROMPT=0", "GIT_NO_LAZY_FETCH=1", "GIT_NO_REPLACE_OBJECTS=1", "LC_ALL=C",
	}
	if r.at.index != "" {
		cmd.Env = append(cmd.Env, "GIT_INDEX_FILE="+r.at.index)
	}
	out, errOut := &boundedBuffer{limit: maxGitOutput}, &boundedBuffer{limit: 4096, drop: true}
	cmd.Stdout, cmd.Stderr = out, errOut
	if err := cmd.Run(); err != nil {
		first, _, _ := strings.Cut(strings.TrimSpace(errOut.buf.String()), "\n")
		if first == "" {
			return nil, fmt.Errorf("run git %s: %w", args[0], err)
		}
		return nil, fmt.Errorf("run git %s: %w: %s", args[0], err, clip(first))
	}
	return out.buf.Bytes(), nil
}

// boundedBuffer takes at most limit bytes; what follows is an error or, with drop, is thrown away.
type boundedBuffer struct {
	buf   bytes.Buffer
	limit int
	drop  bool
}

func (b *boundedBuffer) Write(p []byte) (int, error) {
	room := b.limit - b.buf.Len()
	if len(p) > room && !b.drop {
		return 0, errors.New("more output than expected")
	}
	b.buf.Write(p[:min(len(p), room)])
	return len(p), nil
}

// exitCode returns the status that a program ended with, or -1 if it did not run to its end.
func exitCode(err error) int {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	return -1
}
