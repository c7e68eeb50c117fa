package main

import (
	"bytes"
	"context"
	"math"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/halos-go/sdk/transport"
	"github.com/halos-go/sdk/transport/transporttest"
)

// TestNode is the proof. Unix sockets, because their addresses are ours: no
// other program can take the hub's port while it restarts.
func TestNode(t *testing.T) {
	transporttest.Run(t, func(t testing.TB, nodes []transporttest.Node) transporttest.Network {
		dir, err := os.MkdirTemp("", "halos") //nolint:usetesting // t.TempDir is too long a name for a socket
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.RemoveAll(dir) })
		const landing = 4 << 20
		return transporttest.Network{Landing: landing, Join: func(name string) (transport.Transport, error) {
			cfg := Config{Name: name, Landing: landing}
			for _, n := range nodes {
				if n.Name == name && n.Parent != "" {
					cfg.Dial = []net.Addr{&net.UnixAddr{Net: "unix", Name: filepath.Join(dir, n.Parent)}}
				}
			}
			var err error
			if cfg.Listener, err = net.Listen("unix", filepath.Join(dir, name)); err != nil {
				return nil, err
			}
			return Start(cfg)
		}}
	})
}

// TestLengthAloneCostsLittle has a peer that claims to send 4 GiB.
func TestLengthAloneCostsLittle(t *testing.T) {
	a, b := net.Pipe()
	go func() {
		_, _ = b.Write(bytes.Repeat([]byte{1}, 100))
		b.Close()
	}()
	defer a.Close()
	frame, err := read(a, nil, math.MaxInt32)
	if err == nil || cap(frame) > 2*step {
		t.Errorf("%d bytes were allocated for 100 of a long frame, error %v", cap(frame), err)
	}
}

func TestTrain(t *testing.T) {
	gps, err := train(context.Background(), 2000, func(string, ...any) {})
	if err != nil {
		t.Fatal(err)
	}
	if x := gps.Params(); math.Hypot(float64(x[0]-3), float64(x[1]-4)) > 0.1 || gps.Steps() < 2000 {
		t.Errorf("model %v after %d steps, want about [3 4]", x, gps.Steps())
	}
}
