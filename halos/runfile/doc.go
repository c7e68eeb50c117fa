// Package runfile turns a run file into the nodes of a run, for real hosts and for
// the simulator alike.
//
// # The file
//
// A run file is YAML or JSON. It describes a run completely: the algorithm, the
// regions and the links between them, the workers and their speeds, the workload and
// the optimizers. [Read] and [Parse] make a [Config] from it. They are strict: an
// unknown key, a key that is there twice, a number out of its range or a word that is
// not known is an error in one line, with the line of the file, the key, the value and
// what would be right.
//
// # Events
//
// A run file can say what happens during a simulation, see [Event]:
//
//	events:
//	  - {at_ms: 90000, restart: lps1}      # a node dies and begins again: its memory is lost
//	  - {at_ms: 100000, cut: [lps0, gps]}  # the link of a node to its parent breaks
//	  - {at_ms: 130000, heal: [lps0, gps]}
//	  - {at_ms: 150000, quit: 3}           # worker 3 leaves
//	  - {at_ms: 200000, join: 3}           # and comes again
//	  - {at_ms: 60000, join: 5}            # worker 5 is not there before
//
// They are for package sim: [Plan.Build] refuses to build real nodes from such a file, whose
// faults are real ones.
//
// # The nodes
//
// [Config.Plan] lists the nodes with their names, parents and regions, and [Plan.Build]
// makes one of them: a [halos.Node] with its Machine and, for a worker, its Trainer.
// Every host reads the same file and builds its own node, so names, plugs and sizes
// agree. [halos.Run] drives it, or [halos.RunAll] several in one process.
// Package sim builds all of them and drives them on a virtual clock.
package runfile
