package main

import (
	"github.com/skant-dev/skant/internal/diagnose"
	"github.com/skant-dev/skant/scanner"
)

// Every word about verification that is meant for a person, but for what a rule says of an answer.

const (
	msgVerified       = "skant: %s asked about: %s\n"
	msgVerifyEarlier  = "skant: %s from an earlier run (--no-cache asks again)\n"
	msgVerifyProgress = "asking providers (%d/%d)"
	msgVerifyDry      = "skant: nothing was sent (--verify-dry-run). A live answer is checked once for each host with a second request like it, its secret scrambled\n"
	msgVerifyEnded    = "asking the providers ended early: %v; run it again"
	msgVerdictsUnused = "skant: answers are not kept for the next run: %s\n"
	msgOnlyLive       = "%s, and --only-live asks for what is or may be alive"
	msgVerifyPrompt   = "Secret (not shown): "
	msgVerifyMore     = "skant: %d more were found in it and are not asked about; `skant scan - --verify` asks about all\n"
	msgVerifyMissing  = "skant: %s of the report: the value is not where it was, so nobody was asked\n"
	msgVerifyNoValue  = "the value is not where it was, so nobody was asked"
	msgDiagnoseDry    = "nobody was asked (--verify-dry-run); steps 5 to 8 need an answer"
	msgDiagnoseCannot = "nobody can be asked: %s"
	msgDiagnoseFine   = "All steps are fine. If calls fail all the same, look the answer up in docs/diagnose.md."
)

const (
	labelAsked    = "Asked"
	labelAnswered = "Answered"
	labelNoAnswer = "No answer"
	labelVerdict  = "Verdict: "
	labelDo       = "What to do: "
	labelWouldAsk = "Would ask"
)

const (
	hintVerify          = "docs/liveness-checks.md says who is asked what."
	hintVerifyEndpoint  = "write --verify-endpoint PROVIDER=URL, for example github=https://ghe.example/api/v3; `skant rules list` has the providers' names, http is for localhost only."
	hintVerifyUnasked   = "add --verify, or --verify-dry-run: without them nobody is asked."
	hintVerifyOneValue  = "give the value alone, without its name, quotes or line breaks, or as it stands in its file (NAME=VALUE)."
	hintVerifyLonger    = "give more of the fingerprint; the report has it whole."
	hintOnlyLive        = "add --verify: nothing is known to be alive before its provider was asked."
	hintVerifyArgs      = "give a secret on standard input, a saved report with --report FILE, or --diagnose."
	hintVerifyNothing   = "give it as it stands in its file (NAME=VALUE), or name its rule: skant verify --rule ID; `skant rules list` lists them."
	hintVerifyRule      = "`skant rules list` lists the rules."
	hintVerifySize      = "give one secret, or use `skant scan --verify`."
	hintVerifyFinding   = "give the fingerprint of a finding in the report, or its beginning."
	hintVerifyNoFinding = "--finding goes with --report FILE."
	hintVerifyPlace     = "name the folder or repository that the report is of: skant verify --report FILE PLACE. Reports hold no values, so they are looked up there."
	hintDiagnose        = "write skant verify --diagnose anthropic, bedrock or vertex."
)

const (
	helpFlagVerify         = "ask the providers whether what was found is alive; sends each secret to its own provider, once"
	helpFlagAskAgain       = "with --verify: ask again, whatever earlier runs were told, and keep nothing for later ones"
	helpFlagOnlyLive       = "with --verify: leave out what is dead or expired and what nobody can be asked about"
	helpFlagVerifyDryRun   = "print the requests that --verify would send, with secrets masked, and send nothing"
	helpFlagVerifyEndpoint = "ask at `PROVIDER=URL` in place of the provider's own host; may be repeated"
	helpFlagVerifyCanaries = "ask about canary keys, too, which alarms whoever planted them"
	helpFlagVerifyReport   = "ask about the findings of the saved JSON report in this `FILE`"
	helpFlagVerifyRule     = "take what is on standard input for a secret of the rule with this `ID`"
	helpFlagVerifyFinding  = "ask about one finding of the report, by its `FINGERPRINT`"
	helpFlagDiagnose       = "say step by step why a request fails; anthropic, bedrock or vertex, by default anthropic"

	helpVerifyShort = "ask whether a secret is alive"
	helpVerify      = `Ask a credential's provider whether it is alive, and print what was asked, what came back, what that means
and what to do. The secret comes on standard input (a terminal does not show it), alone or as it stands
in its file. Requests only read, cost nothing, and go to hosts that stand in the rules; docs/liveness-checks.md
lists them all, and "skant rules show ID" prints one.

With --report, ask about the findings of a saved report. Reports hold no values, so the place that was scanned is searched
again for them: PLACE, by default the current folder.

With --diagnose, say why calls to Claude fail: directly, or through Bedrock or Vertex. Eight steps, from the variable that
holds the key to models and quota. docs/diagnose.md has the answers of all three, what each means, and what to do.

Exit status of a secret or a diagnosis: 0 it is dead, or all steps are fine; 1 it is alive, or a step is wrong; 3 it is not
known. Of a report: that of the scan.`
	exampleVerify = `  pbpaste | skant verify
  skant verify --rule anthropic-api-key < key.txt
  skant verify --report audit.json ~/src/service
  skant verify --diagnose bedrock
  skant verify --verify-dry-run < key.txt`
)

// msgDiagnoseBegin says where to begin, by the gravest grade of a diagnosis.
var msgDiagnoseBegin = map[diagnose.Grade]string{
	diagnose.Wrong:   "Begin with step %d (%s). docs/diagnose.md has the answers that providers give, what each means, and what to do.",
	diagnose.Unclear: "Nothing is known to be wrong, and step %d (%s) could not be told. docs/diagnose.md has the answers that providers give.",
}

// verdictDo says what to do about a secret by its verdict, where its provider's rule does not say more.
func verdictDo(v scanner.Verdict) string {
	switch v {
	case scanner.Live, scanner.Restricted:
		return "If it has leaked, revoke it and make another: `skant recover` writes the steps."
	case scanner.Dead, scanner.Expired:
		return "Nothing is left to revoke. See that nothing depends on it, and take it out of where it stands."
	case scanner.Uncheckable:
		return "Count it as live: revoke it if it has leaked."
	default:
		return "Ask again later or from another network, and revoke it if it has leaked."
	}
}

// verdictName is how a verdict is called in a sentence.
func verdictName(v scanner.Verdict) string {
	if v == scanner.NotAsked {
		return "not asked"
	}
	return string(v)
}

// verdictMeans says of a verdict what it says of the secret.
func verdictMeans(v scanner.Verdict) string {
	switch v {
	case scanner.Live:
		return "live: whoever has it can use it"
	case scanner.Restricted:
		return "restricted: it is alive, and the provider refused this use of it"
	case scanner.Dead:
		return "dead: the provider does not take it"
	case scanner.Expired:
		return "expired: it was good once"
	case scanner.Unknown:
		return "unknown: the answer says nothing about it; count it as live"
	case scanner.Uncheckable:
		return "uncheckable: it cannot be asked about without a side effect; count it as live"
	default:
		return "not asked; count it as live"
	}
}
