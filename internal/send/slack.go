package send

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/skant-dev/skant/internal/report"
)

// The bounds of Slack's Block Kit: blocks of a message, characters of a section and of a header.
const (
	slackBlocks  = 50
	slackSection = 3000
	slackHeader  = 150
	slackPlaces  = 5
	slackSpare   = 50  // for what is said of the places that have no room
	slackWords   = 200 // characters of a name, each of which becomes up to five
)

// Slack is the body for an incoming webhook of Slack.
func Slack(m *Message) ([]byte, error) {
	type text struct {
		Type     string `json:"type"`
		Text     string `json:"text"`
		Verbatim *bool  `json:"verbatim,omitempty"`
		Emoji    *bool  `json:"emoji,omitempty"`
	}
	type block struct {
		Type     string `json:"type"`
		Text     *text  `json:"text,omitempty"`
		Elements []text `json:"elements,omitempty"`
	}
	yes, no := true, false
	markdown := func(s string) text { return text{Type: "mrkdwn", Text: cutEscaped(s, slackSection), Verbatim: &yes} }
	section := func(s string) block { t := markdown(s); return block{Type: "section", Text: &t} }
	blocks := []block{
		{Type: "header", Text: &text{Type: "plain_text", Text: cutEscaped(slackText(m.Summary), slackHeader), Emoji: &no}},
		section(slackAbout(m)),
	}
	room := slackBlocks - len(blocks) - 1 // the last one says what is missing, and what to do
	for i := range m.Secrets[:min(len(m.Secrets), room)] {
		blocks = append(blocks, section(slackSecret(&m.Secrets[i])))
	}
	last := "The whole report: `skant report FILE`. The way out: `skant recover --report FILE`."
	if left := m.SecretCount - min(len(m.Secrets), room); left > 0 {
		last = "*And " + report.Number(int64(left), "more secret") + ".* " + last
	}
	blocks = append(blocks, block{Type: "context", Elements: []text{markdown(last)}})
	return json.Marshal(map[string]any{
		"text": cutEscaped(slackText(m.Summary+": "+m.Target), slackSection), "blocks": blocks, "unfurl_links": false, "unfurl_media": false,
	})
}

func slackAbout(m *Message) string {
	lines := []string{"Target: " + slackCode(report.Shorten(m.Target, slackWords))}
	if m.Repository != "" {
		lines = append(lines, "Repository: "+slackCode(report.Shorten(m.Repository, slackWords)))
	}
	if m.StartedAt != "" {
		lines = append(lines, "Scanned: "+m.StartedAt)
	}
	if !m.Complete {
		lines = append(lines, "*The scan is INCOMPLETE*, more may be there:")
		for _, u := range m.Unread[:min(len(m.Unread), slackPlaces)] {
			lines = append(lines, "• "+slackText(u))
		}
	}
	return strings.Join(lines, "\n")
}

func slackSecret(s *Secret) string {
	lines := []string{
		fmt.Sprintf("*%s*  %s  (%s, %s)", slackText(report.Shorten(s.Title, slackWords)), slackCode(report.Shorten(s.Redacted, slackWords)), slackText(s.Severity), slackText(shown(s.Verdict))),
		slackText(s.Says),
	}
	text, listed := cutEscaped(strings.Join(lines, "\n"), slackSection-slackSpare), 0
	for _, p := range s.Places[:min(len(s.Places), slackPlaces)] {
		line := "\n• " + slackCode(p.Where) + slackText(commitWords(&p))
		if utf8.RuneCountInString(text+line) > slackSection-slackSpare {
			break
		}
		text, listed = text+line, listed+1
	}
	if left := s.PlaceCount - listed; left > 0 {
		text += "\nand " + report.Number(int64(left), "more place")
	}
	return text
}

// commitWords names the commit of a place.
func commitWords(p *Place) string {
	if p.Commit == "" {
		return ""
	}
	words := ", commit " + p.Commit[:min(len(p.Commit), 10)]
	if day, _, ok := strings.Cut(p.Date, "T"); ok {
		words += " of " + day
	}
	return words
}

// slackText takes every meaning from a text: mentions and links need < >, the others a mark beside a letter. A backquote, which would
// make code of all up to the next, is another character that looks like it.
func slackText(s string) string {
	return parted(s, "*_~@#:!|", map[rune]string{'&': "&amp;", '<': "&lt;" + gap, '>': "&gt;", '`': "\u02cb"})
}

// slackCode is a text as code, in which nothing but an escape means anything: it can be copied as it stands. It may not be cut
// afterwards, which would leave code without an end.
func slackCode(s string) string {
	s = parted(s, "", map[rune]string{'&': "&amp;", '<': "&lt;", '>': "&gt;", '`': "\u02cb"})
	if strings.TrimSpace(s) == "" {
		return s
	}
	return "`" + s + "`"
}

// cutEscaped cuts a text at a number of characters, and not within an escape.
func cutEscaped(s string, limit int) string {
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	cut := string([]rune(s)[:limit-1])
	if i := strings.LastIndexByte(cut, '&'); i >= 0 && !strings.Contains(cut[i:], ";") {
		cut = cut[:i]
	}
	return cut + "…"
}
