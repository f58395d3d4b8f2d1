package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/skant-dev/skant/internal/config"
)

func newConfig(a *app) *cobra.Command {
	return group(&cobra.Command{Use: "config", Short: helpConfigShort, Long: helpConfig, Example: exampleConfig},
		newConfigShow(a), newConfigCheck(a))
}

func newConfigShow(a *app) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use: "show", Short: helpConfigShowShort, Long: helpConfigShow, Example: exampleConfigShow, Args: exactly(0, 0, hintConfigArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			policy, done, err := a.currentPolicy()
			if err != nil {
				return err
			}
			var f scanFlags
			e, err := a.settings(cmd, &f, policy)
			if err = errors.Join(policy.whole(), err, done()); err != nil {
				return err
			}
			var text []byte
			switch format {
			case "yaml":
				text, err = e.YAML()
			case "json":
				text, err = e.JSON()
			default:
				err = withHint(fmt.Errorf("unknown format %q", format), hintConfigFormat)
			}
			if err != nil {
				return err
			}
			_, err = io.WriteString(a.out, a.scrub(string(text)))
			return err
		},
	}
	cmd.Flags().StringVar(&format, "format", "yaml", helpFlagConfigFormat)
	completeWords(cmd, "format", "yaml", "json")
	return cmd
}

func newConfigCheck(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "check [FILE]", Short: helpConfigCheckShort, Long: helpConfigCheck, Example: exampleConfigCheck, Args: exactly(0, 1, hintConfigArgs),
		RunE: func(cmd *cobra.Command, args []string) error {
			policy, done, err := a.currentPolicy()
			if err != nil {
				return err
			}
			if len(args) == 1 {
				err = a.checkFile(cmd, policy, args[0])
			} else {
				err = a.checkAll(cmd, policy)
			}
			return errors.Join(err, done())
		},
	}
}

// checkAll checks everything that would hold for a scan here, and says what there is.
func (a *app) checkAll(cmd *cobra.Command, policy policyFiles) error {
	var f scanFlags
	e, err := a.settings(cmd, &f, policy)
	if err = errors.Join(policy.whole(), err); err != nil {
		return err
	}
	if err := a.checkSilence(&f, policy); err != nil {
		return err
	}
	return a.sayChecked(e, sources(e))
}

// checkSilence reads the ignore file and the baseline, which a scan does only when it has found something.
func (a *app) checkSilence(f *scanFlags, policy policyFiles) error {
	silence, err := a.loadPolicy(f)
	if err != nil {
		return err
	}
	silence.From(policy.read, policy.origin, nil)
	if err := silence.Check(); err != nil {
		return withHint(err, hintPolicyFile)
	}
	return nil
}

// checkFile checks one file as if it were the repository's, or the user's if it is that.
func (a *app) checkFile(cmd *cobra.Command, policy policyFiles, path string) error {
	data, err := readOwn(path)
	if err != nil {
		return withHint(err, hintConfigArgs)
	}
	layer := config.Repository
	if same(path, a.userFile()) {
		layer = config.User
	}
	values, err := config.Decode(data, filepath.ToSlash(path), layer)
	if err != nil {
		return withHint(err, hintConfigDocs)
	}
	var f scanFlags
	f.confFrom, f.userFolder = policy, filepath.Dir(path)
	var e *config.Effective
	if layer == config.User {
		e, err = config.Resolve(values, nil, nil, nil)
	} else {
		e, err = config.Resolve(nil, values, nil, nil)
	}
	if err == nil {
		err = checkFormats(e)
	}
	if err != nil {
		return withHint(err, hintConfigDocs)
	}
	if err := a.choose(cmd, &f, e); err != nil {
		return err
	}
	if err := a.checkSilence(&f, policy); err != nil {
		return err
	}
	if len(values) == 0 {
		a.note(fmt.Sprintf(msgConfigNothing, path))
	}
	return a.sayChecked(e, sources(e))
}

func (a *app) sayChecked(e *config.Effective, head string) error {
	active, off := e.Counts()
	text := head + fmt.Sprintf(msgConfigRules, active, active+off)
	if weak := weakened(e); weak != "" {
		text += weak + "\n"
	}
	_, err := io.WriteString(a.out, a.scrub(lines(text+msgConfigFine)))
	return err
}

// same reports whether two paths name one file.
func same(a, b string) bool {
	x, errA := os.Stat(a)
	y, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(x, y)
}
