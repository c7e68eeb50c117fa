package halos

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/halos-go/sdk/kernels"
)

// A Window shows the model of a server that [Run] drives to any goroutine, as for an
// evaluation or a status page. It is set in [RunConfig].Window of one Run at a time. The
// zero value is ready.
type Window struct {
	mu    sync.Mutex // guards what follows
	ask   chan func(Machine)
	ended <-chan struct{} // of the Run; nil: none has begun
}

// Model overwrites dst with the model as it is between two Steps and returns it, with its
// [Point]. dst is ordinary memory of any length, nil for instance; what is too short is
// replaced. The server waits for one copy of the model. It is an error if no Run uses w, if
// that has ended, or if its node is no server; context.Cause(ctx) if ctx ends. Call it on
// another goroutine than Run's: in RunConfig.Observe it would wait for itself.
func (w *Window) Model(ctx context.Context, dst []float32) (model []float32, at Point, err error) {
	ask, ended := w.run()
	if ask == nil {
		return nil, Point{}, errors.New("halos: Window is not open: want one that is in the RunConfig of a Run")
	}
	done := make(chan struct{})
	look := func(m Machine) {
		model, at, err = modelOf(m, dst)
		close(done)
	}
	select {
	case ask <- look:
	case <-ended:
		return nil, Point{}, errors.New("halos: Window is shut: its Run has ended")
	case <-ctx.Done():
		return nil, Point{}, context.Cause(ctx)
	}
	<-done
	return model, at, err
}

// modelOf copies the model of m.
func modelOf(m Machine, dst []float32) ([]float32, Point, error) {
	s, ok := m.(interface{ model() ([]float32, Point) })
	if !ok {
		return nil, Point{}, fmt.Errorf("halos: Window of %s: want a server, which has a model", m.ID())
	}
	v, at := s.model()
	if cap(dst) < len(v) {
		dst = make([]float32, len(v))
	}
	dst = dst[:len(v)]
	kernels.Copy(dst, v)
	return dst, at, kernels.Where(v).Err()
}

func (w *Window) run() (chan<- func(Machine), <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ask, w.ended
}

// open returns what the loop of d must answer; nil if there is no Window.
func (w *Window) open(d *driver) <-chan func(Machine) {
	if w == nil {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ask, w.ended = make(chan func(Machine)), d.ended
	return w.ask
}
