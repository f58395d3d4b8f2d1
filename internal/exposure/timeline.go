package exposure

import (
	"cmp"
	"slices"
	"strings"

	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/scanner"
)

// shortID is how many digits of an id sentences have.
const shortID = 12

// events are the lines of the timeline that are about one secret. They name commits and no people: what is written here ends up in
// a record that blames nobody.
func (s *survey) events(sub *subject) []Event {
	all := s.brought(sub)
	all = append(all, s.moved(sub)...)
	for i := range all {
		all[i].Secret = sub.Number
	}
	all = slices.DeleteFunc(all, func(e Event) bool { return e.At.IsZero() })
	slices.SortStableFunc(all, compareEvents)
	return slices.CompactFunc(all, func(a, b Event) bool { return a == b })
}

// brought are the commits that brought a secret and took it away, the earliest of them.
func (s *survey) brought(sub *subject) []Event {
	var all []Event
	paths := map[string]string{}
	removed := map[string]string{}
	stashed := map[string]bool{} // a stash entry is a commit to git, and none to whoever made it
	for _, f := range sub.findings {
		if f.Location.Submodule != "" || f.Location.Commit == nil {
			continue
		}
		place := f.Location.Path
		if place == "" {
			place = "its text"
		}
		if at := f.Location.Commit.ID; paths[at] == "" || place < paths[at] {
			paths[at] = place
		}
		if f.Location.Kind == scanner.KindStash {
			stashed[f.Location.Commit.ID] = true
		}
		if f.Exposure != nil {
			for _, c := range f.Exposure.Removed {
				removed[c.ID] = place
			}
		}
	}
	add := func(hex, what, place string) {
		kind := "commit "
		if stashed[hex] || s.stashed(sub, hex) {
			kind = "stash entry "
		}
		e := Event{What: kind + hex[:min(len(hex), shortID)] + what + place, Estimate: true, Commit: hex}
		if id, err := pack.ParseID(hex); err == nil {
			e.At = s.date(id)
		}
		if c := s.commits[hex]; c != nil && e.At.IsZero() {
			e.At, e.What = c.Date.UTC(), strings.Replace(e.What, "commit", "tag", 1)
			e.Commit = ""
		}
		all = append(all, e)
	}
	for hex, place := range paths {
		if stashed[hex] {
			add(hex, " has it in ", place)
		} else {
			add(hex, " brings it into ", place)
		}
	}
	for hex, place := range removed {
		add(hex, " takes it out of ", place)
	}
	slices.SortFunc(all, compareEvents)
	all = all[:min(len(all), maxEventsOfSort)]
	if sub.Last != nil && paths[sub.Last.ID] == "" {
		add(sub.Last.ID, " is the newest that still has it", "")
	}
	return all
}

// stashed reports whether a commit is an entry of the stash, and nothing else is at it but a reflog.
func (s *survey) stashed(sub *subject, hex string) bool {
	is := false
	for _, h := range sub.Holders {
		switch {
		case h.Commit != hex || h.Kind == Reflog:
		case h.Kind == Stash:
			is = true
		default:
			return false
		}
	}
	return is
}

// moved is what happened to refs of remotes.
func (s *survey) moved(sub *subject) []Event {
	var all []Event
	for _, p := range sub.pushes {
		if !p.logged {
			continue
		}
		what := " was fetched with it: it was on the remote by then"
		if p.exact {
			what = " was pushed with it"
		}
		all = append(all, Event{At: p.at, What: s.text(p.ref) + what, Ref: s.text(p.ref)})
	}
	for _, p := range sub.gone {
		all = append(all, Event{At: p.at, What: s.text(p.ref) + " does not lead to it any more", Ref: s.text(p.ref)})
	}
	slices.SortFunc(all, compareEvents)
	all = all[:min(len(all), maxEventsOfSort)]
	if sub.Estimate && !sub.PushedAt.IsZero() {
		all = append(all, Event{At: sub.PushedAt, What: "the earliest that it can have been pushed, as far as is known", Estimate: true})
	}
	for _, c := range sub.Remotes {
		switch {
		case c.Serves == string(repo.ServedYes):
			all = append(all, Event{At: s.now, What: "the remote " + c.Name + " still gives it out to whoever knows an object's id"})
		case c.Serves == string(repo.ServedNo) && len(c.Refs) == 0:
			all = append(all, Event{At: s.now, What: "the remote " + c.Name + " says that it does not have it"})
		}
	}
	return all
}

func compareEvents(a, b Event) int {
	return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Secret, b.Secret), strings.Compare(a.What, b.What), strings.Compare(a.Commit, b.Commit))
}
