package main

// Words about how providers are asked, but for what rules say.

const (
	labelCheck      = "How --verify asks whether it is alive:"
	checkPublic     = "Nobody is asked: it is a public name and no secret."
	checkUnwritten  = "Nobody is asked (uncheckable): skant has no check for credentials of this kind, which says nothing about them."
	checkKind       = "If the value matches %s:"
	checkOtherKinds = "Otherwise:"
	checkImpossible = "Nobody is asked (uncheckable): %s"
	checkWhere      = "(where you say: --verify-endpoint %s=URL; without it nobody is asked)"
	checkNeeds      = "(if these are found with it: %s)"
	checkOtherwise  = "redirects, web pages, no answer, and whatever is not described here"
	checkDo         = "To do: %s"
	checkLearns     = "Learnt: %s"

	helpRulesList = `List the rules: id, severity, whether --verify asks about what they find, title. "verify" means that their
provider is asked, "endpoint" that a server of your own is asked if --verify-endpoint names it, "-" that nobody is;
"skant rules show ID" says how, or why not.`
	helpRulesShow = `Show one rule: what it looks for, how its provider is asked whether a credential is alive and what each answer
means, and the recovery steps.`
)

// signedRequest is a request that code makes, in words.
type signedRequest struct {
	// method and address are as in a rule; what stands in angle brackets is taken from the credential.
	method, address string
	// how says what is sent of the credential.
	how string
}

// signedRequests are the requests that code makes, by the name that rules know them by.
func signedRequests() map[string]signedRequest {
	return map[string]signedRequest{
		"aws-sts": {"POST", "https://sts.us-east-1.amazonaws.com/",
			"GetCallerIdentity, signed with the key, which is not sent; the STS of China, GovCloud and the European Sovereign Cloud are asked, too, before the key is called dead"},
		"bedrock-short": {"GET", "https://bedrock.<region>.amazonaws.com/foundation-models",
			"the key as Authorization: Bearer, in the region that is written in it"},
		"bedrock-long": {"GET", "https://bedrock.us-east-1.amazonaws.com/foundation-models",
			"the key as Authorization: Bearer; Bedrock in us-west-2 and GovCloud and bedrock-mantle.us-east-1.api.aws/v1/models are asked, too, before the key is called dead"},
		"azure-storage": {"GET", "https://<account>.blob.core.windows.net/?comp=list&maxresults=1",
			"signed with the key, which is not sent; the account's name stands beside the key"},
		"azure-sas": {"GET", "https://<account>.<service>.core.windows.net/<path>",
			"the signature itself, for the least that it allows: the first byte, or one entry of a list; only hosts of Azure Storage"},
		"azure-openai": {"GET", "https://<resource>.openai.azure.com/openai/models?api-version=2024-10-21",
			"the key as Api-Key; only hosts of Azure's AI services, or the one that you name with --verify-endpoint azure=URL"},
		"azure-devops": {"GET", "https://dev.azure.com/<organization>/_apis/projects?api-version=7.1&$top=1",
			"the token as password; where no organization stands beside it app.vssps.visualstudio.com is asked for the profile of its owner"},
		"gcp-certificates": {"GET", "https://www.googleapis.com/robot/v1/metadata/x509/<account>",
			"the list of certificates that Google publishes of the account, with which the key is compared; nothing of the key is sent or used"},
		"gcs-hmac": {"GET", "https://storage.googleapis.com/?max-keys=1", "signed with the key, which is not sent"},
		"alibaba-sts": {"POST", "https://sts.aliyuncs.com/",
			"GetCallerIdentity, signed with the key, which is not sent"},
		"tencent-sts": {"POST", "https://sts.tencentcloudapi.com/",
			"GetCallerIdentity, signed with the key, which is not sent"},
		"oci-user": {"GET", "https://identity.<region>.oraclecloud.com/20160918/users/<user>",
			"signed with the key, which is not sent"},
	}
}

// The page docs/liveness-checks.md.
const (
	checksIntro = `# Who is asked what

Generated from the rules: ` + "`go test ./cmd/skant -run LivenessChecks -update`" + ` writes it anew. [Liveness](liveness.md) says how requests
are kept harmless and how answers are judged; ` + "`skant rules show ID`" + ` prints the whole request of a rule, and each answer with its meaning.

%s rules can be asked about, of %s: their credentials are sent to hosts of %d providers, or, for %s of them, to a server that
you name. Of %s rules it is known that nobody can be asked without a side effect, or at all; the reasons are below. Of %s nothing is
known, so that nobody is asked and the verdict is ` + "`uncheckable`" + `, too; %s find public names.

Every check can also give ` + "`unknown`" + `. ` + "`{{.name}}`" + ` and ` + "`<name>`" + ` stand for values of the credential. The query is left out.
`
	checksAsked = `
## Their provider is asked

| provider | rules | request | verdicts |
| --- | --- | --- | --- |
`
	checksNamed = `
## The server that you name is asked

With ` + "`--verify-endpoint PROVIDER=URL`" + ` only: an address that stands beside a secret is never used.

| provider | rules | request | verdicts |
| --- | --- | --- | --- |
`
	checksRefused = `
## Nobody is asked

`
)
