package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/skant-dev/skant/hooks/agents"
	"github.com/skant-dev/skant/rules"
)

// agentFlags say whose settings of an agent are meant; without them the project's.
type agentFlags struct{ user, local bool }

func (f *agentFlags) register(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.user, "user", false, helpFlagAgentUser)
	cmd.Flags().BoolVar(&f.local, "local", false, helpFlagAgentLocal)
}

// agentNames returns the names of the agents that there are hooks for.
func agentNames() []string {
	var names []string
	for _, agent := range agents.All() {
		names = append(names, agent.Name)
	}
	return names
}

func findAgent(name string) (agents.Agent, error) {
	agent, ok := agents.Find(name)
	if !ok {
		return agent, withHint(fmt.Errorf("unknown agent %q", name), fmt.Sprintf(hintAgent, strings.Join(agentNames(), ", ")))
	}
	return agent, nil
}

// hooksAgent is `skant hooks install`, `uninstall` or `status` for an agent.
func (a *app) hooksAgent(cmd *cobra.Command, verb, name string, whose agentFlags) error {
	agent, err := findAgent(name)
	if err != nil {
		return err
	}
	scopes := []agents.Scope{agents.Project}
	switch {
	case whose.user && whose.local:
		return withHint(errors.New("--user and --local exclude each other"), hintAgentBoth)
	case whose.user:
		scopes = []agents.Scope{agents.User}
	case whose.local:
		scopes = []agents.Scope{agents.Local}
	case verb == "status":
		scopes = []agents.Scope{agents.Project, agents.Local, agents.User}
	}
	places, err := agentPlaces(&agent, scopes, verb == "status")
	if err != nil {
		return err
	}
	switch verb {
	case "install":
		return a.installAgent(&places[0])
	case "uninstall":
		return a.uninstallAgent(&places[0])
	default:
		return a.agentStatus(cmd, places)
	}
}

// agentPlaces returns the settings files of an agent. all leaves out the scopes that it does not have.
func agentPlaces(agent *agents.Agent, scopes []agents.Scope, all bool) ([]agents.Place, error) {
	var places []agents.Place
	for _, scope := range scopes {
		base, err := agentBase(scope)
		if err != nil {
			return nil, err
		}
		if place, ok := agent.At(scope, base); ok {
			places = append(places, place)
		} else if !all {
			return nil, noScope(agent, scope)
		}
	}
	if len(places) == 0 {
		return nil, noScope(agent, agents.Project)
	}
	return places, nil
}

func noScope(agent *agents.Agent, scope agents.Scope) error {
	err := fmt.Errorf("%s has no %s settings that hooks can be put into", agent.Title, scope)
	if agent.Manual != "" {
		return withHint(err, fmt.Sprintf(hintAgentManual, agent.Manual))
	}
	var have []string
	for _, s := range []agents.Scope{agents.Project, agents.Local, agents.User} {
		if agent.Settings[s] != "" {
			have = append(have, string(s))
		}
	}
	return withHint(err, fmt.Sprintf(hintAgentScope, agent.Title, strings.Join(have, ", ")))
}

// agentBase is the folder below which settings of a scope stand: the home folder, or the top of the project.
func agentBase(scope agents.Scope) (string, error) {
	if scope == agents.User {
		return os.UserHomeDir()
	}
	return topAround("."), nil
}

// agentCommand is what settings of a scope run. Settings that are shared name no folder of this machine.
func agentCommand(place *agents.Place) (string, error) {
	if place.Scope == agents.Project {
		return place.Agent.Command(""), nil
	}
	program, err := ownPath()
	return place.Agent.Command(program), err
}

func (a *app) installAgent(place *agents.Place) error {
	command, err := agentCommand(place)
	if err != nil {
		return err
	}
	if state, _, err := place.Status(command); err == nil && state == agents.Manual {
		return a.printAgent(place, state, msgAgentUntold)
	}
	if _, err := place.Install(command); err != nil {
		return agentRemedy(err)
	}
	if place.Scope == agents.Project && a.inPath("skant") == "" {
		return a.printAgent(place, agents.Installed, msgAgentNoSkant)
	}
	return a.printAgent(place, agents.Installed)
}

func (a *app) uninstallAgent(place *agents.Place) error {
	removed, err := place.Uninstall()
	if err != nil {
		return agentRemedy(err)
	}
	if !removed {
		_, err = io.WriteString(a.out, msgNoHooks)
		return err
	}
	return a.printAgent(place, agents.Missing)
}

// agentRemedy adds to what package agents refuses what to do instead.
func agentRemedy(err error) error {
	var malformed *agents.MalformedError
	var link *agents.LinkError
	if errors.As(err, &malformed) || errors.As(err, &link) {
		return withHint(err, hintAgentBadFile)
	}
	return err
}

func (a *app) printAgent(place *agents.Place, state agents.State, notes ...string) error {
	_, err := fmt.Fprintf(a.out, msgAgentState, place.Agent.Name, place.Scope, state, place.Path)
	for _, note := range notes {
		_, printErr := fmt.Fprintf(a.out, msgAgentNote, note)
		err = errors.Join(err, printErr)
	}
	return err
}

// agentStatus says of each settings file whether it runs skant, and tries it out.
func (a *app) agentStatus(cmd *cobra.Command, places []agents.Place) error {
	var errs []error
	works := false
	for i := range places {
		place := &places[i]
		want, err := agentCommand(place)
		if err != nil {
			return err
		}
		state, command, err := place.Status(want)
		if err != nil {
			return agentRemedy(err)
		}
		var notes []string
		switch state {
		case agents.Manual:
			notes = append(notes, msgAgentUntold)
		case agents.Installed, agents.Outdated:
			proof, good := a.tryAgent(cmd, &place.Agent, command)
			notes, works = append(notes, proof), works || good && state == agents.Installed
		}
		errs = append(errs, a.printAgent(place, state, notes...))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if !works {
		return &resultError{exitFindings}
	}
	return nil
}

// tryAgent finds out which program a command of ours runs and, if it is this one, what it makes of made-up events. Another
// program is not run: settings of a project are what a repository says.
func (a *app) tryAgent(cmd *cobra.Command, agent *agents.Agent, command string) (note string, works bool) {
	program, _ := agent.Program(command)
	path := program
	if !strings.ContainsAny(path, `/\`) {
		path = a.inPath(path)
	}
	there, err := os.Stat(path)
	if err != nil {
		return fmt.Sprintf(msgAgentGone, program), false
	}
	own, err := ownPath()
	if err != nil {
		return fmt.Sprintf(msgAgentOther, path), false
	}
	if this, err := os.Stat(own); err != nil || !os.SameFile(this, there) {
		return fmt.Sprintf(msgAgentOther, path), false
	}
	secret, err := madeUpSecret(strconv.FormatInt(a.now().UnixNano()+int64(os.Getpid()), 36))
	if err != nil {
		return err.Error(), false
	}
	for i := range agent.Hooks {
		h := &agent.Hooks[i]
		if !a.trial(cmd, agent, h.Sample(secret)) {
			return fmt.Sprintf(msgAgentUnproven, h.Event), false
		}
		if a.trial(cmd, agent, h.Sample("true")) {
			return fmt.Sprintf(msgAgentNoisy, h.Event), false
		}
	}
	return msgAgentProven, true
}

// madeUpSecret is an example of a rule, made anew for each seed.
func madeUpSecret(seed string) (string, error) {
	set, err := rules.BuiltinFor([]string{"anthropic-api-key"})
	if err != nil {
		return "", err
	}
	r := set.Lookup("anthropic-api-key")
	if r == nil || len(r.Examples.Match) == 0 {
		return "", errors.New("no rule has an example to try")
	}
	return rules.Expand(r.Examples.Match[0], seed)
}

// trial reports whether an event is stopped.
func (a *app) trial(cmd *cobra.Command, agent *agents.Agent, event []byte) bool {
	b := *a
	b.in, b.out, b.err = bytes.NewReader(event), io.Discard, io.Discard
	e, err := agent.Read(b.in, b.projectOf(agent))
	if err != nil {
		return true
	}
	j, err := b.judge(cmd, e, &scanFlags{})
	return err != nil || len(j.found) > 0 || len(j.unread) > 0
}

// inPath returns the path of a program that PATH leads to, or "".
func (a *app) inPath(name string) string {
	for _, dir := range filepath.SplitList(a.env("PATH")) {
		for _, ending := range []string{"", ".exe"} {
			path := filepath.Join(dir, name+ending)
			if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && (info.Mode()&0o111 != 0 || ending != "") && filepath.IsAbs(path) {
				return path
			}
		}
	}
	return ""
}
