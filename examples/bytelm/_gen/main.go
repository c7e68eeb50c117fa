// Command _gen writes the assembly of package bytelm. From this directory:
//
//	go run .
//
// CI runs it and compares.
package main

import (
	"flag"
	"log"

	. "github.com/mmcloughlin/avo/build" //nolint:revive // how avo is written
)

func main() {
	log.SetFlags(0)
	ConstraintExpr("gc,!purego")
	for rows := 1; rows <= tileRows; rows++ {
		tile(rows)
	}
	loops()
	for name, value := range map[string]string{"pkg": "bytelm", "out": "../loops_amd64.s", "stubs": "../stubs_amd64.go"} {
		if err := flag.Set(name, value); err != nil {
			log.Fatal(err)
		}
	}
	Generate()
}
