package proof

import (
	"fmt"

	"github.com/skant-dev/skant/internal/incident"
	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/scanner"
)

// deadClaim is the sentence of the claim about a provider.
const deadClaim = "the provider takes it no more"

// Words of the command that attests which a person has to replace.
const (
	NamePlaceholder     = "YOUR_NAME"
	EvidencePlaceholder = "WHAT_WAS_DONE_AND_WHERE_IT_CAN_BE_SEEN"
)

// FoundOpen reports whether the program itself has found out that a secret is still taken: no word of a person counts against that.
func FoundOpen(f *incident.File, s *incident.Secret) bool {
	if s.Verdict == scanner.Live || s.Verdict == scanner.Restricted {
		return true
	}
	for _, p := range f.Proofs {
		if p.Secret == s.Number && p.Claim == deadClaim && p.State == incident.Open {
			return true
		}
	}
	return false
}

// attest is the command by which a person says that a secret is taken no more.
func (c *check) attest(s *incident.Secret) string {
	return fmt.Sprintf("skant recover attest --incident %s --claim %s --only %d --by %s --evidence %s   # once that is done",
		visible.ShellWord(c.in.Incident), incident.OfProvider, s.Number, NamePlaceholder, EvidencePlaceholder)
}

// contradict marks what somebody attested of a secret's provider if it was called alive since, or stands somewhere again.
func (c *check) contradict(s *incident.Secret, facts []*Facts) {
	a := c.in.File.Attestation(incident.OfProvider, s.Number)
	if !a.Holds() {
		return
	}
	c.in.File.Heard(s, s.Verdict, s.VerifiedAt) // whoever entered it may not have known of the attestation
	if word, asked := c.in.Words[s.Fingerprint]; asked && (word.Verdict == scanner.Live || word.Verdict == scanner.Restricted) {
		a.Contradict("its provider called it "+string(word.Verdict), c.in.Now)
	}
	for _, f := range facts {
		if where := c.returned(s, a, f); where != "" {
			a.Contradict(c.in.Scrub("it was found again, in "+where), c.in.Now)
		}
	}
}

// returned names where a secret stands again: in a commit of after the attestation, or in a clone in which the last check proved that
// nothing holds it. A date that has not come yet tells nothing.
func (c *check) returned(s *incident.Secret, a *incident.Attestation, f *Facts) string {
	if f.Clone.Report == nil {
		return ""
	}
	gone := false
	claim := visible.Text(c.in.Scrub(objectsClaim(f.Clone.Path)))
	for _, p := range c.in.File.Proofs {
		gone = gone || p.Secret == s.Number && p.Claim == claim && p.State == incident.Proven
	}
	for i := range f.Clone.Report.Findings {
		found := &f.Clone.Report.Findings[i]
		if found.Fingerprint != s.Fingerprint || found.RuleID == scanner.PurgedObjectRule {
			continue
		}
		at := found.Location.Commit
		if gone || at != nil && at.Date.After(a.At) && !at.Date.After(c.in.Now) {
			return placeOf(found)
		}
	}
	return ""
}

// weigh is what becomes of the claim about a provider with what a person says of it. It takes the place of what nobody can know; not of
// what nobody has asked, though somebody could be.
func (c *check) weigh(a *incident.Attestation, s *incident.Secret, state incident.State, detail, remedy string) (incident.State, string, string) {
	switch {
	case state == incident.Proven:
		return state, detail, remedy
	case !a.Holds():
		return state, detail + "; " + word(a) + ". That counts no more: " + a.Contradicted + " (" + date(a.ContradictedAt) + ")", remedy
	case state == incident.Unknown && c.nobodyKnows(s):
		return incident.Attested, word(a) + "; " + detail, ""
	default:
		return state, detail + "; " + word(a) + ", which counts once its provider was asked and could not tell", remedy
	}
}

// nobodyKnows reports whether a provider cannot be asked about a secret, or was to be and could not tell. An asking that ended early is neither.
func (c *check) nobodyKnows(s *incident.Secret) bool {
	word, asked := c.in.Words[s.Fingerprint]
	return !c.in.Askable(s.RuleID) || c.in.AskProviders && !(asked && word.Verdict == scanner.NotAsked)
}

// word is what a person says, and when.
func word(a *incident.Attestation) string {
	return fmt.Sprintf("%s says so since %s: %s", a.By, date(a.Date), a.Evidence)
}

// said is an attestation as it is shown.
func (c *check) said(a *incident.Attestation) *incident.Attestation {
	if a == nil {
		return nil
	}
	shown := *a
	shown.By, shown.Evidence, shown.Contradicted = c.in.Scrub(a.By), c.in.Scrub(a.Evidence), c.in.Scrub(a.Contradicted)
	return &shown
}

// Rests says in words how many claims rest on the word of a person; it is empty if none does.
func (r *Result) Rests() string {
	switch r.Attested {
	case 0:
		return ""
	case 1:
		return "1 claim rests on somebody's word"
	default:
		return fmt.Sprintf("%d claims rest on somebody's word", r.Attested)
	}
}
