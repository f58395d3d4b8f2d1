package purge

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/internal/visible"
)

// needed are the options of git-filter-repo that the purge cannot do without.
var needed = []string{"--replace-text", "--replace-message", "--strip-blobs-with-ids", "--paths-from-file", "--mailmap", "--partial",
	"--prune-empty", "--prune-degenerate", "--preserve-commit-encoding", "--refs"}

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
	p.checkTrees()
	p.checkSignatures()
	p.checkRemote()
	return nil
}

func (p *Plan) checkTexts() {
	if n := len(p.objects.stubborn); n > 0 {
		p.add("messages", Blocks, "git show "+p.objects.stubborn[0], "%s of commits or tags hold a secret that is too short, or too much in pieces, to be replaced everywhere. Reword them first, "+
			"with `git rebase --interactive` or `git tag --force`.", count(n, "message", "messages"))
	}
	for who := range p.objects.people {
		if strings.ContainsAny(who.name+who.email, "#<>") {
			p.add("authors", Blocks, "", "The name or address of a person has a secret and one of the marks # < >, which a mailmap cannot have: take that away first, with a callback of git-filter-repo.")
			break
		}
	}
	if p.objects.more > 0 {
		p.add("same text elsewhere", Note, "", "%s of which the scan reported nothing: there it is replaced, too.", count(p.objects.more, "version of a file has the text of a secret", "versions of files have the text of a secret"))
	}
}

func (p *Plan) checkClone() {
	limits := p.in.Repo.Limits()
	for _, l := range limits {
		p.add("clone", Blocks, "", "%s: %s", visible.Text(l.What), visible.Text(l.Reason))
	}
	if len(limits) == 0 {
		p.add("clone", Fine, "", "It is whole: neither shallow nor partial.")
	}
	if !p.in.Report.Coverage.Complete {
		what := "something"
		if len(p.in.Report.Coverage.Skipped) > 0 {
			s := p.in.Report.Coverage.Skipped[0]
			what = visible.Text(s.What + ": " + s.Reason)
		}
		p.add("scan", Blocks, "", "Not everything could be read, so nobody knows what would be left: %s", what)
	}
	common := p.in.Repo.CommonDir()
	for _, c := range []struct{ name, path, detail, run string }{
		{"replaced objects", "refs/replace", "git shows other objects in the place of some. Make that permanent or drop it first.", "git replace --list"},
		{"grafts", "info/grafts", "The history is spliced by a grafts file.", "git replace --convert-graft-file"},
	} {
		if entries, err := os.ReadDir(filepath.Join(common, c.path)); err == nil && len(entries) > 0 {
			p.add(c.name, Blocks, c.run, "%s", c.detail)
		} else if info, err := os.Stat(filepath.Join(common, c.path)); err == nil && !info.IsDir() {
			p.add(c.name, Blocks, c.run, "%s", c.detail)
		}
	}
	if _, err := os.Stat(filepath.Join(common, "objects", "info", "alternates")); err == nil {
		p.add("borrowed objects", Note, "", "The clone borrows objects of another repository, which keeps them: purge that, too.")
	}
	if entries, err := os.ReadDir(filepath.Join(common, "lfs", "objects")); err == nil && len(entries) > 0 {
		p.add("Git LFS", Note, "", "Content in Git LFS is not rewritten, only the pointers are carried along. What the scan found there is listed below.")
	} else {
		p.add("Git LFS", Fine, "", "No LFS objects are in this clone.")
	}
	if entries, err := os.ReadDir(filepath.Join(common, "modules")); err == nil && len(entries) > 0 {
		p.add("submodules", Note, "", "Submodules are repositories of their own and stay as they are; `skant history --submodules` reads them.")
	} else {
		p.add("submodules", Fine, "", "None is in this clone.")
	}
}

func (p *Plan) checkTrees() {
	clean := true
	for _, t := range p.trees {
		if t.Bare {
			continue
		}
		path := visible.ShellWord(t.Path)
		switch {
		case t.Problem != "":
			p.add("work tree", Blocks, "git worktree prune", "%s cannot be looked at: %s", visible.Text(t.Path), visible.Text(t.Problem))
		case t.Busy != "":
			p.add("work tree", Blocks, "git -C "+path+" status", "In %s a %s is not finished.", visible.Text(t.Path), t.Busy)
		case len(t.Changed) > 0:
			p.add("work tree", Blocks, "git -C "+path+" status", "%s has changes that are not committed, in %s. Commit them without the secret, or stash them. "+
				"(A file of which only the date is new counts, too: `git status` mends that.)", visible.Text(t.Path),
				visible.Text(p.shown(strings.Join(t.Changed[:min(3, len(t.Changed))], ", "))))
		default:
			continue
		}
		clean = false
	}
	if clean {
		p.add("work tree", Fine, "", "Nothing is changed and not committed (%d looked at).", len(p.trees))
	}
	if len(p.trees) > 1 {
		p.add("linked work trees", Note, "", "There are %d; each is brought along below.", len(p.trees)-1)
	}
	if len(p.stash) > 0 {
		p.add("stash", Note, "", "%d entries are rewritten, too, and put back below.", len(p.stash))
	}
}

func (p *Plan) checkSignatures() {
	tags := 0
	for _, r := range p.Effect.Refs {
		if r.SignedTag {
			tags++
		}
	}
	if p.Effect.Signed+tags == 0 {
		p.add("signatures", Fine, "", "No signed commit or tag is rewritten.")
		return
	}
	p.add("signatures", Note, "", "%d signed commits and %d signed tags are rewritten and lose their signature: sign the tags again, and tell who relies on them.",
		p.Effect.Signed, tags)
}

// pullPrefixes are where hosts keep what was proposed: nobody but the host can change it.
var pullPrefixes = []string{"refs/pull/", "refs/merge-requests/", "refs/pull-requests/", "refs/changes/", "refs/pulls/"}

func isPull(ref string) bool {
	return slices.ContainsFunc(pullPrefixes, func(prefix string) bool { return strings.HasPrefix(ref, prefix) })
}

func (p *Plan) checkRemote() {
	p.add("protected branches", Unknown, "", "Which branches the host protects cannot be known from here. Allow the forced push for the moment of the purge, and forbid it again after.")
	remote := visible.ShellWord(p.in.Remote)
	switch {
	case p.in.Remote == "":
		p.add("remote", Note, "", "This clone has no remote, or several: --remote NAME says which is pushed to.")
		return
	case !p.in.Ask:
		p.add("remote", Unknown, "skant recover plan --remote "+remote, "The remote %s was not asked, so this goes by the last fetch: what was pushed since, and open pull requests, are not known.",
			visible.Text(p.in.Remote))
		return
	}
	here := p.known()
	var lacking, pulls []string
	for name, id := range p.RemoteRefs {
		switch {
		case isPull(name):
			pulls = append(pulls, name)
		case here[name] != id && (strings.HasPrefix(name, "refs/heads/") || strings.HasPrefix(name, "refs/tags/") || strings.HasPrefix(name, "refs/notes/")):
			lacking = append(lacking, name)
		}
	}
	slices.Sort(lacking)
	slices.Sort(pulls)
	if len(lacking) > 0 {
		p.add("remote", Blocks, "git fetch "+remote+" '+refs/heads/*:refs/remotes/"+strings.ReplaceAll(p.in.Remote, "'", "")+"/*' '+refs/tags/*:refs/tags/*'",
			"The remote has what this clone does not know, so it would not be purged: %s.", visible.Text(p.shown(strings.Join(lacking[:min(5, len(lacking))], ", "))))
	} else {
		p.add("remote", Fine, "", "This clone has every branch, tag and note of %s.", visible.Text(p.in.Remote))
	}
	if len(pulls) > 0 {
		p.add("pull requests", Note, "", "The remote has %d refs of pull requests, open or closed; only the host can change them. Merge or close the open ones first. They are: %s.",
			len(pulls), visible.Text(p.shown(strings.Join(pulls[:min(20, len(pulls))], ", "))))
	} else {
		p.add("pull requests", Fine, "", "The remote shows no refs of pull requests.")
	}
}
