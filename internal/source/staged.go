package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/scanner"
)

// StagedOptions says how the index is read. The zero value is usable.
type StagedOptions struct {
	// MaxSize is the size in bytes above which a staged file is recorded as unread. 0 means DefaultMaxSize.
	MaxSize int64
	// Guard notes what was purged and is staged again; it may be nil.
	Guard *Guard
}

// Staged is a [scanner.Source] of what the next commit would add: the staged files, of which only new lines count.
type Staged struct {
	repo *repo.Repository
	opt  StagedOptions
}

// NewStaged returns a source that reads the index of r. It is read when the walk starts, not now.
func NewStaged(r *repo.Repository, opt StagedOptions) *Staged { return &Staged{r, opt} }

// Walk visits every staged file that differs from HEAD and, while a merge is under way, from the commits being merged.
// With nothing staged it visits nothing, which is complete. It fails, rather than see nothing, if the index or HEAD
// cannot be read.
func (s *Staged) Walk(ctx context.Context, rec *scanner.Recorder, visit func(*scanner.Chunk) error) error {
	set, err := s.repo.StagedChanges(ctx)
	if err != nil {
		return fmt.Errorf("read what is staged: %w", err)
	}
	noteProblems(rec, set.Problems)
	noteFormat(rec, s.repo)
	if err := s.guardHeads(rec); err != nil {
		return fmt.Errorf("read what is staged: %w", err)
	}
	reader := newBlobReader(s.repo, s.opt.MaxSize, newArchives(ctx, rec, visit, objectHint))
	if err := searchNewNames(&nameSet{}, set, scanner.Location{}, visit); err != nil {
		return err
	}
	for i := range set.Changes {
		if err := ctx.Err(); err != nil {
			return err
		}
		change := &set.Changes[i]
		s.opt.Guard.change(rec, change, scanner.KindStaged, nil)
		chunk := scanner.Chunk{
			Location: scanner.Location{Path: change.Path, Object: change.ID.String(), Kind: scanner.KindStaged},
		}
		size, read, err := reader.visit(change, &chunk, visit, func() ([]scanner.LineRange, error) {
			return reader.added(ctx, chunk.Data, set, i)
		}, func() [][]repo.Version { return [][]repo.Version{reader.origins(ctx, set, i)} })
		if err != nil {
			return err
		}
		if read {
			rec.AddFile(int(size))
		}
	}
	return nil
}

// guardHeads notes that the commit which is to be made would be built on one that was purged.
func (s *Staged) guardHeads(rec *scanner.Recorder) error {
	if !s.opt.Guard.on() {
		return nil
	}
	if busy := s.repo.Busy(); aborts[busy] != "" {
		s.opt.Guard.first = fmt.Sprintf(endFirst, busy, aborts[busy])
	}
	heads, err := s.repo.Heads()
	for i, id := range heads {
		reason := purgedHead
		if i > 0 {
			reason = purgedMerged
		}
		var about *scanner.Commit
		if c, err := s.repo.Commit(id); err == nil {
			about = describeCommit(c)
		}
		s.opt.Guard.commit(rec, id, about, reason)
	}
	return err
}

// aborts are the commands that end what git has begun, and endFirst the sentence with one.
var aborts = map[string]string{"merge": "git merge --abort", "rebase": "git rebase --abort", "cherry-pick": "git cherry-pick --abort", "revert": "git revert --abort"}

const endFirst = "a %s is in progress, which has to be ended first: %s"

// noteProblems enters what a comparison could not read.
func noteProblems(rec *scanner.Recorder, problems []repo.Problem) {
	for _, p := range problems {
		rec.Unread(p.What, p.Reason, p.Item)
	}
}

// noteFormat enters a format of the repository that could give what was read another meaning.
func noteFormat(rec *scanner.Recorder, r *repo.Repository) {
	for _, name := range r.UnknownSettings() {
		rec.Unread("settings", repo.UnknownSettingReason, name)
	}
}

// blobReader reads the content of changes and records what it cannot read.
type blobReader struct {
	repo    *repo.Repository
	rec     *scanner.Recorder
	maxSize int64
	inside  *archives
}

func newBlobReader(r *repo.Repository, maxSize int64, inside *archives) *blobReader {
	return &blobReader{r, inside.rec, sizeBound(maxSize), inside}
}

// visit has the content of a change searched; read is false if it is none or cannot be read, which is recorded then. In
// chunk Data is filled in while the content is one that can be held. added are its new lines; versions are what it came
// from, for each change that brings it, with which the members of an archive are compared.
func (b *blobReader) visit(
	change *repo.Change, chunk *scanner.Chunk, visit func(*scanner.Chunk) error, added func() ([]scanner.LineRange, error),
	versions func() [][]repo.Version,
) (size int64, read bool, err error) {
	if repo.IsGitlink(change.Mode) {
		b.rec.LeftOut("submodules", "another repository: scan it on its own", change.Path)
		return 0, false, nil
	}
	chunk.Added = added
	old := &oldMembers{versions: versions, open: b.repo.OpenBlob, ctx: b.inside.ctx}
	chunk.Data, err = b.repo.Blob(change.ID, min(b.maxSize, streamAbove))
	var large *pack.TooLargeError
	if errors.As(err, &large) && large.Size <= b.maxSize && b.maxSize > streamAbove {
		return b.stream(change, chunk, visit, old)
	}
	if err != nil {
		b.rec.Unread("blobs", b.reason(err), change.ID.String())
		return 0, false, nil
	}
	if err := visit(chunk); err != nil {
		return 0, true, err
	}
	return int64(len(chunk.Data)), true, b.inside.search(chunk, old.added)
}

// stream has content searched that is too large to be held.
func (b *blobReader) stream(
	change *repo.Change, chunk *scanner.Chunk, visit func(*scanner.Chunk) error, old *oldMembers,
) (size int64, read bool, err error) {
	_, content, err := b.repo.OpenBlob(change.ID)
	if err != nil {
		b.rec.Unread("blobs", b.reason(err), change.ID.String())
		return 0, false, nil
	}
	defer content.Close() //nolint:errcheck // Nothing was written, so there is nothing to lose.
	in := newStream(content, b.maxSize)
	head := bytes.Clone(in.head())
	broken, err := visitStream(in, chunk, visit)
	if broken != nil {
		b.rec.Unread("blobs", b.reason(broken), change.ID.String())
	}
	if err != nil {
		return in.size, true, err
	}
	open := func() (io.ReadCloser, error) { return b.open(change.ID) }
	return in.size, true, b.inside.searchLarge(chunk, head, in.size, open, old.added)
}

func (b *blobReader) reason(err error) string {
	var large *pack.TooLargeError
	if errors.As(err, &large) && large.Limit <= b.maxSize && large.Size > b.maxSize {
		return tooLargeReason(b.maxSize)
	}
	return b.repo.Explain(err)
}

// added returns the lines of change i of a set that are new; data is its content, nil if that is too large to be held.
func (b *blobReader) added(ctx context.Context, data []byte, set *repo.ChangeSet, i int) ([]scanner.LineRange, error) {
	var olds [][]byte
	var opens []func() (io.ReadCloser, error)
	held := data != nil || set.Changes[i].ID.IsZero()
	for _, v := range b.origins(ctx, set, i) {
		opens = append(opens, func() (io.ReadCloser, error) { return b.open(v.ID) })
		old, err := b.repo.Blob(v.ID, min(b.maxSize, streamAbove))
		var large *pack.TooLargeError
		switch {
		case errors.As(err, &large) && large.Size <= b.maxSize:
			held = false
		case err != nil:
			return nil, fmt.Errorf("the earlier version %s is %s", v.ID, b.reason(err))
		}
		olds = append(olds, old)
	}
	if held {
		return addedLines(data, olds), nil
	}
	text, err := b.open(set.Changes[i].ID)
	if err != nil {
		return nil, err
	}
	defer text.Close() //nolint:errcheck // Nothing was written, so there is nothing to lose.
	return addedStreamLines(text, opens)
}

func (b *blobReader) open(id pack.ID) (io.ReadCloser, error) {
	_, content, err := b.repo.OpenBlob(id)
	if err != nil {
		return nil, fmt.Errorf("the version %s is %s", id, b.reason(err))
	}
	return content, nil
}

// origins returns the versions that change i of a set came from. A symbolic link and a file have no lines in common, and
// a submodule has none at all.
func (b *blobReader) origins(ctx context.Context, set *repo.ChangeSet, i int) []repo.Version {
	var olds []repo.Version
	for _, v := range set.Origins(ctx, i) {
		if !v.ID.IsZero() && !repo.IsGitlink(v.Mode) && repo.IsSymlink(v.Mode) == repo.IsSymlink(set.Changes[i].Mode) {
			olds = append(olds, v)
		}
	}
	return olds
}
