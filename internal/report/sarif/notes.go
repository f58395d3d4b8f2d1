package sarif

import (
	"strings"

	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/scanner"
)

// note is a kind of notification: an index into noteDescriptors.
type note int

const (
	noteUnread note = iota
	noteLeftOut
	noteDropped
	noteSuppressed
	noteHidden
)

func noteDescriptors() []*descriptor {
	rows := []struct{ id, name, level, text, help string }{
		{"coverage/unread", "Unread", levelError, "Something that the scan was asked to read could not be read.",
			"The scan is incomplete: without findings it proves nothing. Follow the remedy in the message and scan again."},
		{"coverage/left-out", "LeftOut", levelNote, "Something was not read because it was left out on purpose.",
			"Nothing needs to be done. To have it read, change the configuration or scan it by itself."},
		{"results/dropped", "ResultsDropped", levelWarning, "There are more results than code scanning shows.",
			"What is known to be alive is kept first, then what is of the greatest severity. The JSON report has all of them."},
		{"results/suppressed", "Suppressed", levelNote, "Findings that the user suppressed are no results.",
			"The JSON report has them, with the place that suppressed each."},
		{"results/hidden", "Hidden", levelNote, "Findings of less confidence than was asked for are no results.",
			"Scan again with --min-confidence low to have them."},
	}
	out := make([]*descriptor, len(rows))
	for i, row := range rows {
		out[i] = &descriptor{ID: row.id, Name: row.name, ShortDescription: text(row.text), FullDescription: text(row.text),
			Help: text(row.help), HelpURI: homeURI, DefaultConfiguration: configuration{row.level}}
	}
	return out
}

// newInvocation says whether everything was read, and what was not.
func newInvocation(rep *scanner.Report, chosen selection) *invocation {
	descriptors := noteDescriptors()
	in := &invocation{ExecutionSuccessful: rep.Coverage.Complete}
	if !rep.StartedAt.IsZero() {
		in.StartTimeUTC = timestamp(rep.StartedAt)
	}
	add := func(n note, words string) {
		d := descriptors[n]
		in.ToolExecutionNotifications = append(in.ToolExecutionNotifications,
			&notification{descriptorReference{d.ID, int(n)}, say(words), d.DefaultConfiguration.Level})
	}
	if n := chosen.dropped; n > 0 {
		why := "code scanning shows at most " + report.Count(maxResults)
		if chosen.large {
			why = "a file may have at most 10 MB"
		}
		add(noteDropped, report.Things(int64(n), "results")+" of the least severity are left out, because "+why+". The JSON report has all of them.")
	}
	unread := false
	for i, s := range rep.Coverage.Skipped {
		if i == maxNotes {
			add(noteUnread, report.Number(int64(len(rep.Coverage.Skipped)-i), "more reason")+
				" for which something was not read: see the JSON report.")
			break
		}
		if unread = unread || s.Unread; s.Unread {
			add(noteUnread, skipped("Not read: ", &s))
		} else {
			add(noteLeftOut, skipped("Left out on purpose: ", &s))
		}
	}
	if !unread && !rep.Coverage.Complete {
		add(noteUnread, "The scan ended before everything was read.")
	}
	if n := chosen.suppressed; n > 0 {
		add(noteSuppressed, report.Number(int64(n), "finding")+" suppressed.")
	}
	if words := report.HiddenWords(rep); words != "" {
		add(noteHidden, words)
	}
	return in
}

func skipped(lead string, s *scanner.Skip) string {
	words := lead + report.Things(s.Count, plain(s.What)) + ": " + sentence(plain(s.Reason))
	if len(s.Items) > 0 {
		words += " Among them: " + sentence(plain(strings.Join(s.Items, ", ")))
	}
	return words
}
