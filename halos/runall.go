package halos

import (
	"context"
	"fmt"
	"sync"

	"github.com/halos-go/sdk/transport"
)

// A Node is a Machine and what [Run] needs for it, for [RunAll].
type Node struct {
	Machine Machine
	RunConfig
}

// RunAll runs nodes of one process, each on a goroutine of its own, and returns when all
// have ended. join gives each its end of the network, as [transport.Mem.Join] does; RunAll
// closes it when the node has ended. A node whose Transport is set is not joined. The
// first error of a node ends the others, and is returned with the node's name; so is
// context.Cause(ctx) if ctx ends.
func RunAll(ctx context.Context, join func(id string) (transport.Transport, error), nodes ...Node) error {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	var all sync.WaitGroup
	for _, n := range nodes {
		all.Go(func() {
			if err := runOne(ctx, join, n); err != nil {
				fail(err)
			}
		})
	}
	all.Wait()
	return context.Cause(ctx)
}

func runOne(ctx context.Context, join func(id string) (transport.Transport, error), n Node) error {
	switch {
	case isNil(n.Machine):
		return errNil
	case n.Transport == nil && join == nil:
		return fmt.Errorf("halos: %s has no Transport: want one, or a function that joins", n.Machine.ID())
	case n.Transport == nil:
		end, err := join(n.Machine.ID())
		if err != nil {
			return fmt.Errorf("halos: %s: %w", n.Machine.ID(), err)
		}
		defer func() { _ = end.Close() }()
		n.Transport = end
	}
	err := Run(ctx, n.Machine, n.RunConfig)
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("%s: %w", n.Machine.ID(), err)
	}
	return err
}
