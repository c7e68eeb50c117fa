module github.com/halos-go/sdk/examples

go 1.26.0

replace github.com/halos-go/sdk => ../

require (
	github.com/halos-go/sdk v0.0.0
	golang.org/x/sys v0.49.0
)

require go.yaml.in/yaml/v3 v3.0.6 // indirect
