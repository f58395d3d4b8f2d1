package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/skant-dev/skant/internal/incident"
	"github.com/skant-dev/skant/internal/proof"
	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// attestRun is one run of `skant recover attest`.
type attestRun struct {
	app                             *app
	file, claim, by, evidence, date string
	only                            list
	remove                          bool
}

func newRecoverAttest(a *app) *cobra.Command {
	r := &attestRun{app: a}
	cmd := &cobra.Command{
		Use: "attest", Short: helpAttestShort, Long: helpAttest, Example: exampleAttest, Args: exactly(0, 0, hintAttestArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return r.all(cmd) },
	}
	fs := cmd.Flags()
	fs.StringVar(&r.file, "incident", incident.DefaultName, helpFlagIncident)
	fs.StringVar(&r.claim, "claim", "", helpFlagAttestClaim)
	r.only.register(cmd, "only", "", helpFlagAttestOnly)
	fs.StringVar(&r.by, "by", "", helpFlagAttestBy)
	fs.StringVar(&r.evidence, "evidence", "", helpFlagAttestEvidence)
	fs.StringVar(&r.date, "date", "", helpFlagAttestDate)
	fs.BoolVar(&r.remove, "remove", false, helpFlagAttestRemove)
	return cmd
}

// all is the whole command. Either everything that was named is entered, or nothing.
func (r *attestRun) all(cmd *cobra.Command) error {
	claim, err := subjectOf(r.claim)
	if err != nil {
		return err
	}
	for _, name := range []string{"by", "evidence", "date"} {
		if r.remove && cmd.Flags().Changed(name) {
			return withHint(fmt.Errorf("--remove takes back what was said, and --%s says something", name), hintAttestRemove)
		}
	}
	file, err := incident.Load(r.file)
	if errors.Is(err, fs.ErrNotExist) {
		return withHint(err, hintCheckIncident)
	} else if err != nil {
		return withHint(err, hintCheckFile)
	}
	secrets, err := r.subjects(file, claim)
	if err != nil {
		return err
	}
	if r.remove {
		return r.takeBack(file, claim, secrets)
	}
	date, err := r.since()
	if err != nil {
		return err
	}
	if err := r.words(cmd.Context(), file); err != nil {
		return err
	}
	for _, s := range secrets {
		if err := attestable(file, s); err != nil {
			return err
		}
		one := incident.Attestation{Claim: claim, Secret: s.Number, By: r.by, Evidence: r.evidence, Date: date, At: r.app.now()}
		if err := file.Attest(one); err != nil {
			return withHint(fmt.Errorf("this cannot be attested: %w", err), hintAttestWords)
		}
	}
	if err := file.Write(r.file); err != nil {
		return &incompleteError{err}
	}
	return r.tell(claim, secrets)
}

// subjectOf reads the name of what is attested. That of the claim in JSON is taken, too.
func subjectOf(name string) (incident.Subject, error) {
	if name == string(proof.Dead) {
		return incident.OfProvider, nil
	}
	if claim := incident.Subject(name); slices.Contains(incident.Subjects(), claim) {
		return claim, nil
	}
	return "", withHint(fmt.Errorf("%q is nothing that a person can attest", visible.Text(name)), hintAttestClaim)
}

// subjects returns the secrets that were named; one that is none stands for all of them, where the claim is not about a secret.
func (r *attestRun) subjects(file *incident.File, claim incident.Subject) ([]*incident.Secret, error) {
	if claim != incident.OfProvider {
		if len(r.only) > 0 {
			return nil, withHint(fmt.Errorf("the claim %s is about the whole incident, so --only has no meaning", claim), hintAttestClaim)
		}
		return []*incident.Secret{{}}, nil
	}
	if len(r.only) == 0 {
		if len(file.Secrets) != 1 {
			return nil, withHint(fmt.Errorf("the incident has %s", report.Number(int64(len(file.Secrets)), "secret")), hintAttestOnly)
		}
		return []*incident.Secret{&file.Secrets[0]}, nil
	}
	var all []*incident.Secret
	for _, name := range r.only {
		number, isNumber := numberOf(name)
		var fits []*incident.Secret
		for i := range file.Secrets {
			s := &file.Secrets[i]
			if isNumber && s.Number == number || !isNumber && len(name) >= leastFingerprint && strings.HasPrefix(s.Fingerprint, name) {
				fits = append(fits, s)
			}
		}
		if len(fits) != 1 {
			return nil, withHint(fmt.Errorf("--only %s names %s of the incident", visible.Text(name), report.Number(int64(len(fits)), "secret")), hintAttestOnly)
		}
		if !slices.Contains(all, fits[0]) {
			all = append(all, fits[0])
		}
	}
	return all, nil
}

// attestable refuses the word of a person where the program knows, whichever way.
func attestable(file *incident.File, s *incident.Secret) error {
	again := fmt.Sprintf(hintAttestAsk, s.Number)
	switch {
	case s.Number == 0:
		return nil
	case proof.FoundOpen(file, s):
		return withHint(fmt.Errorf("secret %d was found alive, and no word counts against that", s.Number), again)
	case dead(s.Verdict):
		return withHint(fmt.Errorf("the provider of secret %d has called it %s, so nobody's word is needed", s.Number, s.Verdict), again)
	}
	return nil
}

// since reads the date from which on it is so: now, unless one is given.
func (r *attestRun) since() (time.Time, error) {
	now := r.app.now()
	if r.date == "" {
		return now, nil
	}
	at, err := time.Parse(time.RFC3339, r.date)
	if err != nil {
		if at, err = time.Parse(time.DateOnly, r.date); err != nil {
			return at, withHint(fmt.Errorf("--date %q is no date", visible.Text(r.date)), hintAttestDate)
		}
		if east := 14 * time.Hour; at.After(now) && at.Sub(now) <= east { // it has begun somewhere
			at = now
		}
	}
	if at.After(now) {
		return at, withHint(errors.New("--date is in the future"), hintAttestDate)
	}
	return at, nil
}

// words refuses texts that say nothing, or too much.
func (r *attestRun) words(ctx context.Context, file *incident.File) error {
	look, err := r.app.teller(file)
	if err != nil {
		return err
	}
	for _, flag := range [][2]string{{"by", r.by}, {"evidence", r.evidence}} {
		name, text := flag[0], flag[1]
		if t := strings.TrimSpace(text); t == "" || t == proof.NamePlaceholder || t == proof.EvidencePlaceholder {
			return withHint(fmt.Errorf("--%s is missing", name), hintAttestWords)
		}
		tells, err := look.tells(ctx, text)
		if err != nil {
			return err
		}
		if tells {
			return withHint(fmt.Errorf("--%s looks as if a secret stood in it, and the file of an incident holds none", name), hintAttestSecret)
		}
	}
	return nil
}

// teller finds secrets in what people write.
type teller struct {
	scanner *scanner.Scanner
	// prints are the fingerprints of the incident's secrets by rule, ends what their redacted forms show of their ends: "" if one shows nothing.
	prints map[string]map[string]bool
	ends   map[string][]string
	// left is how many more pieces may be tried: the file may be of somebody who means ill.
	left int
}

// maxPieces bounds how many pieces of texts are tried: seconds.
const maxPieces = 1 << 21

func (a *app) teller(file *incident.File) (*teller, error) {
	opt := scanner.Options{Now: a.now()}
	if key := a.env("SKANT_FINGERPRINT_KEY"); key != "" {
		opt.FingerprintKey = []byte(key)
	}
	s, err := scanner.New(rules.Builtin(), opt)
	if err != nil {
		return nil, err
	}
	t := &teller{scanner: s, prints: map[string]map[string]bool{}, ends: map[string][]string{}, left: maxPieces}
	for i := range file.Secrets {
		secret := &file.Secrets[i]
		if t.prints[secret.RuleID] == nil {
			t.prints[secret.RuleID] = map[string]bool{}
		}
		t.prints[secret.RuleID][secret.Fingerprint] = true
		end := ""
		if i := strings.LastIndex(secret.Redacted, "..."); i >= 0 {
			end = secret.Redacted[i+len("..."):]
		}
		if !slices.Contains(t.ends[secret.RuleID], end) {
			t.ends[secret.RuleID] = append(t.ends[secret.RuleID], end)
		}
	}
	return t, nil
}

// tells reports whether a text has a secret in it: one that a rule finds, or one of the incident, whatever it looks like.
func (t *teller) tells(ctx context.Context, text string) (bool, error) {
	if len(text) > 4*incident.MaxEvidence {
		return false, nil // it is refused for that
	}
	found, err := find(ctx, t.scanner, []byte(text))
	if err != nil || len(found) > 0 || t.scanner.Scrub(text) != text {
		return true, err
	}
	for _, piece := range piecesOf(text) {
		for rule, ends := range t.ends {
			if !slices.ContainsFunc(ends, func(end string) bool { return strings.HasSuffix(piece, end) }) {
				continue
			}
			if t.left--; t.left < 0 {
				return true, withHint(errors.New("there is more text in the attestations than can be looked through"), hintAttestWords)
			}
			if t.prints[rule][t.scanner.Fingerprint(rule, scanner.NewSecret(piece, 0))] {
				return true, nil
			}
		}
	}
	return false, ctx.Err()
}

// piecesOf returns what may be a secret within a text: whatever begins and ends where a word could.
func piecesOf(text string) []string {
	const least, most = 4, 256 // bytes
	edges := []int{0}
	before := true
	for i, c := range text {
		inside := unicode.IsLetter(c) || unicode.IsDigit(c)
		if i > 0 && !(before && inside) {
			edges = append(edges, i)
		}
		before = inside
	}
	edges = append(edges, len(text))
	var all []string
	for i, from := range edges {
		for _, to := range edges[i+1:] {
			if to-from > most {
				break
			}
			if to-from >= least {
				all = append(all, text[from:to])
			}
		}
	}
	return all
}

// takeBack removes what was said.
func (r *attestRun) takeBack(file *incident.File, claim incident.Subject, secrets []*incident.Secret) error {
	for _, s := range secrets {
		if !file.Unattest(claim, s.Number) {
			return withHint(errors.New("nothing of that is attested"), hintAttestNone)
		}
	}
	if err := file.Write(r.file); err != nil {
		return &incompleteError{err}
	}
	r.app.say(msgAttestRemoved, named(claim, secrets))
	return nil
}

// named says what is attested.
func named(claim incident.Subject, secrets []*incident.Secret) string {
	if claim != incident.OfProvider {
		return string(claim)
	}
	var all []string
	for _, s := range secrets {
		all = append(all, fmt.Sprintf("%d (%s %s)", s.Number, visible.Text(s.Title), visible.Text(s.Redacted)))
	}
	return fmt.Sprintf(msgAttestSecrets, claim, strings.Join(all, ", "))
}

// tell says what was entered, and what it does.
func (r *attestRun) tell(claim incident.Subject, secrets []*incident.Secret) error {
	r.app.say(msgAttested, r.app.scrub(named(claim, secrets)), r.app.scrub(visible.Text(r.file)))
	if claim != incident.OfProvider {
		r.app.say(msgAttestLimit)
		return nil
	}
	var ids []string
	for _, s := range secrets {
		ids = append(ids, s.RuleID)
	}
	set, err := rules.BuiltinFor(ids)
	if err != nil {
		return err
	}
	for _, s := range secrets {
		if askable(set, s.RuleID) {
			r.app.say(msgAttestAskable, s.Number)
		}
	}
	r.app.say(msgAttestCounts)
	return nil
}

// askable reports whether a provider can be asked about secrets of a rule. Of a rule that is not known that is not known either.
func askable(set *rules.Set, id string) bool {
	rule := set.Lookup(id)
	return rule == nil || slices.ContainsFunc(set.ChecksOf(rule), func(l rules.Liveness) bool { return l.Uncheckable == "" })
}

// wordsHold refuses the file of an incident in which somebody has written a secret by hand.
func (a *app) wordsHold(ctx context.Context, file *incident.File) error {
	if len(file.Attestations) == 0 {
		return nil
	}
	look, err := a.teller(file)
	if err != nil {
		return err
	}
	for i := range file.Attestations {
		one := &file.Attestations[i]
		for _, text := range []string{one.By, one.Evidence, one.Contradicted} {
			tells, err := look.tells(ctx, text)
			if err != nil {
				return err
			}
			if tells {
				return withHint(fmt.Errorf("attestation %d of the incident looks as if a secret stood in it", i+1), hintAttestSecret)
			}
		}
	}
	return nil
}
