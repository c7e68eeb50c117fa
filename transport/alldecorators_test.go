package transport_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/halos-go/sdk/transport"
)

// What all decorators do alike.

// TestDecoratorsWithoutWhatTheyNeed say which field it is.
func TestDecoratorsWithoutWhatTheyNeed(t *testing.T) {
	var net transport.Mem
	a := join(t, &net, "a")
	join(t, &net, "b")
	for _, c := range []struct {
		tr   transport.Transport
		want string
	}{
		{&transport.Lossy{Transport: a, Rate: 1}, "Lossy.Break is nil"},
		{&transport.Lossy{Transport: a}, "Lossy.Break is nil"},
		{&transport.Shape{Transport: a}, "Shape.Line is nil"},
		{&transport.Lossy{}, "Lossy.Transport is nil"},
		{&transport.Shape{}, "Shape.Transport is nil"},
		{&transport.Duplicate{}, "Duplicate.Transport is nil"},
		{&transport.Meter{}, "Meter.Transport is nil"},
		{&transport.Ordered{}, "Ordered.Transport is nil"},
	} {
		errs := []error{c.tr.Send(t.Context(), "b", []byte("x"))}
		if strings.Contains(c.want, "Transport") {
			_, err := c.tr.Recv(t.Context())
			errs = append(errs, err, c.tr.Close())
		}
		for _, err := range errs {
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%T: got %v, want %q", c.tr, err, c.want)
			}
		}
	}
}

// TestDecoratorsPassRelease: what is received behind all of them can be given
// back, and a frame costs no memory of its size.
func TestDecoratorsPassRelease(t *testing.T) {
	var net transport.Mem
	wrap := func(name string) transport.Transport {
		var tr transport.Transport = &transport.Meter{Transport: join(t, &net, name)}
		tr = &transport.Shape{Transport: tr, Line: func(string) transport.Line { return transport.Line{} }}
		tr = &transport.Lossy{Transport: tr, Break: func(string) bool { return false }}
		return &transport.Ordered{Transport: &transport.Duplicate{Transport: tr}}
	}
	a, b := wrap("a"), wrap("b")
	body := make([]byte, 1<<20)
	var before uint64
	for i := range 50 {
		if i == 1 {
			before = allocated()
		}
		if err := a.Send(t.Context(), "b", []byte("head"), nil, body); err != nil {
			t.Fatal(err)
		}
		e := receive(t, b)
		if len(e.Frame) != 4+len(body) || string(e.Frame[:4]) != "head" {
			t.Fatalf("a frame of %d bytes", len(e.Frame))
		}
		e.Release()
	}
	if bytes := allocated() - before; bytes > 1<<20 {
		t.Errorf("49 frames of 1 MiB allocated %d bytes", bytes)
	}
}

// TestShapeForgetsPeers: locks of names that are not used cost nothing.
func TestShapeForgetsPeers(t *testing.T) {
	var net transport.Mem
	s := &transport.Shape{Transport: join(t, &net, "a"), Line: func(string) transport.Line { return transport.Line{} }}
	life := func(from, to int) {
		for i := from; i < to; i++ {
			_ = s.Send(t.Context(), fmt.Sprint(i))
		}
	}
	life(0, 2*transport.MemAbsent)
	before := heap()
	life(2*transport.MemAbsent, 20*transport.MemAbsent)
	if grown := heap() - before; grown > 100<<10 {
		t.Errorf("%d names more cost %d bytes", 18*transport.MemAbsent, grown)
	}
	s.Close()
}
