package purge

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/internal/visible"
)

// pullPrefixes are where hosts keep what was proposed: nobody but the host can change it.
var pullPrefixes = []string{"refs/pull/", "refs/merge-requests/", "refs/pull-requests/", "refs/changes/", "refs/pulls/"}

func isPull(ref string) bool {
	return slices.ContainsFunc(pullPrefixes, func(prefix string) bool { return strings.HasPrefix(ref, prefix) })
}

// isOpen reports whether a ref is the trial merge that hosts keep of a proposal that is open and can be merged.
func isOpen(ref string) bool { return isPull(ref) && strings.HasSuffix(ref, "/merge") }

func (p *Plan) checkRemote() error {
	protected := "Only the host knows which branches and tags it protects against a forced push. Allow it for the moment of the purge, and forbid it again after. "
	if all := p.hosts(); len(all) == 1 {
		protected += all[0].name + ": " + all[0].protect
	} else {
		protected += "Where that is set is said below for each host."
	}
	p.add("protected branches", Unknown, "", "%s", protected)
	remote, clone := visible.ShellWord(p.in.Remote), visible.ShellWord(p.clonePath())
	switch {
	case p.in.Remote == "":
		p.add("remote", Note, "", "This clone has no remote, or several: --remote NAME says which is pushed to.")
		return nil
	case !p.in.Ask:
		p.add("remote", Unknown, "skant recover plan --remote "+remote+" "+clone, "The remote %s was not asked, so this goes by the last fetch: what was pushed since, and open pull requests, are not known.",
			visible.Text(p.in.Remote))
		p.add("pull requests", Unknown, "git -C "+clone+" ls-remote "+remote+" 'refs/pull/*' 'refs/merge-requests/*'", "The remote was not asked for refs of pull requests.")
		return nil
	}
	if p.checkPlaces() {
		return nil
	}
	here := p.known()
	var lacking, pulls []string
	open := 0
	for name, id := range p.RemoteRefs { // the same as there where it is fetched from, or checkPlaces has ended this
		switch {
		case isPull(name):
			pulls = append(pulls, name)
			if isOpen(name) {
				open++
			}
		case here[name] != id && ours(name):
			lacking = append(lacking, name)
		}
	}
	slices.Sort(lacking)
	slices.Sort(pulls)
	if len(lacking) > 0 {
		p.add("remote", Blocks, "git -C "+clone+" fetch "+remote+" '+refs/heads/*:refs/remotes/"+strings.ReplaceAll(p.in.Remote, "'", "")+"/*' 'refs/tags/*:refs/tags/*' 'refs/notes/*:refs/notes/*'",
			"The remote has what this clone does not know, so it would not be purged: %s. A tag or note of yours that differs is not written over: git refuses it, and you decide which stays.", p.shown(list(lacking[:min(5, len(lacking))], len(lacking))))
	} else {
		p.add("remote", Fine, "", "This clone has every branch, tag and note of %s.", visible.Text(p.in.Remote))
	}
	if len(pulls) > 0 {
		affected, unknown := p.pulls()
		p.add("pull requests", Note, "", "The remote has %s, open or closed, which only the host can change. %s. Merge or close the open ones first (%s a trial merge, which open ones have).",
			count(len(pulls), "ref of pull requests", "refs of pull requests"), p.pullText(affected, unknown), count(open, "has", "have"))
	} else {
		p.add("pull requests", Fine, "", "The remote shows no refs of pull requests.")
	}
	return nil
}

// ours reports whether a ref of a remote is of the sort that a push brings along.
func ours(ref string) bool {
	return strings.HasPrefix(ref, "refs/heads/") || strings.HasPrefix(ref, "refs/tags/") || strings.HasPrefix(ref, "refs/notes/")
}

// checkPlaces reports, and says, that a remote is pushed to elsewhere than it is fetched from, and that the places do not have the same: what is
// known by fetching says nothing about what a push would meet, and the one that is not pushed to keeps the old history.
func (p *Plan) checkPlaces() bool {
	places := slices.Clone(p.pushed)
	if p.fetched != nil {
		places = slices.Insert(places, 0, *p.fetched)
	}
	if len(places) == 0 {
		return false
	}
	first, differs := places[0], false
	var to []string
	for i, place := range places {
		if address := visible.Text(place.Address); !slices.Contains(to, address) && (i > 0 || p.fetched == nil) {
			to = append(to, address)
		}
		for _, pair := range [][2]map[string]pack.ID{{first.Refs, place.Refs}, {place.Refs, first.Refs}} {
			for name, id := range pair[0] {
				differs = differs || ours(name) && pair[1][name] != id
			}
		}
	}
	if p.fetched != nil && len(to) == 1 && p.pushed[0].Address == p.fetched.Address {
		return false
	}
	name, where := visible.Text(p.in.Remote), "nowhere"
	if p.fetched != nil {
		where = visible.Text(p.fetched.Address)
	}
	if !differs {
		p.add("remote", Note, "", "%s is fetched from %s and pushed to %s. All were asked and have the same branches, tags and notes; the commands push to the latter, and whatever is not pushed to has to follow.",
			name, where, strings.Join(to, ", "))
		return false
	}
	git := "git -C " + visible.ShellWord(p.clonePath())
	last := visible.ShellWord(p.pushed[len(p.pushed)-1].Address)
	p.add("remote", Blocks, git+" remote add pushed-to "+last+" && "+git+" fetch pushed-to   # then: --remote pushed-to",
		"%s is fetched from %s and pushed to %s, and they do not have the same branches, tags and notes. Give each place a name of its own, fetch it, and purge with --remote for each.",
		name, where, strings.Join(to, ", "))
	return true
}

// pullText says which refs of pull requests hold what is purged.
func (p *Plan) pullText(affected []string, unknown int) string {
	text := "None that this clone knows names an old commit"
	if len(affected) > 0 {
		text = count(len(affected), "names", "name") + " an old commit: " + p.shown(list(affected[:min(maxNamed, len(affected))], len(affected)))
	}
	if unknown > 0 {
		text += "; of " + count(unknown, "that is not in this clone it", "that are not in this clone it") + " cannot be told"
	}
	return text
}

// setOff are the hooks that the printed commands set off.
var setOff = []string{"pre-push", "reference-transaction", "post-checkout"}

// checkHooks says which hooks run with the printed commands: another tool's may refuse them.
func (p *Plan) checkHooks(ctx context.Context) {
	folder, err := p.in.Repo.HooksPath(ctx)
	switch {
	case err != nil:
		p.add("hooks", Note, "", "Which hooks run cannot be told: %s", visible.Text(err.Error()))
		return
	case folder == "":
		folder = filepath.Join(p.in.Repo.CommonDir(), "hooks")
	case !filepath.IsAbs(folder):
		folder = filepath.Join(p.clonePath(), folder)
	}
	var names []string
	for _, name := range setOff {
		if info, err := os.Stat(filepath.Join(folder, name)); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			names = append(names, name)
		}
	}
	configured, err := p.in.Repo.ConfigHooks(ctx)
	if err != nil {
		p.add("hooks", Note, "", "Which hooks the configuration names cannot be told: %s", visible.Text(err.Error()))
	}
	for _, h := range configured {
		if !h.Disabled && slices.ContainsFunc(h.Events, func(e string) bool { return slices.Contains(setOff, e) }) {
			names = append(names, "hook."+h.Name+" of the configuration")
		}
	}
	if len(names) == 0 {
		p.add("hooks", Fine, "", "No hook of this clone runs with the commands that are printed.")
		return
	}
	p.add("hooks", Note, "", "These run with the commands that are printed: %s. The purge itself runs none. skant's pre-push lets the cleaned refs through; one of another tool may refuse them or take long.",
		p.shown(visible.Text(strings.Join(names, ", "))))
}
