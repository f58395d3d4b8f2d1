package main

import (
	"fmt"
	"strings"

	"github.com/skant-dev/skant/internal/recovery"
	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/internal/verify"
	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// head names a secret.
func (r *revokeRun) head(l *layout, d *doomed) {
	l.line(l.tint.Strong(fmt.Sprintf("%d  %s  %s", d.number, visible.Text(d.first.Title), visible.Text(d.first.Secret.Redacted()))))
	l.wrapped("fingerprint "+visible.Text(d.first.Fingerprint)+", "+where(d), "  ")
	for _, name := range []string{"partial_key_hint", "account", "account_id", "key_id", "user", "team"} {
		if value := d.first.Facts[name]; value != "" {
			l.wrapped(visible.Text(strings.ReplaceAll(name, "_", " ")+": "+value), "  ")
		}
	}
}

// where says where a secret stands.
func where(d *doomed) string {
	at := &d.first.Location
	place := string(at.Kind)
	if at.Path != "" {
		place = at.Path
		if at.StartLine > 0 {
			place = fmt.Sprintf("%s:%d", at.Path, at.StartLine)
		}
	}
	if at.Commit != nil && len(at.Commit.ID) >= 12 {
		place += " (" + at.Commit.ID[:12] + ")"
	}
	text := fmt.Sprintf(msgRevokeFoundAt, visible.Text(place))
	if d.places > 1 {
		text = fmt.Sprintf(msgRevokeMore, text, d.places-1)
	}
	return text
}

// would writes what is sent and what dies of it.
func (r *revokeRun) would(l *layout, d *doomed) {
	way := &d.ending.Way
	label := labelRevokeWould
	if r.sends() {
		label = labelRevokeSends
	}
	field := func(label, text string) {
		if text != "" {
			l.hanging("  "+label, "          ", text)
		}
	}
	l.line("  " + label)
	for _, asked := range d.ending.Asked(r.cmd.Context()) {
		request := layout{width: l.width, tint: l.tint, scrub: l.scrub}
		request.asked(asked)
		for line := range strings.Lines(request.String()) {
			l.line("  " + strings.TrimRight(line, "\n"))
		}
	}
	if way.Finds() && d.ending.Found == nil {
		l.wrapped(msgRevokeUpper, "  ")
	}
	for _, found := range d.ending.Found {
		field(labelRevokeFound, strings.ReplaceAll(found[0], "_", " ")+" "+found[1])
	}
	field(labelRevokeDies, visible.Text(way.Dies))
	field(labelRevokeSpares, visible.Text(way.Spares))
	if way.Undo == "" {
		field(labelRevokeUndo, msgRevokeForever)
	} else {
		field(labelRevokeUndo, visible.Text(way.Undo))
	}
	field(labelRevokeDocs, visible.Text(way.Documented))
}

// how writes the command that does what would be done, of the same report, servers and repository: a number elsewhere is another secret.
func (r *revokeRun) how(l *layout, d *doomed) {
	words := "skant recover revoke --ask --only " + d.first.Fingerprint
	if r.saved() {
		words += " --report " + visible.ShellWord(r.report)
	}
	if r.file != "" {
		words += " --incident " + visible.ShellWord(r.file)
	}
	l.line("  " + l.scrub(fmt.Sprintf(msgRevokeDo, words+r.servers()+r.at())))
	l.line("  " + msgRevokeDoScript)
	l.line("")
}

// again is the command that asks about a secret again.
func (r *revokeRun) again(d *doomed) string {
	report := "FILE"
	if r.saved() {
		report = visible.ShellWord(r.report)
	}
	return "skant verify --report " + report + " --finding " + d.first.Fingerprint + r.servers() + r.at()
}

// saved reports whether there is a report that a later command can read, too: what came from standard input is gone.
func (r *revokeRun) saved() bool { return r.report != "" && r.report != "-" }

// servers are the endpoints that were named on the command line, as they stand in a command.
func (r *revokeRun) servers() string {
	var b strings.Builder
	for _, endpoint := range r.named {
		b.WriteString(" --verify-endpoint " + visible.ShellWord(endpoint))
	}
	return b.String()
}

// cannot writes why skant does not revoke a secret, and what a person does.
func (r *revokeRun) cannot(l *layout, d *doomed, why, do string) {
	l.wrapped(fmt.Sprintf(msgRevokeCannot, visible.Text(strings.TrimSpace(why+" "+do))), "  ")
	r.playbook(l, d)
}

// playbook writes the steps that stop a secret, for a person to take.
func (r *revokeRun) playbook(l *layout, d *doomed) {
	defer l.line("")
	if d.first.Facts["canary"] != "" || d.first.Example {
		return
	}
	for i := range r.plan.Leaks {
		leak := &r.plan.Leaks[i]
		if leak.Fingerprint != d.first.Fingerprint {
			continue
		}
		l.line("  " + msgRevokePlaybook)
		for _, section := range leak.Phases {
			if section.Phase == rules.Stop {
				steps(l, section.Steps)
			}
		}
		return
	}
	l.wrapped(msgRevokeNoBook, "  ")
}

func steps(l *layout, list []recovery.Step) {
	for i := range list {
		step := &list[i]
		l.hanging("  - ", "    ", spans(step.Title))
		for line := range strings.Lines(step.Run) {
			l.line("      " + visible.Text(strings.TrimRight(line, "\n")))
		}
		if step.Link != "" {
			l.line("      " + visible.Text(step.Link))
		}
	}
}

// spans writes words and values of a step as one text.
func spans(list []recovery.Span) string {
	var b strings.Builder
	for _, s := range list {
		b.WriteString(visible.Text(s.Text))
	}
	return b.String()
}

// said writes what the provider answered.
func (r *revokeRun) said(l *layout, a *verify.Answered) {
	answer := a.Says
	if a.Exchange.Status > 0 {
		answer = fmt.Sprintf("HTTP %d. %s", a.Exchange.Status, answer)
	}
	l.hanging("  "+labelRevokeAnswer, "          ", visible.Text(strings.TrimSpace(answer+" "+a.Do)))
	if a.Verdict != rules.Revoked && a.Exchange.Body != "" {
		l.body(a.Exchange.Body)
	}
}

// verdict writes whether a secret is alive.
func (r *revokeRun) verdict(l *layout, label string, res verify.Result) {
	text := verdictMeans(res.Verdict)
	if res.Verification.Says != "" {
		text += ". " + cutLine(res.Verification.Says)
	}
	l.hanging("  "+label, "          ", visible.Text(text))
	if res.Verification.Do != "" && res.Verdict != scanner.Live && res.Verdict != scanner.Restricted {
		l.wrapped(cutLine(visible.Text(res.Verification.Do)), "          ")
	}
	if res.Verdict == scanner.Live || res.Verdict == scanner.Restricted {
		for _, fact := range report.Learned(&res.Verification) {
			l.line("          " + fact)
		}
	}
}
