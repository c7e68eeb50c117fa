// Halos simulates training of one model in many regions.
//
//	halos sim [--trace T.jsonl] [--result R.json] RUN.yaml
//	halos compare [--seed N] [--seeds N] [--full | --methods DIR] [--data PATH] [--out DIR]
//	halos tune [--trials N] [--steps N] [--seed N] [--full | --methods DIR] [--data PATH] [--out DIR]
//	halos help [COMMAND]
//	halos version
//
// Sim simulates one run file. Compare lets five methods train the same model on
// the same text with the same machines and links, and says how long each takes
// to the loss at which synchronous training ends. Tune searches the
// hyper-parameters of every method with equal effort; its run files are what
// compare takes as --methods.
//
// Flags have two dashes; one is taken too. A dash in the place of an output is
// standard output; in the place of the run file it is standard input.
//
// # Paths
//
// A relative path in a run file, as in topology.env and workload.problem.data,
// is relative to the folder of the run file, or to the working folder if the run
// file comes from standard input. A path on the command line is relative to the
// working folder.
//
// # Outputs
//
// An output that cannot be written is refused before the run, and so is one that
// would take the place of another output, of the run file or of its data. A file
// appears at its path whole, when the command ends, or not at all. A run that
// fails or is interrupted leaves trace and result of what was done: in the
// result a loss that was not evaluated is null. If only the trace is wanted and
// nobody reads it any more, the run ends.
//
// # Exit status
//
//	0    done
//	1    it failed, or an output cannot be written
//	2    a flag or a run file makes no sense
//	129  ended by SIGHUP
//	130  ended by SIGINT (Ctrl-C)
//	141  standard output was closed by its reader
//	143  ended by SIGTERM
//
// The first of these signals ends the run and lets everything done so far be
// written; the second ends the process at once and leaves no temporary file. An
// error is told in a line on standard error.
//
// # Same numbers everywhere
//
// Nothing printed or written depends on how many cores work, except for the
// date and the description of the machine in compare.json.
package main
