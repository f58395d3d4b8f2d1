package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/rules/gitleaks"
	"github.com/skant-dev/skant/scanner"
)

func newRulesImport(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "import FILE", Short: helpRulesImportShort, Long: helpRulesImport, Example: exampleRulesImport, Args: exactly(1, 1, hintRulesImport),
		RunE: func(cmd *cobra.Command, args []string) error {
			data, err := a.readExplained(args[0])
			if err != nil {
				return err
			}
			im, err := gitleaks.Import(data)
			if err != nil {
				return withHint(err, hintRulesImport)
			}
			kept := im.Rules[:0:0]
			for _, r := range im.Rules {
				if err := loads(cmd.Context(), r); err != nil {
					im.Notes = append(im.Notes, r.ID+": left out: "+err.Error())
					continue
				}
				kept = append(kept, r)
			}
			for _, note := range im.Notes {
				a.say(msgNotImported, visible.Text(note))
			}
			a.say(msgImported, len(kept), im.Found)
			if len(kept) == 0 {
				return withHint(errors.New("no rule could be imported"), hintRulesImport)
			}
			text, err := gitleaks.YAML(kept)
			if err != nil {
				return err
			}
			_, err = a.out.Write(text)
			return err
		},
	}
}

// loads checks that a rule file with this rule alone is accepted, its example included.
func loads(ctx context.Context, r gitleaks.Rule) error {
	text, err := gitleaks.YAML([]gitleaks.Rule{r})
	if err != nil {
		return err
	}
	set, err := rules.Read(text, "imported.yaml")
	if err != nil {
		return cause(err)
	}
	s, err := scanner.New(set, scanner.Options{})
	if err != nil {
		return err
	}
	return cause(s.CheckExamples(ctx))
}

// cause is the first thing that is wrong, without the name and the line of a file that is not written yet.
func cause(err error) error {
	var one *rules.Error
	if errors.As(err, &one) {
		return one.Err
	}
	return err
}
