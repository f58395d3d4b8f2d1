package exposure

import (
	"cmp"
	"context"
	"math/bits"
	"slices"
	"strings"

	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/scanner"
)

// kindOrder is the order in which holders are listed.
var kindOrder = []HolderKind{
	Head, Branch, RemoteTracking, Pull, Tag, Note, Stash, OtherRef, Worktree, Index, WorkFile, Submodule, GitFile, Reflog, Unreachable,
}

// pullRefs are where hosts keep proposed changes.
var pullRefs = []string{"refs/pull/", "refs/pull-requests/", "refs/merge-requests/", "refs/changes/"}

// kindOfRef sorts a ref by its full name, without what says whose worktree it is.
func kindOfRef(name string) HolderKind {
	for kind, prefix := range map[HolderKind]string{
		Branch: "refs/heads/", RemoteTracking: "refs/remotes/", Tag: "refs/tags/", Note: "refs/notes/",
	} {
		if strings.HasPrefix(name, prefix) {
			return kind
		}
	}
	switch {
	case name == "HEAD":
		return Head
	case name == "refs/stash", strings.HasSuffix(name, "AUTOSTASH"), strings.HasSuffix(name, "/autostash") && !strings.HasPrefix(name, "refs/"):
		return Stash
	case slices.ContainsFunc(pullRefs, func(p string) bool { return strings.HasPrefix(name, p) }):
		return Pull
	}
	return OtherRef
}

// ownName parts what says whose worktree a ref belongs to from its name.
func ownName(name string) (prefix, own string) {
	if rest, ok := strings.CutPrefix(name, "main-worktree/"); ok {
		return "main-worktree/", rest
	}
	if rest, ok := strings.CutPrefix(name, "worktrees/"); ok {
		if tree, own, ok := strings.Cut(rest, "/"); ok {
			return "worktrees/" + tree + "/", own
		}
	}
	return "", name
}

// holderOf makes a holder of a tip; false for one that is listed under another name.
func (s *survey) holderOf(t *repo.Tip, tops map[string]string) (Holder, bool) {
	h := Holder{Name: s.text(t.Name)}
	if last := t.Objects[len(t.Objects)-1]; s.graph.Has(last) {
		h.Commit = last.String()
	}
	if t.Ref == nil && t.Log == nil {
		h.Kind, h.Name = Unreachable, h.Commit
		return h, true
	}
	if t.Log != nil {
		h.Kind = Reflog
		if _, own := ownName(t.Log.Ref); own == "refs/stash" {
			// The newest entry is the ref itself.
			h.Kind = Stash
			return h, t.Before || t.Ref == nil || t.Ref.ID != t.Log.New || !strings.HasSuffix(t.Name, "@{0}")
		}
		return h, true
	}
	prefix, own := ownName(t.Name)
	h.Kind = kindOfRef(own)
	if prefix != "" && own == "HEAD" {
		h.Kind = Worktree
		if top := tops[prefix]; top != "" {
			h.Name = s.text(top)
		}
	}
	return h, true
}

// reach finds what leads to each secret, and when it was pushed.
func (s *survey) reach(ctx context.Context) error {
	tops := map[string]string{}
	for _, w := range s.repo.Worktrees() {
		tops[w.Prefix] = w.Path
	}
	holders := make([]Holder, len(s.tips))
	listed := make([]bool, len(s.tips))
	for i := range s.tips {
		holders[i], listed[i] = s.holderOf(&s.tips[i], tops)
	}
	most := s.most()
	s.findPushed()
	s.direct(holders, listed, most)
	sets := make([][]pack.ID, len(s.subjects))
	for i, sub := range s.subjects {
		sets[i] = sub.commits
	}
	err := s.graph.Descents(ctx, sets, func(d *repo.Descents) error {
		for i := range s.tips {
			t := &s.tips[i]
			for mask := d.Of(t.Objects[len(t.Objects)-1]); mask != 0; mask &= mask - 1 {
				sub := s.subjects[d.First+bits.TrailingZeros64(mask)]
				if listed[i] {
					sub.add(holders[i], most)
				}
			}
		}
		s.logged(d)
		s.remoteRefs(d)
		for i, count := range d.Counts {
			sub := s.subjects[d.First+i]
			sub.Commits = count
			s.firstAndLast(d, d.First+i, sub)
		}
		return ctx.Err()
	})
	for _, sub := range s.subjects {
		s.throughTrees(sub)
	}
	return err
}

// direct adds the tips that lead to a secret without a commit: to a tag with it in its text, or to a blob.
func (s *survey) direct(holders []Holder, listed []bool, most int) {
	led := map[pack.ID]bool{} // tags
	for i := range s.tips {
		for _, id := range s.tips[i].Objects {
			if len(s.byTag[id]) > 0 {
				led[id] = true
			}
			if !listed[i] {
				continue
			}
			for _, n := range slices.Concat(s.byTag[id], s.byBlob[id]) {
				sub := s.subjects[n]
				sub.add(holders[i], most)
				if t := &s.tips[i]; t.Log == nil && t.Ref != nil && s.isPushed(t.Name) {
					sub.there = true
					sub.guess(t.Name, "")
				}
			}
		}
	}
	for id, subjects := range s.byTag {
		for _, n := range subjects {
			if !led[id] {
				s.subjects[n].add(Holder{Unreachable, id.String(), ""}, most)
			}
		}
	}
}

// maxCandidates bounds the commits of one second that are looked into, to tell which was the last with a secret.
const maxCandidates = 64

// firstAndLast finds the first commit that brought the secret, and the newest that has it.
func (s *survey) firstAndLast(d *repo.Descents, set int, sub *subject) {
	if len(sub.commits) == 0 {
		return
	}
	first := slices.MinFunc(sub.commits, s.byDate)
	sub.First = s.describe(first)
	newest := slices.MaxFunc(sub.commits, s.byDate)
	if !sub.last.IsZero() {
		var candidates []pack.ID
		d.Dated(set, sub.last.Unix(), func(id pack.ID) {
			if len(candidates) < maxCandidates {
				candidates = append(candidates, id)
			}
		})
		slices.SortFunc(candidates, pack.ID.Compare)
		if i := slices.IndexFunc(candidates, func(id pack.ID) bool { return s.holds(sub, id) }); i >= 0 {
			newest = candidates[i]
		}
	}
	sub.Last = s.describe(newest)
}

// byDate compares commits by the committer's date; those without one come last.
func (s *survey) byDate(a, b pack.ID) int {
	dateA, okA := s.graph.Date(a)
	dateB, okB := s.graph.Date(b)
	switch {
	case okA != okB && okA:
		return -1
	case okA != okB:
		return 1
	}
	return cmp.Or(cmp.Compare(dateA, dateB), a.Compare(b))
}

// holds reports whether a commit has the secret: in its text, or at a path that the report names.
func (s *survey) holds(sub *subject, commit pack.ID) bool {
	for _, f := range sub.findings {
		l := &f.Location
		switch {
		case l.Submodule != "" || f.Exposure == nil || !f.Exposure.LastSeen.Equal(sub.last):
			continue
		case l.Object == commit.String():
			return true
		case l.Kind == scanner.KindCommitMessage || l.Kind == scanner.KindAuthor:
			continue
		}
		file, err := s.repo.FileAt(commit, l.Path)
		if err != nil {
			continue
		}
		if _, found := slices.BinarySearchFunc(sub.blobs, file.ID, pack.ID.Compare); found || l.Kind == scanner.KindFileName {
			return true
		}
	}
	return false
}

// list puts holders in order, and the objects.
func (s *survey) list(sub *subject) {
	slices.SortStableFunc(sub.Holders, func(a, b Holder) int {
		return cmp.Or(cmp.Compare(slices.Index(kindOrder, a.Kind), slices.Index(kindOrder, b.Kind)), compareNames(a.Name, b.Name))
	})
	sub.Objects = sub.objects()
	for kind, n := range sub.Counts {
		if n > s.most() {
			s.say("of the holders of the kind " + string(kind) + " not all are listed for each secret; holder_counts has their number")
		}
	}
}

// compareNames sorts "x@{2}" before "x@{10}".
func compareNames(a, b string) int {
	baseA, _, _ := strings.Cut(a, "@{")
	baseB, _, _ := strings.Cut(b, "@{")
	return cmp.Or(strings.Compare(baseA, baseB), cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}
