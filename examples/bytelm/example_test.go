package bytelm_test

import (
	"context"
	"fmt"

	"github.com/halos-go/sdk/examples/bytelm"
	"github.com/halos-go/sdk/halos/runfile"
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

// A worker of the second of two regions trains on the second half of this folder, and is
// judged by validation windows of all of it.
func ExampleProblem() {
	problem, err := bytelm.New(bytelm.Options{
		Data: ".", Context: 16, Width: 16, HeldOutWindows: 64,
		Windows: bytelm.Validation, Partition: bytelm.ByRegion,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer problem.Close()
	n := problem.Layout().Len()
	params, grad, ctx := make([]float32, n), make([]float32, n), context.Background()
	problem.Init(params)
	before, _ := problem.Loss(ctx, params)
	worker := problem.Objective(runfile.Place{Region: 1, Regions: 2})
	for step := range uint64(200) {
		if _, err := worker.Gradient(ctx, grad, params, 8*step, 8); err != nil {
			fmt.Println(err)
			return
		}
		for i, g := range grad {
			params[i] -= g / 4
		}
	}
	after, _ := problem.Loss(ctx, params)
	fmt.Println("a nat a byte better:", after < before-1)
	// Output: a nat a byte better: true
}
