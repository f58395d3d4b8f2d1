package proof

import (
	"cmp"
	"slices"
	"time"

	"github.com/skant-dev/skant/internal/incident"
	"github.com/skant-dev/skant/scanner"
)

// clockSkew is by how much the clocks of two machines may differ.
const clockSkew = 10 * time.Minute

// dead is the claim that the provider takes a secret no more. What was said in an earlier run counts only if this run was to ask and had no
// value to ask with, as it is once everything is purged.
func (c *check) dead(s *incident.Secret) {
	a := c.in.File.Attestation(incident.OfProvider, s.Number)
	say := func(state incident.State, detail, remedy string) {
		if a != nil {
			state, detail, remedy = c.weigh(a, s, state, detail, remedy)
		}
		c.add(Dead, "", s.Number, state, deadClaim, detail, remedy)
		c.claims[len(c.claims)-1].Attestation = c.said(a)
	}
	again := c.again("--verify")
	manual := c.in.Manual(s.RuleID)
	if manual == "" {
		manual = "revoke it at its provider"
	}
	step := "# by hand, as the runbook says: " + manual
	attest := step + "\n" + c.attest(s)
	askable := c.in.Askable(s.RuleID)
	word, asked := c.in.Words[s.Fingerprint]
	if !asked && c.in.AskProviders {
		word = Word{Verdict: s.Verdict, At: s.VerifiedAt}
		if old := s.Verdict == scanner.Live || s.Verdict == scanner.Restricted; old && a.Holds() { // what was said since has contradicted it
			word.Verdict, word.Says = scanner.Unknown, "it was "+string(s.Verdict)+" then, before what is attested"
		}
	}
	if word.At.After(c.in.Now.Add(clockSkew)) { // a clock was wrong, or somebody has written it by hand
		word.Verdict, word.Says = scanner.Unknown, "that has not come yet"
	}
	suffix := ""
	if says := word.Says; says != "" {
		suffix = ": " + says
	}
	switch {
	case !askable && !asked && slices.Contains([]scanner.Verdict{scanner.NotAsked, scanner.Unknown, scanner.Uncheckable}, s.Verdict):
		say(incident.Unknown, "nobody can be asked", attest)
	case !c.in.AskProviders && !s.VerifiedAt.IsZero() && s.Verdict != scanner.NotAsked:
		say(incident.Unknown, "nobody was asked now; it was "+string(s.Verdict)+" on "+date(s.VerifiedAt), again)
	case !c.in.AskProviders:
		say(incident.Unknown, "nobody was asked", again)
	case !asked && (word.At.IsZero() || word.Verdict == scanner.NotAsked):
		say(incident.Unknown, "its value is in no place that was searched, so nobody could be asked", c.again("--verify", "--secret-file -")+"   # waits for it; or FILE, of mode 0600")
	case word.Verdict == scanner.Dead || word.Verdict == scanner.Expired:
		detail := string(word.Verdict) + ", asked on " + date(word.At) + suffix
		if !asked {
			detail += "; the value is gone from here, so it was not asked again"
		}
		say(incident.Proven, detail, "")
	case word.Verdict == scanner.Live || word.Verdict == scanner.Restricted:
		say(incident.Open, "it is "+cmp.Or(map[scanner.Verdict]string{scanner.Restricted: "known to its provider, who refuses what was asked (restricted)"}[word.Verdict], "alive")+
			", asked on "+date(word.At)+suffix, c.ending(s, manual))
	case word.Verdict == scanner.Uncheckable:
		say(incident.Unknown, "nobody can be asked"+suffix, attest)
	default:
		say(incident.Unknown, "the answer of "+date(word.At)+" does not tell"+suffix, step+"\n"+again)
	}
}

// ending is what ends a secret that is alive: by the program, where it can and still finds the value, and by hand.
func (c *check) ending(s *incident.Secret, manual string) string {
	for _, clone := range c.in.Clones {
		if c.in.Revoke == nil || clone.Report == nil || !slices.ContainsFunc(clone.Report.Findings, func(f scanner.Finding) bool {
			return f.Fingerprint == s.Fingerprint && f.Suppressed == nil && f.Location.Submodule == ""
		}) {
			continue
		}
		if command := c.in.Revoke(s, cmp.Or(clone.At, clone.Path)); command != "" {
			return command + "\n# or by hand, as the runbook says: " + manual
		}
	}
	return "# by hand, as the runbook says: " + manual
}

// Graver reports whether a verdict is worse news than another: a secret that stands with several ids is dead only if it is with each.
func Graver(a, b scanner.Verdict) bool {
	order := []scanner.Verdict{
		scanner.Dead, scanner.Expired, scanner.NotAsked, scanner.Uncheckable, scanner.Unknown, scanner.Restricted, scanner.Live,
	}
	return slices.Index(order, a) > slices.Index(order, b)
}
