package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"

	"github.com/halos-go/sdk/examples/bytelm"
	"github.com/halos-go/sdk/halos/runfile"
)

type simCmd struct {
	RunFile path `arg:"" name:"run.yaml" help:"The run file, YAML or JSON; - is standard input. Paths in it are relative to its folder; from standard input, to the working folder. \"halos init\" writes one."`

	Seed   *uint64  `placeholder:"N" help:"Take this seed instead of that of the run file, also for workload.problem."`
	Seeds  uint64   `default:"1" placeholder:"N" help:"Run with N seeds, this one and those after it: a line each, and the median and range."`
	Set    []string `sep:"none" placeholder:"KEY=VALUE" help:"Change a key of the run file, as in lps.accumulate=32. The value is YAML. May be repeated."`
	Target *float64 `placeholder:"LOSS" help:"End when the evaluated loss is at most this, and say how long it took."`

	Trace       path `placeholder:"T.jsonl" help:"Write the trace here, one JSON object a line; - is standard output."`
	Result      path `placeholder:"R.json" help:"Write the result here, a line a seed; - is standard output."`
	Model       path `placeholder:"FILE" help:"Write the global model at the end here, as safetensors; - is standard output."`
	TensorBoard path `name:"tensorboard" placeholder:"DIR" help:"Write the curves of the run into this folder for TensorBoard; with several seeds, a folder in it for each."`

	Backend string `default:"cpu" placeholder:"NAME" help:"Where the servers keep their models: cpu, cuda, cuda:N (the GPU with this number), cublas, cublas:N, or auto."`
}

// Run simulates. If it is interrupted or fails, the outputs are of what was done.
func (c simCmd) Run(ctx context.Context, s streams) error {
	settings, err := c.settings()
	if err != nil {
		return usageError{err}
	}
	m, err := c.read(s.in)
	if err == nil {
		m, err = m.set(settings)
	}
	if err != nil {
		return usageError{err}
	}
	to, err := c.open(m, s)
	if err != nil {
		return err
	}
	defer to.discard()
	first := seedOf(m.cfg)
	if c.Seed != nil {
		first = *c.Seed
	}
	var ended []outcome
	for i := uint64(0); i < c.Seeds && ctx.Err() == nil; i++ {
		r := simulation{cmd: c, method: m, settings: settings, seed: first + i, first: i == 0, streams: s, to: to}
		o, e := r.run(ctx)
		if o.ran {
			o.res.Theta, o.res.LPSTheta, o.points = nil, nil, nil // written, and large
			ended = append(ended, o)
		}
		if err = errors.Join(err, e); e != nil && !o.ran {
			break // the next cannot do better
		}
	}
	if len(ended) > 0 {
		err = errors.Join(err, to.result.commit())
	}
	if len(ended) > 1 && !to.stdoutTaken() {
		err = errors.Join(err, printSeeds(s.out, ended, c.Target))
	}
	return err
}

// settings returns those of --set, and checks flags that depend on each other.
func (c simCmd) settings() ([]setting, error) {
	settings, err := parseSettings(c.Set)
	if err != nil {
		return nil, err
	}
	for _, s := range settings {
		if c.Seed != nil && (s.key == "seed" || s.key == seedOfProblem) {
			return nil, fmt.Errorf("--set %s and --seed are given: want one of them", s.key)
		}
	}
	switch {
	case c.Seeds < 1:
		return nil, errors.New("--seeds is 0: want at least 1")
	case c.Target != nil && (math.IsNaN(*c.Target) || math.IsInf(*c.Target, 0)):
		return nil, fmt.Errorf("--target is %v: want a finite number", *c.Target)
	case c.TensorBoard == "-":
		return nil, errors.New(`--tensorboard is "-": want a folder`)
	case c.Seeds > 1 && c.Trace != "":
		return nil, errors.New("--trace and --seeds are given: want one of them, as a trace is of one run")
	case c.Seeds > 1 && c.Model != "":
		return nil, errors.New("--model and --seeds are given: want one of them, as a model is of one run")
	}
	return settings, nil
}

// read reads the run file.
func (c simCmd) read(in io.Reader) (m method, err error) {
	file := string(c.RunFile)
	info, statErr := os.Stat(file)
	switch {
	case file == "-":
		m = method{file: "/dev/stdin", dir: "."}
		if m.text, err = io.ReadAll(in); err != nil {
			return m, fmt.Errorf("standard input: %w", err)
		}
		m.cfg, err = runfile.Parse(m.text, ".")
	case statErr == nil && !info.Mode().IsRegular() && !info.IsDir(): // a pipe can be read once
		m = method{file: filepath.Base(file), dir: filepath.Dir(file)}
		if m.text, err = os.ReadFile(file); err != nil {
			return m, err
		}
		m.cfg, err = runfile.Parse(m.text, m.dir)
	default:
		if m, err = readMethod(file); err == nil {
			m.text, err = os.ReadFile(file)
		}
	}
	if err == nil && m.cfg.Workload.Problem.Name == "bytelm" {
		err = m.cfg.Workload.Problem.Decode(new(bytelm.Options)) // with the lines of the file, which a setting moves
	}
	return m, err
}

const seedOfProblem = "workload.problem.seed"

// seedOf returns the seed that a run has: a problem's own comes first.
func seedOf(cfg runfile.Config) uint64 {
	var opts bytelm.Options
	if p := cfg.Workload.Problem; p.Name == "bytelm" && p.Decode(&opts) == nil && opts.Seed != 0 {
		return opts.Seed
	}
	return cfg.Seed
}

// seeded returns m with that seed and no other one.
func (m method) seeded(seed uint64) (method, error) {
	if seedOf(m.cfg) == seed {
		return m, nil
	}
	return m.changed(func(f *runFile) error {
		f.remove(seedOfProblem)
		return f.assign(setting{"seed", whole(seed)})
	})
}

// A destination is what a flag names as an output.
type destination struct {
	flag string
	path path
	file *output   // nil: nowhere, or standard output
	out  io.Writer // standard output, if that is it
}

// writer returns what to write to; nil: the flag is not given.
func (d *destination) writer() io.Writer {
	if d.file != nil {
		return d.file
	}
	return d.out
}

// commit lets the file appear, if it is one.
func (d *destination) commit() error {
	if d.file == nil {
		return nil
	}
	return d.failed(d.file.commit())
}

// failed names the flag in an error, if it is one.
func (d *destination) failed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", d.flag, err)
}

// destinations are where the outputs go.
type destinations struct{ trace, result, model destination }

func (d *destinations) all() []*destination {
	return []*destination{&d.result, &d.trace, &d.model}
}

func (d *destinations) discard() {
	for _, to := range d.all() {
		to.file.discard()
	}
}

// stdoutTaken reports whether an output is on standard output.
func (d *destinations) stdoutTaken() bool {
	return d.trace.out != nil || d.result.out != nil || d.model.out != nil
}

// open opens all, so that a path that is wrong is told before the run.
func (c simCmd) open(m method, s streams) (*destinations, error) {
	d := &destinations{
		trace: destination{flag: "--trace", path: c.Trace}, result: destination{flag: "--result", path: c.Result}, model: destination{flag: "--model", path: c.Model},
	}
	var outs []namedFile
	for _, to := range d.all() {
		switch to.path {
		case "":
		case "-":
			to.out = s.out
		default:
			outs = append(outs, namedFile{to.flag, string(to.path)})
		}
	}
	if err := distinct(outs, append(m.inputs(""), standardOutput...)); err != nil {
		return d, err
	}
	for _, to := range d.all() {
		if to.path == "" || to.path == "-" {
			continue
		}
		file, err := s.files.create(string(to.path))
		if err != nil {
			d.discard()
			return d, fmt.Errorf("%s is %q: want a file that can be written (%w)", to.flag, to.path, err)
		}
		to.file = file
	}
	return d, nil
}
