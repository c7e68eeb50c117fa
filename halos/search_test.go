package halos

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/halos-go/sdk/merge"
	"github.com/halos-go/sdk/optim"
)

var (
	searchRuns = flag.Uint64("search.runs", 2000, "how many runs TestSearch makes; a tenth of them with -short")
	searchSeed = flag.Uint64("search.seed", 0, "the one run that TestSearch repeats, with a log; 0: many")
)

// TestSearch drives whole hierarchies by chance: workers train, messages arrive one by one
// and together, are lost with their links, come twice; nodes die and begin again, servers
// too; children are given up; a peer sends what no node of ours would. What must hold is
// said at world.check. A failure names its seed: repeat it with -search.seed.
func TestSearch(t *testing.T) {
	if *searchSeed != 0 {
		w := newWorld(*searchSeed)
		w.t = t
		if err := w.run(); err != nil {
			t.Error(err)
		}
		return
	}
	var seed, runs, failed atomic.Uint64
	var mu sync.Mutex // guards tally
	var tally [4]int
	most := *searchRuns
	if testing.Short() {
		most /= 10
	}
	var all sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for failed.Load() == 0 {
				s := seed.Add(1)
				if s > most {
					return
				}
				w := newWorld(s)
				if err := w.run(); err != nil {
					failed.Store(s)
					t.Errorf("seed %d: %v\nrepeat it with -run TestSearch -search.seed=%d -v", s, err, s)
					return
				}
				runs.Add(1)
				mu.Lock()
				for i, n := range []int{sum(w.trained), sum(w.reached()), w.lost, w.deaths} {
					tally[i] += n
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	t.Logf("%d runs: %d updates trained, %d in global models, %d counted as lost, %d deaths", runs.Load(), tally[0], tally[1], tally[2], tally[3])
	if tally[1] < tally[0]/4 || tally[3] < int(runs.Load()) {
		t.Error("too little has happened")
	}
}

func sum(v []int) (s int) {
	for _, x := range v {
		s += x
	}
	return s
}

// A world is a hierarchy of chance: a GPS, perhaps a level of LPSs between, LPSs, workers.
// The model has an element for each worker, from which each of its rounds takes one, and
// all plugs are exact, so that element w of the GPS's model says how many updates of
// worker w are in it.
type world struct {
	r       *rand.Rand
	nodes   []*actor
	byName  map[string]*actor
	flights map[[2]string][]Message // by link, in order
	busy    [][2]string             // links with something on them
	clock   uint64
	calm    bool // no more faults

	layout  optim.Layout
	trained []int // by worker
	lost    int   // as the nodes count
	twice   int   // of them, those that may be in the model, as their sender was given up or left
	deaths  int
	servers int        // deaths of servers, which lose more than is counted
	gone    int        // children given up, after whose answers nobody asks
	t       *testing.T // of a run that is logged; nil: none
}

// An actor is a node of a world, with its lives.
type actor struct {
	id, parent string
	worker     int // or -1
	machine    Machine
	make       func(*actor) Machine
	task       *Task // it trains
	err        error
	done       bool
	rounds     int
}

func newWorld(seed uint64) *world {
	w := &world{r: rand.New(rand.NewPCG(seed, 7)), byName: make(map[string]*actor), flights: make(map[[2]string][]Message)}
	workers := 2 + w.r.IntN(4)
	w.trained = make([]int, workers)
	w.layout = optim.Layout{Segments: []optim.Segment{{Name: "rounds", Shape: []int{workers}}}}
	w.add(&actor{id: "gps", worker: -1, make: w.makeGPS})
	over := "gps"
	if w.r.IntN(3) == 0 {
		w.add(&actor{id: "mid", parent: "gps", worker: -1, make: w.makeLPS})
		over = "mid"
	}
	regions := 1 + w.r.IntN(2)
	for i := range regions {
		w.add(&actor{id: fmt.Sprint("lps", i), parent: over, worker: -1, make: w.makeLPS})
	}
	for i := range workers {
		parent := fmt.Sprint("lps", i%regions)
		if w.r.IntN(6) == 0 {
			parent = "gps"
		}
		w.add(&actor{id: fmt.Sprint("w", i), parent: parent, worker: i, make: w.makeWorker})
	}
	return w
}

func (w *world) add(a *actor) {
	w.nodes = append(w.nodes, a)
	w.byName[a.id] = a
}

func (w *world) config(id string) ServerConfig {
	return ServerConfig{ID: id, Params: make([]float32, len(w.trained)), Layout: w.layout, Optimizer: &optim.SGD{}, LR: optim.Constant(1)}
}

func (w *world) makeGPS(a *actor) Machine {
	cfg := GPSConfig{ServerConfig: w.config(a.id)}
	if old, ok := a.machine.(*GPS); ok { // resumed from what was saved just before it died
		cfg.Params, cfg.Resume = slices.Clone(old.Params()), &Resume{Point: old.Point(), Work: old.Work(), Sample: old.NextSample()}
	}
	return must1(NewGPS(cfg))
}

func (w *world) makeLPS(a *actor) Machine {
	return must1(NewLPS(LPSConfig{ServerConfig: w.fragile(a.id), Parent: a.parent, Lease: 64,
		Accumulator: &merge.Every{K: 1 + w.r.IntN(3), KeepInFlight: true}, Merger: merge.Replay{}}))
}

func (w *world) makeWorker(a *actor) Machine {
	return must1(NewWorker(WorkerConfig{ID: a.id, Parent: a.parent, Layout: w.layout, Steps: 2, Samples: 2}))
}

func must1[T any](x T, err error) T {
	if err != nil {
		panic(err)
	}
	return x
}

// run lets chance rule for a while, then heals everything, lets all go in good order, and
// checks.
func (w *world) run() error {
	for _, a := range w.nodes {
		w.begin(a)
	}
	turns := 30 + w.r.IntN(150)
	for range turns {
		if err := w.turn(); err != nil {
			return err
		}
	}
	w.calm = true
	for _, a := range w.nodes {
		if a.parent != "" {
			w.cut(a.id, a.parent)
		}
	}
	if err := w.goesOn(); err != nil {
		return err
	}
	w.leave()
	return w.check()
}

// goesOn wants every worker to train on when nothing fails any more.
func (w *world) goesOn() error {
	before := make([]int, len(w.nodes))
	for i, a := range w.nodes {
		before[i] = a.rounds
	}
	for range 16 {
		if err := w.round(); err != nil {
			return err
		}
	}
	for i, a := range w.nodes {
		if a.worker >= 0 && a.rounds < before[i]+4 {
			return fmt.Errorf("%s has trained %d rounds in 16 turns without a fault: done %t, %w", a.id, a.rounds-before[i], a.done, a.err)
		}
		if a.err != nil {
			return fmt.Errorf("%s has ended: %w", a.id, a.err)
		}
	}
	return nil
}

// round delivers all that is on its way, and ends all training.
func (w *world) round() error {
	for len(w.busy) > 0 {
		l := w.busy[0]
		if err := w.deliver(l[1], len(w.flights[l])); err != nil {
			return err
		}
	}
	for _, a := range w.nodes {
		if a.task != nil {
			if err := w.train(a); err != nil {
				return err
			}
		}
	}
	return nil
}

// leave lets everybody go, from below.
func (w *world) leave() {
	for _, kind := range []string{"w", "lps", "mid", "gps"} {
		for _, a := range w.nodes {
			if strings.HasPrefix(a.id, kind) && !a.done {
				for _, m := range []Message{&Quit{}, &Expire{}, &Expire{}} { // the forger confirms nothing
					_ = w.step(a, Input{Msg: m})
					for range 4 {
						_ = w.round()
					}
				}
			}
		}
	}
}

// reached is how many updates of each worker are in the global model.
func (w *world) reached() []int {
	var n []int
	for _, x := range w.byName["gps"].machine.(*GPS).Params() {
		n = append(n, -int(x))
	}
	return n
}

// check wants
//   - no update in the global model twice: never more of them than were trained;
//   - where only workers died, each update that was trained in the model, or counted as
//     lost, or under way when a life of its worker ended; one of a node that was given up, or
//     that left, may be both;
//   - the counts of what is in the model right;
//   - everybody ended in good order.
func (w *world) check() error {
	for i, n := range w.reached() {
		if n > w.trained[i] || n < 0 {
			return fmt.Errorf("worker %d: %d updates in the global model of %d trained", i, n, w.trained[i])
		}
	}
	trained, n, lost := sum(w.trained), sum(w.reached()), w.lost
	if missing := trained - n - lost; w.servers == 0 && (missing < -w.twice || missing > w.deaths) {
		return fmt.Errorf("%d trained, %d in the global model, %d lost; %d deaths", trained, n, lost, w.deaths)
	}
	if steps := w.byName["gps"].machine.(*GPS).Steps(); steps > uint64(2*sum(w.trained)+1000) {
		return fmt.Errorf("%d local steps are counted of %d", steps, 2*sum(w.trained))
	}
	for _, a := range w.nodes {
		if !a.done || a.err != nil {
			return fmt.Errorf("%s has not ended in good order: done %t, %w", a.id, a.done, a.err)
		}
	}
	return nil
}

// turn is one thing that happens.
func (w *world) turn() error {
	a := w.nodes[w.r.IntN(len(w.nodes))]
	switch k := w.r.IntN(100); {
	case k < 40:
		if len(w.busy) == 0 {
			return nil
		}
		to := w.busy[w.r.IntN(len(w.busy))][1]
		return w.deliver(to, 1+w.r.IntN(5))
	case k < 75:
		if a.task != nil {
			return w.train(a)
		}
	case k < 82:
		if a.parent != "" {
			w.log("link %s %s breaks", a.id, a.parent)
			w.cut(a.id, a.parent)
		}
	case k < 86:
		return w.repeat()
	case k < 89:
		w.die(a)
	case k < 91:
		if a.parent != "" {
			w.gone++
			w.log("%s gives up %s", a.parent, a.id)
			return w.step(w.byName[a.parent], Input{From: a.id, Msg: &Gone{Reason: "out of reach"}})
		}
	case k < 93:
		if a.parent != "" {
			return w.step(w.byName[a.parent], Input{From: a.id, Msg: &Resend{}})
		}
	case k < 94:
		return w.ruin(a)
	default:
		return w.forge()
	}
	return nil
}

// begin starts a life of a.
func (w *world) begin(a *actor) {
	w.clock++
	a.machine, a.task = a.make(a), nil
	w.log("%s begins life %d", a.id, w.clock)
	_ = w.step(a, Input{Msg: &Start{Incarnation: w.clock}})
}

// die ends a life without a word, and begins another. Its links break.
func (w *world) die(a *actor) {
	w.deaths++
	if a.worker < 0 {
		w.servers++
	}
	w.log("%s dies", a.id)
	w.begin(a)
	for _, o := range w.nodes {
		if o.parent == a.id || a.parent == o.id {
			w.cut(a.id, o.id)
		}
	}
}

// cut breaks the link between two nodes, and mends it.
func (w *world) cut(x, y string) {
	for _, l := range [][2]string{{x, y}, {y, x}} {
		delete(w.flights, l)
		w.busy = slices.DeleteFunc(w.busy, func(b [2]string) bool { return b == l })
	}
	for _, l := range [][2]string{{x, y}, {y, x}} {
		w.post(l[0], l[1], &Linked{})
	}
}

func (w *world) post(from, to string, m Message) {
	l := [2]string{from, to}
	if len(w.flights[l]) == 0 {
		w.busy = append(w.busy, l)
	}
	w.flights[l] = append(w.flights[l], m)
}

// repeat lets the first message on some link come twice.
func (w *world) repeat() error {
	if len(w.busy) == 0 {
		return nil
	}
	l := w.busy[w.r.IntN(len(w.busy))]
	return w.step(w.byName[l[1]], Input{From: l[0], Msg: w.flights[l][0]})
}

// deliver lets up to n messages to a node arrive together, of whichever links.
func (w *world) deliver(to string, n int) error {
	var in []Input
	for _, l := range slices.Clone(w.busy) {
		for l[1] == to && len(w.flights[l]) > 0 && len(in) < n {
			in = append(in, Input{From: l[0], Msg: w.flights[l][0]})
			w.flights[l] = w.flights[l][1:]
		}
		if len(w.flights[l]) == 0 {
			w.busy = slices.DeleteFunc(w.busy, func(b [2]string) bool { return b == l })
		}
	}
	return w.step(w.byName[to], in...)
}

func (w *world) train(a *actor) error {
	a.task = nil
	a.rounds++
	w.trained[a.worker]++
	update := make([]float32, len(w.trained))
	update[a.worker] = 1
	return w.step(a, Input{Msg: &Trained{Update: update}})
}

func (w *world) step(a *actor, in ...Input) error {
	if a.done || len(in) == 0 {
		return nil
	}
	var out Output
	a.machine.Step(in, &out)
	if err := ownMessages(&out); err != nil {
		return err
	}
	w.tell(a, in, &out)
	for _, e := range out.Events {
		if e.Kind == Lost {
			w.lost += int(e.Updates)
		}
		if e.Kind == Lost && (w.gone > 0 || out.Done) {
			w.twice += int(e.Updates)
		}
	}
	for _, e := range out.Send {
		if w.byName[e.To] != nil && !w.byName[e.To].done {
			w.post(a.id, e.To, kept(e.Msg))
		}
	}
	if out.Train != nil {
		a.task = out.Train
	}
	a.done, a.err = out.Done, out.Err
	if a.err != nil && !w.calm {
		return fmt.Errorf("%s ends: %w", a.id, a.err)
	}
	return nil
}

// log tells of a run that is repeated.
func (w *world) log(format string, a ...any) {
	if w.t != nil {
		w.t.Logf(format, a...)
	}
}

func (w *world) tell(a *actor, in []Input, out *Output) {
	if w.t == nil {
		return
	}
	for _, i := range in {
		w.t.Logf("  %s<-%s %s", a.id, i.From, show(i.Msg))
	}
	for _, e := range out.Events {
		if e.Kind != Updated && e.Kind != Finished {
			w.t.Logf("    %s %s %s", e.Kind, e.Peer, e.Reason)
		}
	}
	for _, e := range out.Send {
		w.t.Logf("    ->%s %s", e.To, show(e.Msg))
	}
}

// kept is a copy of m that is not on loan.
func kept(m Message) Message {
	switch m := m.(type) {
	case *Push:
		c := *m
		c.Delta = slices.Clone(m.Delta)
		return &c
	case *Model:
		c := *m
		c.Params = slices.Clone(m.Params)
		return &c
	case *Pull:
		c := *m
		return &c
	case *Leave:
		c := *m
		return &c
	}
	return m // made for this receiver
}

// forge lets a server hear from a peer that means no good, or from nobody that it knows.
func (w *world) forge() error {
	to := w.nodes[w.r.IntN(len(w.nodes))]
	receipt := Receipt{w.r.Uint64N(2 * w.clock), w.r.Uint64N(20)}
	nan, zero := make([]float32, len(w.trained)), make([]float32, len(w.trained))
	nan[0] = float32(math.NaN())
	other := optim.Layout{Segments: []optim.Segment{{Name: "other", Shape: []int{len(zero)}}}}
	messages := []Message{
		&Pull{Receipt: receipt, Hello: Hello{Role: RoleWorker, Layout: w.layout}, Steps: 1, Want: 1},
		&Pull{Receipt: receipt, Hello: Hello{Role: RoleWorker, Layout: other}, Steps: 1, Want: 1},
		&Pull{Receipt: receipt, Hello: Hello{Role: RoleGradient, Layout: w.layout}, Steps: 1, Want: 1},
		&Pull{Receipt: receipt, Hello: Hello{Role: RoleWorker, Layout: w.layout}, Steps: 1, Want: math.MaxUint64},
		&Pull{Receipt: receipt, Hello: Hello{Role: RoleWorker, Layout: w.layout}, Seen: Point{Lineage: 99999, Life: 1}},
		&Push{Receipt: receipt, Work: Work{Steps: 1, Updates: 1}, Delta: nan},
		&Push{Receipt: receipt, Work: Work{Steps: 1 << 60, Updates: 1}, Delta: zero},
		&Push{Receipt: receipt, Work: Work{Steps: 1, Updates: 1 << 60}, Delta: zero},
		&Push{Receipt: receipt, Work: Work{Steps: 1, Updates: 1}, Delta: []float32{1}},
		&Push{Receipt: receipt, Work: Work{Steps: 1, Updates: 1}, Delta: zero},
		&Leave{Receipt: receipt},
		&Model{Receipt: receipt, Params: nan},
		&Refuse{Receipt: receipt, Code: Code(w.r.IntN(9)), Reason: "because"},
		&Stop{Reason: "no"},
		&Linked{},
	}
	m := messages[w.r.IntN(len(messages))]
	in := []Input{{From: "evil", Msg: m}}
	if w.r.IntN(2) == 0 { // together with what is true
		for _, l := range w.busy {
			if l[1] == to.id {
				in = append(in, Input{From: l[0], Msg: w.flights[l][0]})
				w.flights[l] = w.flights[l][1:]
				if len(w.flights[l]) == 0 {
					w.busy = slices.DeleteFunc(slices.Clone(w.busy), func(b [2]string) bool { return b == l })
				}
				break
			}
		}
	}
	return w.step(to, in...)
}
