// Package github writes reports for GitHub Actions: annotations, which are commands in a job's log, and the summary of a step. It also
// makes text harmless in the logs of CI systems, all of which take some lines of a log for commands.
package github

import (
	"bufio"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

const (
	// maxAnnotations is how many errors GitHub shows of one step.
	maxAnnotations = 10
	// Bounds on one annotation, in bytes. GitHub cuts messages at 64 kB; nobody reads as much.
	maxMessage  = 2000
	maxProperty = 1000
)

// Annotations writes the ten findings that matter most as errors of a job, each at its file and line, and says how many there are
// beside them and whether everything was read. It writes nothing for a scan that found nothing and read everything.
func Annotations(w io.Writer, rep *scanner.Report, _ *rules.Set) error {
	out := bufio.NewWriter(w)
	findings := counting(rep)
	for i, f := range findings {
		if i == maxAnnotations {
			break
		}
		annotate(out, f)
	}
	if more := len(findings) - maxAnnotations; more > 0 {
		command(out, "notice", []property{{"title", "skant"}},
			report.Number(int64(more), "more finding")+" beside the "+strconv.Itoa(maxAnnotations)+" that are shown: see the summary of this step, or the log")
	}
	if !rep.Coverage.Complete {
		kind := "warning"
		if len(findings) == 0 {
			kind = "error"
		}
		command(out, kind, []property{{"title", "skant: incomplete"}}, report.Summary(rep))
	}
	return out.Flush()
}

// counting returns the findings that nothing suppresses, the worst first.
func counting(rep *scanner.Report) []*scanner.Finding {
	var all []*scanner.Finding
	for i := range rep.Findings {
		if rep.Findings[i].Suppressed == nil {
			all = append(all, &rep.Findings[i])
		}
	}
	slices.SortStableFunc(all, report.CompareFindings)
	return all
}

func annotate(w io.Writer, f *scanner.Finding) {
	l := &f.Location
	var at []property
	if l.Path != "" && l.Submodule == "" {
		at = append(at, property{"file", l.Path})
		if l.Member == "" && l.StartLine > 0 {
			at = append(at, property{"line", strconv.Itoa(l.StartLine)}, property{"endLine", strconv.Itoa(max(l.StartLine, l.EndLine))})
			if l.StartColumn > 0 && l.EndLine == l.StartLine { // a column without its line's end is refused
				at = append(at, property{"col", strconv.Itoa(l.StartColumn)}, property{"endColumn", strconv.Itoa(max(l.StartColumn, l.EndColumn))})
			}
		}
	}
	kind := "error"
	if f.Verdict == scanner.Dead || f.Verdict == scanner.Expired {
		kind = "warning"
	}
	command(w, kind, append(at, property{"title", title(f)}), describe(f))
}

func title(f *scanner.Finding) string {
	if f.Title != "" {
		return f.Title
	}
	return f.RuleID
}

// describe is the message of an annotation.
func describe(f *scanner.Finding) string {
	if f.RuleID == scanner.PurgedObjectRule {
		return "The " + purged(f) + " was purged from the history after a leak and may not come back. Rebase on the cleaned branch, or start anew from it; " +
			"never merge a clone from before the purge."
	}
	words := []string{"Found " + f.Secret.Redacted() + " in " + place(f) + "."}
	if c := f.Location.Commit; c != nil {
		words = append(words, "Commit "+short(c.ID)+" brought it in.")
	}
	switch f.Verdict {
	case scanner.Live, scanner.Restricted:
		words = append(words, "It is live: revoke it now.")
	case scanner.Dead:
		words = append(words, "Its provider says that it is dead.")
	case scanner.Expired:
		words = append(words, "It has expired.")
	default:
		words = append(words, "Revoke it: whoever can read this repository has it, and taking it out of the file does not take it out of the history.")
	}
	if f.Purged {
		words = append(words, "It was purged from the history after a leak and may not come back.")
	}
	words = append(words, answer(f.Verification)...)
	return strings.Join(append(words, "Rule "+f.RuleID+"."), " ")
}

// purged names a git object that was purged.
func purged(f *scanner.Finding) string {
	switch {
	case f.Location.Kind == scanner.KindCommitMessage:
		return "commit " + short(f.Location.Object)
	case f.Location.Path != "":
		return "content of " + f.Location.Path
	default:
		return "object " + short(f.Location.Object)
	}
}

// answer says in sentences what a provider answered, what was learnt of it, and when.
func answer(v *scanner.Verification) []string {
	if v == nil {
		return nil
	}
	var words []string
	for _, text := range []string{v.Says, strings.Join(report.Learned(v), ", "), report.Asked(v)} {
		if text != "" {
			words = append(words, strings.TrimSuffix(clip(text, maxShown), ".")+".")
		}
	}
	return words
}

// place is where a finding is, in words.
func place(f *scanner.Finding) string {
	where := f.Location.Place()
	if where == "" && f.Location.Kind == scanner.KindStdin {
		return "standard input"
	}
	if where == "" {
		return "a " + report.KindWords(f.Location)
	}
	if f.Location.StartLine > 0 {
		where += ":" + strconv.Itoa(f.Location.StartLine)
	}
	return where
}

func short(id string) string { return id[:min(len(id), 12)] }

// property is one of those that a command has before its message.
type property struct{ name, value string }

// command writes a workflow command on a line of its own. The names are this package's own; values and message may be anybody's.
func command(w io.Writer, kind string, properties []property, message string) {
	var b strings.Builder
	b.WriteString("::" + kind)
	for i, p := range properties {
		sep := ","
		if i == 0 {
			sep = " "
		}
		b.WriteString(sep + p.name + "=" + escapeProperty(p.value))
	}
	b.WriteString("::" + escapeMessage(clip(message, maxMessage)) + "\n")
	_, _ = io.WriteString(w, b.String()) // a buffered writer keeps its error until it is flushed
}

// escapeMessage escapes what the runner would decode or take for the end of a message, and what another system would obey.
func escapeMessage(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(harmless(visible.Text(s)))
}

// escapeProperty is escapeMessage for a property, which also ends at a comma or a colon. A file name stays what it is, as far as it can
// be seen: the runner decodes what is escaped here.
func escapeProperty(s string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(escapeMessage(clip(s, maxProperty)))
}

// clip shortens a text at a character's end.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
