package repo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// HookTrial is what came of trying a hook.
type HookTrial struct {
	// Blocked says that git did not do what the hook is to prevent.
	Blocked bool
	// Output is what git and the hook said, at most 64 KiB of it.
	Output string
}

// maxTrialOutput bounds what is kept of what a hook says, in bytes.
const maxTrialOutput = 64 << 10

// A trial takes a fraction of a second. It is ended after trialTimeout: some versions of git wait for ever for the other side of a
// push if its hook cannot be started. trialDelay is how long the programs that git has started are waited for then.
const (
	trialTimeout = 30 * time.Second
	trialDelay   = time.Second
)

// TrialHook is a hook to be tried: a file, or a command of git's configuration.
type TrialHook struct {
	// Kind is the event: pre-commit, pre-merge-commit, pre-push or pre-receive.
	Kind string
	// Path is the hook's file; empty if Command is the command that git is to run.
	Path, Command string
}

// TryHook has the real git run one hook in a repository of its own, on content that the hook must refuse. That repository is
// in a temporary folder, which is removed afterwards: nothing of the user's is read or written, and no other hook is run. The
// hook is run from where it is, through a link, so that its first line, its mode and the program it starts are put to the
// test. An error means that the trial could not be made. git is the program; "" means the one in PATH.
func TryHook(ctx context.Context, git string, hook TrialHook, content []byte) (trial HookTrial, err error) {
	top, err := os.MkdirTemp("", "skant-trial-*")
	if err != nil {
		return trial, fmt.Errorf("try hook: %w", err)
	}
	defer func() {
		if gone := os.RemoveAll(top); gone != nil {
			err = errors.Join(err, fmt.Errorf("remove what a trial of the hook left: %w", gone))
		}
	}()
	if git == "" {
		git = "git"
	}
	ctx, cancel := context.WithTimeout(ctx, trialTimeout)
	defer cancel()
	t := &hookTrial{ctx: ctx, program: git, top: top, work: filepath.Join(top, "work"), hooks: filepath.Join(top, "hooks")}
	if err := t.prepare(hook, content); err != nil {
		return trial, fmt.Errorf("try hook: %w", err)
	}
	return t.try(hook)
}

// hookTrial is one trial.
type hookTrial struct {
	ctx     context.Context //nolint:containedctx // a trial lives as long as one call
	program string
	// top is the temporary folder, work the work tree in it, hooks the folder with the one hook.
	top, work, hooks string
	output           boundedBuffer
}

// prepare makes a repository with one commit, and content that is about to become a part of it.
func (t *hookTrial) prepare(hook TrialHook, content []byte) error {
	empty := filepath.Join(t.top, "template")
	for _, dir := range []string{t.work, t.hooks, empty} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return err
		}
	}
	if hook.Path != "" {
		if err := placeHook(hook.Path, filepath.Join(t.hooks, hook.Kind)); err != nil {
			return err
		}
	}
	for _, args := range [][]string{
		{"init", "-q", "--template=" + empty, "."},
		{"checkout", "-q", "-b", "main"},
		{"commit", "-q", "--allow-empty", "-m", "first"},
		{"init", "-q", "--bare", "--template=" + empty, filepath.Join(t.top, "remote")},
	} {
		if err := t.setup(args...); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(t.work, "trial.env"), content, 0o600); err != nil {
		return err
	}
	return t.setup("add", "trial.env")
}

// try does what the hook is to prevent, and looks whether it happened.
func (t *hookTrial) try(hook TrialHook) (HookTrial, error) {
	settings := [][2]string{{"core.hooksPath", t.hooks}}
	if hook.Path == "" {
		settings = append(settings, [2]string{"hook.skant-trial.command", hook.Command}, [2]string{"hook.skant-trial.event", hook.Kind})
	}
	var hooks []string
	for _, s := range settings {
		hooks = append(hooks, "-c", s[0]+"="+s[1])
	}
	remote := filepath.Join(t.top, "remote")
	var steps [][]string
	var attempt, done []string
	switch hook.Kind {
	case "pre-commit":
		attempt, done = []string{"commit", "-q", "-m", "trial"}, []string{"rev-parse", "-q", "--verify", "HEAD^"}
	case "pre-merge-commit":
		steps = [][]string{
			{"checkout", "-q", "-b", "side"}, {"commit", "-q", "-m", "trial"}, {"checkout", "-q", "main"},
		}
		attempt, done = []string{"merge", "-q", "--no-ff", "-m", "trial", "side"}, []string{"rev-parse", "-q", "--verify", "HEAD^2"}
	case "pre-push", "pre-receive":
		steps = [][]string{{"commit", "-q", "-m", "trial"}}
		attempt = []string{"push", "-q", remote, "main:refs/heads/main"}
		done = []string{"--git-dir=" + remote, "rev-parse", "-q", "--verify", "refs/heads/main"}
		if hook.Kind == "pre-receive" {
			for _, s := range settings {
				steps = append(steps, []string{"--git-dir=" + remote, "config", s[0], s[1]})
			}
			hooks = nil // those are git's on this side of the push
		}
	default:
		return HookTrial{}, fmt.Errorf("try hook: no trial of %q is known", hook.Kind)
	}
	for _, step := range steps {
		if err := t.setup(step...); err != nil {
			return HookTrial{}, fmt.Errorf("try hook: %w", err)
		}
	}
	t.output = boundedBuffer{limit: maxTrialOutput, drop: true}
	// Whether it worked is looked up: a hook can make git fail after the fact, and say nothing where it does.
	refused := t.run(&t.output, append(hooks, attempt...)...)
	happened := t.run(io.Discard, done...)
	if err := t.ctx.Err(); err != nil {
		return HookTrial{}, fmt.Errorf("try hook: %w", err)
	}
	return HookTrial{Blocked: refused != nil && happened != nil, Output: t.output.buf.String()}, nil
}

// setup runs git without any hook.
func (t *hookTrial) setup(args ...string) error {
	var said boundedBuffer
	said.limit, said.drop = 4096, true
	if err := t.run(&said, append([]string{"-c", "core.hooksPath=" + os.DevNull}, args...)...); err != nil {
		return fmt.Errorf("run git %s: %w: %s", args[0], err, clip(firstLine(said.buf.String())))
	}
	return nil
}

func (t *hookTrial) run(out io.Writer, args ...string) error {
	cmd := exec.CommandContext(t.ctx, t.program, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.WaitDelay = t.work, out, out, trialDelay
	// The hook sees the user's environment but for git's variables, which would lead it back to the user's repository.
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "GIT_") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env,
		"GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0", "GIT_EDITOR=true",
		"GIT_CEILING_DIRECTORIES="+t.top, "GIT_AUTHOR_NAME=trial", "GIT_AUTHOR_EMAIL=trial@localhost",
		"GIT_COMMITTER_NAME=trial", "GIT_COMMITTER_EMAIL=trial@localhost", "LC_ALL=C",
	)
	return cmd.Run()
}

// placeHook links to a hook. Where links are not to be had it is copied with its mode: its first line and the program it
// starts are still put to the test.
func placeHook(from, to string) error {
	if os.Symlink(from, to) == nil {
		return nil
	}
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	text, err := readFile(from, maxSmallFile)
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, info.Mode()&fs.ModePerm)
}
