// Package ptxi executes kernels in PTX, the assembly language of NVIDIA's GPUs, so
// that a text can be tested where there is no GPU.
//
// It knows what the kernels of package ptx are made of, and nothing else: an
// instruction, or a suffix of one, that is not in its tables is an error. So is
// arithmetic on floats without .rn, which says that it is rounded by itself, and not
// fused with the next. Every access to memory is checked for bounds and alignment, and
// against those of other threads, whose order is not defined.
//
// The results of float32 operations are those of a GPU: IEEE 754 with denormals, and
// one NaN, 0x7fffffff. Those of float64 are too, but for which NaN a NaN is.
package ptxi

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// A Kernel is an entry of a PTX text.
type Kernel struct {
	Name   string
	Params []string // types, such as u64
	Block  int      // most threads of a block, from .maxntid; 0 if the text does not say

	code  []instr
	slots int // values that a thread has: special registers, parameters, registers
}

// Special registers, by their slots.
var special = map[string]int{"%tid.x": 0, "%ntid.x": 1, "%ctaid.x": 2, "%nctaid.x": 3}

// maxRegisters bounds what a text may declare.
const maxRegisters = 1 << 16

type parser struct {
	kernels []*Kernel
	k       *Kernel // the one being read
	state   int
	params  map[string]int  // slots
	regs    map[string]bank // by prefix
	labels  map[string]int
	jumps   []jump
}

const (
	outside = iota
	inParams
	afterParams
	inBody
)

// A bank is the registers %x0 to %xN-1.
type bank struct{ first, n int }

// A jump is a branch whose label may come later.
type jump struct {
	at    int
	label string
}

var (
	entryLine = regexp.MustCompile(`^\.visible \.entry (\w+)\($`)
	paramLine = regexp.MustCompile(`^\.param \.(u64|f32) (\w+),?$`)
	regLine   = regexp.MustCompile(`^\.reg \.(?:pred|b16|b32|b64|f32|f64)\s+(%[a-z]+)<(\d{1,5})>;$`)
	blockLine = regexp.MustCompile(`^\.maxntid (\d{1,4}), 1, 1$`)
	shareLine = regexp.MustCompile(`^\.minnctapersm \d{1,2}$`) // how many blocks at once, which is for the registers
	labelLine = regexp.MustCompile(`^(\$\w+):$`)
	codeLine  = regexp.MustCompile(`^(?:@(!?)(%p\d+)\s+)?([a-z][a-z0-9.]*)(?:\s+(.*))?;$`)
	upperLine = regexp.MustCompile(`^\{ \.reg \.b32 tmp; mov\.b64 \{tmp, (%r\d+)\}, (%rd\d+); \}$`)
	register  = regexp.MustCompile(`^(%[a-z]+)(\d{1,5})$`)
)

var header = map[string]bool{".version 7.0": true, ".target sm_70": true, ".address_size 64": true}

// Parse reads the kernels of a text.
func Parse(text string) ([]*Kernel, error) {
	var p parser
	for i, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "//")
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if err := p.line(line, i+1); err != nil {
			return nil, fmt.Errorf("ptxi: line %d: %s: %w", i+1, line, err)
		}
	}
	if p.state != outside {
		return nil, fmt.Errorf("ptxi: the text ends within kernel %s", p.k.Name)
	}
	return p.kernels, nil
}

func (p *parser) line(s string, n int) error {
	switch p.state {
	case outside:
		return p.top(s)
	case inParams:
		return p.param(s)
	case afterParams:
		return p.open(s)
	}
	return p.body(s, n)
}

func (p *parser) open(s string) error {
	m := blockLine.FindStringSubmatch(s)
	switch {
	case s == "{":
		p.state = inBody
	case m != nil:
		p.k.Block, _ = strconv.Atoi(m[1])
	case !shareLine.MatchString(s):
		return fmt.Errorf("want {")
	}
	return nil
}

func (p *parser) top(s string) error {
	if header[s] {
		return nil
	}
	m := entryLine.FindStringSubmatch(s)
	if m == nil {
		return fmt.Errorf("unknown directive")
	}
	*p = parser{
		kernels: p.kernels, k: &Kernel{Name: m[1], slots: len(special)}, state: inParams,
		params: map[string]int{}, regs: map[string]bank{}, labels: map[string]int{},
	}
	return nil
}

func (p *parser) param(s string) error {
	if s == ")" {
		p.state = afterParams
		return nil
	}
	m := paramLine.FindStringSubmatch(s)
	if m == nil {
		return fmt.Errorf("unknown parameter")
	}
	p.params[m[2]] = p.k.slots
	p.k.Params = append(p.k.Params, m[1])
	p.k.slots++
	return nil
}

func (p *parser) body(s string, line int) error {
	if s == "}" {
		return p.end()
	}
	if m := regLine.FindStringSubmatch(s); m != nil {
		n, _ := strconv.Atoi(m[2]) // five digits
		if _, twice := p.regs[m[1]]; twice || p.k.slots+n > maxRegisters {
			return fmt.Errorf("registers declared twice, or more than %d", maxRegisters)
		}
		p.regs[m[1]] = bank{p.k.slots, n}
		p.k.slots += n
		return nil
	}
	if m := labelLine.FindStringSubmatch(s); m != nil {
		if _, twice := p.labels[m[1]]; twice {
			return fmt.Errorf("label defined twice")
		}
		p.labels[m[1]] = len(p.k.code)
		return nil
	}
	if m := upperLine.FindStringSubmatch(s); m != nil {
		return p.instruction([]string{s, "", "", upperHalf, m[1] + ", " + m[2]}, line)
	}
	m := codeLine.FindStringSubmatch(s)
	if m == nil {
		return fmt.Errorf("not an instruction")
	}
	return p.instruction(m, line)
}

// end ends a kernel: all labels are known.
func (p *parser) end() error {
	for _, j := range p.jumps {
		to, ok := p.labels[j.label]
		if !ok {
			return fmt.Errorf("no label %s", j.label)
		}
		p.k.code[j.at].target = to
	}
	p.kernels = append(p.kernels, p.k)
	p.state = outside
	return nil
}

// instruction reads a line of code: the parts of codeLine.
func (p *parser) instruction(m []string, line int) (err error) {
	in := instr{line: line, op: m[3], guard: -1, unless: m[1] == "!"}
	if m[2] != "" {
		if in.guard, err = p.register(m[2]); err != nil {
			return err
		}
	}
	if err := p.operands(&in, operandList(m[4])); err != nil {
		return err
	}
	p.k.code = append(p.k.code, in)
	return nil
}

// operandList cuts a list at the commas outside of braces.
func operandList(s string) (list []string) {
	for s != "" {
		end := strings.IndexByte(s, ',')
		if s[0] == '{' {
			end = strings.IndexByte(s, '}') + 1
			if end == len(s) || end == 0 {
				end = -1
			}
		}
		if end < 0 {
			return append(list, s)
		}
		list = append(list, strings.TrimSpace(s[:end]))
		s = strings.TrimLeft(s[end:], ", ")
	}
	return list
}

// register returns the slot of a register.
func (p *parser) register(s string) (int, error) {
	if m := register.FindStringSubmatch(s); m != nil {
		i, _ := strconv.Atoi(m[2]) // five digits
		if b, ok := p.regs[m[1]]; ok && i < b.n {
			return b.first + i, nil
		}
	}
	return 0, fmt.Errorf("no register %q", s)
}

// value reads a register, a special register or a constant.
func (p *parser) value(s string) (value, error) {
	if slot, ok := special[s]; ok {
		return value{slot: slot}, nil
	}
	if strings.HasPrefix(s, "%") {
		slot, err := p.register(s)
		return value{slot: slot}, err
	}
	if hex, ok := strings.CutPrefix(s, "0f"); ok && len(hex) == 8 {
		n, err := strconv.ParseUint(hex, 16, 32)
		return value{slot: -1, constant: n}, err
	}
	if hex, ok := strings.CutPrefix(s, "0d"); ok && len(hex) == 16 {
		n, err := strconv.ParseUint(hex, 16, 64)
		return value{slot: -1, constant: n}, err
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return value{slot: -1, constant: uint64(n)}, err
}

// address reads [register], [register+offset] or [parameter].
func (p *parser) address(s string) (base value, offset int64, err error) {
	inner, begins := strings.CutPrefix(s, "[")
	inner, ends := strings.CutSuffix(inner, "]")
	if !begins || !ends {
		return base, 0, fmt.Errorf("no address %q", s)
	}
	if slot, ok := p.params[inner]; ok {
		return value{slot: slot}, 0, nil
	}
	name, plus, more := strings.Cut(inner, "+")
	if more {
		if offset, err = strconv.ParseInt(plus, 10, 32); err != nil {
			return base, 0, err
		}
	}
	base.slot, err = p.register(name)
	return base, offset, err
}
