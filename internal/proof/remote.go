package proof

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/skant-dev/skant/internal/incident"
	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/internal/visible"
)

// maxServedAsked bounds the objects that a remote is asked for by id.
const maxServedAsked = 400

// RemoteAnswer is what a remote still has of what was purged.
type RemoteAnswer struct {
	Name, Address string
	// Path is where it is on this machine; empty otherwise. From is the clone whose remote it is.
	Path, From string
	// Err is why it could not be asked at all, RefsErr why its refs could not be followed, and Silent why it gave no answer about an object.
	Err, RefsErr error
	Silent       string
	// Refs are those of its refs that lead to a secret's old objects, by the secret's number; All is how many it has.
	Refs map[int][]RemoteHolder
	All  int
	// Listed are all of its refs. PushOnly says that it is no place to fetch from under its name.
	Listed   []RemoteHolder
	PushOnly bool
	// Served says of ids, in hex, whether it gives them out. What was not asked about is missing.
	Served map[string]repo.Served
}

// label is how it is called.
func (a *RemoteAnswer) label() string {
	if a.Address == "" || a.Address == a.Name {
		return a.Name
	}
	return a.Name + " (" + a.Address + ")"
}

// RemoteHolder is a ref of a remote, with what it names.
type RemoteHolder struct{ Name, ID string }

// AskRemote asks a remote of a clone. It never fails: what could not be found out is in the answer.
func AskRemote(ctx context.Context, asker *repo.Asker, f *incident.File) *RemoteAnswer {
	a := &RemoteAnswer{
		Name: asker.Name, Address: asker.Address, Path: asker.Path, PushOnly: asker.PushOnly, Refs: map[int][]RemoteHolder{}, Served: map[string]repo.Served{},
	}
	if a.Err = a.refs(ctx, asker, f); a.Err == nil {
		a.served(ctx, asker, f)
	}
	return a
}

// refs follows all refs of the remote, in a copy of its history that has nothing of the clone.
func (a *RemoteAnswer) refs(ctx context.Context, p *repo.Asker, f *incident.File) error {
	listed, err := p.Refs(ctx)
	if err != nil {
		return err
	}
	peeled := map[string]pack.ID{}
	listed = slices.DeleteFunc(listed, func(ref repo.RemoteRef) bool {
		if ref.Peeled {
			peeled[ref.Name] = ref.ID
		}
		return ref.Peeled
	})
	a.All = len(listed)
	for _, ref := range listed {
		a.Listed = append(a.Listed, RemoteHolder{ref.Name, ref.ID.String()})
	}
	if len(listed) == 0 {
		return nil
	}
	history, err := p.History(ctx)
	if err != nil {
		a.RefsErr = err
		return nil
	}
	graph, err := readCommits(ctx, history)
	if err != nil {
		a.RefsErr = err
		return nil
	}
	if graph.problems {
		a.RefsErr = errors.New("some of its commits cannot be read")
	}
	fetched, err := history.Refs()
	if err != nil {
		a.RefsErr = err
		return nil
	}
	known := map[string]pack.ID{}
	for _, ref := range fetched {
		if n, ok := repo.RemoteName(ref.Name); ok {
			known[n] = ref.ID
		}
	}
	for i := range f.Secrets {
		number := f.Secrets[i].Number
		var bad []pack.ID
		direct := map[pack.ID]bool{}
		for _, o := range oldOf(f, number) {
			bad, direct[o.id] = append(bad, o.id), true
		}
		leads := graph.leading(bad)
		for _, ref := range listed {
			tagged := peeled[ref.Name]
			_, seen := graph.numbers[ref.ID]
			if known[ref.Name] != ref.ID && !direct[ref.ID] && (ref.Name != "HEAD" || !seen) { // HEAD is fetched only with the branch that it stands for
				a.RefsErr = fmt.Errorf("%s was not given out as it was listed", ref.Name)
				continue
			}
			if direct[ref.ID] || direct[tagged] || graph.in(leads, ref.ID) || graph.in(leads, tagged) {
				if ref.Name != "HEAD" || !seen {
					a.Refs[number] = append(a.Refs[number], RemoteHolder{ref.Name, ref.ID.String()})
				}
			}
		}
	}
	return nil
}

// served asks for old objects by their ids: first what holds a secret, then what refs named, then other commits.
func (a *RemoteAnswer) served(ctx context.Context, p *repo.Asker, f *incident.File) {
	all := askable(f)
	ids := make([]pack.ID, 0, len(all))
	for _, o := range all {
		ids = append(ids, o.id)
	}
	served, why := p.Serve(ctx, ids)
	for _, o := range all {
		a.Served[o.hex] = served[o.id]
		a.Silent = cmp.Or(a.Silent, why[o.id])
	}
}

// askable are the objects that a remote is asked for.
func askable(f *incident.File) []old {
	var all []old
	seen := map[string]bool{}
	for i := range f.Secrets {
		for _, o := range oldOf(f, f.Secrets[i].Number) {
			if !seen[o.hex] {
				seen[o.hex] = true
				all = append(all, o)
			}
		}
	}
	slices.SortStableFunc(all, func(x, y old) int { return rank(x.kind) - rank(y.kind) })
	return all[:min(len(all), maxServedAsked)]
}

// rank orders what is asked for: what holds a secret itself, what a ref named, the commits in between.
func rank(kind string) int {
	switch kind {
	case "blob", "tag":
		return 0
	case "":
		return 1
	default:
		return 2
	}
}

// remotes are the claims that remotes have nothing of a secret any more.
func (c *check) remotes(s *incident.Secret) {
	const claim = "the remote does not have it any more"
	if !c.in.AskRemotes {
		c.add(Remote, "", s.Number, incident.Unknown, claim, "no remote was asked", c.again("--remote"))
		return
	}
	if len(c.in.Remotes) == 0 {
		c.add(Remote, "", s.Number, incident.Unknown, claim, "the clone has no remote: where was it pushed to?", "git -C "+c.first()+" remote add origin URL")
	}
	for _, a := range c.in.Remotes {
		c.remote(s, a)
	}
}

func (c *check) remote(s *incident.Secret, a *RemoteAnswer) {
	say := func(state incident.State, detail, remedy string) {
		c.add(Remote, a.label(), s.Number, state, a.label()+" does not have it any more", detail, remedy)
	}
	again := c.again("--remote")
	if a.Err != nil {
		say(incident.Unknown, a.Err.Error(), again)
		return
	}
	objects := oldOf(c.in.File, s.Number)
	var yes, unanswered []string
	asked := 0
	whole := !slices.ContainsFunc(objects, func(o old) bool { return rank(o.kind) == 0 }) // a commit's own message may hold it
	for _, o := range objects {
		answer, was := a.Served[o.hex]
		switch {
		case was && answer == repo.ServedYes:
			yes, asked = append(yes, short(o.hex)), asked+1
		case was && answer == repo.ServedNo:
			asked++
		case was || whole || rank(o.kind) < 2: // of commits in between some are enough: what they lead to was asked for
			unanswered = append(unanswered, short(o.hex))
		}
	}
	refs := a.Refs[s.Number]
	switch {
	case len(refs) > 0 || len(yes) > 0:
		c.remoteOpen(s, a, refs, yes, say)
	case len(objects) == 0:
		say(incident.Unknown, "the file of the incident has no object of it", c.again("--remote", "--report FILE")+"   # FILE: a report of before the purge")
	case a.RefsErr != nil:
		say(incident.Unknown, "its refs could not be followed: "+a.RefsErr.Error(), again)
	case len(unanswered) > 0:
		say(incident.Unknown, strings.TrimSuffix(fmt.Sprintf("it gave no answer about %s: %s", list(unanswered), a.Silent), ": "), again)
	case len(c.unsearched(a)) > 0:
		names := c.unsearched(a)
		say(incident.Unknown, "no clone that was searched has what these refs name: "+list(names), c.fetch(a, names)+"   # then check again")
	default:
		say(incident.Proven, fmt.Sprintf("%s to an old object; %d of %d were asked for by id, and it has none of them", noneOf(a.All), asked, len(objects)), "")
	}
}

// noneOf begins the sentence that no ref leads to something.
func noneOf(refs int) string {
	if refs == 1 {
		return "its one ref does not lead"
	}
	return fmt.Sprintf("none of its %d refs leads", refs)
}

// unsearched returns the refs of a remote that name what no clone has that was searched: nobody knows what is in it.
func (c *check) unsearched(a *RemoteAnswer) []string {
	var names []string
	for _, ref := range a.Listed {
		if c.in.Searched != nil && !c.in.Searched(ref.ID) {
			names = append(names, ref.Name)
		}
	}
	return names
}

// remoteWord is the name of a remote in a command: a clone can call it what git would take for an option.
func remoteWord(name string) string {
	if strings.HasPrefix(name, "-") {
		return "-- " + visible.ShellWord(name)
	}
	return visible.ShellWord(name)
}

// maxFetched bounds the refs that a command names.
const maxFetched = 50

// fetch is the command that brings refs of a remote into its clone, without giving them names there.
func (c *check) fetch(a *RemoteAnswer, names []string) string {
	from := a.Name
	if a.PushOnly {
		from = cmp.Or(a.Path, a.Address)
	}
	words := []string{"git", "-C", visible.ShellWord(cmp.Or(a.From, ".")), "fetch", "--quiet", "--no-tags", remoteWord(from)}
	for _, name := range names[:min(len(names), maxFetched)] {
		words = append(words, visible.ShellWord(name))
	}
	return strings.Join(words, " ")
}

// remoteOpen says what a remote still has.
func (c *check) remoteOpen(s *incident.Secret, a *RemoteAnswer, refs []RemoteHolder, yes []string, say func(incident.State, string, string)) {
	push := c.first()
	if a.From != "" {
		push = c.at(a.From)
	}
	var names, details, remedies []string
	for _, ref := range refs {
		names = append(names, ref.Name)
		if line := c.remoteRef(a, ref, push); len(remedies) < maxItems && !slices.Contains(remedies, line) {
			remedies = append(remedies, line)
		}
	}
	if len(refs) > maxItems {
		remedies = append(remedies, "# and so on for all of them; run the check again")
	}
	if len(names) > 0 {
		details = append(details, "it is reached by "+list(names))
	}
	if len(yes) > 0 {
		details = append(details, "it gives out "+list(yes)+" by id")
		if a.Path != "" {
			remedies = append(remedies, "git -C "+visible.ShellWord(a.Path)+" reflog expire --expire=now --expire-unreachable=now --all   # where somebody works there, this drops stashes",
				"git -C "+visible.ShellWord(a.Path)+" gc --quiet --prune=now")
		} else {
			remedies = append(remedies, "skant recover plan "+push+"   # the text for the host's support, who must run the garbage collection")
		}
	}
	say(incident.Open, strings.Join(details, "; "), strings.Join(distinct(remedies), "\n"))
}
