package main

// Words of `skant recover` and `skant recover runbook`.
const (
	helpFlagRemote  = "ask the remotes which copies they still have (ls-remote, and whether an object can be had by its id)"
	msgSurveyFailed = "skant: how far the secrets got is not known in full: %s; the runbook says what is missing\n"
	msgSurveyGap    = "The repository could not be asked in full how far the secrets got: %s."
	hintRecoverArgs = "name one repository, a saved report with --report FILE, or both."

	helpRecoverShort = "write the runbook that ends the incident"
	helpRecover      = `Write the runbook of an incident: on page one how to stop every secret, the most dangerous first;
behind it how far each got and when, what revoking does not cover, where the new values go, which
logs to read for which days, whom to tell, the purge, the proof, what nobody knows yet, and the
incident record. From a scan of the history, or from a saved report; with the repository beside it
the report's secrets are looked up there. Formats: markdown, html (one file, no script), json.
` + exitStatusHelp
	exampleRecover = `  skant recover > runbook.md
  skant recover --verify --remote -o html=runbook.html -o markdown=runbook.md
  skant history -o json=audit.json; skant recover --report audit.json .
  skant recover runbook ~/src/service -o json=incident.json`
)
