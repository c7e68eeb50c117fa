package ptx

import (
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/backend"
	"github.com/halos-go/sdk/kernels/cuda/ptx/internal/ptxi"
)

// sizes are those around the ends of threads' work: fours, warps, blocks of Int8.
var sizes = []int{0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 127, 128, 190, 255, 256, 257, 509, 511, 1003}

// ops is the Op of each kernel that does one.
var ops = func() map[string]backend.Op {
	m := map[string]backend.Op{"decode": backend.OpCopy}
	for _, op := range backend.Ops() {
		m[op.String()] = op
	}
	return m
}()

// opOf returns the Op of k, if it does one.
func opOf(k Kernel) (backend.Op, bool) {
	op, ok := ops[strings.TrimSuffix(k.Name, suffix(k.Form))]
	return op, ok
}

// numbers draws those of an op: of divisors some are powers of two.
func numbers(r *rand.Rand, op backend.Op) (s [8]float32) {
	for i, name := range op.Numbers() {
		switch name {
		case "n":
			s[i] = []float32{1, 2, 3, 4, 7, 1 << 30, 1 << 31}[r.IntN(7)]
		default:
			s[i] = []float32{0, 1, -0.5, 0.9, 0x1p-20, float32(r.Float64()), float32(r.Float64())}[r.IntN(7)]
		}
	}
	return s
}

// Every kernel does what its Op does in ordinary memory, to the bit, and writes all of
// what it changes and nothing else.
func TestKernels(t *testing.T) {
	for i, k := range Kernels() {
		op, ok := opOf(k)
		if !ok {
			continue // it encodes: see form_test.go
		}
		t.Run(k.Name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(uint64(i), 1))
			for _, n := range sizes {
				check(t, interpreter, k, call(r, k, op, n))
			}
		})
	}
}

// call draws a call of n elements that k can do.
func call(r *rand.Rand, k Kernel, op backend.Op, n int) backend.Call {
	c := backend.Call{Op: op, Form: k.Form, Numbers: numbers(r, op)}
	for i := range op.Vectors() {
		c.Vectors[i] = values(r, n)
	}
	if k.Form != 0 {
		c.Vectors[len(op.Vectors())-1] = nil
		c.Packed = make([]byte, k.Form.Size(n))
		for i := range c.Packed {
			c.Packed[i] = byte(r.Uint32()) // any bytes are the form of some vector
		}
	}
	return c
}

// check has a machine do what is called, and package kernels.
func check(t *testing.T, run machine, k Kernel, c backend.Call) {
	t.Helper()
	n := len(c.Vectors[0])
	buffers := make([][]byte, len(k.Vectors))
	for i := range buffers {
		buffers[i] = toBytes(c.Vectors[i])
	}
	if k.Form != 0 {
		buffers[len(buffers)-1] = c.Packed
	}
	written := run(t, k.Name, 1+n%3, block(n), buffers, n, c.Numbers[:len(k.Numbers)])
	kernels.CPU{}.Run(c)
	for i := range k.Changed {
		compare(t, fmt.Sprintf("%d elements, numbers %v, %s", n, c.Numbers, k.Vectors[i]), toFloats(buffers[i]), c.Vectors[i])
	}
	for i, bytes := range written {
		if i < k.Changed && bytes != len(buffers[i]) || i >= k.Changed && bytes != 0 {
			t.Fatalf("%d elements: %d of %d bytes of %s are written", n, bytes, len(buffers[i]), k.Vectors[i])
		}
	}
}

// block is the number of threads of a block: many, or one, which does all of the rest
// of a vector, here three elements.
func block(n int) int {
	if n%4 == 3 {
		return 1
	}
	return 64
}

var definition = regexp.MustCompile(`KERNEL (\w+)(?:##(FORM))?\(([^)]*)\)`)

// defined returns the kernels of the source and the names of their parameters.
func defined(t *testing.T) map[string][]string {
	t.Helper()
	var source []byte
	for _, file := range []string{"delayed.h", "kernels.cu", "reduce.h"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		source = append(source, text...)
	}
	all := map[string][]string{}
	for _, m := range definition.FindAllStringSubmatch(string(source), -1) {
		var params []string
		for p := range strings.SplitSeq(m[3], ",") {
			params = append(params, p[strings.LastIndexAny(p, " *")+1:])
		}
		all[m[1]] = params
		if m[2] != "" {
			all[m[1]+"BFloat16"], all[m[1]+"Int8"] = params, params
		}
	}
	return all
}

// The text, its source and the table have the same kernels, with the same arguments in
// the same order, which for an Op are its own. No Op is left out but those that the
// table says.
func TestTable(t *testing.T) {
	entries, source, list := parsed(t), defined(t), Kernels()
	for _, op := range backend.Ops() {
		has := slices.ContainsFunc(list, func(k Kernel) bool { return k.Name == op.String() })
		copies := op == backend.OpCopy || strings.HasPrefix(op.String(), "mean")
		if has == copies {
			t.Errorf("%v: the table has it: %t", op, has)
		}
	}
	for _, k := range list {
		checkParams(t, k.Name, source[k.Name], slices.Concat(k.Vectors, []string{"count"}, k.Numbers))
		checkParams(t, k.Name, types(entries[k.Name]), slices.Concat(slices.Repeat([]string{"u64"}, len(k.Vectors)+1), slices.Repeat([]string{"f32"}, len(k.Numbers))))
	}
	for name, params := range map[string]string{"dot": "x y sums count", "finite": "x flag count"} {
		checkParams(t, name, source[name], strings.Fields(params))
		checkParams(t, name, types(entries[name]), slices.Repeat([]string{"u64"}, len(source[name])))
	}
	if n := len(list) + 2; len(entries) != n || len(source) != n {
		t.Errorf("the text has %d kernels, its source %d, the table and the reductions are %d", len(entries), len(source), n)
	}
}

func checkParams(t *testing.T, name string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s has parameters %v, want %v", name, got, want)
	}
}

// types is those of the parameters; none if there is no kernel.
func types(k *ptxi.Kernel) []string {
	if k == nil {
		return nil
	}
	return k.Params
}

// A division branches, and no compiler moves a load over a branch: memory would wait
// for arithmetic. So all that a loop loads stands before what it divides.
func TestLoadsFirst(t *testing.T) {
	divided := ""
	for line := range strings.Lines(Text) {
		switch op, _, _ := strings.Cut(strings.TrimSpace(line), " "); {
		case strings.HasPrefix(op, "div.") || strings.HasPrefix(op, "sqrt."):
			divided = line
		case strings.HasPrefix(op, "$L") || strings.HasPrefix(op, "//"):
			divided = ""
		case strings.HasPrefix(op, "ld.global") && divided != "":
			t.Errorf("%s stands behind%s", strings.TrimSpace(line), divided)
		}
	}
}

// dst of delta may be one of the others.
func TestDeltaInPlace(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, place := range []int{0, 1} {
		v := [][]float32{values(r, 1003), values(r, 1003)}
		want := make([]float32, 1003)
		kernels.Delta(want, v[0], v[1])
		b := [][]byte{toBytes(v[0]), toBytes(v[1])}
		interpreter(t, "delta", 2, 64, [][]byte{b[place], b[0], b[1]}, 1003, nil)
		compare(t, "delta", toFloats(b[place]), want)
	}
}

// Up to three elements may begin anywhere.
func TestFewElementsAnywhere(t *testing.T) {
	for _, k := range Kernels() {
		if k.Form != 0 {
			continue
		}
		var m ptxi.Memory
		var arguments []uint64
		for i := range k.Vectors {
			arguments = append(arguments, m.Add(make([]byte, 32))+4*uint64(1+i%3))
		}
		arguments = append(append(arguments, 3), make([]uint64, len(k.Numbers))...)
		if err := parsed(t)[k.Name].Launch(&m, 1, 32, arguments...); err != nil {
			t.Error(err)
		}
	}
}

// What goes wrong on a card is an error here.
func TestMistakesOfCallers(t *testing.T) {
	sgd := parsed(t)["sgd"]
	var m ptxi.Memory
	p, g := m.Add(make([]byte, 4*64)), m.Add(make([]byte, 4*64))
	for _, c := range []struct {
		why  string
		args []uint64
	}{
		{"out of bounds", []uint64{p, g, 65, 0}},
		{"out of bounds", []uint64{p, g, 68, 0}},
		{"out of bounds", []uint64{0, g, 64, 0}},
		{"not aligned", []uint64{p + 4, g, 60, 0}},
		{"not aligned", []uint64{p, g + 8, 60, 0}},
		{"read as constant", []uint64{p, p, 64, 0}},
		{"3 arguments for 4", []uint64{p, g, 64}},
	} {
		if err := sgd.Launch(&m, 1, 32, c.args...); err == nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%#x: want %q, got %v", c.args, c.why, err)
		}
	}
}
