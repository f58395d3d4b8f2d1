package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// scanFlags are the flags of every scanning command.
type scanFlags struct {
	outputs         list
	rulePaths       list
	minConfidence   string
	includeExamples bool
	maxSize         string
	timeout         time.Duration
	showSecrets     bool
	noProgress      bool
	noCache         bool
}

func (f *scanFlags) register(cmd *cobra.Command) {
	f.registerOutput(cmd)
	fs := cmd.Flags()
	fs.StringVar(&f.minConfidence, "min-confidence", "medium", helpFlagMinConfidence)
	fs.BoolVar(&f.includeExamples, "include-examples", false, helpFlagIncludeExamples)
	fs.StringVar(&f.maxSize, "max-size", "4GiB", helpFlagMaxSize)
	fs.DurationVar(&f.timeout, "timeout", 0, helpFlagTimeout)
	fs.BoolVar(&f.noProgress, "no-progress", false, helpFlagNoProgress)
	completeWords(cmd, "min-confidence", "certain", "high", "medium", "low")
}

// registerOutput adds the flags that concern what is written, which is all that a saved report needs.
func (f *scanFlags) registerOutput(cmd *cobra.Command) {
	f.outputs.register(cmd, "output", "o", helpFlagOutput)
	f.rulePaths.register(cmd, "rules", "", helpFlagRules)
	cmd.Flags().BoolVar(&f.showSecrets, "show-secrets", false, helpFlagShowSecrets)
	completeWords(cmd, "output", formatNames()...)
}

// completeWords offers a flag's values to the shell.
func completeWords(cmd *cobra.Command, flag string, words ...string) {
	err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
	if err != nil {
		panic(err) // the flag was registered a few lines above
	}
}

// bytes returns the size bound.
func (f *scanFlags) bytes() (int64, error) {
	n, err := parseSize(f.maxSize)
	if err != nil || n == 0 || n > 1<<40 {
		return 0, withHint(fmt.Errorf("invalid size %q for --max-size", f.maxSize), hintSize)
	}
	return n, nil
}

// ruleSet returns the built-in rules and those that the user added, whose examples must hold.
func (f *scanFlags) ruleSet(cmd *cobra.Command) (*rules.Set, error) {
	return loadRules(cmd, rules.Builtin(), f.rulePaths)
}

func loadRules(cmd *cobra.Command, base *rules.Set, paths []string) (*rules.Set, error) {
	for _, p := range paths {
		own, err := rules.LoadPath(p)
		if err != nil {
			return nil, withHint(err, hintRules)
		}
		s, err := scanner.New(own, scanner.Options{})
		if err != nil {
			return nil, err
		}
		if err := s.CheckExamples(cmd.Context()); err != nil {
			return nil, withHint(err, hintRules)
		}
		if base, err = rules.Merge(base, own); err != nil {
			return nil, withHint(err, hintRules)
		}
	}
	return base, nil
}

// fullRules returns the rules with everything that is said of them.
func (f *scanFlags) fullRules(cmd *cobra.Command) (*rules.Set, error) {
	set, err := rules.BuiltinWithDocs()
	if err != nil {
		return nil, err
	}
	return loadRules(cmd, set, f.rulePaths)
}

// rulesOf returns the rules with everything that a report says of those that found something.
func (f *scanFlags) rulesOf(cmd *cobra.Command, rep *scanner.Report) (*rules.Set, error) {
	ids := make([]string, len(rep.Findings))
	for i := range rep.Findings {
		ids[i] = rep.Findings[i].RuleID
	}
	set, err := rules.BuiltinFor(ids)
	if err != nil {
		return nil, err
	}
	return loadRules(cmd, set, f.rulePaths)
}

// options returns the engine's settings.
func (f *scanFlags) options(a *app, outs []output) (scanner.Options, error) {
	opt := scanner.Options{MinConfidence: rules.Confidence(f.minConfidence), IncludeExamples: f.includeExamples, Now: a.now()}
	if opt.MinConfidence.Rank() < 0 {
		return opt, withHint(fmt.Errorf("invalid confidence %q for --min-confidence", f.minConfidence), hintConfidence)
	}
	if key := a.env("SKANT_FINGERPRINT_KEY"); key != "" {
		opt.FingerprintKey = []byte(key)
	}
	var err error
	opt.ShowSecrets, err = f.reveal(a, outs)
	return opt, err
}

// reveal reports whether secrets are to be shown. That is refused in CI, where logs are kept and read by many, and
// confirmed on a terminal.
func (f *scanFlags) reveal(a *app, outs []output) (bool, error) {
	if !f.showSecrets {
		return false, nil
	}
	if v := a.env("CI"); v != "" && v != "false" {
		return false, withHint(errors.New("--show-secrets is refused in CI"), hintShowSecretsCI)
	}
	for _, o := range outs {
		if !o.format.mayReveal {
			return false, withHint(fmt.Errorf("--show-secrets does not work with the format %s", o.format.name), hintShowSecretsFormat)
		}
	}
	if _, ok := a.terminal(a.in); ok && !a.confirm(msgConfirmSecrets) {
		return false, withHint(errors.New("--show-secrets was not confirmed"), hintShowSecretsConfirm)
	}
	return true, nil
}
