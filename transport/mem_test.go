package transport_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/halos-go/sdk/transport"
)

func join(t testing.TB, net *transport.Mem, name string) transport.Transport {
	t.Helper()
	end, err := net.Join(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { end.Close() })
	return end
}

func send(t testing.TB, from transport.Transport, to, text string) {
	t.Helper()
	if err := from.Send(t.Context(), to, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

// events receives what is there, as text, and stops when nothing more comes. In
// a synctest bubble only: the second it waits takes no time.
func events(t testing.TB, end transport.Transport) []string {
	t.Helper()
	var list []string
	for {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		e, err := end.Recv(ctx)
		cancel()
		if err != nil {
			return list
		}
		text := e.Peer + ":" + string(e.Frame)
		if e.Linked {
			text = "linked " + e.Peer
		}
		list = append(list, text)
	}
}

func wantEvents(t testing.TB, end transport.Transport, want ...string) {
	t.Helper()
	if got := events(t, end); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestMemLinksOnFirstSend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var net transport.Mem
		a, b, c := join(t, &net, "a"), join(t, &net, "b"), join(t, &net, "c")
		send(t, a, "b", "1")
		send(t, a, "b", "2")
		wantEvents(t, a, "linked b")
		wantEvents(t, b, "linked a", "a:1", "a:2")
		wantEvents(t, c)
	})
}

// A worker that starts before its server must hear of it.
func TestMemLinksWhenTheServerJoins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var net transport.Mem
		w := join(t, &net, "w")
		for range 3 {
			if err := w.Send(t.Context(), "server", nil); !errors.Is(err, transport.ErrUnreachable) {
				t.Fatal(err)
			}
		}
		server := join(t, &net, "server")
		wantEvents(t, w, "linked server")
		wantEvents(t, server, "linked w")
	})
}

func TestMemRestartLinksAllWhoEverTalked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var net transport.Mem
		server := join(t, &net, "server")
		x, y, z := join(t, &net, "x"), join(t, &net, "y"), join(t, &net, "z")
		send(t, x, "server", "pull")
		send(t, server, "y", "stop")
		server.Close()
		server = join(t, &net, "server")
		wantEvents(t, x, "linked server")
		wantEvents(t, y, "linked server")
		wantEvents(t, z)
		wantEvents(t, server, "linked x", "linked y")
	})
}

// A server that says Stop and closes must be heard.
func TestMemDeliversWhatWasSentBeforeClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var net transport.Mem
		a, b := join(t, &net, "a"), join(t, &net, "b")
		for range transport.MemQueue {
			send(t, a, "b", "x")
		}
		a.Close()
		if err := b.Send(t.Context(), "a", nil); !errors.Is(err, transport.ErrUnreachable) {
			t.Error(err)
		}
		if got := events(t, b); len(got) != 1+transport.MemQueue {
			t.Errorf("got %q", got)
		}
	})
}

func TestMemNamesAreUniqueWhileAlive(t *testing.T) {
	var net transport.Mem
	a := join(t, &net, "a")
	if _, err := net.Join("a"); err == nil {
		t.Error("a second a has joined")
	}
	a.Close()
	again := join(t, &net, "a")
	a.Close() // of the former life: must not close this one
	if _, err := net.Join("a"); err == nil {
		t.Error("closing twice has closed the successor")
	}
	again.Close()
}

func TestMemCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var net transport.Mem
		a, b, c := join(t, &net, "a"), join(t, &net, "b"), join(t, &net, "c")
		send(t, a, "b", "lost")
		send(t, b, "a", "lost")
		send(t, a, "c", "kept")
		net.Cut("b", "a") // either order
		net.Cut("a", "b")
		for _, err := range []error{a.Send(t.Context(), "b", nil), b.Send(t.Context(), "a", nil)} {
			if !errors.Is(err, transport.ErrUnreachable) {
				t.Error(err)
			}
		}
		wantEvents(t, a, "linked c")
		wantEvents(t, b)
		wantEvents(t, c, "linked a", "a:kept")
		net.Heal("a", "b")
		net.Heal("a", "b") // it is up: nothing happens
		send(t, a, "b", "later")
		wantEvents(t, a, "linked b")
		wantEvents(t, b, "linked a", "a:later")
	})
}

func TestMemCutOutlivesNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var net transport.Mem
		net.Cut("a", "b") // nobody is there
		net.Cut("a", "c")
		net.Heal("a", "c")
		a, b := join(t, &net, "a"), join(t, &net, "b")
		wantEvents(t, a)
		a.Close()
		a = join(t, &net, "a")
		if err := a.Send(t.Context(), "b", nil); !errors.Is(err, transport.ErrUnreachable) {
			t.Error(err)
		}
		net.Heal("b", "a")
		wantEvents(t, a, "linked b")
		wantEvents(t, b, "linked a")
	})
}

func TestMemBreak(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var net transport.Mem
		a, b := join(t, &net, "a"), join(t, &net, "b")
		if net.Break("a", "b") {
			t.Error("there was no link")
		}
		send(t, a, "b", "lost")
		for range 1000 { // nobody receives; it is one Linked in the end
			if !net.Break("b", "a") {
				t.Fatal("there was a link")
			}
		}
		send(t, a, "b", "later")
		wantEvents(t, a, "linked b")
		wantEvents(t, b, "linked a", "a:later")
		net.Cut("a", "b")
		if net.Break("a", "b") {
			t.Error("Break has mended what was cut")
		}
	})
}

func TestMemSendBlocksWhileFull(t *testing.T) {
	cause := errors.New("cause")
	for name, c := range map[string]struct {
		unblock func(net *transport.Mem, a, b transport.Transport, cancel context.CancelCauseFunc)
		want    error
	}{
		"receive": {func(_ *transport.Mem, _, b transport.Transport, _ context.CancelCauseFunc) {
			_, _ = b.Recv(context.Background())
			_, _ = b.Recv(context.Background())
		}, nil},
		"cancel":     {func(_ *transport.Mem, _, _ transport.Transport, cancel context.CancelCauseFunc) { cancel(cause) }, cause},
		"close":      {func(_ *transport.Mem, a, _ transport.Transport, _ context.CancelCauseFunc) { a.Close() }, transport.ErrClosed},
		"peer close": {func(_ *transport.Mem, _, b transport.Transport, _ context.CancelCauseFunc) { b.Close() }, transport.ErrUnreachable},
		"cut":        {func(net *transport.Mem, _, _ transport.Transport, _ context.CancelCauseFunc) { net.Cut("a", "b") }, transport.ErrUnreachable},
		"break":      {func(net *transport.Mem, _, _ transport.Transport, _ context.CancelCauseFunc) { net.Break("a", "b") }, transport.ErrUnreachable},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var net transport.Mem
				a, b := join(t, &net, "a"), join(t, &net, "b")
				for range transport.MemQueue {
					send(t, a, "b", "x")
				}
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				result := make(chan error, 1)
				go func() { result <- a.Send(ctx, "b", []byte("last")) }()
				synctest.Wait()
				if len(result) > 0 {
					t.Fatalf("Send did not wait: %v", <-result)
				}
				c.unblock(&net, a, b, cancel)
				if err := <-result; !errors.Is(err, c.want) {
					t.Errorf("got %v, want %v", err, c.want)
				}
			})
		})
	}
}

func TestMemRecvTakesTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var net transport.Mem
		hub, a, b := join(t, &net, "hub"), join(t, &net, "a"), join(t, &net, "b")
		for _, text := range []string{"1", "2", "3"} {
			send(t, a, "hub", text)
		}
		send(t, b, "hub", "1")
		wantEvents(t, hub, "linked a", "linked b", "a:1", "b:1", "a:2", "a:3")
	})
}

// TestMemManyNodes has a thousand workers wait for a server that restarts, and
// nodes that do not receive.
func TestMemManyNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const workers = 1000
		var net transport.Mem
		var all []transport.Transport
		for i := range workers {
			w := join(t, &net, fmt.Sprintf("w%04d", i))
			_ = w.Send(t.Context(), "server", nil)
			all = append(all, w)
		}
		for range 50 {
			server := join(t, &net, "server")
			server.Close()
		}
		server := join(t, &net, "server")
		if got := events(t, server); len(got) != workers || got[0] != "linked w0000" || got[workers-1] != "linked w0999" {
			t.Errorf("server got %d events", len(got))
		}
		for _, w := range all {
			wantEvents(t, w, "linked server")
		}
	})
}
