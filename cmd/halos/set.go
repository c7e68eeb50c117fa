package main

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/halos-go/sdk/halos/runfile"
)

// A setting is a --set: a key of the run file and its value.
type setting struct{ key, value string }

// parseSettings splits each KEY=VALUE.
func parseSettings(args []string) ([]setting, error) {
	var all []setting
	for _, arg := range args {
		key, value, ok := strings.Cut(arg, "=")
		if key = strings.TrimSpace(key); !ok || key == "" {
			return nil, fmt.Errorf("--set is %q: want KEY=VALUE, as in lps.accumulate=32", arg)
		}
		all = append(all, setting{key, value})
	}
	return all, nil
}

// assign sets a key, which may be new, to a value in YAML.
func (f *runFile) assign(s setting) error {
	var value yaml.Node
	if err := yaml.Unmarshal([]byte(s.value), &value); err != nil {
		return fmt.Errorf("%s is %q: want a value in YAML (%w)", s.key, s.value, err)
	}
	if len(value.Content) == 0 {
		return fmt.Errorf("%s is %q: want a value", s.key, s.value)
	}
	n, names := f.doc.Content[0], strings.Split(s.key, ".")
	for i, name := range names {
		if n.Kind != yaml.MappingNode {
			return fmt.Errorf("%s: there are no keys in %s", s.key, strings.Join(names[:i], "."))
		}
		next := child(n, name)
		if next == nil {
			var word yaml.Node
			word.SetString(name)
			next = &yaml.Node{Kind: yaml.MappingNode}
			n.Content = append(n.Content, &word, next)
		}
		n = next
	}
	*n = *value.Content[0]
	return nil
}

// remove removes a key, if it is there.
func (f *runFile) remove(key string) {
	dot := strings.LastIndexByte(key, '.')
	section := f.find(key[:dot])
	for i := 0; section != nil && section.Kind == yaml.MappingNode && i < len(section.Content); i += 2 {
		if section.Content[i].Value == key[dot+1:] {
			section.Content = slices.Delete(section.Content, i, i+2)
			return
		}
	}
}

// changed returns m with the run file changed.
func (m method) changed(change func(*runFile) error) (method, error) {
	f, err := parseRunFile(m)
	if err != nil {
		return m, err
	}
	if err := change(f); err != nil {
		return m, err
	}
	if m.text, err = f.text(); err != nil {
		return m, err
	}
	m.cfg, err = runfile.Parse(m.text, m.dir)
	return m, err
}

// set returns m with the settings of --set.
func (m method) set(settings []setting) (method, error) {
	m, err := m.with(settings)
	if err != nil {
		err = fmt.Errorf("--set: %w", err)
	}
	return m, err
}

// with returns m with the settings.
func (m method) with(settings []setting) (method, error) {
	if len(settings) == 0 {
		return m, nil
	}
	parsed := false
	set, err := m.changed(func(f *runFile) error {
		for _, s := range settings {
			if err := f.assign(s); err != nil {
				return err
			}
		}
		parsed = true
		return nil
	})
	if err != nil && parsed {
		err = m.explain(err, settings)
	}
	return set, err
}

// place is the line of an error in a run file whose lines nobody has seen.
var place = regexp.MustCompile(`^runfile: (line \d+: |Params: )?`)

// explain is an error about a run file that settings have changed. To one about an
// unknown key it adds the nearest that m could have.
func (m method) explain(err error, settings []setting) error {
	text := place.ReplaceAllString(err.Error(), "")
	key, what, _ := strings.Cut(text, " is ")
	if strings.HasPrefix(what, "unknown: ") || strings.HasPrefix(what, "no key of ") {
		for _, s := range settings {
			if s.key == key || strings.HasPrefix(s.key, key+".") {
				key = s.key
			}
		}
		text += ": the nearest to " + key + " is " + nearest(key, append(m.keys(), listed(key, what)...))
	}
	return errors.New(text)
}

// listed returns the keys in an error about a key, beside it.
func listed(key, what string) []string {
	_, list, ok := strings.Cut(what, "want one of ")
	if !ok {
		return nil
	}
	section := key[:strings.LastIndexByte(key, '.')+1]
	var keys []string
	for name := range strings.SplitSeq(list, ", ") {
		keys = append(keys, section+name)
	}
	return keys
}

// keys returns the keys that the run file has, and those of the sections that it has.
func (m method) keys() []string {
	f, err := parseRunFile(m)
	if err != nil {
		return nil
	}
	keys := leaves(f.doc.Content[0], "")
	for _, key := range fieldsOf(reflect.TypeFor[runfile.Config](), "") {
		if dot := strings.LastIndexByte(key, '.'); dot < 0 || f.find(key[:dot]) != nil {
			keys = append(keys, key)
		}
	}
	return keys
}

// leaves returns the keys under n that have a value without keys.
func leaves(n *yaml.Node, path string) []string {
	if n.Kind != yaml.MappingNode {
		return []string{strings.TrimPrefix(path, ".")}
	}
	var keys []string
	for i := 0; i < len(n.Content); i += 2 {
		keys = append(keys, leaves(n.Content[i+1], path+"."+n.Content[i].Value)...)
	}
	return keys
}

// fieldsOf returns the keys of a struct type, and those under them.
func fieldsOf(t reflect.Type, path string) []string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	var keys []string
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if name == "" || name == "-" {
			continue
		}
		keys = append(keys, path+name)
		keys = append(keys, fieldsOf(f.Type, path+name+".")...)
	}
	return keys
}

// nearest returns the other key that is the easiest to make of key. One of another
// section is near if its last word is.
func nearest(key string, keys []string) string {
	cut := func(key string) (section, last string) {
		dot := strings.LastIndexByte(key, '.') + 1
		return key[:dot], key[dot:]
	}
	section, last := cut(key)
	best, least := "", math.MaxInt
	for _, k := range keys {
		s, l := cut(k)
		d := distance(last, l)
		if s != section {
			d = min(d+2, distance(key, k))
		}
		if k != key && d < least {
			best, least = k, d
		}
	}
	return best
}

// distance is what it costs to make b of a: 1 to insert a letter, as most mistakes leave
// letters out, and 2 to delete or replace one.
func distance(a, b string) int {
	row := make([]int, len(b)+1) // of the letters of a so far
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = 2 * (i + 1)
		for j := range len(b) {
			replaced := before
			if a[i] != b[j] {
				replaced += 2
			}
			before = row[j+1]
			row[j+1] = min(replaced, before+2, row[j]+1)
		}
	}
	return row[len(b)]
}
