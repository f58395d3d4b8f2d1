package proof

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/skant-dev/skant/internal/exposure"
	"github.com/skant-dev/skant/internal/incident"
	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/scanner"
)

// objectsClaim is the sentence of the claim that nothing in a clone holds a secret.
func objectsClaim(path string) string { return "nothing in " + path + " holds it" }

// objects is the claim that nothing in a clone holds a secret.
func (c *check) objects(s *incident.Secret, f *Facts) {
	rep := f.Clone.Report
	if rep == nil {
		return
	}
	path := f.Clone.Path
	say := func(state incident.State, detail, remedy string) {
		c.add(Objects, path, s.Number, state, objectsClaim(path), detail, remedy)
	}
	var places, alike []string
	for i := range rep.Findings {
		found := &rep.Findings[i]
		switch {
		case found.RuleID == scanner.PurgedObjectRule:
		case found.Fingerprint == s.Fingerprint, c.in.Fingerprint != nil && found.Secret.Known() && c.in.Fingerprint(s.RuleID, found.Secret) == s.Fingerprint:
			places = append(places, placeOf(found))
		case alikeAs(s, found), !c.in.KeyHolds && found.RuleID == s.RuleID && shownEnd(s.Redacted) == "":
			alike = append(alike, placeOf(found))
		}
	}
	places, alike = distinct(places), distinct(alike)
	at := c.at(path)
	again := "skant recover check --incident " + visible.ShellWord(c.in.Incident) + " " + at
	switch {
	case len(places) > 0:
		say(incident.Open, "it is in "+list(places), cmp.Or(c.remedy(f, s.Number), "skant recover plan "+at))
	case !c.in.Known(s.RuleID):
		say(incident.Unknown, "no rule here is called "+s.RuleID+", so nobody has searched for it", again+" --rules FILE")
	case len(alike) > 0:
		say(incident.Unknown, "what looks the same stands in "+list(alike)+" with another fingerprint: another secret, or another SKANT_FINGERPRINT_KEY than that of the incident", again+withValue(s))
	case !rep.Coverage.Complete:
		say(incident.Unknown, "not found, and not everything could be read: "+unread(&rep.Coverage), "skant history "+at)
	case leftOut(&rep.Coverage) > 0:
		say(incident.Unknown, "not found, and not searched: "+report.Number(leftOut(&rep.Coverage), "submodule"), again+" --submodules")
	default:
		say(incident.Proven, "everything was searched: "+report.Number(rep.Coverage.Commits, "commit")+", "+report.Number(rep.Coverage.Blobs, "blob")+", "+report.Number(rep.Coverage.Files, "other file"), "")
	}
}

// withValue is what tells of a secret of which nothing can be shown that the key is right: its value, found again under its fingerprint.
func withValue(s *incident.Secret) string {
	if shownEnd(s.Redacted) != "" {
		return ""
	}
	return " --secret-file FILE   # mode 0600, the secret in it as it stood"
}

// alikeAs reports whether a finding may be a secret although its fingerprint says otherwise: what can be shown of both is the same.
func alikeAs(s *incident.Secret, found *scanner.Finding) bool {
	const tail = 4 // characters, which a redacted form ends with if the secret is long enough
	end, other := shownEnd(s.Redacted), shownEnd(found.Secret.Redacted())
	return end != "" && end == other && (len(end) == tail || found.RuleID == s.RuleID && found.Secret.Redacted() == s.Redacted)
}

// shownEnd is what a redacted form shows of the end of a secret.
func shownEnd(redacted string) string {
	if i := strings.LastIndex(redacted, "..."); i >= 0 {
		return redacted[i+len("..."):]
	}
	return ""
}

// unread names what a search could not read.
func unread(c *scanner.Coverage) string {
	var all []string
	for _, s := range c.Skipped {
		if s.Unread {
			all = append(all, fmt.Sprintf("%d %s (%s)", s.Count, s.What, s.Reason))
		}
	}
	return list(all)
}

// leftOut counts the submodules that a search did not go into, because it was not asked to.
func leftOut(c *scanner.Coverage) int64 {
	n := int64(0)
	for _, s := range c.Skipped {
		if !s.Unread && s.What == "submodules" {
			n += s.Count
		}
	}
	return n
}

// placeOf names where a finding is.
func placeOf(f *scanner.Finding) string {
	l := &f.Location
	place := cmp.Or(l.Place(), string(l.Kind))
	if l.Commit != nil && l.Kind == scanner.KindTagMessage {
		place += " of tag " + short(l.Commit.ID)
	} else if l.Commit != nil {
		place += " of commit " + short(l.Commit.ID)
	} else if l.Object != "" {
		place += " of object " + short(l.Object)
	}
	if l.Submodule != "" {
		place += " of the submodule " + l.Submodule
	}
	if f.Exposure != nil && len(f.Exposure.Refs) > 0 {
		place += " (" + list(f.Exposure.Refs) + ")"
	}
	return place
}

// reach is the claim that no object of before the purge is in a clone.
func (c *check) reach(s *incident.Secret, f *Facts) {
	if f.Clone.Report == nil {
		return
	}
	path := f.Clone.Path
	say := func(state incident.State, detail, remedy string) {
		c.add(Reach, path, s.Number, state, "none of its old objects is in "+path, detail, remedy)
	}
	objects := oldOf(c.in.File, s.Number)
	var present []string
	for _, o := range objects {
		if f.Present[o.hex] {
			present = append(present, short(o.hex))
		}
	}
	holders := f.Holders[s.Number]
	at := c.at(path)
	collect := "git -C " + at + " gc --quiet --prune=now"
	switch {
	case f.Err != nil:
		say(incident.Unknown, f.Err.Error(), "git -C "+at+" fsck")
	case len(present) > 0:
		say(incident.Open, fmt.Sprintf("%d of %d are there, by %s", len(present), len(objects), cmp.Or(named(holders), "what is not known")), cmp.Or(c.remedy(f, s.Number), collect))
	case len(holders) > 0:
		say(incident.Open, "what holds it is there, by "+named(holders), cmp.Or(c.remedy(f, s.Number), collect))
	case len(objects) == 0:
		say(incident.Unknown, "the file of the incident has no object of it", "skant recover check --report FILE --incident "+visible.ShellWord(c.in.Incident)+" "+at+"   # FILE: a report of before the purge")
	case f.Strange:
		say(incident.Unknown, "it has nothing of the cleaned history either: is it a clone of that repository, and fetched?", "git -C "+at+" fetch --quiet --all --tags --force   # then check again")
	case f.Unsure != "":
		say(incident.Unknown, "not found, and "+f.Unsure, "git -C "+at+" fsck")
	default:
		say(incident.Proven, report.Number(int64(len(objects)), "id")+", none of them there: no ref, reflog, stash or worktree can lead to one, and none is left over", "")
	}
}

// named lists holders by what they are, entries of reflogs last, since there can be many of them.
func named(holders []exposure.Holder) string {
	var all, logs []string
	entries := map[string][]string{}
	for _, h := range holders {
		switch h.Kind {
		case exposure.Stash:
			all = append(all, strings.Replace(h.Name, "refs/stash", "stash", 1))
		case exposure.Index:
			all = append(all, "index entry "+h.Name)
		case exposure.Reflog:
			name, at, _ := strings.Cut(h.Name, "@")
			if logs = append(logs, name); len(entries[name]) <= maxItems {
				entries[name] = append(entries[name], "@"+at)
			}
		default:
			all = append(all, h.Name)
		}
	}
	all = distinct(all)
	for _, name := range distinct(logs) {
		text := "reflog " + name + strings.Join(entries[name][:min(len(entries[name]), maxItems)], " ")
		if len(entries[name]) > maxItems {
			text += " and older ones"
		}
		all = append(all, text)
	}
	return list(all)
}

// hidden is the claim that nothing would keep quiet about the secret.
func (c *check) hidden(s *incident.Secret, clone *Clone) {
	if clone.Report == nil || clone.Host {
		return
	}
	say := func(state incident.State, detail, remedy string) {
		c.add(Hidden, clone.Path, s.Number, state, "no list in "+clone.Path+" hides it", detail, remedy)
	}
	var by []string
	for i := range clone.Report.Findings {
		if f := &clone.Report.Findings[i]; f.Fingerprint == s.Fingerprint && f.Suppressed != nil {
			by = append(by, strings.TrimSpace(f.Suppressed.By+" "+f.Suppressed.Where))
		}
	}
	if by = distinct(by); len(by) > 0 {
		say(incident.Open, "it would not count: "+list(by), "# take that out, then: skant baseline prune")
		return
	}
	what, remedy, known := "", "", true
	if clone.Hiding != nil {
		what, remedy, known = clone.Hiding(s)
	}
	switch {
	case what != "" && known:
		say(incident.Open, what, remedy)
	case clone.Purged.Secret(s.Fingerprint):
		say(incident.Proven, "it is on the guard's list, which no allow comment, ignore file or baseline overrules", "")
	case !known:
		say(incident.Unknown, what, remedy)
	default:
		say(incident.Proven, "no allow comment, ignore file, baseline or rule that is switched off is about it", "")
	}
}

// hooks is the claim that git runs skant where the secret could come back.
func (c *check) hooks(clone *Clone) {
	claim := "git runs skant's hooks in " + clone.Path
	var works, not, untried []string
	for _, h := range clone.Hooks {
		switch {
		case h.Works:
			works = append(works, h.Name)
		case h.Untried:
			untried = append(untried, strings.TrimRight(h.Name+": "+h.Why, ": "))
		default:
			not = append(not, strings.TrimRight(h.Name+": "+h.Why, ": "))
		}
	}
	remedy := "cd " + clone.word() + " && skant hooks install all && skant hooks status"
	switch {
	case len(not) > 0:
		c.add(Hooks, clone.Path, 0, incident.Open, claim, strings.Join(not, "; "), remedy)
	case len(untried) > 0:
		c.add(Hooks, clone.Path, 0, incident.Unknown, claim, strings.Join(untried, "; "), remedy)
	case len(works) == 0:
		c.add(Hooks, clone.Path, 0, incident.Unknown, claim, "its hooks could not be looked at", remedy)
	default:
		c.add(Hooks, clone.Path, 0, incident.Proven, claim, list(works), "")
	}
}

// guard is the claim that what was purged is refused if it comes back.
func (c *check) guard(clone *Clone) {
	claim := clone.Path + " refuses the return of what was purged"
	say := func(state incident.State, detail, remedy string) {
		c.add(Guard, clone.Path, 0, state, claim, detail, remedy)
	}
	secrets, objects := 0, 0
	for _, s := range c.in.File.Secrets {
		if !clone.Purged.Secret(s.Fingerprint) {
			secrets++
		}
	}
	for _, o := range c.in.File.Objects {
		if !clone.Purged.Object(o.ID) {
			objects++
		}
	}
	remedy := "skant recover guard --incident " + visible.ShellWord(c.in.Incident) + " " + clone.word()
	if len(c.in.File.Rewritten) == 0 {
		remedy += "   # after the purge: it refuses the old history"
	}
	switch {
	case clone.PurgedErr != nil:
		say(incident.Unknown, clone.PurgedErr.Error(), "# mend the list, then: "+remedy)
	case clone.Purged.Empty():
		say(incident.Open, "there is no list of what was purged", remedy)
	case secrets+objects > 0:
		say(incident.Open, "its list lacks "+report.Number(int64(secrets), "secret")+" and "+report.Number(int64(objects), "object"), remedy)
	default:
		say(incident.Proven, "its list has all: "+report.Number(int64(len(c.in.File.Secrets)), "secret")+" and "+report.Number(int64(len(c.in.File.Objects)), "object"), "")
	}
}
