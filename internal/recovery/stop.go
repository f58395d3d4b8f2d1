package recovery

import (
	"slices"
	"strconv"
	"strings"

	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// revokeSteps end the leak by this program, where its provider documents a request that does it: first what would be sent, then the
// sending, which asks before and proves afterwards. They are none where the program would refuse.
func revokeSteps(l *Leak, way *rules.Revocation, byHand []rules.Step, opt Options) []Step {
	command := "skant recover revoke"
	if opt.Report != "" {
		command += " --report " + visible.ShellWord(opt.Report)
	}
	command += " --only " + strconv.Itoa(l.Number)
	ask, tail := " --ask", ""
	text := []Span{{"Sends nothing. What dies: " + way.Dies, Words}}
	if way.SelfHosted {
		tail = " --verify-endpoint " + l.provider + "=<server>"
	}
	if path := repository(opt.Repository); !strings.HasPrefix(path, "<") {
		tail += " " + path
	}
	how := []Span{{"It asks you once, sends once, and then asks the provider: done when it says that the secret is dead.", Words}}
	if way.Undo == "" {
		how = append(how, Span{" It cannot be undone.", Words})
	}
	first := Step{Title: words("See what would be sent, and what dies of it"), Text: text, Run: command + tail}
	then := Step{Title: words("Revoke it, and have it proven"), Text: how, Run: command + ask + tail}
	for _, s := range []*Step{&first, &then} {
		if way.SelfHosted {
			s.Missing = []Missing{{Name: "server"}}
		}
	}
	if i := slices.IndexFunc(byHand, func(s rules.Step) bool { return s.Phase == rules.Stop && s.Link != "" }); i >= 0 {
		then.Link, then.Other = byHand[i].Link, true
	}
	if way.Admin.Env == "" {
		return []Step{first, then}
	}
	key := Step{Title: words("Have another key at hand: `" + way.Admin.Env + "`"), Text: words("It holds " + way.Admin.Is + "." + waiting),
		Run: "read -rs " + way.Admin.Env + ` && [ "$` + way.Admin.Env + `" ] && export ` + way.Admin.Env}
	return []Step{first, key, then}
}

// revocable returns how a leak is ended by one request, as far as this program would do it.
func revocable(l *Leak, f *scanner.Finding, set *rules.Set) (rules.Revocation, bool) {
	if l.gone() {
		return rules.Revocation{}, false
	}
	return Revocable(f, set)
}

// Revocable returns how the secret of a finding is ended by one request, as far as this program would do it, and whether it would.
func Revocable(f *scanner.Finding, set *rules.Set) (rules.Revocation, bool) {
	r := set.Lookup(f.RuleID)
	if r == nil || f.Example || f.Facts["canary"] != "" {
		return rules.Revocation{}, false
	}
	if f.Secret.Known() {
		return set.RevocationFor(r, f.Secret.Reveal())
	}
	return set.RevocationOf(r)
}

// proofSteps are the question whether a leak is dead, where its playbook has none and its provider can be asked.
func proofSteps(l *Leak, set *rules.Set, steps []rules.Step, opt Options) []Step {
	r := set.Lookup(l.RuleID)
	if r == nil || slices.ContainsFunc(steps, func(s rules.Step) bool { return strings.Contains(s.Run, "skant verify") }) {
		return nil
	}
	checks := slices.DeleteFunc(slices.Clone(set.ChecksOf(r)), func(c rules.Liveness) bool { return c.Uncheckable != "" })
	if len(checks) == 0 {
		return nil
	}
	out := Step{Title: words("Prove that it is dead"), Text: words("Asks the provider once, with a request that only reads. The command waits for the " +
		"value and does not show it. Exit status 0: dead; 1: alive; 3: not known, so ask again.")}
	out.Run = "skant verify --rule " + visible.ShellWord(l.RuleID)
	if slices.ContainsFunc(checks, func(c rules.Liveness) bool { return len(c.Needs) > 0 }) {
		source, ok := fileOf(l, opt)
		if !ok {
			return nil // one line cannot hold what is asked for
		}
		out.Run = source + " | " + out.Run
		out.Text = words("Asks the provider once, with a request that only reads. It needs more than the value alone, so the file is given as it was. " +
			"Exit status 0: dead; 1: alive; 3: not known, so ask again.")
	}
	if slices.ContainsFunc(checks, func(c rules.Liveness) bool { return c.SelfHosted }) {
		out.Run += " --verify-endpoint " + r.Provider + "=<server>"
		out.Missing = []Missing{{Name: "server"}}
		out.Text = append(out.Text, Span{" Name the server yourself, as https://HOST: one that stands beside a secret is never asked.", Words})
	}
	return []Step{out}
}

// fileOf is a command that prints a file as it was when it held the leak.
func fileOf(l *Leak, opt Options) (string, bool) {
	repo := repository(opt.Repository)
	for i := range l.Places {
		p := &l.Places[i]
		if p.Kind == scanner.KindCommitContent && p.Member == "" && isID(p.Object) && !strings.HasPrefix(repo, "<") {
			return "git -C " + repo + " cat-file -p " + p.Object, true
		}
	}
	return "", false
}

// gone says that the provider does not take the leak any more.
func (l *Leak) gone() bool { return l.Verdict == scanner.Dead || l.Verdict == scanner.Expired }

// stops are the steps of page one, and those that do the same by hand and stand behind it.
func (l *Leak) stops() (first, behind []Step) {
	for i := range l.Phases {
		if l.Phases[i].Phase == rules.Stop {
			first = l.Phases[i].Steps
		}
	}
	if l.gone() {
		return nil, first
	}
	if len(l.Program) > 0 {
		return l.Program, first
	}
	return first, nil
}

// waiting says what a command waits for: nothing on the screen does.
const waiting = " It waits: paste the value, then Enter; nothing is shown."

// awaits reports whether a command reads a value from the terminal.
func awaits(run string) bool { return strings.Contains(run, "read -rs") }
