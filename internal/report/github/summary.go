package github

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/scanner"
)

// MaxSummary is how many bytes all summaries of one step may have together: a little below GitHub's bound of 1 MiB.
const MaxSummary = 1_000_000

// Bounds on what is listed in a summary beside the findings.
const (
	maxNotes  = 50
	maxUnread = 20
	maxShown  = 300
	// tail is the room that is kept for what follows the findings.
	tail = 60_000
)

// Summary returns a report as the summary of a step, in GitHub's Markdown and at most room bytes of it: what was found and where, the
// worst first, what was not read, and the notes, which are plain text. What there is no room for is counted. Nothing in it is
// Markdown, a link or a mention by the will of the repository.
func Summary(rep *scanner.Report, notes []string, room int) string {
	var b strings.Builder
	head := report.Summary(rep)
	b.WriteString("## skant\n\n" + escape(head) + "\n\n")
	if !rep.Coverage.Complete {
		b.WriteString("**The scan is incomplete: it proves nothing about what was not read.**\n\n")
	}
	end := after(rep, notes)
	room -= b.Len() + len(end) + 200
	b.WriteString(table(rep, room))
	b.WriteString(end)
	return b.String()
}

// table lists the findings that count.
func table(rep *scanner.Report, room int) string {
	findings := counting(rep)
	if len(findings) == 0 {
		return ""
	}
	var b strings.Builder
	verified := slices.ContainsFunc(findings, func(f *scanner.Finding) bool { return f.Verification != nil })
	if verified {
		b.WriteString("| severity | what | where | commit | its provider says |\n| --- | --- | --- | --- | --- |\n")
	} else {
		b.WriteString("| severity | what | where | commit |\n| --- | --- | --- | --- |\n")
	}
	for i, f := range findings {
		commit := ""
		if c := f.Location.Commit; c != nil {
			commit = cell(short(c.ID)) + strings.TrimPrefix(report.Dated(c), " of")
		}
		row := fmt.Sprintf("| %s | %s %s | %s | %s |", escape(graded(f)), escape(bounded(title(f))), cell(f.Secret.Redacted()), cell(place(f)), commit)
		if verified {
			row += " " + escape(strings.Join(answer(f.Verification), " ")) + " |"
		}
		row += "\n"
		if b.Len()+len(row) > room {
			b.WriteString("\n" + report.Number(int64(len(findings)-i), "more finding") + " for which there is no room here.\n")
			break
		}
		b.WriteString(row)
	}
	if verified {
		b.WriteString("\nRevoke what is live or restricted now, then whatever is not known to be dead: taking it out of a file does not take it out of the history.\n\n")
	} else {
		b.WriteString("\nRevoke each of them first: taking it out of a file does not take it out of the history.\n\n")
	}
	return b.String()
}

// graded is a finding's severity and, where it is known, whether its provider takes it.
func graded(f *scanner.Finding) string {
	if f.Verdict == scanner.NotAsked {
		return string(f.Severity)
	}
	return string(f.Severity) + ", " + string(f.Verdict)
}

// after is what follows the findings.
func after(rep *scanner.Report, notes []string) string {
	var b strings.Builder
	if rows := unread(&rep.Coverage); rows != "" {
		b.WriteString("### Not read\n\n" + rows + "\n")
	}
	if len(notes) > 0 {
		b.WriteString("### About this run\n\n")
	}
	for i, n := range notes {
		if i == maxNotes || b.Len() > tail {
			b.WriteString("- and " + report.Number(int64(len(notes)-i), "more note") + "\n")
			break
		}
		b.WriteString("- " + escape(bounded(n)) + "\n")
	}
	return b.String()
}

func unread(c *scanner.Coverage) string {
	var b strings.Builder
	n := 0
	for _, s := range c.Skipped {
		if !s.Unread {
			continue
		}
		if n++; n > maxUnread {
			continue
		}
		b.WriteString("- " + escape(bounded(report.Things(s.Count, s.What)+": "+s.Reason)) + "\n")
	}
	if n > maxUnread {
		b.WriteString("- and " + report.Number(int64(n-maxUnread), "more reason") + "\n")
	}
	return b.String()
}

// bounded is a text of which nothing changes what stands around it, at most so long.
func bounded(s string) string { return clip(visible.Text(s), maxShown) }

// escape makes plain text of a text: whatever could be Markdown or HTML, a link, a mention or a table's line is a character
// reference. What GitHub looks for in the finished text (@name, #1, https://) is parted by a space without width, as in [report.Markdown].
func escape(s string) string {
	return strings.NewReplacer("&#64;", "&#64;&#8203;", "&#35;", "&#35;&#8203;", "&#58;/", "&#58;&#8203;/").Replace(references(s))
}

// references is escape for what stands as code, where GitHub looks for nothing.
func references(s string) string {
	var b strings.Builder
	for i, r := range visible.Text(s) {
		switch {
		case r > unicode.MaxASCII, r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == ' ', r == ';', r == ',', i > 0 && strings.ContainsRune("/%'?", r):
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "&#%d;", r)
		}
	}
	return b.String()
}

// cell is a value as code in a table.
func cell(s string) string {
	if s = bounded(s); s == "" {
		return ""
	}
	return "<code>" + references(s) + "</code>"
}
