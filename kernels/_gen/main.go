// Command _gen writes the assembly of package kernels. From this directory:
//
//	go run .
//
// CI runs it and compares.
package main

import (
	"bytes"
	"flag"
	"log"
	"os"

	. "github.com/mmcloughlin/avo/build" //nolint:revive // how avo is written
)

func main() {
	log.SetFlags(0)
	ConstraintExpr("gc,!purego")
	for _, l := range loops {
		assemble(l, avx2)
		assemble(l, avx512)
	}
	dotLanes()
	finite()
	forms()

	const asm, stubs = "../loops_amd64.s", "../stubs_amd64.go"
	check(flag.Set("pkg", "kernels"))
	check(flag.Set("out", asm))
	check(flag.Set("stubs", stubs))
	Generate()
	for _, file := range []string{asm, stubs} { // avo does not know the type
		text, err := os.ReadFile(file)
		check(err)
		check(os.WriteFile(file, bytes.ReplaceAll(text, []byte("a *byte"), []byte("a *args")), 0o644))
	}
	check(os.WriteFile("../dispatch_amd64.go", dispatch("AVX2", "AVX512"), 0o644))

	check(os.WriteFile("../dispatch_generic.go", dispatchGeneric(), 0o644))

	neon := newNEON()
	for _, l := range loops {
		neon.loop(l)
	}
	neon.dotLanes()
	neon.finite()
	check(os.WriteFile("../loops_arm64.s", neon.asm.Bytes(), 0o644))
	check(os.WriteFile("../stubs_arm64.go", neon.stubs.Bytes(), 0o644))
	check(os.WriteFile("../dispatch_arm64.go", dispatch("NEON"), 0o644))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
