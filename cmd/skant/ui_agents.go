package main

// What is said about agents, and to them. What an agent is told must be something that it can act on, and never holds a
// value.

const (
	msgAgentState    = "%-12s %-8s %-14s %s\n"
	msgAgentNote     = "  %s\n"
	msgAgentUntold   = "by hand: the settings run skant in a form of their own, which was left alone"
	msgAgentNoSkant  = "the settings are shared, so they run skant by its name, and there is none in PATH here"
	msgAgentGone     = "it runs %s, which is not there"
	msgAgentOther    = "it runs %s, which is another program than this one and was not tried"
	msgAgentProven   = "tried: a made-up secret was stopped, and an event without one was let through"
	msgAgentUnproven = "tried: a made-up secret was NOT stopped in %s; a policy may allow it, or leave out the rule"
	msgAgentNoisy    = "tried: an event without a secret was stopped in %s"

	msgAgentStopped = "skant: stopped, because this holds a secret:"
	msgAgentFound   = "skant: what was read holds a secret:"
	msgAgentFinding = "- %s: %s (%s), %s, confidence %s"
	msgAgentMore    = "- and %d more"
	msgAgentLine    = "line %d"
	msgAgentOf      = "%s of %s"

	msgAgentAdviceWrite = "Do not write, run or send the value in any other form either. Use the name of an environment variable or of an entry in a " +
		"secret manager in its place, and leave it to the user to put the value there."
	msgAgentAdviceRead = "The file was not read. Read only lines without the secret, or ask the user for what you need of it."
	msgAgentAdviceSeen = "Do not repeat the value, write it down or send it anywhere. Tell the user where it stands, and that whoever was able to " +
		"read it can use it until it is replaced at its provider."
	msgAgentAdvicePrompt = "The prompt was not sent. Take the value out and write the name of the variable that holds it. Somebody who has seen it can " +
		"use it until it is replaced at its provider."
	msgAgentAllow = "If it is no secret the user can allow it, in .skantignore or in the baseline; an agent cannot."

	msgAgentUnread   = "skant: not everything could be checked, so this was stopped: %s"
	msgAgentUnseen   = "skant: not everything that was read could be checked for secrets: %s"
	msgAgentBroken   = "skant: nothing was checked for secrets: %s\n"
	msgAgentSkip     = "%s (%s)"
	msgAgentInternal = "an internal error: %s"
)

const (
	hintAgent        = "known agents are %s."
	hintAgentScope   = "%s has settings for: %s. The project's are the default, --local are those that are not shared, --user your own."
	hintAgentFlags   = "name an agent: skant hooks install claude-code --user; for the hooks of git of all repositories: --global."
	hintAgentBoth    = "give --user or --local."
	hintAgentManual  = "%s."
	hintAgentBadFile = "mend the file, or move it away, and try again."
	hintAgentEvent   = "the agent runs this command, with an event on standard input: see docs/agents.md."

	helpFlagAgentUser  = "an agent's settings of your own, for all projects"
	helpFlagAgentLocal = "an agent's settings in this project that are not shared"
)

const (
	helpMCPShort = "serve scans to an agent over the Model Context Protocol"
	helpMCP      = `Serve tools to an agent over the Model Context Protocol, on standard input and output: scan a text, or a file or folder
below --root; explain why something was reported or not; list and show rules. No answer holds a secret, nothing below
--root is changed or executed, and nothing outside of it is read, whatever links lead there.

Exit status: 0 when the client has left, 2 wrong usage or configuration.`
	exampleMCP = `  skant mcp
  skant mcp --root ~/src/service
  claude mcp add skant -- skant mcp`

	helpFlagMCPRoot   = "`FOLDER` below which files may be read"
	helpFlagMCPVerify = "offer the tool verify, which asks providers whether what is found is alive; the only tool that opens a connection"

	hintMCPArgs = "`skant mcp` takes no arguments: the folder to serve is --root."
	hintMCPRoot = "name a folder that exists with --root."

	mcpInstructions = "Finds credentials in texts, files and folders. Values are redacted in every answer. Scan what you are about to write, " +
		"commit or send. If something is found, replace it by the name of an environment variable or of an entry in a secret manager; do not repeat the value."

	mcpScanTitle    = "Scan for secrets"
	mcpScan         = "Search a text, or a file or folder below the root, for credentials. Give text or path, not both. Values are redacted. complete is false if something could not be read."
	mcpVerifyTitle  = "Is it alive?"
	mcpVerify       = "Search a text, or a file or folder below the root, for credentials, and ask the provider of each whether it is alive: this sends the credential to its own provider, and changes nothing there. unknown means that nobody can tell: treat it as alive. Give text or path, not both. Values are redacted."
	mcpExplainTitle = "Explain a line"
	mcpExplain      = "Tell what every rule that was tried on a text or a file, or on one line of it, made of it, and why. Give text or path, not both."
	mcpRulesTitle   = "Rules"
	mcpRules        = "List the rules, those whose id or title has a word in it, or show one rule: what it looks for, why it matters, how its provider can be asked whether such a secret is alive, and what to do when such a secret has leaked."

	msgMCPOneOf    = "give either text or path"
	msgMCPArgument = "the arguments do not fit: %s"
	msgMCPText     = "the text has more than %d MiB"
	msgMCPOutside  = "the path leads out of the root"
	msgMCPMissing  = "there is no such file or folder below the root"
	msgMCPFile     = "it is no regular file, or cannot be read"
	msgMCPLine     = "there is no such line"
	msgMCPNoRule   = "there is no such rule; call this tool without id for a list"
	msgMCPFailed   = "it could not be done: %s"
	msgMCPCrash    = "an internal error of skant: nothing is known to be clean"
)
