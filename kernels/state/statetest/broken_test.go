package statetest_test

import (
	"io"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/state"
	"github.com/halos-go/sdk/kernels/state/statetest"
	"github.com/halos-go/sdk/merge"
	"github.com/halos-go/sdk/merge/mergetest"
	"github.com/halos-go/sdk/momentum"
	"github.com/halos-go/sdk/optim"
	"github.com/halos-go/sdk/optim/optimtest"
)

// A sum adds up what it is given. In each of the plugs below one thing is wrong.
type sum struct {
	v    []float32
	once state.Once
}

func (s *sum) Name() string { return "sum" }
func (s *sum) Init(b kernels.Backend, n int) error {
	return s.once.Do("sum", func() error { return state.Make(b, n, &s.v) })
}
func (s *sum) Reset()                              { state.Zero(s.v) }
func (s *sum) WriteTo(w io.Writer) (int64, error)  { return state.Write(w, "sum", nil, s.v) }
func (s *sum) ReadFrom(r io.Reader) (int64, error) { return state.Read(r, "sum", nil, s.v) }
func (s *sum) add(x []float32)                     { kernels.SGD(s.v, x, -1) }
func (s *sum) seen() []float32                     { return slices.Clone(s.v) }

type adder interface {
	state.State
	add(x []float32)
	seen() []float32
}

type (
	sound     struct{ sum }
	forgets   struct{ sum } // not to reset
	scales    struct{ sum } // resets by a product, so NaN stays
	allocates struct{ sum } // in Reset
	twice     struct{ sum } // is made ready as often as one likes
	nothing   struct{ sum } // is in its record
	panics    struct{ sum } // in ReadFrom
	faults    struct{ sum } // in Init, with vectors elsewhere
	segfaults struct{ sum } // without a Backend
	spent     struct {      // by an Init that fails
		sum
		tried bool
	}
)

func (*forgets) Reset()  {}
func (s *scales) Reset() { kernels.Scale(s.v, 0) }
func (s *allocates) Reset() {
	v := s.v
	_ = state.Make(kernels.Where(v), len(v), &s.v)
}
func (s *twice) Init(b kernels.Backend, n int) error { return state.Make(b, n, &s.v) }
func (*nothing) WriteTo(io.Writer) (int64, error)    { return 0, nil }
func (*nothing) ReadFrom(io.Reader) (int64, error)   { return 0, nil }
func (*panics) ReadFrom(io.Reader) (int64, error)    { panic("not yet written") }
func (s *faults) Init(b kernels.Backend, n int) error {
	err := s.sum.Init(b, n)
	if err == nil {
		clear(s.v)
	}
	return err
}
func (s *segfaults) Init(b kernels.Backend, n int) error {
	_ = b.Name()
	return s.sum.Init(b, n)
}
func (s *spent) Init(b kernels.Backend, n int) error {
	if s.tried {
		return io.ErrUnexpectedEOF
	}
	s.tried = true
	return s.sum.Init(b, n)
}

func run[S any, P interface {
	*S
	adder
}](t *testing.T) {
	input := func(i int) []float32 { return []float32{float32(i), 1, -2} }
	fresh := func() adder { return P(new(S)) }
	statetest.Run(t, 3, fresh, func(s adder, i int) []float32 {
		s.add(input(i))
		return s.seen()
	})
	statetest.Elsewhere(t, 3, fresh, func(t *testing.T, _ kernels.Backend, there, here adder) {
		there.add(input(1))
		here.add(input(1))
	})
}

// An optimizer that panics, and one that cannot be reset.
type stuck struct{ optim.SGD }

func (*stuck) Step([]float32, ...optim.Gradient) { panic("stuck") }

type sticky struct{ optim.SGD }

func (*sticky) Reset() {}

// An accumulator that writes only to vectors of its Backend.
type home struct {
	merge.Every
	b kernels.Backend
}

func (h *home) Init(b kernels.Backend, n int) error {
	h.b = b
	return h.Every.Init(b, n)
}
func (h *home) Delta(dst, base, params []float32) {
	if kernels.Where(dst) == h.b || h.b == nil {
		h.Every.Delta(dst, base, params)
	}
}

// A merger that panics.
type torn struct{ merge.Replay }

func (torn) Merge(_, _, _ []float32, _ bool) { panic("torn") }

// broken are plugs, each with the laws it breaks, in the order of the suite.
var broken = []struct {
	name string
	run  func(t *testing.T)
	laws string
}{
	{"sound", run[sound], ""},
	{"forgets", run[forgets], "reset elsewhere"},
	{"scales", run[scales], "reset elsewhere"},
	{"allocates", run[allocates], "reset"},
	{"twice", run[twice], "once"},
	{"nothing", run[nothing], "continue"},
	{"panics", run[panics], "reset continue refuse elsewhere"},
	{"faults", run[faults], "elsewhere"},
	{"segfaults", run[segfaults], "nil_backend"},
	{"spent", run[spent], "length"},
	{"stuck", func(t *testing.T) { optimtest.Run(t, func() optim.Optimizer { return &stuck{} }) },
		"name once nil_backend reset continue refuse lent in_turn elsewhere memory"},
	{"sticky", func(t *testing.T) {
		optimtest.Run(t, func() optim.Optimizer { return &sticky{optim.SGD{Momentum: &momentum.Nesterov{Mu: 0.5}}} })
	}, "reset elsewhere"},
	{"home", func(t *testing.T) {
		mergetest.RunAccumulator(t, func() merge.Accumulator { return &home{Every: merge.Every{K: 3}} })
	}, "elsewhere"},
	{"torn", func(t *testing.T) { mergetest.RunMerger(t, func() merge.Merger { return torn{} }) },
		"name once nil_backend reset continue refuse base base_with_carry elsewhere equal memory"},
}

const child = "HALOS_STATETEST_BROKEN"

// TestBroken runs the suites on broken plugs, in the process that TestSuites starts.
func TestBroken(t *testing.T) {
	if os.Getenv(child) == "" {
		t.Skip("only for TestSuites")
	}
	for _, b := range broken {
		t.Run(b.name, b.run)
	}
}

// Each broken plug fails the laws that it breaks, and no other.
func TestSuites(t *testing.T) {
	cmd := exec.Command(os.Args[0], "-test.run=^TestBroken$", "-test.v")
	cmd.Env = append(os.Environ(), child+"=1")
	text, _ := cmd.CombinedOutput() // it fails
	failed := map[string][]string{}
	for _, m := range regexp.MustCompile(`--- FAIL: TestBroken/(\w+)/(\w+) `).FindAllStringSubmatch(string(text), -1) {
		failed[m[1]] = append(failed[m[1]], m[2])
	}
	memoryFaults := runtime.GOOS == "linux" || runtime.GOOS == "darwin" // see kerneltest.Untouchable
	for _, b := range broken {
		if b.name == "faults" && !memoryFaults {
			continue
		}
		if got := strings.Join(failed[b.name], " "); got != b.laws {
			t.Errorf("%s breaks %q: want %q", b.name, got, b.laws)
		}
	}
	for _, says := range []string{"panic: not yet written", "panic: stuck", "panic: torn", "a second Init: no error"} {
		if !strings.Contains(string(text), says) {
			t.Errorf("no failure says %q", says)
		}
	}
	if t.Failed() {
		t.Logf("%s", text)
	}
}
