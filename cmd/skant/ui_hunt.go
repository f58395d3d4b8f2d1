package main

const (
	msgHuntFound    = "skant: %s: found in %s, as %s\n"
	msgHuntParts    = "skant: %s: only in parts, in %s, as %s\n"
	msgHuntNowhere  = "skant: %s: not found\n"
	msgHuntUnknown  = "skant: %s: not found in what could be read\n"
	msgHuntFolder   = "skant: %s is searched, but not the history of the repository that it lies in; for that: skant hunt %s\n"
	msgHuntSome     = " (%d with only a part of it)"
	msgHuntSearched = "skant: searched: %s\n"
	msgHuntBoth     = "history and work tree of %s"
	msgHuntHistory  = "history of %s"
	msgHuntFiles    = "%s with the archives and repositories in it"
	msgHuntLimits   = "skant: \"not found\" does not cover other clones, forks, logs and caches, nor what is encrypted, hashed, or compressed outside of archives; see docs/hunt.md\n"
	msgHuntSecret   = "secret %d"
	msgHuntHint     = "hint %d (%s)"
)

const (
	hintHuntInput  = "give each secret on a line of standard input: pass show anthropic | skant hunt; or --secret-file FILE, or --hint 'sk-ant-api03-R2D...igAA'."
	hintHuntStdin  = "standard input is for the secrets; to search a text, put it into a file."
	hintHuntSecret = "one secret a line, or with -z one between two zero bytes, of 8 bytes to 64 KiB; docs/hunt.md says what can be looked for."
	hintHuntHint   = "write what the provider shows: sk-ant-api03-R2D...igAA, AKIA..., or ...igAA for the last four."
	hintHuntFile   = "the file must be yours and nobody else's to read: chmod 600 FILE; or pipe the secrets in: pass show anthropic | skant hunt."
	hintHuntPath   = "name repositories, folders or files that exist."
)

const (
	helpFlagHuntFile = "read the secrets from this `FILE` or pipe, which only you may be able to read; - is standard input"
	helpFlagHuntHint = "look for tokens that fit this `HINT` of a provider: PREFIX...SUFFIX, ...LAST4 or the id of an AWS key; may be repeated"
	helpFlagHuntNull = "secrets are separated by zero bytes, not by line breaks"
	helpHuntShort    = "find out where a known secret is, however it is written"
	helpHunt         = `Search for secrets that you know: in the history and the work tree of each repository named, and in
files and folders, archives among them. By default the repository here. Secrets come on standard
input, one a line (a key block counts as one), or from a file; never as arguments, which other users can see.

Each is looked for as it is and encoded: base64 at every offset in both alphabets, hexadecimal, percent-encoded,
with escapes or entities, in UTF-16, reversed, split over lines or strings, and in halves. Nothing of it is
shown: the result says where, how it is written and which of the secrets it is, by its number.

Nothing is left out: neither .gitignore, .skantignore, baselines nor comments count.
` + exitStatusHelp
	exampleHunt = `  pass show anthropic | skant hunt
  skant hunt --secret-file leaked.txt ~/src/service ~/src/site /var/backups
  skant hunt --hint 'sk-ant-api03-R2D...igAA' -o json=where.json
  vault kv get -field=key secret/app | skant hunt --submodules .`
)
