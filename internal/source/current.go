package source

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/internal/repo"
)

// Current implements [scanner.Current] with the version of HEAD.
func (h *History) Current(ctx context.Context, path string) ([][]byte, error) {
	head, err := h.repo.Resolve("HEAD")
	if err != nil {
		return nil, fmt.Errorf("read what became of a file: %w", err)
	}
	return versionsAt(ctx, h.repo, []pack.ID{head}, path)
}

// Current implements [scanner.Current] with the versions of the tips of the range.
func (d *Diff) Current(ctx context.Context, path string) ([][]byte, error) {
	return versionsAt(ctx, d.repo, d.spec.Tips, path)
}

// versionsAt returns the distinct contents that commits have at a path. One that is searched as a stream is too large.
func versionsAt(ctx context.Context, r *repo.Repository, commits []pack.ID, path string) ([][]byte, error) {
	var all [][]byte
	seen := map[pack.ID]bool{}
	for _, commit := range commits {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		file, err := r.FileAt(commit, path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if seen[file.ID] {
			continue
		}
		seen[file.ID] = true
		data, err := r.Blob(file.ID, streamAbove)
		if err != nil {
			return nil, fmt.Errorf("read %q of commit %s: %w", path, commit, err)
		}
		all = append(all, data)
	}
	return all, nil
}

// Current implements [scanner.Current] with the versions of what is pushed.
func (p *Push) Current(ctx context.Context, path string) ([][]byte, error) {
	var tips []pack.ID
	for _, u := range p.updates {
		if u.New.IsZero() {
			continue
		}
		tip, err := p.repo.PushTip(u.New)
		if err != nil {
			return nil, fmt.Errorf("read what became of a file: %w", err)
		}
		if tip.Type == pack.Commit {
			tips = append(tips, tip.ID)
		}
	}
	return versionsAt(ctx, p.repo, tips, path)
}
