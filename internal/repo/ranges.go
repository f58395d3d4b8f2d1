package repo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/skant-dev/skant/internal/pack"
)

// RangeError says that a range of commits makes no sense here. Its text names the remedy.
type RangeError struct {
	Spec   string
	Reason string
	Remedy string
	// Err is why, if one of the two revisions could not be resolved; it is a [*RevisionError] then.
	Err error
}

func (e *RangeError) Error() string {
	text := fmt.Sprintf("range %q: %s", e.Spec, e.Reason)
	if e.Err != nil {
		text = fmt.Sprintf("range %q: %v", e.Spec, e.Err)
	}
	if e.Remedy != "" {
		text += "; " + e.Remedy
	}
	return text
}

// Unwrap returns why a revision could not be resolved.
func (e *RangeError) Unwrap() error { return e.Err }

// Range is the commits that can be reached from one of some tips and from none of some bases.
type Range struct {
	Bases, Tips []pack.ID
	// Commits are in an order that depends on nothing but them: parents before children, older ones first.
	Commits []pack.ID
	// Problems are commits that could not be read, and places where the clone ends before the range does.
	Problems []Problem

	repo   *Repository
	recent treeCache
	total  atomic.Int64
	// cut has the commits with a parent that is not here.
	cut map[pack.ID]Problem
}

// RangeSpec says which commits belong to a [Range]: what the tips lead to and the bases do not. Without a base that is the
// whole history of the tips; without a tip it is nothing. All of them are commits.
type RangeSpec struct {
	Bases, Tips []pack.ID
	// needCommon is that of "A...B": the ends must have a common ancestor.
	needCommon bool
	text       string
}

// ParseRange reads BASE..HEAD, BASE.. (up to HEAD) or BASE...HEAD (from where the two parted; an error where they have
// no common history). The error is a [*RangeError]. An empty BASE is refused, although git takes it for HEAD: it is
// what a script with an empty variable asks for, and would always be clean.
func (r *Repository) ParseRange(spec string) (RangeSpec, error) {
	const remedy = "write BASE..HEAD, for example origin/main..HEAD"
	left, right, found := strings.Cut(spec, "..")
	if !found {
		return RangeSpec{}, &RangeError{Spec: spec, Reason: "it is no range of two revisions", Remedy: remedy}
	}
	right, three := strings.CutPrefix(right, ".")
	if left == "" {
		return RangeSpec{}, &RangeError{Spec: spec, Reason: "it has no base", Remedy: remedy}
	}
	if strings.Contains(right, "..") || strings.HasPrefix(right, ".") {
		return RangeSpec{}, &RangeError{Spec: spec, Reason: "it has more than two ends", Remedy: remedy}
	}
	if right == "" {
		right = "HEAD"
	}
	if strings.Trim(left, "0") == "" && len(left) >= 40 {
		return RangeSpec{}, &RangeError{
			Spec: spec, Reason: "its base is the zero id, which stands for a branch that did not exist before",
			Remedy: "name the branch that it was started from, for example origin/main..HEAD",
		}
	}
	base, err := r.Resolve(left)
	if err != nil {
		return RangeSpec{}, &RangeError{Spec: spec, Err: err}
	}
	tip, err := r.Resolve(right)
	if err != nil {
		return RangeSpec{}, &RangeError{Spec: spec, Err: err}
	}
	return RangeSpec{Bases: []pack.ID{base}, Tips: []pack.ID{tip}, needCommon: three, text: spec}, nil
}

// Range walks from the tips to where the history of the bases starts. Commits are judged by their real parents alone: neither
// replace refs nor grafts, with which a repository could hide some, are followed. Where dates lie, a few commits that
// the base has too may be part of it; none is ever missing.
func (r *Repository) Range(ctx context.Context, spec RangeSpec) (*Range, error) {
	w := newRangeWalk(r)
	common, err := w.run(ctx, spec)
	if err != nil {
		return nil, err
	}
	if spec.needCommon && !common {
		remedy := "compare them with two dots, BASE..HEAD"
		if w.incomplete() {
			remedy = "fetch more history with `git fetch --unshallow` (in GitHub Actions: fetch-depth: 0)"
		}
		return nil, &RangeError{Spec: spec.text, Reason: "the two have no common ancestor in this clone", Remedy: remedy}
	}
	g := &Range{Bases: spec.Bases, Tips: spec.Tips, Commits: w.ordered(), repo: r, cut: w.cut}
	for _, id := range g.Commits {
		if problem, ok := w.cut[id]; ok {
			g.Problems = append(g.Problems, problem)
		}
	}
	return g, nil
}

// Changes returns what a commit of the range changes compared with all its parents: for a merge, only what differs from each of
// them. A commit with a parent that is not here is compared with the bases of the range, too; without any, all that it has is new.
// Calls may overlap.
func (g *Range) Changes(ctx context.Context, id pack.ID) (*ChangeSet, error) {
	c, err := g.repo.Commit(id)
	if err != nil {
		return nil, err
	}
	var problems []Problem
	var trees []pack.ID
	for _, parent := range c.Parents {
		p, err := g.repo.Commit(parent)
		if err == nil {
			trees = append(trees, p.Tree)
		} else if _, told := g.cut[id]; !told {
			problems = append(problems, Problem{"commits", g.repo.Explain(err), parent.String()})
		}
	}
	for i := 0; len(trees) < len(c.Parents) && i < min(len(g.Bases), maxStandIns); i++ {
		base, err := g.repo.Commit(g.Bases[i])
		if err != nil {
			return nil, err
		}
		if !slices.Contains(trees, base.Tree) {
			trees = append(trees, base.Tree)
		}
	}
	set := g.repo.newChangeSet(len(trees))
	d := differ{ctx: ctx, set: set, recent: &g.recent, total: &g.total}
	if err := set.finish(ctx, d.tree("", c.Tree, trees, 0)); err != nil {
		return nil, err
	}
	set.Commit = c
	set.Problems = append(problems, set.Problems...)
	return set, nil
}

// maxStandIns bounds how many bases stand in for parents that are not here: each is compared with.
const maxStandIns = 4

// finish drops files that only moved, and turns a bound that was hit into a problem.
func (s *ChangeSet) finish(ctx context.Context, err error) error {
	if errors.Is(err, errTooMuch) {
		s.Problems = append(s.Problems, Problem{What: "changes", Reason: err.Error()})
		err = nil
	}
	if err != nil {
		return err
	}
	return s.dropMoves(ctx)
}
