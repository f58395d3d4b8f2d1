package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/rules"
)

// TestLinksShown: hyperlinks are written for terminals that are known to have them, and never in CI or where they would be printed.
func TestLinksShown(t *testing.T) {
	for _, c := range []struct {
		env  string
		want bool
	}{
		{"", false}, {"TERM=xterm-256color", false}, {"TERM=dumb FORCE_HYPERLINK=1", false}, {"TERM=xterm-kitty", true},
		{"TERM=xterm-256color FORCE_HYPERLINK=1", true}, {"TERM=xterm-kitty FORCE_HYPERLINK=0", false}, {"TERM=xterm-kitty FORCE_HYPERLINK=false", false},
		{"TERM=xterm FORCE_HYPERLINK=always", true}, {"TERM=xterm-kitty CI=true", false}, {"FORCE_HYPERLINK=1 CI=1", false}, {"TERM=xterm-kitty CI=false", true},
		{"FORCE_HYPERLINK=1 GITHUB_ACTIONS=true", false},
		{"TERM_PROGRAM=iTerm.app TERM_PROGRAM_VERSION=3.4.1", true}, {"TERM_PROGRAM=iTerm.app TERM_PROGRAM_VERSION=3.0.9", false}, {"TERM_PROGRAM=iTerm.app", false},
		{"TERM_PROGRAM=vscode TERM_PROGRAM_VERSION=1.95.0", true}, {"TERM_PROGRAM=vscode TERM_PROGRAM_VERSION=1.71.2", false},
		{"TERM_PROGRAM=WezTerm TERM_PROGRAM_VERSION=20240203-110809-5046fc22", true}, {"TERM_PROGRAM=Apple_Terminal TERM_PROGRAM_VERSION=455", false},
		{"TERM_PROGRAM=ghostty", true}, {"VTE_VERSION=7600 TERM=xterm-256color", true}, {"VTE_VERSION=5000", false}, {"VTE_VERSION=x", false},
		{"KONSOLE_VERSION=230804", true}, {"KONSOLE_VERSION=190000", false}, {"WT_SESSION=1", true}, {"DOMTERM=x", true},
		{"TMUX=/tmp/x TERM_PROGRAM=tmux TERM_PROGRAM_VERSION=3.4", true}, {"TMUX=/tmp/x TERM_PROGRAM=tmux TERM_PROGRAM_VERSION=3.3a VTE_VERSION=7600", false},
		{"TMUX=/tmp/x TERM_PROGRAM=tmux TERM_PROGRAM_VERSION=next-3.5", false}, {"TERM=screen.xterm-256color VTE_VERSION=7600", false},
		{"INSIDE_EMACS=29.1 TERM=xterm-kitty", false}, {"TERM=alacritty", true}, {"TERM=foot", true},
	} {
		env := map[string]string{}
		for word := range strings.FieldsSeq(c.env) {
			name, value, _ := strings.Cut(word, "=")
			env[name] = value
		}
		if got := linksShown(func(name string) string { return env[name] }); got != c.want {
			t.Errorf("%s: %t", c.env, got)
		}
	}
}

// TestTextStyle: what is not a terminal gets everything and no escapes, whatever the environment says; a hook's text is short; and the
// command that shows everything is one that can be typed.
func TestTextStyle(t *testing.T) {
	env := map[string]string{"TERM": "xterm-kitty", "FORCE_HYPERLINK": "1"}
	var out bytes.Buffer
	a := &app{out: &out, err: &out, env: func(name string) string { return env[name] }, args: []string{"scan", "some where", "\x1b[2J"}}
	a.terminal = func(any) (int, bool) { return 0, false }
	if st := a.textStyle(textLayout{root: "/srv"}); st.width != 0 || st.cut || st.colour || st.links != nil || st.plain {
		t.Errorf("a pipe: %+v", st)
	}
	if st := a.textStyle(textLayout{message: true}); !st.cut || st.all != "" {
		t.Errorf("a hook: %+v", st)
	}
	a.terminal = func(any) (int, bool) { return 7, true }
	st := a.textStyle(textLayout{root: "/srv"})
	if st.width != 20 || !st.cut || !st.colour || st.links == nil || st.links.Root != "/srv" {
		t.Errorf("a terminal: %+v", st)
	}
	if want := `skant scan 'some where' $'\033[2J' | less`; st.all != want || visible.Text(st.all) != st.all {
		t.Errorf("all of it: %q", st.all)
	}
	if st := a.textStyle(textLayout{plain: true}); !st.plain || st.colour || st.links != nil {
		t.Errorf("plain: %+v", st)
	}
	env["CI"] = "true"
	if st := a.textStyle(textLayout{}); st.cut || st.width != 0 || st.links != nil || st.colour {
		t.Errorf("a log that is a terminal: %+v", st)
	}
	delete(env, "CI")
	env["NO_COLOR"] = "1"
	if st := a.textStyle(textLayout{}); st.colour || st.links == nil {
		t.Errorf("without colours: %+v", st)
	}
	for _, args := range [][]string{nil, {"scan", "-"}, {"report", "/dev/fd/63"}, {"scan", strings.Repeat("x", 400)}} {
		if a.args = args; a.again(false) != "" {
			t.Errorf("%q: %q", args, a.again(false))
		}
	}
}

// TestPlainIsStill: with --plain no line is written over and over on a terminal, whatever takes long.
func TestPlainIsStill(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.env")
	secret, err := rules.Expand(`<<anthropic "sk-ant-api03-">>`, "still")
	if err := errors.Join(err, os.WriteFile(file, []byte("KEY="+secret+"\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, flag := range []string{"--plain=false", "--plain", "--no-progress"} {
		var out, said bytes.Buffer
		a := &app{in: strings.NewReader(""), out: &out, err: &said, env: func(string) string { return "" }, now: time.Now,
			terminal: func(stream any) (int, bool) { return 80, stream != any(&out) }}
		code := run(t.Context(), a, []string{"scan", file, "--verify", "--verify-dry-run", "--no-config", flag})
		if code != exitFindings || strings.Contains(said.String(), "\r") != (flag == "--plain=false") {
			t.Errorf("%s: status %d: %q", flag, code, said.String())
		}
	}
}

// TestUp: commands that name a file name it from where they are given.
func TestUp(t *testing.T) {
	root := t.TempDir()
	below := filepath.Join(root, "a", "b")
	if err := os.MkdirAll(below, 0o700); err != nil {
		t.Fatal(err)
	}
	for here, want := range map[string]string{root: "", filepath.Join(root, "a"): "../", below: "../../", t.TempDir(): ""} {
		t.Chdir(here)
		if got := (textLayout{root: root}).up(); got != want {
			t.Errorf("in %s: %q, want %q", here, got, want)
		}
	}
	if got := (textLayout{}).up(); got != "" {
		t.Errorf("without a root: %q", got)
	}
}

// TestSum: the last line of a run fits the terminal, too.
func TestSum(t *testing.T) {
	var out bytes.Buffer
	a := &app{err: &out, terminal: func(any) (int, bool) { return 30, true }}
	a.sum("3 secrets in 7 places; 1,204 blobs, 31 MB read; complete", false)
	if want := "skant: 3 secrets in 7 places;\n1,204 blobs, 31 MB read;\ncomplete\n"; out.String() != want {
		t.Errorf("%q", out.String())
	}
	out.Reset()
	a.sum("3 secrets in 7 places; complete", true)
	if want := "skant: 3 secrets in 7 places; complete\n"; out.String() != want {
		t.Errorf("%q", out.String())
	}
}
