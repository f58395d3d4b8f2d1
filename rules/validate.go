package rules

import (
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sync"

	"github.com/skant-dev/skant/internal/evidence"
	"github.com/skant-dev/skant/internal/weigh"
)

// MinAnchor is the least length of an anchor in bytes: shorter ones would be met everywhere.
const MinAnchor = 3

// maxMatch bounds MaxLength and Within, in bytes.
const maxMatch = 1 << 20

// Patterns compile on first use: a hook needs none of these.
var (
	idPattern   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`) })
	factPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z][a-z0-9_]*$`) })
)

// validate returns everything that is wrong with a rule taken by itself.
func (r *Rule) validate() []error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if !idPattern().MatchString(r.ID) {
		bad("id %q: write lower-case letters, digits and dashes", r.ID)
	}
	if r.Title == "" {
		bad("title is missing")
	}
	if !slices.Contains([]Severity{Critical, High, Medium, Low, Info}, r.Severity) {
		bad("severity %q: known are critical, high, medium, low, info", r.Severity)
	}
	if !slices.Contains([]Confidence{HighConfidence, MediumConfidence, LowConfidence}, r.Confidence) {
		bad("confidence %q: known are high, medium, low; certain comes from evidence", r.Confidence)
	}
	if len(r.Anchors) == 0 {
		bad("anchors are missing: without one the pattern would have to run over everything")
	}
	for _, a := range r.Anchors {
		if len(a) < MinAnchor {
			bad("anchor %q: at least %d bytes are needed", a, MinAnchor)
		}
	}
	if r.MaxLength < 0 || r.MaxLength > maxMatch {
		bad("max_length %d: write 0 to %d", r.MaxLength, maxMatch)
	}
	errs = append(errs, r.validatePattern()...)
	errs = append(errs, r.Checks.validate("")...)
	for _, name := range r.Evidence {
		if _, ok := evidence.Lookup(name); !ok {
			bad("evidence %q is not known: known are %v", name, evidence.Names())
		}
	}
	errs = append(errs, r.validateParts()...)
	errs = append(errs, r.validateExamples()...)
	return errs
}

// validatePattern checks that there is a pattern, or a kind of assignments in its place.
func (r *Rule) validatePattern() []error {
	switch {
	case r.Assignment == "":
		return checkPattern("pattern", r.Pattern)
	case r.Pattern != "":
		return []error{errors.New("assignment stands in place of pattern: write one or the other")}
	case !slices.Contains(weigh.Kinds(), weigh.Kind(r.Assignment)):
		return []error{fmt.Errorf("assignment %q: known are %v", r.Assignment, weigh.Kinds())}
	default:
		return nil
	}
}

func (r *Rule) validateParts() []error {
	var errs []error
	secrets := 0
	for _, p := range r.Parts {
		if !factPattern().MatchString(p.Name) {
			errs = append(errs, fmt.Errorf("part %q: names are lower-case letters, digits and underscores", p.Name))
		}
		if p.Within < 0 || p.Within > maxMatch {
			errs = append(errs, fmt.Errorf("part %q: within %d: write 0 to %d", p.Name, p.Within, maxMatch))
		}
		if p.Secret {
			secrets++
		}
		errs = append(errs, checkPattern("part "+p.Name, p.Pattern)...)
		errs = append(errs, p.Checks.validate("part "+p.Name+": ")...)
	}
	if secrets > 1 {
		errs = append(errs, errors.New("more than one part is marked as the secret"))
	}
	if secrets == 1 && !factPattern().MatchString(r.Fact) {
		errs = append(errs, fmt.Errorf("fact %q: a part is the secret, so say under which name the main match is stated", r.Fact))
	}
	return errs
}

func (r *Rule) validateExamples() []error {
	var errs []error
	if len(r.Examples.Match) == 0 || len(r.Examples.Clean) == 0 {
		errs = append(errs, errors.New("examples are missing: at least one match and one clean"))
	}
	for _, list := range [][]string{r.Examples.Match, r.Examples.Clean} {
		for _, e := range list {
			if _, err := parseExample(e, generator{}); err != nil {
				errs = append(errs, err)
			}
		}
	}
	return errs
}

// validate compiles what has to compile; where names the owner in messages.
func (c *Checks) validate(where string) []error {
	var errs []error
	lists := []struct {
		name     string
		patterns []string
	}{{"require", c.Require}, {"forbid", c.Forbid}, {"forbid_context", c.ForbidContext}, {"paths", c.Paths}, {"not_paths", c.NotPaths}}
	for _, l := range lists {
		for _, p := range l.patterns {
			if _, err := regexp.Compile(p); err != nil {
				errs = append(errs, fmt.Errorf("%s%s %q: %w", where, l.name, p, err))
			}
		}
	}
	for _, sum := range c.IgnoreSHA256 {
		if b, err := hex.DecodeString(sum); err != nil || len(b) != 32 {
			errs = append(errs, fmt.Errorf("%signore_sha256 %q: write 64 hex digits", where, sum))
		}
	}
	if c.Entropy < 0 || c.Entropy > 8 {
		errs = append(errs, fmt.Errorf("%sentropy %v: write 0 to 8 bits per byte", where, c.Entropy))
	}
	return errs
}

func checkPattern(where, pattern string) []error {
	re, err := regexp.Compile(pattern)
	switch {
	case pattern == "":
		return []error{fmt.Errorf("%s: the pattern is missing", where)}
	case err != nil:
		return []error{fmt.Errorf("%s: %w", where, err)}
	case re.NumSubexp() < 1:
		return []error{fmt.Errorf("%s: the pattern has no group: put the secret in ( )", where)}
	case re.MatchString(""):
		return []error{fmt.Errorf("%s: the pattern matches the empty text", where)}
	}
	return nil
}

func validPhase(p Phase) bool { return slices.Contains(Phases(), p) }
