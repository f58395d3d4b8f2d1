package report

import (
	"slices"
	"strings"
	"time"

	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/scanner"
)

const (
	// maxPurged bounds the purged objects that the text names; the rest are counted.
	maxPurged = 10
	// maxSummary bounds the first line of a commit's message, in cells.
	maxSummary = 60
)

// splitPurged takes whole objects that were purged apart from secrets.
func splitPurged(groups []*Group) (secrets, objects []*Group) {
	for _, g := range groups {
		if g.First().RuleID == scanner.PurgedObjectRule {
			objects = append(objects, g)
		} else {
			secrets = append(secrets, g)
		}
	}
	return secrets, objects
}

const purgedSecret = "It was purged from the history after a leak and may not come back: no comment, ignore file, baseline or setting allows it."

// stale reports whether the clone has purged commits. What to do then is not to mend its commits.
func stale(objects []*Group) bool {
	return slices.ContainsFunc(objects, func(g *Group) bool { return purgedType(g.First()) == "commit" })
}

// comesBack writes the objects that were purged and come back, and what to do about a clone that still has them.
func (t *textWriter) comesBack(objects []*Group, command string) {
	if len(objects) == 0 {
		return
	}
	t.gap()
	n := Number(int64(len(objects)), "object")
	switch command {
	case "staged":
		t.row(0, 2, span{text: "This commit would bring back what was purged from the history (" + n + "):", tint: t.grave})
	case "pre-push":
		t.row(0, 2, span{text: "This push would bring back what was purged from the history (" + n + "):", tint: t.grave})
	case "pre-receive":
		t.row(0, 2, span{text: "This push is refused, because it brings back what was purged from the history (" + n + "):", tint: t.grave})
	default:
		t.row(0, 2, span{text: "What was purged from the history comes back (" + n + "):", tint: t.grave})
	}
	// Commits tell most: they are named first, the newest first.
	slices.SortStableFunc(objects, func(a, b *Group) int {
		fa, fb := a.First(), b.First()
		if ca, cb := purgedType(fa) == "commit", purgedType(fb) == "commit"; ca != cb {
			return compareTrue(ca, cb)
		}
		return commitDate(fb).Compare(commitDate(fa))
	})
	shown := t.some(len(objects), maxPurged)
	for _, g := range objects[:shown] {
		t.purgedObject(g)
	}
	t.more(len(objects)-shown, "more object", t.in(2))
	t.bringAlong(objects)
}

// purgedObject writes one object, one line for each of its places; one in all where lists are cut.
func (t *textWriter) purgedObject(g *Group) {
	for _, f := range g.Places[:t.some(len(g.Places), 1)] {
		t.row(t.in(2), 6, append(t.purgedPlace(f), t.morePlaces(g)...)...)
	}
	if !t.cut {
		t.row(t.in(6), 8, span{text: "fingerprint " + visible.Text(g.First().Fingerprint), tint: t.faint})
	}
}

// purgedPlace says which object it is, and where. Commits have their first line beside them.
func (t *textWriter) purgedPlace(f *scanner.Finding) []span {
	kind, id := purgedType(f), visible.Text(f.Location.Object)
	if t.cut {
		id = short(f.Location.Object)
	}
	row := []span{{text: kind}, spaces(1), {text: id}}
	var rest []span
	if f.Location.Path != "" {
		rest = append(rest, span{text: visible.Text(f.Location.Path), whole: true})
	}
	if c := f.Location.Commit; c != nil && kind == "commit" {
		author, summary := visible.Text(c.Author), visible.Text(c.Summary)
		if t.width > 0 {
			author, summary = Clip(author, maxAuthor), Clip(summary, maxSummary)
		}
		rest = append(rest, span{text: c.Date.UTC().Format(time.DateOnly)}, span{text: author}, span{text: summary})
	} else {
		rest = append(rest, t.details(f)...)
	}
	if rest = columns(rest...); len(rest) > 0 {
		row = append(append(row, spaces(2)), rest...)
	}
	return row
}

// purgedType is the sort of a purged object.
func purgedType(f *scanner.Finding) string {
	switch f.Location.Kind {
	case scanner.KindCommitMessage:
		return "commit"
	case scanner.KindTagMessage:
		return "tag"
	default:
		return "file"
	}
}

// bringAlong says what to do, for each sort of object that comes back.
func (t *textWriter) bringAlong(objects []*Group) {
	last := map[string]*scanner.Finding{}
	first := "" // what has to be ended before: nothing else works until then
	for _, g := range objects {
		f := g.First()
		if first == "" && len(f.Reasons) > 1 {
			first = f.Reasons[1]
		}
		if kind := purgedType(f); last[kind] == nil {
			last[kind] = f // the newest, as they are sorted
		}
	}
	t.wrapped("What was purged may not come back: no comment, ignore file, baseline or setting allows it.", 0, t.strong)
	if what, command, ok := strings.Cut(first, ": "); ok {
		t.wrapped(strings.ToUpper(what[:1])+what[1:]+":", 0, t.strong)
		t.print(t.in(2), []span{{text: visible.Text(command)}})
	}
	if c := last["commit"]; c != nil {
		t.wrapped("This clone is stale: it has the history from before the purge. Fetch the cleaned one and rebase on it; never merge the two, "+
			"which brings everything back. Or clone anew.", 0, t.strong)
		for _, command := range []string{"git fetch --prune origin", "git rebase --onto origin/BRANCH " + short(c.Location.Object) +
			"    # keeps only what was made after that commit; BRANCH is the cleaned one"} {
			t.print(t.in(2), []span{{text: command}}) // not folded, so that it can be copied
		}
		return
	}
	if f := last["file"]; f != nil {
		t.wrapped("Take it out of the file, or the file out of the commit: its content is known to hold a secret.", 0, t.strong)
	}
	if last["tag"] != nil {
		t.wrapped("Delete the tag here, and fetch the new one: git tag -d NAME, then git fetch --tags --force.", 0, t.strong)
	}
}
