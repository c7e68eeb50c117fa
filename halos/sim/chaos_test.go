package sim_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/halos/sim"
	"github.com/halos-go/sdk/merge"
)

// A chaosTown is a town of two levels of LPSs, whose rounds take whole tens of milliseconds,
// so that much happens at the same time. Only updates of workers below the LPSs are counted.
type chaosTown struct {
	*town
	regions, workers []int // nodes
	parents          map[int]string
	deaths           map[string]int // by kind of node
	lost             int            // updates, as the nodes say
}

func newChaosTown(t testing.TB, chaos *sim.Chaos) *chaosTown {
	c := &chaosTown{town: newTown(t, 6), parents: make(map[int]string), deaths: make(map[string]int)}
	c.Chaos, c.Observer = chaos, c
	c.wire = func(int, int, halos.Message) (float64, bool) { return 10, true }
	add := func(id, parent string) {
		n := c.Add(0, c.region(id, parent))
		c.regions, c.parents[n] = append(c.regions, n), parent
	}
	add("mid", "gps")
	add("eu", "mid")
	add("us", "gps")
	for i := range c.trained {
		lps := []string{"eu", "us"}[i%2]
		n := c.addWorker(0, i, lps, 10*float64(1+i%3))
		c.workers, c.parents[n] = append(c.workers, n), lps
	}
	return c
}

func (c *chaosTown) region(id, parent string) *halos.LPS {
	return must(halos.NewLPS(halos.LPSConfig{ServerConfig: c.server(id), Parent: parent, Lease: 64,
		Accumulator: &merge.Every{K: 2, KeepInFlight: true}, Merger: merge.Replay{}}))
}

func (c *chaosTown) Observe(_ float64, _ int, e halos.Event) {
	if e.Kind == halos.Lost {
		c.lost += int(e.Updates)
	}
}

// life is the next life of a node: a GPS is resumed, all others begin anew.
func (c *chaosTown) life(n int) halos.Machine {
	switch i := slices.Index(c.workers, n); {
	case n == 0:
		c.deaths["gps"]++
		cfg := halos.GPSConfig{ServerConfig: c.server("gps"), Resume: &halos.Resume{Point: c.gps.Point(), Work: c.gps.Work(), Sample: c.gps.NextSample()}}
		cfg.Params = slices.Clone(c.gps.Params())
		c.gps = must(halos.NewGPS(cfg))
		return c.gps
	case i >= 0:
		c.deaths["worker"]++
		return c.newWorker(i, c.parents[n])
	default:
		c.deaths["lps"]++
		return c.region([]string{"mid", "eu", "us"}[slices.Index(c.regions, n)], c.parents[n])
	}
}

// run lets chance rule for a while; then nothing fails any more, and everybody leaves from
// below. It returns the updates of each worker in the global model.
func (c *chaosTown) run() []int {
	c.t.Helper()
	for _, n := range c.workers {
		c.Quit(20_000, n)
	}
	for i, n := range []int{c.regions[1], c.regions[2], c.regions[0], 0} {
		c.Quit(25_000+5000*float64(i), n)
	}
	if err := c.Run(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
	var reached []int
	for _, x := range c.gps.Params() {
		reached = append(reached, int(-x))
	}
	return reached
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
	return 200
}

// TestChaosOfLinks: where links fail and messages come twice, and workers die, every update
// that was trained is in the global model once, or under way when a life of its worker ended.
func TestChaosOfLinks(t *testing.T) {
	for seed := range seeds() {
		chaos := &sim.Chaos{Seed: seed, Gather: true, Lose: 0.05, Cut: 0.05, Repeat: 0.1, Die: 0.02, Until: 15_000}
		c := newChaosTown(t, chaos)
		chaos.Life = func(n int) halos.Machine {
			if !slices.Contains(c.workers, n) {
				return nil
			}
			return c.life(n)
		}
		reached := c.run()
		if missing := total(c.trained) - total(reached) - c.lost; missing < 0 || missing > c.deaths["worker"]+len(c.workers) {
			t.Errorf("%d trained, %d in the global model, %d lost, %d deaths of workers and 6 that left", total(c.trained), total(reached), c.lost, c.deaths["worker"])
		}
		c.sane(reached)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// TestChaosOfServers: where servers die too, a resumed GPS among them, no update is in the
// global model twice, and everybody trains on.
func TestChaosOfServers(t *testing.T) {
	for seed := range seeds() {
		chaos := &sim.Chaos{Seed: seed, Gather: true, Lose: 0.03, Cut: 0.03, Repeat: 0.05, Die: 0.01, Until: 15_000}
		c := newChaosTown(t, chaos)
		chaos.Life = c.life
		reached := c.run()
		c.sane(reached)
		if c.deaths["gps"] == 0 || c.deaths["lps"] == 0 || c.deaths["worker"] == 0 {
			t.Errorf("deaths %v: want some of each", c.deaths)
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// sane wants no update of a worker twice, the counts right, and five calm seconds of work of
// everybody in the model.
func (c *chaosTown) sane(reached []int) {
	c.t.Helper()
	for i, n := range reached {
		if n > c.trained[i] || n < 5000/100 {
			c.t.Errorf("worker %d: %d updates in the global model of %d rounds", i, n, c.trained[i])
		}
	}
	if steps := c.gps.Steps(); steps != uint64(4*total(reached)) {
		c.t.Errorf("%d updates in the global model, and %d steps", total(reached), steps)
	}
}

// TestChaosRepeats: the same seed, the same run.
func TestChaosRepeats(t *testing.T) {
	run := func(seed uint64, workers int) string {
		chaos := &sim.Chaos{Seed: seed, Gather: true, Lose: 0.05, Cut: 0.05, Repeat: 0.1, Die: 0.01, Until: 15_000}
		c := newChaosTown(t, chaos)
		c.Workers, chaos.Life = workers, c.life
		return fmt.Sprint(c.run(), c.trained, c.deaths, c.Events(), c.Now())
	}
	if a, b := run(1, 1), run(1, 4); a != b {
		t.Errorf("one seed: %s\n%s", a, b)
	}
	if run(1, 1) == run(2, 1) {
		t.Error("two seeds, one run")
	}
}
