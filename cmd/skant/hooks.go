package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/skant-dev/skant/hooks"
	"github.com/skant-dev/skant/internal/repo"
)

func newHooks(a *app) *cobra.Command {
	return group(&cobra.Command{Use: "hooks", Short: helpHooksShort, Long: helpHooks, Example: exampleHooks},
		newHooksInstall(a), newHooksUninstall(a), newHooksStatus(a))
}

// hookTarget describes the repository of the current folder and this program to package hooks.
func (a *app) hookTarget(cmd *cobra.Command) (r hooks.Repo, opt hooks.Options, err error) {
	open, err := repo.Open(".", repo.Options{})
	if err != nil {
		return r, opt, withHint(err, hintRepository)
	}
	path, err := open.HooksPath(cmd.Context())
	err = errors.Join(err, open.Close())
	if err != nil {
		return r, opt, err
	}
	home, err := os.UserHomeDir()
	if err != nil {
		home = "" // it matters only for a hooks path that begins with ~/, which is then refused
	}
	r = hooks.Repo{GitDir: open.GitDir(), CommonDir: open.CommonDir(), WorkTree: open.WorkTree(), HooksPath: path, Home: home}
	if opt.Binary, err = os.Executable(); err != nil {
		return r, opt, err
	}
	opt.Binary, err = filepath.EvalSymlinks(opt.Binary)
	return r, opt, err
}

func newHooksInstall(a *app) *cobra.Command {
	var anyPath bool
	cmd := &cobra.Command{
		Use: "install", Short: helpHooksInstallShort, Long: helpHooksInstall, Args: exactly(0, 0, hintHooksArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, opt, err := a.hookTarget(cmd)
			if err != nil {
				return err
			}
			opt.AnyHooksPath = anyPath
			installed, err := hooks.Install(r, opt)
			return errors.Join(a.printHooks(installed), hookRemedy(err))
		},
	}
	cmd.Flags().BoolVar(&anyPath, "any-hooks-path", false, helpFlagAnyHooksPath)
	return cmd
}

// hookRemedy adds to what package hooks refuses what to do instead.
func hookRemedy(err error) error {
	var foreign *hooks.ForeignError
	var elsewhere *hooks.ElsewhereError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &foreign):
		return withHint(err, hintHooksForeign)
	case errors.As(err, &elsewhere):
		return withHint(err, hintHooksElsewhere)
	default:
		return err
	}
}

func newHooksUninstall(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "uninstall", Short: helpHooksUninstallShort, Args: exactly(0, 0, hintHooksArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, opt, err := a.hookTarget(cmd)
			if err != nil {
				return err
			}
			removed, err := hooks.Uninstall(r, opt)
			for _, path := range removed {
				_, printErr := fmt.Fprintf(a.out, msgHookRemoved, path)
				err = errors.Join(err, printErr)
			}
			if err == nil && len(removed) == 0 {
				_, err = io.WriteString(a.out, msgNoHooks)
			}
			return err
		},
	}
}

func newHooksStatus(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: helpHooksStatusShort, Long: helpHooksStatus, Args: exactly(0, 0, hintHooksArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, opt, err := a.hookTarget(cmd)
			if err != nil {
				return err
			}
			o, err := hooks.Status(r, opt)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.out, msgHooksFolder, o.Folder)
			if o.Elsewhere {
				_, printErr := io.WriteString(a.out, msgHooksElsewhere)
				err = errors.Join(err, printErr)
			}
			for _, path := range o.Shadowed {
				_, printErr := fmt.Fprintf(a.out, msgHookShadowed, path)
				err = errors.Join(err, printErr)
			}
			if err = errors.Join(err, a.printHooks(o.Hooks)); err != nil {
				return err
			}
			for i := range o.Hooks {
				if !o.Hooks[i].Active() {
					return &resultError{exitFindings}
				}
			}
			return nil
		},
	}
}

// printHooks says of each hook what stands there and whether git runs skant for it.
func (a *app) printHooks(list []hooks.Hook) error {
	var errs []error
	for i := range list {
		h := &list[i]
		does := msgHookIdle
		if h.Active() {
			does = msgHookActive
		}
		_, err := fmt.Fprintf(a.out, "%-18s %-14s %s\n", h.Kind.Name, h.State, does)
		errs = append(errs, err)
		for _, note := range hookNotes(h) {
			_, err := fmt.Fprintf(a.out, "  %s\n", note)
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func hookNotes(h *hooks.Hook) []string {
	var notes []string
	if h.State != hooks.Missing && !h.Executable {
		notes = append(notes, fmt.Sprintf(msgHookNotExecutable, h.Path))
	}
	if h.Binary != "" && !h.BinaryFound {
		notes = append(notes, fmt.Sprintf(msgHookNoBinary, h.Binary))
	}
	if h.Line != "" && h.State == hooks.Foreign {
		notes = append(notes, fmt.Sprintf(msgHookLine, h.Path, h.Line))
	}
	return notes
}
