package main

import (
	"embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/halos-go/sdk/examples/bytelm"
	"github.com/halos-go/sdk/halos/runfile"
)

// The run files of the methods: in methods as tuned at a problem that a small machine
// trains while one waits, in methods/published with the hyper-parameters of their authors.
//
//go:embed env16.yaml methods
var shipped embed.FS

// A method is a run file to be compared with others.
type method struct {
	name      string // as in tables, of this method alone
	reference bool   // made by [references]
	file      string // its name without the folder
	dir       string // the folder, to which paths in it are relative
	cfg       runfile.Config
	text      []byte // as it was read
}

// A methodSet is the arguments that choose methods.
type methodSet struct {
	Files     []path `arg:"" optional:"" name:"run.yaml" help:"Run files, and folders of run files (*.yaml). Default: the five methods that this program has."`
	Published bool   `help:"Every method with its authors' hyper-parameters, for 393216 local steps: tens of minutes."`
	variant
	Data path `placeholder:"PATH" help:"Folder or file of text to train on, instead of that of the run files. Default: the source text of the Go installation."`
}

// load reads the methods, in the order of tables. They agree in what must be
// equal in a fair comparison.
func (s methodSet) load() ([]method, error) {
	methods, err := s.read()
	if err != nil {
		return nil, err
	}
	if err := name(methods); err != nil {
		return nil, err
	}
	slices.SortStableFunc(methods, func(a, b method) int { return rank(a.cfg) - rank(b.cfg) })
	return methods, agree(methods)
}

// loadToTune is load for tune: the last method alone is Sync SGD, which sets the
// target, and each has a file name of its own.
func (s methodSet) loadToTune() ([]method, error) {
	methods, err := s.load()
	if err != nil {
		return nil, err
	}
	if n := len(methods); n != 1+slices.IndexFunc(methods, method.syncSGD) {
		return nil, fmt.Errorf("run files with algorithm %s: want exactly one, whose final loss is the target", runfile.SyncSGD)
	}
	for i, m := range methods {
		if slices.ContainsFunc(methods[:i], func(o method) bool { return o.file == m.file }) {
			return nil, fmt.Errorf("two run files are called %s: want names of their own, under which --out has the winners", m.file)
		}
	}
	return methods, nil
}

func (m method) halos() bool   { return m.cfg.Algorithm == runfile.HALoS }
func (m method) syncSGD() bool { return m.cfg.Algorithm == runfile.SyncSGD }

// folder prepares the folder of --out for files with these names, none of which
// is one that the methods read.
func (s methodSet) folder(files *outputs, dir string, methods []method, names []string) (undo func(), err error) {
	var outs, ins []namedFile
	for _, name := range names {
		outs = append(outs, namedFile{"--out", filepath.Join(dir, name)})
	}
	for _, m := range methods {
		ins = append(ins, m.inputs(string(s.Data))...)
	}
	if err := distinct(outs, append(ins, standardOutput...)); err != nil {
		return func() {}, err
	}
	return files.prepare(dir, names)
}

func (s methodSet) read() ([]method, error) {
	if len(s.Files) > 0 {
		if s.Published {
			return nil, fmt.Errorf("--published is for the methods of this program: want no run file beside it, not %q", string(s.Files[0]))
		}
		return s.readMethods(s.Files)
	}
	dir, err := os.MkdirTemp("", "halos") // run files name a file beside them
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := os.CopyFS(dir, shipped); err != nil {
		return nil, err
	}
	folder := filepath.Join(dir, "methods")
	if s.Published {
		folder = filepath.Join(folder, "published")
	}
	return s.readMethods([]path{path(folder)})
}

// readMethods reads run files and those in folders, with what the flags change in them.
func (v variant) readMethods(paths []path) ([]method, error) {
	var methods []method
	for _, p := range paths {
		files := []string{string(p)}
		if info, err := os.Stat(string(p)); err == nil && info.IsDir() {
			if files, err = filepath.Glob(filepath.Join(string(p), "*.yaml")); err != nil || len(files) == 0 {
				return nil, fmt.Errorf("folder %q has no run file: want one or more *.yaml", string(p))
			}
		}
		for _, file := range files {
			m, err := readMethod(file)
			if err != nil {
				return nil, err
			}
			if m.text, err = os.ReadFile(file); err != nil {
				return nil, err
			}
			methods = append(methods, m)
		}
	}
	return v.apply(methods)
}

// readMethod reads a run file, but for its text: it may be a pipe.
func readMethod(file string) (method, error) {
	m := method{file: filepath.Base(file), dir: filepath.Dir(file)}
	var err error
	m.cfg, err = runfile.Read(file)
	return m, err
}

// inputs are the files that a run of m reads. data is --data.
func (m method) inputs(data string) []namedFile {
	file := filepath.Join(m.dir, m.file)
	if filepath.IsAbs(m.file) {
		file = m.file
	}
	ins := []namedFile{{"the run file", file}}
	if info, err := os.Stat(file); m.text == nil && err == nil && info.Mode().IsRegular() {
		m.text, _ = os.ReadFile(file) // it was read a moment ago
	}
	if f, err := parseRunFile(m); err == nil {
		if env := f.find("topology.env"); env != nil {
			ins = append(ins, namedFile{"topology.env", m.path(env.Value)})
		}
	}
	if of := m.cfg.Workload.Problem; of.Name == "bytelm" {
		var opts bytelm.Options
		_ = of.Decode(&opts) // newProblem says what does not fit
		if data == "" && opts.Data != "" {
			data = m.path(opts.Data)
		}
	}
	if data != "" {
		for _, ending := range []string{"", ".idx", ".bin"} {
			ins = append(ins, namedFile{"the data", data + ending})
		}
	}
	return ins
}

// path is a path in the run file, for this process.
func (m method) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(m.dir, name)
}

// name names methods by what they do. Where that is not enough it is by their
// files, and by their folders too where that is not enough either.
func name(methods []method) error {
	for i, m := range methods {
		methods[i].name = title(m.cfg)
	}
	for _, by := range []func(method) string{
		func(m method) string { return stem(m.file) },
		func(m method) string { return filepath.Join(m.dir, stem(m.file)) },
	} {
		count := make(map[string]int)
		for _, m := range methods {
			count[m.name]++
		}
		for i, m := range methods {
			if count[m.name] > 1 {
				methods[i].name = by(m)
			}
		}
	}
	for i, m := range methods {
		if slices.ContainsFunc(methods[:i], func(o method) bool { return o.name == m.name }) {
			return fmt.Errorf("run file %s is given twice: want each once", filepath.Join(m.dir, m.file))
		}
	}
	return nil
}

// stem is the name of a file without what says that it is YAML.
func stem(file string) string { return strings.TrimSuffix(file, filepath.Ext(file)) }

func title(cfg runfile.Config) string {
	switch {
	case cfg.Algorithm == runfile.HALoS:
		return "HALoS"
	case cfg.Algorithm == runfile.AsyncLocalSGD:
		return "Async-Local-SGD"
	case cfg.Algorithm == runfile.SyncSGD:
		return "Sync SGD"
	case cfg.Worker.DynamicLocalUpdates:
		return "DiLoCo+DynUpd"
	}
	return "DiLoCo"
}

func rank(cfg runfile.Config) int {
	return slices.Index([]string{"HALoS", "Async-Local-SGD", "DiLoCo", "DiLoCo+DynUpd", "Sync SGD"}, title(cfg))
}

// agree reports the first thing that is not equal in all methods and must be:
// the machines and links, the model and its data, the clock, and how often the
// loss is looked at.
//
// None has a seed of its own for its problem: it would come before --seed, and several
// seeds would be one.
func agree(methods []method) error {
	for _, m := range methods {
		var opts bytelm.Options
		if of := m.cfg.Workload.Problem; of.Name == "bytelm" && of.Decode(&opts) == nil && opts.Seed != 0 {
			return fmt.Errorf("%s: %s is %d: want none, as --seed is that of data and model", m.file, seedOfProblem, opts.Seed)
		}
	}
	first, err := common(methods[0].cfg)
	if err != nil {
		return err
	}
	for _, m := range methods[1:] {
		other, err := common(m.cfg)
		if err != nil {
			return err
		}
		if key, a, b, differ := difference("", first, other); differ {
			return fmt.Errorf("%s: %s is %s: want %s, as in %s: methods that are compared agree in topology, problem and clock",
				m.file, key, b, a, methods[0].file)
		}
	}
	return nil
}

// common is the part of a run file in which methods agree.
func common(cfg runfile.Config) (any, error) {
	cfg.Workload.TotalLocalSteps, cfg.Workload.GlobalBatchSize = 1, 1
	text, err := json.Marshal(cfg)
	if err != nil {
		return nil, err
	}
	var all map[string]any
	err = json.Unmarshal(text, &all)
	return map[string]any{"topology": all["topology"], "workload": all["workload"], "events": comings(cfg.Events)}, err
}

// comings are the events that mean the same in every algorithm: workers that leave and
// come. Nodes and links between have other names in each.
func comings(events []runfile.Event) []string {
	all := []string{}
	for _, e := range events {
		for what, w := range map[string]*int{"quit": e.Quit, "join": e.Join} {
			if w != nil {
				all = append(all, fmt.Sprintf("%s ms: %s %d", exact(e.AtMS), what, *w))
			}
		}
	}
	return all
}

// difference finds the first key under path at which a and b differ.
func difference(path string, a, b any) (key, inA, inB string, differ bool) {
	if reflect.DeepEqual(a, b) {
		return "", "", "", false
	}
	am, aok := a.(map[string]any)
	bm, bok := b.(map[string]any)
	if !aok || !bok {
		return path, show(a), show(b), true
	}
	var keys []string
	for _, m := range []map[string]any{am, bm} {
		for k := range m {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	for _, k := range keys {
		if key, inA, inB, differ = difference(strings.TrimPrefix(path+"."+k, "."), am[k], bm[k]); differ {
			return key, inA, inB, true
		}
	}
	return "", "", "", false
}

func show(v any) string {
	if v == nil {
		return "missing"
	}
	text, _ := json.Marshal(v)
	return string(text)
}
