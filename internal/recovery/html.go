package recovery

import (
	"bufio"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/skant-dev/skant/internal/visible"
)

// runbookCSS is the whole style: nothing is loaded from anywhere.
//
//go:embed runbook.css
var runbookCSS string

// HTML writes the plan as one HTML file that loads nothing, runs no script, follows the reader's colour scheme and prints
// with the first fifteen minutes on pages of their own. It returns the first error of w.
func (p *Plan) HTML(w io.Writer) error {
	h := &webPage{out: bufio.NewWriter(w), plan: p}
	style := strings.TrimSpace(runbookCSS)
	sum := sha256.Sum256([]byte(style))
	h.put("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n" +
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-" +
		base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'\">\n" +
		"<meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"robots\" content=\"noindex\">\n<meta name=\"color-scheme\" content=\"light dark\">\n" +
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>Leak runbook: " + text(nonEmpty(p.Target, "this repository")) +
		"</title>\n<style>" + style + "</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to the runbook</a>\n")
	p.write(h)
	h.put("</section>\n</main>\n</body>\n</html>\n")
	return h.out.Flush()
}

// webPage writes HTML; an error of the writer below is kept by the buffer and returned by its Flush.
type webPage struct {
	out   *bufio.Writer
	plan  *Plan
	boxes int
	// headings counts the sections, for ids where there is no anchor.
	headings int
	// last is the id of the last heading, which names the tables below it.
	last string
}

func (h *webPage) put(s string) { _, _ = h.out.WriteString(s) }

// text escapes a value for HTML, attributes included, and makes visible what a reader would not see.
func text(s string) string { return html.EscapeString(bounded(s)) }

// spans returns spans as HTML.
func (h *webPage) spans(s []Span) string {
	return renderWith(s, rendering{
		code:  func(s string) string { return "<code>" + text(s) + "</code>" },
		words: html.EscapeString, plain: text,
		strong: func(s string) string { return "<strong>" + html.EscapeString(s) + "</strong>" },
		address: func(s string) string {
			if !SafeLink(s) {
				return "<code>" + text(s) + "</code>"
			}
			return "<a href=\"" + html.EscapeString(s) + "\" rel=\"noopener noreferrer\">" + html.EscapeString(s) + "</a>"
		},
	})
}

func (h *webPage) title(s []Span) {
	h.put("<header><h1>" + h.spans(s) + "</h1>\n")
	if len(h.plan.Leaks) > 0 {
		h.put("<nav aria-label=\"Parts of the runbook\"><ul>\n")
		for _, part := range h.parts() {
			h.put("<li><a href=\"#" + part[0] + "\">" + part[1] + "</a></li>\n")
		}
		h.put("</ul></nav>\n")
	}
	h.put("</header>\n<main id=\"main\">\n<section class=\"first\">\n")
}

// parts are the anchors and names of the parts of the page, as HTML.
func (h *webPage) parts() [][2]string {
	parts := [][2]string{{"first", "The first fifteen minutes"}}
	if len(h.plan.Timeline) > 0 {
		parts = append(parts, [2]string{"timeline", "What happened when"})
	}
	for i := range h.plan.Leaks[:min(len(h.plan.Leaks), maxRecorded)] {
		l := &h.plan.Leaks[i]
		n := strconv.Itoa(l.Number)
		parts = append(parts, [2]string{"secret-" + n, h.spans(l.name())})
	}
	return append(parts, [2]string{"stores", html.EscapeString(h.plan.Stores.Title)}, [2]string{"tell", html.EscapeString(h.plan.Tell.Title)},
		[2]string{"repository", "The repository"}, [2]string{"unknown", "What nobody knows yet"}, [2]string{"record", "Incident record"})
}

func (h *webPage) heading(level int, anchor string, s []Span) {
	h.headings++
	if anchor == "" {
		anchor = "part-" + strconv.Itoa(h.headings)
	}
	if level == 2 && anchor != "first" {
		h.put("</section>\n<section aria-labelledby=\"" + anchor + "\">\n")
	}
	tag := "h" + strconv.Itoa(level)
	h.last = anchor
	h.put("<" + tag + " id=\"" + anchor + "\">" + h.spans(s) + "</" + tag + ">\n")
}

func (h *webPage) para(s []Span) { h.put("<p>" + h.spans(s) + "</p>\n") }

func (h *webPage) warning(lead []Span, items [][]Span) {
	h.put("<div class=\"warning\" role=\"note\"><p>" + h.spans(lead) + "</p>\n")
	if len(items) > 0 {
		h.list(items)
	}
	h.put("</div>\n")
}

func (h *webPage) table(head []string, rows [][][]Span) {
	if len(rows) == 0 {
		return
	}
	class := "facts"
	if head != nil {
		class = "grid"
	}
	label := ""
	if h.last != "" {
		label = " aria-labelledby=\"" + h.last + "\""
	}
	h.put("<div class=\"wide\" tabindex=\"0\" role=\"region\"" + label + "><table class=\"" + class + "\">\n")
	if head != nil {
		h.put("<thead><tr>")
		for _, c := range head {
			if c == "" {
				c = "No."
			}
			h.put("<th scope=\"col\">" + html.EscapeString(c) + "</th>")
		}
		h.put("</tr></thead>\n")
	}
	h.put("<tbody>\n")
	for _, row := range rows {
		h.put("<tr>")
		for i, cell := range row {
			if i == 0 {
				open := "<th scope=\"row\""
				if head != nil {
					open += " data-label=\"" + html.EscapeString(nonEmpty(head[0], "No.")) + "\""
				}
				h.put(open + ">" + h.spans(cell) + "</th>")
				continue
			}
			open := "<td"
			if len(cell) == 1 && cell[0].Kind == Words && len(cell[0].Text) <= len(time.DateOnly) { // a date is not broken at its hyphens
				open += " class=\"keep\""
			}
			if head != nil { // what a narrow screen shows before it
				open += " data-label=\"" + html.EscapeString(head[i]) + "\""
			}
			h.put(open + ">" + h.spans(cell) + "</td>")
		}
		h.put("</tr>\n")
	}
	h.put("</tbody></table></div>\n")
}

func (h *webPage) list(items [][]Span) {
	h.put("<ul>\n")
	for _, s := range items {
		h.put("<li>" + h.spans(s) + "</li>\n")
	}
	h.put("</ul>\n")
}

func (h *webPage) turn() { h.put("<p class=\"turn\"></p>\n") }

func (h *webPage) steps(steps []Step) {
	if len(steps) == 0 {
		return
	}
	h.put("<ol class=\"steps\">\n")
	for i := range steps {
		s := &steps[i]
		h.boxes++
		id := "step-" + strconv.Itoa(h.boxes)
		h.put("<li><input type=\"checkbox\" id=\"" + id + "\"><label for=\"" + id + "\">" + h.spans(s.Title) + "</label>" + html.EscapeString(uncertain(s)) + "\n")
		if len(s.Text) > 0 {
			h.para(s.Text)
		}
		if s.Run != "" {
			h.commands(s.Run)
		}
		if s.Say != "" {
			h.block("Text to send", s.Say)
		}
		if len(s.Missing) > 0 {
			h.put("<p class=\"gap\">Fill in yourself: " + h.spans(gaps(s.Missing)) + ".</p>\n")
		}
		if s.Link != "" {
			before, after := pageOf(s)
			h.put("<p>" + before + h.spans([]Span{{s.Link, Address}}) + html.EscapeString(after) + "</p>\n")
		}
		h.put("</li>\n")
	}
	h.put("</ol>\n")
}

// block writes text that is to be copied, line by line as it is.
func (h *webPage) block(label, run string) {
	h.put("<pre tabindex=\"0\" aria-label=\"" + label + "\"><code>" + lines(run) + "</code></pre>\n")
}

// commands writes commands that are to be copied. Each whole command is an element of its own, which one click selects without any script.
func (h *webPage) commands(run string) {
	h.put("<pre class=\"run\" tabindex=\"0\" aria-label=\"Commands\">")
	for i, c := range splitCommands(run) {
		if i > 0 {
			h.put("\n")
		}
		h.put("<code>" + lines(c) + "</code>")
	}
	h.put("</pre>\n")
}

// lines returns text as HTML, line by line.
func lines(s string) string {
	var b strings.Builder
	for i, line := range strings.Split(s, "\n") {
		if i > 0 {
			b.WriteString("\n")
		}
		b.WriteString(html.EscapeString(visible.Text(line)))
	}
	return b.String()
}
