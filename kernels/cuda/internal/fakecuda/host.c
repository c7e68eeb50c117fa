// The kernels, compiled for the host, where one thread does all. Flags: -std=gnu11
// -ffp-contract=off, so that every operation is rounded by itself; -fno-math-errno for
// a square root without a library; -fno-builtin, as kernels have names of functions of C.
#include "../../ptx/kernels.cu"

// front.h renames it for C.
#undef finite
__typeof__(is_finite) finite __attribute__((alias("is_finite")));
