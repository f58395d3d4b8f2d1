package report

import (
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/scanner"
)

// Title is what a finding is called: "Anthropic API key".
func Title(f *scanner.Finding) string {
	if f.Title != "" {
		return visible.Text(f.Title)
	}
	return visible.Text(f.RuleID)
}

// VerdictWord is a verdict in a word or two: "live", "not asked".
func VerdictWord(v scanner.Verdict) string {
	if v == scanner.NotAsked {
		return "not asked"
	}
	return visible.Text(string(v))
}

// VerdictWords says whether a credential is alive, in one sentence.
func VerdictWords(v scanner.Verdict) string {
	switch v {
	case scanner.Live:
		return "Its provider says that it is live: revoke it now."
	case scanner.Restricted:
		return "Its provider says that it is live, though restricted: revoke it now."
	case scanner.Dead:
		return "Its provider says that it is dead."
	case scanner.Expired:
		return "It has expired."
	default:
		return "Whether it is live is not known: treat it as live, and revoke it."
	}
}

// Describe says in sentences what was found and where, for formats that have a text for it. There is no name, no address and no
// commit message in it, and everything in it is visible.
func Describe(f *scanner.Finding) string {
	if f.RuleID == scanner.PurgedObjectRule {
		return "The git object " + short(f.Location.Object) + " was purged from the history after a leak, and comes back. " +
			"Rebase on the cleaned branch, or start anew from it; never merge a clone from before the purge."
	}
	words := []string{Title(f) + " " + visible.Text(f.Secret.Redacted()) + " was found in " + Where(f) + "."}
	if c := f.Location.Commit; c != nil {
		words = append(words, "Commit "+short(c.ID)+Dated(c)+" brought it in.")
	}
	if n := len(f.Location.Decoded); n > 0 {
		words = append(words, "It stands there encoded as "+visible.Text(strings.Join(f.Location.Decoded, " in "))+".")
	}
	words = append(words, VerdictWords(f.Verdict))
	if v := f.Verification; v != nil {
		for _, text := range []string{v.Says, v.Do, Asked(v)} {
			if text = Shorten(visible.Text(text), 300); text != "" {
				words = append(words, strings.TrimSuffix(text, ".")+".")
			}
		}
	}
	if f.Purged {
		words = append(words, "It was purged from the history after a leak, and may not come back.")
	}
	return strings.Join(words, " ")
}

// Dated says of when a commit is, to follow its name: " of 2026-03-04"; empty where it has no date that a calendar has.
func Dated(c *scanner.Commit) string {
	if c.Date.IsZero() {
		return ""
	}
	return " of " + c.Date.UTC().Format(time.DateOnly)
}

// HiddenWords counts what is not in the report because it is of less confidence than was asked for; empty if nothing is.
func HiddenWords(rep *scanner.Report) string {
	if rep.Hidden <= 0 {
		return ""
	}
	return Number(int64(rep.Hidden), "finding") + " of less confidence than was asked for."
}

// SuppressedWords says why a finding does not count: "baseline .skant-baseline:4: known since March".
func SuppressedWords(s *scanner.Suppression) string {
	words := s.By
	if s.Where != "" {
		words += " " + s.Where
	}
	if s.Reason != "" {
		words += ": " + s.Reason
	}
	return visible.Text(words)
}

// Unread returns what a scan was asked to read and could not, one clause each; never empty if the coverage is incomplete.
func Unread(c *scanner.Coverage) []string {
	var out []string
	for i := range c.Skipped {
		s := &c.Skipped[i]
		if !s.Unread {
			continue
		}
		words := Things(s.Count, visible.Text(s.What)) + " not read: " + visible.Text(s.Reason)
		if len(s.Items) > 0 {
			words += " (" + visible.Text(strings.Join(s.Items[:min(len(s.Items), 3)], ", ")) + ")"
		}
		out = append(out, words)
	}
	if len(out) == 0 && !c.Complete {
		out = append(out, "the scan ended before everything was read")
	}
	return out
}

// Shorten cuts a text at limit code points, with an ellipsis for what is lost.
func Shorten(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	runes := []rune(s)
	if len(runes) <= limit {
		return s
	}
	return string(runes[:limit-1]) + "…"
}

// Markdown makes plain text of a text in GitHub's and GitLab's Markdown, in HTML too: whatever could be markup, a link, a mention, the
// number of an issue or the edge of a table is a character reference, and nothing that is not seen stays in it. What these hosts look
// for in the finished text (@name, #1, GH-1) is parted by a space without width.
func Markdown(s string) string {
	runes := []rune(visible.Text(s))
	at := func(i int) rune {
		if i < 0 || i >= len(runes) {
			return ' '
		}
		return runes[i]
	}
	var b strings.Builder
	for i, r := range runes {
		before, after := at(i-1), at(i+1)
		wordEnds := after == ' ' && unicode.IsLetter(before)
		switch {
		case r > unicode.MaxASCII, unicode.IsLetter(r), unicode.IsDigit(r), r == ' ', r == ';', r == ',', i > 0 && strings.ContainsRune("/'?(", r):
			b.WriteRune(r)
		case r == ')' && !unicode.IsDigit(before): // behind a number it would begin a list
			b.WriteRune(r)
		case (r == '.' || r == ':') && wordEnds, r == '-' && unicode.IsLetter(before) && unicode.IsLetter(after):
			b.WriteRune(r)
		case strings.ContainsRune("@#:!$~&%", r), r == '-' && unicode.IsLetter(before):
			b.WriteString("&#" + strconv.Itoa(int(r)) + ";&#8203;")
		default:
			b.WriteString("&#" + strconv.Itoa(int(r)) + ";")
		}
	}
	return b.String()
}

// MarkdownCode returns a value as code in Markdown, in which nothing is a mention or a link, for text and for the cells of tables: a
// bar, which would end the cell, is \x7c.
func MarkdownCode(s string) string {
	s = strings.ReplaceAll(visible.Text(s), "|", `\x7c`)
	if s == "" {
		return ""
	}
	fence := "`"
	for strings.Contains(s, fence) {
		fence += "`"
	}
	if strings.Trim(s, "` ") != s {
		s = " " + s + " "
	}
	return fence + s + fence
}

// HTMLCode is [MarkdownCode] for a line that is HTML.
func HTMLCode(s string) string {
	if s == "" {
		return ""
	}
	return "<code>" + strings.ReplaceAll(Markdown(s), "&#8203;", "") + "</code>"
}
