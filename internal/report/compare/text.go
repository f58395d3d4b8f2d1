package compare

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// maxPlaces bounds the places of a secret that the forms for people list. JSON has all.
const maxPlaces = 10

// JSON writes the comparison as docs/report-diff.schema.json describes it.
func (c *Comparison) JSON(w io.Writer) error { return report.Encode(w, c) }

// section is a list of secrets under a heading.
type section struct {
	title, note string
	secrets     []Secret
}

func (c *Comparison) sections() []section {
	gone := ""
	if !c.GoneProven && len(c.Gone) > 0 {
		gone = "Not proven to be gone: " + strings.Join(c.doubts(), "; ") + "."
	}
	return []section{
		{"New", "", c.Appeared},
		{"Changed verdict", "", c.Changed},
		{"Gone", gone, c.Gone},
		{"Suppressed now", "", c.Silenced},
		{"Other places", "", c.Moved},
	}
}

// doubts are the cautions for which nothing is proven to be gone, in few words.
func (c *Comparison) doubts() []string {
	words := map[string]string{
		NewIncomplete: "the new report is incomplete", OtherTarget: "another target", OtherCommand: "another search", OtherKey: "another fingerprint key",
		OnlyChanges: "only changes were read", OtherRules: "other rules", OtherVersion: "another version", Hidden: "findings are hidden",
		LeftOut: "more was left out",
	}
	var out []string
	for _, x := range c.Cautions {
		if x.Gone {
			out = append(out, words[x.Code])
		}
	}
	return out
}

// Summary is the comparison in one line.
func (c *Comparison) Summary() string {
	alive := 0
	for _, s := range c.Changed {
		if s.BecameAlive {
			alive++
		}
	}
	gone := fmt.Sprintf("%d gone", len(c.Gone))
	if len(c.Gone) > 0 && !c.GoneProven {
		gone += " (not proven)"
	}
	parts := []string{fmt.Sprintf("%d new", len(c.Appeared)), gone, fmt.Sprintf("%d with another verdict", len(c.Changed))}
	if alive > 0 {
		parts = append(parts, fmt.Sprintf("%d of them alive now", alive))
	}
	if n := len(c.Silenced); n > 0 {
		parts = append(parts, fmt.Sprintf("%d suppressed now", n))
	}
	if n := len(c.Moved); n > 0 {
		parts = append(parts, fmt.Sprintf("%d in other places", n))
	}
	return strings.Join(append(parts, fmt.Sprintf("%d unchanged", c.Same)), ", ")
}

// Text writes the comparison for a terminal of the given width in cells.
func (c *Comparison) Text(w io.Writer, tint report.Tint, width int) error {
	t := &text{out: bufio.NewWriter(w), tint: tint, width: max(20, width)}
	t.line(t.tint.Strong("Old  ") + report.Clip(sideText(&c.Old), t.width-5))
	t.line(t.tint.Strong("New  ") + report.Clip(sideText(&c.New), t.width-5))
	for _, x := range c.Cautions {
		t.wrapped("caution: ", x.Text)
	}
	for _, s := range c.sections() {
		if len(s.secrets) == 0 {
			continue
		}
		t.line("")
		t.line(t.tint.Strong(s.title + ": " + report.Number(int64(len(s.secrets)), "secret")))
		t.wrapped("", s.note)
		for i := range s.secrets {
			t.secret(&s.secrets[i])
		}
	}
	t.line("")
	t.wrapped("", c.Summary())
	return t.out.Flush()
}

// text writes lines; an error of the writer below is kept by the buffer and returned by its Flush.
type text struct {
	out   *bufio.Writer
	tint  report.Tint
	width int
}

func (t *text) line(s string) { _, _ = t.out.WriteString(strings.TrimRight(s, " ") + "\n") }

func (t *text) wrapped(before, s string) {
	for i, l := range report.Wrap(visible.Text(s), t.width-len(before)) {
		if i > 0 {
			before = strings.Repeat(" ", len(before))
		}
		t.line(before + report.Clip(l, t.width-len(before)))
	}
}

func (t *text) secret(s *Secret) {
	head := fmt.Sprintf("  %s  %s  %s", severity(s.Severity), visible.Text(s.Title), visible.Text(s.Secret.Redacted()))
	said := verdicts(s)
	t.line(report.Clip(head, t.width-len(said)-2) + "  " + t.tint.Verdict(s.Verdict, said))
	t.places("+", s.Came)
	t.places("-", s.Left)
	if s.Stayed > 0 && len(s.Came)+len(s.Left) > 0 {
		t.line("      " + t.tint.Faint("and "+report.Number(int64(s.Stayed), "place")+" as before"))
	}
	if s.WasSuppressed {
		t.line("      " + t.tint.Faint("it was suppressed in the old report"))
	}
	if s.Why != "" {
		t.line("      " + t.tint.Faint(report.Clip(visible.Text(s.Why), t.width-6)))
	}
}

func (t *text) places(sign string, list []Place) {
	for _, p := range list[:min(len(list), maxPlaces)] {
		t.line("    " + sign + " " + report.Clip(placeText(&p), t.width-6))
	}
	if n := len(list) - maxPlaces; n > 0 {
		t.line("    " + sign + " " + t.tint.Faint("and "+report.Number(int64(n), "more place")))
	}
}

// placeText names a place and the commit that brought the secret there.
func placeText(p *Place) string {
	words := report.Where(&scanner.Finding{Location: p.Location})
	if c := p.Location.Commit; c != nil {
		id := []rune(visible.Text(c.ID))
		words += "  " + string(id[:min(10, len(id))])
		if !c.Date.IsZero() {
			words += "  " + c.Date.UTC().Format(time.DateOnly)
		}
	}
	return words
}

func severity(s rules.Severity) string { return fmt.Sprintf("%-8s", visible.Text(string(s))) }

// verdicts says what the verdict is and, where it is another, what it was.
func verdicts(s *Secret) string {
	if s.Was != nil && *s.Was != s.Verdict {
		return report.VerdictWord(*s.Was) + " -> " + report.VerdictWord(s.Verdict)
	}
	return report.VerdictWord(s.Verdict)
}

func sideText(s *Side) string {
	words := []string{visible.Text(s.Target), "(" + visible.Text(s.Command) + ")"}
	if !s.StartedAt.IsZero() {
		words = append(words, s.StartedAt.UTC().Format("2006-01-02 15:04"))
	}
	words = append(words, "skant", visible.Text(s.Tool.Version)+":", report.Number(int64(s.Secrets), "secret"), "in", report.Number(int64(s.Places), "place"))
	if s.Complete {
		return strings.Join(words, " ") + ", complete"
	}
	return strings.Join(words, " ") + ", incomplete"
}
