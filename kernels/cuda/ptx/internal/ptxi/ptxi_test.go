package ptxi

import (
	"encoding/binary"
	"math"
	"os"
	"strings"
	"testing"
)

// program is a kernel of two addresses, a length and a number, with the lines as body.
func program(lines ...string) string {
	return ".version 7.0\n.target sm_70\n.address_size 64\n.visible .entry k(\n.param .u64 k_0,\n.param .u64 k_1,\n.param .u64 k_2,\n.param .f32 k_3\n)\n{\n" +
		".reg .pred %p<4>;\n.reg .b16 %rs<4>;\n.reg .b32 %r<8>;\n.reg .f32 %f<8>;\n.reg .b64 %rd<8>;\n.reg .f64 %fd<4>;\n" +
		"ld.param.u64 %rd0, [k_0];\nld.param.u64 %rd1, [k_1];\nld.param.u64 %rd2, [k_2];\nld.param.f32 %f0, [k_3];\n" +
		strings.Join(lines, "\n") + "\nret;\n}\n"
}

// launch executes a program on two buffers of 64 bytes.
func launch(text string, block int, number float32) (x, y []byte, err error) {
	list, err := Parse(text)
	if err != nil {
		return nil, nil, err
	}
	var m Memory
	x, y = make([]byte, 64), make([]byte, 64)
	for i := range x {
		x[i] = byte(i)
	}
	err = list[0].Launch(&m, 1, block, m.Add(x), m.Add(y), 16, bits(number))
	return x, y, err
}

// A kernel that says how many threads a block may have is not run with more.
func TestBlock(t *testing.T) {
	for _, c := range []struct {
		directive, why string
		block          int
	}{
		{".maxntid 64, 1, 1\n.minnctapersm 4", "", 64},
		{".maxntid 64, 1, 1", "blocks of 96 threads, want at most 64", 96},
		{".maxntid 64, 2, 1", "want {", 32},
		{".maxnreg 64", "want {", 32},
	} {
		text := strings.Replace(program(), ")\n{", ")\n"+c.directive+"\n{", 1)
		if _, _, err := launch(text, c.block, 0); (err == nil) != (c.why == "") || err != nil && !strings.Contains(err.Error(), c.why) {
			t.Errorf("%q, blocks of %d: %v", c.directive, c.block, err)
		}
	}
}

// What the tables do not have, in one letter, is refused, and so is what a card would
// do wrong without a word.
func TestRefused(t *testing.T) {
	for _, c := range []struct{ line, why string }{
		{"add.f32 %f1, %f0, %f0;", "without .rn"},
		{"mul.f32 %f1, %f0, %f0;", "without .rn"},
		{"div.full.f32 %f1, %f0, %f0;", "without .rn"},
		{"sqrt.approx.f32 %f1, %f0;", "without .rn"},
		{"add.f64 %fd1, %fd0, %fd0;", "without .rn"},
		{"mul.rz.f64 %fd1, %fd0, %fd0;", "without .rn"},
		{"fma.rn.f64 %fd1, %fd0, %fd0, %fd0;", "unknown operation"},
		{"add.rz.f32 %f1, %f0, %f0;", "without .rn"},
		{"add.rn.ftz.f32 %f1, %f0, %f0;", "unknown operation"},
		{"add.rn.sat.f32 %f1, %f0, %f0;", "unknown operation"},
		{"fma.rn.f32 %f1, %f0, %f0, %f0;", "unknown operation"},
		{"mul.lo.s64.x %rd3, %rd0, %rd0;", "unknown operation"},
		{"frobnicate;", "unknown operation"},
		{"add.rn.f32 %f1, %f0;", "wrong operands"},
		{"add.rn.f32 %f1, %f0, %f0, %f0;", "wrong operands"},
		{"add.rn.f32 %f1, %f0, %f8;", "no register"},
		{"add.rn.f32 %f1, %f0, %g0;", "no register"},
		{"add.rn.f32 1, %f0, %f0;", "no register"},
		{"add.rn.f32 %f1, %f0, 0f3f8;", "invalid syntax"},
		{"mov.f64 %fd1, 0d3ff0;", "invalid syntax"},
		{"{ .reg .b32 tmp; mov.b64 {%r2, %r1}, %rd0; }", "not an instruction"},
		{"add.rn.f32 %f1, %f0, %f0", "not an instruction"},
		{"ld.global.v4.f32 %f1, [%rd0];", "wrong operands"},
		{"ld.global.v4.f32 {%f1, %f2}, [%rd0];", "wrong operands"},
		{"ld.global.f32 %f1, %rd0;", "no address"},
		{"ld.volatile.global.f32 %f1, [%rd0];", "without .rn"},
		{"ld.param.u64 %rd3, [k_3];", "no such parameter"},
		{"ld.param.u64 %rd3, [k_4];", "no such parameter"},
		{"shfl.sync.bfly.b32 %r0, %r1, 1, 15, -1;", "wrong operands"},
		{"bra $nowhere;", "no label"},
		{"$a:\n$a:", "label defined twice"},
		{".reg .b32 %r<9>;", "declared twice"},
		{".reg .b32 %q<70000>;", "more than"},
		{".shared .b32 x;", "not an instruction"},

		{"add.rn.f32 %f1, %f0, %f2;", "not written"},
		{"@%p1 bra $a;\n$a:", "not written"},
		{"ld.global.f32 %f1, [%rd0+64];", "out of bounds"},
		{"ld.global.f32 %f1, [%rd0+-4];", "out of bounds"},
		{"ld.global.f32 %f1, [%rd0+62];", "out of bounds"},
		{"st.global.v4.f32 [%rd0+52], {%f0, %f0, %f0, %f0};", "out of bounds"},
		{"ld.global.v4.f32 {%f1, %f2, %f3, %f4}, [%rd0+8];", "not aligned"},
		{"st.global.f32 [%rd0+2], %f0;", "not aligned"},
		{"st.global.f32 [%rd0], %f0;\nst.global.f32 [%rd0], %f0;", "written twice"},
		{"st.volatile.global.u32 [%rd0], 1;\nst.volatile.global.u32 [%rd0], 2;", "written twice"},
		{"st.global.u32 [%rd0], 1;\nst.volatile.global.u32 [%rd0], 1;", "written twice"},
		{"st.volatile.global.u32 [%rd0], 1;\nst.global.u32 [%rd0], 1;", "written twice"},
		{"ld.global.nc.f32 %f1, [%rd0];\nst.volatile.global.u32 [%rd0], 1;", "read as constant"},
		{"ld.global.nc.f32 %f1, [%rd0];\nst.global.f32 [%rd0], %f0;", "read as constant"},
		{"st.global.f32 [%rd0], %f0;\nld.global.nc.f32 %f1, [%rd0];", "read after it was written"},
		{"$a:\nbra $a;", "does not end"},
		{"shfl.sync.bfly.b32 %r0, 1, 1, 31, -1;", "not at one shuffle"},
	} {
		_, _, err := launch(program(c.line), 1, 1)
		if err == nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: want an error with %q, got %v", c.line, c.why, err)
		}
	}
}

func TestRefusedTexts(t *testing.T) {
	whole := program()
	for _, c := range []struct{ text, why string }{
		{strings.Replace(whole, "sm_70", "sm_60", 1), "unknown directive"},
		{strings.Replace(whole, ".visible .entry", ".func", 1), "unknown directive"},
		{strings.Replace(whole, ".f32 k_3", ".f64 k_3", 1), "unknown parameter"},
		{strings.Replace(whole, ")\n{", ")\n.maxntid 1\n{", 1), "want {"},
		{strings.TrimSuffix(whole, "}\n"), "ends within kernel k"},
		{strings.Replace(whole, "ret;", "", 1), "no ret at the end"},
	} {
		_, _, err := launch(c.text, 1, 1)
		if err == nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("want an error with %q, got %v", c.why, err)
		}
	}
}

// Threads whose order is not defined may not see each other's work.
func TestThreadsApart(t *testing.T) {
	for _, c := range []struct{ line, why string }{
		{"st.global.f32 [%rd0], %f0;", "written twice"},
		{"ld.global.f32 %f1, [%rd0];\nst.global.f32 [%rd0], %f0;", "read after it was written"},
		{"mov.u32 %r0, %tid.x;\nsetp.gt.u32 %p0, %r0, 3;\n@%p0 bra $a;\nshfl.sync.bfly.b32 %r1, %r0, 1, 31, -1;\n$a:", "not at one shuffle"},
	} {
		_, _, err := launch(program(c.line), 32, 1)
		if err == nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: want an error with %q, got %v", c.line, c.why, err)
		}
	}
}

// The lines compute a value in %r7, which is stored.
func TestOperations(t *testing.T) {
	store := "st.global.u32 [%rd1], %r7;"
	float := "mov.b32 %r7, %f7;\n" + store
	for _, c := range []struct {
		lines  string
		number float32
		want   uint32
	}{
		{"add.rn.f32 %f7, %f0, 0f3F800000;\n" + float, 2, math.Float32bits(3)},
		{"sub.rn.f32 %f7, %f0, %f0;\n" + float, float32(math.Inf(1)), 0x7fffffff},
		{"mul.rn.f32 %f7, %f0, 0f3F000000;\n" + float, 0x1p-148, 1},
		{"div.rn.f32 %f7, 0f3F800000, %f0;\n" + float, 3, math.Float32bits(1 / float32(3))},
		{"sqrt.rn.f32 %f7, %f0;\n" + float, 2, 0x3fb504f3},
		{"ld.global.nc.u8 %rs0, [%rd0+5];\ncvt.s16.s8 %rs1, %rs0;\ncvt.rn.f32.s16 %f7, %rs1;\n" + float, 0, math.Float32bits(5)},
		{"cvt.s8.s32 %rs1, 383;\ncvt.rn.f32.s16 %f7, %rs1;\n" + float, 0, math.Float32bits(127)},
		{"cvt.s8.s32 %rs1, 128;\ncvt.rn.f32.s16 %f7, %rs1;\n" + float, 0, 0xc3000000},
		{"bfe.u32 %r7, -559038737, 8, 8;\n" + store, 0, 0xbe},
		{"bfe.s32 %r7, -559038737, 8, 8;\n" + store, 0, 0xffffffbe},
		{"shl.b32 %r7, 1, 32;\n" + store, 0, 0},
		{"shr.u32 %r7, -1, 31;\n" + store, 0, 1},
		{"ld.global.nc.v2.u32 {%r6, %r7}, [%rd0+8];\n" + store, 0, 0x0f0e0d0c},
		{"setp.gt.f32 %p0, %f0, 0f3F800000;\nselp.b32 %r7, 7, 8, %p0;\n" + store, float32(math.NaN()), 8},
		{"setp.lt.s32 %p0, -1, 0;\nmov.u32 %r7, 1;\n@%p0 mov.u32 %r7, 2;\n@!%p0 mov.u32 %r7, 3;\n" + store, 0, 2},
		{"setp.lt.u64 %p0, %rd0, %rd1;\n@%p0 bra.uni $a;\nret;\n$a:\nmax.u32 %r7, 5, -1;\n" + store, 0, math.MaxUint32},
		{"rcp.rn.f32 %f7, %f0;\n" + float, 3, math.Float32bits(1 / float32(3))},
		{"setp.eq.f32 %p0, %f0, %f0;\nselp.u32 %r7, 7, 8, %p0;\n" + store, float32(math.NaN()), 8},
		{"setp.ge.f32 %p0, %f0, %f0;\nsetp.le.f32 %p1, %f0, 0f3F800000;\nand.pred %p2, %p0, %p1;\nselp.u32 %r7, 7, 8, %p2;\n" + store, 2, 8},
		{"setp.gt.s32 %p0, -1, 0;\nsetp.eq.s32 %p1, 5, 5;\nor.pred %p2, %p0, %p1;\nselp.u32 %r7, 7, 8, %p2;\n" + store, 0, 7},
		{"max.s32 %r7, -5, 3;\n" + store, 0, 3},
		{"min.u64 %rd3, -5, 3;\nor.b64 %rd3, %rd3, 4;\ncvt.u32.u64 %r7, %rd3;\n" + store, 0, 7},
		{"cvt.f64.f32 %fd1, %f0;\nmul.rn.f64 %fd2, %fd1, %fd1;\nmov.b64 %rd3, %fd2;\n{ .reg .b32 tmp; mov.b64 {tmp, %r7}, %rd3; }\n" + store, 0x1p-149, (1023 - 298) << 20},
		{"mov.f64 %fd1, 0d3FF0000000000001;\nadd.rn.f64 %fd2, %fd1, %fd1;\nmov.b64 %rd3, %fd2;\ncvt.u32.u64 %r7, %rd3;\n" + store, 0, 1},
		{"mov.f64 %fd1, 0d7FF0000000000000;\nmul.rn.f64 %fd2, %fd1, 0d0000000000000000;\nst.global.f64 [%rd1], %fd2;", 0, math.MaxUint32},
		{"mul.wide.u32 %rd3, -1, 2;\ncvt.u32.u64 %r7, %rd3;\n" + store, 0, 0xfffffffe},
	} {
		_, y, err := launch(program(c.lines), 1, c.number)
		if err != nil {
			t.Errorf("%s: %v", c.lines, err)
		} else if got := binary.LittleEndian.Uint32(y); got != c.want {
			t.Errorf("%s: %#x, want %#x", c.lines, got, c.want)
		}
	}
}

// Many threads may write the same to one place by stores that say so.
func TestSharedStore(t *testing.T) {
	_, y, err := launch(program("st.volatile.global.u32 [%rd1], 258;"), 64, 0)
	if err != nil || y[0] != 2 || y[1] != 1 {
		t.Errorf("% x, %v", y[:4], err)
	}
	_, _, err = launch(program("mov.u32 %r0, %tid.x;", "st.volatile.global.u32 [%rd1], %r0;"), 64, 0)
	if err == nil || !strings.Contains(err.Error(), "written twice") {
		t.Errorf("threads write what differs: %v", err)
	}
}

// The threads of a warp have each the value of their neighbour.
func TestShuffle(t *testing.T) {
	_, y, err := launch(program("mov.u32 %r0, %tid.x;", "shfl.sync.bfly.b32 %r1, %r0, 1, 31, -1;",
		"cvt.u64.u32 %rd3, %r0;", "add.s64 %rd4, %rd1, %rd3;", "st.global.u8 [%rd4], %r1;"), 64, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i, got := range y {
		if int(got) != i^1 {
			t.Fatalf("thread %d has %d", i, got)
		}
	}
}

// No text makes the interpreter panic.
func FuzzParse(f *testing.F) {
	text, err := os.ReadFile("../../kernels.ptx")
	if err != nil {
		f.Fatal(err)
	}
	entries := strings.SplitAfter(string(text), "\n}\n")
	for _, s := range []string{entries[0], entries[3], program("add.rn.f32 %f1, %f0, %f0;"), program("ld.global.v4.f32 {%f1, %f2, %f3, %f4}, [%rd0+16];")} {
		f.Add(s)
	}
	f.Fuzz(func(_ *testing.T, text string) {
		list, err := Parse(text)
		if err != nil {
			return
		}
		for _, k := range list {
			var m Memory
			arguments := make([]uint64, len(k.Params))
			for i := range arguments {
				arguments[i] = m.Add(make([]byte, 64))
			}
			_ = k.Launch(&m, 1, 2, arguments...) // it may end in any error
		}
	})
}
