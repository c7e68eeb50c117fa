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

// TestMemHoldsNoFrames sees that the memory of what was cut is used again, and
// that a network without nodes has none.
func TestMemHoldsNoFrames(t *testing.T) {
	var net transport.Mem
	a, b := join(t, &net, "a"), join(t, &net, "b")
	frame := make([]byte, 1<<20)
	before := heap()
	for range 3 {
		for range transport.MemQueue {
			if err := a.Send(t.Context(), "b", frame); err != nil {
				t.Fatal(err)
			}
		}
		net.Cut("a", "b")
		net.Heal("a", "b")
	}
	if grown := heap() - before; grown > (transport.MemQueue+1)<<20 {
		t.Errorf("%d bytes are held", grown)
	}
	a.Close()
	b.Close()
	if grown := heap() - before; grown > 1<<20 {
		t.Errorf("%d bytes are held when all nodes have left", grown)
	}
	runtime.KeepAlive(&net)
	runtime.KeepAlive(frame)
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
