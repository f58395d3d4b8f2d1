package purge

import (
	"fmt"
	"maps"
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
	if res != nil {
		return p.next(res)
	}
	b := &page{}
	b.line("# Plan of a purge\n\n**%s** A purge comes after revoking, never instead of it: whoever has a copy keeps it.\n", p.headline())
	p.secrets(b)
	p.effect(b, nil)
	p.checks(b)
	b.line("## Then\n")
	b.line("%s", thenText)
	b.commands(p.Command())
	p.unreached(b)
	p.support(b)
	return b.String()
}

const thenText = "This saves all of it as a bundle, rewrites a mirror clone beside this one, and prints the exact commands for this clone and for each ref of the remote."

// headline says in a line whether the purge can be done.
func (p *Plan) headline() string {
	if n := len(p.Blocked()); n > 0 {
		return count(n, "thing stands", "things stand") + " in the way of the purge. Nothing has been changed."
	}
	return "The purge can be done. Nothing has been changed."
}

// Command is the command that does what is planned.
func (p *Plan) Command() string {
	words := []string{"skant recover purge"}
	if p.in.Ask && p.in.Remote != "" {
		words = append(words, "--remote "+visible.ShellWord(p.in.Remote))
	}
	for _, only := range p.in.Only {
		words = append(words, "--only "+visible.ShellWord(only))
	}
	return strings.Join(append(words, "--yes", visible.ShellWord(p.clonePath())), " ")
}

// next writes what was done and what is left to do.
func (p *Plan) next(res *Result) string {
	b := &page{}
	b.line("# The purge, and what is left to do\n\nThe history is rewritten in %s. Your clone and the remote are as they were: the commands below bring them along.\n", quoted(res.Mirror))
	b.line("Do all of it, in this order, down to \"Delete the backup\": its folder holds the secrets. What comes after that is not to be done unless something went wrong.\n")
	p.secrets(b)
	p.effect(b, res)
	p.backupPart(b, res)
	p.clonePart(b, res)
	p.pushPart(b, res)
	p.hostPart(b, res)
	b.line("## Every other clone\n\nDelete it and clone again. Whoever must keep one fetches and rebases onto the new history, and never merges the old. One push from a stale clone brings everything back; " +
		"the guard refuses that where skant's hooks or `skant ci` run and know what was purged. For a clone on this machine that is kept, with its path for `CLONE`:")
	b.commands(p.guardCommand(res.Incident, "CLONE"), "( cd CLONE && skant hooks install all )")
	p.unreached(b)
	p.support(b)
	p.provePart(b, res)
	p.sharePart(b)
	p.deletePart(b, res)
	p.backPart(b, res)
	return b.String()
}

func (p *Plan) secrets(b *page) {
	b.line("## Secrets\n")
	left := 0
	for _, s := range p.Secrets {
		b.line("%d. %s (`%s`), %s: %s.", s.Number, escapeTitle(s.Title), s.RuleID, quoted(s.Redacted), s.how())
		left += s.Stripped
	}
	b.line("")
	if left > 0 {
		b.line("What is left out as a whole are binary files, archives, and texts in which it stands in a form that cannot be replaced: the version before it stands in its place. Put a clean version back afterwards.\n")
	}
}

// how says how a secret is taken out of files.
func (s *Secret) how() string {
	var parts []string
	if s.Texts > 0 {
		parts = append(parts, "replaced in "+count(s.Texts, "version of a file", "versions of files"))
	}
	if s.Stripped > 0 {
		parts = append(parts, count(s.Stripped, "version is", "versions are")+" left out as a whole")
	}
	if len(parts) == 0 {
		return "in no file; taken out of messages and names"
	}
	return strings.Join(parts, ", ")
}

// effectLines says what changes, in sentences; the last is the heading of the refs.
func (p *Plan) effectLines(res *Result) []string {
	e := &p.Effect
	commits := e.Commits
	if res != nil {
		commits = res.Commits
	}
	lines := []string{
		fmt.Sprintf("%d of %s a new id; all before them stay as they are, bit by bit.", commits, count(e.Total, "commit gets", "commits get")),
		"A text is replaced in " + count(e.Blobs, "version of a file", "versions of files") + ".",
	}
	if e.Stripped > 0 {
		lines[1] = strings.TrimSuffix(lines[1], ".") + "; " + count(e.Stripped, "version is", "versions are") + " left out."
	}
	if e.Signed > 0 {
		lines = append(lines, count(e.Signed, "signature of a commit is", "signatures of commits are")+" lost.")
	}
	return append(lines, count(len(e.Refs), "ref changes", "refs change")+":")
}

// note says what is special about a ref that changes.
func (r *Ref) note() string {
	switch {
	case r.Deleted:
		return " (deleted: it names a file or a folder that holds a secret, and no commit)"
	case r.Renamed != "":
		return " (renamed: its name has a secret)"
	case r.SignedTag:
		return " (loses its signature)"
	}
	return ""
}

func (p *Plan) effect(b *page, res *Result) {
	e := &p.Effect
	if res == nil {
		b.line("## What it rewrites\n")
	} else {
		b.line("## What was rewritten\n")
	}
	for _, line := range p.effectLines(res) {
		b.line("- %s", line)
	}
	if text, _ := p.elsewhere(); res != nil && text != "" {
		b.line("- %s", text)
	}
	for _, r := range e.Refs[:min(len(e.Refs), maxListed)] {
		b.line("  - %s%s", quoted(r.Shown), r.note())
	}
	if n := len(e.Refs) - maxListed; n > 0 {
		b.line("  - and %d more", n)
	}
	b.line("")
}

func (p *Plan) checks(b *page) {
	b.line("## Checks\n")
	for _, c := range p.sorted() {
		b.line("- **%s** (%s): %s", c.Name, c.State, escapeTitle(c.Detail))
		if c.Run != "" {
			b.commands(c.Run)
		}
	}
	b.line("")
}

func (p *Plan) backupPart(b *page, res *Result) {
	b.line("## The backup\n\nEverything that this clone's refs, stash and work trees reached is in %s (mode 0600: nobody else can read it), verified by git. SHA-256: `%s`. "+
		"**It holds the secrets.** Delete it as soon as `skant recover check` has proven all; until then \"The way back\" says how to use it.\n", quoted(res.Bundle), res.SHA256)
}

func (p *Plan) backPart(b *page, res *Result) {
	b.line("## The way back\n\nNot a part of the above: only if you have to, instead of deleting the backup, and only after the commands of \"Your clone\": these make every ref, the stash and the work trees what they were, with the secrets. They stop where something is not committed, or if a ref has moved since. "+
		"What only a reflog knew does not come back. `skant` goes on refusing the old history in this clone: its list is %s.", quoted(p.PurgedList()))
	b.commands(inTurn(p.BackCommands(res))...)
	b.line("To look at the old history without bringing it back:")
	b.commands("git clone --quiet --mirror " + visible.ShellWord(res.Bundle) + " " + visible.ShellWord(filepath.Join(res.Dir, "restored.git")))
}

func (p *Plan) clonePart(b *page, res *Result) {
	b.line("## Your clone\n\nIn this order; where one fails, none after it runs. What is not committed stops the first; the refs move all together, or not at all if one, or the stash, has moved since: purge again then. All reflogs are emptied, and what only they or nothing remembers is deleted for good: recover lost work first. A clone that borrows objects of this one (`git clone --shared`, `--reference`) breaks: clone that again.")
	b.commands(inTurn(p.CloneCommands(res))...)
}

// inTurn joins commands of which none may run after one that failed: those at the end delete for good.
func inTurn(commands []string) []string { return strings.Split(strings.Join(commands, " &&\n"), "\n") }

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

// hostPart has the host itself refuse what was purged, where that can be done. A push with --no-verify passes by every other guard, and of what a host
// still has in a ref of a pull request only its list tells that it may not come back.
func (p *Plan) hostPart(b *page, res *Result) {
	hosts := p.hosts()
	if p.in.Remote == "" || len(hosts) > 0 && !slices.ContainsFunc(hosts, func(h host) bool { return len(h.at) == 0 }) {
		return // a service, on which nobody installs hooks
	}
	b.line("## The host's own guard\n")
	if path := p.hostPath(); path != "" {
		b.line("%s is on this machine. Without these a push with `--no-verify` brings the old history back.", quoted(p.in.Remote))
		b.commands(p.guardCommand(res.Incident, path), "( cd "+visible.ShellWord(path)+" && skant hooks install all )")
		return
	}
	b.line("If %s is a server of your own, a push with `--no-verify` brings the old history back unless the server knows what was purged. "+
		"Copy %s there, which holds no secret, and run there, with the path of the bare repository for `HOST.git`:", quoted(p.in.Remote), quoted(res.Incident))
	b.commands(p.guardCommand(filepath.Base(res.Incident), "HOST.git"), "( cd HOST.git && skant hooks install all )")
}

func (p *Plan) guardCommand(file, path string) string {
	return "skant recover guard --incident " + visible.ShellWord(file) + " " + visible.ShellWord(path)
}

// provePart asks for the values: no clone has them by now, so that nobody could be asked whether they are dead.
func (p *Plan) provePart(b *page, res *Result) {
	b.line("## Prove it\n\nNo clone has the values any more, so the command waits for them, to ask their providers: paste all on one line, with spaces between, then Enter; " +
		"nothing is shown or kept. What has several lines, as a private key, comes from `--secret-file FILE`, of mode 0600: delete that afterwards. Where no provider can be asked, leave the option out.")
	remote := ""
	if p.in.Remote != "" {
		remote = " --remote"
	}
	b.commands("skant recover check" + remote + " --verify --secret-file - --incident " + visible.ShellWord(res.Incident) + " " + visible.ShellWord(p.clonePath()))
}

// sharePart has everybody know what was purged. The ids of the list tell a stranger what to ask a host for that still gives it out.
func (p *Plan) sharePart(b *page) {
	top := p.in.Repo.WorkTree()
	if top == "" {
		return
	}
	b.line("## Have everybody's guard know it\n\nOnly once the check has the remote proven, wherever strangers can read the repository: the list names the old objects by their ids, " +
		"and whoever knows an id can have it from a host that still gives it out. From then on the hooks and `skant ci` of everybody who fetches refuse it.")
	git := "git -C " + visible.ShellWord(top)
	push := git + " push"
	if p.in.Remote != "" {
		push += " " + visible.ShellWord(p.in.Remote) + " HEAD"
	}
	b.commands("cp -- "+visible.ShellWord(p.PurgedList())+" "+visible.ShellWord(filepath.Join(top, incident.PolicyName)),
		git+" add -- "+incident.PolicyName, git+" commit -m 'Refuse what was purged' -- "+incident.PolicyName, push)
}

// deletePart ends with the folder gone and the incident's file kept: that is the record, and the only proof.
func (p *Plan) deletePart(b *page, res *Result) {
	b.line("## Delete the backup\n\nWhen all is proven, and not before: there is no way back then. The bundle in the folder holds the secrets, and so does every copy of it.")
	remove := "rm -rf -- " + visible.ShellWord(res.Dir)
	if inside, err := filepath.Rel(res.Dir, res.Incident); err != nil || !filepath.IsLocal(inside) {
		b.commands(remove)
		return
	}
	kept := res.Dir + "-incident.json"
	b.line("The first command keeps the incident's file, which holds no secret, as %s.", quoted(kept))
	b.commands("mv -n -- " + visible.ShellWord(res.Incident) + " " + visible.ShellWord(kept) + " && " + remove)
}

func (p *Plan) unreached(b *page) {
	b.line("## What a purge cannot reach\n")
	for _, x := range p.Beyond {
		b.line("- %s %s. %s", count(x.Count, "place", "places"), escapeTitle(x.What), x.Remedy)
	}
	if pulls := slices.Collect(maps.Keys(p.RemoteRefs)); slices.ContainsFunc(pulls, isPull) {
		affected, unknown := p.pulls()
		b.line("- Refs of pull requests on the remote, which only the host can change. %s.", escapeTitle(p.pullText(affected, unknown)))
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
