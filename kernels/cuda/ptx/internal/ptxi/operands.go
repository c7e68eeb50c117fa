package ptxi

import (
	"errors"
	"strings"
)

// An instr is an instruction.
type instr struct {
	line   int
	op     string
	guard  int  // slot of the predicate on which it is done; -1 for always
	unless bool // it is done where the predicate is false
	kind   kind

	do     func(a, b, c uint64) uint64
	dst    [4]int
	src    [4]value
	base   value // of an address
	offset int64
	access access
	target int // of a branch
}

type kind uint8

const (
	compute kind = iota
	load
	store
	branch
	shuffle
	leave
)

// A value is that of a slot, or a constant.
type value struct {
	slot     int // -1 for the constant
	constant uint64
}

// operands reads the operands of an instruction by its operation.
func (p *parser) operands(in *instr, list []string) error {
	if o, ok := operations[in.op]; ok {
		in.do = o.do
		return p.sources(in, list, o.sources)
	}
	if a, ok := loads[in.op]; ok {
		in.kind, in.access = load, a
		return p.load(in, list)
	}
	if a, ok := stores[in.op]; ok {
		in.kind, in.access = store, a
		return p.store(in, list)
	}
	switch in.op {
	case "ld.param.u64", "ld.param.f32":
		return p.loadParam(in, list)
	case "bra", "bra.uni":
		in.kind = branch
		if len(list) != 1 {
			return errOperands
		}
		p.jumps = append(p.jumps, jump{len(p.k.code), list[0]})
		return nil
	case "shfl.sync.bfly.b32": // dst, src, lane mask, 31 for a whole warp, its threads
		in.kind = shuffle
		if len(list) != 5 || list[3] != "31" || list[4] != "-1" {
			return errOperands
		}
		return p.sources(in, list[:3], 2)
	case "ret":
		in.kind = leave
		if len(list) != 0 {
			return errOperands
		}
		return nil
	}
	float := strings.HasSuffix(in.op, ".f32") || strings.HasSuffix(in.op, ".f64")
	if float && !strings.Contains(in.op, ".rn.") {
		return errors.New("float operation without .rn")
	}
	return errors.New("unknown operation")
}

var errOperands = errors.New("wrong operands")

// sources reads a register and n values.
func (p *parser) sources(in *instr, list []string, n int) (err error) {
	if len(list) != 1+n {
		return errOperands
	}
	if in.dst[0], err = p.register(list[0]); err != nil {
		return err
	}
	for i, s := range list[1:] {
		if in.src[i], err = p.value(s); err != nil {
			return err
		}
	}
	return nil
}

func (p *parser) loadParam(in *instr, list []string) (err error) {
	if len(list) != 2 {
		return errOperands
	}
	slot, ok := p.params[strings.Trim(list[1], "[]")]
	if !ok || "ld.param."+p.k.Params[slot-len(special)] != in.op {
		return errors.New("no such parameter")
	}
	in.do, in.src[0].slot = same, slot
	in.dst[0], err = p.register(list[0])
	return err
}

func (p *parser) load(in *instr, list []string) (err error) {
	if len(list) != 2 {
		return errOperands
	}
	names, err := elements(list[0], in.access.count)
	if err != nil {
		return err
	}
	for i, s := range names {
		if in.dst[i], err = p.register(s); err != nil {
			return err
		}
	}
	in.base, in.offset, err = p.address(list[1])
	return err
}

func (p *parser) store(in *instr, list []string) (err error) {
	if len(list) != 2 {
		return errOperands
	}
	names, err := elements(list[1], in.access.count)
	if err != nil {
		return err
	}
	for i, s := range names {
		if in.src[i], err = p.value(s); err != nil {
			return err
		}
	}
	in.base, in.offset, err = p.address(list[0])
	return err
}

// elements is the n names in braces, or the one name.
func elements(s string, n int) ([]string, error) {
	names := []string{s}
	if n > 1 {
		if !strings.HasPrefix(s, "{") || !strings.HasSuffix(s, "}") {
			return nil, errOperands
		}
		names = strings.Split(s[1:len(s)-1], ",")
	}
	if len(names) != n {
		return nil, errOperands
	}
	for i := range names {
		names[i] = strings.TrimSpace(names[i])
	}
	return names, nil
}
