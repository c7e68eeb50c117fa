package ptxi

import "math"

// An operation works on what its operands hold; a value of fewer bits than 64 has
// zeros above them, and an operation leaves zeros there.
type operation struct {
	sources int
	do      func(a, b, c uint64) uint64
}

// operations is all that are known, each with all its suffixes.
var operations = map[string]operation{
	"add.rn.f32":  {2, func(a, b, _ uint64) uint64 { return bits(f32(a) + f32(b)) }},
	"sub.rn.f32":  {2, func(a, b, _ uint64) uint64 { return bits(f32(a) - f32(b)) }},
	"mul.rn.f32":  {2, func(a, b, _ uint64) uint64 { return bits(f32(a) * f32(b)) }},
	"div.rn.f32":  {2, func(a, b, _ uint64) uint64 { return bits(f32(a) / f32(b)) }},
	"rcp.rn.f32":  {1, func(a, _, _ uint64) uint64 { return bits(1 / f32(a)) }},
	"sqrt.rn.f32": {1, func(a, _, _ uint64) uint64 { return bits(float32(math.Sqrt(float64(f32(a))))) }},

	"add.rn.f64": {2, func(a, b, _ uint64) uint64 { return bits64(f64(a) + f64(b)) }},
	"mul.rn.f64": {2, func(a, b, _ uint64) uint64 { return bits64(f64(a) * f64(b)) }},

	"add.s32":      {2, func(a, b, _ uint64) uint64 { return low(a + b) }},
	"add.s64":      {2, func(a, b, _ uint64) uint64 { return a + b }},
	"mul.lo.s64":   {2, func(a, b, _ uint64) uint64 { return a * b }},
	"mul.wide.u32": {2, func(a, b, _ uint64) uint64 { return low(a) * low(b) }},
	"max.u32":      {2, func(a, b, _ uint64) uint64 { return max(low(a), low(b)) }},
	"max.s32":      {2, func(a, b, _ uint64) uint64 { return low(uint64(max(int32(a), int32(b)))) }},
	"min.u64":      {2, func(a, b, _ uint64) uint64 { return min(a, b) }},

	"and.pred": {2, func(a, b, _ uint64) uint64 { return a & b }},
	"or.pred":  {2, func(a, b, _ uint64) uint64 { return a | b }},
	"and.b32":  {2, func(a, b, _ uint64) uint64 { return low(a & b) }},
	"and.b64":  {2, func(a, b, _ uint64) uint64 { return a & b }},
	"or.b32":   {2, func(a, b, _ uint64) uint64 { return low(a | b) }},
	"or.b64":   {2, func(a, b, _ uint64) uint64 { return a | b }},
	"shl.b32":  {2, func(a, b, _ uint64) uint64 { return low(low(a) << low(b)) }},
	"shl.b64":  {2, func(a, b, _ uint64) uint64 { return a << low(b) }},
	"shr.u32":  {2, func(a, b, _ uint64) uint64 { return low(a) >> low(b) }},
	"shr.u64":  {2, func(a, b, _ uint64) uint64 { return a >> low(b) }},
	"bfe.u32":  {3, field},
	"bfe.s32":  {3, signedField},

	"mov.b32":            {1, lowOf},
	"mov.u32":            {1, lowOf},
	"mov.f32":            {1, lowOf},
	"mov.u64":            {1, same},
	"mov.b64":            {1, same},
	"mov.f64":            {1, same},
	upperHalf:            {1, func(a, _, _ uint64) uint64 { return a >> 32 }},
	"cvta.to.global.u64": {1, same},
	"cvt.u64.u32":        {1, lowOf},
	"cvt.u32.u64":        {1, lowOf},
	"cvt.u32.u16":        {1, func(a, _, _ uint64) uint64 { return uint64(uint16(a)) }},
	"cvt.u16.u32":        {1, func(a, _, _ uint64) uint64 { return uint64(uint16(a)) }},
	"cvt.s8.s32":         {1, extend8}, // the register has 16 bits
	"cvt.s16.s8":         {1, extend8},
	"cvt.f64.f32":        {1, func(a, _, _ uint64) uint64 { return bits64(float64(f32(a))) }},
	"cvt.rn.f32.s16":     {1, func(a, _, _ uint64) uint64 { return bits(float32(int16(a))) }},

	"setp.lt.u32": {2, func(a, b, _ uint64) uint64 { return truth(low(a) < low(b)) }},
	"setp.gt.u32": {2, func(a, b, _ uint64) uint64 { return truth(low(a) > low(b)) }},
	"setp.lt.s32": {2, func(a, b, _ uint64) uint64 { return truth(int32(a) < int32(b)) }},
	"setp.gt.s32": {2, func(a, b, _ uint64) uint64 { return truth(int32(a) > int32(b)) }},
	"setp.eq.s32": {2, func(a, b, _ uint64) uint64 { return truth(int32(a) == int32(b)) }},
	"setp.ne.s32": {2, func(a, b, _ uint64) uint64 { return truth(int32(a) != int32(b)) }},
	"setp.lt.u64": {2, func(a, b, _ uint64) uint64 { return truth(a < b) }},
	"setp.le.u64": {2, func(a, b, _ uint64) uint64 { return truth(a <= b) }},
	"setp.gt.u64": {2, func(a, b, _ uint64) uint64 { return truth(a > b) }},
	"setp.ge.u64": {2, func(a, b, _ uint64) uint64 { return truth(a >= b) }},
	"setp.ne.s64": {2, func(a, b, _ uint64) uint64 { return truth(a != b) }},
	"setp.eq.s64": {2, func(a, b, _ uint64) uint64 { return truth(a == b) }},
	"setp.eq.f32": {2, func(a, b, _ uint64) uint64 { return truth(f32(a) == f32(b)) }},
	"setp.ge.f32": {2, func(a, b, _ uint64) uint64 { return truth(f32(a) >= f32(b)) }},
	"setp.le.f32": {2, func(a, b, _ uint64) uint64 { return truth(f32(a) <= f32(b)) }},
	"setp.gt.f32": {2, func(a, b, _ uint64) uint64 { return truth(f32(a) > f32(b)) }},
	"selp.b32":    {3, choose},
	"selp.u32":    {3, choose},
	"selp.f32":    {3, choose},
}

// upperHalf is mov.b64 {tmp, dst}, src in braces of its own, where tmp is declared:
// the upper half of a register.
const upperHalf = "upper half"

// An access is a load or a store: so many elements of so many bytes.
type access struct {
	count, size int

	// A load goes through the path for what does not change in a launch (.nc); a store
	// may be one of several to the same place (.volatile), which all write the same.
	special bool
}

var loads = map[string]access{
	"ld.global.f32":       {1, 4, false},
	"ld.global.v4.f32":    {4, 4, false},
	"ld.global.nc.f32":    {1, 4, true},
	"ld.global.nc.v4.f32": {4, 4, true},
	"ld.global.nc.u8":     {1, 1, true},
	"ld.global.nc.u16":    {1, 2, true},
	"ld.global.nc.u32":    {1, 4, true},
	"ld.global.nc.v2.u32": {2, 4, true},
}

var stores = map[string]access{
	"st.global.f32":    {1, 4, false},
	"st.global.v4.f32": {4, 4, false},
	"st.global.v4.u32": {4, 4, false},
	"st.global.v2.u32": {2, 4, false},
	"st.global.u32":    {1, 4, false},
	"st.global.u16":    {1, 2, false},
	"st.global.u8":     {1, 1, false},
	"st.global.f64":    {1, 8, false},

	"st.volatile.global.u32": {1, 4, true},
}

func f32(a uint64) float32 { return math.Float32frombits(uint32(a)) }

// bits rounds to float32 what it is given, so that nothing is fused.
func bits(x float32) uint64 {
	if x != x {
		return 0x7fffffff
	}
	return uint64(math.Float32bits(x))
}

func f64(a uint64) float64 { return math.Float64frombits(a) }

func bits64(x float64) uint64 {
	if x != x {
		return math.MaxInt64
	}
	return math.Float64bits(x)
}

func truth(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

func low(a uint64) uint64           { return uint64(uint32(a)) }
func lowOf(a, _, _ uint64) uint64   { return low(a) }
func same(a, _, _ uint64) uint64    { return a }
func extend8(a, _, _ uint64) uint64 { return uint64(uint16(int8(a))) }

func choose(a, b, c uint64) uint64 {
	if c != 0 {
		return low(a)
	}
	return low(b)
}

// field is the n bits of a from bit at on.
func field(a, at, n uint64) uint64 {
	return low(a) >> (at & 255) & (1<<(n&255) - 1)
}

// signedField is field with the sign of its upper bit. A field that ends beyond bit
// 31 has another rule, which nothing here needs: it is all ones, to be noticed.
func signedField(a, at, n uint64) uint64 {
	if n == 0 || at > 31 || n > 32-at {
		return math.MaxUint32
	}
	return low(uint64(int32(uint32(a)<<(32-at-n)) >> (32 - n)))
}
