package report

import (
	"bufio"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/fatih/color"

	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// Bounds of what the text format shows of one secret or one reason; what is beyond is counted, never dropped silently.
const (
	maxPlaces    = 10
	maxFacts     = 8
	maxItems     = 5
	defaultWidth = 100
)

// TextOptions says how [Text] writes. The zero value is plain text for a file.
type TextOptions struct {
	// Color switches terminal colours on.
	Color bool
	// Width is that of the terminal in cells: excerpts are cut and sentences wrapped there. 0 cuts nothing and wraps
	// at 100. Paths are never cut.
	Width int
	// Summary appends the line of [Summary], for a file; on a terminal it goes to standard error.
	Summary bool
}

// Text writes the report for a person: secret by secret, the worst first, each with its places below, and then
// everything that was not read. It writes nothing for a scan that found nothing and read everything.
//
// The report of a hook is shorter, and says why a secret matters and how to go on, since it stands between a person and a
// commit or push.
func Text(w io.Writer, rep *scanner.Report, set *rules.Set, opt TextOptions) error {
	t := &textWriter{out: bufio.NewWriter(w), palette: newPalette(opt.Color), width: opt.Width, set: set}
	groups, purged := splitPurged(Groups(rep))
	t.stale = stale(purged)
	if b, ok := blockedBy(rep.Command); ok && len(groups) > 0 {
		t.block(groups, b)
	} else {
		for i, g := range groups {
			if i > 0 {
				t.line("")
			}
			t.group(g)
		}
	}
	t.comesBack(purged, rep.Command)
	if rep.ListSuppressed {
		t.suppressed(SuppressedGroups(rep))
	} else if opt.Summary {
		t.suppressedCount(rep)
	}
	t.coverage(&rep.Coverage)
	if opt.Summary {
		t.gap()
		t.line(Summary(rep))
		if rep.Hidden > 0 {
			t.line(Number(int64(rep.Hidden), "more finding") + " of less confidence than was asked for, not shown")
		}
	}
	return t.out.Flush()
}

// textWriter writes lines; an error of the writer below is kept by the buffer and returned by its Flush.
type textWriter struct {
	palette
	out   *bufio.Writer
	width int
	set   *rules.Set
	began bool
	// stale says that the clone has purged commits.
	stale bool
}

func (t *textWriter) line(s string) {
	t.began = true
	_, _ = t.out.WriteString(strings.TrimRight(s, " ") + "\n")
}

// gap separates a section from what was written before it, if anything was.
func (t *textWriter) gap() {
	if t.began {
		t.line("")
	}
}

// wrapped writes a text in lines no wider than the terminal, each indented.
func (t *textWriter) wrapped(text, indent string, tint *color.Color) {
	if text == "" {
		return
	}
	width := t.width
	if width < 1 {
		width = defaultWidth
	}
	for _, l := range Wrap(visible.Text(text), max(20, width-len(indent))) {
		t.line(indent + tint.Sprint(l))
	}
}

// group writes one secret: what it is, what is known of it, where it is.
func (t *textWriter) group(g *Group) {
	f := g.First()
	title := f.Title
	if title == "" {
		title = f.RuleID
	}
	words := []string{t.severity(g.Severity).Sprint(visible.Text(string(g.Severity))), t.strong.Sprint(visible.Text(title)),
		visible.Text(f.Secret.Redacted())}
	if g.Confidence != rules.HighConfidence {
		words = append(words, t.faint.Sprint(confidenceWord(g.Confidence)))
	}
	if g.Verdict != scanner.NotAsked {
		words = append(words, t.verdict(g.Verdict).Sprint(visible.Text(string(g.Verdict))))
	}
	t.line(strings.Join(words, "  "))
	if f.Revealed != "" {
		t.revealed(f.Revealed)
	}
	if len(f.Reasons) > 0 && (g.Confidence != rules.HighConfidence || g.Verdict != scanner.NotAsked) {
		t.wrapped(strings.Join(f.Reasons, "; "), "  ", t.faint)
	}
	if f.Purged {
		t.wrapped(purgedSecret, "  ", t.grave)
	}
	t.verification(g)
	t.facts(g)
	t.places(g)
	t.line(t.faint.Sprintf("  rule %s, fingerprint %s", visible.Text(f.RuleID), visible.Text(f.Fingerprint)))
}

func (t *textWriter) rule(id string) *rules.Rule {
	if t.set == nil {
		return nil
	}
	return t.set.Lookup(id)
}

func confidenceWord(c rules.Confidence) string {
	if c == rules.Certain {
		return "certain"
	}
	return visible.Text(string(c)) + " confidence"
}

// revealed writes a secret in clear, line by line, for it may be a private key.
func (t *textWriter) revealed(secret string) {
	lines := strings.Split(strings.TrimRight(secret, "\r\n"), "\n")
	if len(lines) == 1 {
		t.line("  secret: " + t.grave.Sprint(visible.Text(lines[0])))
		return
	}
	t.line("  secret:")
	for _, l := range lines {
		t.line("    " + t.grave.Sprint(visible.Text(strings.TrimSuffix(l, "\r"))))
	}
}

// facts writes what the credential says about itself, in alphabetical order.
func (t *textWriter) facts(g *Group) {
	all := map[string]string{}
	for _, f := range g.Places {
		for k, v := range f.Facts {
			if _, known := all[k]; !known && v != "" && v != f.Secret.Redacted() {
				all[k] = v
			}
		}
	}
	names := slices.Sorted(maps.Keys(all))
	for _, name := range names[:min(len(names), maxFacts)] {
		label := strings.ReplaceAll(visible.Text(name), "_", " ")
		t.line("  " + t.faint.Sprint(label+":") + " " + Clip(visible.Text(all[name]), t.room(4+len(label))))
	}
	if more := len(names) - maxFacts; more > 0 {
		t.line(t.faint.Sprintf("  and %s", Number(int64(more), "more fact")))
	}
}

// room is what a line has left after used cells; 0, which means no limit, where the width is not known.
func (t *textWriter) room(used int) int {
	if t.width < 1 {
		return 0
	}
	return max(20, t.width-used)
}

// suppressedCount says how much does not count, and because of what.
func (t *textWriter) suppressedCount(rep *scanner.Report) {
	by := map[string]int64{}
	for i := range rep.Findings {
		if s := rep.Findings[i].Suppressed; s != nil {
			by[s.By]++
		}
	}
	if len(by) == 0 {
		return
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(by)) {
		parts = append(parts, Count(by[name])+" "+visible.Text(name))
	}
	t.gap()
	t.line(t.faint.Sprint("Suppressed, not counted: " + strings.Join(parts, ", ")))
}

// suppressed lists what does not count, one line a secret, so that a suppression is never invisible.
func (t *textWriter) suppressed(groups []*Group) {
	if len(groups) == 0 {
		return
	}
	t.gap()
	t.line(t.faint.Sprint("Suppressed, not counted:"))
	for _, g := range groups {
		f := g.First()
		line := "  " + visible.Text(f.Title) + " " + visible.Text(f.Secret.Redacted()) + " in " + head(f)
		if more := len(g.Places) - 1; more > 0 {
			line += " and " + Number(int64(more), "more place")
		}
		line += ": " + visible.Text(f.Suppressed.By)
		if f.Suppressed.Where != "" {
			line += " " + visible.Text(f.Suppressed.Where)
		}
		if f.Suppressed.Reason != "" {
			line += " (" + visible.Text(f.Suppressed.Reason) + ")"
		}
		t.line(t.faint.Sprint(line))
	}
}

// coverage lists everything that was not read, first what should have been.
func (t *textWriter) coverage(c *scanner.Coverage) {
	var unread, leftOut []scanner.Skip
	for _, s := range c.Skipped {
		if s.Unread {
			unread = append(unread, s)
		} else {
			leftOut = append(leftOut, s)
		}
	}
	if len(unread) > 0 || !c.Complete {
		t.gap()
		t.line(t.serious.Sprint("Not read, the scan is INCOMPLETE:"))
		t.skips(unread)
		if len(unread) == 0 {
			t.line("  the scan ended before everything was read")
		}
	}
	if len(leftOut) > 0 {
		t.gap()
		t.line("Left out on purpose:")
		t.skips(leftOut)
	}
}

func (t *textWriter) skips(skips []scanner.Skip) {
	for _, s := range skips {
		t.line("  " + Things(s.Count, visible.Text(s.What)) + ": " + visible.Text(s.Reason))
		shown := s.Items[:min(len(s.Items), maxItems)]
		for _, item := range shown {
			t.line("    " + t.place.Sprint(visible.Text(item)))
		}
		if more := s.Count - int64(len(shown)); more > 0 && len(shown) > 0 {
			t.line(t.faint.Sprintf("    and %s more", Count(more)))
		}
	}
}
