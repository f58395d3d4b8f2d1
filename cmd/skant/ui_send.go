package main

// The words of `skant report send`, in the voice of ui.go.

const (
	msgSendNothing    = "skant: nothing to send: %s\n"
	msgSendDry        = "skant: nothing was sent: this is a dry run, --yes sends it\n"
	msgSendSent       = "skant: sent to %s: %s\n"
	msgSendDeed       = "skant: %s: %s: %s %s%s\n"
	msgSendLeft       = "skant: %s left for the next run: --max is %d\n"
	msgSendIncomplete = "skant: the scan of the report is INCOMPLETE and found no secret: there is no issue that could tell of it\n"
	msgSendWaits      = "skant: %s; waiting %s\n"

	hintReportSendArgs = "name one saved JSON report: skant report send REPORT.json --to slack."
	hintSendTo         = "write --to webhook, slack, teams or github-issues."
	hintSendFlag       = "leave it out; `skant report send --help` says which flag is for which destination."
	hintSendEmpty      = "give it a value, or leave it out: a variable that is not set leaves nothing."
	hintSendRepo       = "name it as --repo OWNER/NAME."
	hintSendMax        = "write a number from 1 to 1000."
	hintSendLabel      = "a label is plain text of at most 50 bytes without a comma."
	hintSendURL        = "put the https address into " + sendURL + ", or into a file named with --url-file: it is a credential, and no argument."
	hintSendSlack      = "addresses of Slack begin with https://hooks.slack.com/; for another server that understands its messages use --to webhook with a template."
	hintSendAPI        = "write an https address such as --api https://HOST/api/v3."
	hintSendToken      = "put it into " + sendToken + ", or into a file named with --token-file; it needs to read and write issues."
	hintSendTemplate   = "docs/send.md lists the fields and functions of templates; all that is printed ends in json."
	hintSendCredential = "it holds one line, and nothing else."
	hintSendPublic     = "use the issues of a private repository, or --public if everybody may know."
	hintSendFailed     = "what was written stands above; the same command again finds it, and goes on."
	hintSendHook       = "it is not sent again by itself: use the same command when that is solved."

	helpFlagSendTo                = "`DESTINATION`: webhook, slack, teams or github-issues"
	helpFlagSendYes               = "send; without it the requests are printed, and nothing is sent"
	helpFlagSendOnlyNew           = "leave out what the older report `OLD.json` has"
	helpFlagSendTemplate          = "`FILE` with the template of the body (webhook)"
	helpFlagSendURLFile           = "`FILE` with the address, in place of " + sendURL + " (webhook, slack, teams)"
	helpFlagSendAuthorizationFile = "`FILE` with the value of the header Authorization, in place of " + sendAuthorization + " (webhook)"
	helpFlagSendRepo              = "`OWNER/NAME` of the repository for the issues"
	helpFlagSendAPI               = "`URL` of the API of a GitHub Enterprise server"
	helpFlagSendTokenFile         = "`FILE` with the token, in place of " + sendToken
	helpFlagSendLabel             = "`LABEL` of new issues beside skant; may be repeated"
	helpFlagSendMax               = "write at most `N` issues in this run"
	helpFlagSendReopen            = "open closed issues again whose secret is still there"
	helpFlagSendPublic            = "write to a repository that everybody can read"

	helpReportSendShort = "send a saved JSON report to a webhook, Slack, Teams or GitHub issues"
	helpReportSend      = `Send what counts in a saved JSON report to where a team works: secrets that are neither suppressed nor examples, in their
redacted form, and where they are. No value, no line of a file and no name of a person is sent, whatever the report holds.

Without --yes nothing is sent: the requests are printed, with what opens a door masked. Addresses of webhooks and tokens come from
the environment or a file. An issue is found again by a mark in it: it gets a comment when its verdict or places change.

Exit status: 0 all was sent, or it was a dry run, or there is nothing to send, 2 wrong usage or no report,
3 not everything was sent; what was stands on standard error.`
	exampleReportSend = `  skant report send report.json --to slack
  SKANT_SEND_URL="$(cat hook)" skant report send report.json --to slack --only-new yesterday.json --yes
  skant report send report.json --to webhook --template body.tmpl --url-file hook --yes
  skant report send report.json --to github-issues --repo OWNER/NAME --max 5 --yes`
)
