package hunt

import (
	"errors"
	"fmt"
	"regexp"
	"sync"

	"github.com/skant-dev/skant/rules"
)

// Hint is what a provider shows of a secret: how it begins, how it ends, or its public id.
type Hint struct {
	text, prefix, suffix string
}

// The bounds of a hint and of the tokens that it may fit, in bytes.
const (
	maxHint      = 64
	leastToken   = 16
	longestToken = 400
	leastSuffix  = 4
)

var (
	hintPart = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_.:~+/=-]*$`) })
	hintGap  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[.…*•]{3,}|…`) })
	keyID    = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(?:A3T[A-Z0-9]|ABIA|ACCA|AGPA|AIDA|AIPA|AKIA|ANPA|ANVA|APKA|AROA|ASCA|ASIA)[A-Z0-9]{12,17}$`)
	})
)

// ParseHint reads a hint: PREFIX...SUFFIX, where one of the two may be missing, or the id of a key of AWS. The error says what is
// wrong with it and nothing of what stands there: it may be a secret that was given in the wrong place.
func ParseHint(text string) (Hint, error) {
	gaps := hintGap().FindAllStringIndex(text, -1)
	switch {
	case len(text) > maxHint:
		return Hint{}, errors.New("a hint is what a provider shows of a key, of at most 64 characters; secrets go to standard input")
	case len(gaps) == 0 && keyID().MatchString(text):
		return Hint{text: text, prefix: text}, nil
	case len(gaps) == 0:
		return Hint{}, errors.New("a hint has ... in the place of what it does not show; secrets go to standard input")
	case len(gaps) > 1:
		return Hint{}, errors.New("a hint has ... once")
	}
	h := Hint{text: text, prefix: text[:gaps[0][0]], suffix: text[gaps[0][1]:]}
	switch {
	case !hintPart().MatchString(h.prefix) || !hintPart().MatchString(h.suffix):
		return Hint{}, errors.New("beside its ... a hint has letters, digits and _.:~+/=-")
	case len(h.prefix) < rules.MinAnchor && len(h.suffix) < leastSuffix:
		return Hint{}, errors.New("a hint shows 3 characters of the beginning, or 4 of the end")
	}
	return h, nil
}

// Text returns the hint as it was given.
func (h Hint) Text() string { return h.text }

// rule finds the tokens that a hint fits.
func (h Hint) rule() rules.Rule {
	r := rules.Rule{
		Provider: RuleID, Title: "Token that a hint fits", Severity: rules.Critical, Confidence: rules.HighConfidence, Known: true,
		MaxLength: longestToken + 2*maxHint, Priority: priorityHint, Checks: rules.Checks{AllowPlaceholders: true},
	}
	const token, edge = `[A-Za-z0-9_.~+/=-]`, `(?:[^A-Za-z0-9_+/-]|$)`
	switch {
	case h.prefix == h.text:
		r.Anchors, r.Pattern = []string{h.prefix}, `(?:^|[^A-Za-z0-9])(`+quote(h.prefix)+`)(?:[^A-Za-z0-9]|$)`
		r.MaxLength = len(h.prefix) + 8
		return r
	case len(h.prefix) >= rules.MinAnchor:
		r.Anchors = []string{h.prefix}
	default:
		r.Anchors = []string{h.suffix}
	}
	begin := `(?:^|[^A-Za-z0-9_.~+/-])`
	if h.prefix != "" {
		begin = `(?:^|[^A-Za-z0-9])`
	}
	if len(h.prefix) < rules.MinAnchor { // its end alone is not much: what it stands in has to look like a token
		r.Confidence = rules.MediumConfidence
		r.Checks.Entropy = 3
		r.Checks.Require = []string{`[0-9]`, `[A-Za-z]`}
	}
	between := fmt.Sprintf("{%d,%d}", max(4, leastToken-len(h.prefix)-len(h.suffix)), longestToken)
	r.Pattern = begin + `(` + quote(h.prefix) + token + between + quote(h.suffix) + `)` + edge
	return r
}
