package halos

import "fmt"

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
type GPS struct {
	server
	total  uint64
	cursor *Cursor
}

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
	if cfg.Cursor == nil {
		cfg.Cursor = new(Cursor)
	}
	g := &GPS{server: newServer(cfg.ServerConfig, initial, RoleWorker, RoleLPS), total: cfg.TotalSteps, cursor: cfg.Cursor}
	g.root(cfg.Lineage, cfg.Resume, g.cursor)
	return g, nil
}

// checkRoot validates what a server without a parent is told of its origin.
func checkRoot(role string, lineage uint64, r *Resume) error {
	switch {
	case r == nil:
	case r.Point.Lineage == 0:
		return fmt.Errorf("halos: %s.Resume.Point.Lineage is 0: want that of the model in Params", role)
	case lineage != 0 && lineage != r.Point.Lineage:
		return fmt.Errorf("halos: %s.Lineage is %x: want 0, or %x as in Resume", role, lineage, r.Point.Lineage)
	case r.Work.Steps > maxWork || r.Work.Updates > maxWork || r.Sample > maxResume:
		return fmt.Errorf("halos: %s.Resume is %+v: want counts of at most 2^40 and a sample of at most 2^62", role, *r)
	}
	return nil
}

// maxResume bounds a sample, so that the cursor behind it does not overflow.
const maxResume = 1 << 62

// root makes s a server without a parent.
func (s *server) root(lineage uint64, r *Resume, cursor *Cursor) {
	s.fresh, s.point.Lineage = r == nil, lineage
	if r != nil {
		s.point, s.work, s.initial = r.Point, r.Work, 0
		cursor.next = max(cursor.next, r.Sample)
	}
}

// begin starts the life of a server without a parent.
func (s *server) begin(life uint64, out *Output) {
	if s.point.Life >= life && s.point.Life > 0 {
		out.fail(fmt.Errorf("%w: %s: incarnation is %d: want one above %d, the life in Resume", ErrSuperseded, s.cfg.ID, life, s.point.Life))
		return
	}
	s.point.Life = life
	if s.point.Lineage == 0 {
		s.point.Lineage = life
	}
}

// Steps returns how many local steps are in the model.
func (g *GPS) Steps() uint64 { return g.work.Steps }

// Work returns what is in the model.
func (g *GPS) Work() Work { return g.work }

// NextSample returns the first sample that nobody has been given.
func (g *GPS) NextSample() uint64 { return g.cursor.next }

// Step implements [Machine].
func (g *GPS) Step(in []Input, out *Output) {
	g.stepAll(g, in, out)
	out.Done = out.Done || g.stopped && len(g.children.known) == 0
	g.cfg.intact(out)
}

func (g *GPS) take(in Input, out *Output) {
	if m, ok := in.Msg.(*Start); ok {
		g.begin(m.Incarnation, out)
		return
	}
	g.step(g, in, out)
}

func (g *GPS) asked(ch *child, push *Push, fresh bool, out *Output) {
	if fresh && push != nil {
		stale := g.apply(push)
		out.note(Event{Kind: Updated, Peer: ch.name, Version: g.point.Version, Steps: g.work.Steps, Updates: push.Updates, Staleness: stale})
		if g.total > 0 && g.work.Steps >= g.total {
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

func (g *GPS) diverged(out *Output) { g.ruined(out) }

// end stops the run. The GPS is done when every child has left.
func (g *GPS) end(out *Output) {
	if !g.stopped {
		g.halt(fmt.Sprintf("%d local steps", g.work.Steps), Event{Steps: g.work.Steps}, out)
	}
}
