package bytelm

import (
	"context"
	"errors"
	"math"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/halos/runfile"
)

var _ runfile.Problem = (*Problem)(nil)

var tiny = Options{Data: ".", Context: 16, Width: 16, Heads: 2, Layers: 1, HeldOutWindows: 70, Seed: 3}

// TestWorkersDoNotDisturbEachOther has many workers at once ask for the same
// gradient, and the held-out loss beside them, on one core and on all: every
// bit is the same.
func TestWorkersDoNotDisturbEachOther(t *testing.T) {
	p := mustProblem(t, tiny)
	params := make([]float32, p.Model().Params())
	p.Init(params)
	wantGrad, wantLoss := gradient(t, p.Objective(runfile.Place{}), params)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	wantHeld := heldOutLoss(t, p, params)
	runtime.GOMAXPROCS(4)

	var wg sync.WaitGroup
	for range 8 {
		o := p.Objective(runfile.Place{})
		wg.Go(func() {
			grad, loss := gradient(t, o, params)
			if loss != wantLoss || !sameBits(grad, wantGrad) {
				t.Errorf("loss %v, alone %v", loss, wantLoss)
			}
		})
	}
	if held := heldOutLoss(t, p, params); held != wantHeld {
		t.Errorf("held-out loss %v on all cores, %v on one", held, wantHeld)
	}
	wg.Wait()
}

// TestGradientIsMeanOverSamples: a claim's gradient is the mean of its parts'.
func TestGradientIsMeanOverSamples(t *testing.T) {
	p := mustProblem(t, tiny)
	o, ctx := p.Objective(runfile.Place{}), context.Background()
	n := p.Model().Params()
	params, whole, a, b := make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n)
	p.Init(params)
	loss, err := o.Gradient(ctx, whole, params, 10, 40) // more than one pass
	lossA, errA := o.Gradient(ctx, a, params, 10, 10)
	lossB, errB := o.Gradient(ctx, b, params, 20, 30)
	if err := errors.Join(err, errA, errB); err != nil {
		t.Fatal(err)
	}
	if want := (lossA + 3*lossB) / 4; !near(loss, want, 1e-6) {
		t.Errorf("loss %v, of the parts %v", loss, want)
	}
	for i, g := range whole {
		if want := (a[i] + 3*b[i]) / 4; !near(float64(g), float64(want), 1e-6) {
			t.Fatalf("gradient %d is %v, of the parts %v", i, g, want)
		}
	}
}

// TestWindowsHaveLossesOfTheirOwn: both kinds have a loss, and neither depends on the seed.
func TestWindowsHaveLossesOfTheirOwn(t *testing.T) {
	loss := func(of Windows, seed uint64, params []float32) float64 {
		opts := tiny
		opts.Windows, opts.Seed = of, seed
		return heldOutLoss(t, mustProblem(t, opts), params)
	}
	params := randomParams(mustProblem(t, tiny).Model())
	test, validation := loss(Test, 1, params), loss(Validation, 1, params)
	if test == validation || loss("", 2, params) != test || loss(Validation, 2, params) != validation {
		t.Errorf("test windows have loss %v, validation windows %v: want two, whatever the seed", test, validation)
	}
}

func TestCancelled(t *testing.T) {
	p := mustProblem(t, tiny)
	params := make([]float32, p.Model().Params())
	ctx, cancel := context.WithCancelCause(context.Background())
	stop := errors.New("stop")
	cancel(stop)
	if _, err := p.Loss(ctx, params); !errors.Is(err, stop) {
		t.Errorf("loss: error %v, want the cause", err)
	}
	if _, err := p.Objective(runfile.Place{}).Gradient(ctx, make([]float32, len(params)), params, 0, 1); !errors.Is(err, stop) {
		t.Errorf("gradient: error %v, want the cause", err)
	}
}

func TestTokenDatasetAsProblem(t *testing.T) {
	p := mustProblem(t, Options{Data: writeDataset(t, typeUint16, 200), Vocab: 300, Context: 8, Width: 8, HeldOutWindows: 7})
	params := make([]float32, p.Model().Params())
	p.Init(params)
	if loss := heldOutLoss(t, p, params); !near(loss, math.Log(300), 0.4) {
		t.Errorf("loss %v, want about %v", loss, math.Log(300))
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

func TestGoSource(t *testing.T) {
	p := mustProblem(t, Options{MaxBytes: 2 << 20})
	window := make([]uint16, 33)
	if err := p.Corpus().Train(window, 1, 1); err != nil {
		t.Fatal(err)
	}
	if n := p.Corpus().TrainTokens() + p.Corpus().HeldOutTokens(); n < 1<<20 || n > 2<<20 {
		t.Errorf("%d tokens, want nearly 2 MiB", n)
	}
}

func TestOptionErrors(t *testing.T) {
	for _, c := range []struct {
		opts Options
		want string
	}{
		{Options{Context: -1}, "bytelm: context is -1: want at least 1, or 0 for the default"},
		{Options{MaxBytes: -1}, "bytelm: max_bytes is -1: want at least 1, or 0 for the default"},
		{Options{Heads: 5}, "bytelm: Config.Width is 48: want a multiple of Heads, 5"},
		{Options{Data: ".", Vocab: 300}, "bytelm: vocab is 300: want 256 for text"},
		{Options{Data: "nowhere"}, "bytelm: text: "},
		{Options{Partition: "lps"}, `bytelm: partition is "lps": want iid, region or worker`},
		{Options{Windows: "all"}, `bytelm: windows is "all": want test or validation`},
		{Options{Data: "config.go", MaxBytes: 150, Context: 60000, Width: 1, Heads: 1}, "bytelm: training text has 141 tokens: want at least 60001, a window"},
	} {
		if _, err := New(c.opts); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want %q", c.opts, err, c.want)
		}
	}
}

func mustProblem(t testing.TB, opts Options) *Problem {
	t.Helper()
	p, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func gradient(t *testing.T, o halos.Objective, params []float32) ([]float32, float64) {
	grad := make([]float32, len(params))
	loss, err := o.Gradient(context.Background(), grad, params, 5, 20)
	if err != nil {
		t.Error(err)
	}
	return grad, loss
}

func heldOutLoss(t *testing.T, p *Problem, params []float32) float64 {
	t.Helper()
	loss, err := p.Loss(context.Background(), params)
	if err != nil {
		t.Fatal(err)
	}
	return loss
}

// sameBits takes any two that are no number for the same.
func sameBits(a, b []float32) bool {
	for i, x := range a {
		if math.Float32bits(x) != math.Float32bits(b[i]) && (x == x || b[i] == b[i]) {
			return false
		}
	}
	return true
}
