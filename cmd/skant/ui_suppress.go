package main

import "github.com/skant-dev/skant/scanner"

// The words about findings that do not count, in the voice of ui.go.

const (
	msgSuppressed       = "skant: %s: %s\n"
	msgAddedHere        = "skant: %s allowed by comments that this change itself adds; --strict-allow has them count\n"
	msgStrictNowhere    = "skant: strict allow says nothing here, and comments hold: only `skant ci` on a pull request knows the state before the change\n"
	msgRefusedAllow     = "skant: not obeyed: allow at %s: %s\n"
	msgEntryExpired     = "skant: baseline: %s %s\n"
	msgEntryStale       = "skant: baseline: %s %s; `skant baseline prune` takes it out\n"
	msgMoreNotes        = "skant: and %d more of that\n"
	msgBaselineMade     = "skant: %s: %s, until %s\n"
	msgBaselineUnion    = "skant: to have it merged without conflicts, write into .gitattributes: %s merge=union\n"
	msgBaselineUpdated  = "skant: %s: %d added, %d known, %d have ended\n"
	msgBaselineNew      = "skant: %s not in %s; with --reason and --owner they are added\n"
	msgBaselinePathless = "skant: %s got no entry: a commit message or a setting has no path for it to hold at; leave --path-scoped out\n"
	msgBaselineEnded    = "skant: %s whose entry has ended: nothing is renewed by itself; `skant baseline prune`, then `skant baseline update --reason ...`\n"
	msgBaselinePruned   = "skant: %s: taken out: %s (line %d: %s, owner %s)\n"
	msgBaselineKept     = "skant: %s: %d of %d entries are left\n"
	msgImportedEntries  = "skant: %d of %d entries were carried over, as %s\n"
	msgEntryMissed      = "skant: not carried over: %s: %s\n"
	msgSilenced         = "it does not count: %s at %s"
	msgNotSilenced      = "asked to be allowed at %s, which does not count: %s"
	msgPartly           = "the scan was incomplete, so that more may be there than what was looked at"
)

const (
	hintPolicyFile       = "correct the file that is named; docs/suppression.md describes its format. --no-config does without it."
	hintBaselinePath     = "name a file below the repository's top: --baseline .skant-baseline."
	hintBaselineBare     = "make it in a clone with a work tree, and commit it there: HEAD's is obeyed here."
	hintBaselineArgs     = "it takes no argument, but for the range with --from diff: skant baseline create --from diff main..HEAD."
	hintBaselineFrom     = "write --from all, history, scan, staged or diff."
	hintBaselineTerms    = "each entry has an owner, a reason and an end: --owner NAME --reason 'why it may stay' --expires 90d."
	hintBaselineExists   = "`skant baseline update --owner NAME --reason WHY` adds what is new."
	hintBaselineMissing  = "`skant baseline create --owner NAME --reason WHY` makes one."
	hintBaselineWorkTree = "run it in the work tree of a repository, or in the folder that is scanned."
	hintBaselinePartial  = "make the scan complete first, as its messages say; entries for what was not read would be lost."
	hintImportArgs       = "skant baseline import gitleaks report.json, gitleaksignore .gitleaksignore, or detect-secrets .secrets.baseline."
)

const (
	helpFlagBaseline       = "`FILE` of known findings that do not count, below the repository's top"
	helpFlagCompatAllow    = "also obey comments of other tools: gitleaks:allow, pragma: allowlist secret, trufflehog:ignore, ggignore"
	helpFlagStrictAllow    = "in 'skant ci' on a pull request: comments that the change itself adds do not count"
	helpFlagShowSuppressed = "list the findings that do not count, with what silences each, and not only their number"
	helpFlagOwner          = "`NAME` of who answers for the entries"
	helpFlagReason         = "`WHY` these findings may stay"
	helpFlagExpires        = "`WHEN` the entries end: 90d, 12w, 1y, a day such as 2027-01-31, or never"
	helpFlagPathScoped     = "entries hold only at the path of their finding"
	helpFlagFrom           = "`WHAT` is scanned: all (history and files), history, scan, staged, or diff with a range"

	helpBaselineShort = "list known findings that do not count, with owner, reason and end"
	helpBaseline      = `The baseline is a file in the repository, .skant-baseline, that lists findings which are known and do not
count. An entry names a finding by a keyed hash, so it holds whatever line or file the secret moves to; it has
an owner, a reason and a day on which it ends. docs/suppression.md describes it.`
	exampleBaseline = `  skant baseline create --owner platform --reason 'found in the audit of May, being rotated'
  skant baseline update --owner ann --reason 'test keys of the sandbox' --expires 30d
  skant baseline prune`
	helpBaselineCreateShort = "write a baseline of everything that is found now"
	helpBaselineCreate      = `Scan, and write an entry for each finding. What a comment or the ignore file silences needs none.
An existing file is never overwritten.`
	helpBaselineUpdateShort = "add what is new, if a reason is given"
	helpBaselineUpdate      = `Scan, and tell what is not in the baseline. With --owner and --reason it is added. Nothing is renewed or
dropped; the file is sorted again, as it may need after a merge.

Exit status: 0 if nothing is new or it was added, 1 if something is new, 3 if the scan was incomplete.`
	helpBaselinePruneShort = "take out entries that have ended or match nothing any more"
	helpBaselinePrune      = `Scan the history and the files, and take out the entries that have ended or match nothing. It refuses to
after a scan that was incomplete.`
	helpBaselineImportShort = "carry over what other tools were told to ignore"
	helpBaselineImport      = `Read a baseline of gitleaks (its report in JSON), a .gitleaksignore or a .secrets.baseline of detect-secrets,
scan, and add an entry for each of our own findings that it names, by the hash of the value or by its place. What
could not be carried over is listed with the reason. No value is shown.`
	exampleBaselineImport = `  skant baseline import gitleaks report.json --owner platform --reason 'known to gitleaks'
  skant baseline import gitleaksignore .gitleaksignore --owner platform --reason 'known to gitleaks'
  skant baseline import detect-secrets .secrets.baseline --owner platform --reason 'audited in 2025'`
)

// silencer says a mechanism in words.
func silencer(by string) string {
	switch by {
	case scanner.ByInline:
		return "a comment"
	case scanner.ByIgnoreFile:
		return "a pattern of ignored paths"
	case scanner.ByBaseline:
		return "an entry of the baseline"
	default:
		return by
	}
}
