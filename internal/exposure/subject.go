package exposure

import (
	"slices"
	"strings"
	"time"

	"github.com/skant-dev/skant/internal/incident"
	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/scanner"
)

// subject is one secret while its exposure is worked out.
type subject struct {
	Secret
	findings []*scanner.Finding
	// blobs and tags hold it; commits hold it in their text or brought it. All are of the repository's own store, and sorted.
	blobs, tags, commits []pack.ID
	// last is the newest committer's date of a commit with it that the report knows.
	last time.Time
	// seen are the holders that were added, by kind and name; those that are listed are in Secret.
	seen   map[string]bool
	pushes []push
	// guessed is a ref with it of which no push is on record; guessedOf is the remote whose ref it is, empty for one of the clone.
	guessed, guessedOf string
	// gone are the times at which a pushed ref stopped leading to it; there says that one still does.
	gone  []push
	there bool
}

// gather makes a subject of each secret of the report that counts.
func (s *survey) gather(rep *scanner.Report) {
	byPrint := map[string]*subject{}
	s.commits = map[string]*scanner.Commit{}
	for _, secret := range incident.New(rep, s.now).Secrets {
		sub := &subject{seen: map[string]bool{}}
		sub.Number, sub.Fingerprint, sub.Holders = secret.Number, secret.Fingerprint, []Holder{}
		byPrint[secret.Fingerprint] = sub
		s.subjects = append(s.subjects, sub)
	}
	for i := range rep.Findings {
		f := &rep.Findings[i]
		sub := byPrint[f.Fingerprint]
		if sub == nil {
			continue
		}
		sub.findings = append(sub.findings, f)
		if f.Location.Submodule != "" {
			continue
		}
		if c := f.Location.Commit; c != nil {
			s.commits[c.ID] = c
		}
		if f.Exposure != nil {
			for n := range f.Exposure.Removed {
				s.commits[f.Exposure.Removed[n].ID] = &f.Exposure.Removed[n]
			}
		}
	}
}

// settle finds out which objects hold the secrets, now that the commits are known.
func (s *survey) settle() {
	s.byBlob, s.byTag = map[pack.ID][]int{}, map[pack.ID][]int{}
	for i, sub := range s.subjects {
		for _, f := range sub.findings {
			s.enter(sub, f)
		}
		for _, ids := range []*[]pack.ID{&sub.blobs, &sub.tags, &sub.commits} {
			slices.SortFunc(*ids, pack.ID.Compare)
			*ids = slices.Compact(*ids)
		}
		for _, id := range sub.blobs {
			s.byBlob[id] = append(s.byBlob[id], i)
		}
		for _, id := range sub.tags {
			s.byTag[id] = append(s.byTag[id], i)
		}
	}
}

// enter takes from one finding what needs no graph to be searched.
func (s *survey) enter(sub *subject, f *scanner.Finding) {
	l, e := &f.Location, f.Exposure
	if e != nil {
		sub.InHead = sub.InHead || e.InHead
	}
	if l.Submodule != "" {
		sub.add(Holder{Submodule, l.Submodule, commitID(l.Commit)}, maxHoldersOfKind)
		s.say("what reaches a secret in the submodule " + l.Submodule + " is not listed: run `skant recover` in it")
		return
	}
	if id, err := pack.ParseID(l.Object); err == nil && l.Kind != scanner.KindFileName && l.Kind != scanner.KindRefName {
		s.object(sub, id)
	}
	if l.Commit != nil {
		if id, err := pack.ParseID(l.Commit.ID); err == nil && s.graph.Has(id) {
			sub.commits = append(sub.commits, id)
		}
	}
	if e != nil {
		for _, hex := range e.Objects {
			if id, err := pack.ParseID(hex); err == nil {
				sub.blobs = append(sub.blobs, id)
			}
		}
		if e.LastSeen.After(sub.last) {
			sub.last = e.LastSeen
		}
	}
	s.placeOf(sub, f)
}

// object enters the object that a finding is in, by its type.
func (s *survey) object(sub *subject, id pack.ID) {
	if s.graph.Has(id) {
		sub.commits = append(sub.commits, id)
		return
	}
	store, err := s.repo.Objects()
	if err != nil {
		s.gap("objects", "", err)
		return
	}
	kind, _, err := store.Stat(id)
	switch {
	case err != nil:
		s.gap("objects", id.String(), err)
	case kind == pack.Tag:
		sub.tags = append(sub.tags, id)
	case kind == pack.Blob:
		sub.blobs = append(sub.blobs, id)
	}
}

// placeOf adds holders that are no tips of the history.
func (s *survey) placeOf(sub *subject, f *scanner.Finding) {
	l := &f.Location
	most := s.most()
	switch {
	case strings.HasPrefix(l.Path, ".git/") && l.Object == "":
		sub.add(Holder{GitFile, l.Path, ""}, most)
	case l.Kind == scanner.KindFile:
		sub.add(Holder{WorkFile, l.Path, ""}, most)
	case l.Kind == scanner.KindStaged:
		sub.add(Holder{Index, l.Path, ""}, most)
	case l.Kind == scanner.KindRefName:
		s.named(sub, l.Object, most)
	case l.Kind == scanner.KindUnreachable && l.Commit == nil && l.Object != "":
		sub.add(Holder{Unreachable, l.Object, ""}, most)
	}
}

// named adds the refs that lead to an object and whose own names hold a secret.
func (s *survey) named(sub *subject, object string, most int) {
	for i := range s.tips {
		t := &s.tips[i]
		if t.Log == nil && t.Ref != nil && t.Ref.ID.String() == object && s.text(t.Name) != oneLine(t.Name) {
			_, own := ownName(t.Name)
			sub.add(Holder{kindOfRef(own), s.text(t.Name), ""}, most)
		}
	}
}

// throughTrees adds the refs that lead to a tree with the secret, without a commit: the report has their names.
func (s *survey) throughTrees(sub *subject) {
	for _, f := range sub.findings {
		if f.Location.Commit != nil || f.Exposure == nil || f.Location.Submodule != "" {
			continue
		}
		for _, name := range f.Exposure.Refs {
			_, own := ownName(name)
			sub.add(Holder{kindOfRef(own), name, ""}, s.most())
			if s.isPushed(name) {
				sub.there = true
				sub.guess(name, "")
			}
		}
		if f.Exposure.RefCount > len(f.Exposure.Refs) {
			s.say("not all of the refs are listed that lead to the object " + f.Location.Object)
		}
	}
}

// add lists a holder unless it is listed, or most of its kind are, and counts it.
func (sub *subject) add(h Holder, most int) {
	key := string(h.Kind) + " " + h.Name
	if sub.seen[key] {
		return
	}
	sub.seen[key] = true
	if sub.Counts == nil {
		sub.Counts = map[HolderKind]int{}
	}
	sub.Counts[h.Kind]++
	if sub.Counts[h.Kind] <= most {
		sub.Holders = append(sub.Holders, h)
	}
}

// most is how many holders of a kind are listed for each secret.
func (s *survey) most() int {
	return max(minHoldersOfKind, min(maxHoldersOfKind, maxHoldersInAll/max(1, len(s.subjects))/4))
}

func commitID(c *scanner.Commit) string {
	if c == nil {
		return ""
	}
	return c.ID
}
