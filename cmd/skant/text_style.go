package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/skant-dev/skant/internal/ci"
	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/internal/visible"
)

// textLayout is what a command knows of the text that it writes, whatever it goes to.
type textLayout struct {
	// plain is for a screen reader; message says that the text stands in the way of git, and is short wherever it goes.
	plain, message bool
	// root is the folder that paths in the report begin at; empty if that is not known.
	root string
}

// registerPlain adds the flag of the commands that write a report as text.
func (f *scanFlags) registerPlain(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.plain, "plain", false, helpFlagPlain)
}

// registerMessage is registerPlain for hooks.
func (f *scanFlags) registerMessage(cmd *cobra.Command) {
	f.message = true
	f.registerPlain(cmd)
}

// still says that nothing is written over and over while a command runs, which a screen reader would read out each time.
func (f *scanFlags) still() bool { return f.noProgress || f.plain }

// layOut tells outputs how text is laid out.
func (f *scanFlags) layOut(outs []output, root string) {
	for i := range outs {
		outs[i].layout = textLayout{plain: f.plain, message: f.message, root: root}
	}
}

// rootOf is the folder that paths in a report of this run begin at; empty if there is none, as in a bare repository.
func (p *prepared) rootOf() string {
	if p.repo != nil {
		return p.repo.WorkTree()
	}
	return p.root
}

// rootAt is the folder that paths of searched files begin at: the one folder that was named, or the current one.
func rootAt(folder string) string {
	at, err := filepath.Abs(folder)
	if err != nil {
		return ""
	}
	return at
}

// up leads from the current folder to the root, with slashes; empty if that is the same folder, or not below it.
func (l textLayout) up() string {
	here, err := os.Getwd()
	if err != nil || l.root == "" {
		return ""
	}
	if here, err = filepath.EvalSymlinks(here); err != nil {
		return ""
	}
	root, err := filepath.EvalSymlinks(l.root)
	if err != nil {
		return ""
	}
	rel, err := filepath.Rel(root, here)
	if err != nil || rel == "." || !filepath.IsLocal(rel) {
		return ""
	}
	return strings.Repeat("../", 1+strings.Count(filepath.ToSlash(rel), "/"))
}

// textStyle is how text is laid out on standard output: for a terminal, with links and long lists cut, or with everything in it.
func (a *app) textStyle(l textLayout) style {
	st := style{plain: l.plain, cut: l.message, all: a.again(l.message), up: l.up()}
	width, isTerminal := a.terminal(a.out)
	if !isTerminal {
		return st
	}
	if !ci.InCI(a.env) { // a log is read elsewhere, and there is nobody to give the command again
		st.cut, st.width = true, max(20, width)
	}
	if l.plain {
		return st
	}
	st.colour = a.style().colour
	if linksShown(a.env) {
		st.links = &report.Links{Root: l.root, Host: a.linkHost(), Editor: a.env("TERM_PROGRAM") == "vscode" && a.env("TMUX") == ""}
	}
	return st
}

// sum tells what a run came to, in lines that fit the terminal. A screen reader gets one line.
func (a *app) sum(summary string, plain bool) {
	text := strings.TrimSuffix(fmt.Sprintf(msgSummary, summary), "\n")
	if width, ok := a.terminal(a.err); ok && !plain {
		text = strings.Join(report.Wrap(text, max(20, width)), "\n")
	}
	a.say("%s\n", text)
}

// linkHost is this machine as it is named in links to files. The terminal of an editor knows where it runs, and takes a name for that of
// a file server.
func (a *app) linkHost() string {
	host, err := os.Hostname()
	if err != nil || a.env("TERM_PROGRAM") == "vscode" || a.env("WT_SESSION") != "" {
		return ""
	}
	return host
}

// maxAgain bounds a command line that is shown, in bytes.
const maxAgain = 300

// again is the command that shows all of what this one leaves out on a terminal; empty if it cannot be written down: what was piped
// into it is gone.
func (a *app) again(hook bool) string {
	if hook || len(a.args) == 0 || slices.Contains(a.args, "-") {
		return ""
	}
	line := "skant"
	for _, arg := range a.args {
		if strings.HasPrefix(arg, "/dev/") {
			return "" // a pipe, as the shell names it in <(...)
		}
		line += " " + visible.ShellWord(arg)
	}
	if len(line) > maxAgain || a.scrub(line) != line {
		return ""
	}
	return line + " | less"
}

// text is the style as the text format has it.
func (st style) text() report.TextOptions {
	return report.TextOptions{
		Color: st.colour, Width: st.width, Summary: st.file, Cut: st.cut, All: st.all, Plain: st.plain, Links: st.links, Up: st.up,
	}
}

// linksShown reports whether the terminal behind standard output is one that knows hyperlinks. Others would be none the worse for most of
// them, but some print what they do not know.
func linksShown(env func(string) string) bool {
	if ci.InCI(env) || env("TERM") == "dumb" {
		return false
	}
	if force := env("FORCE_HYPERLINK"); force != "" {
		n, err := strconv.Atoi(force)
		return force != "false" && (err != nil || n != 0)
	}
	program, version := env("TERM_PROGRAM"), env("TERM_PROGRAM_VERSION")
	switch term := env("TERM"); {
	case env("INSIDE_EMACS") != "":
		return false
	case env("TMUX") != "": // it hides them from terminals that do not know them
		return program == "tmux" && atLeast(version, 3, 4)
	case strings.HasPrefix(term, "screen"):
		return false
	case program != "":
		least, known := map[string][2]int{
			"iTerm.app": {3, 1}, "WezTerm": {2020, 0}, "vscode": {1, 72}, "ghostty": {}, "mintty": {3, 1}, "rio": {}, "zed": {}, "WarpTerminal": {},
		}[program]
		return known && (least == [2]int{} || atLeast(version, least[0], least[1]))
	case env("WT_SESSION") != "", env("DOMTERM") != "":
		return true
	case env("VTE_VERSION") != "": // 0.50.0 crashes
		return atLeast(env("VTE_VERSION"), 5001, 0)
	case env("KONSOLE_VERSION") != "":
		return atLeast(env("KONSOLE_VERSION"), 201200, 0)
	default:
		return slices.Contains([]string{"xterm-kitty", "xterm-ghostty", "alacritty", "alacritty-direct", "wezterm", "foot", "foot-extra", "contour"}, term)
	}
}

// atLeast compares the first two numbers of a version. What is no version is none.
func atLeast(version string, major, minor int) bool {
	head, rest, _ := strings.Cut(version, ".")
	digits := func(s string) int {
		if end := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }); end >= 0 {
			s = s[:end]
		}
		n, err := strconv.Atoi(s)
		if err != nil {
			return -1
		}
		return n
	}
	got := digits(head)
	return got > major || got == major && max(0, digits(rest)) >= minor
}
