package main

// Every word that is meant for a person stands in this file, or in internal/report and internal/recovery where it is
// part of a document. The voice: what happened, then what to do; no exclamation marks; messages about errors begin in
// lower case and end without a full stop, hints are sentences. Results go to standard output, everything else to
// standard error.

import (
	"bufio"
	"fmt"
	"strings"
)

const (
	msgError          = "skant: %s\n"
	msgHint           = "hint: %s\n"
	msgSummary        = "skant: %s\n"
	msgHidden         = "%s of less than %s confidence not shown; --min-confidence low shows all"
	msgCrash          = "skant: internal error, so nothing is known to be clean: %s\n%s\n"
	msgScrubFailed    = "an error whose text could not be cleared of secrets"
	msgConfirmSecrets = "Secrets will be shown in clear on this screen and in the files you named. Type yes to go on: "
	msgProgress       = "%s, %s, %d found"
	msgImported       = "skant: %d of %d rules were imported\n"
	msgNotImported    = "skant: not carried over: %s\n"
	msgNothingTried   = "no rule has an anchor there: nothing was tried.\n"
	msgUnchanged      = "skant: nothing has changed since %s; only what had findings was searched again (--no-cache searches all)\n"
	msgReused         = "skant: %d objects were searched by an earlier run, the latest on %s, and are counted as read (--no-cache searches all)\n"
	msgCacheUnused    = "skant: nothing is kept for the next run: %s\n"
)

const (
	hintFlags              = "`%s --help` lists the flags."
	hintSuggestion         = "did you mean `%s %s`?"
	hintCommands           = "`%s --help` lists the commands."
	hintFormats            = "known formats are %s; write -o FORMAT or -o FORMAT=PATH."
	hintOutputPath         = "give every output but one a file of its own: -o text -o sarif=out.sarif."
	hintSize               = "write a number with a unit, for example --max-size 100MiB."
	hintConfidence         = "write certain, high, medium or low."
	hintRules              = "`skant rules lint FILE` checks a rule file; docs/rules.md describes the format."
	hintRulesArgs          = "`skant rules list` takes no arguments; to see one rule: skant rules show ID."
	hintRulesShow          = "give the id of one rule; `skant rules list` lists them."
	hintExplainArgs        = "name a file, with or without a line: skant explain FILE:LINE, or - for standard input."
	hintRulesImport        = "name one configuration file of gitleaks: skant rules import gitleaks.toml > rules.yaml."
	hintExplainSize        = "cut out the part that is to be explained."
	hintRulesTest          = "change the pattern, the checks or the example; docs/rules.md describes all three."
	hintRulesLint          = "these do not stop a scan, but the next reader of the rules will want them."
	hintScanPath           = "name files or folders that exist, or - for standard input."
	hintRepository         = "run it inside a git repository or name one; to search plain files use `skant scan PATH`."
	hintRange              = "write BASE..HEAD with two revisions of this clone, for example origin/main..HEAD; in CI, check out with fetch-depth: 0."
	hintStagedArgs         = "`skant staged` takes no arguments: it searches what the next commit would add."
	hintHistoryArgs        = "name at most one repository: skant history [REPO]."
	hintRecoverVerify      = "`skant verify --report FILE PLACE -o json=asked.json` looks the values up in PLACE and asks; `skant recover --report asked.json` writes the runbook."
	hintReportArgs         = "name one saved JSON report, or - for standard input: skant report FILE -o sarif."
	hintReportFile         = "it must be a report that skant wrote with -o json."
	hintVersionArgs        = "`skant version` takes no arguments."
	hintShowSecretsCI      = "logs of CI are kept and read by many: run it on your own machine."
	hintShowSecretsFormat  = "only text and json can show secrets."
	hintShowSecretsConfirm = "type yes when asked, or leave --show-secrets out."
)

const (
	helpFlagOutput          = "output `FORMAT[=PATH]`: text, json, jsonl, sarif, gitlab, csv, junit, ocsf, markdown, html or github; may be repeated"
	helpFlagRules           = "also use the rules of this `FILE` or folder; may be repeated"
	helpFlagIncludeExamples = "report placeholders, values of tests and published examples, too"
	helpFlagMinConfidence   = "least `CONFIDENCE` to report: certain, high, medium or low"
	helpFlagMaxSize         = "`SIZE` above which a file or object is not read, which makes the scan incomplete"
	helpFlagTimeout         = "stop after this `DURATION`, which makes the scan incomplete; 0 means never"
	helpFlagShowSecrets     = "show secrets in clear, in text and json only; asks on a terminal, refused in CI"
	helpFlagNoProgress      = "no progress display"
	helpFlagNoCache         = "search and ask everything again, whatever earlier runs have found out, and keep nothing for later ones"
	helpFlagNoIgnore        = "also read what .gitignore leaves out"
	helpFlagSubmodules      = "also read the stores of submodules, each as a repository of its own"
	helpFlagRepo            = "the repository at `REPO`, a folder in it or its git directory"
	helpFlagReport          = "use the saved JSON report in this `FILE` instead of scanning; - is standard input"
)

const exitStatusHelp = `
Exit status: 0 nothing found and everything read, 1 something found, 2 wrong usage or
configuration, 3 nothing found but something could not be read.`

const (
	helpRootShort = "find leaked credentials in git, and end the incident"
	helpRoot      = `skant finds leaked credentials in staged changes, ranges of commits, folders and whole
git histories, says what they are and since when they can be seen, and writes the runbook
that ends the incident.

It prints no secret unless you ask it to, opens no connection unless you ask it to verify (and "skant
ci" has git fetch what a shallow clone lacks), executes nothing of what it scans, and calls no scan
clean that could not read everything.
` + exitStatusHelp

	helpScanShort = "search files and folders"
	helpScan      = `Search files and folders, by default the current one; - is standard input.

What .gitignore leaves out is not read, unless it is tracked all the same. What .skantignore
leaves out (same syntax) is never read. Symbolic links are not followed. Archives and documents are
opened and searched; one that cannot be is reported as not read.
` + exitStatusHelp
	exampleScan = `  skant scan
  skant scan src deploy/values.yaml
  kubectl get secret -o yaml | skant scan -
  skant scan . -o text -o sarif=skant.sarif`

	helpStagedShort = "search what the next commit would add (for hooks)"
	helpStaged      = `Search what the next commit would add: the index against HEAD. Only added lines count.

It obeys the variables that git sets for hooks, so that "git commit -a" and "git commit FILE"
are judged by what they really commit.
` + exitStatusHelp
	exampleStaged = `  skant staged
  skant hooks install      # run it before every commit`

	helpDiffShort = "search what a range of commits adds"
	helpDiff      = `Search what the commits of a range add: every commit that HEAD has and BASE has not, each
against its parents, merges included, and the commit messages. Only added lines count. What one
commit of the range adds and a later one removes is found too: it is in the history.
` + exitStatusHelp
	exampleDiff = `  skant diff origin/main..HEAD
  skant diff v1.0..v1.1 -o json=report.json
  skant diff main...feature    # since the two parted`

	helpHistoryShort = "search everything in the object store, reachable or not"
	helpHistory      = `Search everything in a repository's object store: every version of every file on every branch,
tag, stash and note, commit and tag messages, names of files and refs, and what no ref reaches any
more; and in what lies around it: configuration, reflogs, hooks, indexes, LFS objects. For each
finding: the commit that introduced it, where, who, when, and whether HEAD still has it.

A shallow or partial clone, a missing or damaged object make the result incomplete: exit status 3.
` + exitStatusHelp
	exampleHistory = `  skant history
  skant history ~/src/service -o text -o json=audit.json
  skant history --submodules
  git clone --mirror URL repo.git && skant history repo.git`

	helpReportShort = "render a saved JSON report in other formats"
	helpReport      = `Render a JSON report that an earlier scan saved. Nothing is scanned. The exit status is that of
the scan: 1 with findings, 3 if it was incomplete.`
	exampleReport = `  skant report audit.json
  skant report audit.json -o sarif=audit.sarif -o markdown=comment.md`

	helpRulesShort     = "list, show, test and check rules"
	helpRules          = `Rules are data: docs/rules.md describes how to write one.`
	exampleRules       = "  skant rules list\n  skant rules show anthropic-api-key\n  skant rules test my-rules.yaml"
	helpRulesListShort = "list the rules"
	helpRulesShowShort = "show one rule and its recovery steps"
	helpRulesTestShort = "run the examples of rules, or try rules on a text"
	helpRulesTest      = `Run every example of the rules in the given files or folders, or of the built-in rules: a match must be
found, a clean one must not. With a text in place of files, or - for standard input, tell what each built-in rule that has an
anchor in it makes of it.`
	exampleRulesTest = "  skant rules test my-rules.yaml\n  skant rules test 'password = \"x\"'"

	helpExplainShort = "why was this reported, or why not"
	helpExplain      = `Tell of every rule that was tried on a line, or in a file, what came of it: which check refused the match,
which rule knew more, what spoke for and against a value. Values are shown redacted.`
	exampleExplain       = "  skant explain config/settings.py:41\n  skant explain --min-confidence low .env"
	helpRulesImportShort = "make rules of a configuration of gitleaks"
	helpRulesImport      = `Read the rules of a configuration file of gitleaks and write them as a rule file of skant: patterns, entropy,
paths and allowlists. What cannot be carried over is listed on standard error, with the reason. Built-in rules of gitleaks
that the file extends are not taken.`
	exampleRulesImport = "  skant rules import gitleaks.toml > our-rules.yaml\n  skant scan --rules our-rules.yaml ."
	helpRulesLintShort = "check rules for mistakes and omissions"
	helpRulesLint      = `Check the rules in the given files or folders, or the built-in ones: unknown keys, patterns that do not
compile, anchors that a match lacks, slow patterns, rules that others make unreachable, rules that tie, missing reasons,
links, examples and recovery steps.`

	helpVersionShort = "print the version"
)

// say writes a message to standard error. There is nobody to tell if that fails.
func (a *app) say(format string, args ...any) { _, _ = fmt.Fprintf(a.err, format, args...) }

// prompt asks for input on standard error. What follows on the same line is the user's, so that it may not wait for the line's end, as
// the rest of a message does where a CI system reads along.
func (a *app) prompt(text string) {
	a.say("%s", text)
	if log, ok := a.err.(interface{ Flush() error }); ok {
		_ = log.Flush() // nobody could be told
	}
}

// confirm asks a question on standard error and reports whether the answer is yes.
func (a *app) confirm(question string) bool {
	a.prompt(question)
	answer, err := bufio.NewReader(a.in).ReadString('\n')
	return err == nil && strings.TrimSpace(answer) == "yes"
}
