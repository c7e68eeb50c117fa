package transport_test

import (
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"

	"github.com/halos-go/sdk/transport"
)

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
