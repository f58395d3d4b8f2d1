package triage

// Every word of the screen, in the voice of cmd/skant/ui.go.
const (
	msgIncomplete = "the report is incomplete: something was not read, and more may be there"
	msgBusy       = "busy: %s; esc ends it"
	msgEnding     = "ending: %s; ctrl+c again ends at once"
	msgCancelled  = "ended: %s"
	msgNothing    = "no secret is listed: f lists others, esc takes the search away"
	msgVerdict    = "verdict: %s; it is not written into the report"
	msgEditor     = "the editor ended with an error: %v"
	msgPurged     = "it was purged from the history and came back: nothing may suppress it"
	msgQuiet      = "it does not count already: %s %s"
	msgReason     = "a reason is needed; esc leaves"
	msgOwner      = "an owner is needed: who answers for it? esc leaves"
	msgNotSent    = "nothing was sent"
	msgLeft       = "nothing was changed"

	doingUndo    = "undoing"
	doingExplain = "looking at it again"
	doingAsk     = "looking its value up"
	doingVerify  = "asking the provider"
	doingMark    = "looking its value up, for the baseline"

	titleHelp    = "Help"
	titleExplain = "Why it was reported"
	titleAsk     = "What would be sent"
	titleNobody  = "There is nobody to ask"
	titleAnswer  = "What came back"

	questionAsk  = "Send the secret to its provider? y sends, n does not"
	promptSearch = "Search: "
	promptReason = "False because (until %s): "
	promptOwner  = "Owner: "

	keysList     = "? help  q quit  enter look  o open  x explain  v verify  m false  u undo"
	keysShown    = "/ search  f filter  s severity"
	keysSecret   = "? help  esc back  up/down place  o open  x explain  v verify  m false  u undo"
	keysText     = "esc back  up/down scroll"
	keysQuestion = "y send  n do not  up/down scroll"
	keysInput    = "enter takes it  esc leaves"

	textHelp = `Move
  up, down or k, j    one secret, or one place
  pgup, pgdown, g, G  a page, to the first, to the last
  enter               look at the secret and its places
  esc                 back; ends what is being done; takes the search away

What is listed
  f                   open, perhaps alive, suppressed, all
  s                   the least severity
  /                   search: words in titles, rules, paths, authors, commits

What to do about it
  o                   open the place in $VISUAL or $EDITOR, at its line
  x                   explain why it was reported
  v                   verify: shows what would be sent, and asks before that
  m                   mark as false: writes it into the baseline, with a reason
  u                   undo the latest mark: the baseline is as it was

  ?                   this help
  q                   quit: status 0 if nothing that counts is left, 1 if not

Values are never shown. A report holds none, so verifying and marking look them up in the repository (--repo), which is searched once.

With a screen reader this screen is hard to follow, because it is drawn again and again. The same things are commands that print lines and end: "skant report FILE", "skant explain FILE:LINE", "skant verify --report FILE --finding FINGERPRINT" and "skant baseline update". The cursor stands at the chosen line, which begins with ">".`
)

func filterWord(f filter) string {
	switch f {
	case filterAlive:
		return "perhaps alive"
	case filterQuiet:
		return "suppressed"
	case filterAll:
		return "all"
	default:
		return "open"
	}
}
