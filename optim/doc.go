// Package optim updates parameters from gradients.
//
// An [Optimizer] is the inner optimizer of a worker and the outer optimizer of a
// server alike: [SGD], with or without a momentum of package momentum, and
// [AdamW]. They are structs with their hyper-parameters in exported fields, none
// of which has a default; Init checks them and allocates, after that Step
// allocates nothing. The learning rate comes with the [Gradient]; a [Schedule] says
// what it is at which step, one from [Func] if no type here does. A [Layout] gives
// names and shapes to the parts of the flat vector that all parameters are.
//
// The arithmetic is that of package kernels: the same bits on every machine, and
// the schedules keep to the same rule in float64. Package optimtest checks an
// Optimizer of your own against the laws of the interface.
package optim
