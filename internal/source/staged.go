package source

import (
	"context"
	"errors"
	"fmt"

	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/scanner"
)

// StagedOptions says how the index is read. The zero value is usable.
type StagedOptions struct {
	// MaxSize is the size in bytes above which a staged file is recorded as unread. 0 means DefaultMaxSize.
	MaxSize int64
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
	reader := newBlobReader(s.repo, rec, s.opt.MaxSize)
	for i := range set.Changes {
		if err := ctx.Err(); err != nil {
			return err
		}
		change := &set.Changes[i]
		data, ok := reader.read(change)
		if !ok {
			continue
		}
		rec.AddFile(len(data))
		err := visit(&scanner.Chunk{
			Data:     data,
			Location: scanner.Location{Path: change.Path, Object: change.ID.String(), Kind: scanner.KindStaged},
			Added: func() ([]scanner.LineRange, error) {
				olds, err := reader.origins(ctx, set, i)
				if err != nil {
					return nil, err
				}
				return addedLines(data, olds), nil
			},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

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
}

func newBlobReader(r *repo.Repository, rec *scanner.Recorder, maxSize int64) *blobReader {
	return &blobReader{r, rec, sizeBound(maxSize)}
}

// read returns the content of a change; ok is false if it is none or cannot be read, which is recorded then.
func (b *blobReader) read(change *repo.Change) (data []byte, ok bool) {
	if repo.IsGitlink(change.Mode) {
		b.rec.LeftOut("submodules", "another repository: scan it on its own", change.Path)
		return nil, false
	}
	data, err := b.repo.Blob(change.ID, b.maxSize)
	if err != nil {
		b.rec.Unread("blobs", b.reason(err), change.ID.String())
		return nil, false
	}
	noteArchive(b.rec, data, change.Path)
	return data, true
}

func (b *blobReader) reason(err error) string {
	var large *pack.TooLargeError
	if errors.As(err, &large) {
		return tooLargeReason(large.Limit)
	}
	return b.repo.Explain(err)
}

// origins returns the content that change i of a set came from. A symbolic link and a file have no lines in common, and
// a submodule has none at all.
func (b *blobReader) origins(ctx context.Context, set *repo.ChangeSet, i int) ([][]byte, error) {
	var olds [][]byte
	for _, v := range set.Origins(ctx, i) {
		if v.ID.IsZero() || repo.IsGitlink(v.Mode) || repo.IsSymlink(v.Mode) != repo.IsSymlink(set.Changes[i].Mode) {
			continue
		}
		data, err := b.repo.Blob(v.ID, b.maxSize)
		if err != nil {
			return nil, fmt.Errorf("the earlier version %s is %s", v.ID, b.reason(err))
		}
		olds = append(olds, data)
	}
	return olds, nil
}
