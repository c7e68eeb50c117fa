package halos

import (
	"math"

	"github.com/halos-go/sdk/optim"
)

// fragile is the optimizer of the LPSs of a world: SGD until an update begins with ruin.
type fragile struct{ optim.SGD }

const ruin = 1 << 20

func (f *fragile) Step(params []float32, updates ...optim.Gradient) {
	f.SGD.Step(params, updates...)
	for _, u := range updates {
		if u.Values[0] == ruin {
			params[0] = float32(math.NaN())
		}
	}
}

func (w *world) fragile(id string) ServerConfig {
	cfg := w.config(id)
	cfg.Optimizer = &fragile{}
	return cfg
}

// ruin lets an LPS that is at work diverge, in whatever phase.
func (w *world) ruin(a *actor) error {
	l, ok := a.machine.(*LPS)
	if !ok || !l.up.joined() || l.ruins > maxRefusals/2 {
		return nil
	}
	w.gone++ // what is lost now no worker counts
	w.clock++
	w.log("%s diverges", a.id)
	update := make([]float32, len(w.trained))
	update[0] = ruin
	return w.step(a,
		Input{From: "bad", Msg: &Pull{Receipt: Receipt{w.clock, 1}, Hello: Hello{Role: RoleWorker, Layout: w.layout}, Steps: 1, Want: 1}},
		Input{From: "bad", Msg: &Push{Receipt: Receipt{w.clock, 2}, Work: Work{Steps: 1, Updates: 1}, Delta: update}})
}
