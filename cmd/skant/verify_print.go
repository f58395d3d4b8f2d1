package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/internal/verify"
	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/scanner"
)

// Bounds of what is printed of an answer: lines, bytes of each, and the widest line that is good to read.
const (
	maxAnswerLines = 20
	maxPageLines   = 3
	maxAnswerLine  = 400
	maxReadable    = 100
)

// printer returns what prints requests that are not sent. They come from one goroutine or several.
func (a *app) printer(scrub func(string) string) func(verify.Asked) {
	var mu sync.Mutex
	return func(asked verify.Asked) {
		mu.Lock()
		defer mu.Unlock()
		l := layout{scrub: scrub}
		l.line(labelWouldAsk)
		l.asked(asked)
		a.say("%s", l.String())
	}
}

// layout writes lines for a person. What it is given of servers and files is made safe here; a secret in a request is masked already, and
// scrub takes out those that an answer repeats.
type layout struct {
	b     strings.Builder
	width int
	tint  report.Tint
	scrub func(string) string
}

// readable bounds the width of a terminal to what is good to read.
func readable(width int) int { return min(max(width, 40), maxReadable) }

// String returns all that was written. It is scrubbed as a whole once more: a secret may stand in two lines.
func (l *layout) String() string { return l.scrub(l.b.String()) }

func (l *layout) line(s string) { l.b.WriteString(strings.TrimRight(s, " ") + "\n") }

// wrapped writes a text between words, each line indented.
func (l *layout) wrapped(text, indent string) { l.hanging(indent, indent, text) }

// hanging writes a text with something before its first line, and something of the same width before the others.
func (l *layout) hanging(first, others, text string) {
	width := l.width
	if width < 1 {
		width = maxReadable
	}
	for i, s := range report.Wrap(text, max(20, width-len(others))) {
		if i == 0 {
			l.line(first + s)
		} else {
			l.line(others + s)
		}
	}
}

// asked writes a request, indented.
func (l *layout) asked(asked verify.Asked) {
	if asked.URL == "" {
		l.wrapped(l.safe(asked.Why), "  ")
		return
	}
	l.line("  " + visible.Text(asked.Method) + " " + visible.Text(asked.URL))
	for _, h := range asked.Headers {
		l.header(h)
	}
	l.body(asked.Body)
}

func (l *layout) header(h [2]string) {
	l.line("  " + visible.Text(h[0]) + ": " + cutLine(visible.Text(h[1])))
}

func (l *layout) body(body string) {
	if strings.TrimSpace(body) == "" {
		return
	}
	all := strings.Split(strings.TrimRight(body, "\r\n"), "\n")
	most := maxAnswerLines
	if strings.HasPrefix(strings.TrimSpace(body), "<!") || strings.HasPrefix(strings.TrimSpace(body), "<html") {
		most = maxPageLines // a web page says what it is at once
	}
	for i, s := range all {
		if i == most {
			l.line("  " + l.tint.Faint("and "+report.Number(int64(len(all)-i), "more line")))
			break
		}
		l.line("  " + cutLine(visible.Text(strings.TrimRight(s, "\r"))))
	}
}

func cutLine(s string) string {
	if len(s) <= maxAnswerLine {
		return s
	}
	return strings.ToValidUTF8(s[:maxAnswerLine], "") + "…"
}

// telling reports whether a header of an answer says something about who answered, whom, or when to come again.
func telling(name string) bool {
	name = strings.ToLower(name)
	if slices.Contains([]string{"content-type", "date", "server", "via", "cf-ray", "retry-after", "www-authenticate", "location"}, name) {
		return true
	}
	for _, part := range []string{"request-id", "requestid", "organization", "workspace", "ratelimit", "errortype", "scope", "should-retry"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}

// exchange writes what was asked and what came back.
func (l *layout) exchange(x *verify.Exchange) {
	l.line(l.tint.Strong(labelAsked))
	l.asked(x.Asked)
	l.line("")
	if x.Status == 0 {
		l.line(l.tint.Strong(labelNoAnswer))
		return
	}
	l.line(l.tint.Strong(labelAnswered))
	l.line(fmt.Sprintf("  %d", x.Status))
	others := 0
	for _, h := range x.Headers {
		if telling(h[0]) {
			l.header(h)
		} else {
			others++
		}
	}
	if others > 0 {
		l.line("  " + l.tint.Faint("and "+report.Number(int64(others), "more header")))
	}
	l.body(x.Body)
}

// whose writes which credential it is about.
func (l *layout) whose(f *scanner.Finding) {
	l.line(l.tint.Strong(visible.Text(f.Title)) + "  " + visible.Text(f.Secret.Redacted()))
	about := "rule " + f.RuleID + ", " + string(f.Confidence) + " confidence"
	if len(f.Reasons) > 0 {
		about += ": " + strings.Join(f.Reasons, "; ")
	}
	l.wrapped(visible.Text(about), "  ")
}

// verdict writes what an answer means and what to do.
func (l *layout) verdict(r *verify.Result) {
	v := &r.Verification
	l.line(labelVerdict + l.tint.Verdict(r.Verdict, verdictMeans(r.Verdict)))
	if v.Says != "" {
		l.wrapped(cutLine(visible.Text(v.Says)), "  ")
	}
	for _, fact := range report.Learned(v) {
		l.line("  " + fact)
	}
	var todo []string
	if v.Do != "" {
		todo = append(todo, v.Do)
	}
	if v.Do == "" || r.Verdict == scanner.Live || r.Verdict == scanner.Restricted {
		todo = append(todo, verdictDo(r.Verdict))
	}
	l.hanging("", "  ", labelDo+visible.Text(strings.Join(todo, " ")))
}

// writeExchange writes which credential was asked about, what was asked, what came back, what it means and what to do.
func (a *app) writeExchange(w io.Writer, f *scanner.Finding, x *verify.Exchange, scrub func(string) string) error {
	st := a.style()
	l := layout{width: readable(st.width), tint: report.NewTint(st.colour), scrub: scrub}
	l.whose(f)
	l.line("")
	if x.Asked.URL != "" {
		l.exchange(x)
		l.line("")
	}
	l.verdict(&x.Result)
	_, err := io.WriteString(w, l.String())
	return err
}
