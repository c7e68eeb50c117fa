// Package sim runs a whole world of nodes on one machine, on a virtual clock. It
// is how a method, a topology or a hyper-parameter is tried before it is paid
// for, and how faults are tried at all.
//
// # One code
//
// A [Sim] drives the very same [halos.Machine] values that [halos.Run] drives
// over a network: the messages, the bookkeeping and the arithmetic of a run are
// those of production, and only time and links are not real. Training is real
// too, by whatever [halos.Trainer] a worker is given; it may be as small as one
// likes. The driver has four duties: it starts every node, carries each message
// to its receiver in the time that the [Network] says, tells both ends of a link
// when it is up again, and lets a worker's round take the time that was given
// for it.
//
// # Time
//
// Time is float64 milliseconds from 0. Messages take time, as the Network says,
// and rounds of local steps do. A Machine's Step takes none, so servers are
// never busy, and neither does evaluation. Events are handled in order of time;
// those of the same time in the order in which they were caused. A round of a worker, with the
// update that ends it, is caused when the model that begins it is sent. Each has a Step of
// its own, or, with [Sim.Gather], those that wait for a node at the same time come
// together, as halos.Run takes what has arrived.
//
// # Faults
//
// Links fail where the Network says so and by [Sim.Cut], nodes die by [Sim.Restart], and a [Chaos]
// does both by chance, lets messages come twice, and keeps links down for a while: the same
// faults for the same seed. What the driver learns by waiting comes when a program says
// so: [Sim.Gone], [Sim.Expire]. Each life of a node has a later incarnation than any
// before it, as by a clock.
//
// What is not simulated is all between two Machines: frames and their checksums, the
// outbox that replaces an unsent message by a later one, answers that find no room
// ([halos.Resend]), and patience, which ends in Gone. A message that is not lost arrives
// whole.
//
// # Run files
//
// A [runfile.Config] describes a run completely: algorithm, regions and the links
// between them, workers and their speeds, workload, optimizers. [New] takes the nodes
// that package runfile builds from it, the same as on real hosts, and [Run.Run] gives
// a [Result], a trace of every update, and [Stats]. In such a run models and updates
// take time by latency, bandwidth and size, and other messages none; the cost of
// local steps follows from the workers' speeds. Servers lease samples from their parents
// as on real hosts, or share them where the run file says workload.shared_samples. The
// clock is that of the simulator published with the paper, whose timeline it repeats
// event by event.
//
// Each message has the whole bandwidth of its link, however many there are, as in that
// simulator. With topology.contention: shared, those that are on the link from one region to
// another at the same time have equal parts of the bandwidth, and so have those inside a region; the
// latency of each comes after that. The ring of a synchronous method has its links for itself.
//
// What happens during a run is in its events: workers leave and come, links break and heal, nodes
// die and begin again. The trace has a line for each, and [Stats] leaves out the time in which a
// worker is not there. A worker that leaves has the round it is in lost, and not the update that is on
// its way. A GPS or a Sync that dies goes on from the model and the counts that it had, as from a
// checkpoint made at that moment; its optimizer begins anew, and what comes from its former life
// is lost. Nobody is given up after a while; who leaves while its link is cut is gone for its server,
// but for a Sync that has not had a round yet. A run that can have no end any more, as every region is cut off for good,
// ends with an error. Building it all by hand, with a Sim, is for what a run file cannot say: faults by
// chance, other networks, other Machines.
//
// # What is guaranteed
//
//   - The same run file, seed, problem and Gather give the same trace, byte by byte, and
//     the same bits in every model, on every machine.
//   - [Sim.Workers] and [Options.Workers] change how long that takes and nothing
//     else: rounds of different workers do not depend on each other until they
//     are due, so they are trained side by side.
//   - Memory does not grow with the length of a run. It is that of the machines
//     and Trainers, two vectors for each worker, and one for each message on the
//     way.
//   - Without training an event costs well below a microsecond on one core, in
//     a world of ten thousand workers about one.
//   - When Run returns, no goroutine of it is left.
//
// A Problem or Trainer keeps the first two only if it computes the same from the
// same, and shares nothing that changes between workers.
package sim
