package transporttest

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/halos-go/sdk/transport"
)

// How nodes meet, and how they act at the same time.

// meet lets the hub and leaves join, and waits until they have exchanged a frame.
func (s *stage) meet(ctx context.Context, leaves ...string) (hub *node, others []*node, err error) {
	if hub, err = s.join("hub"); err != nil {
		return nil, nil, err
	}
	for _, name := range leaves {
		leaf, err := s.join(name)
		if err != nil {
			return nil, nil, err
		}
		if err := greet(ctx, hub, leaf); err != nil {
			return nil, nil, err
		}
		others = append(others, leaf)
	}
	return hub, others, nil
}

// greet makes the first contact between a parent and a child: the child speaks
// first, both hear Linked, and then a frame from the other.
func greet(ctx context.Context, parent, child *node) error {
	return together(ctx,
		func(ctx context.Context) error {
			if err := child.introduce(ctx, parent.name); err != nil {
				return err
			}
			return child.expect(ctx, parent.name)
		},
		func(ctx context.Context) error {
			if err := parent.expectLinked(ctx, child.name); err != nil {
				return err
			}
			if err := parent.expect(ctx, child.name); err != nil {
				return err
			}
			return newStream(parent, child.name).send(ctx, 100)
		})
}

// introduce sends the first frame to a peer, again after each Linked if there is
// no link, and returns when it is sent and Linked has been heard.
func (n *node) introduce(ctx context.Context, to string) error {
	linked := false
	for out := newStream(n, to); ; {
		err := out.send(ctx, 100)
		if err == nil && linked {
			return nil
		}
		if err == nil {
			return n.expectLinked(ctx, to)
		}
		if !errors.Is(err, transport.ErrUnreachable) {
			return err
		}
		if err := n.expectLinked(ctx, to); err != nil {
			return fmt.Errorf("after %w: %w", transport.ErrUnreachable, err)
		}
		linked = true
	}
}

// grace is how long [together] waits for those who should have noticed that
// their context has ended.
const grace = time.Second

// together runs fs at the same time and returns the first error, when all have
// returned. The first error ends the context of the others. Should one of them
// not notice that ctx has ended, together leaves it behind. A panic is an error.
func together(ctx context.Context, fs ...func(ctx context.Context) error) error {
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	first := make(chan error, 1)
	var wg sync.WaitGroup
	for _, f := range fs {
		wg.Go(func() {
			if err := calm(inner, f); err != nil {
				select {
				case first <- err:
					cancel()
				default: // not the first
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { // ends, at the latest, when the ends are closed
		wg.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
		timer := time.NewTimer(grace)
		defer timer.Stop()
		select {
		case <-done:
		case <-timer.C:
		}
	}
	select {
	case err := <-first:
		return err
	default:
		return context.Cause(ctx)
	}
}

// calm runs f and makes an error of its panic.
func calm(ctx context.Context, f func(ctx context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return f(ctx)
}
