package scanner

import (
	"hash/maphash"
	"slices"
	"strings"

	"github.com/skant-dev/skant/internal/match"
)

// gramLength is the length of the pieces of a secret of which none may be shown, in bytes.
const gramLength = 12

// mask removes secrets, and pieces of them, from texts that came from a repository: a commit message may quote the key
// that the commit adds, a file may be named after it. It is the last thing that is done to a result before anybody
// sees it, so that no output format has to think of it.
type mask struct {
	seed  maphash.Seed
	grams map[uint64]bool
	short []string
	// index finds the short values; it is made when they are all known.
	index *match.Index
	// veil masks what rules find that are switched off; nil where there are none.
	veil func(string) string
	// scrub masks in a name what rules find in it; may be nil.
	scrub func(string) string
}

// newMask makes a mask of every secret of the findings, as decoded and as it stands in the file. The public prefix of a
// secret and what a finding states as a fact may be shown; a fact that is a secret of another finding is taken away.
func newMask(fs []Finding) *mask {
	m := &mask{seed: maphash.MakeSeed(), grams: map[uint64]bool{}}
	seen := map[string]bool{}
	for i := range fs {
		f := &fs[i]
		if f.Secret.public() {
			continue
		}
		for _, s := range append([]Secret{f.Secret}, f.raw...) {
			if v := s.body(); !seen[v] {
				seen[v] = true
				m.add(v)
			}
		}
	}
	for v := range seen {
		for _, line := range armour(v) {
			m.allow(line)
		}
	}
	for i := range fs {
		for name, fact := range fs[i].Facts {
			if seen[fact] { // what one rule takes for a public name is the secret of another
				delete(fs[i].Facts, name)
				continue
			}
			m.allow(fact)
		}
	}
	m.seal()
	return m
}

// seal makes the mask ready for use.
func (m *mask) seal() {
	anchors := make([]match.Anchor, len(m.short))
	for i, v := range m.short {
		anchors[i].Text = v
	}
	m.index = match.NewIndex(anchors)
}

// armour returns the lines that open and close a key block, which say what it is and are no secret, with the few bytes
// before them: pieces that overlap such a line are not the key's.
func armour(value string) []string {
	var lines []string
	for _, word := range []string{"-----BEGIN ", "-----END "} {
		for at := 0; ; {
			i := strings.Index(value[at:], word)
			if i < 0 {
				break
			}
			start := at + i
			at = start + len(word)
			j := strings.Index(value[at:], "-----")
			if j < 0 || j > 40 {
				continue
			}
			at += j + len("-----")
			lines = append(lines, value[max(0, start-gramLength+1):at])
		}
	}
	return lines
}

// allow takes a public value, and the pieces of it, out of the mask.
func (m *mask) allow(value string) {
	m.short = slices.DeleteFunc(m.short, func(s string) bool { return s == value })
	for i := 0; i+gramLength <= len(value); i++ {
		delete(m.grams, maphash.String(m.seed, value[i:i+gramLength]))
	}
}

func (m *mask) add(value string) {
	if len(value) < gramLength {
		// A short value that is a plain word ("password") stands in many texts that say nothing about it. Where it is the
		// secret itself it is masked by its place.
		if strings.ContainsFunc(value, func(r rune) bool { return r < 'A' || r > 'z' || r > 'Z' && r < 'a' }) {
			m.short = append(m.short, value)
		}
		return
	}
	for i := 0; i+gramLength <= len(value); i++ {
		m.grams[maphash.String(m.seed, value[i:i+gramLength])] = true
	}
}

// name is [mask.text] for what a thing is called. It may be named after a secret that is no finding: that of a folder which was there before a
// change, of a file that was not read, of a member of an archive.
func (m *mask) name(s string) string {
	if m.scrub != nil {
		s = m.scrub(s)
	}
	return m.text(s)
}

// text returns s with everything that is part of a secret replaced.
func (m *mask) text(s string) string {
	if m.veil != nil {
		s = m.veil(s)
	}
	hits := m.index.Find([]byte(s), nil)
	hidden := make([]bool, len(s))
	for _, h := range hits {
		for j := range m.short[h.Anchor] {
			hidden[h.Pos+j] = true
		}
	}
	found := len(hits) > 0
	for i := 0; i+gramLength <= len(s) && len(m.grams) > 0; i++ {
		if m.grams[maphash.String(m.seed, s[i:i+gramLength])] {
			found = true
			for j := i; j < i+gramLength; j++ {
				hidden[j] = true
			}
		}
	}
	if !found {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		switch {
		case !hidden[i]:
			b.WriteByte(s[i])
		case i == 0 || !hidden[i-1]:
			b.WriteString(masked)
		}
	}
	return b.String()
}

// finding masks every text of a finding that came from the repository. It does not change what f's pointers point to.
func (m *mask) finding(f *Finding) {
	f.Location.Path = m.name(f.Location.Path)
	f.Location.Submodule = m.name(f.Location.Submodule)
	f.Location.Member = m.name(f.Location.Member)
	f.Excerpt = m.text(f.Excerpt)
	if f.Location.Commit != nil {
		dup := m.commit(*f.Location.Commit)
		f.Location.Commit = &dup
	}
	f.Reasons = m.texts(f.Reasons)
	f.Suppressed, f.Refused = m.suppression(f.Suppressed), m.suppression(f.Refused)
	if f.Exposure != nil {
		dup := *f.Exposure
		dup.Refs = m.texts(dup.Refs)
		dup.Removed = slices.Clone(dup.Removed)
		for i := range dup.Removed {
			dup.Removed[i] = m.commit(dup.Removed[i])
		}
		f.Exposure = &dup
	}
}

func (m *mask) commit(c Commit) Commit {
	c.Author, c.Email, c.Summary = m.text(c.Author), m.text(c.Email), m.text(c.Summary)
	return c
}

func (m *mask) coverage(c *Coverage) {
	for i := range c.Skipped {
		s := &c.Skipped[i]
		s.Reason = m.text(s.Reason)
		for j, item := range s.Items {
			s.Items[j] = m.name(item)
		}
	}
}

func (m *mask) texts(list []string) []string {
	if list == nil {
		return nil
	}
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = m.text(s)
	}
	return out
}

// Scrub returns text with everything in it that any rule finds masked: for error messages and panics, which may quote
// what a user or a repository put into a name.
func (s *Scanner) Scrub(text string) string {
	sc := s.pool.Get().(*scratch)
	defer s.pool.Put(sc)
	cands, err := s.searchView(rawView([]byte(text)), "", sc, nil)
	if err != nil {
		return masked
	}
	m := &mask{seed: maphash.MakeSeed(), grams: map[uint64]bool{}}
	for _, c := range cands {
		if !c.identifier {
			m.add(NewSecret(c.value, c.prefix).body())
		}
	}
	m.seal()
	return s.scrubVeiled(m.text(text))
}
