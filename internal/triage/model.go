// Package triage is the terminal's view of a saved report: a list of its secrets, and what a person does about each of them.
//
// It knows how things look and which key does what. Whatever reads or changes something outside is an action, and somebody else's
// ([Actions]). The model never has a secret's value: a report holds none, and actions give back words and verdicts only.
package triage

import (
	"context"
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/scanner"
)

// Actions are what the model asks for. One runs at a time, outside of the program's loop; each gets copies of the findings of one secret,
// never none, and ends soon when its context does. Texts may have several lines and need not be safe to show.
type Actions interface {
	// Edit returns what runs the user's editor at a finding, and a sentence to be shown afterwards, which may be empty.
	Edit(f scanner.Finding) (editor tea.ExecCommand, note string, err error)
	// Explain says why a finding was reported.
	Explain(ctx context.Context, f scanner.Finding) (string, error)
	// Ask says what Verify would send and to whom, and sends nothing.
	// If asks is false there is nobody to ask, and the text says why.
	Ask(ctx context.Context, fs []scanner.Finding) (text string, asks bool, err error)
	// Verify asks the provider whether a secret is alive.
	Verify(ctx context.Context, fs []scanner.Finding) (Answer, error)
	// Mark writes a secret into the baseline.
	Mark(ctx context.Context, fs []scanner.Finding, t Terms) (Marked, error)
	// Undo takes the latest Mark that was not undone back and says so.
	Undo(ctx context.Context) (string, error)
}

// Terms are what an entry of the baseline says beside which secret it is about.
type Terms struct{ Reason, Owner string }

// Answer is what asking a provider came to.
type Answer struct {
	Verdict      scanner.Verdict
	Verification *scanner.Verification
	// Text is the exchange, in words for people.
	Text string
}

// Marked is what came of a mark: the suppression that its findings have now, and one sentence.
type Marked struct {
	Suppressed scanner.Suppression
	Said       string
	// Changed says that there is something to undo.
	Changed bool
}

// Options are what a model is made of.
type Options struct {
	// Name is the report's file, for people. Report is shown, and changed by what is done.
	Name   string
	Report *scanner.Report
	Tint   report.Tint
	// Owner is offered as the owner of new entries, Expires the day on which they end, in words.
	Owner, Expires string
	// Clean makes a line safe to show: nothing in it acts on a terminal, and no secret stands in it.
	Clean   func(string) string
	Actions Actions
}

// screen is what takes the keys.
type screen int

const (
	listScreen screen = iota
	secretScreen
	textScreen
	inputScreen
)

// Model is the state of the program.
type Model struct {
	opt           Options
	ctx           context.Context
	width, height int
	screen, back  screen

	// rows are the secrets that are listed, at the index of the one that is chosen, first that of the first one on the screen.
	rows      []row
	at, first int
	filter    filter
	severity  int
	search    string
	// open counts the secrets that count, alive those of them that a provider knows.
	open, alive int
	// place is the index of the place that is chosen of the chosen secret.
	place int

	pane  pane
	input input
	// message is what was said last.
	message string

	// busy says what is being done, and cancel ends it.
	busy     string
	cancel   context.CancelFunc
	quitting bool
	// marks are the indexes of the findings that each mark silenced.
	marks [][]int
	crash error
}

// New returns a model. Actions run under ctx.
func New(ctx context.Context, opt Options) *Model {
	m := &Model{opt: opt, ctx: ctx, width: 80, height: 24}
	m.list()
	if !opt.Report.Coverage.Complete {
		m.message = msgIncomplete
	}
	return m
}

// Err returns why the program ended by itself; nil if the user ended it.
func (m *Model) Err() error { return m.crash }

// Init does nothing: everything is there.
func (m *Model) Init() tea.Cmd { return nil }

// The messages that actions end with.
type (
	textDone   struct{ title, text, question string }
	answerDone struct {
		print  string
		answer Answer
	}
	markDone struct {
		print  string
		marked Marked
	}
	undoDone struct{ said string }
	editDone struct {
		note string
		err  error
	}
	failed struct{ err error }
)

// Update takes a message. What goes wrong in it ends the program, and is told when the terminal is itself again.
func (m *Model) Update(msg tea.Msg) (next tea.Model, cmd tea.Cmd) {
	defer func() {
		if p := recover(); p != nil {
			m.crash = fmt.Errorf("internal error: %v", p)
			next, cmd = m, tea.Quit
		}
	}()
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
		return m, nil
	case tea.KeyPressMsg:
		return m, m.key(msg)
	case tea.PasteMsg:
		if m.screen == inputScreen {
			m.input.add(msg.Content)
		}
		return m, nil
	case tea.InterruptMsg:
		return m, m.quit()
	}
	return m, m.done(msg)
}

// done takes the end of an action.
func (m *Model) done(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case textDone:
		m.show(msg.title, msg.text)
		m.pane.question = msg.question
	case answerDone:
		for i := range m.opt.Report.Findings {
			if f := &m.opt.Report.Findings[i]; f.Fingerprint == msg.print {
				f.Verdict, f.Verification = msg.answer.Verdict, msg.answer.Verification
			}
		}
		m.list()
		m.show(titleAnswer, msg.answer.Text)
		m.say(fmt.Sprintf(msgVerdict, report.VerdictWord(msg.answer.Verdict)))
	case markDone:
		m.silence(msg)
	case undoDone:
		back := ""
		if n := len(m.marks); n > 0 {
			for _, i := range m.marks[n-1] {
				m.opt.Report.Findings[i].Suppressed = nil
				back = m.opt.Report.Findings[i].Fingerprint
			}
			m.marks = m.marks[:n-1]
		}
		m.list()
		m.choose(back)
		m.say(msg.said)
	case editDone:
		if m.say(msg.note); msg.err != nil {
			m.say(fmt.Sprintf(msgEditor, msg.err))
		}
	case failed:
		m.say(msg.err.Error())
	default:
		return nil
	}
	if m.cancel != nil {
		m.cancel()
	}
	m.busy, m.cancel = "", nil
	if m.quitting {
		return tea.Quit
	}
	return nil
}

// silence shows that a secret does not count any more.
func (m *Model) silence(msg markDone) {
	var changed []int
	for i := range m.opt.Report.Findings {
		if f := &m.opt.Report.Findings[i]; f.Fingerprint == msg.print && f.Suppressed == nil && !f.Purged {
			f.Suppressed = &msg.marked.Suppressed
			changed = append(changed, i)
		}
	}
	if msg.marked.Changed {
		m.marks = append(m.marks, changed)
	}
	if m.screen == secretScreen {
		m.screen = listScreen
	}
	m.list()
	m.say(msg.marked.Said)
}

// start runs an action.
func (m *Model) start(what string, action func(ctx context.Context) (tea.Msg, error)) tea.Cmd {
	if m.busy != "" {
		m.say(fmt.Sprintf(msgBusy, m.busy))
		return nil
	}
	ctx, cancel := context.WithCancel(m.ctx)
	m.busy, m.cancel, m.message = what, cancel, ""
	return func() (msg tea.Msg) {
		defer func() {
			if p := recover(); p != nil {
				msg = failed{fmt.Errorf("internal error: %v", p)}
			}
		}()
		msg, err := action(ctx)
		if ctx.Err() != nil && err != nil {
			return failed{fmt.Errorf(msgCancelled, what)}
		}
		if err != nil {
			return failed{err}
		}
		return msg
	}
}

// quit ends the program, when what is being done has ended; asked twice, at once.
func (m *Model) quit() tea.Cmd {
	if m.busy == "" || m.quitting {
		return tea.Quit
	}
	m.quitting = true
	m.cancel()
	m.say(fmt.Sprintf(msgEnding, m.busy))
	return nil
}

func (m *Model) say(text string) { m.message = text }

// show opens a text, which may have several lines.
func (m *Model) show(title, text string) {
	if m.screen != textScreen && m.screen != inputScreen {
		m.back = m.screen
	}
	m.screen, m.message = textScreen, ""
	m.pane = pane{title: title, lines: strings.Split(strings.TrimRight(text, "\n"), "\n")}
}

// chosen returns the secret that is chosen; nil if none is listed.
func (m *Model) chosen() *report.Group {
	if m.at < 0 || m.at >= len(m.rows) {
		return nil
	}
	return m.rows[m.at].group
}

// copies returns the findings of a secret for an action.
func copies(g *report.Group) []scanner.Finding {
	out := make([]scanner.Finding, len(g.Places))
	for i, f := range g.Places {
		out[i] = *f
	}
	return slices.Clip(out)
}
