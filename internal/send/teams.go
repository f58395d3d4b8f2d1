package send

import (
	"encoding/json"
	"strings"

	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/scanner"
)

// teamsBytes is the size of a message that Teams takes, 28 KB; teamsPlaces how many places of a secret are listed; teamsLine is the length
// of what is said of the scan, in characters, so that it has room whatever it is: one becomes up to 12 bytes.
const (
	teamsBytes  = 28 * 1000
	teamsPlaces = 5
	teamsLine   = 200
)

// teamsRun is a piece of text in a card. Unlike a text block it knows no Markdown.
type teamsRun struct {
	Type   string `json:"type"`
	Text   string `json:"text"`
	Weight string `json:"weight,omitempty"`
	Color  string `json:"color,omitempty"`
	Size   string `json:"size,omitempty"`
}

type teamsBlock struct {
	Type      string     `json:"type"`
	Inlines   []teamsRun `json:"inlines"`
	Separator bool       `json:"separator,omitempty"`
	Spacing   string     `json:"spacing,omitempty"`
}

// Teams is the body for a webhook of Teams' Workflows: a message with one Adaptive Card, of at most 28 KB. As many secrets are listed as
// there is room for.
func Teams(m *Message) ([]byte, error) {
	low, high := 0, len(m.Secrets)
	best, err := teamsCard(m, 0)
	for err == nil && low < high {
		n := (low + high + 1) / 2
		var body []byte
		if body, err = teamsCard(m, n); err == nil && len(body) <= teamsBytes {
			low, best = n, body
		} else {
			high = n - 1
		}
	}
	return best, err
}

func teamsCard(m *Message, n int) ([]byte, error) {
	line := func(runs ...teamsRun) teamsBlock {
		for i := range runs {
			runs[i].Type, runs[i].Text = "TextRun", teamsText(runs[i].Text)
		}
		return teamsBlock{Type: "RichTextBlock", Inlines: runs}
	}
	body := []teamsBlock{line(teamsRun{Text: m.Summary, Weight: "Bolder", Size: "Large"})}
	about := []string{"Target: " + m.Target}
	if m.Repository != "" {
		about = append(about, "Repository: "+m.Repository)
	}
	if m.StartedAt != "" {
		about = append(about, "Scanned: "+m.StartedAt)
	}
	for _, a := range about {
		body = append(body, line(teamsRun{Text: report.Shorten(a, teamsLine)}))
	}
	if !m.Complete {
		body = append(body, line(teamsRun{Text: "The scan is INCOMPLETE, more may be there.", Weight: "Bolder", Color: "Attention"}))
		for _, u := range m.Unread[:min(len(m.Unread), teamsPlaces)] {
			body = append(body, line(teamsRun{Text: report.Shorten("• "+u, teamsLine)}))
		}
	}
	for i := range m.Secrets[:n] {
		body = append(body, teamsSecret(&m.Secrets[i], line)...)
	}
	if left := m.SecretCount - n; left > 0 {
		body = append(body, line(teamsRun{Text: "And " + report.Number(int64(left), "more secret") + ".", Weight: "Bolder"}))
	}
	body = append(body, line(teamsRun{Text: "The whole report: skant report FILE. The way out: skant recover --report FILE."}))
	return json.Marshal(map[string]any{
		"type": "message",
		"attachments": []any{map[string]any{
			"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": nil,
			"content": map[string]any{"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4", "body": body},
		}},
	})
}

func teamsSecret(s *Secret, line func(...teamsRun) teamsBlock) []teamsBlock {
	colour := "Default"
	if report.Alive(scanner.Verdict(s.Verdict)) {
		colour = "Attention"
	}
	first := line(teamsRun{Text: s.head() + "  ", Weight: "Bolder"}, teamsRun{Text: "(" + s.Severity + ", " + shown(s.Verdict) + ")", Color: colour})
	first.Separator, first.Spacing = true, "Medium"
	out := []teamsBlock{first, line(teamsRun{Text: s.Says})}
	for _, p := range s.Places[:min(len(s.Places), teamsPlaces)] {
		out = append(out, line(teamsRun{Text: "• " + p.Where + commitWords(&p)}))
	}
	if left := s.PlaceCount - min(len(s.Places), teamsPlaces); left > 0 {
		out = append(out, line(teamsRun{Text: "and " + report.Number(int64(left), "more place")}))
	}
	return out
}

// teamsText takes from a text what a card or a workflow may obey: mentions, functions in two brackets, expressions.
func teamsText(s string) string { return parted(s, "<@{$&[", nil) }

// teamsRefused reports whether a server of the older webhooks says in a page of its own that the message did not arrive.
func teamsRefused(body []byte) bool {
	return strings.Contains(strings.ToLower(string(body[:min(len(body), 1000)])), "message delivery failed")
}
