package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/skant-dev/skant/hooks"
	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/rules"
)

func newHooksStatus(a *app) *cobra.Command {
	var global bool
	var whose agentFlags
	cmd := &cobra.Command{
		Use: "status [HOOK...]", Short: helpHooksStatusShort, Long: helpHooksStatus, ValidArgsFunction: completeHooks,
		RunE: func(cmd *cobra.Command, args []string) error {
			git, agents, err := splitHookNames(args)
			if err != nil {
				return err
			}
			if done, err := a.eachAgent(cmd, "status", agents, git, global, whose); done || err != nil {
				return err
			}
			if global {
				return a.globalStatus(cmd)
			}
			return a.hooksStatus(cmd, git)
		},
	}
	cmd.Flags().BoolVar(&global, "global", false, helpFlagHooksGlobal)
	whose.register(cmd)
	return cmd
}

// hooksStatus tells of each hook, tries those of skant, and ends with a status of 1 unless all that is installed works.
func (a *app) hooksStatus(cmd *cobra.Command, names []string) error {
	t, err := a.hookTarget(cmd, hooks.Options{})
	if err != nil {
		return err
	}
	bare := t.open.Bare()
	configured, err := t.open.ConfigHooks(cmd.Context())
	if err = errors.Join(err, t.open.Close()); err != nil {
		return err
	}
	o, err := hooks.Status(t.Repo, t.opt)
	if err != nil {
		return err
	}
	if err := a.printFolder(o); err != nil {
		return err
	}
	s := &hookStatus{a: a, cmd: cmd}
	kinds := pickKinds(names, bare, hooks.Kinds())
	for i := range o.Hooks {
		h := &o.Hooks[i]
		usual := slices.ContainsFunc(hooks.AllKinds(bare), func(k hooks.Kind) bool { return k.Name == h.Kind.Name })
		if !slices.ContainsFunc(kinds, func(k hooks.Kind) bool { return k.Name == h.Kind.Name }) ||
			len(names) == 0 && !usual && h.State == hooks.Missing && h.Kept == "" {
			continue
		}
		if err := s.file(h); err != nil {
			return err
		}
	}
	for _, h := range configured {
		if err := s.configured(h, kinds); err != nil {
			return err
		}
	}
	if s.broken || s.working == 0 || len(o.Shadowed) > 0 {
		return &resultError{exitFindings}
	}
	return nil
}

// printFolder says where git looks, and why there.
func (a *app) printFolder(o *hooks.Overview) error {
	_, err := fmt.Fprintf(a.out, msgHooksFolder, o.Folder)
	errs := []error{err}
	add := func(on bool, format string, args ...any) {
		if on {
			_, err := fmt.Fprintf(a.out, format, args...)
			errs = append(errs, err)
		}
	}
	add(o.Elsewhere, msgHooksElsewhere)
	add(o.Linked, msgHooksLinked)
	for _, name := range []string{"GIT_DIR", "GIT_COMMON_DIR", "GIT_CONFIG_COUNT", "GIT_CONFIG_PARAMETERS"} {
		add(a.env(name) != "", msgHooksVariable, name)
	}
	for _, path := range o.Shadowed {
		add(true, msgHookShadowed, path)
	}
	return errors.Join(errs...)
}

// hookStatus counts what works.
type hookStatus struct {
	a       *app
	cmd     *cobra.Command
	working int
	// broken says that something is installed and does not work.
	broken bool
}

// file tells of a hook that is a file.
func (s *hookStatus) file(h *hooks.Hook) error {
	notes := hookNotes(h)
	works := h.Active()
	switch {
	case !works:
	case !h.Ours() || h.Through:
		notes = append(notes, msgHookNotTried)
	default:
		var note string
		note, works = s.a.tryHook(s.cmd, repo.TrialHook{Kind: h.Kind.Name, Path: h.Path})
		notes = append(notes, note)
	}
	s.count(works, h.Ours() || h.State == hooks.Chained)
	return s.a.printHook(h.Kind.Name, string(h.State), works, notes)
}

// configured tells of a hook of ours in git's configuration.
func (s *hookStatus) configured(h repo.ConfigHook, kinds []hooks.Kind) error {
	for _, k := range kinds {
		if !slices.Contains(h.Events, k.Name) || !strings.Contains(h.Command, "hooks run "+k.Name) || !strings.Contains(h.Command, "skant") {
			continue
		}
		notes := []string{fmt.Sprintf(msgHookConfigFrom, h.Name)}
		git, err := repo.AskUserGit(s.cmd.Context(), "", s.a.env)
		if err != nil {
			return err
		}
		works := false
		switch {
		case !git.RunsConfigHooks():
			notes = []string{fmt.Sprintf(msgHookConfigOldGit, h.Name, git.Major, git.Minor)}
		case h.Disabled:
			notes = []string{fmt.Sprintf(msgHookConfigOff, h.Name)}
		default:
			var note string
			note, works = s.a.tryHook(s.cmd, repo.TrialHook{Kind: k.Name, Command: h.Command})
			notes = append(notes, note)
		}
		s.count(works, true)
		if err := s.a.printHook(k.Name, msgHookConfigured, works, notes); err != nil {
			return err
		}
	}
	return nil
}

func (s *hookStatus) count(works, installed bool) {
	if works {
		s.working++
	} else if installed {
		s.broken = true
	}
}

// tryHook has git run a hook on a key that is made up, and that nobody has ever been given.
func (a *app) tryHook(cmd *cobra.Command, hook repo.TrialHook) (note string, works bool) {
	const rule = "anthropic-api-key"
	key, err := rules.Expand(`ANTHROPIC_API_KEY=<<anthropic "sk-ant-api03-">>`, fmt.Sprint(a.now().UnixNano()))
	if err != nil {
		return fmt.Sprintf(msgHookNoTrial, err), false
	}
	trial, err := repo.TryHook(cmd.Context(), "", hook, []byte(key+"\n"))
	title := rule
	if r := rules.Builtin().Lookup(rule); r != nil {
		title = r.Title
	}
	switch {
	case err != nil:
		return fmt.Sprintf(msgHookNoTrial, a.scrub(lines(err.Error()))), false
	case !trial.Blocked:
		return msgHookNotStopped, false
	case !strings.Contains(trial.Output, rule) && !strings.Contains(trial.Output, title):
		first, _, _ := strings.Cut(strings.TrimSpace(trial.Output), "\n")
		return fmt.Sprintf(msgHookOtherStop, a.scrub(visible.Text(first))), false
	default:
		return msgHookProved, true
	}
}

// printHooks says of each hook what stands there and whether git runs skant for it.
func (a *app) printHooks(list []hooks.Hook) error {
	var errs []error
	for i := range list {
		h := &list[i]
		errs = append(errs, a.printHook(h.Kind.Name, string(h.State), h.Active(), hookNotes(h)))
	}
	return errors.Join(errs...)
}

func (a *app) printHook(name, state string, works bool, notes []string) error {
	does := msgHookIdle
	if works {
		does = msgHookActive
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%-18s %-14s %s\n", name, state, does)
	for _, note := range notes {
		text.WriteString("  " + strings.ReplaceAll(note, "\n", "\n  ") + "\n")
	}
	_, err := io.WriteString(a.out, text.String())
	return err
}

func hookNotes(h *hooks.Hook) []string {
	var notes []string
	add := func(on bool, format string, args ...any) {
		if on {
			notes = append(notes, fmt.Sprintf(format, args...))
		}
	}
	add(h.State != hooks.Missing && !h.Executable && (h.Line != "" || h.State != hooks.Foreign), msgHookNotExecutable, h.Path)
	add(h.State == hooks.Outdated, msgHookOutdated, h.Kind.Name)
	add(h.Binary != "" && !h.BinaryFound, msgHookNoBinary, h.Binary, h.Kind.Name)
	add(h.Through, msgHookThrough, h.Tool)
	add(h.Tool != "" && !h.Through, msgHookTool, h.Tool)
	add(h.OnError != "", msgHookOnError, h.OnError)
	switch {
	case h.Kept == "":
	case !h.Ours():
		add(h.State != hooks.Missing, msgHookKeptOrphan, h.Kept)
		add(h.State == hooks.Missing, msgHookKeptAlone, h.Kept, h.Kind.Name)
	case h.KeptIdle:
		add(true, msgHookKeptIdle, h.Kept)
	default:
		add(true, msgHookKept, h.Kept)
	}
	if h.Line != "" && h.State == hooks.Foreign {
		add(h.File == "", msgHookLine, h.Path, h.Line)
		add(h.File != "", msgHookLines+"\n    %s", h.File, strings.ReplaceAll(h.Line, "\n", "\n    "))
	}
	return notes
}
