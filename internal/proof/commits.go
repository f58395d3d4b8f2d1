package proof

import (
	"context"
	"fmt"
	"sync"

	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/internal/repo"
)

// commits are those of one store, linked in both directions. Numbers count from 0.
type commits struct {
	numbers           map[pack.ID]int32
	parents, children [][]int32
	// problems says that some could not be read, so that what seems to be reached by nothing may be.
	problems bool
}

// readCommits reads every commit of a store, reachable or not.
func readCommits(ctx context.Context, r *repo.Repository) (*commits, error) {
	store, err := r.Objects()
	if err != nil {
		return nil, fmt.Errorf("read commits: %w", err)
	}
	g := &commits{numbers: map[pack.ID]int32{}}
	var links [][]pack.ID
	var mu sync.Mutex
	visit := func(_ int, o *pack.Object) error {
		c, parseErr := repo.ParseCommit(o.Data)
		mu.Lock()
		defer mu.Unlock()
		if parseErr != nil {
			g.problems = true
			return nil //nolint:nilerr // It is kept that one could not be read, and the others are.
		}
		if _, known := g.numbers[o.ID]; !known {
			g.numbers[o.ID] = int32(len(links)) //nolint:gosec // fewer than a store can have
			links = append(links, c.Parents)
		}
		return nil
	}
	problem := func(pack.Problem) {
		mu.Lock()
		defer mu.Unlock()
		g.problems = true
	}
	if err := store.Each(ctx, pack.EachOptions{Types: []pack.Type{pack.Commit}}, visit, problem); err != nil {
		return nil, fmt.Errorf("read commits: %w", err)
	}
	g.parents, g.children = make([][]int32, len(links)), make([][]int32, len(links))
	for child, ids := range links {
		for _, id := range ids {
			if parent, known := g.numbers[id]; known {
				g.parents[child] = append(g.parents[child], parent)
				g.children[parent] = append(g.children[parent], int32(child)) //nolint:gosec // as above
			}
		}
	}
	return g, nil
}

// reached returns which commits links lead to from those of start, those themselves among them.
func (g *commits) reached(start []pack.ID, links [][]int32) []bool {
	seen := make([]bool, len(g.parents))
	var queue []int32
	for _, id := range start {
		if n, known := g.numbers[id]; known && !seen[n] {
			seen[n] = true
			queue = append(queue, n)
		}
	}
	for len(queue) > 0 {
		n := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		for _, next := range links[n] {
			if !seen[next] {
				seen[next] = true
				queue = append(queue, next)
			}
		}
	}
	return seen
}

// leading returns which commits lead to one of bad, or are one.
func (g *commits) leading(bad []pack.ID) []bool { return g.reached(bad, g.children) }

// below returns which commits the tips lead to.
func (g *commits) below(tips []pack.ID) []bool { return g.reached(tips, g.parents) }

// in reports whether a set of commits has an id.
func (g *commits) in(set []bool, id pack.ID) bool {
	n, known := g.numbers[id]
	return known && set[n]
}
