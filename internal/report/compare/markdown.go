package compare

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/skant-dev/skant/internal/report"
)

// Markdown writes the comparison as GitHub-flavoured Markdown, for a comment on a pull request. Nothing from a repository is more than
// text in it: no link, no mention, no image.
func (c *Comparison) Markdown(w io.Writer) error {
	out := bufio.NewWriter(w)
	line := func(format string, args ...any) { _, _ = fmt.Fprintf(out, format+"\n", args...) } // kept by the buffer
	line("## Secrets: what changed\n\n%s.\n", report.Markdown(c.Summary()))
	line("| | report |\n|---|---|\n| old | %s |\n| new | %s |", report.Markdown(sideText(&c.Old)), report.Markdown(sideText(&c.New)))
	if len(c.Cautions) > 0 {
		line("\n> [!WARNING]")
		for _, x := range c.Cautions {
			line("> - %s", report.Markdown(x.Text))
		}
	}
	for _, s := range c.sections() {
		if len(s.secrets) == 0 {
			continue
		}
		line("\n### %s: %s\n", s.title, report.Number(int64(len(s.secrets)), "secret"))
		if s.note != "" {
			line("%s\n", report.Markdown(s.note))
		}
		line("| severity | secret | verdict | places |\n|---|---|---|---|")
		for i := range s.secrets {
			x := &s.secrets[i]
			line("| %s | %s<br>%s | %s | %s |", report.Markdown(string(x.Severity)), report.Markdown(x.Title), report.HTMLCode(x.Secret.Redacted()), report.Markdown(verdicts(x)), cell(x))
		}
	}
	return out.Flush()
}

// cell lists what changed about the places of a secret.
func cell(s *Secret) string {
	var lines []string
	list := func(sign string, places []Place) {
		for _, p := range places[:min(len(places), maxPlaces)] {
			lines = append(lines, sign+" "+report.HTMLCode(placeText(&p)))
		}
		if n := len(places) - maxPlaces; n > 0 {
			lines = append(lines, sign+" and "+report.Number(int64(n), "more place"))
		}
	}
	list("&#43;", s.Came)
	list("&#45;", s.Left)
	if s.Stayed > 0 {
		lines = append(lines, report.Number(int64(s.Stayed), "place")+" as before")
	}
	if s.WasSuppressed {
		lines = append(lines, "suppressed in the old report")
	}
	if s.Why != "" {
		lines = append(lines, report.Markdown(s.Why))
	}
	return strings.Join(lines, "<br>")
}
