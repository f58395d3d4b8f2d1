package recovery

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/skant-dev/skant/internal/exposure"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// JSON returns the plan as the value of the key "recovery" of a JSON report; docs/report.schema.json describes it. Where the
// secrets are stands in the report's findings; here they are counted.
func (p *Plan) JSON() ([]byte, error) {
	out := planJSON{Secrets: []leakJSON{}, Timeline: p.Timeline, Incomplete: p.Incomplete, Surveyed: p.Surveyed,
		Stores: sectionJSON(&p.Stores), Tell: sectionJSON(&p.Tell), Repository: []jsonSection{}, Unknown: []string{}, Record: []jsonEntry{}}
	for i := range p.Leaks {
		out.Secrets = append(out.Secrets, p.leakJSON(&p.Leaks[i]))
	}
	for i := range p.Git {
		out.Repository = append(out.Repository, sectionJSON(&p.Git[i]))
	}
	for _, s := range p.Unknown {
		out.Unknown = append(out.Unknown, plain(s))
	}
	for _, e := range p.Record {
		out.Record = append(out.Record, jsonEntry{e.Field, plain(e.Value)})
	}
	return json.Marshal(out)
}

type planJSON struct {
	Surveyed   bool             `json:"surveyed"`
	Secrets    []leakJSON       `json:"secrets"`
	Timeline   []exposure.Event `json:"timeline,omitempty"`
	Incomplete []string         `json:"incomplete,omitempty"`
	Stores     jsonSection      `json:"stores"`
	Tell       jsonSection      `json:"tell"`
	Repository []jsonSection    `json:"repository"`
	Unknown    []string         `json:"unknown"`
	Record     []jsonEntry      `json:"record"`
}

type leakJSON struct {
	Number      int               `json:"number"`
	Fingerprint string            `json:"fingerprint"`
	RuleID      string            `json:"rule_id"`
	Title       string            `json:"title"`
	Redacted    string            `json:"secret_redacted"`
	Severity    rules.Severity    `json:"severity"`
	Verdict     scanner.Verdict   `json:"verdict"`
	Places      int               `json:"places"`
	InHead      bool              `json:"in_head"`
	Variable    string            `json:"variable"`
	Since       time.Time         `json:"since,omitzero"`
	Until       time.Time         `json:"until,omitzero"`
	IDs         map[string]string `json:"ids,omitempty"`
	General     bool              `json:"general,omitempty"`
	Exposure    *exposure.Secret  `json:"exposure,omitempty"`
	Phases      []jsonSection     `json:"phases"`
}

type jsonSection struct {
	Phase rules.Phase `json:"phase,omitempty"`
	Title string      `json:"title"`
	Intro string      `json:"intro,omitempty"`
	Steps []jsonStep  `json:"steps"`
}

type jsonStep struct {
	Title     string        `json:"title"`
	Text      string        `json:"text,omitempty"`
	Run       string        `json:"run,omitempty"`
	Say       string        `json:"say,omitempty"`
	Link      string        `json:"link,omitempty"`
	Uncertain bool          `json:"uncertain,omitempty"`
	Missing   []jsonMissing `json:"missing,omitempty"`
}

type jsonMissing struct {
	Name  string `json:"name"`
	Value string `json:"value,omitempty"`
}

type jsonEntry struct {
	Field string `json:"field"`
	Value string `json:"value"`
}

func (p *Plan) leakJSON(l *Leak) leakJSON {
	out := leakJSON{Number: l.Number, Fingerprint: l.Fingerprint, RuleID: l.RuleID, Title: l.Title, Redacted: l.Redacted, Severity: l.Severity,
		Verdict: l.Verdict, Places: len(l.Places), InHead: l.InHead, Variable: l.variableName(), Since: l.Since, Until: p.ReportedAt,
		General: l.General, Exposure: l.Exposure, Phases: []jsonSection{}}
	for _, f := range l.Facts {
		if out.IDs == nil {
			out.IDs = map[string]string{}
		}
		out.IDs[f.Name] = f.Value
	}
	for i := range l.Phases {
		section := l.Phases[i]
		if section.Phase == rules.Stop {
			section.Steps = slices.Concat(l.Program, section.Steps)
		}
		out.Phases = append(out.Phases, sectionJSON(&section))
	}
	return out
}

func sectionJSON(s *Section) jsonSection {
	out := jsonSection{Phase: s.Phase, Title: s.Title, Intro: plain(s.Intro), Steps: []jsonStep{}}
	for i := range s.Steps {
		step := &s.Steps[i]
		j := jsonStep{Title: plain(step.Title), Text: plain(step.Text), Run: step.Run, Say: step.Say, Link: step.Link, Uncertain: step.Uncertain}
		for _, m := range step.Missing {
			j.Missing = append(j.Missing, jsonMissing(m))
		}
		out.Steps = append(out.Steps, j)
	}
	return out
}

// plain joins spans as they are: JSON has its own escapes.
func plain(spans []Span) string {
	var b strings.Builder
	for _, s := range spans {
		b.WriteString(s.Text)
	}
	return b.String()
}
