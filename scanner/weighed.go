package scanner

import (
	"fmt"
	"slices"
	"strings"

	"github.com/skant-dev/skant/internal/assign"
	"github.com/skant-dev/skant/internal/weigh"
	"github.com/skant-dev/skant/rules"
)

// weight is what an assignment was weighed at, before its path was known.
type weight struct {
	points  float64
	example bool
	// doubtful says that the value is no credential as it stands, whatever it weighs.
	doubtful bool
	evidence []weigh.Evidence
}

// cut returns the weight of a value that begins like a token of a rule and is too short for one.
func (w *weight) cut(title string) *weight {
	lighter := weigh.Evidence{Points: -3, Reason: "the value begins like the " + title + " and is too short for one"}
	return &weight{points: w.points + lighter.Points, example: w.example, doubtful: true, evidence: append(slices.Clone(w.evidence), lighter)}
}

// assignedReach is how far around a word an assignment is read.
func assignedReach() reach {
	return reach{before: assign.Before + 1, after: assign.After + 1, breaks: assign.Breaks + 1}
}

// matchAssigned reads and weighs the assignments at the anchors of a rule. What lacks too much for the confidence that is
// asked for is left out at once: there are many of those, and a history has each in many versions.
func matchAssigned(rule *compiledRule, data []byte, starts []ruleStart) []found {
	var out []found
	w := rule.window()
	for _, st := range starts {
		lo, hi := w.around(data, st.pos)
		r, ok := weigh.At(weigh.Kind(rule.Assignment), data[lo:hi], st.pos-lo)
		if !ok || r.Refused != "" || r.Points < rule.keep-rounding && !(r.Example && rule.keepExamples) {
			continue
		}
		f := found{
			whole:  span{lo + min(r.Name.Lo, r.Value.Lo), lo + max(r.Name.Hi, r.Value.Hi)},
			secret: span{lo + r.Value.Lo, lo + r.Value.Hi},
			weight: &weight{points: r.Points, example: r.Example, evidence: r.Evidence},
		}
		if slices.ContainsFunc(out, func(o found) bool { return o.secret == f.secret }) {
			continue // two words of one name
		}
		if out = append(out, f); len(out) > maxCandidates {
			break
		}
	}
	return out
}

// manyFiles is in how many files a value counts as one that is copied along, such as the password of a test.
const manyFiles = 20

// spreadOf counts, by fingerprint, in how many files each weighed value was found.
func spreadOf(all []Finding) map[string]int {
	type place struct{ fingerprint, path string }
	seen, spread := map[place]bool{}, map[string]int{}
	for i := range all {
		f := &all[i]
		at := place{f.Fingerprint, f.Location.Place()}
		if f.weight != nil && at.path != "" && !seen[at] {
			seen[at] = true
			spread[f.Fingerprint]++
		}
	}
	return spread
}

// in returns the weight of a value that stands in so many files.
func (w *weight) in(files int) *weight {
	if files < manyFiles {
		return w
	}
	lighter := weigh.Evidence{Points: -1, Reason: fmt.Sprintf("the value stands in %d files", files)}
	return &weight{points: w.points + lighter.Points, example: w.example, doubtful: w.doubtful, evidence: append(slices.Clone(w.evidence), lighter)}
}

// confidenceOf translates points, with those of a path.
func (w *weight) confidenceOf(path string) (rules.Confidence, string) {
	points, evidence := w.points, w.evidence
	if path != "" {
		if e := weigh.Path(path); e.Points != 0 {
			points += e.Points
			evidence = append(slices.Clone(evidence), e)
		}
	}
	c := rules.LowConfidence
	switch {
	case w.example || w.doubtful:
	case points >= weigh.High-rounding:
		c = rules.HighConfidence
	case points >= weigh.Medium-rounding:
		c = rules.MediumConfidence
	}
	parts := make([]string, len(evidence))
	for i, e := range evidence {
		parts[i] = fmt.Sprintf("%s (%+.1f)", e.Reason, e.Points)
	}
	return c, fmt.Sprintf("weighed at %.1f, of which %.1f are medium: %s", points, weigh.Medium, strings.Join(parts, ", "))
}

// rounding is what a sum of tenths may lack of what it is.
const rounding = 1e-9

// keepFrom returns the points that an assignment needs to be kept.
func (o *Options) keepFrom() float64 {
	switch {
	case o.MinConfidence == rules.LowConfidence:
		return weigh.Low - weigh.Most
	case o.MinConfidence == rules.MediumConfidence:
		return weigh.Medium - weigh.Most
	default:
		return weigh.High - weigh.Most
	}
}

// weighPath lets the path of a finding, which is known by now, change its confidence. A token with a form of its own is as
// leaked in a test as anywhere else, but less likely to be one that opens something.
//
// files is in how many files the value was found, 0 if that is not known.
func (f *Finding) weighPath(files int) {
	path := f.Location.file()
	if f.weight != nil {
		var why string
		f.Confidence, why = f.weight.in(files).confidenceOf(path)
		f.Reasons, f.Example = append(f.Reasons, why), f.weight.example
		return
	}
	if path != "" && weigh.IsTest(path) && f.Confidence == rules.HighConfidence {
		f.Confidence = rules.MediumConfidence
		f.Reasons = append(f.Reasons, "the file is a test or an example")
	}
}
