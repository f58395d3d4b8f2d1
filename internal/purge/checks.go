package purge

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/scanner"
)

// needed are the options of git-filter-repo that the purge cannot do without.
var needed = []string{"--replace-text", "--replace-message", "--strip-blobs-with-ids", "--paths-from-file", "--mailmap", "--partial",
	"--prune-empty", "--prune-degenerate", "--preserve-commit-encoding", "--replace-refs", "--refs"}

func (p *Plan) add(name string, state State, run, detail string, args ...any) {
	p.Checks = append(p.Checks, Check{name, state, fmt.Sprintf(detail, args...), run})
}

// check looks at all that may stand in the way of a purge.
func (p *Plan) check(ctx context.Context) error {
	program, known, err := p.in.Repo.FilterRepo(ctx, p.in.Env, needed...)
	switch {
	case errors.Is(err, repo.ErrNoFilterRepo):
		p.add("git-filter-repo", Blocks, "apt-get install git-filter-repo   # or: brew install git-filter-repo, pipx install git-filter-repo",
			"It is not installed.")
	case err != nil:
		p.add("git-filter-repo", Blocks, "", "It does not run: %s", visible.Text(err.Error()))
	case len(known) < len(needed):
		p.add("git-filter-repo", Blocks, "pipx install git-filter-repo", "It is too old: it has no %s.",
			strings.Join(slices.DeleteFunc(slices.Clone(needed), func(o string) bool { return slices.Contains(known, o) }), ", "))
	default:
		p.program = program
		p.add("git-filter-repo", Fine, "", "It is installed: %s.", visible.Text(program))
	}
	p.checkTexts()
	p.checkClone()
	if err := p.checkRoom(); err != nil {
		return err
	}
	p.checkLocks()
	p.checkTrees()
	p.checkHooks(ctx)
	p.checkLeftovers()
	p.checkSignatures()
	return p.checkRemote()
}

func (p *Plan) checkTexts() {
	if n := len(p.objects.stubborn); n > 0 {
		p.add("messages", Blocks, "git -C "+visible.ShellWord(p.clonePath())+" show "+p.objects.stubborn[0], "%s of commits or tags hold a secret that is too short, or too much in pieces, to be replaced everywhere. Reword them first, "+
			"with `git rebase --interactive` or `git tag --force`.", count(n, "message", "messages"))
	}
	for who := range p.objects.people {
		if strings.ContainsAny(who.name+who.email, "#<>") {
			p.add("authors", Blocks, "", "The name or address of a person has a secret and one of the marks # < >, which a mailmap cannot have: take that away first, with a callback of git-filter-repo.")
			break
		}
	}
	p.checkLeftOut()
	p.checkElsewhere()
}

// checkElsewhere says where a text is replaced of which the scan reported nothing: a password may be an ordinary word.
func (p *Plan) checkElsewhere() {
	if text, words := p.elsewhere(); text != "" {
		p.add("same text elsewhere", Note, p.without(words), "%s", text)
	}
}

// elsewhere is what is said of the places of which the scan reported nothing, empty if there are none; words are the secrets that may be ordinary text.
func (p *Plan) elsewhere() (text string, words map[string]bool) {
	more := p.objects.more
	if len(more) == 0 {
		return "", nil
	}
	var parts []string
	for _, s := range []struct {
		n         int
		one, many string
	}{
		{more[pack.Blob], "version of a file", "versions of files"}, {more[pack.Commit] + more[pack.Tag], "message or author", "messages or authors"},
		{more[pack.Tree], "version of a folder, in names of files", "versions of folders, in names of files"},
	} {
		if s.n > 0 {
			parts = append(parts, count(s.n, s.one, s.many))
		}
	}
	text, words = "Of "+strings.Join(parts, " and ")+" the scan reported nothing, and they have the text of a secret: there it is replaced, too.", map[string]bool{}
	for _, s := range p.Secrets {
		if n := p.objects.elsewhere[s.Fingerprint]; n.all > 0 {
			text += fmt.Sprintf(" Secret %d: %s", s.Number, count(n.all, "place", "places"))
			if n.inWord > 0 {
				text += fmt.Sprintf(", %d of them within a longer word", n.inWord)
				words[s.Fingerprint] = true
			}
			text += "."
		}
	}
	if len(words) > 0 {
		text += " Within a longer word it may be ordinary text, which the purge damages, names of files and branches included: then let the new password be enough, and leave this secret in the history."
	}
	return text, words
}

// without is the command that plans the purge of all secrets but some; empty if these are none or all.
func (p *Plan) without(some map[string]bool) string {
	if len(some) == 0 || len(some) >= len(p.wanted) {
		return ""
	}
	run := "skant recover plan"
	if p.in.Ask && p.in.Remote != "" {
		run += " --remote " + visible.ShellWord(p.in.Remote)
	}
	for _, s := range p.Secrets {
		if !some[s.Fingerprint] {
			run += " --only " + s.Print
		}
	}
	return run + " " + visible.ShellWord(p.clonePath()) + "   # the other secrets alone"
}

// checkLeftOut names the files of which versions are left out: that may be more than somebody wants to lose.
func (p *Plan) checkLeftOut() {
	if len(p.objects.strip) == 0 {
		return
	}
	names, whole, inHead := map[string]bool{}, map[string]bool{}, false
	for i := range p.in.Found { // one for each version; only the report knows their names
		if id, err := pack.ParseID(p.in.Found[i].Location.Object); err == nil && p.objects.strip[id] {
			whole[p.in.Found[i].Fingerprint] = true
		}
	}
	for i := range p.in.Report.Findings {
		f := &p.in.Report.Findings[i]
		id, err := pack.ParseID(f.Location.Object)
		if err == nil && whole[f.Fingerprint] && f.Suppressed == nil && f.Location.Kind == scanner.KindCommitContent && !p.objects.text[id] {
			names[p.shown(f.Location.Path)] = true
			inHead = inHead || f.Exposure != nil && f.Exposure.InHead
		}
	}
	text := count(len(p.objects.strip), "version of a file is", "versions of files are") + " left out as a whole, for nothing in them can be replaced"
	if len(names) > 0 {
		sorted := slices.Sorted(maps.Keys(names))
		text += ": " + list(sorted[:min(maxNamed, len(sorted))], len(sorted))
	}
	text += "."
	if inHead {
		text += " HEAD has one of them: take the value out of the file and commit that first, or the file is missing or old there afterwards."
	}
	p.add("left out", Note, p.without(whole), "%s", text)
}

// checkClone looks at what the clone is made of.
func (p *Plan) checkClone() {
	limits := p.in.Repo.Limits()
	for _, l := range limits {
		mend := map[repo.LimitKind]string{repo.Shallow: "git fetch --unshallow", repo.Partial: "git fetch --refetch --no-filter", repo.Damaged: "git fsck"}[l.Kind]
		if mend != "" {
			mend = strings.Replace(mend, "git ", "git -C "+visible.ShellWord(p.clonePath())+" ", 1)
		}
		p.add("clone", Blocks, mend, "%s: %s", visible.Text(l.What), visible.Text(l.Reason))
	}
	if len(limits) == 0 {
		p.add("clone", Fine, "", "It is whole: neither shallow nor partial.")
	}
	if unread := p.unread(); unread != "" {
		p.add("scan", Blocks, "", "Not everything could be read, so nobody knows what would be left: %s", unread)
	} else {
		p.add("scan", Fine, "", "All of the history was read.")
	}
	p.checkReplaced()
	common := p.in.Repo.CommonDir()
	if _, err := os.Stat(filepath.Join(common, "objects", "info", "alternates")); err == nil {
		p.add("borrowed objects", Note, "", "The clone borrows objects of another repository, which keeps them: purge that, too.")
	}
	entries, err := os.ReadDir(filepath.Join(common, "lfs", "objects"))
	if err == nil && len(entries) > 0 || p.usesLFS() {
		p.add("Git LFS", Note, "", "Content in Git LFS is not rewritten, only the pointers are carried along. What the scan found there is listed below; "+
			"it reads what this clone has fetched of it (`git lfs fetch --all` first, to know all).")
	} else {
		p.add("Git LFS", Fine, "", "No LFS objects are in this clone.")
	}
	entries, err = os.ReadDir(filepath.Join(common, "modules"))
	if err == nil && len(entries) > 0 || p.Effect.Submodules {
		p.add("submodules", Note, "", "Submodules are repositories of their own and stay as they are; `skant history --submodules` reads them.")
	} else {
		p.add("submodules", Fine, "", "None is in this clone.")
	}
	if p.in.Repo.WorkTree() == "" {
		p.add("bare", Note, "", "This repository has no work tree. If it is the host itself, \"Your clone\" is all that is to be done in it, and nobody may push meanwhile.")
	}
}

// checkReplaced looks for what makes git show another history than there is.
func (p *Plan) checkReplaced() {
	if all, err := p.in.Repo.Refs(); err == nil && slices.ContainsFunc(all, func(r repo.Ref) bool { return strings.HasPrefix(r.Name, "refs/replace/") }) {
		p.add("replaced objects", Blocks, "git -C "+visible.ShellWord(p.clonePath())+" replace --list", "git shows other objects in the place of some. Make that permanent or drop it (`git replace -d`) first.")
	}
	if info, err := os.Stat(filepath.Join(p.in.Repo.CommonDir(), "info", "grafts")); err == nil && info.Size() > 0 {
		p.add("grafts", Blocks, "git -C "+visible.ShellWord(p.clonePath())+" replace --convert-graft-file", "The history is spliced by a grafts file.")
	}
}

// usesLFS reports whether the files of HEAD say that some are in Git LFS, though this clone may have none of it.
func (p *Plan) usesLFS() bool {
	for _, t := range p.trees {
		id, err := pack.ParseID(t.Head)
		if err != nil || id.IsZero() {
			continue
		}
		f, err := p.in.Repo.FileAt(id, ".gitattributes")
		if err != nil {
			continue
		}
		if text, err := p.in.Repo.Blob(f.ID, 1<<20); err == nil && strings.Contains(string(text), "filter=lfs") {
			return true
		}
	}
	return false
}

func (p *Plan) checkTrees() {
	clean := true
	for _, t := range p.trees {
		if t.Bare {
			continue
		}
		path := visible.ShellWord(t.Path)
		switch {
		case t.Foreign: // what a hostile clone says of its work trees may be any folder
			p.add("work tree", Blocks, "git -C "+visible.ShellWord(p.clonePath())+" worktree list", "%s is a work tree of another repository, though this one names it as its own: "+
				"delete what names it in %s, below worktrees, or core.worktree in the configuration.", visible.Text(t.Path), visible.Text(p.in.Repo.CommonDir()))
		case t.Problem != "":
			p.add("work tree", Blocks, "git -C "+visible.ShellWord(p.clonePath())+" worktree prune", "%s cannot be looked at: %s", visible.Text(t.Path), visible.Text(t.Problem))
		case t.Busy != "":
			p.add("work tree", Blocks, "git -C "+path+" status", "In %s a %s is not finished.", visible.Text(t.Path), t.Busy)
		case len(t.Changed) > 0:
			p.add("work tree", Blocks, "git -C "+path+" status", "%s has changes that are not committed, in %s. Commit them without the secret, or stash them. "+
				"(Where git converts line ends or filters files, a new date is enough: `git status` mends that.)", visible.Text(t.Path),
				visible.Text(p.shown(strings.Join(t.Changed[:min(3, len(t.Changed))], ", "))))
		default:
			continue
		}
		clean = false
	}
	if clean {
		p.add("work tree", Fine, "", "Nothing is changed and not committed (%d looked at).", len(p.trees))
	}
	if slices.ContainsFunc(p.trees, func(t repo.Checkout) bool { return t.Sparse }) {
		p.add("sparse checkout", Note, "", "Only some of the files are checked out; that stays so. The purge rewrites all of them.")
	}
	if len(p.trees) > 1 {
		p.add("linked work trees", Note, "", "%s brought along below.", count(len(p.trees)-1, "work tree is", "work trees are"))
	}
	if len(p.stash) > 0 {
		p.add("stash", Note, "", "%s rewritten, too, and put back below.", count(len(p.stash), "entry is", "entries are"))
	}
}

func (p *Plan) checkSignatures() {
	tags, names := 0, []string(nil)
	for _, r := range p.Effect.Refs {
		if r.SignedTag {
			if tags++; tags <= maxNamed {
				names = append(names, r.Shown)
			}
		}
	}
	if p.Effect.Signed+tags == 0 {
		p.add("signatures", Fine, "", "No signed commit or tag is rewritten.")
		return
	}
	which := ""
	if tags > 0 {
		which = " The tags are: " + list(names, tags) + "."
	}
	p.add("signatures", Note, "", "%s and %s rewritten and lose their signature: sign the tags again (`git tag -s -f`), and tell who relies on them.%s",
		count(p.Effect.Signed, "signed commit", "signed commits"), count(tags, "signed tag is", "signed tags are"), which)
}

// maxNamed bounds the names in a sentence.
const maxNamed = 10

// list writes names, of which there are more than are given.
func list(names []string, all int) string {
	text := visible.Text(strings.Join(names, ", "))
	if n := all - len(names); n > 0 {
		text += fmt.Sprintf(" and %d more", n)
	}
	return text
}
