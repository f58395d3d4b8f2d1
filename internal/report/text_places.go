package report

import (
	"strconv"
	"strings"
	"time"

	"github.com/rivo/uniseg"

	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/scanner"
)

// Bounds of the columns in a list of places, in cells.
const (
	maxHeadColumn = 48
	maxAuthor     = 24
)

// shortID is the length to which commit and object ids are cut for people.
const shortID = 10

// places writes where a secret is: a line for each place and, where it differs from the one before, the excerpt.
func (t *textWriter) places(g *Group) {
	shown := g.Places[:min(len(g.Places), maxPlaces)]
	column := 0
	for _, f := range shown {
		if w := uniseg.StringWidth(head(f)); w <= maxHeadColumn {
			column = max(column, w)
		}
	}
	last := ""
	for _, f := range shown {
		h := head(f)
		pad := strings.Repeat(" ", max(0, column-uniseg.StringWidth(h)))
		t.line("  " + t.place.Sprint(h) + pad + t.details(f))
		if f.Excerpt != "" && f.Excerpt != last {
			t.line("      " + Clip(visible.Text(f.Excerpt), t.room(6)))
			last = f.Excerpt
		}
	}
	if more := len(g.Places) - len(shown); more > 0 {
		t.line(t.faint.Sprintf("  and %s", Number(int64(more), "more place")))
	}
}

// head names the place itself: path:line:column, or what holds it where that is no file.
func head(f *scanner.Finding) string {
	l := &f.Location
	at := ":" + strconv.Itoa(l.StartLine) + ":" + strconv.Itoa(l.StartColumn)
	switch {
	case l.Path != "":
		return visible.Text(l.Place()) + at
	case l.Kind == scanner.KindStdin:
		return "stdin" + inMember(l) + at
	case l.Kind == scanner.KindCommitMessage || l.Kind == scanner.KindAuthor:
		return KindWords(*l) + at
	case l.Object != "":
		return KindWords(*l) + " " + short(l.Object) + inMember(l) + at
	default:
		return KindWords(*l) + at
	}
}

// inMember names the place inside an archive that has no path.
func inMember(l *scanner.Location) string {
	if l.Member == "" {
		return ""
	}
	return "!/" + visible.Text(l.Member)
}

// details says which commit brought the secret, what sort of place it is if that is not plain, and whether it is still
// there.
func (t *textWriter) details(f *scanner.Finding) string {
	var words []string
	if c := f.Location.Commit; c != nil {
		words = append(words, t.middling.Sprint(short(c.ID)))
		if !c.Date.IsZero() {
			words = append(words, c.Date.UTC().Format("2006-01-02"))
		}
		author := c.Author
		if author == "" {
			author = c.Email
		}
		if author != "" {
			words = append(words, Clip(visible.Text(author), maxAuthor))
		}
	}
	if f.Location.Path != "" && !plain(f.Location.Kind) {
		words = append(words, KindWords(f.Location))
	}
	if len(f.Location.Decoded) > 0 {
		words = append(words, "as "+visible.Text(strings.Join(f.Location.Decoded, " in ")))
	}
	if state := state(f); state != "" {
		words = append(words, t.faint.Sprint(state))
	}
	if len(words) == 0 {
		return ""
	}
	return "  " + strings.Join(words, "  ")
}

// state says whether a secret that was committed to a file is still in HEAD.
func state(f *scanner.Finding) string {
	switch {
	case f.Exposure == nil || f.Location.Path == "":
		return ""
	case f.Exposure.InHead:
		return "in HEAD"
	case f.Location.Kind == scanner.KindCommitContent && len(f.Exposure.Removed) > 0:
		by := f.Exposure.Removed[0]
		return "removed " + by.Date.UTC().Format(time.DateOnly) + " in " + short(by.ID)
	case f.Location.Kind == scanner.KindCommitContent:
		return "removed"
	default:
		return ""
	}
}

// plain says that the path tells a reader all there is to know about the sort of place.
func plain(k scanner.Kind) bool {
	switch k {
	case scanner.KindFile, scanner.KindStaged, scanner.KindCommitContent, "":
		return true
	default:
		return false
	}
}

// KindWords returns what kind of place a location is, in words for people.
func KindWords(l scanner.Location) string {
	switch k := l.Kind; k {
	case scanner.KindUnreachable:
		return "unreachable object"
	case scanner.KindReflog:
		if l.Object == "" {
			return "reflog message"
		}
		return "reflog only"
	case scanner.KindAuthor:
		return "commit author"
	case scanner.KindGitConfig:
		return "git config"
	case "":
		return "unknown place"
	default:
		return strings.ReplaceAll(visible.Text(string(k)), "-", " ")
	}
}

// short returns a commit or object id cut for people.
func short(id string) string {
	runes := []rune(visible.Text(id))
	return string(runes[:min(len(runes), shortID)])
}

// Wrap breaks a text into lines of at most width cells, between words. A longer word gets a line of its own.
func Wrap(text string, width int) []string {
	var lines []string
	line, used := "", 0
	for _, word := range strings.Fields(text) {
		w := uniseg.StringWidth(word)
		switch {
		case line == "":
			line, used = word, w
		case used+1+w > width:
			lines = append(lines, line)
			line, used = word, w
		default:
			line += " " + word
			used += 1 + w
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}
