//go:build !gc || purego || !(amd64 || arm64)

package kernels

import "github.com/halos-go/sdk/kernels/backend"

func runBest(k backend.Op, a *args) { runGeneric(k, a) }

func dotLanes(lane *[16]float64, x, y []float32) { dotLanesGeneric(lane, x, y) }
func finiteGroups(x []float32) bool              { return finiteGeneric(x) }
