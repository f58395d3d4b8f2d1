package triage

import (
	"context"
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/skant-dev/skant/internal/report"
)

// key takes a key.
func (m *Model) key(k tea.KeyPressMsg) tea.Cmd {
	if k.String() == "ctrl+c" {
		return m.quit()
	}
	switch m.screen {
	case inputScreen:
		return m.typed(k)
	case textScreen:
		return m.paneKey(k.String())
	}
	return m.listKey(k.String())
}

// listKey takes a key in the list of secrets, or in the list of the places of one.
func (m *Model) listKey(k string) tea.Cmd {
	if n, ok := m.steps(k); ok {
		m.message = ""
		if g := m.chosen(); m.screen == secretScreen && g != nil {
			m.place = max(0, min(m.place+n, len(g.Places)-1))
		} else {
			m.move(n)
		}
		return nil
	}
	switch k {
	case "q":
		return m.quit()
	case "?", "h":
		m.show(titleHelp, textHelp)
		return nil
	case "esc", "left", "backspace":
		m.leave()
		return nil
	case "u":
		return m.start(doingUndo, func(ctx context.Context) (tea.Msg, error) {
			said, err := m.opt.Actions.Undo(ctx)
			return undoDone{said}, err
		})
	}
	if m.screen == listScreen && m.narrow(k) {
		return nil
	}
	g := m.chosen()
	if g == nil {
		m.say(msgNothing)
		return nil
	}
	return m.act(k, g)
}

// leave goes back, or ends what is being done, or takes the search away.
func (m *Model) leave() {
	switch {
	case m.busy != "":
		m.cancel()
	case m.screen == secretScreen:
		m.screen, m.message = listScreen, ""
	default:
		m.search, m.message = "", ""
		m.list()
	}
}

// narrow takes the keys that say what is listed.
func (m *Model) narrow(k string) bool {
	switch k {
	case "f":
		m.filter = (m.filter + 1) % filterCount
	case "s":
		m.severity = (m.severity + 1) % len(severities())
	case "/":
		m.ask(input{label: promptSearch, text: []rune(m.search), done: func(text string) tea.Cmd {
			m.search = text
			m.list()
			return nil
		}})
		return true
	default:
		return false
	}
	m.message = ""
	m.list()
	return true
}

// act takes the keys that are about the chosen secret.
func (m *Model) act(k string, g *report.Group) tea.Cmd {
	actions, fs, f := m.opt.Actions, copies(g), *g.Places[min(m.place, len(g.Places)-1)]
	switch k {
	case "enter", "right", "l":
		m.screen, m.message = secretScreen, ""
	case "o":
		return m.edit()
	case "x", "e":
		return m.start(doingExplain, func(ctx context.Context) (tea.Msg, error) {
			text, err := actions.Explain(ctx, f)
			return textDone{titleExplain, text, ""}, err
		})
	case "v":
		return m.start(doingAsk, func(ctx context.Context) (tea.Msg, error) {
			text, asks, err := actions.Ask(ctx, fs)
			if !asks {
				return textDone{titleNobody, text, ""}, err
			}
			return textDone{titleAsk, text, questionAsk}, err
		})
	case "m":
		m.mark(g)
	}
	return nil
}

// edit opens the chosen place in the user's editor.
func (m *Model) edit() tea.Cmd {
	if m.busy != "" {
		m.say(fmt.Sprintf(msgBusy, m.busy))
		return nil
	}
	g := m.chosen()
	editor, note, err := m.opt.Actions.Edit(*g.Places[min(m.place, len(g.Places)-1)])
	if err != nil {
		m.say(err.Error())
		return nil
	}
	return tea.Exec(editor, func(err error) tea.Msg { return editDone{note, err} })
}

// mark asks for what an entry of the baseline has to say, and writes it.
func (m *Model) mark(g *report.Group) {
	switch f := g.First(); {
	case m.busy != "":
		m.say(fmt.Sprintf(msgBusy, m.busy))
		return
	case f.Purged:
		m.say(msgPurged)
		return
	case f.Suppressed != nil:
		m.say(fmt.Sprintf(msgQuiet, f.Suppressed.By, f.Suppressed.Where))
		return
	}
	fs, print := copies(g), g.First().Fingerprint
	write := func(t Terms) tea.Cmd {
		return m.start(doingMark, func(ctx context.Context) (tea.Msg, error) {
			marked, err := m.opt.Actions.Mark(ctx, fs, t)
			return markDone{print, marked}, err
		})
	}
	m.ask(input{label: fmt.Sprintf(promptReason, m.opt.Expires), must: msgReason, done: func(reason string) tea.Cmd {
		m.ask(input{label: promptOwner, text: []rune(m.opt.Owner), must: msgOwner, done: func(owner string) tea.Cmd {
			m.opt.Owner = owner
			return write(Terms{reason, owner})
		}})
		return nil
	}})
}

// paneKey takes a key while a text is shown.
func (m *Model) paneKey(k string) tea.Cmd {
	if n, ok := m.steps(k); ok {
		m.pane.offset = max(0, m.pane.offset+n)
		return nil
	}
	question := m.pane.question
	switch {
	case question != "" && k == "y":
		m.screen, m.pane.question = m.back, ""
		g := m.chosen()
		if g == nil {
			return nil
		}
		fs, print := copies(g), g.First().Fingerprint
		return m.start(doingVerify, func(ctx context.Context) (tea.Msg, error) {
			answer, err := m.opt.Actions.Verify(ctx, fs)
			return answerDone{print, answer}, err
		})
	case question != "" && (k == "n" || k == "q" || k == "esc" || k == "enter"):
		m.screen, m.pane.question = m.back, ""
		m.say(msgNotSent)
	case question == "" && strings.Contains(" q esc enter left backspace ", " "+k+" "):
		m.screen, m.message = m.back, ""
	}
	return nil
}

// steps returns how far a key moves.
func (m *Model) steps(k string) (n int, ok bool) {
	page := max(1, m.page()-1)
	switch k {
	case "up", "k", "ctrl+p":
		return -1, true
	case "down", "j", "ctrl+n":
		return 1, true
	case "pgup", "ctrl+b":
		return -page, true
	case "pgdown", "ctrl+f", "space":
		return page, true
	case "home", "g":
		return -1 << 30, true
	case "end", "G":
		return 1 << 30, true
	}
	return 0, false
}
