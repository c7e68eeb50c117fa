package sim_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/halos/sim"
)

// TestChaosOfLinks: where links fail, messages come twice, and workers die, every update
// that was trained is in the global model once, or counted as lost, or was under way when a
// life of its worker ended.
func TestChaosOfLinks(t *testing.T) {
	deaths := 0
	for seed := range seeds() {
		chaos := weather(seed)
		c := newChaosTown(t, chaos)
		chaos.Revive = c.reviveWorker
		c.leave(50_000)
		reached := c.run()
		c.account(false)
		if total(c.applied) != total(reached)+c.dropped {
			t.Errorf("%d applied, %d in the global model, %d lost by LPSs", total(c.applied), total(reached), c.dropped)
		}
		c.wantLate()
		if deaths += c.deaths["worker"]; t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	if deaths < 5*int(seeds()) {
		t.Errorf("%d deaths", deaths)
	}
}

// TestChaosOfServers: where servers die too, a resumed GPS among them, no update is in the
// global model twice, no node ends with an error, and everybody trains on. In half
// of the seeds the LPSs die once more when no other fault can make a child that stands
// still ask again.
func TestChaosOfServers(t *testing.T) {
	deaths := make(map[string]int)
	for seed := range seeds() {
		chaos := weather(seed)
		c := newChaosTown(t, chaos)
		chaos.Revive = c.revive
		for n := 1; n < len(c.servers) && seed/2%2 == 1; n++ { // they have been added first
			c.Restart(41_000+1000*float64(n%3)+10*float64(seed), n, c.region(c.servers[n][0], c.servers[n][1]))
		}
		c.leave(50_000)
		c.run()
		c.account(true)
		c.wantLate()
		for kind, n := range c.deaths {
			deaths[kind] += n
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	if n := int(seeds()); deaths["gps"] < n || deaths["lps"] < n || deaths["worker"] < n {
		t.Errorf("deaths %v: want many of each", deaths)
	}
}

// TestChaosAtTheEnd: a run that ends while links fail and workers die ends for everybody.
// Who dies as it ends, and does not know, is told by its server.
func TestChaosAtTheEnd(t *testing.T) {
	for seed := range seeds() {
		chaos := weather(seed)
		c := newChaosTown(t, chaos)
		chaos.Revive = c.reviveWorker
		c.Quit(20_000+10*float64(seed%1000), 0)
		for n := range len(c.servers) { // whose Leave was lost does not confirm: GPS last
			c.Expire(60_000-1000*float64(n), n)
		}
		c.run()
		for n, of := range c.servers {
			if !c.stopped[n] {
				t.Errorf("%s does not know that the run is over", of[0])
			}
		}
		if late := total(c.late); late > 0 {
			t.Errorf("%d rounds after 45 s", late)
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// TestChaosRepeats: the same seed, the same run to the last event, on any number of
// goroutines.
func TestChaosRepeats(t *testing.T) {
	run := func(seed uint64, workers int) string {
		chaos := weather(seed)
		c := newChaosTown(t, chaos)
		c.Workers, chaos.Revive = workers, c.revive
		c.leave(50_000)
		var log strings.Builder
		c.Observer = observer(func(ms float64, node int, e halos.Event) { fmt.Fprintln(&log, ms, node, e) })
		return fmt.Sprint(c.run(), c.trained, c.deaths, c.Events(), c.Now(), log.String())
	}
	for _, seed := range []uint64{0, 3} { // one by one, and gathered
		if run(seed, 1) != run(seed, 4) {
			t.Errorf("seed %d: two runs", seed)
		}
	}
	if run(1, 1) == run(2, 1) {
		t.Error("two seeds, one run")
	}
}

// TestChaosIsChecked: Run says what is wrong.
func TestChaosIsChecked(t *testing.T) {
	for want, chaos := range map[string]sim.Chaos{
		"sim: Chaos.Lose is 1.5: want a share from 0 to 1":             {Lose: 1.5},
		"sim: Chaos.Double is -1: want a share from 0 to 1":            {Double: -1},
		"sim: Chaos.Cut is -3: want milliseconds from 0 to 1e+15":      {Cut: -3},
		"sim: Chaos.Until is 1e+16: want milliseconds from 0 to 1e+15": {Until: 1e16},
		"sim: Chaos.Revive is nil: want a func, as Death is 1500":      {Death: 1500},
		"sim: Chaos.Heal is NaN: want milliseconds from 0 to 1e+15":    {Heal: nan()},
		"sim: Chaos.Death is -1500: want milliseconds from 0 to 1e+15": {Death: -1500},
	} {
		w := newTown(t, 1)
		w.Chaos = &chaos
		if err := w.Run(t.Context()); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
