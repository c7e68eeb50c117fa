package runfile

import (
	"fmt"
	"math"
)

// A branch is an LPS with all that is below it, while the servers above are planned.
type branch struct {
	Node
	perMS  float64 // samples that its workers use in a millisecond
	update float64 // samples that stand behind one update that it gets, at most
	ahead  float64 // samples that its children may have taken and not used, or passed over
}

// addHierarchy adds the nodes of [HALoS], from the leaves to the root.
func (p *Plan) addHierarchy() {
	t := p.cfg.Topology
	children := len(t.Groups())
	if n := len(t.Levels); n > 0 {
		children = len(t.Levels[n-1])
	}
	p.addRoot("gps", RoleGPS, p.rateOf(p.cfg.GPS.Optimizer, children))
	parent := make([]string, len(p.steps))
	level := p.leaves(parent)
	for l, groups := range t.Levels {
		above := make([]branch, len(groups))
		for g, members := range groups {
			b := &above[g]
			b.Node = Node{ID: numbered(fmt.Sprintf("lps%d.", l+1), g, len(groups)), Role: RoleLPS, Region: level[members[0]].Region, Worker: None,
				LR: p.rateOf(p.cfg.LPS.Optimizer, len(members))}
			for _, m := range members {
				used := p.attach(&level[m], b.Node)
				b.perMS += level[m].perMS
				b.update = max(b.update, used)
				b.ahead += 3 * float64(level[m].Lease) // in use, the next one, and one passed over
			}
		}
		p.addLevel(level)
		level = above
	}
	for i := range level {
		p.attach(&level[i], p.Nodes[0])
	}
	p.addLevel(level)
	p.addWorkers(func(w int) string { return parent[w] })
}

func (p *Plan) addLevel(level []branch) {
	for _, b := range level {
		p.add(b.Node)
	}
}

// leaves returns the LPSs of workers and notes which worker has which parent.
func (p *Plan) leaves(parent []string) []branch {
	t, w := p.cfg.Topology, p.cfg.Workload
	groups, region, bytes := t.Groups(), t.Regions(), w.Bytes(p.layout.Len())
	level := make([]branch, len(groups))
	for i, workers := range groups {
		b := &level[i]
		b.Node = Node{ID: numbered("lps", i, len(groups)), Role: RoleLPS, Region: region[workers[0]], Worker: None,
			LR: p.rateOf(p.cfg.LPS.Optimizer, len(workers))}
		for _, worker := range workers {
			parent[worker] = b.ID
			samples := float64(p.steps[worker]) * float64(w.LocalBatchSize)
			compute := w.LocalStepTime * float64(p.steps[worker]) / p.speeds[worker]
			b.update = max(b.update, samples)
			b.ahead += 2 * samples // in use, and passed over
			b.perMS += samples / (compute + 2*t.Transfer(bytes, b.Region, b.Region))
		}
	}
	return level
}

// attach gives b its parent and the lease that goes with it. It returns the samples
// that b uses from one answer of the parent to the next.
//
// A lease lasts for two such times. An LPS asks with a delta if it has no next range
// then. It may begin its last range right after a delta that did not ask, and gets the
// next one with the answer to the delta after that.
func (p *Plan) attach(b *branch, parent Node) (used float64) {
	t, bytes := p.cfg.Topology, p.cfg.Workload.Bytes(p.layout.Len())
	exchange := t.Transfer(bytes, b.Region, parent.Region) + t.Transfer(bytes, parent.Region, b.Region)
	used = float64(p.updates())*b.update + b.perMS*exchange
	b.Parent, b.Lease = parent.ID, uint64(min(math.Ceil(2*used+b.ahead), maxClaim))
	return used
}
