package purge

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/skant-dev/skant/internal/incident"
	"github.com/skant-dev/skant/internal/visible"
)

// page collects lines of Markdown. Values from the repository come in as [quoted] or inside of blocks of commands, where
// [visible.ShellWord] has made them safe.
type page struct{ strings.Builder }

func (b *page) line(format string, args ...any) { fmt.Fprintf(b, format+"\n", args...) }

func (b *page) commands(list ...string) {
	if len(list) == 0 {
		return
	}
	b.line("")
	b.line("```sh")
	for _, c := range list {
		b.line("%s", c)
	}
	b.line("```")
	b.line("")
}

// quoted returns a value as a code span that nothing in it can close.
func quoted(s string) string {
	s = visible.Text(s)
	fence := "`"
	for strings.Contains(s, fence) {
		fence += "`"
	}
	if len(fence) > 1 {
		return fence + " " + s + " " + fence
	}
	return fence + s + fence
}

// maxListed bounds the refs that are listed; the rest is counted.
const maxListed = 40

// Markdown writes the plan or, with a result, what was done and the commands that are left. It holds no secret.
func (p *Plan) Markdown(res *Result) string {
	b := &page{}
	if res == nil {
		b.line("# Plan of a purge\n\nNothing has been changed. A purge comes after revoking, never instead of it: whoever has a copy keeps it.\n")
	} else {
		b.line("# The purge, and what is left to do\n\nThe history is rewritten in %s. Your clone and the remote are as they were: the commands below bring them along.\n", quoted(res.Mirror))
	}
	p.secrets(b)
	p.effect(b, res)
	if res == nil {
		p.checks(b)
		b.line("## Then\n")
		b.line("`skant recover purge --yes` rewrites a mirror clone beside this one, after saving all of it as a bundle, and prints the exact commands for this clone and for each ref of the remote.\n")
	} else {
		p.backupPart(b, res)
		p.clonePart(b, res)
		p.pushPart(b, res)
		b.line("## Every other clone\n\nDelete it and clone again. Whoever must keep one fetches and rebases onto the new history, and never merges the old. One push from a stale clone brings everything back; " +
			"the guard refuses that where skant's hooks or `skant ci` run, once this list is committed:")
		b.commands("cp " + visible.ShellWord(p.PurgedList()) + " " + visible.ShellWord(filepath.Join(p.clonePath(), incident.PolicyName)))
	}
	p.unreached(b)
	p.support(b)
	if res != nil {
		b.line("## Prove it\n")
		b.commands("skant recover check --remote --incident " + visible.ShellWord(res.Incident) + " " + visible.ShellWord(p.clonePath()))
		b.line("When all is proven, destroy the folder: the bundle in it holds the secrets.")
		b.commands("rm -rf " + visible.ShellWord(res.Dir))
	}
	return b.String()
}

func (p *Plan) secrets(b *page) {
	b.line("## Secrets\n")
	for _, s := range p.Secrets {
		b.line("%d. %s (`%s`), %s: replaced in %s, %s left out as a whole.", s.Number, escapeTitle(s.Title), s.RuleID, quoted(s.Redacted), count(s.Texts, "version of files", "versions of files"), count(s.Stripped, "version", "versions"))
	}
	b.line("\nWhat is left out as a whole are binary files, archives, and texts in which it stands in a form that cannot be replaced: the version before it stands in its place. Put a clean version back afterwards.\n")
}

func (p *Plan) effect(b *page, res *Result) {
	e := &p.Effect
	if res == nil {
		b.line("## What it rewrites\n")
	} else {
		b.line("## What was rewritten\n")
	}
	commits := e.Commits
	if res != nil {
		commits = res.Commits
	}
	b.line("- %d of %d commits get a new id; all before them stay as they are, bit by bit.", commits, e.Total)
	b.line("- A text is replaced in %s; %s left out.", count(e.Blobs, "version of files", "versions of files"), count(e.Stripped, "version is", "versions are"))
	if e.Signed > 0 {
		b.line("- %s lost.", count(e.Signed, "signature of a commit is", "signatures of commits are"))
	}
	b.line("- %s:", count(len(e.Refs), "ref changes", "refs change"))
	for _, r := range e.Refs[:min(len(e.Refs), maxListed)] {
		note := ""
		switch {
		case r.Deleted:
			note = " (deleted: it names a file that holds a secret)"
		case r.Renamed != "":
			note = " (renamed: its name has a secret)"
		case r.SignedTag:
			note = " (loses its signature)"
		}
		b.line("  - %s%s", quoted(r.Shown), note)
	}
	if n := len(e.Refs) - maxListed; n > 0 {
		b.line("  - and %d more", n)
	}
	b.line("")
}

func (p *Plan) checks(b *page) {
	b.line("## Checks\n")
	for _, state := range []State{Blocks, Unknown, Note, Fine} {
		for _, c := range p.Checks {
			if c.State != state {
				continue
			}
			b.line("- **%s** (%s): %s", c.Name, c.State, escapeTitle(c.Detail))
			if c.Run != "" {
				b.commands(c.Run)
			}
		}
	}
	b.line("")
}

func (p *Plan) backupPart(b *page, res *Result) {
	b.line("## The way back\n\nEverything that this clone's refs and stash reached is in %s, verified by git. SHA-256: `%s`. Nobody else can read it; it holds the secrets.", quoted(res.Bundle), res.SHA256)
	b.commands("git clone --mirror " + visible.ShellWord(res.Bundle) + " " + visible.ShellWord(filepath.Join(res.Dir, "restored.git")))
}

func (p *Plan) clonePart(b *page, res *Result) {
	b.line("## Your clone\n\nIn this order. The second command moves all refs together and refuses if one has moved since. All reflogs are emptied, and what only they or nothing remembers is deleted for good: recover lost work first.")
	b.commands(p.CloneCommands(res)...)
}

func (p *Plan) pushPart(b *page, res *Result) {
	b.line("## The remote\n")
	if p.in.Remote == "" {
		b.line("This clone has no remote, or several and none is called origin: `--remote NAME` says which, for the commands to be written.\n")
		return
	}
	list := p.PushCommands(res)
	if len(list) == 0 {
		b.line("No ref of %s that this clone knows has to change.\n", quoted(p.in.Remote))
		return
	}
	b.line("After your clone. Each command refuses if the ref is not what it was any more: fetch then, and start again. Allow forced pushes on protected branches for the moment. "+
		"If the pre-push hook of another tool is slow, it has the whole new history to read.%s", map[bool]string{false: " A tag that the remote never had is refused as stale; leave that one out.", true: ""}[p.RemoteRefs != nil])
	b.commands(list...)
}

func (p *Plan) unreached(b *page) {
	b.line("## What a purge cannot reach\n")
	for _, x := range p.Beyond {
		b.line("- %s %s. %s", count(x.Count, "place", "places"), escapeTitle(x.What), x.Remedy)
	}
	var pulls []string
	for name := range p.RemoteRefs {
		if isPull(name) {
			pulls = append(pulls, name)
		}
	}
	slices.Sort(pulls)
	if len(pulls) > 0 {
		b.line("- %s, which only the host can change: %s.", count(len(pulls), "ref of pull requests on the remote", "refs of pull requests on the remote"), quoted(p.shown(strings.Join(pulls[:min(len(pulls), maxListed)], " "))))
	} else {
		b.line("- Refs of pull requests or merge requests on the host (`refs/pull/*`, `refs/merge-requests/*`), which only the host can change.")
	}
	b.line("- Pages of the host by commit id, which it keeps until it collects its garbage, and its caches and search index.")
	b.line("- Forks: each is a repository of its own, and on GitHub a commit of one can be seen through all of them.")
	b.line("- Every other clone, with its reflogs and stash; mirrors on other hosts.")
	b.line("- Logs, caches and artefacts of CI.")
	b.line("- Container images, packages, archives and deployments that were built from it: delete the versions or publish that they are withdrawn.")
	b.line("- Backups, and whoever fetched it. What was public was copied: that is why revoking comes first.\n")
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// escapeTitle keeps what is Markdown in words that may quote something from acting.
func escapeTitle(s string) string {
	return strings.NewReplacer("<", "&lt;", "*", `\*`, "[", `\[`, "]", `\]`, "|", "&#124;").Replace(visible.Text(s))
}
