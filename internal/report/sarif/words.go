package sarif

import (
	"strings"

	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/internal/visible"
)

// say makes a message of a text in which everything of unknown origin is [plain]. Where it is cut, no half of what plain wrote is left.
func say(s string) message {
	cut := clip(s, maxDescription)
	if cut != s {
		cut = strings.TrimRight(strings.TrimSuffix(cut, "…"), `\{}`) + "…"
	}
	return message{cut}
}

func text(s string) multiformat { return multiformat{Text: clip(s, maxDescription)} }

// clip bounds a text to limit code points, which is how GitHub counts.
func clip(s string, limit int) string { return report.Shorten(s, limit) }

// plain makes a text of unknown origin safe in a SARIF message, where braces mark placeholders and brackets links.
func plain(s string) string {
	return strings.NewReplacer("{", "{{", "}", "}}", "[", `\[`, "]", `\]`, `\`, `\\`).Replace(visible.Text(s))
}

// sentence ends a text with a full stop, which SARIF readers expect.
func sentence(s string) string {
	if s == "" || strings.ContainsAny(s[len(s)-1:], ".!?") {
		return s
	}
	return s + "."
}

// escapeMarkdown keeps a rule's text from being read as HTML, as a link or as emphasis. What stands between backticks
// stays as it is, since rules use them for code.
func escapeMarkdown(s string) string {
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", "[", `\[`, "]", `\]`, "*", `\*`, "_", `\_`, "#", `\#`)
	parts := strings.Split(s, "`")
	for i := range parts {
		if isCode := i%2 == 1 && i < len(parts)-1; !isCode {
			parts[i] = escape.Replace(parts[i])
		}
	}
	return strings.Join(parts, "`")
}
