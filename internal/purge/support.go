package purge

import (
	"slices"
	"strings"
)

// hosts are those whose support, or administrator, removes what a push cannot.
var hosts = []struct{ name, how string }{
	{"GitHub", "Write to <https://support.github.com> (\"Remove data from a repository I own or control\"). It removes cached views and the refs of pull requests, and collects the garbage. It helps only where " +
		"revoking the secret does not end the risk: say why. A fork is purged by its owner."},
	{"GitLab", "Settings, Repository, Repository maintenance: remove the blobs by their ids (older versions: Repository cleanup with the file `purge.git/filter-repo/commit-map`), then Settings, General, Advanced: " +
		"housekeeping and, half an hour later, pruning of unreachable objects. Refs of merge requests and `refs/keep-around/*` go with that; on GitLab.com write to its support for what stays."},
	{"Bitbucket Cloud", "Write to <https://support.atlassian.com>: the garbage collection of a repository is run by its support. Pull requests keep their commits until then."},
	{"Azure DevOps", "Nobody but its support can collect the garbage, and `refs/pull/*/merge` stays with each pull request. If that takes too long, push the rewritten history to a new repository and delete the old one for good."},
	{"Gitea and Forgejo", "Site administration, Dashboard: garbage collect all repositories. Before that, the administrator deletes the refs on the server: `git -C REPO.git update-ref -d refs/pull/NUMBER/head`."},
	{"A server of your own", "In the bare repository: `git reflog expire --expire=now --expire-unreachable=now --all && git gc --prune=now`, after deleting refs that still reach the old commits (`git for-each-ref --contains ID`)."},
}

// support is the part about the host, with a text to be sent. First changed commits are what hosts ask for.
func (p *Plan) support(b *page) {
	b.line("## The host\n")
	for _, h := range hosts {
		b.line("- **%s**: %s", h.name, h.how)
	}
	b.line("\nA text for its support; fill in what stands in angle brackets:\n")
	b.line("```text")
	b.line("Subject: removal of leaked credentials from <OWNER/REPOSITORY>\n")
	b.line("Credentials were committed to <OWNER/REPOSITORY>. They are revoked: <YES, ON DATE>. The history was rewritten with")
	b.line("git-filter-repo and force-pushed on <DATE>. Please remove what we cannot reach: cached views of the old commits, refs of")
	b.line("pull or merge requests that hold them, and unreachable objects (garbage collection).")
	b.line("Why revoking alone is not enough: <REASON, FOR EXAMPLE PERSONAL DATA BESIDE THE CREDENTIAL>\n")
	first := p.firstChanged()
	b.line("First changed commits (old ids):")
	for _, id := range first[:min(len(first), maxListed)] {
		b.line("  %s", id)
	}
	if n := len(first) - maxListed; n > 0 {
		b.line("  and %d more", n)
	}
	var blobs []string
	for id := range p.objects.text {
		blobs = append(blobs, id.String())
	}
	for id := range p.objects.strip {
		blobs = append(blobs, id.String())
	}
	slices.Sort(blobs)
	b.line("Blobs that hold a credential:")
	for _, id := range blobs[:min(len(blobs), maxListed)] {
		b.line("  %s", id)
	}
	if n := len(blobs) - maxListed; n > 0 {
		b.line("  and %d more", n)
	}
	pulls := 0
	for name := range p.RemoteRefs {
		if isPull(name) {
			pulls++
		}
	}
	if p.RemoteRefs != nil {
		b.line("Refs of pull requests on the remote: %d in all; those that hold an old commit need your removal.", pulls)
	} else {
		b.line("Refs of pull requests that hold an old commit: <NUMBERS>")
	}
	lfs := slices.ContainsFunc(p.Beyond, func(x Beyond) bool { return strings.Contains(x.What, "LFS") })
	b.line("Git LFS objects to be removed: %s", map[bool]string{true: "<OIDS>", false: "none known"}[lfs])
	b.line("```\n")
}

// firstChanged are the commits that get a new id and of which no parent does, the first ones of the damage.
func (p *Plan) firstChanged() []string {
	var out []string
	for id := range p.Effect.first {
		out = append(out, id.String())
	}
	slices.Sort(out)
	return out
}
