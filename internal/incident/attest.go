package incident

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/scanner"
)

// Subject is what a person can attest, because no program can know it.
type Subject string

// The subjects. The first is about one secret; the others are about the whole incident, and no claim depends on them.
const (
	// OfProvider is that the provider of a secret, or whatever trusted it, takes it no more.
	OfProvider Subject = "provider"
	// OfForks, OfClones, OfCopies and OfUse are what no check can prove: forks and pull requests of the host, clones of others, caches,
	// backups and other copies, and whether somebody has used a secret.
	OfForks  Subject = "forks"
	OfClones Subject = "clones"
	OfCopies Subject = "copies"
	OfUse    Subject = "use"
)

// Subjects lists all subjects.
func Subjects() []Subject { return []Subject{OfProvider, OfForks, OfClones, OfCopies, OfUse} }

// Bounds of the texts of an attestation, in characters.
const (
	MaxName     = 200
	MaxEvidence = 1000
)

// Attestation is what a person says of a claim that a program cannot prove, and what it rests on.
type Attestation struct {
	Claim Subject `json:"claim"`
	// Secret is its number; 0 for what concerns all of them.
	Secret int `json:"secret,omitempty"`
	// By is who says so, Evidence how that can be seen. Both are one line.
	By       string `json:"by"`
	Evidence string `json:"evidence"`
	// Date is since when it is so, At when it was entered.
	Date time.Time `json:"date"`
	At   time.Time `json:"at"`
	// Contradicted is why it counts no more, found out at ContradictedAt; empty while nothing speaks against it.
	Contradicted   string    `json:"contradicted,omitempty"`
	ContradictedAt time.Time `json:"contradicted_at,omitzero"`
}

// Holds reports whether nothing is known that speaks against it. It may be nil, and then does not.
func (a *Attestation) Holds() bool { return a != nil && a.Contradicted == "" }

// Contradict has it count no more, for a reason of which a line is kept. The first reason stays. A time that is not known is that of the
// attestation.
func (a *Attestation) Contradict(why string, at time.Time) {
	if !a.Holds() {
		return
	}
	if at.IsZero() {
		at = a.At
	}
	if line := []rune(visible.Text(why)); len(line) > MaxEvidence {
		why = string(line[:MaxEvidence])
	} else {
		why = string(line)
	}
	a.Contradicted, a.ContradictedAt = why, at.UTC().Truncate(time.Second)
}

// check says what is wrong with an attestation. It quotes nothing of it.
func (a *Attestation) check() error {
	texts := []struct {
		name, text string
		most       int
	}{{"the name", a.By, MaxName}, {"the evidence", a.Evidence, MaxEvidence}}
	for _, t := range texts {
		switch {
		case strings.TrimSpace(t.text) == "":
			return fmt.Errorf("%s is empty", t.name)
		case utf8.RuneCountInString(t.text) > t.most:
			return fmt.Errorf("%s has more than %d characters", t.name, t.most)
		case visible.Text(t.text) != t.text:
			return fmt.Errorf("%s is not one line of visible characters", t.name)
		}
	}
	switch {
	case !slices.Contains(Subjects(), a.Claim):
		return errors.New("its claim is none that a person can attest")
	case (a.Claim == OfProvider) != (a.Secret > 0):
		return errors.New("what is said of a provider is about one secret, anything else about all of them")
	case a.Date.Year() < 2000 || a.At.Year() < 2000:
		return errors.New("it has no date of this century")
	case a.Date.After(a.At):
		return errors.New("its date is in the future")
	case (a.Contradicted == "") != a.ContradictedAt.IsZero():
		return errors.New("what contradicts it has no reason or no date")
	case visible.Text(a.Contradicted) != a.Contradicted || utf8.RuneCountInString(a.Contradicted) > MaxEvidence:
		return errors.New("what contradicts it is not one short line")
	}
	return nil
}

// Attest enters an attestation, in the place of what was said of the same before.
func (f *File) Attest(a Attestation) error {
	a.By, a.Evidence = strings.TrimSpace(a.By), strings.TrimSpace(a.Evidence)
	a.Date, a.At = a.Date.UTC().Truncate(time.Second), a.At.UTC().Truncate(time.Second)
	if err := a.check(); err != nil {
		return err
	}
	f.Unattest(a.Claim, a.Secret)
	f.Attestations = append(f.Attestations, a)
	return nil
}

// Unattest takes back what was said, and reports whether anything was.
func (f *File) Unattest(claim Subject, secret int) bool {
	n := len(f.Attestations)
	f.Attestations = slices.DeleteFunc(f.Attestations, func(a Attestation) bool { return a.Claim == claim && a.Secret == secret })
	return len(f.Attestations) < n
}

// Attestation returns what was said of a claim, contradicted or not; nil if nothing was. The number of a secret is 0 for all of them.
func (f *File) Attestation(claim Subject, secret int) *Attestation {
	for i := range f.Attestations {
		if a := &f.Attestations[i]; a.Claim == claim && a.Secret == secret {
			return a
		}
	}
	return nil
}

// Heard enters what a provider said of a secret, asked at the given time: the last word is kept, and of two of the same time the more alarming
// one. A secret that is alive contradicts who attested that it is not, whatever is said of it later.
func (f *File) Heard(s *Secret, v scanner.Verdict, at time.Time) {
	if v == scanner.NotAsked {
		return
	}
	at = at.UTC()
	if a := f.Attestation(OfProvider, s.Number); a != nil && (v == scanner.Live || v == scanner.Restricted) {
		if at.IsZero() || !at.Before(a.Date) { // if nobody knows when, it may have been afterwards
			a.Contradict("its provider called it "+string(v), at)
		}
	}
	if s.Verdict == scanner.NotAsked || at.After(s.VerifiedAt) || at.Equal(s.VerifiedAt) && alarm(v) > alarm(s.Verdict) {
		s.Verdict, s.VerifiedAt = v, at
	}
}

// checkAttestations refuses what nobody can have attested.
func (f *File) checkAttestations(numbers map[int]bool) error {
	type subject struct {
		claim  Subject
		secret int
	}
	seen := map[subject]bool{}
	for i := range f.Attestations {
		a := &f.Attestations[i]
		if err := a.check(); err != nil {
			return fmt.Errorf("attestation %d: %w", i+1, err)
		}
		if a.Secret != 0 && !numbers[a.Secret] {
			return fmt.Errorf("attestation %d is about a secret that is not there", i+1)
		}
		if of := (subject{a.Claim, a.Secret}); seen[of] {
			return fmt.Errorf("attestation %d is about the same as another", i+1)
		} else {
			seen[of] = true
		}
	}
	return nil
}
