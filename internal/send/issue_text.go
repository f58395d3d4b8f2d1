package send

import (
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/skant-dev/skant/internal/report"
)

// maxIssue is the length of an issue's body that GitHub takes, with something to spare; maxTitle that of a title.
const (
	maxIssue = 60_000
	maxTitle = 200
)

// mark is what stands in an issue, and in each comment, where readers do not see it: whose issue it is, and what was last said.
type mark struct{ id, severity, verdict, places string }

// A mark is a line of its own. Nothing that comes from a repository begins a line, or has a < or > that is no escape, so none can be made by
// a name.
var markLine = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?m)^<!-- skant:secret ([A-Za-z0-9:]{1,80}) severity=([a-z]{0,20}) verdict=([a-z]{0,20}) places=([0-9a-f]{16}) -->[ \t\r]*$`)
})

func (m mark) String() string {
	return fmt.Sprintf("<!-- skant:secret %s severity=%s verdict=%s places=%s -->", m.id, m.severity, m.verdict, m.places)
}

// readMark returns the first mark of a text.
func readMark(body string) (mark, bool) {
	if len(body) > 1<<20 {
		return mark{}, false
	}
	m := markLine().FindStringSubmatch(body)
	if m == nil {
		return mark{}, false
	}
	return mark{m[1], m[2], m[3], m[4]}, true
}

// markOf is the mark of a secret after an earlier one, which is zero if there is none. Not having asked changes no verdict.
func markOf(s *Secret, was mark) mark {
	now := mark{s.Fingerprint, word(s.Severity), word(s.Verdict), s.digest}
	if now.verdict == "" && was.verdict != "" {
		now.verdict, now.severity = was.verdict, was.severity
	}
	return now
}

// word is a text if it is one word of small letters, and else nothing.
func word(s string) string {
	if len(s) > 20 || strings.ContainsFunc(s, func(r rune) bool { return r < 'a' || r > 'z' }) {
		return ""
	}
	return s
}

// issueTitle is plain text: no mention, no reference and no code is in it.
func issueTitle(s *Secret) string {
	title := "Leaked secret: " + s.Title
	if len(s.Places) > 0 {
		title += " in " + s.Places[0].Where
	}
	return report.Shorten(parted(title, "@#`<", nil), maxTitle)
}

func issueBody(s *Secret, m *Message) string {
	lines := []string{markOf(s, mark{}).String(), ""}
	lines = append(lines, "**"+report.Markdown(s.Title)+"** "+report.HTMLCode(s.Redacted)+" was found by skant. "+report.Markdown(s.Says), "")
	lines = append(lines, "| | |", "| --- | --- |")
	row := func(name, value string) { lines = append(lines, "| "+name+" | "+value+" |") }
	row("Severity", report.Markdown(s.Severity))
	row("Verdict", report.Markdown(shown(s.Verdict)))
	row("Confidence", report.Markdown(s.Confidence))
	row("Rule", report.HTMLCode(s.RuleID))
	row("Fingerprint", report.HTMLCode(s.Fingerprint))
	row("Scanned", report.HTMLCode(m.Target)+" "+report.Markdown(m.StartedAt))
	if !m.Complete {
		row("Coverage", "the scan is INCOMPLETE, more may be there")
	}
	lines = append(lines, "", "### Places", "")
	lines = append(lines, placeLines(s)...)
	lines = append(
		lines, "", "### What to do", "",
		"1. Revoke it at its provider. Removing it from the code does not end it.",
		"2. `skant recover --report FILE` prints the steps for this kind of secret, with the log to look through and the commands.",
		"3. `skant recover check` shows that it is over. Then close this issue.",
	)
	return bounded60k(lines)
}

func placeLines(s *Secret) []string {
	var lines []string
	for _, p := range s.Places {
		text := "- " + report.HTMLCode(p.Where)
		if p.Commit != "" {
			text += ", commit " + report.HTMLCode(p.Commit[:min(len(p.Commit), 12)])
			if day, _, ok := strings.Cut(p.Date, "T"); ok {
				text += " of " + report.Markdown(day)
			}
		}
		if p.InHead {
			text += ", still in HEAD"
		}
		lines = append(lines, text)
	}
	if s.PlacesLeft > 0 {
		lines = append(lines, "- and "+report.Number(int64(s.PlacesLeft), "more place"))
	}
	return lines
}

// commentBody says what changed since the last mark.
func commentBody(s *Secret, m *Message, was, now mark, closed bool) string {
	lines := []string{now.String(), ""}
	if closed {
		lines = append(lines, "It is still there, or there again, in a scan of "+report.HTMLCode(m.Target)+" "+report.Markdown(m.StartedAt)+".", "")
	}
	if was.verdict != now.verdict {
		lines = append(lines, "Verdict: "+report.Markdown(shown(was.verdict))+" → **"+report.Markdown(shown(now.verdict))+"**. "+report.Markdown(s.Says), "")
	}
	if was.severity != now.severity {
		lines = append(lines, "Severity: "+report.Markdown(was.severity)+" → **"+report.Markdown(now.severity)+"**.", "")
	}
	if was.places != now.places {
		lines = append(lines, "Its places have changed. Now:", "")
		lines = append(lines, placeLines(s)...)
	}
	return bounded60k(lines)
}

// bounded60k joins lines, as many as an issue can hold.
func bounded60k(lines []string) string {
	size := 0
	for i, l := range lines {
		if size += len(l) + 1; size > maxIssue {
			return strings.Join(append(lines[:i:i], "", "And more: see the report."), "\n")
		}
	}
	return strings.Join(lines, "\n")
}
