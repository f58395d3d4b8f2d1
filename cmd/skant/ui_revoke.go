package main

// Every word about revocation that is meant for a person, but for what a rule says of what dies and of an answer.

const (
	msgRevokeDry        = "skant: nothing was sent. --ask does it, after a question for each secret; --yes --only FINGERPRINT does it in a script\n"
	msgRevokeNone       = "skant: no secret of which there is anything to revoke\n"
	msgRevokeLeft       = "skant: %s left alone: suppressed, so that somebody has said that they do not count\n"
	msgRevokeTotal      = "skant: of %s: %d proven dead, %d alive or refused, %d not known, %d left alone\n"
	msgRevokeQuestion   = "Revoke secret %d, %s? Type yes: "
	msgRevokeUnseen     = "Dies: %s\n" // before the question, where the output is no terminal: who is asked has not read it
	msgRevokeNo         = "Left alone: that was not yes."
	msgRevokeStopped    = "Interrupted before anything was sent for it."
	msgRevokeHalfway    = "Interrupted. Ask whether it is dead: %s"
	msgRevokeDead       = "It is dead already, so nothing is sent."
	msgRevokeProven     = "Proven: it is dead."
	msgRevokeAlive      = "NOT DEAD: the provider still accepts it, %s after the request. Follow the playbook, and ask again: %s"
	msgRevokeUnproven   = "Not proven: the provider said that it is revoked, and nobody can be asked whether it is dead."
	msgRevokeUnclear    = "Not proven: the provider said that it is revoked, and what it answers now does not prove it dead. Ask again later."
	msgRevokeUnaccepted = "Its provider has not accepted it just now, and a key that only looks like it may be another one."
	msgRevokeUnsure     = "Not proven: it is not known whether it is dead. Count it as alive, and follow the playbook."
	msgRevokeCannot     = "skant does not revoke it: %s"
	msgRevokePlaybook   = "From its playbook:"
	msgRevokeNoBook     = "Its rule has no steps; find out who issued it and end it there."
	msgRevokeDo         = "Run: %s"
	msgRevokeDoScript   = "In a script with --yes in place of --ask."
	msgRevokeForever    = "It cannot be undone."
	msgRevokeUpper      = "Words in capitals are looked up first."
	msgRevokeFoundAt    = "found in %s"
	msgRevokeMore       = "%s and %d more places"
	msgRevokeKept       = "skant: %s has what the providers said, and when\n"
	msgRevokeUnkept     = "skant: what was proven could not be kept: %s\n"
	msgRevokeNext       = "skant: next: %s\n"
	msgRevokeIncomplete = "skant: not everything could be read, so there may be more secrets\n"
)

const (
	labelRevokeDies   = "Dies:   "
	labelRevokeSpares = "Stays:  "
	labelRevokeUndo   = "Undo:   "
	labelRevokeDocs   = "By:     "
	labelRevokeBefore = "Before: "
	labelRevokeAfter  = "After:  "
	labelRevokeAnswer = "Answer: "
	labelRevokeFound  = "Found:  "
	labelRevokeWould  = "Would send:"
	labelRevokeSends  = "Sends:"
)

// What `skant rules show` says of revocation.
const (
	labelRevocation = "revoked by `skant recover revoke` with:"
	revocationNone  = "no request is documented by which whoever holds it ends it."
	revocationAdmin = "{{.admin}} is from $%s: %s"
	revocationForm  = "only what matches %s"
)

const (
	hintRevokeArgs        = "write skant recover revoke [REPO], or skant recover revoke --report FILE [REPO]."
	hintRevokeOnly        = "`skant recover revoke` lists the secrets with their numbers and fingerprints."
	hintRevokeYes         = "name each secret that is to die: --yes --only FINGERPRINT, which may be repeated."
	hintRevokeNumber      = "numbers change when something else is found: give fingerprints, or a saved report with --report FILE."
	hintRevokeFingerprint = "give fingerprints: numbers of a report, of a search and of an incident may differ."
	hintRevokeAsk         = "--ask needs a terminal; in a script use --yes --only FINGERPRINT."
	hintRevokeBoth        = "--ask asks for each secret, --yes asks nothing: choose one."
)

const (
	helpFlagRevokeYes      = "revoke without a question what --only names"
	helpFlagRevokeAsk      = "revoke, after a question for each secret that says what will die"
	helpFlagRevokeIncident = "keep what the providers say in this `FILE` of the incident, which is begun if it is not there"
	helpFlagRevokeOnly     = "only the secret with this `NUMBER or FINGERPRINT`, or the first 8 characters of one; may be repeated"

	helpRevokeShort = "revoke leaked secrets at their providers"
	helpRevoke      = `Revoke leaked secrets where the provider documents a request that does it: by the secret alone, or with an administrator's
key that you have. Without --ask and --yes nothing is sent: each request is printed, masked, with what will die.

With --ask or --yes each secret is asked about first (a dead one is left alone), then told to end, once, and then asked
about until its provider says that it is dead. What cannot be revoked so is printed with the commands of its playbook.

With --incident what the providers say goes into the file of the incident, and the numbers are those of it.

Never revoked: canaries, placeholders and published examples, what is suppressed. Reports hold no values, so with
--report the repository is searched again for them. docs/revoke.md lists who is told what.

Exit status: without --ask and --yes that of the scan. With them 0 if all that was to die is proven dead, 1 if something is
alive, was refused or left alone, 3 if it is not known or, without --only, if not everything could be read.`
	exampleRevoke = `  skant recover revoke
  skant recover revoke --report audit.json ~/src/service
  skant recover revoke --ask --only 1
  skant recover revoke --ask --incident skant-incident.json
  skant recover revoke --yes --only 3f9a1c04d2 --report audit.json
  ANTHROPIC_ADMIN_KEY=... skant recover revoke --ask`
)
