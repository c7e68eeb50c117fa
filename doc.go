// Package sdk is the front page of halos, a library for training one model in
// many regions at once, over slow links and on uneven hardware, by the method of
// HALoS (arXiv 2506.04531). It holds documentation only.
//
//	                global parameter server (GPS)
//	                applies every delta on arrival,
//	                with global momentum
//	                    ▲ delta        ▲ │
//	       slow links   │    │ model   │ │
//	                    │    ▼         │ ▼
//	     local parameter server      local parameter server    one or more
//	     (LPS), with local           (LPS)                     a region
//	     momentum; merges the
//	     global model
//	       ▲ │      ▲ │                ▲ │      ▲ │
//	update │ │ model│ │                │ │      │ │            fast links
//	       │ ▼      │ ▼                │ ▼      │ ▼
//	      worker   worker             worker   worker          each at its
//	      H local steps                                        own speed
//
// Nobody waits: a worker trains H local steps, pushes the pseudo-gradient, and
// has the region's model back at once. Every K updates the LPS pushes the
// region's change to the GPS, and its workers go on while that is under way.
//
// # Packages
//
//	halos                   the roles (GPS, LPS, Worker, Sync), the protocol, Run
//	halos/runfile           a run file, and the nodes that it describes
//	halos/sim               the same roles on a virtual clock; traces
//	optim                   optimizers, learning-rate schedules, layouts
//	momentum                delayed Nesterov, Nesterov, heavy ball
//	merge                   when a region's change goes up, how the world's comes down
//	transport               the network interface, a network in memory, decorators
//	transport/transporttest the tests that any Transport must pass
//	optim/optimtest         the same for optimizers and momenta
//	merge/mergetest         the same for accumulators and mergers
//	kernels                 the loops on []float32 that all of it is made of
//	kernels/backend         for those who write a place for vectors
//	kernels/state           how a plug is written to and read from a stream
//	kernels/cuda            the same loops on NVIDIA GPUs; the library does not import it
//	kernels/kerneltest      the tests that any place for vectors must pass
//	kernels/gorgoniacu      kernels/cuda for users of gorgonia.org/cu (a module of its own)
//	cmd/halos               the command line: sim, compare, tune (a module of its own)
//	examples                programs of one screen; bytelm, a transformer (a module of its own)
//
// A package imports those below it only: halos/sim, halos/runfile, halos, then optim, merge and
// transport, then momentum, then kernels.
package sdk
