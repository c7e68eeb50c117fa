package runfile

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A fieldError is one thing wrong with a run file, in one line:
//
//	runfile: run.yaml line 12: topology.worker_speeds[1][2] is -0.3: want ...
type fieldError struct {
	place string // where it stands; empty for a Config made in Go
	path  string
	value string
	want  string
}

func (e *fieldError) Error() string {
	s := "runfile: "
	if e.place != "" {
		s += e.place + ": "
	}
	return s + e.path + " is " + e.value + ": want " + e.want
}

// A decoder fills Go values from YAML nodes. It is strict where the YAML
// package is not, or not in one line that names the key: unknown and repeated
// keys, null, numbers in quotes, fractions for whole numbers, overflow,
// infinity and NaN are all errors.
type decoder struct {
	plugs   *Plugs            // those that a name can mean; nil where there are none
	file    string            // how the text is called in errors; may be empty
	places  map[string]string // key path -> where it stands
	missing []*fieldError     // keys that must be there and are not
}

// A nodeDecoder is a type with a form of its own in a run file.
type nodeDecoder interface {
	decodeNode(d *decoder, n *yaml.Node, path string) error
}

func newDecoder(file string, plugs *Plugs) *decoder {
	return &decoder{plugs: plugs, file: file, places: make(map[string]string)}
}

// place says where a node stands.
func (d *decoder) place(n *yaml.Node) string {
	if n.Line == 0 {
		return "Params" // of a Plug made in Go
	}
	return strings.TrimSpace(d.file + " line " + strconv.Itoa(n.Line))
}

// has reports whether the file has the key path.
func (d *decoder) has(path string) bool { return d.places[path] != "" }

// fail returns the error that the node at path is not what is wanted.
func (d *decoder) fail(n *yaml.Node, path, want string) error {
	return &fieldError{d.place(n), path, show(n), want}
}

// again returns the error that a key is there twice.
func (d *decoder) again(key *yaml.Node, path string) error {
	return &fieldError{d.place(key), path, "here again", "it once: it is on " + strings.TrimSpace(strings.TrimPrefix(d.places[path], d.file)) + " already"}
}

// firstMissing returns the error that a key is missing, if one is.
func (d *decoder) firstMissing() error {
	if len(d.missing) == 0 {
		return nil
	}
	return d.missing[0]
}

// locate adds to an error of validation where in the text it is. A value that
// is not in the text at all is missing.
func (d *decoder) locate(err error) error {
	e, ok := errors.AsType[*fieldError](err)
	if !ok || e.place != "" {
		return err
	}
	found := *e
	if !d.has(e.path) {
		found.value = "missing"
	}
	for path := e.path; ; path = path[:max(0, strings.LastIndexAny(path, ".["))] {
		if found.place = d.places[path]; found.place != "" || path == "" {
			return &found
		}
	}
}

// decode fills v from n.
func (d *decoder) decode(n *yaml.Node, v reflect.Value, path string) error {
	if !d.has(path) {
		d.places[path] = d.place(n)
	}
	if own, ok := reflect.TypeAssert[nodeDecoder](v.Addr()); ok {
		return own.decodeNode(d, n, path)
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return d.decode(n, v.Elem(), path)
	case reflect.Struct:
		return d.decodeStruct(n, v, path)
	case reflect.Slice:
		return d.decodeSlice(n, v, path)
	}
	if n.Kind != yaml.ScalarNode || !setScalar(n, v) {
		return d.fail(n, path, describe(v.Type()))
	}
	return nil
}

// each calls f for every key of a mapping, at its key path. No key is there twice.
func (d *decoder) each(n *yaml.Node, path, want string, f func(key, val *yaml.Node, at string) error) error {
	if n.Kind != yaml.MappingNode {
		return d.fail(n, path, want)
	}
	for i := 0; i < len(n.Content); i += 2 {
		key := n.Content[i]
		at := join(path, key.Value)
		if d.has(at) {
			return d.again(key, at)
		}
		d.places[at] = d.place(key)
		if err := f(key, n.Content[i+1], at); err != nil {
			return err
		}
	}
	return nil
}

func (d *decoder) decodeStruct(n *yaml.Node, v reflect.Value, path string) error {
	keys := strings.Join(keysOf(v.Type()), ", ")
	err := d.each(n, path, "the keys "+keys, func(key, val *yaml.Node, at string) error {
		f := fieldOf(v, key.Value)
		if key.Kind != yaml.ScalarNode || !f.IsValid() {
			return &fieldError{d.place(key), at, "unknown", "one of " + keys}
		}
		return d.decode(val, f, at)
	})
	if err != nil {
		return err
	}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		key, optional := tagOf(f)
		if at := join(path, key); !optional && !d.has(at) {
			d.missing = append(d.missing, &fieldError{d.places[path], at, "missing", describe(f.Type)})
		}
	}
	return nil
}

func (d *decoder) decodeSlice(n *yaml.Node, v reflect.Value, path string) error {
	if n.Kind != yaml.SequenceNode {
		return d.fail(n, path, describe(v.Type()))
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
	for i, e := range n.Content {
		if err := d.decode(e, v.Index(i), path+"["+strconv.Itoa(i)+"]"); err != nil {
			return err
		}
	}
	return nil
}

// setScalar sets v to what n says, and reports whether it could.
func setScalar(n *yaml.Node, v reflect.Value) bool {
	tag := n.ShortTag()
	switch {
	case v.Kind() == reflect.Bool:
		v.SetBool(n.Value == "true")
		return tag == "!!bool" && (n.Value == "true" || n.Value == "false")
	case v.Kind() == reflect.String:
		v.SetString(n.Value)
		return tag == "!!str"
	case v.CanInt() && tag == "!!int":
		x, err := strconv.ParseInt(n.Value, 10, v.Type().Bits())
		v.SetInt(x)
		return err == nil
	case v.CanUint() && tag == "!!int":
		x, err := strconv.ParseUint(n.Value, 10, v.Type().Bits())
		v.SetUint(x)
		return err == nil
	case v.CanFloat() && (tag == "!!int" || tag == "!!float"):
		x, err := strconv.ParseFloat(n.Value, v.Type().Bits())
		v.SetFloat(x)
		return err == nil && !math.IsInf(x, 0) && !math.IsNaN(x)
	}
	return false
}

// describe says in words what a run file must have for a value of type t.
func describe(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a word"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return "a whole number"
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return fmt.Sprintf("a whole number from 0 to 2^%d-1", t.Bits())
	case reflect.Float32, reflect.Float64:
		return "a finite number"
	case reflect.Slice:
		return "a list, each element " + describe(t.Elem())
	case reflect.Struct:
		return "the keys " + strings.Join(keysOf(t), ", ")
	case reflect.Pointer:
		return describe(t.Elem())
	}
	panic("runfile: run file decoded into a Go type that it cannot express")
}

// show is n for an error: short, and in one line.
func show(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case n.ShortTag() == "!!null":
		return "empty"
	}
	s := n.Value
	if len(s) > 40 {
		s = strings.ToValidUTF8(s[:40], "") + "..."
	}
	if tag := n.ShortTag(); tag == "!!int" || tag == "!!float" || tag == "!!bool" {
		return s
	}
	return strconv.Quote(s)
}

// join extends a key path.
func join(path, key string) string {
	if strings.ContainsFunc(key, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) || key == "" {
		key = strconv.Quote(key)
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

// tagOf returns the key of a struct field, and whether it may be absent.
func tagOf(f reflect.StructField) (key string, optional bool) {
	key, rest, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	if key == "" {
		key = strings.ToLower(f.Name)
	}
	return key, rest == "omitempty" || key == "-" || !f.IsExported()
}

// fieldOf returns the field of v with that key, or no Value.
func fieldOf(v reflect.Value, key string) reflect.Value {
	for i := range v.NumField() {
		if k, _ := tagOf(v.Type().Field(i)); k == key && k != "-" && v.Type().Field(i).IsExported() {
			return v.Field(i)
		}
	}
	return reflect.Value{}
}

// keysOf returns the keys of a struct type in order.
func keysOf(t reflect.Type) []string {
	var keys []string
	for f := range t.Fields() {
		if k, _ := tagOf(f); k != "-" && f.IsExported() {
			keys = append(keys, k)
		}
	}
	return keys
}
