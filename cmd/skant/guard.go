package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/skant-dev/skant/internal/incident"
	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/internal/source"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// guard is what may not come back into a repository.
type guard struct {
	source.Guard
	list *incident.Purged
	// off searches with the rules of what was purged that are switched off; nil if none is.
	off *scanner.Scanner
	// unread says which lists are not in this partial clone, and how to get them: what they keep away is not known.
	unread []string
	// tips of repo are looked at, in addition to what the source brings.
	repo *repo.Repository
	tips []pack.ID
}

// reach looks for purged commits in what the tips lead to. If time runs out, the search that follows says so.
func (g *guard) reach(ctx context.Context, rec *scanner.Recorder) error {
	for _, why := range g.unread {
		rec.Unread("policy files", why, incident.PolicyName)
	}
	err := g.Reach(ctx, rec, g.repo, g.tips)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// everything has all that the refs of a repository lead to looked at.
func (g *guard) everything(r *repo.Repository) error {
	refs, err := r.Refs()
	if err != nil {
		return &incompleteError{err}
	}
	g.repo = r
	for i := range refs {
		if tip, err := r.PushTip(refs[i].ID); err == nil && tip.Type == pack.Commit { // what cannot be read is told by the search
			g.tips = append(g.tips, tip.ID)
		}
	}
	return nil
}

// useGuard reads the lists that hold for a repository: that of the clone itself, which nobody can push to, that of the policy, and
// those of the commits that the change is compared with. A list can only add, so that it holds with --no-config, too.
func (a *app) useGuard(p *prepared, r *repo.Repository, bases []pack.ID) error {
	g := &p.guard
	list, err := incident.ReadLocal(r.CommonDir())
	if err != nil {
		return withHint(err, hintPurgedLocal)
	}
	own, err := readPurged(p.policy)
	if err != nil {
		return err
	}
	list = joined(list, own)
	all, err := basePolicies(r, bases)
	if err != nil { // a partial clone without trees; most repositories were never purged
		a.say(msgGuardNoTree, a.scrub(lines(err.Error())))
	}
	for _, policy := range all {
		more, err := readPurged(policy)
		switch {
		case errors.Is(err, pack.ErrNotFound):
			g.unread = append(g.unread, fmt.Sprintf(msgGuardUnread, strings.TrimPrefix(policy.origin, "commit ")))
		case err != nil: // it may be what the change is about to mend
			a.say(msgGuardBase, a.scrub(lines(err.Error())))
		}
		list = joined(list, more)
	}
	if list.Empty() {
		return nil
	}
	g.list = list
	g.Refuse, g.Objects = list.ObjectID, list.Objects
	return g.arm(p)
}

func joined(a, b *incident.Purged) *incident.Purged {
	if a == nil {
		return b
	}
	a.Join(b)
	return a
}

// readPurged reads the list of a policy; nil if there is none.
func readPurged(policy policyFiles) (*incident.Purged, error) {
	if policy.read == nil || policy.lost != nil {
		return nil, nil //nolint:nilnil // no list is the usual case, and an empty one
	}
	data, err := policy.read(incident.PolicyName)
	var large *pack.TooLargeError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil //nolint:nilnil // see above
	case errors.Is(err, pack.ErrNotFound):
		return nil, &incompleteError{err}
	case errors.As(err, &large):
		return nil, withHint(fmt.Errorf("read %s: it has more than %d MiB", incident.PolicyName, maxPolicyFile>>20), hintPurged)
	case err != nil:
		return nil, withHint(err, hintPurged)
	}
	name := incident.PolicyName
	if policy.origin != "" {
		name += " of " + policy.origin
	}
	list, err := incident.ReadPurged(bytes.NewReader(data), name)
	if err != nil {
		return nil, withHint(err, hintPurged)
	}
	return list, nil
}

// arm makes a scanner of the rules that are switched off and that find what was purged: switching one off is no way to
// bring it back.
func (g *guard) arm(p *prepared) error {
	if p.flags.off == nil {
		return nil
	}
	wanted := g.list.Rules()
	set := p.flags.off().Filter(func(r *rules.Rule) bool { return slices.Contains(wanted, r.ID) })
	if set.Len() == 0 {
		return nil
	}
	opt := p.options
	opt.Further, opt.Found = nil, nil
	opt.Veil = func() *rules.Set { return p.set }
	var err error
	g.off, err = scanner.New(set, opt)
	return err
}

// secret reports whether a secret was purged. It is asked by the engine, which is made before the lists are read.
func (g *guard) secret(fingerprint string) bool { return g.list.Secret(fingerprint) }

// again searches for what was purged with rules that are switched off, and adds it to a result.
func (g *guard) again(ctx context.Context, src scanner.Source, res *scanner.Result) error {
	if g.off == nil {
		return nil
	}
	more, err := g.off.Scan(ctx, src, &scanner.Recorder{})
	if err != nil {
		return err
	}
	for i := range more.Findings {
		if more.Findings[i].Purged {
			res.Findings = append(res.Findings, more.Findings[i])
		}
	}
	if res.Coverage.Complete && !more.Coverage.Complete {
		res.Coverage.Complete, res.Coverage.Skipped = false, append(res.Coverage.Skipped, more.Coverage.Skipped...)
	}
	return nil
}

// basePolicies are those of commits that are here: a clone that has fetched a cleaned history, and not merged it, knows by that what
// was purged. The error is for the first commit of which it cannot be told whether it has a list.
func basePolicies(r *repo.Repository, bases []pack.ID) (all []policyFiles, first error) {
	met := map[pack.ID]bool{}
	for _, id := range bases {
		if len(all) == maxBasePolicies {
			break
		}
		if met[id] || id.IsZero() {
			continue
		}
		met[id] = true
		tip, err := r.PushTip(id)
		if err != nil || tip.Type != pack.Commit {
			continue
		}
		list, err := r.FileAt(tip.ID, incident.PolicyName)
		switch {
		case err == nil && !met[list.ID]:
			met[list.ID] = true
			all = append(all, commitPolicy(r, tip.ID))
		case err != nil && !errors.Is(err, fs.ErrNotExist) && first == nil:
			first = err
		}
	}
	return all, first
}

// fetched are the commits that remote-tracking refs are at, the default branches first: where the list of a cleaned history is if
// this clone has it, also for a push to a ref that is new. Of which remote does not matter, for a list can only add.
func fetched(r *repo.Repository) ([]pack.ID, error) {
	refs, err := r.Refs()
	if err != nil {
		return nil, &incompleteError{fmt.Errorf("read the refs: %w", err)}
	}
	var first, rest []pack.ID
	for i := range refs {
		switch name := refs[i].Name; {
		case !strings.HasPrefix(name, "refs/remotes/"):
		case slices.Contains([]string{"HEAD", "main", "master"}, path.Base(name)):
			first = append(first, refs[i].ID)
		default:
			rest = append(rest, refs[i].ID)
		}
	}
	all := append(first, rest...)
	return all[:min(len(all), maxFetched)], nil
}

// maxBasePolicies bounds the different lists that are read, and maxFetched the commits in which one is looked for.
const (
	maxBasePolicies = 8
	maxFetched      = 32
)
