package main

// What is said about what was purged and may not come back.
const (
	msgGuardBase   = "skant: a list of what was purged is not used: %s\n"
	msgGuardNoTree = "skant: whether there is another list of what was purged is not known: %s\n"
	msgGuardUnread = "the list of what was purged is not in this partial clone; fetch it with `git show %s:.skant-purged`"

	hintPurged = "the list of what was purged must be read, or what was purged comes back. Each line is \"object ID\" or \"secret FINGERPRINT RULE\"; " +
		"git log -p -- .skant-purged shows who changed it."
	hintPurgedLocal = "the list of what was purged must be read, or what was purged comes back. Each line is \"object ID\" or \"secret FINGERPRINT RULE\"; " +
		"mend the file, or remove it if nothing was purged here."
)
