package triage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"

	tea "charm.land/bubbletea/v2"
	"github.com/rivo/uniseg"

	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// actions notes what it is asked for.
type actions struct {
	calls   []string
	fail    error
	verdict scanner.Verdict
	wait    bool
	panics  bool
	nobody  bool
}

func (a *actions) called(what string, fs ...scanner.Finding) error {
	if a.panics {
		panic("boom")
	}
	a.calls = append(a.calls, fmt.Sprintf("%s %s %d", what, fs[0].Fingerprint, len(fs)))
	return a.fail
}

type noEditor struct{}

func (noEditor) Run() error          { return nil }
func (noEditor) SetStdin(io.Reader)  {}
func (noEditor) SetStdout(io.Writer) {}
func (noEditor) SetStderr(io.Writer) {}

func (a *actions) Edit(f scanner.Finding) (tea.ExecCommand, string, error) {
	return noEditor{}, "note", a.called("edit "+f.Location.Path, f)
}

func (a *actions) Explain(_ context.Context, f scanner.Finding) (string, error) {
	return "because\n  \x1b[31mof this", a.called("explain "+f.Location.Path, f)
}

func (a *actions) Ask(ctx context.Context, fs []scanner.Finding) (string, bool, error) {
	if a.wait {
		<-ctx.Done()
		return "", false, ctx.Err()
	}
	return "would ask", !a.nobody, a.called("ask", fs...)
}

func (a *actions) Verify(_ context.Context, fs []scanner.Finding) (Answer, error) {
	return Answer{Verdict: a.verdict, Text: "asked"}, a.called("verify", fs...)
}

func (a *actions) Mark(_ context.Context, fs []scanner.Finding, t Terms) (Marked, error) {
	s := scanner.Suppression{By: scanner.ByBaseline, Where: ".skant-baseline", Reason: t.Reason}
	return Marked{Suppressed: s, Said: "marked", Changed: true}, a.called("mark "+t.Reason+" by "+t.Owner, fs...)
}

func (a *actions) Undo(context.Context) (string, error) {
	a.calls = append(a.calls, "undo")
	return "undone", a.fail
}

func finding(print, title, path string, s rules.Severity, v scanner.Verdict) scanner.Finding {
	return scanner.Finding{
		Fingerprint: print, RuleID: "rule", Title: title, Severity: s, Confidence: rules.HighConfidence, Secret: scanner.Shown("key-..." + print), Verdict: v,
		Location: scanner.Location{Path: path, StartLine: 3, StartColumn: 5, EndLine: 3, EndColumn: 9, Kind: scanner.KindFile}, Excerpt: "key = ...",
	}
}

// stage is a model with four secrets: one alive, one in two places, one that does not count.
func stage() (*Model, *actions) {
	quiet := finding("dd", "Delta", "d.env", rules.High, "")
	quiet.Suppressed = &scanner.Suppression{By: scanner.ByInline, Where: "d.env:3"}
	rep := &scanner.Report{Coverage: scanner.Coverage{Complete: true}, Findings: []scanner.Finding{
		finding("aa", "Alpha", "a.env", rules.Critical, ""), finding("bb", "Beta", "b.env", rules.High, scanner.Live),
		finding("cc", "Gamma", "c.env", rules.Medium, ""), finding("cc", "Gamma", "sub/c2.env", rules.Medium, ""), quiet,
	}}
	a := &actions{verdict: scanner.Dead}
	return New(context.Background(), Options{
		Name: "report.json", Report: rep, Owner: "ann", Expires: "2027-01-01", Clean: visible.Text, Actions: a,
	}), a
}

// press sends keys, and what comes of them, until nothing is left to do. It reports whether the program ended.
func press(m *Model, keys ...string) (ended bool) {
	for _, k := range keys {
		ended = settle(m, send(m, k)) || ended
	}
	return ended
}

func send(m *Model, k string) tea.Cmd {
	codes := map[string]rune{
		"enter": tea.KeyEnter, "esc": tea.KeyEscape, "up": tea.KeyUp, "down": tea.KeyDown, "pgdown": tea.KeyPgDown, "end": tea.KeyEnd, "home": tea.KeyHome,
		"backspace": tea.KeyBackspace, "left": tea.KeyLeft,
	}
	msg := tea.KeyPressMsg{Code: codes[k]}
	switch {
	case strings.HasPrefix(k, "ctrl+"):
		msg = tea.KeyPressMsg{Code: rune(k[5]), Mod: tea.ModCtrl}
	case codes[k] == 0:
		msg = tea.KeyPressMsg{Code: []rune(k)[0], Text: k}
	}
	_, cmd := m.Update(msg)
	return cmd
}

func settle(m *Model, cmd tea.Cmd) bool {
	for cmd != nil {
		msg := cmd()
		if _, quit := msg.(tea.QuitMsg); quit {
			return true
		}
		_, cmd = m.Update(msg)
	}
	return false
}

func screenOf(m *Model) string { text, _, _ := m.draw(); return text }

func shows(t *testing.T, m *Model, wanted ...string) {
	t.Helper()
	for _, w := range wanted {
		if !strings.Contains(screenOf(m), w) {
			t.Errorf("the screen does not show %q:\n%s", w, screenOf(m))
		}
	}
}

func TestListAndFilter(t *testing.T) {
	m, _ := stage()
	shows(t, m, "3 secrets, 1 alive", "open: 1 of 3", "> high      live        Beta", "Alpha", "and 1 more")
	if strings.Contains(screenOf(m), "Delta") {
		t.Error("a suppressed secret is listed among those that count")
	}
	press(m, "f")
	shows(t, m, "perhaps alive: 1 of 1", "Beta")
	press(m, "f")
	shows(t, m, "suppressed: 1 of 1", "Delta")
	press(m, "f")
	shows(t, m, "all: ", " of 4")
	press(m, "f", "s", "s")
	shows(t, m, "of 2, high and worse")
	press(m, "s", "s")
	press(m, "/", "g", "A", "m", "enter")
	shows(t, m, "open: 1 of 1, with gAm", "Gamma")
	press(m, "esc")
	shows(t, m, "open: ", "of 3")
	press(m, "/", "c", "2", ".", "e", "n", "v", "x", "backspace", "enter")
	shows(t, m, "Gamma", "1 of 1")
	press(m, "/", "ctrl+u", "n", "o", "n", "e", "enter")
	shows(t, m, "0 of 0", "no secret is listed")
	press(m, "down", "enter", "v", "m", "o", "x") // nothing happens, and nothing breaks
}

func TestMoveAndPlaces(t *testing.T) {
	m, a := stage()
	press(m, "end", "enter", "down", "o")
	if got := strings.Join(a.calls, ";"); got != "edit sub/c2.env cc 1" {
		t.Errorf("the place that is opened is not the one that was chosen: %s", got)
	}
	shows(t, m, "Gamma", "fingerprint cc", "> sub/c2.env:3:5")
	press(m, "down", "down", "x")
	if got := strings.Join(a.calls, ";"); !strings.Contains(got, "explain sub/c2.env cc 1") {
		t.Errorf("the place that is explained is not the one that was chosen: %s", got)
	}
	shows(t, m, "because", `\x1b[31mof this`)
	press(m, "esc", "esc", "home")
	shows(t, m, "> high      live        Beta")
}

func TestEdit(t *testing.T) {
	m, a := stage()
	if cmd := send(m, "o"); cmd == nil || len(a.calls) != 1 || a.calls[0] != "edit b.env bb 1" {
		t.Fatalf("calls %q", a.calls)
	}
	m.Update(editDone{"the line may have moved", nil})
	shows(t, m, "the line may have moved")
	m.Update(editDone{"", errors.New("exit 1")})
	shows(t, m, "exit 1")
	a.fail = errors.New("no file below")
	if cmd := send(m, "o"); cmd != nil {
		t.Error("an editor is started for a file that cannot be opened")
	}
	shows(t, m, "no file below")
}

func TestVerifyAsksFirst(t *testing.T) {
	for _, no := range []string{"n", "esc", "q", "enter"} {
		m, a := stage()
		if press(m, "v", no) {
			t.Errorf("%s ends the program", no)
		}
		if got := strings.Join(a.calls, ";"); got != "ask bb 1" {
			t.Errorf("%s: %s", no, got)
		}
		shows(t, m, "nothing was sent", "Beta")
	}
	m, a := stage()
	press(m, "v")
	shows(t, m, "would ask", "y sends")
	press(m, "x", "m", "v", "u", "down", "Y") // no key but y sends
	if len(a.calls) != 1 {
		t.Errorf("calls %q", a.calls)
	}
	press(m, "y")
	if got := strings.Join(a.calls, ";"); got != "ask bb 1;verify bb 1" {
		t.Errorf("calls %s", got)
	}
	shows(t, m, "asked", "verdict: dead")
	press(m, "esc")
	shows(t, m, "3 secrets  report.json", "dead        Beta")
	press(m, "y") // a later y is no answer to an earlier question
	if len(a.calls) != 2 {
		t.Errorf("calls %q", a.calls)
	}
}

func TestMarkAndUndo(t *testing.T) {
	m, a := stage()
	press(m, "end", "m", "enter")
	shows(t, m, "a reason is needed")
	press(m, "n", "o", "t", " ", "i", "t", "enter")
	shows(t, m, "Owner: ann")
	press(m, "ctrl+u", "enter")
	shows(t, m, "an owner is needed")
	press(m, "c", "e", "m", "enter")
	if got := strings.Join(a.calls, ";"); got != "mark not it by cem cc 2" {
		t.Fatalf("calls %s", got)
	}
	shows(t, m, "2 secrets, 1 alive", "marked")
	for i, f := range m.opt.Report.Findings {
		if (f.Fingerprint == "cc" || f.Fingerprint == "dd") != (f.Suppressed != nil) {
			t.Errorf("finding %d (%s): suppressed %v", i, f.Fingerprint, f.Suppressed)
		}
	}
	press(m, "f", "f")
	shows(t, m, "suppressed: ", "Gamma")
	press(m, "f", "f", "u")
	shows(t, m, "3 secrets, 1 alive", "undone", ">") // and the secret that came back is chosen
	if g := m.chosen(); g == nil || g.First().Fingerprint != "cc" {
		t.Errorf("chosen: %v", g)
	}
	a.fail = errors.New("the file was changed")
	press(m, "m", "x", "enter", "enter")
	shows(t, m, "the file was changed", "3 secrets")
	press(m, "u")
	shows(t, m, "the file was changed", "3 secrets")
}

func TestMarkRefused(t *testing.T) {
	m, a := stage()
	press(m, "f", "f", "m")
	shows(t, m, "it does not count already")
	m, _ = stage()
	m.opt.Report.Findings[1].Purged = true
	press(m, "m")
	shows(t, m, "nothing may suppress it")
	m, _ = stage()
	press(m, "m", "x", "esc")
	shows(t, m, "nothing was changed")
	if len(a.calls) > 0 {
		t.Errorf("calls %q", a.calls)
	}
}

func TestPasteIsOneLine(t *testing.T) {
	m, _ := stage()
	press(m, "m")
	m.Update(tea.PasteMsg{Content: "two\nlines\x1b[2J\u202e and\tmore"})
	if got := string(m.input.text); got != "two lines[2J and more" {
		t.Errorf("pasted: %q", got)
	}
	m.Update(tea.PasteMsg{Content: strings.Repeat("x", 5000)})
	if len(m.input.text) > maxTyped {
		t.Errorf("%d characters were taken", len(m.input.text))
	}
	press(m, "ctrl+w", "ctrl+w")
	if got := string(m.input.text); got != "two lines[2J " {
		t.Errorf("after two words: %q", got)
	}
}

// TestCancel: an action that takes long can be ended, nothing else starts meanwhile, and leaving waits for it.
func TestCancel(t *testing.T) {
	m, a := stage()
	a.wait = true
	cmd := send(m, "v")
	press(m, "m", "x", "o")
	shows(t, m, "busy")
	if len(a.calls) > 0 {
		t.Errorf("calls %q", a.calls)
	}
	done := make(chan tea.Msg, 1)
	go func() { done <- cmd() }()
	press(m, "esc")
	m.Update(<-done)
	shows(t, m, "ended: ")
	cmd = send(m, "v")
	go func() { done <- cmd() }()
	if press(m, "q") {
		t.Error("the program ends although something is being done")
	}
	if _, cmd := m.Update(<-done); cmd == nil {
		t.Error("the program does not end when it is done")
	}
	m, _ = stage()
	if !press(m, "q") || m.Err() != nil {
		t.Error("q does not end the program")
	}
	m, _ = stage()
	if !press(m, "ctrl+c") {
		t.Error("ctrl+c does not end the program")
	}
}

func TestCrashIsToldNotShown(t *testing.T) {
	m, a := stage()
	a.panics = true
	press(m, "v")
	shows(t, m, "internal error: boom")
	if !press(m, "o") || m.Err() == nil {
		t.Error("a crash does not end the program with an error")
	}
}

func TestIncompleteIsSaid(t *testing.T) {
	rep := &scanner.Report{}
	m := New(context.Background(), Options{Report: rep, Clean: visible.Text, Actions: &actions{}})
	shows(t, m, "incomplete", "0 secrets")
}

// TestFits: on a screen of any size, with any names, after any keys: no line is wider than the screen, there are not more than it has, and
// nothing acts on the terminal.
func TestFits(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	keys := []string{
		"up", "down", "pgdown", "end", "home", "enter", "esc", "f", "s", "/", "a", "?", "x", "v", "y", "n", "m", "u", " ", "backspace", "left", "k", "j", "漢",
	}
	names := []string{
		"a.env", strings.Repeat("long/", 60) + "x", "\x1b]0;title\x07\x1b[2J", "漢字漢字漢字漢字漢字漢字漢字漢字漢字", "e\u0301\u202egnp", "👩‍👩‍👧‍👦.env", "a\nb", "\xff\xfe", "",
	}
	for round := range 60 {
		rep := &scanner.Report{Coverage: scanner.Coverage{Complete: round%2 == 0}}
		for i := range random.IntN(30) {
			name := names[random.IntN(len(names))]
			f := finding(fmt.Sprint("p", i/2), "T "+name, name, rules.High, scanner.Verdict(name[:min(4, len(name))]))
			f.Location.Commit = &scanner.Commit{ID: name, Author: name, Summary: name}
			f.Reasons = []string{name}
			rep.Findings = append(rep.Findings, f)
		}
		m := New(context.Background(), Options{Name: names[random.IntN(len(names))], Report: rep, Clean: visible.Text, Actions: &actions{}})
		for range 200 {
			if random.IntN(8) == 0 {
				m.Update(tea.WindowSizeMsg{Width: random.IntN(120), Height: random.IntN(40)})
			}
			press(m, keys[random.IntN(len(keys))])
			text, x, y := m.draw()
			lines := strings.Split(text, "\n")
			if len(lines) > max(1, m.height) || y >= len(lines) || y < 0 || x < 0 || x > max(1, m.width) {
				t.Fatalf("%d lines on a screen of %d, cursor at %d,%d", len(lines), m.height, x, y)
			}
			for _, l := range lines {
				if w := uniseg.StringWidth(l); w > max(2, m.width) || strings.ContainsFunc(l, func(r rune) bool { return !unicode.IsGraphic(r) }) {
					t.Fatalf("a line of %d cells on a screen of %d: %q", w, m.width, l)
				}
			}
			if m.View(); m.crash != nil {
				t.Fatal(m.crash)
			}
		}
	}
}

// TestFold: nothing of a text is lost when it is broken.
func TestFold(t *testing.T) {
	text := "    some words, " + strings.Repeat("x", 90) + " 漢字漢字漢字 and the end"
	for width := 2; width < 140; width++ {
		var got strings.Builder
		for _, l := range fold(text, width) {
			if uniseg.StringWidth(l) > width {
				t.Fatalf("at %d: %q", width, l)
			}
			got.WriteString(strings.ReplaceAll(l, " ", ""))
		}
		if got.String() != strings.ReplaceAll(text, " ", "") {
			t.Fatalf("at %d: %q", width, got.String())
		}
	}
}

// TestMany: ten thousand findings are listed, searched and moved through without waiting.
func TestMany(t *testing.T) {
	rep := &scanner.Report{Coverage: scanner.Coverage{Complete: true}}
	for i := range 10_000 {
		rep.Findings = append(rep.Findings, finding(fmt.Sprint("p", i), "Title", fmt.Sprintf("f%d.env", i), rules.High, ""))
	}
	m := New(context.Background(), Options{Report: rep, Clean: visible.Text, Actions: &actions{}})
	press(m, "/", "f", "9", "9", "9", "9", ".", "enter")
	shows(t, m, "1 of 1, with f9999.")
	press(m, "esc", "end")
	shows(t, m, "10000 of 10000")
}

// TestNobodyToAsk: where nothing would be sent nobody is asked whether to send it, and no key sends anything.
func TestNobodyToAsk(t *testing.T) {
	m, a := stage()
	a.nobody = true
	press(m, "v")
	shows(t, m, "nobody to ask")
	if strings.Contains(screenOf(m), "y send") {
		t.Errorf("it asks whether to send what is not sent:\n%s", screenOf(m))
	}
	press(m, "y")
	if got := strings.Join(a.calls, ";"); got != "ask bb 1" {
		t.Errorf("calls %s", got)
	}
}

// TestHuge: of a hundred thousand places, and of a line of 10 MB, only what there is room for costs time, and no piece of a secret at the
// bound is shown.
func TestHuge(t *testing.T) {
	rep := &scanner.Report{Coverage: scanner.Coverage{Complete: true}}
	for i := range 100_000 {
		rep.Findings = append(rep.Findings, finding("p", "Title", fmt.Sprintf("f%d.env", i), rules.High, ""))
	}
	rep.Findings[0].Reasons = []string{strings.Repeat("long ", 2_000_000)}
	cleaned := 0
	m := New(context.Background(), Options{Report: rep, Actions: &actions{}, Clean: func(s string) string {
		cleaned += len(s)
		return visible.Text(strings.ReplaceAll(s, "hidden", "..."))
	}})
	press(m, "enter", "end")
	shows(t, m, "f99999.env")
	if cleaned = 0; len(screenOf(m)) > 8<<10 || cleaned > 64<<10 {
		t.Errorf("a screen of %d bytes is made of %d", len(screenOf(m)), cleaned)
	}
	for n := range 8 {
		if got := m.clean(strings.Repeat(" ", maxLine-n) + "hidden"); strings.Contains(got, "h") || len(got) > maxLine {
			t.Errorf("%d: a secret at the bound: %q", n, strings.TrimSpace(got))
		}
	}
}

// TestUndoKeepsOthers: what a comment silenced before a mark is silenced by that comment after it, and after its undoing.
func TestUndoKeepsOthers(t *testing.T) {
	m, _ := stage()
	fs := m.opt.Report.Findings
	fs[3].Suppressed = &scanner.Suppression{By: scanner.ByInline, Where: "sub/c2.env:3"}
	m.list()
	press(m, "end", "m", "w", "h", "y", "enter", "enter")
	if fs[2].Suppressed == nil || fs[3].Suppressed.By != scanner.ByInline {
		t.Errorf("after the mark: %v, %v", fs[2].Suppressed, fs[3].Suppressed)
	}
	press(m, "u")
	if fs[2].Suppressed != nil || fs[3].Suppressed == nil {
		t.Errorf("after undoing: %v, %v", fs[2].Suppressed, fs[3].Suppressed)
	}
}

// TestPerhapsAlive: what might be alive is listed with what is, and nothing else.
func TestPerhapsAlive(t *testing.T) {
	for verdict, want := range map[scanner.Verdict]string{
		scanner.Live: "1 of 1", scanner.Restricted: "1 of 1", scanner.Unknown: "1 of 1", scanner.Dead: "0 of 0", scanner.NotAsked: "0 of 0",
	} {
		m, _ := stage()
		m.opt.Report.Findings = m.opt.Report.Findings[:1]
		m.opt.Report.Findings[0].Verdict = verdict
		m.list()
		press(m, "f")
		shows(t, m, "perhaps alive: "+want)
	}
}

// A paragraph of the help fills the lines of the screen: an end of line in its source would leave single words alone.
func TestHelpFillsTheScreen(t *testing.T) {
	paragraphs := textHelp[strings.Index(textHelp, "Values are never shown"):]
	for _, p := range strings.Split(paragraphs, "\n\n") {
		if strings.Contains(p, "\n") {
			t.Errorf("a paragraph has an end of line in it, the screen folds it again:\n%s", p)
		}
	}
}
