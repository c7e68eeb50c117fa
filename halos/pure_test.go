package halos

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestMachinesArePure keeps the core what it says it is: only the driver may
// know of goroutines, clocks, chance, files and networks.
func TestMachinesArePure(t *testing.T) {
	driver := []string{"run.go", "arrival.go", "outgoing.go", "outbox.go", "body.go", "sum.go", "reach.go", "window.go", "runall.go", "log.go", "poison_race.go"}
	allowed := []string{
		"cmp", "context", "encoding/binary", "errors", "fmt", "hash/crc32", "hash/crc64", "iter", "math", "reflect", "slices", "strings", "time",
		"github.com/halos-go/sdk/kernels", "github.com/halos-go/sdk/kernels/state", "github.com/halos-go/sdk/merge", "github.com/halos-go/sdk/optim",
	}
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") || slices.Contains(driver, file) {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range f.Imports {
			if path, _ := strconv.Unquote(i.Path.Value); !slices.Contains(allowed, path) {
				t.Errorf("%s imports %s", file, path)
			}
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				t.Errorf("%s starts a goroutine", file)
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok && x.Name == "time" && n.Sel.Name != "Duration" {
					t.Errorf("%s uses time.%s", file, n.Sel.Name)
				}
			}
			return true
		})
	}
}
