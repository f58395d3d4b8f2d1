package recovery

import (
	"strings"
	"time"

	"github.com/skant-dev/skant/internal/visible"
)

// tellSection is whom to tell of the incident as a whole. What concerns one secret alone stands among its own steps.
func tellSection(p *Plan) Section {
	s := Section{Title: "Tell whom", Intro: words("Before the purge, and in this order. Nobody needs the values: the forms below name each secret well enough.")}
	if who := committers(p); len(who) > 0 {
		text := append([]Span{{"The commits say: ", Words}}, who...)
		s.Steps = append(s.Steps, Step{Title: words("Whoever committed it, kindly and first"), Text: append(text, Span{
			". They know where else it is used, and which copies there are. A name in a commit is what its maker wrote there: it proves nothing.", Words})})
	}
	return Section{Title: s.Title, Intro: s.Intro, Steps: append(s.Steps,
		Step{Title: words("The owners of what the secrets open"), Text: words("They see what is out of line in their logs, and what breaks when the old value stops working.")},
		Step{Title: words("Everybody who can push to the repository"), Text: words("Nobody pushes until the purge is proven. Names, ids and dates only; this is a text to send:"), Say: freezeText(p)},
		Step{Title: words("Security, and the person who decides on disclosure"), Text: words("What was reachable with it decides: customers' or employees' data, payment data, " +
			"other companies' systems. If personal data may have been read, tell whoever is responsible for data protection today: for many laws the " +
			"clock starts when you know (72 hours under the GDPR, Article 33), not when you are sure. Contracts may have shorter ones.")},
		Step{Title: words("The provider of each secret, if somebody else has used it"), Text: words("With the ids from page one and the window; never the value.")},
		Step{Title: words("The host of the repository"), Text: words("Only its support can remove pull requests' refs, caches and, with their owners, forks: `skant recover plan` writes that letter.")},
	)}
}

// committers are the people whom the first commits name.
func committers(p *Plan) []Span {
	const shown = 5
	var out []Span
	seen := map[string]bool{}
	for i := range p.Leaks {
		e := p.Leaks[i].Exposure
		if e == nil || e.First == nil || strings.TrimSpace(e.First.Author) == "" || seen[e.First.Author] {
			continue
		}
		seen[e.First.Author] = true
		if len(seen) > shown {
			return append(out, Span{" and others", Words})
		}
		if len(out) > 0 {
			out = append(out, Span{", ", Words})
		}
		out = append(out, Span{e.First.Author, Plain})
	}
	return out
}

// freezeText is the message to all who can push. Nothing of it is a secret, and all of it is on lines of its own.
func freezeText(p *Plan) string {
	const shown = 10
	lines := []string{"Do not push to the repository " + bounded(p.Target) + " until you hear from us.",
		"Credentials were committed to it (found " + date(p.ReportedAt) + "). They are being revoked, and the history will be rewritten."}
	for i := range p.Leaks[:min(len(p.Leaks), shown)] {
		l := &p.Leaks[i]
		line := "- " + bounded(l.Title) + " " + bounded(l.Redacted)
		if !l.Since.IsZero() {
			line += ", since " + l.Since.UTC().Format(time.DateOnly)
		}
		lines = append(lines, line)
	}
	if rest := len(p.Leaks) - shown; rest > 0 {
		lines = append(lines, "- and "+number(rest, "more secret"))
	}
	lines = append(lines, "If you use one of them, tell us where, by name and never by value. Commit your work, do not push it, do not delete your clone yet.",
		"When we say so, clone again. Do not merge or push from the old clone: it would bring everything back.")
	for i := range lines {
		lines[i] = visible.Text(lines[i])
	}
	return strings.Join(lines, "\n")
}
