package runfile

import (
	"fmt"
	"math"
	"math/bits"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// A Key is a key of a plug in a run file: its name, what may stand there, and what it
// is when it is absent. [Number], [Above], [Factor], [Whole], [Flag] and [Word] make
// one, which must be there; [Key.Or], [Key.OrFrom] and [Key.List] change it.
type Key struct {
	name     string
	typ      reflect.Type
	want     string           // what may stand there, in words
	fits     func(x any) bool // x is of typ
	n        int              // if not 0, it is a list of so many
	optional bool             // it may be absent, and is then:
	constant any              // this value
	derived  func(Values) any // or, if not nil, what this returns
}

// Number is a finite number from lo to hi: a float64.
func Number(name string, lo, hi float64) Key {
	return number(name, num(lo)+" to "+num(hi), func(x float64) bool { return x >= lo && x <= hi })
}

// Above is a number above 0 and up to hi: a float64.
func Above(name string, hi float64) Key {
	return number(name, "above 0, up to "+num(hi), func(x float64) bool { return x > 0 && x <= hi })
}

// Factor is a number that keeps a share of the past, at least 0 and below 1: a float64.
func Factor(name string) Key {
	return number(name, "at least 0, below 1", func(x float64) bool { return x >= 0 && x < 1 })
}

func number(name, want string, fits func(float64) bool) Key {
	return Key{name: name, typ: reflect.TypeFor[float64](), want: want, fits: func(x any) bool { return fits(x.(float64)) }}
}

// Whole is a whole number from lo to hi: a uint64.
func Whole(name string, lo, hi uint64) Key {
	return Key{name: name, typ: reflect.TypeFor[uint64](), want: bound(lo) + " to " + bound(hi),
		fits: func(x any) bool { return x.(uint64) >= lo && x.(uint64) <= hi }}
}

// Flag is true or false: a bool.
func Flag(name string) Key {
	return Key{name: name, typ: reflect.TypeFor[bool](), want: "true or false", fits: func(any) bool { return true }}
}

// Word is one of words, or any text if none is given: a string.
func Word(name string, words ...string) Key {
	k := Key{name: name, typ: reflect.TypeFor[string](), want: "a word", fits: func(any) bool { return true }}
	if len(words) > 0 {
		k.want = "one of " + strings.Join(words, ", ")
		k.fits = func(x any) bool { return slices.Contains(words, x.(string)) }
	}
	return k
}

// List is a list of n such numbers: a []float64. It is for [Number], [Above] and [Factor].
func (k Key) List(n int) Key {
	k.n = n
	return k
}

// Or lets the key be absent: it is x then, of the type that belongs to the key or, for
// a number, of any number type.
func (k Key) Or(x any) Key {
	k.optional, k.constant, k.derived = true, x, nil
	return k
}

// OrFrom is Or with a default that follows from the keys before this one in the row.
func (k Key) OrFrom(f func(before Values) any) Key {
	k.optional, k.constant, k.derived = true, nil, f
	return k
}

// String is the key with what may stand there and its default.
func (k Key) String() string {
	s := k.name + " " + k.describe()
	switch {
	case k.derived != nil:
		s += ", optional"
	case k.optional:
		s += ", default " + display(k.constant)
	}
	return s
}

// sort returns the type of the value.
func (k Key) sort() reflect.Type {
	if k.n > 0 {
		return reflect.SliceOf(k.typ)
	}
	return k.typ
}

// describe says in words what the value must be.
func (k Key) describe() string {
	if k.n > 0 {
		return fmt.Sprintf("a list of %d, each %s", k.n, k.want)
	}
	return k.want
}

// A mistake is what is wrong with the value of a key.
type mistake struct{ key, value, want string }

// check returns x as the type of the key, or what is wrong with it.
func (k Key) check(x any) (any, *mistake) {
	v, ok := convert(x, k.sort())
	if !ok {
		return nil, &mistake{k.name, display(x), k.describe()}
	}
	if k.n == 0 {
		if !k.fits(v) {
			return nil, &mistake{k.name, display(v), k.want}
		}
		return v, nil
	}
	elements := reflect.ValueOf(v)
	if n := elements.Len(); n != k.n {
		return nil, &mistake{k.name, list(n), k.describe()}
	}
	for i := range k.n {
		if e := elements.Index(i).Interface(); !k.fits(e) {
			return nil, &mistake{index(k.name, i), display(e), k.want}
		}
	}
	return v, nil
}

// convert returns x as a value of type t, if it is one but for the kind of number.
func convert(x any, t reflect.Type) (any, bool) {
	v := reflect.ValueOf(x)
	switch {
	case !v.IsValid():
		return nil, false
	case v.Type() == t:
		return x, true
	case t.Kind() == reflect.Float64 && v.CanInt():
		return float64(v.Int()), true
	case t.Kind() == reflect.Float64 && v.CanUint():
		return float64(v.Uint()), true
	case t.Kind() == reflect.Float64 && v.CanFloat():
		return v.Float(), true
	case t.Kind() == reflect.Uint64 && v.CanInt() && v.Int() >= 0:
		return uint64(v.Int()), true
	case t.Kind() == reflect.Uint64 && v.CanUint():
		return v.Uint(), true
	}
	return nil, false
}

// display is a value for an error.
func display(x any) string {
	v := reflect.ValueOf(x)
	switch {
	case !v.IsValid():
		return "nil"
	case v.Kind() == reflect.String:
		return strconv.Quote(v.String())
	case v.Kind() == reflect.Slice:
		return list(v.Len())
	case v.CanFloat():
		return num(v.Float())
	case v.CanInt() || v.CanUint() || v.Kind() == reflect.Bool:
		return fmt.Sprint(x)
	}
	return "a Go " + v.Type().String()
}

// bound is a bound of a whole number: 2^30 and not 1073741824.
func bound(x uint64) string {
	if x >= 1<<20 && x&(x-1) == 0 {
		return "2^" + strconv.Itoa(bits.Len64(x)-1)
	}
	if x == math.MaxUint64 {
		return "2^64-1"
	}
	return whole(x)
}

// Values are the parameters of a plug, for its Build: all keys of its row, checked,
// with the defaults of those that were absent. A method panics for a key that the row
// does not have or that has another type.
type Values struct {
	m    map[string]any
	plug Plug
}

// Float returns a [Number], an [Above] or a [Factor].
func (v Values) Float(key string) float64 { return value[float64](v, key) }

// Floats returns a list of them; it belongs to the caller.
func (v Values) Floats(key string) []float64 { return slices.Clone(value[[]float64](v, key)) }

// Count returns a [Whole].
func (v Values) Count(key string) uint64 { return value[uint64](v, key) }

// Int returns a [Whole] whose bounds fit into an int.
func (v Values) Int(key string) int { return int(value[uint64](v, key)) }

// Flag returns a [Flag].
func (v Values) Flag(key string) bool { return value[bool](v, key) }

// Word returns a [Word].
func (v Values) Word(key string) string { return value[string](v, key) }

// Decode is [Plug.Decode], for the Build of a row without Keys.
func (v Values) Decode(into any) error { return v.plug.Decode(into) }

func value[T any](v Values, key string) T {
	x, ok := v.m[key].(T)
	if !ok {
		panic("runfile: Values is asked for a key that the row does not have, or that has another type")
	}
	return x
}
