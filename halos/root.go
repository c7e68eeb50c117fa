package halos

import "fmt"

// A root is what GPS and Sync have in common: a server without a parent, which begins the
// run, hands out its samples and ends it.
type root struct {
	server
	total  uint64 // local steps that end the run; 0: no end but Quit
	cursor *Cursor
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

// newRoot makes s a root. A cursor that is nil is one of its own.
func newRoot(s server, total uint64, cursor *Cursor, lineage uint64, r *Resume) root {
	if cursor == nil {
		cursor = new(Cursor)
	}
	s.fresh, s.point.Lineage = r == nil, lineage
	if r != nil {
		s.point, s.work, s.initial = r.Point, r.Work, 0
		cursor.next = max(cursor.next, r.Sample)
	}
	return root{server: s, total: total, cursor: cursor}
}

// begin starts the server's life.
func (s *root) begin(life uint64, out *Output) {
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
func (s *root) Steps() uint64 { return s.work.Steps }

// Work returns what is in the model.
func (s *root) Work() Work { return s.work }

// NextSample returns the first sample that nobody has been given.
func (s *root) NextSample() uint64 { return s.cursor.next }

// stepRoot is the Step of r, which is done when the run is over and every child has left.
func (s *root) stepRoot(r role, in []Input, out *Output) {
	s.stepAll(r, in, out)
	out.Done = out.Done || s.stopped && len(s.children.known) == 0
	s.cfg.intact(out)
}

func (s *root) takeRoot(r role, in Input, out *Output) {
	if m, ok := in.Msg.(*Start); ok {
		s.begin(m.Incarnation, out)
		return
	}
	s.step(r, in, out)
}

// complete reports whether the run has its local steps.
func (s *root) complete() bool { return s.total > 0 && s.work.Steps >= s.total }

// diverged ends the run.
func (s *root) diverged(out *Output) {
	s.halt("diverged", Event{Steps: s.work.Steps}, out)
	out.fail(fmt.Errorf("%w: %s at version %d after %d local steps", ErrDiverged, s.cfg.ID, s.point.Version, s.work.Steps))
}

// end stops the run.
func (s *root) end(out *Output) {
	if !s.stopped {
		s.halt(fmt.Sprintf("%d local steps", s.work.Steps), Event{Steps: s.work.Steps}, out)
	}
}
