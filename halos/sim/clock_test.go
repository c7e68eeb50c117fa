package sim

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/halos-go/sdk/halos/runfile"
)

// env16 is the reference environment: 4 regions of 4 workers.
func env16(t *testing.T, name string) (runfile.Config, *clock) {
	t.Helper()
	c, err := runfile.Parse(goldens(t)[name].Config, "")
	if err != nil {
		t.Fatal(err)
	}
	return c, newClock(c, 12)
}

func near(a, b, tolerance float64) bool { return math.Abs(a-b) <= tolerance }

// TestRounds wants the round times known of the reference environment.
func TestRounds(t *testing.T) {
	tests := []struct {
		golden string
		want   float64
	}{
		{"diloco_env16", 97936.53652571933},
		{"diloco_dynupd_env16", 41660.29032619467},
		{"sync_sgd_env16", 35293.174404224},
	}
	for _, tt := range tests {
		c, k := env16(t, tt.golden)
		slowest := 0.0
		for _, n := range workers(t, c) {
			slowest = max(slowest, k.compute(n.Worker, n.Steps))
		}
		if got := slowest + k.allReduce(len(k.speed)); !near(got, tt.want, 1e-6) {
			t.Errorf("%s: round is %.9f ms, want %.9f", tt.golden, got, tt.want)
		}
	}
}

func TestWorkerRound(t *testing.T) {
	c, k := env16(t, "halos_env16")
	h := workers(t, c)[1].Steps // the fastest
	if got, want := 2*k.transfer(0, 0)+k.compute(1, h)+1e-6, 1952.20104036; h != 8 || !near(got, want, 1e-6) {
		t.Errorf("%d steps in %.9f ms, want 8 in %.9f", h, got, want)
	}
	c, k = env16(t, "halos_uneven_latency") // 35 ms between regions, none inside
	if got, want := k.transfer(0, 1), 35+281706496*8/0.3e9*1e3; !near(got, want, 1e-6) {
		t.Errorf("transfer between regions takes %v ms, want %v", got, want)
	}
	if got, want := k.transfer(1, 1), 281706496*8/80e9*1e3; !near(got, want, 1e-6) {
		t.Errorf("transfer inside a region takes %v ms, want %v", got, want)
	}
	c.Workload.ModelBytes = 0
	if got := newClock(c, 100).bytes; got != 400 {
		t.Errorf("100 parameters are %v bytes, want 400", got)
	}
}

// workers returns the workers of a run file.
func workers(t *testing.T, c runfile.Config) []runfile.Node {
	t.Helper()
	plan, err := c.Plan(idle{})
	if err != nil {
		t.Fatal(err)
	}
	return plan.Workers()
}

func TestAllReduceOfFew(t *testing.T) {
	one := &clock{topology: runfile.Topology{Bandwidths: [][]float64{{8}}, Speeds: [][]float64{{1}}}, speed: []float64{1}, bytes: 1e9}
	if got := one.allReduce(1); got != 0 {
		t.Errorf("one worker: %v ms, want 0", got)
	}
	one.speed = []float64{1, 1}                    // in one region: 2 turns of half a model, 500 ms each
	one.topology.Latency.Matrix = [][]float64{{3}} // a ring takes the latency between regions, and there is one region
	if got := one.allReduce(2); got != 1000 {
		t.Errorf("two workers in a region: %v ms, want 1000", got)
	}
	if got := one.crossing(2); got != 0 {
		t.Errorf("two workers in a region: %v bytes cross, want 0", got)
	}
	two := &clock{topology: runfile.Topology{Bandwidths: [][]float64{{8, 4}, {2, 8}}, Latency: runfile.Latency{Between: 5}}, speed: []float64{1, 1}, bytes: 1e9}
	if got := two.allReduce(2); got != 2*(2000+5) { // the slower direction
		t.Errorf("two regions: %v ms, want 4010", got)
	}
	if got := two.crossing(2); got != 2e9 {
		t.Errorf("two regions: %v bytes cross, want 2e9", got)
	}
}

func TestBestRing(t *testing.T) {
	_, k := env16(t, "diloco_env16")
	if got := bestRing(k.topology.Bandwidths); got != 0.127 {
		t.Errorf("reference environment: %v, want 0.127", got)
	}
	// Links count in one direction: only 0 -> 1 -> 2 -> 0 is wide.
	oneWay := [][]float64{{9, 5, 1}, {1, 9, 5}, {5, 1, 9}}
	if got := bestRing(oneWay); got != 5 {
		t.Errorf("one-way ring: %v, want 5", got)
	}
}

// TestBestRingAgainstAllOrders compares with the definition, and the
// search of limited time with both.
func TestBestRingAgainstAllOrders(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	optimal, rings := 0, 0
	for range 300 {
		m := randomLinks(rng, 2+rng.IntN(6))
		want := 0.0
		order := make([]int, len(m))
		for i := range order {
			order[i] = i
		}
		permute(order, 1, func() { want = max(want, narrowest(m, order)) })
		if got := bestRing(m); got != want {
			t.Fatalf("%v: got %v, want %v", m, got, want)
		}
		if found := widest(m, findRing); found > want {
			t.Fatalf("%v: the search found %v, the best is %v", m, found, want)
		} else if rings++; found == want {
			optimal++
		}
	}
	t.Logf("the search found the best in %d of %d", optimal, rings)
}

// TestRingOfMany hides a wide ring among narrow links. With 30 regions the
// search may miss it, but not often.
func TestRingOfMany(t *testing.T) {
	for _, tt := range []struct{ regions, least int }{{12, 10}, {15, 10}, {30, 8}} {
		found := 0
		for seed := range uint64(10) {
			rng := rand.New(rand.NewPCG(seed, 9))
			m := randomLinks(rng, tt.regions)
			order := rng.Perm(tt.regions)
			for i, a := range order {
				m[a][order[(i+1)%len(order)]] = 1000
			}
			if bestRing(m) == 1000 {
				found++
			}
		}
		if found < tt.least {
			t.Errorf("%d regions: found %d of 10 rings, want %d", tt.regions, found, tt.least)
		}
	}
}

func randomLinks(rng *rand.Rand, n int) [][]float64 {
	m := make([][]float64, n)
	for i := range m {
		for range n {
			m[i] = append(m[i], float64(1+rng.IntN(40)))
		}
	}
	return m
}

// permute calls f for every order of s[i:].
func permute(s []int, i int, f func()) {
	if i == len(s) {
		f()
	}
	for j := i; j < len(s); j++ {
		s[i], s[j] = s[j], s[i]
		permute(s, i+1, f)
		s[i], s[j] = s[j], s[i]
	}
}

func BenchmarkBestRing(b *testing.B) {
	m := randomLinks(rand.New(rand.NewPCG(5, 6)), 16)
	for b.Loop() {
		bestRing(m)
	}
}

// narrowest returns the smallest bandwidth on the way round.
func narrowest(gbps [][]float64, ring []int) float64 {
	x := gbps[ring[len(ring)-1]][ring[0]]
	for i := 1; i < len(ring); i++ {
		x = min(x, gbps[ring[i-1]][ring[i]])
	}
	return x
}
