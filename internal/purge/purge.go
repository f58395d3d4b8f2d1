// Package purge plans and does the rewriting of a history that holds secrets, with git-filter-repo.
//
// [New] works out, without changing anything, what would be rewritten and what stands in the way. [Plan.Run] does it in a
// mirror clone beside the repository: the user's clone is never written to, and what is to be done there and at the remote is
// said as commands. Before the first change the mirror is saved as a bundle, and afterwards it is searched again.
//
// The package sees no value of a secret: it hands texts to [Spellings], which replaces them.
package purge

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/skant-dev/skant/internal/incident"
	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/scanner"
)

// Spellings are the texts by which the secrets stand in the repository.
type Spellings interface {
	// In reports whether data has one of them; Clean returns data without them. Longest is the length in bytes of the longest.
	In(data []byte) bool
	Longest() int
	Clean(data []byte) []byte
	// Places calls each for every place at which Clean replaces something; inWord says that a letter or digit stands next to it.
	Places(data []byte, each func(fingerprint string, inWord bool))
	// Without is Clean for names.
	Without(name, instead string) string
	// Expressions and Names are what git-filter-repo reads with --replace-text and with --paths-from-file.
	Expressions() []byte
	Names() []byte
}

// Input is what a purge is made of.
type Input struct {
	Repo *repo.Repository
	// Report is the scan of the history as the user sees it; what is suppressed there is not purged.
	Report *scanner.Report
	// Found are the findings of the same scan as they were before commits were looked for: one for each object.
	Found []scanner.Finding
	Texts Spellings
	// Hide are the texts of all that the scan found, wanted or not: none of them is shown.
	Hide Spellings
	// Scan searches another repository, with the same rules and all that the user's policy leaves out.
	Scan func(ctx context.Context, path string) (found []scanner.Finding, complete bool, err error)
	// Search returns what can be found in a text.
	Search func(ctx context.Context, data []byte) ([]scanner.Finding, error)
	Env    func(string) string
	// Remote is the name of the remote that is pushed to; empty if there is none. Ask says that it is asked for its refs.
	Remote string
	Ask    bool
	Now    time.Time
	// Work is the folder that is named to work in; empty for one beside the repository.
	Work string
	// Only are the beginnings of the fingerprints that were asked for, for the commands; none for all.
	Only []string
	// Incident is what is known already, which is added to; nil begins a new one.
	Incident *incident.File
}

// Plan is what a purge would do.
type Plan struct {
	in       Input
	Incident *incident.File
	Secrets  []Secret
	Checks   []Check
	Effect   Effect
	// Beyond are places that no rewriting of history reaches, with what to do there.
	Beyond []Beyond
	// RemoteRefs are what the remote has where it is pushed to, if it was asked.
	RemoteRefs map[string]pack.ID
	// fetched is what is there that is fetched from, pushed all that is pushed to: places that differ have one name if the clone says so.
	fetched *repo.RemotePlace
	pushed  []repo.RemotePlace
	// program is the path of git-filter-repo.
	program  string
	objects  *objects
	wanted   map[string]bool
	stash    []pack.ID
	detached []pack.ID
	trees    []repo.Checkout
	// free is how many bytes of a file system are free.
	free func(dir string) (int64, bool)
}

// Secret is one secret of the plan.
type Secret struct {
	Number                                      int
	Title, RuleID, Redacted, Fingerprint, Print string
	// Texts counts blobs in which it is replaced, Stripped those that are left out of the history as a whole.
	Texts, Stripped int
}

// Beyond is a sort of place that the purge does not reach.
type Beyond struct {
	What   string
	Count  int
	Remedy string
}

// ErrNothing says that there is nothing in the history to be purged.
var ErrNothing = errors.New("there is nothing to purge in the history")

// New makes the plan of a purge. It returns an error that wraps [ErrNothing] if the scan has nothing that a rewriting reaches.
func New(ctx context.Context, in Input) (*Plan, error) {
	p := &Plan{in: in, Incident: in.Incident, wanted: map[string]bool{}, free: freeBytes}
	if p.Incident == nil {
		p.Incident = incident.New(in.Report, in.Now)
	} else {
		p.Incident.Merge(in.Report)
	}
	for i := range in.Report.Findings {
		if f := &in.Report.Findings[i]; f.Suppressed == nil && f.RuleID != scanner.PurgedObjectRule {
			p.wanted[f.Fingerprint] = true
		}
	}
	if len(p.wanted) == 0 {
		return nil, p.nothing("the scan found no secret that counts")
	}
	p.in.Found = slices.DeleteFunc(slices.Clone(in.Found), func(f scanner.Finding) bool {
		return !p.wanted[f.Fingerprint] || f.Location.Submodule != ""
	})
	var err error
	if p.objects, err = p.survey(ctx, in.Repo); err != nil {
		return nil, err
	}
	if err := p.decide(ctx); err != nil {
		return nil, err
	}
	p.beyond()
	if err := p.tips(ctx); err != nil {
		return nil, err
	}
	if err := p.effects(ctx); err != nil {
		return nil, err
	}
	if p.Effect.nothing() {
		return nil, p.nothing("what was found is in no branch, tag, stash or other ref")
	}
	if in.Ask && in.Remote != "" {
		if p.fetched, p.pushed, err = in.Repo.ListRemote(ctx, in.Remote, in.Env); err != nil {
			return nil, fmt.Errorf("ask the remote for its refs: %w", err)
		}
		p.RemoteRefs = p.pushed[0].Refs
	}
	p.describe()
	return p, p.check(ctx)
}

// nothing is the error for a history in which nothing was found to purge: only if all of it was read is there nothing.
func (p *Plan) nothing(why string) error {
	if unread := p.unread(); unread != "" {
		return fmt.Errorf("%s, but not everything could be read, so nobody knows what there is to purge: %s", why, unread)
	}
	return fmt.Errorf("%w: %s", ErrNothing, why)
}

// unread says what the scan could not read, and what to do about it; empty if it has read all.
func (p *Plan) unread() string {
	if p.in.Report.Coverage.Complete {
		return ""
	}
	var parts []string
	for _, s := range p.in.Report.Coverage.Skipped {
		if s.Unread {
			parts = append(parts, fmt.Sprintf("%d %s (%s)", s.Count, visible.Text(s.What), visible.Text(s.Reason)))
		}
	}
	if len(parts) == 0 {
		return "something"
	}
	if n := len(parts) - maxNamed; n > 0 {
		parts = append(parts[:maxNamed], fmt.Sprintf("and %d more sorts", n))
	}
	return strings.Join(parts, "; ")
}

// shown is a name without a secret in it.
func (p *Plan) shown(name string) string { return p.in.Hide.Without(name, "REMOVED") }

// Blocked returns the checks that stop the purge.
func (p *Plan) Blocked() []Check {
	return slices.DeleteFunc(slices.Clone(p.Checks), func(c Check) bool { return c.State != Blocks })
}

// tips finds what only a reflog or a work tree names and what is to survive: stash entries, and commits of detached heads.
func (p *Plan) tips(ctx context.Context) error {
	logs, err := p.in.Repo.Reflogs()
	if err != nil {
		return err
	}
	for _, l := range logs {
		if l.Ref == "refs/stash" && !l.New.IsZero() {
			p.stash = append(p.stash, l.New)
		}
	}
	if p.trees, err = p.in.Repo.Checkouts(ctx); err != nil {
		return err
	}
	for _, t := range p.trees {
		if id, err := pack.ParseID(t.Head); err == nil && t.Branch == "" && !t.Bare && !id.IsZero() {
			p.detached = append(p.detached, id)
		}
	}
	return nil
}

// describe says of each secret how it is taken out.
func (p *Plan) describe() {
	texts, stripped := map[string]map[string]bool{}, map[string]map[string]bool{}
	for i := range p.in.Found {
		f := &p.in.Found[i]
		id, err := pack.ParseID(f.Location.Object)
		if err != nil || f.Location.Kind != scanner.KindCommitContent {
			continue
		}
		into := texts
		if p.objects.strip[id] {
			into = stripped
		}
		if into[f.Fingerprint] == nil {
			into[f.Fingerprint] = map[string]bool{}
		}
		into[f.Fingerprint][f.Location.Object] = true
	}
	for _, s := range p.Incident.Secrets {
		if !p.wanted[s.Fingerprint] {
			continue
		}
		p.Secrets = append(p.Secrets, Secret{Number: s.Number, Title: s.Title, RuleID: s.RuleID, Redacted: s.Redacted, Fingerprint: s.Fingerprint,
			Print: s.Fingerprint[:min(12, len(s.Fingerprint))], Texts: len(texts[s.Fingerprint]), Stripped: len(stripped[s.Fingerprint])})
	}
}

// beyond counts what is in places that a rewriting of history does not reach.
func (p *Plan) beyond() {
	const fetchHead = scanner.Kind("FETCH_HEAD")
	words := []struct {
		kind         scanner.Kind
		what, remedy string
	}{
		{fetchHead, "in FETCH_HEAD, which names what was fetched last", "It is deleted with the last command of \"Your clone\"."},
		{scanner.KindGitConfig, "in the configuration or another file of the git directory", "Edit the file: a token in a remote's address belongs in a credential helper."},
		{scanner.KindHook, "in a hook", "Edit the hook."},
		{scanner.KindReflog, "in a reflog's text", "It goes when the reflogs of this clone expire, see \"Your clone\"."},
		{scanner.KindUnreachable, "in objects that only reflogs know or nothing", "They go with the garbage collection, see \"Your clone\"."},
		{scanner.KindStaged, "in an index", "Take the value out of the file and stage it again."},
		{scanner.KindFile, "in a file", "Take the value out of the file."},
	}
	counts, files := map[scanner.Kind]int{}, map[scanner.Kind][]string{}
	submodules := 0
	for i := range p.in.Report.Findings {
		f := &p.in.Report.Findings[i]
		switch {
		case f.Suppressed != nil:
		case f.Location.Submodule != "":
			submodules++
		case strings.Contains(f.Location.Path, "lfs/objects/"):
			counts["lfs"]++
		case f.Location.Kind == scanner.KindGitConfig && path.Base(f.Location.Path) == "FETCH_HEAD":
			counts[fetchHead]++
		default:
			counts[f.Location.Kind]++
			if file := f.Location.Path; file != "" && len(files[f.Location.Kind]) < 5 && !slices.Contains(files[f.Location.Kind], file) {
				files[f.Location.Kind] = append(files[f.Location.Kind], file)
			}
		}
	}
	for _, w := range words {
		if n := counts[w.kind]; n > 0 {
			what := w.what
			if f := files[w.kind]; len(f) > 0 && w.kind != scanner.KindUnreachable {
				what += " (" + p.shown(strings.Join(f, ", ")) + ")"
			}
			p.Beyond = append(p.Beyond, Beyond{what, n, w.remedy})
		}
	}
	if n := counts["lfs"]; n > 0 {
		p.Beyond = append(p.Beyond, Beyond{"in Git LFS objects, which are no part of the history", n,
			"Delete the objects from the LFS store of the host (its support, or the API of the host) and from `.git/lfs` of each clone."})
	}
	if submodules > 0 {
		p.Beyond = append(p.Beyond, Beyond{"in submodules", submodules, "Each is a repository of its own: run `skant recover plan` in it."})
	}
}
