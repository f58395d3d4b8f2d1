package main

const (
	msgPurgeStep  = "skant: %s\n"
	msgPurgeBlock = "skant: %s: %s\n"
	msgPurgeRun   = "      %s\n"
	msgPurgeDone  = "skant: done in %s; your clone and the remote are as they were. The commands for both are above and in %s\n"
	msgPurgeLeft  = "skant: left in the rewritten history: %s\n"
	msgPurgeState = "skant: the incident is kept in %s; what may not come back is in %s\n"
)

const (
	hintPurgeYes     = "read `skant recover plan` first; --yes then rewrites a mirror clone beside this one, which changes neither your clone nor the remote."
	hintPurgeRemote  = "`git remote` lists the names of remotes."
	hintPurgeWork    = "name a folder with --work that does not exist yet, on a disk with room for two more copies, outside of every repository."
	hintPurgeBlocked = "put that right and start again; nothing has been changed."
	hintPurgeLeft    = "the rewritten mirror is kept for you to look at; do not push it. Your clone and the remote are as they were."
	hintPurgeState   = "name the file that skant keeps the incident in, with --incident FILE, or one that does not exist yet."
	hintPlanFormats  = "the formats of a plan are text, json and markdown."
	hintPurgeArgs    = "name at most one repository: skant recover plan [REPO]."
)

const (
	helpFlagPurgeRemote = "the `NAME` of the remote that is purged, which is asked what it has; without it origin, as of the last fetch"
	helpFlagPurgeYes    = "do it: back up, rewrite a mirror clone, search that again"
	helpFlagPurgeWork   = "the `FOLDER` to work in, which is made; without it one beside the repository"
	helpFlagPurgeOnly   = "purge only the secret with this `FINGERPRINT`, or the beginning of one; may be repeated"
	helpFlagPlanOutput  = "`FORMAT[=PATH]`: text, json or markdown, to standard output or a file; may be repeated"
	helpFlagPurgeState  = "the `FILE` that the incident is kept in; without it skant-incident.json, here if there is one, else in the folder of the purge"

	helpRecoverPlanShort = "say what a purge would rewrite, and what stands in its way"
	helpRecoverPlan      = `Say what it takes to remove the secrets of a repository from its history, and change nothing: how many
commits and which refs get a new id, what is replaced and what is left out, what stands in the way
(uncommitted changes, a shallow clone, signatures, LFS, submodules, pull requests, disk space). With
--remote NAME the remote is asked for its refs. As Markdown it has, besides, what no purge reaches and
the text for the host's support; docs/purge-plan.schema.json describes the JSON.

Exit status: 0 nothing to purge, 1 there is something, 2 wrong usage or configuration, 3 not everything
could be read.`
	exampleRecoverPlan = `  skant recover plan
  skant recover plan --remote origin -o text -o markdown=plan.md ~/src/service
  skant recover plan -o json | jq '.checks[] | select(.state == "blocks")'`

	helpRecoverPurgeShort = "rewrite the history without the secrets, in a mirror clone"
	helpRecoverPurge      = `Rewrite the history without the secrets that a scan of it finds, with git-filter-repo, in a mirror clone
beside the repository. All of it is saved as a bundle first, and the result is searched again. Your clone
and the remote are not changed: the commands that bring them along are printed, one for each ref of the
remote, and each refuses if somebody has pushed since. docs/purge.md says more.

The values stand in files that only you can read, outside of the repository, for as long as
git-filter-repo runs. If it is interrupted or fails, all it has made is taken away again.

Exit status: 0 rewritten and nothing left, 1 something is left, 2 wrong usage or configuration, 3 not
done, and nothing is changed.`
	exampleRecoverPurge = `  skant recover plan --remote origin
  skant recover purge --remote origin --yes > next.md`
)
