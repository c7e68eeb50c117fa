package main

// A shape is that of one tensor.
type shape []int

func (s shape) len() int {
	n := 1
	for _, k := range s {
		n *= k
	}
	return n
}

func total(shapes []shape) (n int) {
	for _, s := range shapes {
		n += s.len()
	}
	return n
}

// pythia70M are the tensors of Pythia-70M, in its order, each side of them divided
// by a number that makes it small for tests.
func pythia70M(by int) (shapes []shape) {
	vocabulary, width := 50304/by, 512/by
	norm := []shape{{width}, {width}}
	shapes = append(shapes, shape{vocabulary, width})
	for range 6 {
		shapes = append(shapes, norm...)
		shapes = append(shapes, norm...)
		shapes = append(shapes,
			shape{3 * width, width}, shape{3 * width}, // query, key, value
			shape{width, width}, shape{width},
			shape{4 * width, width}, shape{4 * width},
			shape{width, 4 * width}, shape{width})
	}
	shapes = append(shapes, norm...)
	return append(shapes, shape{vocabulary, width})
}
