package repo

import (
	"context"

	"github.com/skant-dev/skant/internal/pack"
)

// Ancestors visits each commit that the tips lead to once, the tips too, by their real parents. A commit that is not here, or cannot
// be read, is visited with a nil Commit: its id may matter all the same. Where visit returns false the walk does not go on to the parents.
func (r *Repository) Ancestors(ctx context.Context, tips []pack.ID, visit func(id pack.ID, c *Commit) bool) error {
	met := make(map[pack.ID]bool, len(tips))
	var open []pack.ID
	push := func(id pack.ID) {
		if !met[id] {
			met[id] = true
			open = append(open, id)
		}
	}
	for _, id := range tips {
		push(id)
	}
	for len(open) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		id := open[len(open)-1]
		open = open[:len(open)-1]
		c, err := r.Commit(id)
		if err != nil {
			c = nil // whoever searches these commits says that this one is missing
		}
		if !visit(id, c) || c == nil {
			continue
		}
		for _, parent := range c.Parents {
			push(parent)
		}
	}
	return nil
}

// Heads returns the commits on which the next commit would be built: HEAD, and what is being merged. Before the first commit there are
// none.
func (r *Repository) Heads() ([]pack.ID, error) {
	head, err := r.readRef("HEAD")
	if err != nil || head.ID.IsZero() {
		return nil, err
	}
	merged, err := r.mergeHeads()
	return append([]pack.ID{head.ID}, merged...), err
}
