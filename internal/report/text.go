package report

import (
	"bufio"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/rivo/uniseg"

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

// TextOptions says how [Text] writes. The zero value is text for a file or a pipe: without colour, and with everything in it.
type TextOptions struct {
	// Color switches terminal colours on.
	Color bool
	// Width is that of the terminal in cells, at least 20: no line is wider, except a secret in clear and a command. Excerpts and facts are cut
	// there, everything else goes on in the next line. 0 cuts nothing, and wraps sentences at 100.
	Width int
	// Summary appends the line of [Summary], for a file; on a terminal it goes to standard error.
	Summary bool
	// Cut leaves out what is long in a list, and says how much that is. All is the command that shows everything, if there is one.
	Cut bool
	All string
	// Up leads from the current folder to the one that paths in the report begin at, "" or "../": commands that are shown have it.
	Up string
	// Plain is for a screen reader: one fact in a line, in words, no columns, no colour, no links, nothing wrapped.
	Plain bool
	// Links has places and commits lead to where they can be seen; nil for none.
	Links *Links
}

// Text writes the report for a person: secret by secret, the worst first, each with its places below, and then
// everything that was not read. It writes nothing for a scan that found nothing and read everything.
//
// The report of a hook is shorter, and says why a secret matters and how to go on, since it stands between a person and a
// commit or push.
func Text(w io.Writer, rep *scanner.Report, set *rules.Set, opt TextOptions) error {
	if opt.Plain {
		opt.Color, opt.Width, opt.Links = false, 0, nil
	}
	t := &textWriter{
		out: bufio.NewWriter(w), palette: newPalette(opt.Color), width: opt.Width, set: set, rep: rep, to: opt.Links,
		cut: opt.Cut, plain: opt.Plain, up: opt.Up,
	}
	groups, purged := splitPurged(Groups(rep))
	t.stale = stale(purged)
	b, blocks := blockedBy(rep.Command)
	switch {
	case opt.Plain:
		t.plainGroups(groups, b, blocks)
	case blocks && len(groups) > 0:
		t.block(groups, b)
	default:
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
	if t.left && opt.All != "" {
		t.gap()
		t.command("All of it:", opt.All)
	}
	if opt.Summary {
		t.gap()
		t.wide(Summary(rep))
		if rep.Hidden > 0 {
			t.wide(Number(int64(rep.Hidden), "more finding") + " of less confidence than was asked for, not shown")
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
	rep   *scanner.Report
	began bool
	// stale says that the clone has purged commits.
	stale bool
	// cut says that long lists are cut, left that one was.
	cut, left bool
	plain     bool
	up        string
	// to is where links lead; links counts them, and lastLink is the last.
	to       *Links
	links    int
	lastLink string
}

func (t *textWriter) line(s string) {
	t.began = true
	_, _ = t.out.WriteString(strings.TrimRight(s, " ") + "\n")
}

// wide writes a text that is wrapped nowhere but at a terminal's edge.
func (t *textWriter) wide(text string) { t.row(0, 0, span{text: text}) }

// gap separates a section from what was written before it, if anything was.
func (t *textWriter) gap() {
	if t.began {
		t.line("")
	}
}

// some returns how many of n things are shown in a list that holds at most limit of them where lists are cut.
func (t *textWriter) some(n, limit int) int {
	if !t.cut || n <= limit {
		return n
	}
	t.left = true
	return limit
}

// group writes one secret: what it is, what is known of it, where it is.
func (t *textWriter) group(g *Group) {
	f := g.First()
	head := []span{{text: visible.Text(string(g.Severity)), tint: t.severity(g.Severity)}, {text: Title(f), tint: t.strong},
		{text: visible.Text(f.Secret.Redacted()), whole: true}}
	if g.Confidence != rules.HighConfidence {
		head = append(head, span{text: confidenceWord(g.Confidence), tint: t.faint})
	}
	if g.Verdict != scanner.NotAsked {
		head = append(head, span{text: visible.Text(string(g.Verdict)), tint: t.verdict(g.Verdict)})
	}
	if n := len(g.Places); n > 1 {
		head = append(head, span{text: Number(int64(n), "place")})
	}
	t.row(0, 2, columns(head...)...)
	if f.Revealed != "" {
		t.revealed(f.Revealed)
	}
	if len(f.Reasons) > 0 && (g.Confidence != rules.HighConfidence || g.Verdict != scanner.NotAsked) {
		t.wrapped(visible.Text(strings.Join(f.Reasons, "; ")), 2, t.faint)
	}
	if f.Purged {
		t.wrapped(purgedSecret, 2, t.grave)
	}
	t.verification(g)
	t.facts(g)
	t.places(g)
	t.ruleAndFingerprint(f, 2)
}

// ruleAndFingerprint is what other commands go by.
func (t *textWriter) ruleAndFingerprint(f *scanner.Finding, indent int) {
	t.row(indent, indent+2, span{text: "rule " + visible.Text(f.RuleID) + ", fingerprint " + visible.Text(f.Fingerprint), tint: t.faint})
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
	lines := strings.Split(strings.TrimRight(secret, "\r\n"), "\n") // not wrapped, so that they can be copied
	if len(lines) == 1 {
		t.line("  secret: " + t.grave.Sprint(visible.Text(lines[0])))
		return
	}
	t.line("  secret:")
	for _, l := range lines {
		t.line("    " + t.grave.Sprint(visible.Text(strings.TrimSuffix(l, "\r"))))
	}
}

// factsOf returns what the credential says about itself at any of its places and its provider does not, and the names in alphabetical
// order.
func factsOf(g *Group) (names []string, all map[string]string) {
	all = map[string]string{}
	learned := map[string]string{}
	if v := g.Verification(); v != nil && len(v.Learned) <= maxLearned {
		learned = v.Learned
	}
	for _, f := range g.Places {
		for k, v := range f.Facts {
			if _, known := all[k]; !known && v != "" && v != f.Secret.Redacted() && (learned[k] != v || len(v) > maxLearnedText) {
				all[k] = v
			}
		}
	}
	return slices.Sorted(maps.Keys(all)), all
}

// facts writes what the credential says about itself.
func (t *textWriter) facts(g *Group) {
	names, all := factsOf(g)
	shown := t.some(len(names), maxFacts)
	for _, name := range names[:shown] {
		label := strings.ReplaceAll(visible.Text(name), "_", " ") + ":"
		t.row(2, 4, span{text: label, tint: t.faint}, spaces(1),
			span{text: Clip(visible.Text(all[name]), t.room(3+uniseg.StringWidth(label))), whole: true})
	}
	t.more(len(names)-shown, "more fact", 2)
}

// more says how much of a list is not shown.
func (t *textWriter) more(n int, noun string, indent int) {
	if n > 0 {
		t.row(indent, indent+2, span{text: "and " + Number(int64(n), noun), tint: t.faint})
	}
}

// room is what a line has left after used cells; 0, which means no limit, where the width is not known.
func (t *textWriter) room(used int) int {
	if t.width < 1 {
		return 0
	}
	return max(12, t.width-used)
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
	t.row(0, 2, span{text: "Suppressed, not counted: " + strings.Join(parts, ", "), tint: t.faint})
}

// suppressed lists what does not count, one line a secret or, where lists are not cut, a place, so that a suppression is never invisible.
func (t *textWriter) suppressed(groups []*Group) {
	if len(groups) == 0 {
		return
	}
	t.gap()
	t.row(0, 2, span{text: "Suppressed, not counted:", tint: t.faint})
	for _, g := range groups {
		shown := g.Places[:t.some(len(g.Places), 1)]
		for _, f := range shown {
			line := Title(f) + " " + visible.Text(f.Secret.Redacted()) + " in " + Where(f)
			if more := len(g.Places) - len(shown); more > 0 {
				line += " and " + Number(int64(more), "more place")
			}
			line += ": " + visible.Text(f.Suppressed.By)
			if f.Suppressed.Where != "" {
				line += " " + visible.Text(f.Suppressed.Where)
			}
			if f.Suppressed.Reason != "" {
				line += " (" + visible.Text(f.Suppressed.Reason) + ")"
			}
			t.row(t.in(2), 4, span{text: line, tint: t.faint})
		}
		if !t.cut {
			t.row(t.in(4), 6, span{text: "fingerprint " + visible.Text(g.First().Fingerprint), tint: t.faint})
		}
	}
}

// in is an indent, which a screen reader does not need.
func (t *textWriter) in(cells int) int {
	if t.plain {
		return 0
	}
	return cells
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
		t.row(0, 2, span{text: "Not read, the scan is INCOMPLETE:", tint: t.serious})
		t.skips(unread)
		if len(unread) == 0 {
			t.row(t.in(2), 4, span{text: "the scan ended before everything was read"})
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
		t.row(t.in(2), 4, span{text: Things(s.Count, visible.Text(s.What)) + ": " + visible.Text(s.Reason)})
		shown, name := s.Items[:t.some(len(s.Items), maxItems)], ""
		if t.plain {
			name = Things(1, visible.Text(s.What))[len("1 "):] + ": "
		}
		for _, item := range shown {
			t.row(t.in(4), 6, span{text: name + visible.Text(item), whole: true})
		}
		if more := s.Count - int64(len(shown)); more > 0 && len(shown) > 0 {
			t.row(t.in(4), 6, span{text: "and " + Count(more) + " more", tint: t.faint})
		}
	}
}
