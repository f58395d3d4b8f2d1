package sarif

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/scanner"
)

// selection is the findings that become results, the gravest first, and how many did not.
type selection struct {
	findings            []*scanner.Finding
	dropped, suppressed int
	// counts is how many places a secret has by its fingerprint, those that were dropped among them.
	counts map[string]int
	// large says that some were dropped for the size of the file.
	large bool
}

func choose(rep *scanner.Report) selection {
	s := selection{counts: map[string]int{}}
	for i := range rep.Findings {
		if rep.Findings[i].Suppressed != nil && !rep.ListSuppressed {
			s.suppressed++
			continue
		}
		s.findings = append(s.findings, &rep.Findings[i])
		s.counts[rep.Findings[i].Fingerprint]++
	}
	slices.SortStableFunc(s.findings, func(a, b *scanner.Finding) int {
		return cmp.Or(compareCounted(a, b), report.CompareFindings(a, b))
	})
	if len(s.findings) > maxResults {
		s.dropped = len(s.findings) - maxResults
		s.findings = s.findings[:maxResults]
	}
	return s
}

// compareCounted puts findings that count before those that do not: these are dropped first where there are too many.
func compareCounted(a, b *scanner.Finding) int {
	switch {
	case (a.Suppressed == nil) == (b.Suppressed == nil):
		return 0
	case a.Suppressed == nil:
		return -1
	default:
		return 1
	}
}

// suppressions says in SARIF's words why a finding does not count.
func suppressions(s *scanner.Suppression) []*suppression {
	if s == nil {
		return nil
	}
	out := &suppression{Kind: "external", Status: "accepted"}
	if s.By == scanner.ByInline {
		out.Kind = "inSource"
	}
	words := plain(s.By)
	if s.Where != "" {
		words += " " + plain(s.Where)
	}
	if s.Reason != "" {
		words += ": " + plain(s.Reason)
	}
	out.Justification = clip(words, maxDescription)
	return []*suppression{out}
}

func newResult(f *scanner.Finding, in *scope, table *ruleTable) *result {
	_, _, inCheckout := in.anchor(f)
	r := &result{
		RuleID:              visible.Text(f.RuleID),
		RuleIndex:           table.index[f.RuleID],
		Level:               level(f.Severity),
		Message:             say(in.describe(f)),
		Locations:           []location{{in.place(f)}},
		RelatedLocations:    in.related(f),
		PartialFingerprints: in.fingerprints(f, inCheckout),
		Properties:          properties(f),
		Suppressions:        suppressions(f.Suppressed),
	}
	if f.Verdict == scanner.Dead || f.Verdict == scanner.Expired {
		r.Level = levelNote
	}
	return r
}

// describe is what an alert says. Its first sentence stands by itself, for lists.
func (in *scope) describe(f *scanner.Finding) string {
	title := f.Title
	if title == "" {
		title = f.RuleID
	}
	if f.RuleID == scanner.PurgedObjectRule {
		return "The git object " + plain(shortened(f.Location.Object)) + " was purged from the history after a leak, and comes back " + in.where(f) +
			". Rebase on the cleaned branch, or start anew from it; never merge a clone from before the purge."
	}
	words := []string{plain(title) + " " + plain(f.Secret.Redacted()) + " was found " + in.where(f) + "."}
	switch f.Verdict {
	case scanner.Live:
		words = append(words, "The provider says that it is live: revoke it now.")
	case scanner.Restricted:
		words = append(words, "The provider says that it is live, though restricted: revoke it now.")
	case scanner.Dead:
		words = append(words, "The provider says that it is dead.")
	case scanner.Expired:
		words = append(words, "It has expired.")
	default:
		words = append(words, "Whether it is live is not known: treat it as live, and revoke it.")
	}
	if f.Purged {
		words = append(words, "It was purged from the history after a leak, and may not come back.")
	}
	if v := f.Verification; v != nil {
		words = append(words, verified(v)...)
	}
	if c := f.Location.Commit; c != nil {
		words = append(words, "Introduced in commit "+plain(shortened(c.ID))+report.Dated(c)+".")
	}
	if member := f.Location.Member; member != "" {
		words = append(words, "There it is inside the archive, in "+plain(clip(visible.Text(member), maxName))+
			"; line and column are those in that member.")
	}
	if n := len(f.Location.Decoded); n > 0 {
		words = append(words, "It stands there encoded as "+plain(strings.Join(f.Location.Decoded, " in "))+".")
	}
	return strings.Join(words, " ") + in.more(f)
}

// verified are sentences on what the provider answered.
func verified(v *scanner.Verification) []string {
	var words []string
	for _, text := range []string{v.Says, v.Do, report.Asked(v)} {
		if text != "" {
			words = append(words, sentence(plain(clip(visible.Text(text), maxDescription))))
		}
	}
	return words
}

func shortened(id string) string { return clip(visible.Text(id), 12) }

// where says in what sort of place it is, and that the line shown may be gone from the checkout.
func (in *scope) where(f *scanner.Finding) string {
	switch {
	case in.history && f.Location.Path != "" && f.Exposure != nil && f.Exposure.InHead:
		return "in the history of " + plain(clip(visible.Text(f.Location.Path), maxName)) + ", and HEAD still has it there"
	case in.history && f.Location.Path != "" && f.Location.Kind == scanner.KindCommitContent:
		return "in the history of " + plain(clip(visible.Text(f.Location.Path), maxName))
	case f.Location.Path == "" && f.Location.Kind == scanner.KindStdin:
		return "on standard input"
	case f.Location.Path == "":
		return "in a " + plain(report.KindWords(f.Location))
	case f.Exposure != nil && !f.Exposure.InHead && f.Location.Kind == scanner.KindCommitContent:
		return "in this file's history"
	case f.Location.Kind == scanner.KindUnreachable:
		return "in an object that no ref reaches"
	case f.Location.Kind == scanner.KindStash:
		return "in a stash"
	case f.Location.Kind == scanner.KindReflog && f.Location.Object == "":
		return "in a message of the reflog"
	case f.Location.Kind == scanner.KindReflog:
		return "in a commit that only the reflog reaches"
	default:
		return "in this file"
	}
}

func (in *scope) place(f *scanner.Finding) physicalLocation {
	uri, relative, _ := in.anchor(f)
	p := physicalLocation{ArtifactLocation: artifactLocation{URI: uri}}
	if relative {
		p.ArtifactLocation.URIBaseID = rootID
	}
	l := &f.Location
	p.Region.StartLine = max(1, l.StartLine)
	p.Region.StartColumn = max(1, l.StartColumn)
	p.Region.EndLine = max(p.Region.StartLine, l.EndLine)
	p.Region.EndColumn = max(1, l.EndColumn)
	if p.Region.EndLine == p.Region.StartLine {
		p.Region.EndColumn = max(p.Region.EndColumn, p.Region.StartColumn+1)
	}
	if shown := visible.Text(f.Secret.Redacted()); shown != "" {
		p.Region.Snippet = &content{clip(shown, maxName)}
	}
	if f.Excerpt != "" {
		// The excerpt is the line with its secrets masked, so it belongs to the context and not to the region.
		p.ContextRegion = &region{StartLine: p.Region.StartLine, EndLine: p.Region.EndLine,
			Snippet: &content{clip(visible.Text(f.Excerpt), maxDescription)}}
	}
	return p
}

// anchor returns the URI under which a finding is shown, and whether it is relative to target, the root of the scan. It
// is the same for the same place in every run.
func anchor(f *scanner.Finding, target string) (uri string, relative bool) {
	l := &f.Location
	if l.Path != "" {
		clean := path.Clean(l.Path)
		if inside, ok := strings.CutPrefix(clean, strings.TrimSuffix(path.Clean(target), "/")+"/"); ok && path.IsAbs(target) {
			clean = inside
		}
		switch {
		case path.IsAbs(clean):
			return "file://" + percent(clean), false
		case clean != ".." && !strings.HasPrefix(clean, "../"):
			return percent(clean), true
		}
	}
	name := l.Object
	switch {
	case l.Kind == scanner.KindStdin:
		return "stdin", true
	case l.Path != "": // a file beside the root, which a URI relative to the root must not name
		name = strings.ReplaceAll(l.Path, "..", "_")
	case l.Commit != nil && l.Commit.ID != "":
		name = l.Commit.ID
	case name == "":
		name = f.Fingerprint
	}
	kind := strings.ReplaceAll(string(l.Kind), "/", "-")
	if kind == "" {
		kind = "unknown"
	}
	return percent(path.Join(".git", kind, path.Clean("/"+name))), true
}

// percent encodes a path for a URI: every byte but the unreserved characters and the slash. The colon is encoded too:
// in a first segment it would be read as the end of a scheme.
func percent(p string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(p) {
		c := p[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("/-._~", c) >= 0:
			b.WriteByte(c)
		default:
			b.WriteString("%" + string(digits[c>>4]) + string(digits[c&15]))
		}
	}
	return b.String()
}

// properties are what a reader may want to filter by. They hold no name, no address and no commit message.
func properties(f *scanner.Finding) map[string]any {
	p := map[string]any{"confidence": visible.Text(string(f.Confidence)), "severity": visible.Text(string(f.Severity)),
		"kind": visible.Text(string(f.Location.Kind))}
	set := func(key, value string) {
		if value != "" {
			p[key] = clip(visible.Text(value), maxName)
		}
	}
	set("verdict", string(f.Verdict))
	if v := f.Verification; v != nil {
		p["security-severity"] = securitySeverity(f.Severity)
		p["verification"] = verificationOf(v)
	}
	set("object", f.Location.Object)
	set("member", f.Location.Member)
	if f.Location.Commit != nil {
		set("commit", f.Location.Commit.ID)
	}
	if f.Exposure != nil {
		p["inHead"] = f.Exposure.InHead
		if !f.Exposure.FirstSeen.IsZero() {
			p["firstSeen"] = timestamp(f.Exposure.FirstSeen)
		}
	}
	return p
}

// verificationOf is what the provider answered, for a reader that is a program.
func verificationOf(v *scanner.Verification) map[string]any {
	out := map[string]any{"cached": v.Cached}
	for name, value := range map[string]string{"provider": v.Provider, "host": v.Host, "says": v.Says, "do": v.Do} {
		if value != "" {
			out[name] = clip(visible.Text(value), maxDescription)
		}
	}
	if !v.At.IsZero() {
		out["at"] = timestamp(v.At)
	}
	if v.Status > 0 {
		out["status"] = v.Status
	}
	if learned := report.Learned(v); len(learned) > 0 {
		out["learned"] = learned
	}
	return out
}
