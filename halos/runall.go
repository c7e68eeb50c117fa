package halos

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/halos-go/sdk/transport"
)

// A Node is a Machine and what [Run] needs for it, for [RunAll].
type Node struct {
	Machine Machine
	RunConfig
}

// RunAll runs nodes of one process, each on a goroutine of its own, and returns when all
// have ended. join gives each its end of the network, as [transport.Mem.Join] does; it is
// called for one after the other, before any of them runs, and RunAll closes the end when
// the node has ended. A node whose Transport is set is not joined. The first error of a
// node ends the others, and is returned with the node's name; so is context.Cause(ctx) if
// ctx ends. A node that has not joined when its parent has ended in good order ends too.
func RunAll(ctx context.Context, join func(id string) (transport.Transport, error), nodes ...Node) error {
	nodes = slices.Clone(nodes)
	var ends []transport.Transport // that RunAll closes; nil where it does not
	for i := range nodes {
		end, err := nodes[i].join(join)
		if err != nil {
			closeAll(ends)
			return err
		}
		ends = append(ends, end)
	}
	over := make(map[string]chan struct{}) // closed: that node has ended
	for _, n := range nodes {
		if over[n.Machine.ID()] != nil {
			closeAll(ends)
			return fmt.Errorf("halos: two nodes are named %s: want a name of its own for each", n.Machine.ID())
		}
		over[n.Machine.ID()] = make(chan struct{})
	}
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	var all sync.WaitGroup
	for i, n := range nodes {
		for parent := range n.Machine.Peers() {
			n.over = over[parent]
		}
		all.Go(func() {
			defer closeAll(ends[i : i+1])
			err := Run(ctx, n.Machine, n.RunConfig)
			switch {
			case ctx.Err() != nil:
			case err == nil || err == errOver: //nolint:errorlint // the value itself
				close(over[n.Machine.ID()])
			default:
				fail(fmt.Errorf("%s: %w", n.Machine.ID(), err))
			}
		})
	}
	all.Wait()
	return context.Cause(ctx)
}

var errOver = errors.New("halos: the parent has ended")

// join gives the node an end of the network, and returns it, unless it has one.
func (n *Node) join(join func(id string) (transport.Transport, error)) (transport.Transport, error) {
	switch {
	case isNil(n.Machine):
		return nil, errNil
	case !isNil(n.Transport):
		return nil, nil
	case join == nil:
		return nil, fmt.Errorf("halos: %s has no Transport: want one, or a function that joins", n.Machine.ID())
	}
	end, err := join(n.Machine.ID())
	if err != nil {
		return nil, fmt.Errorf("halos: %s: %w", n.Machine.ID(), err)
	}
	if isNil(end) {
		return nil, fmt.Errorf("halos: %s has no Transport: the function that joins returned nil", n.Machine.ID())
	}
	n.Transport = end
	return end, nil
}

func closeAll(ends []transport.Transport) {
	for _, end := range ends {
		if end != nil {
			_ = end.Close()
		}
	}
}
