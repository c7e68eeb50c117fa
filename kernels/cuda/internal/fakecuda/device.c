// Devices, their contexts, and what codes mean.
#include "fake.h"

#include <stdio.h>
#include <stdlib.h>

int fake_devices(void)
{
	const char *n = getenv("FAKECUDA_DEVICES");
	return n && *n ? atoi(n) : 1;
}

int cuInit(unsigned flags)
{
	int r = fake_enter("cuInit", ANY);
	return fake_leave(r, "%u", flags);
}

static const struct { int code; const char *name, *text; } errors[] = {
	{1, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
	{2, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
	{100, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
	{101, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
	{201, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
	{218, "CUDA_ERROR_INVALID_PTX", "a PTX JIT compilation failed"},
	{400, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
	{500, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
	{700, "CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"},
	{716, "CUDA_ERROR_MISALIGNED_ADDRESS", "misaligned address"},
};

int cuGetErrorName(int code, const char **s)
{
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
		if (errors[i].code == code)
			return *s = errors[i].name, 0;
	return *s = NULL, INVALID_VALUE;
}

int cuGetErrorString(int code, const char **s)
{
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
		if (errors[i].code == code)
			return *s = errors[i].text, 0;
	return *s = NULL, INVALID_VALUE;
}

int cuDeviceGetCount(int *n)
{
	int r = fake_enter("cuDeviceGetCount", ANY);
	*n = fake_devices();
	return fake_leave(r, "");
}

int cuDeviceGet(int *device, int i)
{
	int r = fake_enter("cuDeviceGet", ANY);
	if (!r && (i < 0 || i >= fake_devices()))
		r = INVALID_DEVICE;
	*device = i + 1000; // the number of a device is not its ordinal
	return fake_leave(r, "%d", i);
}

int cuDeviceGetName(char *s, int room, int device)
{
	int r = fake_enter("cuDeviceGetName", ANY);
	snprintf(s, room, "Fake GPU %d", device - 1000);
	return fake_leave(r, "%d", device);
}

int cuDeviceTotalMem_v2(size_t *bytes, int device)
{
	int r = fake_enter("cuDeviceTotalMem_v2", ANY);
	*bytes = MEMORY;
	return fake_leave(r, "%d", device);
}

int cuDeviceGetAttribute(int *value, int attribute, int device)
{
	int r = fake_enter("cuDeviceGetAttribute", ANY);
	const char *s = getenv("FAKECUDA_CAPABILITY");
	int capability = s && *s ? atoi(s) : 91;
	*value = attribute == 16 ? 132 : attribute == 75 ? capability / 10 : attribute == 76 ? capability % 10 : -1;
	return fake_leave(r, "%d, %d", attribute, device);
}

int cuDevicePrimaryCtxRetain(void **c, int device)
{
	int r = fake_enter("cuDevicePrimaryCtxRetain", ANY);
	if (!r) {
		*c = &fake_contexts[device - 1000];
		fake_contexts[device - 1000].retained++;
	}
	return fake_leave(r, "%d", device);
}

// The driver would keep what lives for as long as the context does; so it is a mistake.
int cuDevicePrimaryCtxRelease_v2(int device)
{
	int r = fake_enter("cuDevicePrimaryCtxRelease_v2", ANY);
	context *c = &fake_contexts[device - 1000];
	if (c->retained-- <= 0)
		r = INVALID_CONTEXT;
	return fake_leave(r, "%d, live %d, retained %d", device, fake_live(c), c->retained);
}

int cuCtxSetCurrent(void *c)
{
	int r = fake_enter("cuCtxSetCurrent", ANY);
	if (!r)
		fake_current = c;
	return fake_leave(r, NULL);
}

int cuCtxSynchronize(void)
{
	int r = fake_enter("cuCtxSynchronize", CONTEXT);
	return fake_leave(r, "");
}
