package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"
)

// TestCommandsAlone holds what a command says of itself in a tree of its own against what it says among all others.
func TestCommandsAlone(t *testing.T) {
	for _, line := range []string{
		"staged --help", "staged --nonsense", "staged argument", "staged --max-size", "hooks", "hooks --help", "hooks nonsense", "hooks run --help", "hooks run nonsense",
		"hooks --nonsense", "hooks run", "help staged", "--help staged", "hooks help run", "staged --min-confidence nonsense",
	} {
		said := func(all bool) (string, int) {
			var out, errOut bytes.Buffer
			a := &app{in: strings.NewReader(""), out: &out, err: &errOut, env: func(string) string { return "" }, now: time.Now}
			a.terminal = func(any) (int, bool) { return 0, false }
			args := strings.Fields(line)
			root := rootFor(a, args)
			if all {
				root = newRoot(a)
			}
			root.SetArgs(args)
			root.SetOut(a.out)
			root.SetErr(a.err)
			err := root.ExecuteContext(context.Background())
			return out.String() + errOut.String(), a.exitCode(err)
		}
		alone, code := said(false)
		if among, want := said(true); alone != among || code != want {
			t.Errorf("skant %s: alone it ends with %d and says\n%s\namong all commands with %d and\n%s", line, code, alone, want, among)
		}
	}
}
