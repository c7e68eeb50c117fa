package runfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Read is [Plugs.Read] with the plugs of this module.
func Read(path string) (Config, error) { return Builtin().Read(path) }

// Parse is [Plugs.Parse] with the plugs of this module.
func Parse(text []byte, dir string) (Config, error) { return Builtin().Parse(text, dir) }

// Read reads a run file, in YAML or JSON. An error names the file, the line, the key
// path, the value and what would be right.
func (p *Plugs) Read(path string) (Config, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("runfile: %w", err)
	}
	return p.parse(b, filepath.Dir(path), path)
}

// Parse parses the text of a run file; dir is the folder to which its topology.env is
// relative.
func (p *Plugs) Parse(text []byte, dir string) (Config, error) { return p.parse(text, dir, "") }

func (p *Plugs) parse(text []byte, dir, file string) (Config, error) {
	if p.err != nil {
		return Config{}, p.err
	}
	c := Config{plugs: p}
	d := newDecoder(file, p)
	if err := d.parse(text, &c, ""); err != nil {
		return Config{}, err
	}
	if err := d.readEnv(&c.Topology, dir); err != nil {
		return Config{}, err
	}
	if err := d.refuseZeros(&c); err != nil {
		return Config{}, err
	}
	if err := d.resolve(&c); err != nil {
		return Config{}, err
	}
	if err := c.Validate(); err != nil {
		return Config{}, d.locate(err)
	}
	if err := d.firstMissing(); err != nil {
		return Config{}, err
	}
	return c, nil
}

// refuseZeros refuses zeros that are there, where the zero of an absent key
// means something else.
func (d *decoder) refuseZeros(c *Config) error {
	var v validator
	if d.has("workload.model_bytes") && c.Workload.ModelBytes == 0 {
		v.fail("workload.model_bytes", "0", "at least 1, or no such key for 4 bytes a parameter")
	}
	if c.LPS != nil {
		for _, p := range c.LPS.parts() {
			if at := "lps." + p.key; d.has(at) {
				v.oneOf(at, p.plug.Name, d.plugs.names(p.kind)...)
			}
		}
	}
	if v.err == nil {
		return nil
	}
	return d.locate(v.err)
}

// parse fills the struct at into from a text that is one YAML document. Keys
// are under path. JSON needs no care: it is read as the YAML that it is.
func (d *decoder) parse(text []byte, into any, path string) error {
	var doc, second yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(text))
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return d.refuse("there is nothing in it: want the keys " + strings.Join(keysOf(reflect.TypeOf(into).Elem()), ", "))
	case err != nil:
		return d.refuse(strings.ReplaceAll(err.Error(), "\n", " "))
	}
	if err := dec.Decode(&second); !errors.Is(err, io.EOF) {
		return d.refuse("there is more than one document in it: want one")
	}
	if alias := findAlias(&doc); alias != nil {
		return d.refuse(fmt.Sprintf("line %d: alias *%s: want the value itself", alias.Line, alias.Value))
	}
	root := doc.Content[0]
	if root.Kind != yaml.MappingNode {
		return d.refuse("it is " + show(root) + ": want the keys " + strings.Join(keysOf(reflect.TypeOf(into).Elem()), ", "))
	}
	return d.decode(root, reflect.ValueOf(into).Elem(), path)
}

// refuse returns an error about the text as a whole.
func (d *decoder) refuse(why string) error {
	if d.file == "" {
		return errors.New("runfile: " + why)
	}
	return errors.New("runfile: " + d.file + ": " + why)
}

// findAlias returns an alias node under n, if there is one. They are refused
// because a value would stand in two places, and a few lines of them can make
// a text of any size.
func findAlias(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n
	}
	for _, c := range n.Content {
		if a := findAlias(c); a != nil {
			return a
		}
	}
	return nil
}

// MarshalJSON encodes c as a run file in JSON.
func (c Config) MarshalJSON() ([]byte, error) {
	b, err := yaml.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("runfile: %w", err)
	}
	var keys map[string]any
	if err := yaml.Unmarshal(b, &keys); err != nil {
		return nil, fmt.Errorf("runfile: %w", err)
	}
	return json.Marshal(keys)
}

// UnmarshalJSON is [Plugs.Parse] with the plugs of c, see [Config.With]; topology.env
// is relative to the working folder.
func (c *Config) UnmarshalJSON(text []byte) (err error) {
	*c, err = c.known().Parse(text, "")
	return err
}
