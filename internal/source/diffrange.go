package source

import (
	"context"
	"fmt"
	"runtime"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/scanner"
)

// DiffOptions says how a range of commits is read. The zero value is usable.
type DiffOptions struct {
	// MaxSize is the size in bytes above which a blob is recorded as unread. 0 means DefaultMaxSize.
	MaxSize int64
	// Workers is how many commits and blobs are read at once. 0 means one per processor.
	Workers int
	// Guard notes what was purged and is in the range again; it may be nil.
	Guard *Guard
}

// Diff is a [scanner.Source] of what a range of commits adds: files, of which only new lines count, and messages.
type Diff struct {
	repo *repo.Repository
	spec repo.RangeSpec
	opt  DiffOptions
}

// NewDiff returns a source that reads a range: BASE..HEAD, BASE.. or BASE...HEAD, see [repo.Repository.ParseRange]. A
// range that does not exist in this clone is a [*repo.RangeError] at once.
func NewDiff(r *repo.Repository, spec string, opt DiffOptions) (*Diff, error) {
	parsed, err := r.ParseRange(spec)
	if err != nil {
		return nil, err
	}
	return NewCommits(r, parsed, opt), nil
}

// NewCommits returns a source that reads the commits of a range that is known already: what a push brings, for example,
// which may have several tips and bases.
func NewCommits(r *repo.Repository, spec repo.RangeSpec, opt DiffOptions) *Diff {
	if opt.Workers <= 0 {
		opt.Workers = runtime.GOMAXPROCS(0)
	}
	return &Diff{r, spec, opt}
}

// Walk visits each commit's message, and each version of a file that differs from all parents of a commit: a merge
// counts with what only it has. A version that several commits bring to the same path is visited once, for the first
// of them, and its new lines are those that are new in any of them.
func (d *Diff) Walk(ctx context.Context, rec *scanner.Recorder, visit func(*scanner.Chunk) error) error {
	rec.StartPhase("walking commits", 0)
	commits, err := d.repo.Range(ctx, d.spec)
	if err != nil {
		return fmt.Errorf("read the range: %w", err)
	}
	noteProblems(rec, commits.Problems)
	noteFormat(rec, d.repo)
	done, err := d.compare(ctx, rec, commits)
	if err != nil {
		return err
	}
	versions := distinctVersions(done)
	var names nameSet // one commit after the other, so that the first one has a name
	for _, c := range done {
		if c.set == nil {
			continue
		}
		if err := searchNewNames(&names, c.set, scanner.Location{Commit: c.about}, visit); err != nil {
			return err
		}
	}
	rec.StartPhase("searching", int64(len(commits.Commits)+len(versions)))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(d.opt.Workers)
	reader := newBlobReader(d.repo, d.opt.MaxSize, newArchives(ctx, rec, visit, objectHint))
	for i, id := range commits.Commits {
		if done[i].about != nil {
			group.Go(func() error { return d.visitMessage(ctx, rec, id, done[i].about, visit) })
		}
	}
	for _, v := range versions {
		group.Go(func() error { return v.visit(ctx, reader, visit) })
	}
	return group.Wait()
}

// comparedCommit is a commit of the range, and what it changes. Both are nil if it could not be read.
type comparedCommit struct {
	about *scanner.Commit
	set   *repo.ChangeSet
}

// compare finds what each commit changes. One that cannot be read is recorded.
func (d *Diff) compare(ctx context.Context, rec *scanner.Recorder, commits *repo.Range) ([]comparedCommit, error) {
	rec.StartPhase("comparing commits", int64(len(commits.Commits)))
	done := make([]comparedCommit, len(commits.Commits))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(d.opt.Workers)
	for i, id := range commits.Commits {
		group.Go(func() error {
			set, err := commits.Changes(ctx, id)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			rec.Step(1)
			if err != nil {
				d.opt.Guard.commit(rec, id, nil, purgedCommit)
				rec.Unread("commits", d.repo.Explain(err), id.String())
				return nil
			}
			noteProblems(rec, set.Problems)
			rec.AddCommits(1)
			done[i] = comparedCommit{describeCommit(set.Commit), set}
			d.guard(rec, done[i])
			set.Commit = nil // its message may be large, and is read again when it is its turn
			return nil
		})
	}
	return done, group.Wait()
}

// guard notes what was purged of a commit: itself, what it is built on (which a shallow clone may not have), and what it brings.
func (d *Diff) guard(rec *scanner.Recorder, c comparedCommit) {
	g := d.opt.Guard
	if !g.on() {
		return
	}
	g.commit(rec, c.set.Commit.ID, c.about, purgedCommit)
	for _, parent := range c.set.Commit.Parents {
		g.commit(rec, parent, nil, purgedCommit)
	}
	for i := range c.set.Changes {
		g.change(rec, &c.set.Changes[i], scanner.KindCommitContent, c.about)
	}
}

// version is one content at one path, and the changes that bring it there, in the order of commits.
type version struct {
	about   *scanner.Commit
	sets    []*repo.ChangeSet
	changes []int
}

// distinctVersions joins equal content at equal paths.
func distinctVersions(commits []comparedCommit) []*version {
	type key struct {
		path string
		id   pack.ID
	}
	var all []*version
	known := map[key]*version{}
	for _, c := range commits {
		if c.set == nil {
			continue
		}
		for i := range c.set.Changes {
			k := key{c.set.Changes[i].Path, c.set.Changes[i].ID}
			v := known[k]
			if v == nil {
				v = &version{about: c.about}
				known[k] = v
				all = append(all, v)
			}
			v.sets, v.changes = append(v.sets, c.set), append(v.changes, i)
		}
	}
	return all
}

func (v *version) visit(ctx context.Context, reader *blobReader, visit func(*scanner.Chunk) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	defer reader.rec.Step(1)
	change := &v.sets[0].Changes[v.changes[0]]
	chunk := scanner.Chunk{Location: scanner.Location{
		Path: change.Path, Object: change.ID.String(), Kind: scanner.KindCommitContent, Commit: v.about,
	}}
	size, read, err := reader.visit(change, &chunk, visit, func() ([]scanner.LineRange, error) {
		var all []scanner.LineRange
		for i, set := range v.sets {
			added, err := reader.added(ctx, chunk.Data, set, v.changes[i])
			if err != nil {
				return nil, err
			}
			all = append(all, added...)
		}
		return all, nil
	}, func() [][]repo.Version {
		all := make([][]repo.Version, len(v.sets))
		for i, set := range v.sets {
			all[i] = reader.origins(ctx, set, v.changes[i])
		}
		return all
	})
	if read {
		reader.rec.AddBlob(int(size))
	}
	return err
}

// visitMessage visits a commit's message.
func (d *Diff) visitMessage(
	ctx context.Context, rec *scanner.Recorder, id pack.ID, about *scanner.Commit, visit func(*scanner.Chunk) error,
) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	defer rec.Step(1)
	c, err := d.repo.Commit(id)
	if err != nil {
		rec.Unread("commits", d.repo.Explain(err), id.String())
		return nil
	}
	if len(c.Message) == 0 {
		return nil
	}
	rec.AddBytes(len(c.Message))
	return visit(&scanner.Chunk{
		Data:     c.Message,
		Location: scanner.Location{Object: about.ID, Kind: scanner.KindCommitMessage, Commit: about},
	})
}

// describeCommit is what a report says about a commit.
func describeCommit(c *repo.Commit) *scanner.Commit {
	author := c.Author()
	return &scanner.Commit{
		ID: c.ID.String(), Author: validText(author.Name), Email: validText(author.Email), Date: author.When,
		Summary: validText(c.Summary()),
	}
}

// validText replaces what is not UTF-8: git stores names and messages in any encoding.
func validText(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
