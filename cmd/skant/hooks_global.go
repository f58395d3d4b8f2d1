package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/skant-dev/skant/hooks"
	"github.com/skant-dev/skant/internal/repo"
)

// globalHooks is what git is and knows for this user, as package hooks sees it.
func (a *app) globalHooks(cmd *cobra.Command) (hooks.Global, error) {
	git, err := repo.AskUserGit(cmd.Context(), "", a.env)
	if err != nil {
		return hooks.Global{}, err
	}
	config, err := os.UserConfigDir()
	if err != nil {
		return hooks.Global{}, err
	}
	return hooks.Global{
		ConfigFile: git.ConfigFile, ConfigHooks: git.RunsConfigHooks(), TemplateDir: git.TemplateDir, TemplateFrom: git.TemplateFrom,
		OwnTemplate: filepath.Join(config, "skant", "git-template"),
		Check: func(file string, want map[string]string) error {
			return git.CheckConfig(cmd.Context(), file, want)
		},
	}, nil
}

func (a *app) installGlobal(cmd *cobra.Command, names []string, opt hooks.Options) error {
	g, err := a.globalHooks(cmd)
	if err == nil {
		opt.Binary, err = ownPath()
	}
	if err != nil {
		return err
	}
	kinds := pickKinds(names, false, hooks.DefaultKinds())
	server := slices.ContainsFunc(kinds, func(k hooks.Kind) bool { return k.Server })
	if opt.OnError != "" && (g.ConfigHooks || !server) {
		return withHint(errors.New("--on-error with --global"), hintHooksSetting)
	}
	state, err := g.Install(kinds, opt)
	if err != nil {
		return hookRemedy(err)
	}
	return a.printGlobal(state, g)
}

func (a *app) uninstallGlobal(cmd *cobra.Command) error {
	g, err := a.globalHooks(cmd)
	if err != nil {
		return err
	}
	removed, restored, changed, err := g.Uninstall(hooks.Options{})
	if changed {
		_, printErr := fmt.Fprintf(a.out, msgGlobalCut, g.ConfigFile)
		err = errors.Join(err, printErr)
	}
	return errors.Join(a.printRemoved(removed, restored, err == nil && !changed), err)
}

func (a *app) globalStatus(cmd *cobra.Command) error {
	g, err := a.globalHooks(cmd)
	if err != nil {
		return err
	}
	var opt hooks.Options
	if opt.Binary, err = ownPath(); err != nil {
		return err
	}
	state, err := g.Status(opt)
	if err != nil {
		return err
	}
	if err := a.printGlobal(state, g); err != nil {
		return err
	}
	broken := len(state.Configured) > 0 && !g.ConfigHooks
	working := len(state.Configured) > 0
	for i := range state.Hooks {
		h := &state.Hooks[i]
		working = working || h.Active()
		broken = broken || h.Ours() && !h.Active()
	}
	if broken || !working {
		return &resultError{exitFindings}
	}
	return nil
}

// printGlobal says what git does in all repositories.
func (a *app) printGlobal(state *hooks.GlobalState, g hooks.Global) error {
	var errs []error
	say := func(format string, args ...any) {
		_, err := fmt.Fprintf(a.out, format, args...)
		errs = append(errs, err)
	}
	if len(state.Configured) > 0 {
		say(msgGlobalConfig, state.ConfigFile)
		for _, k := range state.Configured {
			does := msgHookActive
			if !g.ConfigHooks {
				does = msgHookIdle
			}
			say(msgGlobalRow, k.Name, does)
		}
		if state.Outdated {
			say(msgGlobalOutdated)
		}
	}
	var ours []hooks.Hook
	for i := range state.Hooks {
		if h := &state.Hooks[i]; h.Ours() || h.State == hooks.Chained {
			ours = append(ours, *h)
		}
	}
	if len(ours) > 0 {
		say(msgGlobalTemplate, state.TemplateDir)
		errs = append(errs, a.printHooks(ours))
		say(msgGlobalOlder)
		if g.ConfigHooks {
			say(msgGlobalBoth)
		}
	}
	if len(state.Configured)+len(ours) == 0 {
		say(msgGlobalNone)
	}
	return errors.Join(errs...)
}
