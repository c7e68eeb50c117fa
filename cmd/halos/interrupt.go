package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// An interruption is the signal that ended a command early.
type interruption struct{ signal syscall.Signal }

// Error implements error.
func (i interruption) Error() string {
	if i.signal == syscall.SIGINT {
		return "interrupted"
	}
	return "interrupted: " + i.signal.String()
}

// status is the exit status, as shells have it.
func (i interruption) status() int { return 128 + int(i.signal) }

// interruptible returns a context that ends with the first SIGINT, SIGTERM or
// SIGHUP, an [interruption] as its cause. The second ends the process, after
// atOnce. A SIGHUP that nohup ignores stays ignored.
func interruptible(atOnce func()) context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := []os.Signal{syscall.SIGINT, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	arrived := make(chan os.Signal, 2)
	signal.Notify(arrived, signals...)
	// A write to a closed pipe is then an error, after which the files of the
	// other flags are still written.
	signal.Ignore(syscall.SIGPIPE)
	go func() { // to the end of the process
		cancel(interruption{(<-arrived).(syscall.Signal)})
		last := interruption{(<-arrived).(syscall.Signal)}
		atOnce()
		os.Exit(last.status())
	}()
	return ctx
}
