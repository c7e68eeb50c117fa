package transport_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/halos-go/sdk/transport"
)

func TestLineTime(t *testing.T) {
	for _, c := range []struct {
		line transport.Line
		size int
		want time.Duration
	}{
		{transport.Line{}, 1 << 30, 0},
		{transport.Line{Latency: 80 * time.Millisecond}, 1 << 30, 80 * time.Millisecond},
		{transport.Line{Bandwidth: 1000}, 2500, 2500 * time.Millisecond},
		// the reference model over 0.537 Gbit/s, which is 4196.7 ms
		{transport.Line{Bandwidth: 0.537e9 / 8}, 281706496, 4196744819 * time.Nanosecond},
	} {
		if got := c.line.Time(c.size); got != c.want {
			t.Errorf("%+v: %d bytes take %v, want %v", c.line, c.size, got, c.want)
		}
	}
}

// TestShape sends three frames to a slow peer, and meanwhile one to another.
func TestShape(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var net transport.Mem
		lines := map[string]transport.Line{"far": {Latency: time.Second, Bandwidth: 100}, "near": {Latency: time.Millisecond}}
		hub := &transport.Shape{Transport: join(t, &net, "hub"), Line: func(to string) transport.Line { return lines[to] }}
		ends := map[string]transport.Transport{"far": join(t, &net, "far"), "near": join(t, &net, "near")}
		began := time.Now()
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() { send(t, hub, "far", strings.Repeat("x", 50)) })
		}
		wg.Go(func() { send(t, hub, "near", "x") })
		arrives := func(peer string, want time.Duration) {
			for {
				if e, err := ends[peer].Recv(t.Context()); err != nil || !e.Linked {
					break
				}
			}
			if got := time.Since(began); got != want {
				t.Errorf("%s after %v, want %v", peer, got, want)
			}
		}
		arrives("near", time.Millisecond)
		arrives("far", 1500*time.Millisecond)
		arrives("far", 3000*time.Millisecond)
		arrives("far", 4500*time.Millisecond)
		wg.Wait()
	})
}

func TestShapeEndsWithContextAndClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var net transport.Mem
		a := &transport.Shape{Transport: join(t, &net, "a"), Line: func(string) transport.Line { return transport.Line{Latency: time.Hour} }}
		b := join(t, &net, "b")
		cause := errors.New("cause")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, cause)
		defer cancel()
		results := make(chan error, 4)
		for range 2 { // one is on the line, one waits for it
			go func() { results <- a.Send(ctx, "b", nil) }()
		}
		for range 2 {
			if err := <-results; !errors.Is(err, cause) {
				t.Errorf("got %v, want the cause", err)
			}
		}
		for range 2 {
			go func() { results <- a.Send(t.Context(), "b", nil) }()
		}
		synctest.Wait()
		closed := time.Now()
		a.Close()
		for range 2 {
			if err := <-results; !errors.Is(err, transport.ErrClosed) {
				t.Errorf("got %v, want ErrClosed", err)
			}
		}
		if late := time.Since(closed); late != 0 {
			t.Errorf("Send returned %v after Close", late)
		}
		wantEvents(t, b)
	})
}

func TestShapeTellsThatTheLinkBroke(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var net transport.Mem
		a := &transport.Shape{Transport: join(t, &net, "a"), Line: func(string) transport.Line { return transport.Line{Latency: time.Second} }}
		join(t, &net, "b")
		time.AfterFunc(time.Second/2, func() { net.Cut("a", "b") })
		if err := a.Send(t.Context(), "b", nil); !errors.Is(err, transport.ErrUnreachable) {
			t.Errorf("got %v, want ErrUnreachable", err)
		}
	})
}

// lossy joins a node with Ordered over Lossy.
func lossy(t *testing.T, net *transport.Mem, name string, rate float64, seed uint64) transport.Transport {
	return &transport.Ordered{Transport: &transport.Lossy{
		Transport: join(t, net, name), Rate: rate, Seed: seed,
		Break: func(to string) bool { return net.Break(name, to) },
	}}
}

// TestLossyKeepsTheContract gets a hundred questions answered over a link that
// loses a third of all frames, by repeating on Linked alone; Ordered watches.
func TestLossyKeepsTheContract(t *testing.T) {
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			var net transport.Mem
			a, b := lossy(t, &net, "a", 0.3, seed), lossy(t, &net, "b", 0.3, seed+1)
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			go func() {
				for {
					e, err := b.Recv(ctx)
					if err != nil {
						if errors.Is(err, transport.ErrDisorder) {
							t.Error(err)
						}
						return
					}
					if !e.Linked {
						_ = b.Send(ctx, "a", e.Frame)
					}
				}
			}()
			for i := range 100 {
				question := fmt.Sprint(i)
				ask := func() {
					err := a.Send(ctx, "b", []byte(question))
					if err != nil && !errors.Is(err, transport.ErrUnreachable) { // b has just broken the link: Linked follows
						t.Error(err)
					}
				}
				ask()
				for {
					e, err := a.Recv(ctx)
					if err != nil {
						t.Fatalf("seed %d, question %d: %v", seed, i, err)
					}
					if e.Linked {
						ask()
					} else if string(e.Frame) == question {
						break
					}
				}
			}
		})
	}
}

func TestLossyIsDeterministic(t *testing.T) {
	pattern := func(seed uint64, noise bool) (lost string) {
		var net transport.Mem
		end := &transport.Lossy{Transport: join(t, &net, "a"), Rate: 0.5, Seed: seed, Break: func(string) bool { lost += "x"; return true }}
		for range 64 {
			lost += "."
			_ = end.Send(t.Context(), "b", nil)
			if noise { // to another peer: must not matter
				before := lost
				_ = end.Send(t.Context(), "c", nil)
				lost = before
			}
		}
		return lost
	}
	if pattern(1, false) != pattern(1, true) || pattern(1, false) != pattern(1, false) {
		t.Error("one seed, two patterns")
	}
	if pattern(1, false) == pattern(2, false) {
		t.Error("the seed does not matter")
	}
	if n := strings.Count(pattern(1, false), "x"); n < 16 || n > 48 {
		t.Errorf("%d of 64 frames lost at rate 0.5", n)
	}
}

func TestDuplicate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var net transport.Mem
		a, b := &transport.Duplicate{Transport: join(t, &net, "a"), Rate: 1}, join(t, &net, "b")
		send(t, a, "b", "1")
		send(t, a, "b", "2")
		wantEvents(t, b, "linked a", "a:1", "a:1", "a:2", "a:2")
	})
}

func TestMeter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var net transport.Mem
		a, b := &transport.Meter{Transport: join(t, &net, "a")}, join(t, &net, "b")
		send(t, a, "b", "four")
		send(t, a, "b", "")
		send(t, b, "a", "sixsix")
		_ = a.Send(t.Context(), "nobody", []byte("not sent"))
		events(t, a)
		got := a.Traffic()
		want := transport.Traffic{Sent: transport.Volume{Frames: 2, Bytes: 4}, Received: transport.Volume{Frames: 1, Bytes: 6}, Linked: 1}
		if len(got) != 1 || got["b"] != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
		clear(got)
		if a.Traffic()["b"] != want {
			t.Error("the map returned is the meter's own")
		}
	})
}

// TestMeterDoesNotTear reads while frames of one size are sent.
func TestMeterDoesNotTear(t *testing.T) {
	var net transport.Mem
	a, b := &transport.Meter{Transport: join(t, &net, "a")}, join(t, &net, "b")
	var wg sync.WaitGroup
	wg.Go(func() {
		for range 1000 {
			_ = a.Send(t.Context(), "b", make([]byte, 7))
		}
		b.Close()
	})
	wg.Go(func() {
		for {
			if _, err := b.Recv(t.Context()); err != nil {
				return
			}
			if v := a.Traffic()["b"].Sent; v.Bytes != 7*v.Frames {
				t.Errorf("torn: %+v", v)
				return
			}
		}
	})
	wg.Wait()
}
