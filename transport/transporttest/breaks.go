package transporttest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/halos-go/sdk/transport"
)

// The laws about links that break, and come up again.

func absentPeer(ctx context.Context, s *stage) error {
	a, err := s.join("a")
	if err != nil {
		return err
	}
	err = a.Send(ctx, "hub", []byte("hello"))
	if err := wants("Send to a node that has not joined", err, transport.ErrUnreachable); err != nil {
		return err
	}
	hub, err := s.join("hub")
	if err != nil {
		return err
	}
	if err := hear(ctx, hub, a); err != nil {
		return err
	}
	return ask(ctx, a, hub)
}

func leafRestarts(ctx context.Context, s *stage) error {
	hub, leaves, err := s.meet(ctx, "a", "b")
	if err != nil {
		return err
	}
	for range 3 {
		if err := s.leave(leaves[0]); err != nil {
			return err
		}
		if err := loses(ctx, hub, "a"); err != nil {
			return err
		}
		if leaves[0], err = s.join("a"); err != nil {
			return err
		}
		if err := ask(ctx, leaves[0], hub); err != nil {
			return err
		}
	}
	return ask(ctx, leaves[1], hub)
}

func hubRestarts(ctx context.Context, s *stage) error {
	hub, leaves, err := s.meet(ctx, "a", "b")
	if err != nil {
		return err
	}
	for range 3 {
		if err := s.leave(hub); err != nil {
			return err
		}
		if err := loses(ctx, leaves[0], "hub"); err != nil {
			return err
		}
		if hub, err = s.join("hub"); err != nil {
			return err
		}
		if err := hear(ctx, hub, leaves...); err != nil {
			return err
		}
		for _, leaf := range leaves {
			if err := ask(ctx, leaf, hub); err != nil {
				return err
			}
		}
	}
	return nil
}

func cutAndHeal(ctx context.Context, s *stage) error {
	if s.net.Cut == nil || s.net.Heal == nil {
		return noCut
	}
	hub, leaves, err := s.meet(ctx, "a", "b")
	if err != nil {
		return err
	}
	a, b := leaves[0], leaves[1]
	for range 3 {
		s.net.Cut("hub", "a")
		err := together(ctx,
			func(ctx context.Context) error { return loses(ctx, a, "hub") },
			func(ctx context.Context) error { return loses(ctx, hub, "a") })
		if err != nil {
			return err
		}
		if err := ask(ctx, b, hub); err != nil {
			return fmt.Errorf("beside a link that is cut: %w", err)
		}
		s.net.Heal("hub", "a")
		if err := hear(ctx, hub, a); err != nil {
			return err
		}
		if err := ask(ctx, a, hub); err != nil {
			return err
		}
	}
	return nil
}

func cutsUnderTraffic(ctx context.Context, s *stage) error {
	if s.net.Cut == nil || s.net.Heal == nil {
		return noCut
	}
	hub, leaves, err := s.meet(ctx, "a")
	if err != nil {
		return err
	}
	a := leaves[0]
	burst := func(from *node, to string) func(context.Context) error {
		out := newStream(from, to)
		return func(ctx context.Context) error {
			if err := out.sendAll(ctx, 50, func(i int) int { return 100 * i }); !errors.Is(err, transport.ErrUnreachable) {
				return err
			}
			return nil
		}
	}
	up, down := burst(a, "hub"), burst(hub, "a")
	for range 20 {
		err := together(ctx, up, down,
			func(ctx context.Context) error {
				if err := ask(ctx, a, hub); err != nil {
					return err
				}
				return errAnswered // nobody receives any more: ends the bursts
			},
			func(context.Context) error {
				s.net.Cut("hub", "a")
				s.net.Heal("hub", "a")
				return nil
			})
		if err != nil && !errors.Is(err, errAnswered) {
			return err
		}
	}
	return nil
}

// loses sends to a peer that cannot be reached until Send has noticed.
func loses(ctx context.Context, n *node, to string) error {
	out := newStream(n, to)
	for range 1 << 18 {
		err := out.send(ctx, 0)
		if errors.Is(err, transport.ErrUnreachable) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return fmt.Errorf("%s: Send to %q, which cannot be reached, still succeeds", n.name, to)
}

// hear waits until n and its peers have heard Linked. Nobody sends.
func hear(ctx context.Context, n *node, peers ...*node) error {
	var jobs []func(context.Context) error
	missing := make(map[string]bool)
	for _, p := range peers {
		missing[p.name] = true
		jobs = append(jobs, func(ctx context.Context) error {
			return p.hears(ctx, map[string]bool{n.name: true})
		})
	}
	jobs = append(jobs, func(ctx context.Context) error { return n.hears(ctx, missing) })
	return together(ctx, jobs...)
}

// hears waits for Linked of the missing; frames sent before the break may come
// first.
func (n *node) hears(ctx context.Context, missing map[string]bool) error {
	for len(missing) > 0 {
		e, err := n.next(ctx, fmt.Sprintf("Linked for %q", slices.Sorted(maps.Keys(missing))))
		if err != nil {
			return fmt.Errorf("waiting for Linked: %w", err)
		}
		if e.linked {
			delete(missing, e.peer)
		}
	}
	return nil
}

var errAnswered = errors.New("answered")

// ask gets a question from leaf to hub, and the answer back, over a link that
// may break: as the nodes of a run do it, repeating on Linked and at no other
// time. Both receive all that is on the link, also while they send: the link may
// be full in both directions.
func ask(ctx context.Context, leaf, hub *node) error {
	question, answer := newStream(leaf, hub.name), newStream(hub, leaf.name)
	questions, answers := newBell(), newBell()
	questions.ring()
	err := together(ctx,
		func(ctx context.Context) error { return question.sendOn(ctx, questions) },
		func(ctx context.Context) error { return answer.sendOn(ctx, answers) },
		func(ctx context.Context) error {
			for {
				e, err := leaf.next(ctx, hub.name+"'s answer or Linked")
				if err != nil {
					return fmt.Errorf("waiting for an answer or Linked: %w", err)
				}
				if e.stream == answer.id {
					return errAnswered
				}
				if e.linked && e.peer == hub.name {
					questions.ring()
				}
			}
		},
		func(ctx context.Context) error {
			for {
				e, err := hub.next(ctx, leaf.name+"'s question")
				if err != nil {
					return err
				}
				if e.stream == question.id {
					answers.ring()
				}
			}
		})
	if errors.Is(err, errAnswered) {
		return nil
	}
	return err
}

// A bell remembers that it rang, not how often.
type bell chan struct{}

func newBell() bell { return make(bell, 1) }

func (b bell) ring() {
	select {
	case b <- struct{}{}:
	default:
	}
}

// sendOn sends a frame after each ring, until ctx ends. A link that is down
// loses it.
func (s *stream) sendOn(ctx context.Context, b bell) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-b:
		}
		if err := s.send(ctx, 100); err != nil && !errors.Is(err, transport.ErrUnreachable) {
			return err
		}
	}
}
