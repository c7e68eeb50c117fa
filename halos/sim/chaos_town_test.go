package sim_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/halos/sim"
	"github.com/halos-go/sdk/merge"
)

// A chaosTown is a town with faults of chance, of two or three levels of servers. Rounds
// end, and messages arrive, at multiples of 20 ms, so that much happens at the same time.
// Each round of a worker has two bits of the model of its own, which count how often it is
// in it: where updates are lost, a count of all would hide one that is there twice. The
// books are on what was trained, which no node can get wrong.
type chaosTown struct {
	*town
	chaos   *sim.Chaos
	servers map[int][2]string // by node: its name, its parent
	workers []int             // nodes
	parents []string          // of workers
	deaths  map[string]int    // by kind of node
	lives   []int             // of workers
	applied []int             // updates of each worker at LPSs
	lost    []int             // of each worker, as it says while it lives
	dropped int               // updates, as LPSs say
	quits   float64           // when workers leave: what is under way then is not counted as lost
	late    []int             // rounds after 45 s, by worker
	stopped map[int]bool      // nodes that know that the run is over

	saved  halos.Resume // of the GPS, now and then
	params []float32    // of saved
}

const (
	rounds = 12 // in an element: float32 is exact up to 2^24
	most   = 60 // elements of a worker
)

// newChaosTown builds what the seed says: every other seed gathers, and every third has an
// LPS below another. There is one LPS without workers; of the three workers of each other
// two are equal.
func newChaosTown(t testing.TB, chaos *sim.Chaos) *chaosTown {
	const workers = 6
	c := &chaosTown{town: newTownOf(t, workers, most*workers), chaos: chaos, servers: map[int][2]string{0: {"gps"}}, deaths: make(map[string]int),
		applied: make([]int, workers), lost: make([]int, workers), lives: make([]int, workers), late: make([]int, workers), stopped: make(map[int]bool)}
	c.Chaos, c.Observer, c.Gather = chaos, c, chaos.Seed%2*(chaos.Seed+1)
	c.wire = func(int, int, halos.Message) (float64, bool) { return 20, true }
	if chaos.Seed%3 == 0 {
		c.addServer("mid", "gps")
		c.addServer("eu", "mid")
	} else {
		c.addServer("eu", "gps")
	}
	c.addServer("us", "gps")
	c.addServer("idle", "gps")
	for i := range workers {
		c.parents = append(c.parents, []string{"eu", "us"}[i%2])
		ms := 10 * float64(4+2*(i/4))
		train := halos.TrainerFunc(func(_ context.Context, params []float32, _ halos.Task) error {
			r := c.trained[i]
			if c.trained[i]++; r >= rounds*most {
				return errors.New("more rounds than the model has room for")
			}
			params[most*i+r/rounds] -= float32(int(1) << (2 * (r % rounds)))
			return nil
		})
		c.workers = append(c.workers, c.AddWorker(0, c.newWorker(i, c.parents[i]), train, func(uint64) float64 { return math.Ceil((c.Now()+ms)/20)*20 - c.Now() }))
		c.lives[i]++
	}
	return c
}

func (c *chaosTown) addServer(id, parent string) {
	c.servers[c.Add(0, c.region(id, parent))] = [2]string{id, parent}
}

func (c *chaosTown) region(id, parent string) *halos.LPS {
	return must(halos.NewLPS(halos.LPSConfig{ServerConfig: c.server(id), Parent: parent, Lease: 64,
		Accumulator: &merge.Every{K: 2, KeepInFlight: true}, Merger: merge.Replay{}}))
}

func (c *chaosTown) Observe(ms float64, node int, e halos.Event) {
	worker := slices.Index(c.workers, node)
	switch {
	case e.Kind == halos.Lost && worker < 0:
		c.dropped += int(e.Updates)
	case e.Kind == halos.Lost && ms < c.quits:
		c.lost[worker] += int(e.Updates)
	case e.Kind == halos.Stopped:
		c.stopped[node] = true
	case e.Kind == halos.Finished && ms > 45_000:
		c.late[worker]++
	case e.Kind == halos.Updated && e.Peer[0] == 'w':
		c.applied[e.Peer[1]-'0']++
	case e.Kind == halos.Updated && node == 0 && e.Version%4 == 0:
		c.saved = halos.Resume{Point: c.gps.Point(), Work: c.gps.Work(), Sample: c.gps.NextSample()}
		c.params = append(c.params[:0], c.gps.Params()...)
	}
}

// reviveWorker is the next life of a worker. No server dies.
func (c *chaosTown) reviveWorker(n int) halos.Machine {
	i := slices.Index(c.workers, n)
	if i < 0 {
		return nil
	}
	c.deaths["worker"]++
	c.lives[i]++
	return c.newWorker(i, c.parents[i])
}

// revive is the next life of any node: a GPS is resumed from what was saved last, or as it
// is; all others begin anew.
func (c *chaosTown) revive(n int) halos.Machine {
	switch of, server := c.servers[n]; {
	case !server:
		return c.reviveWorker(n)
	case n == 0:
		c.deaths["gps"]++
		saved, params := c.saved, c.params
		if saved.Point.Life != c.gps.Point().Life || c.deaths["gps"]%2 == 0 {
			saved, params = halos.Resume{Point: c.gps.Point(), Work: c.gps.Work(), Sample: c.gps.NextSample()}, c.gps.Params()
		}
		cfg := halos.GPSConfig{ServerConfig: c.server("gps"), Resume: &saved}
		cfg.Params = params
		c.gps = must(halos.NewGPS(cfg))
		return c.gps
	default:
		c.deaths["lps"]++
		return c.region(of[0], of[1])
	}
}

// leave lets everybody go in good order from a time on, children first.
func (c *chaosTown) leave(at float64) {
	c.quits = at
	for _, n := range c.workers {
		c.Quit(at, n)
	}
	for _, id := range []string{"eu", "us", "idle", "mid", "gps"} {
		for n, of := range c.servers {
			if of[0] == id {
				at += 1000
				c.Quit(at, n)
			}
		}
	}
}

// run returns the updates of each worker in the global model, and wants none twice.
func (c *chaosTown) run() (reached []int) {
	c.t.Helper()
	if err := c.Run(c.t.Context()); err != nil {
		c.t.Errorf("a node has ended: %v", err)
	}
	reached = make([]int, len(c.workers))
	for i, x := range c.gps.Params() {
		for r := range rounds {
			n := int(-x) >> (2 * r) & 3
			if reached[i/most] += n; n > 1 {
				c.t.Errorf("worker %d: round %d is in the global model %d times", i/most, i%most*rounds+r, n)
			}
		}
	}
	if steps := c.gps.Steps(); steps != uint64(4*total(reached)) {
		c.t.Errorf("%d updates in the global model, and %d steps", total(reached), steps)
	}
	return reached
}

// account wants each update that was trained to be applied by an LPS, counted as lost, or
// under way when a life of its worker ended. Where servers die the last two overlap: a
// worker cannot know what a former life of its server has applied.
func (c *chaosTown) account(serversDie bool) {
	c.t.Helper()
	for i, n := range c.trained {
		missing := n - c.applied[i] - c.lost[i]
		if missing > c.lives[i] || missing < 0 && !serversDie {
			c.t.Errorf("worker %d: %d trained, %d applied, %d lost, %d lives", i, n, c.applied[i], c.lost[i], c.lives[i])
		}
	}
}

// wantLate wants rounds of everybody in the five seconds before 50 s.
func (c *chaosTown) wantLate() {
	c.t.Helper()
	if slices.Min(c.late) < 5000/100-3 {
		c.t.Errorf("rounds after 45 s: %v", c.late)
	}
}

func total(v []int) (n int) {
	for _, x := range v {
		n += x
	}
	return n
}

func seeds() uint64 {
	if testing.Short() {
		return 20
	}
	return 100
}

// weather is one with faults of all kinds until 40 s, to those nodes that revive has a life
// for.
func weather(seed uint64) *sim.Chaos {
	return &sim.Chaos{Seed: seed, Until: 40_000, Lose: 0.03, Double: 0.1, Cut: 200, Heal: 200, Death: 600}
}
