package main

import (
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"
)

// wave is how many trials of a method run between two looks at how the others
// ended. It is a constant, and not the number of cores, so that what is tried and
// where it ends depend on nothing else.
const wave = 4

// A tuning is the trials of all methods.
type tuning struct {
	tuneCmd
	methods []method
	spaces  []space  // by method
	files   []string // fingerprints of their run files
	kept    keptTrials
	number  int // of trials, of each method; without --time
	workers chan struct{}
	problem *problem
	initial float64

	mu     sync.Mutex // guards what follows, and the results of trials
	trials [][]*trial // by method
	target float64    // NaN: not known yet
	lines  io.Writer  // gets a line when trials begin and when one ends
	save   func() error
}

func newTuning(c tuneCmd, methods []method) (*tuning, error) {
	t := &tuning{tuneCmd: c, methods: methods, number: 16, workers: make(chan struct{}, c.Workers),
		trials: make([][]*trial, len(methods)), target: math.NaN()}
	if c.Trials != nil {
		t.number = *c.Trials
	}
	for _, m := range methods { // a run file that does not fit shows now
		f, err := newRunFile(m)
		if err != nil {
			return nil, err
		}
		text, err := f.text()
		if err != nil {
			return nil, err
		}
		m.cfg.Seed = c.Seed
		if c.Steps > 0 {
			m.cfg.Workload.TotalLocalSteps = c.Steps
		}
		s := newSpace(f, m.cfg)
		if _, err := newTrial(m, s, 0, nil); err != nil {
			return nil, fmt.Errorf("%s: %w", m.file, err)
		}
		t.spaces = append(t.spaces, s)
		t.files = append(t.files, fingerprint(text, string(c.Data)))
	}
	return t, nil
}

// run runs all trials: those of Sync SGD, whose best sets the target, and then
// all other methods side by side.
func (t *tuning) run(ctx context.Context) (err error) {
	last := len(t.methods) - 1
	t.say("%-16s begins: its best trial sets the target for the others", t.methods[last].name)
	if t.initial, err = initial(ctx, t.problem); err != nil {
		return err
	}
	if err := t.search(ctx, last, math.NaN()); err != nil {
		return err
	}
	won := best(t.trials[last])
	if won.end != endBudget {
		return fmt.Errorf("%s: no trial comes to its end: there is no target", won.method.name)
	}
	t.mu.Lock()
	t.target = won.loss
	t.mu.Unlock()
	errs := make([]error, last)
	var wg sync.WaitGroup
	for i := range last {
		wg.Go(func() { errs[i] = t.search(ctx, i, won.loss) })
	}
	wg.Wait()
	return first(errs)
}

// search runs the trials of a method in waves.
func (t *tuning) search(ctx context.Context, method int, target float64) error {
	limit := math.Inf(1)
	for t.more(method) {
		done := len(t.trials[method])
		n := wave
		if t.Time == 0 {
			n = min(wave, t.number-done)
		}
		begun, err := t.begin(method, n)
		if err != nil {
			return err
		}
		run, err := t.kept.restore(t, method, begun, target)
		if err != nil {
			return err
		}
		if len(run) > 0 {
			t.sayBegin(method, run)
		}
		if err := t.together(ctx, run, goal{target, limit, t.initial}); err != nil {
			return err
		}
		if b := best(t.trials[method]); b.end == endReached {
			limit = b.ms
		}
	}
	return nil
}

// more reports whether a method has trials left, or time.
func (t *tuning) more(method int) bool {
	if t.Time > 0 {
		return t.spent(method) < t.Time
	}
	return len(t.trials[method]) < t.number
}

// spent is how long the trials of a method have run, side by side or not.
func (t *tuning) spent(method int) time.Duration {
	var sum time.Duration
	for _, tr := range t.trials[method] {
		sum += tr.wall
	}
	return sum
}

// begin makes the next n trials of a method.
func (t *tuning) begin(method, n int) ([]*trial, error) {
	ended := slices.Clone(t.trials[method])
	slices.SortFunc(ended, func(a, b *trial) int {
		if a.better(b) {
			return -1
		}
		return 1
	})
	begun := make([]*trial, n)
	for i := range begun {
		number := len(ended) + i
		tr, err := newTrial(t.methods[method], t.spaces[method], number, t.draw(method, number, ended, begun[:i]))
		if err != nil {
			return nil, fmt.Errorf("trial %d: %w", number, err)
		}
		begun[i] = tr
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.trials[method] = append(t.trials[method], begun...)
	return begun, nil
}

// draw returns the values of a trial: a function of its number, the seed and the
// trials before.
func (t *tuning) draw(method, number int, ended, pending []*trial) []float64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(t.methods[method].file)) // never fails
	chance := rand.New(rand.NewPCG(t.Seed, h.Sum64()+uint64(number)))
	laws := t.spaces[method].laws()
	switch {
	case number == 0:
		return nil
	case len(ended) < atRandom:
		values := make([]float64, len(laws))
		for i, l := range laws {
			values[i] = l.draw(chance)
		}
		return values
	}
	return suggest(chance, laws, valuesOf(ended), valuesOf(pending))
}

func valuesOf(trials []*trial) [][]float64 {
	all := make([][]float64, len(trials))
	for i, tr := range trials {
		all[i] = tr.values
	}
	return all
}

// together runs trials side by side, as far as there are workers.
func (t *tuning) together(ctx context.Context, trials []*trial, g goal) error {
	errs := make([]error, len(trials))
	var wg sync.WaitGroup
	for i, tr := range trials {
		wg.Go(func() {
			t.workers <- struct{}{}
			defer func() { <-t.workers }()
			r, err := tr.run(ctx, t.problem, g)
			if err == nil {
				err = t.end(tr, r)
			}
			errs[i] = err
		})
	}
	wg.Wait()
	return first(errs)
}

// end notes the result of a trial, saves it and says so.
func (t *tuning) end(tr *trial, r result) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	tr.result = r
	var values []string
	for i, k := range t.spaces[t.index(tr)].knobs {
		values = append(values, k.key+"="+tr.texts[i])
	}
	won := best(t.trials[t.index(tr)])
	t.say("%-16s trial %3d: %-8s %10s  loss %s  %5.1fs; best: %d, %s  %s", tr.method.name, tr.number, tr.end, virtual(tr.ms), lossText(tr.loss),
		tr.wall.Seconds(), won.number, won.how(), strings.Join(values, " "))
	return t.save()
}

func (t *tuning) sayBegin(method int, run []*trial) {
	t.mu.Lock()
	defer t.mu.Unlock()
	name, of, so := t.methods[method].name, fmt.Sprintf("of %d", t.number), ""
	if t.Time > 0 {
		of = fmt.Sprintf("after %s of %s", t.spent(method).Round(time.Second), t.Time)
	}
	if b := best(t.trials[method]); b != nil {
		so = fmt.Sprintf("; best: %d, %s", b.number, b.how())
	}
	t.say("%-16s trials %d to %d %s begin%s", name, run[0].number, run[len(run)-1].number, of, so)
}

func (t *tuning) say(format string, args ...any) { fmt.Fprintf(t.lines, format+"\n", args...) }

// index is the number of a trial's method.
func (t *tuning) index(tr *trial) int {
	return slices.IndexFunc(t.methods, func(m method) bool { return m.file == tr.method.file })
}

// first returns the first error.
func first(errs []error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
