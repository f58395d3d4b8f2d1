package recovery

import (
	"bufio"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// Bounds of the runbook: leaks whose steps are written out, and rows in the table of places of one leak. What is beyond
// is named or counted.
const (
	maxLeaks  = 100
	maxPlaces = 500
)

// Markdown writes the plan as GitHub-flavoured Markdown: page one is the first fifteen minutes, then come the phases
// of each leak, the work on the repository and the incident record. It returns the first error of w.
func (p *Plan) Markdown(w io.Writer) error {
	m := &markdown{out: bufio.NewWriter(w)}
	m.line("# Leak runbook: " + code(nonEmpty(p.Target, "this repository")))
	m.line("")
	m.warning(&p.Coverage, len(p.Leaks) > 0)
	switch {
	case len(p.Leaks) == 0 && !p.Coverage.Complete:
		m.line("No secret was found in what could be read.")
	case len(p.Leaks) == 0:
		m.line("No secret was found, so there is nothing to recover from.")
	default:
		m.line("One incident: **" + number(len(p.Leaks), "secret") + "** in **" + number(p.Total(), "place") + "**, found " +
			date(p.ReportedAt) + ". Tick the boxes as you go; keep this file out of public places, it says where the secrets are.")
	}
	m.notCounted(p)
	m.line("")
	if len(p.Leaks) > 0 {
		m.firstPage(p)
		for i := range p.Leaks[:min(len(p.Leaks), maxLeaks)] {
			m.phases(&p.Leaks[i], i+1)
		}
		m.repository(p)
	}
	m.coverage(&p.Coverage)
	m.record(p.Record)
	return m.out.Flush()
}

// markdown writes lines; an error of the writer below is kept by the buffer and returned by its Flush.
type markdown struct {
	out   *bufio.Writer
	blank bool
}

// line writes a line; of several empty lines in a row one is written.
func (m *markdown) line(s string) {
	if s == "" && m.blank {
		return
	}
	m.blank = s == ""
	_, _ = m.out.WriteString(s + "\n")
}

// warning says on top that the scan is incomplete: what was not read may hold more.
func (m *markdown) warning(c *scanner.Coverage, found bool) {
	if c.Complete {
		return
	}
	m.line("> [!WARNING]")
	if found {
		m.line("> **The scan is incomplete: there may be more secrets, and more places of these.**")
	} else {
		m.line("> **The scan is incomplete: that nothing was found proves nothing.**")
	}
	for _, s := range c.Skipped {
		if s.Unread {
			m.line("> - " + escape(s.What) + " not read (" + strconv.FormatInt(s.Count, 10) + "): " + escape(s.Reason))
		}
	}
	m.line("")
}

func (m *markdown) notCounted(p *Plan) {
	if p.Suppressed > 0 {
		m.line("")
		m.line(number(p.Suppressed, "more finding") + " suppressed, not part of this plan.")
	}
	if p.Hidden > 0 {
		m.line("")
		m.line(number(p.Hidden, "more finding") + " of less confidence than was asked for, not part of this plan.")
	}
}

// firstPage is the first fifteen minutes: for each leak what, where, since when, and how to stop it.
func (m *markdown) firstPage(p *Plan) {
	m.line("## The first fifteen minutes")
	m.line("")
	m.line("Stop every secret, in this order, before anything else. Removing it from the files or from history does not stop it.")
	if len(p.Leaks) > 1 {
		m.overview(p)
	}
	for i := range p.Leaks[:min(len(p.Leaks), maxLeaks)] {
		l := &p.Leaks[i]
		m.line("")
		m.line("### " + strconv.Itoa(i+1) + ". " + escape(l.Title) + " " + code(l.Redacted))
		m.line("")
		m.about(l, p.ReportedAt)
		if l.Why != "" {
			m.line("")
			m.line(author(l.Why))
		}
		m.line("")
		if l.Verdict == scanner.Dead || l.Verdict == scanner.Expired {
			m.line("Its provider does not take it any more, so there may be nothing left to stop: make sure of that, and go on with what was done while it was taken.")
			m.line("")
		}
		if l.General {
			m.line("The rule " + code(l.RuleID) + " has no recovery steps of its own; these fit every credential.")
			m.line("")
		}
		for j := range l.Phases {
			if l.Phases[j].Phase == rules.Stop {
				m.steps(l.Phases[j].Steps)
			}
		}
	}
	m.line("")
}

// overview is a table of all leaks, one row each.
func (m *markdown) overview(p *Plan) {
	m.line("")
	m.line("| | Secret | Value | Where | Since | In use now? | Alive? |")
	m.line("|---|---|---|---|---|---|---|")
	for i := range p.Leaks {
		l := &p.Leaks[i]
		since, verdict := "", "not asked"
		if !l.First.IsZero() {
			since = l.First.UTC().Format(time.DateOnly)
		}
		if l.Verdict != scanner.NotAsked {
			verdict = escape(string(l.Verdict))
		}
		if l.alive() {
			verdict = "**" + verdict + "**"
		}
		m.line("| " + strconv.Itoa(i+1) + " | " + escape(l.Title) + " | " + codeCell(l.Redacted) + " | " + locate(&l.Places[0]) +
			more(len(l.Places)-1) + " | " + since + " | " + inUse(l) + " | " + verdict + " |")
	}
	if n := len(p.Leaks) - maxLeaks; n > 0 {
		m.line("")
		m.line("The steps of the first " + strconv.Itoa(maxLeaks) + " follow. For the other " + strconv.Itoa(n) +
			" do the same, secret by secret, or write a runbook of a report that has only those.")
	}
}

func more(n int) string {
	if n < 1 {
		return ""
	}
	return " and " + strconv.Itoa(n) + " more"
}

// about is the table of facts of one leak.
func (m *markdown) about(l *Leak, now time.Time) {
	m.line("| | |")
	m.line("|---|---|")
	row := func(name, value string) { m.line("| " + name + " | " + value + " |") }
	row("Severity", escape(string(l.Severity))+", "+escape(string(l.Confidence))+" confidence")
	alive := verdictWords(l.Verdict)
	if l.alive() {
		alive = "**" + alive + "**"
	}
	row("Alive?", alive)
	for _, r := range verified(l.Verification) {
		row(r[0], escape(r[1]))
	}
	where := locate(&l.Places[0])
	if more := len(l.Places) - 1; more > 0 {
		where += " and " + number(more, "more place") + ", listed below"
	}
	row("Where", where)
	if !l.First.IsZero() {
		row("Since", date(l.First)+age(l.First, now))
	} else {
		row("Since", "not known")
	}
	row("In use now?", inUse(l))
	if l.RefCount > 0 {
		row("Reached by", refs(l))
	}
	for _, f := range l.Facts {
		if f.Value != l.Redacted {
			row(escape(strings.ReplaceAll(f.Name, "_", " ")), codeCell(f.Value))
		}
	}
	if len(l.Reasons) > 0 {
		row("Because", escape(strings.Join(l.Reasons, "; ")))
	}
}

func inUse(l *Leak) string {
	switch {
	case l.InHead && l.Places[0].Known:
		return "yes, it is in HEAD"
	case l.Places[0].Kind == scanner.KindStdin:
		return "not known"
	case l.InHead:
		return "yes, it is in the " + kindWords(l.Places[0].Kind)
	case l.Places[0].Known:
		return "not in HEAD, only in history"
	default:
		return "not known"
	}
}

func refs(l *Leak) string {
	const shown = 3
	var names []string
	for _, r := range l.Refs[:min(len(l.Refs), shown)] {
		names = append(names, codeCell(r))
	}
	text := strings.Join(names, ", ")
	switch more := l.RefCount - len(names); {
	case len(names) == 0:
		return number(l.RefCount, "ref")
	case more > 0:
		text += " and " + number(more, "more ref")
	}
	return text
}

// phases are the later steps of one leak. Those that stop it are on page one.
func (m *markdown) phases(l *Leak, n int) {
	m.line("## " + strconv.Itoa(n) + ". " + escape(l.Title) + " " + code(l.Redacted))
	m.line("")
	m.line("Rule " + code(l.RuleID) + ", fingerprint " + code(l.Fingerprint) + ".")
	for i := range l.Phases {
		s := &l.Phases[i]
		m.line("")
		m.line("### " + s.Title)
		m.line("")
		if s.Phase == rules.Stop {
			m.line(number(len(s.Steps), "step") + ", on page one.")
			continue
		}
		m.steps(s.Steps)
	}
	if len(l.Docs) > 0 {
		m.line("")
		for _, link := range l.Docs {
			m.line("- " + autolink(link))
		}
	}
	m.line("")
}

func (m *markdown) steps(steps []Step) {
	for i := range steps {
		s := &steps[i]
		m.line("- [ ] **" + strings.TrimSpace(inline(s.Title)) + "**" + uncertain(s))
		if len(s.Text) > 0 {
			m.line("")
			m.line("  " + inline(s.Text))
		}
		if s.Run != "" {
			m.line("")
			m.fenced(s.Run, "  ")
		}
		if len(s.Missing) > 0 {
			m.line("")
			m.line("  Fill in yourself: " + gaps(s.Missing) + ".")
		}
		if s.Link != "" {
			m.line("")
			m.line("  Page: " + autolink(s.Link))
		}
		m.line("")
	}
}

func uncertain(s *Step) string {
	if s.Uncertain {
		return " (the provider does not document this)"
	}
	return ""
}

func gaps(missing []Missing) string {
	var out []string
	for _, g := range missing {
		text := code("<" + g.Name + ">")
		if g.Value != "" {
			text += " (" + code(g.Value) + "; check it before you paste it)"
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

// fenced writes commands in a fence that nothing in them can close.
func (m *markdown) fenced(run, indent string) {
	fence := strings.Repeat("`", max(3, longestRun(run, '`')+1))
	m.line(indent + fence + "sh")
	for l := range strings.SplitSeq(run, "\n") {
		m.line(strings.TrimRight(indent+visible.Text(l), " "))
	}
	m.line(indent + fence)
}

// repository is what all leaks share: the places, the exposure and the work on git.
func (m *markdown) repository(p *Plan) {
	m.line("## The repository")
	m.line("")
	m.line("### Where it still sits")
	for i := range p.Leaks {
		m.places(&p.Leaks[i], i+1)
	}
	for i := range p.Git {
		s := &p.Git[i]
		m.line("")
		m.line("### " + s.Title)
		m.line("")
		if len(s.Intro) > 0 {
			m.line(inline(s.Intro))
			m.line("")
		}
		m.steps(s.Steps)
	}
	m.line("")
}

func (m *markdown) places(l *Leak, n int) {
	m.line("")
	m.line("**" + strconv.Itoa(n) + ". " + escape(l.Title) + "** " + code(l.Redacted) + ": " + exposure(l))
	m.line("")
	m.line("| Place | Kind | Commit | Date | Object | Now |")
	m.line("|---|---|---|---|---|---|")
	shown := l.Places[:min(len(l.Places), maxPlaces)]
	for i := range shown {
		m.place(&shown[i])
	}
	if more := len(l.Places) - len(shown); more > 0 {
		m.line("")
		m.line("And " + number(more, "more place") + ", which the JSON report has.")
	}
}

func (m *markdown) place(p *Place) {
	kind := escape(kindWords(p.Kind))
	if len(p.Decoded) > 0 {
		kind += ", as " + escape(strings.Join(p.Decoded, " in "))
	}
	day, now := "", ""
	if !p.Date.IsZero() {
		day = p.Date.UTC().Format(time.DateOnly)
	}
	switch {
	case p.InHead && p.Kind == scanner.KindCommitContent:
		now = "in HEAD"
	case p.InHead:
		now = "in HEAD's history"
	case p.Known && p.Kind == scanner.KindCommitContent:
		now = "removed"
	}
	if p.RefCount > 0 {
		now = strings.TrimPrefix(now+", "+number(p.RefCount, "ref"), ", ")
	}
	m.line("| " + locate(p) + " | " + kind + " | " + idCell(p.Commit) + " | " + day + " | " + idCell(p.Object) + " | " + now + " |")
}

// exposure is the window of one leak in words.
func exposure(l *Leak) string {
	switch {
	case l.First.IsZero():
		return "when it came in is not known."
	case l.InHead:
		return "in the repository since " + date(l.First) + ", and still there."
	default:
		return "in the repository from " + date(l.First) + " to " + date(l.Last) + " at least, and in its history since."
	}
}

// coverage lists what was read and everything that was not.
func (m *markdown) coverage(c *scanner.Coverage) {
	m.line("## What was read")
	m.line("")
	var read []string
	for _, a := range []struct {
		n    int64
		noun string
	}{{c.Refs, "ref"}, {c.Commits, "commit"}, {c.Blobs, "blob"}, {c.Files, "file"}, {c.Bytes, "byte"}} {
		if a.n > 0 {
			read = append(read, number(int(a.n), a.noun))
		}
	}
	if len(read) == 0 {
		read = []string{"nothing"}
	}
	state := "complete"
	if !c.Complete {
		state = "**incomplete**"
	}
	m.line("Read: " + strings.Join(read, ", ") + ". The scan is " + state + ".")
	m.line("")
	for _, s := range c.Skipped {
		lead := "left out on purpose"
		if s.Unread {
			lead = "**not read**"
		}
		text := "- " + escape(s.What) + " " + lead + " (" + strconv.FormatInt(s.Count, 10) + "): " + escape(s.Reason)
		for i, item := range s.Items {
			if i == 0 {
				text += "; among them"
			}
			text += " " + code(item)
		}
		m.line(text)
	}
	if len(c.Skipped) > 0 {
		m.line("")
	}
}

func (m *markdown) record(rows []Entry) {
	if len(rows) == 0 {
		return
	}
	m.line("## Incident record")
	m.line("")
	m.line("Blameless: it asks what let it happen, not who did it.")
	m.line("")
	m.line("| | |")
	m.line("|---|---|")
	for _, r := range rows {
		m.line("| " + escape(r.Field) + " | " + renderCell(r.Value) + " |")
	}
}
