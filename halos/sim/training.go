package sim

import (
	"container/heap"
	"context"
	"sync"

	"github.com/halos-go/sdk/halos"
)

// A job is one round of local steps of a node. Rounds of different workers are
// independent until their results are due, so they run side by side; the result
// does not depend on how many do.
type job struct {
	at      float64 // when its result is due
	due     bool    // it has been loaded, and its result not used
	trainer halos.Trainer
	task    halos.Task
	params  []float32 // work space
	update  []float32 // what the task starts from, then the result's
	result  halos.Trained
	failed  halos.Failed // if its Err is not nil
	done    chan struct{}
}

func newJob(t halos.Trainer) *job { return &job{trainer: t, done: make(chan struct{}, 1)} }

// load copies the task, whose slices are on loan.
func (j *job) load(at float64, task *halos.Task) {
	j.at, j.due = at, true
	j.update = append(j.update[:0], task.Params...)
	if len(j.params) != len(j.update) {
		j.params = make([]float32, len(j.update))
	}
	j.task = *task
	j.task.Params = j.update
}

func (j *job) run(ctx context.Context) {
	j.result, j.failed.Err = halos.Round(ctx, j.trainer, j.task, j.params, j.update)
}

// trainers are the goroutines that run jobs, the one due first before others.
type trainers struct {
	mu      sync.Mutex // guards what follows
	waiting jobs
	closed  bool

	wake sync.Cond
	wg   sync.WaitGroup
}

// newTrainers starts n goroutines that end with close.
func newTrainers(ctx context.Context, n int) *trainers {
	t := &trainers{}
	t.wake.L = &t.mu
	for range n {
		t.wg.Go(func() {
			for j := t.next(); j != nil; j = t.next() {
				j.run(ctx)
				j.done <- struct{}{}
			}
		})
	}
	return t
}

func (t *trainers) next() *job {
	t.mu.Lock()
	defer t.mu.Unlock()
	for len(t.waiting) == 0 && !t.closed {
		t.wake.Wait()
	}
	if t.closed {
		return nil
	}
	return heap.Pop(&t.waiting).(*job)
}

func (t *trainers) add(j *job) {
	t.mu.Lock()
	heap.Push(&t.waiting, j)
	t.mu.Unlock()
	t.wake.Signal()
}

// close lets running jobs end and drops the others.
func (t *trainers) close() {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	t.wake.Broadcast()
	t.wg.Wait()
}

type jobs []*job

func (q jobs) Len() int           { return len(q) }
func (q jobs) Less(i, j int) bool { return q[i].at < q[j].at }
func (q jobs) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *jobs) Push(x any)        { *q = append(*q, x.(*job)) }
func (q *jobs) Pop() any {
	old := *q
	x := old[len(old)-1]
	*q = old[:len(old)-1]
	return x
}
