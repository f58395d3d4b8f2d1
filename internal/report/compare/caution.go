package compare

import (
	"fmt"
	"slices"
	"strings"

	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/scanner"
)

// maxLeftOut bounds the reasons that are listed for which something was left out.
const maxLeftOut = 5

// caution collects what stands between the comparison and what changed.
func (c *Comparison) caution(old, next *scanner.Report) {
	add := func(when bool, code string, gone bool, text string) {
		if when {
			c.Cautions = append(c.Cautions, Caution{code, text, gone})
		}
	}
	add(!next.Coverage.Complete, NewIncomplete, true,
		"the new report is incomplete: what is missing in it may only not have been read, and more may be new")
	add(!old.Coverage.Complete, OldIncomplete, false,
		"the old report is incomplete: what is new may have been there, and not have been read")
	add(old.Target != next.Target, OtherTarget, true,
		fmt.Sprintf("the reports are of different targets, %q and %q", old.Target, next.Target))
	add(old.Command != next.Command, OtherCommand, true,
		fmt.Sprintf("the reports are of different searches, %q and %q, which do not read the same", old.Command, next.Command))
	add(old.Command == next.Command && len(c.Gone) > 0 && slices.Contains(partial(), next.Command), OnlyChanges, true,
		fmt.Sprintf("%q reads only what was changed then: what is gone may still be there, and not have been touched", next.Command))
	add(next.StartedAt.Before(old.StartedAt), Swapped, false, "the old report was made after the new one: are they the wrong way round?")
	n := sameUnderOther(old, next)
	add(n > 0, OtherKey, true, fmt.Sprintf("no fingerprint is in both reports, and %s the same: they were made with "+
		"different keys (SKANT_FINGERPRINT_KEY), so that nothing can be told from another", holds(n)))
	add(!samePolicy(old.Coverage.Policy, next.Coverage.Policy), OtherRules, true,
		"the reports were made with different rules or settings: a rule that is off finds nothing")
	add(old.Tool != next.Tool, OtherVersion, true,
		fmt.Sprintf("the reports are by different versions, %q and %q, whose rules may differ", old.Tool.Version, next.Tool.Version))
	// What is gone may be hidden now: what stands around a value changes how sure its finding is.
	add(old.Hidden != next.Hidden || next.Hidden > 0 && len(c.Gone) > 0, Hidden, true, fmt.Sprintf(
		"findings of less than the least confidence are in neither list: %d hidden in the old report, %d in the new one", old.Hidden, next.Hidden))
	left := leftOut(old, next)
	add(left != "", LeftOut, true, "the new search left out more than the old one on purpose: "+left)
	add(asked(old) && !asked(next), NotAsked, false, "providers were asked for the old report and not for the new one: its verdicts are compared with nothing")
}

// partial are the commands that read not all that there is but a change, which is another each time.
func partial() []string { return []string{"staged", "diff", "ci", "hook", "run", "verify"} }

func holds(n int) string {
	if n == 1 {
		return "1 place holds"
	}
	return report.Number(int64(n), "place") + " hold"
}

// sameUnderOther counts the places at which both reports have the same redacted form of the same rule, if no fingerprint is in both.
func sameUnderOther(old, next *scanner.Report) int {
	type at struct {
		rule, redacted, place string
		line, column          int
	}
	key := func(f *scanner.Finding) at {
		return at{f.RuleID, f.Secret.Redacted(), place(f), f.Location.StartLine, f.Location.StartColumn}
	}
	prints, places := map[string]bool{}, map[at]bool{}
	for i := range old.Findings {
		prints[old.Findings[i].Fingerprint], places[key(&old.Findings[i])] = true, true
	}
	n := 0
	for i := range next.Findings {
		f := &next.Findings[i]
		if prints[f.Fingerprint] {
			return 0
		}
		// Of a short secret the redacted form tells nothing: in a file it may be another one by now, in a commit it is the same.
		if places[key(f)] && (f.Location.Commit != nil || !strings.HasSuffix(f.Secret.Redacted(), "...")) {
			n++
		}
	}
	return n
}

// samePolicy compares what configurations took away, but for where that was read.
func samePolicy(a, b *scanner.Policy) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.RulesActive == b.RulesActive && a.RulesOff == b.RulesOff && a.Omitted == b.Omitted &&
		slices.EqualFunc(a.Weaker, b.Weaker, func(x, y scanner.WeakerSetting) bool { return x.Setting == y.Setting && x.Value == y.Value })
}

// leftOut says what the new report left out on purpose that the old one did not; empty if nothing.
func leftOut(old, next *scanner.Report) string {
	type sort struct{ what, reason string }
	before := map[sort]int64{}
	for _, s := range old.Coverage.Skipped {
		before[sort{s.What, s.Reason}] += s.Count
	}
	var words []string
	for _, s := range next.Coverage.Skipped {
		if n := s.Count - before[sort{s.What, s.Reason}]; n > 0 && !s.Unread {
			words = append(words, report.Things(n, s.What)+" ("+s.Reason+")")
		}
	}
	if n := len(words) - maxLeftOut; n > 0 {
		words = append(words[:maxLeftOut], report.Number(int64(n), "more reason"))
	}
	return strings.Join(words, ", ")
}

func asked(rep *scanner.Report) bool {
	return slices.ContainsFunc(rep.Findings, func(f scanner.Finding) bool { return f.Verification != nil })
}
