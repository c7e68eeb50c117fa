//go:build cuda && cgo

package gorgoniacu

/*
#include <stdint.h>

// How the thread rounds, and whether it takes denormal numbers for zero.
#if defined(__x86_64__)
static uint64_t halos_get_float_mode(void) { uint32_t m; __asm__ volatile("stmxcsr %0" : "=m"(m)); return m; }
static void halos_set_float_mode(uint64_t mode) { uint32_t m = mode; __asm__ volatile("ldmxcsr %0" : : "m"(m)); }
#elif defined(__aarch64__)
static uint64_t halos_get_float_mode(void) { uint64_t m; __asm__ volatile("mrs %0, fpcr" : "=r"(m)); return m; }
static void halos_set_float_mode(uint64_t m) { __asm__ volatile("msr fpcr, %0" : : "r"(m)); }
#else
static uint64_t halos_get_float_mode(void) { return 0; }
static void halos_set_float_mode(uint64_t m) { (void)m; }
#endif
*/
import "C"

// keepFloatMode returns what sets the mode of floats back to what it is now. A library may
// change it for the thread, which is Go's: package kernels/cuda says how. The goroutine is
// locked to its thread meanwhile.
func keepFloatMode() func() {
	mode := C.halos_get_float_mode()
	return func() { C.halos_set_float_mode(mode) }
}
