package exposure

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"slices"

	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/internal/visible"
)

// maxAskedObjects bounds the objects that a remote is asked for.
const maxAskedObjects = 512

// asked is what a remote answered.
type asked struct {
	remote  repo.Remote
	problem string
	refs    []repo.RemoteRef
	served  map[pack.ID]repo.Served
	why     map[pack.ID]string
}

// ask asks every remote for its refs, and for objects that hold the secrets.
func (s *survey) ask(ctx context.Context) {
	remotes, err := s.repo.Remotes(ctx, s.opt.Env)
	if err != nil {
		s.note("remotes", "", err.Error())
	}
	if len(remotes) == 0 && err == nil {
		s.say("the clone has no remote that could be asked")
	}
	ids := s.wanted()
	var known []*repo.Asker
	for _, remote := range remotes {
		a := &asked{remote: remote}
		asker, err := repo.NewAsker(ctx, s.repo, remote, repo.AskOptions{Env: s.opt.Env, Timeout: s.opt.Timeout})
		if err == nil && slices.ContainsFunc(known, asker.Same) {
			if err := asker.Close(); err != nil {
				s.note("remotes", remote.Name, err.Error())
			}
			continue
		}
		if err == nil {
			known = append(known, asker)
			err = a.answer(ctx, s, asker, ids)
		}
		if err != nil {
			a.problem = oneLine(s.opt.Scrub(err.Error()))
			s.note("remotes", remote.Name, a.problem)
		}
		s.remotes = append(s.remotes, a)
	}
}

// wanted are the objects to ask for: one of each secret, then a second one, and so on. Content comes before commits.
func (s *survey) wanted() []pack.ID {
	var ids []pack.ID
	chosen := map[pack.ID]bool{}
	for n, more := 0, true; more && len(ids) < maxAskedObjects; n++ {
		more = false
		for _, sub := range s.subjects {
			if all := sub.held(); n < len(all) {
				more = true
				if !chosen[all[n]] && len(ids) < maxAskedObjects {
					chosen[all[n]] = true
					ids = append(ids, all[n])
				}
			}
		}
	}
	return ids
}

func (sub *subject) held() []pack.ID { return slices.Concat(sub.blobs, sub.tags, sub.commits) }

// answer asks, and closes the asker.
func (a *asked) answer(ctx context.Context, s *survey, asker *repo.Asker, ids []pack.ID) (err error) {
	defer func() { err = errors.Join(err, asker.Close()) }()
	if a.refs, err = asker.Refs(ctx); err != nil {
		return err
	}
	a.served, a.why = asker.Serve(ctx, ids)
	s.unknownRefs(a)
	return nil
}

// unknownRefs says how many refs of a remote lead to what this clone does not have.
func (s *survey) unknownRefs(a *asked) {
	store, err := s.repo.Objects()
	if err != nil {
		s.gap("objects", "", err)
		return
	}
	unknown := 0
	for _, ref := range a.refs {
		if !store.Has(ref.ID) {
			unknown++
		}
	}
	if unknown == 0 {
		return
	}
	how := "fetch them"
	if name := a.remote.Name; visible.PlainWord(name) && name[0] != '-' { // anything else does not belong into a command
		how = fmt.Sprintf("fetch them (`git fetch %s 'refs/*:refs/skant/%s/*'`)", name, name)
	}
	s.say(fmt.Sprintf("the remote %s has %d refs whose objects this clone does not have, so that it cannot be told whether they reach a "+
		"secret: %s and scan again", a.remote.Name, unknown, how))
}

// remoteRefs fills in what each remote has of the secrets of a batch.
func (s *survey) remoteRefs(d *repo.Descents) {
	for _, a := range s.remotes {
		for i := range d.Counts {
			sub := s.subjects[d.First+i]
			sub.Remotes = append(sub.Remotes, s.copyOf(a, sub))
		}
		for _, ref := range a.refs {
			mask := d.Of(ref.ID)
			for _, n := range slices.Concat(s.byTag[ref.ID], s.byBlob[ref.ID]) {
				if n >= d.First && n < d.First+len(d.Counts) {
					mask |= 1 << (n - d.First)
				}
			}
			for ; mask != 0; mask &= mask - 1 {
				sub := s.subjects[d.First+bits.TrailingZeros64(mask)]
				copied := &sub.Remotes[len(sub.Remotes)-1]
				name := s.text(ref.Name)
				if n := len(copied.Refs); n < s.most() && (n == 0 || copied.Refs[n-1] != name) {
					copied.Refs = append(copied.Refs, name)
				}
				if !sub.there {
					sub.there = true
					sub.guess(ref.Name, a.remote.Name)
				}
			}
		}
	}
}

// copyOf says whether a remote still gives out what holds a secret.
func (s *survey) copyOf(a *asked, sub *subject) RemoteCopy {
	out := RemoteCopy{Name: s.text(a.remote.Name), Address: s.text(a.remote.Address), Serves: string(repo.ServedUnknown)}
	if a.problem != "" {
		out.How = "it could not be asked: " + a.problem
		return out
	}
	all, said := sub.held(), 0
	for _, id := range all {
		switch a.served[id] {
		case repo.ServedYes:
			out.Serves, out.How = string(repo.ServedYes), "it gave out the object "+id.String()+" for its id"
			return out
		case repo.ServedNo:
			said++
		}
	}
	switch {
	case len(all) == 0:
		out.How = "no object of this clone holds it that could be asked for"
	case said == len(all):
		out.Serves, out.How = string(repo.ServedNo), fmt.Sprintf("asked for all of the %d objects that hold it or brought it, it says that it has none", len(all))
	default:
		out.How = fmt.Sprintf("it says of %d of %d objects that it does not have them", said, len(all))
		for _, id := range all {
			if why := a.why[id]; why != "" {
				out.How += "; of others: " + oneLine(s.opt.Scrub(why))
				break
			}
		}
	}
	return out
}
