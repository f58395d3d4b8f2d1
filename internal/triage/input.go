package triage

import (
	"strings"
	"unicode"

	tea "charm.land/bubbletea/v2"
)

// maxTyped bounds what is typed into one line, in characters.
const maxTyped = 500

// input is a line that is typed. bubbles' own would look for programs that know the clipboard at every start of skant.
type input struct {
	label string
	text  []rune
	// must is said in place of taking an empty line; empty lines are taken if it is empty.
	must string
	// done gets what was typed, without spaces around it. It may ask for the next line.
	done func(text string) tea.Cmd
	back screen
}

// ask has a line typed. It goes back to the screen that was there before.
func (m *Model) ask(in input) {
	in.back = m.screen
	if m.screen == inputScreen {
		in.back = m.input.back
	}
	m.input, m.screen, m.message = in, inputScreen, ""
}

// add appends what was typed or pasted, as one line without what is not seen.
func (in *input) add(text string) {
	for _, r := range strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' || r == '\t' }), " ") {
		if unicode.IsGraphic(r) && r != unicode.ReplacementChar && len(in.text) < maxTyped {
			in.text = append(in.text, r)
		}
	}
}

// typed takes a key of the line.
func (m *Model) typed(k tea.KeyPressMsg) tea.Cmd {
	in := &m.input
	switch k.String() {
	case "esc":
		m.screen, m.message = in.back, msgLeft
	case "enter":
		text := strings.TrimSpace(string(in.text))
		if text == "" && in.must != "" {
			m.say(in.must)
			return nil
		}
		done := in.done
		m.screen, m.message = in.back, ""
		return done(text)
	case "backspace", "ctrl+h":
		in.text = in.text[:max(0, len(in.text)-1)]
	case "ctrl+u":
		in.text = nil
	case "ctrl+w":
		text := strings.TrimRight(string(in.text), " ")
		in.text = []rune(text[:strings.LastIndex(text, " ")+1])
	default:
		in.add(k.Text)
	}
	return nil
}
