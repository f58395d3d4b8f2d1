package main

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// agentCommandFor runs `skant hooks VERB NAME` with flags, in the current folder.
func agentCommandFor(t *testing.T, path, verb, name string, flags ...string) (string, error) {
	t.Helper()
	a, out, said := testApp("")
	a.env = func(name string) string {
		if name == "PATH" {
			return path
		}
		return ""
	}
	var f agentFlags
	cmd := &cobra.Command{Use: verb}
	f.register(cmd)
	cmd.SetContext(t.Context())
	if err := cmd.ParseFlags(flags); err != nil {
		t.Fatal(err)
	}
	err := a.hooksAgent(cmd, verb, name, f)
	return out.String() + said.String(), err
}

func TestAgentScopes(t *testing.T) {
	home, project := t.TempDir(), t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	t.Chdir(project)
	own, err := ownPath()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ flag, path, runs string }{
		{"", filepath.Join(project, ".claude", "settings.json"), `"skant hooks run claude-code"`},
		{"--local", filepath.Join(project, ".claude", "settings.local.json"), filepath.ToSlash(own)},
		{"--user", filepath.Join(home, ".claude", "settings.json"), filepath.ToSlash(own)},
	} {
		var flags []string
		if c.flag != "" {
			flags = []string{c.flag}
		}
		if _, err := agentCommandFor(t, "", "install", "claude-code", flags...); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(c.path)
		if err != nil || !strings.Contains(string(data), c.runs) {
			t.Errorf("%s: %v\n%s", c.flag, err, data)
		}
		// The program that these settings name is this one, the test, so that it can be tried.
		if out, err := agentCommandFor(t, "", "status", "claude-code", flags...); c.flag != "" && (err != nil || !strings.Contains(out, msgAgentProven)) {
			t.Errorf("status %s: %v\n%s", c.flag, err, out)
		} else if c.flag == "" && err == nil {
			t.Error("there is no skant in PATH, and status is content")
		}
		if _, err := agentCommandFor(t, "", "uninstall", "claude-code", flags...); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(filepath.Dir(c.path)); err == nil {
			t.Errorf("%s is left behind", filepath.Dir(c.path))
		}
	}
	var hint *hintError
	for name, args := range map[string][]string{
		"both": {"claude-code", "--user", "--local"}, "no local settings": {"codex", "--local"}, "none at all": {"kiro"}, "unknown": {"clippy"},
	} {
		if _, err := agentCommandFor(t, "", "install", args[0], args[1:]...); !errors.As(err, &hint) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestInPath(t *testing.T) {
	dir := t.TempDir()
	a, _, _ := testApp("")
	a.env = func(string) string {
		return strings.Join([]string{"", "relative", dir}, string(filepath.ListSeparator))
	}
	path := filepath.Join(dir, "skant")
	if got := a.inPath("skant"); got != "" {
		t.Errorf("found %s", got)
	}
	for _, mode := range []os.FileMode{0o600, 0o700} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if got := a.inPath("skant"); runtime.GOOS != "windows" && (got == path) != (mode == 0o700) {
			t.Errorf("mode %o: found %q", mode, got)
		}
	}
}
