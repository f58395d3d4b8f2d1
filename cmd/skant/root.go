package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

// newTop builds the command that all others are below.
func newTop() *cobra.Command {
	root := &cobra.Command{
		Use:           "skant",
		Short:         helpRootShort,
		Long:          helpRoot,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs,

		SuggestionsMinimumDistance: 2,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(cmd, args[0])
			}
			return cmd.Help()
		},
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return withHint(err, fmt.Sprintf(hintFlags, cmd.CommandPath()))
	})
	root.CompletionOptions.HiddenDefaultCmd = false
	return root
}

// newRoot builds the tree of all commands.
func newRoot(a *app) *cobra.Command {
	root := newTop()
	root.Version = ownVersion()
	root.SetVersionTemplate("{{.Version}}\n")
	root.AddCommand(
		newScan(a), newStaged(a), newDiff(a), newHistory(a), newCI(a), newVerify(a), newHunt(a), newRecover(a), newReport(a), newRules(a), newExplain(a),
		newTriage(a), newBaseline(a), newHooks(a), newConfig(a), newMCP(a), newVersion(a),
	)
	root.AddCommand(releaseCommands(a)...)
	return root
}

// unknownCommand names the nearest command that exists.
func unknownCommand(cmd *cobra.Command, name string) error {
	err := fmt.Errorf("unknown command %q", name)
	if near := cmd.SuggestionsFor(name); len(near) > 0 {
		return withHint(err, fmt.Sprintf(hintSuggestion, cmd.CommandPath(), near[0]))
	}
	return withHint(err, fmt.Sprintf(hintCommands, cmd.CommandPath()))
}

// group is a command that only has subcommands.
func group(cmd *cobra.Command, subs ...*cobra.Command) *cobra.Command {
	cmd.Args = cobra.ArbitraryArgs
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return unknownCommand(cmd, args[0])
		}
		return errors.Join(cmd.Help(), &resultError{exitUsage})
	}
	cmd.AddCommand(subs...)
	return cmd
}

// exactly is cobra.RangeArgs with a remedy.
func exactly(least, most int, hint string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return withHint(errors.New("an argument is missing"), hint)
		case most >= 0 && len(args) > most:
			return withHint(fmt.Errorf("unexpected argument %q", args[most]), hint)
		}
		return nil
	}
}
