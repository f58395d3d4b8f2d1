package recovery

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/skant-dev/skant/scanner"
)

// maxRecorded bounds the leaks that a row of the record names.
const maxRecorded = 20

// record is the incident record: blameless, so it names commits and no people, and filled in as far as facts go.
func record(p *Plan) []Entry {
	if len(p.Leaks) == 0 {
		return nil
	}
	var what, verdicts, commits []Span
	first, last, head := p.Leaks[0].Since, p.Leaks[0].Last, 0
	for i := range p.Leaks {
		l := &p.Leaks[i]
		first, last = earliest(first, l.Since), latest(last, l.Last)
		if l.InHead {
			head++
		}
		if i >= maxRecorded {
			continue
		}
		what = list(what, Span{l.Title, Value}, Span{" ", Words}, Span{l.Redacted, Value})
		verdicts = list(verdicts, Span{l.Redacted, Value}, Span{" " + verdictWords(l.Verdict), Words})
		if c := l.origin().Commit; c != "" {
			commits = list(commits, Span{c[:min(len(c), shortID)], Value})
		}
	}
	if rest := len(p.Leaks) - maxRecorded; rest > 0 {
		what = list(what, Span{"and " + strconv.Itoa(rest) + " more, listed above", Words})
	}
	var pushed []Span
	days := 0
	for i := range p.Leaks {
		e := p.Leaks[i].Exposure
		if e == nil {
			continue
		}
		days = max(days, e.Days)
		if !e.PushedAt.IsZero() && i < maxRecorded {
			pushed = list(pushed, Span{p.Leaks[i].Redacted, Value}, Span{" " + estimated(e.Estimate) + date(e.PushedAt), Words})
		}
	}
	until := words("removed in the newest commit known to hold it, or later")
	if head > 0 {
		until = words("still exposed when this was written")
	}
	if t := instant(last); t != "" && head == 0 {
		until = []Span{{"last seen ", Words}, {t, Value}}
	}
	exposed := []Span(nil)
	if t := instant(first); t != "" {
		exposed = []Span{{t, Value}}
	}
	open := []Span(nil)
	if days > 0 {
		open = words(number(days, "day") + " at the longest")
	}
	return []Entry{
		{"Incident", nil},
		{"Found", []Span{{instant(p.ReportedAt), Value}}},
		{"Found by", []Span{{strings.TrimSpace("skant " + p.Tool.Version), Value}, {", ", Words}, {nonEmpty(p.Command, "scan"), Value}}},
		{"What leaked", what},
		{"Where", []Span{{number(p.Total(), "place"), Words}, {", listed above", Words}}},
		{"Introduced in", commits},
		{"Exposed since", exposed},
		{"Pushed first", pushed},
		{"Exposed until", until},
		{"Could be read by others for", open},
		{"Copies on remotes", copies(p)},
		{"Was the repository ever public", nil},
		{"Alive when found", verdicts},
		{"Revoked at, by which step", nil},
		{"Re-issued at, into which store", nil},
		{"Logs reviewed from, until, by whom", nil},
		{"Signs of use by others", nil},
		{"History purged at", nil},
		{"Proven dead and gone at (skant recover check)", nil},
		{"Who was told, when", nil},
		{"What let it happen (the system, not a person)", nil},
		{"What changes so that it cannot happen again", nil},
	}
}

// copies are the remotes that still serve something, as far as they were asked.
func copies(p *Plan) []Span {
	var out []Span
	seen := map[string]bool{}
	for i := range p.Leaks {
		if p.Leaks[i].Exposure == nil {
			continue
		}
		for _, r := range p.Leaks[i].Exposure.Remotes {
			if r.Serves == "yes" && !seen[r.Address] && len(seen) < maxRecorded {
				seen[r.Address] = true
				out = list(out, Span{r.Name, Value}, Span{" at ", Words}, Span{r.Address, Value}, Span{" serves it still", Words})
			}
		}
	}
	return out
}

func list(have []Span, next ...Span) []Span {
	if len(have) > 0 {
		have = append(have, Span{"; ", Words})
	}
	return append(have, next...)
}

// verdictWords says what is known about a credential being alive, so that nobody reads silence as safety.
func verdictWords(v scanner.Verdict) string {
	switch v {
	case scanner.Live:
		return "live: the provider accepts it"
	case scanner.Restricted:
		return "live, though restricted (scope, address or billing)"
	case scanner.Dead:
		return "dead: the provider refuses it"
	case scanner.Expired:
		return "expired"
	case scanner.Unknown:
		return "unknown: asked, and the answer tells nothing; count it as live"
	case scanner.Uncheckable:
		return "cannot be asked without side effects; count it as live"
	default:
		return "nobody asked; count it as live"
	}
}

// maxLearned bounds what a runbook repeats of a provider's answer, and maxLearnedText each text of it, in bytes.
const (
	maxLearned     = 8
	maxLearnedText = 300
)

// verified are rows on what the provider answered: a name and what it says.
func verified(v *scanner.Verification) [][2]string {
	if v == nil {
		return nil
	}
	var rows [][2]string
	row := func(name, value string) {
		if value != "" {
			rows = append(rows, [2]string{name, clipped(value)})
		}
	}
	row("Its provider says", v.Says)
	row("About that answer", v.Do)
	for i, name := range slices.Sorted(maps.Keys(v.Learned)) {
		if i == maxLearned {
			break
		}
		row("Known to the provider", clipped(strings.ReplaceAll(name, "_", " "))+": "+clipped(v.Learned[name]))
	}
	switch {
	case v.Host == "":
	case v.Status > 0:
		row("Asked", v.Host+" answered "+strconv.Itoa(v.Status)+" on "+v.At.UTC().Format("2006-01-02 15:04")+" UTC")
	default:
		row("Asked", v.Host+" gave no answer on "+v.At.UTC().Format("2006-01-02 15:04")+" UTC")
	}
	return rows
}

func clipped(s string) string {
	if len(s) <= maxLearnedText {
		return s
	}
	return strings.ToValidUTF8(s[:maxLearnedText], "") + "…"
}

// kindWords names a kind of place for people.
func kindWords(k scanner.Kind) string {
	switch k {
	case scanner.KindCommitContent:
		return "committed file"
	case scanner.KindFile:
		return "file"
	case scanner.KindStaged:
		return "staged file"
	case scanner.KindAuthor:
		return "author or committer"
	case scanner.KindGitConfig:
		return "git configuration"
	case scanner.KindUnreachable:
		return "object that no ref reaches"
	case scanner.KindReflog:
		return "reflog only"
	default:
		return strings.ReplaceAll(string(k), "-", " ")
	}
}

func number(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return strconv.Itoa(n) + " " + noun
}

func nonEmpty(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
