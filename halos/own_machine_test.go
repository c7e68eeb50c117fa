package halos

import (
	"slices"
	"testing"
)

// TestPartOfAMemory: a Machine may push a part of the vector that it was given, or none of
// it. The frame has what the Push has.
func TestPartOfAMemory(t *testing.T) {
	d := newDriver(t.Context(), &GPS{}, RunConfig{Bodies: 4, Patience: Forever}, nil)
	for _, n := range []int{0, 3} {
		v := d.out.Memory(n)
		copy(v, []float32{1, 2, 3})
		for _, delta := range [][]float32{v, v[:min(2, n)], {4, 5}} {
			f, err := d.frame(Envelope{"gps", &Push{Delta: delta}})
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case f.body == nil && len(delta) > 0 || f.body != nil && !slices.Equal(f.body.v, delta):
				t.Errorf("of a memory of %d, %v is sent as %v", n, delta, f.body)
			}
			f.release()
		}
	}
}
