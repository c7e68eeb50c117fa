// Package backend is for those who write a [Backend]: a place for vectors, such as a
// GPU, with what computes on them there. Those who only use one need package kernels,
// whose functions find the Backend of a vector by the vector's address.
//
// # To write one
//
// A Backend is compared with ==, so it is a pointer. Make calls [Settle] with each vector
// before it returns it, and [Unsettle] comes before the memory of the vector is freed.
//
// The addresses of a vector are the Backend's to choose. They must not be those of memory
// that something else uses. There need not be memory of this processor at them.
//
// A Backend that wraps another calls Unsettle on each vector that the other has made, and
// then Settle with itself; otherwise the functions of package kernels call the other. To
// compute in ordinary memory it may call kernels.CPU with vectors that are not settled.
// With a settled vector kernels.CPU would call the Backend again, without end.
// kerneltest.Untouchable is an example: it has the same elements at two addresses.
//
// Package kerneltest has the tests that a Backend must pass.
package backend
