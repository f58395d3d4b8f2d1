package main

const (
	helpFlagPlain    = "write text for a screen reader: one fact in a line, in words, without columns, colour or progress"
	helpFlagLineHash = "have reports hold the line hashes that GitHub's upload action computes by itself, for uploads without it; they tell a guess of a short password from a wrong one"
	helpFlagStream   = "have -o jsonl tell each secret once as soon as it is found, in a preliminary line of type found, before the lines of the report"
	hintStream       = "add -o jsonl or -o jsonl=FILE; the other formats are written when everything is known."
	msgReportNewer   = "skant: the report follows schema %s, and this program knows %s: what was added since is left out; a newer skant has it\n"
	msgNotHashed     = "skant: no line hash: %s\n"
)
