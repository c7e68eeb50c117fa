package halos_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/merge"
	"github.com/halos-go/sdk/momentum"
	"github.com/halos-go/sdk/optim"
	"github.com/halos-go/sdk/transport"
)

// zero is an objective with no gradient.
type zero struct{}

func (*zero) Gradient(_ context.Context, grad, _ []float32, _, _ uint64) (float64, error) {
	clear(grad)
	return 0, nil
}

// TestMisuse: what a program can do wrong is an error that says what would be right, and
// never a panic.
func TestMisuse(t *testing.T) {
	gps := func(change func(*halos.GPSConfig)) error {
		c := halos.GPSConfig{ServerConfig: server(nil, "gps", 1, nil)}
		change(&c)
		_, err := halos.NewGPS(c)
		return err
	}
	sync := func(change func(*halos.SyncConfig)) error {
		c := halos.SyncConfig{ServerConfig: server(nil, "sync", 1, nil), Workers: 1}
		change(&c)
		_, err := halos.NewSync(c)
		return err
	}
	lps := func(change func(*halos.LPSConfig)) error {
		c := halos.LPSConfig{ServerConfig: server(nil, "eu", 1, nil), Parent: "gps", Lease: 1, Accumulator: &merge.Every{K: 1}, Merger: merge.Mix{}}
		change(&c)
		_, err := halos.NewLPS(c)
		return err
	}
	local := func(change func(*halos.LocalConfig)) error {
		c := halos.LocalConfig{Objective: &zero{}, Params: dim, Optimizer: &optim.SGD{}, LR: optim.Constant(1)}
		change(&c)
		_, err := halos.NewLocal(c)
		return err
	}
	train := func(params []float32, task halos.Task) error {
		l := must(halos.NewLocal(halos.LocalConfig{Objective: &zero{}, Params: dim, Optimizer: &optim.SGD{}, LR: optim.Constant(1)}))
		return l.Train(t.Context(), params, task)
	}
	round := func(tr halos.Trainer, params, work, update int) error {
		task := halos.Task{Round: 7, Params: make([]float32, params), Steps: 1, Claim: halos.Claim{Count: 1}}
		_, err := halos.Round(t.Context(), tr, task, make([]float32, work), make([]float32, update))
		return err
	}
	run := func(m halos.Machine, c halos.RunConfig) (err error) {
		synctest.Test(t, func(t *testing.T) {
			var net transport.Mem
			end := must(net.Join("x"))
			defer end.Close()
			if c.Transport == nil {
				c.Transport = end
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			err = halos.Run(ctx, m, c)
		})
		return err
	}
	var (
		none      halos.TrainerFunc
		sgd       *optim.SGD
		adamw     *optim.AdamW
		linear    *optim.Linear
		constant  *optim.Constant
		every     *merge.Every
		mix       *merge.Mix
		objective *zero
		delayed   *momentum.Delayed
		noLocal   *halos.Local
		noWorker  *halos.Worker
		noGPS     *halos.GPS
		noLPS     *halos.LPS
		noSync    *halos.Sync
		noMachine halos.Machine
	)
	one := halos.Claim{Count: 1}
	for _, c := range []struct {
		what string
		do   func() error
		want string
	}{
		{"Optimizer of a GPS", func() error { return gps(func(c *halos.GPSConfig) { c.Optimizer = sgd }) }, "halos: GPSConfig.Optimizer is nil: want one"},
		{"Optimizer of a GPS", func() error { return gps(func(c *halos.GPSConfig) { c.Optimizer = adamw }) }, "halos: GPSConfig.Optimizer is nil: want one"},
		{"Momentum of a GPS", func() error { return gps(func(c *halos.GPSConfig) { c.Optimizer = &optim.SGD{Momentum: delayed} }) }, "halos: GPSConfig.Optimizer"},
		{"LR of a GPS", func() error { return gps(func(c *halos.GPSConfig) { c.LR = linear }) }, "halos: GPSConfig.LR is nil: want a schedule"},
		{"Optimizer of a Sync", func() error { return sync(func(c *halos.SyncConfig) { c.Optimizer = sgd }) }, "halos: SyncConfig.Optimizer is nil: want one"},
		{"LR of a Sync", func() error { return sync(func(c *halos.SyncConfig) { c.LR = constant }) }, "halos: SyncConfig.LR is nil: want a schedule"},
		{"Optimizer of an LPS", func() error { return lps(func(c *halos.LPSConfig) { c.Optimizer = sgd }) }, "halos: LPSConfig.Optimizer is nil: want one"},
		{"LR of an LPS", func() error { return lps(func(c *halos.LPSConfig) { c.LR = linear }) }, "halos: LPSConfig.LR is nil: want a schedule"},
		{"Accumulator", func() error { return lps(func(c *halos.LPSConfig) { c.Accumulator = every }) }, "halos: LPSConfig.Accumulator is nil: want one"},
		{"Merger", func() error { return lps(func(c *halos.LPSConfig) { c.Merger = mix }) }, "halos: LPSConfig.Merger is nil: want one"},
		{"Objective", func() error { return local(func(c *halos.LocalConfig) { c.Objective = objective }) }, "halos: LocalConfig.Objective is nil: want one"},
		{"Optimizer of a Local", func() error { return local(func(c *halos.LocalConfig) { c.Optimizer = adamw }) }, "halos: LocalConfig.Optimizer is nil: want one"},
		{"LR of a Local", func() error { return local(func(c *halos.LocalConfig) { c.LR = linear }) }, "halos: LocalConfig.LR is nil: want a schedule"},

		{"a model of another length", func() error { return train(make([]float32, 3), halos.Task{Steps: 1, Claim: one}) }, "halos: model has 3 parameters: want the 7 of LocalConfig.Params"},
		{"no local steps", func() error { return train(make([]float32, dim), halos.Task{Claim: one}) }, "halos: task has 0 local steps: want at least 1"},
		{"no samples", func() error { return train(make([]float32, dim), halos.Task{Steps: 1}) }, "halos: claim of 0 samples: want a multiple of 1 local steps"},
		{"no samples for a gradient", func() error { return train(make([]float32, dim), halos.Task{Steps: 1, Gradient: true}) }, "halos: claim of 0 samples: want"},
		{"a zero Local", func() error {
			return new(halos.Local).Train(t.Context(), make([]float32, dim), halos.Task{Steps: 1, Claim: one})
		}, "halos: model has 7 parameters: want the 0 of LocalConfig.Params"},
		{"work space too small", func() error { return round(descend, 7, 6, 7) }, "round 7: 6 and 7 parameters of work space: want 7"},
		{"update too small", func() error { return round(descend, 7, 7, 8) }, "round 7: 7 and 8 parameters of work space: want 7"},
		{"TrainerFunc(nil)", func() error { return round(none, 7, 7, 7) }, "round 7: halos: TrainerFunc is nil: want a function"},

		{"no Machine", func() error { return run(noMachine, halos.RunConfig{}) }, "halos: Machine is nil: want one"},
		{"no Worker", func() error { return run(noWorker, halos.RunConfig{Trainer: descend}) }, "halos: Machine is nil: want one"},
		{"no GPS", func() error { return run(noGPS, halos.RunConfig{}) }, "halos: Machine is nil: want one"},
		{"no LPS", func() error { return run(noLPS, halos.RunConfig{}) }, "halos: Machine is nil: want one"},
		{"no Sync", func() error { return run(noSync, halos.RunConfig{}) }, "halos: Machine is nil: want one"},
		{"Trainer TrainerFunc(nil)", func() error { return run(newWorker("w", "gps"), halos.RunConfig{Trainer: none}) }, "halos: RunConfig.Trainer is nil: want one, as m is a Worker"},
		{"Trainer (*Local)(nil)", func() error { return run(newWorker("w", "gps"), halos.RunConfig{Trainer: noLocal}) }, "halos: RunConfig.Trainer is nil: want one, as m is a Worker"},
	} {
		t.Run(c.what, func(t *testing.T) {
			defer func() {
				if r := recover(); r != nil {
					t.Errorf("panic: %v", r)
				}
			}()
			if err := c.do(); err == nil || !strings.HasPrefix(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v\nwant %s", err, c.want)
			}
		})
	}
}
