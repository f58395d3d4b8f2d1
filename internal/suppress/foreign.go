package suppress

import (
	"bytes"
	"regexp"
	"sync"
)

// nextLineMark is how the request of detect-secrets for the line below is called.
const nextLineMark = "pragma: allowlist nextline secret"

// foreignMarks are the inline requests of other tools, each for the line that it stands on. They name no rule and need no
// reason, so they hold for all.
func foreignMarks() []string { return []string{"gitleaks:allow", "trufflehog:ignore", "ggignore"} }

var (
	pragma     = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)pragma: ?(?:allow|white)list[ -]secret`) })
	pragmaNext = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)pragma: ?(?:allow|white)list[ -]nextline[ -]secret`)
	})
)

// foreign returns the request of another tool on a line, or nothing.
func foreign(line []byte) string {
	for _, mark := range foreignMarks() {
		for rest := line; ; {
			i := bytes.Index(rest, []byte(mark))
			if i < 0 {
				break
			}
			after := rest[i+len(mark):]
			if !wordEnds(rest[:i]) && (len(after) == 0 || !wordEnds(after[:1])) {
				return mark
			}
			rest = after
		}
	}
	if bytes.Contains(line, []byte(":")) && pragma().Match(line) {
		return "pragma: allowlist secret"
	}
	return ""
}

// foreignNext reports whether a line asks, in the words of another tool, not to count what is on the line below.
func foreignNext(above []byte) bool { return pragmaNext().Match(above) }
