package report

import (
	"cmp"
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
	shown := g.Places[:t.some(len(g.Places), maxPlaces)]
	rows, widths := make([][]span, len(shown)), [placeColumns]int{}
	for i, f := range shown {
		rows[i] = append([]span{t.placeOf(f)}, t.details(f)...)
		for j, s := range rows[i][:placeColumns] {
			if w := uniseg.StringWidth(s.text); w <= maxHeadColumn {
				widths[j] = max(widths[j], w)
			}
		}
	}
	last := ""
	for i, f := range shown {
		row := aligned(rows[i], widths)
		if len(row) > 2 && t.width > 0 && 2+widthOf(row) > t.width {
			row = append(row[:2], columns(rows[i][1:]...)...) // what is folded has no columns
		}
		t.row(2, 6, row...)
		if f.Excerpt != "" && f.Excerpt != last {
			t.row(6, 6, t.excerpt(f))
			last = f.Excerpt
		}
	}
	t.more(len(g.Places)-len(shown), "more place", 2)
}

// widthOf is how wide spans are side by side, in cells.
func widthOf(row []span) (cells int) {
	for _, s := range row {
		cells += uniseg.StringWidth(s.text)
	}
	return cells
}

// excerpt is the line of the file, as much of it as fits, the secret in it.
func (t *textWriter) excerpt(f *scanner.Finding) span {
	return span{text: clipAround(visible.Text(f.Excerpt), visible.Text(f.Secret.Redacted()), t.room(6)), whole: true}
}

// placeColumns is how many columns of a list of places are aligned: the place, the commit, its date, its author.
const placeColumns = 4

// aligned returns the columns of one row with spaces between them. A column that is empty in all rows takes no room, nor do the three of
// the commit in a row without one.
func aligned(row []span, widths [placeColumns]int) []span {
	var out []span
	committed := row[1].text+row[2].text+row[3].text != ""
	for i, s := range row {
		inColumn := i < placeColumns && widths[i] > 0 && (i == 0 || committed)
		if s.text == "" && !inColumn {
			continue
		}
		pad := 0
		if inColumn {
			pad = widths[i] - uniseg.StringWidth(s.text)
		}
		out = append(out, s, spaces(max(0, pad)+2))
	}
	for len(out) > 0 && strings.Trim(out[len(out)-1].text, " ") == "" {
		out = out[:len(out)-1]
	}
	return out
}

// placeOf is the name of a place, with a link to the file if it is there.
func (t *textWriter) placeOf(f *scanner.Finding) span {
	return span{text: Where(f), link: t.to.file(f), whole: true}
}

// Where names the place of a finding in one line that is safe to show: "config/prod.env:3:19", or what holds it where that is no file.
func Where(f *scanner.Finding) string {
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

// details says which commit brought the secret, when and whose (three spans, empty where that is not known), then what sort of place it
// is if that is not plain, and whether it is still there.
func (t *textWriter) details(f *scanner.Finding) []span {
	row := make([]span, 3, 6)
	if c := f.Location.Commit; c != nil {
		row[0] = span{text: short(c.ID), link: t.to.commit(t.rep, f)}
		if !c.Date.IsZero() {
			row[1] = span{text: c.Date.UTC().Format(time.DateOnly), whole: true}
		}
		author := visible.Text(cmp.Or(c.Author, c.Email))
		if t.width > 0 {
			author = Clip(author, maxAuthor)
		}
		row[2] = span{text: author, whole: true}
	}
	for _, s := range []span{{text: kindOf(f)}, {text: decodedAs(f)}, {text: state(f), tint: t.faint, whole: true}} {
		if s.text != "" {
			row = append(row, s)
		}
	}
	return row
}

// kindOf is the sort of place a path is, if the path does not say so by itself.
func kindOf(f *scanner.Finding) string {
	if f.Location.Path == "" || plain(f.Location.Kind) {
		return ""
	}
	return KindWords(f.Location)
}

// decodedAs says how the secret is encoded there.
func decodedAs(f *scanner.Finding) string {
	if len(f.Location.Decoded) == 0 {
		return ""
	}
	return "as " + visible.Text(strings.Join(f.Location.Decoded, " in "))
}

// state says whether a secret that was committed to a file is still in HEAD.
func state(f *scanner.Finding) string {
	switch {
	case f.Exposure == nil || f.Location.Path == "":
		return ""
	case f.Exposure.InHead && f.Location.Kind != scanner.KindCommitContent:
		return "HEAD has it too"
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
