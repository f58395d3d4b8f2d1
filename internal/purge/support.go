package purge

import (
	"context"
	"slices"
	"strings"

	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/internal/visible"
)

// host is a service whose support, or administrator, removes what a push cannot.
type host struct {
	name string
	// at are the ends of the names of its servers; none for what runs on servers of one's own.
	at []string
	// protect is where branches are protected, how what its support does or has to be asked.
	protect, how string
}

var knownHosts = []host{
	{
		"GitHub", []string{"github.com"},
		"Settings, Branches (\"Allow force pushes\") and Settings, Rules, Rulesets (\"Block force pushes\"); `gh api repos/OWNER/REPOSITORY/rules/branches/BRANCH` lists the rules of one.",
		"Write to <https://support.github.com> (\"Remove data from a repository I own or control\"). It removes cached views and the refs of pull requests, and collects the garbage. It helps only where " +
			"revoking the secret does not end the risk: say why. A fork is purged by its owner.",
	},
	{
		"GitLab", []string{"gitlab.com"},
		"Settings, Repository, Protected branches (\"Allowed to force push\") and Protected tags; a group can have rules of its own.",
		"Settings, Repository, Repository maintenance: remove the blobs by their ids (older versions: Repository cleanup with the file `purge.git/filter-repo/commit-map`), then Settings, General, Advanced: " +
			"housekeeping and, half an hour later, pruning of unreachable objects. Refs of merge requests and `refs/keep-around/*` go with that; on GitLab.com write to its support for what stays.",
	},
	{
		"Bitbucket Cloud", []string{"bitbucket.org"},
		"Repository settings, Branch restrictions (\"Allow rewriting branch history\", \"Allow deleting this branch\").",
		"Write to <https://support.atlassian.com>: the garbage collection of a repository is run by its support. Pull requests keep their commits until then.",
	},
	{
		"Azure DevOps", []string{"dev.azure.com", "visualstudio.com"},
		"Project settings, Repositories, Security (\"Force push (rewrite history, delete branches and tags)\"); where a branch has policies, also \"Bypass policies when pushing\".",
		"Nobody but its support can collect the garbage, and `refs/pull/*/merge` stays with each pull request. If that takes too long, push the rewritten history to a new repository and delete the old one for good.",
	},
	{
		"Gitea and Forgejo", []string{"codeberg.org", "gitea.com"},
		"Settings, Branches: a protected branch takes no forced push unless its rule says so; older versions never, so delete the rule and make it again.",
		"Site administration, Dashboard: garbage collect all repositories. Before that, the administrator deletes the refs on the server: `git -C REPO.git update-ref -d refs/pull/NUMBER/head`.",
	},
	{
		"A server of your own", nil,
		"`git -C REPO.git config --get-regexp '^receive\\.deny'` shows denyNonFastForwards and denyDeletes, and a pre-receive or update hook may refuse.",
		"In the bare repository: `git reflog expire --expire=now --expire-unreachable=now --all && git gc --prune=now`, after deleting refs that still reach the old commits (`git for-each-ref --contains ID`). " +
			"So that it refuses their return, a push with `--no-verify` and a merge with a forgotten ref too, once the purge is done: `skant recover guard --incident FILE REPO.git` there, and `cd REPO.git && skant hooks install all`.",
	},
}

// hosts are those that the remote may be at: one, if its address is that of a host that is known, else all.
func (p *Plan) hosts() []host {
	remotes, err := p.in.Repo.Remotes(context.Background(), p.in.Env)
	if err != nil {
		return knownHosts
	}
	var found []host
	for _, r := range remotes {
		if r.Name != p.in.Remote {
			continue
		}
		server := serverOf(r.Address)
		if server == "" || strings.Trim(server, ".") == "" { // a path on this machine
			found = append(found, knownHosts[len(knownHosts)-1])
			continue
		}
		i := slices.IndexFunc(knownHosts, func(h host) bool {
			return slices.ContainsFunc(h.at, func(end string) bool { return server == end || strings.HasSuffix(server, "."+end) })
		})
		if i < 0 {
			return knownHosts
		}
		if !slices.ContainsFunc(found, func(h host) bool { return h.name == knownHosts[i].name }) {
			found = append(found, knownHosts[i])
		}
	}
	if len(found) == 0 {
		return knownHosts
	}
	return found
}

// hostPath is the folder of the remote where that is a path on this machine; empty otherwise.
func (p *Plan) hostPath() string {
	ctx := context.Background()
	remotes, err := p.in.Repo.Remotes(ctx, p.in.Env)
	if err != nil {
		return ""
	}
	_, to := repo.FetchedAndPushed(remotes, p.in.Remote)
	if len(to) == 0 {
		return ""
	}
	asker, err := repo.NewAsker(ctx, p.in.Repo, to[0], repo.AskOptions{Env: p.in.Env})
	if err != nil {
		return ""
	}
	path := asker.Path
	if err := asker.Close(); err != nil { // it was a folder for nothing but questions
		return path
	}
	return path
}

// serverOf is the name of the server in the address of a remote: https://host/path, ssh://user@host:22/path or user@host:path.
func serverOf(address string) string {
	_, rest, url := strings.Cut(address, "://")
	if !url {
		rest = address
	}
	if i := strings.IndexAny(rest, "/:"); i >= 0 {
		if at := strings.LastIndexByte(rest[:i], '@'); at >= 0 {
			rest, i = rest[at+1:], i-at-1
		}
		rest = rest[:i]
	}
	return strings.ToLower(rest)
}

// support is the part about the host, with a text to be sent. First changed commits are what hosts ask for.
func (p *Plan) support(b *page) {
	b.line("## The host\n")
	for _, h := range p.hosts() {
		b.line("- **%s**. Protected branches: %s", h.name, h.protect)
		b.line("  What is left there: %s", h.how)
	}
	b.line("\nA text for its support; fill in what stands in angle brackets:\n")
	b.line("```text")
	b.WriteString(p.letter())
	b.line("```\n")
}

// letter is the text for a host's support: names of ids, no secret.
func (p *Plan) letter() string {
	b := &page{}
	b.line("Subject: removal of leaked credentials from <OWNER/REPOSITORY>\n")
	b.line("Credentials were committed to <OWNER/REPOSITORY>. They are revoked: <YES, ON DATE>. The history was rewritten with")
	b.line("git-filter-repo and force-pushed on <DATE>. Please remove what we cannot reach: cached views of the old commits, refs of")
	b.line("pull or merge requests that hold them, and unreachable objects (garbage collection).")
	b.line("Why revoking alone is not enough: <REASON, FOR EXAMPLE PERSONAL DATA BESIDE THE CREDENTIAL>\n")
	b.ids("First changed commits (old ids):", p.firstChanged())
	b.ids("Blobs that hold a credential:", p.blobs())
	var tags []string
	for id := range p.objects.tags {
		tags = append(tags, id.String())
	}
	slices.Sort(tags)
	if len(tags) > 0 {
		b.ids("Annotated tags that hold a credential:", tags)
	}
	affected, open := p.pulls()
	switch {
	case p.RemoteRefs == nil:
		b.line("Refs of pull requests that hold an old commit: <NUMBERS>")
	case len(affected)+open == 0:
		b.line("Refs of pull requests that hold an old commit: none")
	default:
		b.line("Refs of pull requests that hold an old commit: %d known, %d more that we have not fetched and cannot tell", len(affected), open)
		for _, name := range affected[:min(len(affected), maxListed)] {
			b.line("  %s", p.shown(visible.Text(name)))
		}
	}
	lfs := slices.ContainsFunc(p.Beyond, func(x Beyond) bool { return strings.Contains(x.What, "LFS") })
	b.line("Git LFS objects to be removed: %s", map[bool]string{true: "<OIDS>", false: "none known"}[lfs])
	return b.String()
}

// ids lists ids, of which the rest is counted.
func (b *page) ids(title string, ids []string) {
	b.line("%s", title)
	for _, id := range ids[:min(len(ids), maxListed)] {
		b.line("  %s", id)
	}
	if n := len(ids) - maxListed; n > 0 {
		b.line("  and %d more", n)
	}
}

// pulls are the refs of pull requests at the remote that name a commit of the old history; unknown counts those of which this
// clone does not have the commit.
func (p *Plan) pulls() (affected []string, unknown int) {
	store, err := p.in.Repo.Objects()
	for name, id := range p.RemoteRefs {
		switch {
		case !isPull(name):
		case p.Effect.touched[id]:
			affected = append(affected, name)
		case err != nil || !store.Has(id):
			unknown++
		}
	}
	slices.Sort(affected)
	return affected, unknown
}

// blobs are the ids of those that hold a secret.
func (p *Plan) blobs() []string {
	var all []string
	for _, ids := range []map[pack.ID]bool{p.objects.text, p.objects.strip} {
		for id := range ids {
			all = append(all, id.String())
		}
	}
	slices.Sort(all)
	return all
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
