package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

func newRules(a *app) *cobra.Command {
	return group(&cobra.Command{Use: "rules", Short: helpRulesShort, Long: helpRules, Example: exampleRules},
		newRulesList(a), newRulesShow(a), newRulesTest(a), newRulesLint(a), newRulesImport(a))
}

// allRules returns the built-in rules with all their texts, and the user's.
func allRules(cmd *cobra.Command, paths []string) (*rules.Set, error) {
	return (&scanFlags{rulePaths: paths}).fullRules(cmd)
}

func newRulesList(a *app) *cobra.Command {
	var paths list
	cmd := &cobra.Command{
		Use: "list", Short: helpRulesListShort, Long: helpRulesList, Args: exactly(0, 0, hintRulesArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			set, off, err := a.listedRules(cmd, paths)
			if err != nil {
				return err
			}
			w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
			var errs []error
			for _, r := range set.All() {
				_, err := fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", r.ID, r.Severity, howChecked(set, &r), r.Title+off(r.ID))
				errs = append(errs, err)
			}
			return errors.Join(append(errs, w.Flush())...)
		},
	}
	paths.register(cmd, "rules", "", helpFlagRules)
	return cmd
}

func newRulesShow(a *app) *cobra.Command {
	var paths list
	cmd := &cobra.Command{
		Use: "show ID", Short: helpRulesShowShort, Long: helpRulesShow, Args: exactly(1, 1, hintRulesShow),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			var ids []string
			for _, r := range rules.Builtin().All() {
				ids = append(ids, r.ID)
			}
			return ids, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			set, err := allRules(cmd, paths)
			if err != nil {
				return err
			}
			r := set.Lookup(args[0])
			if r == nil {
				return withHint(fmt.Errorf("no rule %q", args[0]), hintRulesShow)
			}
			return showRule(a.out, set, r)
		},
	}
	paths.register(cmd, "rules", "", helpFlagRules)
	return cmd
}

// showRule prints what a rule looks for, why, how it is checked, and how an incident with it ends.
func showRule(w io.Writer, set *rules.Set, r *rules.Rule) error {
	var b strings.Builder
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%-12s%s\n", name, value)
		}
	}
	line("id", r.ID)
	line("title", r.Title)
	line("severity", string(r.Severity))
	line("confidence", string(r.Confidence))
	line("anchors", strings.Join(r.Anchors, "  "))
	if r.Fold {
		line("case", "makes no difference")
	}
	line("assignment", r.Assignment)
	line("pattern", r.Pattern)
	line("evidence", strings.Join(r.Evidence, ", "))
	for _, p := range r.Parts {
		line("part", p.Name+"  "+p.Pattern)
	}
	line("why", r.Why)
	for _, d := range r.Docs {
		line("docs", d)
	}
	line("file", fmt.Sprintf("%s:%d", r.Origin.File, r.Origin.Line))
	writeCheck(&b, set, r)
	writeRevocation(&b, set, r)
	if p, ok := set.PlaybookOf(r); ok {
		fmt.Fprintf(&b, "\nWhen it leaked:\n")
		for i, s := range p.Steps {
			fmt.Fprintf(&b, "%3d. [%s] %s\n", i+1, s.Phase, s.Title)
			if s.Text != "" {
				fmt.Fprintf(&b, "     %s\n", s.Text)
			}
			for _, l := range strings.Split(strings.TrimSpace(s.Run), "\n") {
				if l != "" {
					fmt.Fprintf(&b, "       $ %s\n", l)
				}
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// rulesUnderTest returns the rules of the given files, or the built-in ones where there are none.
func rulesUnderTest(paths []string) (*rules.Set, error) {
	set, err := rules.BuiltinWithDocs()
	for i, p := range paths {
		own, loadErr := rules.LoadPath(p)
		if loadErr != nil {
			return nil, withHint(loadErr, hintRules)
		}
		if i == 0 {
			set = own
		} else if set, err = rules.Merge(set, own); err != nil {
			return nil, withHint(err, hintRules)
		}
	}
	return set, err
}

func newRulesTest(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "test [RULES... | TEXT]", Short: helpRulesTestShort, Long: helpRulesTest, Example: exampleRulesTest,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 && !exists(args[0]) {
				return a.tryText(cmd, args[0])
			}
			set, err := rulesUnderTest(args)
			if err != nil {
				return err
			}
			s, err := scanner.New(set, scanner.Options{})
			if err != nil {
				return err
			}
			if err := s.CheckExamples(cmd.Context()); err != nil {
				return withHint(err, hintRulesTest)
			}
			examples := 0
			for _, r := range set.All() {
				examples += len(r.Examples.Match) + len(r.Examples.Clean)
			}
			_, err = fmt.Fprintf(a.out, "%d rules, %d examples: all as they should be\n", set.Len(), examples)
			return err
		},
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// tryText tells what every rule makes of a text, "-" being standard input.
func (a *app) tryText(cmd *cobra.Command, text string) error {
	if ext := filepath.Ext(text); ext == ".yaml" || ext == ".yml" {
		return withHint(fmt.Errorf("there is no file %q", text), hintRulesTest)
	}
	data := []byte(text)
	if text == "-" {
		var err error
		if data, err = a.readExplained(text); err != nil {
			return err
		}
	}
	s, err := scanner.New(rules.Builtin(), scanner.Options{Now: a.now()})
	if err != nil {
		return err
	}
	return a.explainWith(cmd, s, data, "", 1, bytes.Count(data, []byte("\n"))+1)
}

func newRulesLint(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "lint [RULES...]", Short: helpRulesLintShort, Long: helpRulesLint,
		RunE: func(cmd *cobra.Command, args []string) error {
			set, err := rulesUnderTest(args)
			if err != nil {
				return err
			}
			s, err := scanner.New(set, scanner.Options{})
			if err != nil {
				return err
			}
			notes, err := s.Lint(cmd.Context())
			if err != nil {
				return err
			}
			if notes = append(rules.Lint(set), notes...); len(notes) > 0 {
				return withHint(errors.Join(notes...), hintRulesLint)
			}
			_, err = fmt.Fprintf(a.out, "%d rules: nothing to improve\n", set.Len())
			return err
		},
	}
}
