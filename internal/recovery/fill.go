package recovery

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/skant-dev/skant/rules"
)

// Span is a piece of a text. Formats escape each kind in their own way.
type Span struct {
	Text string
	Kind SpanKind
}

// SpanKind says where a span's text comes from.
type SpanKind int

// The kinds of span.
const (
	// Words come from a rule or from this program; backticks in them mark code.
	Words SpanKind = iota
	// Value comes from the incident, and so perhaps from a hostile repository. It is raw.
	Value
	// Gap is a placeholder that nothing is known for: the name in angle brackets.
	Gap
	// Plain is like Value, and not set apart as code: titles, sentences of others, names of people.
	Plain
	// Strong are words of this program that must not be overlooked.
	Strong
	// Address is a link of a rule.
	Address
)

func words(s string) []Span { return []Span{{s, Words}} }

// placeholder is {fact}; see [fillable] for what looks like one and is not.
var placeholder = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\{[a-z][a-z0-9_]*\}`) })

// facts are what placeholders stand for. A fact has several values only if it is a list.
type facts map[string][]string

// newFacts collects what is known of a leak. What the credential says of itself never replaces a standard fact.
func newFacts(l *Leak, reportedAt time.Time) facts {
	known := facts{}
	for _, f := range l.Facts {
		known[f.Name] = []string{f.Value}
	}
	standard := func(name, value string) {
		delete(known, name)
		if value != "" {
			known[name] = []string{value}
		}
	}
	p := l.origin()
	standard("path", p.Path)
	standard("commit", p.Commit)
	standard("commit_short", p.Commit[:min(len(p.Commit), shortID)])
	standard("object", p.Object)
	standard("first_seen", instant(l.First))
	standard("last_seen", instant(l.Last))
	standard("since", instant(l.Since))
	standard("until", instant(reportedAt))
	standard("rule_id", l.RuleID)
	standard("title", l.Title)
	standard("redacted", l.Redacted)
	standard("fingerprint", l.Fingerprint)
	standard("refs", "")
	standard("first_seen_date", "")
	for name, t := range map[string]time.Time{"since": l.Since, "until": reportedAt} {
		standard(name+"_date", "")
		standard(name+"_unix", "")
		if !t.IsZero() {
			standard(name+"_date", t.UTC().Format(time.DateOnly))
			standard(name+"_unix", strconv.FormatInt(t.Unix(), 10))
		}
	}
	if !l.First.IsZero() && !l.Ahead {
		standard("first_seen_date", l.First.UTC().Format(time.DateOnly))
	}
	if len(l.Refs) > 0 {
		known["refs"] = l.Refs
	}
	return known
}

func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// step fills in one step of a playbook.
func (k facts) step(s *rules.Step) Step {
	out := Step{Link: s.Link, Uncertain: s.Uncertain}
	out.Title = k.text(s.Title, &out.Missing)
	out.Text = k.text(s.Text, &out.Missing)
	out.Run = k.command(strings.TrimSpace(s.Run), &out.Missing)
	if awaits(out.Run) {
		note := waiting
		if len(out.Text) == 0 {
			note = strings.TrimSpace(note)
		}
		out.Text = append(out.Text, Span{note, Words})
	}
	return out
}

// text fills in words for people.
func (k facts) text(tmpl string, missing *[]Missing) []Span {
	var out []Span
	last := 0
	for _, m := range fillable(tmpl) {
		if m[0] > last {
			out = append(out, Span{tmpl[last:m[0]], Words})
		}
		name := tmpl[m[0]+1 : m[1]-1]
		if values := k[name]; values != nil {
			out = append(out, Span{strings.Join(values, ", "), Value})
		} else {
			out = append(out, Span{"<" + name + ">", Gap})
			note(missing, Missing{Name: name})
		}
		last = m[1]
	}
	if last < len(tmpl) {
		out = append(out, Span{tmpl[last:], Words})
	}
	return out
}

// command fills in shell commands. A value that no quoting makes safe at its place stays a gap.
func (k facts) command(tmpl string, missing *[]Missing) string {
	var b strings.Builder
	sh := newShellReader(tmpl)
	last := 0
	for _, m := range fillable(tmpl) {
		b.WriteString(tmpl[last:m[0]])
		name := tmpl[m[0]+1 : m[1]-1]
		values := k[name]
		quoted, ok := sh.quoteAt(m[0], name, values)
		switch {
		case values == nil:
			b.WriteString("<" + name + ">")
			note(missing, Missing{Name: name})
		case !ok:
			b.WriteString("<" + name + ">")
			note(missing, Missing{name, strings.Join(values, ", ")})
		default:
			b.WriteString(quoted)
		}
		last = m[1]
	}
	b.WriteString(tmpl[last:])
	return b.String()
}

// note adds a gap once; what is known of its value wins.
func note(missing *[]Missing, m Missing) {
	i := slices.IndexFunc(*missing, func(have Missing) bool { return have.Name == m.Name })
	switch {
	case i < 0:
		*missing = append(*missing, m)
	case (*missing)[i].Value == "":
		(*missing)[i].Value = m.Value
	}
}

// fillable finds the placeholders of a template. Braces after $, ^, @, % or { mean something else to a shell, to git or
// to a template: ${name}, HEAD^{commit}, @{upstream}, %{http_code}, {{name}}.
func fillable(tmpl string) [][]int {
	return slices.DeleteFunc(placeholder().FindAllStringIndex(tmpl, -1), func(m []int) bool {
		return m[0] > 0 && strings.IndexByte("$^@%{", tmpl[m[0]-1]) >= 0
	})
}
