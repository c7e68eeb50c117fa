package bytelm

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/halos/runfile"
	"github.com/halos-go/sdk/optim"
)

// Options is what a run file says of the problem. Zero of a field is its default.
type Options struct {
	// Data is a folder or file of text, or the path of a dataset of .idx and
	// .bin with or without its ending. In a run file a relative path is relative
	// to the file. Default: the source text of the Go installation, see
	// [LoadGoSource].
	Data string `yaml:"data,omitempty"`
	// MaxBytes is the most text to load; see [LoadText] for what is left out.
	// Default 64 MiB, which loads in half a second. Datasets have no limit.
	MaxBytes int64 `yaml:"max_bytes,omitempty"`
	// Vocab is the vocabulary: 256, the default, for text; that of the
	// tokenizer for a dataset.
	Vocab int `yaml:"vocab,omitempty"`

	// The shape of the model, see [Config]. The defaults have the lowest
	// held-out loss for 15 s of one core among widths of 32 to 96, contexts of
	// 16 to 64 and one or two layers. There 1000 local steps of
	// 256 tokens take one core 2 s.
	Context int  `yaml:"context,omitempty"` // default 32
	Width   int  `yaml:"width,omitempty"`   // default 48
	Heads   int  `yaml:"heads,omitempty"`   // default 4
	Layers  int  `yaml:"layers,omitempty"`  // default 1
	Hidden  int  `yaml:"hidden,omitempty"`  // default 4*Width
	Tied    bool `yaml:"tied,omitempty"`    // default false

	// HeldOutWindows is the number of windows of Context predictions whose mean
	// is the held-out loss. A text of less than about a megabyte has too few windows
	// that are not in its training text, and New says how many. Default 256: of 32 predictions each, their mean is
	// within 0.04 nats (one standard error) of that over all held-out text. Two
	// runs are compared on the same windows, so their difference is finer.
	HeldOutWindows int `yaml:"heldout_windows,omitempty"`
	// Windows is the held-out windows of the loss: [Test], the default, for results;
	// [Validation] to choose settings by. See [Corpus.HeldOut].
	Windows Windows `yaml:"windows,omitempty"`
	// Partition is which training text a worker sees: [IID], the default, all;
	// [ByRegion] and [ByWorker] a part for each, of another kind of text than the
	// others. See [Corpus.Part].
	Partition Partition `yaml:"partition,omitempty"`
	// Seed chooses the initial model and the order of samples, not the split.
	Seed uint64 `yaml:"seed,omitempty"`
}

// passTokens is about how many tokens a pass takes, so that its activations
// stay in the cache of a core: 256 at Width 48 are 0.8 MB a layer.
const passTokens = 256

// A Problem is a model on a corpus, for package runfile. Sample s is the window of
// Context+1 tokens that [Corpus.Train] names s, of the part that the worker sees.
type Problem struct {
	opts    Options
	model   *Model
	corpus  *Corpus
	heldOut []uint16
	windows int       // of a pass
	runners []*Runner // of Loss, one for each of its goroutines
}

// A DataError is what is wrong with what [Options.Data] names, or, if that is
// empty, with the source text of the Go installation.
type DataError struct{ err error }

// Error names the file or folder.
func (e *DataError) Error() string { return e.err.Error() }

// Unwrap returns the cause.
func (e *DataError) Unwrap() error { return e.err }

// New loads the data and lays out the model. The error names the field that is
// at fault, or is a [DataError]. Close the problem when done.
func New(opts Options) (*Problem, error) {
	opts, err := opts.complete()
	if err != nil {
		return nil, err
	}
	model, err := NewModel(opts.config())
	if err != nil {
		return nil, err
	}
	if opts.Vocab != 256 && !opts.indexed() {
		return nil, fmt.Errorf("bytelm: vocab is %d: want 256 for text", opts.Vocab)
	}
	corpus, err := opts.load()
	if err != nil {
		return nil, &DataError{err}
	}
	p := &Problem{opts: opts, model: model, corpus: corpus, windows: max(1, passTokens/opts.Context)}
	if err := p.holdOut(); err != nil {
		return nil, &DataError{errors.Join(err, corpus.Close())}
	}
	return p, nil
}

func (p *Problem) holdOut() (err error) {
	if n := p.corpus.TrainTokens(); n < int64(p.model.cfg.window()) {
		return fmt.Errorf("bytelm: training text has %d tokens: want at least %d, a window", n, p.model.cfg.window())
	}
	p.heldOut, err = p.corpus.HeldOut(p.opts.Windows, p.opts.HeldOutWindows, p.model.cfg.window())
	if err != nil {
		return fmt.Errorf("%w (heldout_windows is %d)", err, p.opts.HeldOutWindows)
	}
	return nil
}

// Model is the shape.
func (p *Problem) Model() *Model { return p.model }

// Corpus is the data.
func (p *Problem) Corpus() *Corpus { return p.corpus }

// Close releases the data. No objective may be used after.
func (p *Problem) Close() error { return p.corpus.Close() }

// Layout describes the parameter vector.
func (p *Problem) Layout() optim.Layout { return p.model.Layout() }

// Init overwrites params with the initial model.
func (p *Problem) Init(params []float32) { p.model.Init(params, p.opts.Seed) }

// Objective returns the loss with work space of its own, for one worker. If the place has
// less text than a window its Gradient returns an error.
func (p *Problem) Objective(of runfile.Place) halos.Objective {
	corpus, err := p.opts.Partition.share(p.corpus, of)
	if n := p.model.cfg.window(); err == nil && corpus.TrainTokens() < int64(n) {
		err = fmt.Errorf("bytelm: partition is %s: training text of worker %d in region %d has %d tokens: want at least %d, a window",
			p.opts.Partition, of.Worker, of.Region, corpus.TrainTokens(), n)
	}
	return &objective{problem: p, corpus: corpus, err: err, runner: p.model.NewRunner(p.windows)}
}

// Loss returns the mean loss over the held-out windows, in nats a token. It is
// not called twice at the same time. It uses GOMAXPROCS goroutines; the result
// does not depend on how many.
func (p *Problem) Loss(ctx context.Context, params []float32) (float64, error) {
	chunk := p.windows * p.model.cfg.window()
	losses := make([]float64, (len(p.heldOut)+chunk-1)/chunk)
	for len(p.runners) < min(runtime.GOMAXPROCS(0), len(losses)) {
		p.runners = append(p.runners, p.model.NewRunner(p.windows))
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for _, r := range p.runners {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(losses) && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				part := p.heldOut[i*chunk : min((i+1)*chunk, len(p.heldOut))]
				losses[i] = r.Loss(params, part) * float64(len(part))
			}
		})
	}
	wg.Wait()
	if err := context.Cause(ctx); err != nil {
		return 0, err
	}
	var total float64
	for _, l := range losses {
		total += l
	}
	return total / float64(len(p.heldOut)), nil
}

// An objective is a worker's.
type objective struct {
	problem *Problem
	corpus  *Corpus // what it may see
	err     error   // why there is none
	runner  *Runner
	tokens  []uint16 // grows to the largest count asked for
}

// Gradient implements [halos.Objective].
func (o *objective) Gradient(ctx context.Context, grad, params []float32, first, count uint64) (float64, error) {
	if err := context.Cause(ctx); err != nil {
		return 0, err
	}
	if o.err != nil {
		return 0, o.err
	}
	window := o.problem.model.cfg.window()
	if n := int(count) * window; n > len(o.tokens) {
		o.tokens = make([]uint16, n)
	}
	tokens := o.tokens[:int(count)*window]
	for i := range int(count) {
		if err := o.corpus.Train(tokens[i*window:][:window], o.problem.opts.Seed, first+uint64(i)); err != nil {
			return 0, err
		}
	}
	return o.runner.Gradient(grad, params, tokens), nil
}

// complete fills the defaults in.
func (o Options) complete() (Options, error) {
	for _, f := range []struct {
		name  string
		value *int
		zero  int
	}{
		{"vocab", &o.Vocab, 256}, {"context", &o.Context, 32}, {"width", &o.Width, 48}, {"heads", &o.Heads, 4},
		{"layers", &o.Layers, 1}, {"hidden", &o.Hidden, 0},
		{"heldout_windows", &o.HeldOutWindows, 256},
	} {
		if *f.value < 0 {
			return o, fmt.Errorf("bytelm: %s is %d: want at least 1, or 0 for the default", f.name, *f.value)
		}
		if *f.value == 0 {
			*f.value = f.zero
		}
	}
	if o.MaxBytes < 0 {
		return o, fmt.Errorf("bytelm: max_bytes is %d: want at least 1, or 0 for the default", o.MaxBytes)
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = 64 << 20
	}
	switch o.Windows {
	case Test, Validation:
	case "":
		o.Windows = Test
	default:
		return o, fmt.Errorf("bytelm: windows is %q: want %s or %s", o.Windows, Test, Validation)
	}
	switch o.Partition {
	case IID, ByRegion, ByWorker:
	case "":
		o.Partition = IID
	default:
		return o, fmt.Errorf("bytelm: partition is %q: want %s, %s or %s", o.Partition, IID, ByRegion, ByWorker)
	}
	if o.Hidden == 0 {
		o.Hidden = 4 * o.Width
	}
	return o, nil
}

func (o Options) config() Config {
	return Config{Vocab: o.Vocab, Context: o.Context, Width: o.Width, Heads: o.Heads, Layers: o.Layers, Hidden: o.Hidden, Tied: o.Tied}
}

// load opens what Data names.
func (o Options) load() (*Corpus, error) {
	if o.indexed() {
		return OpenIndexed(o.Data, o.Vocab)
	}
	if o.Data == "" {
		return LoadGoSource(o.MaxBytes)
	}
	return LoadText(o.Data, o.MaxBytes)
}

// indexed reports whether Data names a dataset rather than text.
func (o Options) indexed() bool {
	if strings.HasSuffix(o.Data, ".idx") || strings.HasSuffix(o.Data, ".bin") {
		return true
	}
	_, err := os.Stat(o.Data + ".idx")
	return o.Data != "" && err == nil
}
