package main

// The words of `skant report diff`, in the voice of ui.go.

const (
	msgDiffSummary = "skant: %s\n"
	msgDiffCaution = "skant: caution: %s\n"

	hintReportDiffArgs    = "name two saved JSON reports, the older first: skant report diff OLD.json NEW.json."
	hintReportDiffFormats = "known formats are text, json and markdown; write -o FORMAT or -o FORMAT=PATH."
	hintReportDiffStdin   = "standard input can be one of the two reports."

	helpFlagReportDiffOutput = "output `FORMAT[=PATH]`: text, json or markdown; may be repeated"

	helpReportDiffShort = "compare two saved JSON reports: new, gone, changed verdict"
	helpReportDiff      = `Compare two JSON reports that earlier scans saved, by the fingerprints of their secrets: which are new, which are gone, of
which the verdict is another, and which places of a secret came or went. Nothing is scanned. Where a report is incomplete, or
the two were not made in the same way, a caution says so, and what is gone is not proven to be.

Exit status: 0 nothing is new, 1 a secret is new or became alive, 2 wrong usage or no report,
3 nothing is new in what the new report has, and it is incomplete.`
	exampleReportDiff = `  skant report diff monday.json friday.json
  skant report diff before.json after.json -o markdown=comment.md -o json=changes.json`
)
