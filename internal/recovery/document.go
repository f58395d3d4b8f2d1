package recovery

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/skant-dev/skant/scanner"
)

// Bounds of the runbook: leaks whose steps are written out, rows in the tables of places, of one leak and of all. What is
// beyond is named or counted.
const (
	maxLeaks     = 100
	maxPlaces    = 50
	maxAllPlaces = 1000
	maxEvents    = 80
	maxIDsShown  = 12
)

// page is what a format writes. Formats escape spans in their own way; the words and their order are the same in all.
type page interface {
	title(s []Span)
	// heading begins a part of the page; anchor is a name for links to it, or empty.
	heading(level int, anchor string, s []Span)
	para(s []Span)
	// warning is set apart: a sentence, and items below it.
	warning(lead []Span, items [][]Span)
	// table has no head if it is one of facts, whose first column names them.
	table(head []string, rows [][][]Span)
	list(items [][]Span)
	steps(s []Step)
	// turn ends the first page.
	turn()
}

// write puts the plan onto a page: first the fifteen minutes, then what happened, each secret, the repository, whom to
// tell, what nobody knows, and the record.
func (p *Plan) write(out page) {
	out.title([]Span{{"Leak runbook: ", Words}, {nonEmpty(p.Target, "this repository"), Value}})
	p.writeWarning(out)
	switch {
	case len(p.Leaks) == 0 && !p.Coverage.Complete:
		out.para(words("No secret was found in what could be read."))
	case len(p.Leaks) == 0:
		out.para(words("No secret was found, so there is nothing to recover from."))
	default:
		out.para([]Span{{"One incident: ", Words}, {number(len(p.Leaks), "secret"), Strong}, {" in ", Words}, {number(p.Total(), "place"), Strong},
			{", found " + date(p.ReportedAt) + ". Tick the boxes as you go; keep this file out of public places, it says where the secrets are.", Words}})
	}
	if p.Returned > 0 {
		out.para([]Span{{number(p.Returned, "purged object") + " came back.", Strong}, {" A clone from before the purge brought them: find it before you purge again.", Words}})
	}
	if p.Suppressed > 0 {
		out.para(words(number(p.Suppressed, "more finding") + " suppressed, not part of this plan."))
	}
	if p.Hidden > 0 {
		out.para(words(number(p.Hidden, "more finding") + " of less confidence than was asked for, not part of this plan."))
	}
	if len(p.Leaks) > 0 {
		p.writeFirst(out)
		out.turn()
		p.writeTimeline(out)
		for i := range p.Leaks[:min(len(p.Leaks), maxLeaks)] {
			p.writeLeak(out, &p.Leaks[i])
		}
		out.heading(2, "stores", words(p.Stores.Title))
		writeSection(out, &p.Stores)
		out.heading(2, "tell", words(p.Tell.Title))
		writeSection(out, &p.Tell)
		p.writeRepository(out)
	}
	p.writeUnknown(out)
	p.writeCoverage(out)
	p.writeRecord(out)
}

// writeWarning says on top that the scan is incomplete: what was not read may hold more.
func (p *Plan) writeWarning(out page) {
	c := &p.Coverage
	if c.Complete {
		return
	}
	lead := "The scan is incomplete: that nothing was found proves nothing."
	if len(p.Leaks) > 0 {
		lead = "The scan is incomplete: there may be more secrets, and more places of these."
	}
	var items [][]Span
	for _, s := range c.Skipped {
		if s.Unread {
			items = append(items, []Span{{s.What, Plain}, {" not read (" + strconv.FormatInt(s.Count, 10) + "): ", Words}, {s.Reason, Plain}})
		}
	}
	out.warning([]Span{{lead, Strong}}, items)
}

// writeFirst is the first fifteen minutes: for each leak what and where, by which ids its provider knows it, and how to stop it.
func (p *Plan) writeFirst(out page) {
	out.heading(2, "first", words("The first fifteen minutes"))
	out.para([]Span{{"Stop every secret, in this order, before anything else.", Strong}, {" Removing it from the files or from history does not stop it. Do not " +
		"delete the repository, rewrite its history or make it private first: that ends nothing and takes evidence away. Write down what you do and when.", Words}})
	if len(p.Leaks) > 1 {
		p.writeOverview(out)
	}
	if slices.ContainsFunc(p.Leaks, func(l Leak) bool { return l.Verdict == scanner.NotAsked && l.RuleID != huntRule }) {
		out.para([]Span{{"Not asked whether they are alive: count them as alive. ", Words}, {"skant recover --verify", Value},
			{" asks; do not wait for it.", Words}})
	}
	for i := range p.Leaks[:min(len(p.Leaks), maxLeaks)] {
		l := &p.Leaks[i]
		out.heading(3, "stop-"+strconv.Itoa(l.Number), l.name())
		out.table(nil, l.brief(p.ReportedAt, len(p.Leaks) > 1))
		first, behind := l.stops()
		if l.gone() {
			out.para(words("Its provider does not take it any more, so there may be nothing left to stop. Its steps stand behind this page; go on with what was done while it was taken."))
		}
		if l.General && l.RuleID != huntRule {
			out.para([]Span{{"The rule ", Words}, {l.RuleID, Value}, {" has no recovery steps of its own; these fit every credential.", Words}})
		}
		out.steps(first)
		if len(behind) > 0 && !l.gone() && !slices.ContainsFunc(first, func(s Step) bool { return s.Other }) {
			out.para([]Span{{"Without this program: \"" + byHand + "\" behind this page.", Words}})
		}
	}
	out.para(words("All stopped? Then go on behind this page: what that does not stop, new values, the logs, whom to tell, the purge, the proof."))
}

// name is the headline of a leak.
func (l *Leak) name() []Span {
	return []Span{{strconv.Itoa(l.Number) + ". ", Words}, {l.Title, Plain}, {" ", Words}, {l.Redacted, Value}}
}

// byHand is the heading of the steps that stop a leak where page one has a shorter way.
const byHand = "Stop it by hand"

// writeOverview is a table of all leaks, one row each. What decides stands first: narrow screens show that much.
func (p *Plan) writeOverview(out page) {
	var rows [][][]Span
	for i := range p.Leaks {
		l := &p.Leaks[i]
		since := []Span(nil)
		if !l.Since.IsZero() {
			since = words(l.Since.UTC().Format(time.DateOnly))
		}
		verdict := words("not asked")
		if l.Verdict != scanner.NotAsked {
			verdict = []Span{{string(l.Verdict), Plain}}
		}
		if l.alive() {
			verdict[0].Kind = Strong
		}
		rows = append(rows, [][]Span{words(strconv.Itoa(l.Number)), verdict, {{l.Title, Plain}}, {{l.Redacted, Value}},
			append(locate(&l.Places[0]), Span{l.elsewhere(), Words}), since, words(inUse(l))})
	}
	out.table([]string{"", "Alive?", "Secret", "Value", "Where", "Since", "In use now?"}, rows)
	if n := len(p.Leaks) - maxLeaks; n > 0 {
		out.para(words("The steps of the first " + strconv.Itoa(maxLeaks) + " follow. For the other " + strconv.Itoa(n) +
			" do the same, secret by secret, or write a runbook of a report that has only those."))
	}
}

func more(n int) string {
	if n < 1 {
		return ""
	}
	return " and " + strconv.Itoa(n) + " more"
}

// elsewhere says how many more places a leak has, and of what kinds those are that are not files of commits.
func (l *Leak) elsewhere() string {
	n := len(l.Places) - 1
	if n < 1 {
		return ""
	}
	var kinds []string
	for i := range l.Places[1:] {
		k := l.Places[i+1].Kind
		if name := kindWords(k); k != scanner.KindCommitContent && k != scanner.KindFile && !slices.Contains(kinds, name) {
			kinds = append(kinds, name)
		}
	}
	slices.Sort(kinds)
	text := " and " + number(n, "more place")
	if len(kinds) > 0 {
		text += " (" + strings.Join(kinds, ", ") + ")"
	}
	return text
}

// done is for whoever stops it to fill in.
var done = []Span{{"when its provider refuses it. Stopped by ____________________ at __________ UTC", Words}}

// state is whether a leak is alive, and how grave and how sure it is.
func (l *Leak) state() []Span {
	alive := Span{verdictWords(l.Verdict), Words}
	if l.alive() {
		alive.Kind = Strong
	}
	return []Span{alive, {"; " + string(l.Severity) + " severity, " + string(l.Confidence) + " confidence", Plain}}
}

// brief are the facts of one leak for the first page: what to look for at the provider, and how urgent it is. Below an overview they
// are only those that it does not have.
func (l *Leak) brief(now time.Time, overview bool) [][][]Span {
	var rows [][][]Span
	row := func(name string, value ...Span) { rows = append(rows, [][]Span{words(name), value}) }
	if overview {
		if ids := l.ids(); len(ids) > 0 {
			row("Its provider's ids", ids...)
		}
		row("Done", done...)
		return rows
	}
	row("Alive?", l.state()...)
	row("Where", append(locate(&l.Places[0]), Span{l.elsewhere() + "; " + inUseNow(l), Words})...)
	if l.Since.IsZero() {
		row("Since", Span{"not known", Words})
	} else {
		row("Since", Span{date(l.Since) + age(l.Since, now), Words})
	}
	if e := l.Exposure; e != nil && !e.PushedAt.IsZero() {
		row("Pushed", Span{estimated(e.Estimate) + date(e.PushedAt), Words})
	}
	if ids := l.ids(); len(ids) > 0 {
		row("Its provider's ids", ids...)
	}
	if l.Why != "" {
		row("Risk", Span{l.Why, Words})
	}
	row("Done", done...)
	return rows
}

func estimated(estimate bool) string {
	if estimate {
		return "about "
	}
	return ""
}

// ids are what the credential says about itself, for the search at its provider.
func (l *Leak) ids() []Span {
	if l.RuleID == huntRule { // its number and its form are the hunt's words
		return nil
	}
	var out []Span
	for i, f := range l.Facts {
		if i == maxIDsShown {
			return append(out, Span{more(len(l.Facts) - i), Words})
		}
		if i > 0 {
			out = append(out, Span{", ", Words})
		}
		out = append(out, Span{strings.ReplaceAll(f.Name, "_", " "), Plain}, Span{" ", Words}, Span{f.Value, Value})
	}
	return out
}

// writeSection writes what a section says and has to be done, below a heading.
func writeSection(out page, s *Section) {
	if len(s.Intro) > 0 {
		out.para(s.Intro)
	}
	out.steps(s.Steps)
}

// writeTimeline is what happened when, as far as the repository knows.
func (p *Plan) writeTimeline(out page) {
	if len(p.Timeline) == 0 {
		return
	}
	out.heading(2, "timeline", words("What happened when"))
	events, left := p.Timeline, 0
	if len(events) > maxEvents {
		left = len(events) - maxEvents
	}
	var rows [][][]Span
	for i := range events {
		if left > 0 && i >= maxEvents/2 && i < maxEvents/2+left { // the beginning and the end tell most
			if i == maxEvents/2 {
				rows = append(rows, [][]Span{nil, nil, words(number(left, "more event") + ", which the JSON plan has")})
			}
			continue
		}
		e := &events[i]
		secret := []Span(nil)
		if e.Secret > 0 {
			secret = words(strconv.Itoa(e.Secret))
		}
		at := []Span{{estimated(e.Estimate) + date(e.At), Words}}
		rows = append(rows, [][]Span{at, secret, {{e.What, Plain}}})
	}
	out.table([]string{"When", "Secret", "What"}, rows)
}
