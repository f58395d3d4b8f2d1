package scanner

import (
	"context"
	"errors"
	"fmt"

	"github.com/skant-dev/skant/rules"
)

// textSource is one text as a source.
type textSource struct{ data []byte }

func (t textSource) Walk(_ context.Context, rec *Recorder, visit func(*Chunk) error) error {
	rec.AddFile(len(t.data))
	return visit(&Chunk{Data: t.data, Location: Location{Kind: KindStdin}})
}

// Text returns a source that yields one text.
func Text(data []byte) Source { return textSource{data} }

// CheckExamples runs every example of every rule through the whole set: a match must give a finding of its rule, a
// clean one must not, both at the scanner's confidence, or at low confidence where the rule's own is. It returns all that fail, each a [*rules.Error], joined.
func (s *Scanner) CheckExamples(ctx context.Context) error {
	var errs []error
	all := s.set.All()
	low, err := New(s.set, Options{MinConfidence: rules.LowConfidence, Now: s.opt.Now})
	if err != nil {
		return err
	}
	for i := range all {
		r := &all[i]
		fail := func(format string, args ...any) {
			errs = append(errs, &rules.Error{File: r.Origin.File, Line: r.Origin.Line, Rule: r.ID, Err: fmt.Errorf(format, args...)})
		}
		by := s
		if r.Confidence == rules.LowConfidence {
			by = low // what is not reported unless it is asked for
		}
		for n, tmpl := range r.Examples.Match {
			if got, err := by.example(ctx, r, tmpl); err != nil {
				fail("match example %d: %w", n+1, err)
			} else if !got {
				fail("match example %d is not found: %s", n+1, tmpl)
			}
		}
		for n, tmpl := range r.Examples.Clean {
			if got, err := by.example(ctx, r, tmpl); err != nil {
				fail("clean example %d: %w", n+1, err)
			} else if got {
				fail("clean example %d is found: %s", n+1, tmpl)
			}
		}
	}
	return errors.Join(errs...)
}

// example reports whether the rule finds something in an expanded example.
func (s *Scanner) example(ctx context.Context, r *rules.Rule, tmpl string) (bool, error) {
	text, err := rules.Expand(tmpl, r.ID)
	if err != nil {
		return false, err
	}
	res, err := s.Scan(ctx, Text([]byte(text)), nil)
	if err != nil {
		return false, err
	}
	for _, f := range res.Findings {
		if f.RuleID == r.ID {
			return true, nil
		}
	}
	return false, nil
}
