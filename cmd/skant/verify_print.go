package main

import (
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/internal/verify"
	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// Bounds of what is printed of an answer: lines, and bytes of each.
const (
	maxAnswerLines = 40
	maxAnswerLine  = 500
)

// printer returns what prints requests that are not sent. They come from one goroutine or several.
func (a *app) printer() func(verify.Asked) {
	var mu sync.Mutex
	s, err := scanner.New(rules.Builtin(), scanner.Options{}) // what masks is made once: there may be thousands
	return func(asked verify.Asked) {
		mu.Lock()
		defer mu.Unlock()
		var b strings.Builder
		b.WriteString(labelWouldAsk + "\n")
		writeAsked(&b, asked)
		if err != nil {
			a.say("%s\n", msgScrubFailed)
			return
		}
		a.say("%s", s.Scrub(b.String()))
	}
}

// writeAsked writes a request, indented. The secret in it is masked already.
func writeAsked(b *strings.Builder, asked verify.Asked) {
	fmt.Fprintf(b, "  %s %s\n", visible.Text(asked.Method), visible.Text(asked.URL))
	for _, h := range asked.Headers {
		writeHeader(b, h)
	}
	writeBody(b, asked.Body)
}

func writeHeader(b *strings.Builder, h [2]string) {
	fmt.Fprintf(b, "  %s: %s\n", visible.Text(h[0]), cutLine(visible.Text(h[1])))
}

func writeBody(b *strings.Builder, body string) {
	if strings.TrimSpace(body) == "" {
		return
	}
	all := strings.Split(strings.TrimRight(body, "\r\n"), "\n")
	for i, l := range all {
		if i == maxAnswerLines {
			fmt.Fprintf(b, "  and %s\n", report.Number(int64(len(all)-i), "more line"))
			break
		}
		fmt.Fprintf(b, "  %s\n", cutLine(visible.Text(l)))
	}
}

func cutLine(s string) string {
	if len(s) <= maxAnswerLine {
		return s
	}
	return strings.ToValidUTF8(s[:maxAnswerLine], "") + "…"
}

// writeExchange writes what was asked about a finding, what came back, what it means and what to do.
func writeExchange(w io.Writer, f *scanner.Finding, x *verify.Exchange, scrub func(string) string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s\n", visible.Text(f.Title), visible.Text(f.Secret.Redacted()))
	fmt.Fprintf(&b, "  rule %s, %s confidence", visible.Text(f.RuleID), visible.Text(string(f.Confidence)))
	if len(f.Reasons) > 0 {
		b.WriteString(": " + visible.Text(strings.Join(f.Reasons, "; ")))
	}
	b.WriteString("\n\n")
	v := &x.Result.Verification
	switch {
	case x.Asked.URL == "": // there was nobody to ask
	case x.Status == 0:
		b.WriteString(labelAsked + "\n")
		writeAsked(&b, x.Asked)
		b.WriteString("\n" + labelNoAnswer + "\n\n")
	default:
		b.WriteString(labelAsked + "\n")
		writeAsked(&b, x.Asked)
		fmt.Fprintf(&b, "\n%s\n  %d\n", labelAnswered, x.Status)
		for _, h := range x.Headers {
			writeHeader(&b, h)
		}
		writeBody(&b, x.Body)
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, labelVerdict, verdictMeans(x.Result.Verdict))
	if v.Says != "" {
		b.WriteString("  " + cutLine(visible.Text(v.Says)) + "\n")
	}
	for _, fact := range report.Learned(v) {
		b.WriteString("  " + fact + "\n")
	}
	if v.Do != "" {
		fmt.Fprintf(&b, labelDo, cutLine(visible.Text(v.Do)))
	}
	_, err := io.WriteString(w, scrub(b.String()))
	return err
}
