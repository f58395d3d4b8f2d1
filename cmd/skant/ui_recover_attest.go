package main

// Every word about `skant recover attest` that is meant for a person.

const (
	msgAttested      = "skant: attested: %s, in %s\n"
	msgAttestSecrets = "%s of secret %s"
	msgAttestRemoved = "skant: no longer attested: %s\n"
	msgAttestAskable = "skant: the provider of secret %d can be asked, so this counts only where it was and could not tell: skant recover check --verify\n"
	msgAttestCounts  = "skant: skant recover check shows it as attested, which is not proven; with --accept-attested it counts\n"
	msgAttestLimit   = "skant: skant recover check shows it below what no check can prove; no claim depends on it\n"
	msgCheckRests    = "skant: %s\n"
	msgCheckRestsNot = "skant: %s; --accept-attested counts that like what is proven\n"
)

const (
	hintAttestArgs   = "write skant recover attest --claim provider --only NUMBER --by NAME --evidence TEXT; another file is named with --incident FILE."
	hintAttestClaim  = "--claim takes provider (about one secret, --only NUMBER), or about the whole incident forks, clones, copies or use. Anything else is for skant recover check to find out."
	hintAttestOnly   = "name each secret with --only NUMBER, or with 8 characters of its fingerprint; skant recover check shows the numbers."
	hintAttestWords  = "say who says so (--by NAME, at most 200 characters) and what was done and where that can be seen (--evidence TEXT, at most 1000), each on one line."
	hintAttestSecret = "name the ticket, the log or the change, not the value. What is in the file is taken out with --remove, or in an editor."
	hintAttestDate   = "write the day or the time since when it is so: 2026-03-04 or 2026-03-04T15:30:00Z."
	hintAttestAsk    = "ask again: skant recover check --verify, with --secret-file FILE if secret %d is in no clone any more."
	hintAttestRemove = "write skant recover attest --remove --claim CLAIM, with --only NUMBER for a provider."
	hintAttestNone   = "skant recover check shows what is attested."
)

const (
	helpFlagAttestClaim    = "the `CLAIM` that is attested: provider, of one secret; or, of the whole incident, forks, clones, copies or use"
	helpFlagAttestOnly     = "only the secret with this `NUMBER or FINGERPRINT`, or the first 8 characters of one; may be repeated"
	helpFlagAttestBy       = "`WHO` says so"
	helpFlagAttestEvidence = "`WHAT` was done and where that can be seen, in one line without a secret: a ticket, a log, a change"
	helpFlagAttestDate     = "since when it is so: a `DATE` such as 2026-03-04 or 2026-03-04T15:30:00Z; now if it is not given"
	helpFlagAttestRemove   = "take back what was said"
	helpFlagCheckAccept    = "count claims that rest on somebody's word like proven ones"

	helpAttestShort = "say of a claim that no program can prove that it holds, and why"
	helpAttest      = `Enter in the file of the incident what a person knows and no program can: that nothing takes a secret any
more of which no provider can be asked (private keys, passwords, webhooks), and what was done about forks,
clones of others, copies, and about use by others. Who says so, since when, and where that can be seen
stand in every check. It is never called proven: skant recover check ends with 3 as before, unless
--accept-attested is given.

It counts no more once a provider calls the secret alive, or the secret is found again. A secret that the
program itself found alive cannot be attested to be dead.`
	exampleAttest = `  skant recover attest --claim provider --only 2 --by "Ada Example" --evidence "key taken out of authorized_keys on all hosts, change 4711"
  skant recover attest --claim provider --only 3 --by "Ada Example" --evidence "webhook deleted, audit log of the workspace" --date 2026-03-04
  skant recover attest --claim forks --by "Ada Example" --evidence "the host's support has removed them, ticket 4712"
  skant recover attest --claim provider --only 2 --remove
  skant recover check --remote --verify --accept-attested`
)
