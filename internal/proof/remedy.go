package proof

import (
	"fmt"
	"slices"
	"strings"

	"github.com/skant-dev/skant/internal/exposure"
	"github.com/skant-dev/skant/internal/incident"
	"github.com/skant-dev/skant/internal/visible"
)

// remedy are the commands that rid a clone of what holds a secret, in the order in which they work. Nothing that may be wanted is thrown
// away without a comment that says so; the log of the stash is left alone, because that is the stash.
func (c *check) remedy(f *Facts, number int) string {
	holders := f.Holders[number]
	if len(holders) == 0 {
		return ""
	}
	git := "git -C " + f.Clone.word() + " "
	var lines []string
	add := func(line string) {
		if !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	if len(c.in.File.Rewritten) == 0 && slices.ContainsFunc(holders, func(h exposure.Holder) bool { return h.Kind == exposure.Branch }) {
		return "skant recover plan " + f.Clone.word() + "   # its history is not purged yet"
	}
	var logs, stashes, last []string
	for _, h := range holders {
		switch h.Kind {
		case exposure.Stash:
			stashes = append(stashes, strings.Replace(h.Name, "refs/stash", "stash", 1))
		case exposure.Reflog:
			name, _, _ := strings.Cut(h.Name, "@{")
			logs = append(logs, visible.ShellWord(name))
		case leftover:
			last = append(last, "rm -f -- "+visible.ShellWord(gitFile(f, h.Name)))
		default:
			c.holder(f, h, git, add)
		}
		if h.Kind == exposure.RemoteTracking { // what moves it is written there
			logs = append(logs, visible.ShellWord(h.Name))
		}
		if h.Kind == exposure.Branch {
			logs = append(logs, "HEAD", visible.ShellWord(h.Name))
			last = append(last, "rm -f -- "+visible.ShellWord(gitFile(f, "ORIG_HEAD")))
		}
	}
	for _, name := range slices.Backward(distinct(stashes)) { // the last first, since the others move up
		if !strings.Contains(name, "@{") {
			name = "stash@{0}"
		}
		add(git + "stash drop --quiet " + visible.ShellWord(name) + "   # take out first what you still need")
	}
	if logs = distinct(logs); len(logs) > 0 {
		add(git + "reflog expire --expire=now --expire-unreachable=now " + strings.Join(logs, " "))
	}
	for _, line := range last {
		add(line)
	}
	add(git + "gc --quiet --prune=now")
	return strings.Join(lines, "\n")
}

// holder is the command against one holder.
func (c *check) holder(f *Facts, h exposure.Holder, git string, add func(string)) {
	name := visible.ShellWord(h.Name)
	switch h.Kind {
	case exposure.Branch:
		c.branch(f, h, git, add)
	case exposure.RemoteTracking:
		add(git + fetchAll)
	case exposure.Tag:
		if slices.ContainsFunc(c.in.File.Rewritten, func(rw incident.Rewrite) bool { return rw.Ref == h.Name && rw.New != "" }) {
			add(git + fetchAll)
		} else {
			add(git + "tag -d " + visible.ShellWord(strings.TrimPrefix(h.Name, "refs/tags/")))
		}
	case exposure.Head, exposure.Worktree:
		add("# " + h.Name + " stands on an old commit: check out a branch there")
	case otherIndex:
		add("# " + visible.Text(h.Name) + ": in the worktree of that file git read-tree HEAD takes out what is staged, and keeps the files")
	case exposure.Index:
		add(git + "rm --cached -- " + name + "   # keeps the file")
	case exposure.Unreachable:
	default:
		add(git + "update-ref -d " + name)
	}
}

// fetchAll brings a clone the new history. Tags are moved, too: those that a purge has made anew have their old names.
const fetchAll = "fetch --quiet --all --prune --tags --force   # never merge, never pull: that brings it back"

// branch moves what is new in a branch to the new history.
func (c *check) branch(f *Facts, h exposure.Holder, git string, add func(string)) {
	branch := visible.ShellWord(strings.TrimPrefix(h.Name, "refs/heads/"))
	if rw, found := f.Bases[h.Name]; found {
		add(git + fetchAll)
		add(fmt.Sprintf("%srebase --quiet --onto %s %s %s", git, rw.New, rw.Old, branch))
		return
	}
	add(git + "branch -D " + branch + "   # cherry-pick first to a new branch what is still needed")
}

// gitFile is the path of a leftover.
func gitFile(f *Facts, name string) string {
	return strings.TrimRight(f.Clone.Repo.GitDir(), "/") + "/" + name
}

// remoteRef are the commands against a ref of a remote; push is a clone from which to push, as a shell takes it, lease what the ref is now.
func (c *check) remoteRef(a *RemoteAnswer, ref RemoteHolder, push string) string {
	git := "git -C " + push + " "
	own := strings.HasPrefix(ref.Name, "refs/heads/") || strings.HasPrefix(ref.Name, "refs/tags/")
	i := slices.IndexFunc(c.in.File.Rewritten, func(rw incident.Rewrite) bool { return rw.Ref == ref.Name })
	switch {
	case own && len(c.in.File.Rewritten) == 0:
		return "skant recover plan " + push + "   # its history is not purged yet"
	case own && i >= 0 && c.in.File.Rewritten[i].New != "":
		return fmt.Sprintf("%spush --force-with-lease=%s %s %s", git, visible.ShellWord(ref.Name+":"+ref.ID), remoteWord(a.Name),
			visible.ShellWord(c.in.File.Rewritten[i].New+":"+ref.Name))
	case own:
		return git + "push --delete " + remoteWord(a.Name) + " " + visible.ShellWord(ref.Name) + "   # first move what is needed of it to the new history"
	case a.Path != "":
		return "git -C " + visible.ShellWord(a.Path) + " update-ref -d " + visible.ShellWord(ref.Name)
	default:
		return "skant recover plan " + push + "   # the text for the host's support: nobody else can delete " + visible.ShellWord(ref.Name)
	}
}
