package triage

import (
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/rivo/uniseg"

	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// rowLines is how many lines of the screen a secret in the list takes.
const rowLines = 2

// maxLine bounds a line of a text in bytes, maxReasons those that are listed for a secret.
const (
	maxLine    = 16 << 10
	maxReasons = 20
)

// twoLines is the least height at which the keys of the list may take two lines.
const twoLines = 16

// maxMessage bounds the lines of what was said last.
const maxMessage = 4

// View draws the screen.
func (m *Model) View() (v tea.View) {
	defer func() {
		if p := recover(); p != nil { // told by whoever ran the program; the next key ends it
			m.crash = fmt.Errorf("internal error: %v", p)
			v = tea.NewView("")
		}
	}()
	text, x, y := m.draw()
	v = tea.NewView(text)
	v.AltScreen = true
	v.Cursor = tea.NewCursor(x, y)
	return v
}

// page is how many secrets or lines there is room for.
func (m *Model) page() int {
	room := m.room()
	if m.screen == listScreen {
		return max(1, room/rowLines)
	}
	return room
}

// room is how many lines are left between the head and the foot.
func (m *Model) room() int { return max(1, m.height-2-len(m.foot())) }

// draw returns the lines of the screen, none wider than it and no more than it has, and where its cursor stands.
func (m *Model) draw() (text string, x, y int) {
	var body []string
	at := 0
	screen := m.screen
	if screen == inputScreen {
		screen = m.input.back
	}
	room := m.room()
	switch screen {
	case secretScreen:
		body, at = m.drawSecret(room)
	case textScreen:
		body = m.pane.draw(m, room)
	default:
		body, at = m.drawList(room)
	}
	for len(body) < room {
		body = append(body, "")
	}
	lines := append(m.head(), body...)
	foot := m.foot()
	lines = append(lines, foot...)
	x, y = 0, 2+at
	if m.screen == inputScreen {
		y = len(lines) - 2
		x = min(uniseg.StringWidth(foot[len(foot)-2]), max(0, m.width-1))
	}
	lines = lines[:min(len(lines), max(1, m.height))]
	return strings.Join(lines, "\n"), x, max(0, min(y, len(lines)-1))
}

// fit cuts a line that is safe to show to the width of the screen.
func (m *Model) fit(s string) string { return report.Clip(s, max(1, m.width)) }

// clean makes a text safe to show. Of a very long line only the beginning is: the rest of what is cleaned is left out, so that no secret
// is shown of which only the first part was.
func (m *Model) clean(s string) string {
	if len(s) <= maxLine {
		return m.opt.Clean(s)
	}
	s = m.opt.Clean(s[:maxLine])
	return strings.ToValidUTF8(s[:min(len(s), maxLine/4)], "") + " ..."
}

// head says what is shown.
func (m *Model) head() []string {
	words := report.Number(int64(m.open), "secret")
	if m.alive > 0 {
		words += fmt.Sprintf(", %d alive", m.alive)
	}
	if !m.opt.Report.Coverage.Complete {
		words += ", incomplete"
	}
	first := m.fit("skant triage: " + words + "  " + m.clean(m.opt.Name))
	second := fmt.Sprintf("%s: %d of %d", filterWord(m.filter), min(m.at+1, len(m.rows)), len(m.rows))
	if s := severities()[m.severity]; s != "" {
		second += ", " + string(s) + " and worse"
	}
	if m.search != "" {
		second += ", with " + m.clean(m.search)
	}
	if m.screen == textScreen {
		second = m.pane.title
	}
	return []string{m.opt.Tint.Strong(first), m.opt.Tint.Faint(m.fit(second))}
}

// foot is what was said last, or what is typed, and which keys there are.
func (m *Model) foot() []string {
	var lines []string
	message := m.message
	if m.busy != "" && message == "" {
		message = m.busy + " ..."
	}
	if m.screen == textScreen && m.pane.question != "" {
		message = m.pane.question
	}
	for line := range strings.SplitSeq(message, "\n") {
		lines = append(lines, fold(m.clean(line), m.width)...)
	}
	if len(lines) > maxMessage {
		lines = append(lines[:maxMessage-1], m.fit(lines[maxMessage-1]+" ..."))
	}
	lines = lines[:min(len(lines), max(1, m.height-4))]
	if len(lines) == 0 {
		lines = []string{""}
	}
	keys := keysList
	switch m.screen {
	case secretScreen:
		keys = keysSecret
	case textScreen:
		if keys = keysText; m.pane.question != "" {
			keys = keysQuestion
		}
	case inputScreen:
		keys = keysInput
		label := m.fit(m.input.label)
		if used := uniseg.StringWidth(label); used > m.width/2 { // no room beside it
			lines, label = append(lines, label), "> "
		}
		lines = append(lines, label+tail(m.clean(string(m.input.text)), m.width-uniseg.StringWidth(label)-1))
	}
	if both := keys + "  " + keysShown; m.screen != listScreen || len(both) > m.width && m.height < twoLines {
		return append(lines, m.opt.Tint.Faint(m.fit(m.offer(keys))))
	} else if len(both) <= m.width {
		return append(lines, m.opt.Tint.Faint(both))
	}
	return append(lines, m.opt.Tint.Faint(m.fit(m.offer(keysShown))), m.opt.Tint.Faint(m.fit(m.offer(keys))))
}

// offer is as many keys as there is room for, which are separated by two spaces, the first ones first.
func (m *Model) offer(keys string) string {
	out := ""
	for key := range strings.SplitSeq(keys, "  ") {
		if next := strings.TrimPrefix(out+"  "+key, "  "); out == "" || len(next) <= m.width {
			out = next
		}
	}
	return out
}

// tail is the end of a text, as much as there is room for.
func tail(s string, width int) string {
	for s != "" && uniseg.StringWidth(s) > max(0, width) {
		_, rest, _, _ := uniseg.FirstGraphemeClusterInString(s, -1)
		s = rest
	}
	return s
}

// drawList draws the secrets that there is room for, and returns the line of the chosen one.
func (m *Model) drawList(room int) (lines []string, at int) {
	if len(m.rows) == 0 {
		return []string{m.fit(msgNothing)}, 0
	}
	fits := max(1, room/rowLines)
	m.first = max(0, min(m.first, m.at, len(m.rows)-fits))
	m.first = max(m.first, m.at-fits+1)
	for i := m.first; i < min(len(m.rows), m.first+fits); i++ {
		if i == m.at {
			at = len(lines)
		}
		lines = append(lines, m.drawRow(m.rows[i], i == m.at)...)
	}
	return lines[:min(len(lines), room)], at
}

// drawRow draws a secret: what it is, and where.
func (m *Model) drawRow(r row, chosen bool) []string {
	g := r.group
	f := g.First()
	said := report.VerdictWord(g.Verdict)
	if r.quiet {
		said = filterWord(filterQuiet)
	}
	head := fmt.Sprintf("%s%-8s  %-10s  %s", mark(chosen), m.clean(string(g.Severity)), said, m.clean(f.Title))
	place := "    " + m.clean(f.Secret.Redacted()) + "  " + m.clean(report.Where(f))
	if n := len(g.Places) - 1; n > 0 {
		place += fmt.Sprintf("  and %d more", n)
	}
	head, place = m.fit(head), m.fit(place)
	if chosen {
		return []string{m.opt.Tint.Strong(head), m.opt.Tint.Strong(place)}
	}
	return []string{m.opt.Tint.Verdict(tinted(g), head), m.opt.Tint.Faint(place)}
}

// tinted is the verdict that a row is coloured for: nobody has to see a colour to know it, since it stands there.
func tinted(g *report.Group) scanner.Verdict {
	if g.Verdict == scanner.NotAsked && g.Severity == rules.Critical {
		return scanner.Restricted
	}
	return g.Verdict
}

func mark(chosen bool) string {
	if chosen {
		return "> "
	}
	return "  "
}

// drawSecret draws what is known of the chosen secret, and its places, of which the chosen one is to be seen.
func (m *Model) drawSecret(room int) (lines []string, at int) {
	g := m.chosen()
	if g == nil {
		return []string{m.fit(msgNothing)}, 0
	}
	for _, s := range m.facts(g) {
		for _, l := range fold(m.clean(s), m.width) {
			lines = append(lines, m.fit(l))
		}
	}
	lines = append(lines, "")
	from, until := 0, 0
	// Every place takes a line or more: what is further away than there is room for is not to be seen.
	for i := max(0, m.place-room); i < min(len(g.Places), m.place+room+1); i++ {
		f, here := g.Places[i], i == m.place
		if here {
			from = len(lines)
		}
		for k, s := range placeLines(f) {
			before := "    "
			if k == 0 {
				before = mark(here)
			}
			s = m.fit(before + m.clean(s))
			if here && k == 0 {
				s = m.opt.Tint.Strong(s)
			}
			lines = append(lines, s)
		}
		if here {
			until = len(lines)
		}
	}
	top := max(0, min(from, until-room))
	return lines[top:min(len(lines), top+room)], from - top
}

// facts are the lines above the places of a secret.
func (m *Model) facts(g *report.Group) []string {
	f := g.First()
	lines := []string{
		f.Title + "  " + f.Secret.Redacted(),
		fmt.Sprintf("%s, %s confidence, %s; rule %s", g.Severity, g.Confidence, report.VerdictWord(g.Verdict), f.RuleID),
		"fingerprint " + f.Fingerprint,
	}
	if v := g.Verification(); v != nil && v.Says != "" {
		lines = append(lines, v.Says)
	}
	lines = append(lines, f.Reasons[:min(len(f.Reasons), maxReasons)]...)
	if s := f.Suppressed; s != nil {
		lines = append(lines, strings.TrimRight(fmt.Sprintf("does not count: %s %s %s", s.By, s.Where, s.Reason), " "))
	}
	return lines
}

// placeLines describe one place.
func placeLines(f *scanner.Finding) []string {
	first := report.Where(f)
	if e := f.Exposure; e != nil && e.InHead {
		first += "  in HEAD"
	}
	lines := []string{first}
	if c := f.Location.Commit; c != nil {
		id := []rune(c.ID)
		lines = append(lines, fmt.Sprintf("%s  %s  %s  %s", string(id[:min(10, len(id))]), c.Date.UTC().Format(time.DateOnly), c.Author, c.Summary))
	}
	if f.Excerpt != "" {
		lines = append(lines, f.Excerpt)
	}
	return lines
}

// pane is a text that can be scrolled.
type pane struct {
	title string
	lines []string
	// question is asked below it; empty if it is only there to be read.
	question string
	offset   int
	// folded are the lines as they are shown on a screen of that width.
	folded []string
	width  int
}

func (p *pane) draw(m *Model, room int) []string {
	if p.folded == nil || p.width != m.width {
		p.folded, p.width = nil, m.width
		for _, l := range p.lines {
			p.folded = append(p.folded, fold(m.clean(l), m.width)...)
		}
	}
	lines := p.folded
	p.offset = max(0, min(p.offset, len(lines)-room))
	shown := lines[p.offset:min(len(lines), p.offset+room)]
	if rest := len(lines) - p.offset - room; rest > 0 && room > 1 {
		shown = append(shown[:room-1:room-1], m.opt.Tint.Faint(m.fit(report.Number(int64(rest+1), "more line")+" below")))
	}
	return shown
}

// fold breaks a line that is safe to show into lines of at most width cells, between words where it can, each with the line's
// indentation. Nothing of it is lost.
func fold(s string, width int) []string {
	width = max(1, width)
	if uniseg.StringWidth(s) <= width {
		return []string{s}
	}
	rest := strings.TrimLeft(s, " ")
	indent := s[:len(s)-len(rest)]
	if len(indent) > width/2 {
		indent = ""
	}
	var out []string
	for rest != "" {
		n := fitting(rest, width-len(indent))
		if n < len(rest) {
			if space := strings.LastIndex(rest[:n+1], " "); space > 0 {
				n = space
			}
		}
		out = append(out, indent+strings.TrimRight(rest[:n], " "))
		rest = strings.TrimLeft(rest[n:], " ")
	}
	return out
}

// fitting returns how many bytes of a text there is room for, at least those of its first character.
func fitting(s string, width int) int {
	used, n, state := 0, 0, -1
	for rest := s; rest != ""; {
		var cluster string
		var w int
		cluster, rest, w, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if n > 0 && used+w > width {
			break
		}
		used, n = used+w, n+len(cluster)
	}
	return n
}
