package main

import (
	"bytes"
	"encoding/binary"
	"math"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/halos-go/sdk/transport"
	"github.com/halos-go/sdk/transport/transporttest"
)

// TestNode is the proof. Unix sockets, because their addresses are ours: no
// other program can take a node's port while it restarts. Each child dials its
// parent by way of a proxy, which can cut the link.
func TestNode(t *testing.T) {
	transporttest.Run(t, func(t testing.TB, nodes []transporttest.Node) transporttest.Network {
		dir, err := os.MkdirTemp("", "halos") //nolint:usetesting // t.TempDir is too long a name for a socket
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.RemoveAll(dir) })
		dial := make(map[string][]string)   // the addresses that a node dials
		links := make(map[[2]string]*proxy) // by their ends, either first
		for _, n := range nodes {
			if n.Parent == "" {
				continue
			}
			address := filepath.Join(dir, n.Name+" up")
			p := newProxy(t, address, filepath.Join(dir, n.Parent))
			dial[n.Name] = []string{address}
			links[[2]string{n.Name, n.Parent}], links[[2]string{n.Parent, n.Name}] = p, p
		}
		const landing = 4 << 20
		return transporttest.Network{
			Join: func(name string) (transport.Transport, error) {
				l, err := net.Listen("unix", filepath.Join(dir, name))
				if err != nil {
					return nil, err
				}
				return Open(Config{Name: name, Listener: l, Network: "unix", Dial: dial[name], Landing: landing}), nil
			},
			Cut:     func(a, b string) { links[[2]string{a, b}].set(true) },
			Heal:    func(a, b string) { links[[2]string{a, b}].set(false) },
			Landing: landing,
		}
	})
}

// TestLengthCostsNothing: who claims a long frame and sends a little of it gets
// little memory.
func TestLengthCostsNothing(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := Open(Config{Name: "hub", Listener: l})
	defer n.Close()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, claim := range []uint64{maxFrame, maxFrame + 1, math.MaxUint64} {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if err := write(conn, [][]byte{[]byte("a")}); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write(append(binary.LittleEndian.AppendUint64(nil, claim), "some"...)); err != nil {
			t.Fatal(err)
		}
		if e, err := n.Recv(t.Context()); err != nil || !e.Linked {
			t.Fatalf("got %+v, %v, want Linked", e, err)
		}
		conn.Close()
	}
	n.Close() // all have been read
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 8<<20 {
		t.Errorf("%d bytes were allocated", got)
	}
}

func TestSendRefusesWhatIsTooLong(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	hub := Open(Config{Name: "hub", Listener: l})
	defer hub.Close()
	n := Open(Config{Name: "a", Dial: []string{l.Addr().String()}})
	defer n.Close()
	if _, err := n.Recv(t.Context()); err != nil {
		t.Fatal(err)
	}
	part := make([]byte, 1<<20)
	parts := make([][]byte, maxFrame/len(part)+1)
	for i := range parts {
		parts[i] = part
	}
	if err := n.Send(t.Context(), "hub", parts...); err == nil || !strings.Contains(err.Error(), "want at most") {
		t.Errorf("got %v", err)
	}
	if err := n.Send(t.Context(), "hub", part); err != nil { // the link is as it was
		t.Error(err)
	}
}

func TestTrain(t *testing.T) {
	gps, err := train(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float32{3, 4} {
		if got := gps.Params()[i]; math.Abs(float64(got-want)) > 0.05 {
			t.Errorf("parameter %d ends at %v: want %v", i, got, want)
		}
	}
}

// TestLandingReusesMemory: in the steady state a frame costs no memory of its size.
func TestLandingReusesMemory(t *testing.T) {
	a := newLanding(8 << 20)
	frame := make([]byte, 3<<20)
	var before, after runtime.MemStats
	for i := range 100 {
		if i == 1 {
			runtime.ReadMemStats(&before)
		}
		size := len(frame) - 100*(i%2) // a header more or less
		if err := a.enter(t.Context(), size); err != nil {
			t.Fatal(err)
		}
		block, err := a.read(bytes.NewReader(frame), size)
		if err != nil {
			t.Fatal(err)
		}
		a.leave(size, block)
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 1<<20 {
		t.Errorf("99 frames of 3 MiB allocated %d bytes", got)
	}
}
