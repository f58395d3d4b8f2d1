package editor

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func TestArguments(t *testing.T) {
	for program, want := range map[string][]string{
		"/usr/bin/vim":      {"+7", "/a b"},
		"nano":              {"+7", "/a b"},
		"emacs":             {"+7:3", "/a b"},
		"code":              {"--goto", "/a b:7:3"},
		"hx":                {"/a b:7:3"},
		"goland":            {"--line", "7", "/a b"},
		"kate":              {"--line", "7", "/a b"},
		"something-unknown": {"/a b"},
	} {
		if got := arguments(program, "/a b", 7, 3); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", program, got, want)
		}
	}
	if got := arguments("vim", "/a", 0, 0); !slices.Equal(got, []string{"/a"}) {
		t.Errorf("without a line: %q", got)
	}
}

func TestSplit(t *testing.T) {
	for text, want := range map[string][]string{
		"vim":                       {"vim"},
		"  code   --wait ":          {"code", "--wait"},
		`"/opt/my editor/ed" -x`:    {"/opt/my editor/ed", "-x"},
		`emacs --eval '(a "b" \c)'`: {"emacs", "--eval", `(a "b" \c)`},
		`ed ""`:                     {"ed", ""},
		"ed $(touch x); `y` && z":   {"ed", "$(touch", "x);", "`y`", "&&", "z"},
	} {
		if got, err := split(text); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "  ", `vim "`, `""`, "vim 'x"} {
		if got, err := split(text); err == nil {
			t.Errorf("%q became %q", text, got)
		}
	}
}

// TestRun starts a program as the editor and holds what it was given, for a file whose name a shell would obey.
func TestRun(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("NOT TESTED: there is no shell to play the editor")
	}
	dir := t.TempDir()
	script := filepath.Join(dir, "vim")
	if err := os.WriteFile(script, []byte("#!/bin/sh\nprintf '%s\\n' \"$@\"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "-x; $(touch owned) \"'\n.env")
	env := map[string]string{"VISUAL": "'" + script + "' -n", "EDITOR": "no-such-editor"}
	run, err := New(func(name string) string { return env[name] }, path, 12, 1)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	run.SetStdin(strings.NewReader(""))
	run.SetStdout(&out)
	run.SetStderr(&out)
	if err := run.Run(); err != nil {
		t.Fatal(err)
	}
	if want := "-n\n+12\n" + path + "\n"; out.String() != want {
		t.Errorf("the editor was given %q, want %q", out.String(), want)
	}
}

func TestRefused(t *testing.T) {
	env := func(value string) func(string) string {
		return func(name string) string { return map[string]string{"EDITOR": value}[name] }
	}
	for _, c := range []struct{ editor, path, want string }{
		{"vim", "relative.env", "not absolute"},
		{"no-such-editor-anywhere", filepath.Join(t.TempDir(), "a"), "there is no editor"},
		{"vim '", filepath.Join(t.TempDir(), "a"), "quotes"},
	} {
		if _, err := New(env(c.editor), c.path, 1, 1); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q %q: %v", c.editor, c.path, err)
		}
	}
}
