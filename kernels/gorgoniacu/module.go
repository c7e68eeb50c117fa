//go:build cuda && cgo

package gorgoniacu

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unsafe"

	"gorgonia.org/cu"
)

// A function is a kernel, and how many arguments it takes.
type function struct {
	cu.Function
	params int
}

// entry is the head of a kernel in PTX: its name and its parameters.
var entry = regexp.MustCompile(`\.entry (\w+)\(([^)]*)\)`)

// LoadKernels finds all kernels at once, as a driver may put off the work on each until
// it is asked for it.
func (d *driver) LoadKernels(ptx string) error {
	err := d.do("cuModuleLoadDataEx", func() error {
		m, err := load(ptx)
		if err == nil {
			d.module = &m
		}
		return err
	})
	if err != nil {
		return err
	}
	d.functions = make(map[string]function)
	for _, head := range entry.FindAllStringSubmatch(ptx, -1) {
		err := d.do("cuModuleGetFunction "+head[1], func() error {
			f, err := d.module.Function(head[1])
			d.functions[head[1]] = function{f, strings.Count(head[2], ".param")}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// load compiles ptx. The error has what the driver's compiler says.
func load(ptx string) (cu.Module, error) {
	if strings.IndexByte(ptx, 0) >= 0 {
		return cu.Module{}, errors.New("PTX is text, this has a zero byte")
	}
	log, free := newLog()
	defer free()
	m, err := cu.LoadDataEx(ptx, &cu.JITErrorLogBuffer{Buffer: log[:len(log)-1]})
	if text, _, _ := bytes.Cut(log, []byte{0}); err != nil && len(text) > 0 {
		err = fmt.Errorf("%w: %s", err, bytes.TrimSpace(text))
	}
	return m, err
}

// Launch checks the number of arguments: the driver would read on behind them.
func (d *driver) Launch(stream uint64, kernel string, grid, block int, args []uint64) error {
	f, ok := d.functions[kernel]
	if !ok || len(args) != f.params {
		return fmt.Errorf("gorgoniacu: kernel %q with %d arguments, want %d", kernel, len(args), f.params)
	}
	at := make([]unsafe.Pointer, len(args))
	for i := range args {
		at[i] = unsafe.Pointer(&args[i])
	}
	return d.queue(stream, "cuLaunchKernel "+kernel, func(s cu.Stream) error {
		return f.Launch(grid, 1, 1, block, 1, 1, 0, s, at)
	})
}

func (d *driver) unload() error {
	if d.module == nil {
		return nil
	}
	m := d.module
	d.module, d.functions = nil, nil
	return d.do("cuModuleUnload", m.Unload)
}
