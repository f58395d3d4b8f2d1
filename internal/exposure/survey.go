package exposure

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/skant-dev/skant/internal/incident"
	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// Options says what is asked besides the repository. The zero value asks nobody.
type Options struct {
	// Remote has the repository's remotes asked what they still serve.
	Remote bool
	// Now is the end of windows that are still open; zero means the time of the call.
	Now time.Time
	// Env looks a variable of the environment up, for the git that asks remotes: it needs the user's credentials and proxy. Nil
	// means that there are none.
	Env func(string) string
	// Timeout bounds the asking of each remote; 0 means two minutes.
	Timeout time.Duration
	// Scrub masks secrets in names and texts of the repository which are not in the report already. Nil means that the built-in
	// rules do.
	Scrub func(string) string
}

// Bounds on what is listed for one secret, and on sentences of what could not be found out.
const (
	maxHoldersOfKind = 1000
	minHoldersOfKind = 20
	maxHoldersInAll  = 200_000
	maxOthers        = 100
	maxIncomplete    = 50
	maxEventsOfSort  = 20
)

// Survey works out the exposure of the secrets of a report on the repository, which are numbered as [incident.New] does it. What
// cannot be found out is in Incomplete. The error is that of ctx, or says that the repository cannot be read.
func Survey(ctx context.Context, r *repo.Repository, rep *scanner.Report, opt Options) (*Exposure, error) {
	if opt.Now.IsZero() {
		opt.Now = time.Now()
	}
	s := &survey{repo: r, opt: opt, now: opt.Now.UTC().Truncate(time.Second), scrubbed: map[string]string{}, said: map[string]bool{}}
	if s.opt.Scrub == nil {
		s.opt.Scrub = builtinScrub()
	}
	s.gather(rep)
	if len(s.subjects) == 0 {
		return &Exposure{Secrets: []Secret{}}, ctx.Err()
	}
	for _, l := range r.Limits() {
		s.note(l.What, l.Item, l.Reason)
	}
	var err error
	if s.graph, err = r.ReadGraph(ctx, 0, s.gap); err != nil {
		return nil, fmt.Errorf("survey the exposure: %w", err)
	}
	if s.tips, err = r.Tips(ctx, s.graph, s.gap); err != nil {
		return nil, fmt.Errorf("survey the exposure: %w", err)
	}
	s.settle()
	if opt.Remote {
		s.ask(ctx)
	}
	if err := s.reach(ctx); err != nil {
		return nil, fmt.Errorf("survey the exposure: %w", err)
	}
	if err := s.workTrees(ctx); err != nil {
		return nil, fmt.Errorf("survey the exposure: %w", err)
	}
	return s.result(), ctx.Err()
}

// builtinScrub masks what any built-in rule finds; everything, if the rules cannot be used.
func builtinScrub() func(string) string {
	engine := sync.OnceValues(func() (*scanner.Scanner, error) {
		return scanner.New(rules.Builtin(), scanner.Options{})
	})
	return func(text string) string {
		sc, err := engine()
		if err != nil {
			return "[masked]"
		}
		return sc.Scrub(text)
	}
}

// survey is the work of one call.
type survey struct {
	repo     *repo.Repository
	opt      Options
	now      time.Time
	graph    *repo.Graph
	tips     []repo.Tip
	subjects []*subject
	// byBlob and byTag are the subjects that an object holds.
	byBlob, byTag map[pack.ID][]int
	// commits are the descriptions that the report has, in which secrets are masked.
	commits map[string]*scanner.Commit
	remotes []*asked
	// pushed reports whether a commit is reached by what is known to have been pushed, now or once.
	pushed     func(pack.ID) bool
	incomplete []string
	said       map[string]bool
	mu         sync.Mutex
	scrubbed   map[string]string
}

// gap takes what could not be read.
func (s *survey) gap(what, item string, why error) { s.note(what, item, why.Error()) }

func (s *survey) note(what, item, why string) {
	text := what
	if item != "" {
		text += " (" + item + ")"
	}
	s.say(text + ": " + why)
}

// say adds a sentence on what could not be found out, once. It may be called from several goroutines.
func (s *survey) say(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.said[text] || len(s.incomplete) > maxIncomplete {
		return
	}
	s.said[text] = true
	if len(s.incomplete) == maxIncomplete {
		s.incomplete = append(s.incomplete, "and more of this sort")
		return
	}
	s.incomplete = append(s.incomplete, oneLine(s.opt.Scrub(text)))
}

// text makes a name of the repository fit to be shown.
func (s *survey) text(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	shown, known := s.scrubbed[name]
	if !known {
		shown = oneLine(s.opt.Scrub(name))
		s.scrubbed[name] = shown
	}
	return shown
}

// oneLine makes text valid UTF-8 without control characters.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
}

// describe returns the description of a commit; nil if it cannot be read.
func (s *survey) describe(id pack.ID) *scanner.Commit {
	if c := s.commits[id.String()]; c != nil {
		return c
	}
	c, err := s.repo.Commit(id)
	if err != nil {
		s.gap("commits", id.String(), err)
		return nil
	}
	who := c.Author()
	out := &scanner.Commit{
		ID: id.String(), Author: s.text(clip(who.Name)), Email: s.text(clip(who.Email)), Date: who.When, Summary: s.text(c.Summary()),
	}
	s.commits[out.ID] = out
	return out
}

func clip(text string) string { return text[:min(len(text), 200)] }

// date returns when a commit was made, as its committer's clock had it.
func (s *survey) date(id pack.ID) time.Time {
	if seconds, ok := s.graph.Date(id); ok {
		return time.Unix(seconds, 0).UTC()
	}
	return time.Time{}
}

// result puts everything together.
func (s *survey) result() *Exposure {
	out := &Exposure{Secrets: make([]Secret, 0, len(s.subjects))}
	s.neighbours()
	for _, sub := range s.subjects {
		s.window(sub)
		s.list(sub)
		out.Secrets = append(out.Secrets, sub.Secret)
		out.Timeline = append(out.Timeline, s.events(sub)...)
	}
	slices.SortFunc(out.Secrets, func(a, b Secret) int { return a.Number - b.Number })
	slices.SortStableFunc(out.Timeline, compareEvents)
	out.Incomplete = s.incomplete
	return out
}

// neighbours fills in which secrets came with the same commits.
func (s *survey) neighbours() {
	with := map[pack.ID][]int{}
	for i, sub := range s.subjects {
		for _, id := range sub.commits {
			with[id] = append(with[id], i)
		}
	}
	for i, sub := range s.subjects {
		others := map[int]bool{}
		for _, id := range sub.commits {
			for _, other := range with[id] {
				if other != i && len(others) < maxOthers {
					others[s.subjects[other].Number] = true
				}
			}
		}
		for n := range others {
			sub.Others = append(sub.Others, n)
		}
		slices.Sort(sub.Others)
	}
}

// objects lists what holds the secret itself.
func (sub *subject) objects() []incident.Object {
	var all []incident.Object
	for kind, ids := range map[string][]pack.ID{"blob": sub.blobs, "commit": sub.commits, "tag": sub.tags} {
		for _, id := range ids {
			all = append(all, incident.Object{ID: id.String(), Type: kind, Secrets: []int{sub.Number}})
		}
	}
	slices.SortFunc(all, func(a, b incident.Object) int {
		if a.Type != b.Type {
			return strings.Compare(a.Type, b.Type)
		}
		return strings.Compare(a.ID, b.ID)
	})
	return all
}
