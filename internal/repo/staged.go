package repo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"

	"github.com/skant-dev/skant/internal/pack"
)

// StagedChanges compares the index with the commit that HEAD names, or with nothing before the first commit. While a
// merge is under way, the commits being merged are parents too, as they will be of the commit. Both sides of a path
// with a conflict are included. Files that only moved are not.
//
// The error is an [*IndexError] if the index cannot be read.
func (r *Repository) StagedChanges(ctx context.Context) (*ChangeSet, error) {
	idx, err := r.readIndex(ctx)
	if err != nil {
		return nil, err
	}
	set, err := r.compareIndex(ctx, idx)
	if err = r.closeIndex(idx, err); err != nil {
		return nil, err
	}
	return set, nil
}

func (r *Repository) compareIndex(ctx context.Context, idx *index) (*ChangeSet, error) {
	trees, err := r.parentTrees()
	if err != nil {
		return nil, err
	}
	set := r.newChangeSet(len(trees))
	d := differ{ctx: ctx, set: set, total: &atomic.Int64{}}
	err = pack.Guard(func() error { return d.index(idx, "", 0, idx.len(), idx.tree, trees, 0) })
	if err := set.finish(ctx, err); err != nil {
		return nil, fmt.Errorf("compare the index with HEAD: %w", err)
	}
	return set, nil
}

// parentTrees returns the trees of the commits that the next commit would have as parents.
func (r *Repository) parentTrees() ([]pack.ID, error) {
	head, err := r.readRef("HEAD")
	if err != nil {
		return nil, err
	}
	if head.Problem != "" {
		return nil, fmt.Errorf("read HEAD: %s: %w", head.Problem, ErrMalformed)
	}
	if head.ID.IsZero() {
		return nil, nil
	}
	c, err := r.Commit(head.ID)
	if err != nil {
		return nil, fmt.Errorf("compare the index with HEAD: %w", err)
	}
	trees := []pack.ID{c.Tree}
	heads, err := r.mergeHeads()
	if err != nil {
		return nil, err
	}
	for _, id := range heads {
		// Without a merged commit its content counts as new, which reports more, never less.
		merged, err := r.Commit(id)
		if errors.Is(err, pack.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("compare the index with MERGE_HEAD: %w", err)
		}
		trees = append(trees, merged.Tree)
	}
	return trees, nil
}

// mergeHeads returns the commits that are being merged into HEAD; none outside of a merge.
func (r *Repository) mergeHeads() ([]pack.ID, error) {
	data, err := readFile(filepath.Join(r.at.gitDir, "MERGE_HEAD"), maxSmallFile)
	if absent(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read MERGE_HEAD: %w", err)
	}
	var ids []pack.ID
	for line := range bytes.Lines(data) {
		id, err := pack.ParseID(string(bytes.TrimSpace(line)))
		if err != nil {
			return nil, fmt.Errorf("read MERGE_HEAD: %w", err)
		}
		ids = append(ids, id)
	}
	return ids, nil
}
