package transporttest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/halos-go/sdk/transport"
)

// TestMem is what a user of the suite writes.
func TestMem(t *testing.T) {
	Run(t, func(testing.TB, []Node) Network {
		net := transport.Mem{Landing: 4 << 20}
		return Network{Join: net.Join, Cut: net.Cut, Heal: net.Heal, Landing: net.Landing}
	})
}

// A wrapper makes an end of a network out of one of a Mem.
type wrapper func(end transport.Transport, name string, net *transport.Mem) transport.Transport

// try tests one law on wrapped ends of a Mem, under a fake clock, so that the
// law's patience takes no time.
func try(t *testing.T, l law, wrap wrapper) (err error) {
	synctest.Test(t, func(t *testing.T) {
		err = l.check(t, func(testing.TB, []Node) Network {
			net := &transport.Mem{Landing: 4 << 20}
			return Network{Cut: net.Cut, Heal: net.Heal, Landing: net.Landing, Join: func(name string) (transport.Transport, error) {
				end, err := net.Join(name)
				if err != nil {
					return nil, err
				}
				return wrap(end, name, net), nil
			}}
		})
		time.Sleep(2 * time.Hour) // the goroutine that a fault leaves ends by then
	})
	return err
}

func TestDecoratorsKeepTheContract(t *testing.T) {
	wan := transport.Line{Latency: 40 * time.Millisecond, Bandwidth: 100e6}
	for name, wrap := range map[string]wrapper{
		"Shape": func(end transport.Transport, _ string, _ *transport.Mem) transport.Transport {
			return &transport.Shape{Transport: end, Line: func(string) transport.Line { return wan }}
		},
		"Lossy at rate 0": func(end transport.Transport, name string, net *transport.Mem) transport.Transport {
			return &transport.Lossy{Transport: end, Break: func(to string) bool { return net.Break(name, to) }}
		},
		"Meter": func(end transport.Transport, _ string, _ *transport.Mem) transport.Transport {
			return &transport.Meter{Transport: end}
		},
		"Ordered": func(end transport.Transport, _ string, _ *transport.Mem) transport.Transport {
			return &transport.Ordered{Transport: end}
		},
	} {
		for _, l := range laws {
			if testing.Short() && (l.name == "FloodBothWays" || l.name == "EmptyAndLargeFrames") {
				continue
			}
			if err := try(t, l, wrap); err != nil {
				t.Errorf("%s: %s: %v", name, l.name, err)
			}
		}
	}
}

// TestBrokenTransportsAreCaught breaks a good transport in every way that the
// laws forbid, and wants the law concerned to say so.
func TestBrokenTransportsAreCaught(t *testing.T) {
	for _, f := range slices.Concat(faults, moreFaults) {
		if f.slow && testing.Short() {
			continue
		}
		for _, name := range f.caughtBy {
			i := slices.IndexFunc(laws, func(l law) bool { return l.name == name })
			if i < 0 {
				t.Fatalf("no law %s", name)
			}
			began := time.Now()
			err := try(t, laws[i], f.make(t))
			if err == nil {
				t.Errorf("a transport that %s passes %s", f.name, name)
			}
			if !strings.Contains(fmt.Sprint(err), f.says) {
				t.Errorf("%s, %s: got %v, want %q in it", f.name, name, err, f.says)
			}
			t.Logf("%s, %s (%v): %v", f.name, name, time.Since(began).Round(time.Millisecond), firstLine(err))
		}
	}
}

func firstLine(err error) string {
	s := fmt.Sprint(err)
	if i := slices.Index([]byte(s), '\n'); i >= 0 {
		return s[:i]
	}
	return s
}
