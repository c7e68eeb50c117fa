module github.com/halos-go/sdk/kernels/gorgoniacu

go 1.26.0

replace github.com/halos-go/sdk => ../..

require (
	github.com/halos-go/sdk v0.0.0
	gonum.org/v1/gonum v0.17.0
	gorgonia.org/cu v0.9.6
)

require (
	github.com/google/uuid v1.1.1 // indirect
	github.com/pkg/errors v0.9.1 // indirect
	golang.org/x/sys v0.49.0 // indirect
)
