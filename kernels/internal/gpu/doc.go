// Package gpu is a Backend of package kernels on a GPU, whatever library drives it.
package gpu

import "errors"

// ErrNoRoom is the error of a [Driver] whose memory is full.
var ErrNoRoom = errors.New("no room left on the GPU")
