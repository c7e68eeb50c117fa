// Package halos trains one model in many regions at once, over slow links and on
// uneven hardware, by the method of "HALoS: Hierarchical Asynchronous Local SGD
// over Slow Networks for Geo-Distributed Large Language Model Training" (arXiv
// 2506.04531).
//
// # Roles
//
// A [Worker] trains locally for a few steps and pushes the pseudo-gradient, the
// model before less the model after, to its server. A local parameter server,
// [LPS], applies each one on arrival and hands the worker the model as it is
// now; every K updates it sends its change, the delta, to its parent and merges the
// parent's model when that comes back, while its workers go on. Its parent is the
// global parameter server, [GPS], or another LPS where there are more than two levels. A
// GPS can serve workers directly (Async-Local-SGD), and a [Sync] makes
// them wait for each other (DiLoCo, synchronous SGD). What moves parameters is
// plugged in: an [optim.Optimizer] in every server, a [merge.Accumulator] and a
// [merge.Merger] in an LPS, a [Trainer] in a worker.
//
// # Machines and drivers
//
// Every role is a [Machine]: a pure function of what it has been told. [Run]
// drives one over a [transport.Transport] in real time, [RunAll] several in one process,
// package sim drives many on a virtual clock, and tests drive them by hand. There is no
// second implementation to simulate. Package runfile makes the Machines of a run file,
// for real nodes and for a simulation alike.
//
// A server keeps its model in ordinary memory, or in another [kernels.Backend], such as
// a GPU of package kernels/cuda: see ServerConfig.Backend. The protocol does not know.
//
// # The protocol
//
// A child asks its parent ([Pull], [Push], [Leave]) and the parent answers ([Model],
// [Stop], [Refuse]), the same at every level.
//
//   - A child has one unanswered request at a time. It repeats it whenever its link is
//     up again, and never on a timer. The parent knows repeats by their [Receipt].
//   - A [Point] says what a model descends from. A child takes only models that descend
//     from what it has seen; anything else ends a node with [ErrLineage].
//   - A parent that does not know a child's life refuses its update as [Unknown]. The
//     child drops it, counts it ([Lost]) and pulls.
//   - Answers wait for room: a few models at most are on their way, whatever the number
//     of children.
//   - Who says that a child will not come back tells its server so ([Gone]): [Run] does
//     when a peer has been out of reach for [RunConfig].Patience.
//
// docs/wire.md has the bytes.
//
// # What is guaranteed
//
//   - An update is applied at most once, however often links break and nodes restart.
//     While servers live it is applied exactly once. What is lost is counted.
//   - A server that has begun afresh, or an older one, never becomes the truth for those
//     who have seen more. One that is shown its successor ends.
//   - A peer's mistake is refused with a reason that the other side can read, and
//     stops nobody. A node that cannot go on ends with an error, and never waits in silence.
//   - A model that is not finite is never trained on: see [ErrDiverged].
//   - No node waits for a slow peer that it does not depend on. Memory is bounded: a
//     fixed number of frames that have come, a fixed number of models that leave, one
//     message for each peer. What belongs to a peer ends with it.
//   - The same inputs in the same order give the same bits, on every machine.
//
// docs/guarantees.md says for each failure what is kept, lost and counted, with the tests
// that show it. A server keeps its state in memory only: an LPS that dies begins again
// with the model of its parent, and a GPS is resumed from a checkpoint of the embedder's
// own: see [Resume].
package halos
