package halos

// GPSConfig describes a global parameter server.
type GPSConfig struct {
	ServerConfig
	// TotalSteps ends the run with the first update at which the local steps in
	// all updates reach it. 0: no end but Quit.
	TotalSteps uint64
	// Cursor hands out samples, to workers as claims and to LPSs as leases.
	// nil: one of its own, from sample 0.
	Cursor *Cursor
	// Lineage names the run. 0: that of Resume, or one drawn at the server's birth, from
	// its incarnation. See [Point].
	Lineage uint64
	// Resume says that Params is not the beginning of the run. nil: it is.
	Resume *Resume
}

// A GPS is the global parameter server: it applies each update on arrival and
// answers with its new model, to that child only. Its children are LPSs or, in
// Async-Local-SGD (arXiv 2401.09135), workers, or both.
type GPS struct{ root }

var _ Machine = (*GPS)(nil)

// NewGPS returns a GPS. An error names the field of cfg that is wrong.
func NewGPS(cfg GPSConfig) (*GPS, error) {
	initial := fingerprint(cfg.Params) // here, before it is in the Backend
	if err := checkRoot("GPSConfig", cfg.Lineage, cfg.Resume); err != nil {
		return nil, err
	}
	var err error
	if cfg.ServerConfig, err = cfg.check("GPSConfig"); err != nil {
		return nil, err
	}
	s := newServer(cfg.ServerConfig, initial, RoleWorker, RoleLPS)
	return &GPS{newRoot(s, cfg.TotalSteps, cfg.Cursor, cfg.Lineage, cfg.Resume)}, nil
}

// Step implements [Machine].
func (g *GPS) Step(in []Input, out *Output) { g.stepRoot(g, in, out) }

func (g *GPS) take(in Input, out *Output) { g.takeRoot(g, in, out) }

func (g *GPS) asked(ch *child, push *Push, fresh bool, out *Output) {
	if fresh && push != nil {
		stale := g.apply(push)
		out.note(Event{Kind: Updated, Peer: ch.name, Version: g.point.Version, Steps: g.work.Steps, Updates: push.Updates, Staleness: stale})
		if g.complete() {
			if g.settle(g, out); !out.Done {
				g.end(out)
			}
			return
		}
	}
	if fresh {
		first := g.cursor.claim(ch.want)
		ch.claim = Claim{First: first, Count: ch.want, LRStep: g.lrStep(ch, first)}
	}
	g.owe(ch)
}

func (g *GPS) left(*child, *Output) {}
