//go:build linux && cgo && (amd64 || arm64)

#include "shim.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#define OK ((halos_fault){NULL, 0})

// Libraries stay loaded: they have threads of their own.
static void *find(const char *path, char *why, size_t room)
{
	void *lib = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!lib) {
		const char *text = dlerror();
		snprintf(why, room, "%s", text ? text : path);
	}
	return lib;
}

#define SYMBOL(symbol, params) \
	if (!(*(void **)&t->symbol = dlsym(lib, #symbol))) { \
		snprintf(why, room, "%s: no symbol %s", path, #symbol); \
		free(t); \
		return NULL; \
	}

halos_driver *halos_driver_load(const char *path, char *why, size_t room)
{
	void *lib = find(path, why, room);
	halos_driver *t = lib ? calloc(1, sizeof *t) : NULL;
	if (!t)
		return NULL;
	HALOS_DRIVER(SYMBOL)
	*(void **)&t->cuFuncGetParamInfo = dlsym(lib, "cuFuncGetParamInfo");
	*(void **)&t->cuEventElapsedTime = dlsym(lib, "cuEventElapsedTime");
	if (!t->cuEventElapsedTime)
		*(void **)&t->cuEventElapsedTime = dlsym(lib, "cuEventElapsedTime_v2");
	if (!t->cuEventElapsedTime)
		SYMBOL(cuEventElapsedTime, )
	return t;
}

halos_blas *halos_blas_load(halos_driver *d, const char *path, char *why, size_t room)
{
	void *lib = find(path, why, room);
	halos_blas *t = lib ? calloc(1, sizeof *t) : NULL;
	if (!t)
		return NULL;
	HALOS_BLAS(SYMBOL)
	*(void **)&t->cublasGetStatusName = dlsym(lib, "cublasGetStatusName");
	*(void **)&t->cublasGetStatusString = dlsym(lib, "cublasGetStatusString");
	t->driver = d;
	return t;
}

// TRY returns from the function if the call fails.
#define TRY(t, symbol, ...) \
	do { \
		int code = (t)->symbol(__VA_ARGS__); \
		if (code) \
			return (halos_fault){#symbol, code}; \
	} while (0)

#define ENTER(d) TRY(d, cuCtxSetCurrent, (d)->context)

static void *handle(uint64_t h) { return (void *)(uintptr_t)h; }

halos_fault halos_count(halos_driver *d, int *n)
{
	TRY(d, cuInit, 0);
	TRY(d, cuDeviceGetCount, n);
	return OK;
}

halos_fault halos_retain(halos_driver *d, int ordinal, halos_facts *facts)
{
	enum { PROCESSORS = 16, MAJOR = 75, MINOR = 76 };
	TRY(d, cuDeviceGet, &d->device, ordinal);
	TRY(d, cuDeviceGetName, facts->name, sizeof facts->name - 1, d->device);
	TRY(d, cuDeviceGetAttribute, &facts->processors, PROCESSORS, d->device);
	TRY(d, cuDeviceGetAttribute, &facts->major, MAJOR, d->device);
	TRY(d, cuDeviceGetAttribute, &facts->minor, MINOR, d->device);
	TRY(d, cuDevicePrimaryCtxRetain, &d->context, d->device);
	return OK;
}

halos_fault halos_release(halos_driver *d)
{
	if (d->context)
		TRY(d, cuDevicePrimaryCtxRelease_v2, d->device);
	return OK;
}

halos_fault halos_synchronize(halos_driver *d)
{
	ENTER(d);
	TRY(d, cuCtxSynchronize);
	return OK;
}

halos_fault halos_memory(halos_driver *d, uint64_t *free, uint64_t *total)
{
	size_t f, t;
	ENTER(d);
	TRY(d, cuMemGetInfo_v2, &f, &t);
	*free = f, *total = t;
	return OK;
}

halos_fault halos_alloc(halos_driver *d, uint64_t *p, size_t bytes)
{
	ENTER(d);
	TRY(d, cuMemAlloc_v2, p, bytes);
	int code = d->cuMemsetD32_v2(*p, 0, bytes / 4);
	if (code) {
		d->cuMemFree_v2(*p);
		return (halos_fault){"cuMemsetD32_v2", code};
	}
	return OK;
}

// A free whose synchronize fails goes on: the device is lost, but the rest of the
// process may as well have the memory.

halos_fault halos_free(halos_driver *d, uint64_t p)
{
	ENTER(d);
	int code = d->cuCtxSynchronize();
	TRY(d, cuMemFree_v2, p);
	return code ? (halos_fault){"cuCtxSynchronize", code} : OK;
}

static halos_fault host_alloc(halos_driver *d, void **p, size_t bytes)
{
	ENTER(d);
	TRY(d, cuMemHostAlloc, p, bytes, 0);
	return OK;
}

halos_pinned halos_alloc_pinned(halos_driver *d, size_t bytes)
{
	halos_pinned m = {NULL, OK};
	m.fault = host_alloc(d, &m.p, bytes);
	return m;
}

halos_fault halos_free_pinned(halos_driver *d, uint64_t p)
{
	ENTER(d);
	int code = d->cuCtxSynchronize();
	TRY(d, cuMemFreeHost, handle(p));
	return code ? (halos_fault){"cuCtxSynchronize", code} : OK;
}

halos_fault halos_copy_in(halos_driver *d, uint64_t dst, const void *src, size_t bytes)
{
	ENTER(d);
	TRY(d, cuMemcpyHtoD_v2, dst, src, bytes);
	return OK;
}

halos_fault halos_copy_out(halos_driver *d, void *dst, uint64_t src, size_t bytes)
{
	ENTER(d);
	TRY(d, cuMemcpyDtoH_v2, dst, src, bytes);
	return OK;
}

halos_fault halos_queue_in(halos_driver *d, uint64_t stream, uint64_t dst, const void *src, size_t bytes)
{
	ENTER(d);
	TRY(d, cuMemcpyHtoDAsync_v2, dst, src, bytes, handle(stream));
	return OK;
}

halos_fault halos_queue_out(halos_driver *d, uint64_t stream, void *dst, uint64_t src, size_t bytes)
{
	ENTER(d);
	TRY(d, cuMemcpyDtoHAsync_v2, dst, src, bytes, handle(stream));
	return OK;
}

// Streams and events have the flags 0: streams are in order with the default stream,
// on which memory is set and copied while the caller waits, and events take the time.

halos_fault halos_new_stream(halos_driver *d, uint64_t *stream)
{
	void *s;
	ENTER(d);
	TRY(d, cuStreamCreate, &s, 0);
	*stream = (uintptr_t)s;
	return OK;
}

halos_fault halos_sync_stream(halos_driver *d, uint64_t stream)
{
	ENTER(d);
	TRY(d, cuStreamSynchronize, handle(stream));
	return OK;
}

halos_fault halos_wait_event(halos_driver *d, uint64_t stream, uint64_t event)
{
	ENTER(d);
	TRY(d, cuStreamWaitEvent, handle(stream), handle(event), 0);
	return OK;
}

halos_fault halos_close_stream(halos_driver *d, uint64_t stream)
{
	ENTER(d);
	TRY(d, cuStreamDestroy_v2, handle(stream));
	return OK;
}

halos_fault halos_new_event(halos_driver *d, uint64_t *event)
{
	void *e;
	ENTER(d);
	TRY(d, cuEventCreate, &e, 0);
	*event = (uintptr_t)e;
	return OK;
}

halos_fault halos_record_event(halos_driver *d, uint64_t event, uint64_t stream)
{
	ENTER(d);
	TRY(d, cuEventRecord, handle(event), handle(stream));
	return OK;
}

halos_fault halos_sync_event(halos_driver *d, uint64_t event)
{
	ENTER(d);
	TRY(d, cuEventSynchronize, handle(event));
	return OK;
}

halos_fault halos_elapsed(halos_driver *d, uint64_t begin, uint64_t end, float *ms)
{
	ENTER(d);
	TRY(d, cuEventElapsedTime, ms, handle(begin), handle(end));
	return OK;
}

halos_fault halos_close_event(halos_driver *d, uint64_t event)
{
	ENTER(d);
	TRY(d, cuEventDestroy_v2, handle(event));
	return OK;
}

halos_fault halos_load_module(halos_driver *d, const char *ptx, uint64_t *module, char *log, size_t room)
{
	enum { ERROR_LOG = 5, ERROR_LOG_BYTES = 6 };
	int options[] = {ERROR_LOG, ERROR_LOG_BYTES};
	void *values[] = {log, handle(room)};
	void *m;
	ENTER(d);
	TRY(d, cuModuleLoadDataEx, &m, ptx, 2, options, values);
	*module = (uintptr_t)m;
	return OK;
}

halos_fault halos_function(halos_driver *d, uint64_t module, const char *name, uint64_t *function, int *params, int *widest)
{
	void *f;
	ENTER(d);
	TRY(d, cuModuleGetFunction, &f, handle(module), name);
	*function = (uintptr_t)f;
	*params = -1, *widest = 0;
	if (!d->cuFuncGetParamInfo)
		return OK;
	enum { NO_SUCH = 1 };
	for (*params = 0; *params <= HALOS_ARGS; ++*params) {
		size_t offset, bytes;
		int code = d->cuFuncGetParamInfo(f, *params, &offset, &bytes);
		if (code == NO_SUCH)
			break;
		if (code)
			return (halos_fault){"cuFuncGetParamInfo", code};
		if (bytes > (size_t)*widest)
			*widest = bytes;
	}
	return OK;
}

halos_fault halos_unload_module(halos_driver *d, uint64_t module)
{
	ENTER(d);
	int code = d->cuCtxSynchronize();
	TRY(d, cuModuleUnload, handle(module));
	return code ? (halos_fault){"cuCtxSynchronize", code} : OK;
}

// args are HALOS_ARGS numbers. The driver reads one pointer for each parameter that
// the kernel has, so there are always enough.
halos_fault halos_launch(halos_driver *d, uint64_t stream, uint64_t function, unsigned grid, unsigned block, const uint64_t *args)
{
	void *params[HALOS_ARGS];
	for (int i = 0; i < HALOS_ARGS; i++)
		params[i] = (void *)&args[i];
	ENTER(d);
	TRY(d, cuLaunchKernel, handle(function), grid, 1, 1, block, 1, 1, 0, handle(stream), params, NULL);
	return OK;
}

halos_fault halos_blas_open(halos_blas *b, uint64_t stream)
{
	ENTER(b->driver);
	TRY(b, cublasCreate_v2, &b->handle);
	int code = b->cublasSetStream_v2(b->handle, handle(stream));
	if (code) {
		b->cublasDestroy_v2(b->handle);
		return (halos_fault){"cublasSetStream_v2", code};
	}
	return OK;
}

halos_fault halos_blas_close(halos_blas *b)
{
	ENTER(b->driver);
	TRY(b, cublasDestroy_v2, b->handle);
	return OK;
}

halos_fault halos_axpy(halos_blas *b, int n, float a, uint64_t x, uint64_t y)
{
	ENTER(b->driver);
	TRY(b, cublasSaxpy_v2, b->handle, n, &a, handle(x), 1, handle(y), 1);
	return OK;
}

halos_fault halos_geam(halos_blas *b, int n, float xa, uint64_t x, float yb, uint64_t y, uint64_t dst)
{
	ENTER(b->driver);
	TRY(b, cublasSgeam, b->handle, 0, 0, n, 1, &xa, handle(x), n, &yb, handle(y), n, handle(dst), n);
	return OK;
}

halos_fault halos_dot(halos_blas *b, int n, uint64_t x, uint64_t y, float *sum)
{
	ENTER(b->driver);
	TRY(b, cublasSdot_v2, b->handle, n, handle(x), 1, handle(y), 1, sum);
	return OK;
}

halos_fault halos_nrm2(halos_blas *b, int n, uint64_t x, float *norm)
{
	ENTER(b->driver);
	TRY(b, cublasSnrm2_v2, b->handle, n, handle(x), 1, norm);
	return OK;
}

halos_text halos_describe(halos_driver *d, int code)
{
	halos_text t;
	if (d->cuGetErrorName(code, &t.name))
		t.name = NULL;
	if (d->cuGetErrorString(code, &t.text))
		t.text = NULL;
	return t;
}

halos_text halos_blas_describe(halos_blas *b, int code)
{
	return (halos_text){
		b->cublasGetStatusName ? b->cublasGetStatusName(code) : NULL,
		b->cublasGetStatusString ? b->cublasGetStatusString(code) : NULL,
	};
}
