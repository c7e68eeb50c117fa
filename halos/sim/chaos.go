package sim

import (
	"context"
	"fmt"

	"github.com/halos-go/sdk/halos"
)

// A Chaos makes faults by chance: the same ones for the same seed and the same nodes,
// however many goroutines train. Each fault is of a kind that halos.Run can meet. Times
// are milliseconds of simulated time; the zero value makes no fault.
type Chaos struct {
	Seed uint64
	// Until is when faults end: none begins at this time or later, and what is broken heals.
	Until float64
	// Lose is the share of messages, 0 to 1, that are lost with their link: it is cut.
	Lose float64
	// Double is the share of messages, 0 to 1, that arrive twice, one behind the other.
	Double float64
	// Cut is the mean time between two cuts of links, each of one between two nodes that
	// have talked. What is sent on a link that is cut is lost. What was on its way is lost
	// or arrives, all of it, by even chance. 0: no cuts but those of Lose.
	Cut float64
	// Heal is the mean time after which a link that is cut is up again: then both ends
	// hear [halos.Linked]. Times are drawn evenly from 0 to twice the mean, as all of them
	// are.
	Heal float64
	// Death is the mean time between two deaths, each of one node that has started and is
	// not done. It is as by [Sim.Restart], but what is on each link of the node is lost or
	// arrives, by even chance, and links that are cut stay so. 0: nobody dies.
	Death float64
	// Revive returns the next life of a node that dies, by its number. The old one takes no
	// more Steps, and may be read. nil: the node is spared. Needed if Death is not 0.
	Revive func(node int) halos.Machine
}

func (c *Chaos) check() error {
	fail := func(field string, x float64, want string) error {
		return fmt.Errorf("sim: Chaos.%s is %v: want %s", field, x, want)
	}
	for _, f := range []struct {
		name string
		x    float64
	}{{"Lose", c.Lose}, {"Double", c.Double}} {
		if !(f.x >= 0 && f.x <= 1) {
			return fail(f.name, f.x, "a share from 0 to 1")
		}
	}
	for _, f := range []struct {
		name string
		x    float64
	}{{"Until", c.Until}, {"Cut", c.Cut}, {"Heal", c.Heal}, {"Death", c.Death}} {
		if !(f.x >= 0 && f.x <= maxTime) {
			return fail(f.name, f.x, "milliseconds from 0 to 1e+15")
		}
	}
	if c.Death > 0 && c.Revive == nil {
		return fmt.Errorf("sim: Chaos.Revive is nil: want a func, as Death is %v", c.Death)
	}
	return nil
}

// maxTime bounds times, so that whole milliseconds are exact.
const maxTime = 1e15

// faults is a Chaos at work.
type faults struct {
	Chaos
	sim   *Sim
	dice  dice
	links []*link // in the order in which they were first used
	known map[[2]int]*link
}

// A link is between two nodes, in both directions.
type link struct {
	a, b int
	cuts int // that have not healed; it is up if there is none
}

// newFaults validates c, and queues the first faults.
func newFaults(s *Sim, c Chaos) (*faults, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	f := s.links()
	f.Chaos, f.dice = c, dice(c.Seed)
	f.plan(cut, c.Cut)
	f.plan(death, c.Death)
	return f, nil
}

// links returns the faults of s, which make none by chance if there is no Chaos.
func (s *Sim) links() *faults {
	if s.faults == nil {
		s.faults = &faults{sim: s, known: make(map[[2]int]*link)}
	}
	return s.faults
}

// plan queues the next fault of a kind.
func (f *faults) plan(kind eventKind, mean float64) {
	if mean == 0 {
		return
	}
	if at := f.sim.now + max(1, f.dice.around(mean)); at < f.Until {
		f.sim.queue.push(event{at: at, from: none, kind: kind})
	}
}

func (f *faults) happen(ctx context.Context, e *event) error {
	switch e.kind {
	case heal:
		f.heal(f.between(int(e.from), int(e.to)))
	case cut:
		f.plan(cut, f.Cut)
		if len(f.links) > 0 {
			f.cut(f.links[f.dice.below(len(f.links))])
		}
	case death:
		f.plan(death, f.Death)
		return f.die(ctx)
	}
	return nil
}

// heal undoes one cut. Both ends hear of the link when it is up again.
func (f *faults) heal(l *link) {
	if l.cuts--; l.cuts == 0 {
		f.sim.link(f.sim.now, l.a, l.b)
	}
}

// cut breaks a link until it heals.
func (f *faults) cut(l *link) {
	if l.cuts > 0 {
		return
	}
	l.cuts++
	f.lose(l)
	f.sim.queue.push(event{at: f.sim.now + f.dice.around(f.Heal), from: int32(l.a), to: int32(l.b), kind: heal})
}

// lose loses what is on a link, or nothing.
func (f *faults) lose(l *link) {
	if f.dice.below(2) == 0 {
		f.sim.drop(l)
	}
}

// die lets some node die and live again.
func (f *faults) die(ctx context.Context) error {
	i := f.dice.below(len(f.sim.nodes))
	if n := &f.sim.nodes[i]; n.done || n.start >= f.sim.now {
		return nil
	}
	m := f.Revive(i)
	if m == nil {
		return nil
	}
	for _, l := range f.links {
		if l.a == i || l.b == i {
			f.lose(l)
		}
	}
	return f.sim.revive(ctx, i, halos.Node{Machine: m})
}

// copies draws how often a message that is sent now arrives, on a link that is up. f may be nil.
func (f *faults) copies(from, to int) int {
	if f == nil {
		return 1
	}
	switch l := f.between(from, to); {
	case f.sim.now >= f.Until:
	case f.dice.share() < f.Lose:
		f.cut(l)
		return 0
	case f.dice.share() < f.Double:
		return 2
	}
	return 1
}

// between returns the link between two nodes.
func (f *faults) between(x, y int) *link {
	ends := [2]int{min(x, y), max(x, y)}
	l := f.known[ends]
	if l == nil {
		l = &link{a: ends[0], b: ends[1]}
		f.known[ends] = l
		f.links = append(f.links, l)
	}
	return l
}

// down reports whether the link between two nodes is cut. f may be nil.
func (f *faults) down(x, y int) bool {
	if f == nil {
		return false
	}
	l := f.known[[2]int{min(x, y), max(x, y)}]
	return l != nil && l.cuts > 0
}
