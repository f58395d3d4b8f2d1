package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/skant-dev/skant/hooks"
	"github.com/skant-dev/skant/internal/repo"
)

func newHooks(a *app) *cobra.Command {
	return group(&cobra.Command{Use: "hooks", Short: helpHooksShort, Long: helpHooks, Example: exampleHooks},
		newHooksInstall(a), newHooksUninstall(a), newHooksStatus(a), newHooksRun(a))
}

// hookTarget is the repository of the current folder, as package hooks sees it, and this program. Whoever calls it closes the
// repository.
type hookTarget struct {
	hooks.Repo
	open *repo.Repository
	opt  hooks.Options
}

func (a *app) hookTarget(cmd *cobra.Command, opt hooks.Options) (*hookTarget, error) {
	open, err := repo.Open(".", repo.Options{Env: a.env})
	if err != nil {
		return nil, withHint(err, hintRepository)
	}
	t := &hookTarget{open: open, opt: opt}
	path, err := open.HooksPath(cmd.Context())
	if err == nil {
		t.opt.Binary, err = ownPath()
	}
	if err != nil {
		return nil, errors.Join(err, open.Close())
	}
	home, err := os.UserHomeDir()
	if err != nil {
		home = "" // it matters only for a hooks path that begins with ~/, which is then refused
	}
	t.Repo = hooks.Repo{GitDir: open.GitDir(), CommonDir: open.CommonDir(), WorkTree: open.WorkTree(), HooksPath: path, Home: home}
	return t, nil
}

// ownPath is the file of this program, which hooks are to run.
func ownPath() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(path)
}

// splitHookNames parts the names of git's hooks from those of agents.
func splitHookNames(names []string) (git, agents []string, err error) {
	for _, name := range names {
		_, known := hooks.FindKind(name)
		switch {
		case known || name == "all":
			git = append(git, name)
		case slices.Contains(agentNames(), name):
			agents = append(agents, name)
		default:
			var all []string
			for _, k := range hooks.Kinds() {
				all = append(all, k.Name)
			}
			return nil, nil, withHint(fmt.Errorf("unknown hook %q", name), fmt.Sprintf(hintHooksNames, strings.Join(append(all, agentNames()...), ", ")))
		}
	}
	return git, agents, nil
}

// pickKinds returns the kinds of names; none of them means otherwise.
func pickKinds(names []string, bare bool, otherwise []hooks.Kind) []hooks.Kind {
	if len(names) == 0 {
		return otherwise
	}
	wanted := map[string]bool{}
	for _, name := range names {
		wanted[name] = true
	}
	if wanted["all"] {
		for _, k := range hooks.AllKinds(bare) {
			wanted[k.Name] = true
		}
	}
	return slices.DeleteFunc(hooks.Kinds(), func(k hooks.Kind) bool { return !wanted[k.Name] })
}

// eachAgent does the same for all agents that are named. done says that there was nothing else to do.
func (a *app) eachAgent(cmd *cobra.Command, verb string, agents, git []string, global bool, whose agentFlags) (done bool, err error) {
	if (whose.user || whose.local) && (len(git) > 0 || len(agents) == 0) {
		return false, withHint(errors.New("--user and --local are for agents"), hintAgentFlags)
	}
	whose.user = whose.user || global
	for _, name := range agents {
		if err := a.hooksAgent(cmd, verb, name, whose); err != nil {
			return true, err
		}
	}
	return len(agents) > 0 && len(git) == 0, nil
}

func newHooksInstall(a *app) *cobra.Command {
	var opt hooks.Options
	var global bool
	var whose agentFlags
	cmd := &cobra.Command{
		Use: "install [HOOK...]", Short: helpHooksInstallShort, Long: helpHooksInstall, Example: exampleHooksInstall,
		ValidArgsFunction: completeHooks,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains([]string{"", "block", "allow"}, opt.OnError) {
				return withHint(fmt.Errorf("invalid value %q for --on-error", opt.OnError), hintHooksOnError)
			}
			git, agents, err := splitHookNames(args)
			if err != nil {
				return err
			}
			if done, err := a.eachAgent(cmd, "install", agents, git, global, whose); done || err != nil {
				return err
			}
			if global {
				return a.installGlobal(cmd, git, opt)
			}
			return a.installHooks(cmd, git, opt)
		},
	}
	fs := cmd.Flags()
	fs.BoolVar(&global, "global", false, helpFlagHooksGlobal)
	whose.register(cmd)
	fs.BoolVar(&opt.AnyHooksPath, "any-hooks-path", false, helpFlagAnyHooksPath)
	fs.BoolVar(&opt.Chain, "chain", false, helpFlagHooksChain)
	fs.StringVar(&opt.OnError, "on-error", "", helpFlagOnError)
	completeWords(cmd, "on-error", "block", "allow")
	return cmd
}

// completeHooks offers the names of hooks to the shell.
func completeHooks(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	words := []string{"all"}
	for _, k := range hooks.Kinds() {
		words = append(words, k.Name)
	}
	return append(words, agentNames()...), cobra.ShellCompDirectiveNoFileComp
}

func (a *app) installHooks(cmd *cobra.Command, names []string, opt hooks.Options) error {
	t, err := a.hookTarget(cmd, opt)
	if err != nil {
		return err
	}
	bare := t.open.Bare()
	if err := t.open.Close(); err != nil {
		return err
	}
	if bare && len(names) == 0 {
		return withHint(errors.New("no hook is named"), hintHooksBare)
	}
	kinds := pickKinds(names, bare, hooks.DefaultKinds())
	if opt.OnError != "" && !slices.ContainsFunc(kinds, func(k hooks.Kind) bool { return k.Server }) {
		return withHint(errors.New("--on-error without a pre-receive hook"), hintHooksOnError)
	}
	installed, err := hooks.Install(t.Repo, kinds, t.opt)
	for i := range installed {
		installed[i].Line = "" // the error says that
	}
	return errors.Join(a.printHooks(installed), hookRemedy(err))
}

// hookRemedy adds to what package hooks refuses what to do instead.
func hookRemedy(err error) error {
	var foreign *hooks.ForeignError
	var elsewhere *hooks.ElsewhereError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &foreign) && foreign.Hook.Tool == "husky", errors.As(err, &elsewhere) && elsewhere.Tool != "":
		return withHint(err, hintHooksTool)
	case foreign != nil && foreign.Hook.Line == "":
		return withHint(err, hintHooksMove)
	case foreign != nil:
		return withHint(err, hintHooksForeign)
	case elsewhere != nil:
		return withHint(err, hintHooksElsewhere)
	default:
		return err
	}
}

func newHooksUninstall(a *app) *cobra.Command {
	var global bool
	var whose agentFlags
	cmd := &cobra.Command{
		Use: "uninstall [HOOK...]", Short: helpHooksUninstallShort, Long: helpHooksUninstall, ValidArgsFunction: completeHooks,
		RunE: func(cmd *cobra.Command, args []string) error {
			git, agents, err := splitHookNames(args)
			if err != nil {
				return err
			}
			if done, err := a.eachAgent(cmd, "uninstall", agents, git, global, whose); done || err != nil {
				return err
			}
			if global {
				if len(git) > 0 {
					return withHint(errors.New("--global removes all hooks of skant"), hintHooksGlobal)
				}
				return a.uninstallGlobal(cmd)
			}
			removed, restored, err := a.uninstallHooks(cmd, git)
			return errors.Join(a.printRemoved(removed, restored, err == nil), err)
		},
	}
	cmd.Flags().BoolVar(&global, "global", false, helpFlagHooksGlobal)
	whose.register(cmd)
	return cmd
}

func (a *app) uninstallHooks(cmd *cobra.Command, names []string) (removed, restored []string, err error) {
	t, err := a.hookTarget(cmd, hooks.Options{})
	if err != nil {
		return nil, nil, err
	}
	kinds := pickKinds(names, t.open.Bare(), hooks.Kinds())
	if err := t.open.Close(); err != nil {
		return nil, nil, err
	}
	return hooks.Uninstall(t.Repo, kinds, t.opt)
}

// printRemoved says what is gone and what is back.
func (a *app) printRemoved(removed, restored []string, all bool) error {
	var errs []error
	for _, path := range removed {
		_, err := fmt.Fprintf(a.out, msgHookRemoved, path)
		errs = append(errs, err)
	}
	for _, path := range restored {
		_, err := fmt.Fprintf(a.out, msgHookRestored, path)
		errs = append(errs, err)
	}
	if all && len(removed)+len(restored) == 0 {
		_, err := io.WriteString(a.out, msgNoHooks)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
