package bytelm

import (
	"context"
	"fmt"
	"testing"

	"github.com/halos-go/sdk/halos/runfile"
)

// BenchmarkLocalStep is the gradient of a local step of the problem as the run files of
// cmd/halos set it.
func BenchmarkLocalStep(b *testing.B) {
	for _, batch := range []uint64{2, 8} {
		b.Run(fmt.Sprintf("batch=%d", batch), func(b *testing.B) {
			p := mustProblem(b, Options{Data: ".", Context: 32, Width: 48, Layers: 1, Heads: 4, HeldOutWindows: 8})
			params, grad := make([]float32, p.Model().Params()), make([]float32, p.Model().Params())
			p.Init(params)
			o := p.Objective(runfile.Place{})
			first := uint64(0)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := o.Gradient(context.Background(), grad, params, first, batch); err != nil {
					b.Fatal(err)
				}
				first += batch
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "steps/s")
		})
	}
}
