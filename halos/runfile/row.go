package runfile

import (
	"fmt"
	"slices"
	"strings"
)

// A row is a plug of any kind.
type row struct {
	name    string
	keys    []Key
	check   Check
	build   any
	updates func(Values) uint64 // of an accumulator; nil: not known

	gain   func(Values) float64 // of an optimizer; nil: it has no mass
	served bool                 // an optimizer of a server, with lr or mass
}

func (p *Plugs) add(k kind, r row, noBuild bool) {
	switch _, twice := p.find(k, r.name); {
	case p.err != nil:
	case r.name == "":
		p.err = fmt.Errorf("runfile: a row of the %ss has no Name: want the word that stands in run files", k)
	case noBuild:
		p.err = fmt.Errorf("runfile: %s %s has no Build: want a function that makes it", k, r.name)
	case twice:
		p.err = fmt.Errorf("runfile: %s %s is here twice: want one row", k, r.name)
	default:
		p.err = p.objection(k, r)
	}
	p.rows[k] = append(p.rows[k], r)
}

// objection says what is wrong with the keys of r, or nothing.
func (p *Plugs) objection(k kind, r row) error {
	taken := map[string]string{"name": "every plug has"}
	other := -1
	switch k {
	case optimizer:
		taken[rate], taken[mass] = "every optimizer has", "an optimizer of a server has"
	case accumulator, merger:
		taken["optimizer"], taken["accumulator"], taken["merger"] = "the section lps has", "the section lps has", "the section lps has"
		other = int(accumulator + merger - k)
	}
	if other >= 0 {
		for _, o := range p.rows[other] {
			for _, key := range o.keys {
				taken[key.name] = kind(other).String() + " " + o.name + " has"
			}
		}
	}
	for _, key := range r.keys {
		if key.name == "" {
			return fmt.Errorf("runfile: %s %s has a key without a name: want the word that stands in run files", k, r.name)
		}
		if by, bad := taken[key.name]; bad {
			return fmt.Errorf("runfile: %s %s has the key %q, which %s: want another name", k, r.name, key.name, by)
		}
		taken[key.name] = "it has already"
	}
	return nil
}

func (p *Plugs) find(k kind, name string) (row, bool) {
	for _, r := range p.rows[k] {
		if r.name == name {
			return r, true
		}
	}
	return row{}, false
}

// String lists the plugs, one a line: its kind, its name, and its keys with what may
// stand there and the default. A key with "optional" has a default that follows from
// others.
func (p *Plugs) String() string {
	var b strings.Builder
	for k, rows := range p.rows {
		for _, r := range rows {
			fmt.Fprintf(&b, "%s %s", kind(k), r.name)
			for i, key := range r.keys {
				separator := "; "
				if i == 0 {
					separator = ": "
				}
				b.WriteString(separator + key.String())
			}
			b.WriteByte('\n')
		}
	}
	return b.String()
}

func (p *Plugs) names(k kind) []string {
	var names []string
	for _, r := range p.rows[k] {
		names = append(names, r.name)
	}
	return names
}

func (r row) key(name string) (Key, bool) {
	for _, k := range r.keys {
		if k.name == name {
			return k, true
		}
	}
	return Key{}, false
}

// outer returns the row of an optimizer with the keys that it has in a server besides:
// lr and, if it can, mass.
func (r row) outer() row {
	own := []Key{Above(rate, maxLR)}
	if r.gain != nil {
		own = append(own, Number(mass, minMass, maxMass))
	}
	r.keys, r.served = slices.Concat(own, r.keys), true
	return r
}

// ofServer reports whether a key is one of two, of which exactly one is there.
func (r row) ofServer(key string) bool { return r.served && (key == rate || key == mass) }

// oneRate checks that exactly one of lr and mass is there.
func (r row) oneRate(p Params) *mistake {
	lr, hasLR := p[rate]
	m, hasMass := p[mass]
	switch {
	case !r.served:
		return nil
	case hasLR && hasMass && r.gain != nil:
		return &mistake{mass, display(m), "mass or lr, not both: lr is " + display(lr)}
	case !hasLR && r.gain == nil:
		return &mistake{rate, "missing", Above(rate, maxLR).describe()}
	case !hasLR && !hasMass:
		return &mistake{rate, "missing", Above(rate, maxLR).describe() + ", or mass, " + Number(mass, minMass, maxMass).describe()}
	}
	return nil
}

// lr returns the learning rate of a server with so many children, from lr or mass.
func (r row) lr(v Values, children int) float64 {
	if lr, ok := v.m[rate]; ok {
		return lr.(float64)
	}
	return v.Float(mass) / (float64(children) * r.gain(v))
}

// values returns the values of all keys, or the first thing wrong with them.
func (r row) values(p Plug) (Values, *mistake) {
	v := Values{m: make(map[string]any, len(r.keys)), plug: p}
	if bad := r.oneRate(p.Params); bad != nil {
		return v, bad
	}
	for _, k := range r.keys {
		x, there := p.Params[k.name]
		switch {
		case there:
		case r.ofServer(k.name):
			continue
		case !k.optional:
			return v, &mistake{k.name, "missing", k.describe()}
		case k.derived != nil:
			x = k.derived(v)
		default:
			x = k.constant
		}
		checked, bad := k.check(x)
		if bad != nil {
			return v, bad
		}
		v.m[k.name] = checked
	}
	if r.check != nil {
		if key, want := r.check(v); key != "" {
			return v, &mistake{key, display(v.m[key]), want}
		}
	}
	return v, nil
}
