package backend

import "strconv"

// A Form is a way to write a vector in fewer bytes than float32 takes, for a wire or
// a file. All of them are little-endian and have no header: the reader knows form
// and length. Writing rounds to nearest, ties to even.
//
// A piece [lo, hi) of a vector whose bytes are b is b[f.Size(lo):f.Size(hi)] if lo is
// a multiple of 256, and hi is another one or the end. So a piece may be written, sent
// and read by itself.
//
// The bytes of a vector are the same on every machine, and so are the numbers that are
// read from bytes. That includes NaNs as far as the form says; but if the difference of
// two numbers is encoded and is NaN, it may be any NaN. Bytes may begin at any address.
type Form uint8

const (
	// BFloat16 is the upper half of a float32, 2 bytes an element: its range with 8
	// bits of precision. What rounds to more than the largest becomes an infinity.
	// A NaN keeps its sign and the 7 upper bits of its payload, and becomes quiet.
	BFloat16 Form = iota + 1

	// Float16 is IEEE 754 binary16, 2 bytes an element: 11 bits of precision from
	// 2^-14 to 65504, fewer below, steps of 2^-24 at the least. From 65520 on it is
	// an infinity. A NaN keeps its sign and the 10 upper bits of its payload, and
	// becomes quiet, in reading too. It is what the F16C instructions do.
	Float16

	// Int8 is blocks of 256 elements; the last may be shorter. A block is a float32
	// scale and then an int8 q for each element, which stands for float32(q)*scale.
	// They are, with amax the largest |v| of the block,
	//
	//	scale := min(amax/127, 0x1.020406p+121)
	//	inv := 127 / amax
	//	if inv is infinite { scale, inv = 0, 0 }
	//	q = the integer nearest to v*inv
	//
	// so -127 <= q <= 127, and the error is at most about scale/2. Only for the largest
	// float32 does the bound on scale matter: 127*(amax/127) would be an infinity. A
	// block in which amax is less than about 3.7e-37, so that inv is infinite, is all
	// zeros. A block with a NaN or an infinity has the scale 0x7fc00000, which is a
	// NaN, and q = 0, so that all of it is read as NaN.
	Int8
)

// Size returns the number of bytes of n elements.
func (f Form) Size(n int) int {
	switch f {
	case BFloat16, Float16:
		return 2 * n
	case Int8:
		return n + 4*((n+int8Block-1)/int8Block)
	}
	panic("backend: no such form")
}

// String returns the name in lower case: bfloat16, float16, int8.
func (f Form) String() string {
	switch f {
	case BFloat16:
		return "bfloat16"
	case Float16:
		return "float16"
	case Int8:
		return "int8"
	}
	return "Form(" + strconv.Itoa(int(f)) + ")"
}

const int8Block = 256
