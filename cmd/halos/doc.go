// Halos simulates training of one model in many regions.
//
//	halos init [FILE]
//	halos sim [--seed N] [--seeds N] [--set KEY=VALUE]... [--target LOSS]
//	          [--trace T.jsonl] [--result R.json] [--model FILE] [--tensorboard DIR] RUN.yaml
//	halos compare [--base NAME] [--target LOSS] [--references] [--seed N] [--seeds N]
//	          [--published] [--data PATH] [--out DIR] [RUN.yaml | FOLDER]...
//	halos compare --from DIR [--out DIR]
//	halos tune [--trials N | --time D] [--steps N] [--seed N]
//	          [--published] [--data PATH] [--out DIR] [RUN.yaml | FOLDER]...
//	halos sweep [--length F,...] [--links F,...] [--batch N,...] [--seed N]
//	          [--published] [--data PATH] [--out DIR] [RUN.yaml | FOLDER]...
//	halos help [COMMAND]
//	halos version
//
// Init writes a run file to begin with. Sim simulates one run file. Compare lets five
// methods, or any run files, train the same model on the same data with the same machines
// and links, and says how long each takes to the same loss; --problem and --clock change
// them all alike. Tune searches the hyper-parameters of every method with equal effort, goes
// on from the trials in the tune.csv of --out, and its folder is one that compare takes.
// Sweep shows where HALoS is sooner than Async-Local-SGD, and where it is not.
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
// # What compare prints
//
// Run files that are compared agree in topology, problem and clock. All run until their
// held-out loss is at most the target: --target, or the loss at which the run with
// algorithm sync_sgd ends if there is exactly one, or that at which the base ends. Ratios,
// "x HALoS", are to the base with the same seed. The base is --base, or the first run file
// with algorithm halos, or the first.
//
// With > it is more than the number, as the budget ended before the target; with < it is
// less, as that of the base did. A dash is where no bound is known. With --seeds the
// number is the median of all of them. A seed that missed the target counts with what is
// known of it, and one that failed as one that never reaches the target, so the median is
// a bound or a dash where they matter; so are the smallest and the largest. Shares, bytes
// and staleness are medians over the seeds that did not fail.
//
// The sentence of a method divides its time into tokens and time per token. The time ratio
// is the product of the two in one seed, not between medians, so with --seeds it is of the
// seed that the sentence names.
//
// Tokens are those of the updates that the global model has. Workers have trained on more:
// what is on its way, or did not get there, is not counted.
//
// With --references two more runs stand below the methods. "region 0 alone" is the run
// file with algorithm async_local_sgd on the workers in the region of the GPS, with the
// same budget, schedule and learning rates. "ideal links" is that with algorithm halos with
// 100 Gbit/s and no latency between and in all regions. It keeps its masses, and faster links
// want smaller ones, so it may come in behind the method itself. "region 0 alone" has the
// text of all regions, also with --problem non-iid.
//
// compare.json in --out has all of it: table has a row for each method, runs one for each
// method and seed with its points, and points.csv has the points. A ratio there is a value
// with its bound; min and max are null where only a bound is known.
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
// # Figures and points of compare
//
// loss-time and loss-tokens, as .png and .svg, show the held-out loss from the initial
// model on, which is the same for all methods with the same seed. Small dots are
// evaluated points, where they are far enough from each other; the lines between them are
// no data. A large dot is where a run reaches the target, a cross where one diverges.
// If one method needs ten times as much as another, the axis is that of log(1 + x/c), with
// 0 on it, where c is a tenth of what the shortest run needs. Losses that span more than
// a decade have a logarithmic axis; else the picture is of the losses after its first
// tenth, and the axis says from which loss the curves come, if that is above it.
//
// --from draws the figures of an earlier compare again, from its compare.json, and
// prints its tables. It changes no other file.
//
// points.csv has a line for each evaluation, the first of a run at 0:
//
//	method   as in the tables
//	seed     of data and initial model
//	time_ms  simulated time, milliseconds
//	version  updates of the global model so far
//	steps    local steps of all workers so far
//	tokens   trained on so far; samples, if the problem has no tokens
//	loss     held-out loss, in nats for bytelm; NaN or Inf if it is not finite
//
// # Sweep
//
// Sweep runs HALoS and Async-Local-SGD at several run lengths, link speeds and local
// batches, one of them varied at a time:
//
//	--length  the steps of lr_schedule, so that it keeps its shape, times a factor
//	--links   the bandwidth of every link between regions, times a factor
//	--batch   local_batch_size; global_batch_size keeps its ratio to it, so a step of the
//	          schedule stays as many local steps. The number of samples stays, so half the
//	          batch is twice the steps; so does local_step_time_ms
//
// All else is as in the run files, also the learning rates. So a ratio is that of these
// settings and not of the best for each point, which tune would have to find.
//
// A run ends with its schedule, or with total_local_steps before. The ratio is the time of Async-Local-SGD to the higher of
// the two final losses, over the time of HALoS to that loss: both reach it. The time is
// where the straight line to the first evaluated point at the loss or below, from the
// point before, has it. There is no ratio if a run fails or ends no better than the
// initial model.
//
// sweep.csv has a line for each run, written as runs end. A run with the same settings
// is not run again; lines of other settings stay. The figure sweep.png and .svg shows the
// ratios of this seed. With the run files of this program a sweep takes tens of minutes.
// The columns of sweep.csv:
//
//	method, length, links, batch, seed   batch in samples; length and links are factors
//	settings                             what the run file as it was run is known by
//	end, error                           budget, or failed and why
//	time_ms, steps, tokens, loss         at the end: simulated milliseconds, local steps,
//	                                     tokens (or samples) trained on, held-out loss
//	target, target_ms, ratio             the loss that both reach, the simulated
//	                                     milliseconds to it, and the ratio; empty if none
//	points                               time_ms:loss of each evaluation
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
