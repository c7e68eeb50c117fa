package runfile

import (
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Some parts of a run file have different keys depending on a word in them:
// what belongs to adamw is an error beside sgd. variantKeys lists the keys of
// one such word, separated by blanks; those with a ? may be absent.
type variantKeys string

// each calls f for every key until it returns false.
func (k variantKeys) each(f func(key string, optional bool) bool) {
	for s := range strings.FieldsSeq(string(k)) {
		key, optional := strings.CutSuffix(s, "?")
		if !f(key, optional) {
			return
		}
	}
}

func (k variantKeys) has(key string) (found bool) {
	k.each(func(s string, _ bool) bool {
		found = s == key
		return !found
	})
	return found
}

func (k variantKeys) String() string {
	return strings.Join(strings.Fields(strings.ReplaceAll(string(k), "?", "")), ", ")
}

// checkVariant checks that the mapping n has the keys of its variant and no other.
func (d *decoder) checkVariant(n *yaml.Node, path, name string, keys variantKeys) error {
	for i := 0; i < len(n.Content); i += 2 {
		if k := n.Content[i]; !keys.has(k.Value) {
			return &fieldError{d.place(k), join(path, k.Value), "no key of " + name, "one of " + keys.String()}
		}
	}
	keys.each(func(key string, optional bool) bool {
		if at := join(path, key); !optional && !d.has(at) {
			d.missing = append(d.missing, &fieldError{d.places[path], at, "missing", "the keys " + keys.String()})
		}
		return true
	})
	return nil
}

// foreignKey returns the key of the first field of the struct v that is set and
// does not belong to its variant, or "".
func foreignKey(v any, keys variantKeys) string {
	s := reflect.ValueOf(v)
	for i := range s.NumField() {
		if key, _ := tagOf(s.Type().Field(i)); !s.Field(i).IsZero() && !keys.has(key) {
			return key
		}
	}
	return ""
}

// marshalVariant encodes the fields of the struct v that belong to its variant,
// zero or not, so that reading them again gives v.
func marshalVariant(v any, keys variantKeys) (*yaml.Node, error) {
	n := &yaml.Node{Kind: yaml.MappingNode}
	var err error
	keys.each(func(key string, optional bool) bool {
		f := fieldOf(reflect.ValueOf(v), key)
		if optional && f.IsZero() {
			return true
		}
		var word, val yaml.Node
		word.SetString(key)
		err = val.Encode(f.Interface())
		n.Content = append(n.Content, &word, &val)
		return err == nil
	})
	return n, err
}

// decodeVariant fills the struct at v, a pointer, from n and then checks the
// keys of the variant it turned out to be. An unknown variant has no keys; it
// is left to validation.
func (d *decoder) decodeVariant(n *yaml.Node, v any, path string, variant func() (string, variantKeys)) error {
	if err := d.decode(n, reflect.ValueOf(v).Elem(), path); err != nil {
		return err
	}
	name, keys := variant()
	if keys == "" {
		return nil
	}
	return d.checkVariant(n, path, name, keys)
}
