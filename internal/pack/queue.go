package pack

import (
	"bytes"
	"sync"
	"sync/atomic"
)

// job is a delta that is to be applied to a base, with all that is made from it.
type job struct {
	pl    *plan
	entry int32
	base  frame
}

// queue hands parts of delta chains from workers that have much left to workers that have nothing left. Chains
// themselves are taken in the order of the pack, which reads the file from front to back; without the queue the run
// would end on whoever happened to get the largest chain last.
type queue struct {
	mu      sync.Mutex
	cond    *sync.Cond
	jobs    []job
	workers int
	idle    int
	// closed ends the run: all is done, or something failed.
	closed atomic.Bool
	// hungry says that a worker is waiting. It is a hint, read without the lock.
	hungry atomic.Bool
}

func (q *queue) init(workers int) {
	q.cond = sync.NewCond(&q.mu)
	q.workers = workers
}

// take waits for a job. It reports false once no worker has any left to give.
func (q *queue) take() (job, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.idle++
	for !q.closed.Load() && len(q.jobs) == 0 {
		if q.idle == q.workers {
			q.closed.Store(true)
			q.cond.Broadcast()
			break
		}
		q.hungry.Store(true)
		q.cond.Wait()
	}
	if q.closed.Load() {
		return job{}, false
	}
	q.idle--
	last := len(q.jobs) - 1
	j := q.jobs[last]
	q.jobs[last] = job{}
	q.jobs = q.jobs[:last]
	return j, true
}

// give hands a job to a waiting worker, with a copy of the base's content. It reports false if nobody waits.
func (q *queue) give(j job) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.idle <= len(q.jobs) {
		q.hungry.Store(false)
		return false
	}
	j.base.data = bytes.Clone(j.base.data)
	q.jobs = append(q.jobs, j)
	q.hungry.Store(q.idle > len(q.jobs))
	q.cond.Signal()
	return true
}

// close sends all workers home.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed.Store(true)
	q.cond.Broadcast()
}
