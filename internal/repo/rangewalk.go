package repo

import (
	"cmp"
	"container/heap"
	"context"
	"math"
	"slices"

	"github.com/skant-dev/skant/internal/pack"
)

// afterwards is how many commits of the base's history are still looked at once every commit that is left belongs to
// it, in case a date is wrong. git does the same with 5.
const afterwards = 64

// walkedCommit is a commit met by a walk.
type walkedCommit struct {
	id      pack.ID
	parents []pack.ID
	date    int64
	// reached says that the tip leads to it, excluded that the base does.
	reached, excluded bool
	// done says that it was taken from the queue and its parents were put there.
	done bool
}

// rangeWalk paints history, newest commits first, from the tip and from the base at once.
type rangeWalk struct {
	repo   *Repository
	met    map[pack.ID]*walkedCommit
	queue  commitQueue
	open   int // commits in the queue that only the tip leads to
	result []*walkedCommit
	oldest int64
	common bool
	// cut has, for each commit with a parent that is not here, what to say about it.
	cut map[pack.ID]Problem
	// lost counts parents that are not here, on either side.
	lost int
}

func newRangeWalk(r *Repository) *rangeWalk {
	return &rangeWalk{repo: r, met: map[pack.ID]*walkedCommit{}, oldest: math.MaxInt64, cut: map[pack.ID]Problem{}}
}

func (w *rangeWalk) incomplete() bool { return w.lost > 0 }

// run walks until no commit is left that only the tip leads to. It reports whether the ends have a common ancestor,
// which it looks for to the end only if that is needed.
func (w *rangeWalk) run(ctx context.Context, spec RangeSpec) (common bool, err error) {
	for i, id := range slices.Concat(spec.Bases, spec.Tips) {
		c, err := w.load(id)
		if err != nil {
			return false, err
		}
		w.reach(c, i < len(spec.Bases))
	}
	spare := afterwards
	for w.queue.Len() > 0 {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		if w.open == 0 && (w.common || !spec.needCommon) && w.queue[0].date < w.oldest {
			if spare--; spare < 0 {
				break
			}
		}
		c := heap.Pop(&w.queue).(*walkedCommit) //nolint:errcheck,forcetypeassert // the queue holds nothing else
		if !c.excluded {
			w.open--
			w.result = append(w.result, c)
			w.oldest = min(w.oldest, c.date)
		}
		c.done = true
		w.follow(c)
	}
	return w.common, nil
}

// newestFirst visits the history of one commit in the order of dates until visit returns false.
func (w *rangeWalk) newestFirst(ctx context.Context, id pack.ID, visit func(*Commit) bool) error {
	c, err := w.load(id)
	if err != nil {
		return err
	}
	w.reach(c, false)
	for w.queue.Len() > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		c := heap.Pop(&w.queue).(*walkedCommit) //nolint:errcheck,forcetypeassert // the queue holds nothing else
		parsed, err := w.repo.Commit(c.id)
		if err != nil {
			return err
		}
		if !visit(parsed) {
			return nil
		}
		w.follow(c)
	}
	return nil
}

// load reads a commit once. A damaged one, or none, is an error.
func (w *rangeWalk) load(id pack.ID) (*walkedCommit, error) {
	if c := w.met[id]; c != nil {
		return c, nil
	}
	parsed, err := w.repo.Commit(id)
	if err != nil {
		return nil, err
	}
	c := &walkedCommit{id: id, parents: parsed.Parents}
	if when := parsed.Committer().When; !when.IsZero() {
		c.date = when.Unix()
	}
	w.met[id] = c
	return c, nil
}

// reach paints a commit with one colour and puts it in the queue when it is met for the first time.
func (w *rangeWalk) reach(c *walkedCommit, excluded bool) {
	first := !c.reached && !c.excluded
	if excluded {
		if !c.excluded && c.reached && !c.done {
			w.open--
		}
		c.excluded = true
	} else {
		c.reached = true
		if first {
			w.open++
		}
	}
	w.common = w.common || c.reached && c.excluded
	if first {
		heap.Push(&w.queue, c)
	}
}

// follow paints the parents of a commit. One that turns out to belong to the base after its parents were painted
// paints all of them again.
func (w *rangeWalk) follow(c *walkedCommit) {
	stack := []*walkedCommit{c}
	for len(stack) > 0 {
		c := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		for _, id := range c.parents {
			p, err := w.load(id)
			if err != nil {
				w.lose(c, id, err)
				continue
			}
			again := c.excluded && !p.excluded && p.done
			w.reach(p, c.excluded)
			if again {
				stack = append(stack, p)
			}
		}
	}
}

// lose notes a parent that is not here. On the base's side that only makes the range larger, which is no harm.
func (w *rangeWalk) lose(c *walkedCommit, parent pack.ID, err error) {
	w.lost++
	if c.excluded {
		return
	}
	if w.repo.IsShallow(c.id) {
		w.cut[c.id] = Problem{"commits", shallowReason, c.id.String() + "^"}
		return
	}
	w.cut[c.id] = Problem{"commits", w.repo.Explain(err), parent.String()}
}

// ordered returns the commits of the range, parents before children and otherwise the older one first.
func (w *rangeWalk) ordered() []pack.ID {
	children := map[pack.ID][]*walkedCommit{}
	waiting := map[pack.ID]int{}
	var ready commitQueue
	kept := slices.DeleteFunc(w.result, func(c *walkedCommit) bool { return c.excluded })
	in := make(map[pack.ID]bool, len(kept))
	for _, c := range kept {
		in[c.id] = true
	}
	for _, c := range kept {
		for _, p := range c.parents {
			if in[p] {
				waiting[c.id]++
				children[p] = append(children[p], c)
			}
		}
		if waiting[c.id] == 0 {
			ready = append(ready, c.reversed())
		}
	}
	heap.Init(&ready)
	out := make([]pack.ID, 0, len(kept))
	for ready.Len() > 0 {
		c := heap.Pop(&ready).(*walkedCommit) //nolint:errcheck,forcetypeassert // the queue holds nothing else
		out = append(out, c.id)
		for _, child := range children[c.id] {
			if waiting[child.id]--; waiting[child.id] == 0 {
				heap.Push(&ready, child.reversed())
			}
		}
	}
	return out
}

// reversed is the commit with its date turned round, so that a queue gives the oldest first.
func (c *walkedCommit) reversed() *walkedCommit { return &walkedCommit{id: c.id, date: -c.date} }

// commitQueue is a heap: the newest commit first, of two with the same date the one with the smaller id.
type commitQueue []*walkedCommit

func (q commitQueue) Len() int { return len(q) }
func (q commitQueue) Less(i, j int) bool {
	if order := cmp.Compare(q[i].date, q[j].date); order != 0 {
		return order > 0
	}
	return q[i].id.Compare(q[j].id) < 0
}
func (q commitQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *commitQueue) Push(x any)   { *q = append(*q, x.(*walkedCommit)) } //nolint:forcetypeassert // see above
func (q *commitQueue) Pop() any {
	old := *q
	last := old[len(old)-1]
	*q = old[:len(old)-1]
	return last
}
