package runfile

import (
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// rate and mass are the keys of an outer optimizer that say how far it steps.
const (
	rate = "lr"
	mass = "mass"
)

// A section is a mapping of a run file with the parameters of one plug, or of two.
type section struct {
	path  string
	parts []part
	keys  []string    // it has besides the parameters
	node  **yaml.Node // the parameters, as long as they are not in the plugs
	inner bool        // its optimizer takes the learning rate from the schedule
}

// A part is one of the plugs of a section.
type part struct {
	kind     kind
	key      string // of the name
	fallback string // the name, if it is absent
	plug     *Plug
}

// name returns the name of the plug.
func (p part) name() string {
	if p.plug.Name == "" {
		return p.fallback
	}
	return p.plug.Name
}

// sections returns the sections of plugs that c has.
func (c *Config) sections() []section {
	one := func(path string, k kind, p *Plug) section {
		return section{path: path, parts: []part{{k, "name", "", p}}, keys: []string{"name"}, node: &p.node}
	}
	all := []section{
		one("workload.problem", problem, &c.Workload.Problem),
		one("worker.optimizer", optimizer, &c.Worker.Optimizer),
		one("worker.lr_schedule", schedule, &c.Worker.LRSchedule),
	}
	all[1].inner = true
	if l := c.LPS; l != nil {
		all = append(all, one("lps.optimizer", optimizer, &l.Optimizer),
			section{path: "lps", parts: l.parts(), keys: []string{"optimizer", "accumulator", "merger"}, node: &l.node})
	}
	if c.GPS != nil {
		all = append(all, one("gps.optimizer", optimizer, &c.GPS.Optimizer))
	}
	if c.Server != nil {
		all = append(all, one("server.optimizer", optimizer, &c.Server.Optimizer))
	}
	return all
}

// parts returns the plugs whose parameters are in the section lps itself.
func (l *LPS) parts() []part {
	return []part{{accumulator, "accumulator", "every", &l.Accumulator}, {merger, "merger", "mix", &l.Merger}}
}

// rows returns the rows of the section's plugs.
func (s section) rows(p *Plugs) ([]row, *fieldError) {
	var rows []row
	for _, part := range s.parts {
		r, ok := p.find(part.kind, part.name())
		if !ok {
			return nil, &fieldError{path: s.path + "." + part.key, value: strconv.Quote(part.plug.Name), want: "one of " + strings.Join(p.names(part.kind), ", ")}
		}
		if part.kind == optimizer && !s.inner {
			r = r.outer()
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// foreign returns the error that a key, with its value, belongs to none of rows.
func (s section) foreign(key, value string, rows []row) *fieldError {
	if s.inner && (key == rate || key == mass) {
		return &fieldError{path: s.path + "." + key, value: value, want: "none: the rate comes from worker.lr_schedule"}
	}
	keys, names := slices.Clone(s.keys), make([]string, len(rows))
	for i, r := range rows {
		names[i] = r.name
		if len(s.keys) > 1 { // then a name says little without its kind
			names[i] = s.parts[i].key + " " + r.name
		}
		for _, k := range r.keys {
			keys = append(keys, k.name)
		}
	}
	want := "one of " + strings.Join(keys, ", ")
	if len(keys) == 1 {
		want = "no key but " + keys[0]
	}
	return &fieldError{path: join(s.path, key), value: "no key of " + strings.Join(names, " and "), want: want}
}

// unknown reports whether the section is that of a problem which the program does not
// name to this package: whoever builds it checks the keys, see [Plug.Decode].
func (s section) unknown(p *Plugs) bool {
	if s.parts[0].kind != problem {
		return false
	}
	r, ok := p.find(problem, s.parts[0].plug.Name)
	return s.parts[0].plug.Name != "" && (!ok || r.keys == nil)
}

// resolve makes the parameters of all plugs from what is in the file.
func (d *decoder) resolve(c *Config) error {
	for _, s := range c.sections() {
		n := *s.node
		if n == nil || s.unknown(d.plugs) {
			continue
		}
		rows, bad := s.rows(d.plugs)
		if bad != nil {
			return d.locate(bad)
		}
		for i, part := range s.parts {
			part.plug.Name, part.plug.Params = rows[i].name, make(Params)
		}
		for i := 0; i < len(n.Content); i += 2 {
			if err := d.resolveKey(s, rows, n.Content[i].Value, n.Content[i+1]); err != nil {
				return err
			}
		}
		*s.node = nil
	}
	return nil
}

func (d *decoder) resolveKey(s section, rows []row, key string, val *yaml.Node) error {
	for i, r := range rows {
		k, ok := r.key(key)
		if !ok {
			continue
		}
		x := reflect.New(k.sort()).Elem()
		if err := d.decode(val, x, join(s.path, key)); err != nil {
			return err
		}
		s.parts[i].plug.Params[key] = x.Interface()
		return nil
	}
	return d.locate(s.foreign(key, show(val), rows))
}

// validate checks the plugs of the section.
func (s section) validate(v *validator, p *Plugs) {
	if s.unknown(p) {
		return
	}
	rows, bad := s.rows(p)
	if bad != nil {
		v.fail(bad.path, bad.value, bad.want)
		return
	}
	for i, part := range s.parts {
		params, one := part.plug.Params, s
		one.parts = s.parts[i : i+1]
		for _, key := range slices.Sorted(maps.Keys(params)) {
			if _, ok := rows[i].key(key); !ok {
				bad := one.foreign(key, display(params[key]), rows[i:i+1])
				v.fail(bad.path, bad.value, bad.want)
			}
		}
		if _, m := rows[i].values(*part.plug); m != nil {
			v.fail(s.path+"."+m.key, m.value, m.want)
		}
	}
}
