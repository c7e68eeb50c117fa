package halos

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/state"
	"github.com/halos-go/sdk/optim"
)

// ServerConfig is what all servers have in common.
type ServerConfig struct {
	// ID is the server's name in the run: 1 to 255 bytes.
	ID string
	// Params is the initial model, or that of a [Resume]; it is copied and must be finite.
	// All servers of a run should begin with the same: one that does not receives its
	// parent's.
	Params []float32
	// Layout names the tensors in Params. Empty: one segment of shape [len(Params)].
	Layout optim.Layout
	// Backend is where the server keeps its model and its plugs their vectors, and
	// computes: an LPS has the model, the base and the delta there, a GPS and a Sync the
	// model, and all servers together two copies of a model for answers. The plugs must
	// be able to work there; those of this module are. nil: ordinary memory,
	// [kernels.CPU]. Several servers may share one. Whoever made it closes it, after the
	// last Step and the last Params of each: the model is gone then, and a program that
	// asks for it is ended by the system. What a server takes there it gives back then
	// and not before: a program that makes servers again and again gives each its own. A
	// server whose Backend fails ends with its error.
	Backend kernels.Backend
	// Optimizer applies what children push; the server owns it from now on, and no other
	// server may have it.
	Optimizer optim.Optimizer
	// LR is the outer learning rate. Step t of it belongs to the t-th update (Sync:
	// round). It multiplies the update as the formulas of [momentum] say: a
	// nominal 0.2 under Delayed{Every: 16} is 3.2 here.
	LR optim.Schedule
	// GlobalBatch is how many samples make one learning-rate step of the workers:
	// a round whose claim begins at sample s starts at step s/GlobalBatch. It must be the
	// same at all servers of a run. 0: every local step of any worker is a step; on a
	// [Sync], every local step of a round.
	GlobalBatch uint64
	// Require is the plugs that each child must announce, word for word. Empty: any.
	Require string
}

// check validates c and completes it in the copy that it returns.
func (c ServerConfig) check(role string) (ServerConfig, error) {
	fail := func(format string, a ...any) (ServerConfig, error) {
		return c, fmt.Errorf("halos: %s.%s", role, fmt.Sprintf(format, a...))
	}
	if err := checkID(c.ID); err != nil {
		return fail("ID %v", err)
	}
	if len(c.Params) == 0 {
		return fail("Params is empty: want the initial model")
	}
	if !kernels.Finite(c.Params) {
		params := kernels.Ordinary(c.Params)
		i := slices.IndexFunc(params, notFinite)
		return fail("Params[%d] is %v: want finite values", i, params[i])
	}
	if len(c.Layout.Segments) == 0 {
		c.Layout = optim.Layout{Segments: []optim.Segment{{Name: "params", Shape: []int{len(c.Params)}}}}
	}
	if err := c.Layout.Validate(); err != nil {
		return c, fmt.Errorf("halos: %s.Layout: %w", role, err)
	}
	c.Layout = c.Layout.Clone()
	if n := c.Layout.Len(); n != len(c.Params) {
		return fail("Layout describes %d parameters: want the %d of Params", n, len(c.Params))
	}
	if isNil(c.Optimizer) {
		return fail("Optimizer is nil: want one, as &optim.SGD{}")
	}
	if isNil(c.LR) {
		return fail("LR is nil: want a schedule, as optim.Constant(0.7)")
	}
	if err := c.LR.Validate(); err != nil {
		return c, fmt.Errorf("halos: %s.LR: %w", role, err)
	}
	if c.Backend == nil {
		c.Backend = kernels.CPU{}
	}
	if isNil(c.Backend) {
		return fail("Backend is a nil %T: want nil, or one that is open", c.Backend)
	}
	if err := c.Optimizer.Init(c.Backend, len(c.Params)); err != nil {
		return c, fmt.Errorf("halos: %s.Optimizer: %w", role, err)
	}
	params, err := c.clone(c.Params)
	if err != nil {
		return c, fmt.Errorf("halos: %s.Params: %w", role, err)
	}
	c.Params = params
	if err := c.spare(); err != nil {
		c.Backend.Recycle(params)
		return c, fmt.Errorf("halos: %s.Params: %w", role, err)
	}
	return c, nil
}

// isNil reports whether a plug is missing: nil, or a nil pointer or function of some type.
func isNil(plug any) bool {
	switch v := reflect.ValueOf(plug); v.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Pointer, reflect.Func, reflect.Map, reflect.Interface:
		return v.IsNil()
	}
	return false
}

func checkID(id string) error {
	if len(id) == 0 || len(id) > 255 {
		return fmt.Errorf("is %d bytes long: want 1 to 255", len(id))
	}
	return nil
}

// clone returns x in the Backend.
func (c *ServerConfig) clone(x []float32) ([]float32, error) {
	v, err := c.Backend.Make(len(x))
	if err != nil {
		return nil, err
	}
	kernels.Copy(v, x)
	return v, c.Backend.Err()
}

// spare makes sure that there is room for the two snapshots of answers on their way, so
// that a lack of it fails here and not at the first answer.
func (c *ServerConfig) spare() error {
	if c.Backend == (kernels.CPU{}) {
		return nil
	}
	var one, other []float32
	err := state.Make(c.Backend, len(c.Params), &one, &other)
	c.Backend.Recycle(one)
	c.Backend.Recycle(other)
	return err
}

// intact ends the node if its Backend has failed: what it would send may be anything.
func (c *ServerConfig) intact(out *Output) {
	if err := c.Backend.Err(); err != nil {
		clear(out.Send)
		out.Send = out.Send[:0]
		out.fail(fmt.Errorf("halos: %s: %w", c.ID, err))
	}
}

func notFinite(x float32) bool { return x-x != 0 }
