package recovery

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/skant-dev/skant/internal/exposure"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// maxRefs bounds the refs that are listed of one leak; the others are counted.
const maxRefs = 20

// newLeak joins the findings of one secret, of which there is at least one.
func newLeak(found []*scanner.Finding, number int, set *rules.Set, reportedAt time.Time, opt Options) Leak {
	found = slices.Clone(found)
	slices.SortStableFunc(found, func(a, b *scanner.Finding) int { return comparePlaces(newPlace(a), newPlace(b)) })
	f := found[0]
	l := Leak{Number: number, Fingerprint: f.Fingerprint, RuleID: f.RuleID, Title: f.Title, Redacted: f.Secret.Redacted(),
		Severity: f.Severity, Confidence: f.Confidence, Verdict: f.Verdict, Verification: f.Verification}
	known := map[string]string{}
	for _, f := range found {
		l.join(f)
		for name, value := range f.Facts {
			if _, ok := known[name]; !ok && value != "" {
				known[name] = value
			}
		}
	}
	slices.Sort(l.Refs)
	l.Refs = slices.Compact(l.Refs)
	l.RefCount = max(l.RefCount, len(l.Refs))
	l.Refs = l.Refs[:min(len(l.Refs), maxRefs)]
	l.survey(opt.Exposure)
	l.doubt(reportedAt)
	for _, name := range slices.Sorted(maps.Keys(known)) {
		l.Facts = append(l.Facts, Fact{name, known[name]})
	}
	steps := generalSteps(l.RuleID)
	if r := set.Lookup(l.RuleID); r != nil {
		l.Why, l.Docs, l.provider = r.Why, r.Docs, r.Provider
		if l.Title == "" {
			l.Title = r.Title
		}
		if playbook, ok := set.PlaybookOf(r); ok && len(playbook.Steps) > 0 {
			steps = playbook.Steps
		} else {
			l.General = true
		}
	} else {
		l.General = true
	}
	l.Title = nonEmpty(l.Title, l.RuleID)
	facts := newFacts(&l, reportedAt)
	if way, ok := revocable(&l, f, set); ok {
		l.Program = revokeSteps(&l, &way, steps, opt)
	}
	l.Phases = phases(steps, proofSteps(&l, set, steps, opt), storeSteps(&l, facts, opt.Files), facts)
	return l
}

// survey adds what the repository knows of the leak. Its number is that of the survey.
func (l *Leak) survey(e *exposure.Exposure) {
	l.Since = l.First
	if e == nil {
		return
	}
	for i := range e.Secrets {
		s := &e.Secrets[i]
		if s.Fingerprint != l.Fingerprint {
			continue
		}
		if s.Number > 0 {
			l.Number = s.Number
		}
		l.Exposure = s
		l.InHead = l.InHead || s.InHead
		for _, t := range []time.Time{s.From, s.PushedAt} {
			l.Since = earliest(l.Since, t)
		}
		if s.First != nil {
			l.First, l.Since = earliest(l.First, s.First.Date), earliest(l.Since, s.First.Date)
		}
		if s.Last != nil && !l.ownCommit(s.Last.ID) {
			l.Last = latest(l.Last, s.Last.Date)
		}
		return
	}
}

// doubt takes a beginning for unknown that lies after the scan: logs that are searched from then on would be silent, whoever used the secret.
func (l *Leak) doubt(reportedAt time.Time) {
	if !reportedAt.IsZero() && l.Since.After(reportedAt) {
		l.Since, l.Ahead = time.Time{}, true
	}
}

// assigned is a name in capitals to which what follows is assigned.
var assigned = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?:^|[^A-Za-z0-9_])([A-Z][A-Z0-9]{0,20}(?:_[A-Z0-9]{1,20}){1,5})["'\]]{0,3}\s{0,8}(?::=|=>|:|=|\s)\s{0,8}["'` + "`" + `]?$`)
})

// variable is the name to which a finding's secret is assigned; empty if none can be told.
func variable(f *scanner.Finding) string {
	before, _, ok := strings.Cut(f.Excerpt, f.Secret.Redacted())
	if !ok || f.Secret.Redacted() == "" {
		return ""
	}
	if m := assigned().FindStringSubmatch(before[max(0, len(before)-200):]); m != nil {
		return m[1]
	}
	return ""
}

// join adds one more finding of the same secret.
func (l *Leak) join(f *scanner.Finding) {
	p := newPlace(f)
	l.Places = append(l.Places, p)
	l.InHead = l.InHead || present(p)
	if l.Variable == "" {
		l.Variable = variable(f)
	}
	if f.Severity.Rank() > l.Severity.Rank() {
		l.Severity = f.Severity
	}
	if f.Confidence.Rank() > l.Confidence.Rank() {
		l.Confidence = f.Confidence
	}
	if alarm(f.Verdict) > alarm(l.Verdict) {
		l.Verdict, l.Verification = f.Verdict, f.Verification
	}
	for _, reason := range f.Reasons {
		if !slices.Contains(l.Reasons, reason) {
			l.Reasons = append(l.Reasons, reason)
		}
	}
	first, last := p.Date, p.Date
	if e := f.Exposure; e != nil {
		l.Refs = append(l.Refs, e.Refs...)
		l.RefCount = max(l.RefCount, e.RefCount)
		first, last = earliest(first, e.FirstSeen), latest(last, e.LastSeen)
	}
	if ownOnly(p.Kind) { // what nobody else could read does not make it exposed for longer
		last = time.Time{}
	}
	l.First, l.Last = earliest(l.First, first), latest(l.Last, last)
}

func newPlace(f *scanner.Finding) Place {
	p := Place{Path: f.Location.Path, Member: f.Location.Member, Line: f.Location.StartLine, Column: f.Location.StartColumn, Kind: f.Location.Kind,
		Object: f.Location.Object, Decoded: f.Location.Decoded}
	if c := f.Location.Commit; c != nil {
		p.Commit, p.Date = c.ID, c.Date
	}
	if f.Exposure != nil {
		p.InHead, p.Known, p.RefCount = f.Exposure.InHead, true, f.Exposure.RefCount
	}
	return p
}

// comparePlaces orders places: those in front of the reader first, then the oldest.
func comparePlaces(a, b Place) int {
	now := func(p Place) int {
		if present(p) {
			return 0
		}
		return 1
	}
	return cmp.Or(
		cmp.Compare(now(a), now(b)),
		a.Date.Compare(b.Date),
		cmp.Compare(a.Path, b.Path),
		cmp.Compare(a.Member, b.Member),
		cmp.Compare(a.Line, b.Line),
		cmp.Compare(a.Column, b.Column),
		cmp.Compare(a.Kind, b.Kind),
		cmp.Compare(a.Object, b.Object),
	)
}

// present says that a place is in the work tree, the index or HEAD.
func present(p Place) bool {
	switch p.Kind {
	case scanner.KindFile, scanner.KindStdin, scanner.KindStaged:
		return true
	case scanner.KindCommitContent:
		return p.InHead
	default: // a message in HEAD's history is history
		return false
	}
}

// ownOnly says that a place is in this clone alone, where a push does not take it along.
func ownOnly(k scanner.Kind) bool {
	return k == scanner.KindStash || k == scanner.KindReflog || k == scanner.KindUnreachable
}

// ownCommit says that a commit is one of a stash, of a reflog, or one that nothing reaches.
func (l *Leak) ownCommit(id string) bool { return l.ownKind(id) != "" }

// ownKind is the kind of such a commit; empty for every other.
func (l *Leak) ownKind(id string) scanner.Kind {
	for i := range l.Places {
		if p := &l.Places[i]; p.Commit == id && ownOnly(p.Kind) {
			return p.Kind
		}
	}
	if l.Exposure == nil {
		return ""
	}
	var kind scanner.Kind
	for _, h := range l.Exposure.Holders {
		switch {
		case h.Commit != id:
		case h.Kind == exposure.Stash:
			kind = scanner.KindStash
		case h.Kind != exposure.Reflog:
			return "" // a branch or a tag is at it, too
		}
	}
	return kind
}

// origin is the place that was first: the one to name in questions about where a leak came from.
func (l *Leak) origin() Place {
	first := l.Places[0]
	for _, p := range l.Places[1:] {
		if !p.Date.IsZero() && (first.Date.IsZero() || p.Date.Before(first.Date)) {
			first = p
		}
	}
	return first
}

// phases sorts filled-in steps by phase. The proof follows the steps that stop it, where the new value goes those that make it.
func phases(steps []rules.Step, proof, stores []Step, known facts) []Section {
	var out []Section
	for _, phase := range rules.Phases() {
		s := Section{Phase: phase, Title: phaseTitle(phase)}
		for i := range steps {
			if steps[i].Phase == phase {
				s.Steps = append(s.Steps, known.step(&steps[i]))
			}
		}
		if phase == rules.Stop {
			s.Steps = append(s.Steps, proof...)
		}
		if phase == rules.Reissue {
			s.Steps = append(s.Steps, stores...)
		}
		if len(s.Steps) > 0 {
			out = append(out, s)
		}
	}
	return out
}

func phaseTitle(p rules.Phase) string {
	switch p {
	case rules.Stop:
		return "Stop it"
	case rules.NotCovered:
		return "Know what that does not stop"
	case rules.Reissue:
		return "Re-issue it"
	case rules.Review:
		return "Review what was done with it"
	case rules.Collateral:
		return "Look for what an intruder left"
	case rules.Tell:
		return "Tell"
	case rules.Prevent:
		return "Keep it from happening again"
	default:
		return string(p)
	}
}

// huntRule is the rule of values that somebody gave to `skant hunt`.
const huntRule = "hunt"

// generalSteps fit every credential; they stand in where a rule has no playbook. What was hunted is known by its number alone.
func generalSteps(rule string) []rules.Step {
	if rule == huntRule {
		return append([]rules.Step{
			{Phase: rules.Stop, Title: "Revoke secret {number} at its issuer",
				Text: "It is number {number} of the values that you gave to the hunt, in their order. End it where it was made, now: a new value beside a living old one stops nothing."},
			{Phase: rules.Stop, Title: "See whether its provider can be asked",
				Text: "If its form is one of those that are known, this names it and asks whether it is dead, with a request that only reads. The command waits for the value and does not show it. Exit status 0: dead; 1: alive; 3: not known.",
				Run:  "skant verify"},
		}, append(generalRest(), rules.Step{Phase: rules.Collateral, Title: "Hunt again, after the purge and in whatever else has copies",
			Text: "Other clones, forks, build output, images, log archives. The file has mode 0600 and one value a line, in the same order; delete it at the end. Exit status 0 says that none was found and that everything was read; it says nothing about forms that are not looked for (docs/hunt.md).",
			Run:  "skant hunt --secret-file {secret_file} ."})...)
	}
	return append([]rules.Step{
		{Phase: rules.Stop, Title: "Revoke {redacted} at its issuer",
			Text: "Find out who issued it and end it there, now: ask whoever added it, and look at what reads it. A new value beside a living old one stops nothing."},
		{Phase: rules.Stop, Title: "Have its issuer refuse it",
			Text: "Until the issuer refuses it, or shows it as revoked, count it as alive. Do not take the silence of a scanner for a proof."},
	}, generalRest()...)
}

// generalRest is what follows once a credential is dead.
func generalRest() []rules.Step {
	return []rules.Step{
		{Phase: rules.Reissue, Title: "Issue a new one into a secret manager",
			Text: "Give it the least rights and a short life, and hand it on through the store, never through the repository or a chat."},
		{Phase: rules.Review, Title: "Read the issuer's logs from {since} to {until}",
			Text: "Look for uses from unknown addresses, at unusual hours, and for things that nobody on the team did."},
		{Phase: rules.Collateral, Title: "Look for what its holder could create",
			Text: "Further credentials, users, grants, webhooks and machines outlive the credential that made them."},
		{Phase: rules.Tell, Title: "Tell its owner and whoever must know",
			Text: "Name {redacted}, {path} and {commit}; never the value."},
	}
}

func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
