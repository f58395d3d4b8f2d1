package recovery

import (
	"bufio"
	"io"
	"strings"

	"github.com/skant-dev/skant/internal/visible"
)

// Markdown writes the plan as GitHub-flavoured Markdown. It returns the first error of w.
func (p *Plan) Markdown(w io.Writer) error {
	m := &markdown{out: bufio.NewWriter(w), blank: true}
	p.write(m)
	return m.out.Flush()
}

// markdown writes lines; an error of the writer below is kept by the buffer and returned by its Flush.
type markdown struct {
	out   *bufio.Writer
	blank bool
}

// line writes a line; of several empty lines in a row one is written.
func (m *markdown) line(s string) {
	if s == "" && m.blank {
		return
	}
	m.blank = s == ""
	_, _ = m.out.WriteString(s + "\n")
}

func (m *markdown) title(s []Span) { m.heading(1, "", s) }

func (m *markdown) heading(level int, _ string, s []Span) {
	m.line("")
	m.line(strings.Repeat("#", level) + " " + strings.TrimSpace(inline(s)))
	m.line("")
}

func (m *markdown) para(s []Span) {
	m.line("")
	m.line(inline(s))
	m.line("")
}

func (m *markdown) warning(lead []Span, items [][]Span) {
	m.line("")
	m.line("> [!WARNING]")
	m.line("> " + inline(lead))
	for _, s := range items {
		m.line("> - " + inline(s))
	}
	m.line("")
}

func (m *markdown) table(head []string, rows [][][]Span) {
	m.line("")
	if head == nil {
		head = []string{"", ""}
	}
	m.line("|" + cellsOf(head))
	m.line("|" + strings.Repeat("---|", len(head)))
	for _, row := range rows {
		var text []string
		for _, cell := range row {
			text = append(text, renderCell(cell))
		}
		m.line("|" + cellsOf(text))
	}
	m.line("")
}

func cellsOf(texts []string) string {
	var b strings.Builder
	for _, t := range texts {
		if t != "" {
			t = " " + t
		}
		b.WriteString(t + " |")
	}
	return b.String()
}

func (m *markdown) list(items [][]Span) {
	m.line("")
	for _, s := range items {
		m.line("- " + inline(s))
	}
	m.line("")
}

func (m *markdown) turn() { m.line("") }

func (m *markdown) steps(steps []Step) {
	m.line("")
	for i := range steps {
		s := &steps[i]
		m.line("- [ ] **" + strings.TrimSpace(inline(s.Title)) + "**" + uncertain(s))
		if len(s.Text) > 0 {
			m.line("")
			m.line("  " + inline(s.Text))
		}
		if s.Run != "" {
			m.line("")
			m.fenced("sh", s.Run, "  ")
		}
		if s.Say != "" {
			m.line("")
			m.fenced("text", s.Say, "  ")
		}
		if len(s.Missing) > 0 {
			m.line("")
			m.line("  Fill in yourself: " + inline(gaps(s.Missing)) + ".")
		}
		if s.Link != "" {
			m.line("")
			before, after := pageOf(s)
			m.line("  " + before + autolink(s.Link) + after)
		}
		m.line("")
	}
}

// pageOf is what stands around the link of a step.
func pageOf(s *Step) (before, after string) {
	if s.Other {
		return "Without this program: ", ", or \"" + byHand + "\" behind this page."
	}
	return "Page: ", ""
}

func uncertain(s *Step) string {
	if s.Uncertain {
		return " (the provider does not document this)"
	}
	return ""
}

// gaps are what the reader of a step has to fill in.
func gaps(missing []Missing) []Span {
	var out []Span
	for i, g := range missing {
		if i > 0 {
			out = append(out, Span{", ", Words})
		}
		out = append(out, Span{"<" + g.Name + ">", Gap})
		if g.Value != "" {
			out = append(out, Span{" (", Words}, Span{g.Value, Value}, Span{"; check it before you paste it)", Words})
		}
	}
	return out
}

// fenced writes commands in a fence that nothing in them can close.
func (m *markdown) fenced(kind, run, indent string) {
	fence := strings.Repeat("`", max(3, longestRun(run, '`')+1))
	m.line(indent + fence + kind)
	for l := range strings.SplitSeq(run, "\n") {
		m.line(strings.TrimRight(indent+visible.Text(l), " "))
	}
	m.line(indent + fence)
}
