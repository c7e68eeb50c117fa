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
// the .idx/.bin format of Megatron-LM, memory-mapped. About one document in 16
// is held out. [Problem] joins model and corpus for package runfile.
//
// # Why the matrices lie on their side
//
// An activation is stored feature-major: row = feature, column = token of the
// pass. Every product of the forward and backward pass is then a row update
// over all tokens or a dot product over all tokens, the two loops at which
// BLAS in Go is fast; token-major, the same products would run over a head's
// 16 or 32 features and take 1.5 to 3 times as long. It also makes softmax and
// norm sums independent from column to column.
//
// # Guarantees
//
// A step runs on the goroutine that asks for it, allocates nothing, and gives
// the same bits however many others run beside it. So does the held-out loss,
// which uses all cores. Bits differ between processor families and between
// the two BLAS back ends, because matrix products are summed in another order:
// gonum's by default, OpenBLAS's with the build tag openblas (and cgo, and
// libopenblas installed), with which a step takes a half to a third of the time.
package bytelm
