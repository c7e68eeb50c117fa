package sim

import (
	"math/rand/v2"

	"github.com/halos-go/sdk/halos"
)

// A Chaos adds faults of chance to a [Sim]: the same seed, the same faults. Every field may
// be left zero. It belongs to one Sim.
type Chaos struct {
	Seed uint64
	// Gather gives a node that has several inputs at one time some of them together, in one
	// Step, as [halos.Run] does with what has arrived. Otherwise each has a Step of its own.
	Gather bool
	// Lose, Cut, Repeat and Die are the probabilities, 0 to 1, that when a message is sent
	//   - it is lost with its link, which is up again after the time that it would have
	//     taken;
	//   - so is everything else on that link, in both directions;
	//   - it comes twice;
	//   - its receiver dies just after it has come, and Life begins the next life.
	// At most one of the first three happens to a message; their sum is at most 1.
	Lose, Cut, Repeat, Die float64
	// Life returns what takes the place of node n, of the same name, as it dies; if that is
	// nil, n lives on. If Life is nil, nobody dies.
	Life func(n int) halos.Machine
	// Until is the time (milliseconds) after which nothing but Gather happens; 0: there is
	// none.
	Until float64

	rand *rand.Rand
}

// A fault is what happens to a message.
type fault uint8

const (
	nothing fault = iota
	loses
	breaks
	doubles
)

func (c *Chaos) chance() float64 {
	if c.rand == nil {
		c.rand = rand.New(rand.NewPCG(c.Seed, 0))
	}
	return c.rand.Float64()
}

// over reports whether no faults happen now.
func (c *Chaos) over(now float64) bool { return c == nil || c.Until > 0 && now >= c.Until }

// fault draws what happens to a message that is sent now.
func (c *Chaos) fault(now float64) fault {
	if c.over(now) {
		return nothing
	}
	switch x := c.chance(); {
	case x < c.Lose:
		return loses
	case x < c.Lose+c.Cut:
		return breaks
	case x < c.Lose+c.Cut+c.Repeat:
		return doubles
	}
	return nothing
}

// kills draws whether the receiver of a message that is sent now dies.
func (c *Chaos) kills(now float64) bool {
	return !c.over(now) && c.Life != nil && c.chance() < c.Die
}

// together reports whether the next event is an input of the same node at the same time,
// and chance lets it have both in one Step.
func (s *Sim) together(to int32) bool {
	if s.Chaos == nil || !s.Chaos.Gather || len(s.queue.heap) == 0 {
		return false
	}
	e := &s.queue.heap[0]
	return e.at == s.now && e.to == to && e.kind <= trained && s.Chaos.chance() < 0.75
}
