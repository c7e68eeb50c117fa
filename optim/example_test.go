package optim_test

import (
	"fmt"
	"math"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/momentum"
	"github.com/halos-go/sdk/optim"
)

// The outer optimizer of a region's server takes pseudo-gradients: the model
// before some local steps less the model after them.
func ExampleSGD() {
	outer := &optim.SGD{Momentum: &momentum.Delayed{Beta: 0.9, Every: 16}}
	if err := outer.Init(kernels.CPU{}, 2); err != nil {
		fmt.Println(err)
		return
	}
	params := []float32{1, 2}
	outer.Step(params, optim.Gradient{Values: []float32{0.5, -0.25}, LR: 3.2})
	fmt.Println(outer.Name(), params)
	// Output: sgd(momentum=delayed(beta=0.9,every=16,c=0)) [0.9 2.05]
}

func ExampleLayout() {
	layout := optim.Layout{Segments: []optim.Segment{
		{Name: "weight", Shape: []int{2, 3}},
		{Name: "bias", Shape: []int{2}},
	}}
	params := make([]float32, layout.Len())
	copy(layout.View(params, "bias"), []float32{7, 8})
	for offset, s := range layout.All() {
		fmt.Println(offset, s.Name, s.Rank())
	}
	fmt.Println(params)
	// Output:
	// 0 weight 2
	// 6 bias 1
	// [0 0 0 0 0 0 7 8]
}

func ExampleWSD() {
	s := optim.WSD{Max: 0.01, Min: 0.001, Warmup: 2, Decay: 3, Total: 8}
	for step := uint64(1); step <= 9; step++ {
		fmt.Printf("%.3f ", s.At(step))
	}
	// Output: 0.005 0.010 0.010 0.010 0.010 0.007 0.004 0.001 0.001
}

// A rate that is halved every two steps.
func ExampleFunc() {
	s := optim.Func("halving(max=0.8,every=2)", func(step uint64) float64 {
		return math.Ldexp(0.8, -int(step-1)/2)
	})
	fmt.Println(s, s.Validate())
	for step := uint64(1); step <= 6; step++ {
		fmt.Print(s.At(step), " ")
	}
	// Output:
	// halving(max=0.8,every=2) <nil>
	// 0.8 0.8 0.4 0.4 0.2 0.2
}

// What a server says to a child that has another model.
func ExampleLayout_Diff() {
	theirs := optim.Layout{Segments: []optim.Segment{{Name: "weight", Shape: []int{2, 3}}, {Name: "bias", Shape: []int{3}}}}
	ours := optim.Layout{Segments: []optim.Segment{{Name: "weight", Shape: []int{2, 3}}, {Name: "bias", Shape: []int{2}}}}
	fmt.Println(theirs.Diff(ours))
	// Output: tensor 1 is "bias" [3]: want "bias" [2]
}
