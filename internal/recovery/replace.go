package recovery

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/skant-dev/skant/internal/match"
	"github.com/skant-dev/skant/scanner"
)

// Removed stands in a rewritten history where a secret stood.
const Removed = "***REMOVED***"

// shortest is the least length in bytes of a text that is replaced wherever it stands. What is shorter stands in many
// texts that have nothing to do with the secret.
const shortest = 8

// Spellings are the texts by which secrets stand in a repository. They are written into files for git-filter-repo and
// searched for, and nowhere else: that is why this file is one of the few that may look at values. Printing Spellings
// prints redacted forms.
type Spellings struct {
	texts []scanner.Secret
	// owners are the fingerprints of texts.
	owners map[scanner.Secret]string
	// index finds any of them in one pass, where there are many; nil where one after the other is as fast.
	index *match.Index
}

// Format implements [fmt.Formatter]: what is looked for stands in the index, too, and no verb shows it.
func (s Spellings) Format(f fmt.State, _ rune) { fmt.Fprint(f, s.texts) }

// few is up to how many texts are looked for one after the other.
const few = 4

// NewSpellings returns the texts of findings that were made by a scan of this process; those that were read back from a
// report have none. The longest come first, so that none is broken up by one that is a part of it.
func NewSpellings(found []scanner.Finding) *Spellings {
	seen := map[string]bool{}
	s := &Spellings{owners: map[scanner.Secret]string{}}
	for i := range found {
		f := &found[i]
		written := f.Written()
		if f.Location.Member != "" { // what stands in an archive stands nowhere else in that form
			written = written[:1]
		}
		for _, text := range written {
			if v := text.Reveal(); len(v) >= shortest && !seen[v] {
				seen[v] = true
				s.texts = append(s.texts, text)
				s.owners[text] = f.Fingerprint
			}
		}
	}
	slices.SortFunc(s.texts, func(a, b scanner.Secret) int {
		if n := len(b.Reveal()) - len(a.Reveal()); n != 0 {
			return n
		}
		return strings.Compare(a.Reveal(), b.Reveal())
	})
	if len(s.texts) > few {
		anchors := make([]match.Anchor, len(s.texts))
		for i, t := range s.texts {
			anchors[i].Text = t.Reveal()
		}
		s.index = match.NewIndex(anchors)
	}
	return s
}

// Longest returns the length in bytes of the longest of them, 0 if there is none.
func (s *Spellings) Longest() int {
	if len(s.texts) == 0 {
		return 0
	}
	return len(s.texts[0].Reveal())
}

// Len returns how many there are.
func (s *Spellings) Len() int { return len(s.texts) }

// In reports whether data has one of them.
func (s *Spellings) In(data []byte) bool {
	if s.index != nil {
		return len(s.index.Find(data, nil)) > 0
	}
	return slices.ContainsFunc(s.texts, func(t scanner.Secret) bool { return bytes.Contains(data, []byte(t.Reveal())) })
}

// Places calls each for every place at which [Spellings.Clean] replaces something, with the fingerprint of the secret; inWord says that a letter
// or digit stands next to it, as where the secret is a part of an ordinary word.
func (s *Spellings) Places(data []byte, each func(fingerprint string, inWord bool)) {
	for _, t := range s.texts {
		v := []byte(t.Reveal())
		if !bytes.Contains(data, v) {
			continue
		}
		for rest, before := data, byte(0); ; {
			i := bytes.Index(rest, v)
			if i < 0 {
				break
			}
			if i > 0 {
				before = rest[i-1]
			}
			rest = rest[i+len(v):]
			each(s.owners[t], letterOrDigit(before) || len(rest) > 0 && letterOrDigit(rest[0]))
			before = v[len(v)-1]
		}
		data = bytes.ReplaceAll(data, v, []byte(Removed))
	}
}

func letterOrDigit(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c >= 0x80
}

// Clean returns data with each of them replaced by [Removed], as git-filter-repo does it with [Spellings.Expressions].
// It is data itself if there is none.
func (s *Spellings) Clean(data []byte) []byte {
	for _, t := range s.texts {
		if v := []byte(t.Reveal()); bytes.Contains(data, v) {
			data = bytes.ReplaceAll(data, v, []byte(Removed))
		}
	}
	return data
}

// Without is Clean with another text in the place of [Removed], for names in which a star may not stand.
func (s *Spellings) Without(name, instead string) string {
	for _, t := range s.texts {
		name = strings.ReplaceAll(name, t.Reveal(), instead)
	}
	return name
}

// Expressions returns what `git filter-repo --replace-text` reads. Each line is a regular expression in which all but
// letters and digits stand as their numbers: a value may span lines, or have the marks by which that file is read.
func (s *Spellings) Expressions() []byte { return s.lines(Removed) }

// Names returns what `git filter-repo --paths-from-file` reads, to rename files that are named after a secret.
func (s *Spellings) Names() []byte { return s.lines("REMOVED") }

func (s *Spellings) lines(instead string) []byte {
	var b bytes.Buffer
	for _, t := range s.texts {
		b.WriteString("regex:")
		for _, c := range []byte(t.Reveal()) {
			if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' {
				b.WriteByte(c)
			} else {
				fmt.Fprintf(&b, `\x%02x`, c)
			}
		}
		b.WriteString("==>" + instead + "\n")
	}
	return b.Bytes()
}
