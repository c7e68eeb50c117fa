package halos

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/halos-go/sdk/transport"
)

// TestLinkThatReturnsForAMoment: a child's link returns, nothing is sent on it, and it
// breaks for good. The second absence is noticed like the first, and ends the wait.
func TestLinkThatReturnsForAMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gps, tp := crowd(1, 1)
		var down atomic.Bool
		tp.send = func(_ context.Context, to string, _ ...[]byte) error {
			if down.Load() {
				return transport.ErrUnreachable
			}
			return nil
		}
		var told []EventKind
		ctx, end := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			done <- Run(ctx, gps, RunConfig{Transport: tp, Incarnation: 1, Patience: 10 * time.Minute,
				Observe: func(_ time.Duration, e Event) { told = append(told, e.Kind) }})
		}()
		synctest.Wait()
		down.Store(true)
		time.Sleep(2*time.Minute + time.Second) // long enough to be noticed
		tp.events <- transport.Event{Peer: "w0", Linked: true}
		time.Sleep(30 * time.Minute)
		end()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Run: %v", err)
		}
		if want := []EventKind{Joined, Unreachable, Unreachable, Left}; !slices.Equal(told, want) {
			t.Errorf("told %v, want %v", told, want)
		}
	})
}

// TestRefusalReplacesNoAnswer: a child's new life waits for its answer, which waits to be
// sent. A word of its former life, which is refused, does not cost it that.
func TestRefusalReplacesNoAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gps, tp := crowd(1, 1) // life 1 has pulled
		open := make(chan struct{})
		var answered []Receipt
		tp.send = func(_ context.Context, _ string, parts ...[]byte) error {
			<-open
			if m, err := new(decoder).decode(slices.Concat(parts...)); err == nil {
				if m, ok := m.(*Model); ok {
					answered = append(answered, m.Receipt)
				}
			}
			return nil
		}
		ctx, end := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- Run(ctx, gps, RunConfig{Transport: tp, Incarnation: 1}) }()
		synctest.Wait()
		hello := Hello{Role: RoleWorker, Layout: gps.cfg.Layout}
		for _, life := range []uint64{2, 1} {
			tp.play("w0", &Pull{Receipt: Receipt{life, 1}, Hello: hello, Steps: 1, Want: 1})
			synctest.Wait()
		}
		close(open)
		synctest.Wait()
		end()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Run: %v", err)
		}
		if !slices.Contains(answered, Receipt{2, 1}) {
			t.Errorf("the answers sent are to %v", answered)
		}
	})
}
