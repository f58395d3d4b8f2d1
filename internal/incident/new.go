package incident

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/scanner"
)

// New returns the incident of all secrets of a report that count, numbered in the order in which a person should see them: alive
// ones first, then the worst, then those that were there first. Objects are those that hold a secret in the repository itself.
func New(rep *scanner.Report, now time.Time) *File {
	f := &File{SchemaVersion: SchemaVersion, OpenedAt: now.UTC().Truncate(time.Second), Secrets: []Secret{}}
	f.Merge(rep)
	sum := sha256.New()
	for _, s := range f.Secrets {
		_, _ = sum.Write([]byte(s.Fingerprint + "\x00")) // a hash never fails
	}
	f.ID = "skant-" + f.OpenedAt.Format("20060102-1504") + "-" + hex.EncodeToString(sum.Sum(nil)[:4])
	return f
}

// Merge adds what a later report knows. Secrets keep their numbers, new ones get the next; nothing is taken away, because what a
// report does not see any more is not forgotten.
func (f *File) Merge(rep *scanner.Report) {
	known := map[string]int{}
	last := 0
	for i, s := range f.Secrets {
		known[s.Fingerprint] = i
		last = max(last, s.Number)
	}
	grouped := map[string][]*scanner.Finding{}
	var order []string
	for i := range rep.Findings {
		found := &rep.Findings[i]
		if found.Suppressed != nil || found.RuleID == scanner.PurgedObjectRule {
			continue
		}
		if grouped[found.Fingerprint] == nil {
			order = append(order, found.Fingerprint)
		}
		grouped[found.Fingerprint] = append(grouped[found.Fingerprint], found)
	}
	slices.SortStableFunc(order, func(a, b string) int { return compare(grouped[a], grouped[b]) })
	var objects []Object
	for _, fingerprint := range order {
		i, ok := known[fingerprint]
		if !ok {
			last++
			i = len(f.Secrets)
			f.Secrets = append(f.Secrets, Secret{Number: last, Fingerprint: fingerprint})
		}
		s := &f.Secrets[i]
		for _, found := range grouped[fingerprint] {
			s.join(found)
			f.verdict(s, found)
			if o := objectOf(found); o.ID != "" {
				o.Secrets = []int{s.Number}
				objects = append(objects, o)
			}
		}
	}
	f.AddObjects(objects)
}

// AddObjects adds objects that may not come back, or the numbers of their secrets to those that are there.
func (f *File) AddObjects(objects []Object) {
	at := make(map[string]int, len(f.Objects)+len(objects))
	for i := range f.Objects {
		at[f.Objects[i].ID] = i
	}
	for _, o := range objects {
		i, ok := at[o.ID]
		if !ok {
			i = len(f.Objects)
			at[o.ID] = i
			f.Objects = append(f.Objects, Object{ID: o.ID, Type: o.Type})
		}
		all := append(slices.Clip(f.Objects[i].Secrets), o.Secrets...)
		slices.Sort(all)
		f.Objects[i].Secrets = slices.Compact(all)
	}
	slices.SortFunc(f.Objects, func(a, b Object) int { return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.ID, b.ID)) })
}

// Secret returns the secret with a fingerprint; nil if there is none.
func (f *File) Secret(fingerprint string) *Secret {
	for i := range f.Secrets {
		if f.Secrets[i].Fingerprint == fingerprint {
			return &f.Secrets[i]
		}
	}
	return nil
}

func isObject(hex string) bool {
	_, err := pack.ParseID(hex)
	return err == nil && strings.Trim(hex, "0") != "" // git writes zeros for what is not there
}

// join adds what one finding knows.
func (s *Secret) join(found *scanner.Finding) {
	s.RuleID = cmp.Or(s.RuleID, found.RuleID)
	s.Title = cmp.Or(s.Title, visible.Text(found.Title), found.RuleID)
	s.Redacted = cmp.Or(s.Redacted, visible.Text(found.Secret.Redacted()))
	var first, last time.Time
	if c := found.Location.Commit; c != nil {
		first, last = c.Date, c.Date
	}
	if e := found.Exposure; e != nil {
		if !e.FirstSeen.IsZero() {
			first = e.FirstSeen
		}
		if e.LastSeen.After(last) {
			last = e.LastSeen
		}
	}
	if !first.IsZero() && (s.FirstSeen.IsZero() || first.Before(s.FirstSeen)) {
		s.FirstSeen = first.UTC()
	}
	if last.After(s.LastSeen) {
		s.LastSeen = last.UTC()
	}
	for name, value := range found.Facts {
		if value == "" {
			continue
		}
		if s.Facts == nil {
			s.Facts = map[string]string{}
		}
		if _, ok := s.Facts[visible.Text(name)]; !ok {
			s.Facts[visible.Text(name)] = visible.Text(value)
		}
	}
}

// verdict enters what a provider said of a finding.
func (f *File) verdict(s *Secret, found *scanner.Finding) {
	var at time.Time
	if found.Verification != nil {
		at = found.Verification.At
	}
	f.Heard(s, found.Verdict, at)
}

// objectOf is the git object of a finding in the repository itself; its ID is empty if there is none. What a submodule's own store
// holds is purged there.
func objectOf(found *scanner.Finding) Object {
	l := &found.Location
	if !isObject(l.Object) || l.Submodule != "" {
		return Object{}
	}
	o := Object{ID: l.Object, Type: "blob"}
	switch {
	case l.Kind == scanner.KindTagMessage: // a report describes the tag as it does a commit
		o.Type = "tag"
	case l.Kind == scanner.KindCommitMessage || l.Commit != nil && l.Commit.ID == l.Object:
		o.Type = "commit"
	case l.Kind == scanner.KindAuthor:
		o.Type = "tag"
	case l.Kind == scanner.KindFileName, l.Kind == scanner.KindRefName:
		return Object{} // a tree, or what a ref names: neither may be refused for the name alone
	}
	return o
}

// compare orders secrets for people.
func compare(a, b []*scanner.Finding) int {
	worst := func(fs []*scanner.Finding, rank func(*scanner.Finding) int) int {
		n := -1
		for _, f := range fs {
			n = max(n, rank(f))
		}
		return n
	}
	for _, rank := range []func(*scanner.Finding) int{
		func(f *scanner.Finding) int { return max(0, alarm(f.Verdict)-4) },
		func(f *scanner.Finding) int { return f.Severity.Rank() },
		func(f *scanner.Finding) int { return alarm(f.Verdict) },
		func(f *scanner.Finding) int { return f.Confidence.Rank() },
	} {
		if d := cmp.Compare(worst(b, rank), worst(a, rank)); d != 0 {
			return d
		}
	}
	return cmp.Or(firstDate(a).Compare(firstDate(b)), cmp.Compare(a[0].RuleID, b[0].RuleID), cmp.Compare(a[0].Fingerprint, b[0].Fingerprint))
}

func firstDate(fs []*scanner.Finding) time.Time {
	var s Secret
	for _, f := range fs {
		s.join(f)
	}
	return s.FirstSeen
}

// alarm orders verdicts: one that nobody asked about counts for more than one known to be dead.
func alarm(v scanner.Verdict) int {
	order := []scanner.Verdict{
		scanner.Dead, scanner.Expired, scanner.NotAsked, scanner.Uncheckable, scanner.Unknown, scanner.Restricted, scanner.Live,
	}
	return slices.Index(order, v)
}

// Numbers returns the number of each secret by its fingerprint.
func (f *File) Numbers() map[string]int {
	numbers := make(map[string]int, len(f.Secrets))
	for _, s := range f.Secrets {
		numbers[s.Fingerprint] = s.Number
	}
	return numbers
}
