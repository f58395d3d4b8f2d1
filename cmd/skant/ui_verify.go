package main

import "github.com/skant-dev/skant/scanner"

// Every word about verification that is meant for a person, but for what a rule says of an answer.

const (
	msgVerified       = "skant: %s asked about: %s\n"
	msgVerifyProgress = "asking providers (%d/%d)"
	msgVerifyDry      = "skant: nothing was sent (--verify-dry-run). A live answer is checked once for each host with a second request like it, its secret scrambled\n"
	msgVerifyEnded    = "asking the providers ended early: %v; run it again"
	msgVerdictsUnused = "skant: answers are not kept for the next run: %s\n"
	msgOnlyLive       = "%s, and --only-live asks for what is or may be alive"
	msgVerifyPrompt   = "Secret (not shown): "
	msgVerifyMore     = "skant: %d more were found in it and are not asked about; `skant scan - --verify` asks about all\n"
	msgVerifyMissing  = "skant: %s of the report: the value is not where it was, so nobody was asked\n"
	msgVerifyNoValue  = "the value is not where it was, so nobody was asked"
	msgVerifyCannot   = "Nobody can be asked: %s\n"
)

const (
	labelAsked    = "Asked"
	labelAnswered = "Answered"
	labelNoAnswer = "No answer"
	labelVerdict  = "Verdict: %s\n"
	labelDo       = "What to do: %s\n"
	labelWouldAsk = "Would ask"
)

const (
	hintVerify          = "docs/liveness.md says who is asked what."
	hintVerifyEndpoint  = "write --verify-endpoint PROVIDER=URL, for example github=https://ghe.example/api/v3; `skant rules list` has the providers' names, http is for localhost only."
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
in its file. Requests only read, cost nothing, and go to hosts that stand in the rules; docs/liveness.md has
them all.

With --report, ask about the findings of a saved report. Reports hold no values, so the place that was scanned is searched
again for them: PLACE, by default the current folder.

With --diagnose, say why calls to Claude fail: directly, or through Bedrock or Vertex. Eight steps, from the variable that
holds the key to models and quota.

Exit status of a secret or a diagnosis: 0 it is dead, or all steps are fine; 1 it is alive, or a step is wrong; 3 it is not
known. Of a report: that of the scan.`
	exampleVerify = `  pbpaste | skant verify
  skant verify --rule anthropic-api-key < key.txt
  skant verify --report audit.json ~/src/service
  skant verify --diagnose bedrock
  skant verify --verify-dry-run < key.txt`
)

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

// The steps of a diagnosis.
const (
	stepSet        = "Is a key set, and where"
	stepShape      = "Shape and checksum"
	stepHeader     = "The header for its kind"
	stepHost       = "Host, base URL and proxy"
	stepClock      = "Clock"
	stepRegion     = "Region"
	stepPermission = "Organisation, workspace, permission"
	stepModels     = "Models and quota"
)

const (
	diagAnthropic = "Anthropic's API"
	diagBedrock   = "Amazon Bedrock"
	diagVertex    = "Vertex AI"

	diagSet      = "%s holds %s; this is what the following steps are about"
	diagSame     = "%s holds the same"
	diagOther    = "%s holds another: %s. Clients differ in which they take; unset the one that is not meant"
	diagUnset    = "no key was found in %s"
	diagNoKey    = "there is no key to look at"
	diagNoJSON   = "it is no JSON that can be read"
	diagNoFile   = "it names no file that can be read"
	diagSpace    = "there is white space around the value in %s: it becomes a part of the header. Remove it"
	diagQuoted   = "the quotes in %s are a part of the value. Remove them"
	diagExample  = "it is a placeholder or a published example of: %s"
	diagCertain  = "it is whole: %s (%s)"
	diagShape    = "it looks like: %s (%s)"
	diagKnown    = "it looks like: %s"
	diagExpired  = "it says itself that it has expired"
	diagVariable = "%s is %s"

	diagShapeless = "no rule takes it for a credential of %s: it is cut off, or of another provider"

	diagUseBedrock = "CLAUDE_CODE_USE_BEDROCK is set: Claude Code goes to Bedrock; see skant verify --diagnose bedrock"
	diagUseVertex  = "CLAUDE_CODE_USE_VERTEX is set: Claude Code goes to Vertex AI; see skant verify --diagnose vertex"
	diagSkipAuth   = "Claude Code is told to leave authentication to a gateway: what stands here is not what is sent"

	diagOAuth         = "an OAuth token goes as Authorization: Bearer, with the header anthropic-beta: oauth-2025-04-20"
	diagOAuthAsKey    = "%s holds an OAuth token, and clients send that variable as x-api-key: the answer is 401. Put it into CLAUDE_CODE_OAUTH_TOKEN or ANTHROPIC_AUTH_TOKEN"
	diagKeyAsBearer   = "%s holds an API key, and clients send that variable as Authorization: Bearer: the answer is 401. Put it into ANTHROPIC_API_KEY"
	diagKey           = "an API key goes as x-api-key, with the header anthropic-version"
	diagAdmin         = "an admin key goes as x-api-key and opens /v1/organizations only: models answer it with an error"
	diagCompliance    = "a compliance access key opens /v1/compliance only: models answer it with an error"
	diagPersonal      = "a personal key needs the header anthropic-workspace-id beside x-api-key; without it the answer is 400"
	diagRefresh       = "this is a refresh token, which no request takes: use the access token (sk-ant-oat...) that belongs to it"
	diagSession       = "this is the cookie of a browser session, which the API does not take: create an API key"
	diagHeaderUnknown = "the header cannot be told without knowing what it is"
	diagBedrockBearer = "a Bedrock API key goes as Authorization: Bearer"
	diagBedrockSigned = "an access key signs each request (SigV4); without its session token a temporary one (ASIA...) is refused"
	diagVertexHeader  = "a service account's key signs a token request, and the access token goes as Authorization: Bearer"
	diagUserADC       = "these are a user's credentials (gcloud auth application-default login): they are exchanged for an access token, which skant does not do"
	diagFederated     = "these are of workload identity federation: they hold no secret of their own, and nobody can be asked about them"
	diagNoProject     = "neither ANTHROPIC_VERTEX_PROJECT_ID nor GOOGLE_CLOUD_PROJECT is set: clients that are not told a project fail"

	diagHost        = "skant asks %s"
	diagEndpoint    = "skant asks %s, as you said"
	diagBase        = "%s sends clients to %s, so the answer there may be another; skant asks there only with --verify-endpoint %s=URL (a gateway may need a key of its own, and not one of %s)"
	diagProxy       = "%s sends requests through %s, which may answer in the provider's place"
	diagNoProxy     = "%s takes hosts out of that"
	diagAuthorities = "%s adds certificate authorities: something may stand between you and the provider and read along"

	diagUnasked  = "nobody was asked"
	diagDry      = "nobody was asked (--verify-dry-run)"
	diagNoAnswer = "there was no answer: %s"

	diagNoDate    = "the answer has no date to compare with"
	diagClock     = "the clock here is off by %s: signatures and tokens are refused. Set it"
	diagClockFine = "the clock here is that of the answer"

	diagBlocked        = "the request was refused before the key was looked at (Request not allowed): the country, or the network, that it comes from. It says nothing about the key"
	diagPage           = "a page came back in place of an answer of the API: something on the way refuses the request"
	diagRedirect       = "the answer leads elsewhere, and is not followed"
	diagReached        = "the request reached the provider"
	diagNoRegion       = "neither AWS_REGION nor AWS_DEFAULT_REGION is set: clients take us-east-1, or fail"
	diagOtherRegion    = "the key is for %s only, and the region that is set is %s"
	diagRegionSet      = "the region is %s: the model has to be offered there"
	diagNoVertexRegion = "CLOUD_ML_REGION is not set: clients need a region in which the model is offered, or global"

	diagTaken   = "the key is taken: %s"
	diagRefused = "the key is known, and this use of it is refused: %s"
	diagDead    = "the key is not taken: %s"
	diagUnknown = "the answer does not tell: %s"

	diagModel         = "%s asks for %s: the key's workspace, project or account has to have it, under that very name"
	diagLimited       = "too many requests: wait %s seconds, or ask for a higher limit"
	diagCredit        = "there is no credit left: the key is good, and calls fail until the account is topped up"
	diagOverloaded    = "the provider is overloaded or failing: try again later"
	diagModelsUnknown = "nothing is known of models before the step above is fine"
	diagModelsListed  = "the list of models can be read; that a model answers is only proved by a call that costs, so skant makes none"
	diagModelsBedrock = "the key is good; access to each model is granted by itself in Bedrock's console, region by region, and a call needs bedrock:InvokeModel"
	diagModelsVertex  = "the key is good; Claude has to be enabled in the project's Model Garden, with the Vertex AI API on, and a call needs aiplatform.endpoints.predict"
)
