package report

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/scanner"
)

// plainGroups writes secrets for a screen reader: one fact in a line, each with its name, and an empty line before the next secret.
func (t *textWriter) plainGroups(groups []*Group, b blocked, blocks bool) {
	if len(groups) == 0 {
		return
	}
	if blocks {
		t.line(b.would + " " + Number(int64(len(groups)), "secret") + ".")
	}
	shown, why := len(groups), map[string]bool{}
	if blocks {
		shown = t.some(shown, blockedLines)
	}
	for i, g := range groups[:shown] {
		t.gap()
		t.line("Secret " + Count(int64(i+1)) + " of " + Count(int64(len(groups))))
		id := g.First().RuleID
		t.plainGroup(g, blocks && !why[id])
		why[id] = true
	}
	t.more(len(groups)-shown, "more secret", 0)
	if blocks && !t.stale {
		t.gap()
		t.waysOn(groups, b)
	}
}

// fact writes one fact, unless there is nothing to say.
func (t *textWriter) fact(name, value string) {
	if value != "" {
		t.line(name + ": " + t.readable(visible.Text(value)))
	}
}

// plainGroup writes one secret; why says that it tells why it matters.
func (t *textWriter) plainGroup(g *Group, why bool) {
	f := g.First()
	t.fact("Name", Title(f))
	t.fact("Severity", string(g.Severity))
	t.fact("Confidence", string(g.Confidence))
	t.fact("Verdict", string(g.Verdict))
	t.fact("Shortened value", f.Secret.Redacted())
	if f.Revealed != "" {
		for _, l := range strings.Split(strings.TrimRight(f.Revealed, "\r\n"), "\n") {
			t.line("Secret: " + visible.Text(strings.TrimSuffix(l, "\r"))) // whole, so that it can be copied
		}
	}
	for _, reason := range f.Reasons {
		t.fact("Reason", reason)
	}
	if f.Purged {
		t.line(purgedSecret)
	}
	if r := t.rule(f.RuleID); why && r != nil {
		t.fact("Why it matters", r.Why)
	}
	if v := g.Verification(); v != nil {
		t.fact("Answer", v.Says)
		t.fact("To do", todo(g.Verdict))
		t.fact("To do", v.Do)
		for _, learned := range Learned(v) {
			t.fact("Learned", learned)
		}
		t.fact("Asked", Asked(v))
	}
	names, all := factsOf(g)
	shown := t.some(len(names), maxFacts)
	for _, name := range names[:shown] {
		t.fact("Known", strings.ReplaceAll(name, "_", " ")+": "+all[name])
	}
	t.more(len(names)-shown, "more fact", 0)
	t.fact("Rule", f.RuleID)
	t.fact("Fingerprint", f.Fingerprint)
	t.plainPlaces(g)
}

func (t *textWriter) plainPlaces(g *Group) {
	shown := g.Places[:t.some(len(g.Places), maxPlaces)]
	last := ""
	for i, f := range shown {
		t.line("Place " + Count(int64(i+1)) + " of " + Count(int64(len(g.Places))))
		t.plainPlace(f)
		if f.Excerpt != last {
			t.fact("Text", f.Excerpt)
			last = f.Excerpt
		}
	}
	t.more(len(g.Places)-len(shown), "more place", 0)
}

func (t *textWriter) plainPlace(f *scanner.Finding) {
	l := &f.Location
	if l.Path != "" {
		t.fact("File", l.Path)
		t.fact("Inside the file", l.Member)
	}
	if l.Path == "" || !plain(l.Kind) {
		t.fact("Sort of place", KindWords(*l))
	}
	if l.Path == "" {
		t.fact("Inside", l.Member)
		t.fact("Object", l.Object)
	}
	t.fact("Line", strconv.Itoa(l.StartLine))
	t.fact("Column", strconv.Itoa(l.StartColumn))
	t.fact("Encoding", strings.Join(l.Decoded, " in "))
	if c := l.Commit; c != nil {
		t.fact("Commit", c.ID)
		if !c.Date.IsZero() {
			t.fact("Date", c.Date.UTC().Format(time.DateOnly))
		}
		t.fact("Author", cmp.Or(c.Author, c.Email))
	}
	t.fact("State", state(f))
}
