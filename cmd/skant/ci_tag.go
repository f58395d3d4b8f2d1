package main

import (
	"context"

	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/internal/source"
	"github.com/skant-dev/skant/scanner"
)

// taggedRange is what a pushed tag brings: the commits of a range, and the message of the tag.
type taggedRange struct {
	*source.Diff
	repo *repo.Repository
	tag  pack.ID
}

// maxTags bounds how many tags of tags are read.
const maxTags = 16

// Walk visits the tag, what it tags if that is one too, and the commits.
func (t *taggedRange) Walk(ctx context.Context, rec *scanner.Recorder, visit func(*scanner.Chunk) error) error {
	id := t.tag
	for range maxTags {
		store, err := t.repo.Objects()
		if err != nil {
			return err
		}
		kind, data, err := store.Get(id)
		if err != nil {
			rec.Unread("tags", t.repo.Explain(err), id.String())
			break
		}
		if kind != pack.Tag {
			return t.Diff.Walk(ctx, rec, visit)
		}
		rec.AddBytes(len(data))
		if err := visit(&scanner.Chunk{Data: data, Location: scanner.Location{Object: id.String(), Kind: scanner.KindTagMessage}}); err != nil {
			return err
		}
		tag, err := repo.ParseTag(data)
		if err != nil {
			rec.Unread("tags", t.repo.Explain(err), id.String())
			break
		}
		id = tag.Object
	}
	return t.Diff.Walk(ctx, rec, visit)
}
