package tensorboard

import (
	"math"
	"time"

	"github.com/halos-go/sdk/halos"
)

// Observe returns a function for [halos.RunConfig].Observe of one node, whose Run begins
// at began. Give each node a folder of its own, with its name: then TensorBoard draws the
// nodes' curves into one figure. The step of a point is the version of the node's model,
// for a worker that of its server.
// A server has:
//
//	staleness  versions between the model that an update started from and the one that it went to
//	updates    worker updates applied so far
//	steps      local steps counted so far, at the GPS or a Sync
//
// and a worker:
//
//	loss       the mean loss of a round of local steps
//
// and every node, where it happens:
//
//	lost       worker updates given up so far
//
// A program that evaluates the model adds its held-out loss with [Writer.Scalar]. The
// function writes to the file while the node's loop waits; where the disk is slow give
// [NewWriter] something with a buffer.
func (w *Writer) Observe(began time.Time) func(now time.Duration, e halos.Event) {
	var version, updates, lost uint64
	return func(now time.Duration, e halos.Event) {
		if e.Version > 0 { // not every event has it
			version = e.Version
		}
		point := func(tag string, value float64) { w.Scalar(tag, version, began.Add(now), value) }
		switch e.Kind {
		case halos.Updated:
			updates += e.Updates
			point("staleness", float64(e.Staleness))
			point("updates", float64(updates))
			if e.Steps > 0 { // an LPS does not count them here
				point("steps", float64(e.Steps))
			}
		case halos.Finished:
			if !math.IsNaN(e.Loss) {
				point("loss", e.Loss)
			}
		case halos.Lost:
			lost += e.Updates
			point("lost", float64(lost))
		}
	}
}
