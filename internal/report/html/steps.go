package html

import (
	"slices"

	"github.com/skant-dev/skant/internal/incident"
	"github.com/skant-dev/skant/internal/recovery"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// maxOwnSteps is for how many secrets the steps are written out with their values, maxGeneral for how many rules with gaps.
const (
	maxOwnSteps = 200
	maxGeneral  = 100
)

type dataPhase struct {
	Title string     `json:"title"`
	Steps []dataStep `json:"steps"`
}

type dataStep struct {
	Title []dataPiece `json:"title"`
	Text  []dataPiece `json:"text,omitempty"`
	Run   string      `json:"run,omitempty"`
	Say   string      `json:"say,omitempty"`
	Fill  []string    `json:"fill,omitempty"`
	Link  string      `json:"link,omitempty"`
	Note  string      `json:"note,omitempty"`
}

// dataPiece is a text and how it is set: "" or "b", "c", "a".
type dataPiece [2]string

// plans are the steps of the page: those of single secrets, and those of rules.
type plans struct {
	steps   [][]dataPhase
	own     map[*secret]int
	general map[string]int
}

// plans has the steps worked out: for the first secrets with what is known of each, for the rules of all others with gaps to fill in. Numbers of
// secrets are those of the whole report, because `skant recover revoke --only` goes by them.
func (m *model) plans() (*plans, error) {
	p := &plans{own: map[*secret]int{}, general: map[string]int{}}
	open := m.of(stateOpen)
	if len(open) == 0 {
		return p, nil
	}
	part := *m.rep
	part.Findings = nil
	bySecret := map[string]*secret{}
	first := open[:min(len(open), maxOwnSteps)]
	for _, s := range first {
		bySecret[s.group.First().Fingerprint] = s
		for _, f := range s.group.Places[:min(len(s.group.Places), maxPlacesOf)] {
			part.Findings = append(part.Findings, *f)
		}
	}
	numbers := incident.New(m.rep, m.rep.StartedAt).Numbers()
	plan := recovery.New(&part, m.set, recovery.Options{Numbers: numbers})
	for i := range plan.Leaks {
		if s := bySecret[plan.Leaks[i].Fingerprint]; s != nil {
			p.own[s] = len(p.steps)
			p.steps = append(p.steps, phases(&plan.Leaks[i], true))
		}
	}
	part.Findings = nil
	for _, s := range open[len(first):] {
		f := s.group.First()
		if _, ok := p.general[clip(f.RuleID, maxName)]; ok || len(p.general) == maxGeneral {
			continue
		}
		p.general[clip(f.RuleID, maxName)] = -1
		part.Findings = append(part.Findings, scanner.Finding{Fingerprint: f.RuleID, RuleID: f.RuleID, Title: f.Title, Severity: f.Severity})
	}
	plan = recovery.New(&part, m.set, recovery.Options{Numbers: map[string]int{}})
	for i := range plan.Leaks {
		l := &plan.Leaks[i]
		p.general[clip(l.RuleID, maxName)] = len(p.steps)
		p.steps = append(p.steps, phases(l, false))
	}
	return p, nil
}

// phases are the steps of a leak. Those that this program takes itself name a secret by its number, so that they are only for one that is known.
func phases(l *recovery.Leak, known bool) []dataPhase {
	var out []dataPhase
	for _, section := range l.Phases {
		steps := section.Steps
		title := section.Title
		if section.Phase == rules.Stop && known && len(l.Program) > 0 {
			out = append(out, dataPhase{title, newSteps(l.Program)})
			title = "Or stop it by hand"
		}
		out = append(out, dataPhase{title, newSteps(steps)})
	}
	return out
}

func newSteps(steps []recovery.Step) []dataStep {
	out := []dataStep{}
	for i := range steps {
		s := &steps[i]
		d := dataStep{Title: pieces(s.Title), Text: pieces(s.Text), Run: lines(s.Run), Say: lines(s.Say)}
		if s.Uncertain {
			d.Note = "The provider does not document this."
		}
		for _, gap := range s.Missing {
			text := clip("<"+gap.Name+">", maxName)
			if gap.Value != "" {
				text += " (" + clip(gap.Value, maxPath) + "; check it before you paste it)"
			}
			d.Fill = append(d.Fill, text)
		}
		if recovery.SafeLink(s.Link) {
			d.Link = s.Link
		}
		out = append(out, d)
	}
	return out
}

func pieces(spans []recovery.Span) []dataPiece {
	out := []dataPiece{}
	for _, p := range recovery.Pieces(spans) {
		kind := ""
		switch p.Kind {
		case recovery.StrongPiece:
			kind = "b"
		case recovery.CodePiece:
			kind = "c"
		case recovery.LinkPiece:
			kind = "a"
		}
		if last := len(out) - 1; kind == "" && last >= 0 && out[last][1] == "" {
			out[last][0] += p.Text
			continue
		}
		out = append(out, dataPiece{p.Text, kind})
	}
	return slices.Clip(out)
}
