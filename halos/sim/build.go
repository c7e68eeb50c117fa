package sim

import (
	"fmt"

	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/optim"
)

// A builder makes the machines of a Run.
type builder struct {
	*Run
	layout optim.Layout
	params []float32
	cursor halos.Cursor
}

func (b *builder) build() error {
	switch b.cfg.Algorithm {
	case HALoS:
		return b.halos()
	case AsyncLocalSGD:
		return b.async()
	}
	return b.sync()
}

func (b *builder) server(id string, o OptimizerConfig) halos.ServerConfig {
	opt, lr := o.build(b.layout)
	return halos.ServerConfig{ID: id, Params: b.params, Layout: b.layout, Backend: b.opts.Backend, Optimizer: opt, LR: lr,
		GlobalBatch: b.cfg.Workload.GlobalBatchSize}
}

func (b *builder) halos() error {
	if err := b.gps("gps", b.cfg.GPS.Optimizer); err != nil {
		return err
	}
	groups := b.cfg.Topology.Groups()
	parent := make([]string, b.cfg.Topology.Workers())
	for i, workers := range groups {
		id := fmt.Sprintf("lps%0*d", digits(len(groups)), i)
		for _, w := range workers {
			parent[w] = id
		}
		l, err := halos.NewLPS(halos.LPSConfig{
			ServerConfig: b.server(id, b.cfg.LPS.Optimizer),
			GPS:          "gps",
			Accumulator:  b.cfg.LPS.accumulator(),
			Merger:       b.cfg.LPS.merger(),
			Cursor:       &b.cursor,
		})
		if err != nil {
			return err
		}
		b.lps = append(b.lps, l)
		b.net.add(b.net.clock.region[workers[0]])
		b.sim.Add(0, l)
	}
	return b.workers(func(w int) string { return parent[w] })
}

func (b *builder) gps(id string, o OptimizerConfig) error {
	g, err := halos.NewGPS(halos.GPSConfig{ServerConfig: b.server(id, o), TotalSteps: b.cfg.Workload.TotalLocalSteps, Cursor: &b.cursor})
	if err != nil {
		return err
	}
	b.addRoot(g)
	return nil
}

func (b *builder) async() error {
	if err := b.gps("server", b.cfg.Server.Optimizer); err != nil {
		return err
	}
	return b.workers(func(int) string { return "server" })
}

func (b *builder) sync() error {
	cfg := halos.SyncConfig{Workers: b.cfg.Topology.Workers(), TotalSteps: b.cfg.Workload.TotalLocalSteps}
	if b.cfg.Algorithm == SyncSGD { // the workers' optimizer steps here, once for all
		cfg.ServerConfig = b.server("server", b.cfg.Worker.Optimizer)
		cfg.LR = b.cfg.Worker.LRSchedule.build()
		cfg.ClipNorm = b.cfg.Worker.ClipNorm
	} else {
		cfg.ServerConfig = b.server("server", b.cfg.Server.Optimizer)
	}
	s, err := halos.NewSync(cfg)
	if err != nil {
		return err
	}
	b.addRoot(s)
	return b.workers(func(int) string { return "server" })
}

func (b *builder) addRoot(s server) {
	b.root = s
	b.net.add(b.cfg.Topology.GPSRegion)
	b.sim.Add(0, s)
}

func (b *builder) workers(parent func(w int) string) error {
	k, wide := b.net.clock, digits(len(b.net.clock.speed))
	for w := range k.speed {
		h := uint64(1)
		if b.cfg.Algorithm != SyncSGD {
			h = k.localSteps(w, b.cfg.Worker.LocalSteps, b.cfg.Worker.DynamicLocalUpdates)
		}
		opt, _ := b.cfg.Worker.Optimizer.build(b.layout)
		m, err := halos.NewWorker(halos.WorkerConfig{
			ID:       fmt.Sprintf("worker%0*d", wide, w),
			Server:   parent(w),
			Layout:   b.layout,
			Steps:    h,
			Samples:  h * b.cfg.Workload.LocalBatchSize,
			Plugs:    opt.Name(),
			Gradient: b.cfg.Algorithm == SyncSGD,
		})
		if err != nil {
			return err
		}
		t, err := halos.NewLocal(halos.LocalConfig{
			Objective: b.problem.Objective(),
			Params:    len(b.params),
			Optimizer: opt,
			LR:        b.cfg.Worker.LRSchedule.build(),
			ClipNorm:  b.cfg.Worker.ClipNorm,
		})
		if err != nil {
			return err
		}
		b.net.addWorker(w)
		b.sim.AddWorker(0, m, t, func(steps uint64) float64 { return b.net.compute(w, steps) })
	}
	return nil
}

func digits(n int) int { return len(fmt.Sprint(n - 1)) }
