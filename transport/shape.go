package transport

import (
	"context"
	"errors"
	"time"
)

// Shape gives the links of a node the latency and the bandwidth of a real
// network: Send takes Line.Time longer. Frames to one peer go one after the
// other, a second frame waits for the first; frames to different peers do not
// wait for each other. It shapes what its node sends, so a link that is slow in
// both directions has a Shape at both ends.
//
// The contract holds. A frame that is being delayed has not been sent yet: if
// the link breaks meanwhile, Send says so, and if ctx ends, the frame is lost.
type Shape struct {
	Transport
	// Line returns the line to a peer. It is called once for each Send, from
	// the goroutine that sends, and must be safe for concurrent use. Send fails
	// without it.
	Line func(to string) Line

	turns turns
}

// A Line is one direction of a link. The zero value takes no time.
type Line struct {
	Latency   time.Duration
	Bandwidth float64 // bytes per second; 0: no limit
}

// Time returns what a frame of size bytes takes: Latency + size/Bandwidth.
func (l Line) Time(size int) time.Duration {
	if l.Bandwidth == 0 {
		return l.Latency
	}
	return l.Latency + time.Duration(float64(size)/l.Bandwidth*float64(time.Second))
}

// Send implements [Transport].
func (s *Shape) Send(ctx context.Context, to string, parts ...[]byte) error {
	if err := decorates("Shape", s.Transport); err != nil {
		return err
	}
	if s.Line == nil {
		return errors.New("transport: Shape.Line is nil: want a function that returns the line to a peer")
	}
	turn, err := s.turns.enter(ctx, to)
	if err != nil {
		return err
	}
	defer turn.leave()
	timer := time.NewTimer(s.Line(to).Time(size(parts)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return s.Transport.Send(ctx, to, parts...)
	case <-turn.closed:
		return ErrClosed
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Recv implements [Transport].
func (s *Shape) Recv(ctx context.Context) (Event, error) {
	if err := decorates("Shape", s.Transport); err != nil {
		return Event{}, err
	}
	return s.Transport.Recv(ctx)
}

// Close implements [Transport].
func (s *Shape) Close() error {
	if err := decorates("Shape", s.Transport); err != nil {
		return err
	}
	s.turns.close()
	return s.Transport.Close()
}
