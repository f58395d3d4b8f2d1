// Package diagnose finds out why a call to Claude fails: directly, through Amazon Bedrock, or through Vertex AI. It goes through eight
// steps, from the variable that holds the key to models and quota.
//
// It reads, searches and asks only through the functions of its [Input], so what it says depends on nothing else.
package diagnose

import (
	"context"
	"fmt"
	"strings"

	"github.com/skant-dev/skant/internal/verify"
	"github.com/skant-dev/skant/scanner"
)

// Grade is what becomes of a remark.
type Grade string

// The grades.
const (
	// Fine is nothing to do.
	Fine Grade = "ok"
	// Look may be meant so, and explains some failures.
	Look Grade = "look"
	// Wrong has to be changed.
	Wrong Grade = "wrong"
	// Unclear cannot be told.
	Unclear Grade = "?"
	// Skipped was not looked at, because of an earlier step.
	Skipped Grade = "-"
)

// Remark is one thing that a step found out, in a sentence. It may quote a file or an answer, and then whatever stands there.
type Remark struct {
	Grade Grade
	Text  string
}

// Step is one of the eight: what is looked at, and what was found.
type Step struct {
	Title   string
	Remarks []Remark
}

func (s *Step) add(g Grade, format string, args ...any) {
	s.Remarks = append(s.Remarks, Remark{g, fmt.Sprintf(format, args...)})
}

// Input is the world as a diagnosis sees it.
type Input struct {
	// Way is anthropic, bedrock or vertex, or a name of [Ways]; empty means anthropic.
	Way string
	// Env returns a variable of the environment, empty if it is not set.
	Env func(name string) string
	// Read returns a file; fs.ErrNotExist if there is none. Relative names are those of the current folder.
	Read func(path string) ([]byte, error)
	// Find returns the credentials in a text.
	Find func(ctx context.Context, text string) ([]scanner.Finding, error)
	// Provider returns the provider of a rule.
	Provider func(ruleID string) string
	// Ask asks a credential's provider. Without an exchange it says in a sentence why nobody was asked.
	Ask func(ctx context.Context, f *scanner.Finding) (x *verify.Exchange, why string, err error)
	// Endpoints are the URLs that are asked in place of a provider's own hosts, by provider.
	Endpoints map[string]string
}

// Result is what a diagnosis found out.
type Result struct {
	// Steps are the eight steps, in order.
	Steps []Step
	// Finding is the credential that the steps are about; nil if there is none.
	Finding *scanner.Finding
	// Exchange is what was asked and answered; nil if nobody was asked.
	Exchange *verify.Exchange
}

// Worst returns the gravest grade of all remarks, Wrong, Unclear or Fine, and the number of the first step that has it, from 1.
func (r *Result) Worst() (g Grade, step int) {
	for _, grade := range []Grade{Wrong, Unclear} {
		for i, s := range r.Steps {
			for _, m := range s.Remarks {
				if m.Grade == grade {
					return grade, i + 1
				}
			}
		}
	}
	return Fine, 0
}

// held is a credential that the environment or a file holds.
type held struct {
	// where is the variable or file, for people; value is what stands there, untouched.
	where, value string
	// variable is the variable's name, without the file that sets it.
	variable string
	// text is what the rules are asked about; empty means variable=value.
	text string
	// elsewhere says that only some programs load it: a file of direnv or of containers.
	elsewhere bool
}

// walk is one walk through the steps.
type walk struct {
	Input
	way   *way
	held  []held
	found *scanner.Finding
	// loose are remarks on what was met while sources were read; they belong to the first step.
	loose []Remark
	// outside says that a key may come from where nobody looked: a helper program, a role, a metadata server.
	outside bool
	x       *verify.Exchange
}

// Known reports whether there is a way of that name.
func Known(name string) bool { return wayOf(name) != nil }

// Run walks through the steps. The error is one of [Input.Find] or [Input.Ask]; what merely cannot be read is a remark.
func Run(ctx context.Context, in Input) (*Result, error) {
	d := &walk{Input: in, way: wayOf(in.Way)}
	if d.way == nil {
		return nil, fmt.Errorf("there is no diagnosis for %q", in.Way)
	}
	d.held = d.way.held(d)
	shape := Step{Title: stepShape}
	if err := d.shape(ctx, &shape); err != nil {
		return nil, err
	}
	set := d.set() // a rule that knows the key knows what of it may be shown
	header := Step{Title: stepHeader}
	if len(d.held) == 0 {
		header.add(Skipped, needsKey)
	}
	d.way.header(d, &header)
	host, err := d.host(ctx)
	if err != nil {
		return nil, err
	}
	return &Result{
		Steps:   []Step{set, shape, header, host, d.clock(), d.region(), d.permission(), d.models()},
		Finding: d.found, Exchange: d.x,
	}, nil
}

// set is the first step: which variables and files hold a key, and which of them is taken.
func (d *walk) set() Step {
	s := Step{Title: stepSet}
	for i, h := range d.held {
		shown := h.where
		switch {
		case i == 0:
			s.add(Fine, saysSet, shown, d.masked(h))
		case strings.TrimSpace(h.value) == strings.TrimSpace(d.held[0].value):
			s.add(Fine, saysSame, shown)
		case h.elsewhere:
			s.add(Look, saysElsewhere, shown, d.masked(h))
		default:
			s.add(Look, saysOther, shown, d.masked(h))
		}
	}
	if len(d.held) > 0 && d.held[0].elsewhere {
		s.add(Look, saysOnlyElsewhere)
	}
	s.Remarks = append(s.Remarks, d.loose...)
	if len(d.held) == 0 && d.outside {
		s.add(Unclear, saysOutside)
	} else if len(d.held) == 0 {
		s.add(Wrong, saysUnset, strings.Join(d.way.places, ", "))
	}
	for _, v := range d.way.switches {
		if at := d.lookup(v.name); at != nil && at.value != "0" && at.value != "false" {
			s.add(Look, "%s: %s", at.where, v.means)
		}
	}
	return s
}

// masked returns what may be shown of a credential. Of what is no single word nothing is shown: it is a whole file.
func (d *walk) masked(h held) string {
	value := strings.TrimSpace(h.value)
	if h.variable == idVariable {
		return scanner.NewIdentifier(value).Redacted()
	}
	if h.text != "" || strings.ContainsAny(value, "\n{") {
		return "a file of " + number(len(h.value), "byte")
	}
	if d.found != nil && h.value == d.held[0].value {
		return d.found.Secret.Redacted()
	}
	return scanner.NewSecret(value, 0).Redacted()
}

func number(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
