package runfile

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/optim"
)

const outerRun = "{name: delayed_nesterov, lr: 3.2, beta: 0.9, delay: 16, c: 0}"

// TestMassIsTheLongRun sums the steps of a constant update: with mass m each of n
// children moves the model m/n times its update, whatever the optimizer.
func TestMassIsTheLongRun(t *testing.T) {
	const mass, children, window = 1.5, 2, 60 // a multiple of every delay
	for _, text := range []string{
		"{name: sgd, mass: 1.5}",
		"{name: heavy_ball, mass: 1.5, momentum: 0.9}",
		"{name: nesterov, mass: 1.5, momentum: 0.8}",
		"{name: nesterov, mass: 1.5, momentum: 0}",
		"{name: delayed_nesterov, mass: 1.5, beta: 0.5, delay: 4}",
		"{name: delayed_nesterov, mass: 1.5, beta: 0, delay: 3}",
		"{name: delayed_nesterov, mass: 1.5, beta: 0.7, delay: 5, c: 0.1}",
		"{name: delayed_nesterov, mass: 1.5, beta: 0.3, delay: 1, c: 1}",
	} {
		p := mustPlan(t, mustParse(t, edit(t, goodRun, outerRun, text)))
		o, lr := p.outer(p.cfg.LPS.Optimizer, p.Nodes[1])
		if err := o.Init(kernels.CPU{}, 1); err != nil {
			t.Fatal(err)
		}
		params, grad := []float32{0}, []float32{1}
		step := func() {
			for range window {
				o.Step(params, optim.Gradient{Values: grad, LR: lr.At(0)})
			}
		}
		for range 10 { // until the momentum is what it stays
			step()
		}
		params[0] = 0
		step()
		if got, want := -float64(params[0])/window, mass/children; math.Abs(got-want) > 1e-4*want {
			t.Errorf("%s: an update moves the model %v times itself: want %v", text, got, want)
		}
	}
}

// TestMassGoesByTheChildren has regions of one, two and three workers and a level between.
func TestMassGoesByTheChildren(t *testing.T) {
	text := strings.NewReplacer(
		"[[100.0, 0.537], [0.537, 100.0]]", "[[9, 1, 1], [1, 9, 1], [1, 1, 9]]",
		"[[0.232, 0.907], [0.574, 0.531]]", "[[1], [1, 1], [1, 1, 1]]",
		"  lps: [[0, 1], [2, 3]]\n", "",
		"gps_region: 0", "levels: [[[0, 1], [2]]]",
		outerRun, "{name: delayed_nesterov, mass: 0.6, beta: 0.5, delay: 4}",
		"{name: delayed_nesterov, lr: 0.3, beta: 0.5, delay: 2}", "{name: sgd, mass: 3}",
		"accumulate: 32", "accumulate: 4",
	).Replace(goodRun)
	cfg := mustParse(t, text)
	wants := func(cfg Config, want string) {
		t.Helper()
		var got []string
		for _, n := range mustPlan(t, cfg).Nodes {
			if n.Role != RoleWorker {
				got = append(got, fmt.Sprintf("%s %.4g", n.ID, n.LR))
			}
		}
		if s := strings.Join(got, ", "); s != want {
			t.Errorf("got %s\nwant %s", s, want)
		}
	}
	wants(cfg, "gps 1.5, lps0 1.2, lps1 0.6, lps2 0.4, lps1.0 0.6, lps1.1 1.2")
	flat := cfg
	flat.Topology.Levels = nil
	wants(flat, "gps 1, lps0 1.2, lps1 0.6, lps2 0.4")
	async := cfg
	async.Algorithm, async.LPS, async.GPS, async.Server = AsyncLocalSGD, nil, nil, cfg.GPS
	wants(async, "server 0.5")
	diloco := async
	diloco.Algorithm = DiLoCo
	wants(diloco, "server 3") // the mean of a round is one update
	same := async
	same.Algorithm, same.Server, same.Worker.LocalSteps, same.Worker.DynamicLocalUpdates = SyncSGD, nil, 0, false
	wants(same, "server 0")
	again, err := json.Marshal(cfg)
	if err != nil || !strings.Contains(string(again), `"mass":0.6`) {
		t.Errorf("%s, %v: want the mass", again, err)
	}
	wants(mustParse(t, string(again)), "gps 1.5, lps0 1.2, lps1 0.6, lps2 0.4, lps1.0 0.6, lps1.1 1.2")
}
