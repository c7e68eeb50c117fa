module github.com/halos-go/sdk/kernels/bench

go 1.26.0

replace github.com/halos-go/sdk => ../..

require (
	github.com/alecthomas/kong v1.17.0
	github.com/halos-go/sdk v0.0.0
	gonum.org/v1/gonum v0.17.0
)

require golang.org/x/sys v0.49.0 // indirect
