//go:build linux && cgo && (amd64 || arm64)

// What is used of the driver and of cuBLAS, found when the program runs. The
// prototypes are our own: each symbol has a version in its name where it has versions,
// and one signature from CUDA 11.8 to 13.0. An address of the device is a uint64_t, a
// handle a void *, an enum an int.

#include <stddef.h>
#include <stdint.h>

#define HALOS_DRIVER(X) \
	X(cuInit, (unsigned flags)) \
	X(cuGetErrorName, (int error, const char **name)) \
	X(cuGetErrorString, (int error, const char **text)) \
	X(cuDeviceGetCount, (int *n)) \
	X(cuDeviceGet, (int *device, int ordinal)) \
	X(cuDeviceGetName, (char *name, int room, int device)) \
	X(cuDeviceTotalMem_v2, (size_t *bytes, int device)) \
	X(cuDeviceGetAttribute, (int *value, int attribute, int device)) \
	X(cuDevicePrimaryCtxRetain, (void **context, int device)) \
	X(cuDevicePrimaryCtxRelease_v2, (int device)) \
	X(cuCtxSetCurrent, (void *context)) \
	X(cuCtxSynchronize, (void)) \
	X(cuMemGetInfo_v2, (size_t *free, size_t *total)) \
	X(cuPointerGetAttribute, (void *value, int attribute, uint64_t p)) \
	X(cuMemAlloc_v2, (uint64_t *p, size_t bytes)) \
	X(cuMemFree_v2, (uint64_t p)) \
	X(cuMemHostAlloc, (void **p, size_t bytes, unsigned flags)) \
	X(cuMemFreeHost, (void *p)) \
	X(cuMemcpyHtoDAsync_v2, (uint64_t dst, const void *src, size_t bytes, void *stream)) \
	X(cuMemcpyDtoHAsync_v2, (void *dst, uint64_t src, size_t bytes, void *stream)) \
	X(cuMemcpyDtoDAsync_v2, (uint64_t dst, uint64_t src, size_t bytes, void *stream)) \
	X(cuMemsetD8Async, (uint64_t p, unsigned char value, size_t bytes, void *stream)) \
	X(cuStreamCreate, (void **stream, unsigned flags)) \
	X(cuStreamWaitEvent, (void *stream, void *event, unsigned flags)) \
	X(cuStreamDestroy_v2, (void *stream)) \
	X(cuEventCreate, (void **event, unsigned flags)) \
	X(cuEventRecord, (void *event, void *stream)) \
	X(cuEventSynchronize, (void *event)) \
	X(cuEventDestroy_v2, (void *event)) \
	X(cuModuleLoadDataEx, (void **module, const void *image, unsigned n, int *options, void **values)) \
	X(cuModuleGetFunction, (void **function, void *module, const char *name)) \
	X(cuModuleUnload, (void *module)) \
	X(cuLaunchKernel, (void *function, unsigned gx, unsigned gy, unsigned gz, \
		unsigned bx, unsigned by, unsigned bz, unsigned shared, void *stream, void **params, void **extra))

#define HALOS_BLAS(X) \
	X(cublasCreate_v2, (void **handle)) \
	X(cublasDestroy_v2, (void *handle)) \
	X(cublasSetStream_v2, (void *handle, void *stream)) \
	X(cublasSaxpy_v2, (void *handle, int n, const float *a, const float *x, int stepx, float *y, int stepy)) \
	X(cublasSgeam, (void *handle, int opx, int opy, int rows, int columns, const float *a, const float *x, int ldx, \
		const float *b, const float *y, int ldy, float *z, int ldz)) \
	X(cublasSdot_v2, (void *handle, int n, const float *x, int stepx, const float *y, int stepy, float *sum))

#define HALOS_FIELD(symbol, params) int (*symbol) params;

typedef struct {
	HALOS_DRIVER(HALOS_FIELD)
	int device;
	void *context;
} halos_driver;

typedef struct {
	HALOS_BLAS(HALOS_FIELD)
	const char *(*cublasGetStatusName)(int status); // from CUDA 11.4 on, or NULL, both
	const char *(*cublasGetStatusString)(int status);
	halos_driver *driver;
	void *handle;
} halos_blas;

// A fault is the first call that failed and its code, or NULL.
typedef struct {
	const char *call;
	int code;
} halos_fault;

typedef struct {
	void *p;
	halos_fault fault;
} halos_pinned;

// A text is what a library has to say about a code, NULL where it has nothing.
typedef struct {
	const char *name, *text;
} halos_text;

typedef struct {
	char name[256];
	int major, minor, processors;
	size_t memory;
} halos_info;

enum { HALOS_ARGS = 16, HALOS_HOST = 1 }; // the second is a kind of memory

// load returns what the caller frees, or NULL and why.
halos_driver *halos_driver_load(const char *path, char *why, size_t room);
halos_blas *halos_blas_load(halos_driver *d, const char *path, char *why, size_t room);

halos_fault halos_count(halos_driver *d, int *n);
halos_fault halos_describe_device(halos_driver *d, int ordinal, halos_info *info);
halos_fault halos_retain(halos_driver *d, int ordinal);
halos_fault halos_release(halos_driver *d);

// The others set the context of d first, for the thread that they happen to be on.
halos_fault halos_synchronize(halos_driver *d);
halos_fault halos_memory(halos_driver *d, uint64_t *free, uint64_t *total);
halos_fault halos_holder(halos_driver *d, uint64_t p, int *kind, int *ordinal);

halos_fault halos_alloc(halos_driver *d, uint64_t *p, size_t bytes);
halos_fault halos_free(halos_driver *d, uint64_t p);
halos_pinned halos_alloc_pinned(halos_driver *d, size_t bytes);
halos_fault halos_free_pinned(halos_driver *d, uint64_t p);
halos_fault halos_copy_in(halos_driver *d, uint64_t stream, uint64_t dst, const void *src, size_t bytes);
halos_fault halos_copy_out(halos_driver *d, uint64_t stream, void *dst, uint64_t src, size_t bytes);
halos_fault halos_copy_within(halos_driver *d, uint64_t stream, uint64_t dst, uint64_t src, size_t bytes);
halos_fault halos_zero(halos_driver *d, uint64_t stream, uint64_t dst, size_t bytes);

halos_fault halos_new_stream(halos_driver *d, uint64_t *stream);
halos_fault halos_wait_event(halos_driver *d, uint64_t stream, uint64_t event);
halos_fault halos_close_stream(halos_driver *d, uint64_t stream);
halos_fault halos_new_event(halos_driver *d, uint64_t *event);
halos_fault halos_record_event(halos_driver *d, uint64_t event, uint64_t stream);
halos_fault halos_sync_event(halos_driver *d, uint64_t event);
halos_fault halos_close_event(halos_driver *d, uint64_t event);

halos_fault halos_load_module(halos_driver *d, const char *ptx, uint64_t *module, char *log, size_t room);
halos_fault halos_function(halos_driver *d, uint64_t module, const char *name, uint64_t *function);
halos_fault halos_unload_module(halos_driver *d, uint64_t module);
halos_fault halos_launch(halos_driver *d, uint64_t stream, uint64_t function, unsigned grid, unsigned block, const uint64_t *args);

halos_fault halos_blas_open(halos_blas *b, uint64_t stream);
halos_fault halos_blas_close(halos_blas *b);
halos_fault halos_axpy(halos_blas *b, int n, float a, uint64_t x, uint64_t y);
halos_fault halos_geam(halos_blas *b, int n, float xa, uint64_t x, float yb, uint64_t y, uint64_t dst);
halos_fault halos_dot(halos_blas *b, int n, uint64_t x, uint64_t y, float *sum);

halos_text halos_describe(halos_driver *d, int code);
halos_text halos_blas_describe(halos_blas *b, int code);

#define OK ((halos_fault){NULL, 0})

// The thread that a call is on is Go's, whose floats are rounded to nearest and whose
// denormal numbers are not taken for zero. A library, or one that it loads, may change
// that for the thread, as code compiled with -ffast-math does in a constructor. So the
// mode is the same after a call as it was before.
#if defined(__x86_64__)
typedef uint32_t float_mode;
#define GET_FLOAT_MODE(m) __asm__ volatile("stmxcsr %0" : "=m"(m))
#define SET_FLOAT_MODE(m) __asm__ volatile("ldmxcsr %0" : : "m"(m))
#else
typedef uint64_t float_mode;
#define GET_FLOAT_MODE(m) __asm__ volatile("mrs %0, fpcr" : "=r"(m))
#define SET_FLOAT_MODE(m) __asm__ volatile("msr fpcr, %0" : : "r"(m))
#endif

// CALL is the code that the call returns.
#define CALL(t, symbol, ...) \
	({ \
		float_mode mode; \
		GET_FLOAT_MODE(mode); \
		int returned = (t)->symbol(__VA_ARGS__); \
		SET_FLOAT_MODE(mode); \
		returned; \
	})

// TRY returns from the function if the call fails.
#define TRY(t, symbol, ...) \
	do { \
		int code = CALL(t, symbol, __VA_ARGS__); \
		if (code) \
			return (halos_fault){#symbol, code}; \
	} while (0)

#define ENTER(d) TRY(d, cuCtxSetCurrent, (d)->context)

static inline void *handle(uint64_t h) { return (void *)(uintptr_t)h; }
