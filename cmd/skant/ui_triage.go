package main

// The words of `skant triage` beside those of its screen, in the voice of ui.go.

const (
	msgTriageMarked    = "%s: %d new, until %s; u takes it back"
	msgTriageKnown     = "%s has an entry for it already: nothing was written"
	msgTriageUndone    = "%s is as it was"
	msgTriageRemoved   = "%s is gone again: it was not there before"
	msgTriageKept      = "skant: %s was changed: %s of this session; commit it for them to hold elsewhere\n"
	msgTriageNotSent   = "Nothing was sent yet. A live answer is checked once for each host with a second request like it, its secret scrambled."
	msgTriageOtherLine = "the line is that of commit %s; the file may have changed since"
	msgTriageAgain     = "What the rules make of that line now:"
	msgTriageUnread    = "It cannot be read again: %v"
	msgTriageMissing   = "the value is not where it was"
	msgTriageForeign   = "no secret of the report is in %s"
	msgTriageForged    = "the report was changed: its fingerprint is that of a secret of the rule %s, so nothing is done with it"
	msgTriageNoContent = "what holds it is no file or blob"

	hintTriageArgs     = "name one saved JSON report: skant triage REPORT.json."
	hintTriageTerminal = "run it in a terminal; elsewhere `skant report FILE` lists the findings, and `skant baseline update` and `skant verify --report FILE` act on them."
	hintTriageStdin    = "save it first: standard input is where keys are read."
	hintTriageRepo     = "name the folder or clone that the report is of."
	hintTriageForeign  = "name the folder or clone that it is of with --repo; was it made with another SKANT_FINGERPRINT_KEY?"
	hintTriagePlace    = "values are looked up in %s: name the repository that the report is of with --repo, and have it at a state that has the secret."

	helpFlagTriageRepo    = "the `DIR` that the report is of: where values are looked up, files opened, and the baseline is"
	helpFlagTriageOwner   = "`NAME` that is offered as the owner of entries"
	helpFlagTriageExpires = "when new entries end, as a `TIME`: 90d, 12w, 1y, a day such as 2027-01-31, or never"

	helpTriageShort = "go through a saved report in the terminal"
	helpTriage      = `Show the secrets of a saved JSON report in a list, and act on each: open it in your editor, see why it was reported, ask its
provider whether it is alive (only after you have seen what would be sent and said yes), or mark it as false, which writes
an entry into the baseline as 'skant baseline' does. The latest mark can be undone: the file is then as it was, byte for byte.

No value is shown. A report holds none either: to ask, or to mark, values are looked up in the repository, which is searched once.
It draws a screen, and needs a terminal. With a screen reader use 'skant report FILE' and the commands that it names.

Exit status: that of the report with what was marked: 0 nothing that counts is left, 1 something is,
2 wrong usage or no terminal, 3 the report is incomplete.`
	exampleTriage = `  skant scan . -o json=report.json; skant triage report.json
  skant triage audit.json --repo ../clone --owner platform`
)
