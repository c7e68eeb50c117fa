package transport_test

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"unsafe"

	"github.com/halos-go/sdk/transport"
)

// receive returns the next frame.
func receive(t testing.TB, end transport.Transport) transport.Event {
	t.Helper()
	for {
		e, err := end.Recv(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !e.Linked {
			return e
		}
	}
}

// TestMemReusesMemory: in the steady state a frame costs no memory of its size.
func TestMemReusesMemory(t *testing.T) {
	var net transport.Mem
	a, b := join(t, &net, "a"), join(t, &net, "b")
	frame := make([]byte, 3<<20)
	round := func() {
		if err := a.Send(t.Context(), "b", frame[:64], frame[64:]); err != nil {
			t.Fatal(err)
		}
		receive(t, b).Release()
	}
	round()
	before := allocated()
	for range 100 {
		round()
	}
	if bytes := allocated() - before; bytes > 1<<20 {
		t.Errorf("100 frames of 3 MiB allocated %d bytes", bytes)
	}
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

func TestMemAlignsFrames(t *testing.T) {
	for name, wrap := range map[string]func(transport.Transport) transport.Transport{
		"bare":    func(end transport.Transport) transport.Transport { return end },
		"Ordered": func(end transport.Transport) transport.Transport { return &transport.Ordered{Transport: end} },
	} {
		var net transport.Mem
		a, b := wrap(join(t, &net, "a")), wrap(join(t, &net, "b"))
		for n := 1; n < 1<<20; n = n*3 + 1 {
			if err := a.Send(t.Context(), "b", make([]byte, n)); err != nil {
				t.Fatal(err)
			}
			e := receive(t, b)
			if at := uintptr(unsafe.Pointer(&e.Frame[0])); at%64 != 0 || len(e.Frame) != n || cap(e.Frame) != n {
				t.Errorf("%s: a frame of %d bytes at %#x, length %d, capacity %d", name, n, at, len(e.Frame), cap(e.Frame))
			}
			if n%2 == 0 {
				e.Release()
			}
		}
	}
}

// TestMemLandingIsFirstComeFirstServed: a large frame waits for room, a small
// one that would fit comes after it, and one that is too large passes alone.
func TestMemLandingIsFirstComeFirstServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := transport.Mem{Landing: 1000}
		hub := join(t, &net, "hub")
		ends := make(map[string]transport.Transport)
		for _, name := range []string{"first", "large", "small", "huge"} {
			ends[name] = join(t, &net, name)
		}
		var wg sync.WaitGroup
		var mu sync.Mutex
		var sent []string
		put := func(name string, size int) {
			wg.Go(func() {
				if err := ends[name].Send(t.Context(), "hub", make([]byte, size)); err != nil {
					t.Error(err)
				}
				mu.Lock()
				sent = append(sent, name)
				mu.Unlock()
			})
			synctest.Wait()
		}
		wants := func(want ...string) {
			t.Helper()
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			if fmt.Sprint(sent) != fmt.Sprint(want) {
				t.Errorf("sent %q, want %q", sent, want)
			}
		}
		put("first", 600)
		put("large", 700)
		put("small", 350)
		put("huge", 5000)
		wants("first")
		if err := ends["small"].Send(t.Context(), "hub"); err != nil { // needs no room
			t.Error(err)
		}
		next := func() transport.Event {
			for {
				if e := receive(t, hub); len(e.Frame) > 0 {
					return e
				}
			}
		}
		first := next()
		wants("first")
		first.Release()
		first.Release() // a second time: nothing
		wants("first", "large")
		large := next()
		large.Release()
		wants("first", "large", "small")
		small := next()
		wants("first", "large", "small")
		small.Release()
		wants("first", "large", "small", "huge")
		next().Release()
		wg.Wait()
	})
}

// TestMemLandingEndsTheWait: a frame that gives up makes way for those behind it.
func TestMemLandingEndsTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := transport.Mem{Landing: 1000}
		hub, a, b, c := join(t, &net, "hub"), join(t, &net, "a"), join(t, &net, "b"), join(t, &net, "c")
		if err := a.Send(t.Context(), "hub", make([]byte, 600)); err != nil {
			t.Fatal(err)
		}
		results := make(chan error, 2)
		go func() { results <- b.Send(t.Context(), "hub", make([]byte, 600)) }()
		synctest.Wait()
		go func() { results <- c.Send(t.Context(), "hub", make([]byte, 300)) }()
		synctest.Wait()
		if len(results) > 0 {
			t.Fatalf("a Send did not wait: %v", <-results)
		}
		net.Cut("b", "hub")
		if err := <-results; !errors.Is(err, transport.ErrUnreachable) {
			t.Errorf("got %v, want ErrUnreachable", err)
		}
		if err := <-results; err != nil {
			t.Error(err)
		}
		for range 2 {
			receive(t, hub).Release()
		}
		if err := a.Send(t.Context(), "hub", make([]byte, 1000)); err != nil { // all of it is free again
			t.Error(err)
		}
	})
}

// TestMemNeverReusesWhatIsNotReleased loses, closes and reuses around one frame.
func TestMemNeverReusesWhatIsNotReleased(t *testing.T) {
	var net transport.Mem
	a, b, c := join(t, &net, "a"), join(t, &net, "b"), join(t, &net, "c")
	send(t, a, "b", "keep me")
	kept := receive(t, b)
	for _, end := range []transport.Transport{a, b} {
		end.Close()
	}
	a, b = join(t, &net, "a"), join(t, &net, "b")
	for range 10 {
		send(t, a, "b", "another")
		send(t, c, "b", "another")
		net.Cut("a", "b")
		net.Heal("a", "b")
		receive(t, b).Release()
	}
	if !bytes.Equal(kept.Frame, []byte("keep me")) {
		t.Errorf("the frame is now %q", kept.Frame)
	}
	kept.Release()
}

func TestMemRefusesNegativeLanding(t *testing.T) {
	net := transport.Mem{Landing: -1}
	if _, err := net.Join("a"); err == nil {
		t.Error("Landing -1 is taken")
	}
}

// TestMemForgetsNames: workers with a new name at every start, as pods have, of
// which some are sent to after they have gone.
func TestMemForgetsNames(t *testing.T) {
	var net transport.Mem
	server := join(t, &net, "server")
	life := func(from, to int) {
		for i := from; i < to; i++ {
			name := fmt.Sprintf("pod-%d", i)
			w, err := net.Join(name)
			if err != nil {
				t.Fatal(err)
			}
			send(t, w, "server", "pull")
			receive(t, server).Release()
			send(t, server, name, "model")
			w.Close()
			_ = server.Send(t.Context(), name)
			_ = server.Send(t.Context(), "never-"+name)
		}
	}
	life(0, 2*transport.MemAbsent)
	before := heap()
	life(2*transport.MemAbsent, 12*transport.MemAbsent)
	if grown := heap() - before; grown > 100<<10 {
		t.Errorf("%d names more cost %d bytes", 10*transport.MemAbsent, grown)
	}
	runtime.KeepAlive(server)
}

// TestMemForgetsPairs: of two nodes that talked and have both gone nothing is left.
func TestMemForgetsPairs(t *testing.T) {
	var net transport.Mem
	pairs := func(from, to int) {
		for i := from; i < to; i++ {
			var ends [2]transport.Transport
			for j := range ends {
				var err error
				if ends[j], err = net.Join(fmt.Sprint(i, j)); err != nil {
					t.Fatal(err)
				}
			}
			send(t, ends[0], fmt.Sprint(i, 1), "x")
			ends[i%2].Close()
			ends[1-i%2].Close()
			net.Cut(fmt.Sprint(i, 0), fmt.Sprint(i, 1))
			net.Heal(fmt.Sprint(i, 0), fmt.Sprint(i, 1))
		}
	}
	pairs(0, 10)
	before := heap()
	pairs(10, 10_000)
	if grown := heap() - before; grown > 100<<10 {
		t.Errorf("9990 pairs more cost %d bytes", grown)
	}
	runtime.KeepAlive(&net)
}

// TestMemAbsentEndsMeetAgain: forgetting a link takes nothing from who sends.
func TestMemAbsentEndsMeetAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var net transport.Mem
		server := join(t, &net, "server")
		send(t, join(t, &net, "w"), "server", "lost with its link") // and not received
		for i := range transport.MemAbsent {
			_ = server.Send(t.Context(), fmt.Sprint(i))
		}
		w := join(t, &net, "x")
		send(t, w, "server", "1")
		w.Close()
		for i := range transport.MemAbsent + 1 {
			_ = server.Send(t.Context(), fmt.Sprint("more", i))
		}
		wantEvents(t, server, "linked w", "w:lost with its link") // w is present; x is forgotten
		w = join(t, &net, "x")
		wantEvents(t, w)
		send(t, w, "server", "2")
		wantEvents(t, server, "linked x", "x:2")
		wantEvents(t, w, "linked server")
	})
}
