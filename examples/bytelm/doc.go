// Package bytelm is a small transformer language model on real text: the
// problem on which the methods of this SDK are compared, and an example of how
// a model of one's own is put behind a [halos.Objective].
//
// The model is a decoder as in GPT-2: learned positions, pre-norm blocks of
// causal multi-head attention and a GELU MLP, a final norm, and a head that may
// share the token embedding. Its parameters are one flat vector, described by
// an [optim.Layout]; forward and backward pass are written by hand on work
// space that a [Runner] allocates once. A vocabulary of 256 reads bytes; up to
// 65536 fits tokenised data.
//
// A [Corpus] is a folder or file of text (by default the source text of the Go
// installation at hand, so that nothing has to be downloaded), or a dataset in
// the .idx/.bin format of Megatron-LM, memory-mapped. [Problem] joins model and
// corpus for package runfile.
//
// # What is held out
//
// About one document in 16 is held out. The held-out loss is over windows of it that
// are nowhere in the training text: files are often copies of each other, and of the
// source text of Go two in five windows of 33 bytes would be in both otherwise. A
// window longer than 64 tokens has none of its 64-token pieces there. Text that was
// changed in every such piece is not found.
//
// There are two kinds of windows, which share no token: test windows, for results, and
// validation windows, by which to choose settings (in a run file, windows:
// validation).
//
// # Text of another kind for each region
//
// With partition: region in a run file, each region trains on a part of its own: in
// the order of paths, so that the parts are other subfolders, and equally large. With
// partition: worker each worker has one. The held-out loss is over all text.
//
// # Why the matrices lie on their side
//
// An activation is stored feature-major: row = feature, column = token of the
// pass. Softmax, norms and activations are then loops over whole rows, in which
// no element waits for its neighbour: eight at a time fit a vector register, and
// only bias and gain gradients sum along a row.
//
// # Guarantees
//
// A step runs on the goroutine that asks for it, allocates nothing, and gives
// the same bits however many others run beside it. So does the held-out loss,
// which uses all cores.
//
// The gradient has the same bits on every processor, with the assembly and
// without (build tag purego): the assembly, AVX2 on amd64, does the operations of
// the loops in Go in the same order, and no fused multiply-add. Losses are summed
// in double precision with the logarithm of package math, whose last bit may differ
// between processors. The initial models of two seeds, and their samples, have
// nothing in common.
//
// # Speed
//
// Local steps a second on one core, for the model of the run files of cmd/halos;
// each is batch times 32 tokens, forward and backward:
//
//	                                    batch 2   batch 8
//	now                                   2,330       590
//	before 94bec85, products of gonum       410       113
//	before 94bec85, with OpenBLAS           900       190
//
// By CPU time on a shared Intel Xeon (family 6, model 207), Go 1.26.8, 2026-11-28,
// medians of five, measured in turns. On a quiet machine, in the module of examples:
//
//	go test -run '^$' -bench LocalStep -cpu 1 ./bytelm
package bytelm
