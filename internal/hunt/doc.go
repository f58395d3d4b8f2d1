// Package hunt looks for secrets that are known: it makes rules of them for the engine, one for each way in which a value may
// be written, and says of what was found which secret it is and how it stands there. Nothing that it returns shows any of a value.
package hunt

import (
	"fmt"
	"slices"
	"strings"

	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// RuleID is the rule id of all that is found.
const RuleID = "hunt"

// The facts of a finding.
const (
	// FactNumber is the number of the secret or hint, from 1 on in the order given: secrets first.
	FactNumber = "number"
	// FactVariant says how it is written: "plain", "base64", "hex" and so on, the outermost encoding first, joined by "+".
	FactVariant = "variant"
	// FactAlso has the numbers of other secrets that are part of this one, separated by commas.
	FactAlso = "also"
)

// Bounds of what is looked for at once, in values, and of one value, in bytes.
const (
	MaxValues = 100
	MinLength = 8
	MaxLength = 64 << 10
)

// Known is a secret to look for.
type Known struct {
	// Number is what it is called by: from 1 on, in the order given.
	Number int
	value  scanner.Secret
}

// Hunt is a set of secrets and hints to look for.
type Hunt struct {
	known []Known
	hints []Hint
	// of has, by the id of an engine's rule, what the rule looks for.
	of    map[string]target
	set   *rules.Set
	guard *guard
}

// target is what a rule of the engine looks for.
type target struct {
	number int
	// how is the variant, value what is looked for: empty for a hint.
	how, value string
	// part says that value is a part of the secret, because all of it would be too long to look for.
	part bool
	// key says that value is the text of a key, which has line breaks wherever it stands.
	key  bool
	hint string
	also string
	// spelling and anchors are how it is written, nil for a hint; whole compares what stands around a part, nil for what is no part.
	spelling *spelling
	anchors  []anchor
	fold     bool
	whole    func(data []byte, lo, hi int) bool
}

// New prepares the search for secrets and hints. Hints are numbered from where the secrets end.
func New(known []Known, hints []Hint) (*Hunt, error) {
	if len(known)+len(hints) == 0 {
		return nil, fmt.Errorf("there is no secret to look for")
	}
	if n := len(known) + len(hints); n > MaxValues {
		return nil, fmt.Errorf("%d secrets and hints are given; at most %d are looked for at once", n, MaxValues)
	}
	h := &Hunt{known: known, hints: hints, of: map[string]target{}, guard: newGuard()}
	var list []rules.Rule
	for i := range known {
		k := &known[i]
		value := k.value.Reveal()
		f := formOf(value)
		also := insideOf(known, i)
		for _, v := range variants(f) {
			id := fmt.Sprintf("%s-%d-%d", RuleID, k.Number, len(list))
			v.rule.ID = id
			t := target{number: k.Number, how: v.how, value: v.value, part: f.part, key: f.key, also: also, spelling: v.spelling, fold: v.rule.Fold}
			for _, a := range v.rule.Anchors {
				t.anchors = append(t.anchors, anchor{a, v.places[a]})
			}
			if f.part && v.rest != nil {
				t.whole = wholeOf(v, f)
			}
			h.of[id] = t
			list = append(list, v.rule)
			for _, s := range v.texts {
				h.guard.add(s.text)
			}
		}
		h.guard.whole(f)
	}
	for i := range hints {
		number := len(known) + i + 1
		r := hints[i].rule()
		r.ID = fmt.Sprintf("%s-%d-%d", RuleID, number, len(list))
		h.of[r.ID] = target{number: number, how: variantHint, hint: hints[i].text}
		list = append(list, r)
	}
	h.set = rules.NewSet(list, nil)
	return h, nil
}

// insideOf names the other secrets that the one at a position has in it.
func insideOf(known []Known, at int) string {
	var numbers []string
	value := known[at].value.Reveal()
	for i := range known {
		if i != at && strings.Contains(value, known[i].value.Reveal()) {
			numbers = append(numbers, fmt.Sprint(known[i].Number))
		}
	}
	return strings.Join(numbers, ",")
}

// Count returns how many numbers there are: secrets and hints.
func (h *Hunt) Count() int { return len(h.known) + len(h.hints) }

// Secrets returns how many of the numbers are secrets; the others are hints.
func (h *Hunt) Secrets() int { return len(h.known) }

// Rules returns the rules for the engine. They hold the values: they are not to be shown.
func (h *Hunt) Rules() *rules.Set { return h.set }

// Report returns the rule that findings are reported under, for reports.
func (h *Hunt) Report() *rules.Set {
	return rules.NewSet([]rules.Rule{{
		ID: RuleID, Provider: "hunt", Title: "Known secret", Severity: rules.Critical, Confidence: rules.HighConfidence,
		Why: "Somebody who was given this secret, or a hint at it, looked for it: it stands here.",
	}}, nil)
}

// Settle turns findings of the engine into those that are reported. It changes fs and takes their values away.
func (h *Hunt) Settle(s *scanner.Scanner, fs []scanner.Finding) {
	for i := range fs {
		if t, ok := h.of[fs[i].RuleID]; ok && t.hint != "" {
			h.guard.add(fs[i].Secret.Reveal())
		}
	}
	for i := range fs {
		f := &fs[i]
		t, ok := h.of[f.RuleID]
		if !ok {
			continue
		}
		h.settle(s, f, t)
		h.guard.finding(f)
	}
}

func (h *Hunt) settle(s *scanner.Scanner, f *scanner.Finding, t target) {
	found := f.Secret
	number := fmt.Sprint(t.number)
	how := t.how
	if how == variantText {
		how = writtenAs(found.Reveal(), t.value, t.key)
	}
	if how != variantPlain && how != variantHint && !isPart(how) {
		f.Location.Decoded = append(slices.Clone(f.Location.Decoded), how)
	}
	f.RuleID, f.Severity = RuleID, rules.Critical
	end := slices.Contains(f.Reasons, onlyEnd) && !isPart(how)
	f.Facts = map[string]string{FactNumber: number, FactVariant: joined(f.Location.Decoded, how)}
	if end {
		f.Facts[FactVariant] = strings.TrimPrefix(f.Facts[FactVariant]+"+"+variantEnd, variantPlain+"+")
	}
	if t.also != "" {
		f.Facts[FactAlso] = t.also
	}
	if t.hint != "" {
		f.Title = "Token that hint " + number + " fits"
		f.Fingerprint = s.Fingerprint(RuleID, found)
		f.Secret = scanner.Shown(t.hint)
		return
	}
	f.Title = "Known secret " + number
	what := RuleID
	if end {
		f.Title = "End of known secret " + number
		what += " " + variantEnd
	}
	if isPart(how) {
		what += " " + how
		f.Title = "Part of known secret " + number
		f.Reasons = append(f.Reasons, "only the "+how+" of it stands here: look for the rest nearby")
	}
	// A part is not the secret: it is told apart from the places that have all of it.
	f.Fingerprint = s.Fingerprint(what, h.known[t.number-1].value)
	f.Secret = scanner.Shown("secret " + number)
	if t.part || how == variantDump { // beside a dump stands its text
		f.Excerpt = masked
	}
}

// joined is a variant with the encodings that it stands in.
func joined(decoded []string, how string) string {
	if len(decoded) == 0 {
		return how
	}
	all := strings.Join(decoded, "+")
	if isPart(how) || how == variantHint {
		return all + "+" + how
	}
	return all
}

// Coverage masks what of a value may stand in names and reasons.
func (h *Hunt) Coverage(c *scanner.Coverage) {
	for i := range c.Skipped {
		s := &c.Skipped[i]
		s.Reason = h.guard.text(s.Reason)
		s.Items = h.guard.list(s.Items)
	}
}

// Scrub masks every piece of a value in a text, for messages.
func (h *Hunt) Scrub(text string) string { return h.guard.text(text) }

// Found is what was found of one number.
type Found struct {
	Number, Places int
	// Hint is empty for a secret.
	Hint string
	// Variants are those that it was found in, sorted, and Parts is in how many places there is but a part of it.
	Variants []string
	Parts    int
}

// Tally counts findings by number, one entry for each number in order. A secret inside of another counts where that is.
func (h *Hunt) Tally(fs []scanner.Finding) []Found {
	list := make([]Found, h.Count())
	for i := range list {
		list[i].Number = i + 1
		if at := i - len(h.known); at >= 0 {
			list[i].Hint = h.hints[at].text
		}
	}
	for i := range fs {
		facts := fs[i].Facts
		part := slices.ContainsFunc([]string{variantFirst, variantSecond, variantEnd}, func(p string) bool { return strings.HasSuffix(facts[FactVariant], p) })
		numbers := []string{facts[FactNumber]}
		if facts[FactAlso] != "" && !part {
			numbers = append(numbers, strings.Split(facts[FactAlso], ",")...)
		}
		for n := range list {
			if !slices.Contains(numbers, fmt.Sprint(list[n].Number)) {
				continue
			}
			list[n].Places++
			if part {
				list[n].Parts++
			}
			if v := facts[FactVariant]; !slices.Contains(list[n].Variants, v) {
				list[n].Variants = append(list[n].Variants, v)
				slices.Sort(list[n].Variants)
			}
		}
	}
	return list
}
