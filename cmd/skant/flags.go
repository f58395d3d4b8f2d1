package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/skant-dev/skant/internal/config"
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
	noConfig        bool
	lineHash        bool
	plain           bool
	stream          bool
	suppressFlags
	verifyFlags

	// message says that a hook writes the report.
	message bool

	// target is a path in the repository whose policy holds; empty for the current folder. policy takes its place if it is set:
	// a change that is checked must not bring its own.
	target string
	policy policyFiles

	// What settings makes of flags, environment and configuration. Until it has run, conf is nil.
	conf       *config.Effective
	userFolder string
	// confFrom is where the repository's configuration was read. It may be closed by now.
	confFrom policyFiles
	// own are the rules of the user and the repository, nil if there are none; set is what is left of them and the built-in ones.
	own, set *rules.Set
	// off returns the rules that are switched off; nil if there are none.
	off func() *rules.Set
}

func (f *scanFlags) register(cmd *cobra.Command) {
	f.registerOutput(cmd)
	fs := cmd.Flags()
	fs.StringVar(&f.minConfidence, "min-confidence", "medium", helpFlagMinConfidence)
	fs.BoolVar(&f.includeExamples, "include-examples", false, helpFlagIncludeExamples)
	fs.StringVar(&f.maxSize, "max-size", "4GiB", helpFlagMaxSize)
	fs.DurationVar(&f.timeout, "timeout", 0, helpFlagTimeout)
	fs.BoolVar(&f.noConfig, "no-config", false, helpFlagNoConfig)
	fs.BoolVar(&f.noProgress, "no-progress", false, helpFlagNoProgress)
	f.suppressFlags.register(cmd)
	completeWords(cmd, "min-confidence", "certain", "high", "medium", "low")
}

// registerAnswering is register for a command that answers a program instead of writing a report: what concerns reports is
// neither offered nor taken.
func (f *scanFlags) registerAnswering(cmd *cobra.Command) {
	f.register(cmd)
	foreign := []string{"output", "show-secrets", "show-suppressed", "no-progress"}
	for _, name := range foreign {
		cmd.Flags().Lookup(name).Hidden = true
	}
	cmd.PreRunE = func(cmd *cobra.Command, _ []string) error {
		for _, name := range foreign {
			if cmd.Flags().Changed(name) {
				return withHint(fmt.Errorf("--%s has no meaning here: no report is written", name), fmt.Sprintf(hintFlags, cmd.CommandPath()))
			}
		}
		return nil
	}
}

// registerLineHash adds the flag of the commands that search what is checked out.
func (f *scanFlags) registerLineHash(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.lineHash, "line-hash", false, helpFlagLineHash)
}

// registerOutput adds the flags that concern what is written, which is all that a saved report needs.
func (f *scanFlags) registerOutput(cmd *cobra.Command) {
	f.outputs.register(cmd, "output", "o", helpFlagOutput)
	f.rulePaths.register(cmd, "rules", "", helpFlagRules)
	cmd.Flags().BoolVar(&f.showSecrets, "show-secrets", false, helpFlagShowSecrets)
	f.registerShown(cmd)
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
	n, err := config.ParseSize(f.maxSize)
	if err != nil || n == 0 || n > 1<<40 {
		return 0, withHint(fmt.Errorf("invalid size %q for --max-size", f.maxSize), hintSize)
	}
	return n, nil
}

// take puts what is set into the place of the flags. A command that has an output of its own keeps it, unless -o was given.
func (f *scanFlags) take(e *config.Effective, set *rules.Set) {
	if len(f.outputs) == 0 {
		for _, item := range e.Output {
			f.outputs = append(f.outputs, item.Text)
		}
	}
	f.minConfidence, f.includeExamples = string(e.MinConfidence.Is), e.IncludeExamples.Is
	f.maxSize, f.timeout = e.MaxSizeText(), e.Timeout.Is
	f.suppressFlags.take(e)
	f.takeVerify(e)
	f.conf, f.set = e, set
}

// ruleSet returns the rules that are switched on: the built-in ones, and those that the user and the repository added, whose
// examples must hold.
func (f *scanFlags) ruleSet(cmd *cobra.Command) (*rules.Set, error) {
	if f.set != nil {
		return f.set, nil
	}
	return f.withOwn(cmd, rules.Builtin())
}

// loadOwn reads files of rules, once. Those of a repository's configuration come from where that came from.
func (f *scanFlags) loadOwn(cmd *cobra.Command, files []config.Item) error {
	f.own = nil
	for _, item := range files {
		own, err := f.loadFile(item)
		if err != nil {
			if item.Origin.Layer != config.Flag {
				err = fmt.Errorf("%s: rules.files: %w", item.Origin, err)
			}
			return withHint(err, hintRules)
		}
		s, err := scanner.New(own, scanner.Options{})
		if err != nil {
			return err
		}
		if err := s.CheckExamples(cmd.Context()); err != nil {
			return withHint(err, hintRules)
		}
		if f.own == nil {
			f.own = own
		} else if f.own, err = rules.Merge(f.own, own); err != nil {
			return withHint(err, hintRules)
		}
	}
	return nil
}

func (f *scanFlags) loadFile(item config.Item) (*rules.Set, error) {
	switch {
	case item.Origin.Layer == config.Repository:
		text, err := f.confFrom.read(item.Text)
		if err != nil {
			return nil, err
		}
		set, err := rules.Read(text, item.Text)
		if err != nil {
			return nil, err
		}
		return set.Unasked(), nil // whom a secret is sent to is not for what is scanned to say
	case item.Origin.Layer == config.User && !filepath.IsAbs(item.Text):
		return rules.LoadPath(filepath.Join(f.userFolder, item.Text))
	default:
		return rules.LoadPath(item.Text)
	}
}

// withOwn adds the own rules to a set. Commands without settings have those of their flag.
func (f *scanFlags) withOwn(cmd *cobra.Command, base *rules.Set) (*rules.Set, error) {
	if f.conf == nil && f.own == nil {
		var files []config.Item
		for _, p := range f.rulePaths {
			files = append(files, config.Item{Text: p, Origin: config.Origin{Layer: config.Flag, Name: "--rules"}})
		}
		if err := f.loadOwn(cmd, files); err != nil {
			return nil, err
		}
	}
	if f.own == nil {
		return base, nil
	}
	set, err := rules.Merge(base, f.own)
	if err != nil {
		return nil, withHint(err, hintRules)
	}
	return set, nil
}

// fullRules returns the rules with everything that is said of them, those that are switched off among them.
func (f *scanFlags) fullRules(cmd *cobra.Command) (*rules.Set, error) {
	set, err := rules.BuiltinWithDocs()
	if err != nil {
		return nil, err
	}
	return f.withOwn(cmd, set)
}

// rulesOf returns the rules that are switched on, with everything that a report says of those that found something.
func (f *scanFlags) rulesOf(cmd *cobra.Command, rep *scanner.Report) (*rules.Set, error) {
	ids := make([]string, len(rep.Findings))
	for i := range rep.Findings {
		ids[i] = rep.Findings[i].RuleID
	}
	set, err := rules.BuiltinFor(ids)
	if err == nil {
		set, err = f.withOwn(cmd, set)
	}
	if err != nil || f.set == nil || f.set.Len() == set.Len() {
		return set, err
	}
	return set.Filter(func(r *rules.Rule) bool { return f.set.Lookup(r.ID) != nil }), nil
}

// options returns the engine's settings.
func (f *scanFlags) options(a *app, outs []output) (scanner.Options, error) {
	opt := scanner.Options{MinConfidence: rules.Confidence(f.minConfidence), IncludeExamples: f.includeExamples, Now: a.now()}
	if opt.MinConfidence.Rank() < 0 {
		return opt, withHint(fmt.Errorf("invalid confidence %q for --min-confidence", f.minConfidence), hintConfidence)
	}
	opt.Veil = f.off
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
