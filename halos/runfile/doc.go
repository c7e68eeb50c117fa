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
// # The nodes
//
// [Config.Plan] lists the nodes with their names, parents and regions, and [Plan.Build]
// makes one of them: a [halos.Node] with its Machine and, for a worker, its Trainer.
// Every host reads the same file and builds its own node, so names, plugs and sizes
// agree. [halos.Run] drives it, or [halos.RunAll] several in one process.
// Package sim builds all of them and drives them on a virtual clock.
package runfile
