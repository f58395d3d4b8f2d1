package sarif

import (
	"regexp"
	"strings"
	"sync"
	"unicode"

	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// ruleTable is the driver's rules: those that have results, in the order of the set, then those that the set does not
// know (a report may be older or newer than the rules).
type ruleTable struct {
	descriptors []*descriptor
	index       map[string]int
}

func newRuleTable(set *rules.Set, found []*scanner.Finding) *ruleTable {
	used := map[string]*scanner.Finding{}
	gravest := map[string]rules.Severity{}
	asked := map[string]bool{}
	var order []string
	for _, f := range found {
		if used[f.RuleID] == nil {
			used[f.RuleID] = f
			order = append(order, f.RuleID)
		}
		if f.Severity.Rank() > gravest[f.RuleID].Rank() || gravest[f.RuleID] == "" {
			gravest[f.RuleID] = f.Severity
		}
		asked[f.RuleID] = asked[f.RuleID] || f.Verification != nil
	}
	t := &ruleTable{descriptors: []*descriptor{}, index: map[string]int{}}
	all := set.All()
	for i := range all {
		if used[all[i].ID] != nil && set.Lookup(all[i].ID) == &all[i] {
			playbook, _ := set.PlaybookOf(&all[i])
			r := all[i]
			if asked[r.ID] { // code scanning has one score for a rule: that of the gravest of its findings, as their providers answered
				r.Severity = gravest[r.ID]
			}
			t.add(&r, playbook)
		}
	}
	for _, id := range order {
		if _, known := t.index[id]; !known {
			f := used[id]
			t.add(&rules.Rule{ID: id, Title: f.Title, Severity: f.Severity, Confidence: f.Confidence}, rules.Playbook{})
		}
	}
	return t
}

func (t *ruleTable) add(r *rules.Rule, playbook rules.Playbook) {
	t.index[r.ID] = len(t.descriptors)
	t.descriptors = append(t.descriptors, newDescriptor(r, playbook))
}

func newDescriptor(r *rules.Rule, playbook rules.Playbook) *descriptor {
	title := r.Title
	if title == "" {
		title = r.ID
	}
	title = visible.Text(title)
	short := sentence(title + " in the repository")
	return &descriptor{
		ID:                   visible.Text(r.ID),
		Name:                 clip(identifier(title), maxName),
		ShortDescription:     text(short),
		FullDescription:      text(strings.TrimSpace(short + " " + visible.Text(r.Why))),
		Help:                 help(r, title, playbook),
		HelpURI:              helpURI(r),
		DefaultConfiguration: configuration{level(r.Severity)},
		Properties: map[string]any{
			"security-severity": securitySeverity(r.Severity), "precision": precision(r.Confidence), "tags": tags(r),
		},
	}
}

// tags are at most three: GitHub keeps ten.
func tags(r *rules.Rule) []string {
	out := []string{"security", "external/cwe/cwe-798"}
	if r.Provider != "" {
		out = append(out, clip(visible.Text(r.Provider), maxName))
	}
	return out
}

// The levels of a result or notification.
const (
	levelError   = "error"
	levelWarning = "warning"
	levelNote    = "note"
)

// level is how a finding of some severity is shown.
func level(s rules.Severity) string {
	switch s {
	case rules.Critical, rules.High:
		return levelError
	case rules.Medium:
		return levelWarning
	default:
		return levelNote
	}
}

// securitySeverity is a score in the middle of GitHub's range for the severity: over 9.0 is critical, from 7.0 high, from
// 4.0 medium, from 0.1 low.
func securitySeverity(s rules.Severity) string {
	switch s {
	case rules.Critical:
		return "9.5"
	case rules.High:
		return "8.0"
	case rules.Medium:
		return "5.5"
	case rules.Low:
		return "2.0"
	default:
		return "0.5"
	}
}

func precision(c rules.Confidence) string {
	switch c {
	case rules.Certain:
		return "very-high"
	case rules.HighConfidence:
		return "high"
	case rules.MediumConfidence:
		return "medium"
	default:
		return "low"
	}
}

// helpURI is the provider's page on the credential, or the project's own page.
func helpURI(r *rules.Rule) string {
	for _, link := range r.Docs {
		if strings.HasPrefix(link, "https://") && len(link) <= maxURL && !strings.ContainsFunc(link, unsafeInLink) {
			return link
		}
	}
	return homeURI
}

// unsafeAddress says that a text cannot stand for the address of a repository.
func unsafeAddress(s string) bool {
	return !strings.HasPrefix(s, "https://") || len(s) <= len("https://") || strings.ContainsFunc(s, unsafeInLink)
}

func unsafeInLink(r rune) bool {
	return r <= ' ' || r > unicode.MaxASCII || strings.ContainsRune("\"<>\\^`{|}()[]", r)
}

// help is what GitHub shows beside an alert: why it matters, and the recovery steps.
func help(r *rules.Rule, title string, playbook rules.Playbook) multiformat {
	var plain, mark strings.Builder
	mark.WriteString("# " + escapeMarkdown(title) + "\n\n")
	if why := visible.Text(r.Why); why != "" {
		plain.WriteString(why + "\n\n")
		mark.WriteString(escapeMarkdown(why) + "\n\n")
	}
	lead := "Taking the value out of the file does not end a leak: revoke it first, then re-issue it into a secret manager."
	plain.WriteString(lead)
	mark.WriteString(lead + "\n")
	for _, phase := range rules.Phases() {
		heading := "\n## " + phaseTitle(phase) + "\n\n"
		for i := range playbook.Steps {
			if s := &playbook.Steps[i]; s.Phase == phase {
				if mark.Len()+len(s.Title)+len(s.Text)+len(s.Run)+len(s.Link) > maxHelp-512 {
					mark.WriteString("\nThe runbook that `skant recover` writes has the remaining steps.\n")
					return multiformat{clip(plain.String(), maxDescription), mark.String()}
				}
				mark.WriteString(heading + helpStep(s))
				heading = ""
				if phase == rules.Stop {
					plain.WriteString(" " + sentence(visible.Text(facts(s.Title))))
				}
			}
		}
	}
	mark.WriteString("\nWith the facts of this incident filled in: `skant recover --report report.json`.\n")
	return multiformat{clip(plain.String(), maxDescription), mark.String()}
}

func helpStep(s *rules.Step) string {
	var b strings.Builder
	b.WriteString("- **" + escapeMarkdown(visible.Text(facts(s.Title))) + "**")
	if s.Text != "" {
		b.WriteString(": " + escapeMarkdown(visible.Text(facts(s.Text))))
	}
	if link := s.Link; strings.HasPrefix(link, "https://") && len(link) <= maxURL && !strings.ContainsFunc(link, unsafeInLink) {
		b.WriteString(" ([page](" + link + "))")
	}
	b.WriteString("\n")
	if s.Run != "" {
		fence := "```"
		for strings.Contains(s.Run, fence) {
			fence += "`"
		}
		b.WriteString("\n  " + fence + "sh\n")
		for line := range strings.Lines(strings.TrimSpace(facts(s.Run))) {
			b.WriteString("  " + visible.Text(strings.TrimRight(line, "\r\n")) + "\n")
		}
		b.WriteString("  " + fence + "\n")
	}
	return b.String()
}

// placeholder is a fact in a step; what the facts are is known in the runbook, not here.
var placeholder = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\{([a-z][a-z0-9_]*)\}`) })

func facts(s string) string { return placeholder().ReplaceAllString(s, "<$1>") }

func phaseTitle(p rules.Phase) string {
	switch p {
	case rules.Stop:
		return "Stop it"
	case rules.NotCovered:
		return "What that does not stop"
	case rules.Reissue:
		return "Re-issue"
	case rules.Review:
		return "Review the logs"
	case rules.Collateral:
		return "Look for what an intruder left"
	case rules.Tell:
		return "Tell"
	case rules.Prevent:
		return "Prevent"
	default:
		return visible.Text(string(p))
	}
}

// identifier turns a title into the one-word name that SARIF asks for: "Anthropic API key" to "AnthropicAPIKey".
func identifier(title string) string {
	words := strings.FieldsFunc(title, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	for i, w := range words {
		runes := []rune(w)
		runes[0] = unicode.ToUpper(runes[0])
		words[i] = string(runes)
	}
	if len(words) == 0 {
		return "Secret"
	}
	return strings.Join(words, "")
}
