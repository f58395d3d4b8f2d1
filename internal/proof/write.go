package proof

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/skant-dev/skant/internal/incident"
)

// JSON writes a result as one indented object.
func (r *Result) JSON(w io.Writer) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(r); err != nil {
		return fmt.Errorf("write the check: %w", err)
	}
	_, err := w.Write(b.Bytes())
	return err
}

// mark is how a state stands at the beginning of a line.
func mark(s incident.State) string {
	switch s {
	case incident.Proven:
		return "proven "
	case incident.Open:
		return "OPEN   "
	case incident.Attested:
		return "attested"
	default:
		return "unknown"
	}
}

// headline says in one line what came of the check.
func (r *Result) headline() string {
	open, unknown := r.count(incident.Open), r.count(incident.Unknown)
	words := ""
	if r.Attested > 0 {
		words = fmt.Sprintf(" %d attested,", r.Attested)
	}
	switch r.State {
	case incident.Proven:
		return fmt.Sprintf("PROVEN: all %d claims hold", len(r.Claims))
	case incident.Open:
		return fmt.Sprintf("NOT OVER: %d open, %d not known,%s %d proven", open, unknown, words, r.count(incident.Proven))
	case incident.Attested:
		return fmt.Sprintf("ATTESTED: nothing is open, %s, %d proven", r.Rests(), r.count(incident.Proven))
	default:
		return fmt.Sprintf("NOT PROVEN: nothing is open, %d not known,%s %d proven", unknown, words, r.count(incident.Proven))
	}
}

// part is the claims about one secret, or about all of them.
type part struct {
	title, short string
	claims       []Claim
}

func (r *Result) parts() []part {
	var all []part
	for _, s := range r.Secrets {
		all = append(all, part{fmt.Sprintf("Secret %d: %s %s", s.Number, s.Title, s.Redacted), fmt.Sprintf("secret %d", s.Number), r.about(s.Number)})
	}
	if rest := r.about(0); len(rest) > 0 {
		all = append(all, part{"So that it does not come back", "what brings it back", rest})
	}
	return all
}

func (r *Result) about(number int) []Claim {
	var all []Claim
	for _, c := range r.Claims {
		if c.Secret == number {
			all = append(all, c)
		}
	}
	return all
}

// shown remembers which commands of several lines were shown, and for which part: of a stale clone they are the same for each secret.
type shown map[string]string

// again returns for which part the commands of a claim were shown already; "" if they were not, or are but one line.
func (s shown) again(p *part, remedy string) string {
	if !strings.Contains(remedy, "\n") {
		return ""
	}
	if before, ok := s[remedy]; ok {
		return before
	}
	s[remedy] = p.short
	return ""
}

// repeated reports whether the commands of a claim follow with a later one of the same part: they are shown once.
func repeated(claims []Claim, i int) bool {
	for _, later := range claims[i+1:] {
		if later.Remedy == claims[i].Remedy {
			return true
		}
	}
	return false
}

// Text writes a result for a person.
func (r *Result) Text(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\nincident %s, checked %s\n", r.headline(), r.Incident, date(r.At))
	seen := shown{}
	for _, p := range r.parts() {
		fmt.Fprintf(&b, "\n%s\n", p.title)
		for i, c := range p.claims {
			fmt.Fprintf(&b, "  %-8s %s", mark(c.State), c.Claim)
			if c.Detail != "" {
				fmt.Fprintf(&b, ":\n           %s", c.Detail)
			}
			b.WriteString("\n")
			if c.Remedy == "" || repeated(p.claims, i) {
				continue
			}
			if before := seen.again(&p, c.Remedy); before != "" {
				fmt.Fprintf(&b, "             # the commands of %s, above, do this, too\n", before)
				continue
			}
			for line := range strings.SplitSeq(c.Remedy, "\n") {
				fmt.Fprintf(&b, "             %s\n", line)
			}
		}
	}
	b.WriteString("\nWhat no check can prove\n")
	for _, l := range r.Limits {
		fmt.Fprintf(&b, "  - %s\n", l.What)
		if l.Remedy != "" {
			fmt.Fprintf(&b, "      %s\n", l.Remedy)
		}
		if l.Attestation != nil {
			fmt.Fprintf(&b, "      attested: %s\n", word(l.Attestation))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Markdown writes a result for the record of the incident.
func (r *Result) Markdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\nIncident %s, checked %s.\n", r.headline(), span(r.Incident), date(r.At))
	seen := shown{}
	for _, p := range r.parts() {
		fmt.Fprintf(&b, "\n## %s\n\n", escape(p.title))
		for i, c := range p.claims {
			box := " "
			if c.State == incident.Proven {
				box = "x"
			}
			fmt.Fprintf(&b, "- [%s] **%s** %s", box, strings.TrimSpace(mark(c.State)), escape(c.Claim))
			if c.Detail != "" {
				fmt.Fprintf(&b, ": %s", escape(c.Detail))
			}
			b.WriteString("\n")
			if c.Remedy == "" || repeated(p.claims, i) {
				continue
			}
			if before := seen.again(&p, c.Remedy); before != "" {
				fmt.Fprintf(&b, "\n  The commands of %s, above, do this, too.\n\n", before)
			} else {
				fence := fenceFor(c.Remedy)
				fmt.Fprintf(&b, "\n  %ssh\n  %s\n  %s\n\n", fence, strings.ReplaceAll(c.Remedy, "\n", "\n  "), fence)
			}
		}
	}
	b.WriteString("\n## What no check can prove\n\n")
	for _, l := range r.Limits {
		fmt.Fprintf(&b, "- [ ] %s", escape(l.What))
		if l.Remedy != "" {
			b.WriteString(" " + span(l.Remedy))
		}
		if l.Attestation != nil {
			b.WriteString(" **attested**: " + escape(word(l.Attestation)))
		}
		b.WriteString("\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// escape makes a text of which parts come from a repository mean itself in Markdown.
func escape(text string) string {
	var b strings.Builder
	for _, r := range text {
		if strings.ContainsRune("\\`*_{}[]<>#|!~&", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// span is a text as code within a line.
func span(text string) string {
	marks := "`"
	for strings.Contains(text, marks) {
		marks += "`"
	}
	if len(marks) > 1 {
		return marks + " " + text + " " + marks
	}
	return marks + text + marks
}

// fenceFor is a fence that the text cannot close.
func fenceFor(text string) string {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	return fence
}
