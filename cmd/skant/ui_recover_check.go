package main

// Every word about `skant recover check` and `skant recover guard` that is meant for a person, but for the claims (internal/proof).

const (
	msgCheckHookUntried  = "it names skant, and was not tried, because it starts something else than this program, too; if you trust this clone, --try-hooks tries it"
	msgCheckRuleOff      = "the rule %s is switched off (%s)"
	msgCheckRuleOn       = "# let the rule %s work again: %s"
	msgCheckIgnored      = "%s, where it was, is ignored (%s)"
	msgCheckUnignore     = "# take the pattern out: %s"
	msgCheckBaseline     = "the baseline has it (line %d)"
	msgCheckBaselineRule = "the baseline has an entry of its rule (line %d); whether it is this secret cannot be told without its value"
	msgCheckPrune        = "skant baseline prune"
	msgCheckPaths        = "files are ignored by %d patterns, and where it was is not known"
	msgCheckPathsDo      = "# add --report FILE, a report of before the purge, or put it on the guard's list: skant recover guard"
	msgGuarded           = "skant: %s refuses %s and %s from now on\n"
)

const (
	hintCheckArgs     = "name one repository; further clones with --clone PATH."
	hintCheckIncident = "begin with the report of a scan of before the purge: skant history -o json=audit.json; skant recover check --report audit.json"
	hintCheckFile     = "name the file of the incident with --incident FILE."
	hintCheckFormats  = "a check is written as text, json or markdown."
	hintCheckSecrets  = "--secret-file takes a file of mode 0600 in which secrets of the incident stand as they stood in the repository, or - for standard input."
)

const (
	helpFlagIncident     = "`FILE` in which the incident is kept"
	helpFlagCheckReport  = "begin or complete the incident with the saved JSON report in this `FILE`, of before the purge"
	helpFlagCheckVerify  = "ask the providers whether the secrets are dead; needs their values, in a clone or in --secret-file"
	helpFlagCheckSecrets = "`FILE` of mode 0600 with the secrets, or - for standard input, where no clone has them any more"
	helpFlagCheckTry     = "run hooks that other programs wrote, too, on a made-up key: only in clones that you trust"
	helpFlagCheckRemote  = "ask the remotes which refs lead to old objects, and for these objects by their ids"
	helpFlagCheckClone   = "a further clone to check, at this `PATH`; may be repeated"

	helpCheckShort = "prove that an incident is over, or say what is open"
	helpCheck      = `Check claims about each secret of an incident: its provider takes it no more (--verify), nothing in the
clone holds it, none of its old objects is there, reachable or not, the remote does not have it any more
(--remote), no list hides it; and that hooks and the list of what was purged keep it from coming back.
Each claim is proven, open, or cannot be known, with the command that helps. Nothing is changed but the
file of the incident, which keeps the claims; there is no secret in it.

The status is 0 only if every claim is proven, 1 if one is open, 3 if none is open and one cannot be known.`
	exampleCheck = `  skant recover check --report audit.json                        # begins the incident
  skant recover check --remote --verify
  skant recover check --remote --clone ../other --clone /srv/git/service.git
  skant recover check --verify --secret-file leaked.txt          # when no clone has the value any more
  skant recover check --remote -o markdown=proof.md -o json=proof.json`

	helpGuardShort = "have clones refuse the return of what was purged"
	helpGuard      = `Put the secrets and objects of an incident on the list of clones and of bare repositories on this machine.
Hooks, staged, diff and ci refuse them from then on. Only fingerprints and ids are kept.`
	exampleGuard = `  skant recover guard
  skant recover guard --incident incident.json . ../other /srv/git/service.git`
)
