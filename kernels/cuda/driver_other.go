//go:build !(linux && cgo && (amd64 || arm64))

package cuda

import (
	"errors"
	"runtime"
)

func loadDriver() (driver, error) {
	switch {
	case runtime.GOOS != "linux":
		return nil, errors.New("cuda: not on " + runtime.GOOS)
	case runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64":
		return nil, errors.New("cuda: not on linux/" + runtime.GOARCH)
	}
	return nil, errors.New("cuda: built without cgo")
}
