package exposure

import (
	"math/bits"
	"slices"
	"strings"
	"time"

	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/internal/repo"
)

// push is a sign that a ref of a remote held a secret, or ceased to.
type push struct {
	at  time.Time
	ref string
	how string
	// exact says that at is the time of the push itself, logged that a reflog has it.
	exact, logged bool
}

// isPushed reports whether what a ref leads to was on a remote, at the latest when the ref was written. What a bare repository
// has was pushed to it, or fetched.
func (s *survey) isPushed(name string) bool {
	prefix, own := ownName(name)
	switch kindOfRef(own) {
	case RemoteTracking, Pull:
		return true
	}
	return own == "FETCH_HEAD" || s.repo.Bare() && prefix == "" && strings.HasPrefix(own, "refs/")
}

// findPushed finds out which commits were pushed, as far as refs, reflogs and remotes tell.
func (s *survey) findPushed() {
	var tips []pack.ID
	for i := range s.tips {
		t := &s.tips[i]
		name := t.Name
		if t.Log != nil {
			name = t.Log.Ref
		}
		if (t.Log != nil || t.Ref != nil) && s.isPushed(name) {
			tips = append(tips, t.Objects[len(t.Objects)-1])
		}
	}
	for _, a := range s.remotes {
		for _, ref := range a.refs {
			tips = append(tips, ref.ID)
		}
	}
	s.pushed = s.graph.Ancestors(tips)
}

// firstPushed is the oldest committer's date of the commits that brought the secret and were pushed; for what no commit holds,
// the date that the report has.
func (s *survey) firstPushed(sub *subject) time.Time {
	var first time.Time
	earlier := func(t time.Time) {
		if !t.IsZero() && !t.After(s.now) && (first.IsZero() || t.Before(first)) {
			first = t.UTC()
		}
	}
	for _, id := range sub.commits {
		if s.pushed(id) {
			earlier(s.date(id))
		}
	}
	if !first.IsZero() {
		return first
	}
	for _, f := range sub.findings {
		if f.Location.Submodule != "" || len(sub.commits) > 0 && f.Location.Object == "" {
			continue
		}
		if f.Exposure != nil {
			earlier(f.Exposure.FirstSeen)
		}
		if f.Location.Commit != nil {
			earlier(f.Location.Commit.Date)
		}
	}
	return first
}

// guess notes a ref of which nobody knows when it got the secret. Of several the first by name is told.
func (sub *subject) guess(ref, remote string) {
	if sub.guessed == "" || sub.guessedOf != "" && remote == "" || ref < sub.guessed && (remote == "" || sub.guessedOf != "") {
		sub.guessed, sub.guessedOf = ref, remote
	}
}

const estimated = "an estimate: the date of the first commit with it that was pushed. "

// estimate is the sign that the noted ref is.
func (s *survey) estimate(sub *subject) push {
	p := push{at: s.firstPushed(sub), ref: sub.guessed, how: estimated}
	if sub.guessedOf != "" {
		p.how += "The remote " + s.text(sub.guessedOf) + " has it in " + s.text(sub.guessed)
	} else {
		p.how += s.text(sub.guessed) + " has it, and no push of it is on record"
	}
	return p
}

// logged reads in reflogs when refs of remotes got the secrets of a batch, and when they let go of them.
func (s *survey) logged(d *repo.Descents) {
	of := map[string]uint64{} // what was in the log of each ref
	each := func(mask uint64, do func(sub *subject, bit int)) {
		for ; mask != 0; mask &= mask - 1 {
			bit := bits.TrailingZeros64(mask)
			do(s.subjects[d.First+bit], bit)
		}
	}
	for i := range s.tips {
		t := &s.tips[i]
		if t.Log == nil || !s.isPushed(t.Log.Ref) {
			continue
		}
		e := t.Log
		has := d.Of(t.Objects[len(t.Objects)-1])
		if t.Before {
			each(has, func(sub *subject, _ int) { sub.guess(e.Ref, "") })
			of[e.Ref] |= has
			continue
		}
		had := d.Of(e.Old)
		each(has&^of[e.Ref], func(sub *subject, bit int) {
			before := had>>bit&1 != 0
			if before || !e.Old.IsZero() && !s.graph.Has(e.Old) {
				sub.guess(e.Ref, "") // older entries are gone
			}
			if !before {
				sub.pushes = append(sub.pushes, s.fromLog(e))
			}
		})
		each(had&^has, func(sub *subject, _ int) {
			sub.gone = append(sub.gone, push{at: e.Who.When.UTC(), ref: e.Ref})
		})
		of[e.Ref] |= has
	}
	tracked := map[pack.ID]bool{} // what is fetched stands in FETCH_HEAD, too
	for i := range s.tips {
		if t := &s.tips[i]; t.Log == nil && t.Ref != nil && kindOfRef(t.Name) == RemoteTracking {
			tracked[t.Ref.ID] = true
		}
	}
	for i := range s.tips {
		t := &s.tips[i]
		if t.Log != nil || t.Ref == nil || !s.isPushed(t.Name) {
			continue
		}
		has := d.Of(t.Objects[len(t.Objects)-1])
		each(has, func(sub *subject, _ int) { sub.there = true })
		if t.Ref.Symbolic == "" && !(strings.HasSuffix(t.Name, "FETCH_HEAD") && tracked[t.Ref.ID]) {
			each(has&^of[t.Name], func(sub *subject, _ int) { sub.guess(t.Name, "") })
		}
	}
}

// fromLog is the sign that an entry of a reflog is.
func (s *survey) fromLog(e *repo.LogEntry) push {
	p := push{at: e.Who.When.UTC(), ref: e.Ref, logged: true}
	switch {
	case e.Message == "update by push":
		p.exact, p.how = true, "the reflog of "+s.text(e.Ref)+" has the push from this clone"
	case s.repo.Bare() && strings.HasPrefix(e.Message, "push"):
		p.exact, p.how = true, "the reflog of "+s.text(e.Ref)+" has the push"
	default:
		p.how = "fetched then, as the reflog of " + s.text(e.Ref) + " says: it was pushed at that time or before"
	}
	return p
}

// window fills in since when and until when others could read the secret.
func (s *survey) window(sub *subject) {
	if sub.guessed != "" {
		sub.pushes = append(sub.pushes, s.estimate(sub))
	}
	for i := range sub.pushes {
		if p := &sub.pushes[i]; p.at.After(s.now) { // a clock went wrong
			p.at, p.exact = time.Time{}, false
		}
	}
	if len(sub.pushes) == 0 {
		sub.PushedHow = "no ref of a remote that this clone knows of has it, and no reflog says that one had"
		if len(sub.Remotes) == 0 {
			sub.PushedHow += "; the remotes were not asked"
		}
		return
	}
	first := slices.MinFunc(sub.pushes, func(a, b push) int {
		switch {
		case a.at.IsZero() != b.at.IsZero() && a.at.IsZero():
			return 1
		case a.at.IsZero() != b.at.IsZero():
			return -1
		case !a.at.Equal(b.at):
			return a.at.Compare(b.at)
		case a.exact != b.exact && a.exact:
			return -1
		case a.exact != b.exact:
			return 1
		}
		return strings.Compare(a.ref, b.ref)
	})
	sub.PushedAt, sub.PushedHow, sub.Estimate = first.at, first.how, !first.exact
	if first.at.IsZero() {
		sub.PushedHow = strings.TrimPrefix(first.how, estimated)
		s.say("when a secret was pushed is not known: what tells has no date, or one in the future")
		return
	}
	sub.From, sub.To = sub.PushedAt, s.now
	if date := s.firstPushed(sub); sub.Estimate && !date.IsZero() && date.Before(sub.From) {
		sub.From = date
	}
	if until := s.closed(sub); until.After(sub.From) {
		sub.To = until
	}
	if sub.To.Before(sub.From) { // a clock went wrong
		sub.To = sub.From
	}
	day := func(t time.Time) int64 { return t.Unix() / (24 * 60 * 60) }
	sub.Days = int(day(sub.To)-day(sub.From)) + 1
}

// closed is when the last ref of a remote is known to have let go of the secret, if every remote says that it has nothing of it
// any more; zero otherwise.
func (s *survey) closed(sub *subject) time.Time {
	if sub.there || len(sub.gone) == 0 || len(sub.Remotes) == 0 || len(s.remotes) == 0 {
		return time.Time{}
	}
	for _, copied := range sub.Remotes {
		if copied.Serves != string(repo.ServedNo) || len(copied.Refs) > 0 {
			return time.Time{}
		}
	}
	return slices.MaxFunc(sub.gone, func(a, b push) int { return a.at.Compare(b.at) }).at
}
