package ptx

import (
	_ "embed"

	"github.com/halos-go/sdk/kernels"
)

// Text is the module with all kernels, in PTX. The driver wants a zero byte behind it.
//
//go:embed kernels.ptx
var Text string

// A Kernel is an entry of the module.
type Kernel struct {
	Name    string   // as the function of package kernels
	Vectors []string // in order; they are float32, but see Form
	Changed int      // so many of them are written, the first ones
	Scalars []string // float32 numbers, behind the number of elements

	// Form is that of the one vector that is bytes: dst where the kernel encodes,
	// else g or src; and 0 if there is none.
	Form kernels.Form
}

// Kernels returns what the module has. The scalars are those of the Go functions
// rounded to float32, or, as there, computed in float64 and then rounded: keep of a mix
// is 1-a; cb and coef are the arguments of those names; n is the number of steps of a
// window. Of [kernels.AdamW] they are the names in its comment, with beta1, beta2 and
// eps.
//
// The residual of encodeDelta may be 0, no address: then nothing is remembered.
func Kernels() []Kernel {
	list := []Kernel{
		{Name: "delayedPlain2", Vectors: names("p", "d", "g0", "g1"), Changed: 2, Scalars: names("n", "lr0", "lr1")},
		{Name: "delayedPlain3", Vectors: names("p", "d", "g0", "g1", "g2"), Changed: 2, Scalars: names("n", "lr0", "lr1", "lr2")},
		{Name: "delayedPlain4", Vectors: names("p", "d", "g0", "g1", "g2", "g3"), Changed: 2, Scalars: names("n", "lr0", "lr1", "lr2", "lr3")},
		{Name: "sgd", Vectors: names("p", "g"), Changed: 1, Scalars: names("lr")},
		{Name: "heavyBall", Vectors: names("p", "buf", "g"), Changed: 2, Scalars: names("lr", "mu")},
		{Name: "nesterov", Vectors: names("p", "buf", "g"), Changed: 2, Scalars: names("lr", "mu")},
		{Name: "adamW", Vectors: names("p", "m", "v", "g"), Changed: 3, Scalars: names("beta1", "c1", "beta2", "c2", "eps", "keep", "step", "root")},
		{Name: "mix", Vectors: names("y", "x"), Changed: 1, Scalars: names("keep", "a")},
		{Name: "mixBase", Vectors: names("y", "base", "x"), Changed: 2, Scalars: names("keep", "a")},
		{Name: "mixCarry", Vectors: names("y", "base", "x"), Changed: 2, Scalars: names("keep", "a")},
		{Name: "replayBase", Vectors: names("y", "base", "x"), Changed: 2},
		{Name: "replayCarry", Vectors: names("y", "base", "x"), Changed: 2},
		{Name: "delta", Vectors: names("dst", "x", "y"), Changed: 1},
		{Name: "scale", Vectors: names("x"), Changed: 1, Scalars: names("a")},
		{Name: "encodeDeltaBFloat16", Vectors: names("dst", "residual", "x", "y"), Changed: 2, Form: kernels.BFloat16},
		{Name: "encodeDeltaInt8", Vectors: names("dst", "residual", "x", "y"), Changed: 2, Form: kernels.Int8},
		{Name: "decodeBFloat16", Vectors: names("dst", "src"), Changed: 1, Form: kernels.BFloat16},
		{Name: "decodeInt8", Vectors: names("dst", "src"), Changed: 1, Form: kernels.Int8},
	}
	list = append(list, delayed("", 0)...)
	list = append(list, delayed("BFloat16", kernels.BFloat16)...)
	return append(list, delayed("Int8", kernels.Int8)...)
}

// delayed is the steps of delayed Nesterov momentum along a gradient in a form.
func delayed(suffix string, f kernels.Form) []Kernel {
	return []Kernel{
		{Name: "delayedFirst" + suffix, Vectors: names("p", "d", "g"), Changed: 2, Scalars: names("n", "lr"), Form: f},
		{Name: "delayedFirstC" + suffix, Vectors: names("p", "d", "m", "g"), Changed: 2, Scalars: names("n", "lr", "cb"), Form: f},
		{Name: "delayedPlain" + suffix, Vectors: names("p", "d", "g"), Changed: 2, Scalars: names("n", "lr"), Form: f},
		{Name: "delayedPlainC" + suffix, Vectors: names("p", "d", "m", "g"), Changed: 2, Scalars: names("n", "lr", "cb"), Form: f},
		{Name: "delayedStep" + suffix, Vectors: names("p", "m", "d", "g"), Changed: 2, Scalars: names("n", "lr", "beta", "coef"), Form: f},
	}
}

func names(s ...string) []string { return s }
