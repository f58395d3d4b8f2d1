package recovery

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/skant-dev/skant/internal/exposure"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// maxHolders bounds the names of one kind of holder, maxRemotes the remotes, of one leak.
const (
	maxHolders = 8
	maxRemotes = 20
)

// writeLeak is all about one leak but how to stop it, which is on page one.
func (p *Plan) writeLeak(out page, l *Leak) {
	out.heading(2, "secret-"+strconv.Itoa(l.Number), l.name())
	out.table(nil, p.about(l))
	p.writeExposure(out, l)
	for i := range l.Phases {
		s := &l.Phases[i]
		if s.Phase == rules.Stop {
			if _, behind := l.stops(); len(behind) > 0 {
				out.heading(3, "", words(byHand))
				out.steps(behind)
			}
			continue
		}
		out.heading(3, "", words(s.Title))
		if s.Phase == rules.Review {
			out.para(p.window(l))
		}
		out.steps(s.Steps)
	}
	if len(l.Docs) > 0 {
		var links [][]Span
		for _, d := range l.Docs {
			links = append(links, []Span{{d, Address}})
		}
		out.list(links)
	}
}

// about are the facts of one leak.
func (p *Plan) about(l *Leak) [][][]Span {
	var rows [][][]Span
	row := func(name string, value ...Span) { rows = append(rows, [][]Span{words(name), value}) }
	row("Rule", Span{l.RuleID, Value}, Span{", fingerprint ", Words}, Span{l.Fingerprint, Value})
	row("Alive?", l.state()...)
	if l.Why != "" {
		row("Risk", Span{l.Why, Words})
	}
	for _, r := range verified(l.Verification) {
		row(r[0], Span{r[1], Plain})
	}
	if len(l.Reasons) > 0 {
		row("Because", Span{strings.Join(l.Reasons, "; "), Plain})
	}
	if l.RefCount > 0 && l.Exposure == nil {
		row("Reached by", append(namesOf(l.Refs, 3), Span{more(l.RefCount - min(len(l.Refs), 3)), Words})...)
	}
	row("In the repository", Span{held(l), Words})
	e := l.Exposure
	if e == nil {
		return rows
	}
	for _, c := range []struct {
		name   string
		commit *scanner.Commit
	}{{"First commit", e.First}, {"Last commit", e.Last}} {
		if c.commit != nil {
			if l.ownKind(c.commit.ID) == scanner.KindStash {
				c.name = strings.Replace(c.name, "commit", "stash entry", 1)
			}
			row(c.name, append(commitSpans(c.commit), l.own(c.commit.ID)...)...)
		}
	}
	if !e.PushedAt.IsZero() {
		row("Pushed first", Span{estimated(e.Estimate) + date(e.PushedAt), Words}, Span{reason(e.PushedHow), Plain})
	} else {
		row("Pushed first", Span{"not known", Words}, Span{reason(e.PushedHow), Plain})
	}
	if !e.From.IsZero() {
		row("Could be read by others", Span{"from " + date(e.From) + " to " + date(nonZero(e.To, p.ReportedAt)) + window(e.Days), Words})
	}
	if e.Commits > 0 {
		row("Commits that reach it", Span{number(e.Commits, "commit") + ", which a purge gives new ids", Words})
	}
	if len(e.Others) > 0 {
		row("In the same commits", Span{"secret " + numbers(e.Others), Words})
	}
	return rows
}

func reason(s string) string {
	if s == "" {
		return ""
	}
	return ": " + s
}

func window(days int) string {
	if days < 1 {
		return ""
	}
	return ", " + number(days, "day") + " with the first and the last"
}

func nonZero(t, otherwise time.Time) time.Time {
	if t.IsZero() {
		return otherwise
	}
	return t
}

func numbers(list []int) string {
	var out []string
	for _, n := range list[:min(len(list), maxRecorded)] {
		out = append(out, strconv.Itoa(n))
	}
	return strings.Join(out, ", ") + more(len(list)-maxRecorded)
}

// own says of a commit that it is no commit of a branch.
func (l *Leak) own(id string) []Span {
	if kind := l.ownKind(id); kind != "" {
		return []Span{{", which is in this clone alone (" + kindWords(kind) + ")", Words}}
	}
	return nil
}

// commitSpans name a commit: id, the author's date, who, what it says. Its committer may have dated it later, and did so where it was rebased or
// applied: the window does not begin later than either.
func commitSpans(c *scanner.Commit) []Span {
	out := []Span{{short(c.ID), Value}, {", authored " + date(c.Date), Words}}
	if c.Author != "" {
		out = append(out, Span{", by " + clipped(c.Author), Plain})
	}
	if c.Summary != "" {
		out = append(out, Span{", \"" + clipped(c.Summary) + "\"", Plain})
	}
	return out
}

// writeExposure is what reaches one leak, with what ends it, and which remotes have it.
func (p *Plan) writeExposure(out page, l *Leak) {
	e := l.Exposure
	if e == nil {
		return
	}
	var rows [][][]Span
	for _, k := range holderKinds() {
		var names []string
		for i := range e.Holders {
			if e.Holders[i].Kind == k.kind {
				names = append(names, e.Holders[i].Name)
			}
		}
		if len(names) > 0 {
			which := namesOf(names, maxHolders)
			if rest := e.Counts[k.kind] - len(names); rest > 0 && len(names) <= maxHolders {
				which = append(which, Span{more(rest), Words})
			} else if rest > 0 {
				which[len(which)-1].Text = more(e.Counts[k.kind] - maxHolders)
			}
			rows = append(rows, [][]Span{words(k.name), which, words(k.end)})
		}
	}
	if pulls := remotePulls(e); len(pulls) > 0 {
		rows = append(rows, [][]Span{words("Pull requests' refs on a remote"), namesOf(pulls, maxHolders), words("only the host: see what a purge cannot reach")})
	}
	if len(rows) > 0 {
		out.heading(3, "", words("What still reaches it"))
		out.table([]string{"What", "Which", "What ends that"}, rows)
	}
	rows = nil
	for i := range e.Remotes[:min(len(e.Remotes), maxRemotes)] {
		r := &e.Remotes[i]
		rows = append(rows, [][]Span{{{r.Name, Value}}, {{r.Address, Value}}, append(words(serves(r)), Span{reason(r.How), Plain}), namesOf(r.Refs, maxHolders)})
	}
	if len(rows) > 0 {
		out.heading(3, "", words("Copies on remotes"))
		out.table([]string{"Remote", "Address", "Can it be had there?", "Refs that reach it"}, rows)
	}
	if rest := len(e.Remotes) - maxRemotes; rest > 0 {
		out.para(words("And " + number(rest, "more remote") + ", which the JSON plan has."))
	}
}

// remotePulls are the refs of pull requests that remotes said they have.
func remotePulls(e *exposure.Secret) []string {
	var out []string
	for i := range e.Remotes {
		for _, ref := range e.Remotes[i].Refs {
			if isPull(ref) {
				out = append(out, ref+" on "+e.Remotes[i].Name)
			}
		}
	}
	return out
}

func serves(r *exposure.RemoteCopy) string {
	switch r.Serves {
	case "yes":
		return "yes"
	case "no":
		return "no, not by its id"
	default:
		return "not known"
	}
}

// holderKind is a sort of holder: how people call it, and what ends it.
type holderKind struct {
	kind      exposure.HolderKind
	name, end string
}

// holderKinds are in the order in which they matter: what others can see first.
func holderKinds() []holderKind {
	return []holderKind{
		{exposure.Pull, "Pull requests", "only the host's support: see what a purge cannot reach"},
		{exposure.RemoteTracking, "Branches on a remote, as last fetched", "the purge and its push"},
		{exposure.Branch, "Branches", "the purge and its push"},
		{exposure.Tag, "Tags", "the purge and its push; whoever has the tag must fetch it with force"},
		{exposure.Note, "Notes", "the purge; then look at the notes"},
		{exposure.OtherRef, "Other refs", "the purge, if the remote has them; else delete them"},
		{exposure.Head, "HEAD", "the purge"},
		{exposure.Submodule, "Submodules", "a purge of the submodule's own repository, with a runbook of its own"},
		{exposure.Worktree, "Linked worktrees", "remove them, or check out the new history"},
		{exposure.Stash, "Stashes", "the purge with this program cleans them; by hand drop them"},
		{exposure.Reflog, "Reflog entries", "the commands that the purge prints; by hand: see clean this clone"},
		{exposure.Index, "The index", "take it out, stage again"},
		{exposure.WorkFile, "Files of the work tree", "replace the value by a reference"},
		{exposure.GitFile, "Files of the git directory", "edit or delete them by hand"},
		{exposure.Unreachable, "Objects that nothing reaches", "garbage collection, as for reflog entries"},
	}
}

// window says which time the logs have to be read for, and how sure that is.
func (p *Plan) window(l *Leak) []Span {
	if l.Ahead {
		return words("Since when it was exposed is not known: the dates that tell lie in the future, so a clock was wrong, or somebody set it. Read the logs as far back as they go.")
	}
	if l.Since.IsZero() {
		return words("Since when it was exposed is not known: read the logs as far back as they go.")
	}
	out := []Span{{"Exposed from ", Words}, {instant(l.Since), Value}, {" to ", Words}, {instant(p.ReportedAt), Value}}
	return append(out, Span{" at least: read on to the moment of revoking. The beginning comes from a commit or a push as the repository " +
		"remembers it; clocks err and dates can be set, so begin some days earlier where the logs allow it.", Words})
}

// writeRepository is what all leaks share: the places and the work on git.
func (p *Plan) writeRepository(out page) {
	out.heading(2, "repository", words("The repository"))
	out.heading(3, "", words("Where it still sits"))
	left := maxAllPlaces
	for i := range p.Leaks {
		l := &p.Leaks[i]
		out.para(append([]Span{{strconv.Itoa(l.Number) + ". ", Words}, {l.Title, Plain}, {" ", Words}, {l.Redacted, Value}}, Span{": " + held(l) + ".", Words}))
		shown := l.Places[:min(len(l.Places), maxPlaces, left)]
		left -= len(shown)
		var rows [][][]Span
		for j := range shown {
			rows = append(rows, placeRow(&shown[j]))
		}
		if len(rows) > 0 {
			out.table([]string{"Place", "Kind", "Commit", "Date", "Object", "Now"}, rows)
		}
		if more := len(l.Places) - len(shown); more > 0 {
			out.para(words("And " + number(more, "more place") + ", which the JSON report has."))
		}
	}
	for i := range p.Git {
		out.heading(3, "", words(p.Git[i].Title))
		writeSection(out, &p.Git[i])
	}
}

func placeRow(p *Place) [][]Span {
	kind := []Span{{kindWords(p.Kind), Plain}}
	if len(p.Decoded) > 0 {
		kind = append(kind, Span{", as " + strings.Join(p.Decoded, " in "), Plain})
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
	return [][]Span{locate(p), kind, idSpan(p.Commit), words(day), idSpan(p.Object), words(now)}
}

func idSpan(id string) []Span {
	if id == "" {
		return nil
	}
	return []Span{{short(id), Value}}
}

func short(id string) string {
	runes := []rune(bounded(id))
	return string(runes[:min(len(runes), shortID)])
}

// locate names a place.
func locate(p *Place) []Span {
	at := ":" + strconv.Itoa(p.Line)
	switch {
	case p.Path != "":
		if p.Member != "" {
			return []Span{{p.Path + "!/" + p.Member + at, Value}}
		}
		return []Span{{p.Path + at, Value}}
	case p.Commit != "" && (p.Kind == scanner.KindCommitMessage || p.Kind == scanner.KindAuthor):
		return []Span{{kindWords(p.Kind), Plain}, {" of ", Words}, {short(p.Commit), Value}}
	case p.Object != "":
		return []Span{{kindWords(p.Kind), Plain}, {" ", Words}, {short(p.Object), Value}}
	default:
		return []Span{{nonEmpty(kindWords(p.Kind), "unknown place"), Plain}}
	}
}

// inUseNow is inUse as a part of a sentence.
func inUseNow(l *Leak) string {
	switch text := inUse(l); text {
	case "not known":
		return "whether it is in use now is not known"
	default:
		return strings.TrimPrefix(text, "yes, ")
	}
}

func inUse(l *Leak) string {
	switch {
	case l.InHead && l.Places[0].Known:
		return "yes, it is in HEAD"
	case l.Places[0].Kind == scanner.KindStdin:
		return "not known"
	case l.InHead && present(l.Places[0]):
		return "yes, it is in the " + kindWords(l.Places[0].Kind)
	case l.InHead:
		return "yes, it is in HEAD"
	case l.Places[0].Known:
		return "not in HEAD, only in history"
	default:
		return "not known"
	}
}

// held is the time for which the repository holds one leak, in words.
func held(l *Leak) string {
	switch {
	case l.First.IsZero():
		return "when it came in is not known"
	case !l.InHead && l.Last.IsZero():
		return "since " + date(l.First) + ", in this clone alone"
	case l.InHead:
		return "since " + date(l.First) + ", and still there"
	default:
		return "from " + date(l.First) + " to " + date(l.Last) + " at least, and in its history since"
	}
}

func (p *Plan) writeUnknown(out page) {
	if len(p.Unknown) == 0 {
		return
	}
	out.heading(2, "unknown", words("What nobody knows yet"))
	out.list(p.Unknown)
}

// writeCoverage lists what was read and everything that was not.
func (p *Plan) writeCoverage(out page) {
	c := &p.Coverage
	out.heading(2, "coverage", words("What was read"))
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
	state := Span{"complete", Words}
	if !c.Complete {
		state = Span{"incomplete", Strong}
	}
	out.para([]Span{{"Read: " + strings.Join(read, ", ") + ". The scan is ", Words}, state, {".", Words}})
	var items [][]Span
	for _, s := range c.Skipped {
		lead := Span{"left out on purpose", Words}
		if s.Unread {
			lead = Span{"not read", Strong}
		}
		item := []Span{{s.What, Plain}, {" ", Words}, lead, {" (" + strconv.FormatInt(s.Count, 10) + "): ", Words}, {s.Reason, Plain}}
		for i, name := range s.Items {
			if i == 0 {
				item = append(item, Span{"; among them", Words})
			}
			item = append(item, Span{" ", Words}, Span{name, Value})
		}
		items = append(items, item)
	}
	if len(items) > 0 {
		out.list(items)
	}
}

func (p *Plan) writeRecord(out page) {
	if len(p.Record) == 0 {
		return
	}
	out.heading(2, "record", words("Incident record"))
	out.para(words("Blameless: it asks what let it happen, not who did it. An empty field is for you to fill in."))
	var rows [][][]Span
	for _, r := range p.Record {
		rows = append(rows, [][]Span{words(r.Field), r.Value})
	}
	out.table(nil, slices.Clip(rows))
}
