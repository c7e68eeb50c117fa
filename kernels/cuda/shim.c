//go:build linux && cgo && (amd64 || arm64)

#include "shim.h"

halos_fault halos_count(halos_driver *d, int *n)
{
	TRY(d, cuInit, 0);
	TRY(d, cuDeviceGetCount, n);
	return OK;
}

halos_fault halos_describe_device(halos_driver *d, int ordinal, halos_info *info)
{
	enum { PROCESSORS = 16, MAJOR = 75, MINOR = 76 };
	int device;
	TRY(d, cuDeviceGet, &device, ordinal);
	TRY(d, cuDeviceGetName, info->name, sizeof info->name - 1, device);
	TRY(d, cuDeviceTotalMem_v2, &info->memory, device);
	TRY(d, cuDeviceGetAttribute, &info->processors, PROCESSORS, device);
	TRY(d, cuDeviceGetAttribute, &info->major, MAJOR, device);
	TRY(d, cuDeviceGetAttribute, &info->minor, MINOR, device);
	return OK;
}

halos_fault halos_retain(halos_driver *d, int ordinal)
{
	TRY(d, cuDeviceGet, &d->device, ordinal);
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

halos_fault halos_holder(halos_driver *d, uint64_t p, int *kind, int *ordinal)
{
	enum { MEMORY_TYPE = 2, DEVICE_ORDINAL = 9 };
	ENTER(d);
	TRY(d, cuPointerGetAttribute, kind, MEMORY_TYPE, p);
	TRY(d, cuPointerGetAttribute, ordinal, DEVICE_ORDINAL, p);
	return OK;
}

halos_fault halos_alloc(halos_driver *d, uint64_t *p, size_t bytes)
{
	ENTER(d);
	TRY(d, cuMemAlloc_v2, p, bytes);
	return OK;
}

// A free whose synchronize fails goes on: the device is lost, but the rest of the
// process may as well have the memory.

halos_fault halos_free(halos_driver *d, uint64_t p)
{
	ENTER(d);
	int code = CALL(d, cuCtxSynchronize);
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
	int code = CALL(d, cuCtxSynchronize);
	TRY(d, cuMemFreeHost, handle(p));
	return code ? (halos_fault){"cuCtxSynchronize", code} : OK;
}

halos_fault halos_copy_in(halos_driver *d, uint64_t stream, uint64_t dst, const void *src, size_t bytes)
{
	ENTER(d);
	TRY(d, cuMemcpyHtoDAsync_v2, dst, src, bytes, handle(stream));
	return OK;
}

halos_fault halos_copy_out(halos_driver *d, uint64_t stream, void *dst, uint64_t src, size_t bytes)
{
	ENTER(d);
	TRY(d, cuMemcpyDtoHAsync_v2, dst, src, bytes, handle(stream));
	return OK;
}

halos_fault halos_copy_within(halos_driver *d, uint64_t stream, uint64_t dst, uint64_t src, size_t bytes)
{
	ENTER(d);
	TRY(d, cuMemcpyDtoDAsync_v2, dst, src, bytes, handle(stream));
	return OK;
}

halos_fault halos_zero(halos_driver *d, uint64_t stream, uint64_t dst, size_t bytes)
{
	ENTER(d);
	TRY(d, cuMemsetD8Async, dst, 0, bytes, handle(stream));
	return OK;
}

// Streams have the flags 0: they are in order with the default stream, on which other
// libraries of the process work. A thread that waits for an event sleeps, as it may be
// for long, and an event takes no time.

halos_fault halos_new_stream(halos_driver *d, uint64_t *stream)
{
	void *s;
	ENTER(d);
	TRY(d, cuStreamCreate, &s, 0);
	*stream = (uintptr_t)s;
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
	enum { BLOCKING_SYNC = 1, DISABLE_TIMING = 2 };
	void *e;
	ENTER(d);
	TRY(d, cuEventCreate, &e, BLOCKING_SYNC | DISABLE_TIMING);
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

halos_fault halos_function(halos_driver *d, uint64_t module, const char *name, uint64_t *function)
{
	void *f;
	ENTER(d);
	TRY(d, cuModuleGetFunction, &f, handle(module), name);
	*function = (uintptr_t)f;
	return OK;
}

halos_fault halos_unload_module(halos_driver *d, uint64_t module)
{
	ENTER(d);
	int code = CALL(d, cuCtxSynchronize);
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

halos_text halos_describe(halos_driver *d, int code)
{
	halos_text t;
	if (CALL(d, cuGetErrorName, code, &t.name))
		t.name = NULL;
	if (CALL(d, cuGetErrorString, code, &t.text))
		t.text = NULL;
	return t;
}
