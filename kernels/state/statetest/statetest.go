// Package statetest checks a [state.State] against the laws of its interface. The
// suites optimtest and mergetest include it; run it by itself for a plug of
// another kind.
package statetest

import (
	"bytes"
	"io"
	"math"
	"runtime/debug"
	"slices"
	"testing"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/state"
)

// uses is how often a plug is used; plugs that do something only every so often
// should do it within half as many.
const uses = 24

// Law runs a part of a suite as a subtest. A panic in it fails this part, and the others
// go on.
func Law(t *testing.T, name string, law func(t *testing.T)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		defer func() {
			if r := recover(); r != nil {
				t.Errorf("panic: %v\n%s", r, debug.Stack())
			}
		}()
		law(t)
	})
}

// Run checks a plug. fresh returns a new one, always with the same valid
// hyper-parameters, on which Init has not been called; it is called many times.
// use feeds the plug its i-th input, which must depend on i and n only, and
// returns in a slice of its own all that can be seen of what the plug did.
func Run[S state.State](t *testing.T, n int, fresh func() S, use func(s S, i int) []float32) {
	t.Helper()
	p := suite[S]{n, fresh, use}
	Law(t, "name", p.name)
	Law(t, "length", p.length)
	Law(t, "once", p.once)
	Law(t, "nil backend", p.nilBackend)
	Law(t, "reset", p.reset)
	Law(t, "continue", p.continues)
	Law(t, "refuse", p.refuses)
	Law(t, "errors", p.errs)
}

// A suite has the laws for one plug, and what Run was given for it.
type suite[S state.State] struct {
	n     int
	fresh func() S
	use   func(s S, i int) []float32
}

// start returns a new plug that is ready.
func (p suite[S]) start(t *testing.T) S {
	t.Helper()
	s := p.fresh()
	if err := s.Init(kernels.CPU{}, p.n); err != nil {
		t.Fatalf("Init(%d): %v", p.n, err)
	}
	return s
}

// goOn uses a plug from one use on.
func (p suite[S]) goOn(s S, from int) (seen []float32) {
	for i := from; i < uses; i++ {
		seen = append(seen, p.use(s, i)...)
	}
	return seen
}

// name: it is one, and stays so.
func (p suite[S]) name(t *testing.T) {
	s := p.start(t)
	name := s.Name()
	p.goOn(s, 0)
	if name == "" || s.Name() != name || p.fresh().Name() != name {
		t.Errorf("names are %q after Init, %q after use, %q before Init: want one, not empty", name, s.Name(), p.fresh().Name())
	}
}

// length: a wrong one is an error, after which the plug is usable still.
func (p suite[S]) length(t *testing.T) {
	for _, bad := range []int{0, -1} {
		if p.fresh().Init(kernels.CPU{}, bad) == nil {
			t.Errorf("Init(%d): no error", bad)
		}
		s := p.fresh()
		_ = s.Init(kernels.CPU{}, bad)
		if err := s.Init(kernels.CPU{}, p.n); err != nil {
			t.Errorf("Init(%d) after Init(%d): %v: want a plug that is usable still", p.n, bad, err)
		}
	}
}

// once: a plug serves one server.
func (p suite[S]) once(t *testing.T) {
	s := p.start(t)
	for i := range uses / 2 {
		p.use(s, i)
	}
	before := record(t, s)
	if s.Init(kernels.CPU{}, p.n) == nil && !stateless(t, s) {
		t.Error("a second Init: no error, and two servers would share the plug: see state.Once")
	}
	if !bytes.Equal(record(t, s), before) {
		t.Error("a second Init changed the plug")
	}
}

// nilBackend: no Backend is an error, or ordinary memory.
func (p suite[S]) nilBackend(t *testing.T) {
	s := p.fresh()
	if s.Init(nil, p.n) == nil && !same(p.goOn(s, 0), p.goOn(p.start(t), 0)) {
		t.Error("Init(nil): no error, and the plug does not do what it does in ordinary memory")
	}
}

// reset: the plug is then like a new one, whatever was in it.
func (p suite[S]) reset(t *testing.T) {
	first, empty := p.goOn(p.start(t), 0), record(t, p.start(t))
	for _, stop := range []int{1, uses/2 + 1, uses} {
		s := p.start(t)
		for i := range stop {
			p.use(s, uses+i)
		}
		bad, ok := poisoned(record(t, s))
		for _, contents := range []string{"numbers", "NaN"} {
			if contents == "NaN" {
				if !ok {
					break
				}
				if _, err := s.ReadFrom(bytes.NewReader(bad)); err != nil {
					break // it refuses such a state
				}
			}
			if allocs := testing.AllocsPerRun(1, s.Reset); allocs != 0 {
				t.Errorf("Reset allocates %v times", allocs)
			}
			if !bytes.Equal(record(t, s), empty) {
				t.Errorf("after %d uses Reset leaves something of %s", stop, contents)
			}
			if !same(p.goOn(s, 0), first) {
				t.Errorf("after %d uses and Reset from %s the plug does not do what a new one does", stop, contents)
			}
		}
	}
}

// continues: written and read, the plug goes on as it would have.
func (p suite[S]) continues(t *testing.T) {
	for stop := range uses + 1 {
		s, resumed := p.start(t), p.start(t)
		for i := range stop {
			p.use(s, i)
		}
		for i := range 5 { // something else, to be forgotten
			p.use(resumed, uses+i)
		}
		from := bytes.NewReader(append(record(t, s), "rest"...))
		read, err := resumed.ReadFrom(from)
		if err != nil {
			t.Fatalf("ReadFrom what WriteTo wrote after %d uses: %v", stop, err)
		}
		if from.Len() != len("rest") || read != from.Size()-int64(from.Len()) {
			t.Fatalf("ReadFrom reported %d bytes and left %d: want %d and %d", read, from.Len(), from.Size()-4, 4)
		}
		if !same(p.goOn(resumed, stop), p.goOn(s, stop)) {
			t.Fatalf("written and read after %d uses, the plug does not go on as it would have", stop)
		}
	}
}

// refuses: a record that is not one of this plug is an error, and changes nothing.
func (p suite[S]) refuses(t *testing.T) {
	s, other := p.start(t), p.start(t)
	for i := range uses/2 + 1 {
		p.use(s, i)
		p.use(other, i+1)
	}
	before, good := record(t, s), record(t, other)
	refuse := func(what string, b []byte) {
		t.Helper()
		if _, err := s.ReadFrom(bytes.NewReader(b)); err == nil {
			t.Fatalf("ReadFrom a record %s: no error", what)
		}
		if !bytes.Equal(record(t, s), before) {
			t.Fatalf("ReadFrom a record %s changed the plug", what)
		}
	}
	for i := range good {
		refuse("cut off", good[:i])
		damaged := slices.Clone(good)
		damaged[i] ^= 0x10
		refuse("with a wrong bit", damaged)
	}
	if other, ok := renamed(good); ok {
		refuse("of another name", other)
	}
	longer := p.fresh() // which need not be possible, and need not make a difference
	if longer.Init(kernels.CPU{}, p.n+1) == nil && len(record(t, longer)) != len(good) {
		refuse("of another length", record(t, longer))
	}
}

// errs: a writer that is full is an error.
func (p suite[S]) errs(t *testing.T) {
	s := p.start(t)
	size := len(record(t, s))
	if size == 0 {
		return // nothing to write, nothing to fail
	}
	if _, err := s.WriteTo(&full{room: size - 1}); err == nil {
		t.Error("WriteTo a writer that is full: no error")
	}
}

func same(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
}

// full is a writer that has room for so many bytes.
type full struct{ room int }

func (f *full) Write(b []byte) (int, error) {
	n := min(len(b), f.room)
	f.room -= n
	if n < len(b) {
		return n, io.ErrShortWrite
	}
	return n, nil
}
