// Command skant finds leaked credentials in git, says what they are and how to end the incident.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"golang.org/x/term"
)

func main() {
	// net/http logs what a server sends without being asked, and a server may repeat a secret.
	log.SetOutput(io.Discard)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	code := run(ctx, &app{
		in: os.Stdin, out: os.Stdout, err: os.Stderr, env: os.Getenv, now: time.Now, cacheDir: os.UserCacheDir,
		configDir: os.UserConfigDir, environ: os.Environ,
		garbage: func(percent int) { debug.SetGCPercent(percent) },
		terminal: func(stream any) (width int, ok bool) {
			f, isFile := stream.(*os.File)
			if !isFile || !term.IsTerminal(int(f.Fd())) {
				return 0, false
			}
			width, _, err := term.GetSize(int(f.Fd()))
			return width, err == nil
		},
	}, os.Args[1:])
	stop()
	os.Exit(code)
}

// app is everything outside the program that a command uses.
type app struct {
	in       io.Reader
	out, err io.Writer
	env      func(string) string
	now      func() time.Time
	// cacheDir is the folder in which the user's programs keep what they can do without; nil means none.
	cacheDir func() (string, error)
	// configDir is the folder in which the user's programs keep their settings; nil means none.
	configDir func() (string, error)
	// environ lists the environment, NAME=VALUE each; nil where it is not looked through.
	environ func() []string
	// args are those of the command line, without the name of the program.
	args []string
	// notes are what the summary of a step says about the run, in plain text.
	notes []string
	// garbage sets how much garbage is left lying, in percent of the memory in use; nil where that is not the program's to say.
	garbage func(percent int)
	// terminal returns the width in columns of the terminal behind a stream; ok is false where there is none.
	terminal func(stream any) (width int, ok bool)
}

// Exit codes, the same for every command. docs/exit-codes.md explains them.
const (
	// exitClean: nothing was found, and everything was read.
	exitClean = 0
	// exitFindings: something was found, whether or not everything was read.
	exitFindings = 1
	// exitUsage: the command line or the configuration is wrong; nothing was scanned.
	exitUsage = 2
	// exitIncomplete: nothing was found in what could be read, and not everything could.
	exitIncomplete = 3
)

// run runs the program and returns its exit code. Nothing that it writes about an error or a crash holds a secret.
func run(ctx context.Context, a *app, args []string) (code int) {
	defer func() {
		if p := recover(); p != nil {
			a.say(msgCrash, a.scrub(fmt.Sprint(p)), a.scrub(string(debug.Stack())))
			code = exitIncomplete
		}
	}()
	a.quiet()
	a.args = args
	root := rootFor(a, args)
	root.SetArgs(args)
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	err := root.ExecuteContext(ctx)
	return a.exitCode(err)
}
