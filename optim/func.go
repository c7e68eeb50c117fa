package optim

import "errors"

// Func returns a [Schedule] from a function, for a course that no other type here has.
// f returns the learning rate of a step, which counts from 1, and must return the same
// whenever it is asked, from any goroutine. name is what String returns: nodes compare
// it, so it should have all parameters of f in it, as in "step(max=0.1,every=1000)".
// Validate refuses a nil f and an empty name.
func Func(name string, f func(step uint64) float64) Schedule { return &schedule{name, f} }

type schedule struct {
	name string
	at   func(step uint64) float64
}

func (s *schedule) At(step uint64) float64 { return s.at(step) }

func (s *schedule) Validate() error {
	switch {
	case s.name == "":
		return errors.New("optim: Func has an empty name: want one, with all parameters")
	case s.at == nil:
		return errors.New("optim: Func has no function: want one that returns the rate of a step")
	}
	return nil
}

func (s *schedule) String() string { return s.name }
