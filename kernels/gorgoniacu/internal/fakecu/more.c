// What programs of gorgonia.org/cu want of a driver and the fake of kernels/cuda, which
// this is compiled with, has not: a copy on the default stream, and a stack of contexts
// for each thread, whose top is the current one of the fake.
#include "fake.h"

#include <string.h>

int cuDevicePrimaryCtxRetain(void **c, int device);
int cuDevicePrimaryCtxRelease_v2(int device);

enum { DEPTH = 8 };

static __thread context *below[DEPTH];
static __thread int depth;

int cuDriverGetVersion(int *version)
{
	*version = 13000;
	return 0;
}

int cuCtxGetCurrent(void **c)
{
	int r = fake_enter("cuCtxGetCurrent", ANY);
	*c = fake_current;
	return fake_leave(r, NULL);
}

int cuCtxGetDevice(int *device)
{
	int r = fake_enter("cuCtxGetDevice", CONTEXT);
	if (!r)
		*device = 1000 + (int)(fake_current - fake_contexts);
	return fake_leave(r, "");
}

// A context that nobody has retained cannot become current.
int cuCtxPushCurrent_v2(void *p)
{
	int r = fake_enter("cuCtxPushCurrent_v2", ANY);
	context *c = p;
	if (!r && (c < fake_contexts || c >= fake_contexts + 8 || c->retained == 0 || depth == DEPTH))
		r = INVALID_CONTEXT;
	if (!r) {
		below[depth++] = fake_current;
		fake_current = c;
	}
	return fake_leave(r, NULL);
}

int cuCtxPopCurrent_v2(void **c)
{
	int r = fake_enter("cuCtxPopCurrent_v2", ANY);
	if (!depth)
		return fake_leave(r ? r : INVALID_CONTEXT, NULL);
	*c = fake_current;
	fake_current = below[--depth];
	return fake_leave(r, NULL);
}

// A context that a program creates is the one of the device here, and current then.
int cuCtxCreate_v2(void **c, unsigned flags, int device)
{
	(void)flags;
	int r = cuDevicePrimaryCtxRetain(c, device);
	return r ? r : cuCtxPushCurrent_v2(*c);
}

int cuCtxDestroy_v2(void *c)
{
	return cuDevicePrimaryCtxRelease_v2(1000 + (int)((context *)c - fake_contexts));
}

int cuMemcpyDtoD_v2(uint64_t dst, uint64_t src, size_t bytes)
{
	int r = fake_enter("cuMemcpyDtoD_v2", CONTEXT);
	char *to = fake_host(dst, bytes), *from = fake_host(src, bytes);
	if (!r && (!to || !from))
		r = INVALID_VALUE;
	if (!r)
		memmove(to, from, bytes);
	return fake_leave(r, "%s, %s, %zu", fake_show('m', (void *)dst), fake_show('m', (void *)src), bytes);
}
