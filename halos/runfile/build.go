package runfile

import (
	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/merge"
	"github.com/halos-go/sdk/optim"
)

func (p *Plan) build(n Node, o Options) (m halos.Machine, t halos.Trainer, err error) {
	switch n.Role {
	case RoleGPS:
		m, err = p.gps(n, o)
	case RoleSync:
		m, err = p.sync(n, o)
	case RoleLPS:
		m, err = p.lps(n, o)
	case RoleWorker:
		return p.worker(n)
	}
	return m, nil, err
}

// server is what all servers have in common.
func (p *Plan) server(n Node, o Options, opt optim.Optimizer, lr optim.Schedule) halos.ServerConfig {
	if p.initial == nil {
		p.initial = make([]float32, p.layout.Len())
		p.problem.Init(p.initial)
	}
	params := p.initial
	if o.Resume != nil && n.Parent == "" {
		params = o.Params
	}
	return halos.ServerConfig{ID: n.ID, Params: params, Layout: p.layout, Backend: o.Backend,
		Optimizer: opt, LR: lr, GlobalBatch: p.cfg.Workload.GlobalBatchSize}
}

// shared returns the Cursor that all servers share, or nil.
func (p *Plan) shared() *halos.Cursor {
	if p.cfg.Workload.SharedSamples {
		return &p.cursor
	}
	return nil
}

func (p *Plan) gps(n Node, o Options) (halos.Machine, error) {
	s := p.cfg.GPS
	if s == nil {
		s = p.cfg.Server
	}
	opt, lr := p.outer(s.Optimizer, n)
	return halos.NewGPS(halos.GPSConfig{
		ServerConfig: p.server(n, o, opt, lr),
		TotalSteps:   p.cfg.Workload.TotalLocalSteps,
		Cursor:       p.shared(),
		Resume:       o.Resume,
	})
}

func (p *Plan) lps(n Node, o Options) (halos.Machine, error) {
	opt, lr := p.outer(p.cfg.LPS.Optimizer, n)
	return halos.NewLPS(halos.LPSConfig{
		ServerConfig: p.server(n, o, opt, lr),
		Parent:       n.Parent,
		Accumulator:  p.accumulator(),
		Merger:       p.merger(),
		Cursor:       p.shared(),
		Lease:        n.Lease,
	})
}

func (p *Plan) sync(n Node, o Options) (halos.Machine, error) {
	cfg := halos.SyncConfig{Workers: o.Workers, TotalSteps: p.cfg.Workload.TotalLocalSteps, Resume: o.Resume}
	if cfg.Workers == 0 {
		cfg.Workers = max(1, len(p.steps)-len(p.cfg.lateComers()))
	}
	if p.cfg.Algorithm == SyncSGD { // the workers' optimizer steps here, once for all
		opt, lr := p.inner()
		cfg.ServerConfig = p.server(n, o, opt, lr)
		cfg.ClipNorm = p.cfg.Worker.ClipNorm
	} else {
		opt, lr := p.outer(p.cfg.Server.Optimizer, n)
		cfg.ServerConfig = p.server(n, o, opt, lr)
	}
	return halos.NewSync(cfg)
}

func (p *Plan) worker(n Node) (halos.Machine, halos.Trainer, error) {
	opt, lr := p.inner()
	t, err := halos.NewLocal(halos.LocalConfig{
		Objective: p.problem.Objective(Place{Worker: n.Worker, Workers: len(p.steps), Region: n.Region, Regions: len(p.cfg.Topology.Speeds)}),
		Params:    p.layout.Len(),
		Optimizer: opt,
		LR:        lr,
		ClipNorm:  p.cfg.Worker.ClipNorm,
	})
	if err != nil {
		return nil, nil, err
	}
	m, err := halos.NewWorker(halos.WorkerConfig{
		ID:       n.ID,
		Parent:   n.Parent,
		Layout:   p.layout,
		Steps:    n.Steps,
		Samples:  n.Samples,
		Plugs:    opt.Name(),
		Gradient: p.cfg.Algorithm == SyncSGD,
	})
	if err != nil {
		return nil, nil, err
	}
	return m, t, nil
}

// The plugs of the nodes. Each node gets plugs of its own. The Config is valid, so
// every plug has a row and values that fit.

// outer returns the optimizer of a server, with its learning rate.
func (p *Plan) outer(plug Plug, n Node) (optim.Optimizer, optim.Schedule) {
	r, v := p.outerRow(plug)
	return p.optimizer(r, v), optim.Constant(n.LR)
}

// rateOf returns the learning rate of a server with so many children.
func (p *Plan) rateOf(plug Plug, children int) float64 {
	r, v := p.outerRow(plug)
	return r.lr(v, children)
}

func (p *Plan) outerRow(plug Plug) (row, Values) {
	r, _ := p.plugs.find(optimizer, plug.Name)
	r = r.outer()
	v, _ := r.values(plug)
	return r, v
}

// inner returns the optimizer of a worker, with its schedule.
func (p *Plan) inner() (optim.Optimizer, optim.Schedule) {
	worker := p.cfg.Worker
	r, _ := p.plugs.find(optimizer, worker.Optimizer.Name)
	v, _ := r.values(worker.Optimizer)
	s, _ := p.plugs.find(schedule, worker.LRSchedule.Name)
	w, _ := s.values(worker.LRSchedule)
	return p.optimizer(r, v), s.build.(func(Values) optim.Schedule)(w)
}

func (p *Plan) optimizer(r row, v Values) optim.Optimizer {
	return r.build.(func(Values, optim.Layout) optim.Optimizer)(v, p.layout)
}

func (p *Plan) accumulator() merge.Accumulator {
	r, v := p.part(0)
	return r.build.(func(Values) merge.Accumulator)(v)
}

func (p *Plan) merger() merge.Merger {
	r, v := p.part(1)
	return r.build.(func(Values) merge.Merger)(v)
}

// updates returns how many updates go into a delta of an LPS, or what is a good guess.
func (p *Plan) updates() uint64 {
	if n := p.cfg.updates(p.plugs); n > 0 {
		return n
	}
	return 32
}

// part returns one of the plugs in the section lps.
func (p *Plan) part(i int) (row, Values) {
	part := p.cfg.LPS.parts()[i]
	r, _ := p.plugs.find(part.kind, part.name())
	v, _ := r.values(*part.plug)
	return r, v
}
