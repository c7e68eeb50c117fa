package bytelm_test

import (
	"fmt"

	"github.com/halos-go/sdk/examples/bytelm"
)

// A model learns a short text by plain gradient descent.
func Example() {
	model, err := bytelm.NewModel(bytelm.Config{
		Vocab: 256, Context: 8, Width: 16, Heads: 2, Layers: 1, Hidden: 32,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	params, grad := make([]float32, model.Params()), make([]float32, model.Params())
	model.Init(params, 1)
	var tokens []uint16
	for _, b := range []byte("to be, orto be, or") { // two samples of Context+1 bytes
		tokens = append(tokens, uint16(b))
	}
	runner := model.NewRunner(2)
	for step := range 101 {
		loss := runner.Gradient(grad, params, tokens)
		if step%50 == 0 {
			fmt.Printf("step %3d: %.1f nats a byte\n", step, loss)
		}
		for i, g := range grad {
			params[i] -= g / 2
		}
	}
	// Output:
	// step   0: 5.9 nats a byte
	// step  50: 0.0 nats a byte
	// step 100: 0.0 nats a byte
}
