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
// now; every K updates it sends its change to the global parameter server,
// [GPS], and merges the global model when that comes back, while its workers go
// on. A GPS can serve workers directly (Async-Local-SGD), and a [Sync] makes
// them wait for each other (DiLoCo, synchronous SGD). What moves parameters is
// plugged in: an [optim.Optimizer] in every server, a [merge.Accumulator] and a
// [merge.Merger] in an LPS, a [Trainer] in a worker.
//
// # Machines and drivers
//
// Every role is a [Machine]: a pure function of what it has been told. [Run]
// drives one over a [transport.Transport] in real time, package sim drives many
// on a virtual clock, and tests drive them by hand. There is no second
// implementation to simulate.
//
// A server keeps its model in ordinary memory, or in another [kernels.Backend], such as
// a GPU of package kernels/cuda: see ServerConfig.Backend. The protocol does not know.
//
// # What is guaranteed
//
//   - An update is applied once, however often links break: a child has one
//     unanswered request at a time, repeats it whenever its link is up again,
//     and the parent knows repeats by their [Receipt]. Nothing waits on a timer.
//   - A node that restarts is a new incarnation. What it or its peers sent in a
//     former life is never mistaken for news, and a model older than one seen
//     before is never merged.
//   - A malformed, misplaced or non-finite message is refused with a reason that
//     the other side can read, and stops nobody.
//   - No node waits for a slow peer that it does not depend on, and memory is
//     bounded: one unsent frame for each peer, and four that wait to be applied,
//     together.
//   - The same inputs in the same order give the same bits, on every machine.
//
// A server keeps its state in memory only: one that dies loses what it has not
// yet passed on, and begins again with the model of its parent.
package halos
