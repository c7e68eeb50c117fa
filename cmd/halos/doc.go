// Halos simulates training of one model in many regions.
//
//	halos init [FILE]
//	halos sim [--seed N] [--seeds N] [--set KEY=VALUE]... [--target LOSS]
//	          [--trace T.jsonl] [--result R.json] [--model FILE] [--tensorboard DIR] RUN.yaml
//	halos compare [--seed N] [--seeds N] [--published | --methods DIR] [--data PATH] [--out DIR]
//	halos tune [--trials N] [--steps N] [--seed N] [--published | --methods DIR] [--data PATH] [--out DIR]
//	halos help [COMMAND]
//	halos version
//
// Init writes a run file to begin with. Sim simulates one run file. Compare lets five
// methods train the same model on the same text with the same machines and links, and
// says how long each takes to the loss at which synchronous training ends. Tune searches
// the hyper-parameters of every method with equal effort; its run files are what compare
// takes as --methods.
//
// Flags have two dashes; one is taken too. A dash in the place of an output is
// standard output; in the place of the run file it is standard input.
//
// # Changes to a run file
//
// --set changes a key of the run file, or adds one that a run file may have:
//
//	halos sim run.yaml --set lps.accumulate=32 --set 'gps.optimizer={name: sgd, lr: 1}'
//
// The value is YAML. The run file is valid by itself, and again with all of its changes.
// --seed takes the place of seed and of workload.problem.seed. --seeds N runs with that
// seed and the N-1 after it, one run after the other.
//
// # What sim prints
//
// The loss that was evaluated last, with simulated time and local steps; the samples, or
// tokens of text, that were trained on; updates by workers and of the global model; the
// mean shares of the workers' time; the bytes from one region to another; the staleness,
// which is the mean number of updates that a model had got between the one from which an
// update started and the one to which it was applied; and for each region which share of
// its workers' updates is in the global model. With --seeds it is a line for each, and
// median and range of the runs that did not fail. Progress is on standard error after a
// second.
//
// # Result file
//
// --result writes one JSON object in a line, with --seeds a line for each:
//
//	time_ms, steps, loss    simulated time, local steps, and loss at the end; a run that
//	                        ended early has the last loss that was evaluated, null if none
//	updates, reached        worker updates, and those of them that are in the global model
//	theta, lps_theta        models of up to 4096 parameters
//	seed, config            the run file as it was used; config is a run file in JSON
//	end                     budget, reached (the target), diverged, interrupted or failed
//	error, target           if there is one
//	stats                   what sim prints; updates and reached by region
//	points                  time_ms, steps, version (of the global model) and loss of each
//	                        evaluation
//
// # Model file
//
// --model writes the global model in the format safetensors: the tensors of the problem
// by name, F32. The metadata has seed, steps, time_ms, loss and end.
//
// # TensorBoard
//
// --tensorboard writes a file that TensorBoard reads, also while the run goes on: loss,
// shares of time, staleness, updates and bytes over local steps. The wall time in it is
// the simulated time, from 1970 on, so "relative" is simulated hours.
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
// appears at its path whole, when the command ends, or not at all, but for that of
// TensorBoard. A run that fails or is interrupted leaves outputs of what was done. If
// only the trace is wanted and nobody reads it any more, the run ends.
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
