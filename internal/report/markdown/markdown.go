// Package markdown renders a finished scan as Markdown for the comment of a pull request or merge request and for a ticket: what was
// found grouped by secret, where, whether it is live, and whether everything was read. What follows from it, step by step, is the
// runbook of package recovery.
//
// The whole is never longer than [MaxComment], which is what GitHub takes; what there is no room for is counted. Nothing in it is
// Markdown, a link, a mention or the number of an issue by the will of the repository. There are no names, addresses and commit
// messages in it: a comment is sent to everybody who watches.
package markdown

import (
	"fmt"
	"io"
	"strings"

	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// MaxComment is the greatest length of a comment on GitHub, in characters; the limits of GitLab (1,000,000) and Jira (32,767, to which
// this does not hold itself) differ. It is kept in bytes, which are at least as many.
const MaxComment = 65_536

// Bounds of the lists.
const (
	maxPlaces = 10
	maxUnread = 10
	maxText   = 200
	// minRoom is what the parts that are always there fit into, whatever the repository has in them.
	minRoom = 40_000
)

// Write writes the report as Markdown. It returns the first error of w.
func Write(w io.Writer, rep *scanner.Report, set *rules.Set) error {
	_, err := io.WriteString(w, Render(rep, set, MaxComment))
	return err
}

// Render returns the report as Markdown of at most room bytes; a room below 40 kB is taken for 40 kB.
func Render(rep *scanner.Report, set *rules.Set, room int) string {
	if set == nil {
		set = rules.NewSet(nil, nil)
	}
	groups, hidden := report.Groups(rep), report.SuppressedGroups(rep)
	end := ending(rep, hidden)
	room = max(room, minRoom) - len(end) - 200
	var b strings.Builder
	b.WriteString("## skant: " + headline(groups, rep.Coverage.Complete) + "\n\n")
	if !rep.Coverage.Complete {
		b.WriteString("> [!WARNING]\n> **The scan is incomplete:** it proves nothing about what was not read.\n\n")
	}
	b.WriteString(report.Markdown(report.Shorten(report.Summary(rep), 400)) + "\n\n")
	if len(groups) > 0 {
		b.WriteString("**Revoke first.** Taking a value out of a file does not take it out of the history.\n\n")
		b.WriteString("| | secret | severity | live? | places | first place |\n| ---: | --- | --- | --- | ---: | --- |\n")
	}
	rows, sections := make([]string, len(groups)), make([]string, len(groups))
	listed, used := 0, b.Len()
	for i, g := range groups {
		rows[i], sections[i] = row(i+1, g), section(i+1, g, set)
		if used += len(rows[i]); used > room {
			break
		}
		b.WriteString(rows[i])
		listed++
	}
	if more := len(groups) - listed; more > 0 {
		b.WriteString("\n" + report.Number(int64(more), "more secret") + " for which there is no room here: see the JSON report.\n")
	}
	b.WriteString("\n")
	for i := range listed {
		if b.Len()+len(sections[i]) > room {
			b.WriteString("The places of " + report.Number(int64(listed-i), "more secret") + " are left out for want of room: see the JSON report.\n\n")
			break
		}
		b.WriteString(sections[i])
	}
	return b.String() + end
}

// headline is all that a list of comments or tickets shows, so that it does not look clean where the scan is not complete.
func headline(groups []*report.Group, complete bool) string {
	secrets, places, purged := 0, 0, 0
	for _, g := range groups {
		if g.First().RuleID == scanner.PurgedObjectRule {
			purged++
			continue
		}
		secrets++
		places += len(g.Places)
	}
	words := "no secrets found"
	switch {
	case secrets > 0:
		words = report.Number(int64(secrets), "secret") + " in " + report.Number(int64(places), "place")
	case len(groups) == 0 && !complete:
		words = "the scan is incomplete"
	}
	if purged > 0 {
		words += ", " + report.Number(int64(purged), "purged object")
	}
	return words
}

func clip(s string) string { return report.Shorten(visible.Text(s), maxText) }

func row(n int, g *report.Group) string {
	f := g.First()
	return fmt.Sprintf("| %d | %s %s | %s | %s | %s | %s |\n", n, report.Markdown(clip(report.Title(f))), report.MarkdownCode(clip(f.Secret.Redacted())),
		report.Markdown(clip(string(g.Severity))), verdict(g.Verdict), report.Count(int64(len(g.Places))), report.MarkdownCode(clip(report.Where(f))))
}

// verdict is the cell that says whether a credential is alive.
func verdict(v scanner.Verdict) string {
	switch v {
	case scanner.NotAsked:
		return "not asked"
	case scanner.Live, scanner.Restricted:
		return "**" + string(v) + "**"
	default:
		return report.Markdown(clip(string(v)))
	}
}

// section is one secret with its places.
func section(n int, g *report.Group, set *rules.Set) string {
	f := g.First()
	var b strings.Builder
	fmt.Fprintf(&b, "<details><summary>%d. %s %s</summary>\n\n", n, report.Markdown(clip(report.Title(f))), report.HTMLCode(clip(f.Secret.Redacted())))
	if f.RuleID == scanner.PurgedObjectRule {
		b.WriteString(report.Markdown(report.Describe(f)) + "\n\n")
	} else {
		b.WriteString(report.Markdown(report.VerdictWords(g.Verdict)) + "\n\n")
	}
	if v := g.Verification(); v != nil {
		for _, s := range []string{v.Says, v.Do, report.Asked(v)} {
			if s != "" {
				b.WriteString("- " + report.Markdown(clip(s)) + "\n")
			}
		}
		b.WriteString("\n")
	}
	if r := set.Lookup(f.RuleID); r != nil && r.Why != "" {
		b.WriteString(report.Markdown(report.Shorten(visible.Text(r.Why), 500)) + "\n\n")
	}
	for i, p := range g.Places {
		if i == maxPlaces {
			b.WriteString("- and " + report.Number(int64(len(g.Places)-i), "more place") + "\n")
			break
		}
		b.WriteString("- " + report.MarkdownCode(clip(report.Where(p))) + details(p) + "\n")
	}
	b.WriteString("\nRule " + report.MarkdownCode(clip(f.RuleID)) + ", fingerprint " + report.MarkdownCode(clip(f.Fingerprint)) + "\n\n</details>\n\n")
	return b.String()
}

func details(f *scanner.Finding) string {
	var words []string
	if c := f.Location.Commit; c != nil {
		words = append(words, "commit "+report.MarkdownCode(report.Shorten(visible.Text(c.ID), 12)))
		if !c.Date.IsZero() {
			words = append(words, c.Date.UTC().Format("2006-01-02"))
		}
	}
	switch {
	case f.Exposure == nil:
	case f.Exposure.InHead:
		words = append(words, "still in HEAD")
	case f.Location.Kind == scanner.KindCommitContent:
		words = append(words, "only in the history")
	}
	if len(words) == 0 {
		return ""
	}
	return ": " + strings.Join(words, ", ")
}

// ending is what follows the secrets: what was not read, what does not count.
func ending(rep *scanner.Report, hidden []*report.Group) string {
	var b strings.Builder
	if unread := report.Unread(&rep.Coverage); len(unread) > 0 {
		b.WriteString("### Not read\n\n")
		for i, reason := range unread {
			if i == maxUnread {
				b.WriteString("- and " + report.Number(int64(len(unread)-i), "more reason") + "\n")
				break
			}
			b.WriteString("- " + report.Markdown(report.Shorten(reason, 120)) + "\n")
		}
		b.WriteString("\n")
	}
	if len(hidden) > 0 {
		b.WriteString(report.Number(int64(len(hidden)), "secret") + " suppressed. ")
	}
	if words := report.HiddenWords(rep); words != "" {
		b.WriteString(words + " ")
	}
	if len(rep.Findings) > 0 {
		b.WriteString("The way out, step by step: <code>skant recover</code>.")
	}
	return strings.TrimRight(b.String(), " \n") + "\n"
}
