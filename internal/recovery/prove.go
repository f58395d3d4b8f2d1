package recovery

import (
	"slices"
	"strconv"
	"strings"

	"github.com/skant-dev/skant/internal/visible"
)

// maxIDs bounds the ids in a verification command.
const maxIDs = 200

// proveSteps are the proof by hand, and the one by this program.
func proveSteps(s *scene, remote, repo string) []Step {
	first := Step{Title: words("Clone the remote afresh and look for the ids of this incident"), Text: words(
		"Every id must be reported as gone. An id that is still there is followed by the refs that reach it."),
		Run: "REPO=" + repo + "\n" + inCase("rm -rf proof.git\n"+cloneMirror(s, "proof.git"))}
	if ids := s.ids(); len(ids) > 0 {
		first.Run += "\ncd proof.git && git rev-parse --absolute-git-dir && " + stillThere(ids)
	}
	first.Missing = unknownMissing(repo)
	find, missing := s.search(".")
	steps := []Step{first, {Title: words("Search the fresh clone for the values themselves"),
		Run: "cd " + caseDir + "/proof.git && " + find, Missing: missing,
		Text: words("Exit status 0 says that nothing was found and that everything was read. Ask the providers whether the secrets are dead.")}}
	if len(s.commits) > 0 {
		steps = append(steps, Step{Title: words("Ask the server for the old commits by id"), Text: words(
			"A server may serve a commit that no branch reaches, until it collects its garbage: ask the host's support, or run " +
				"`git gc --prune=now` on a server of your own, and ask again. What it finds it fetches, into a repository of its own."),
			Run: "REPO=" + repo + "\nURL=" + s.address + "\ncd " + caseDir + " && rm -rf ask.git && git init -q --bare" + formatOf(s.commits[0]) + " ask.git && cd ask.git && " +
				`git ls-remote -- "$URL" HEAD && ` + loop(s.commits, `git fetch -q --depth=1 -- "$URL" "$id" 2>/dev/null`, "STILL SERVED", "refused"),
			Missing: unknownMissing(repo)})
	}
	given, how := " --secret-file -", "the command waits for them. Paste all on one line, with spaces between, then Enter; nothing is shown. What has several lines, as a private key, comes from "+
		"`--secret-file FILE`, of mode 0600, which you delete afterwards. Where no provider can be asked, leave the option out."
	if s.hunted { // no rule finds them in what is pasted
		given, how = "", "so nobody is asked about what was hunted."
	}
	steps = append(steps, Step{Title: words("Have its return refused"), Missing: first.Missing,
		Run: inCase("skant recover check --report audit.json --incident " + incidentFile + " " + repo + "\nskant recover guard --incident " + incidentFile + " " + repo + "\ncd " + repo + " && skant hooks install all"),
		Text: words("The first command writes the file of the incident; what it calls open is for the next step. The second puts what was purged on this clone's list, and hooks, `skant diff` and " +
			"`skant ci` refuse it from then on. Do both in every clone, and on a server of your own: name its bare repository behind the second command, and install the hooks there. For everybody else commit the list as `.skant-purged`: where strangers can read the repository only once " +
			"the next step has the remote proven, since its ids tell what to ask a host for that still gives it out.")},
		Step{Title: words("Have it proven"), Missing: first.Missing,
			Run: inCase("skant recover check --report audit.json --incident " + incidentFile + " --remote --verify" + given + " " + repo),
			Text: words("Exit status 0 only if all is proven: providers, objects, refs, reflogs, stashes and remotes. It names what is not, with the command " +
				"that helps, and what cannot be known. The file of the incident holds no secret: keep it with the record. Providers are asked with the " +
				"values, which no clone has by then: " + how)})
	if last := &steps[len(steps)-1]; s.hunted {
		last.Text = append(last.Text, Span{" No rule finds what was hunted, so that part of it stays unknown: the hunt in the fresh clone, and in this one, is the proof of that.", Words})
	}
	return append(steps, Step{Title: words("Destroy the folder of the incident"),
		Text: words("Only when all of the above is proven: the backup goes with it."), Run: "rm -rf " + caseDir})
}

// cloneMirror clones what the remote serves. Of a remote that is a path, git would otherwise copy the whole object store,
// unreachable objects and all.
func cloneMirror(s *scene, name string) string {
	return "git clone --mirror --no-local -- " + s.address + " " + name
}

// address has the shell look up where the remote of $REPO is; path is known for one that git would look for below $REPO. Without a remote
// it is the repository itself.
func address(remote, path string) string {
	switch {
	case remote == "":
		return `"$REPO"`
	case path != "":
		return visible.ShellWord(path)
	default:
		return `"$(git -C "$REPO" remote get-url ` + visible.ShellWord(remote) + `)"`
	}
}

// formatOf is the option by which git makes a repository for such ids: one of another format gets nothing from the server, which would
// look like a refusal.
func formatOf(id string) string {
	if len(id) == 64 {
		return " --object-format=sha256"
	}
	return ""
}

// unknownMissing is what is to be filled in where a command has the path of the clone.
func unknownMissing(repo string) []Missing {
	if strings.HasPrefix(repo, "<") {
		return []Missing{{Name: unknownRepository}}
	}
	return nil
}

// ids are those of all objects that hold a secret and of all commits that brought one.
func (s *scene) ids() []string {
	all := slices.Concat(s.objects, s.commits)
	slices.Sort(all)
	return slices.Compact(all)
}

// stillThere are commands that say of every id whether the repository has it, and which refs reach it. They say so in
// both cases: silence must not look like proof.
func stillThere(ids []string) string {
	return loop(ids, `git cat-file -e "$id" 2>/dev/null`, "STILL THERE", "gone", `git for-each-ref --contains "$id" 2>/dev/null`)
}

// loop is a shell loop that tells for every id which of two words a test says, and runs more where it succeeds. The ids
// beyond the bound are named by their number.
func loop(ids []string, test, yes, no string, more ...string) string {
	shown := ids[:min(len(ids), maxIDs)]
	then := strings.Join(append([]string{`echo "` + yes + ` $id"`}, more...), "; ")
	text := "for id in \\\n  " + strings.Join(shown, " \\\n  ") + "\ndo if " + test + "\n  then " + then + "\n  else echo \"" + no +
		" $id\"\n  fi\ndone"
	if rest := len(ids) - len(shown); rest > 0 {
		text += "\necho 'NOT CHECKED: " + strconv.Itoa(rest) + " more ids, which the JSON report has'"
	}
	return text
}
