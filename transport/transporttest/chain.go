package transporttest

import (
	"context"
	"fmt"
)

// The laws about a hierarchy: top, mid and low, of which mid has one Transport
// for its parent and its child.

// meetChain lets all three join, from the top, each after the links above it are up.
func (s *stage) meetChain(ctx context.Context) (top, mid, low *node, err error) {
	var nodes [3]*node
	for i, place := range chain {
		if nodes[i], err = s.join(place.Name); err != nil {
			return nil, nil, nil, err
		}
		if i == 0 {
			continue
		}
		if err := greet(ctx, nodes[i-1], nodes[i]); err != nil {
			return nil, nil, nil, err
		}
	}
	return nodes[0], nodes[1], nodes[2], nil
}

func chainWorks(ctx context.Context, s *stage) error {
	top, mid, low, err := s.meetChain(ctx)
	if err != nil {
		return err
	}
	return relay(ctx, top, mid, low)
}

// relay sends frames from top to low and from low to top at the same time. Mid
// passes each on as it comes.
func relay(ctx context.Context, top, mid, low *node) error {
	const frames = 100
	up, down := newStream(low, "mid"), newStream(top, "mid")
	size := func(i int) int { return i * i * 37 % 30_011 }
	return together(ctx,
		func(ctx context.Context) error { return up.sendAll(ctx, frames, size) },
		func(ctx context.Context) error { return down.sendAll(ctx, frames, size) },
		func(ctx context.Context) error { return top.expectAll(ctx, frames, "mid") },
		func(ctx context.Context) error { return low.expectAll(ctx, frames, "mid") },
		func(ctx context.Context) error {
			for i := range 2 * frames {
				if err := mid.passOn(ctx, i); err != nil {
					return err
				}
			}
			return nil
		})
}

// passOn receives one frame and sends it to the other neighbour.
func (n *node) passOn(ctx context.Context, i int) error {
	e, err := n.receive(ctx, fmt.Sprintf("frame %d of top and low", i+1))
	if err != nil {
		return err
	}
	defer release(e)
	r, err := n.check(e)
	if err == nil && r.linked {
		err = fmt.Errorf("%s: got %v, want a frame", n.name, r)
	}
	if err != nil {
		return err
	}
	to := map[string]string{"top": "low", "low": "top"}[e.Peer]
	if err := n.Send(ctx, to, cut(e.Frame, uint64(i))...); err != nil {
		return fmt.Errorf("%s: send to %q: %w", n.name, to, err)
	}
	return nil
}

func chainMiddleRestarts(ctx context.Context, s *stage) error {
	top, mid, low, err := s.meetChain(ctx)
	if err != nil {
		return err
	}
	for range 3 {
		if err := s.leave(mid); err != nil {
			return err
		}
		for _, n := range []*node{top, low} {
			if err := loses(ctx, n, "mid"); err != nil {
				return err
			}
		}
		if mid, err = s.join("mid"); err != nil {
			return err
		}
		if err := hear(ctx, mid, top, low); err != nil {
			return err
		}
		if err := relay(ctx, top, mid, low); err != nil {
			return err
		}
	}
	return nil
}

// chainCut cuts the upper link and wants nothing of it to be seen on the lower.
func chainCut(ctx context.Context, s *stage) error {
	if s.net.Cut == nil || s.net.Heal == nil {
		return noCut
	}
	top, mid, low, err := s.meetChain(ctx)
	if err != nil {
		return err
	}
	for range 3 {
		err := together(ctx,
			func(ctx context.Context) error { return beside(converse(ctx, low, mid)) },
			func(ctx context.Context) error { return beside(listenTo(ctx, mid, low)) },
			func(ctx context.Context) error {
				s.net.Cut("top", "mid")
				return together(ctx,
					func(ctx context.Context) error { return loses(ctx, top, "mid") },
					func(ctx context.Context) error { return loses(ctx, mid, "top") })
			})
		if err != nil {
			return err
		}
		s.net.Heal("top", "mid")
		if err := hear(ctx, mid, top); err != nil {
			return err
		}
		if err := relay(ctx, top, mid, low); err != nil {
			return err
		}
	}
	return nil
}

// turns is how many questions [converse] asks.
const turns = 50

// converse asks questions, and wants an answer to each and nothing else.
func converse(ctx context.Context, n, with *node) error {
	out := newStream(n, with.name)
	for range turns {
		if err := out.send(ctx, 100); err != nil {
			return err
		}
		if err := n.expect(ctx, with.name); err != nil {
			return err
		}
	}
	return nil
}

// listenTo answers the questions of a peer that converses. What others sent
// before their link was cut may come between.
func listenTo(ctx context.Context, n, peer *node) error {
	out := newStream(n, peer.name)
	for i := 0; i < turns; {
		e, err := n.next(ctx, fmt.Sprintf("%s's question %d of %d", peer.name, i+1, turns))
		if err == nil && e.linked {
			err = fmt.Errorf("%s: got %v", n.name, e)
		}
		if err != nil {
			return err
		}
		if e.peer != peer.name {
			continue
		}
		i++
		if err := out.send(ctx, 100); err != nil {
			return err
		}
	}
	return nil
}

func beside(err error) error {
	if err != nil {
		return fmt.Errorf("between mid and low, while the link between mid and top was cut: %w", err)
	}
	return nil
}
