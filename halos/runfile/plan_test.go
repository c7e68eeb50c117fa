package runfile

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/halos-go/sdk/halos"
)

// quadraticOf returns the problem of a run file that names quadratic.
func quadraticOf(t *testing.T, c Config) Problem {
	t.Helper()
	q, err := c.NewProblem()
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func mustPlan(t *testing.T, c Config) *Plan {
	t.Helper()
	p, err := c.Plan(quadraticOf(t, c))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// describeNodes lists the nodes: name under parent @ region.
func describeNodes(p *Plan) string {
	var b strings.Builder
	for _, n := range p.Nodes {
		fmt.Fprintf(&b, "%s %s<%s@%d ", n.Role, n.ID, n.Parent, n.Region)
	}
	return strings.TrimSpace(b.String())
}

func TestPlan(t *testing.T) {
	server := goodRun[:strings.Index(goodRun, "lps:\n  opt")] + "server:\n  optimizer: {name: nesterov, lr: 0.7, momentum: 0}\n"
	const workers = "worker worker0<%s@0 worker worker1<%s@0 worker worker2<%s@1 worker worker3<%s@1"
	under := func(parents ...any) string { return fmt.Sprintf(workers, parents...) }
	tests := []struct{ name, text, want string }{
		{"halos", goodRun, "gps gps<@0 lps lps0<gps@0 lps lps1<gps@1 " + under("lps0", "lps0", "lps1", "lps1")},
		{"lps out of order, gps elsewhere", edit(t, goodRun, "[[0, 1], [2, 3]]", "[[3], [0, 1], [2]]", "gps_region: 0", "gps_region: 1"),
			"gps gps<@1 lps lps0<gps@1 lps lps1<gps@0 lps lps2<gps@1 " + under("lps1", "lps1", "lps2", "lps0")},
		{"levels", edit(t, goodRun, "[[0, 1], [2, 3]]", "[[0, 1], [2], [3]]\n  levels: [[[1, 2], [0]], [[1, 0]]]", "accumulate: 32", "accumulate: 4"),
			"gps gps<@0 lps lps0<lps1.1@0 lps lps1<lps1.0@1 lps lps2<lps1.0@1 lps lps1.0<lps2.0@1 lps lps1.1<lps2.0@0 lps lps2.0<gps@0 " +
				under("lps0", "lps0", "lps1", "lps2")},
		{"async", edit(t, server, "algorithm: halos", "algorithm: async_local_sgd"), "gps server<@0 " + under("server", "server", "server", "server")},
		{"diloco", edit(t, server, "algorithm: halos", "algorithm: diloco"), "sync server<@0 " + under("server", "server", "server", "server")},
	}
	for _, tt := range tests {
		p := mustPlan(t, mustParse(t, tt.text))
		if got := describeNodes(p); got != tt.want {
			t.Errorf("%s:\ngot  %s\nwant %s", tt.name, got, tt.want)
		}
		for _, n := range p.Nodes {
			built, err := p.Build(n.ID, Options{})
			if err != nil || built.Machine.ID() != n.ID || (built.Trainer != nil) != (n.Role == RoleWorker) {
				t.Errorf("%s: %s: %+v, %v", tt.name, n.ID, built, err)
			}
		}
	}
}

// TestPlanNames: names sort as their numbers do.
func TestPlanNames(t *testing.T) {
	c := mustParse(t, edit(t, goodRun, "  lps: [[0, 1], [2, 3]]\n", "", "[0.574, 0.531]", "["+strings.Repeat("1, ", 8)+"1]"))
	if p := mustPlan(t, c); p.Nodes[3].ID != "worker00" || p.Nodes[13].ID != "worker10" || p.Workers()[10].ID != "worker10" {
		t.Errorf("got %s", describeNodes(p))
	}
}

// TestSteps: a slower worker has fewer local steps if they are dynamic, and fewer samples.
func TestSteps(t *testing.T) {
	p := mustPlan(t, mustParse(t, goodRun))
	if n, ok := p.Node("worker0"); !ok || n.Steps != 3 || n.Samples != 3*64 { // ceil(8*0.232/0.907)
		t.Errorf("got %+v", n)
	}
	if n, ok := p.Node("worker1"); !ok || n.Steps != 8 || n.Samples != 8*64 {
		t.Errorf("got %+v", n)
	}
}

// TestLease: a lease holds what the doc of Node says, whatever is above.
func TestLease(t *testing.T) {
	text := edit(t, goodRun, "model_bytes: 281706496", "model_bytes: 1", "  latency_ms: 0\n", "", "accumulate: 32", "accumulate: 3")
	p := mustPlan(t, mustParse(t, text)) // nothing takes time on the way
	if n, _ := p.Node("lps0"); n.Lease != 2*(3*8+3+8)*64+1 {
		t.Errorf("lease of lps0 is %d, want twice 3 rounds of 8 steps and a round of 3 and of 8, of 64 samples, rounded up", n.Lease)
	}
	p = mustPlan(t, mustParse(t, edit(t, text, "gps_region: 0", "levels: [[[0, 1]]]")))
	const lps0, lps1 = 2*(3*8+3+8)*64 + 1, 2*(3*6+6+5)*64 + 1 // each rounded up
	if n, _ := p.Node("lps1.0"); n.Lease != 2*3*3*8*64+3*(lps0+lps1)+1 {
		t.Errorf("lease of lps1.0 is %d, want twice 3 times what lps0 uses and 3 leases of each", n.Lease)
	}
	slow := mustPlan(t, mustParse(t, edit(t, text, "model_bytes: 1", "model_bytes: 1000000000")))
	if n, _ := slow.Node("lps1"); n.Lease < 21845 || n.Lease > 21855 { // 2*(3*6+6+5)*64 samples, and 2*0.3044 a millisecond for 29.8 s
		t.Errorf("lease of lps1 is %d, want about 21850", n.Lease)
	}
	p = mustPlan(t, mustParse(t, edit(t, text, "accumulate: 3", "accumulate: 1000", "local_batch_size: 64", "local_batch_size: 8589934592")))
	if n, _ := p.Node("lps0"); n.Lease != 1<<40 {
		t.Errorf("lease is %d, want at most 2^40", n.Lease)
	}
}

func TestBuildRefuses(t *testing.T) {
	c := mustParse(t, goodRun)
	if _, err := (Config{}).Plan(quadraticOf(t, c)); err == nil {
		t.Error("planned a Config that is not valid")
	}
	p := mustPlan(t, c)
	if _, err := p.Build("lps7", Options{}); errorText(err) != `runfile: there is no node "lps7": want one of the 7 in Plan.Nodes, gps, lps0 to lps1, worker0 to worker3` {
		t.Errorf("got %v", err)
	}
	c.Events = []Event{{AtMS: 5, Restart: "lps1"}}
	if _, err := mustPlan(t, c).Build("gps", Options{}); errorText(err) != "runfile: events is a list of 1: want none for real nodes: only a simulation can make them happen" {
		t.Errorf("got %v", err)
	}
	c.Events = nil
	c.Workload.SharedSamples = true
	p = mustPlan(t, c)
	const want = "runfile: workload.shared_samples is true: want false for real nodes: only a simulation can share them"
	if _, err := p.Build("gps", Options{}); errorText(err) != want {
		t.Errorf("got %v", err)
	}
	if n, err := p.Build("lps0", Options{Simulated: true}); err != nil || n.Machine.(*halos.LPS).Version() != 0 {
		t.Error(err)
	}
	c.Algorithm, c.Server, c.LPS, c.GPS = AsyncLocalSGD, c.GPS, nil, nil
	if _, err := mustPlan(t, c).Build("server", Options{}); err != nil {
		t.Errorf("without LPSs: %v", err)
	}
}

// A mapped is a problem that notes the places of its workers.
type mapped struct {
	Problem
	places []Place
}

func (m *mapped) Objective(of Place) halos.Objective {
	m.places = append(m.places, of)
	return m.Problem.Objective(of)
}

func TestWorkersAreToldTheirPlace(t *testing.T) {
	c := mustParse(t, edit(t, goodRun, "[[0, 1], [2, 3]]", "[[3], [0, 1], [2]]"))
	m := &mapped{Problem: quadraticOf(t, c)}
	p, err := c.Plan(m)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range p.Nodes {
		if _, err := p.Build(n.ID, Options{}); err != nil {
			t.Fatal(err)
		}
	}
	want := []Place{{0, 4, 0, 2}, {1, 4, 0, 2}, {2, 4, 1, 2}, {3, 4, 1, 2}}
	if !slices.Equal(m.places, want) {
		t.Errorf("places of workers %v: want %v", m.places, want)
	}
}

// TestEvents: what is in the file is what is in the Config, and a worker whose first event is to join
// starts then.
func TestEvents(t *testing.T) {
	c := mustParse(t, goodRun+`events:
  - {at_ms: 150000, quit: 3}
  - {at_ms: 200000.5, join: 3}
  - {at_ms: 90000, restart: lps1}
  - {at_ms: 100000, cut: [lps0, gps]}
  - {at_ms: 130000, heal: [gps, lps0]}
  - {at_ms: 150000, restart: worker0}
  - {at_ms: 40000, join: 1}
  - {at_ms: 50000, quit: 1}
  - {at_ms: 60000, join: 1}
  - {at_ms: 130000, cut: [worker0, lps0]}
`)
	if got := fmt.Sprint(c.Timeline()); got != "[6 7 8 2 3 4 9 0 5 1]" {
		t.Errorf("events happen as %s", got)
	}
	p := mustPlan(t, c)
	for _, n := range p.Nodes {
		if want := map[string]float64{"worker1": 40000}[n.ID]; n.StartMS != want {
			t.Errorf("%s starts at %v ms, want %v", n.ID, n.StartMS, want)
		}
	}
	b, err := c.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	if again := mustParse(t, string(b)); fmt.Sprint(describeEvents(again)) != fmt.Sprint(describeEvents(c)) {
		t.Errorf("wrote %s", b)
	}
}

func describeEvents(c Config) (all []string) {
	for _, e := range c.Events {
		s := fmt.Sprint(e.AtMS, e.keys(), e.Cut, e.Heal, e.Restart)
		for _, w := range []*int{e.Quit, e.Join} {
			if w != nil {
				s += fmt.Sprint(*w)
			}
		}
		all = append(all, s)
	}
	return all
}
