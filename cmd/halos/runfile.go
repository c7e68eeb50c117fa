package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/halos-go/sdk/halos/runfile"
)

// A runFile is the text of a run file in which values can be changed; its
// comments and the order of its keys stay. Keys are paths, as in lps.optimizer.lr.
type runFile struct{ doc yaml.Node }

// newRunFile returns a copy of the run file of a method that means the same in
// any folder: it does not need the file of its topology.env, and the path of its
// data is absolute.
func newRunFile(m method) (*runFile, error) {
	f, err := parseRunFile(m)
	if err != nil {
		return nil, err
	}
	if data := f.find("workload.problem.data"); data != nil && data.Value != "" {
		if data.Value, err = filepath.Abs(m.path(data.Value)); err != nil {
			return nil, fmt.Errorf("%s: workload.problem.data: %w", m.file, err)
		}
	}
	return f, f.inline(m.cfg.Topology)
}

// parseRunFile returns a copy of the run file of a method.
func parseRunFile(m method) (*runFile, error) {
	f := new(runFile)
	if err := yaml.Unmarshal(m.text, &f.doc); err != nil {
		return nil, fmt.Errorf("%s: %w", m.file, err)
	}
	return f, nil
}

// find returns the value of a key, or nil.
func (f *runFile) find(key string) *yaml.Node {
	if len(f.doc.Content) == 0 {
		return nil
	}
	n := f.doc.Content[0]
	for name := range strings.SplitSeq(key, ".") {
		if n = child(n, name); n == nil {
			return nil
		}
	}
	return n
}

// set replaces a scalar that is there.
func (f *runFile) set(key, value string) {
	n := f.find(key)
	n.Value, n.Tag, n.Style = value, "", 0
}

// number returns the value of a key that is there and is a number.
func (f *runFile) number(key string) float64 {
	return number64(f.find(key))
}

// text returns the file as it is now.
func (f *runFile) text() ([]byte, error) {
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	err := e.Encode(&f.doc)
	return b.Bytes(), err
}

// config returns the file as it is now, read.
func (f *runFile) config() (runfile.Config, error) {
	text, err := f.text()
	if err != nil {
		return runfile.Config{}, err
	}
	return runfile.Parse(text, "")
}

// inline puts the contents of topology.env in its place, if there is one.
func (f *runFile) inline(t runfile.Topology) error {
	topology := f.find("topology")
	for i := 0; i < len(topology.Content); i += 2 {
		if topology.Content[i].Value != "env" {
			continue
		}
		bandwidths, err := matrix("network_bandwidths", t.Bandwidths)
		if err != nil {
			return err
		}
		speeds, err := matrix("worker_speeds", t.Speeds)
		if err != nil {
			return err
		}
		topology.Content = slices.Concat(topology.Content[:i], bandwidths, speeds, topology.Content[i+2:])
		return nil
	}
	return nil
}

// matrix is a key and its value, a row a line.
func matrix(key string, rows [][]float64) ([]*yaml.Node, error) {
	var word, value yaml.Node
	word.SetString(key)
	if err := value.Encode(rows); err != nil {
		return nil, err
	}
	for _, row := range value.Content {
		row.Style = yaml.FlowStyle
	}
	return []*yaml.Node{&word, &value}, nil
}

// child returns the value of a key of a mapping, or nil.
func child(n *yaml.Node, key string) *yaml.Node {
	for i := 0; n.Kind == yaml.MappingNode && i < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}
