package report

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/fatih/color"
	"github.com/rivo/uniseg"

	"github.com/skant-dev/skant/internal/visible"
)

// span is a piece of a line. Its text comes from [visible.Text], or is ours.
type span struct {
	text string
	// tint is nil for no colour, link empty for no link.
	tint *color.Color
	link string
	// whole says that it is broken between words only if it is too wide for a line: a path.
	whole bool
}

// spaces is what stands between two columns.
func spaces(n int) span { return span{text: strings.Repeat(" ", max(0, n))} }

// columns returns spans with two spaces between them.
func columns(list ...span) []span {
	var row []span
	for _, s := range list {
		if s.text == "" {
			continue
		}
		if len(row) > 0 {
			row = append(row, spaces(2))
		}
		row = append(row, s)
	}
	return row
}

// row writes spans as one line. Where the terminal's width is known what does not fit goes on in further lines, which are indented by
// hang: broken between words, and within a word only if it is wider than a line.
func (t *textWriter) row(indent, hang int, spans ...span) {
	for i := range spans {
		spans[i].text = t.readable(spans[i].text)
	}
	if t.width < 1 {
		t.print(indent, spans)
		return
	}
	f := folder{width: t.width, used: strings.Repeat(" ", indent)}
	for i := range spans {
		s := &spans[i]
		for rest := s.text; rest != ""; {
			var word string
			blank := rest[0] == ' '
			switch end := strings.IndexFunc(rest, func(r rune) bool { return (r == ' ') != blank }); {
			case end < 0 || s.whole && !blank:
				word, rest = rest, ""
			default:
				word, rest = rest[:end], rest[end:]
			}
			piece := *s
			piece.text = word
			if blank {
				f.gap = append(f.gap, piece)
				continue
			}
			for !f.put(piece) {
				if f.line != nil {
					t.flush(&f, &indent, hang)
					continue
				}
				head, tail := f.part(piece.text)
				f.add(span{text: head, tint: s.tint, link: s.link})
				piece.text = tail
				if tail == "" {
					break
				}
			}
		}
	}
	if f.line != nil {
		t.print(indent, f.line)
	}
}

// maxSpan is how long a text may be where lists are cut, in bytes. Whoever makes a repository can name a file with a megabyte, and push
// everything else off the screen.
const maxSpan = 4000

// readable takes the middle out of what nobody reads.
func (t *textWriter) readable(text string) string {
	if !t.cut || len(text) <= maxSpan {
		return text
	}
	t.left = true
	return strings.ToValidUTF8(text[:maxSpan/10], "") + "…" + strings.ToValidUTF8(text[len(text)-maxSpan/10:], "")
}

// flush writes a full line; the next one is indented by hang.
func (t *textWriter) flush(f *folder, indent *int, hang int) {
	t.print(*indent, f.line)
	*indent = hang
	f.line, f.gap, f.used = nil, nil, strings.Repeat(" ", hang)
}

// folder gathers one line of a terminal.
type folder struct {
	width int
	line  []span
	// used is the line as it is seen so far, gap the spaces that belong before what comes next.
	used string
	gap  []span
}

// put adds a piece if it fits. What is wide depends on what stands beside it, so that the line is measured as a whole.
func (f *folder) put(s span) bool {
	gap := ""
	for _, g := range f.gap {
		gap += g.text
	}
	if f.line == nil {
		gap = ""
	}
	if wider(f.used+gap, s.text, f.width) {
		return false
	}
	if f.line != nil {
		for _, g := range f.gap {
			f.add(g)
		}
	}
	f.gap = nil
	f.add(s)
	return true
}

// wider reports whether two texts beside one another take more than width cells. It reads no more of the second than it must: that may be
// megabytes, in a hostile report, and is asked about again for each line of it.
func wider(before, text string, width int) bool {
	for n := 4 * width; n < len(text); n *= 2 {
		end := n
		for end > 0 && !utf8.RuneStart(text[end]) {
			end--
		}
		if uniseg.StringWidth(before+text[:end]) > width+2 { // what follows may belong to the last character, and change its width
			return true
		}
	}
	return uniseg.StringWidth(before+text) > width
}

func (f *folder) add(s span) {
	f.used += s.text
	if n := len(f.line); n > 0 && f.line[n-1].tint == s.tint && f.line[n-1].link == s.link {
		f.line[n-1].text += s.text
		return
	}
	f.line = append(f.line, s)
}

// part parts a word that is wider than a line: as much as fits, and the rest; a path after a slash, if there is one in the second half
// of what fits. The first part is never empty.
func (f *folder) part(word string) (head, tail string) {
	end, state, rest := 0, -1, word
	for rest != "" {
		var cluster string
		cluster, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if end > 0 && uniseg.StringWidth(f.used+word[:end+len(cluster)]) > f.width {
			break
		}
		end += len(cluster)
	}
	if slash := strings.LastIndexByte(word[:end], '/'); end < len(word) && slash > end/2 {
		end = slash + 1
	}
	return word[:end], word[end:]
}

// print writes a line as it is.
func (t *textWriter) print(indent int, spans []span) {
	var b strings.Builder
	b.WriteString(strings.Repeat(" ", indent))
	for i, s := range spans {
		text := s.text
		if i == len(spans)-1 {
			text = strings.TrimRight(text, " ")
		}
		if s.tint != nil && text != "" {
			text = s.tint.Sprint(text)
		}
		if s.link != "" && text != "" {
			text = "\x1b]8;id=" + t.linkID(s.link) + ";" + s.link + "\x1b\\" + text + "\x1b]8;;\x1b\\"
		}
		b.WriteString(text)
	}
	t.line(b.String())
}

// command writes a command line, which is not folded, so that it can be copied: a terminal that breaks it takes that back.
func (t *textWriter) command(label, command string) {
	if t.width > 0 && uniseg.StringWidth(label+" "+command) > t.width {
		t.row(0, 2, span{text: label, tint: t.faint})
		label = " "
	}
	t.print(0, []span{{text: label + " " + command, tint: t.faint}})
}

// linkID joins the parts of a link that is broken over two lines.
func (t *textWriter) linkID(link string) string {
	if t.lastLink != link {
		t.lastLink = link
		t.links++
	}
	return "skant" + strconv.Itoa(t.links)
}

// wrapped writes a text in lines no wider than the terminal, each indented.
func (t *textWriter) wrapped(text string, indent int, tint *color.Color) {
	text = visible.Text(text)
	switch {
	case text == "":
	case t.plain:
		t.line(text)
	case t.width > 0:
		t.row(indent, indent, span{text: strings.Join(strings.Fields(text), " "), tint: tint})
	default:
		for _, l := range Wrap(text, defaultWidth-indent) {
			t.print(indent, []span{{text: l, tint: tint}})
		}
	}
}
