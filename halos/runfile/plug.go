package runfile

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"go.yaml.in/yaml/v3"
)

// A Plug names a plug that the program knows, see [Plugs], and has its parameters. In
// a run file it is one mapping: the key name, and the parameters beside it.
type Plug struct {
	// Name is that of a row.
	Name string
	// Params are the keys of the row. A key that is absent has its default. An outer
	// optimizer, one of a server, has exactly one of lr and mass besides the keys of its
	// row.
	//
	// lr is above 0, up to 1e9, and is the one in the optimizer's formula. With
	// delayed_nesterov that formula divides by the delay: what is known as 0.2 with a
	// delay of 16 is 3.2 here.
	//
	// mass, 1e-9 to 1e9, is how far an update of each child moves the model in the long
	// run. With 1 the server adds the plain mean of its children's updates, with 2 twice
	// that. A mass means the same for other numbers of workers and regions, and beside
	// another momentum or delay, and an lr does not:
	//
	//	lr = mass * delay * (1 - beta) / children
	//
	// beta is the momentum of heavy_ball and nesterov; where an optimizer has no beta it
	// is 0, and where it has no delay that is 1. children are those of the server in the
	// run file: the workers of this LPS, so that LPSs of different size get different
	// rates; the servers below one of topology.levels; the LPSs below the GPS; all
	// workers of [AsyncLocalSGD]. Workers that leave or join during a run do not change
	// it. The server of [DiLoCo] applies the mean of a round, so there children is 1.
	// adamw has no mass. [Node].LR is what came out.
	//
	// An inner optimizer takes its rate from worker.lr_schedule and has neither.
	Params Params

	node *yaml.Node // the mapping without name, as long as Params are not made of it
	file string
}

// Params are values by key: numbers of any type, bool, string or []float64. A Config
// and its copies share them.
type Params map[string]any

// Decode fills the struct at into, a pointer, with the keys beside the name. It is for
// a problem that this package does not know, or whose row has no Keys. Fields are
// bool, string, numbers, structs and slices of them, with yaml tags; a key whose tag
// has no omitempty must be there. Whatever does not fit, an unknown key first of all,
// is an error in one line with the key and its place.
func (p Plug) Decode(into any) error {
	const path = "workload.problem"
	n := p.node
	if n == nil {
		n = &yaml.Node{Kind: yaml.MappingNode}
		if err := appendParams(n, p.Params); err != nil {
			return fmt.Errorf("runfile: %s: Params: %w", path, err)
		}
	}
	d := newDecoder(p.file, nil)
	if err := d.decode(n, reflect.ValueOf(into).Elem(), path); err != nil {
		return err
	}
	return d.firstMissing()
}

// MarshalYAML implements yaml.Marshaler: the name, lr or mass, and the rest in the order
// of the alphabet.
func (p Plug) MarshalYAML() (any, error) {
	n := &yaml.Node{Kind: yaml.MappingNode}
	if err := appendKey(n, "name", p.Name); err != nil {
		return nil, err
	}
	if err := appendParams(n, p.Params); err != nil {
		return nil, err
	}
	if p.node != nil {
		n.Content = append(n.Content, p.node.Content...)
	}
	return n, nil
}

func appendParams(n *yaml.Node, params Params) error {
	keys := slices.Sorted(maps.Keys(params))
	for _, first := range []string{mass, rate} {
		if i := slices.Index(keys, first); i >= 0 {
			keys = slices.Insert(slices.Delete(keys, i, i+1), 0, first)
		}
	}
	for _, key := range keys {
		if err := appendKey(n, key, params[key]); err != nil {
			return err
		}
	}
	return nil
}

func appendKey(n *yaml.Node, key string, x any) (err error) {
	defer func() {
		if recover() != nil { // so does the YAML package say it of a function
			err = fmt.Errorf("%s is %s: want what a run file can say", key, display(x))
		}
	}()
	var word, val yaml.Node
	word.SetString(key)
	err = val.Encode(x)
	if val.Kind == yaml.SequenceNode {
		val.Style = yaml.FlowStyle
	}
	n.Content = append(n.Content, &word, &val)
	return err
}

func (p *Plug) decodeNode(d *decoder, n *yaml.Node, path string) error {
	p.node, p.file = &yaml.Node{Kind: yaml.MappingNode, Line: n.Line}, d.file
	return d.each(n, path, "the key name and those of what it names", func(key, val *yaml.Node, at string) error {
		if key.Value == "name" {
			return d.decode(val, reflect.ValueOf(&p.Name).Elem(), at)
		}
		p.node.Content = append(p.node.Content, key, val)
		return nil
	})
}

// MarshalYAML implements yaml.Marshaler. Names that are the default are left out.
func (l LPS) MarshalYAML() (any, error) {
	n := &yaml.Node{Kind: yaml.MappingNode}
	if err := appendKey(n, "optimizer", l.Optimizer); err != nil {
		return nil, err
	}
	for _, p := range l.parts() {
		if p.plug.Name != "" && p.plug.Name != p.fallback {
			if err := appendKey(n, p.key, p.plug.Name); err != nil {
				return nil, err
			}
		}
		if err := appendParams(n, p.plug.Params); err != nil {
			return nil, err
		}
	}
	return n, nil
}

func (l *LPS) decodeNode(d *decoder, n *yaml.Node, path string) error {
	into := map[string]reflect.Value{
		"optimizer": reflect.ValueOf(&l.Optimizer).Elem(), "accumulator": reflect.ValueOf(&l.Accumulator.Name).Elem(), "merger": reflect.ValueOf(&l.Merger.Name).Elem(),
	}
	l.node = &yaml.Node{Kind: yaml.MappingNode, Line: n.Line}
	return d.each(n, path, "the keys optimizer and those of an accumulator and a merger", func(key, val *yaml.Node, at string) error {
		if v, ok := into[key.Value]; ok {
			return d.decode(val, v, at)
		}
		l.node.Content = append(l.node.Content, key, val)
		return nil
	})
}
