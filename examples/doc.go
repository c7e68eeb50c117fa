// Package examples holds programs, each of which answers one question. Run one
// from the top of the repository, as in "go run ./examples/twelve"; none takes
// longer than half a minute or needs anything but Go.
//
//	twelve           What is the least that trains a model?
//	regions          How do I assemble the roles in one process, over a slow network?
//	optimizertest    How do I write an optimizer or a merger of my own, and test it?
//	customtransport  What must I write to run over a network of my own?
//	optuna           How do I search hyper-parameters on several machines? (Python)
//
// Besides, package bytelm is a small transformer on real text, which regions and
// the command line train: how do I put a model of my own behind a
// halos.Objective?
package examples
