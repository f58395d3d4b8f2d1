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
		t.line(t.grave.Sprint("This commit would bring back what was purged from the history (" + n + "):"))
	case "pre-push":
		t.line(t.grave.Sprint("This push would bring back what was purged from the history (" + n + "):"))
	case "pre-receive":
		t.line(t.grave.Sprint("This push is refused, because it brings back what was purged from the history (" + n + "):"))
	default:
		t.line(t.grave.Sprint("What was purged from the history comes back (" + n + "):"))
	}
	// Commits tell most: they are named first, the newest first.
	slices.SortStableFunc(objects, func(a, b *Group) int {
		fa, fb := a.First(), b.First()
		if ca, cb := purgedType(fa) == "commit", purgedType(fb) == "commit"; ca != cb {
			return compareTrue(ca, cb)
		}
		return commitDate(fb).Compare(commitDate(fa))
	})
	for _, g := range objects[:min(len(objects), maxPurged)] {
		t.purgedObject(g)
	}
	if more := len(objects) - maxPurged; more > 0 {
		t.line(t.faint.Sprintf("  and %s", Number(int64(more), "more object")))
	}
	t.bringAlong(objects)
}

// purgedObject writes one object in one line.
func (t *textWriter) purgedObject(g *Group) {
	f := g.First()
	kind := purgedType(f)
	line := "  " + kind + " " + t.place.Sprint(short(f.Location.Object))
	if f.Location.Path != "" {
		line += "  " + t.place.Sprint(visible.Text(f.Location.Path))
	}
	if c := f.Location.Commit; c != nil && kind == "commit" {
		for _, word := range []string{c.Date.UTC().Format(time.DateOnly), Clip(visible.Text(c.Author), maxAuthor), Clip(visible.Text(c.Summary), maxSummary)} {
			if word != "" {
				line += "  " + word
			}
		}
	} else {
		line += t.details(f)
	}
	t.line(line + t.morePlaces(g))
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
	t.wrapped("What was purged may not come back: no comment, ignore file, baseline or setting allows it.", "", t.strong)
	if what, command, ok := strings.Cut(first, ": "); ok {
		t.wrapped(strings.ToUpper(what[:1])+what[1:]+":", "", t.strong)
		t.line("  " + visible.Text(command))
	}
	if c := last["commit"]; c != nil {
		t.wrapped("This clone is stale: it has the history from before the purge. Fetch the cleaned one and rebase on it; never merge the two, "+
			"which brings everything back. Or clone anew.", "", t.strong)
		t.line("  git fetch --prune origin")
		t.line("  git rebase --onto origin/BRANCH " + short(c.Location.Object) + "    # keeps only what was made after that commit; BRANCH is the cleaned one")
		return
	}
	if f := last["file"]; f != nil {
		t.wrapped("Take it out of the file, or the file out of the commit: its content is known to hold a secret.", "", t.strong)
	}
	if last["tag"] != nil {
		t.wrapped("Delete the tag here, and fetch the new one: git tag -d NAME, then git fetch --tags --force.", "", t.strong)
	}
}
