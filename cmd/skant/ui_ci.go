package main

const (
	msgCIPlan        = "skant: %s, %s: %s\n"
	msgCIRange       = "skant: searching what %s has and %s has not\n"
	msgCITip         = "skant: searching the whole history of %s\n"
	msgCIPolicy      = "skant: configuration, rules, ignore file and baseline are those of %s, not of the change\n"
	msgCINote        = "skant: %s\n"
	msgCIFetch       = "skant: fetching %s\n"
	msgCINothing     = "skant: nothing to search\n"
	msgSummaryFull   = "skant: the summary of this step has no room for another\n"
	noteCIShallow    = "this clone is shallow or partial, and fetching is not allowed: what it lacks is not searched"
	noteCINoBase     = "no base can be had, so the whole history of the head is searched: %v"
	noteCIWhole      = "there is no base, so the whole history of the head is searched"
	noteCIEmpty      = "the base has everything that the head has: there is no commit to search"
	noteCIAdds       = "the change adds to %s, which does not count for the change itself: %s"
	noteCIChanges    = "the change edits %s, which does not count for the change itself"
	noteCIInline     = "the change allows its own finding at %s (%s)"
	noteCIAddsMore   = "%d more lines that the change adds to its own policy are not listed"
	noteCIInlineMore = "%d more findings that the change allows itself are not listed"
	noteCIAddsError  = "what the change adds to its own policy cannot be told: %v"

	noteCIBaseInstead = "compared with %s instead: %v"
	noteCINotDeepened = "the clone could not be completed: %v"
)

const (
	hintCIClone      = "have the whole history cloned: %s."
	hintCICommit     = "name a commit, a branch or a tag of this clone."
	hintCIAmbiguous  = "write the whole name, refs/heads/..., or the commit's id."
	hintCIEvent      = "say it yourself with --base and --head, or --event history; docs/ci.md has the table."
	hintCIDeepen     = "give one of --deepen and --no-deepen."
	hintCIScope      = "write auto, range, tree or history."
	hintCIScopeRange = "name the base with --base, or leave --scope out."
	hintCITop        = "run it in the top folder of the repository."
	hintFailOn       = "write new, all, live or none."
	hintFailOnLive   = "write --fail-on new, or add --verify: nothing is known to be alive before its provider was asked."
)

const (
	helpFlagFailOn = "findings that make the exit status 1: `WHICH` is new (not suppressed), all, live or none"

	helpCIShort = "search what a CI event brings"
	helpCI      = `Search what the event brings that this run of CI is about: a push, a pull request, a merge queue, or for
a schedule the whole clone. GitHub Actions, GitLab CI, Bitbucket Pipelines, Azure Pipelines, CircleCI,
Jenkins and Buildkite are known; docs/ci.md has the table of events and ranges.

A clone that is too shallow is deepened as far as needed. Configuration, rules, ignore file and
baseline of a pull request are those of the commit that it is based on, so that it cannot
silence its own leak.

On GitHub the default outputs are text and github: annotations, and the summary of the step.
` + exitStatusHelp
	exampleCI = `  skant ci
  skant ci -o text -o github -o sarif=skant.sarif
  skant ci --event pull-request --base origin/main     # where the CI system is not known
  skant ci --no-deepen --strict-allow`

	helpFlagCIEvent    = "what happened, if it is not to be detected: `EVENT` is auto, history, push or pull-request"
	helpFlagCIBase     = "search what comes after this `COMMIT`"
	helpFlagCIHead     = "search up to this `COMMIT`"
	helpFlagCIScope    = "`WHAT` to search: auto and range are what the event brings, tree the files, history the whole clone"
	helpFlagCIDeepen   = "fetch what a shallow clone lacks (the default in CI)"
	helpFlagCINoDeepen = "fetch nothing"
)
