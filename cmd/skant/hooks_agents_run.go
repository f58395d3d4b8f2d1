package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/skant-dev/skant/hooks/agents"
	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/scanner"
)

// agentTime is how long an event may take. Agents let go on what they had to end, so that skant has to end first.
const agentTime = 20 * time.Second

// maxTold bounds the secrets that are named in one answer.
const maxTold = 5

// judgement is what was found in an event.
type judgement struct {
	p        *prepared
	found    []agents.Found
	findings []scanner.Finding
	unread   []string
}

// runAgentHook reads an event from standard input and answers it in the words of its agent. Whatever goes wrong ends with
// the status that refuses the event, where it can be refused.
func (a *app) runAgentHook(cmd *cobra.Command, name string, f *scanFlags) (err error) {
	agent, err := findAgent(name)
	if err != nil {
		return err
	}
	if _, typed := a.terminal(a.in); typed {
		return withHint(errors.New("this is a hook: an agent runs it"), hintAgentEvent)
	}
	defer func() {
		if p := recover(); p != nil {
			a.say(msgAgentBroken, a.scrub(fmt.Sprintf(msgAgentInternal, fmt.Sprint(p))))
			err = &resultError{agents.BlockStatus}
		}
	}()
	e, err := agent.Read(a.in, a.projectOf(&agent))
	var unknown *agents.UnknownEventError
	if err != nil {
		a.say(msgAgentBroken, a.scrub(visible.Text(err.Error())))
		if errors.As(err, &unknown) {
			return &resultError{1} // agents show that and go on
		}
		return &resultError{agents.BlockStatus}
	}
	j, err := a.judge(cmd, e, f)
	if err != nil {
		a.say(msgAgentBroken, a.scrub(lines(err.Error())))
		var hint *hintError
		if errors.As(err, &hint) {
			a.say(msgHint, a.scrub(lines(hint.hint)))
		}
		return &resultError{agents.BlockStatus}
	}
	return a.answer(j.answer(e))
}

// projectOf returns what finds the top of the project that an event is about. An agent that says so by a variable is believed
// before the event, whose folder changes with every cd.
func (a *app) projectOf(agent *agents.Agent) func(folder string) string {
	return func(folder string) string {
		if agent.Variable != "" {
			if dir := a.env(agent.Variable); filepath.IsAbs(dir) {
				folder = dir
			}
		}
		return topAround(cmp.Or(folder, "."))
	}
}

// judge searches an event, with the rules and the policy of the project.
func (a *app) judge(cmd *cobra.Command, e *agents.Event, f *scanFlags) (*judgement, error) {
	own := *f
	own.noProgress, own.showSecrets, own.outputs = true, false, nil
	if own.minConfidence == "" {
		own.minConfidence = "medium"
	}
	if own.maxSize == "" {
		own.maxSize = "4GiB"
	}
	own.policy = worktreePolicy(e.Folder())
	p, err := a.prepare(cmd, &own)
	if err != nil {
		return nil, err
	}
	if own.timeout == 0 || own.timeout > agentTime {
		own.timeout = agentTime
	}
	rep, err := a.scanAs(cmd, "hook", p, e.Agent.Name, e)
	if err != nil {
		return nil, err
	}
	j := &judgement{p: p, found: e.Found(rep.Findings), findings: rep.Findings}
	for _, s := range rep.Coverage.Skipped {
		if s.Unread {
			j.unread = append(j.unread, fmt.Sprintf(msgAgentSkip, s.Reason, s.What))
		}
	}
	return j, nil
}

// answer says to the agent what came of its event. Secrets win over what could not be checked.
func (j *judgement) answer(e *agents.Event) agents.Answer {
	after := e.Hook.Phase == agents.After
	switch {
	case len(j.found) > 0 && after:
		return e.Block(j.reason(e), e.Masked(j.findings, j.p.scanner.Scrub))
	case len(j.found) > 0:
		return e.Block(j.reason(e), nil)
	case len(j.unread) > 0 && after:
		return e.Warn(j.clean(fmt.Sprintf(msgAgentUnseen, strings.Join(j.unread, "; "))))
	case len(j.unread) > 0:
		return e.Block(j.clean(fmt.Sprintf(msgAgentUnread, strings.Join(j.unread, "; "))), nil)
	default:
		return e.Pass()
	}
}

// clean makes a text fit to be shown and free of what names of files and of keys may hold.
func (j *judgement) clean(text string) string { return j.p.scanner.Scrub(lines(text)) }

// reason tells an agent what was found, where, and what to do instead.
func (j *judgement) reason(e *agents.Event) string {
	out := []string{msgAgentStopped}
	advice, stands := msgAgentAdviceWrite, j.found[0].Text.Stands
	switch {
	case e.Hook.Phase == agents.After:
		out[0], advice = msgAgentFound, msgAgentAdviceSeen
	case e.Hook.Phase == agents.Prompt:
		advice = msgAgentAdvicePrompt
	case stands:
		advice = msgAgentAdviceRead
	}
	for i, f := range j.found {
		if i == maxTold {
			out = append(out, fmt.Sprintf(msgAgentMore, len(j.found)-maxTold))
			break
		}
		at := f.Text.Field
		if f.Finding.Location.Path != "" {
			at = fmt.Sprintf(msgAgentOf, at, f.Finding.Location.Path)
		}
		at += ", " + fmt.Sprintf(msgAgentLine, f.Finding.Location.StartLine)
		out = append(out, fmt.Sprintf(msgAgentFinding, visible.Text(at), f.Finding.Title, f.Finding.RuleID, visible.Text(f.Finding.Secret.Redacted()), f.Finding.Confidence))
	}
	out = append(out, advice)
	if e.Hook.Phase != agents.After {
		out = append(out, msgAgentAllow)
	}
	return j.clean(strings.Join(out, "\n"))
}

// answer writes what an agent is to read, and ends as it expects.
func (a *app) answer(answer agents.Answer) error {
	_, err := io.WriteString(a.out, answer.Stdout)
	_, errErr := io.WriteString(a.err, answer.Stderr)
	if err = errors.Join(err, errErr); err != nil {
		return &resultError{agents.BlockStatus}
	}
	if answer.Status != 0 {
		return &resultError{answer.Status}
	}
	return nil
}
