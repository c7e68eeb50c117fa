package optim

import (
	"errors"
	"fmt"
	"io"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/state"
	"github.com/halos-go/sdk/momentum"
)

// SGD steps against the gradient, through Momentum if there is one:
//
//	p -= lr * g
//
// With [momentum.Delayed] it is the outer optimizer of HALoS, with
// [momentum.Nesterov] that of DiLoCo.
type SGD struct {
	Momentum momentum.Momentum // nil for none; belongs to this SGD alone

	once state.Once
}

var _ Optimizer = (*SGD)(nil)

// Name implements [state.State].
func (s *SGD) Name() string {
	if s.Momentum == nil {
		return "sgd(momentum=none)"
	}
	return "sgd(momentum=" + s.Momentum.Name() + ")"
}

// Init implements [state.State].
func (s *SGD) Init(b kernels.Backend, n int) error {
	if s == nil {
		return errors.New("optim: SGD is nil: want one, as &optim.SGD{}")
	}
	return s.once.Do("optim: SGD", func() error {
		if err := checkLength("SGD", n); err != nil || s.Momentum == nil {
			return err
		}
		return s.Momentum.Init(b, n)
	})
}

// Reset implements [state.State].
func (s *SGD) Reset() {
	if s.Momentum != nil {
		s.Momentum.Reset()
	}
}

// Step implements [Optimizer].
func (s *SGD) Step(params []float32, grads ...Gradient) {
	if s.Momentum != nil {
		s.Momentum.Apply(params, grads...)
		return
	}
	for _, g := range grads {
		kernels.SGD(params, g.Values, g.LR)
	}
}

// WriteTo implements [state.State]: a record without content, then the momentum's.
func (s *SGD) WriteTo(w io.Writer) (int64, error) {
	n, err := state.Write(w, s.Name(), nil)
	if err != nil || s.Momentum == nil {
		return n, err
	}
	m, err := s.Momentum.WriteTo(w)
	return n + m, err
}

// ReadFrom implements [state.State].
func (s *SGD) ReadFrom(r io.Reader) (int64, error) {
	n, err := state.Read(r, s.Name(), nil)
	if err != nil || s.Momentum == nil {
		return n, err
	}
	m, err := s.Momentum.ReadFrom(r)
	return n + m, err
}

func checkLength(plug string, n int) error {
	if n < 1 {
		return fmt.Errorf("optim: %s for %d parameters: want at least 1", plug, n)
	}
	return nil
}
