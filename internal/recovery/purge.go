package recovery

import (
	"slices"
	"strings"

	"github.com/skant-dev/skant/internal/exposure"
	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/scanner"
)

// shortID is the length to which commit ids are cut for people.
const shortID = 10

// caseDir is where the purge works: outside the repository, readable by its owner only.
const caseDir = `"$HOME/skant-incident"`

// gitSections returns the work on the repository, in order; none if no leak is in git or in a file.
func gitSections(p *Plan, opt Options) []Section {
	remote := "origin"
	if opt.Remote != "" {
		remote = opt.Remote
	}
	if opt.Alone {
		remote = ""
	}
	s := survey(p)
	s.address = address(remote, opt.RemotePath)
	repo := repository(opt.Repository)
	var out []Section
	if steps := currentSteps(s, repo); len(steps) > 0 {
		out = append(out, Section{Title: "Take it out of what is in use now", Steps: steps})
	}
	if s.rewritable() {
		out = append(out,
			Section{Title: "Before the purge", Intro: words("A purge rewrites history for everybody. It comes after revoking, never " +
				"instead of it: whoever has a copy keeps it."), Steps: beforeSteps(s, repo)})
		byHand := Section{Title: "Purge by hand", Intro: words("The other way, where the program's does not fit. Each block begins in the folder of the incident."),
			Steps: purgeSteps(s, remote, repo)}
		if s.hunted {
			byHand.Intro = words("`skant recover purge` takes out what rules find. These values were given to it, so it is done by hand. Each block begins in the folder of the incident.")
		} else {
			out = append(out, Section{Title: "Purge with this program", Intro: words("One way. The two parts after it are the other: skip them then."),
				Steps: programSteps(remote, repo)})
		}
		out = append(out, byHand)
	}
	if local := localSteps(s, remote, repo); len(local) > 0 {
		clean := Section{Title: "Clean this clone", Steps: local}
		if s.rewritable() && !s.hunted {
			clean.Title = "Clean this clone, after a purge by hand"
			clean.Intro = words("Not after the program's way: the commands that it printed do this, and keep what is good in a stash.")
		}
		out = append(out, clean)
	}
	if s.rewritable() {
		intro := words("Rewriting and pushing changes the branches and tags of one remote. Copies elsewhere stay until somebody removes each of them.")
		if len(opt.Others) > 0 {
			intro = append(append(intro, Span{" This clone has more remotes; purge, push and prove for each of them, too: ", Words}),
				append(namesOf(opt.Others, maxRemotes), Span{".", Words})...)
		}
		out = append(out,
			Section{Title: "What a purge cannot reach", Intro: intro, Steps: unreachedSteps(s, remote, repo)},
			Section{Title: "Prove it", Steps: proveSteps(s, remote, repo)},
		)
	}
	if len(out) > 0 {
		out = append(out, Section{Title: "Prevent the next one", Steps: preventSteps(repo)})
	}
	return out
}

// scene is what the places of an incident have in common, as far as the work on the repository depends on it.
type scene struct {
	kinds   map[scanner.Kind]int
	staged  []string
	objects []string
	commits []string
	encoded bool
	packed  bool
	keys    bool
	// pulls are refs of pull requests that reach a secret.
	pulls []string
	// address is a word of a command: where the remote of $REPO is.
	address string
	// hunted says that the values were given to a hunt, so that a search by rules may not find them.
	hunted bool
}

// search is the command that finds the secrets of the incident at a place, and what the reader has to fill in for it.
func (s *scene) search(place string) (string, []Missing) {
	if s.hunted {
		return "skant hunt --secret-file <secret_file> " + place, []Missing{{Name: "secret_file"}}
	}
	return "skant history " + place, nil
}

func survey(p *Plan) *scene {
	s := &scene{kinds: map[scanner.Kind]int{}, hunted: len(p.Leaks) > 0 && !slices.ContainsFunc(p.Leaks, func(l Leak) bool { return l.RuleID != huntRule })}
	for i := range p.Leaks {
		l := &p.Leaks[i]
		s.keys = s.keys || strings.HasPrefix(l.Redacted, "-----BEGIN")
		for _, place := range l.Places {
			s.kinds[place.Kind]++
			s.encoded = s.encoded || len(place.Decoded) > 0
			s.packed = s.packed || place.Member != ""
			if place.Kind == scanner.KindStaged {
				s.staged = append(s.staged, place.Path)
				continue
			}
			if isID(place.Object) {
				s.objects = append(s.objects, place.Object)
			}
			if isID(place.Commit) {
				s.commits = append(s.commits, place.Commit)
			}
		}
	}
	for i := range p.Leaks {
		if e := p.Leaks[i].Exposure; e != nil {
			s.hold(e.Holders)
			for _, r := range e.Remotes {
				for _, ref := range r.Refs {
					if isPull(ref) {
						s.pulls = append(s.pulls, ref)
					}
				}
			}
		}
	}
	for _, list := range []*[]string{&s.staged, &s.objects, &s.commits, &s.pulls} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return s
}

// isPull says that a ref is one of a pull request, which only its host can change.
func isPull(ref string) bool {
	return strings.HasPrefix(ref, "refs/pull/") || strings.HasPrefix(ref, "refs/merge-requests/")
}

// hold adds what the survey saw in this clone.
func (s *scene) hold(holders []exposure.Holder) {
	for _, h := range holders {
		switch h.Kind {
		case exposure.Stash:
			s.kinds[scanner.KindStash]++
		case exposure.Reflog:
			s.kinds[scanner.KindReflog]++
		case exposure.Unreachable:
			s.kinds[scanner.KindUnreachable]++
		case exposure.Pull:
			s.pulls = append(s.pulls, h.Name)
		}
	}
}

func (s *scene) any(kinds ...scanner.Kind) bool {
	return slices.ContainsFunc(kinds, func(k scanner.Kind) bool { return s.kinds[k] > 0 })
}

// rewritable says that a rewrite of history would remove something.
func (s *scene) rewritable() bool {
	return s.any(scanner.KindCommitContent, scanner.KindCommitMessage, scanner.KindAuthor, scanner.KindTagMessage,
		scanner.KindNote, scanner.KindRefName)
}

// isID says that a text from a report is the id of a git object and nothing else.
func isID(s string) bool {
	return len(s) >= 40 && len(s) <= 64 && strings.Trim(s, "0123456789abcdef") == ""
}

// in has commands run in the user's clone, wherever the reader was before.
func in(repo string, s Step) Step {
	s.Run = "cd " + repo + "\n" + s.Run
	s.Missing = append(unknownMissing(repo), s.Missing...)
	return s
}

// unstage works before the first commit, too, and takes a path as it is: one may begin with a colon or have a star.
const unstage = "git --literal-pathspecs reset -q -- "

func currentSteps(s *scene, repo string) []Step {
	var out []Step
	if len(s.staged) > 0 {
		var run []string
		for _, path := range s.staged[:min(len(s.staged), maxIDs)] {
			run = append(run, unstage+visible.ShellWord(path))
		}
		out = append(out, in(repo, Step{Title: words("Take it out of the index"), Run: strings.Join(run, "\n"), Text: words(
			"It is staged and not committed, so history has nothing to purge yet. Take the value out of the file before you stage it again.")}))
	}
	if s.any(scanner.KindFile, scanner.KindCommitContent) {
		out = append(out, Step{Title: words("Replace it in the files by a reference to the secret manager"), Text: words(
			"Commit the change only once the old value is revoked: the commit itself points at the secret.")})
	}
	if s.any(scanner.KindGitConfig) {
		out = append(out, in(repo, Step{Title: words("Take it out of the git configuration"),
			Text:    words("A token in a remote's address belongs in a credential helper."),
			Run:     "git config --show-origin --name-only --list\ngit remote set-url <remote> <address-without-the-token>",
			Missing: []Missing{{Name: "remote"}, {Name: "address-without-the-token"}}}))
	}
	return out
}

// unknownRepository stands where the path of the clone is not known.
const unknownRepository = "path-of-your-clone"

// repository is the path of the scanned clone as a word of a command, or a gap.
func repository(target string) string {
	if strings.HasPrefix(target, "/") {
		return visible.ShellWord(target)
	}
	return "<" + unknownRepository + ">"
}

// programSteps purge by this program.
func programSteps(remote, repo string) []Step {
	from := ""
	if remote != "" {
		from = "--remote " + visible.ShellWord(remote) + " "
	}
	steps := []Step{
		{Title: words("See what would be done"), Run: "skant recover plan " + from + repo, Text: words("It changes nothing: what stands in the way, what is rewritten, " +
			"the commands to push, what a purge cannot reach, and the letter to the host's support.")},
		{Title: words("Purge"), Run: "skant recover purge " + from + "--incident " + incidentFile + " --yes " + repo, Text: words("It needs git-filter-repo, saves everything as a " +
			"bundle first, and changes neither your clone nor the remote.")},
		{Title: words("Run the commands that it printed"), Text: words("Word for word and in their order: for this clone, for the remote, for every other clone. Nothing is purged before that.")},
	}
	for i := range steps[:2] {
		steps[i].Missing = unknownMissing(repo)
	}
	return steps
}

// incidentFile is where the state of the incident is kept; it holds no secret.
const incidentFile = `"$HOME/skant-incident.json"`

// inCase has commands run in the folder of the incident, whatever ran before in whichever terminal, and nowhere else.
func inCase(run string) string {
	return "mkdir -p -m 700 " + caseDir + " && cd " + caseDir + " &&\n" + run
}

// backupStep makes the mirror that is rewritten by hand.
func backupStep(s *scene, repo string) Step {
	backup := Step{Title: words("Clone everything that the remote has, and back it up"), Text: words(
		"REPO is your clone; only the address of its remote is taken from there. The bundle is the way back if the rewrite goes wrong."),
		Run: "umask 077\nREPO=" + repo + "\n" + inCase(cloneMirror(s, "purge.git")) + "\n" +
			"git -C purge.git bundle create ../before.bundle --all\n" +
			"git -C purge.git bundle verify ../before.bundle\n" +
			"git -C purge.git for-each-ref --format='%(refname)' > refs-before.txt"}
	backup.Missing = unknownMissing(repo)
	return backup
}

func beforeSteps(s *scene, repo string) []Step {
	find, missing := s.search(repo)
	return []Step{
		{Title: words("Announce a freeze"), Text: words("Nobody pushes until the purge is proven: one push from a stale clone " +
			"brings everything back. Merge or close open pull requests first, for their commits change, too.")},
		{Title: words("Make a folder for the incident, outside the repository, and keep what the scan found"), Text: words(
			"The report is for the proof and holds no secret; exit status 1 says that there are findings, as there are. A purge by hand puts the secret in " +
				"clear and the history into this folder. Delete it at the end; until then nobody else may read it."),
			Run: inCase(find + " -o json=audit.json"), Missing: append(unknownMissing(repo), missing...)},
	}
}

// sensitive is an option that git-filter-repo has from 2.47 on: it then keeps the remote and names the first changed commits.
// Older versions add a ref named after each old commit to refs/replace unless they are told not to.
const sensitive = `$(git filter-repo -h | grep -o -m1 -e --sensitive-data-removal)`

func purgeSteps(s *scene, remote, repo string) []Step {
	replacement := "Write one line per secret: `literal:`, the value, `==>REMOVED`. Type or paste it into the editor, never " +
		"into a command line, whose history is kept."
	if s.encoded {
		replacement += " Some places hold it encoded: add a line with the encoded text exactly as it stands in the file, for each."
	}
	if s.packed {
		replacement += " Some places are inside archives or documents, where nothing is replaced: remove those files from history " +
			"with `--invert-paths --path`, and put back a version without the secret."
	}
	if s.keys {
		replacement += " A private key has many lines and a line of this file matches within one: use " +
			"`regex:-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*-----END [A-Z ]*PRIVATE KEY-----==>REMOVED`, or remove the whole " +
			"file with `--invert-paths --path`."
	}
	options := sensitive + " --replace-refs update-no-add --replace-text ../replace.txt"
	rewrite := "It rewrites every branch, tag and other ref of the mirror, and from version 2.47 on prints the first changed commits: keep that output, " +
		"the host's support will ask for it. Older versions keep the old and new ids in `filter-repo/commit-map`. Binary files (a NUL in the first 8,192 bytes) are not searched: remove those by path."
	if s.any(scanner.KindCommitMessage, scanner.KindTagMessage) {
		options += " --replace-message ../replace.txt"
	}
	find, missing := s.search(".")
	steps := []Step{
		backupStep(s, repo),
		{Title: words("Write what is to be replaced, for your eyes only"), Text: words(replacement),
			Run: inCase("install -m 600 /dev/null replace.txt && \"${EDITOR:-vi}\" replace.txt")},
		{Title: words("Rewrite"), Text: words(rewrite), Link: "https://github.com/newren/git-filter-repo",
			Run: inMirror("git filter-repo " + options)},
	}
	if s.any(scanner.KindAuthor) {
		steps = append(steps, Step{Title: words("Replace it in names and addresses"), Text: words(
			"It stands in the author or committer of a commit, where text replacement does not look. Write a mailmap file beside replace.txt."),
			Run: inMirror("git filter-repo " + sensitive + " --replace-refs update-no-add --mailmap ../mailmap")})
	}
	if s.any(scanner.KindNote) {
		steps = append(steps, Step{Title: words("Look at the notes"), Text: words(
			"Notes name commits by id, and the ids have changed: notes of rewritten commits are orphans now. Drop those that hold the secret."),
			Run: inMirror("git for-each-ref refs/notes")})
	}
	if s.any(scanner.KindRefName) {
		steps = append(steps, Step{Title: words("Rename or delete the ref that is named after it"),
			Run: inMirror("git for-each-ref --format='%(refname)'")})
	}
	push := "GitHub refuses `refs/pull/*`, which only it may change: expected, and the reason for a " +
		"word with its support below. Branch protection must allow the force-push for the moment. Signatures of rewritten commits " +
		"and tags are lost."
	if remote == "" {
		push = "The repository has no remote, so this changes itself. Where it has a work tree, git refuses the branch that is checked out: run `git switch --detach` there first, and go back after. " +
			"Signatures of rewritten commits and tags are lost."
	}
	return append(steps,
		Step{Title: words("Look before you push"), Text: words("The same branches and tags must be there (diff prints " +
			"nothing), the log must show the same work, and the scan must find nothing."),
			Run: inMirror("git for-each-ref --format='%(refname)' | diff ../refs-before.txt -\ngit log --oneline --all | head -20\n" + find), Missing: missing},
		Step{Title: words("Push"), Text: words(push), Run: "REPO=" + repo + "\n" + inMirror("git push --force --mirror -- "+s.address), Missing: unknownMissing(repo)},
	)
}

// inMirror has commands run in the mirror that is rewritten.
func inMirror(run string) string { return "cd " + caseDir + "/purge.git && " + run }

// moveBranches puts every branch of a clone whose commits were all pushed to where the remote has it now, and names the others. The
// position before the last fetch is the old history's.
func moveBranches(remote string) string {
	tracked := "refs/remotes/" + remote + "/"
	return "git fetch --prune --tags --force " + visible.ShellWord(remote) + "\nAT=$(git symbolic-ref -q --short HEAD)\n" +
		"for b in $(git for-each-ref --format='%(refname:strip=2)' refs/heads)\ndo if git merge-base --is-ancestor \"refs/heads/$b\" " +
		visible.ShellWord(tracked) + `"$b@{1}" 2>/dev/null && git switch -q "$b" && git reset -q --keep ` + visible.ShellWord(tracked) + `"$b"` +
		"\n  then echo \"moved $b\"\n  else echo \"LEFT ALONE $b\"\n  fi\ndone\ngit switch -q \"${AT:---detach}\""
}

// forgetReflogs expires every reflog but that of the stash, whose entries are the stashes themselves.
const forgetReflogs = "for r in HEAD $(git for-each-ref --format='%(refname)')\ndo if [ \"$r\" != refs/stash ] && git reflog exists \"$r\"\n" +
	"  then git reflog expire --expire=now --expire-unreachable=now \"$r\"\n  fi\ndone"

func localSteps(s *scene, remote, repo string) []Step {
	if !s.rewritable() && !s.any(scanner.KindStash, scanner.KindReflog, scanner.KindUnreachable) {
		return nil
	}
	var out []Step
	if s.rewritable() && remote != "" {
		out = append(out, in(repo, Step{Title: words("Bring this clone to the new history"), Text: words("Otherwise its next push brings the old one back. A branch with work that was " +
			"never pushed is left alone: `git rebase --onto NEW OLD BRANCH` takes its own commits along, OLD being the last of the old history below them. " +
			"Never merge, and never pull without `--rebase`."), Run: moveBranches(remote)}))
	}
	if s.any(scanner.KindStash) {
		out = append(out, in(repo, Step{Title: words("Drop the stash entries that hold it"), Text: words(
			"Apply and re-save what you need without the secret first. Dropping renumbers the entries."),
			Run: "git stash list\ngit stash drop <stash>", Missing: []Missing{{Name: "stash"}}}))
	}
	out = append(out, in(repo, Step{Title: words("Forget what no branch needs"), Text: words(
		"Old commits are still in the object store of this clone. This deletes all that only the reflogs or nothing " +
			"remembers, for good: recover lost work first. Stashes stay; one from before the purge keeps the old commits that it was made on, so apply it and save it anew."),
		Run: forgetReflogs + "\ngit gc --prune=now"}))
	if ids := s.ids(); len(ids) > 0 && !s.rewritable() {
		out = append(out, in(repo, Step{Title: words("Prove that they are gone"), Text: words("Every id must be reported as gone."),
			Run: "git rev-parse --absolute-git-dir && " + stillThere(ids)}))
	}
	return out
}

func unreachedSteps(s *scene, remote, repo string) []Step {
	pulls := pullStep(s, remote, repo)
	return []Step{
		{Title: words("Every other clone"), Text: words("Delete and clone again. Whoever must keep one moves it to the new history " +
			"and cleans it as this clone, and never merges the old.")},
		{Title: words("Forks"), Text: words("Each is a repository of its own. Its owner purges or deletes it; on GitHub, commits of " +
			"a fork can be seen through the original by their id.")},
		pulls,
		{Title: words("Mirrors, CI caches and artefacts"), Text: words("Mirrors in other hosts, build caches, logs, uploaded " +
			"artefacts, deployed copies.")},
		{Title: words("What was built from it"), Text: words("Container layers, packages and archives that were published with the file " +
			"in them: delete the versions or publish that they are withdrawn.")},
		{Title: words("Backups, and whoever fetched it"), Text: words("What was public was copied: count on it. That is why revoking " +
			"comes first.")},
	}
}

// pullStep is on the refs that only the host can change.
func pullStep(s *scene, remote, repo string) Step {
	out := Step{Title: words("Pull requests and views by commit id on the host"), Text: words("`refs/pull/*` and cached pages keep the old " +
		"commits. On GitHub only support removes them: name the repository, the first changed commits and the pull requests."),
		Link: "https://support.github.com", Run: "git ls-remote -- " + visible.ShellWord(remote) + " 'refs/pull/*' 'refs/merge-requests/*'"}
	if remote == "" {
		out.Run = "git for-each-ref refs/pull refs/merge-requests"
	}
	if len(s.pulls) > 0 {
		out.Text = append(out.Text, Span{" Known are ", Words})
		out.Text = append(append(out.Text, namesOf(s.pulls, maxHolders)...), Span{"; each leads to a secret.", Words})
	}
	return in(repo, out)
}

func preventSteps(repo string) []Step {
	return []Step{
		in(repo, Step{Title: words("Install the hooks in every clone"), Run: "skant hooks install all"}),
		{Title: words("Have CI refuse what the hooks did not see"), Run: "skant ci",
			Text: words("A step of the pipeline. Hooks can be skipped and stale clones can push old history; the check on the server cannot be skipped.")},
	}
}
