package runfile

import (
	"reflect"

	"go.yaml.in/yaml/v3"
)

// A ProblemConfig names a [Problem] and keeps the other keys of its mapping for
// whoever builds it: see [ProblemConfig.Decode]. One made in Go has a name only,
// and its builder needs no keys.
type ProblemConfig struct {
	// Name says what is trained. "quadratic" is known here, see [Quadratic]; the
	// keys of any other are checked where it is built.
	Name string

	node *yaml.Node // the mapping without name; nil if made in Go
	file string
}

// Decode fills the struct at into, a pointer, with the keys beside the name.
// Fields are bool, string, numbers, structs and slices of them, with yaml tags;
// a key whose tag has no omitempty must be there. Whatever does not fit, an
// unknown key first of all, is an error in one line with the key and its place.
func (p ProblemConfig) Decode(into any) error {
	_, err := p.decode(into)
	return err
}

// decode is Decode; the decoder knows the places.
func (p ProblemConfig) decode(into any) (*decoder, error) {
	const path = "workload.problem"
	n := p.node
	if n == nil {
		n = &yaml.Node{Kind: yaml.MappingNode}
	}
	d := newDecoder(p.file)
	if err := d.decode(n, reflect.ValueOf(into).Elem(), path); err != nil {
		return nil, err
	}
	return d, d.firstMissing()
}

// MarshalYAML implements yaml.Marshaler.
func (p ProblemConfig) MarshalYAML() (any, error) {
	var key, name yaml.Node
	key.SetString("name")
	name.SetString(p.Name)
	n := &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{&key, &name}}
	if p.node != nil {
		n.Content = append(n.Content, p.node.Content...)
	}
	return n, nil
}

func (p *ProblemConfig) decodeNode(d *decoder, n *yaml.Node, path string) error {
	if n.Kind != yaml.MappingNode {
		return d.fail(n, path, "the key name and those of the problem")
	}
	rest := *n
	rest.Content = nil
	for i := 0; i < len(n.Content); i += 2 {
		key, val := n.Content[i], n.Content[i+1]
		at := join(path, key.Value)
		switch {
		case d.has(at):
			return d.again(key, at)
		case key.Value == "name":
			if err := d.decode(val, reflect.ValueOf(&p.Name).Elem(), at); err != nil {
				return err
			}
		default:
			d.places[at] = d.place(key)
			rest.Content = append(rest.Content, key, val)
		}
	}
	p.node, p.file = &rest, d.file
	return nil
}
